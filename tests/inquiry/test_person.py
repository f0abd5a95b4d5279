# SPDX-License-Identifier: Apache-2.0
"""Who looked at this person: on record with them first, complete, explained, and never newer than its own record."""

from dataclasses import replace

import pytest
from tests.inquiry.room import BEGAN, DAY, Failing

from whosaw.errors import BadInput, Damaged, MissingExtra, OutcomeUnknown, Unavailable
from whosaw.inquiry.person import NOT_JUDGED, PersonInquiry, person
from whosaw.inquiry.step import Refused
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Kind, Stream, canonical

NOTHING = "No case, assignment or other reason is on file."


def test_every_look_at_a_person_is_listed_with_what_is_recorded_of_it(room):
    """Permitted, refused, observed, mentioned in bulk: each once, in the order of the log, with reason or without."""
    room.look("ana", "mira")
    room.look("finn", "mira", "ip:exact", "fraud_review", "F-0")
    seen_elsewhere = room.observe("hugo", "mira")
    bulk = room.observe("finn", "mira", "kate")
    answer = person("mira", "ines", room.judging())
    assert isinstance(answer, PersonInquiry)
    assert answer.known
    said = [(s.who, s.look.origin, s.look.decision, s.explained) for s in answer.looks]
    assert said == [
        (room.e("ana"), "asked", "permit", True),
        (room.e("finn"), "asked", "refuse", False),
        (room.e("hugo"), "observed", None, True),
        (room.e("finn"), "observed", None, False),
    ]
    assert [s.refused for s in answer.looks] == [False, True, False, False]
    assert [s.look.look for s in answer.looks[2:]] == [seen_elsewhere, bulk]
    assert (answer.looks[3].look.kind, answer.looks[3].look.bulk) == (Kind.MENTION, bulk)
    assert [s.index for s in answer.looks] == sorted(s.index for s in answer.looks)
    assert answer.looks[0].why.startswith("An open case that lies with the unit")
    assert answer.looks[1].why == NOTHING
    assert "4 looks from guard, pg" in answer.coverage.sentence
    assert answer.coverage.leaves <= answer.index


def test_the_person_sees_who_asked_about_them(room):
    """The step stands in the person's own stream, and word for word in the ledger; neither names the person."""
    room.look("ana", "mira")
    answer = person("mira", "ines", room.desk)
    theirs, ledger = room.about("mira")[-1], room.ledger()[-1]
    assert theirs == ledger
    assert (theirs["kind"], theirs["what"], theirs["asker"], theirs["outcome"]) == (
        "inquiry", "person", room.e("ines"), "shown",
    )  # fmt: skip
    assert theirs["id"] == answer.step
    assert room.here.journal.reader().frame(answer.index).body == canonical(theirs)


def test_earlier_steps_are_part_of_the_answer(room):
    """Who asked before, refused or not, is shown to the next one; one's own step is not."""
    person("mira", "ines", room.desk)
    person("mira", "stopped", room.desk)
    answer = person("mira", "omar", room.desk)
    assert [(e.what, e.by, e.outcome) for e in answer.earlier] == [
        ("inquiry", (room.e("ines"),), "shown"),
        ("inquiry", (room.e("stopped"),), "refused"),
    ]
    assert [e.index for e in answer.earlier] == sorted(e.index for e in answer.earlier)


@pytest.mark.parametrize("late", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("error", [Unavailable("down", part="journal"), OutcomeUnknown("failed", part="journal")])
def test_nothing_is_read_before_the_step_is_durable(room, error, late):
    """Where the journal raises, stored or not, no look is read."""
    room.look("ana", "mira")
    desk = room.with_journal(Failing(room.here.journal, error, late=late))
    with pytest.raises(type(error)):
        person("mira", "ines", desk, key="k")
    assert room.looks.asked == []


def test_a_retry_is_the_same_step_with_the_same_answer(room):
    """The same key: one record, the same looks, also after more were taken, and also where the first answer was lost."""
    room.look("ana", "mira")
    failing = room.with_journal(Failing(room.here.journal, OutcomeUnknown("failed", part="journal"), late=True))
    with pytest.raises(OutcomeUnknown):
        person("mira", "ines", failing, key="k")
    room.look("hugo", "mira")
    first, again = (person("mira", "ines", room.desk, key="k") for _ in range(2))
    assert first == again
    assert len(first.looks) == 1
    assert len(room.ledger()) == 1
    assert len(person("mira", "ines", room.desk, key="another").looks) == 2


def test_a_key_belongs_to_its_asker_and_its_question(room):
    """Another asker, or another person, with the same key is another step; without a key each call is one."""
    for who, whom in (("ines", "mira"), ("omar", "mira"), ("ines", "kate")):
        person(whom, who, room.desk, key="k")
    assert len({body["id"] for body in room.ledger()}) == len(room.ledger()) == 3
    person("mira", "ines", room.desk)
    person("mira", "ines", room.desk)
    assert len({body["id"] for body in room.ledger()}) == 5


def test_a_person_nobody_knows_gets_no_stream(room):
    """The answer says so; the step is on record without the id, and a mistyped id does not become a person."""
    answer = person("nobody-of-ours", "ines", room.desk, key="k")
    assert not answer.known
    assert (answer.looks, answer.earlier) == ((), ())
    assert "known" in answer.coverage.sentence
    assert room.desk.streams.person("nobody-of-ours") is None
    assert [(b["persons"], b["outcome"]) for b in room.ledger()] == [(0, "shown")]
    # Known since: the step of then still says what it said then.
    room.observe("hugo", "nobody-of-ours")
    assert person("nobody-of-ours", "ines", room.desk, key="k") == answer
    assert len(person("nobody-of-ours", "ines", room.desk).looks) == 1


def test_a_person_whom_only_the_directory_knows_is_told(room):
    """No look yet, but a customer: the step opens their stream, and stands in it."""
    answer = person("quiet", "ines", room.desk)
    assert answer.known
    assert answer.looks == ()
    assert [body["kind"] for body in room.about("quiet")] == ["inquiry"]


@pytest.mark.parametrize(
    ("asker", "whom", "codes"),
    [
        ("stranger", "mira", ["requester-unknown"]),
        ("gone", "mira", ["requester-left"]),
        ("stopped", "mira", ["requester-suspended"]),
        ("ines", "u-ines", ["own-person"]),
        ("ines", "her-child", ["own-person"]),
    ],
)
def test_who_may_not_ask_is_refused_on_record(room, asker, whom, codes):
    """Strangers, leavers, the suspended; oneself and one's household: refused, and the person sees that too."""
    answer = person(whom, asker, room.desk)
    assert isinstance(answer, Refused)
    assert [r.code for r in answer.reasons] == codes
    assert answer.sentence
    assert room.about(whom)[-1]["outcome"] == "refused"
    assert room.ledger()[-1]["reasons"] == codes
    assert room.looks.asked == []


def test_a_stale_directory_does_not_stop_an_inquiry(room):
    """Whoever stops the feed of the directory stops no inquiry with it."""
    room.look("ana", "mira")
    room.clock.at += 3 * DAY
    assert len(person("mira", "ines", room.desk).looks) == 1


class Nobody:
    """``inquiry.ports.Looks`` where the extra is not installed."""

    def at(self, _):
        raise MissingExtra("watch", "watching")


def test_without_detectors_looks_are_listed_as_not_judged(room):
    """Where the extra is not installed, no look is left out and none is called explained."""

    room.look("ana", "mira")
    answer = person("mira", "ines", replace(room.desk, looks=Nobody()))
    assert [(s.explained, s.why) for s in answer.looks] == [(None, NOT_JUDGED)]
    assert "1 of them could not be judged" in answer.coverage.sentence


def test_a_claimed_name_does_not_hide_the_account(room):
    """A look through a shared account under a claimed name is listed with both."""
    room.observe("portal", "mira", claimed_by="hugo")
    (seen,) = person("mira", "ines", room.judging()).looks
    assert (seen.who, seen.look.principal, seen.look.claimed) == (room.e("hugo"), room.e("portal"), True)
    assert seen.explained is not None


@pytest.mark.parametrize(
    ("given", "where"), [({"id": ""}, "stream|person|principal"), ({"key": ""}, "key"), ({"key": "k" * 65}, "key")]
)
def test_what_is_no_id_or_no_key_changes_nothing(room, given, where):
    """Bad input is refused before anything is recorded."""
    asked = {"id": "mira", "asker": "ines", "desk": room.desk} | given
    with pytest.raises(BadInput, match=where):
        person(**asked)
    assert room.ledger() == []


def test_a_record_that_is_no_look_is_damage(room):
    """A body that calls itself a look and is none stops the answer, with its leaf."""
    body = canonical({"v": 1, "kind": "look", "at": "never"})
    room.here.journal.submit(Submission("test", "bad", (Record(Stream.of_person("mira"), body),)))
    with pytest.raises(Damaged, match="leaf"):
        person("mira", "ines", replace(room.desk, looks=Nobody()))


def test_nothing_prints_a_pseudonym(room):
    """An answer that lands in a log file shows ids, counts and sentences only."""
    room.look("ana", "mira")
    answer = person("mira", "ines", room.desk)
    for pseudonym in (room.e("ana"), room.p("mira"), room.e("ines"), "mira"):
        assert pseudonym not in repr(answer)
        assert pseudonym not in repr(answer.looks[0])
    assert BEGAN < answer.looks[0].at

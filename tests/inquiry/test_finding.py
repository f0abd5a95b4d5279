# SPDX-License-Identifier: Apache-2.0
"""What is behind a finding: everyone affected, for nobody who is part of it, and on record first."""

from dataclasses import replace

import pytest
from tests.inquiry.room import BEGAN, HOUR, Failing

from whosaw.errors import BadInput, MissingExtra, OutcomeUnknown, Unavailable
from whosaw.facts.columns import micros
from whosaw.inquiry.finding import FindingInquiry, finding
from whosaw.inquiry.step import Refused

NOTHING = "No case, assignment or other reason is on file."


@pytest.fixture
def case(room):
    """Ana and hugo look at kate; ana also at quiet, whom the finding does not name, and at mira with a case."""
    first = room.observe("ana", "kate", at=BEGAN + HOUR)
    room.observe("ana", "mira", at=BEGAN + HOUR)
    room.observe("ana", "quiet", at=BEGAN + 2 * HOUR)
    second = room.observe("hugo", "kate", at=BEGAN + 3 * HOUR)
    room.observe("hugo", "u-ines", at=BEGAN + 5 * HOUR)
    room.observe("finn", "paul", at=BEGAN + 2 * HOUR)
    window = (micros(BEGAN), micros(BEGAN + 4 * HOUR))
    room.lay("f-000001", ["ana", "hugo"], ["kate"], [first, second], window=window)
    room.clock.at = BEGAN + 6 * HOUR
    return room


def test_everyone_affected_is_found(case):
    """Not only whom the finding names: whom its principals looked at in its window, and whom together with those."""
    answer = finding("f-000001", "ines", case.judging())
    assert isinstance(answer, FindingInquiry)
    assert [(a.person, a.by, a.looks, a.unexplained, a.together) for a in answer.affected] == [
        (case.p("kate"), tuple(sorted([case.e("ana"), case.e("hugo")])), 2, 2, True),
        (case.p("quiet"), (case.e("ana"),), 1, 1, False),
    ]
    assert [(a.person, a.unexplained) for a in answer.alongside] == [(case.p("mira"), 0)]
    assert [look.person for look in answer.looks] == [case.p("kate")] * 2
    assert answer.principals == tuple(sorted([case.e("ana"), case.e("hugo")]))
    assert answer.counter == ("One look was refused.",)
    assert answer.sentence == case.findings["f-000001"].sentence
    assert "4 looks" in answer.coverage.sentence
    assert "3 persons" in answer.coverage.sentence
    assert answer.looks[0].sentence == NOTHING


def test_the_step_stands_in_the_ledger(case):
    """Who asked, after which finding, about how many; no person's stream is touched, for nobody opened a name."""
    before = case.about("kate")
    answer = finding("f-000001", "ines", case.desk)
    (body,) = case.ledger()
    assert (body["id"], body["what"], body["finding"], body["persons"]) == (answer.step, "finding", "f-000001", 1)
    assert (body["asker"], body["outcome"]) == (case.e("ines"), "shown")
    assert case.about("kate") == before
    assert case.here.journal.reader().frame(answer.index).i == 1


@pytest.mark.parametrize("late", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("error", [Unavailable("down", part="journal"), OutcomeUnknown("failed", part="journal")])
def test_nothing_is_read_before_the_step_is_durable(case, error, late):
    """Where the journal raises, no look is read."""
    with pytest.raises(type(error)):
        finding("f-000001", "ines", case.with_journal(Failing(case.here.journal, error, late=late)))
    assert case.looks.asked == []


@pytest.mark.parametrize(
    ("asker", "codes"),
    [
        ("ana", ["requester-named", "requester-unit-of-named"]),
        ("lead", ["requester-line-of-named"]),
        ("stopped", ["requester-suspended"]),
        ("stranger", ["requester-unknown"]),
    ],
)
def test_nobody_reads_a_finding_that_they_are_part_of(case, asker, codes):
    """Those named, their unit and their line are refused, on record, and so is who does not work here."""
    answer = finding("f-000001", asker, case.desk)
    assert isinstance(answer, Refused)
    assert [reason.code for reason in answer.reasons] == codes
    assert case.ledger()[0]["reasons"] == codes
    assert case.looks.asked == []


def test_an_account_nobody_knows_hides_no_finding(case):
    """A finding about an account that is in no directory is still read; only its names stay shut."""
    case.lay("f-000002", ["shadow"], ["kate"])
    assert isinstance(finding("f-000002", "ines", case.desk), FindingInquiry)


def test_no_finding_is_an_answer_on_record(case):
    """An id that no finding has is refused; the record does not repeat it. What can be no id is bad input."""
    answer = finding("kate-miller", "ines", case.desk)
    assert [reason.code for reason in answer.reasons] == ["no-finding"]
    assert case.ledger()[0]["finding"] is None
    with pytest.raises(BadInput):
        finding("p-abcdefghijklmnop", "ines", case.desk)
    assert len(case.ledger()) == 1


def test_a_retry_is_the_same_step_with_the_same_looks(case):
    """Looks since then are for another step."""
    first = finding("f-000001", "ines", case.desk, key="k")
    case.observe("ana", "paul", at=BEGAN + 3 * HOUR)
    assert finding("f-000001", "ines", case.desk, key="k") == first
    assert len(finding("f-000001", "ines", case.desk).affected) == len(first.affected) + 1
    assert len(case.ledger()) == 2


def test_a_finding_that_changed_is_another_step(case):
    """Grown, moved or gone since: the same key asks another question, on record anew."""
    first = finding("f-000001", "ines", case.desk, key="k")
    case.lay("f-000001", ["ana", "hugo", "finn"], ["kate", "paul"], window=first.window)
    second = finding("f-000001", "ines", case.desk, key="k")
    assert second.step != first.step
    assert case.p("paul") in {one.person for one in second.affected}
    case.findings.clear()
    answer = finding("f-000001", "ines", case.desk, key="k")
    assert [reason.code for reason in answer.reasons] == ["no-finding"]
    assert [body["outcome"] for body in case.ledger()] == ["shown", "shown", "refused"]


def test_without_detectors_nobody_says_who_is_affected(case):
    """Where nobody can judge, an empty list would be a lie."""

    class Nobody:
        def by(self, *_):
            raise MissingExtra("watch", "watching")

    with pytest.raises(MissingExtra):
        finding("f-000001", "ines", replace(case.desk, looks=Nobody()))


def test_nothing_prints_a_pseudonym(case):
    """An answer in a log file shows counts and sentences only."""
    answer = finding("f-000001", "ines", case.desk)
    text = repr(answer) + repr(answer.affected) + repr(answer.looks)
    for pseudonym in map(case.e, ("ana", "hugo", "ines")):
        assert pseudonym not in text
    assert case.p("kate") not in text

# SPDX-License-Identifier: Apache-2.0
"""A file is taken in: every record counted once, every look recorded once, whatever happens in between."""

import gzip
import hashlib
import json
from base64 import b64decode
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.desk import MAP, NOW, PSEUDONYMS, Journal, Plain, Room, write
from tests.guard.test_house import Clock
from tests.privacy.keys import ORIGIN

from whosaw.collect import bodies, intake
from whosaw.collect.gaps import Gap
from whosaw.collect.intake import BESIDE, UNKNOWN_CASE, UNKNOWN_PURPOSE, take
from whosaw.collect.ports import Desk
from whosaw.errors import BadInput, Damaged, OutcomeUnknown
from whosaw.journal.submission import Record, Submission
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream, canonical
from whosaw.wiring import build, house


@pytest.fixture
def room():
    return Room()


def test_one_person_is_a_look_in_their_own_stream(tmp_path, room):
    """The body holds pseudonyms and the time it was taken in, and stands where the person finds it."""
    report = take(
        Plain(), write(tmp_path / "log", [{"on_behalf_of": "bo", "claimed": True, "query": "select 1"}]), room.desk
    )
    (record,) = room.journal.submissions[0].records
    body = LookBody.decode(record.body)
    assert record.stream == Stream.of_person("mira")
    assert (body.kind, body.look, body.origin, body.taken) == (Kind.LOOK, "plain:1", "observed", NOW)
    assert (body.principal, body.person) == (PSEUDONYMS.principal("ana"), PSEUDONYMS.person("mira"))
    assert (body.on_behalf_of, body.claimed) == (PSEUDONYMS.principal("bo"), True)
    assert body.query == PSEUDONYMS.digest(b"select 1")
    assert sorted(room.remembered) == ["ana", "bo"]
    assert (report.taken, report.looks, report.new, report.known, report.exit) == (1, 1, 1, 0, 0)
    assert report.lag == timedelta(seconds=60)


@pytest.mark.parametrize(("mode", "stream"), [("search", "bulk"), ("export", "bulk"), ("aggregate", "aggregate")])
def test_nobody_named_is_a_bulk_look(tmp_path, room, mode, stream):
    """It stands in a named stream, with no mention."""
    take(Plain(), write(tmp_path / "log", [{"persons": [], "mode": mode}]), room.desk)
    (record,) = room.journal.submissions[0].records
    assert record.stream == Stream.named(stream)
    body = LookBody.decode(record.body)
    assert (body.kind, body.person, body.mentions) == (Kind.BULK, None, 0)


def test_several_persons_are_one_bulk_look_and_a_mention_each(tmp_path, room):
    """All of it in one submission, so that no mention is ever without its look; a person named twice is one."""
    look = {"persons": ["mira", "owen", "mira"], "mode": "search", "shape": "SELECT ?"}
    report = take(Plain(), write(tmp_path / "log", [look]), room.desk)
    (submission, _) = room.journal.submissions
    first, *mentions = [LookBody.decode(r.body) for r in submission.records]
    assert (first.kind, first.mentions, first.shape) == (Kind.BULK, 2, "SELECT ?")
    assert [m.kind for m in mentions] == [Kind.MENTION] * 2
    assert [(m.look, m.bulk, m.person) for m in mentions] == [
        ("plain:1:1", "plain:1", PSEUDONYMS.person("mira")),
        ("plain:1:2", "plain:1", PSEUDONYMS.person("owen")),
    ]
    assert [r.stream for r in submission.records[1:]] == [Stream.of_person("mira"), Stream.of_person("owen")]
    assert report.mentions == 2


def test_more_persons_than_one_submission_holds_go_in_parts(tmp_path, room, monkeypatch):
    """Each part once, the bulk look in the first; a run that stopped between two parts is completed by the next."""
    monkeypatch.setattr(bodies, "PART", 3)
    persons = [f"u{n}" for n in range(8)]
    file = write(tmp_path / "log", [{"persons": persons, "mode": "export"}])
    room.journal.stop_after = 2
    with pytest.raises(OutcomeUnknown):
        take(Plain(), file, room.desk)
    room.journal.stop_after = None
    report = take(Plain(), file, room.desk)
    looks = room.journal.looks()
    assert [b.kind for b in looks] == [Kind.BULK, *[Kind.MENTION] * 8]
    assert looks[0].mentions == 8
    assert sorted(b.person for b in looks[1:]) == sorted(map(PSEUDONYMS.person, persons))
    assert len({b.look for b in looks}) == 9
    assert (report.new, report.known) == (0, 1)


def test_the_same_file_again_changes_nothing(tmp_path, room):
    """Nothing is written, not even that it was read: the outcome stands there already. A later clock changes nothing."""
    file = write(tmp_path / "log", [{"id": "1"}], [{"id": "2", "persons": ["owen", "kim"]}], "{", '{"skip": "dull"}')
    first = take(Plain(), file, room.desk)
    before = len(room.journal.submissions)
    room.now += timedelta(hours=2)
    again = take(Plain(), file, room.desk)
    assert len(room.journal.submissions) == before
    assert (first.new, first.known, first.recorded) == (2, 0, True)
    assert (again.new, again.known, again.recorded) == (0, 2, False)
    assert (again.taken, again.skipped, again.malformed) == (first.taken, first.skipped, first.malformed) == (2, 1, 1)


def test_two_files_with_the_same_records_are_one_set_of_looks(tmp_path, room):
    """A rotated copy, gzipped and longer: what was known is counted, the rest is new, and both files are on record."""
    take(Plain(), write(tmp_path / "a", [{"id": "1"}], [{"id": "2"}]), room.desk)
    whole = write(tmp_path / "b", [{"id": "2"}], [{"id": "1"}], [{"id": "3"}])
    packed = tmp_path / "c"
    packed.write_bytes(gzip.compress(whole.read_bytes()))
    report = take(Plain(), packed, room.desk)
    assert (report.new, report.known, report.otherwise, report.beside) == (1, 2, 0, 0)
    assert len(room.journal.looks()) == 3
    assert len(room.journal.intakes()) == 2


def test_a_look_told_twice_in_one_file_is_one(tmp_path, room):
    """Also while the first telling is still on its way to the disk."""
    report = take(Plain(), write(tmp_path / "log", [{}], [{}], [{}]), room.desk)
    assert (report.taken, report.looks, report.new, report.known) == (3, 3, 1, 2)
    assert len(room.journal.looks()) == 1


@pytest.mark.parametrize("other", [{"persons": ["kate"]}, {"principal": "bo"}, {"at": 61}, {"persons": []}])
@pytest.mark.parametrize("at_once", [True, False])
def test_nobody_hides_behind_an_id_that_was_used(tmp_path, room, other, at_once):
    """Another event under a known id is recorded beside it, once, in whatever order and however often it is read."""
    if at_once:
        report = take(Plain(), write(tmp_path / "log", [{}], [other]), room.desk)
    else:
        take(Plain(), write(tmp_path / "a", [{}]), room.desk)
        report = take(Plain(), write(tmp_path / "b", [other]), room.desk)
    assert report.beside == 1
    assert (BESIDE, 1) in report.flags
    assert len({b.look for b in room.journal.looks()}) == 2
    again = take(Plain(), write(tmp_path / "c", [other], [{}]), room.desk)
    assert (again.new, again.known) == (0, 2)
    assert len(room.journal.looks()) == 2


OTHER_FIELDS = [{"asked": (("messages", "exact"),)}, {"mode": "export"}, {"decision": "refuse"}, {"on_behalf_of": "bo"}]


@pytest.mark.parametrize("other", OTHER_FIELDS)
def test_nobody_hides_behind_an_id_of_their_own(tmp_path, room, other):
    """One id, one moment, one person, and other fields in one file: two looks. Reading it again finds both."""
    file = write(tmp_path / "log", [{}], [other], [other], [{}])
    for new, known in ((2, 2), (0, 4)):
        report = take(Plain(), file, room.desk)
        assert (report.new, report.known, report.beside, report.otherwise) == (new, known, 2, 0)
        assert dict(report.flags) == {BESIDE: 2}
    first, second = room.journal.looks()
    assert (first.look, second.look.startswith("plain:1:")) == ("plain:1", True)
    assert len(room.journal.intakes()) == 1


def test_a_second_look_under_an_id_is_found_though_the_first_was_read_before(tmp_path, room):
    """The log grew between two readings: this map tells the first as it stands there, so the second is another one."""
    take(Plain(), write(tmp_path / "a", [{}]), room.desk)
    report = take(Plain(), write(tmp_path / "b", [{}], [{"mode": "export"}]), room.desk)
    assert (report.new, report.known, report.beside) == (1, 1, 1)


def test_other_fields_of_another_event_are_looks_too(tmp_path, room):
    """Under one id: two persons, and two kinds of fields of each. Four looks, and four after reading again."""
    events = [[{"persons": [p], "mode": m}] for p in ("mira", "owen") for m in ("read", "export")]
    file = write(tmp_path / "log", *events)
    reports = [take(Plain(), file, room.desk) for _ in range(2)]
    assert [(r.new, r.known, r.beside) for r in reports] == [(4, 0, 3), (0, 4, 3)]
    assert len({b.look for b in room.journal.looks()}) == 4


def test_what_stands_beside_and_what_is_told_otherwise_is_on_record(tmp_path, room):
    """Both are counted in the file's own record."""
    take(Plain(), write(tmp_path / "a", [{}], [{"mode": "export"}], [{"id": "2"}]), room.desk)
    take(Plain(), write(tmp_path / "b", [{"id": "2", "mode": "export"}]), room.desk)
    assert [(b["beside"], b["otherwise"]) for b in room.journal.intakes()] == [(1, 0), (0, 1)]


def test_the_same_event_under_another_map_stays_as_it_was_recorded(tmp_path, room):
    """A record cannot be changed; that the map now tells it otherwise is counted."""
    take(Plain(), write(tmp_path / "a", [{}]), room.desk)
    report = take(Plain(), write(tmp_path / "b", [{"mode": "export", "app": "tool"}]), room.desk)
    assert (report.new, report.known, report.otherwise, report.beside) == (0, 1, 1, 0)
    assert len(room.journal.looks()) == 1


def test_free_text_is_not_written_down(tmp_path, room):
    """A purpose outside the list and a case that nobody knows can be a name: they are counted and left out."""
    file = write(
        tmp_path / "log",
        [{"id": "1", "purpose": "because of kate", "case": "kate again"}],
        [{"id": "2", "purpose": "fraud_review", "case": "T-100"}],
    )
    report = take(Plain(), file, room.desk)
    assert [(b.purpose, b.case) for b in room.journal.looks()] == [(None, None), ("fraud_review", "T-100")]
    assert dict(report.flags) == {UNKNOWN_CASE: 1, UNKNOWN_PURPOSE: 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": -301}, {"at": 10**9}, {"principal": ""}, {"principal": "a" * 201}, {"persons": ["a\nb"]},
        {"persons": ["mira", "\ud800"]}, {"on_behalf_of": "\x00"}, {"id": "x" * 300}, {"shape": "\ud800"},
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_is_malformed(tmp_path, room, wrong):
    """Nothing of its record is taken, not even the looks that were fine; the rest of the file is."""
    file = write(tmp_path / "log", [{"id": "1"}], [{"id": "2"}, {"id": "3"} | wrong])
    report = take(Plain(), file, room.desk)
    assert (report.taken, report.malformed, report.exit) == (1, 1, 1)
    assert [b.look for b in room.journal.looks()] == ["plain:1"]
    assert report.places[0].number == 2
    assert report.places[0].byte == len(file.read_bytes().split(b"\n")[0]) + 1


def test_five_minutes_ahead_are_forgiven(tmp_path, room):
    """Clocks differ; later than that the look is in no window that anybody asks for."""
    assert take(Plain(), write(tmp_path / "log", [{"at": -300}]), room.desk).taken == 1


def test_what_became_of_a_file_is_on_record(tmp_path, room):
    """Digest, size, map, counts, reasons, holes and times, in the stream `admin`; nothing of the file's content or name."""
    file = write(
        tmp_path / "kate.log",
        [{"id": "1", "at": 90}],
        [{"id": "2", "at": 30}],
        "kate {",
        '{"skip": "dull", "detail": "GET /{text}"}',
    )
    report = take(Plain(gaps=(Gap("5f.1", 2, 4),)), file, room.desk)
    (body,) = room.journal.intakes()
    raw = file.read_bytes()
    assert report.sha256 == hashlib.sha256(raw).digest()
    # Keyed: with the plain digest of a file of one line, whoever reads the record could try lines until one fits.
    assert b64decode(body["file"]) == room.desk.pseudonyms.digest(b"whosaw/intake/v1" + report.sha256)
    assert b64decode(body["map"]) == MAP
    assert {k: body[k] for k in ("size", "taken", "skipped", "malformed", "looks", "new", "known", "holes", "broken")} == {
        "size": len(raw), "taken": 2, "skipped": 1, "malformed": 1, "looks": 2, "new": 2, "known": 0, "holes": 1, "broken": None,
    }  # fmt: skip
    assert body["skipped_for"] == [{"reason": "dull", "count": 1}]
    assert body["malformed_for"] == [{"reason": "not plain", "count": 1}]
    assert body["gaps"] == ["lines 2 to 4 of session 5f.1 are missing"] == list(report.gaps)
    assert (body["first"], body["last"]) == ("2026-11-24T19:58:30.000Z", "2026-11-24T19:59:30.000Z")
    assert room.journal.submissions[-1].records[0].stream == Stream.named("admin")
    assert b"kate" not in room.journal.submissions[-1].records[0].body
    assert report.unknown == (("GET /{text}", 1),)
    for told in (repr(report), *map(str, report.places)):
        assert "kate" not in told
        assert "mira" not in told


def test_a_half_read_file_is_a_recorded_half_read_file(tmp_path, room):
    """Damaged at its end: what was read is recorded, and that it was not all."""
    raw = gzip.compress(write(tmp_path / "log", *[[{"id": str(n)}] for n in range(2_000)]).read_bytes())
    file = tmp_path / "log.gz"
    file.write_bytes(raw[: len(raw) // 2])
    report = take(Plain(), file, room.desk)
    assert report.exit == 1
    assert report.broken == room.journal.intakes()[0]["broken"] == "the gzip data ends too early"
    assert 0 < report.taken == len(room.journal.looks()) < 2_000
    file.write_bytes(raw)
    whole = take(Plain(), file, room.desk)
    assert (whole.broken, whole.looks, whole.exit) == (None, 2_000, 0)
    assert len(room.journal.looks()) == 2_000


def test_another_encoding_is_said_and_not_guessed(tmp_path, room):
    """UTF-16: not a record is read, and the report says why."""
    file = tmp_path / "log"
    file.write_bytes(json.dumps({"looks": [{}]}).encode("utf-16"))
    report = take(Plain(), file, room.desk)
    assert (report.records, report.exit) == (0, 1)
    assert "UTF-16" in report.broken
    assert report.sha256 == hashlib.sha256(file.read_bytes()).digest()


@pytest.mark.parametrize("fate", ["busy", "down", "lost", "late"])
@pytest.mark.parametrize("at", range(4))
def test_whatever_the_journal_raises_running_again_completes(tmp_path, room, fate, at):
    """At every write, in every way: the error comes out, and the next run makes it whole with nothing doubled."""
    file = write(tmp_path / "log", *[[{"id": str(n)}] for n in range(3)])
    submit, calls = room.journal.submit, []

    def failing(submission):
        calls.append(submission)
        if len(calls) == at + 1:
            room.journal.fate = fate
        return submit(submission)

    room.journal.submit = failing
    with pytest.raises(Exception, match=r"queue|down|write"):
        take(Plain(), file, room.desk)
    room.journal.submit, room.journal.fate = submit, "ok"
    report = take(Plain(), file, room.desk)
    assert (report.looks, len(room.journal.looks()), len(room.journal.intakes())) == (3, 3, 1)


def test_another_intake_at_the_same_time_is_no_error(tmp_path, room):
    """Two runs look, find nothing, and hand in the same look: the first one counts, and the second knows it."""
    file = write(tmp_path / "log", [{}])
    enqueue = room.journal.enqueue

    def overtaken(submission):
        (record,) = submission.records
        body = record.body.replace(b'"taken":"2026-11-24T20', b'"taken":"2026-11-24T19')
        room.journal.enqueue = enqueue
        room.journal.submit(Submission("collect", submission.key, (Record(record.stream, body),)))
        return enqueue(submission)

    room.journal.enqueue = overtaken
    report = take(Plain(), file, room.desk)
    assert (report.new, report.known) == (0, 1)
    assert len(room.journal.looks()) == 1


def test_a_key_that_holds_something_else_is_damage(tmp_path, room):
    """What stands under a look's key must be a look; anything else is not ours to interpret."""
    key = intake._key("plain:1", 0)
    room.journal.submit(
        Submission("collect", key, (Record(Stream.named("admin"), canonical({"v": 1, "kind": "policy"})),))
    )
    with pytest.raises(Damaged):
        take(Plain(), write(tmp_path / "log", [{}]), room.desk)


def test_a_file_that_is_not_there_changes_nothing(tmp_path, room):
    """A clear error that names the file."""
    with pytest.raises(BadInput, match="nowhere"):
        take(Plain(), tmp_path / "nowhere", room.desk)
    assert room.journal.submissions == []


def test_a_window_of_submissions_is_on_its_way_and_no_more(tmp_path, room, monkeypatch):
    """The journal writes many at once because many wait; but a queue is never filled."""
    monkeypatch.setattr(intake, "WINDOW", 5)
    waiting, deepest = [], []

    class Slow:
        def __init__(self, future):
            self.future = future
            waiting.append(self)
            deepest.append(len(waiting))

        def result(self):
            waiting.remove(self)
            return self.future.result()

    enqueue = room.journal.enqueue
    room.journal.enqueue = lambda submission: Slow(enqueue(submission))
    take(Plain(), write(tmp_path / "log", *[[{"id": str(n)}] for n in range(23)]), room.desk)
    assert max(deepest) == 5
    assert waiting == []


def test_progress_is_told_in_bytes(tmp_path, room):
    """From the file's own bytes to its size, whatever was packed."""
    told = []
    file = write(tmp_path / "log", *[[{"id": str(n)}] for n in range(1_100)])
    take(Plain(), file, room.desk, progress=lambda done, size: told.append((done, size)))
    assert len(told) == 2
    assert told[-1] == (file.stat().st_size,) * 2


LOOK = st.fixed_dictionaries(
    {
        "id": st.sampled_from("abc"),
        "principal": st.sampled_from(["ana", "bo"]),
        "persons": st.lists(st.sampled_from(["mira", "owen", "kim"]), max_size=3),
        "at": st.sampled_from([60, 61]),
    }
)
RECORD = st.one_of(st.lists(LOOK, min_size=1, max_size=2), st.just("{"), st.just('{"skip": "dull"}'))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(RECORD, max_size=5), min_size=1, max_size=4))
def test_every_record_is_counted_once_and_every_look_recorded_once(tmp_path_factory, files):
    """Any files, in any overlap: the sums hold, no look id stands twice, and no event is missing."""
    room, folder = Room(), tmp_path_factory.mktemp("files")
    for number, records in enumerate(files):
        report = take(Plain(), write(folder / str(number), *records), room.desk)
        assert report.records == report.taken + report.skipped + report.malformed == len(records)
        looks = [look for r in records if isinstance(r, list) for look in r]
        assert report.looks == report.new + report.known == len(looks)
    told = {
        (look["principal"], look["at"], frozenset(look["persons"]), look["id"])
        for records in files for r in records if isinstance(r, list) for look in r
    }  # fmt: skip
    recorded = room.journal.looks()
    assert len({b.look for b in recorded}) == len(recorded)
    assert len([b for b in recorded if b.kind is not Kind.MENTION]) == len(told)


def test_among_the_real_parts(tmp_path):
    """Journal, keyring, names on a disk: taken in, found again after a restart, and in the person's own stream."""
    clock, file = Clock(), write(tmp_path / "log", [{"id": "1"}], [{"id": "2", "persons": ["mira", "owen"]}])
    clock.at = NOW
    build(tmp_path / "data", ORIGIN, clock=clock)

    def once():
        with house(tmp_path / "data", clock=clock) as here:
            desk = Desk(here.journal, here.pseudonyms, here.names.remember, frozenset(), lambda _: False, clock)
            report = take(Plain(), file, desk)
            here.journal.publish_now()
            run = here.journal.reader().run(here.keyring.find(Stream.of_person("mira")))
            return report, [frame.body for frame in run[1:]]

    report, mine = once()
    assert (report.new, report.known, report.recorded) == (2, 0, True)
    assert [LookBody.decode(body).kind for body in mine] == [Kind.LOOK, Kind.MENTION]
    assert LookBody.decode(mine[0]).principal
    again, after = once()
    assert (again.new, again.known, again.otherwise, again.recorded) == (0, 2, 0, False)
    assert after == mine


def test_the_fake_journal_is_one(room):
    """What these tests take for a journal answers a repeated key like the real one."""
    assert isinstance(room.journal, Journal)
    record = Record(Stream.named("admin"), canonical({"v": 1, "kind": "policy"}))
    first = room.journal.enqueue(Submission("collect", "k", (record,))).result()
    assert room.journal.find("collect", "k") is first

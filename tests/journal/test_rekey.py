# SPDX-License-Identifier: Apache-2.0
"""New keys for streams: in any order of records, rekeys and crashes places and labels fit, and no stream has a gap."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.world import World, body, outcome

from whosaw.config import JournalSettings
from whosaw.errors import BadInput, OutcomeUnknown, Unavailable
from whosaw.journal.core import Core
from whosaw.journal.fsck.findings import Fault
from whosaw.journal.journal import Journal
from whosaw.journal.place import OF_ONE_KEY, following, is_rekey, label_of, rekey_body, split
from whosaw.journal.reader import Reader
from whosaw.journal.rekey import rekey
from whosaw.journal.sequencer import Sequencer
from whosaw.journal.submission import Record, Submission, prepare
from whosaw.model.record import Stream, canonical, parse
from whosaw.tlog import leaf

ANNA, BEN = Stream.of_person("anna"), Stream.of_person("ben")


def rekeyed(world: World, core: Core, stream: Stream) -> bool:
    def publish() -> bytes:
        core.integrator.step()
        return core.state.published.note

    def submit(submission: Submission):
        return world.step(core, submission)[0].future.result()

    return rekey(stream, core.keys, world.head, publish, submit)


def run(world: World, core: Core, stream: Stream):
    core.integrator.step()
    reader = Reader.pinned(world.stores, world.signers.keys())
    return reader.run(world.keys.of(stream))


def kinds(frames) -> list[str]:
    return [parse(frame.body)["kind"] for frame in frames]


@pytest.fixture
def world():
    return World()


def test_places_are_numbers_that_only_grow():
    """The next one, or the first one of the next key behind a rekey; never another."""
    assert [split(p) for p in (0, 1, 7, OF_ONE_KEY + 1, 3 * OF_ONE_KEY + 9)] == [(0, 0), (0, 1), (0, 7), (1, 1), (3, 9)]
    link = canonical({"v": 1, "kind": "rekey", "stream_key": "AAAA"})
    assert is_rekey(link)
    for place in (1, 7, OF_ONE_KEY + 1, 5 * OF_ONE_KEY + 3):
        assert following(place, body("x")) == place + 1
        assert split(following(place, link)) == (split(place)[0] + 1, 1)


def test_a_stream_goes_on_under_its_new_key(world):
    """The rekey is the old key's last record and commits to the new one, under which labels begin at 1 again."""
    core = world.open()
    world.record(core, "a", "anna", "anna")
    assert rekeyed(world, core, ANNA) is True
    world.record(core, "b", "anna", "ben")
    frames = run(world, core, ANNA)
    assert kinds(frames) == ["enrol", "test", "test", "rekey", "test"]
    assert [split(f.i) for f in frames] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1)]
    key = world.keys.of(ANNA)
    assert (key.rekeys, len(key.earlier)) == (1, 1)
    assert [f.label for f in frames[1:]] == [
        *(leaf.label(key.earlier[0], i) for i in (1, 2, 3)), leaf.label(key.key, 1)
    ]  # fmt: skip
    assert frames[3].body == rekey_body(key, 1)
    assert run(world, core, BEN)[-1].i == 1
    core.close()
    world.settle()


def test_whoever_holds_the_old_key_reads_nothing_more(world):
    """No label that the old key makes appears in the log after its rekey."""
    core = world.open()
    world.record(core, "a", "anna")
    old = world.keys.of(ANNA)
    rekeyed(world, core, ANNA)
    for n in range(20):
        world.record(core, f"b-{n}", "anna")
    core.integrator.step()
    there = world.labels.find([leaf.label(old.key, i) for i in range(1, 200)])
    assert len(there) == 2  # one record, and the rekey


def test_nobody_is_enrolled_by_a_new_key(world):
    """A stream without a record has nothing to hide; and a stream of which nobody has heard stays unheard of in the log."""
    core = world.open()
    assert rekeyed(world, core, ANNA) is False
    size = core.state.head.size
    world.record(core, "a", "ben")
    assert rekeyed(world, core, ANNA) is False
    core.integrator.step()
    assert core.state.head.size == size + 2
    core.close()
    world.settle()


def test_a_record_on_its_way_under_the_old_key(world):
    """It was checked before the rekey and comes after it: it stands under the new key."""
    core = world.open()
    world.record(core, "a", "anna")
    late = prepare(world.submission("late", "anna"), core.keys)
    rekeyed(world, core, ANNA)
    core.sequencer.step([late])
    assert split(late.future.result().leaves[0].i) == (1, 1)
    core.close()
    world.settle()


def test_a_rekey_and_records_in_one_group(world):
    """Whatever their order: before the rekey under the old key, behind it under the new one."""
    core = world.open()
    world.record(core, "a", "anna")
    records = [prepare(world.submission(f"b-{n}", "anna"), core.keys) for n in range(3)]
    core.integrator.step()
    key = world.keys.rekey(ANNA, 0)
    core.keys.forget(ANNA)
    link = prepare(Submission("test", "link", (Record(ANNA, rekey_body(key, 1)),)), core.keys)
    core.sequencer.step([records[0], link, records[1], records[2]])
    assert [split(one.future.result().leaves[0].i) for one in (records[0], link, records[1], records[2])] == [
        (0, 2), (0, 3), (1, 1), (1, 2),
    ]  # fmt: skip
    core.close()
    world.settle()


@pytest.mark.parametrize("wrong", ["stale", "ahead", "nonsense", "twice"])
def test_a_rekey_that_does_not_follow_is_not_recorded(world, wrong):
    """Of a key that the stream has left, has not come to, or never had: refused, and the stream goes on as it was."""
    core = world.open()
    world.record(core, "a", "anna")
    rekeyed(world, core, ANNA)
    core.integrator.step()
    key = world.keys.of(ANNA)
    bodies = {
        "stale": rekey_body(key, 0),
        "ahead": rekey_body(world.keys._made(ANNA, 2), 2),
        "nonsense": canonical({"v": 1, "kind": "rekey", "stream_key": "AAAA"}),
        "twice": rekey_body(key, 1),
    }
    failed = outcome(world.step(core, Submission("test", "x", (Record(ANNA, bodies[wrong]),)))[0].future.result)
    assert isinstance(failed, BadInput)
    world.record(core, "b", "anna")
    assert kinds(run(world, core, ANNA)) == ["enrol", "test", "rekey", "test"]
    core.close()
    world.settle()


def test_a_row_that_is_ahead_of_the_log(world):
    """The process died between row and record: records go on under the old key, and the next rekey is that very one."""
    core = world.open()
    world.record(core, "a", "anna")
    core.integrator.step()
    world.keys.rekey(ANNA, 0)
    world.crash()
    core = world.open()
    world.record(core, "b", "anna")
    assert [split(f.i) for f in run(world, core, ANNA)] == [(0, 0), (0, 1), (0, 2)]
    assert world.fsck().exit == 0
    rekeyed(world, core, ANNA)
    assert world.keys.of(ANNA).rekeys == 1
    world.record(core, "c", "anna")
    assert [split(f.i) for f in run(world, core, ANNA)] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1)]
    core.close()
    world.settle()


@pytest.mark.parametrize("fate", ["lost", "late", "torn"])
def test_a_write_of_the_rekey_that_fails(world, fate):
    """Nobody knows what the disk has; a start does, and asking again gives one new key and not two."""
    core = world.open()
    world.record(core, "a", "anna")
    core.integrator.step()
    world.faults.arm("append segments/", fate, **({"keep": 60} if fate == "torn" else {}))
    assert isinstance(outcome(lambda: rekeyed(world, core, ANNA)), OutcomeUnknown)
    world.faults.disarm()
    world.crash()
    core = world.open()
    rekeyed(world, core, ANNA)
    world.record(core, "b", "anna")
    links = kinds(run(world, core, ANNA)).count("rekey")
    assert links == world.keys.of(ANNA).rekeys == (2 if fate == "late" else 1)
    core.close()
    world.settle()


def test_an_old_keyring_is_found_and_nothing_is_recorded(world):
    """state.db out of a backup, of before the rekey: the log does not go on in a stream whose key it cannot make."""
    core = world.open()
    world.record(core, "a", "anna")
    rekeyed(world, core, ANNA)
    world.record(core, "b", "anna")
    core.integrator.step()
    core.close()
    world.crash()
    world.keys._known[ANNA] = world.keys._made(ANNA, 0)
    report = world.fsck()
    assert {(f.kind, f.check) for f in report.findings} == {(Fault.STREAM, 6)}
    assert len(report.findings) == 2  # the rekey, and the record behind it
    core = world.open()
    assert outcome(lambda: world.record(core, "c", "anna")) is not None
    assert core.state.head.size == world.head.state.size


class Lenient(Sequencer):
    """A sequencer that takes any rekey."""

    __slots__ = ()

    def _not_next(self, *_):
        return None


@pytest.mark.parametrize("change", ["another commitment", "none"])
def test_fsck_sees_a_key_that_nothing_leads_to(world, change):
    """The rekey commits to another one, or there is no rekey and the stream jumps."""
    core = world.open()
    world.record(core, "a", "anna")
    core.integrator.step()
    key = world.keys.rekey(ANNA, 0)
    core.keys.forget(ANNA)
    core.sequencer.__class__ = Lenient
    if change == "none":
        core.sequencer._counters._next[key.handle] = OF_ONE_KEY + 1
        world.record(core, "b", "anna")
    else:
        link = canonical({"v": 1, "kind": "rekey", "stream_key": "A" * 43 + "="})
        core.sequencer.step([prepare(Submission("test", "x", (Record(ANNA, link),)), core.keys)])
    core.integrator.step()
    core.close()
    world.crash()
    assert {f.kind for f in world.fsck().findings} == {Fault.POSITION if change == "none" else Fault.STREAM}


# ── any order ──

STEPS = st.lists(
    st.sampled_from(["anna", "ben", "both", "rekey anna", "rekey ben", "head", "crash", "map", "forget"]), max_size=40
)


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_any_order_of_records_rekeys_and_crashes(steps):
    """After each: every stream has all of its records, in order, under the label of its place; fsck finds nothing."""
    world = World()
    core = world.open()
    wanted = {ANNA: [], BEN: []}
    for n, step in enumerate(steps):
        match step:
            case "anna" | "ben" | "both":
                persons = ("anna", "ben") if step == "both" else (step,)
                world.record(core, f"k-{n}", *persons)
                for person in persons:
                    wanted[Stream.of_person(person)].append("test")
            case "rekey anna" | "rekey ben":
                stream = Stream.of_person(step.removeprefix("rekey "))
                assert rekeyed(world, core, stream) is bool(wanted[stream])
                if wanted[stream]:
                    wanted[stream].append("rekey")
            case "head":
                core.integrator.step()
            case "map":
                core.integrator.step()
                core.map.answer()
            case "forget":
                core.sequencer._counters._next = {}
                core.integrator.step()
                core.sequencer._counters = type(core.sequencer._counters)(world.head, world.labels, core.state.tail)
            case "crash":
                world.crash()
                core = world.open()
    for stream, kinds_wanted in wanted.items():
        frames = run(world, core, stream)
        assert kinds(frames) == (["enrol", *kinds_wanted] if kinds_wanted else [])
        place = 0
        for frame in frames:
            assert frame.i == place
            assert frame.label == label_of(world.keys.of(stream), place)
            place = following(place, frame.body)
    core.close()
    world.settle()


def test_threads_record_while_others_rekey(world):
    """Through the journal itself: every record stands once, and every stream is whole."""
    with Journal.open(
        stores=world.stores, keys=world.keys, signers=world.signers, settings=JournalSettings(),
        clock=world.clock, random=world.random,
    ) as journal:  # fmt: skip
        journal.submit(world.submission("first", "anna"))

        def records(name):
            for n in range(60):
                journal.submit(world.submission(f"{name}-{n}", "anna"))

        def rekeys():
            for _ in range(12):
                journal.rekey(ANNA)

        threads = [
            threading.Thread(target=work) for work in (rekeys, rekeys, lambda: records("a"), lambda: records("b"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        journal.publish_now()
        frames = journal.reader().run(world.keys.of(ANNA))
    found = kinds(frames)
    assert found.count("test") == 121
    assert found.count("rekey") == world.keys.of(ANNA).rekeys
    assert 12 <= found.count("rekey") <= 24
    world.crash()
    world.settle()


def test_an_erasure_with_a_key_from_before_begins_nothing(world):
    """Another gate gave the stream a new key meanwhile: what stands under that one would be left, under a key that goes."""
    core = world.open()
    world.record(core, "one", "anna")
    old = world.keys.of(ANNA)
    assert rekeyed(world, core, ANNA)
    world.record(core, "two", "anna")
    size = core.state.tail.end
    assert isinstance(outcome(lambda: world.eraser(core).begin(old, "request")), Unavailable)
    assert (core.state.tail.end, world.manifest.erasing()) == (size, [])
    world.record(core, "three", "anna")  # the stream goes on
    job = world.erase(core, "anna")
    assert len(job.indexes) == 5  # enrolment, one, the rekey, two, three
    core.close()
    world.settle()
    assert world.fsck().exit == 0

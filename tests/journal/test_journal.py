# SPDX-License-Identifier: Apache-2.0
"""The journal with its queue and threads: groups, receipts that are the same for ever, clocks, limits, the end."""

import dataclasses
import threading
from datetime import timedelta

import pytest
from tests.journal.world import ORIGIN, World, body, genesis_of, outcome, signers

from whosaw.config import JournalSettings
from whosaw.errors import (
    BadInput,
    Busy,
    Contradiction,
    Damaged,
    IdempotencyConflict,
    Misconfigured,
    NotCanonical,
    OutcomeUnknown,
    Unavailable,
)
from whosaw.journal.genesis import create
from whosaw.journal.journal import Journal
from whosaw.journal.leaves import Leaves
from whosaw.journal.queue import LIMIT
from whosaw.journal.segments import Segments
from whosaw.journal.submission import LEAF_LIMIT, Record, Recorded, Submission
from whosaw.model.record import Stream
from whosaw.store.memory import MemoryFolder
from whosaw.tlog import leaf, merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import VerifierKey, open_note
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.receipt import open_receipt


class Gated(MemoryFolder):
    """A folder whose fdatasync takes as long as the test wants."""

    def append_to(self, name):
        segment = super().append_to(name)
        append = segment.append

        def gated(data):
            self.entered.set()
            assert self.gate.wait(20)
            append(data)

        segment.append = gated
        return segment


def running(world: World) -> Journal:
    return Journal.open(
        stores=world.stores, keys=world.keys, signers=world.signers, settings=JournalSettings(publish_every_ms=10),
        clock=world.clock, random=world.random,
    )  # fmt: skip


@pytest.fixture
def world():
    return World()


@pytest.fixture
def gated(world):
    """A journal whose next write waits for `gate`."""
    world.private = Gated(world.faults, world.clock)
    world.private.entered, world.private.gate = threading.Event(), threading.Event()
    world.private.files = world_files()
    return world


def world_files():
    made = World()
    return dict(made.private.files)


def appends(world):
    return [call for call in world.faults.calls if call.startswith("append")]


def one(key="k", person="anna", text="hello") -> Submission:
    return Submission("test", key, (Record(Stream.of_person(person), body(text)),))


# ── groups ──


def test_whoever_waits_during_one_write_is_the_next_group(gated):
    """Forty callers, of whom the first is being written: one write for him, one for all others, one sync each."""
    with running(gated) as journal:
        first = journal.enqueue(one("first"))
        assert gated.private.entered.wait(20)
        others = [journal.enqueue(one(f"k-{n}", f"person-{n % 7}")) for n in range(39)]
        assert not first.done()
        gated.private.gate.set()
        places = [future.result(20).leaves[-1].index for future in (first, *others)]
    assert len(appends(gated)) == 2
    assert sorted(places) == places
    assert places[0] == 2
    groups = [frame.group for frame in Segments(gated.private, gated.manifest).frames(1, places[-1] + 1)]
    assert groups == [1, 1] + [3] * (len(groups) - 2)
    gated.settle()


def test_nobody_is_answered_before_the_write_returned(gated):
    """While the disk works, no future is done, no leaf is found and nothing is published."""
    with running(gated) as journal:
        future = journal.enqueue(one())
        assert gated.private.entered.wait(20)
        assert not future.done()
        assert journal.find("test", "k") is None
        assert journal.reader().size == 1
        gated.private.gate.set()
        assert future.result(20).first == 1


def test_a_full_queue_says_busy_at_once(gated):
    """Beyond 4,096 waiting submissions nobody waits; nothing of what was refused is recorded."""
    with running(gated) as journal:
        journal.enqueue(one("first"))
        assert gated.private.entered.wait(20)
        waiting = [journal.enqueue(one(f"k-{n}")) for n in range(LIMIT)]
        with pytest.raises(Busy):
            journal.enqueue(one("one too many"))
        gated.private.gate.set()
        assert len({future.result(60).first for future in waiting}) == LIMIT
        assert journal.find("test", "one too many") is None


def test_a_failed_write_is_unknown_to_all_in_the_group_and_stops_the_journal(world):
    """Everybody who waits is told; from then on nothing is taken, and nothing is read back."""
    with running(world) as journal:
        world.faults.arm("append", "late")
        with pytest.raises(OutcomeUnknown):
            journal.submit(one())
        with pytest.raises(Unavailable, match="stopped"):
            journal.submit(one("other"))
        with pytest.raises(Unavailable):
            journal.find("test", "k")
        with pytest.raises(Unavailable):
            journal.wait_published(1, timeout=5)
        with pytest.raises(Unavailable):
            journal.leaves.find(bytes(32))
    world.crash()
    with running(world) as journal:
        assert journal.submit(one()).first == 1
    world.settle()


# ── several at once, of one thread ──


def test_several_at_once_are_one_write_and_each_is_a_submission_of_its_own(gated):
    """Places in their order, a record that is none among them, a key twice; and `admit` decides when its thread goes on."""
    admitted, made = [], []
    with running(gated) as journal:
        given = [one("a"), dataclasses.replace(one("b"), records=()), one("c", "ben"), one("a", text="bye"), one("a")]
        thread = threading.Thread(target=lambda: made.extend(journal.submit_all(given, admitted.append)), daemon=True)
        thread.start()
        assert gated.private.entered.wait(20)
        assert (made, admitted) == ([], [])
        gated.private.gate.set()
        for _ in range(20_000):
            if admitted:
                break
            threading.Event().wait(0.001)
        assert made == []
        admitted[0]()
        thread.join(20)
        assert [type(each) for each in made] == [Recorded, BadInput, Recorded, IdempotencyConflict, Recorded]
        assert [made[0].receipt, made[2].receipt] == [
            journal.find("test", "a").receipt,
            journal.find("test", "c").receipt,
        ]
        assert made[4].receipt == made[0].receipt
        assert journal.submit_all([]) == []
        assert [type(each) for each in journal.submit_all([dataclasses.replace(one("b"), records=())])] == [BadInput]
    assert len(appends(gated)) == 1
    gated.settle()


def test_several_keys_are_found_as_each_by_itself(world):
    """Under a head, beyond it, never recorded, no key at all: each gets what `find` says, with one question to the head."""
    asked = [("test", key) for key in ("old", "none", "new", "k" * 65, "old")]
    with running(world) as journal:
        journal.submit(one("old"))
        journal.publish_now()
        journal.submit(one("new", "ben"))
        made = journal.find_all(asked)
        assert [type(each) for each in made] == [Recorded, type(None), Recorded, BadInput, Recorded]
        old, new = journal.find("test", "old").receipt, journal.find("test", "new").receipt
        assert [each.receipt for each in made if type(each) is Recorded] == [old, new, old]
        assert journal.find_all([]) == []
    world.settle()


def test_a_failed_write_is_unknown_to_each_of_several(world):
    with running(world) as journal:
        world.faults.arm("append", "late")
        assert [type(each) for each in journal.submit_all([one("a"), one("b")])] == [OutcomeUnknown] * 2
        with pytest.raises(Unavailable, match="stopped"):
            journal.submit_all([one("c"), one("d")])
    world.crash()
    with running(world) as journal:
        assert [type(each) for each in journal.submit_all([one("a"), one("b")])] == [Recorded] * 2
    world.settle()


def test_a_full_queue_takes_none_of_several(gated):
    with running(gated) as journal:
        journal.enqueue(one("first"))
        assert gated.private.entered.wait(20)
        for n in range(LIMIT):
            journal.enqueue(one(f"k-{n}"))
        with pytest.raises(Busy):
            journal.submit_all([one("one too many"), one("and another")])
        gated.private.gate.set()


# ── idempotency ──


def test_the_same_key_is_the_same_record(world):
    """Before and after publication, and after a restart: one record; what is asked again says the same."""
    with running(world) as journal:
        first = journal.submit(one())
        again = journal.submit(one())
        assert (again.receipt, again.leaves) == (first.receipt, first.leaves)
        journal.publish_now()
        assert journal.submit(one()).receipt == first.receipt
        assert journal.find("test", "k").receipt == first.receipt
        assert journal.find("other caller", "k") is None
    with running(world) as journal:
        assert journal.submit(one()).receipt == first.receipt
        assert journal.reader().size == 3


def test_a_receipt_lost_with_its_process_is_given_again_with_a_later_promise(world):
    """Between the write and the head the time stands in memory only: leaves and root are the same, the time is the start's."""
    core = world.open()
    receipts = [open_receipt(world.record(core, "k").receipt, key_of(world))]
    core.close()
    world.crash()
    world.clock.at += timedelta(seconds=9)
    with running(world) as journal:
        receipts.append(open_receipt(journal.submit(world.submission("k")).receipt, key_of(world)))
    old, new = receipts
    assert (old.first, old.count, old.root, old.key) == (new.first, new.count, new.root, new.key)
    assert new.at - old.at > timedelta(seconds=9)
    assert new.by - new.at == timedelta(seconds=60)


def test_the_same_key_for_other_records_is_a_conflict(world):
    """Another body, another person, more records: refused, nothing recorded, and the first record stands."""
    with running(world) as journal:
        first = journal.submit(one())
        for other in (one(text="bye"), one(person="ben"), Submission("test", "k", one().records * 2)):
            with pytest.raises(IdempotencyConflict):
                journal.submit(other)
        assert journal.submit(one()).receipt == first.receipt
        assert journal.submit(Submission("other caller", "k", one(text="bye").records)).first == first.first + 2


def test_one_key_twice_in_one_group(world):
    """Two callers with one key at the same moment: one record, one conflict where the records differ."""
    core = world.open()
    same, twin, other = world.step(core, one(), one(), one(text="bye"))
    assert same.future.result().receipt == twin.future.result().receipt
    assert isinstance(other.future.exception(), IdempotencyConflict)
    assert core.state.tail.end == 3


def key_of(world) -> VerifierKey:
    return VerifierKey.parse(world.signers.receipts.vkey())


# ── streams ──


def test_the_first_leaf_of_a_stream_enrols_its_key(world):
    """Label 0 is the VRF's, its body commits to the key; then label 1, 2, 3 … of that key, without a gap."""
    core = world.open()
    recorded = world.record(core, "k", "anna", "ben", "anna")
    anna, ben = (world.keys.of(Stream.of_person(person)) for person in ("anna", "ben"))
    assert [(o.handle, o.i) for o in recorded.leaves] == [
        (anna.handle, 0), (anna.handle, 1), (ben.handle, 0), (ben.handle, 1), (anna.handle, 2),
    ]  # fmt: skip
    assert [o.label for o in recorded.leaves] == [
        anna.label_0, leaf.label(anna.key, 1), ben.label_0, leaf.label(ben.key, 1), leaf.label(anna.key, 2),
    ]  # fmt: skip
    assert len({o.nonce for o in recorded.leaves}) == 5
    assert [o.i for o in world.record(core, "next", "anna").leaves] == [3]
    core.integrator.step()
    core.close()
    world.crash()
    assert [o.i for o in world.record(world.open(), "after a restart", "anna").leaves] == [4]


def test_a_position_that_the_leaves_contradict_stops_everything(world):
    """An old copy of the head database gives out a label twice: it is found before anything is written."""
    core = world.open()
    world.record(core, "k", "anna", "anna")
    core.integrator.step()
    core.close()
    world.crash()
    (handle,) = world.head.positions_
    for wrong in (1, 2, 5):
        world.head.positions_[handle] = wrong
        core = world.open()
        writes = len(appends(world))
        assert isinstance(outcome(lambda c=core, w=wrong: world.record(c, f"x-{w}", "anna")), Contradiction)
        assert isinstance(outcome(lambda c=core, w=wrong: world.record(c, f"y-{w}", "ben")), Unavailable)
        assert len(appends(world)) == writes
        core.close()
        world.crash()


def test_leaves_are_found_as_soon_as_they_are_durable(world):
    """By label, in the tail and under a head; nothing else is found."""
    core = world.open()
    label = world.record(core, "k").leaves[-1].label
    leaves = Leaves(core.state, core.stores)
    assert leaves.find(label).i == 1
    core.integrator.step()
    at_hand = leaves.find(label)
    assert at_hand.i == 1
    core.sequencer.let_go()  # as an erasure does
    assert leaves.find(label) == at_hand
    assert not core.state.tail.lately
    assert leaves.find(bytes(32)) is None


# ── what is not recordable ──


def test_what_cannot_be_recorded_changes_nothing(world):
    """No records, too many, bodies that are not canonical, keys that are none: said at once, before the queue."""
    anna = Stream.of_person("anna")
    with running(world) as journal:
        for records, error in (
            ((), BadInput), ((Record(anna, body("x")),) * (LEAF_LIMIT + 1), BadInput),
            ((Record(anna, b"{}"),), NotCanonical), ((Record(anna, b'{"v": 1, "kind": "x"}'),), NotCanonical),
            ((Record(anna, body("x" * 300_000)),), NotCanonical),
            (tuple(Record(anna, body("x" * 250_000)) for _ in range(70)), BadInput),
        ):  # fmt: skip
            with pytest.raises(error):
                journal.submit(Submission("test", "k", records))
        for caller, key in (("test", ""), ("test", "k" * 65), ("", "k")):
            with pytest.raises(BadInput):
                journal.submit(Submission(caller, key, one().records))
        # With its enrolment it is one leaf too many: only the sequencer can know, and nothing else in the group suffers.
        with pytest.raises(BadInput, match="enrolments included"):
            journal.submit(Submission("test", "k", (Record(anna, body("x")),) * LEAF_LIMIT))
        assert journal.submit(one()).first == 1
    world.settle()


# ── clocks ──


def test_a_clock_that_went_back_records_and_signs_nothing(world):
    """More than a second behind the last signature: Unavailable. Then it catches up, and everything goes on by itself."""
    core = world.open()
    world.record(core, "k")
    core.integrator.step()
    signatures = [len(signer.texts) for signer in world.signers.logs]
    world.clock.at -= timedelta(seconds=5)
    assert isinstance(outcome(lambda: world.record(core, "behind")), Unavailable)
    assert core.state.stopped is None
    world.clock.at += timedelta(seconds=4.5)
    receipt = open_receipt(world.record(core, "a little behind").receipt, key_of(world))
    assert receipt.at.timestamp() * 1000 >= core.state.head.signed_at - 1
    assert core.integrator.step() is False
    assert [len(signer.texts) for signer in world.signers.logs] == signatures
    assert list(world.private.names("staging")) == []
    world.clock.at += timedelta(seconds=2)
    assert core.integrator.step() is True
    core.close()
    world.settle()


# ── publishing ──


def test_every_record_is_published_and_provable(world):
    """The checkpoint comes by itself; the proof file holds the leaf under it, and the durable receipt."""
    with running(world) as journal:
        recorded = journal.submit(Submission("test", "k", one().records * 3))
        index = recorded.leaves[-1].index
        note = journal.wait_published(index)
        checkpoint = Checkpoint.parse(open_note(note, world.signers.keys()).text)
        assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 5)
        proof = TlogProof.parse(journal.proof(index))
        hash_ = merkle.leaf_hash(recorded.leaves[-1].entry)
        root = Checkpoint.parse(open_note(proof.note, world.signers.keys()).text).root
        merkle.check_inclusion(hash_, index, 5, proof.path, root)
        assert proof.extra == recorded.receipt
        with pytest.raises(BadInput):
            journal.proof(5)
        with pytest.raises(Unavailable, match="not published yet"):
            journal.wait_published(5, timeout=0.01)
        assert journal.publish_now() == note


def test_closing_records_what_waits_and_publishes_it(gated):
    """Whoever was taken in is answered, and is under the last checkpoint; afterwards nobody is taken in."""
    journal = running(gated)
    futures = [journal.enqueue(one(f"k-{n}")) for n in range(50)]
    gated.private.gate.set()
    journal.close()
    assert {future.result(1).first for future in futures}
    assert gated.fsck().findings == []
    assert gated.fsck().size == 1 + 1 + 50
    with pytest.raises(Unavailable, match="closed"):
        journal.enqueue(one("late"))


# ── making and opening ──


def everything(world) -> dict[str, bytes]:
    files = world.public.files | world.private.files
    return {name: file.data for name, file in files.items() if name != "lock"}


def head_lost(world):
    world.head.state = None


def nothing_lost(world):
    pass


def only_segments_left(world):
    world.head.state = None
    world.public.files.clear()
    world.private.set("segments/00000000000000000001.seg", b"frames")


def only_a_torn_segment_left(world):
    world.head.state = None
    world.public.files.clear()
    world.private.set("segments/00000000000000000000.seg", b"frames")


@pytest.mark.parametrize("lost", [nothing_lost, head_lost, only_segments_left, only_a_torn_segment_left])
def test_a_log_is_made_once(world, lost):
    """Where any log stands, or a part of one, nothing is made and nothing is changed."""
    lost(world)
    before = everything(world)
    with pytest.raises(Contradiction):
        world.make()
    assert everything(world) == before


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_making_a_log_that_fails_anywhere_may_be_tried_again(fate):
    """Before the head there is none, and `create` runs again; after it there is one, and a start finishes it."""
    for nth in range(1, 60):
        world = World(made=False)
        world.faults.arm("", fate, nth=nth)
        failed = outcome(world.make)
        if world.faults._armed:
            assert nth > 8
            return
        world.faults.disarm()
        world.crash()
        if world.head.state is None:
            assert failed is not None
            assert isinstance(outcome(world.open), BadInput)
            world.make()
        else:
            assert world.fsck().exit == 0
            assert isinstance(outcome(world.make), Contradiction)
        world.crash()
        world.record(world.open(), "k")
        world.settle()
    raise AssertionError("the sweep came to no end")


def test_other_keys_are_refused(world):
    """A log keeps its keys for life: with others nothing is opened, and nothing signed."""
    ours = world.signers
    for changed in (
        {"logs": signers(40).logs},
        {"maps": signers(40).maps},
        {"receipts": signers(40).receipts},
        {"logs": ours.logs[:1]},
        {"maps": ours.maps[:1]},
    ):
        world.signers = dataclasses.replace(ours, **changed)
        assert isinstance(outcome(world.open), Misconfigured | Damaged)
    world.signers = ours
    world.open().close()


def test_a_label_table_of_a_newer_version_is_found_before_anything_is_written(monkeypatch):
    """What the process before left to seal stays so: an older version of whosaw touches no byte of the folder."""
    world = World(segment_bytes=600)
    core = world.open()
    for key in ("one", "two", "three"):
        world.step(core, world.submission(key))
    world.crash()

    def lies():
        return dict(world.private.files), dict(world.public.files), world.manifest.sealed(), world.head.read()

    def newer():
        raise Misconfigured("labels.db has layout 99", setting="labels.db")

    before = lies()
    with monkeypatch.context() as patch:
        patch.setattr(world.labels, "size", newer)
        assert isinstance(outcome(world.open), Misconfigured)
    assert lies() == before
    world.open().close()
    assert lies() != before


def test_genesis_and_signers_must_agree(world):
    """A genesis that names other keys is not made."""
    empty = World(made=False)
    with pytest.raises(Misconfigured):
        create(empty.stores, empty.signers, genesis_of(signers(40)), empty.clock, empty.random)
    assert empty.public.files == {}


def test_one_process_has_the_folder(world):
    """The second one is Busy and has changed nothing; a wrong path is no journal and gets no lock."""
    core = world.open()
    files = dict(world.private.files)
    with pytest.raises(Busy):
        world.open()
    assert world.private.files == files
    core.close()
    world.open().close()
    empty = World(made=False)
    with pytest.raises(BadInput):
        empty.open()
    assert empty.private.files == {}

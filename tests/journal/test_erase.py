# SPDX-License-Identifier: Apache-2.0
"""Erasing a stream, at the journal's own level: every write fails once, lost or late; nothing of the stream is left then,
every leaf and every proof of it is, and of everybody else not a bit has changed.

The stream is anna's. She has records alone, beside others in one submission, in an old segment and in the active one.
"""

import base64
import dataclasses
import hashlib
import struct

import pytest
from tests.journal.test_fsck import rewrite
from tests.journal.world import World, body, outcome

from whosaw.errors import (
    BadInput,
    Busy,
    Contradiction,
    Damaged,
    IdempotencyConflict,
    OutcomeUnknown,
    Unavailable,
)
from whosaw.journal.entries import entries
from whosaw.journal.erase import CALLER, tombstone_body
from whosaw.journal.labels import catch_up, enrolled_in
from whosaw.journal.ports import Erasing
from whosaw.journal.repair.repair import repair
from whosaw.journal.segment import Erased, Frame
from whosaw.journal.segments import Segments
from whosaw.journal.submission import Record, prepare
from whosaw.model.record import Stream, canonical, parse
from whosaw.tlog import merkle
from whosaw.tlog.merkle import check_inclusion
from whosaw.tlog.receipt import idem

ANNA = Stream.of_person("anna")


def town(segment_bytes: int = 900) -> World:
    """Several segments, anna in most of them; nobody has it open."""
    world = World(segment_bytes=segment_bytes)
    core = world.open()
    for n in range(4):
        world.record(core, f"ben-{n}", "ben", "carl")
        world.record(core, f"anna-{n}", "anna")
        world.record(core, f"all-{n}", "ben", "anna", "carl", "anna")
        core.integrator.step()
    core.close()
    world.crash()
    return world


def frames(world: World) -> list:
    return list(Segments(world.private, world.manifest).frames(0, world.head.state.size))


def hers(world: World) -> list[Frame]:
    """Her frames, before anything is erased."""
    handle = world.keys.of(ANNA).handle
    return [f for f in frames(world) if isinstance(f, Frame) and f.handle == handle]


def bytes_of(world: World) -> bytes:
    """Every byte that is kept in private, file by file."""
    return b"\n".join(file.data for _, file in sorted(world.private.files.items()))


def left_of(world: World, frames: list[Frame]) -> list[int]:
    """Indexes of frames of which anything is left that opens them: body or nonce."""
    raw = bytes_of(world)
    return [f.index for f in frames if f.nonce in raw or f.body in raw]


def test_of_an_erased_stream_only_places_are_left():
    """No body and no nonce of it anywhere; its frames cite the tombstone; all others are the same bytes; fsck finds it whole."""
    world = town()
    before, theirs = frames(world), hers(world)
    assert left_of(world, theirs) == [f.index for f in theirs]
    core = world.open()
    job = world.erase(core, "anna")
    assert list(job.indexes) == [f.index for f in theirs]
    after = frames(world)
    for old, new in zip(before, after, strict=False):
        if old.index in job.indexes:
            assert new == Erased(old.index, old.left, job.tombstone)
        else:
            assert new == old
    assert after[job.tombstone].body == tombstone_body(job, "request")
    assert left_of(world, theirs) == []
    assert world.keys.of(ANNA).generation == 1
    core.close()
    world.settle()
    assert world.manifest.erasing() == [Erasing(job.indexes, b"", job.tombstone)]
    report = world.fsck()
    assert (report.exit, report.findings) == (0, [])


def test_every_leaf_and_every_proof_is_what_it_was():
    """The entries are the same; a proof made before, of her leaf or of another's, verifies; made again, it is the same bytes."""
    world = town()
    core = world.open()
    size, root = core.state.head.size, core.state.root
    reader = world.reader(core)
    leaves = [f.entry for f in frames(world)]
    proofs = [reader.inclusion(index) for index in range(size)]
    world.erase(core, "anna")
    assert list(entries(world.stores, 0, size, core.state.head.size)) == leaves
    for index, (entry, proof) in enumerate(zip(leaves, proofs, strict=True)):
        check_inclusion(merkle.leaf_hash(entry), index, size, proof, root)
        assert reader.inclusion(index) == proof
    core.close()
    world.settle()


def test_what_was_promised_for_others_is_promised_still():
    """A submission of which a part is erased answers its key with what is left and the receipt it always had."""
    world = town()
    core = world.open()
    earlier = {key: receipt for key, receipt in world.receipts.items() if key.startswith(("ben", "all"))}
    world.erase(core, "anna")
    for key in earlier:
        persons = ("ben", "carl") if key.startswith("ben") else ("ben", "anna", "carl", "anna")
        # A retry repeats what was handed in, under the keys of that time: hers is of another generation now.
        found = core.sequencer.known(world.step(core, world.submission(key, *persons))[0].idem)
        world.promised(key, found)
        assert found.erased == (2 if key.startswith("all") and key != "all-0" else 0) or key == "all-0"
    core.close()
    world.settle()


def test_what_was_erased_is_not_recorded_a_second_time():
    """The key of a submission that is gone stays taken: whoever hands it in again is told, and nothing is recorded."""
    world = town()
    core = world.open()
    world.erase(core, "anna")
    core.integrator.step()
    end = core.state.tail.end
    prepared = world.step(core, world.submission("anna-2", "anna"))
    assert isinstance(prepared[0].future.exception(), IdempotencyConflict)
    assert core.state.tail.end == end
    world.record(core, "anna-new", "anna")
    assert [
        leaf.i for leaf in core.sequencer.known(world.step(core, world.submission("anna-new", "anna"))[0].idem).leaves
    ] == [0, 1]
    core.close()
    world.settle()


def test_a_record_on_its_way_is_refused_and_begins_a_new_stream_when_asked_again():
    """Prepared with the old key, it would be a leaf that nobody can open or erase."""
    world = town()
    core = world.open()
    late = prepare(world.submission("late", "anna"), world.keys)
    world.erase(core, "anna")
    core.sequencer.step([late])
    assert isinstance(late.future.exception(), Unavailable)
    assert core.state.stopped is None
    made = world.record(core, "late", "anna")
    assert [leaf.i for leaf in made.leaves] == [0, 1]
    core.close()
    world.settle()


def test_her_second_stream_can_be_erased_too():
    """Each generation has its own tombstone, and erasing one leaves the other as it is."""
    world = town()
    core = world.open()
    first = world.erase(core, "anna")
    world.record(core, "again", "anna", "ben")
    second = world.erase(core, "anna")
    assert set(first.indexes).isdisjoint(second.indexes)
    assert len(second.indexes) == 2
    core.close()
    world.settle()
    assert [job.done for job in world.manifest.erasing()] == [True, True]
    kinds = {f.tombstone for f in frames(world) if isinstance(f, Erased)}
    assert kinds == {first.tombstone, second.tombstone}


def test_a_stream_without_records_has_nothing_to_erase():
    """Nothing is put on record for it; and nothing can come under a key that is about to go."""
    world = town()
    core = world.open()
    size = core.state.tail.end
    key = world.keys.of(Stream.of_person("nobody"))
    assert world.eraser(core).begin(key, "request") is None
    assert core.state.tail.end == size
    assert isinstance(outcome(lambda: world.record(core, "now", "nobody")), Unavailable)
    world.keys.erase(key.handle)
    world.record(core, "now", "nobody")
    core.close()
    world.settle()


def test_what_a_crash_tore_goes_too():
    """Torn bytes that a start kept aside may be hers: of them the record is left, its length and digest."""
    world = town()
    core = world.open()
    world.faults.arm("append segments/", "torn", keep=170)
    world.step(core, world.submission("torn", "anna", text="secret"))
    core.close()
    world.crash()
    core = world.open()
    assert list(world.private.names("kept"))
    assert b'"text":"secr' in bytes_of(world)
    world.erase(core, "anna")
    assert list(world.private.names("kept")) == []
    assert b'"text":"secr' not in bytes_of(world)
    core.close()
    world.settle()


def test_what_a_start_copied_is_left_nowhere():
    """Frames beyond a head stand twice after a crash, the second time where they count: both are erased."""
    world = town()
    core = world.open()
    world.record(core, "below", "ben")
    core.integrator.step()
    world.record(core, "beyond", "ben", "anna", text="beyond")
    core.close()
    world.crash()
    core = world.open()
    theirs = [f for f in core.state.tail.frames if f.handle == world.keys.of(ANNA).handle]
    assert bytes_of(world).count(theirs[0].nonce) == 2
    world.erase(core, "anna")
    assert left_of(world, theirs) == []
    core.close()
    world.settle()


# ── every write fails ──

STEPS = {
    "1 the list is kept": ("intend erasing", 1),
    "1 the tombstone": ("append segments/", 1),
    "2 it begins": ("begin erasing", 1),
    "4 sealed": ("seal", 1),
    "4 the first new segment": ("replace segments/", 1),
    "4 the third new segment": ("replace segments/", 3),
    "4 the manifest": ("rewrite", 1),
    "4 the manifest again": ("rewrite", 2),
    "4 the old segment": ("delete segments/", 1),
    "4 the last old segment": ("delete segments/", 4),
    "done": ("done erasing", 1),
}


# Played by ``fault_table.py``, each of them lost and late; ``test_write_faults.py`` holds the page of it against a run.


def check(world: World, theirs: list[Frame], others: list[Frame]) -> None:
    """After whatever happened: whole before the start and after it; all of her records are there, or nothing is."""
    assert world.fsck().exit == 0, world.fsck().lines()
    world.settle()
    jobs = world.manifest.erasing()
    assert left_of(world, theirs) == ([] if jobs else [f.index for f in theirs])
    assert all(job.done and job.indexes == tuple(f.index for f in theirs) for job in jobs)
    assert [f for f in frames(world) if f.index in {o.index for o in others}] == others
    # She may come back, or go on, and can be erased after all.
    core = world.open()
    made = world.record(core, "after", "anna")
    assert [leaf.i for leaf in made.leaves][-1] == (1 if jobs else len(theirs))
    world.erase(core, "anna")
    assert left_of(world, [*theirs, *made.leaves]) == []
    core.close()
    world.settle()


SWEEP = 200


@pytest.mark.slow
@pytest.mark.parametrize(("fate", "error"), [("lost", OutcomeUnknown), ("late", OutcomeUnknown), ("lost", Unavailable)])
def test_whatever_call_fails_first(fate, error):
    """The k-th call of an erasure and of the start that takes it up fails, for every k, and once more in that start."""
    for nth in range(1, SWEEP):
        world = town()
        theirs, others = hers(world), [f for f in frames(world) if f.handle != world.keys.of(ANNA).handle]
        core = world.open()
        world.faults.calls.clear()
        world.faults.arm("", fate, nth=nth, error=error)
        failed = outcome(lambda w=world, c=core: w.erase(c, "anna"))
        fired = not world.faults._armed
        assert not isinstance(failed, Damaged | Contradiction | Busy | BadInput), (nth, world.faults.calls[-1], failed)
        core.close()
        world.crash()
        if not fired:
            assert failed is None
            assert nth > 20  # the sweep saw every call
            return
        world.faults.disarm()
        if nth % 2:  # the start fails, too
            world.faults.arm("", fate, nth=nth // 2 + 1, error=error)
            outcome(lambda w=world: w.resume(w.open()))
            world.faults.disarm()
            world.crash()
        check(world, theirs, others)
    raise AssertionError("the sweep came to no end")


# ── beside readers ──


def test_a_reader_from_before_reads_on():
    """Whoever had the log open reads what is left, segment by segment, from whichever file counts."""
    world = town()
    core = world.open()
    reader = world.reader(core)
    walk = reader.frames()
    seen = [next(walk) for _ in range(3)]
    job = world.erase(core, "anna")
    seen += walk
    assert [f.index for f in seen] == list(range(reader.size))
    assert all(isinstance(reader.frame(index), Erased) for index in job.indexes)
    key = dataclasses.replace(world.keys.of(Stream.of_person("ben")))
    assert len(reader.run(key)) == 9
    core.close()
    world.settle()


def test_a_key_that_outlived_its_row_opens_nothing():
    """Erased is not absent: whoever still holds the key is told that the stream is being erased, never that it is empty."""
    world = town()
    core = world.open()
    key = world.keys.of(ANNA)
    world.erase(core, "anna")
    with pytest.raises(Unavailable):
        world.reader(core).run(key)
    core.close()
    world.settle()


# ── what fsck says of it ──


def erased_town() -> tuple[World, Erasing]:
    world = town()
    core = world.open()
    world.erase(core, "anna")
    core.close()
    world.settle()
    return world, world.manifest.erasing()[0]


def put_back(world: World, old: World) -> None:
    """Somebody restores the segments from a copy made before, and the manifest says so."""
    for name in list(world.private.names("segments")):
        if name in old.private.files or ".1." in name:
            world.private.delete(name)
    for name in old.private.names("segments"):
        world.private.set(name, old.private.files[name].data)
    for first, row in old.manifest.segments_.items():
        world.manifest.segments_[first] = row


def test_records_that_are_back_are_found():
    """Segments of before the erasure, put back: on record they are erased, and they are there."""
    world = town()
    core = world.open()
    core.integrator.step()
    core.close()
    world.crash()
    old = world.snapshot()
    core = world.open()
    world.erase(core, "anna")
    core.integrator.step()
    core.close()
    world.crash()
    put_back(world, old)
    report = world.fsck(keys=False)
    assert report.exit == 3
    assert any("still there" in line for line in report.lines()), report.lines()


def test_what_a_backup_brings_back_is_erased_again():
    """Segments of before the erasure, put back where those that count were lost: the next start does it once more."""
    world = town()
    theirs, old = hers(world), world.snapshot()
    world, job = erased_town()
    now = {name: file.data for name, file in world.private.files.items() if name.startswith("segments/")}
    lost = [name for name in now if ".1." in name]
    assert len(lost) > 2
    for name in lost:
        world.private.delete(name)
        world.private.set(name.replace(".1.", "."), old.private.files[name.replace(".1.", ".")].data)
    assert left_of(world, theirs)
    world.settle(also_before=False)
    assert left_of(world, theirs) == []
    assert {name: world.private.files[name].data for name in now} == now
    assert world.manifest.erasing() == [job]


def test_another_file_in_its_place_is_damage():
    """What was put back is not what the segment was made of: nothing is written, and the start says so."""
    world, _ = erased_town()
    (name, *_) = [name for name in world.private.names("segments") if ".1." in name]
    world.private.set(name.replace(".1.", "."), world.private.files[name].data[:-31])
    world.private.delete(name)
    assert isinstance(outcome(world.open), Damaged)
    assert world.private.read(name) is None


@pytest.mark.parametrize(("changes", "says"), [
    ({"count": 3}, "are not those that"),
    ({"frames": "AAAA"}, "are not those that"),
    ({"kind": "test"}, "no erasure is on record"),
])  # fmt: skip
def test_a_tombstone_that_says_otherwise_is_found(changes, says):
    """Another count, another digest, another kind: what was erased was not erased on record, and the exit is 3."""
    world, job = erased_town()
    raw = frames(world)[job.tombstone].body
    rewrite(world, job.tombstone, body=canonical({**parse(raw), **changes}))
    report = world.fsck()
    assert report.exit == 3
    assert any(says in line for line in report.lines()), report.lines()


def test_repair_lives_with_what_is_erased():
    """Labels, positions and idempotency rows are made again around it; a bundle of erased leaves only from a mirror."""
    world, _ = erased_town()
    placed, positions = dict(world.head.placed_), dict(world.head.positions_)
    world.labels._known.clear()
    world.labels._size = 0
    mended = repair(world.stores, world.signers, world.keys)
    assert (mended.after.exit, mended.left) == (0, [])
    assert (world.head.placed_, world.head.positions_) == (placed, positions)


def test_the_record_is_exactly_what_the_design_says():
    """Basis, count, digest of the sorted indexes; no name, no pseudonym, no label."""
    world, job = erased_town()
    core = world.open()
    known = core.sequencer.known(world_idem(job))
    assert known.leaves[-1].body == (
        b'{"basis":"request","count":13,"frames":"%s","kind":"erasure","v":1}' % digest_of(job.indexes)
    )
    core.close()


def world_idem(job: Erasing) -> bytes:
    return idem(CALLER, job.digest.hex())


def digest_of(indexes: tuple[int, ...]) -> bytes:
    """By hand: SHA-256 over the indexes, eight bytes each, rising."""
    return base64.b64encode(hashlib.sha256(b"".join(struct.pack(">Q", n) for n in sorted(indexes))).digest())


def test_something_is_recorded_beside_the_tombstone_or_nothing():
    """Who gave the order stands in another stream, in the same submission: both are there, or none is."""
    world = town()
    core = world.open()
    beside = Record(Stream.named("admin"), body("ordered"))
    job = world.eraser(core).begin(world.keys.of(ANNA), "request", lambda _: [beside])
    recorded = core.sequencer.known(world_idem(job))
    assert [leaf.body for leaf in recorded.leaves if leaf.i] == [tombstone_body(job, "request"), body("ordered")]
    world.finish(core, job)
    core.close()
    world.settle()


def test_an_order_of_the_same_list_is_the_same_erasure():
    """Asked again in the same process after a failure, what is on record is taken up and not recorded twice."""
    world = town()
    core = world.open()
    world.faults.arm("begin erasing", "lost", error=Unavailable)
    assert isinstance(outcome(lambda: world.erase(core, "anna")), Unavailable)
    size = core.state.tail.end
    world.erase(core, "anna")
    assert core.state.tail.end == size
    core.close()
    world.settle()


def test_while_the_label_table_is_made_again_nobody_begins_an_erased_stream_a_second_time():
    """It does not know the first label then, which stands in the log for ever. Known ones are known, as far as it goes."""
    world = town()
    first = hers(world)[0]
    core = world.open()
    world.erase(core, "anna")
    core.close()
    world.settle()
    enrolled, labels = enrolled_in(world.stores), world.stores.labels
    assert (enrolled(first.label), enrolled(b"n" * 32)) == (True, False)
    labels.clear()
    assert isinstance(outcome(lambda: enrolled(first.label)), Unavailable)
    catch_up(world.public, labels, world.head.state.size)
    assert (enrolled(first.label), enrolled(b"n" * 32)) == (True, False)

# SPDX-License-Identifier: Apache-2.0
"""`checkpoint.witnessed` inside the journal: kept, found again, held against the log; and what a start asks first."""

import threading
from datetime import timedelta

import pytest
from tests.journal.world import ORIGIN, World, at_size, body, signers

from whosaw.errors import Damaged, OutcomeUnknown, ProofFailed, Unavailable
from whosaw.journal.core import Core
from whosaw.journal.fsck.findings import Fault
from whosaw.journal.heads import signed
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, parse
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import check_inclusion, leaf_hash, root_at
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer, Signature, parse_note
from whosaw.verify.witnessed import WITNESSED

WITNESS = Ed25519Signer.from_seed("w1.example.net", b"\x15" * 32, COSIGNATURE)


def cosigned(note):
    """A head of ours with one more line."""
    line = Signature(WITNESS.name, WITNESS.key_id, WITNESS.sign(parse_note(note).text, 1_800_000_000))
    return note + line.encode()


def grown(world, core, *keys):
    """The published note after each of these records."""
    notes = []
    for key in keys:
        world.record(core, key)
        core.integrator.step()
        notes.append(core.state.published.note)
    return notes


@pytest.fixture
def world():
    return World()


def test_it_is_kept_and_found_again(world):
    """Larger heads replace smaller ones and never the other way round; the next start knows it."""
    core = world.open()
    one, two = map(cosigned, grown(world, core, "a", "b"))
    assert core.witnessed.shown is None
    core.witnessed.keep(two)
    core.witnessed.keep(one)
    assert world.public.read(WITNESSED) == two
    again = cosigned(two)  # the same size, with another line
    core.witnessed.keep(again)
    assert core.witnessed.shown.note == again
    core.close()
    world.crash()
    assert world.open().witnessed.shown.note == again


def test_only_published_heads_of_ours_are_kept(world):
    """Another log's, one without all of our lines, and one that was never published are refused."""
    core = world.open()
    (note,) = grown(world, core, "a")
    text, lines = note.split(b"\n\n")
    ahead = signed(Checkpoint.of(ORIGIN, 99, bytes(32)), world.signers.logs, 0).note
    other = signed(Checkpoint.of(ORIGIN, 2, bytes(32)), signers(99).logs, 0).note
    for wrong in (b"nothing\n", text + b"\n\n" + lines.splitlines(keepends=True)[0], ahead, other):
        with pytest.raises(Damaged):
            core.witnessed.keep(wrong)
    assert world.public.read(WITNESSED) is None


@pytest.mark.parametrize("fate", ["lost", "late"])
@pytest.mark.parametrize("error", [Unavailable, OutcomeUnknown])
def test_a_write_that_fails_leaves_the_old_or_the_new_one(world, fate, error):
    """Whoever keeps it tries again; recording goes on, and a start finds what stands."""
    core = world.open()
    one, two = map(cosigned, grown(world, core, "a", "b"))
    core.witnessed.keep(one)
    world.faults.arm(f"replace {WITNESSED}", fate, error=error)
    with pytest.raises(error):
        core.witnessed.keep(two)
    assert world.public.read(WITNESSED) == (two if fate == "late" else one)
    world.record(core, "goes on")
    core.integrator.step()
    core.witnessed.keep(two)
    assert world.public.read(WITNESSED) == two
    core.close()
    world.settle()


def test_waiting(world):
    """Whoever waits is told by the first head that covers the index; after the time, that it waits for witnesses."""
    core = world.open()
    one, two = map(cosigned, grown(world, core, "a", "b"))
    core.witnessed.keep(one)
    size = Checkpoint.parse(parse_note(one).text).size
    assert core.witnessed.wait(size - 1, 0) == one
    with pytest.raises(Unavailable, match="not witnessed yet"):
        core.witnessed.wait(size, 0)
    got = []
    thread = threading.Thread(target=lambda: got.append(core.witnessed.wait(size, 20)))
    thread.start()
    core.witnessed.keep(two)
    thread.join()
    assert got == [two]


def wrong_files(world):
    """Files of that name that are none, each with a word for it."""
    note = cosigned(world.public.read("checkpoint"))
    for size, root in ((1, bytes(32)), (world.head.state.size + 1, bytes(32)), (world.head.state.size, bytes(32))):
        yield signed(Checkpoint.of(ORIGIN, size, root), world.signers.logs, 0).note
    yield note.replace(b"\n", b"\r\n")
    yield note[:40]
    yield b""
    yield signed(Checkpoint.of(ORIGIN, 1, bytes(32)), signers(99).logs, 0).note


@pytest.mark.parametrize("number", range(7))
def test_another_history_stops_a_start_and_is_found(number):
    """Ahead of the head, of another root, not ours: no start, nothing recorded; fsck names the file."""
    world = at_size(300)
    for n, raw in enumerate(wrong_files(world)):
        if n == number:
            world.public.set(WITNESSED, raw)
    with pytest.raises(Damaged):
        world.open()
    world.crash()
    report = world.fsck()
    assert [(f.kind, f.where, f.untidy) for f in report.findings] == [(Fault.CHECKPOINT, WITNESSED, False)]
    assert report.exit == 3


@pytest.mark.parametrize("size", [1, 255, 256, 257, 300])
def test_every_older_head_is_the_beginning(size):
    """The root of any smaller size is found in the tiles that stand now; fsck and a start accept it."""
    world = at_size(300)
    node = at_size(size).head.state
    world.public.set(WITNESSED, cosigned(node.note))
    assert world.fsck().findings == []
    core = world.open()
    assert core.witnessed.shown.size == size
    core.close()


def test_every_bit_of_it_counts():
    """A bit turned in our part of the file is found; a bit in a witness's line is for its verifiers to find."""
    world = at_size(3)
    note = world.public.read("checkpoint")
    whole = cosigned(note)
    for at in range(0, len(note), 53):
        world.public.set(WITNESSED, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert world.fsck().exit == 3, at


# ── what a start asks first ──


def opened(world, before):
    return Core.open(world.stores, world.keys, world.signers, clock=world.clock, random=world.random, before=before)


def test_what_is_asked_first_may_end_the_start(world):
    """Nothing is recorded and nothing signed, the lock is free, and the next start asks again."""
    core = world.open()
    grown(world, core, "a")
    core.close()
    world.crash()
    files, texts = dict(world.private.files), [list(s.texts) for s in world.signers.logs]
    head = world.head.state

    def before(stood):
        log, index = stood
        assert log.head().note == head.note
        assert index.head().note == world.map_head.state.note
        raise ProofFailed("another history")

    for _ in range(2):
        with pytest.raises(ProofFailed):
            opened(world, before)
    assert {n: f.data for n, f in world.private.files.items()} == {n: f.data for n, f in files.items()}
    assert [s.texts for s in world.signers.logs] == texts
    assert world.head.state == head
    opened(world, lambda log: ()).close()


def test_what_it_returns_is_the_first_record(world):
    """Before bytes that were cut, and before anything that somebody asks for."""
    core = world.open()
    grown(world, core, "a")
    world.faults.arm("append segments/", "torn", keep=50)
    world.step(core, world.submission("torn", "anna"))
    core.close()
    world.crash()
    world.faults.disarm()
    size = world.head.state.size
    reason = Submission("witness", "start-1", (Record(Stream.named("admin"), body("a reason")),))
    core = opened(world, lambda log: (reason,))
    core.integrator.step()
    said = [parse(f.body) for f in core.sequencer._segments.frames(size, core.state.head.size)]
    assert [each["kind"] for each in said] == ["enrol", "test", "tail"]
    core.close()
    world.settle()


def test_a_fork_stops_everything(world):
    """Told from outside that another history exists: nothing more is taken or signed, and the reason is what callers get."""
    core = world.open()
    grown(world, core, "a")
    world.record(core, "durable and not under a head yet")
    core.state.stop(ProofFailed("another history of this log exists: w1", hint="read"))
    head = world.head.state
    with pytest.raises(Unavailable, match="another history of this log exists: w1"):
        world.record(core, "b")
    with pytest.raises(Unavailable, match="another history"):
        core.witnessed.wait(99, 20)
    assert core.integrator.step() is False
    assert world.head.state == head
    core.close()
    world.settle()


# ── the map log ──

MAP_WITNESSED = f"map/{WITNESSED}"


def with_witnesses(world):
    world.core = Core.open(
        world.stores, world.keys, world.signers, clock=world.clock, random=world.random, witnesses=True
    )
    return world.core


def map_note(core):
    return core.map.witnessed.face.published().note


def test_the_map_log_has_a_file_of_its_own(world):
    """Kept, found again by the next start, held against the map log's own heads; fsck looks at it."""
    core = world.open()
    grown(world, core, "a")
    core.map.answer()
    note = cosigned(map_note(core))
    core.map.witnessed.keep(note)
    assert world.public.read(MAP_WITNESSED) == note
    with pytest.raises(Damaged):
        core.map.witnessed.keep(cosigned(core.state.published.note))  # the log's own head is none of it
    core.close()
    world.crash()
    assert world.fsck().findings == []
    assert world.open().map.witnessed.shown.note == note


@pytest.mark.parametrize("size", [1, 2, 9])
def test_another_history_of_the_map_log_stops_a_start_and_is_found(world, size):
    """Of another root, or ahead of its head: no start, though the log itself is whole; fsck names the file."""
    core = world.open()
    grown(world, core, "a")
    core.map.answer()
    grown(world, core, "b")
    core.map.answer()
    core.close()
    world.crash()
    world.public.set(MAP_WITNESSED, signed(Checkpoint.of(f"{ORIGIN}/map", size, bytes(32)), world.signers.maps, 0).note)
    with pytest.raises(Damaged, match=r"map/checkpoint\.witnessed"):
        world.open()
    world.crash()
    [found] = world.fsck().findings
    assert (found.kind, found.where, found.untidy) == (Fault.MAP, MAP_WITNESSED, False)


def test_only_heads_that_were_seen_get_an_index(world):
    """Of a log with witnesses: no leaf of the map log before, and then one of exactly that head, with its cosignatures."""
    core = with_witnesses(world)
    one, two = map(cosigned, grown(world, core, "a", "b"))
    world.clock.at += timedelta(minutes=5)
    assert core.map.step() is False
    with pytest.raises(Unavailable, match="no witness has seen"):
        core.map.answer()
    core.witnessed.keep(one)
    assert core.map.step() is True
    core.map.witnessed.keep(cosigned(map_note(core)))
    mapped = core.map.seen(0)
    assert (mapped.reader.note, mapped.checkpoint) == (one, core.map.witnessed.shown.note)
    assert mapped.index.size == mapped.reader.size
    core.witnessed.keep(two)
    with pytest.raises(Unavailable, match="not witnessed yet"):
        core.map.seen(0)  # its leaf is there, and nobody has seen it
    core.map.witnessed.keep(cosigned(map_note(core)))
    assert core.map.seen(0).reader.note == two
    core.close()
    world.settle()


def test_a_pair_that_was_overtaken_is_still_a_pair(world):
    """Witnesses see an older head of the map log than the newest: what is answered is of that one, and of its own head."""
    core = with_witnesses(world)
    notes = [cosigned(note) for note in grown(world, core, "a", "b", "c")]
    heads = []
    for note in notes:
        core.witnessed.keep(note)
        core.map.answer()
        heads.append(cosigned(map_note(core)))
    core.map.witnessed.keep(heads[1])
    shown = core.map.witnessed.shown
    mapped = core.map._mapped(shown)
    assert (mapped.reader.note, mapped.checkpoint) == (notes[1], heads[1])
    of = MapLeaf.parse(mapped.leaf)
    assert of.root == mapped.index.root
    assert of.open(world.signers.keys()).size == mapped.reader.size
    check_inclusion(leaf_hash(mapped.leaf), shown.size - 1, shown.size, mapped.path, parsed(heads[1]).root)
    core.map.witnessed.keep(heads[2])
    assert core.map.seen(0).reader.note == notes[2]
    core.close()
    world.settle()


def parsed(note):
    return Checkpoint.parse(parse_note(note).text)


def test_after_a_restart_the_newest_pair_is_known(world):
    """Head and index were seen before the process ended: nothing new must be signed to answer from them."""
    core = with_witnesses(world)
    (one,) = map(cosigned, grown(world, core, "a"))
    core.witnessed.keep(one)
    core.map.answer()
    core.map.witnessed.keep(cosigned(map_note(core)))
    core.close()
    world.crash()
    core = with_witnesses(world)
    size = world.map_head.state.size
    assert core.map.seen(0).reader.note == one
    assert world.map_head.state.size == size


def test_a_stop_of_the_map_log_is_its_own(world):
    """Told from outside that it forked: no more of it is signed, whoever waits for it is told; records go on."""
    core = with_witnesses(world)
    (one,) = map(cosigned, grown(world, core, "a"))
    core.witnessed.keep(one)
    core.map.answer()
    core.map.witnessed.face.stop(ProofFailed("another history of the map log exists: w1", hint="read"))
    for asked in (core.map.answer, lambda: core.map.seen(20), lambda: core.map.witnessed.wait(9, 20)):
        with pytest.raises(Unavailable, match="another history of the map log exists: w1"):
            asked()
    grown(world, core, "b")
    core.close()
    world.settle()


def test_a_start_with_an_old_head_leaves_every_file_as_it_is(world):
    """Refused, and nothing was written: with the right head database back in its place the log goes on."""
    core = world.open()
    grown(world, core, "a")
    heads = world.head, world.map_head

    def kept():
        return [(head.state, dict(head.positions_), dict(head.placed_)) for head in heads]

    def put(states):
        for head, (state, positions, placed) in zip(heads, states, strict=True):
            head.state, head.positions_, head.placed_ = state, dict(positions), dict(placed)

    old = kept()
    core.close()
    world.crash()
    for key in ("b", "c"):  # each start begins a segment of its own
        core = world.open()
        grown(world, core, key)
        core.close()
        world.crash()
    right, files = kept(), [dict(folder.files) for folder in (world.public, world.private)]
    put(old)
    with pytest.raises(Damaged, match=r"the head database may be an old copy|the head database knows"):
        world.open()
    world.crash()
    assert [dict(folder.files) for folder in (world.public, world.private)] == files
    put(right)
    core = world.open()
    world.record(core, "d")
    core.close()
    world.settle()


@pytest.mark.parametrize("part", ["log", "map"])
@pytest.mark.parametrize("staged", [True, False])
def test_a_head_that_is_not_shown_yet_is_asked_about(world, part, staged):
    """A crash between swap and publish: the witnesses are asked about the newer head, before one file is written."""
    core = world.open()
    grown(world, core, "a", "b")
    core.map.answer()
    grown(world, core, "c")
    at = "map/" if part == "map" else ""
    shown = world.public.read(f"{at}checkpoint")
    world.faults.arm(f"replace {at}checkpoint", "lost", error=OutcomeUnknown)
    if part == "log":
        world.record(core, "d")
    with pytest.raises(OutcomeUnknown):
        core.integrator.step() if part == "log" else core.map.answer()
    core.close()
    world.crash()
    world.faults.disarm()
    if not staged and part == "log":  # then it follows from the frames
        for name in list(world.private.names("staging")):
            world.private.delete(name)
    state = (world.head if part == "log" else world.map_head).state
    files = [dict(folder.files) for folder in (world.public, world.private)]
    heads = []

    def before(stood):
        one = stood[part == "map"]
        assert world.public.read(f"{at}checkpoint") == shown != state.note
        assert [dict(folder.files) for folder in (world.public, world.private)] == files
        head = one.head()
        assert (head.note, head.checkpoint.size) == (state.note, state.size)
        heads.append(root_at(head.node, head.checkpoint.size) == head.checkpoint.root)
        if len(heads) == 1:
            raise ProofFailed("another history")
        return ()

    with pytest.raises(ProofFailed):
        opened(world, before)
    world.crash()
    assert [dict(folder.files) for folder in (world.public, world.private)] == files
    opened(world, before).close()
    assert heads == [True, True]
    assert world.public.read(f"{at}checkpoint") == state.note
    world.settle()

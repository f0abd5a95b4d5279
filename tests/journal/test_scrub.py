# SPDX-License-Identifier: Apache-2.0
"""The scrub goes around, names a flipped bit to the byte, and writes nothing but where it is and what it found."""

import ctypes
import mmap
import os
from datetime import timedelta

import pytest
from tests.journal.test_fsck import flip, small
from tests.journal.test_repair import private, public
from tests.journal.world import World, at_size

from whosaw.errors import BadInput, Damaged
from whosaw.journal.fsck.findings import Fault
from whosaw.journal.scrub import reports
from whosaw.journal.scrub.frames import flipped_bit
from whosaw.journal.scrub.scrub import STATE, Scrub, rounds
from whosaw.journal.segment import parse_frame
from whosaw.journal.segments import Segments
from whosaw.model.record import parse
from whosaw.store.files import FilesFolder


@pytest.fixture(scope="module")
def kept():
    return small()


@pytest.fixture
def world(kept):
    return kept.snapshot()


def scrub(world):
    return Scrub(world.stores, world.signers, world.clock)


def around(world):
    """Once around; everything found."""
    made, found = scrub(world), []
    while True:
        before = made.at.last
        found += made.step()
        if made.at.last is not before:
            return made, found


def test_a_whole_log_is_gone_around(world):
    """Every leaf once, every file that the head needs from the disk, and a report that says so."""
    world.faults.calls.clear()
    made, found = around(world)
    last = made.at.last
    size = world.head.state.size
    assert (found, last.damaged, last.leaves) == ([], 0, size)
    forgotten = {call.removeprefix("forget ") for call in world.faults.calls if call.startswith("forget ")}
    read = {call.removeprefix("read ") for call in world.faults.calls if call.startswith("read tile/")}
    assert read <= forgotten
    assert {name for name in forgotten if name.startswith("segments/")}
    (name,) = world.private.names(reports.FOLDER)
    body = parse(world.private.files[name].data)
    assert (body["kind"], body["leaves"], body["damaged"], body["found"]) == ("scrub", size, 0, [])


def bits(world, names):
    """(folder, file, byte) in the middle of each file."""
    for folder, name in names:
        size = len(folder.files[name].data)
        for at in (size // 3,):
            yield folder, name, at


def test_a_flipped_bit_is_named_to_the_byte(kept):
    """In every bundle, tile and segment that a head needs: the file and the byte; and nothing is overwritten."""
    newest = [n for n in public(kept) if n.startswith("tile/") and ".p/" not in n] + [
        f"tile/{level}.p/{width}" for level, width in (("entries/001", 42), ("0/001", 42), ("1/000", 1))
    ]
    for number in range(len(newest)):
        world = kept.snapshot()
        name = newest[number]
        for folder, _, at in bits(world, [(world.public, name)]):
            whole = folder.files[name].data
            folder.set(name, flip(whole, at))
            files, inside = public(world), private(world)
            _, found = around(world)
            assert found, (name, at)
            exact = [f for f in found if f.where.endswith(f"{name}, byte {at}")]
            length = name.startswith("tile/entries") and at % 67 < 2
            assert exact or length, (name, at, [f.where for f in found])
            assert public(world) == files
            assert private(world) == private(world) | inside | {STATE: world.private.files[STATE].data}
            folder.set(name, whole)
    for name in kept.private.names("segments"):
        world = kept.snapshot()
        for folder, _, at in bits(world, [(world.private, name)]):
            whole = folder.files[name].data
            folder.set(name, flip(whole, at))
            _, found = around(world)
            assert folder.files[name].data == flip(whole, at)
            if any(f.kind is Fault.FRAME and ", bit " in f.where for f in found):
                folder.set(name, whole)
                continue
            assert not found and at > 0, (name, at)  # beyond the last frame that counts
            folder.set(name, whole)


def test_a_single_bit_of_a_frame_is_found(world):
    """Each bit of a frame turned: exactly that one is named; two of them are not."""
    segments = Segments(world.private, world.stores.manifest)
    mark, offset, length = segments.place(20)
    raw = world.private.files[mark.name].data[offset : offset + length]
    parse_frame(raw, 0, mark)
    for bit in range(0, 8 * len(raw), 37):
        broken = bytearray(raw)
        broken[bit // 8] ^= 1 << bit % 8
        assert flipped_bit(bytes(broken), mark) == bit
    broken = bytearray(raw)
    broken[40] ^= 3
    assert flipped_bit(bytes(broken), mark) is None
    world.private.set(mark.name, flip(world.private.files[mark.name].data, offset + 50))
    _, found = around(world)
    assert [f.where for f in found] == [f"index 20, {mark.name}, byte {offset + 50}, bit 0"]


def test_missing_and_longer_files(world):
    """Not only bits: a file that is gone or has another length is named."""
    for name, change in (
        ("tile/0/000", None),
        ("tile/entries/000", None),
        ("tile/0/000", b"more"),
        ("tile/entries/000", b"more"),
    ):
        whole = world.public.files[name].data
        world.public.delete(name) if change is None else world.public.set(name, whole + change)
        _, found = around(world)
        assert any(name in f.where for f in found), name
        world.public.set(name, whole)
    assert around(world)[1] == []


def test_the_map_log_and_the_labels_are_gone_around_too(world):
    """A tile of the map log; a label elsewhere."""
    name = max((n for n in public(world) if n.startswith("map/tile/0")), key=lambda n: int(n.rpartition("/")[2]))
    whole = world.public.files[name].data
    world.public.set(name, flip(whole, 33))
    _, found = around(world)
    assert any(f.kind is Fault.MAP and name in f.where for f in found)
    world.public.set(name, whole)
    world.labels._known[next(iter(world.labels._known))] += 1
    assert [f.kind for f in around(world)[1]] == [Fault.LABELS]


def test_it_goes_on_where_it_was():
    """A new process begins at the look that was noted; one that is over begins a new round."""
    world = at_size(600)
    first = scrub(world)
    first.step()
    first.save()
    second = scrub(world)
    assert (second.at.now.next, second.at.now.began) == (1, first.at.now.began)
    while second.at.last is None:
        second.step()
    assert rounds(world.private).last.leaves == 600
    assert scrub(world).at.now.next == 0


def test_a_state_that_cannot_be_read_begins_again(world):
    """What it loses is some work."""
    world.private.set(STATE, b"no state")
    assert scrub(world).at.now.next == 0


def test_it_keeps_up_with_a_log_that_grows():
    """Beside a journal that goes on: each look is of the head that is published then."""
    world = at_size(300)
    core = world.open()
    made, found = scrub(world), []
    for n in range(30):
        world.record(core, f"k-{n}", *["anna"] * 20)
        core.integrator.step()
        world.clock.at += timedelta(minutes=20)
        found += made.step()
    assert found == []
    core.close()


def test_reports_are_recorded_once(world):
    """A report waits for a sequencer; it is recorded in `admin`, and its file goes. One that is no report is damage."""
    around(world)
    core = world.open()

    class Open:
        def submit(self, submission):
            prepared = core.record(submission)
            return prepared.future.result()

    files = {name: world.private.files[name] for name in world.private.names(reports.FOLDER)}
    end = core.state.tail.end
    assert reports.record(world.private, Open()) == 1
    assert list(world.private.names(reports.FOLDER)) == []
    world.private.files |= files  # a crash before the file was gone
    assert reports.record(world.private, Open()) == 1
    assert core.state.tail.end - end <= 2  # the stream may have needed its enrolment
    world.private.set("reports/x.json", b"{}")
    with pytest.raises(Damaged):
        reports.record(world.private, Open())
    core.close()


def test_no_log():
    """A wrong path."""
    with pytest.raises(BadInput):
        scrub(World(made=False)).step()


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system cannot be told to forget")
def test_forgotten_bytes_come_from_the_disk(tmp_path):
    """After `forget` no page of the file is in the cache; the next read brings the bytes back."""
    folder = FilesFolder(tmp_path / "f")
    folder.create_or_compare([("name", bytes(range(256)) * 64)])
    assert resident(tmp_path / "f/name") > 0
    folder.forget("name")
    if resident(tmp_path / "f/name"):
        pytest.skip("this file system keeps its pages")
    assert folder.read("name") == bytes(range(256)) * 64
    folder.forget("not there")


def resident(path) -> int:
    """How many pages of a file the system has in memory."""
    size = path.stat().st_size
    with path.open("r+b" if os.access(path, os.W_OK) else "rb") as file:
        mapped = mmap.mmap(file.fileno(), size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    pages = -(-size // mmap.PAGESIZE)
    seen = (ctypes.c_ubyte * pages)()
    place = ctypes.c_char.from_buffer(mapped)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mincore(ctypes.c_void_p(ctypes.addressof(place)), ctypes.c_size_t(size), seen) == 0
    del place
    mapped.close()
    return sum(page & 1 for page in seen)

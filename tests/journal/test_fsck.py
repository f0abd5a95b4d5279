# SPDX-License-Identifier: Apache-2.0
"""fsck finds what it says it finds: every kind planted once, and a byte flipped in every file of a log on a disk."""

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from tests.journal.world import ORIGIN, World, at_size, body, genesis_of, signers

from whosaw.beside import all_keys, glance
from whosaw.errors import BadInput, Damaged, Misconfigured, WhosawError
from whosaw.journal.fsck.findings import KEPT, Fault, Report
from whosaw.journal.fsck.fsck import fsck
from whosaw.journal.heads import signed
from whosaw.journal.place import enrolment
from whosaw.journal.ports import HeadState, Placed
from whosaw.journal.segment import Erased, Mark, parse_frame
from whosaw.journal.segments import Segments
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream
from whosaw.store.memory import MemoryStreamKeys
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import EMPTY_ROOT
from whosaw.wiring import build, house


def small() -> World:
    """Three hundred leaves in three segments, an older partial beside a full tile, something torn and kept aside."""
    world = at_size(250)
    world.segment_bytes = 2_000
    core = world.open()
    for n in range(20):
        world.record(core, f"s-{n}", "anna", f"person-{n % 5}")
        if n % 4 == 0:
            core.integrator.step()
            core.map.answer()
    core.integrator.step()
    core.map.answer()
    world.faults.arm("append segments/", "torn", keep=50)
    world.step(core, world.submission("torn", "anna"))
    core.close()
    world.settle()
    return world


@pytest.fixture(scope="module")
def kept():
    return small()


@pytest.fixture
def world(kept):
    return kept.snapshot()


def test_a_whole_log_has_no_findings(world):
    """Nothing is found, everything was looked at, and the report says so in sentences."""
    report = world.fsck()
    assert (report.findings, report.exit, report.whole) == ([], 0, True)
    assert report.size == report.published == world.head.state.size
    assert report.head == world.head.state.note
    tiles = len(list(world.public.names("tile")))
    counts = [check.looked_at for check in report.checks.values()]
    of_map = len(list(world.public.names("map"))) + 1  # with its checkpoint, and its head
    assert counts == [report.size + 1, report.size, tiles, of_map, 3, report.size]
    assert all(line.endswith(".") for line in report.lines())
    assert report.damage == []


def test_it_changes_nothing_and_takes_no_lock(world):
    """It runs beside an open journal, and calls nothing that writes."""
    core = world.open()
    world.faults.calls.clear()
    assert world.fsck().findings == []
    assert {call.split()[0] for call in world.faults.calls} <= {"read"}
    core.close()


def test_progress_goes_from_nothing_to_all(world):
    """Whoever waits hears of both long walks, each up to the whole of it."""
    heard = []
    fsck(world.stores, world.signers, progress=lambda *said: heard.append(said))
    size = world.head.state.size
    assert {what for what, done, of in heard if done == of == size} == {"frames", "published"}
    assert all(done <= of for _, done, of in heard)


def test_without_keys_it_says_what_was_not_checked(world):
    """Labels cannot be made again without keys: said, and not called whole."""
    report = world.fsck(keys=False)
    assert report.findings == []
    assert "without the keyring" in report.checks[6].sentence


def test_no_journal_is_no_damage():
    """An empty folder is a wrong path."""
    with pytest.raises(BadInput, match="no journal here"):
        World(made=False).fsck()


# ── what a crash leaves ──


def test_what_a_crash_leaves_is_untidy(world):
    """Frames beyond the head, staging, a checkpoint behind, files not written, labels behind: nothing of it is damage."""
    core = world.open()
    world.record(core, "more", "anna")
    core.integrator.step()
    world.record(core, "and more", *["anna"] * 8)
    world.faults.arm("create tile/0", "lost")
    with pytest.raises(WhosawError):
        core.integrator.step()
    core.close()
    world.crash()
    core.stores.private.append_to("segments/00000000000000000999.seg").append(b"\0" * 10)
    world.private.delete("segments/00000000000000000999.seg")
    report = world.fsck()
    assert report.exit == 0
    assert {finding.kind for finding in report.findings} == {
        Fault.STAGING, Fault.CHECKPOINT, Fault.PUBLISHED, Fault.LABELS,
    }  # fmt: skip
    assert all(finding.untidy and str(finding).endswith("(untidy)") for finding in report.findings)
    assert (report.size, report.published) == (world.head.state.size, world.head.state.size - 8)
    world.settle()


def test_what_is_under_no_head_yet_is_untidy(world):
    """A running journal has something there nearly always."""
    core = world.open()
    world.record(core, "more", "anna")
    core.close()
    assert [(f.kind, f.untidy) for f in world.fsck().findings] == [(Fault.TAIL, True)]


# ── damage, kind by kind ──


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def change(folder, name: str, at: int = -1) -> None:
    data = folder.files[name].data
    folder.set(name, flip(data, at % len(data)))


def rewrite(world: World, at_index: int, **changes) -> None:
    """Replace a frame by another one, with a check that fits."""
    names = sorted(world.private.names("segments"))
    name = [n for n in names if int(n[9:29]) <= at_index][-1]
    mark, raw, at, made = Mark(int(name[9:29])), world.private.files[name].data, 0, b""
    while at < len(raw):
        frame, at = parse_frame(raw, at, mark)
        made += (replace(frame, **changes) if frame.index == at_index else frame).encode(mark)
    world.private.set(name, made)


def sign(world: World, **changes) -> HeadState:
    """A head that says something else, well signed."""
    core = world.open()
    says = {"origin": ORIGIN, "size": core.state.head.size, "root": core.state.root} | changes
    core.close()
    return signed(Checkpoint.of(**says), world.signers.logs, core.state.head.signed_at)


def segment_missing(world):
    world.private.delete(sorted(world.private.names("segments"))[1])


def segment_stray(world):
    world.private.set("segments/notes.txt", b"hello")


def segment_cut(world):
    name = min(world.private.names("segments"))
    world.private.set(name, world.private.files[name].data[:-700])


def frame_flipped(world):
    change(world.private, min(world.private.names("segments")), 5_000)


def frame_of_another_index(world):
    rewrite(world, 20, index=21)


def submission_without_end(world):
    # The newest segment ends where the log ends: its last frame says that more follows.
    rewrite(world, world.head.state.size - 1, left=1)


def wiped(world: World, at_index: int, tombstone: int) -> None:
    """Put an erased frame in the place of a record, and a row that fits."""
    names = sorted(world.private.names("segments"))
    name = [n for n in names if int(n[9:29]) <= at_index][-1]
    mark, raw, at, made = Mark(int(name[9:29])), world.private.files[name].data, 0, b""
    while at < len(raw):
        frame, at = parse_frame(raw, at, mark)
        made += (Erased(at_index, frame.left, tombstone) if frame.index == at_index else frame).encode(mark)
    world.private.set(name, made)
    if row := world.manifest.segments_.get(mark.first):
        world.manifest.segments_[mark.first] = replace(row, bytes=len(made))


def erased_by_a_look(world):
    wiped(world, 20, 30)


def erased_before_it_was_there(world):
    wiped(world, 20, 20)


def erased_by_what_is_to_come(world):
    wiped(world, 20, 10_000)


def sealed_with_other_bytes(world):
    first, row = next(iter(world.manifest.segments_.items()))
    world.manifest.segments_[first] = replace(row, bytes=row.bytes - 1)


def sealed_with_other_frames(world):
    first, row = next(iter(world.manifest.segments_.items()))
    world.manifest.segments_[first] = replace(row, count=row.count + 1)


def sealed_in_another_generation(world):
    first, row = next(iter(world.manifest.segments_.items()))
    world.manifest.segments_[first] = replace(row, generation=1)


def tail_damaged(world):
    core = world.open()
    world.record(core, "one", "anna")
    world.record(core, "two", "anna")
    core.close()
    change(world.private, max(world.private.names("segments")), 10)


def cut_changed(world):
    change(world.private, next(iter(world.private.names("kept"))))


def cut_stray(world):
    world.private.set("kept/notes.txt", b"hello")


def body_not_canonical(world):
    rewrite(world, 30, body=b'{"v":1, "kind":"test"}')


def genesis_twice(world):
    rewrite(world, 30, body=genesis_of(world.signers).encode())


def leaf_not_opened(world):
    rewrite(world, 30, nonce=bytes(32))


def leaf_misshapen(world):
    change(world.public, "tile/entries/000", 2)


def bundle_flipped(world):
    change(world.public, "tile/entries/000", 700)


def bundle_missing(world):
    world.public.delete("tile/entries/000")


def tile_flipped(world):
    change(world.public, "tile/0/000", 700)


def upper_tile_cut(world):
    world.public.set("tile/1/000.p/1", b"short")


def old_partial_flipped(world):
    change(world.public, "tile/0/000.p/250", 700)


def stranger(world):
    world.public.set("index.html", b"hello")


def ahead_of_the_log(world):
    world.public.set("tile/0/001.p/255", bytes(255 * 32))


def head_without_a_key(world):
    world.head.state = replace(world.head.state, note=world.head.state.note.rsplit(b"\xe2\x80\x94", 1)[0])


def head_of_others(world):
    world.signers = signers(40)


def head_of_another_root(world):
    world.head.state = sign(world, root=bytes(32))
    world.public.set("checkpoint", world.head.state.note)


def head_of_another_size(world):
    world.head.state = replace(world.head.state, size=world.head.state.size - 1)


def head_of_another_time(world):
    world.head.state = replace(world.head.state, signed_at=world.head.state.signed_at + 5_000)


def checkpoint_of_a_fork(world):
    world.public.set("checkpoint", sign(world, root=bytes(32)).note)


def checkpoint_of_the_future(world):
    world.public.set("checkpoint", sign(world, size=world.head.state.size + 5).note)


def checkpoint_flipped(world):
    change(world.public, "checkpoint", 30)


def checkpoint_missing(world):
    world.public.delete("checkpoint")


def checkpoint_with_another_line(world):
    world.public.set("checkpoint", world.head.state.note + "— example.org/w AAAAAAAA\n".encode())


def genesis_missing(world):
    world.public.delete("genesis")


def genesis_flipped(world):
    change(world.public, "genesis", 40)


def receipt_key_of_others(world):
    world.signers = replace(world.signers, receipts=signers(40).receipts)


def witnessed_of_a_fork(world):
    world.public.set("checkpoint.witnessed", sign(world, root=bytes(32)).note)


def witnessed_of_the_future(world):
    world.public.set("checkpoint.witnessed", sign(world, size=world.head.state.size + 5).note)


def map_partial(world, what: str) -> str:
    return f"map/tile/{what}/000.p/{world.map_head.state.size}"


def map_leaf_flipped(world):
    change(world.public, map_partial(world, "entries"), 30)


def map_bundle_missing(world):
    world.public.delete(map_partial(world, "entries"))


def map_tile_flipped(world):
    change(world.public, map_partial(world, "0"))


def map_tile_missing(world):
    world.public.delete(map_partial(world, "0"))


def map_old_partial_flipped(world):
    change(world.public, "map/tile/0/000.p/2")


def map_stranger(world):
    world.public.set("map/genesis", b"hello")


def map_head_missing(world):
    world.map_head.state = None


def map_head_of_others(world):
    world.signers = replace(world.signers, maps=signers(40).maps)


def map_checkpoint_missing(world):
    world.public.delete("map/checkpoint")


def map_head_of_the_past(world):
    world.map_head.state = signed(Checkpoint.of(f"{ORIGIN}/map", 0, EMPTY_ROOT), world.signers.maps, 1)


def map_staging_lost(world):
    world.core = world.open()
    world.record(world.core, "m", "anna")
    world.core.integrator.step()
    world.faults.arm("create map/tile", "lost")
    with pytest.raises(WhosawError):
        world.core.map.answer()
    world.crash()
    assert world.fsck().exit == 0
    for name in list(world.private.names("map/staging")):
        world.private.delete(name)


def map_staging_half(world):
    world.private.set("map/staging/9-00", b"half")


def map_of_another_index(world):
    """A leaf that was properly appended and signed, of an index that the labels do not make."""
    core = world.open()
    world.record(core, "m", "anna")
    core.integrator.step()
    core.map._append(MapLeaf.of(bytes(32), core.state.published.note, world.signers.keys()).encode())
    core.close()


def map_of_a_smaller_log(world):
    """Sizes strictly grow: one that comes twice is none of ours."""
    core = world.open()
    core.map._append(core.map._last.entry)
    core.close()


def gap_in_a_stream(world):
    rewrite(world, 30, i=99)


def position_of_the_past(world):
    handle = next(iter(world.head.positions_))
    world.head.positions_[handle] -= 1


def position_of_nobody(world):
    world.head.positions_[b"n" * 16] = 3


def placed_elsewhere(world):
    name, placed = next(iter(world.head.placed_.items()))
    world.head.placed_[name] = replace(placed, first=placed.first + 1)


def placed_missing(world):
    del world.head.placed_[next(iter(world.head.placed_))]


def placed_beyond(world):
    world.head.placed_[b"n" * 32] = Placed(10_000, 1, 1)


def placed_in_another_century(world):
    name, placed = next(iter(world.head.placed_.items()))
    world.head.placed_[name] = replace(placed, at=placed.at * 2)


def one_key_for_two(world):
    segments, last = Segments(world.private, world.manifest), world.head.state.size - 1
    assert [segments.frame(last - n).left for n in range(3)] == [0, 1, 0]
    for index in (last - 1, last):
        rewrite(world, index, idem=segments.frame(last - 2).idem)


def labels_elsewhere(world):
    label = next(iter(world.labels._known))
    world.labels._known[label] += 1


def labels_of_nobody(world):
    world.labels._known[b"n" * 32] = 7


def labels_ahead(world):
    world.labels._known[b"n" * 32] = world.head.state.size
    world.labels._size += 1


def keys_unreadable(world):
    class Broken(MemoryStreamKeys):
        def all(self):
            raise Damaged("a row of the keyring does not open", where="keyring")

    world.keys = Broken(b"seed")


def keys_of_others(world):
    others = MemoryStreamKeys(b"other")
    for stream in world.keys._known:
        others.of(stream)
    world.keys = others


def label_of_another_key(world):
    stream = next(iter(world.keys._known))
    world.keys._known[stream] = replace(world.keys._known[stream], key=bytes(32))


def enrolled_twice(world):
    frame = Segments(world.private, world.manifest).frame(30)
    key = next(key for key in world.keys.all() if key.handle == frame.handle)
    rewrite(world, 30, body=enrolment(key))


DAMAGE = {
    segment_missing: Fault.SEGMENT, segment_stray: Fault.SEGMENT, segment_cut: Fault.SEGMENT,
    sealed_with_other_bytes: Fault.SEGMENT, sealed_with_other_frames: Fault.SEGMENT,
    sealed_in_another_generation: Fault.SEGMENT,
    erased_by_a_look: Fault.ERASED, erased_before_it_was_there: Fault.FRAME, erased_by_what_is_to_come: Fault.ERASED,
    frame_flipped: Fault.FRAME, frame_of_another_index: Fault.FRAME, submission_without_end: Fault.FRAME,
    tail_damaged: Fault.TAIL,
    cut_changed: Fault.CUT, cut_stray: Fault.CUT,
    body_not_canonical: Fault.BODY, genesis_twice: Fault.BODY,
    leaf_not_opened: Fault.LEAF, leaf_misshapen: Fault.LEAF, bundle_missing: Fault.LEAF,
    bundle_flipped: Fault.PUBLISHED, tile_flipped: Fault.PUBLISHED,
    upper_tile_cut: Fault.PUBLISHED,
    old_partial_flipped: Fault.PARTIAL,
    stranger: Fault.STRANGER, ahead_of_the_log: Fault.STRANGER,
    head_without_a_key: Fault.HEAD, head_of_others: Fault.HEAD, head_of_another_size: Fault.HEAD,
    head_of_another_time: Fault.HEAD, head_of_another_root: Fault.PUBLISHED,
    checkpoint_of_a_fork: Fault.CHECKPOINT, checkpoint_of_the_future: Fault.CHECKPOINT,
    checkpoint_flipped: Fault.CHECKPOINT, checkpoint_missing: Fault.CHECKPOINT,
    checkpoint_with_another_line: Fault.CHECKPOINT,
    witnessed_of_a_fork: Fault.CHECKPOINT, witnessed_of_the_future: Fault.CHECKPOINT,
    **dict.fromkeys((
        map_leaf_flipped, map_bundle_missing, map_tile_flipped, map_tile_missing, map_old_partial_flipped, map_stranger,
        map_head_missing, map_head_of_others, map_checkpoint_missing, map_head_of_the_past, map_staging_lost,
        map_staging_half, map_of_another_index, map_of_a_smaller_log,
    ), Fault.MAP),
    genesis_missing: Fault.GENESIS, genesis_flipped: Fault.GENESIS, receipt_key_of_others: Fault.GENESIS,
    gap_in_a_stream: Fault.POSITION, position_of_the_past: Fault.POSITION, position_of_nobody: Fault.POSITION,
    placed_elsewhere: Fault.PLACED, placed_missing: Fault.PLACED, placed_beyond: Fault.PLACED,
    placed_in_another_century: Fault.PLACED, one_key_for_two: Fault.PLACED,
    labels_elsewhere: Fault.LABELS, labels_of_nobody: Fault.LABELS, labels_ahead: Fault.LABELS,
    keys_unreadable: Fault.KEYS,
    keys_of_others: Fault.STREAM, label_of_another_key: Fault.STREAM, enrolled_twice: Fault.STREAM,
}  # fmt: skip


@pytest.mark.parametrize("plant", DAMAGE, ids=lambda plant: plant.__name__)
def test_planted_damage_is_found(world, plant):
    """It is found, under its kind, with a place; the exit is 3; and no text shows a body."""
    plant(world)
    report = world.fsck()
    kinds = {finding.kind for finding in report.damage}
    assert DAMAGE[plant] in kinds, report.lines()
    assert (report.exit, report.whole) == (3, False)
    assert all(finding.where and finding.what for finding in report.findings)
    assert not any("grow-" in line or "person-" in line for line in report.lines())


def test_every_kind_is_planted():
    """A kind that nobody ever saw found is a promise; staging is never damage."""
    assert set(DAMAGE.values()) == set(Fault) - {Fault.STAGING}


def test_findings_beyond_a_thousand_are_counted():
    """Damage is counted to the end, kept up to a thousand, and never crowded out by what is only untidy."""
    report = Report()
    for n in range(KEPT + 5):
        report.untidy(Fault.STAGING, f"staging/{n}", "it was not removed yet")
        report.find(Fault.FRAME, f"index {n}", "no frame")
    assert len(report.damage) == KEPT
    assert report.checks[1].found == KEPT + 5
    assert "… and 5 findings more" in report.lines()


# ── on a disk ──


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with a few records, a torn end that was kept aside, and no process that has it open."""
    made = tmp_path_factory.mktemp("fsck") / "data"
    build(made, ORIGIN)
    with house(made) as here:
        for n in range(5):
            record(here, n)
        here.journal.publish_now()
        here.journal.mapped()
        for n in range(5, 260):
            here.journal.enqueue(submission(n))
        here.journal.publish_now()
    newest = max((made / "private" / "segments").iterdir())
    newest.write_bytes(newest.read_bytes() + b"torn")
    with house(made) as here:
        here.journal.publish_now()
    return made


def submission(n: int) -> Submission:
    return Submission("test", f"k-{n}", (Record(Stream.of_person(f"person-{n % 3}"), body(f"record {n}")),))


def record(here, n: int):
    return here.journal.submit(submission(n))


def check(folder, *, keys=True):
    if not keys:
        with glance(folder) as log:
            return fsck(log.stores, log.signers)
    with glance(folder) as log, all_keys(folder) as keyring:
        return fsck(log.stores, log.signers, keyring)


def copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "data")


def test_a_data_folder_is_whole(folder):
    """As it was left, and nothing is untidy."""
    assert check(folder).findings == []
    assert len(list((folder / "private" / "kept").iterdir())) == 1


def test_a_byte_in_every_file_of_the_log(folder, tmp_path):
    """In each file below public/, segments/ and kept/ one byte is flipped, at its beginning, middle and end: damage.

    Four bytes are none of the log's: what was torn, and stands behind the last frame of a segment, was kept aside.
    """
    here = copied(folder, tmp_path)
    files = [path for part in LOG for path in (here / part).rglob("*") if path.is_file()]
    assert len(files) > 12
    for path in files:
        data = path.read_bytes()
        for at in {0, len(data) // 2, max(0, len(data) - 10)}:
            os.chmod(path, 0o600)
            path.write_bytes(flip(data, at))
            report = check(here, keys=False)
            assert report.exit == 3, (path.relative_to(here), at)
        path.write_bytes(data)
    assert check(here).findings == []


LOG = ("public", "private/segments", "private/kept")


@pytest.mark.parametrize("name", ["log-ed25519", "log-mldsa44", "receipts-ed25519", "root", "vrf.pem"])
def test_a_byte_in_every_key(folder, tmp_path, name):
    """A key file that is another one is found, or is refused as no key at all."""
    here = copied(folder, tmp_path)
    path = here / "private" / "keys" / name
    os.chmod(path, 0o600)
    data = path.read_bytes()
    path.write_bytes(flip(data, len(data) // 2))
    try:
        assert check(here).exit == 3
    except WhosawError as error:
        assert isinstance(error, Misconfigured | Damaged)


@pytest.mark.parametrize("name", ["head.db", "labels.db"])
def test_bytes_in_the_databases(folder, tmp_path, name):
    """A flipped byte in a database is found, or refused, or it changes nothing that anybody reads of it.

    But for two times: to the millisecond, when a receipt or a head was made stands nowhere else.
    """
    here = copied(folder, tmp_path)
    path = here / "private" / name
    data, before = path.read_bytes(), rows(path)
    found = 0
    for at in range(0, len(data), max(1, len(data) // 40)):
        path.write_bytes(flip(data, at))
        try:
            exit_code = check(here, keys=False).exit
        except (Misconfigured, Damaged, BadInput):
            exit_code = 3
        found += exit_code == 3
        if exit_code == 0:
            assert rows(path) == before, at
        for suffix in ("-wal", "-shm"):
            (here / "private" / f"{name}{suffix}").unlink(missing_ok=True)
    assert found > 10


def rows(path) -> dict:
    with closing(sqlite3.connect(path)) as db:
        if path.name == "labels.db":
            return {
                "label": db.execute("SELECT * FROM label").fetchall(),
                "covered": db.execute("SELECT * FROM covered").fetchall(),
            }
        return {
            "head": db.execute("SELECT id, note, size FROM head").fetchall(),
            "position": db.execute("SELECT * FROM position").fetchall(),
            "placed": db.execute("SELECT idem, first, count FROM placed").fetchall(),
        }


def test_without_its_label_table_it_is_untidy(folder, tmp_path):
    """The table is worked out: losing it loses nothing. Looking makes none, and a start builds it again."""
    here = copied(folder, tmp_path)
    table = here / "private" / "labels.db"
    table.unlink()
    report = check(here)
    assert [(finding.kind, finding.untidy) for finding in report.findings] == [(Fault.LABELS, True)]
    assert not table.exists()
    with house(here):
        pass
    assert check(here).findings == []


def test_an_old_head_is_found(folder, tmp_path):
    """The head database of yesterday, put back: the checkpoint and the label table have seen more than it knows."""
    here = copied(folder, tmp_path)
    head = here / "private" / "head.db"
    old = head.read_bytes()
    with house(here) as opened:
        record(opened, 1_000)
        opened.journal.publish_now()
    head.write_bytes(old)
    assert {Fault.CHECKPOINT, Fault.LABELS} <= {finding.kind for finding in check(here).damage}
    with pytest.raises(Damaged, match="not of the history"), house(here):
        pass


def test_beside_a_running_journal(folder, tmp_path):
    """While four threads record, fsck after fsck finds nothing but what is in hand."""
    here = copied(folder, tmp_path)
    with house(here) as opened:
        done = threading.Event()

        def work(thread: int) -> None:
            n = 0
            while not done.is_set():
                opened.journal.submit(
                    Submission("test", f"w-{thread}-{n}", (Record(Stream.of_person(f"p-{thread}"), body(f"{n}")),))
                )
                n += 1

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        try:
            sizes = [0]
            for _ in range(6):
                report = check(here)
                assert report.damage == [], report.lines()
                sizes.append(report.size)
        finally:
            done.set()
            for thread in threads:
                thread.join()
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[1]
    assert check(here).findings == []

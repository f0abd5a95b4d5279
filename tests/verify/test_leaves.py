# SPDX-License-Identifier: Apache-2.0
"""All leaves of a log, by one process or by many: the same findings, whatever is broken and wherever."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.desk import Shelf, verified
from tests.verify.log_maker import LittleLog
from tests.verify.test_folder import log_of

from whosaw.errors import Unavailable
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.tile import Bundle, Tile
from whosaw.verify import leaves
from whosaw.verify.leaves import Claim, misshapen, read_leaves
from whosaw.verify.source import FolderSource
from whosaw.verify.tree import Rebuild
from whosaw.verify.workers import here, workers


@pytest.fixture(scope="module")
def team():
    with workers(2) as each:
        yield each


@pytest.fixture
def shared(team, monkeypatch):
    """Work is shared out bundle by bundle, among two processes that are there already."""

    @contextmanager
    def there(count, folder):
        assert folder.is_dir()
        yield team if count > 1 else here

    monkeypatch.setattr(leaves, "workers", there)
    monkeypatch.setattr(leaves, "SHARE", 1)


@pytest.fixture(scope="module")
def log():
    made = log_of(600)
    made.append(made.leaves[517].label, b"{}")
    return made, made.files(1, 256, 300, 601)


DAMAGE = st.sampled_from(["flip", "flip", "flip", "cut", "more", "gone", "empty"])


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), DAMAGE), max_size=4), st.booleans())
@settings(deadline=None, max_examples=12)
def test_processes_find_what_one_finds(log, shared_once, damages, whole):
    """Bytes flipped, files cut, too long, empty or gone at random places: the same report, word for word."""
    made, files = log[0], dict(log[1])
    names = sorted(name for name in files if "tile/" in name)
    for which, where, what in damages:
        name = names[which % len(names)]
        raw = files.get(name) or b"x"
        at = where % len(raw)
        flipped = raw[:at] + bytes([raw[at] ^ (1 << where % 8)]) + raw[at + 1 :]
        files[name] = {"flip": flipped, "cut": raw[:at], "more": raw + b"\n", "empty": b"", "gone": b""}[what]
        if what == "gone":
            del files[name]
    broken = frozenset() if whole else frozenset(names[:1])
    one, two = (verified(made, files, jobs=jobs, broken=broken) for jobs in (1, 2))
    assert two.text() == one.text()
    assert two.evidence == one.evidence


@pytest.fixture(scope="module")
def shared_once(team):
    """`shared`, for a test whose examples share their fixtures."""
    with pytest.MonkeyPatch.context() as patch:

        @contextmanager
        def there(count, folder):
            assert folder.is_dir()
            yield team if count > 1 else here

        patch.setattr(leaves, "workers", there)
        patch.setattr(leaves, "SHARE", 1)
        yield


@pytest.mark.parametrize("seed", range(6))
def test_processes_give_up_where_one_does(monkeypatch, team, seed):
    """Runs of missing files that end just before and just after the thousandth, across what processes share."""
    chance = random.Random(seed)
    size = 256 * 1300
    there = [*sorted(chance.sample(range(1300), 3)), chance.randrange(1300)]
    there += [min(1299, there[0] + 498 + seed % 5), min(1299, there[0] + 500)]
    pairs = [({Bundle(n).path: bytes(67 * 256)}, {Tile(0, n).path: bytes(8192)}) for n in there]
    files = {name: raw for pair in pairs for one in pair if chance.random() < 0.7 for name, raw in one.items()}
    source = Shelf(files)
    alone = Rebuild(source, size, {}, see=misshapen).run()
    monkeypatch.setattr(leaves, "workers", lambda count, folder: _there(team))
    monkeypatch.setattr(leaves, "SHARE", chance.choice([7, 100, 256]))
    for jobs in (1, 2):
        assert read_leaves(source, size, (), {}, jobs=jobs).whole == alone


@contextmanager
def _there(team):
    yield team


def test_claims_are_held_at_their_sizes(log, shared):
    """Inside bundles and at their edges, several in one: each is compared at exactly its size."""
    made, files = log
    sizes = [1, 2, 100, 255, 256, 257, 511, 512, 601]
    claims = [_claim(made, n, size, bytes(32) if size in (100, 512) else None) for n, size in enumerate(sizes)]
    for jobs in (1, 2):
        found = read_leaves(Shelf(files), 601, claims, {}, jobs=jobs)
        assert [c.of.size for c in found.held] == [1, 2, 255, 256, 257, 511, 601]
        assert [c.of.size for c in found.wrong] == [100, 512]


def test_behind_a_gap_nothing_is_compared(log, shared):
    """A bundle that could not be read makes no later index false."""
    made, files = log
    less = {name: raw for name, raw in files.items() if name != "tile/entries/001"}
    for jobs in (1, 2):
        found = read_leaves(Shelf(less), 601, [_claim(made, 0, 256), _claim(made, 1, 600)], {}, jobs=jobs)
        assert ([c.of.size for c in found.held], found.wrong) == ([256], [])


def _claim(log: LittleLog, number: int, size: int, root: bytes | None = None) -> Claim:
    from whosaw.tlog import prefix

    made = prefix.root(log.rows(size)) if root is None else root
    return Claim(number, made, Checkpoint.of(log.origin, size, bytes(32)))


def test_progress_goes_up_to_the_size(log, shared):
    """It is told how far it is, never back and never beyond."""
    for jobs in (1, 2):
        told = []
        read_leaves(Shelf(log[1]), 601, (), {}, jobs=jobs, progress=lambda done, of: told.append((done, of)))
        done = [at for at, _ in told]
        assert done == sorted(done)
        assert (done[-1], told[-1][1]) == (601, 601)


# Temporary files and processes


def test_nothing_is_left_behind(log, shared, tmp_path, monkeypatch):
    """After a run, and after one that failed, no temporary file is there."""
    monkeypatch.setattr(leaves.heaps.tempfile, "tempdir", str(tmp_path))
    read_leaves(Shelf(log[1]), 601, (), {}, jobs=2)
    with pytest.raises(Unavailable):
        read_leaves(Shelf(log[1], broken=frozenset({"tile/0/001"})), 601, (), {}, jobs=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 40, -40])
def test_temporary_files_that_are_lost_or_cut_decide_nothing(log, shared, monkeypatch, cut):
    """Rows that nobody compared might be a label that stands twice: no verdict, neither good nor bad."""
    whole = leaves.heaps.files

    def less(folder):
        found = whole(folder)
        path = folder / found[max(found)][0]
        if not cut:
            return {number: names for number, names in found.items() if number < max(found)}
        path.write_bytes(path.read_bytes()[:cut])
        return found

    monkeypatch.setattr(leaves.heaps, "files", less)
    with pytest.raises(Unavailable, match="temporary files"):
        read_leaves(Shelf(log[1]), 601, (), {}, jobs=2)


def test_a_full_disk_is_said(log, monkeypatch, tmp_path):
    """No room for temporary files: undecided, with the folder and what to do about it."""
    monkeypatch.setattr(leaves.heaps, "IN_MEMORY", 0)
    monkeypatch.setattr(leaves.heaps.tempfile, "tempdir", str(tmp_path / "gone"))
    made = log_of(300)
    report = verified(made, made.files(300))
    assert report.exit == 7
    assert "temporary files cannot be written in" in report.text()

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(leaves.heaps.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("builtins.open", lambda path, mode="r", **_: Full() if mode == "ab" else None)
    with pytest.raises(Unavailable, match="No space left on device") as raised:
        read_leaves(Shelf(log[1]), 601, (), {})
    assert "TMPDIR" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Dies:
    def __call__(self, item):
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return item


def test_a_process_that_dies_is_undecided():
    """The rest of what it did is unknown: no verdict, and the others are gone."""
    with pytest.raises(Unavailable, match="ended before it was done"), workers(2) as each:
        list(each(Dies(), range(8)))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    made, folder = log_of(3000), tmp_path_factory.mktemp("published")
    made.publish(folder / "public", 3000)
    (folder / "trust").write_bytes(made.trust())
    return folder


# Whoever reads the last entries takes long: it is the middle when the signal comes. One whose parent is killed ends with
# the piece that it is at, so it does not take for ever.
RUN = """
import signal, sys, time, whosaw.verify.leaves as leaves
from whosaw.verify.command import main
from whosaw.verify.source import FolderSource
leaves.SHARE, quick = 1, FolderSource.read
def slow(self, name, limit):
    time.sleep(15 if name.startswith("tile/entries/011") else 0)
    return quick(self, name, limit)
FolderSource.read = slow
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run of tests in the background may ignore Ctrl-C
    sys.exit(main(["--trust", "trust", "public", "--state", "seen", "--jobs", "2"]))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle_nothing_is_left(published, tmp_path, how):
    """Ctrl-C, a service that is stopped, a process that is killed: no process goes on, and no temporary file stays."""
    script, aside = tmp_path / "run.py", tmp_path / "tmp"
    script.write_text(RUN)
    aside.mkdir()
    process = subprocess.Popen(
        [sys.executable, script], cwd=published, env=os.environ | {"TMPDIR": str(aside)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _until(lambda: len(_children(process.pid)) >= 2 and any(aside.glob("*/*")))
    children = _children(process.pid)
    process.send_signal(how)
    assert process.wait(timeout=60) == (-how if how == signal.SIGKILL else 130)
    assert not (published / "seen").exists()
    _until(lambda: not any(_runs(child) for child in children))
    _until(lambda: not any(aside.iterdir()))


def _children(pid):
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _runs(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def _until(there):
    for _ in range(1200):
        if there():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_many_processes_verify_a_real_folder(published, monkeypatch):
    """Real processes, a real folder: the same as alone."""
    monkeypatch.setattr(leaves, "SHARE", 2)
    source = FolderSource(published / "public")
    assert read_leaves(source, 3000, (), {}, jobs=3) == read_leaves(source, 3000, (), {}, jobs=1)


def test_a_question_that_failed_leaves_no_answer_for_the_next(log, shared, team):
    """One piece fails while others are read: their answers are taken back before anybody asks again."""
    whole = read_leaves(Shelf(log[1]), 601, (), {}, jobs=2)
    for _ in range(5):
        with pytest.raises(Unavailable) as kept:  # and its traceback with it, which keeps the generator
            read_leaves(Shelf(log[1], broken=frozenset({"tile/0/000"})), 601, (), {}, jobs=2)
        again = read_leaves(Shelf(log[1]), 601, (), {}, jobs=2)
        assert again.whole.root == whole.whole.root, kept

# SPDX-License-Identifier: Apache-2.0
"""Real files: in which order bytes and names become durable, who may read them, and what a crash leaves between."""

import errno
import os
import stat
import subprocess
import sys

import pytest
from tests.contracts.failing import Fate, failing_sync

from whosaw.errors import Busy, Contradiction, OutcomeUnknown
from whosaw.store.files import FilesFolder, data_folders


class Watch:
    """What was made durable, in order: a file by its bytes, a folder by the names that it had then."""

    def __init__(self):
        self.seen = []

    def __call__(self, fd):
        path = os.readlink(f"/proc/self/fd/{fd}")
        if os.path.isdir(path):
            self.seen.append((os.path.basename(path), sorted(os.listdir(path))))
        else:
            with open(path, "rb") as file:
                self.seen.append(("file", file.read()))


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc to name an open file")


@needs_proc
def test_data_is_durable_before_its_name_and_the_name_before_the_call_returns(tmp_path):
    """The bytes are synced while nobody can see them; then the folder, in which the name stands by then."""
    watch = Watch()
    folder = FilesFolder(tmp_path / "public", temp=tmp_path / "tmp", fsync=watch, fdatasync=watch)
    folder.create_or_compare([("tile/0/000", b"hashes")])
    assert watch.seen.index(("file", b"hashes")) < watch.seen.index(("0", ["000"]))
    assert watch.seen[-1] == ("0", ["000"])
    for parent, child in (("public", "tile"), ("tile", "0")):
        assert any(name == parent and child in names for name, names in watch.seen)
    watch.seen.clear()
    folder.replace("checkpoint", b"note")
    assert watch.seen == [("file", b"note"), ("public", ["checkpoint", "tile"])]
    watch.seen.clear()
    segment = folder.append_to("segments/0.seg")
    assert watch.seen[-1] == ("segments", ["0.seg"])
    segment.append(b"frame")
    assert watch.seen[-1] == ("file", b"frame")
    segment.close()


@needs_proc
def test_a_file_that_was_there_is_made_durable_again(tmp_path):
    """Its name may be younger than the last sync of its folder: whoever made it may have died before that."""
    FilesFolder(tmp_path).create_or_compare([("a", b"x")])
    watch = Watch()
    FilesFolder(tmp_path, fsync=watch).create_or_compare([("a", b"x")])
    assert [names for _, names in watch.seen] == [["a"]] or [names for _, names in watch.seen] == [[".tmp", "a"]]


def test_what_is_served_is_for_everybody_and_what_is_private_is_not(tmp_path):
    """Published files are readable by all and writable by nobody; private ones are their owner's."""
    public, private = data_folders(tmp_path)
    public.create_or_compare([("tile/0/000", b"x")])
    public.replace("checkpoint", b"x")
    private.create_or_compare([("keys/root", b"x")])
    private.replace("staging/1", b"x")
    private.append_to("segments/0.seg").close()
    modes = {str(p.relative_to(tmp_path)): stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert modes["public/tile/0/000"] == 0o444
    assert modes["public/checkpoint"] == 0o644
    assert all(mode & 0o077 == 0 for name, mode in modes.items() if name.startswith("private"))


def test_temporary_files_are_seen_by_nobody_and_swept_by_the_next_holder(tmp_path):
    """Not among the names, not beside what is served; whoever takes the lock removes what a crash left."""
    public, private = data_folders(tmp_path)
    private.replace("a", b"x")
    left = tmp_path / "private" / "tmp" / "1-2-3"
    left.write_bytes(b"half")
    assert list(private.names()) == ["a"]
    held = private.hold("lock")
    assert not left.exists()
    left.write_bytes(b"half")
    with pytest.raises(Busy):
        data_folders(tmp_path)[1].hold("lock")
    assert left.exists()  # it is the holder's
    held.release()
    assert list(public.names()) == []


def test_a_failure_leaves_no_temporary_file(tmp_path):
    """A contradiction found at the last moment cleans up behind itself."""
    folder = FilesFolder(tmp_path / "data")
    folder.create_or_compare([("f", b"right")])
    with pytest.raises(Contradiction):
        folder.create_or_compare([("g", b"new"), ("f", b"wrong")])
    assert list((tmp_path / "data" / ".tmp").iterdir()) == []


def test_many_files_in_pieces(tmp_path):
    """Hundreds of files: an error after the first of them is not "nothing happened"."""
    folder = FilesFolder(tmp_path)
    folder.create_or_compare((f"t/{n:03}", b"%d" % n) for n in range(300))
    assert len(list(folder.names("t"))) == 300
    (tmp_path / "u").mkdir()
    (tmp_path / "u" / "200").mkdir()  # a folder stands where a file belongs
    with pytest.raises(OutcomeUnknown):
        folder.create_or_compare((f"u/{n:03}", b"%d" % n) for n in range(300))
    assert folder.read("u/000") == b"0"


HOLD = "import sys; from pathlib import Path; from whosaw.store.files import data_folders; "


def test_another_process_is_told_busy(tmp_path):
    """The lock holds between processes, and dies with its holder, however it dies."""
    _, private = data_folders(tmp_path)
    script = (
        HOLD + "held = data_folders(Path(sys.argv[1]))[1].hold('lock'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy):
            private.hold("lock")
        other.kill()
        other.wait()
    private.hold("lock").release()


def failing_close(fd, close=os.close):
    close(fd)
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_close_that_fails_takes_nothing_back(tmp_path, monkeypatch):
    """What is synced stays recorded whatever `close` says, and an error that matters is not hidden by one that does not."""
    folder = FilesFolder(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "close", failing_close)
        held = folder.hold("lock")
        folder.create_or_compare([("tile/0/000", b"hashes")])
        folder.replace("checkpoint", b"note")
        segment = folder.append_to("segments/0.seg")
        segment.append(b"frame")
        segment.close()
        with pytest.raises(Busy):
            folder.hold("lock")
        held.release()
    assert folder.read("segments/0.seg") == b"frame"
    folder.hold("lock").release()
    full = FilesFolder(tmp_path, fsync=failing_sync(fate := Fate()))
    fate.arm("fsync", "lost")
    with monkeypatch.context() as patch, pytest.raises(OutcomeUnknown):
        patch.setattr(os, "close", failing_close)
        full.replace("checkpoint", b"another")


def test_a_lock_is_had_although_nothing_can_be_swept(tmp_path, monkeypatch):
    """Left temporary files that cannot be listed are in nobody's way: they are left for the next holder."""
    folder = FilesFolder(tmp_path, temp=tmp_path / "tmp")
    folder.replace("a", b"a")
    left = tmp_path / "tmp" / "left"
    left.write_bytes(b"half")

    def unlisted(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", unlisted)
        folder.hold("lock").release()
    assert left.exists()
    folder.hold("lock").release()
    assert not left.exists()

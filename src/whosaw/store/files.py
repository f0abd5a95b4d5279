# SPDX-License-Identifier: Apache-2.0
"""Folders of files on a local disk, each write durable when it returns: ``journal.ports.Folder``.

    create_or_compare   temp, fsync, ─link──▶ final, unlink temp, fsync folder      never overwrites
    replace             temp, fsync, ─rename▶ final, fsync folder                   old bytes or new ones
    append              one write, fdatasync

A file system keeps no order that nobody asked for: data before its name, and a name before the call returns, are asked
for by fsync on the file and then on its folder. Each new folder is fsynced into its parent.

Temporary files stand in a folder of their own, on the same file system: never beside what is served, where an outsider
who lists it would find a file that the log does not account for. Whoever gets the lock removes those left by a crash.

Trusted: the sequencer believes what it fsynced here. Outsiders believe nothing in it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path

from whosaw.errors import Busy, Contradiction, Damaged, OutcomeUnknown, Unavailable

Sync = Callable[[int], None]

_AT_ONCE = 64
_HINT = "free space or mend the disk, then start again; what was acknowledged is kept"


def durably(fd: int) -> None:
    """fsync, all the way down."""
    # On macOS fsync stops at the drive's cache; this goes through it.
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def data_durably(fd: int) -> None:
    """The same for data and length only, where the system knows the difference."""
    if hasattr(fcntl, "F_FULLFSYNC") or not hasattr(os, "fdatasync"):
        durably(fd)
    else:
        os.fdatasync(fd)


def data_folders(data: Path) -> tuple[FilesFolder, FilesFolder]:
    """``public`` and ``private`` of a data folder. What is on its way to `public` waits in `private`."""
    temp = data / "private" / "tmp"
    return FilesFolder(data / "public", temp=temp), FilesFolder(data / "private", temp=temp, private=True)


class FilesFolder:
    """One folder. Nothing is made before the first write, so reading a wrong path leaves no trace."""

    reads_durable = False

    def __init__(
        self,
        root: Path,
        *,
        temp: Path | None = None,
        private: bool = False,
        fsync: Sync = durably,
        fdatasync: Sync = data_durably,
    ) -> None:
        """`temp`: where temporary files stand, on the same file system; ``.tmp`` inside where none is given."""
        self._root, self._temp = root, temp or root / ".tmp"
        self._folder_mode = 0o700 if private else 0o755
        self._fixed_mode, self._mode = (0o400, 0o600) if private else (0o444, 0o644)
        self._fsync, self._fdatasync = fsync, fdatasync
        self._numbers = count()
        self._last_look: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"FilesFolder({self._root.name!r})"

    def looking(self, last_look: Callable[[], None]) -> FilesFolder:
        """The same folder; `last_look` is called between the last fsync of a replacement and its rename, and may raise."""
        made = FilesFolder(
            self._root,
            temp=self._temp,
            private=self._folder_mode == 0o700,
            fsync=self._fsync,
            fdatasync=self._fdatasync,
        )
        made._last_look = last_look
        return made

    def _before_rename(self, temp: Path) -> None:
        try:
            self._last_look()
        except BaseException:
            with suppress(OSError):
                temp.unlink()
            raise

    def fresh(self) -> FilesFolder:
        return self  # it remembers nothing

    # ── reading ──

    def read(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._cannot("read", name, error) from error

    def read_part(self, name: str, start: int, count: int) -> bytes:
        try:
            with self._path(name).open("rb", buffering=0) as file:
                parts, at = [], start
                while at < start + count and (part := os.pread(file.fileno(), start + count - at, at)):
                    parts.append(part)
                    at += len(part)
                return b"".join(parts)
        except OSError as error:
            raise self._cannot("read", name, error) from error

    def length(self, name: str) -> int | None:
        found = self._stat(name)
        return None if found is None else found.st_size

    def modified(self, name: str) -> datetime | None:
        found = self._stat(name)
        return None if found is None else datetime.fromtimestamp(found.st_mtime, UTC)

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return self._path(name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._cannot("read", name, error) from error

    def names(self, under: str = "") -> Iterator[str]:
        top = self._path(under) if under else self._root
        try:
            yield from self._names(top)
        except OSError as error:
            raise self._cannot("list", under, error) from error

    def _names(self, folder: Path) -> Iterator[str]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:  # never there, or emptied and removed by garbage collection while we looked
            return
        for entry in entries:
            path = Path(entry.path)
            # A link to a folder is listed like a file: nothing of ours makes one, so somebody must look at it.
            if not entry.is_dir(follow_symlinks=False):
                yield str(path.relative_to(self._root))
            elif path != self._temp:
                yield from self._names(path)

    def forget(self, name: str, start: int = 0, count: int = 0) -> None:
        if not hasattr(os, "posix_fadvise"):
            return  # elsewhere the cache answers, and a flipped bit is found after the next start
        with suppress(OSError):
            fd = os.open(self._path(name), os.O_RDONLY)
            try:
                os.posix_fadvise(fd, start, count, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(fd)

    # ── writing ──

    def create_or_compare(self, files: Iterable[tuple[str, bytes]]) -> None:
        rest, begun = iter(files), False
        while some := list(islice(rest, _AT_ONCE)):
            try:
                self._create_some(some)
            except Unavailable as error:
                # Of these files none is there, but of those before them all are.
                if begun:
                    raise OutcomeUnknown(str(error), part=error.part, hint=error.hint) from error
                raise
            begun = True

    def _create_some(self, files: list[tuple[str, bytes]]) -> None:
        temps: list[Path] = []
        try:
            wanted = [(name, data) for name, data in files if not self._same(name, data)]
            for name, data in wanted:
                temps.append(self._temporary())
                self._write(temps[-1], data, self._fixed_mode, name)
            for temp, (name, data) in zip(temps, wanted, strict=True):
                self._link(temp, name, data)
        finally:
            for temp in temps:
                with suppress(OSError):
                    temp.unlink()
        # Also where every file was there before: its link may be younger than the last fsync of its folder.
        for path in {self._path(name).parent: None for name, _ in files}:
            self._sync_folder(path)

    def _same(self, name: str, data: bytes) -> bool:
        """Whether the file is there already, with these bytes. Raises Contradiction for others."""
        there = self.read(name)
        if there is not None and there != data:
            raise Contradiction(
                f"{name} holds other bytes than the log; it was left as it is",
                where=name,
                hint="keep a copy: either the disk or somebody changed it, or two logs share the folder",
            )
        return there is not None

    def _compare(self, name: str, data: bytes) -> None:
        """`_same` for a file that came into being meanwhile; it must be there, and readable."""
        try:
            if self._same(name, data):
                return
        except Unavailable:
            pass
        raise OutcomeUnknown(f"{name} came and went", part=name, hint=_HINT)

    def _link(self, temp: Path, name: str, data: bytes) -> None:
        path = self._path(name)
        try:
            self._make_folder(path.parent)
            os.link(temp, path)
        except FileExistsError:
            self._compare(name, data)
        except OSError as error:
            raise self._unknown(name, error) from error

    def replace(self, name: str, data: bytes) -> None:
        path, temp = self._path(name), self._temporary()
        self._write(temp, data, self._mode, name)
        try:
            self._make_folder(path.parent)
            self._before_rename(temp)
            temp.replace(path)
        except OSError as error:
            raise self._unknown(name, error) from error
        self._sync_folder(path.parent)

    def delete(self, *names: str) -> None:
        for name in names:
            self._delete(name)

    def _delete(self, name: str) -> None:
        path = self._path(name)
        try:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise self._cannot("remove", name, error) from error

    def append_to(self, name: str) -> AppendedFile:
        path = self._path(name)
        try:
            self._make_folder(path.parent)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, self._mode)
        except FileExistsError:
            raise Contradiction(f"{name} exists: no segment is reopened for appending", where=name) from None
        except OSError as error:
            raise self._unknown(name, error) from error
        made = AppendedFile(fd, name, self._fdatasync)
        try:
            self._sync_folder(path.parent)
        except OutcomeUnknown:
            made.close()
            raise
        return made

    def hold(self, name: str) -> HeldFile:
        path = self._path(name)
        try:
            self._make_folder(path.parent)
            fd = os.open(path, os.O_RDWR | os.O_CREAT, self._mode)
        except OSError as error:
            raise self._cannot("lock", name, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _let_go(fd)
            raise Busy(
                "another process holds the data folder",
                part=name,
                hint="stop it, or ask it instead; reading and checking work beside it",
            ) from None
        self._sweep()
        return HeldFile(fd)

    def _sweep(self) -> None:
        """Remove temporary files. Only the holder of the lock writes, so what stands there was left by a crash."""
        # What cannot be listed or removed now is in nobody's way; the next holder tries again.
        with suppress(OSError):
            for path in self._temp.glob("*"):
                with suppress(OSError):
                    path.unlink()

    # ── pieces ──

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if any(part in {"", ".", ".."} or "\0" in part for part in parts):
            raise Damaged("a file name leads out of its folder", where=self._root.name)
        return self._root.joinpath(*parts)

    def _temporary(self) -> Path:
        return self._temp / f"{os.getpid()}-{id(self):x}-{next(self._numbers)}"

    def _write(self, path: Path, data: bytes, mode: int, name: str) -> None:
        """A whole new file, its data durable, its name not. Unavailable: nothing of it is left."""
        try:
            self._make_folder(path.parent)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except OSError as error:
            raise self._cannot("write", name, error) from error
        try:
            _write_all(fd, data)
        except OSError as error:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise self._cannot("write", name, error) from error
        else:
            self._synced(self._fsync, fd, name)
        finally:
            _let_go(fd)

    def _make_folder(self, path: Path) -> None:
        missing = []
        while not path.is_dir():
            missing.append(path)
            path = path.parent
        for new in reversed(missing):
            # What stands outside holds temporary files, and private ones: never open because the served folder is.
            inside = new == self._root or self._root in new.parents
            with suppress(FileExistsError):
                new.mkdir(mode=self._folder_mode if inside else 0o700)
            self._sync_folder(new.parent)

    def _sync_folder(self, path: Path) -> None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._unknown(path.name, error) from error
        try:
            self._synced(self._fsync, fd, path.name)
        finally:
            _let_go(fd)

    def _synced(self, sync: Sync, fd: int, name: str) -> None:
        # A failed fsync may be reported once and then forgotten by the kernel, with the dirty page dropped. So it is
        # never tried again, and no caller may take it for "nothing happened".
        try:
            sync(fd)
        except OSError as error:
            raise self._unknown(name, error) from error

    def _cannot(self, verb: str, name: str, error: OSError) -> Unavailable:
        return Unavailable(f"cannot {verb} {name or self._root.name}: {error.strerror}", part=name, hint=_HINT)

    def _unknown(self, name: str, error: OSError) -> OutcomeUnknown:
        return OutcomeUnknown(f"writing {name} failed: {error.strerror}", part=name, hint=_HINT)


class AppendedFile:
    """A segment that is being written. One writer, and after the first failure none."""

    __slots__ = ("_fd", "_name", "_sync")

    def __init__(self, fd: int, name: str, sync: Sync) -> None:
        self._fd, self._name, self._sync = fd, name, sync

    def append(self, data: bytes) -> None:
        try:
            _write_all(self._fd, data)
            self._sync(self._fd)
        except OSError as error:
            raise OutcomeUnknown(
                f"writing {self._name} failed: {error.strerror}", part=self._name, hint=_HINT
            ) from error

    def close(self) -> None:
        if self._fd >= 0:
            _let_go(self._fd)
            self._fd = -1


class HeldFile:
    """The lock, as long as this object or its process lives."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        if self._fd >= 0:
            _let_go(self._fd)
            self._fd = -1


def _let_go(fd: int) -> None:
    """Close a file of which everything that matters is synced, or known to have failed."""
    # Raised from a `finally`, an error of close would hide the one that matters; and the number is free all the same.
    with suppress(OSError):
        os.close(fd)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]

# SPDX-License-Identifier: Apache-2.0
r"""A file system that keeps nothing it was not asked to keep: what a power cut leaves of a recorded run.

    strace ──every write, link, rename, unlink, mkdir, truncate, fsync──▶ Disk ──cut(dice)──▶ a folder

    file      bytes as of its last fsync or fdatasync, and any of the writes since, each torn into sectors of 512 bytes
    folder    names as of its last fsync, and any of the links, renames, removals and new folders since

It is stricter than any real file system: syncing a file does not make its name durable, a rename from one folder to
another may leave two names or none, a folder that was not synced into its parent is gone with all that is in it, and a
file may have its length without its bytes. Only two things are kept whole: one sector, and a rename within one folder.

Databases are files like all others here: what SQLite writes is in the recording, and nothing is assumed of SQLite but
that its shared-memory file (``-shm``) is worthless after a crash.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 512
MARK = 1_000_000  # closing a descriptor that cannot be is how a recorded process says where it is

_LINE = re.compile(r"(?:\d+ +)?([a-z0-9]+)\((.*)\) += (-?\d+)(?: .*)?")
_ARGUMENT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"|([^",]+)')


class Fate:
    """What becomes of changes that were not synced. `kind` is the same for all files and folders, or else drawn for each."""

    def __init__(self, dice: Random, kind: str = "") -> None:
        self.dice, self._kind = dice, kind

    def keeper(self) -> Callable[[], bool]:
        """For one file or folder: whether each of its changes is kept. None, all, the first ones, or any."""
        kind = self._kind or self.dice.choice(["none", "all", "first", "any", "most"])
        left = iter(range(self.dice.randrange(12)))
        return {
            "none": lambda: False,
            "all": lambda: True,
            "first": lambda: next(left, None) is not None,
            "any": lambda: self.dice.random() < 0.5,
            "most": lambda: self.dice.random() < 0.9,
        }[kind]


@dataclass
class File:
    durable: bytearray = field(default_factory=bytearray)
    now: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)  # where, and what; None cuts the file there

    def write(self, at: int, data: bytes) -> None:
        _put(self.now, at, data)
        self.since.append((at, data))

    def truncate(self, size: int) -> None:
        _cut(self.now, size)
        self.since.append((size, None))

    def sync(self) -> None:
        self.durable, self.since = bytearray(self.now), []

    def left(self, fate: Fate) -> bytes:
        made, keep = bytearray(self.durable), fate.keeper()
        for at, data in self.since:
            if data is None:
                if keep():
                    _cut(made, at)
                continue
            for start, sector in _sectors(at, data):
                if keep():
                    _put(made, start, sector)
        return bytes(made)


@dataclass
class Folder:
    durable: dict[str, "File | Folder"] = field(default_factory=dict)
    now: dict[str, "File | Folder"] = field(default_factory=dict)
    since: list[dict[str, "File | Folder | None"]] = field(default_factory=list)  # names set or, with None, removed

    def change(self, names: dict[str, "File | Folder | None"]) -> None:
        _apply(self.now, names)
        self.since.append(names)

    def sync(self) -> None:
        self.durable, self.since = dict(self.now), []

    def left(self, fate: Fate) -> dict[str, "File | Folder"]:
        made, keep = dict(self.durable), fate.keeper()
        for names in self.since:
            if keep():
                _apply(made, names)
        return made


@dataclass
class Call:
    """One line of a recording: paths and data as bytes, everything else as it was printed."""

    name: str
    arguments: list[bytes | str]
    result: int


def recorded(log: Path) -> Iterator[Call]:
    """The calls of a recording made with ``strace -xx``, in order."""
    for line in log.read_text().splitlines():
        if found := _LINE.fullmatch(line):
            arguments: list[bytes | str] = [
                bytes.fromhex(hexed.replace("\\x", "")) if not word else word.strip()
                for hexed, word in _ARGUMENT.findall(found[2])
                if hexed or word.strip() or '""' in found[2]
            ]
            yield Call(found[1], arguments, int(found[3]))


class Disk:
    """A folder, everything in it durable at first, and what calls make of it. `marks`: how often the process said where it is."""

    def __init__(self, root: Path, began: Path) -> None:
        """`root`: what paths in the recording begin with. `began`: a copy of it from before."""
        self._root, self._top = str(root), _loaded(began)
        self._open: dict[int, tuple[File | Folder, int | None]] = {}  # where the next write goes; None: to the end
        self.marks = 0

    def play(self, call: Call) -> bool:
        """Take in one call. Whether anything about the disk changed by it."""
        if call.result < 0:
            if call.name == "close" and call.arguments[0] == str(MARK):
                self.marks += 1
            return False
        return bool(getattr(self, f"_{call.name}", lambda _: None)(call))

    def cut(self, to: Path, fate: Fate) -> None:
        """The power fails: write what is left into the folder `to`."""
        _materialise(self._top, to, fate)

    # ── calls ──

    def _openat(self, call: Call) -> bool:
        place = self._place(call.arguments[1])
        if place is None:
            self._open.pop(call.result, None)
            return False
        folder, name, flags = *place, str(call.arguments[2])
        found = folder.now.get(name) if name else folder
        made = found is None
        if made:
            found = File()
            folder.change({name: found})
        if isinstance(found, File) and "O_TRUNC" in flags:
            found.truncate(0)
        self._open[call.result] = found, (None if "O_APPEND" in flags else 0)
        return made

    def _close(self, call: Call) -> None:
        self._open.pop(int(call.arguments[0]), None)

    def _write(self, call: Call) -> bool:
        fd, data = int(call.arguments[0]), call.arguments[1]
        if fd not in self._open:
            return False
        file, at = self._open[fd]
        data = data[: call.result]
        file.write(len(file.now) if at is None else at, data)
        if at is not None:
            self._open[fd] = file, at + len(data)
        return True

    def _pwrite64(self, call: Call) -> bool:
        found = self._open.get(int(call.arguments[0]))
        if found is None:
            return False
        found[0].write(int(call.arguments[3]), call.arguments[1][: call.result])
        return True

    def _ftruncate(self, call: Call) -> bool:
        found = self._open.get(int(call.arguments[0]))
        if found is None:
            return False
        found[0].truncate(int(call.arguments[1]))
        return True

    def _fsync(self, call: Call) -> bool:
        found = self._open.get(int(call.arguments[0]))
        if found is None:
            return False
        found[0].sync()
        return True

    _fdatasync = _fsync

    def _link(self, call: Call) -> bool:
        old, new = self._place(call.arguments[0]), self._place(call.arguments[1])
        new[0].change({new[1]: old[0].now[old[1]]})
        return True

    def _rename(self, call: Call) -> bool:
        (old, old_name), (new, new_name) = self._place(call.arguments[0]), self._place(call.arguments[1])
        moved = old.now[old_name]
        if old is new:
            old.change({old_name: None, new_name: moved})
        else:
            new.change({new_name: moved})
            old.change({old_name: None})
        return True

    def _unlink(self, call: Call) -> bool:
        if (place := self._place(call.arguments[0])) is None:
            return False
        place[0].change({place[1]: None})
        return True

    _rmdir = _unlink

    def _mkdir(self, call: Call) -> bool:
        folder, name = self._place(call.arguments[0])
        folder.change({name: Folder()})
        return True

    def _at(self, call: Call) -> bool:
        raise AssertionError(f"a call that no run of ours makes: {call.name}")

    _renameat = _renameat2 = _linkat = _unlinkat = _mkdirat = _at

    def _place(self, path: bytes | str) -> tuple[Folder, str] | None:
        """The folder and the name in it; None for a path elsewhere."""
        if not isinstance(path, bytes):
            return None
        text = os.fsdecode(path)
        if text == self._root:
            return self._top, ""
        if not text.startswith(self._root + "/"):
            return None
        *folders, name = text[len(self._root) + 1 :].split("/")
        at = self._top
        for step in folders:
            at = at.now[step]
        return at, name


def _loaded(path: Path) -> File | Folder:
    if path.is_dir():
        names = {child.name: _loaded(child) for child in path.iterdir()}
        return Folder(dict(names), dict(names))
    data = path.read_bytes()
    return File(bytearray(data), bytearray(data))


def _materialise(of: File | Folder, to: Path, fate: Fate) -> None:
    if isinstance(of, File):
        to.write_bytes(of.left(fate))
        return
    to.mkdir(parents=True)
    for name, child in of.left(fate).items():
        if not name.endswith("-shm"):
            _materialise(child, to / name, fate)


def _sectors(at: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    end = at + len(data)
    start = at
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield start, data[start - at : stop - at]
        start = stop


def _put(into: bytearray, at: int, data: bytes) -> None:
    if len(into) < at:
        into.extend(bytes(at - len(into)))
    into[at : at + len(data)] = data


def _cut(into: bytearray, size: int) -> None:
    del into[size:]
    into.extend(bytes(size - len(into)))


def _apply(to: dict, names: dict) -> None:
    for name, what in names.items():
        if what is None:
            to.pop(name, None)
        else:
            to[name] = what

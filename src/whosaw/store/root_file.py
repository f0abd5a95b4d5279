# SPDX-License-Identifier: Apache-2.0
"""The root key in a file of its own, and whether key files are ours alone.

    private/keys/         a folder of ours, 0700         no symbolic link, no other owner
    private/keys/root     a file of ours, 0600 or 0400   nothing for group and others

A key that others can read is a key that others have. So it stops the start, with the line that mends the mode; what
was readable yesterday may have been read, and only a new key mends that.

Invariant: what is read is what was checked: the file is opened first, without following links, and asked by its handle.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from whosaw.errors import Misconfigured
from whosaw.privacy.root import Root

_LONGEST = 64 * 1024
ROOT = "keys/root"


class RootFile:
    """``privacy.root_port.RootKeys`` in `private`/keys/root."""

    def __init__(self, private: Path, name: str = ROOT) -> None:
        self._private, self._name = private, name

    def __repr__(self) -> str:
        return "RootFile(…)"

    def load(self) -> Root:
        check_folder(self._private / "keys")
        return Root.parse(read_own(self._private / self._name), f"private/{self._name}")

    def probe(self) -> None:
        """Nothing that could be down: the file is read at the start, and the next start says what is wrong with it."""


def check_folder(folder: Path) -> None:
    """Raise Misconfigured where the folder of key files is not ours alone; one that is missing is said by whoever reads."""
    try:
        found = folder.lstat()
    except OSError:
        return
    if not stat.S_ISDIR(found.st_mode):
        raise _not_ours(folder, "is no folder, or a link to one", "put the folder itself there")
    _alone(found, folder, 0o700)


def read_own(path: Path) -> bytes | None:
    """What a key file holds; None where there is none. Raises Misconfigured where others could have read or changed it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = "is a symbolic link" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise _not_ours(path, why, "put the file itself there, owned by whoever runs whosaw") from None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _not_ours(path, "is no plain file", "put the file itself there")
        _alone(found, path, 0o600)
        return file.read(_LONGEST)


def _alone(found: os.stat_result, path: Path, mode: int) -> None:
    if found.st_uid != os.geteuid():
        raise _not_ours(path, "belongs to somebody else", "it belongs to whoever runs whosaw: chown it, or run as they")
    if found.st_mode & 0o077:
        raise _not_ours(
            path, "is open to others", f"chmod {mode:o} {shlex.quote(str(path))}; whoever read it before has the key"
        )


def _shown(path: Path) -> str:
    """The file as it is called inside the data folder."""
    parts = path.parts
    return "/".join(parts[parts.index("private") :]) if "private" in parts else path.name


def _not_ours(path: Path, why: str, hint: str) -> Misconfigured:
    return Misconfigured(f"the key file {_shown(path)} {why}", setting=_shown(path), hint=hint)

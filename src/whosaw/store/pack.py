# SPDX-License-Identifier: Apache-2.0
"""A parcel to hand over: a folder or a tar file that comes into being whole, or not at all.

    put, put, …  into OUT.part   ──finish──▶ OUT          an error: nothing is left

A tar file has one form: the same log as of the same head gives the same bytes.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Protocol

from whosaw.errors import BadInput, Unavailable


class Parcel(Protocol):
    """Something that files are put into, once each."""

    def put(self, name: str, data: bytes) -> None: ...
    def finish(self) -> None: ...
    def drop(self) -> None: ...


@contextmanager
def parcel(out: Path, *, tar: bool) -> Iterator[Parcel]:
    """A new one: whole when the block ends well, and gone when it does not.

    Raises BadInput where something stands at `out` already, Unavailable where it cannot be written.
    """
    made = _begun(out, tar=tar)
    try:
        yield made
        made.finish()
    except BaseException:
        made.drop()
        raise


def _begun(out: Path, *, tar: bool) -> Parcel:
    if out.exists() or out.is_symlink():
        raise BadInput("there is something already", where=str(out), hint="nothing was changed; choose another name")
    try:
        return TarParcel(out) if tar else FolderParcel(out)
    except OSError as error:
        raise _cannot(out, error) from None


class FolderParcel:
    """A folder."""

    def __init__(self, out: Path) -> None:
        self._out, self._part = out, out.with_name(f"{out.name}.part")
        self._part.mkdir()

    def put(self, name: str, data: bytes) -> None:
        path = self._part / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
        except OSError as error:
            raise _cannot(self._out, error) from None

    def finish(self) -> None:
        try:
            self._part.rename(self._out)
        except OSError as error:
            raise _cannot(self._out, error) from None

    def drop(self) -> None:
        rmtree(self._part, ignore_errors=True)


class TarParcel:
    """A tar file, in the POSIX format, with nobody's name and no time in it."""

    def __init__(self, out: Path) -> None:
        self._out, self._part = out, out.with_name(f"{out.name}.part")
        self._tar = tarfile.open(self._part, "x", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed by finish or drop

    def put(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o444
        try:
            self._tar.addfile(info, io.BytesIO(data))
        except OSError as error:
            raise _cannot(self._out, error) from None

    def finish(self) -> None:
        try:
            self._tar.close()
            self._part.rename(self._out)
        except OSError as error:
            raise _cannot(self._out, error) from None

    def drop(self) -> None:
        self._tar.close()
        self._part.unlink(missing_ok=True)


def _cannot(out: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{out} cannot be written: {error.strerror}", part=str(out))

# SPDX-License-Identifier: Apache-2.0
"""What the verifier remembers: for each log the newest checkpoint it found sound, as the signed note itself.

    run 1: size 600 ──saved──▶ run 2: size 900, and 600 must be its beginning
                               run 2: size 500          refused: a log never shrinks
                               run 2: size 600, other root: refused: two histories, both signed; both are kept

A verifier without a memory can be shown one log today and another tomorrow. With one, any change of any published bit
is found. The notes are kept whole, because the signature on the old one is what convicts.

Invariant: the file is replaced at once or not at all, only after a run in which everything held, and never by a
smaller size.                                                             Specification: docs/spec/checkpoint.md §4
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from whosaw.errors import BadInput, NotCanonical, Unavailable, WhosawError
from whosaw.model.record import Json, canonical, parse_json, parse_time, time_text
from whosaw.verify.shape import list_of, number, object_of, text

LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedHead:
    """A checkpoint that held. `size` is for us to compare quickly; the signed `note` decides."""

    origin: str
    size: int
    note: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """All saved heads, one for each origin."""

    heads: tuple[SavedHead, ...] = ()

    def of(self, origin: str) -> SavedHead | None:
        """The saved head of one log."""
        return next((head for head in self.heads if head.origin == origin), None)

    def with_head(self, head: SavedHead) -> State:
        """The same, with `head` in the place of an older one of its log."""
        others = [other for other in self.heads if other.origin != head.origin]
        return State(tuple(sorted([*others, head], key=lambda h: h.origin)))

    def encode(self) -> bytes:
        """Canonical JSON."""
        heads: list[Json] = [
            {"origin": h.origin, "size": h.size, "note": h.note.decode(), "at": time_text(h.at)} for h in self.heads
        ]
        return canonical({"v": 1, "kind": "heads", "heads": heads})

    @classmethod
    def parse(cls, raw: bytes, where: str = "state file") -> State:
        """The state that `raw` spells. Raises NotCanonical."""
        given = object_of(parse_json(raw, where, LIMIT), ("v", "kind", "heads"), where)
        if given["kind"] != "heads" or number(given["v"], where) != 1:
            raise NotCanonical("not a list of saved heads, version 1", where=where)
        heads = [object_of(h, ("origin", "size", "note", "at"), where) for h in list_of(given["heads"], where)]
        made = cls(
            tuple(
                SavedHead(
                    text(h["origin"], where),
                    number(h["size"], where),
                    text(h["note"], where).encode(),
                    parse_time(text(h["at"], where), where),
                )
                for h in heads
            )
        )
        origins = [head.origin for head in made.heads]
        if made.encode() != raw or origins != sorted(set(origins)):
            raise NotCanonical("not the one spelling of saved heads", where=where)
        return made


def read_state(path: Path) -> State:
    """The saved heads, or none where the file does not exist yet."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return State()
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where="--state") from None
    try:
        return State.parse(raw)
    except WhosawError as error:
        raise BadInput(
            str(error),
            where="--state",
            hint="restore the file from a backup; deleting it forgets what this log has shown",
        ) from None


def save_head(path: Path, head: SavedHead, compared: SavedHead | None) -> str:
    """Remember `head`, which was compared with `compared`; returns a sentence. Raises BadInput, Unavailable.

    Never replaces a head that it was not compared with: two runs that are shown two logs must not both end well.
    """
    # Read again, don't reuse what was read at the start: a long run that began earlier would otherwise make the
    # verifier forget what a shorter one has learned since.
    state = read_state(path)
    other = state.of(head.origin)
    known = {head.note} if compared is None else {head.note, compared.note}
    if other is not None and other.note not in known:
        raise Unavailable(
            f"another run has saved size {other.size:,} meanwhile, and this one was not compared with it",
            part="--state",
            hint="run it again: what is saved now is what it will compare with",
        )
    try:
        replace_file(path, state.with_head(head).encode())
    except OSError as error:
        raise BadInput(f"cannot be written: {error.strerror}", where="--state") from None
    return f"Saved: size {head.size:,} of {head.origin} is what the next run will compare with."


def replace_file(path: Path, data: bytes) -> None:
    """Old bytes or new bytes, never a third, also after a power cut. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    with contextlib.suppress(OSError):  # some systems cannot sync a folder; the file itself is synced
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

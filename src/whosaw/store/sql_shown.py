# SPDX-License-Identifier: Apache-2.0
"""What looks showed, in SQL, for gates that share a database.

It is kept in groups: whoever may write writes for all who wait, in one transaction, so that many looks share one sync of the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, bindparam, delete, select, text

from whosaw.directory.query import ask, tell
from whosaw.errors import Unavailable
from whosaw.store.state_tables import PREFIXES, answering

_PART = "crowd"
_KEEP = text(
    "INSERT INTO prefixes_shown (handle, look, sealed) VALUES (:handle, :look, :sealed) ON CONFLICT DO NOTHING"
)
_SHOWN = select(PREFIXES.c.sealed).where(PREFIXES.c.handle == bindparam("of"), PREFIXES.c.look == bindparam("which"))
_NEWEST = text("SELECT handle, look, sealed FROM prefixes_shown ORDER BY rowid DESC LIMIT :most")


@dataclass(slots=True)
class _Keeping:
    """What one look wants kept, and what became of it."""

    handle: bytes
    look: bytes
    sealed: bytes = field(repr=False)
    kept: bytes | None = field(default=None, repr=False)
    error: Exception | None = None

    @property
    def order(self) -> tuple[bytes, bytes]:
        return self.handle, self.look


class SqlShown:
    """``sql_crowd.ShownRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[_Keeping] = []
        self._lock, self._writing = threading.Lock(), threading.Lock()

    def find(self, handle: bytes, look: bytes) -> bytes | None:
        with answering(_PART), self._engine.connect() as db:
            rows = ask(db, _SHOWN, {"of": handle, "which": look})
        return bytes(rows[0]["sealed"]) if rows else None

    def keep_all(self, kept: Sequence[tuple[bytes, bytes, bytes]]) -> list[bytes | Exception]:
        """Each by itself: gates that share a database ask for one at a time."""
        made: list[bytes | Exception] = []
        for each in kept:
            try:
                made.append(self.keep(*each))
            except Exception as error:  # noqa: BLE001 - it is this one's own, and said of it
                made.append(error)
        return made

    def leave(self, handle: bytes) -> None:
        with answering(_PART), self._engine.begin() as db:
            db.execute(delete(PREFIXES).where(PREFIXES.c.handle == handle))

    def newest(self, most: int) -> list[tuple[bytes, bytes, bytes]]:
        """What was kept last, the newest last; SQLite only."""
        with answering(_PART), self._engine.connect() as db:
            rows = db.execute(_NEWEST, {"most": most}).all()
        return [(bytes(handle), bytes(look), bytes(sealed)) for handle, look, sealed in reversed(rows)]

    def clear(self) -> None:
        """Keep nothing of anybody."""
        with answering(_PART), self._engine.begin() as db:
            db.execute(delete(PREFIXES))

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        mine = _Keeping(handle, look, sealed)
        with self._lock:
            self._waiting.append(mine)
        with self._writing:
            if mine.kept is None and mine.error is None:  # nobody has written it for us meanwhile
                with self._lock:
                    group, self._waiting = self._waiting, []
                self._keep(group)
        if mine.kept is None:
            raise mine.error or Unavailable("what a look showed was not kept", part=_PART)
        return mine.kept

    def _keep(self, group: Sequence[_Keeping]) -> None:
        """All of them or none, durable. Raises nothing: each of those who wait is told."""
        kept: list[bytes] = []
        # Sorted: two gates that keep the same rows in another order would wait for each other.
        group = sorted(group, key=lambda each: each.order)
        error: Exception = Unavailable("what a look showed was not kept", part=_PART)
        try:
            with answering(_PART), self._engine.begin() as db:
                for each in group:
                    given = {"handle": each.handle, "look": each.look, "sealed": each.sealed}
                    if tell(db, _KEEP, given):
                        kept.append(each.sealed)
                    else:
                        rows = ask(db, _SHOWN, {"of": each.handle, "which": each.look})
                        kept.append(bytes(rows[0]["sealed"]))
        except Exception as failed:  # noqa: BLE001  whatever it was, those who wait are told, and show nothing
            kept, error = [], failed
        finally:
            for n, each in enumerate(group):
                each.kept, each.error = (kept[n], None) if len(kept) == len(group) else (None, error)

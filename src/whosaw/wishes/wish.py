# SPDX-License-Identifier: Apache-2.0
"""A wish: what a command cannot do in a folder that a gate has open, and the gate does for it.

    command ──wished──▶ sealed row ──▶ take_up, in the gate ──▶ the same function as without a gate ──▶ sealed answer
       ▲                                                                                               │
       └──────────────── what it would have returned, or raised ◀─────────────────────────────────────┘

Only who holds the root key can leave a wish or read an answer: whoever can do that could open the folder, too.

Invariant: a wish is taken by one gate, once, and never again, whatever becomes of that gate. A command is told either what
was done, or that nothing was, or that nobody knows.                            Decided in: docs/adr/0111, docs/adr/0133
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Engine

from whosaw.directory.tables import micros
from whosaw.errors import (
    EXIT,
    BadInput,
    Busy,
    Damaged,
    Misconfigured,
    MissingExtra,
    NotCanonical,
    OutcomeUnknown,
    Unavailable,
    WhosawError,
)
from whosaw.model.record import Json, canonical, parse_json
from whosaw.privacy.data_key import seal, unseal
from whosaw.privacy.root import Random
from whosaw.wishes.rows import Wish, WishRows

WISH_LASTS = timedelta(seconds=30)
PATIENCE = 10.0
_FORGOTTEN = timedelta(minutes=5)
_STEP = 0.05
_LIMIT = 1024 * 1024
_AGAIN = "what is on record counts, and the same command again does not do it twice"
_log = logging.getLogger(__name__)

Doer = Callable[[Json], Json]


class Wishes:
    """Both ends. `key`: derived from the root; `patience`: seconds that a command waits."""

    __slots__ = ("_clock", "_key", "_patience", "_random", "_taken", "rows")

    def __init__(
        self,
        engine: Engine,
        key: bytes,
        clock: Callable[[], datetime],
        random: Random,
        *,
        patience: float | None = None,
    ) -> None:
        self.rows, self._key, self._clock, self._random = WishRows(engine), key, clock, random
        self._patience = PATIENCE if patience is None else patience
        self._taken: dict[str, int] = {}  # ids of the wishes that this gate took lately, and when they were made

    def __repr__(self) -> str:
        return "Wishes(…)"

    # ── the command ──

    def wished(self, what: str, said: Json) -> Json:
        """Ask the gate that has the folder open, and wait for it. Raises what it raised there.

        Busy: nothing was done, and nothing will be. OutcomeUnknown: a gate took it, and did not answer.
        """
        id_, at = self._random(16).hex(), self._clock()
        self.rows.wish(id_, self.said(id_, what, said, at), at)
        ends = time.monotonic() + self._patience
        while time.monotonic() < ends:
            time.sleep(_STEP)
            if (answer := self.rows.answered(id_)) is not None:
                return self._told(id_, answer)
        if self.rows.withdraw(id_):
            raise Busy(
                "another process holds the folder, and takes up no wishes",
                part="wishes",
                hint="only `whosaw serve` takes them up; wait for whatever else has the folder open. Nothing was changed",
            )
        if (answer := self.rows.answered(id_)) is not None:
            return self._told(id_, answer)
        raise OutcomeUnknown(
            "the gate took it up, and has not answered",
            part="wishes",
            hint=f"it may have stopped in between: see that it serves; {_AGAIN}",
        )

    def said(self, id_: str, what: str, said: Json, at: datetime) -> bytes:
        """The sealed wish, which says when it was made: a copy of its row is as old as it is itself."""
        return self._sealed("said", id_, canonical({"what": what, "said": said, "made": str(micros(at))}))

    def _told(self, id_: str, sealed: bytes) -> Json:
        match parse_json(self._opened("answer", id_, sealed), "answer", _LIMIT):
            case {"done": done}:
                return done
            case {"error": str(kind), "message": str(message), "hint": str(hint)}:
                found = next((each for each in EXIT if each.__name__ == kind), Unavailable)
                # That one makes its own words, of what they need.
                raise (Misconfigured if found is MissingExtra else found)(message, hint=hint)
        raise NotCanonical("not an answer", where="answer")

    # ── the gate ──

    def take_up(self, doers: Mapping[str, Doer]) -> int:
        """Answer every wish that waits; returns how many. A wish that is too old is answered, and not done."""
        count = 0
        for wish in self.rows.waiting():
            if self.rows.take(wish.id):
                self.rows.answer(wish.id, self._sealed("answer", wish.id, self._answer(wish, doers)))
                count += 1
        self.rows.forget(self._clock() - _FORGOTTEN)
        return count

    def _answer(self, wish: Wish, doers: Mapping[str, Doer]) -> bytes:
        try:
            return canonical({"done": self._done(wish, doers)})
        except WhosawError as error:
            failed = error
        except Exception as error:  # noqa: BLE001  its text may quote what it choked on
            _log.warning("a wish failed (%s)", type(error).__name__)
            failed = OutcomeUnknown("a fault in the gate", part="wishes", hint=f"please report it; {_AGAIN}")
        said = {"error": type(failed).__name__, "message": str(failed), "hint": failed.hint}
        return canonical(cast("dict[str, Json]", said))

    def _done(self, wish: Wish, doers: Mapping[str, Doer]) -> Json:
        try:
            asked = parse_json(self._opened("said", wish.id, wish.said), "wish", _LIMIT)
        except Damaged:
            raise NotCanonical("not a wish", where="wish") from None
        match asked:
            case {"what": str(what), "said": said, "made": str(made)} if made == str(wish.made):
                self._once(wish)
                if (doer := doers.get(what)) is not None:
                    return doer(said)
                raise BadInput(
                    "the gate knows no such wish", hint="command and gate must be of one version: restart it"
                )
        raise NotCanonical("not a wish", where="wish")

    def _once(self, wish: Wish) -> None:
        """Raise Busy for a wish that is too old, and for one that was taken: whoever writes state.db can put its row back."""
        oldest = micros(self._clock()) - WISH_LASTS // timedelta(microseconds=1)
        self._taken = {id_: made for id_, made in self._taken.items() if made >= oldest}
        if wish.made < oldest or wish.id in self._taken:
            raise Busy("nobody took it up in time", part="wishes", hint="the same command again")
        self._taken[wish.id] = wish.made

    # ── under the key ──

    def _sealed(self, which: str, id_: str, raw: bytes) -> bytes:
        return seal(self._key, raw, _about(which, id_), self._random)

    def _opened(self, which: str, id_: str, sealed: bytes) -> bytes:
        return unseal(self._key, sealed, _about(which, id_), "a wish")


def _about(which: str, id_: str) -> bytes:
    """What it is bound to: an answer opens as the answer to its own wish, and as nothing else."""
    return b"whosaw/wish/v1\0" + which.encode() + b"\0" + id_.encode()

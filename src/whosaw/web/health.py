# SPDX-License-Identifier: Apache-2.0
"""Is this house well, and which part is not: two paths of plain ASGI, for whoever looks after it.

    GET /health    200 or 503    {"ok": true, "parts": {"journal": "ok", "publication": "ok", …}}     503: send no looks here
    GET /metrics   200           numbers (``web.metrics``)

Put it on an address of its own: nothing in it is personal, but how a log stands is nobody's business outside.

Invariant: it asks, and changes nothing; a part that cannot be asked is a part that fails, and it says so in a sentence.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from whosaw.errors import WhosawError
from whosaw.guard.health import OK, serves
from whosaw.journal.again import Again
from whosaw.journal.journal import Journal
from whosaw.journal.meter import Pulse
from whosaw.journal.ports import Stores
from whosaw.journal.scrub import reports
from whosaw.journal.scrub.scrub import Rounds, rounds
from whosaw.journal.vitals import Vitals, vitals
from whosaw.tlog.note import VerifierKey
from whosaw.vault.released import Tally
from whosaw.web.metrics import Measured, metrics_text
from whosaw.wiring import House
from whosaw.witness.kept import MAP_STATE, standing
from whosaw.witness.state import Standing

LATE = timedelta(minutes=10)  # a map log or a witness that is behind for longer fails
SCRUBBED = timedelta(days=30)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def measured(
    stores: Stores, keys: tuple[VerifierKey, ...], at: datetime, pulse: Pulse | None, *, files: bool,
    delivered: Tally | None = None,
) -> Measured:  # fmt: skip
    """Everything about the log in these stores. Raises Damaged, Unavailable. `files`: count the published ones, which takes a while.

    `delivered`: by the vault of this process.
    """
    standings = {"log": standing(stores.private), "index": standing(stores.private, MAP_STATE)}
    waiting = sum(1 for _ in stores.private.names(reports.FOLDER))
    found = vitals(stores, keys, at, files=files)
    known = {name: each for name, each in standings.items() if each is not None}
    return Measured(at, found, known, rounds(stores.private), waiting, pulse, delivered)


@dataclass(frozen=True, slots=True)
class Health:
    """An ASGI application over an open house."""

    house: House

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/health":
                parts = await asyncio.to_thread(self.parts)
                well = all(said == OK for said in parts.values())
                body = json.dumps({"ok": well, "parts": parts}, indent=2).encode() + b"\n"
                await _answer(send, 200 if serves(parts) else 503, b"application/json", body)
            case "/metrics":
                try:
                    text = await asyncio.to_thread(self.metrics)
                except WhosawError as error:
                    await _answer(send, 503, b"text/plain; charset=utf-8", f"{error}\n".encode())
                else:
                    await _answer(send, 200, b"text/plain; version=0.0.4; charset=utf-8", text)
            case _:
                await _answer(send, 404, b"text/plain; charset=utf-8", b"/health and /metrics are here\n")

    def metrics(self) -> bytes:
        """The exposition. Raises MissingExtra, Damaged, Unavailable."""
        return metrics_text(self._measured())

    def parts(self) -> dict[str, str]:
        """Each part of the house: `ok`, or the sentence that says why not."""
        said = self.house.probes.said()
        try:
            found = self._measured()
        except WhosawError as error:
            return {**said, "log": str(error)}
        return {**parts_of(found, self.house.journal.genesis.promise_s), **said}

    def _measured(self) -> Measured:
        here = self.house
        keys = tuple(map(VerifierKey.parse, here.journal.genesis.logs))
        pulse = here.journal.pulse() if isinstance(here.journal, Journal | Again) else None
        return measured(here.stores, keys, here.clock(), pulse, files=False, delivered=here.vault.delivered)


def parts_of(found: Measured, promise_s: int) -> dict[str, str]:
    """What each part says of itself."""
    parts = {
        "publication": _publication(found.vitals, found.pulse, promise_s),
        "index": _index(found.vitals, found.at, found.pulse),
        "disk": _disk(found.scrub, found.at),
    }
    if found.pulse is not None:
        parts["journal"] = found.pulse.stopped or OK
    for name, standing_ in found.standings.items():
        parts[f"witnesses of the {name}"] = _witnesses(standing_, found.at)
    return parts


def _publication(found: Vitals, pulse: Pulse | None, promise_s: int) -> str:
    waiting = (found.waiting or 0) if pulse is None else pulse.waiting
    if (waiting or found.size > found.published.size) and found.age_s > promise_s:
        return f"{waiting} leaves wait, and the newest head is {found.age_s} s old: {promise_s} were promised"
    return OK


def _index(found: Vitals, at: datetime, pulse: Pulse | None) -> str:
    if pulse is not None and pulse.map_stopped:
        return pulse.map_stopped
    behind = found.published.size - found.mapped
    # A head that is newer than the index was signed after it, so its age is that of the lag, or more.
    if (
        behind > 0
        and found.map_size
        and at - found.mapped_at > LATE
        and at - found.signed_at < at - found.mapped_at - LATE
    ):
        return f"{behind} published leaves are in no index since {int((at - found.mapped_at).total_seconds())} s"
    return OK


def _disk(found: Rounds | None, at: datetime) -> str:
    if found is None:
        return OK
    damaged = found.now.damaged + (found.last.damaged if found.last else 0)
    if damaged:
        return f"the scrub found {damaged} places that are not as they were written: whosaw journal fsck"
    since = found.now.began if found.last is None or found.last.ended is None else found.last.ended
    if at - since > SCRUBBED:
        return f"no round of the scrub was finished since {int((at - since).days)} days"
    return OK


def _witnesses(found: Standing, at: datetime) -> str:
    for each in found.witnesses:
        if each.alarm:
            return f"witness {each.name}: {each.sentence}"
    if found.witnessed < found.published and at - found.at > LATE:
        return f"{found.published - found.witnessed} leaves wait for a quorum: whosaw witness status"
    quiet = [each for each in found.witnesses if each.cosigned is None or at - each.cosigned > 3 * LATE]
    return f"witness {quiet[0].name} has not cosigned lately: {quiet[0].sentence}" if quiet else OK


async def _answer(send: Send, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

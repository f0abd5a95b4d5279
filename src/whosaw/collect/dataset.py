# SPDX-License-Identifier: Apache-2.0
"""Looks of a dataset folder, one request a line, as `facts.dataset.requests` writes them once the folder is checked.

    {"id": "l-1", "t": 1656839645123000, "principal": …, "persons": […], "asked": "ip:exact|profile:-", "mode": "read", …}

look id   dataset:<look_id>, or <bulk> for a request with several mentions: whoever wrote the folder chose them, so only a digest is kept
who       the principal; whoever stands in on_behalf_of is claimed

Invariant: a detail that is no rung of its field's ladder is `-`: it could be anything.          Specification: docs/dataset.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from whosaw.collect.gaps import Gap
from whosaw.collect.lines import lines
from whosaw.collect.observed import Asked, Malformed, No, Observed, Outcome, Piece, Taken, Where, app_name, identifier
from whosaw.collect.strict_json import parsed
from whosaw.model.access import LADDER, Field, Mode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799_999_999
_LINE = 16 * 1024 * 1024  # a bulk look of a million mentions
_NOT_OURS = "not a request of a dataset"


class DatasetLooks:
    """Reads the requests of a folder that was checked."""

    source = "dataset"
    map_digest = hashlib.sha256(b"whosaw-dataset/1").digest()

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """Its lines."""
        yield from lines(chunks, _LINE)

    def read(self, raw: bytes, where: Where) -> Outcome:  # noqa: ARG002  every reader is told
        """One request."""
        said = parsed(raw)
        look = said if isinstance(said, No) else _look(said)
        return Malformed.of(raw, look) if isinstance(look, No) else Taken((look,))

    def gaps(self) -> tuple[Gap, ...]:
        """None: holes in its numbers are for detectors."""
        return ()


def _look(said: dict[str, Any]) -> Observed | No:
    t, persons = said.get("t"), said.get("persons")
    id_, principal = identifier(said.get("id")), identifier(said.get("principal"))
    if id_ is None or principal is None or type(t) is not int or not 0 <= t <= _LATEST:
        return No(_NOT_OURS)
    if type(persons) is not list or any(identifier(person) is None for person in persons):
        return No("an identifier that is not 1 to 200 printable bytes")
    asked = _asked(said.get("asked"))
    if asked is None or said.get("mode") not in tuple(Mode) or said.get("decision") not in (None, "permit", "refuse"):
        return No(_NOT_OURS)
    rows = said.get("rows")
    return Observed(
        source=DatasetLooks.source,
        id=id_,
        keyed=True,
        at=_EPOCH + timedelta(microseconds=t),
        principal=principal,
        asked=asked,
        mode=Mode(said["mode"]),
        persons=tuple(dict.fromkeys(persons)),
        on_behalf_of=(behalf := identifier(said.get("on_behalf_of"))),
        claimed=behalf is not None,
        purpose=_text(said.get("purpose")),
        case=_text(said.get("case")),
        app=app_name(said.get("app")),
        rows=rows if type(rows) is int and rows >= 0 else None,
        decision=said.get("decision"),
        query=_text(said.get("query")),
    )


def _asked(text: object) -> Asked | None:
    """`field:detail|…`; None where a field is none of ours."""
    if type(text) is not str:
        return None
    made: dict[Field, str] = {}
    for part in text.split("|") if text else ():
        name, _, detail = part.partition(":")
        if name not in tuple(Field):
            return None
        made[Field(name)] = detail if detail in LADDER[Field(name)] else "-"
    return tuple(made.items())


def _text(value: object) -> str | None:
    return value if type(value) is str and value else None

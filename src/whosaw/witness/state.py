# SPDX-License-Identifier: Apache-2.0
"""How it stands with each witness: what it said last, when it cosigned last, and how far behind it is.

    collector ──▶ private/witness/state.json ──▶ `whosaw witness status`, beside whoever writes the log

A head that waits for a witness is *late*, and this says for whom it waits and since when. Nothing is ever shown as
witnessed that is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from whosaw.errors import NotCanonical
from whosaw.model.record import Json, canonical, parse_json, parse_time, time_text
from whosaw.verify.shape import list_of, number, object_of, text
from whosaw.witness.client import Says

LIMIT = 1024 * 1024

# What a witness may say without that anybody has to look into it. BEHIND and UNREACHABLE pass, or show in the times.
QUIET = frozenset({None, Says.COSIGNED, Says.SHOWN, Says.NEVER, Says.BEHIND, Says.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class WitnessState:
    """One witness. `size`: what it cosigned last; `cosigned`: when; `asked`: when it was asked last. None: not yet."""

    name: str
    url: str
    says: Says | None
    sentence: str
    size: int | None
    cosigned: datetime | None
    asked: datetime | None

    @property
    def alarm(self) -> bool:
        """Whether somebody must look into what it said."""
        return self.says not in QUIET

    def lag(self, published: int) -> int | None:
        """How many leaves it has not seen."""
        return None if self.size is None else published - self.size


@dataclass(frozen=True, slots=True)
class Standing:
    """All witnesses at the time `at`, beside what was published and what was witnessed then."""

    at: datetime
    published: int
    witnessed: int
    witnesses: tuple[WitnessState, ...]

    def encode(self) -> bytes:
        """Canonical JSON."""
        rows: list[Json] = [
            {
                "name": w.name,
                "url": w.url,
                "says": None if w.says is None else str(w.says),
                "sentence": w.sentence,
                "size": w.size,
                "cosigned": None if w.cosigned is None else time_text(w.cosigned),
                "asked": None if w.asked is None else time_text(w.asked),
            }
            for w in self.witnesses
        ]
        return canonical(
            {
                "v": 1,
                "kind": "witnesses",
                "at": time_text(self.at),
                "published": self.published,
                "witnessed": self.witnessed,
                "witnesses": rows,
            }
        )

    @classmethod
    def parse(cls, raw: bytes, where: str) -> Standing:
        """What `encode` wrote. Raises NotCanonical."""
        names = ("v", "kind", "at", "published", "witnessed", "witnesses")
        given = object_of(parse_json(raw, where, LIMIT), names, where)
        if given["kind"] != "witnesses" or number(given["v"], where) != 1:
            raise NotCanonical("not the state of witnesses, version 1", where=where)
        made = cls(
            parse_time(text(given["at"], where), where),
            number(given["published"], where),
            number(given["witnessed"], where),
            tuple(_state(row, where) for row in list_of(given["witnesses"], where)),
        )
        if made.encode() != raw:
            raise NotCanonical("not the one spelling of it", where=where)
        return made


def _state(given: Json, where: str) -> WitnessState:
    row = object_of(given, ("name", "url", "says", "sentence", "size", "cosigned", "asked"), where)
    says = row["says"]
    if says is not None and says not in set(Says):
        raise NotCanonical("a witness cannot say that", where=where)
    return WitnessState(
        text(row["name"], where),
        text(row["url"], where),
        None if says is None else Says(text(says, where)),
        text(row["sentence"], where),
        None if row["size"] is None else number(row["size"], where),
        _time(row["cosigned"], where),
        _time(row["asked"], where),
    )


def _time(value: Json, where: str) -> datetime | None:
    return None if value is None else parse_time(text(value, where), where)

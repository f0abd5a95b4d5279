# SPDX-License-Identifier: Apache-2.0
"""A journal in memory and looks to put into it. Invented pseudonyms, no names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from whosaw.model.access import Field, Mode
from whosaw.model.look_body import LookBody
from whosaw.model.record import Json, Kind, canonical
from whosaw.privacy.root import Mac

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
SEAL = Mac(bytes(range(32)))
GENESIS = canonical({"v": 1, "kind": "genesis", "origin": "log.example.org/test"})


@dataclass(frozen=True)
class Leaf:
    index: int
    body: bytes | None


class Ledger:
    """`facts.ports.Leaves` over a list: what the journal's reader is to facts."""

    def __init__(self, bodies: list[bytes | None], genesis: bytes = GENESIS) -> None:
        self.bodies = [genesis, *bodies]

    def __len__(self) -> int:
        return len(self.bodies)

    def frames(self, first: int = 0, last: int | None = None) -> Iterator[Leaf]:
        for index, body in enumerate(self.bodies[first:last], start=first):
            yield Leaf(index, body)


def at(days: float = 0, hours: float = 0) -> datetime:
    return START + timedelta(days=days, hours=hours)


def look(number: int, who: str, person: str | None, when: datetime, **more) -> LookBody:
    """A look asked at the gate; `more` overrides."""
    facts = {
        "kind": Kind.LOOK,
        "look": f"l-{number:06d}",
        "origin": "asked",
        "at": when,
        "principal": who,
        "person": person,
        "asked": ((Field.IP, "network"),),
        "mode": Mode.READ,
        "source": "guard",
        "decision": "permit",
    }
    return LookBody(**{**facts, **more})


def other(kind: str, **more: Json) -> bytes:
    """A body of another kind."""
    return canonical({"v": 1, "kind": kind, **more})

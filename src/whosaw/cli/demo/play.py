# SPDX-License-Identifier: Apache-2.0
"""The summer, played against the real thing: every act at its instant, every answer kept.

    Loads     ──▶ tables written as of that morning, loaded        Asks ──▶ the guard
    Connects  ──▶ an HTTP request to the product, by its proxy     Uses ──▶ an HTTP request to the internal tool

Invariant: nothing here decides, detects or remembers what was planted. It turns the clock and does what the act says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whosaw.cli.demo.clock import TurnedClock
from whosaw.cli.demo.serve import Client
from whosaw.collect.asgi import Connections
from whosaw.desks import load_directory
from whosaw.errors import Unavailable
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Look
from whosaw.simulate.summer.acts import Act, Asks, Connects, Loads, Publishes, Uses
from whosaw.simulate.summer.company import Company
from whosaw.simulate.summer.tables import tables, write
from whosaw.wiring import House


@dataclass(slots=True)
class Summer:
    """What became of it."""

    mornings: int = 0
    connections: int = 0
    shown: list[tuple[Asks, Shown]] = field(default_factory=list)
    refused: list[tuple[Asks, Refused]] = field(default_factory=list)
    used: list[Uses] = field(default_factory=list)
    articles: list[Publishes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Player:
    """Plays acts. `tokens`: account id → session token; `product`, `tool`: the two servers on loopback."""

    here: House
    clock: TurnedClock
    company: Company
    directory: Path
    intake: Connections
    product: Client
    tool: Client
    tokens: dict[str, str] = field(repr=False)

    def play(self, acts: Sequence[Act], progress: Callable[[int, int], None]) -> Summer:
        """All acts, in order. Raises Unavailable where a server answers as it should not."""
        summer = Summer()
        for done, act in enumerate(acts, 1):
            self.clock.turn(act.at)
            self._act(act, summer)
            progress(done, len(acts))
        if not self.intake.settle() or self.intake.counts.missed:
            raise Unavailable("a connection was not kept", part="intake")
        return summer

    def _act(self, act: Act, summer: Summer) -> None:
        match act:
            case Loads():
                write(self.directory, tables(self.company, act.at))
                load_directory(self.here, self.directory)
                summer.mornings += 1
            case Connects():
                self._connect(act)
                summer.connections += 1
            case Asks():
                self._ask(act, summer)
            case Uses():
                self._use(act)
                summer.used.append(act)
            case Publishes():
                summer.articles.append(act)

    def _connect(self, act: Connects) -> None:
        headers = {"cookie": f"session={self.tokens[act.person]}", "x-forwarded-for": act.address}
        status, _ = self.product.get("/feed", headers)
        if status != 200:
            raise Unavailable(f"the product answered {status}", part="loopback server")

    def _ask(self, act: Asks, summer: Summer) -> None:
        look = Look(
            look_id=act.look_id,
            principal=act.principal,
            person=act.person,
            asked=act.asked,
            purpose=act.purpose,
            case=act.case,
            key=act.look_id,
            app=act.app,
        )
        answer = self.here.guard.look(look)
        if isinstance(answer, Shown):
            summer.shown.append((act, answer))
        else:
            summer.refused.append((act, answer))

    def _use(self, act: Uses) -> None:
        headers = {"x-signed-in": act.principal, "x-request-id": act.request_id, "user-agent": "Larkway/1"}
        status, _ = self.tool.get(f"/admin/people/{act.person}/sign-ins", headers)
        if status != 200:
            raise Unavailable(f"the internal tool answered {status}", part="loopback server")

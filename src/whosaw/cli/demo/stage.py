# SPDX-License-Identifier: Apache-2.0
"""The stage: a data folder of this run, the company, two servers on loopback, and a clock that is turned.

    demo-data/   whosaw.toml  trust  public/  private/  maps/  directory/  tool/access.log  story.html

A folder of an earlier run is cleared first, and nothing else is: what does not look like one stays, and is said.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from pathlib import Path

from whosaw.cli.demo.clock import TurnedClock
from whosaw.cli.demo.play import Player
from whosaw.cli.demo.product import Sessions, product
from whosaw.cli.demo.serve import Client, serving
from whosaw.cli.demo.tool import ROUTES, internal_tool
from whosaw.datafolder import SETTINGS, TRUST
from whosaw.desks import intake
from whosaw.errors import BadInput
from whosaw.simulate.summer.acts import Act, Connects, Uses
from whosaw.simulate.summer.company import Company
from whosaw.wiring import build, house

ORIGIN = "larkway.example/whosaw"
PROXY = "127.0.0.1/32"
MARK = ".whosaw-demo"
LEFT = frozenset(
    {MARK, SETTINGS, TRUST, "public", "private", "maps", "directory", "tool", "story.html", "statement.json",
     "tampering.evidence"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are in the folder of the demonstration."""

    folder: Path

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def trust(self) -> Path:
        return self.folder / "trust"

    @property
    def directory(self) -> Path:
        return self.folder / "directory"

    @property
    def access_log(self) -> Path:
        return self.folder / "tool" / "access.log"

    @property
    def page(self) -> Path:
        return self.folder / "story.html"

    @property
    def statement(self) -> Path:
        return self.folder / "statement.json"


def clear(folder: Path) -> None:
    """Remove what an earlier demonstration left, name by name. Raises BadInput where anything else is there."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file()):
        raise BadInput("not a folder that a demonstration left", where="--folder", hint="nothing was touched")
    if others := [path for path in folder.iterdir() if path.name not in LEFT or path.is_symlink()]:
        raise BadInput(
            f"{len(others)} files or folders in it are not the demonstration's",
            where="--folder",
            hint="nothing was touched; move them elsewhere, or give another folder",
        )
    shutil.rmtree(folder)


def beginning(today: date) -> date:
    """The third Monday of June, in the last summer that is over."""
    year = today.year if today >= date(today.year, 9, 5) else today.year - 1
    first = date(year, 6, 1)
    return first.replace(day=15 + (-first.weekday()) % 7)


def make(places: Places, start: date) -> TurnedClock:
    """A data folder, made at midnight before the summer begins."""
    clock = TurnedClock(datetime.combine(start, time_of_day(), UTC), time.monotonic)
    places.folder.mkdir(parents=True)
    (places.folder / MARK).touch()
    build(places.folder, ORIGIN, trusted_proxies=(PROXY,), clock=clock)
    (places.folder / "maps").mkdir()
    (places.folder / "maps" / "access.toml").write_text(ROUTES, encoding="utf-8")
    places.access_log.parent.mkdir()
    return clock


@contextmanager
def opened(places: Places, clock: TurnedClock, company: Company, acts: tuple[Act, ...]) -> Iterator[Player]:
    """The house, the product behind its intake, and the internal tool, each at work until the block ends."""
    tokens = {each.person: f"s{number:04d}" for number, each in enumerate(company.persons)}
    newest = {act.person: act.address for act in acts if isinstance(act, Connects)}
    newest |= {act.person: "" for act in acts if isinstance(act, Uses) and act.person not in newest}
    with house(places.folder, clock=clock) as here:
        app = intake(here, product, Sessions({token: person for person, token in tokens.items()}))
        tool = internal_tool(newest, places.access_log, clock)
        with serving(app) as at_product, serving(tool) as at_tool:
            clients = Client(at_product), Client(at_tool)
            try:
                yield Player(here, clock, company, places.directory, app, *clients, tokens)
            finally:
                for client in clients:
                    client.close()
                app.close()

# SPDX-License-Identifier: Apache-2.0
"""The town that the benchmarks look at: two hundred persons, a case for each, and quotas that nobody meets."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from whosaw.config import StoreSettings
from whosaw.datafolder import now
from whosaw.desks import load_directory
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.wiring import House, build, house

MANY = 1_000_000_000
_QUOTAS = ("looks_an_hour", "looks_a_day", "attempts_an_hour", "unit_looks_a_day", "person_looks_a_day")

PERSONS = 200


def furnished(folder: Path, store: StoreSettings | None = None) -> Path:
    """A data folder with everybody in it, everybody enrolled, and one address each."""
    data = folder / "data"
    build(data, "log.example.org/bench", store=store)
    settings = data / "whosaw.toml"
    settings.write_text(settings.read_text() + "\n[quota]\n" + "".join(f"{name} = {MANY}\n" for name in _QUOTAS))
    write_tables(folder / "tables")
    with house(data) as here:
        load_directory(here, folder / "tables")
        for n in range(PERSONS):
            here.vault.put(f"person-{n}", Field.IP, "203.0.113.77", now(), "sign-in")
    return data


@contextmanager
def town(data: Path, name: str = "first") -> Iterator[House]:
    """The house, open; every person has been looked at once, so that keys and labels are warm."""
    gc.set_threshold(100_000, 20, 20)  # as `whosaw` does, and docs/operate.md says
    with house(data) as here:
        counted = here.quota._purposes  # noqa: SLF001 - one agent looks at more persons than any purpose allows
        endless = {code: replace(purpose, persons_a_day=MANY) for code, purpose in counted.items()}
        here.quota._purposes = endless  # noqa: SLF001
        for n in range(PERSONS):
            look_once(here, n, name)
        yield here


def write_tables(folder: Path) -> None:
    """One agent of support and a case for each person, opened by the portal a day ago."""
    folder.mkdir()
    opened = "2026-01-01T00:00:00Z"
    people = [f"person-{n}" for n in range(PERSONS)]
    rows = {
        "staff.csv": ["staff_id,unit,function,country", "agent,help,support,IE", "portal,machines,service,IE"],
        "persons.csv": ["person,region", *(f"{p},IE" for p in people)],
        "cases.csv": [
            "case_id,type,opened,assignee,requester,opened_by",
            *(f"c-{p},support_request,{opened},agent,{p},portal" for p in people),
        ],
        "case_persons.csv": ["case_id,person,added,added_by", *(f"c-{p},{p},{opened},portal" for p in people)],
        "assignments.csv": ["staff_id,scope_kind,scope"],
    }
    for name, lines in rows.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def look_once(here: House, number: int, name: str = "key") -> None:
    """One look that is shown. Raises RuntimeError where it is not: a refused look would be faster."""
    _shown(here.guard.look(_numbered(number, name)))


async def look_once_async(here: House, number: int, name: str = "key") -> None:
    """The same by a task."""
    _shown(await here.guard.look_async(_numbered(number, name)))


def _numbered(number: int, name: str) -> Look:
    person = f"person-{number % PERSONS}"
    asked = (Asked(Field.IP, "network"),)
    return Look(f"look-{number}", "agent", person, asked, "subject_request", f"c-{person}", f"{name}-{number}")


def _shown(answer: Shown | Refused) -> None:
    if not isinstance(answer, Shown):
        raise RuntimeError("a look was refused")  # noqa: TRY004 - a refusal is no type error

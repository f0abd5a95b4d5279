# SPDX-License-Identifier: Apache-2.0
"""One summer, played once against the real directory and the shipped policy; fakes of journal, vault and names only."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from tests.directory.town import Office
from tests.guard.gate import FakeVault
from tests.policy.ground import POLICY

from whosaw.config import QuotaSettings
from whosaw.directory.load import Loaded
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.look import Guard
from whosaw.guard.none_given import NoneGiven
from whosaw.guard.quota import Quota
from whosaw.guard.quota_count import InMemory
from whosaw.model.access import Asked, Field, Look, Mode
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind
from whosaw.privacy.detail import OFFERED
from whosaw.simulate.summer.acts import Asks, Loads, Uses
from whosaw.simulate.summer.company import Company, company, truth
from whosaw.simulate.summer.summer import summer
from whosaw.simulate.summer.tables import tables, write

START, SEED = date(2026, 6, 15), 7
# As wiring offers it: no countries of addresses, no places.
OFFERABLE = frozenset(Asked(Field(field), detail) for field, rungs in OFFERED.items() for detail in rungs)


@dataclass
class Played:
    """What came of it: each load, the answer to each question, and every look as it would stand in the journal."""

    company: Company
    office: Office
    loads: list[tuple[datetime, Loaded]]
    answers: list[tuple[Asks, Shown | Refused]]
    bodies: list[LookBody]


def play(where: Path, seed: int = SEED, start: date = START) -> Played:
    """Every load and every question of one summer, in order, at its time."""
    town = company(seed, start)
    office = Office(where)
    guard = Guard(
        journal=office.journal, vault=FakeVault(office.journal), directory=office.directory, policy=POLICY,
        approvals=NoneGiven(), quotas=Quota(QuotaSettings(), POLICY.purposes, office.directory.unit, InMemory()),
        pseudonyms=office.names, remember=office.names.remember, offered=OFFERABLE, clock=office.clock,
    )  # fmt: skip
    played = Played(town, office, [], [], [])
    for act in summer(town, seed):
        office.clock.at = act.at
        if isinstance(act, Loads):
            write(office.folder, tables(town, act.at))
            played.loads.append((act.at, office.load_folder()))
        elif isinstance(act, Asks):
            look = Look(
                look_id=act.look_id, key=act.look_id, principal=act.principal, person=act.person,
                asked=act.asked, purpose=act.purpose, case=act.case, app=act.app,
            )  # fmt: skip
            played.answers.append((act, guard.look(look)))
            played.bodies.append(LookBody.decode(office.journal.submissions[-1].records[0].body))
        elif isinstance(act, Uses):
            played.bodies.append(_seen_in_log(act, office))
    office.close()
    return played


def _seen_in_log(act: Uses, office: Office) -> LookBody:
    """As a collector writes it that read the tool's access log."""
    return LookBody(
        kind=Kind.LOOK, look=act.request_id, origin="observed", at=act.at, source="tool", mode=Mode.READ,
        principal=office.names.principal(act.principal), person=office.names.person(act.person),
        asked=((Field.IP, "exact"),),
    )  # fmt: skip


def looks(town: Company, seed: int) -> tuple[list[Asks | Uses], list[Asks | Uses]]:
    """All looks of the summer: the honest ones, and the planted ones."""
    auditors = truth(town).principals
    every = [act for act in summer(town, seed) if isinstance(act, Asks | Uses)]
    return [a for a in every if a.principal not in auditors], [a for a in every if a.principal in auditors]

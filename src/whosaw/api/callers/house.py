# SPDX-License-Identifier: Apache-2.0
"""The door of a house, and the desk where its callers are changed: which part of the house each of them gets.

House ──▶ desk_of  what commands change
      └─▶ door     what every request passes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from whosaw.api.callers.desk import Changed, Desk, do
from whosaw.api.callers.door import Door, Parts, networks
from whosaw.api.callers.keys import KeyAddress, KeyFile, Keys
from whosaw.api.callers.registered import Registered
from whosaw.api.callers.rows import CallerRows
from whosaw.api.callers.token import Issuer
from whosaw.model.record import Json
from whosaw.policy.facts import PrincipalFacts
from whosaw.settings.callers import CallerSettings, IssuerSettings
from whosaw.wiring import House

_OF_NOBODY = "p-" + "a" * 16


def desk_of(here: House) -> Desk:
    """Where callers are changed, in an open house."""
    return Desk(
        rows=CallerRows(here.engine),
        journal=here.journal,
        purposes=frozenset(here.policy.purposes),
        issuers=frozenset(issuer.name for issuer in here.settings.issuer),
        clock=here.clock,
    )


@contextmanager
def door(here: House, told_of: Callable[[str], None] = lambda _: None) -> Iterator[Door]:
    """What every request passes. The tables [[caller]] are brought into force first, on record.

    `told_of` is given a sentence for each caller that whosaw.toml names and that stays removed. Raises Misconfigured.
    """
    desk = desk_of(here)
    _, stay = desk.settle([registered(here.folder, said) for said in here.settings.caller])
    for name in stay:
        told_of(f"caller {name}: a command removed it; it stays removed until its table in whosaw.toml changes")
    rows = CallerRows(here.engine)
    issuers = [_issuer(here.folder, said, rows, here.clock) for said in here.settings.issuer]
    yield Door(
        Parts(
            desk=desk,
            issuers=issuers,
            proxies=networks(here.settings.callers.proxies),
            function=lambda staff: _function(here, staff),
            stopped=lambda staff: _stopped(here, staff),
            pseudonym=here.pseudonyms.principal,
            clock=here.clock,
        )
    )


def registered(folder: Path, said: CallerSettings) -> Registered:
    """What a table or a command says, with the files that it names. Raises Misconfigured."""
    return Registered.of(said, lambda name: (folder / name).read_bytes())


def _issuer(folder: Path, said: IssuerSettings, rows: CallerRows, clock: Callable[[], datetime]) -> Issuer:
    source = KeyAddress(said.keys) if "://" in said.keys else KeyFile(folder / said.keys)
    return Issuer(said, Keys(source, timedelta(seconds=said.keys_for_s), clock), clock, rows.first)


def _function(here: House, staff: str) -> str | None:
    """What kind of work a staff id does now, as the directory has it; None for nobody. Raises Unavailable, Damaged."""
    found = _known(here, staff)
    return found.function if found is not None and found.active else None


def _stopped(here: House, staff: str) -> bool:
    """Whether a staff id was suspended, or has left. Raises Unavailable, Damaged."""
    found = _known(here, staff)
    return found is not None and (found.suspended or not found.active)


def _known(here: House, staff: str) -> PrincipalFacts | None:
    principal = here.pseudonyms.principal(staff)
    return here.directory.known(principal, _OF_NOBODY, None, here.clock()).principal


def ordered(here: House, said: Json) -> Changed:
    """What a command says, done."""
    return do(desk_of(here), said)

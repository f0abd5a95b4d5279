# SPDX-License-Identifier: Apache-2.0
"""All addresses of the vault of an epoch, as pseudonyms: counted, asked for, recorded, and only then read.

    how many are there? ──▶ desk.open_vault(so many) ──▶ Refused, on record
                                     └ on record ──▶ vault opens, encrypts and hands out pseudonyms, page by page

Nobody chooses an address here, and the key is another than of addresses that are brought, so nobody can ask what pseudonym one has; and
accounts are called in the table what they are called nowhere else. But the one who calls may know somebody's address at an
hour, and find the row: docs/pseudonyms.md says how far that leads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from whosaw.guard.pseudonyms.ask import Ask, Refused
from whosaw.guard.pseudonyms.desk import Opened, Pseudonymiser
from whosaw.vault.addresses import Addresses, Sighting

Progress = Callable[[int, int], None]


def open_vault(ask: Ask, desk: Pseudonymiser, addresses: Addresses) -> Opened | Refused:
    """The call, on record. Raises BadInput for an epoch that is none."""
    return desk.open_vault(ask, addresses.how_many(desk.epoch(ask)))


def sightings(opened: Opened, addresses: Addresses, progress: Progress) -> Iterator[Sighting]:
    """What the call was for, in no order that means anything. How many it were is on record when it ends."""
    with opened.session as session:
        for sighting in addresses.pseudonymised(opened.recorded, session.texts):
            yield replace(sighting, person=opened.accounts(sighting.person))
            progress(session.used, session.up_to)

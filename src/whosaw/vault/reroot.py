# SPDX-License-Identifier: Apache-2.0
"""Another root key: on record, then the key table goes over to it at once, and an epoch begins that the root before never saw.

    1 record    that the root is exchanged, by whose order, durable
    2 go over   every epoch key wrapped under the new root, one epoch more, what is carried: one transaction
    3 re-wrap   every row, to the new epoch: ``vault.rotate`` goes on with it

After 2 the root before opens nothing of this table. What it opens still is what a copy of the table from before holds; and it
goes on making pseudonyms of ids that somebody knows, because those stand in the log (``privacy.carried``).

Invariant: no value is sealed anew, and no key leaves the keyring.           Decided in: docs/adr/0136
"""

from __future__ import annotations

from datetime import datetime

from whosaw.errors import BadInput
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Kind, Stream, canonical, time_text
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.root import Root
from whosaw.vault.rotate import CALLER, Journal


def reroot(keyring: Keyring, journal: Journal, new: Root, *, place: str, by: str, at: datetime) -> int:
    """Put the key table under `new`, which lives in `place`; the epoch that is begun with it. `by`: a pseudonym.

    Raises BadInput while the last epoch is not whole, and Unavailable where it is not known whether it happened.
    """
    if len(keyring.epochs.numbers()) > 1:
        raise BadInput(
            "the last epoch is not whole yet",
            where="the key table",
            hint="first finish it: `whosaw vault rotate --by ID`",
        )
    epoch = keyring.epochs.newest() + 1
    body = canonical(
        {
            "v": 1,
            "kind": Kind.KEYS,
            "at": time_text(at),
            "what": "root",
            "epoch": epoch,
            "place": place,
            "principal": by,
        }
    )
    journal.submit(Submission(CALLER, f"root-{epoch}-{time_text(at)}", (Record(Stream.named("admin"), body),)))
    keyring.reroot(new)
    return epoch

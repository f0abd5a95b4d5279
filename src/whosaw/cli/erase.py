# SPDX-License-Identifier: Apache-2.0
"""`whosaw erase PERSON --basis request --by STAFF` and `whosaw hold PERSON`: what is erased, and what must not be yet.

Both are on record before anything happens. Exit code 4: refused, with the reasons. A second `erase` says that it is done.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.operator import local
from whosaw.cli.options import Together, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Table
from whosaw.desks import erasure_desk
from whosaw.erasure import erase as erasing
from whosaw.erasure import hold as holds
from whosaw.erasure.erase import REMAINS, Before, Erased, Kept
from whosaw.erasure.record import BASES, HOLDS, Hold
from whosaw.verify.words import counted

_LISTED = "; ".join(f"{name}: {what}" for name, what in BASES.items())
_HELD = "; ".join(f"{name}: {what}" for name, what in HOLDS.items())


@click.command()
@click.argument("person")
@click.option("--basis", required=True, type=click.Choice(list(BASES)), help=f"{_LISTED}.")
@click.option("--by", required=True, metavar="ID", help="Staff id of whoever orders it; recorded.")
@data_option
@format_option
def erase(person: str, basis: str, by: str, data: Path, form: str) -> int:
    """Erase PERSON: keys, sealed values, the bodies of all records, what the directory says of them.

    What was begun and not finished is finished by whatever command opens the folder next.
    """
    with opened(data) as here:
        local(here, by)
        done = erasing.erase(person, basis, by, erasure_desk(here), key=secrets.token_hex(16))
    say(_answer(done), form)
    return REFUSED if isinstance(done, Kept) else 0


def _answer(done: Erased | Before | Kept) -> Table:
    match done:
        case Kept():
            return _refused(done)
        case Before():
            often = "once" if done.generations == 1 else f"{done.generations} times"
            return Table(
                f"Nothing is left to erase: this account was erased {often} before.",
                facts={"outcome": "done before", "records": 0, "generations": done.generations},
            )
        case Erased():
            return _erased(done)


def _erased(done: Erased) -> Table:
    what = (
        f"{counted(done.records, 'record')}, enrolment included"
        if done.records
        else "no record, and what else was known"
    )
    until = f"{done.expires:%Y-%m-%d}"
    where = () if done.tombstone is None else (f"It is on record at leaf {done.tombstone} of the log.",)
    backups = (
        f"Backups that hold the records must be gone by {until}, 35 days from now: tell the person. One that is brought "
        "back before that has to be erased again."
    )
    return Table(
        f"Erased: {what}.",
        facts={"outcome": "erased", "records": done.records, "tombstone": done.tombstone, "backups_until": until},
        after=(*where, *REMAINS, backups),
    )


@click.command()
@click.argument("person")
@click.option("--basis", type=click.Choice(list(HOLDS)), help=f"Put a hold. {_HELD}.")
@click.option("--lift", metavar="HOLD", help="Lift the hold with this id.")
@click.option("--by", metavar="ID", help="Staff id of whoever puts or lifts it; recorded.")
@data_option
@format_option
def hold(person: str, basis: str | None, lift: str | None, by: str | None, data: Path, form: str) -> int:
    """Keep the records of PERSON from being erased, or lift a hold; without either, list the holds."""
    if basis and lift:
        raise Together("either --basis or --lift")
    if (basis or lift) and not by:
        raise Together("--by is missing: who puts or lifts it is recorded")
    key = secrets.token_hex(16)
    with opened(data) as here:
        desk = erasure_desk(here)
        if by:
            local(here, by)
        if basis and by:
            made = holds.hold(person, basis, by, desk, key=key)
            said = (
                f"The records of this account are held. The hold is {made.id}." if isinstance(made, holds.Held) else ""
            )
        elif lift and by:
            made, said = holds.lift(person, lift, by, desk, key=key), f"Hold {lift} is lifted."
        else:
            made, said = holds.Held("", holds.held(person, desk)), ""
    if isinstance(made, Kept):
        say(_refused(made), form)
        return REFUSED
    count = len(made.holds)
    now = "Nothing holds them." if not count else f"{counted(count, 'hold')} {'keeps' if count == 1 else 'keep'} them."
    say(_listed(f"{said} {now}".strip(), made.holds), form)
    return 0


def _listed(sentence: str, found: tuple[Hold, ...]) -> Table:
    rows = tuple({"hold": h.id, "basis": h.basis, "since": h.at, "by": h.principal} for h in found)
    return Table(sentence, ("hold", "basis", "since", "by"), rows, facts={"holds": len(found)})


def _refused(no: Kept) -> Table:
    return Table(
        f"Refused: {no.sentence}",
        ("code", "reason"),
        tuple({"code": reason.code, "reason": reason.sentence} for reason in no.reasons),
        facts={"outcome": "refused", "index": no.index},
        after=() if no.index is None else (f"The attempt is on record at leaf {no.index} of the log.",),
    )

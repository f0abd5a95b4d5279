# SPDX-License-Identifier: Apache-2.0
"""`whosaw pseudonym`: IP addresses as pseudonyms, for those who work without seeing addresses. Each call is on record first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from whosaw.cli.operator import local
from whosaw.cli.options import Place, asker_option, data_option, format_option, opened, progress, say
from whosaw.cli.output import REFUSED, Table
from whosaw.cli.pseudonym_file import Written, addresses_of, free, into_table, sightings_into
from whosaw.guard.pseudonyms.ask import Ask, Refused
from whosaw.guard.pseudonyms.vault import open_vault, sightings
from whosaw.model.pseudonym_body import Variant
from whosaw.verify.words import counted
from whosaw.wiring import House

_Command = TypeVar("_Command", bound=Callable[..., Any])


def asking(command: _Command) -> _Command:
    """What every call says: what for, under which case, which kind, of which time, and who."""
    for option in (
        format_option,
        data_option,
        asker_option,
        click.option("--epoch", metavar="EPOCH", help="Of which period, such as 2026-11; without it: of now."),
        click.option(
            "--kind", "variant", type=click.Choice([str(each) for each in Variant]), default=str(Variant.PFX),
            show_default=True, help="What they keep. deterministic: which are equal; pfx: which share a network, too; ndx: nothing.",
        ),
        click.option("--case", required=True, metavar="ID", help="The reason, as the ticket system names it."),
        click.option("--purpose", required=True, metavar="CODE", help="From the closed list (docs/reference.md)."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def pseudonym() -> None:
    """IP addresses as pseudonyms: to count and to join, and not to read."""


@pseudonym.command()
@click.argument("file", type=Place())
@asking
def ips(file: Path, purpose: str, case: str, variant: str, epoch: str | None, asker: str, data: Path, form: str) -> int:
    """The pseudonyms of the addresses in FILE, one a line, in their order; `-` reads them from stdin. Exit code 4: refused."""
    some = addresses_of(file)
    with opened(data) as here:
        answer = here.pseudonymiser.open(ask_of(here, asker, purpose, case, variant, epoch), len(some))
        if isinstance(answer, Refused):
            return _refused(answer, form)
        with answer as session, progress("addresses") as at:
            made: list[str] = []
            step = here.settings.pseudonyms.batch
            for start in range(0, len(some), step):
                made += session.texts(some[start : start + step])
                at(len(made), len(some))
    say(
        Table(
            f"{counted(len(made), 'pseudonym')} of {answer.epoch}, in the order of the addresses.",
            ("pseudonym",),
            tuple({"pseudonym": each} for each in made),
            {"outcome": "made", "epoch": answer.epoch, "kind": variant, "leaf": answer.index},
            (_on_record(answer.index),),
        ),
        form,
    )
    return 0


@pseudonym.command()
@click.argument("file", type=Place())
@click.option("--column", required=True, multiple=True, metavar="NAME", help="A column of addresses. Repeatable.")
@click.option("--out", required=True, type=Place(), help="Where to write it; CSV or Parquet, as FILE is.")
@asking
def table(
    file: Path, column: tuple[str, ...], out: Path, purpose: str, case: str, variant: str, epoch: str | None,
    asker: str, data: Path, form: str,
) -> int:  # fmt: skip
    """Write the table FILE again, with pseudonyms in place of the addresses in a column. Exit code 4: refused."""
    free(out)
    with opened(data) as here:
        ask = ask_of(here, asker, purpose, case, variant, epoch)
        with progress("rows") as at:
            made = into_table(
                file, out, column, lambda up_to: here.pseudonymiser.open(ask, up_to),
                batch=here.settings.pseudonyms.batch, repeats=variant == Variant.NDX, progress=at,
            )  # fmt: skip
    if isinstance(made, Refused):
        return _refused(made, form)
    return _written(made, out, variant, form)


@pseudonym.command()
@click.option("--out", required=True, type=Place(), help="Where to write it: CSV of hour, person, address.")
@asking
def vault(
    out: Path, purpose: str, case: str, variant: str, epoch: str | None, asker: str, data: Path, form: str
) -> int:
    """Write which accounts had which addresses in an epoch, all of it by pseudonym, by the hour. Exit code 4: refused."""
    free(out)
    with opened(data) as here:
        addresses = here.vault.addresses()
        call = open_vault(ask_of(here, asker, purpose, case, variant, epoch), here.pseudonymiser, addresses)
        if isinstance(call, Refused):
            return _refused(call, form)
        with progress("addresses") as at:
            rows = sightings_into(out, sightings(call, addresses, at))
    session = call.session
    return _written(Written(rows, session.used, session.index, session.epoch), out, variant, form)


def ask_of(here: House, asker: str, purpose: str, case: str, variant: str, epoch: str | None) -> Ask:
    return Ask(asker, purpose, case, Variant(variant), epoch, local(here, asker))


def _written(made: Written, out: Path, variant: str, form: str) -> int:
    say(
        Table(
            f"{out} holds {counted(made.rows, 'row')}, with {counted(made.addresses, 'pseudonym')} of {made.epoch}.",
            facts={"outcome": "made", "epoch": made.epoch, "kind": variant, "written": made.rows, "addresses": made.addresses,
                   "leaf": made.index},
            after=("Pseudonyms are personal data. Who may have this file, its purpose says.", _on_record(made.index)),
        ),
        form,
    )  # fmt: skip
    return 0


def _refused(no: Refused, form: str) -> int:
    rows = tuple({"code": code, "reason": sentence} for code, sentence in no.reasons)
    cause = (f"What could not be read: {no.cause}",) if no.cause else ()
    say(
        Table(
            "Refused: no pseudonym was made.",
            ("code", "reason"),
            rows,
            {"outcome": "refused", "leaf": no.index},
            (*cause, _on_record(no.index)),
        ),
        form,
    )
    return REFUSED


def _on_record(index: int) -> str:
    return f"The call is on record at leaf {index} of the log."

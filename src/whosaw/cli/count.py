# SPDX-License-Identifier: Apache-2.0
"""`whosaw count`: how many accounts there are per place or network, with noise, from a budget. On record first."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.operator import local
from whosaw.cli.options import Place, asker_option, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Table
from whosaw.errors import BadInput
from whosaw.guard.counts.ask import Answer, Ask, Refused, last_week, spelled
from whosaw.model.access import Asked


@click.command()
@click.argument("field")
@click.option("--under", multiple=True, metavar="HEADING", help="A country, region, city or network. Repeatable.")
@click.option("--headings", type=Place(), help="A file of them, one a line.")
@click.option("--period", metavar="EPOCH", help="Of which days, such as 2026-W47 or 2026-11; without it: last week.")
@click.option("--purpose", required=True, metavar="CODE", help="From the closed list (docs/reference.md).")
@click.option("--case", metavar="ID", help="The reason, as the ticket system names it.")
@asker_option
@data_option
@format_option
def count(
    field: str, under: tuple[str, ...], headings: Path | None, period: str | None, purpose: str, case: str | None,
    asker: str, data: Path, form: str,
) -> int:  # fmt: skip
    """How many accounts there are under each heading, by FIELD such as ip:country: with noise. Exit code 4: refused."""
    asked = Asked.parse(field)
    listed = (*under, *(_lines(headings) if headings else ()))
    with opened(data) as here:
        period = period or last_week(here.clock())
        answer = here.counts.ask(Ask(asker, purpose, case, asked, period, listed, local(here, asker)))
    if isinstance(answer, Refused):
        say(_refused(answer), form)
        return REFUSED
    say(_answered(answer), form)
    return 0


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text(encoding="utf-8").splitlines() if line]
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(file)) from None
    except UnicodeDecodeError:
        raise BadInput("not a text in UTF-8", where=str(file)) from None


def _answered(answer: Answer) -> Table:
    question = answer.question
    before = " This was answered before, and the answer is the same." if answer.again else ""
    return Table(
        f"Accounts by {question.asked.field}:{question.asked.detail} in {question.period}, with noise.{before}",
        ("heading", "accounts"),
        tuple({"heading": h, "accounts": n} for h, n in zip(question.headings, answer.numbers, strict=True)),
        {
            "outcome": "answered", "field": str(question.asked.field), "detail": question.asked.detail,
            "period": question.period, "epsilon": spelled(answer.epsilon), "charged": spelled(answer.charged),
            "left": spelled(answer.left), "within": answer.within, "again": answer.again, "leaf": answer.index,
        },
        (
            *answer.note,
            f"This answer cost {spelled(answer.charged)} of the budget; {spelled(answer.left)} are left for these days and this purpose.",
            f"The question is on record at leaf {answer.index} of the log.",
        ),
    )  # fmt: skip


def _refused(no: Refused) -> Table:
    cause = (f"What could not be read: {no.cause}",) if no.cause else ()
    return Table(
        "Refused: nothing was counted.",
        ("code", "reason"),
        tuple({"code": code, "reason": sentence} for code, sentence in no.reasons),
        {"outcome": "refused", "leaf": no.index},
        (*cause, f"The question is on record at leaf {no.index} of the log."),
    )

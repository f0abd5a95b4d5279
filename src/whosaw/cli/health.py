# SPDX-License-Identifier: Apache-2.0
"""`whosaw health`: what `/health` says, on the command line: of a data folder, or of a gate at its address."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import Place, Together, data_option, format_option, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.errors import EXIT, Unavailable
from whosaw.guard.health import OK
from whosaw.verify.words import counted
from whosaw.web.checkup import asked_at, checkup, stops

_BESIDE = "What only a gate that serves knows (its queue, a write that failed, its callers) it says itself: --url."
_WORD = "It tells its parts to registered tools only; whosaw health, without --url, asks those of a data folder."


@click.command()
@click.option("--url", metavar="URL", help="A gate that serves, https://HOST[:PORT], in place of a data folder.")
@click.option("--ca", type=Place(), metavar="FILE", help="With --url: whose certificate it has; else this machine's.")
@data_option
@format_option
def health(url: str | None, ca: Path | None, data: Path, form: str) -> int:
    """How every part is, in a sentence. Exit code 1: looks are answered, and a part is not well; 7: none is answered,
    or the gate at URL does not tell.

    Works beside an open gate, and changes nothing.
    """
    if ca is not None and url is None:
        raise Together("--ca goes with --url")
    serves = True
    if url is None:
        parts = checkup(data)
        well = all(said == OK for said in parts.values())
    else:
        well, parts, serves = asked_at(url, ca)
    after = (_BESIDE,) if url is None else () if parts else (_WORD,)
    shut = stops(parts) if parts else None if not (well or serves) else False
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"part": part, "well": said == OK, "said": None if said == OK else said} for part, said in parts.items()
    )
    facts: dict[str, Cell] = {"ok": well, "answers": None if shut is None else not shut}
    say(Table(_sentence(parts, well=well, shut=shut), ("part", "well", "said"), rows, facts, after), form)
    return 0 if well else IN_PART if shut is False else EXIT[Unavailable]


def _sentence(parts: dict[str, str], *, well: bool, shut: bool | None) -> str:
    if well:
        return "All is well."
    count = sum(said != OK for said in parts.values())
    what = f"{counted(count, 'part')} {'is' if count == 1 else 'are'} not well" if count else "Something is not well"
    if shut is None:
        return f"{what}, and it may be that no look is answered."
    return f"{what}, and no look is answered with values." if shut else f"{what}; looks are answered."

# SPDX-License-Identifier: Apache-2.0
"""`whosaw witness status`: what the witnesses of our log said last, and for whom a head waits."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import TO_REVIEW, Cell, Table
from whosaw.model.record import time_text
from whosaw.wiring import glance
from whosaw.witness.kept import standing


@click.command()
@data_option
@format_option
def status(data: Path, form: str) -> int:
    """How it stands with the witnesses of our log. Exit code 1: one of them said what somebody must look into."""
    with glance(data) as here:
        size = here.reader().size
        found = standing(here.stores.private)
    if found is None:
        say(Table("No witness was ever asked by this log.", facts={"published": size}), form)
        return 0
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "witness": w.name,
            "size": w.size,
            "lag": w.lag(size),
            "cosigned": None if w.cosigned is None else time_text(w.cosigned),
            "asked": None if w.asked is None else time_text(w.asked),
            "alarm": w.alarm,
            "said": w.sentence,
            "url": w.url,
        }
        for w in found.witnesses
    )
    late = size - found.witnessed
    facts: dict[str, Cell] = {"published": size, "witnessed": found.witnessed, "at": time_text(found.at)}
    sentence = f"Witnesses have seen {found.witnessed:,} of {size:,} leaves" + (
        f"; {late:,} wait for them." if late else "."
    )
    say(Table(sentence, ("witness", "size", "lag", "cosigned", "alarm", "said"), rows, facts), form)
    return TO_REVIEW if any(w.alarm for w in found.witnesses) else 0

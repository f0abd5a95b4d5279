# SPDX-License-Identifier: Apache-2.0
"""`whosaw witness status`: what the witnesses of our two logs said last, and for whom a head waits."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.beside import glance
from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import TO_REVIEW, Cell, Table
from whosaw.model.record import time_text
from whosaw.verify.words import counted
from whosaw.witness.kept import MAP_STATE, standing
from whosaw.witness.state import Standing

_NONE = "This log has no witnesses. A table [[witness]] in whosaw.toml names one; docs/spec/witness.md says how."
_NEVER = "No witness was ever asked by this log. They are asked by an open house, or now: whosaw journal witness."


@click.command()
@data_option
@format_option
def status(data: Path, form: str) -> int:
    """How it stands with the witnesses of our two logs. Exit code 1: one of them said what somebody must look into."""
    with glance(data) as here:
        size = here.reader().size
        found, index = standing(here.stores.private), standing(here.stores.private, MAP_STATE)
        named = len(here.settings.witness)
    if found is None:
        say(Table(_NEVER if named else _NONE, facts={"published": size, "witnesses": named}), form)
        return 0
    rows = _rows("log", found, size)
    facts: dict[str, Cell] = {"published": size, "witnessed": found.witnessed, "at": time_text(found.at)}
    if index is not None:
        rows += _rows("index", index, index.published)
        facts |= {"map_published": index.published, "map_witnessed": index.witnessed}
    late = size - found.witnessed
    sentence = f"Witnesses have seen {found.witnessed:,} of {counted(size, 'leaf', 'leaves')}" + (
        f"; {late:,} {'waits' if late == 1 else 'wait'} for them." if late else "."
    )
    say(Table(sentence, ("log", "witness", "size", "lag", "cosigned", "alarm", "said"), rows, facts), form)
    return TO_REVIEW if any(row["alarm"] for row in rows) else 0


def _rows(log: str, found: Standing, size: int) -> tuple[dict[str, Cell], ...]:
    return tuple(
        {
            "log": log,
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

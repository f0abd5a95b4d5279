# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal status`: how the log stands: sizes, ages, who is behind, and how much there is on the disk."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.beside import elected, glance
from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.datafolder import now
from whosaw.journal.cluster.pending import Tenure
from whosaw.journal.vitals import Files, Vitals, vitals
from whosaw.model.record import time_text
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.spelling import render_base64
from whosaw.verify.words import counted
from whosaw.witness.kept import standing
from whosaw.witness.state import Standing


@click.command()
@data_option
@format_option
def status(data: Path, form: str) -> int:
    """How the log stands: sizes, ages, who is behind, bytes. Works beside whoever writes it, and changes nothing."""
    with glance(data) as here:
        asked = standing(here.stores.private)
        found = vitals(here.stores, here.verifier_keys(), now())
        origin, keys = here.settings.origin, [short(key) for key in here.verifier_keys()]
        office = elected(here.settings)
    facts: dict[str, Cell] = {
        "origin": origin, **_facts(found), **_behind(asked, found), **_office(office), "keys": keys,
    }  # fmt: skip
    rows = tuple({"what": name, "is": value} for name, value in facts.items())
    size = found.published.size
    sentence = f"{counted(size, 'leaf', 'leaves')} {'is' if size == 1 else 'are'} published."
    say(Table(sentence, ("what", "is"), rows, facts), form)
    return 0


def short(key: VerifierKey) -> str:
    """A key as people compare it: its name and the four bytes that tell it from others."""
    return f"{key.name}+{key.key_id.hex()}"


def _facts(found: Vitals) -> dict[str, Cell]:
    size = found.published.size
    return {
        "size": size,
        "root": render_base64(found.published.root).decode(),
        "signed_at": time_text(found.signed_at),
        "age_s": found.age_s,
        "unpublished": max(0, found.size - size),
        "waiting": found.waiting,
        "map_size": found.map_size,
        "map_signed_at": time_text(found.mapped_at),
        "map_lag": max(0, size - found.mapped),
        "witnessed": found.witnessed,
        "segments": found.segments.count,
        "segment_bytes": found.segments.bytes,
        **_files(found.public),
    }


def _files(found: Files | None) -> dict[str, Cell]:
    if found is None:
        return {}
    return {"public_files": found.count, "partial_files": found.partial, "public_bytes": found.bytes}


def _office(found: Tenure | None) -> dict[str, Cell]:
    """Of a log that many gates write: which term it is, how long it has lasted, when its sequencer was last alive."""
    if found is None:
        return {}
    return {
        "epoch": found.epoch,
        "elected_s": found.elected_s,
        "alive_s": found.seen_s,
        "pending": found.waiting,
        "assigned": found.assigned,
    }


def _behind(asked: Standing | None, found: Vitals) -> dict[str, Cell]:
    """How many leaves each witness has not seen."""
    witnesses = () if asked is None else asked.witnesses
    size = found.published.size
    return {
        f"lag of witness {each.name}": None if each.size is None else max(0, size - each.size) for each in witnesses
    }

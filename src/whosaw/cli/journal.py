# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal`: how the log stands, and whether everything on the disk is what was written."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import data_option, format_option, progress, say
from whosaw.cli.output import Cell, Table
from whosaw.journal.fsck import fsck as check
from whosaw.journal.receipts import moment
from whosaw.model.record import time_text
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.spelling import render_base64
from whosaw.wiring import all_keys, glance


@click.group()
def journal() -> None:
    """The log: its state, and its check."""


@journal.command()
@data_option
@format_option
def status(data: Path, form: str) -> int:
    """Size, root and age of the published log. Works beside whoever writes it."""
    with glance(data) as here:
        reader, head = here.reader(), here.stores.head.read()
        origin, keys = here.settings.origin, [short(key) for key in here.verifier_keys()]
    root = render_base64(reader.checkpoint.root).decode()
    signed = None if head is None else time_text(moment(head.signed_at))
    facts: dict[str, Cell] = {
        "origin": origin, "size": reader.size, "root": root, "signed_at": signed, "keys": keys,
    }  # fmt: skip
    rows = tuple({"what": name, "is": value} for name, value in facts.items())
    say(Table(f"{reader.size:,} leaves are published.", ("what", "is"), rows, facts), form)
    return 0


def short(key: VerifierKey) -> str:
    """A key as people compare it: its name and the four bytes that tell it from others."""
    return f"{key.name}+{key.key_id.hex()}"


@journal.command()
@data_option
@format_option
def fsck(data: Path, form: str) -> int:
    """Hold everything on the disk against everything else. Exit code 3: something is not as it was written.

    Reads only, and takes no lock: it works beside whoever writes the log.
    """
    with glance(data) as here, all_keys(data) as keys, progress("journal") as at:
        report = check(here.stores, here.signers, keys, progress=lambda _, done, of: at(done, of))
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"kind": str(found.kind), "where": found.where, "what": found.what, "untidy": found.untidy}
        for found in report.findings
    )
    facts: dict[str, Cell] = {"size": report.size, "published": report.published, "whole": report.whole}
    after = (*(one.sentence for one in report.checks.values()), *report.notes)
    sentence = (
        f"{report.size:,} leaves: everything is as it was written."
        if report.whole
        else f"{report.size:,} leaves: something is not as it was written. Keep a copy of the whole folder first."
    )
    say(Table(sentence, ("kind", "where", "what", "untidy"), rows, facts, after), form)
    return report.exit

# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal witness`: collect cosignatures for the current heads now, and see who answered what."""

from __future__ import annotations

import time
from pathlib import Path

import click

from whosaw.beside import Glance, asking
from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.errors import EXIT, BadInput, Busy, ProofFailed, Unavailable
from whosaw.journal.heads import MAP
from whosaw.journal.ports import Folder
from whosaw.journal.under import Under
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import VerifierKey, parse_note
from whosaw.verify.witnessed import WITNESSED
from whosaw.witness.errand import Gone, ask_now, ours_in
from whosaw.witness.session import Asking, Session


@click.command()
@data_option
@format_option
def witness(data: Path, form: str) -> int:
    """Ask every witness to cosign the heads that are published now. Exit code 1: enough did, and not all.

    Exit code 3: one of them holds another history of this log; 7: not enough answered. An open house asks by itself:
    beside one this shows who answers, and leaves it to the house to show the heads.
    """
    with asking(data) as (here, session):
        if not session.asked:
            raise BadInput(
                "this log has no witnesses",
                where="whosaw.toml",
                hint="a table [[witness]] for each of them; docs/spec/witness.md",
            )
        gone = [_ask(here, session, each, number) for number, each in enumerate(session.logs)]
        kept = _show(here, gone)
    answers = [answer for each in gone for answer in each.answers]
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"log": name, "witness": a.witness, "cosigned": a.cosigned, "size": a.size, "said": a.sentence}
        for name, each in zip(("log", "index"), gone, strict=True)
        for a in each.answers
    )
    enough = all(each.note is not None for each in gone)
    facts: dict[str, Cell] = {"size": gone[0].size, "map_size": gone[1].size, "enough": enough, "shown": kept}
    count = sum(answer.cosigned for answer in answers)
    sentence = (
        f"{count} of {len(answers)} cosigned: {'enough' if enough else 'not enough'} for the quorum of the trust file."
    )
    after = (
        ()
        if kept or not enough
        else ("Another process has the log open: it collects and shows cosignatures by itself.",)
    )
    say(Table(sentence, ("log", "witness", "cosigned", "size", "said"), rows, facts, after), form)
    if any(answer.fork for answer in answers):
        return EXIT[ProofFailed]
    return (0 if count == len(answers) else IN_PART) if enough else EXIT[Unavailable]


def _ask(here: Glance, session: Session, asked: Asking, number: int) -> Gone:
    public, keys = _log(here, number)
    return ask_now(lambda: ours_in(public, keys), asked.clients, session.policy, asked.keep, int(time.time()))


def _log(here: Glance, number: int) -> tuple[Folder, tuple[VerifierKey, ...]]:
    if number == 0:
        return here.stores.public, here.verifier_keys()
    return Under(here.stores.public, MAP), here.signers.map_keys()


def _show(here: Glance, gone: list[Gone]) -> bool:
    """Show what has a quorum, where nobody else has the log open. Whether that could be done."""
    try:
        held = here.stores.private.hold("lock")
    except Busy:
        return False
    try:
        for number, each in enumerate(gone):
            public = _log(here, number)[0]
            shown = public.read(WITNESSED)
            size = 0 if shown is None else Checkpoint.parse(parse_note(shown, WITNESSED).text, WITNESSED).size
            if each.note is not None and size <= each.size:
                public.replace(WITNESSED, each.note)
    finally:
        held.release()
    return True

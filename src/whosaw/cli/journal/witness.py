# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal witness`: collect cosignatures for the current heads now, and see who answered what."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from whosaw.beside import Glance, asking
from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.datafolder import now
from whosaw.errors import EXIT, BadInput, Busy, ProofFailed, Unavailable
from whosaw.journal.heads import MAP
from whosaw.journal.ports import Folder
from whosaw.journal.under import Under
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import VerifierKey, parse_note
from whosaw.verify.witnessed import WITNESSED
from whosaw.witness.errand import Gone, ask_now, ours_in, stands
from whosaw.witness.kept import MAP_STATE, STATE, standing
from whosaw.witness.session import Asking, Session


@click.command()
@data_option
@format_option
def witness(data: Path, form: str) -> int:
    """Ask every witness to cosign the heads that are published now. Exit code 1: enough did, and not all.

    Exit code 3: one of them holds another history of this log; 7: not enough answered. An open house asks by itself:
    beside one this shows who answers, and leaves it to the house to show the heads.
    """
    at = now()
    with asking(data) as (here, session):
        if not session.asked:
            raise BadInput(
                "this log has no witnesses",
                where="whosaw.toml",
                hint="a table [[witness]] for each of them; docs/spec/witness.md",
            )
        gone = [_ask(here, session, each, number, at) for number, each in enumerate(session.logs)]
        kept = _keep(here, session, gone, at)
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


def _ask(here: Glance, session: Session, asked: Asking, number: int, at: datetime) -> Gone:
    public, keys = _log(here, number)
    return ask_now(lambda: ours_in(public, keys), asked.clients, session.policy, asked.keep, int(at.timestamp()))


def _log(here: Glance, number: int) -> tuple[Folder, tuple[VerifierKey, ...]]:
    if number == 0:
        return here.stores.public, here.verifier_keys()
    return Under(here.stores.public, MAP), here.signers.map_keys()


def _keep(here: Glance, session: Session, gone: list[Gone], at: datetime) -> bool:
    """Show what has a quorum, and keep what each said, where nobody else has the log open. Whether that could be done."""
    try:
        held = here.stores.private.hold("lock")
    except Busy:
        return False
    try:
        for number, (asked, each) in enumerate(zip(session.logs, gone, strict=True)):
            size = _shown(_log(here, number)[0], each)
            before = standing(here.stores.private, (STATE, MAP_STATE)[number])
            asked.keep.state(stands(before, each, asked.clients, size, at).encode())
    finally:
        held.release()
    return True


def _shown(public: Folder, gone: Gone) -> int:
    """Show the head, where it has a quorum and no newer one is shown; the size that is shown then."""
    shown = public.read(WITNESSED)
    size = 0 if shown is None else Checkpoint.parse(parse_note(shown, WITNESSED).text, WITNESSED).size
    if gone.note is None or size > gone.size:
        return size
    public.replace(WITNESSED, gone.note)
    return gone.size

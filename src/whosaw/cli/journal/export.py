# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal export`: what somebody without our network needs.

log OUT        the published log, for anybody: to be verified without a network
records OUT    opened bodies with proofs, for a regulator: on record, and for those inside only
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from whosaw.beside import glance, packed
from whosaw.cli.inquiry import refused
from whosaw.cli.journal.mirror import trust_bytes
from whosaw.cli.operator import local
from whosaw.cli.options import Place, asker_option, bars, data_option, format_option, opened, progress, say
from whosaw.cli.output import REFUSED, Cell, Table
from whosaw.datafolder import TRUST, now
from whosaw.desks import export_records
from whosaw.errors import BadInput, Unavailable
from whosaw.inquiry.step import Refused
from whosaw.journal.copies.packing import pack
from whosaw.model.record import NAMED
from whosaw.verify.records import ALL, Walk
from whosaw.verify.words import counted


@click.group()
def export() -> None:
    """Copies for others: the public log, or records with proofs."""


@export.command("log")
@click.argument("out", type=Place())
@click.option("--tar", is_flag=True, help="One file instead of a folder.")
@data_option
@format_option
def log(out: Path, tar: bool, data: Path, form: str) -> int:
    """Copy the published log, as of its checkpoint now, to OUT: verified while it is copied, to be verified offline."""
    with glance(data) as here, packed(out, tar=tar) as parcel, bars() as at:
        done = pack(here.stores.public, trust_bytes(data / TRUST, TRUST), parcel, now=now(), progress=at)
    facts: dict[str, Cell] = {"origin": done.origin, "size": done.size, "files": done.files, "bytes": done.octets}
    after = (
        "Nothing in it is about anybody. It holds a trust file, and how to verify is written in it: whoever gets it compares the keys over another channel.",
    )
    say(Table(f"{out} holds {counted(done.size, 'leaf', 'leaves')} of {done.origin}.", facts=facts, after=after), form)
    return 0


@export.command("records")
@click.argument("out", type=Place())
@click.option("--stream", "streams", multiple=True, type=click.Choice(NAMED), help="A named stream. Repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every stream, those of persons too: bodies by pseudonym.")
@asker_option
@data_option
@format_option
def records(out: Path, streams: tuple[str, ...], everything: bool, asker: str, data: Path, form: str) -> int:
    """Write opened bodies with their proofs to OUT, as JSON Lines. That it was taken out is a record.

    Exit code 4: refused. What was broken off goes on where it was. OUT is for its owner only (0600); no body is printed.
    """
    if bool(streams) == everything:
        raise BadInput("say which streams, or all", where="--stream", hint="--stream admin --stream policy, or --all")
    wanted = (ALL,) if everything else tuple(sorted(set(streams)))
    try:
        with _unfinished(out) as file, opened(data) as here, progress("leaves") as at:
            local(here, asker)
            done = _permitted(export_records(here, file, wanted, asker, progress=at))
    except _NoError as no:
        say(refused(no.found), form)
        return REFUSED
    facts: dict[str, Cell] = {"leaves": done.leaves, "erased": done.erased, "size": done.size, "streams": wanted}
    after = (
        f"It verified before it got its name: whosaw verify records {out} --trust FILE does so again, without this folder.",
    )
    say(
        Table(
            f"{out} holds {counted(done.leaves, 'leaf', 'leaves')}, as of a log of {done.size:,}.",
            facts=facts,
            after=after,
        ),
        form,
    )
    return 0


class _NoError(Exception):
    """Nothing is taken out, so nothing gets its name."""

    def __init__(self, found: Refused) -> None:
        self.found = found


def _permitted(done: Walk | Refused) -> Walk:
    if isinstance(done, Refused):
        raise _NoError(done)
    return done


@contextmanager
def _unfinished(out: Path) -> Iterator[BinaryIO]:
    """OUT.part, for its owner only; it becomes OUT when all is well, and stays to go on from when not."""
    if out.exists() or out.is_symlink():
        raise BadInput("there is a file already", where=str(out), hint="nothing was changed; choose another name")
    part = out.with_name(f"{out.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b") as file:
            os.fchmod(file.fileno(), 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(out)
    except _NoError:
        if not part.stat().st_size:
            part.unlink()
        raise
    except OSError as error:
        raise Unavailable(
            f"{out} cannot be written: {error.strerror}", part="OUT", hint="the same command goes on"
        ) from None

# SPDX-License-Identifier: Apache-2.0
"""`whosaw statement PERSON --out FILE`: all looks at one account, for the person, with what it takes to check it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from whosaw.cli.inquiry import refused
from whosaw.cli.operator import local
from whosaw.cli.options import Place, asker_option, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Table
from whosaw.desks import hand_out_statement
from whosaw.errors import BadInput, Unavailable
from whosaw.inquiry.step import Refused
from whosaw.oversight.handout import HandedOut
from whosaw.verify.words import counted


@click.command()
@click.argument("person")
@click.option("--out", required=True, type=Place(), help="Where to write it.")
@asker_option
@data_option
@format_option
def statement(person: str, out: Path, asker: str, data: Path, form: str) -> int:
    """Write the statement of PERSON. That it was handed out is a record, and stands in it. Exit code 4: refused."""
    with created(out) as file:
        with opened(data) as here:
            local(here, asker)
            made = hand_out_statement(here, person, asker)
        if isinstance(made, HandedOut):
            file.write(made.raw)
    if isinstance(made, Refused):
        out.unlink()
        say(refused(made), form)
        return REFUSED
    say(
        Table(
            f"{counted(made.records, 'record')} of this account{_waiting(made)}, as of a log of {counted(made.size, 'leaf', 'leaves')}. "
            "It verified before it was written.",
            facts={
                "records": made.records,
                "withheld": made.withheld,
                "size": made.size,
                "erased": made.erased,
                "older_h": made.older,
            },
            after=(
                *_nobody(made),
                "It holds the key to this account's records: hand it to the person, and to nobody else.",
                *_older(made),
                f"To check it: whosaw verify statement {out} --trust {data}/trust --person ID{_age(made)}",
            ),
        ),
        form,
    )
    return 0


def _older(made: HandedOut) -> tuple[str, ...]:
    if not made.older:
        return ()
    return (
        f"By rule, every statement of this house ends {made.older:,} hours or more before it is made, and says so.",
    )


def _age(made: HandedOut) -> str:
    """How old its newest cosignature may be, where it must be old: heads are kept once in a 24th of that time."""
    return f" --max-age {made.older + made.older // 24 + 2}" if made.older else ""


def _waiting(made: HandedOut) -> str:
    return f", {made.withheld:,} of them withheld for a time" if made.withheld else ""


def _nobody(made: HandedOut) -> tuple[str, ...]:
    if made.erased:
        return (
            "What was recorded under this id before was erased; the statement says so, and shows the leaf that is left.",
        )
    # A mistyped id gets a proof that nobody looked at it, and the proof is true. It must not be taken for another's.
    return () if made.records else ("Nobody is recorded under this id. An id in another spelling is another id.",)


def write(out: Path, raw: bytes) -> None:
    """A new file for the person's eyes. Raises BadInput where there can be none, Unavailable where it cannot be filled."""
    with created(out) as file:
        file.write(raw)


@contextmanager
def created(out: Path, where: str = "--out") -> Iterator[IO[bytes]]:
    """A new file, opened before anything is put on record for it; gone again where something went wrong."""
    try:
        # Nobody but the person is meant to read it, whatever the umask is.
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadInput("there is a file already", where=where, hint="choose another name") from None
    except OSError as error:
        raise BadInput(f"cannot be written: {error.strerror}", where=where) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
    except OSError as error:
        out.unlink(missing_ok=True)
        raise Unavailable(
            f"{where}: cannot be written: {error.strerror}",
            part=where,
            hint="what was asked for is on record; make room and ask for it again",
        ) from None
    except BaseException:
        out.unlink(missing_ok=True)
        raise

# SPDX-License-Identifier: Apache-2.0
"""`whosaw init FOLDER`: keys, state, and a log with its first leaf."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

import click

from whosaw.beside import last_head
from whosaw.cli.options import Place, format_option, origin_option, say
from whosaw.cli.output import Cell, Table
from whosaw.datafolder import now
from whosaw.errors import BadInput
from whosaw.settings.store import StoreSettings
from whosaw.tlog.trust import LIMIT, TrustedHead, TrustPolicy
from whosaw.verify.words import counted
from whosaw.wiring import build
from whosaw.witness.after import check_origin, last_seen


def _before(place: Path, trust: Path | None, origin: str) -> tuple[bytes, TrustedHead]:
    """The last head of the log before it, which enough witnesses have seen."""
    if place.is_dir():
        last = last_head(place)
    elif trust is None:
        raise BadInput("a checkpoint needs the trust file of its log", where="--after-trust")
    else:
        raw = _read(place, "--after")
        policy = TrustPolicy.parse(_read(trust, "--after-trust"), "--after-trust")
        last = last_seen(
            [raw], policy, policy.open(raw, int(now().timestamp()), "--after").checkpoint.origin, int(now().timestamp())
        )
    check_origin(origin, last[1].checkpoint.origin)
    return last


def _read(file: Path, where: str) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LIMIT + 1)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=where) from None


def _link(head: TrustedHead) -> dict[str, Cell]:
    return {"after": head.checkpoint.origin, "closed_at": head.checkpoint.size, "seen_by": len(head.witnesses)}


def _told(head: TrustedHead) -> str:
    seen = counted(len(head.witnesses), "witness", "witnesses")
    return f"It goes on from {head.checkpoint.origin}, closed at size {head.checkpoint.size:,}, as {seen} saw it."


@click.command()
@click.argument("folder", type=Place())
@origin_option
@click.option(
    "--trusted-proxy",
    "proxies",
    multiple=True,
    metavar="NETWORK",
    help="Believe forwarding headers from here. Repeatable.",
)
@click.option("--public", metavar="URL", default="", help="Publish to a bucket, s3://BUCKET/PREFIX, not to a folder.")
@click.option(
    "--segments", metavar="URL", default="", help="With --database: a bucket for segments, closed to everybody."
)
@click.option("--endpoint", metavar="URL", default="", help="The bucket's server, where it is not that of AWS.")
@click.option(
    "--database", metavar="URL", default="", help="For a log that many gates write: postgresql://USER@HOST/NAME."
)
@click.option(
    "--after",
    type=Place(),
    metavar="PLACE",
    help="The log before it, which is closed: its data folder or a checkpoint.",
)
@click.option(
    "--after-trust", type=Place(), metavar="FILE", help="The trust file of that log, where PLACE is a checkpoint."
)
@format_option
def init(
    folder: Path,
    origin: str,
    proxies: tuple[str, ...],
    public: str,
    segments: str,
    endpoint: str,
    database: str,
    after: Path | None,
    after_trust: Path | None,
    form: str,
) -> int:
    """Make a data folder."""
    checked(
        origin,
        ("--public", public),
        ("--segments", segments),
        ("--endpoint", endpoint),
        ("--database", database),
        *(("--trusted-proxy", each) for each in proxies),
    )
    last = None if after is None else _before(after, after_trust, origin)
    with whole_or_not_at_all(folder):
        store = StoreSettings(public, segments, endpoint, database=database)
        build(folder, origin, trusted_proxies=proxies, store=store, after=last)
    say(
        Table(
            f"A log of its own stands in {folder}. Leaf 0 fixes its keys.",
            facts={"origin": origin, **({} if last is None else _link(last[1]))},
            after=(
                *(() if last is None else (_told(last[1]),)),
                f"Give away: {folder}/trust, once, and {public or folder / 'public'}, always. Everything else stays.",
                f"Keep a copy of {folder}/private/keys apart from the data: without `root` no value opens again.",
                f"Next: whosaw directory load TABLES --data {folder}",
            ),
        ),
        form,
    )
    return 0


def checked(origin: str, *texts: tuple[str, str]) -> None:
    """Raise BadInput for a name that no log can have, and for any text that cannot stand in a file of settings."""
    host, _, word = origin.partition("/")
    if "." not in host or not word:
        raise BadInput(
            "an origin is a host you own, a slash, a word", where="--origin", hint="such as log.example.org/whosaw"
        )
    for where, text in (("--origin", origin), *texts):
        # A quote would end it there and begin another setting.
        if not text.isprintable() or not {'"', "\\"}.isdisjoint(text):
            raise BadInput("has a sign that cannot stand in a name", where=where)


@contextmanager
def whole_or_not_at_all(folder: Path) -> Iterator[None]:
    """What stops half way leaves no folder that looks like one. Only a folder made here is ever removed."""
    try:
        folder.mkdir(parents=True)
        made = True
    except FileExistsError:
        if not folder.is_dir():
            raise BadInput("there is a file already", where=str(folder)) from None
        made = False
    except OSError as error:
        raise BadInput(f"cannot be made: {error.strerror}", where=str(folder)) from None
    try:
        yield
    except BaseException:
        if made:
            rmtree(folder, ignore_errors=True)
        raise

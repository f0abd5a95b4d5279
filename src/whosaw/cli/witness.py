# SPDX-License-Identifier: Apache-2.0
"""`whosaw witness`: run a witness for other people's logs, and see how it stands with those of one's own.

init FOLDER --name NAME      keys, and an empty memory
add-log FOLDER …             cosign a log from now on, also while it serves: by its keys, or by a journal's genesis
serve FOLDER --listen …      c2sp.org/tlog-witness over HTTP; TLS is the business of whatever stands before it
show FOLDER                  its verifier keys, its logs, and the head of each
status                       what the witnesses of *our* log said last, and for whom a head waits
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from whosaw.beside import witness_folder
from whosaw.cli.options import Place, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.cli.witness_status import status
from whosaw.datafolder import now
from whosaw.errors import BadInput, MissingExtra, Unavailable
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.model.record import time_text
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.spelling import is_name
from whosaw.verify.genesis import LIMIT as GENESIS_LIMIT
from whosaw.verify.words import counted
from whosaw.witness import folder as witnesses
from whosaw.witness.server import App, Witness

_LISTEN = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\[\]]+):([0-9]{1,5})")


@click.group()
def witness() -> None:
    """See that a log shows everybody the same: run a witness, or ask how it stands with ours."""


@witness.command()
@click.argument("folder", type=Place())
@click.option("--name", required=True, metavar="NAME", help="Name of the witness: a host you own, a slash, a word.")
@format_option
def init(folder: Path, name: str, form: str) -> int:
    """Make a witness in FOLDER."""
    if not is_name(name):
        raise BadInput('a name has 1 to 255 bytes, without space and "+"', where="--name")
    with witness_folder(folder) as (place, heads):
        vkeys = witnesses.build(place, heads, name, os.urandom)
    rows: tuple[dict[str, Cell], ...] = tuple({"key": vkey} for vkey in vkeys)
    after = (
        f"Give away: {folder}/vkeys. Whoever trusts this witness puts a line `witness NAME KEY` into a trust file.",
        "Keep no copy of private/witness.db: a witness that is restored forgets what it has cosigned.",
        f"Next: whosaw witness add-log {folder} --genesis PUBLIC/genesis",
    )
    say(Table("A witness stands here. It knows no log yet.", ("key",), rows, {"name": name}, after), form)
    return 0


@witness.command("add-log")
@click.argument("folder", type=Place())
@click.argument("vkeys", nargs=-1, metavar="[VKEY]...")
@click.option(
    "--genesis", type=Place(), metavar="FILE", help="The file `public/genesis` of a journal: all of its keys."
)
@format_option
def add_log(folder: Path, vkeys: tuple[str, ...], genesis: Path | None, form: str) -> int:
    """Cosign the logs with these verifier keys. A journal has two, and its genesis names the keys of both."""
    named = () if genesis is None else _named(genesis)
    if not (vkeys or named):
        raise BadInput("whose heads?", where="VKEY", hint="give the keys of a log, or --genesis FILE")
    with witness_folder(folder) as (place, _):
        policy = witnesses.add_logs(place, (*vkeys, *named))
    origins = dict.fromkeys(key.name for key in map(VerifierKey.parse, (*vkeys, *named)))
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"origin": origin, "keys": len(policy.keys_of(origin))} for origin in origins
    )
    sentence = f"Heads of {counted(len(rows), 'log')} are cosigned from now on, if one of their keys signed them."
    after = ("Compare the keys with the log's operator over another channel.",) if named else ()
    say(Table(sentence, ("origin", "keys"), rows, {}, after), form)
    return 0


def _named(genesis: Path) -> tuple[str, ...]:
    """The keys that a genesis fixes for a log and for the log of its index."""
    try:
        with genesis.open("rb") as file:
            raw = file.read(GENESIS_LIMIT + 1)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where="--genesis") from None
    made = Genesis.parse(GenesisFile.parse(raw, "--genesis").body, "--genesis")
    return *made.logs, *made.map_logs


@witness.command()
@click.argument("folder", type=Place())
@format_option
def show(folder: Path, form: str) -> int:
    """The keys of the witness in FOLDER, and what it has cosigned last."""
    with witness_folder(folder) as (place, heads):
        keys = [signer.vkey() for signer in witnesses.signers(place)]
        trusted = witnesses.TrustedLogs(place)()
        seen = dict(heads.all())
    rows: list[dict[str, Cell]] = []
    for origin in sorted({*trusted, *seen}):
        head = seen.get(origin)
        at = None if head is None else time_text(datetime.fromtimestamp(head.time_s, UTC))
        size = None if head is None else head.size
        rows.append({"log": origin, "keys": len(trusted.get(origin, ())), "size": size, "cosigned": at})
    sentence = f"{counted(len(trusted), 'log')} known."
    say(Table(sentence, ("log", "keys", "size", "cosigned"), tuple(rows), {"vkeys": keys}, tuple(keys)), form)
    return 0


@witness.command()
@click.argument("folder", type=Place())
@click.option("--listen", default="127.0.0.1:8970", show_default=True, metavar="HOST:PORT", help="Where to listen.")
def serve(folder: Path, listen: str) -> int:
    """Serve the witness in FOLDER until it is told to stop."""
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise MissingExtra("web", "serving a witness") from None
    with witness_folder(folder) as (place, heads), _listening(listen) as line:
        signers = witnesses.signers(place)
        if not heads.exists():
            raise BadInput(
                "the memory of this witness is missing",
                where=witnesses.DATABASE,
                hint="without it a fork would be cosigned: make a new witness, with new keys",
            )
        heads.check()
        app = App(Witness(signers, witnesses.TrustedLogs(place), heads, witnesses.EvidenceFolder(place), now))
        logging.getLogger("whosaw").addHandler(_told())
        config = uvicorn.Config(
            app, log_level="warning", lifespan="off", access_log=False, proxy_headers=False, server_header=False,
            limit_concurrency=256, timeout_keep_alive=75,
        )  # fmt: skip
        host, port = line.getsockname()[:2]
        sys.stderr.write(f"{signers[0].name}: serving on http://{f'[{host}]' if ':' in host else host}:{port}\n")
        sys.stderr.flush()
        # The server gives the signal that ended it back to us; being told to stop is no failure.
        signal.signal(signal.SIGTERM, lambda *_: None)
        uvicorn.Server(config).run(sockets=[line])
    return 0


def _listening(listen: str) -> socket.socket:
    found = _LISTEN.fullmatch(listen)
    if not found or not 0 <= int(found[2]) <= 65535:
        raise BadInput("not HOST:PORT", where="--listen", hint="for example --listen 127.0.0.1:8970")
    host = found[1].strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        line = socket.create_server((host, int(found[2])), family=family, backlog=128)
    except OSError as error:
        raise Unavailable(
            f"cannot listen there: {error.strerror or error}",
            part="--listen",
            hint="is another process there? --listen HOST:PORT takes another place",
        ) from None
    # Connections inherit it: the second half of an answer would wait 40 ms for the other side to say that it has the first.
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _told() -> logging.Handler:
    """What a witness has to say while it serves: contradictions, and what it could not keep."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


witness.add_command(status)

# SPDX-License-Identifier: Apache-2.0
"""A door for workers: a query in other processes of this machine asks the one that owns the keys, column by column.

    worker ──token, Arrow column──▶ socket in a folder of ours (0700) ──▶ session.column ──▶ Arrow column, or one sentence why not

    request   token(32) ‖ u32 length ‖ Arrow IPC stream of one column        answer   u8 (0 fine, 1 no) ‖ u32 length ‖ stream or sentence

Invariant: no key goes through the door. Whoever has no token gets nothing and is not answered; the token is random, of one session, and
dies with the door. Nobody waits longer than a minute for anybody.
"""

from __future__ import annotations

import hmac
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whosaw.errors import WhosawError
from whosaw.facts.extra import need
from whosaw.facts.pseudonym_function import Pseudonyms

TOKEN, DEADLINE = 32, 60.0
LARGEST = 64 * 1024 * 1024
_WAITING = 128


@dataclass(frozen=True, slots=True)
class Handle:
    """What a worker gets: where the door is, and what opens it."""

    path: str
    token: bytes = field(repr=False)
    width: int


@contextmanager
def door(pseudonyms: Pseudonyms, random: Callable[[int], bytes] = os.urandom) -> Iterator[Handle]:
    """Open the door for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="whosaw-") as folder, socket.socket(socket.AF_UNIX) as listening:
        handle = Handle(str(Path(folder) / "door"), random(TOKEN), pseudonyms.width)
        listening.bind(handle.path)
        listening.listen(_WAITING)
        serving = threading.Thread(target=_serve, args=(listening, handle.token, pseudonyms), daemon=True)
        serving.start()
        try:
            yield handle
        finally:
            # `close` alone would leave the thread in `accept`.
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            serving.join(DEADLINE)


def _serve(listening: socket.socket, token: bytes, pseudonyms: Pseudonyms) -> None:
    while True:
        try:
            one, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(one, token, pseudonyms), daemon=True).start()


def _answer(one: socket.socket, token: bytes, pseudonyms: Pseudonyms) -> None:
    with one, suppress(OSError, EOFError):
        one.settimeout(DEADLINE)
        if not hmac.compare_digest(_exactly(one, TOKEN), token):
            return
        size = int.from_bytes(_exactly(one, 4), "big")
        if size > LARGEST:
            return
        fine, raw = _made(_exactly(one, size), pseudonyms)
        one.sendall(bytes([not fine]) + len(raw).to_bytes(4, "big") + raw)


def _made(raw: bytes, pseudonyms: Pseudonyms) -> tuple[bool, bytes]:
    pa = need("pyarrow", "pseudonyms in queries")
    try:
        with pa.ipc.open_stream(raw) as stream:
            column = stream.read_all().column(0)
        made = pseudonyms.column(column)
        table = pa.table({"pseudonym": made})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return True, sink.getvalue().to_pybytes()
    except WhosawError as error:
        return False, f"{error} {error.hint}".strip().encode()
    except (pa.ArrowException, IndexError):
        return False, b"not a column of Arrow"


def _exactly(one: Any, size: int) -> bytes:
    made = bytearray()
    while len(made) < size:
        part = one.recv(min(size - len(made), 1 << 20))
        if not part:
            raise EOFError
        made += part
    return bytes(made)

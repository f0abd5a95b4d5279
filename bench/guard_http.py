# SPDX-License-Identifier: Apache-2.0
"""Both servers, and one client for both: connections that stay open, each with one request under way.

bench ──▶ python -m bench.guard_serve DATA      the gate as it is served, for a caller who is let in as the peer lets in all
      └─▶ python -m uvicorn bench.guard_peer:app

The client reads a status line and a length, and nothing else: a library would cost more than either server.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.town import PERSONS

_HOST = "127.0.0.1"
Rate = Callable[[int, Iterator[int], float], float]
"""Requests a second by so many callers, numbered so, for so many seconds."""


@dataclass(frozen=True)
class Served:
    """A server that answers: how fast it is, and its process."""

    rate: Rate
    process: int


def _peer_request(n: int) -> bytes:
    person = f"person-{n % PERSONS}"
    said = {
        "key": f"key-{n}", "principal": "agent", "person": person, "field": "ip", "detail": "network",
        "purpose": "subject_request", "case": f"c-{person}",
    }  # fmt: skip
    return _post("/look", json.dumps(said).encode(), "")


def _own_request(n: int) -> bytes:
    person = f"person-{n % PERSONS}"
    said = {
        "principal": "agent", "person": person, "fields": ["ip:network"], "purpose": "subject_request", "case": f"c-{person}",
    }  # fmt: skip
    return _post("/v1/look", json.dumps(said).encode(), f"idempotency-key: http-{n}\r\n")


def _post(path: str, body: bytes, more: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@contextmanager
def served_peer(folder: Path, port: int = 18_941) -> Iterator[Served]:
    """The peer, over the database whose socket lies in `folder`."""
    command = [
        "-m",
        "uvicorn",
        "bench.guard_peer:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
        "--no-access-log",
    ]
    with _running(command, port, {"WHOSAW_PEER": str(folder)}) as process:
        yield Served(partial(_rate_of, port, _peer_request), process)


@contextmanager
def served(data: Path, port: int = 18_942) -> Iterator[Served]:
    """The gate of a data folder."""
    with _running(["-m", "bench.guard_serve", str(data), str(port)], port, {}) as process:
        yield Served(partial(_rate_of, port, _own_request), process)


@contextmanager
def _running(command: list[str], port: int, more: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **more})
    try:
        asyncio.run(_answering(port, process))
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


async def _answering(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            _, writer = await asyncio.open_connection(_HOST, port)
        except OSError:
            await asyncio.sleep(0.2)
        else:
            writer.close()
            return
    raise RuntimeError("a server did not start")


def _rate_of(port: int, request: Callable[[int], bytes], callers: int, numbers: Iterator[int], seconds: float) -> float:
    return asyncio.run(_rate(port, request, callers, numbers, seconds))


async def _rate(
    port: int, request: Callable[[int], bytes], callers: int, numbers: Iterator[int], seconds: float
) -> float:
    counts, until = [0] * callers, time.perf_counter() + seconds

    async def caller(which: int) -> None:
        reader, writer = await asyncio.open_connection(_HOST, port)
        while time.perf_counter() < until:
            writer.write(request(next(numbers)))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            body = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            if b" 200 " not in head.split(b"\r\n")[0] or b'"permitted":false' in body.replace(b" ", b""):
                raise RuntimeError(f"a look was not shown: {body[:200]!r}")
            counts[which] += 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(caller(which) for which in range(callers)))
    return sum(counts) / (time.perf_counter() - began)

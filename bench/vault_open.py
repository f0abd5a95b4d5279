# SPDX-License-Identifier: Apache-2.0
"""Sealed values opened a second and core, with a key that is cold or warm; and what a person's key takes on the disk.

    open_cold    a row of the key table in hand: unwrap K, open its id and see whose it is, derive, open the value
    open_warm    the key of this very row is at hand: see that it is, open the value
    key_bytes    keys.db with as many people, divided by them

The peer is `AESGCM.decrypt` alone, with a cipher that is set up: what nobody can undercut. Reading rows from a database is left
out of both, and stands in the notes.
"""

import itertools
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure, Measured
from bench.people import key_rows
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.privacy.keys import ORIGIN, root, vrf_key

from whosaw.model.record import Stream
from whosaw.privacy.epochs import EpochRow
from whosaw.privacy.keyring import Keyring, KeyRow
from whosaw.privacy.pseudonym import lookup
from whosaw.store import key_tables
from whosaw.store.memory_keys import MemoryKeyRows
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import state_engine

PEOPLE = 8_000
SECONDS, ROUNDS = 2.0, 15
VALUE, SEEN = b"203.0.113.77", 1_780_000_000_000_000


T = TypeVar("T")
Ready = tuple[Stream, bytes, bytes]  # a person, the handle of their row, a value of theirs


class Rows(MemoryKeyRows):
    """Rows in a dictionary: what is measured is the keyring and not a database."""

    def __init__(self, rows: list[KeyRow], epochs: list[EpochRow]) -> None:
        super().__init__()
        self.by_lookup = {row.lookup: row for row in rows}
        self._epochs = {row.number: row for row in epochs}

    def find(self, lookup: bytes) -> KeyRow | None:
        return self.by_lookup.get(lookup)


def measure(folder: Path) -> Measured:
    """The figures of this part."""
    streams = [Stream.of_person(f"person-{n}") for n in range(PEOPLE)]
    ring, rows, handles = _made(streams)
    keys = {stream: ring.known(stream) for stream in streams}
    ready = [
        (stream, handles[stream], key.seal("ip", SEEN, VALUE, os.urandom))
        for stream, key in keys.items()
        if key is not None
    ]

    def once(one: Ready) -> None:
        key = ring.known(one[0])
        if key is None or key.open("ip", SEEN, one[2]) != VALUE:
            raise RuntimeError("a value did not open")

    def cold(one: Ready) -> None:
        ring.forget(one[1])
        once(one)

    cipher, about = AESGCM(os.urandom(32)), b"\x02ip" + bytes(24)
    nonce = os.urandom(12)
    text = nonce + cipher.encrypt(nonce, VALUE, about)
    plain = _rate(lambda _: cipher.decrypt(text[:12], text[12:], about), ready)
    found = Measured()
    for name, work in (("open_cold", cold), ("open_warm", once)):
        rates = _rates(work, ready)
        found.figures.append(Figure.of(name, "values/s and core", max(rates), plain, "AESGCM.decrypt alone"))
        low, middle, high = statistics.quantiles(rates, n=4)
        found.notes.append(
            f"{name}: of {ROUNDS} rounds half lie from {low:,.0f} to {high:,.0f}/s, the median at {middle:,.0f}/s"
        )
    key = keys[streams[0]]
    if key is None:
        raise RuntimeError("a key was not made")
    found.notes.append(
        f"open_warm: with the key in hand, as for the second value of a look: "
        f"{_rate(lambda one: key.open('ip', SEEN, one[2]), ready[:1]):,.0f}/s"
    )
    found.take(_on_disk(folder, rows, streams))
    return found


def _made(streams: list[Stream]) -> tuple[Keyring, Rows, dict[Stream, bytes]]:
    """A keyring with these streams, whose labels nobody proves: that would take minutes."""
    empty = Rows([], [])
    ring = Keyring(empty, root(), vrf_key(), ORIGIN, os.urandom, enrolled=lambda _: False)
    made = dict(zip(streams, key_rows(root(), ring.epochs, streams), strict=True))
    rows = Rows(list(made.values()), list(empty.epochs()))
    ring = Keyring(rows, root(), vrf_key(), ORIGIN, os.urandom, enrolled=lambda _: False)
    return ring, rows, {stream: row.handle for stream, row in made.items()}


def _rate(work: Callable[[T], object], given: list[T]) -> float:
    """How often a second of processor time: the best of some rounds, as other work on the machine only slows it."""
    return max(_rates(work, given))


def _rates(work: Callable[[T], object], given: list[T]) -> list[float]:
    """The same of each round."""
    rates, around = list[float](), itertools.cycle(given)
    for _ in range(ROUNDS):
        count, began = 0, time.thread_time()
        while time.thread_time() - began < SECONDS / ROUNDS:
            for _ in range(500):
                work(next(around))
            count += 500
        rates.append(count / (time.thread_time() - began))
    return rates


def _on_disk(folder: Path, made: Rows, streams: list[Stream]) -> Measured:
    """The same rows in keys.db: its bytes, and how fast a key is found there."""
    path = folder / "keys.db"
    engine = state_engine(path)
    key_tables.make(engine)
    rows = SqlKeyRows(engine)
    for epoch in made.epochs():
        rows.begin(epoch)
    found = list(made.by_lookup.values())
    with engine.begin() as db:
        db.execute(key_tables.KEYRING.insert(), [{name: getattr(row, name) for name in row.__slots__} for row in found])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    read = _rate(lambda stream: rows.find(lookup(root().lookup, stream)), streams)
    engine.dispose()
    return Measured(
        [Figure.of("key_bytes", "bytes a person in keys.db", size / len(found))],
        [f"open_cold, open_warm: finding the row in keys.db comes on top, {read:,.0f}/s: one for each look"],
    )

# SPDX-License-Identifier: Apache-2.0
"""A new epoch while a gate serves: a wish that is left beside it, looks that go on, and a gate that closes half way."""

import threading
import time
from contextlib import closing
from datetime import UTC, datetime

from tests.cli.desk import typed
from tests.privacy.keys import keyring
from tests.vault.test_rotate import Log

from whosaw.model.access import Field
from whosaw.model.record import Kind, Stream, parse
from whosaw.store.memory_keys import MemoryKeyRows
from whosaw.vault import rotate as rotating
from whosaw.vault.rotating import Rotating
from whosaw.wiring import build, house

AT = datetime(2026, 11, 22, tzinfo=UTC)
BY = "e-aaaaaaaaaaaaaaaa"


def until(true, seconds=60.0):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.01)


def test_a_folder_in_use_gets_a_wish_and_the_gate_fulfils_it(tmp_path):
    """The command says so and ends with 0; values go in and keys are found all the while; the record names who wished."""
    folder = tmp_path / "data"
    build(folder, "log.example.org/whosaw")
    with house(folder) as here:
        here.vault.put("mira", Field.PROFILE, "a value", AT, "one")
        key = here.keyring.find(Stream.of_person("mira"))
        said = typed("vault", "rotate", "--by", "ines", "--data", folder, "--format", "json")
        assert (said.code, said.json["outcome"]) == (0, "wished")
        assert here.keyring.epochs.numbers() == (1,)
        with closing(Rotating(here.keyring, here.journal, here.clock, every=0.02)):
            until(lambda: here.keyring.wishes.wished() is None)
        assert here.keyring.epochs.numbers() == (2,)
        assert here.keyring.find(Stream.of_person("mira")) == key
        here.journal.publish_now()
        found = [parse(f.body) for f in here.journal.reader().run(here.keyring.find(Stream.named("admin")))]
        assert [body["principal"] for body in found if body["kind"] == Kind.KEYS] == [here.pseudonyms.principal("ines")]


def test_keys_are_found_and_made_while_rows_are_rewrapped(monkeypatch):
    """Many threads, one rotation after another: nobody is ever given another key than before."""
    monkeypatch.setattr(rotating, "PAGE", 3)
    rows = MemoryKeyRows()
    ring, other = keyring(rows), keyring(rows)
    streams = [Stream.of_person(f"person-{n}") for n in range(12)]
    keys, wrong, ending = {stream: ring.of(stream) for stream in streams}, [], threading.Event()

    def look(which):
        while not ending.is_set():
            wrong.extend(stream for stream in streams if which.find(stream) != keys[stream])

    threads = [threading.Thread(target=look, args=(which,), daemon=True) for which in (ring, other)]
    for thread in threads:
        thread.start()
    try:
        with closing(Rotating(ring, Log(), lambda: AT, every=0.01)):
            for number in range(2, 6):
                ring.wishes.wish(BY)
                until(lambda: ring.wishes.wished() is None)
                assert ring.epochs.numbers() == (number,)
    finally:
        ending.set()
        for thread in threads:
            thread.join(20)
    assert wrong == []


def test_a_gate_that_closes_half_way_leaves_the_wish(monkeypatch):
    """Stopped between two pages: rows of both epochs open, and the next gate finishes without a second record."""
    monkeypatch.setattr(rotating, "PAGE", 1)
    rows, log = MemoryKeyRows(), Log()
    ring = keyring(rows)
    streams = [Stream.of_person(f"person-{n}") for n in range(6)]
    keys = {stream: ring.of(stream) for stream in streams}
    ring.wishes.wish(BY)
    first = Rotating(ring, log, lambda: AT, every=0.01)
    plain, paged = rows.rewrap, threading.Event()

    def rewrap(given, epoch):
        plain(given, epoch)
        first._ending.set()
        paged.set()

    rows.rewrap = rewrap
    assert paged.wait(20)
    first.close()
    rows.rewrap = plain
    assert {row.epoch for row in rows.all()} == {1, 2}
    assert {stream: keyring(rows).of(stream) for stream in streams} == keys
    assert ring.wishes.wished() == BY
    with closing(Rotating(ring, log, lambda: AT, every=0.01)):
        until(lambda: ring.wishes.wished() is None)
    assert ring.epochs.numbers() == (2,)
    assert len(log.bodies) == 1

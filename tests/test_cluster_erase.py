# SPDX-License-Identifier: Apache-2.0
"""Erasing from a log that several gates write: whoever erases is elected first; whoever is elected next finishes it.

one, two        gates that stay, each of them a candidate          three    the gate that erases, and dies
"""

import io
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests import postgres
from tests.directory.town import write
from tests.guard.gate import COMPANY, HOUR, SUMMER

from whosaw.cli.main import main
from whosaw.config import parse_settings
from whosaw.desks import erasure_desk
from whosaw.directory.load import load
from whosaw.erasure.erase import erase
from whosaw.errors import Busy, Unavailable
from whosaw.facts.hold import held
from whosaw.journal.segment import Mark, encode_all
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, canonical
from whosaw.settings.store import StoreSettings
from whosaw.shared import connect
from whosaw.store.files import data_folders
from whosaw.store.pg import Term
from whosaw.store.pg_desk import PgDesk
from whosaw.store.pg_election import PgElection
from whosaw.tlog.merkle import prove_inclusion
from whosaw.tlog.proof import TlogProof
from whosaw.wiring import build, house

pytestmark = pytest.mark.postgres
ORIGIN = "log.example.org/whosaw"
BY = "a3"  # works there, and looked at nobody
PEOPLE = tuple(row["person"] for row in COMPANY["persons"])
STAYS = "stays"

# In a process of its own: erase, and die at one call.
THIRD = """
import importlib, os, signal, sys, time
from datetime import timedelta
from pathlib import Path
from tests.guard.gate import SUMMER
from whosaw.desks import erasure_desk
from whosaw.erasure.erase import erase
from whosaw.wiring import house
data, began, person, by, module, owner, name, when = sys.argv[1:]
owner = getattr(importlib.import_module(module), owner)
real = getattr(owner, name)
with house(Path(data), clock=lambda: SUMMER + timedelta(seconds=time.time() - float(began))) as here:
    def call(*given, **named):
        if when == "after":
            real(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, call)
    erase(person, "request", by, erasure_desk(here), key="k" * 32)
"""


@pytest.fixture(scope="module")
def server():
    with postgres.server("max_connections = 90") as pg:
        yield pg


def whosaw(*words) -> tuple[int, str]:
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        code = main([str(word) for word in words])
    return code, out.getvalue() + errors.getvalue()


@dataclass
class World:
    """A log on a database, and two gates that are open."""

    data: Path
    began: float
    one: object
    two: object
    database: object

    def clock(self):
        return SUMMER + timedelta(seconds=time.time() - self.began)

    def submit(self, here, person: str, key: str):
        body = canonical({"v": 1, "kind": "export", "said": said(person, key)})
        return here.journal.submit(Submission("test", key, (Record(Stream.of_person(person), body),)))

    def jobs(self):
        return self.one.stores.manifest.erasing()

    def settled(self, jobs: int) -> None:
        """Wait until somebody has finished what was begun."""
        until = time.monotonic() + 30
        while [job.done for job in self.jobs()] != [True] * jobs:
            assert time.monotonic() < until, self.jobs()
            time.sleep(0.05)

    def where(self, person: str, key: str = "") -> list[str]:
        """Where anything is left that was said of them."""
        mark = said(person, key).encode()
        found = [p.name for p in (self.data / "private/segments").iterdir() if mark in p.read_bytes()]
        rows = "SELECT count(*) FROM journal.pending WHERE position(%s::bytea IN frames || bodies) > 0"
        found += ["pending"] * self.database.rows(
            rows.replace("frames || bodies", "coalesce(frames, bodies)"), (mark,)
        )[0][0]
        return found

    def epoch(self) -> int:
        return self.database.rows("SELECT epoch FROM journal.leader")[0][0]


def said(person: str, key: str) -> str:
    return f"of-{person}-was-said-{key}"


@contextmanager
def world(server, home: Path):
    data, address, began = home / "data", server.database(), time.time()
    build(data, ORIGIN, store=StoreSettings(database=address), clock=lambda: SUMMER - HOUR)
    settings = data / "whosaw.toml"
    settings.write_text(settings.read_text() + "\n[journal]\npublish_every_ms = 20\n")
    write(home / "tables", COMPANY, regions=None)
    made = World(data, began, None, None, None)
    with (
        house(data, clock=made.clock) as made.one,
        house(data, clock=made.clock) as made.two,
        closing(connect(parse_settings(settings.read_bytes()).store.database)) as made.database,
    ):
        load(
            home / "tables", engine=made.one.engine, journal=made.one.journal, names=made.one.pseudonyms,
            remember=made.one.names.remember, clock=made.clock,
        )  # fmt: skip
        yield made


DEATHS = (  # where the third gate dies, and whether the erasure was on record by then
    ("whosaw.store.pg_manifest", "PgManifest", "intend", "after", False),
    ("whosaw.store.pg_manifest", "PgManifest", "begin", "before", True),
    ("whosaw.store.sql_erase", "SqlErasure", "erase", "after", True),
    ("whosaw.store.pg_manifest", "PgManifest", "rewrite", "before", True),
    ("whosaw.store.pg_manifest", "PgManifest", "rewrite", "after", True),
)


@pytest.mark.slow
def test_the_elected_gate_dies_in_the_middle_and_the_next_one_finishes(server, tmp_path):
    """At five places; what is on record is done, what is not is as it was; nobody else's proof or receipt changes."""
    with world(server, tmp_path) as log:
        stays = [log.submit((log.one, log.two)[n % 2], STAYS, f"stays-{n}") for n in range(3)]
        for n, person in enumerate(PEOPLE):
            log.submit(log.one, person, f"{person}-1")
            log.submit(log.two, STAYS, f"between-{n}")
            log.submit(log.two, person, f"{person}-2")
            log.one.journal.publish_now()
        proofs = [log.one.journal.proof(made.leaves[-1].index) for made in stays]
        done = 0
        for person, (*death, on_record) in zip(PEOPLE, DEATHS, strict=True):
            for here, key in ((log.one, "0"), (log.two, "00")):  # both gates keep the key
                log.submit(here, person, f"{person}-{key}")
            before = log.epoch()
            third = subprocess.run(
                [sys.executable, "-c", THIRD, log.data, str(log.began), person, BY, *death],
                check=False,
                cwd=postgres.ROOT,
            )
            assert third.returncode == -9, death
            done += on_record
            later = log.submit(log.two, STAYS, f"after-{person}")  # whoever is elected, and has finished
            log.settled(done)
            assert log.epoch() >= before + 2  # the third was elected, and then another
            assert bool(log.where(person)) is not on_record, (death, log.where(person))
            log.one.journal.wait_published(later.leaves[-1].index)
            if on_record:
                with pytest.raises(Unavailable, match="erased meanwhile"):
                    log.submit(log.two, person, f"{person}-3")
                anew = log.submit(log.two, person, f"{person}-3")
                assert len(anew.leaves) == 2  # an enrolment: another stream
                with pytest.raises(Unavailable, match="erased meanwhile"):
                    log.submit(log.one, person, f"{person}-4")
                assert len(log.submit(log.one, person, f"{person}-4").leaves) == 1
        log.two.journal.publish_now()
        reader = log.two.journal.reader()
        for made, raw, key in zip(stays, proofs, ("stays-0", "stays-1", "stays-2"), strict=True):
            old = TlogProof.parse(raw)
            size = int(old.note.split(b"\n")[1])
            assert prove_inclusion(reader.node, old.index, size) == list(old.path)
            for here in (log.one, log.two):
                assert here.journal.find("test", key).receipt == made.receipt
        assert log.where(STAYS)
    for more in ((), ("--with-keys",)):
        code, out = whosaw("journal", "fsck", *more, "--data", log.data)
        assert code == 0, out


@pytest.mark.slow
def test_the_command_beside_two_gates(server, tmp_path):
    """`whosaw erase` while another gate is elected; asked again it says that it is done, and the others go on."""
    with world(server, tmp_path) as log:
        for n in range(3):
            log.submit(log.two, "mira", f"m-{n}")
        words = ("--basis", "request", "--by", BY, "--data", log.data, "--format", "json")
        with house(log.data, clock=log.clock) as third:
            done = erase("mira", "request", BY, erasure_desk(third), key="k" * 32)
        assert (done.records, log.where("mira")) == (4, [])
        assert [job.done for job in log.jobs()] == [True]
        log.submit(log.one, STAYS, "goes-on")
    code, out = whosaw("erase", "mira", *words)
    assert (code, json.loads(out)["outcome"]) == (0, "done before"), out
    code, out = whosaw("erase", "owen", *words)
    assert (code, json.loads(out)["outcome"]) == (0, "erased"), out
    code, out = whosaw("journal", "fsck", "--with-keys", "--data", log.data)
    assert code == 0, out


class Meanwhile:
    """The state database, in front of which something happens before it erases."""

    def __init__(self, state, do) -> None:
        self._state, self._do = state, do
        self.knows = state.knows

    def erase(self, handle, pseudonym):
        self._do()
        self._state.erase(handle, pseudonym)


@pytest.mark.slow
def test_what_comes_in_the_middle_waits_and_what_reads_facts_holds_nobody_up(server, tmp_path):
    """A record for the ended stream is told to ask again; facts that are being read leave the rest to the next term."""
    facts = tmp_path / "data/private/facts"
    with world(server, tmp_path) as log, ThreadPoolExecutor(1) as gate_two:
        log.submit(log.two, "mira", "m-1")
        asked = []

        def comes():
            asked.append(gate_two.submit(log.submit, log.two, "mira", "m-2"))
            until = time.monotonic() + 30
            while not log.where("mira", "m-2"):  # under the key that goes
                assert time.monotonic() < until
                time.sleep(0.02)
            time.sleep(0.2)
            assert not asked[0].done()

        facts.mkdir(parents=True, exist_ok=True)
        with held(facts, alone=False):
            with house(log.data, clock=log.clock) as third, pytest.raises(Busy):
                desk = erasure_desk(third)
                erase("mira", "request", BY, replace(desk, state=Meanwhile(desk.state, comes)), key="k" * 32)
            with pytest.raises(Unavailable, match="erased meanwhile"):
                asked[0].result(timeout=60)
            log.submit(log.one, STAYS, "goes-on")
            assert len(log.submit(log.two, "mira", "m-2").leaves) == 2
            assert [job.done for job in log.jobs()] == [False]
        log.settled(1)
        assert (log.where("mira", "m-1"), bool(log.where("mira", "m-2"))) == ([], True)
    code, out = whosaw("journal", "fsck", "--with-keys", "--data", log.data)
    assert code == 0, out


def test_a_segment_that_is_put_there_too_late_is_taken_away(server, tmp_path):
    """Who slept between its head and its segment, and wakes up after that segment was erased from, brings no body back."""
    with world(server, tmp_path) as log:
        log.submit(log.two, "mira", "m-1")
        with house(log.data, clock=log.clock) as third:
            log.one.journal.publish_now()
            row = next(r for r in log.one.stores.manifest.sealed().values() if said("mira", "").encode() in (
                log.data / "private" / Mark(r.first).name).read_bytes())  # fmt: skip
            frames = list(log.one.journal.reader().frames(row.first, row.end))
            assert encode_all(frames, Mark(row.first)).count(said("mira", "").encode()) == 1
            erase("mira", "request", BY, erasure_desk(third), key="k" * 32)
        private = data_folders(log.data)[1]

        class Sleeps(PgDesk):
            """Asks once while it is in office, as it believes, and then sleeps."""

            asked = 0

            def _in_office(self):
                self.asked += 1
                if self.asked > 1:
                    super()._in_office()

        late = Sleeps(log.database, private, Term(1))
        with pytest.raises(Exception, match="another sequencer"):
            late.covered(row.first, frames)
        assert log.where("mira") == []


def test_who_insists_succeeds_one_that_is_alive(server):
    """And one that does not insist is not elected meanwhile."""
    with closing(connect(server.database())) as database:
        database.make()
        first = PgElection(database).stand()
        assert PgElection(database).stand() is None
        second = PgElection(database).stand(insists=True)
        assert second.epoch == first.epoch + 1
        with pytest.raises(Unavailable):
            first.beat()
        second.beat()
        second.resign()

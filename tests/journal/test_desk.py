# SPDX-License-Identifier: Apache-2.0
"""Rows as the write-ahead log: a sequencer dies, or is succeeded, before and after each step of a commit, one by one."""

import os
import time
from contextlib import closing

import psycopg
import pytest
from tests import postgres
from tests.cluster_gate import POINTS
from tests.journal.together import Town, clock, submission

from whosaw.errors import Contradiction, Damaged, Unavailable, WhosawError
from whosaw.journal.cluster.pending import Asked
from whosaw.journal.core import Core
from whosaw.journal.fsck.fsck import fsck
from whosaw.journal.submission import prepare
from whosaw.shared import _fenced, stores_in
from whosaw.store.files import data_folders
from whosaw.store.pg import Database, Term
from whosaw.store.pg_desk import PgDesk
from whosaw.store.pg_election import PgElection
from whosaw.store.pg_pending import PgPending

pytestmark = pytest.mark.postgres
STEPS = ["assign", "read back", "stage", "swap", "segment", "apply", "labels", "publish", "delete", "seal"]


class Dead(BaseException):
    """The process is no more."""


@pytest.fixture(scope="module")
def server():
    with postgres.server("max_connections = 60") as pg:
        yield pg


@pytest.fixture
def town(server, tmp_path):
    made = Town(server.database(), tmp_path / "data")
    yield made
    made.close()


class Reign:
    """One term, driven by hand."""

    def __init__(self, town):
        self.town, self.database = town, Database(town.conninfo)
        self.office = elected(self.database)
        self.term = Term(self.office.epoch)
        public, private = (_fenced(f, lambda: self.database.check(self.term)) for f in data_folders(town.folder))
        self.stores = stores_in(self.database, public, private, self.term)
        self.core = Core.open(self.stores, town.keys, town.signers, clock=clock, random=os.urandom)

    def record(self, key, *persons):
        """As a gate would have it: the row, its place, the answer."""
        made = prepare(submission(key, *persons), self.town.keys)
        PgPending(self.database).ask([Asked(made.idem, tuple(k.handle for k in made.keys), tuple(made.bodies))])
        self.stores.ahead.waiting()
        self.core.sequencer.step([made])
        return made.future.result()

    def end(self):
        """It is gone, whatever it was doing."""
        self.office.resign()
        self.database.close()


def elected(database):
    """The lock is free when the server has noticed that its connection ended, which nobody is told."""
    until = time.monotonic() + 30
    while (office := PgElection(database).stand()) is None:
        assert time.monotonic() < until, "somebody is elected still"
        time.sleep(0.01)
    return office


def armed(monkeypatch, step, when):
    """From now on whoever comes to `step` dies there."""
    owner, name, begins = POINTS[step]
    true = getattr(owner, name)

    def call(self, *args, **more):
        here = not begins or str(args[0]).startswith(begins)
        if here and when == "before":
            raise Dead
        made = true(self, *args, **more)
        if here:
            raise Dead
        return made

    monkeypatch.setattr(owner, name, call)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_sequencer_that_dies_at_any_step_is_followed(town, monkeypatch, step, when):
    """What it leaves is no damage; the next term answers for all that was answered, and for what had its place."""
    first = Reign(town)
    kept = {f"k-{n}": first.record(f"k-{n}", "anna", f"p-{n}").receipt for n in range(3)}
    first.core.integrator.step()
    kept["k-3"] = first.record("k-3", "anna", "ben").receipt
    with monkeypatch.context() as patch:
        armed(patch, step, when)
        with pytest.raises(Dead):
            first.record("k-4", "carl")
            first.core.integrator.step()
    first.end()
    report = fsck(town.stores, town.signers, town.keys)
    assert report.exit == 0, report.lines()
    second = Reign(town)
    if step != "assign":
        kept["k-4"] = second.core.sequencer.known(prepare(submission("k-4", "carl"), town.keys).idem).receipt
    for key, receipt in kept.items():
        persons = ("anna", "ben") if key == "k-3" else ("carl",) if key == "k-4" else ("anna", f"p-{key[2:]}")
        assert second.record(key, *persons).receipt == receipt, key
    made = second.record("k-5", "anna")
    second.core.integrator.step()
    assert second.core.state.head.size == made.leaves[-1].index + 1
    second.end()
    town.check()
    assert town.database.rows("SELECT count(*) FROM journal.pending WHERE first IS NOT NULL") == [(0,)]


@pytest.mark.parametrize("step", STEPS)
def test_a_sequencer_that_was_succeeded_changes_nothing(town, monkeypatch, step):
    """It stands still before a step, another reigns, and then it goes on: it is refused, and the log is the other's."""
    first = Reign(town)
    first.record("k-1", "anna")
    first.core.integrator.step()
    first.record("k-2", "anna", "ben")
    owner, name, begins = POINTS[step]
    true, second, slept = getattr(owner, name), [], []

    def call(self, *args, **more):
        if not slept and (not begins or str(args[0]).startswith(begins)):
            slept.append(step)
            first.office.resign()
            second.append(Reign(town))
            second[0].record("k-4", "dora")
            second[0].core.integrator.step()
        return true(self, *args, **more)

    monkeypatch.setattr(owner, name, call)
    answered = None
    try:
        answered = first.record("k-3", "carl")
        first.core.integrator.step()
    except WhosawError as error:
        # Its rows are under the other's head and gone: it finds another log than it remembers, and stops there.
        assert isinstance(error, Damaged if step == "read back" else Contradiction), error
    assert slept == [step]
    monkeypatch.undo()
    with pytest.raises(WhosawError):
        first.record("k-9", "anna")
    head = second[0].core.state.head
    assert town.stores.head.read() == head
    assert town.public.read("checkpoint") == head.note
    if answered is not None:  # its place was committed in its own term, so it stands in the other's log
        again = second[0].core.sequencer.known(prepare(submission("k-3", "carl"), town.keys).idem)
        assert again.receipt == answered.receipt
    second[0].record("k-5", "anna")
    second[0].core.integrator.step()
    first.end()
    second[0].end()
    town.check()


def test_rows_that_contradict_the_segments_stop_a_start(town):
    """A database that is older than the files, or lacks a row, is not the one that this log was written with."""
    reign = Reign(town)
    old = town.stores.head.read()
    for n in range(2):
        reign.record(f"k-{n}", "anna")
        reign.core.integrator.step()
    reign.record("k-2", "anna")
    reign.record("k-3", "anna")
    reign.end()
    desk = PgDesk(town.database, town.private)
    with pytest.raises(Damaged, match="segments hold 4 leaves"):
        desk.start(old.size)
    town.database.rows("DELETE FROM journal.pending WHERE first = %s RETURNING id", (town.stores.head.read().size,))
    with pytest.raises(Damaged, match="is in no row"):
        desk.start(town.stores.head.read().size)


def test_a_submission_that_was_taken_back_takes_its_group_along_and_no_further(town):
    """A row that a gate withdrew in the very moment gets no place: the group is refused, and the next one goes on."""
    reign = Reign(town)
    made = [prepare(submission(f"k-{n}", "anna"), town.keys) for n in range(2)]
    pending = PgPending(town.database)
    pending.ask([Asked(m.idem, tuple(k.handle for k in m.keys), tuple(m.bodies)) for m in made])
    assert [row.idem for row in reign.stores.ahead.waiting()] == sorted(m.idem for m in made)
    assert pending.withdraw(made[0].idem)
    reign.core.sequencer.step(made)
    assert [type(m.future.exception()) for m in made] == [Unavailable, Unavailable]
    assert reign.record("k-1", "anna").first == 1
    assert pending.answers([made[0].idem]) == {}
    reign.core.integrator.step()
    reign.end()
    town.check()


def test_only_one_stands(town):
    """While one is elected and alive, no other is; and each term has a larger epoch."""
    with closing(Database(town.conninfo)) as one, closing(Database(town.conninfo)) as two:
        first = PgElection(one).stand()
        assert PgElection(two).stand() is None
        first.beat()
        first.resign()
        second = elected(two)
        assert second.epoch == first.epoch + 1
        with pytest.raises(WhosawError):
            first.beat()
        second.resign()


def test_a_lock_without_an_epoch_keeps_nobody_out(town):
    """Somebody holds the lock, is not in the row, and stands still: his session is ended like that of a leader without a pulse."""
    with closing(Database(town.conninfo)) as one, closing(Database(town.conninfo)) as two:
        stuck = one.own()
        stuck.execute("SELECT pg_advisory_lock(hashtext('whosaw'), hashtext('sequencer'))")
        assert PgElection(two, stale=60.0).stand() is None
        assert stuck.execute("SELECT 1").fetchone() == (1,)  # he may be about to write his epoch
        time.sleep(0.3)
        assert PgElection(two, stale=0.2).stand() is None
        office = elected(two)
        assert office.epoch == 1
        with pytest.raises(psycopg.Error):
            stuck.execute("SELECT 1")
        office.resign()

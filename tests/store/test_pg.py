# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL as a store: transactions that end as they say, a fence, and errors that tell nothing away."""

import logging.config
import os
import resource
import threading
import time
from contextlib import ExitStack, closing, suppress

import psycopg
import pytest
from tests import postgres

from whosaw.errors import Contradiction, Damaged, Misconfigured, OutcomeUnknown, Unavailable
from whosaw.journal.ports import HeadState
from whosaw.store.pg import _IDLE, Database, Term
from whosaw.store.pg_head import PgHead
from whosaw.store.pg_labels import PgLabels

pytestmark = pytest.mark.postgres

ONE, TWO = (HeadState(b"note %d" % n, n, 1_000 * n) for n in (1, 2))


@pytest.fixture(scope="module")
def server():
    with postgres.server("max_connections = 60") as pg:
        yield pg


@pytest.fixture
def conninfo(server):
    return server.database()


@pytest.fixture
def database(conninfo):
    made = Database(conninfo)
    made.make()
    yield made
    made.close()


def elect(database, epoch):
    with database.transaction() as db:
        db.execute("UPDATE journal.leader SET epoch = %s", (epoch,))


def test_the_tables_are_made_once_and_by_nobody_who_only_looks(conninfo):
    """Eight who make them at once make them once; a look at an empty database leaves it empty."""
    looked = Database(conninfo)
    assert PgHead(looked).read() is None
    assert PgLabels(looked).size() == 0
    assert not looked.exists()
    eight = [Database(conninfo) for _ in range(8)]
    threads = [threading.Thread(target=each.make) for each in eight]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked.rows("SELECT count(*) FROM journal.leader") == [(1,)]
    for each in (looked, *eight):
        each.close()


def test_tables_of_another_version_are_refused(database, conninfo):
    """Nothing is read from them, and nothing is changed."""
    database.rows("UPDATE journal.layout SET version = 99 RETURNING version")
    other = Database(conninfo)
    with pytest.raises(Misconfigured, match="layout 99"):
        PgHead(other).read()
    other.close()


def test_a_term_that_has_ended_writes_nothing(database):
    """Who slept while another was elected swaps no head and no label, although it holds the right note."""
    elect(database, 1)
    head, labels = PgHead(database, term=Term(1)), PgLabels(database, Term(1))
    head.create(ONE, {})
    elect(database, 2)
    for call in (
        lambda: head.swap(ONE.note, TWO, {}, {}),
        lambda: labels.extend(0, [b"l" * 32]),
        labels.clear,
    ):
        with pytest.raises(Contradiction, match="elected"):
            call()
    assert (head.read(), labels.size()) == (ONE, 0)


def test_nobody_is_elected_in_the_middle_of_a_fenced_transaction(database):
    """An election waits for the transaction of the term before, and what that wrote was in its term."""
    elect(database, 1)
    done = []
    with database.transaction(Term(1)) as db:
        other = threading.Thread(target=lambda: (elect(database, 2), done.append("elected")))
        other.start()
        time.sleep(0.2)
        assert done == []
        db.execute("INSERT INTO journal.head VALUES ('log', 'n', 1, 1)")
    other.join()
    assert done == ["elected"]


def test_what_fails_before_commit_has_changed_nothing(database, server):
    """A connection that is cut inside a transaction is Unavailable; the next call opens another."""
    with pytest.raises(Unavailable), database.transaction() as db:
        db.execute("INSERT INTO journal.head VALUES ('log', 'n', 1, 1)")
        with server.connect() as admin:
            admin.execute("select pg_terminate_backend(%s)", (db.info.backend_pid,))
        db.execute("SELECT 1")
    assert database.rows("SELECT count(*) FROM journal.head") == [(0,)]


@pytest.mark.parametrize("how", ["pg_terminate_backend", "pg_cancel_backend"])
def test_a_commit_that_the_standby_never_confirmed_is_unknown(database, server, how):
    """Cut short while it waits for a synchronous standby, a COMMIT is neither done nor undone: cancelled, the server
    even calls it done, with a warning.
    """
    head, states = PgHead(database), [ONE]
    head.create(ONE, {})
    ended = threading.Event()
    with server.connect() as admin:
        admin.execute("alter system set synchronous_standby_names = 'nobody'")
        admin.execute("select pg_reload_conf()")

        def cut():
            while not ended.wait(0.01):
                admin.execute(f"select {how}(pid) from pg_stat_activity where wait_event = 'SyncRep'")

        thread = threading.Thread(target=cut)
        thread.start()
        try:
            with pytest.raises(OutcomeUnknown):
                # The server hears of its new settings in its own time; until then it waits for nobody.
                for n in range(2, 10_000):
                    states.append(HeadState(b"note %d" % n, n, 1_000 * n))
                    head.swap(states[-2].note, states[-1], {}, {})
        finally:
            ended.set()
            thread.join()
            admin.execute("alter system reset synchronous_standby_names")
            admin.execute("select pg_reload_conf()")
    assert head.read() in states[-2:]


def test_a_server_that_was_started_again_needs_no_restart_of_ours(conninfo):
    """Unavailable while it is gone, and as before when it is back."""
    with postgres.server() as pg:
        database = Database(pg.database())
        database.make()
        with pg.connect() as db:
            db.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'whosaw'")
        with suppress(Unavailable):  # the good-bye may be on its way still
            database.rows("SELECT 1")
        assert database.rows("SELECT 1") == [(1,)]
        pg.restart()
        assert database.rows("SELECT count(*) FROM journal.leader") == [(1,)]
    with pytest.raises(Unavailable):
        database.rows("SELECT 1")
    database.close()


def test_errors_tell_no_address_no_value_and_no_password(server, monkeypatch):
    """What the driver and the server say in words stays with them."""
    monkeypatch.setenv("PGPASSWORD", "hunter-two")
    said = []
    for conninfo in (
        f"postgresql://postgres@/not_there?host={server.folder}",
        f"postgresql://nobody@/postgres?host={server.folder}",
        "postgresql://postgres@/postgres?host=/nowhere/secret-place",
    ):
        with pytest.raises(Unavailable) as caught:
            Database(conninfo).rows("SELECT 1")
        said.append(caught.value)
    database = Database(server.database())
    database.make()
    with pytest.raises(Damaged) as caught:
        database.rows("SELECT %s::text FROM nothing", ("anna",))
    said.append(caught.value)
    with pytest.raises(Damaged) as caught, database.transaction() as db:
        db.execute("INSERT INTO journal.pending (idem, handles, bodies) VALUES (%s, '', 'anna')", (b"short",))
    said.append(caught.value)
    for error in said:
        text = f"{error} {error.hint} {error.__cause__ or ''}"
        assert error.__suppress_context__
        for secret in ("hunter", "not_there", "nobody", "secret-place", "anna", "short", str(server.folder)):
            assert secret not in text
    assert [type(error) for error in said] == [Unavailable] * 3 + [Damaged] * 2
    assert "42P01" in str(said[3])
    database.close()


def test_a_broken_commit_is_not_taken_for_a_good_one(conninfo):
    """A transaction that the server took back, whatever COMMIT returned, is Unavailable."""
    database = Database(conninfo)
    database.make()
    with pytest.raises(Unavailable, match="took a transaction back"), database.transaction() as db:
        try:
            db.execute("SELECT 1/0")
        except psycopg.Error:
            pass
    database.close()


def test_a_busy_moment_costs_no_connection_that_was_there(conninfo):
    """More are used at once than are kept: those that are kept stay open, and the next who asks opens none."""
    opened = []

    def counted(*args, **kwargs):
        opened.append(1)
        return psycopg.Connection.connect(*args, **kwargs)

    database = Database(conninfo, connect=counted)

    def at_once(count):
        with ExitStack() as busy:
            return [busy.enter_context(database.connection()).info.backend_pid for _ in range(count)]

    many = at_once(_IDLE + 4)
    assert len(opened) == _IDLE + 4
    again = at_once(_IDLE)
    assert len(opened) == _IDLE + 4
    assert set(again) <= set(many)
    database.close()


def test_what_the_driver_writes_of_itself_has_no_values_in_it(server, caplog):
    """It logs what failed beside another failure, as the server put it, with the values of a row. Also where a server sets up its own log."""
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    with psycopg.connect(server.database(), autocommit=True) as db:
        db.execute("CREATE TEMP TABLE known (who text PRIMARY KEY)")
        with pytest.raises(ValueError, match="another"), db.pipeline():
            db.execute("INSERT INTO known VALUES ('mira'), ('mira')")
            raise ValueError("another")
    assert "mira" not in caplog.text
    assert not caplog.records


def test_a_connection_may_have_any_number(conninfo):
    """A gate has a file open for each caller; what it opens to the database after that has a number above 1,023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("no 1,200 files may be open here")
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
        number = 0
        while number < 1030:
            number = os.open(os.devnull, os.O_RDONLY)
            stack.callback(os.close, number)
        with closing(Database(conninfo)) as database:
            assert [database.rows("SELECT 1") for _ in range(2)] == [[(1,)]] * 2

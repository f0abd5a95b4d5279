# SPDX-License-Identifier: Apache-2.0
"""What is remembered of a PostgreSQL database: forgotten as soon as anybody, by whatever program, has committed a change."""

import time
from contextlib import closing
from datetime import timedelta
from random import Random

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from tests import postgres
from tests.contracts.state import state_in, state_of
from tests.directory.town import AT, DAY, HOUR, TOWN, FakeJournal, FakeNames, write

from whosaw.directory.directory import Directory
from whosaw.directory.load import load
from whosaw.directory.remembered import VAULT, memory_of, once, remember
from whosaw.directory.written import PARTS, UNWATCHED, InSnapshots, watch
from whosaw.errors import Unavailable
from whosaw.store.pg import Database, hung_up
from whosaw.store.sql_crowd import SqlCrowdRows
from whosaw.store.sql_sealed import SqlSealedRows
from whosaw.store.sql_suspension import SqlSuspensionRows
from whosaw.store.state import shared_state_engine

pytestmark = pytest.mark.postgres
SQL_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"


@pytest.fixture
def engine(request):
    """As a house opens it."""
    made = state_of(request, "postgres")
    watch(made, hung_up)
    yield made
    made.dispose()


@pytest.fixture
def other(engine):
    """Another program's connection, which commits each statement."""
    with closing(psycopg.connect(_address(engine), autocommit=True)) as db:
        yield db


def _address(engine):
    with engine.connect() as db:
        info = db.connection.dbapi_connection.info
        return f"dbname={info.dbname} user={info.user} host={info.host}"


def kept(engine, part=""):
    """Whether what was kept a moment ago is still believed; from here on it is again."""
    memory = memory_of(engine)
    found = memory.find("kept", part)
    with memory.reading() as held:
        held.keep("kept", "yes", part)
    return found is not None


def settled(engine):
    for part in ("", VAULT):
        kept(engine, part)
        assert kept(engine, part)


def test_any_change_of_any_watched_table_is_noticed(engine, other):
    """By a program that knows nothing of us; also one that touches no row. Of the others nothing is remembered."""
    tables = [name for (name,) in other.execute(SQL_TABLES)]
    assert UNWATCHED | PARTS.keys() <= {*tables}
    settled(engine)
    for name in tables:
        for statement in (
            f"DELETE FROM {name}",
            f"TRUNCATE {name} CASCADE",
            f"INSERT INTO {name} SELECT * FROM {name}",
        ):
            if name in {"written", "alembic_version"}:
                continue
            other.execute(statement)
            changed = (not kept(engine), not kept(engine, VAULT))
            expected = (False, False) if name in UNWATCHED else (PARTS.get(name) != VAULT, True)
            assert changed == expected, statement
    other.execute("UPDATE staff SET unit = 'another'")
    assert not kept(engine)


def test_a_table_that_is_not_watched_any_more_is_watched_by_the_next_start(engine, other):
    """Whoever took the trigger away; and a table that a newer version has made."""
    other.execute("DROP TRIGGER whosaw_written ON staff; ALTER TABLE cases DISABLE TRIGGER whosaw_written")
    other.execute("CREATE TABLE newer (id int)")
    watch(engine, hung_up)
    for name in ("staff", "cases", "newer"):
        settled(engine)
        other.execute(f"DELETE FROM {name}")
        assert not kept(engine), name


SWITCHED_OFF = "ALTER TABLE staff DISABLE TRIGGER ALL"
SWITCHED_ON = "ALTER TABLE staff ENABLE ALWAYS TRIGGER whosaw_written"
CHANGED = "UPDATE staff SET unit = 'another'"


@pytest.mark.parametrize("several", [True, False])
def test_a_trigger_that_is_switched_off_meanwhile_is_missed_at_once(engine, other, several):
    """As whoever restores a table does; nothing is believed until all of them are there again."""
    settled(engine)
    for statement in [f"{SWITCHED_OFF}; {CHANGED}; {SWITCHED_ON}"] if several else [SWITCHED_OFF, CHANGED, SWITCHED_ON]:
        other.execute(statement)
    assert not kept(engine)
    settled(engine)
    other.execute(SWITCHED_OFF)
    assert [kept(engine) for _ in range(3)] == [False] * 3
    other.execute(CHANGED)
    assert not kept(engine)
    other.execute(SWITCHED_ON)
    kept(engine)
    settled(engine)


def test_a_table_that_is_made_anew_meanwhile_is_missed_at_once(engine, other):
    """As a dump that is put over a database does, while a gate is open. The next start watches it."""
    settled(engine)
    other.execute("CREATE TABLE copy (LIKE staff); DROP TABLE staff; ALTER TABLE copy RENAME TO staff")
    assert [kept(engine) for _ in range(3)] == [False] * 3
    watch(engine, hung_up)
    settled(engine)


@pytest.mark.parametrize(
    "statements",
    [
        ["SET session_replication_role = replica", CHANGED],
        ["BEGIN", CHANGED, "PREPARE TRANSACTION 'later'", None, "COMMIT PREPARED 'later'"],
        ["BEGIN", "SAVEPOINT s", CHANGED, "ROLLBACK TO s", CHANGED, "COMMIT"],
        ["BEGIN ISOLATION LEVEL SERIALIZABLE", CHANGED, "COMMIT"],
        ["WITH gone AS (DELETE FROM staff RETURNING 1) SELECT count(*) FROM gone"],
    ],
)  # fmt: skip
def test_however_it_is_changed(engine, other, statements):
    """Where something stands between two statements (None), it is settled there, and what is prepared has changed nothing."""
    settled(engine)
    for statement in statements:
        if statement is None:
            assert kept(engine)
        else:
            other.execute(statement)
    assert not kept(engine)


def test_of_a_standby_nothing_is_remembered():
    """It does not say who was under way; and a connection that was made to it goes on after it was elected."""
    with postgres.server() as pg:
        info = pg.database()
        first = state_in(info)
        watch(first, hung_up)
        first.dispose()
        with (
            pg.standby() as behind,
            closing(psycopg.connect(info)) as slow,
            closing(psycopg.connect(info, autocommit=True)) as other,
        ):
            there = info.replace(str(pg.folder), str(behind.folder))
            engine = shared_state_engine(Database(there))
            remember(engine, lambda: (engine, None), InSnapshots(hung_up))
            slow.execute("DELETE FROM staff")
            repeated(other, behind)
            kept(engine)
            kept(engine)
            slow.commit()
            repeated(other, behind)
            assert not kept(engine)
            with behind.connect() as db:
                assert db.execute("SELECT pg_promote()").fetchone() == (True,)
            kept(engine)
            settled(engine)
            with closing(psycopg.connect(there, autocommit=True)) as db:
                db.execute("DELETE FROM staff")
            assert not kept(engine)
            engine.dispose()


def repeated(other, behind):
    """Wait until the standby has done what was done."""
    other.execute("INSERT INTO quota VALUES (gen_random_uuid()::text, '', 1, 1)")  # flushes the log, and is not watched
    (end,) = other.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
    until = time.monotonic() + 60
    with behind.connect() as db:
        while not db.execute("SELECT pg_last_wal_replay_lsn() >= %s", (end,)).fetchone()[0]:
            assert time.monotonic() < until
            time.sleep(0.02)


def test_who_began_before_and_commits_after_is_noticed(engine, other):
    """However many come and go meanwhile; and whoever takes it back has changed nothing."""
    with closing(psycopg.connect(_address(engine))) as slow, closing(psycopg.connect(_address(engine))) as gone:
        slow.execute("DELETE FROM staff")
        gone.execute("DELETE FROM cases")
        other.execute("DELETE FROM persons")
        assert not kept(engine)
        settled(engine)
        slow.commit()
        assert not kept(engine)
        settled(engine)
        gone.rollback()
        assert kept(engine)


def test_in_a_transaction_all_is_of_one_state(engine, other):
    """What is committed while it reads is not in what it keeps, and is noticed afterwards."""
    memory = memory_of(engine)
    settled(engine)
    with memory.reading() as held:
        other.execute("INSERT INTO sources VALUES ('csv', 1, 2)")
        assert held.connection.execute("SELECT count(*) FROM sources").fetchone() == (0,)
        held.keep("kept", "yes")
    assert not kept(engine)


def test_numbers_that_were_thrown_away_are_not_taken_for_none(engine, other):
    """A reader that did not ask for long forgets all, and goes on from there; a table of numbers that is empty says nothing."""
    settled(engine)
    other.execute("DELETE FROM staff")
    other.execute("DELETE FROM written WHERE xid < (SELECT max(xid) FROM written)")
    assert not kept(engine)
    settled(engine)
    other.execute("DELETE FROM staff")
    other.execute("TRUNCATE written")
    assert not kept(engine)
    assert not kept(engine)


def test_old_numbers_are_thrown_away_and_not_all_of_them(engine, other):
    """So many changes that each number is tidied up after at least twice."""
    other.execute("DO $$ BEGIN FOR n IN 1..7000 LOOP DELETE FROM staff; COMMIT; END LOOP; END $$")
    (count,) = other.execute("SELECT count(*) FROM written").fetchone()
    assert 4096 <= count < 6000
    settled(engine)


def test_a_database_that_was_restored_from_a_dump_is_remembered_again(engine, other):
    """Its numbers are those of a server that was further."""
    other.execute("INSERT INTO written VALUES ('99999999', '')")
    settled_ = [kept(engine) for _ in range(3)]
    assert settled_ == [False] * 3
    watch(engine, hung_up)
    settled(engine)


def test_a_connection_that_is_cut_answers_nothing_of_before(engine, other):
    """Cut while nobody asks, it is replaced; cut in the middle, that question fails. Either way all is read anew."""
    settled(engine)
    cut = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    other.execute(cut)
    assert not kept(engine)
    settled(engine)
    with pytest.raises((psycopg.Error, DBAPIError)), memory_of(engine).reading() as held:
        other.execute(cut)
        held.connection.execute("SELECT 1")
    assert not kept(engine)
    settled(engine)


def loaded(engine, folder, at, tables):
    names = FakeNames()
    load(
        write(folder, tables), engine=engine, journal=FakeJournal(), names=names, remember=names.remember,
        clock=lambda: at,
    )  # fmt: skip


def test_whatever_is_remembered_is_what_would_be_read(engine, tmp_path):
    """Two gates: one loads tables in which people move, leave and are protected; the other says what one without memory says."""
    names, random = FakeNames(), Random(1)
    remembers = Directory(engine, timedelta(hours=24))
    staff, persons = [dict(row) for row in TOWN["staff"]], [dict(row) for row in TOWN["persons"]]
    at, asked = AT, 0
    for step in range(4):
        at += random.choice([HOUR, DAY, 20 * DAY])
        staff[1] = {**staff[1], "unit": f"support-{step}", "suspended": "true" if step == 2 else ""}
        persons[0] = {**persons[0], "household": "elm street 4" if step % 2 else None}
        persons[0]["classes"] = ["press"] if step == 1 else []
        loaded(engine, tmp_path / "tables", at, {**TOWN, "staff": staff, "persons": persons})
        for who, whom, case in (
            (w, p, c) for w in ("ana", "bo", "left") for p in ("mira", "u-bo") for c in ("T-1", None)
        ):
            question = names.principal(who), names.person(whom), case
            for when in (at, at, at + random.choice([HOUR, 2 * DAY])):
                with once():
                    made = remembers.known(*question, when)
                assert made == _without_memory(engine, question, when), (step, who, whom, case)
                asked += 1
    assert asked == 4 * 12 * 3


def _without_memory(engine, question, when):
    address = _address(engine)
    bare = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(address))
    try:
        return Directory(bare, timedelta(hours=24)).known(*question, when)
    finally:
        bare.dispose()


def test_who_is_stopped_by_another_gate_is_stopped_at_the_next_question(engine, tmp_path):
    """And inside of a group that has asked already, from the next group on."""
    loaded(engine, tmp_path / "tables", AT, TOWN)
    names, directory = FakeNames(), Directory(engine, timedelta(hours=24))

    def stopped():
        return directory.known(names.principal("ana"), names.person("mira"), "T-1", AT + HOUR).principal.suspended

    elsewhere = SqlSuspensionRows(engine)
    assert not stopped()
    elsewhere.suspend(names.principal("ana"), "misuse", AT)
    assert stopped()
    elsewhere.lift(names.principal("ana"), AT + HOUR)
    with once():
        assert not stopped()
        elsewhere.suspend(names.principal("ana"), "misuse", AT + HOUR)
        assert not stopped()
    assert stopped()


def test_what_comes_into_the_vault_leaves_the_directory_as_it_is(engine, tmp_path):
    """A value that is sealed is found by the next look; nobody has to be read anew for it."""
    loaded(engine, tmp_path / "tables", AT, TOWN)
    names, directory = FakeNames(), Directory(engine, timedelta(hours=24))
    question = names.principal("ana"), names.person("mira"), "T-1", AT + HOUR
    directory.known(*question)
    sealed, crowd = SqlSealedRows(engine), SqlCrowdRows(engine)
    assert sealed.newest(b"h" * 16, "ip", 9, 20) == []
    assert crowd.counts([(bytes(16), 1, 9)]) == [0]
    before = dict(memory_of(engine).kept)
    sealed.add(handle=b"h" * 16, field="ip", seen=1, stored=2, source=bytes(32), sealed=b"value")
    assert sealed.newest(b"h" * 16, "ip", 9, 20) == [(1, b"value")]
    crowd.join([[(bytes(16), 1, bytes(16))]])
    assert crowd.counts([(bytes(16), 1, 9)]) == [1]
    directory.known(*question)
    assert memory_of(engine).kept == before


def test_a_database_that_is_gone_is_unavailable(engine, server, tmp_path):
    """Nobody is known from memory; when it is back, all is read anew."""
    loaded(engine, tmp_path / "tables", AT, TOWN)
    names, directory = FakeNames(), Directory(engine, timedelta(hours=24))
    question = names.principal("ana"), names.person("mira"), "T-1", AT + HOUR
    first = directory.known(*question)
    with server.stopped(), pytest.raises(Unavailable):
        directory.known(*question)
    assert directory.known(*question) == first


def test_a_change_that_cannot_be_noticed_is_not_made(engine, other):
    """Without the table of numbers every change of a watched table fails, until the next start has made it again."""
    other.execute("DROP TABLE written")
    with pytest.raises(DBAPIError), engine.begin() as db:
        db.execute(text("DELETE FROM staff"))
    watch(engine, hung_up)
    settled(engine)
    other.execute("DELETE FROM staff")
    assert not kept(engine)

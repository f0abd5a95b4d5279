# SPDX-License-Identifier: Apache-2.0
"""Questions on the driver's cursor answer as the library does, in both databases."""

import pytest
from sqlalchemy import bindparam, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from tests import postgres
from tests.directory.town import AT, TOWN, Office

from whosaw.directory import migrate
from whosaw.directory.query import ask, ask_one, tell
from whosaw.directory.tables import LOADED, STAFF, micros
from whosaw.directory.transaction import reading
from whosaw.errors import Unavailable


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    made.load({**TOWN, "links": [{"a": "mira", "b": "kim", "kind": "contact"}]})
    yield made
    made.close()


def test_the_same_rows_as_the_library_has(office):
    """Every table, every column, truth values included: row for row what the library says."""
    with reading(office.engine) as db:
        for table in LOADED:
            query = select(table).order_by(table.c.row)
            assert ask(db, query, {}) == [dict(row) for row in db.execute(query).mappings()]
            assert any(ask(db, query, {}))


def test_parameters_are_those_of_the_call_and_of_the_query(office):
    """A value that stands in the query, one that is given, and a limit."""
    query = select(STAFF.c.unit).where(STAFF.c.function == "support", STAFF.c.known_to > bindparam("at")).limit(2)
    with reading(office.engine) as db:
        assert ask(db, query, {"at": micros(AT)}) == [{"unit": "support-1"}] * 2
        assert ask_one(db, query, {"at": 2**62}) is None


def test_what_the_database_says_is_unavailable_and_quotes_nothing(office):
    """A table that is not there: Unavailable by the kind of the error, without statement or value, and the next one answers."""
    with office.engine.begin() as db:
        db.exec_driver_sql("DROP TABLE cases")
    broken = select(next(t for t in LOADED if t.name == "cases")).where(STAFF.c.unit == bindparam("unit"))
    with pytest.raises(Unavailable) as caught, reading(office.engine) as db:
        ask(db, broken, {"unit": "secret-unit"})
    assert "OperationalError" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    with reading(office.engine) as db:
        assert ask(db, select(STAFF.c.unit).limit(1), {})


def test_an_error_takes_its_connection_with_it():
    """Whatever the driver said: the connection that said it is given to nobody else."""
    engine = create_engine("sqlite://")
    for work in (lambda db: ask(db, select(STAFF), {}), lambda db: tell(db, text("INSERT INTO staff VALUES (1)"), {})):
        with engine.connect() as db, pytest.raises(DBAPIError):
            try:
                work(db)
            finally:
                assert db.invalidated
    engine.dispose()


@pytest.mark.postgres
def test_postgres_answers_alike():
    """The same question in PostgreSQL: a truth value is one, and a parameter goes by its name."""
    from whosaw.store.pg import Database
    from whosaw.store.state import shared_state_engine

    with postgres.server() as pg:
        database = Database(pg.database())
        engine = shared_state_engine(database)
        migrate.upgrade(engine)
        row = {
            "digest": bytes(32), "known_from": 0, "known_to": 9, "principal": "e-x", "unit": "u", "function": "audit",
            "suspended": True, "valid_from": 0, "valid_to": 9,
        }  # fmt: skip
        with engine.begin() as db:
            db.execute(STAFF.insert().values(row))
        query = select(STAFF).where(STAFF.c.principal == bindparam("of"))
        with reading(engine) as db:
            found = ask_one(db, query, {"of": "e-x"})
            assert found == dict(db.execute(query, {"of": "e-x"}).mappings().one())
            assert found["suspended"] is True
        engine.dispose()
        database.close()

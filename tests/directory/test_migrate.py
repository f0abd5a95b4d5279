# SPDX-License-Identifier: Apache-2.0
"""state.db's history: from nothing to the tables of the code, from wherever the package lies, and never backwards."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from tests.directory.town import engine_on

from whosaw.api.callers.rows import CALLER_TABLES
from whosaw.directory import migrate
from whosaw.directory.migrate import check, newest, upgrade, version
from whosaw.directory.ticket_tables import DIRECTORY
from whosaw.errors import Misconfigured, Unavailable
from whosaw.store.state_tables import STATE
from whosaw.wishes.rows import WISH_TABLES

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def every_revision(monkeypatch):
    """Here they run, one after the other, and no recording of them."""
    monkeypatch.setattr(migrate.command, "upgrade", migrate.command.upgrade.__wrapped__)


@pytest.fixture
def engine(tmp_path):
    made = engine_on(tmp_path / "state.db")
    yield made
    made.dispose()


def test_the_revisions_make_exactly_the_tables_of_the_code(engine):
    """An empty database, migrated, has every table, column, type and index of all owners, and nothing else."""
    upgrade(engine)
    with engine.connect() as db:
        assert (
            compare_metadata(
                MigrationContext.configure(db, opts={"compare_type": True}),
                [DIRECTORY, STATE, CALLER_TABLES, WISH_TABLES],
            )
            == []
        )


def test_no_table_has_two_owners():
    """Keys and directory share a file and no table."""
    owners = [DIRECTORY.tables.keys(), STATE.tables.keys(), CALLER_TABLES.tables.keys(), WISH_TABLES.tables.keys()]
    assert len(set().union(*owners)) == sum(map(len, owners))


def test_upgrading_twice_changes_nothing(engine, tmp_path):
    """The second time finds everything in place."""
    assert upgrade(engine) == newest()
    before = (tmp_path / "state.db").read_bytes()
    assert upgrade(engine) == newest()
    check(engine)
    assert (tmp_path / "state.db").read_bytes() == before


def test_a_newer_state_is_refused_and_untouched(engine, tmp_path):
    """A version that this code does not know: Misconfigured with a hint, by upgrade and by check, nothing changed."""
    upgrade(engine)
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = (tmp_path / "state.db").read_bytes()
    for attempt in (upgrade, check):
        with pytest.raises(Misconfigured, match="version 9999, which this version of whosaw does not know") as caught:
            attempt(engine)
        assert "newer" in caught.value.hint
        assert caught.value.setting == "private/state.db"
    assert (tmp_path / "state.db").read_bytes() == before


def test_a_state_that_was_never_made_is_named(engine):
    """check makes nothing: an empty file is not a state of this version."""
    with pytest.raises(Misconfigured, match="version none, this version of whosaw needs"):
        check(engine)
    assert inspect(engine).get_table_names() == []


def test_a_disk_that_fills_up_leaves_nothing_half_made(engine):
    """The revisions run in one transaction: all tables, or none and no version."""
    small = engine_on(engine.url.database)
    with small.connect() as db:
        db.execute(text("CREATE TABLE bystander (x)"))
        db.commit()
    limited = engine_on(engine.url.database)

    from sqlalchemy import event

    @event.listens_for(limited, "connect")
    def _limit(connection, _record):
        connection.execute("PRAGMA max_page_count = 12").fetchall()

    with pytest.raises(Unavailable):
        upgrade(limited)
    with engine.connect() as db:
        assert version(db) is None
    assert inspect(engine).get_table_names() == ["bystander"]
    upgrade(engine)
    check(engine)


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    """Other bytes in the place of state.db: one error of ours, and they are left alone."""
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database, " * 100)
    for attempt in (upgrade, check):
        with pytest.raises(Unavailable, match="directory cannot be read"):
            attempt(engine_on(path))
    assert path.read_bytes() == b"not a database, " * 100


RUN = """
import sys
from pathlib import Path
import whosaw.directory.migrate as migrate
from sqlalchemy import create_engine
engine = create_engine("sqlite:///" + sys.argv[1])
print(Path(migrate.__file__).parents[2])
print(migrate.upgrade(engine))
migrate.check(engine)
"""


def test_upgrade_works_from_an_installed_package(tmp_path):
    """From a wheel, unpacked into a folder with blanks and a percent sign in its name, far from any source tree."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel: pip install hatchling editables")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    site = tmp_path / "site 100% packages"
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path / "state.db")],
        cwd=tmp_path, env={"PYTHONPATH": str(site), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == [str(site), newest()]
    assert sorted(p.name for p in (site / "whosaw/policy/shipped").iterdir()) == sorted(
        p.name for p in (ROOT / "src/whosaw/policy/shipped").iterdir()
    )


def test_several_processes_upgrade_one_file(tmp_path):
    """Three at once on an empty file: one makes it, the others find it made."""
    running = [
        subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path / "state.db")], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0].splitlines()[-1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert said == [newest()] * 3


def test_a_directory_of_before_sources_goes_on(tmp_path):
    """Rows and feed of the first version become those of `csv`; the tables loaded again change nothing."""
    from alembic import command
    from sqlalchemy import text as sql
    from tests.directory.town import Office

    from whosaw.directory.migrate import _config
    from whosaw.directory.transaction import writing

    office = Office(tmp_path)
    office.load()
    old = {
        table: list(office.directory.rows(table)) for table in ("staff", "persons", "cases", "case_persons", "regions")
    }
    made = engine_on(tmp_path / "old.db")
    with writing(made) as db:
        config = _config()
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        db.execute(sql("ATTACH :path AS new"), {"path": str(office.path)})
        for table in ("staff", "persons", "cases", "case_persons", "assignments", "regions", "feed"):
            names = ", ".join(column["name"] for column in inspect(db).get_columns(table))
            db.execute(sql(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}"))
    made.dispose()
    office.close()
    (tmp_path / "old.db").replace(office.path)
    again = Office(tmp_path)  # which upgrades
    assert {table: list(again.directory.rows(table)) for table in old} == old
    assert [feed.source for feed in again.directory.feeds(again.clock.at)] == ["csv"]
    again.journal = office.journal
    assert not again.load().changed
    again.close()

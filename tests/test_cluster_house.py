# SPDX-License-Identifier: Apache-2.0
"""Two houses on one database: looks at either gate, one log, one person's stream; and what the commands say of it."""

import io
import json
import time
from contextlib import closing, redirect_stderr, redirect_stdout
from datetime import timedelta

import pytest
from tests import postgres
from tests.directory.town import write
from tests.guard.gate import COMPANY, HOUR, SUMMER
from tests.vault.crowds import fill

from whosaw.cli.main import main
from whosaw.config import parse_settings
from whosaw.directory.load import load
from whosaw.errors import Contradiction, Misconfigured, WhosawError
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.settings.store import StoreSettings
from whosaw.shared import connect, in_office
from whosaw.store.files import data_folders
from whosaw.store.pg_election import PgElection
from whosaw.wiring import build, house

pytestmark = pytest.mark.postgres
ORIGIN = "log.example.org/whosaw"


@pytest.fixture(scope="module")
def server():
    with postgres.server("max_connections = 60") as pg:
        yield pg


def whosaw(*words) -> tuple[int, str]:
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        code = main([str(word) for word in words])
    return code, out.getvalue() + errors.getvalue()


def look(here, name, person="mira", purpose="subject_request", case="T-100", principal="ana"):
    return here.guard.look(
        Look(f"l-{name}", principal, person, (Asked.parse("ip:network"),), purpose, case, f"k-{name}")
    )


def test_two_gates_look_at_one_person(server, tmp_path):
    """Either shows what the other has sealed, refuses what it would refuse, and the log is whole, with the keys too."""
    began = time.monotonic()

    def clock():
        return SUMMER + timedelta(seconds=time.monotonic() - began)

    data = tmp_path / "data"
    build(data, ORIGIN, store=StoreSettings(database=server.database()), clock=lambda: SUMMER - HOUR)
    settings = data / "whosaw.toml"
    settings.write_text(settings.read_text() + "\n[journal]\npublish_every_ms = 20\n")
    write(tmp_path / "tables", COMPANY, regions=None)
    with house(data, clock=clock) as one, house(data, clock=clock) as two:
        load(
            tmp_path / "tables", engine=one.engine, journal=one.journal, names=one.pseudonyms,
            remember=one.names.remember, clock=clock,
        )  # fmt: skip
        one.vault.put("mira", Field.IP, "203.0.113.77", SUMMER - 5 * HOUR, "mira signs in")
        fill(one.vault._crowd, "203.0.113.77", SUMMER - 5 * HOUR)
        shown = [look(here, n) for n, here in enumerate((two, one, two))]
        assert [type(answer) for answer in shown] == [Shown] * 3
        assert len({str(answer.values) for answer in shown}) == 1
        assert type(look(two, "no", case="T-999")) is Refused
        again = look(one, 0)
        assert again.receipt == shown[0].receipt
        code, said = whosaw("journal", "status", "--data", data, "--format", "json")
        found = json.loads(said)
        assert (code, found["epoch"], found["pending"]) == (0, 1, 0)
        assert found["alive_s"] < 5
        with closing(connect(parse_settings(settings.read_bytes()).store.database)) as database:
            with pytest.raises(WhosawError, match="elected"):
                in_office(database, data_folders(data)[1]).hold("lock")
    code, said = whosaw("journal", "fsck", "--data", data)
    assert code == 0, said


def test_a_log_is_made_once_in_a_database(server, tmp_path):
    """A second folder for the same database is refused, and the first log stays as it was."""
    database = server.database()
    code, said = whosaw("init", tmp_path / "one", "--origin", ORIGIN, "--database", database)
    assert code == 0, said
    with pytest.raises(Contradiction):
        build(tmp_path / "two", ORIGIN, store=StoreSettings(database=database))
    code, said = whosaw("journal", "fsck", "--data", tmp_path / "one")
    assert code == 0, said


def test_whoever_mends_a_log_keeps_the_office_as_long_as_it_takes(server, tmp_path):
    """A gate that comes meanwhile finds a pulse, and does not take the office for abandoned."""
    name = server.database()
    build(tmp_path / "one", ORIGIN, store=StoreSettings(database=name))
    with closing(connect(name)) as database:
        held = in_office(database, data_folders(tmp_path / "one")[1]).hold("lock")
        gate, until = PgElection(database, stale=2.5), time.monotonic() + 4
        while time.monotonic() < until:
            assert gate.stand() is None
            time.sleep(0.5)
        held.release()
        office = gate.stand()
        assert office is not None
        office.resign()


def test_an_empty_database_is_no_fresh_log(server, tmp_path):
    """Settings that lead to another database, or to none, are an error, and nothing is made there."""
    database, other = server.database(), server.database()
    build(tmp_path / "data", ORIGIN, store=StoreSettings(database=database))
    settings = tmp_path / "data/whosaw.toml"
    settings.write_text(settings.read_text().replace(database, other))
    with pytest.raises(Misconfigured, match="keys of every person"), house(tmp_path / "data"):
        pass
    with closing(connect(other)) as empty:
        assert empty.rows("SELECT count(*) FROM pg_tables WHERE schemaname IN ('journal', 'public')") == [(0,)]
    settings.write_text(settings.read_text().replace(other, other.replace("test_", "none_")))
    code, said = whosaw("journal", "status", "--data", tmp_path / "data")
    assert code == 7
    assert str(server.folder) not in said


@pytest.mark.parametrize("database", [
    "postgresql://whosaw:hunter-two@db.example.org/whosaw", "postgresql://db.example.org/whosaw?password=hunter-two",
    "mysql://db.example.org/whosaw", "postgresql://db.example.org", "db.example.org", "postgresql://[db/whosaw",
])  # fmt: skip
def test_an_address_with_a_password_is_refused_and_not_repeated(database):
    """A password in the settings is one in every backup of them."""
    with pytest.raises(Misconfigured) as caught:
        parse_settings(f'format = 1\norigin = "{ORIGIN}"\n[store]\ndatabase = "{database}"\n'.encode())
    assert caught.value.setting == "store.database"
    assert "hunter" not in f"{caught.value} {caught.value.hint}"

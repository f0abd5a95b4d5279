# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault import`: checked, recorded, resumed; and after any number of kills the vault holds each row once."""

import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests import postgres
from tests.cli.desk import digest, typed

from whosaw.errors import Unavailable
from whosaw.model.record import parse
from whosaw.wiring import build, house

ORIGIN = "log.example.org/whosaw"
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
PEOPLE = ("mirabel", "katharina", "zofia")
KILLED = """
import sys
from whosaw.cli.commands import run
from whosaw.vault import gathered
gathered.ROWS = 20
sys.exit(run(sys.argv[1:]))
"""


def line(number):
    """Row `number`: a person in turn, an address and a moment of its own."""
    seen = BEGAN + timedelta(seconds=number)
    return PEOPLE[number % 3], "ip", f"10.0.{number >> 8}.{number & 255}", f"{seen:%Y-%m-%dT%H:%M:%SZ}"


def csv_of(count):
    return "person,field,value,seen\n" + "".join(",".join(line(n)) + "\n" for n in range(count))


def held(here):
    """Every value in the vault, opened: (person's pseudonym, field, seen, value)."""
    with closing(sqlite3.connect(here.folder / "private" / "state.db")) as db:
        rows = db.execute("SELECT handle, field, seen, sealed FROM sealed").fetchall()
    keys = here.keyring.held([row[0] for row in rows])
    return sorted((keys[h][1], f, seen, keys[h][0].open(f, seen, sealed).decode()) for h, f, seen, sealed in rows)


def expected(here, count):
    return sorted(
        (here.pseudonyms.person(p), f, int(datetime.fromisoformat(at).timestamp()) * 1_000_000, v)
        for p, f, v, at in map(line, range(count))
    )


def imports(here):
    """The records of imports, in their order."""
    return [parse(frame.body) for frame in here.journal.reader().frames() if b'"kind":"import"' in frame.body]


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new") / "data"
    build(folder, ORIGIN)
    return folder


@pytest.fixture
def data(new, tmp_path):
    return shutil.copytree(new, tmp_path / "data")


def test_rows_are_sealed_once_and_on_record(data, tmp_path):
    """As CSV, packed, as Parquet: the second and third file of the same rows change nothing; each is on record, by whom."""
    texts = csv_of(60)
    names = ("person", "field", "value", "seen")
    (tmp_path / "a.csv").write_text(texts)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(texts.encode()))
    pq.write_table(
        pa.table(dict(zip(names, zip(*map(line, range(60)), strict=True), strict=True))), tmp_path / "a.parquet"
    )
    for name, new in (("a.csv", 60), ("a.csv.gz", 0), ("a.parquet", 0)):
        said = typed("vault", "import", tmp_path / name, "--by", "ana", "--data", data, "--format", "json")
        assert (said.code, said.json["new"], said.json["known"]) == (0, new, 60 - new)
    again = typed("vault", "import", tmp_path / "a.csv", "--by", "ana", "--data", data, "--format", "json")
    assert (again.code, again.json["outcome"]) == (0, "before")
    assert typed("vault", "import", tmp_path / "a.csv", "--by", "ana", "--data", data, "--again").code == 0
    with house(data) as here:
        assert held(here) == expected(here, 60)
        records = imports(here)
        assert [body["what"] for body in records] == ["began", "done"] * 4
        assert {body["principal"] for body in records} == {here.pseudonyms.principal("ana")}
        assert {body["form"] for body in records} == {"csv", "parquet"}
        assert not any(secret in json.dumps(records) for secret in (*PEOPLE, "10.0.0", "a.csv"))


def test_bad_rows_stop_it_or_are_written_down(data, tmp_path):
    """Bad rows among good ones: nothing is taken in, the first 20 are told; lenient, the others are, and all bad ones are listed."""
    path, out = tmp_path / "a.csv", tmp_path / "left.csv"
    path.write_text(csv_of(30) + "quirrel,ip,nowhere,2026-11-01T00:00:00Z\n" * 25)
    before = digest(data)
    for words in (("--by", "ana"), ("--check",)):
        said = typed("vault", "import", path, *words, "--data", data)
        assert said.code == 2 and "25 bad rows of 55" in said.out and "And 5 more." in said.out
        assert "quirrel" not in said.out + said.err and "nowhere" not in said.out + said.err
    with house(data) as here:
        assert held(here) == [] and imports(here) == []
    said = typed("vault", "import", path, "--by", "ana", "--lenient", out, "--data", data)
    assert said.code == 1
    assert out.read_text().splitlines() == ["row,reason", *(f"{n},value: ip: not an IP address" for n in range(32, 57))]
    assert out.stat().st_mode & 0o777 == 0o600
    with house(data) as here:
        assert held(here) == expected(here, 30)
        assert [body["rejected"] for body in imports(here)] == [25, 25]
    assert before != digest(data)


def test_a_check_changes_nothing(data, tmp_path):
    """`--check` needs nobody's name and no data folder, and leaves the one there is as it was."""
    (tmp_path / "a.csv").write_text(csv_of(9))
    before = digest(data)
    said = typed("vault", "import", tmp_path / "a.csv", "--check", "--data", data)
    assert (said.code, "9 rows" in said.out) == (0, True)
    assert digest(data) == before
    for words in ((), ("--by", "ana"), (tmp_path / "a.csv",), (tmp_path / "a.csv", "--table", "t", "--check")):
        assert typed("vault", "import", *words, "--data", data).code == 2
    assert typed("vault", "import", tmp_path / "none.csv", "--check").code == 2


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_cut_short_at_any_heap_it_goes_on_and_ends_with_the_same(data, tmp_path, fate, monkeypatch):
    """Each heap in turn fails, before or after it is stored: the next run begins behind the last one that is durable."""
    from whosaw.vault import gathered

    monkeypatch.setattr(gathered, "ROWS", 10)
    (tmp_path / "a.csv").write_text(csv_of(45))
    true, left = gathered.Gathered.settle, [0, 1, 0]

    def failing(self):
        if left and left[0] == 0:
            left.pop(0)
            if fate == "late":
                true(self)
            raise Unavailable("the disk is gone", part="sealed values")
        if left:
            left[0] -= 1
        return true(self)

    monkeypatch.setattr(gathered.Gathered, "settle", failing)
    for _ in range(3):
        assert typed("vault", "import", tmp_path / "a.csv", "--by", "ana", "--data", data).code == 7
    said = typed("vault", "import", tmp_path / "a.csv", "--by", "ana", "--data", data, "--format", "json")
    assert said.code == 0 and said.json["known"] == (10 if fate == "late" else 0)  # of the heap that was not marked
    with house(data) as here:
        assert held(here) == expected(here, 45)
        assert [body["what"] for body in imports(here)] == ["began"] * 4 + ["done"]
        behind = [body["behind"] for body in imports(here)][:-1]
        assert behind == sorted(behind) and behind[-1] > 0


@pytest.mark.slow
def test_killed_in_the_middle_and_started_again_the_vault_is_the_same(data, tmp_path):
    """kill -9 of a real process, once some batches are durable: the next run takes the rest, and nothing twice."""
    count = 1_500
    (tmp_path / "a.csv").write_text(csv_of(count))
    words = ["vault", "import", str(tmp_path / "a.csv"), "--by", "ana", "--data", str(data), "--format", "json"]
    running = subprocess.Popen([sys.executable, "-c", KILLED, *words], stdout=subprocess.PIPE, env={**os.environ})
    try:
        until = time.monotonic() + 60
        while stored(data) < 60:
            assert running.poll() is None and time.monotonic() < until
            time.sleep(0.005)
    finally:
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=30)
    before = stored(data)
    assert 60 <= before < count
    said = typed(*words)
    assert (said.code, said.json["new"], said.json["known"] in (0, 20)) == (0, count - before, True)
    with house(data) as here:
        assert held(here) == expected(here, count)


def stored(data):
    with closing(sqlite3.connect(f"file:{data / 'private' / 'state.db'}?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM sealed").fetchone()[0]


def test_a_file_that_changes_under_our_hands_is_not_done(data, tmp_path, monkeypatch):
    """Its second reading is another one: exit code 2, no `done`, and the next import of the true file takes all of its rows."""
    from whosaw.collect.imports import take

    path, check = tmp_path / "a.csv", take.check
    path.write_text(csv_of(30))

    def then_changed(*given, **more):
        found = check(*given, **more)
        path.write_text(csv_of(29).replace("10.0.0", "10.9.9"))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(take, "check", then_changed)
        assert typed("vault", "import", path, "--by", "ana", "--data", data).code == 2
    path.write_text(csv_of(30))
    said = typed("vault", "import", path, "--by", "ana", "--data", data, "--format", "json")
    assert (said.code, said.json["new"]) == (0, 30)


def test_a_table_of_postgresql_is_read_and_not_touched(data, tmp_path):
    """A table and a view, a reader who may only read, addresses of its own type: taken in as a file of the same rows would be."""
    with postgres.server() as pg:
        with pg.connect() as db:
            db.execute("create table seen_at (person text, field text, value inet, seen timestamptz)")
            db.cursor().executemany("insert into seen_at values (%s, %s, %s, %s)", [line(n) for n in range(500)])
            db.execute("create view wrong as select person, field, value, seen, 1 as shoes from seen_at")
            db.execute("create role reader login; grant select on seen_at, wrong to reader")
        where = f"host={pg.folder} user=reader dbname=postgres"
        words = ("vault", "import", "--by", "ana", "--data", data, "--database", where, "--format", "json")
        said = typed(*words, "--table", "public.seen_at")
        assert (said.code, said.json["new"]) == (0, 500)
        assert typed(*words, "--table", "seen_at").json["outcome"] == "before"
        assert typed(*words, "--table", "wrong").code == 2
        assert typed(*words, "--table", 'seen_at"; drop table seen_at; --').code == 2
        with pg.connect() as db:
            db.execute("create table closed (person text)")
        for table, why, hint in (
            ("nowhere", "there is no such table or view", "SCHEMA.TABLE"),
            ("nowhere.seen_at", "there is no such table or view", "SCHEMA.TABLE"),
            ("closed", "this role may not read it", "GRANT SELECT"),
        ):
            gone = typed(*words, "--table", table)
            assert (gone.code, why in gone.err, hint in gone.err) == (2, True, True), gone.err
            assert str(pg.folder) not in gone.err and "asking again" not in gone.err
        gone = typed("vault", "import", "--check", "--database", "no words at all", "--table", "seen_at")
        assert (gone.code, "no words that libpq connects with" in gone.err) == (2, True), gone.err
        with pg.connect() as db:
            db.execute("update seen_at set value = '10.7.7.7' where value = '10.0.0.1'")
        assert typed(*words, "--table", "seen_at").json["new"] == 1
    assert typed(*words, "--table", "seen_at").code == 7
    with house(data) as here:
        assert len(held(here)) == 501 and set(expected(here, 500)) < set(held(here))

# SPDX-License-Identifier: Apache-2.0
"""Looks that nobody asked for, at a real database: made with SQL, logged by pgAudit, found, named, and in the statement.

psql, behind the guard's back ──▶ PostgreSQL + pgAudit ──log──▶ whosaw collect ──▶ watch ──▶ inquiry ──▶ statement
"""

import pytest
from tests import postgres
from tests.cli.desk import HELPERS, SNOOPS, company, typed
from tests.collect import house as database_house
from tests.collect.conftest import settings
from tests.directory.town import write

pytestmark = pytest.mark.postgres

# The database knows people by number. Helpers work on the first sixty; four of audit look at twenty others.
HELPED, SNOOPED = range(1, 61), range(81, 101)


def people():
    """The company, with persons as the database numbers them, and a case for each whom the helpers helped."""
    made = company()
    day = made["cases"][-1]["opened"]
    made["persons"] = [{"person": str(n), "region": "IE"} for n in (*HELPED, *SNOOPED)]
    made["cases"] = [
        {"case_id": f"P-{n}", "type": "support_request", "opened": day, "assignee": helper(n), "requester": str(n),
         "opened_by": "portal"} for n in HELPED
    ]  # fmt: skip
    made["case_persons"] = [{"case_id": f"P-{n}", "person": str(n), "added": day, "added_by": "portal"} for n in HELPED]
    return made


def helper(number):
    return HELPERS[number % len(HELPERS)]


@pytest.fixture(scope="module")
def log():
    """What a real server logged of one morning, in both formats."""
    with postgres.server() as pg:
        with pg.connect() as db:
            db.execute(database_house.TABLES)
            for name, value in settings():
                db.execute(f"alter system set {name} = {value}")
            db.execute(database_house.block("sql"))
            for who in (*SNOOPS, *HELPERS):
                db.execute(f"create role {who} login in role desk")
            db.execute("select pg_reload_conf()")
        with pg.recording() as written:
            for who in HELPERS:
                with pg.connect(who) as db:
                    for number in filter(lambda n: helper(n) == who, HELPED):
                        db.execute("select ip, device from signins where user_id = %s", (number,))
            for who in SNOOPS:
                with pg.connect(who) as db:
                    for number in SNOOPED:
                        db.execute(f"select email, ip from users where id = {number}")
    return written


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with that company in force, and the documentation's map."""
    home = tmp_path_factory.mktemp("database")
    assert typed("init", home / "data", "--origin", "log.example.org/whosaw").code == 0
    write(home / "tables", people(), regions=None)
    assert typed("directory", "load", home / "tables", "--data", home / "data").code == 0
    (home / "data/maps").mkdir()
    (home / "data/maps/pgaudit.toml").write_bytes(database_house.MAP)
    return home / "data"


@pytest.fixture(scope="module", autouse=True)
def taken(log, data):
    """What was said when the log was taken in, in both formats. Each part of the story begins with it, whoever runs it."""
    said = {}
    for form in ("jsonlog", "csvlog"):
        path = data.parent / form
        path.write_bytes(log[form])
        said[form] = typed("collect", "pgaudit", path, "--data", data, "--format", "json")
    return said


def test_1_the_log_is_taken_in(taken):
    """Every query is a look at one person; the other format of the same log tells nothing new."""
    for form, new in (("jsonlog", len(HELPED) + len(SNOOPS) * len(SNOOPED)), ("csvlog", 0)):
        said = taken[form]
        assert (said.code, said.json["new"]) == (0, new), said
        assert said.json["looks"] == len(HELPED) + len(SNOOPS) * len(SNOOPED)


@pytest.fixture(scope="module")
def watched(taken, data):
    return typed("watch", "--as", "ines", "--data", data, "--format", "json")


def test_2_the_watch_finds_the_four(watched):
    """One finding, about four of audit and twenty persons; those with a case for their looks are in none."""
    assert watched.code == 1
    (finding,) = watched.json["rows"]
    assert (finding["principals"], finding["persons"]) == (len(SNOOPS), len(SNOOPED))
    assert "Four people of audit" in finding["sentence"]


def test_3_two_open_the_names(watched, data):
    """The accounts of the database are the staff of the directory: the names are those who typed the queries."""
    words = ("inquiry", "unseal", "f-000001", "--by", "ines", "--with", "omar", "--persons")
    said = typed(*words, "--data", data, "--format", "json")
    assert said.code == 0
    assert {row["id"] for row in said.json["rows"] if row["what"] == "principal"} == set(SNOOPS)
    assert {row["id"] for row in said.json["rows"] if row["what"] == "person"} == set(map(str, SNOOPED))


def test_4_who_looked_at_one_of_them(data):
    """Four looks, never asked for, at profile and exact address, without a reason; of another: one, and there is a case."""
    said = typed("inquiry", "person", str(SNOOPED[0]), "--as", "ines", "--data", data, "--format", "json")
    looks = [row for row in said.json["rows"] if row["became"] == "never asked"]
    assert len(looks) == len({row["who"] for row in looks}) == len(SNOOPS)
    assert {tuple(sorted(row["asked"])) for row in looks} == {("ip:exact", "profile:exact")}
    assert {row["explained"] for row in looks} == {False}
    said = typed("inquiry", "person", str(HELPED[0]), "--as", "ines", "--data", data, "--format", "json")
    (look,) = [row for row in said.json["rows"] if row["became"] == "never asked"]
    assert look["explained"] is True


def test_5_the_person_reads_and_verifies_it(data):
    """The statement holds the four looks, from PostgreSQL's log, and verifies outside against the published folder."""
    out, person = data.parent / "mine.json", str(SNOOPED[0])
    assert typed("statement", person, "--as", "ines", "--out", out, "--data", data).code == 0
    words = ("statement", out, "--trust", data / "trust", "--folder", data / "public", "--person", person)
    said = typed("verify", *words)
    assert said.code == 0
    assert "complete for this account" in said.out.splitlines()[-1]
    assert said.out.count("was seen in the log of pgaudit") == len(SNOOPS)
    assert typed("verify", "--trust", data / "trust", data / "public").code == 0
    assert typed("journal", "fsck", "--data", data).code == 0


def test_6_nobody_s_number_or_address_is_published(data):
    """The address that the queries showed stands nowhere in the data folder: who looked is recorded, never what was seen."""
    raw = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert [n for n in SNOOPED if f"192.0.2.{n}".encode() in raw] == []
    assert [who for who in SNOOPS if who.encode() in raw] == []

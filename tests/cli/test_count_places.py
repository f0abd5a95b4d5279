# SPDX-License-Identifier: Apache-2.0
"""docs/counts.md from end to end: connections taken in, a real database of places, and how many accounts there were per country, region,
city and network last week; the same answer again, whatever became of the database, until there is nothing left to ask.
"""

import shutil

import pytest
from tests.cli.desk import DAY, NOW, Desk, access_line
from tests.places.test_database import VECTORS, needs_vectors

from whosaw.privacy.ipcrypt.epochs import epoch_of

AT = NOW - 7 * DAY
WEEK = epoch_of(AT, "week")
WHY = ("--purpose", "fraud_review", "--case", "F-9", "--as", "finn")
# Who connected last week, by what the database says of their network; nobody knows where the last are.
TRUE = {"SE": 40, "GB": 55, "GB/ENG": 25, "2.2.3.0/24": 25, "203.0.113.0/24": 12, "DE": 0, "SE/E": 0}
FAR = 9  # of noise at 3.3: further off comes in one of 10^12


def addresses():
    yield from (f"2a02:d040:{n:x}::7" for n in range(40))
    yield from (f"2.2.3.{n}" for n in range(25))
    yield from (f"2a02:d3c0:{n:x}::7" for n in range(30))
    yield from (f"203.0.113.{n}" for n in range(12))


@pytest.fixture(scope="module")
def desk(settled, tmp_path_factory):
    """The company, with a case of finn's, a hundred accounts that connected, and 20 that said where they live."""
    home = tmp_path_factory.mktemp("places")
    shutil.copytree(settled.home, home / "own")
    made = Desk(home / "own")
    shutil.copy(VECTORS / "test-data/GeoIP2-City-Test.mmdb", made.data / "places.mmdb")
    with (made.data / "whosaw.toml").open("a") as file:
        file.write('\n[places]\ndatabase = "places.mmdb"\nmax_age_days = 3650\n')
        file.write('\n[counts]\nepsilon_per_question = "3.3"\nepsilon_a_period = "10"\n')
    staff = made.tables / "staff.csv"
    staff.write_text(staff.read_text().replace("finn,help-ie,support", "finn,help-ie,fraud"))
    with (made.tables / "cases.csv").open("a") as file:
        columns = (made.tables / "cases.csv").read_text().splitlines()[0].split(",")
        row = {
            "case_id": "F-9",
            "type": "fraud_report",
            "opened": f"{NOW - DAY:%Y-%m-%dT%H:%M:%SZ}",
            "assignee": "finn",
            "opened_by": "portal",
        }
        file.write(",".join(row.get(each, "") for each in columns) + "\n")
    assert made.typed("directory", "load", made.tables).code == 0
    log = "".join(
        access_line(n, upstream_http_x_account=f"account-{n:03d}", remote_addr=address, uri="/feed", at=AT)
        for n, address in enumerate(addresses())
    )
    assert made.typed("collect", "connections", made.file("week.log", log)).code == 0
    live = "".join(
        f'account-{n:03d},location,"{{""city"":""Aby"",""country"":""SE"",""region"":""SE-E""}}",{AT:%Y-%m-%dT%H:%M:%SZ}\n'
        for n in range(20)
    )
    said = made.typed("vault", "import", made.file("homes.csv", f"person,field,value,seen\n{live}"), "--by", "ana")
    assert said.code == 0, said
    return made


def count(desk, field, *headings, period=(), code=0):
    under = [word for heading in headings for word in ("--under", heading)]
    said = desk.typed("count", field, *under, *WHY, *period, "--format", "json")
    assert said.code == code, said
    return said.json


def numbers(answer):
    return {row["heading"]: row["accounts"] for row in answer["rows"]}


@needs_vectors
def test_accounts_of_last_week_by_country_region_and_network(desk):
    """Near the truth, with the database and its day beside them; repeated to the last digit; and then the budget is spent."""
    first = count(desk, "ip:country", "SE", "GB", "DE")
    answers = [
        first,
        count(desk, "ip:region", "GB/ENG", "SE/E"),
        count(desk, "ip:network", "2.2.3.0/24", "203.0.113.0/24"),
    ]
    for answer in answers:
        assert all(abs(number - TRUE[heading]) <= FAR for heading, number in numbers(answer).items()), answer
    assert [answer["left"] for answer in answers] == ["6.7", "3.4", "0.1"]
    assert first["period"] == WEEK
    said = " ".join(first["notes"])
    assert "Says GeoIP2-City, built 2026-02-04." in said
    assert "Nobody knows how far this is off." in said
    assert "An IP address names a network, not a person or a place" in said
    assert "GeoIP2" not in " ".join(answers[2]["notes"])
    refused = count(desk, "ip:country", "NO", code=4)
    assert [row["code"] for row in refused["rows"]] == ["counts-budget-spent"]
    # Another database has come in: what was told about last week stays told, and who told it is not known any more.
    (desk.data / "places.mmdb").write_bytes((VECTORS / "test-data/GeoIP2-Country-Test.mmdb").read_bytes())
    again = count(desk, "ip:country", "DE", "GB", "SE", period=("--period", WEEK))
    assert (numbers(again), again["again"], again["charged"], again["left"]) == (numbers(first), True, "0", "0.1")
    assert "a database of that day guessed" in " ".join(again["notes"])


@needs_vectors
def test_cities_are_of_where_people_said_to_live(desk):
    """Another data set with a budget of its own; no address is asked where its city is."""
    answer = count(desk, "location:city", "SE/SE-E/Aby", "SE/SE-E/Motala")
    truth = {"SE/SE-E/Aby": 20, "SE/SE-E/Motala": 0}
    assert all(abs(number - truth[heading]) <= FAR for heading, number in numbers(answer).items())
    assert answer["left"] == "6.7"
    assert "A place is where a device or somebody said that it was" in " ".join(answer["notes"])
    assert desk.typed("count", "ip:city", "--under", "SE", *WHY).code == 2

# SPDX-License-Identifier: Apache-2.0
"""The tables: what the directory is told at an instant, and nothing from after it."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from tests.simulate.summer.played import START

from whosaw.directory.columns import MAY_LACK, TABLES
from whosaw.simulate.summer.company import company
from whosaw.simulate.summer.days import LENGTH, instant
from whosaw.simulate.summer.tables import tables, write


def rows(text):
    return list(csv.DictReader(StringIO(text)))


@pytest.fixture(scope="module")
def town():
    return company(7, START)


def test_only_columns_that_are_read(town):
    """Five tables, each with the required columns and none that the directory would put aside."""
    made = tables(town, instant(START, 30))
    assert made.keys() == TABLES.keys() - set(MAY_LACK)
    for name, text in made.items():
        header = set(text.splitlines()[0].split(","))
        assert {column for column, kind in TABLES[name].items() if kind.required} <= header <= TABLES[name].keys()
        assert text.endswith("\n")


def test_the_same_instant_gives_the_same_bytes(town):
    """The tables depend on company and instant alone."""
    assert tables(town, instant(START, 30)) == tables(company(7, START), instant(START, 30))


@pytest.mark.parametrize("day", [0, 1, 20, 45, LENGTH])
def test_nothing_that_comes_later_is_known(town, day):
    """A case opened after the instant is not there, nor are its persons; one closed after it is open."""
    at = instant(START, day)
    made = tables(town, at)
    by_id = {case.case_id: case for case in town.cases}
    told = {row["case_id"]: row for row in rows(made["cases"])}
    assert told.keys() == {id_ for id_, case in by_id.items() if case.opened <= at}
    assert {row["case_id"] for row in rows(made["case_persons"])} == told.keys()
    for id_, row in told.items():
        assert (row["closed"] != "") == (row["status"] == "closed") == (by_id[id_].closed <= at)


def test_at_the_very_instant(town):
    """Opened at the instant is opened, closed at it is closed; a microsecond before, neither."""
    case, tick = town.cases[10], timedelta(microseconds=1)

    def told(at):
        return {row["case_id"]: row["status"] for row in rows(tables(town, at)["cases"])}.get(case.case_id)

    assert told(case.opened - tick) is None
    assert told(case.opened) == told(case.closed - tick) == "open"
    assert told(case.closed) == "closed"


def test_write_makes_one_file_per_table(town, tmp_path):
    """The folder holds exactly the texts; writing again replaces them."""
    folder = tmp_path / "made" / "here"
    for day in (3, 9):
        made = tables(town, instant(START, day))
        write(folder, made)
        assert {path.name: path.read_bytes().decode() for path in folder.iterdir()} == {
            f"{name}.csv": text for name, text in made.items()
        }

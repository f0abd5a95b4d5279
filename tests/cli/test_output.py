# SPDX-License-Identifier: Apache-2.0
"""The four forms of an answer, for any answer there could be."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import whosaw.cli
from whosaw.cli.output import FORMATS, Table, render

COLUMNS = ("what", "is", "why")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CELL = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT | st.lists(TEXT, max_size=3)
TABLES = st.builds(
    Table,
    sentence=TEXT,
    columns=st.just(COLUMNS),
    rows=st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELL)), max_size=4).map(tuple),
    facts=st.dictionaries(st.sampled_from(["size", "leaf"]), CELL),
    after=st.lists(TEXT, max_size=2).map(tuple),
)


@settings(deadline=None)
@given(TABLES)
def test_machines_read_back_what_was_said(table):
    """JSON and JSON Lines hold every value as it is; CSV every cell as text, whatever signs it has."""
    whole = json.loads(render(table, "json"))
    assert whole == {
        "sentence": table.sentence, **table.facts, "rows": [dict(row) for row in table.rows], "notes": list(table.after)
    }  # fmt: skip
    lines = render(table, "jsonl")
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == whole["rows"]
    header, *rows = csv.reader(StringIO(render(table, "csv"), newline=""))
    assert tuple(header) == COLUMNS
    assert len(rows) == len(table.rows)


@settings(deadline=None)
@given(TABLES)
def test_a_spreadsheet_runs_nothing(table):
    """No text begins as a formula does; a number that is one keeps its sign."""
    _, *rows = csv.reader(StringIO(render(table, "csv"), newline=""))
    for row, cells in zip(table.rows, rows, strict=True):
        for name, cell in zip(COLUMNS, cells, strict=True):
            if not isinstance(row[name], int):
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            else:
                assert cell == str(row[name])


@settings(deadline=None)
@given(TABLES)
def test_a_terminal_is_not_steered(table):
    """On paper for people stands no control sign and no override of direction, and each row is one line."""
    text = render(table, "table")
    assert not [sign for sign in text if sign != "\n" and (sign < " " or "\x7f" <= sign < "\xa0")]
    assert not {"\u202e", "\u2066", "\u200f", "\u2028"} & set(text)
    if table.rows:
        assert sum(line.startswith("  ") for line in text.split("\n")) >= len(table.rows)


def test_each_form_ends_in_a_newline():
    """Also where there is nothing to list."""
    for form in FORMATS:
        made = render(Table("Nothing.", COLUMNS), form)
        assert made == "" if form == "jsonl" else made.endswith("\n")


# A count before a word for many. What the words are is open: those that commands count.
_COUNTED = re.compile(
    r"\{(?!counted\()[^{}]*:,\} "
    r"(looks|findings|persons|principals|records|incidents|units|rows|cases|leaves|people|signals|rules|questions)\b"
)
_ONE_APART = {"evaluate.py: {made.incidents:,} incidents"}  # one has a sentence of its own


def test_one_is_not_spelled_as_many():
    """No command puts a count before a plural by hand: `counted` knows that one look is no looks."""
    home = Path(whosaw.cli.__file__).parent
    by_hand = {
        f"{path.relative_to(home)}: {found[0]}"
        for path in home.rglob("*.py")
        for found in _COUNTED.finditer(path.read_text())
    }
    assert by_hand == _ONE_APART

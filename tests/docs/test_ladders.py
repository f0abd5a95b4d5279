# SPDX-License-Identifier: Apache-2.0
"""docs/vault.md says what each rung shows, from the data."""

from pathlib import Path

from whosaw.model.access import LADDER
from whosaw.privacy.fields.registry import KINDS

PAGE = Path(__file__).parents[2] / "docs/vault.md"


def rows() -> str:
    """The table's rows, in the order of the table of words."""
    return "".join(
        f"| `{field}` | `{rung.word}` | {rung.shows} | {rung.seen} |\n"
        for field in LADDER
        for rung in KINDS[field].rungs
    )


def test_the_table_of_ladders_is_the_data():
    """To write it anew: put what `rows()` gives below the table's head."""
    head = "| field | detail | what it shows | its time |\n|---|---|---|---|\n"
    assert head + rows() + "\n" in PAGE.read_text()


def parts() -> str:
    """An example of each field."""
    return "".join(f"| `{field}` | `{KINDS[field].example}` |\n" for field in LADDER)


def test_the_examples_are_those_of_the_kinds():
    """To write it anew: put what `parts()` gives below the table's head."""
    assert "| field | a value |\n|---|---|\n" + parts() + "\n" in PAGE.read_text()

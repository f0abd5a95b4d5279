# SPDX-License-Identifier: Apache-2.0
"""Rows that leave the engine: sorted as Python sorts them, nulls first, and with Python's own values."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.errors import BadInput
from whosaw.facts import opened
from whosaw.facts.engine import engine_of
from whosaw.facts.opened import Facts

_TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3))
_ROWS = st.lists(st.tuples(st.one_of(st.none(), st.integers(-5, 5)), _TEXT, st.integers(0, 3)), max_size=20)


@settings(deadline=None, max_examples=40)
@given(_ROWS, st.permutations(("a", "b", "c")), st.integers(0, 3))
def test_rows_are_sorted_as_python_sorts_them(rows, names, many):
    """By any of the columns, with nulls and texts of any script, and the rest of the columns untouched."""
    table = pa.table(
        {"a": pa.array([r[0] for r in rows], pa.int64()), "b": pa.array([r[1] for r in rows], pa.string()),
         "c": pa.array([r[2] for r in rows], pa.int64())}
    )  # fmt: skip
    order = names[:many]
    with engine_of() as on:
        on.backend.con.register("typed", table)
        found = Facts(on, {}).rows(on.table("typed"), order, "test")
    expected = [dict(zip("abc", row, strict=True)) for row in rows]
    key = lambda row: [(row[n] is not None, row[n] or (0 if n != "b" else "")) for n in order]  # noqa: E731
    assert [[row[n] for n in order] for row in found] == [[row[n] for n in order] for row in sorted(expected, key=key)]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_too_many_rows_are_refused(monkeypatch):
    """Past the limit nothing is taken, and the query is named."""
    monkeypatch.setattr(opened, "MOST_ROWS", 3)
    with engine_of() as on, pytest.raises(BadInput, match="query x"):
        on.backend.con.register("typed", pa.table({"a": [1, 2, 3, 4]}))
        Facts(on, {}).rows(on.table("typed"), ("a",), "query x")


_KEYED = st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=2), st.integers(0, 3)), max_size=20)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(_KEYED, st.integers(1, 6))
def test_slices_are_the_rows_and_no_key_is_cut(rows, most):
    """Together what `rows` says, in its order; and no slice larger than it may be, unless it is of one key."""
    table = pa.table(
        {"key": pa.array([r[0] for r in rows], pa.string()), "n": pa.array([r[1] for r in rows], pa.int64())}
    )
    taken = []

    class Noting(Facts):
        def rows(self, expr, order, what):
            taken.append(super().rows(expr, order, what))
            return taken[-1]

    with engine_of() as on, pytest.MonkeyPatch.context() as patch:
        patch.setattr(opened, "SLICE", most)
        on.backend.con.register("keyed", table)
        found = list(Noting(on, {}).slices(on.table("keyed"), "test"))
        assert found == Facts(on, {}).rows(on.table("keyed"), ("key", "n"), "test")
    keys = [{row["key"] for row in part} for part in taken[1:]]
    assert all(len(part) <= most or len(of) == 1 for part, of in zip(taken[1:], keys, strict=True))
    assert sum(map(len, keys)) == len(set().union(*keys))

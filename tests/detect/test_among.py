# SPDX-License-Identifier: Apache-2.0
"""Many ids as one text give the rows that they give one by one."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.detect import among as module
from whosaw.facts.engine import engine_of

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), _TEXT), max_size=12), st.sets(_TEXT, max_size=8), st.integers(0, 8))
def test_many_are_as_few(cells, ids, few):
    """Whatever the texts hold, quotes and what stands between them too, and for nulls."""
    with engine_of() as on, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", few)
        rows = {"id": pa.array(cells, pa.string()), "n": pa.array(range(len(cells)), pa.int64())}
        on.backend.con.register("typed", pa.table(rows))
        found = on.arrow(module.among(on.table("typed"), "id", ids))
    assert sorted(found["n"].to_pylist()) == [n for n, cell in enumerate(cells) if cell in ids]


def test_the_text_is_one_however_many_they_are(monkeypatch):
    """And rows stay single where an id is named twice."""
    monkeypatch.setattr(module, "_FEW", 2)
    with engine_of() as on:
        on.backend.con.register("typed", pa.table({"id": [f"p-{n}" for n in range(9)]}))
        some = module.among(on.table("typed"), "id", [f"p-{n % 5}" for n in range(50)])
        assert sorted(on.arrow(some)["id"].to_pylist()) == [f"p-{n}" for n in range(5)]
        assert on.backend.compile(some).count("p-3") == 1


@pytest.mark.parametrize("few", [0, 9])
def test_the_same_ids_may_be_asked_of_two_columns(monkeypatch, few):
    """Of both at once, and of one twice, in any order."""
    monkeypatch.setattr(module, "_FEW", few)
    with engine_of() as on:
        on.backend.con.register("typed", pa.table({"a": ["x", "x", "z"], "b": ["y", "z", "x"]}))
        for columns in (("a", "b"), ("b", "a"), ("a", "b", "a")):
            table = on.table("typed")
            for column in columns:
                table = module.among(table, column, ["x", "y"])
            assert on.arrow(table).to_pylist() == [{"a": "x", "b": "y"}]

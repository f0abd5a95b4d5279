# SPDX-License-Identifier: Apache-2.0
"""What is compiled once says what compiling it again would say: of every signal and prepared table, and of odd expressions."""

import random
import re

import ibis
import pytest
from tests.facts.dataset.folder import folder_of
from tests.facts.test_engines import company

from whosaw.detect.defaults import load_defaults
from whosaw.detect.registry import SIGNALS
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY
from whosaw.facts.compiled import INSTANT, Compiler
from whosaw.facts.dataset.opened import open_dataset


@pytest.fixture
def backend():
    made = ibis.duckdb.connect()
    yield made
    made.disconnect()


def _sorted(text):
    """Columns that are left out stand in no order, not even in two texts of one expression."""
    return re.sub(r"EXCLUDE \(([^)]*)\)", lambda found: str(sorted(found[1].split(", "))), text)


def test_a_second_watch_compiles_hardly_anything_and_asks_what_it_would_have(tmp_path, monkeypatch):
    """As of two instants, one of which lies on the border of a week; every third signal, drawn which."""
    folder_of(tmp_path, **company(random.Random(7)))
    compiled, seen = [], []
    sql = Compiler.sql

    def both(self, expr, compile_):
        text = sql(self, expr, lambda e: compiled.append(e) or compile_(e))
        seen.append(text)
        if second:
            assert _sorted(text) == _sorted(compile_(expr))
        return text

    monkeypatch.setattr(Compiler, "sql", both)
    draw = random.randrange(3)
    with open_dataset(tmp_path) as facts:
        for second, as_of in enumerate((facts.dataset.end, facts.dataset.end - 9 * DAY - 1)):
            seen.clear()
            compiled.clear()
            world = world_of(facts, as_of, load_defaults(), load_templates().without(facts.dataset.unsaid))
            for detector in SIGNALS[draw::3]:
                if frozenset(facts.tables) >= detector.NEEDS:
                    for table in detector.query(world).values():
                        facts.engine.arrow(table)
    # On the border two instants that were two are one: a few queries have another shape.
    assert len(seen) > 15 and len(compiled) * 4 < len(seen)


def test_what_looks_alike_is_told_apart(backend):
    """A mark is put in for names and instants alone; 1, 1.0 and true, and two instants that are one, are other shapes."""
    backend.raw_sql('create table "odd "" one" (t bigint, n bigint)')
    backend.raw_sql("create table other (t bigint, n bigint)")
    one, other = backend.table('odd " one'), backend.table("other")
    made = Compiler()
    late = INSTANT + 7
    asked = [
        table.filter(table.t > at).mutate(a=ibis.literal(value), b=ibis.literal(text), c=table.n + more)
        for table in (one, other)
        for at, more in ((late, late), (late, late + 1), (late + 5, 5), (5, late))
        for value in (1, 1.0, True)
        for text in (str(late), "t", '"other"')
    ]
    asked += [
        one.join(other, one.t == other.t).drop("t"),
        one.join(one.view(), "t"),
        other.limit(late),
        other.filter(other.t.isin([late, 1])),
    ]
    for expr in (*asked, *asked):
        assert _sorted(made.sql(expr, backend.compile)) == _sorted(backend.compile(expr))


def test_what_was_not_asked_for_in_a_while_is_forgotten(backend, monkeypatch):
    monkeypatch.setattr("whosaw.facts.compiled.MOST", 2)
    backend.raw_sql("create table t (n bigint)")
    table, made, compiled = backend.table("t"), Compiler(), []
    for n in (1, 2, 1, 3, 1, 2):
        made.sql(table.limit(n), lambda e: compiled.append(e) or backend.compile(e))
    assert len(compiled) == 4

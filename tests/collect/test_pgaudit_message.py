# SPDX-License-Identifier: Apache-2.0
"""The message that pgAudit writes, held against its own regression tests' lines."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect import csv_text
from whosaw.collect.csv_text import Cell
from whosaw.collect.observed import No
from whosaw.collect.pgaudit_message import CLASSES, INCOMPLETE, PREFIX, parse

CORPUS = Path(__file__).parents[2].parent / "shared/corpora/pgaudit/pgaudit_regress_audit_lines.txt"
WORDS = st.text(st.sampled_from('a,"\n <>'), max_size=10)


@pytest.fixture(scope="module")
def corpus():
    if not CORPUS.exists():
        pytest.skip("pgAudit's own lines are not here (shared/corpora)")
    return CORPUS.read_text().splitlines()


def test_every_line_of_pgaudits_own_tests_is_read_or_known_incomplete(corpus):
    """As SOURCES.md counts them: 145 records of 9 values, 91 of 10, and 179 first lines of longer ones."""
    found = [parse(line) for line in corpus]
    assert Counter(f.reason if isinstance(f, No) else f.rows is not None for f in found) == {
        False: 145,
        True: 91,
        INCOMPLETE: 179,
    }
    assert {f.class_ for f in found if not isinstance(f, No)} <= set(CLASSES)


def test_what_was_not_logged_is_no_value(corpus):
    """No mark in angle brackets is ever a statement or a parameter."""
    for message in map(parse, corpus):
        if not isinstance(message, No):
            assert message.statement is None or not message.statement.startswith("<")
            assert not any(p.startswith("<") for p in message.parameters or () if p is not None)


def test_a_line_cut_anywhere_is_never_a_shorter_record(corpus):
    """Of a record in quotes, no beginning is a record: its quote is open, or values are missing."""
    for line in (x for x in corpus if x.endswith('",<not logged>')):
        for end in range(len(line) - len(",<not logged>")):
            assert isinstance(parse(line[:end]), No)


@settings(deadline=None)
@given(WORDS.filter(bool), st.lists(st.none() | WORDS, max_size=4), st.none() | st.integers(0, 10**6))
def test_a_record_is_read_as_it_was_written(statement, parameters, rows):
    """Statement and parameters survive their two levels of quotes, as pgAudit writes them; null and the empty text are one."""

    def cell(text):
        return Cell(text, quoted=any(c in text for c in '",\n\r'))

    inside = csv_text.render(Cell("") if p is None else cell(p) for p in parameters) if parameters else "<none>"
    tail = [cell(statement), cell(inside), *([] if rows is None else [Cell(str(rows))])]
    message = parse(f"{PREFIX}OBJECT,2,1,READ,SELECT,TABLE,public.users,{csv_text.render(tail)}")
    assert message.statement == statement
    assert message.rows == rows
    assert message.parameters == tuple("" if p is None else p for p in parameters)


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from('AUDIT: OBJECT,1READSELECT"<>\n'), max_size=60), st.booleans())
def test_no_text_raises(text, prefixed):
    """A record or a reason."""
    found = parse(PREFIX + text if prefixed else text)
    assert isinstance(found, No)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.users,select 1", "an audit record of neither 9 nor 10 values"),
        ("AUDIT: OTHER,1,1,READ,SELECT,,,select 1,<none>", "an audit record without its type or numbers"),
        ("AUDIT: OBJECT,١,1,READ,SELECT,,,select 1,<none>", "an audit record without its type or numbers"),
        ("AUDIT: OBJECT,1,1,LOOK,SELECT,,,select 1,<none>", "an audit record of a class that is not known"),
        ("AUDIT: OBJECT,1,1,READ,select,,,select 1,<none>", "an audit record without its command or rows"),
        ("AUDIT: OBJECT,1,1,READ,SELECT,,,select 1,<none>,-1", "an audit record without its command or rows"),
        (' AUDIT: OBJECT,1,1,READ,SELECT,,,"select 1",<none>', "not an audit record"),
    ],
)
def test_what_is_no_record_says_why(text, why):
    """Never a value of it."""
    assert parse(text) == No(why)


@pytest.mark.parametrize("mark", ["<long param suppressed>", "<long field suppressed>"])
def test_a_suppressed_parameter_is_none(mark):
    """The others keep their places."""
    assert parse(f'AUDIT: OBJECT,1,1,READ,SELECT,,,select 1,"1,{mark},3"').parameters == ("1", None, "3")

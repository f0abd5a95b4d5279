# SPDX-License-Identifier: Apache-2.0
"""Comma-separated values, strictly."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect.csv_text import INCOMPLETE, Cell, parse, render
from whosaw.collect.observed import No

TEXT = st.text(st.sampled_from('a1,"\n\r é'), max_size=12)
HOSTILE = st.text(st.sampled_from('",\n\r\0a\u2028\ufeff'), max_size=40)


@settings(deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8))
def test_what_pythons_writer_writes_is_read(values):
    """Values of any kind survive, read beside another implementation."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(values)
    assert [c.text for c in parse(out.getvalue())] == values


@settings(deadline=None, max_examples=500)
@given(HOSTILE)
def test_a_record_has_one_spelling_or_none(text):
    """Nothing raises; what was parsed spells the same text again; all else is refused with a reason."""
    cells = parse(text)
    if isinstance(cells, No):
        assert cells.reason
        assert '"' in text
    else:
        assert render(cells) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('a,"b', INCOMPLETE),
        ('"a""', INCOMPLETE),
        ('"', INCOMPLETE),
        ('a"b"', "a quote inside a value that is not quoted"),
        ('"a"b', "text after a closing quote"),
        ('"a" ,b', "text after a closing quote"),
    ],
)
def test_what_python_would_take_is_refused(text, why):
    """An open quote is a record cut off; quotes in the middle are nobody's spelling."""
    assert parse(text) == No(why)


def test_null_and_the_empty_text_are_two_things():
    """PostgreSQL writes null as nothing."""
    assert parse(',"",') == (Cell(""), Cell("", quoted=True), Cell(""))
    assert parse("") == (Cell(""),)


def test_a_long_record_takes_its_length_in_time():
    """Half a million doubled quotes are read in one pass."""
    assert parse('"' + '""' * 500_000 + '"') == (Cell('"' * 500_000, quoted=True),)

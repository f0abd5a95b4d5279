# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's server log in both its formats."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect import server_log
from whosaw.collect.observed import Malformed, No
from whosaw.collect.server_log import Entry
from whosaw.errors import BadInput

AT = datetime(2026, 11, 24, 19, 53, 48, 353_000, UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
ENTRIES = st.builds(
    Entry,
    at=st.just(AT),
    user=st.none() | TEXT.filter(bool),
    database=st.none() | TEXT.filter(bool),
    session=st.from_regex(r"\A[0-9a-f]{8}\.[0-9a-f]{1,6}\Z"),
    line=st.integers(1, 10**9),
    severity=st.sampled_from(["LOG", "ERROR", "NOTICE"]),
    state=st.none() | st.just("42501"),
    message=TEXT,
    statement=st.none() | TEXT.filter(bool),
    context=st.none() | TEXT.filter(bool),
    app=st.none() | TEXT.filter(bool),
)


def jsonlog(entry):
    """One record, as write_jsonlog spells it: what is null is left out."""
    given = {
        "timestamp": "2026-11-24 19:53:48.353 UTC", "user": entry.user, "dbname": entry.database, "pid": 1,
        "session_id": entry.session, "line_num": entry.line, "error_severity": entry.severity, "state_code": entry.state,
        "message": entry.message, "context": entry.context, "statement": entry.statement, "application_name": entry.app,
    }  # fmt: skip
    return json.dumps({k: v for k, v in given.items() if v is not None}, ensure_ascii=False).encode() + b"\n"


def csvlog(entry):
    """One record, as write_csvlog spells it: texts in quotes, nulls as nothing."""

    def text(value):
        return "" if value is None else '"' + value.replace('"', '""') + '"'

    cells = ["2026-11-24 19:53:48.353 UTC", text(entry.user), text(entry.database), "1", '"[local]"', entry.session,
             str(entry.line), '"SELECT"', "2026-11-24 19:53:00 UTC", "2/4", "0", entry.severity, entry.state or "00000",
             text(entry.message), "", "", "", "", text(entry.context), text(entry.statement), "", "",
             text(entry.app or ""), '"client backend"', "", "0"]  # fmt: skip
    return ",".join(cells).encode() + b"\n"


def entries(raw, form=None, size=None):
    chunks = [raw] if size is None else [raw[at : at + size] for at in range(0, len(raw), size)]
    form, pieces = server_log.pieces(chunks, form)
    return form, [p if isinstance(p, Malformed) else server_log.entry(p, form, {}) for _, p in pieces]


@settings(deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=4), st.integers(1, 50))
def test_both_formats_tell_the_same(given_entries, size):
    """Newlines, quotes and whatever else a statement holds; cut into chunks anywhere; the format is found by itself."""
    assert entries(b"".join(map(jsonlog, given_entries)), size=size) == ("jsonlog", given_entries)
    assert entries(b"".join(map(csvlog, given_entries)), size=size) == ("csvlog", given_entries)


def test_the_tests_own_csv_is_pythons():
    """The spelling above is read by another implementation too."""
    made = Entry(at=AT, user='a"b', database=None, session="1.1", line=1, severity="LOG", state=None, message="x\n,y",
                 statement=None, context=None, app=None)  # fmt: skip
    [row] = csv.reader(io.StringIO(csvlog(made).decode()))
    assert (len(row), row[1], row[13]) == (26, 'a"b', "x\n,y")


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=80), st.sampled_from(server_log.FORMATS))
def test_no_bytes_raise(raw, form):
    """With the format said, each piece is a record or a reason."""
    for found in entries(raw, form)[1]:
        assert isinstance(found, (Malformed, No))


@settings(deadline=None, max_examples=150)
@given(ENTRIES, st.data())
def test_a_record_changed_anywhere_is_a_record_or_a_reason(entry, data):
    """One byte put in place of another: nothing raises in either format."""
    for form, raw in (("jsonlog", bytearray(jsonlog(entry))), ("csvlog", bytearray(csvlog(entry)))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        for found in entries(bytes(raw), form)[1]:
            assert isinstance(found, (Entry, Malformed, No))


@pytest.mark.parametrize(
    "raw",
    [
        b"2026-11-24 19:53:48.353 UTC [123] LOG:  AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.users,select ip,<none>\n",
        b"a,b,c\n",
        b'"never closed',
        b"<html>",
        b"\xff\xfe",
    ],
)
def test_what_is_no_server_log_is_refused_whole(raw):
    """Stderr's format above all: a newline in a statement could imitate the next record."""
    with pytest.raises(BadInput, match="neither"):
        entries(raw)


@pytest.mark.parametrize("raw", [b"", b"\n", b" \n\n"])
def test_an_empty_file_has_no_records(raw):
    """A server that said nothing."""
    assert entries(raw) == ("jsonlog", [])


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("timestamp", "2026-11-24 19:53:48.353 CEST"),
        ("timestamp", None),
        ("session_id", "../1"),
        ("session_id", 5),
        ("line_num", 0),
        ("line_num", True),
        ("line_num", "1"),
        ("line_num", 2**61),
        ("user", ["mira"]),
        ("message", {}),
        ("error_severity", None),
    ],
)
def test_a_record_of_other_types_is_malformed(change, value):
    """Each fact has its type or the record is not taken."""
    good = json.loads(jsonlog(Entry(at=AT, user="mira", database="d", session="1.1", line=1, severity="LOG", state=None,
                                    message="m", statement=None, context=None, app=None)))  # fmt: skip
    [found] = entries(json.dumps({**good, change: value}).encode(), "jsonlog")[1]
    assert isinstance(found, No)

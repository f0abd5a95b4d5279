# SPDX-License-Identifier: Apache-2.0
"""Rows of files as they come: what is one, what is none and why, what is damaged; and memory that does not grow with them."""

import gzip
import random
import tracemalloc
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whosaw.collect.imports import take
from whosaw.collect.imports.csv_rows import CsvRows
from whosaw.collect.imports.parquet_rows import ParquetRows
from whosaw.collect.imports.row import parse
from whosaw.collect.observed import No
from whosaw.errors import BadInput
from whosaw.model.access import Field

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SEEN = "2026-11-24T19:53:48.353Z"
HEAD = "person,field,value,seen,source\n"
GOOD = ("mirabel", "ip", "203.0.113.77", SEEN, "")
WRONG = {
    "an empty person": (0, ""), "a person of 201 letters": (0, "p" * 201), "a person of 201 bytes": (0, "é" * 101),
    "a person with a zero byte": (0, "mira\x00bel"), "a person with a line": (0, "mira\nbel"), "no person": (0, None),
    "a person that is a flag": (0, True), "another field": (1, "shoes"), "a field in capitals": (1, "IP"), "no field": (1, None),
    "no address": (2, "quirrel"), "a zone": (2, "fe80::1%eth0"), "an empty value": (2, ""), "no value": (2, None),
    "a number": (2, 7), "half a letter": (2, "\ud800"), "a long value": (2, "9" * 70_000), "no time": (3, "yesterday"),
    "a time without a zone": (3, "2026-11-24T19:53:47"), "a time to come": (3, "2026-11-27T19:53:48Z"),
    "a time before all": (3, "1999-01-01T00:00:00Z"), "a time of no calendar": (3, "2026-02-30T00:00:00Z"),
    "a time without its zone": (3, datetime(2026, 11, 24)), "a source that is a number": (4, 7), "a broken source": (4, "\ud800"),
}  # fmt: skip


@pytest.mark.parametrize("at, cell", WRONG.values(), ids=WRONG)
def test_a_cell_that_is_wrong_makes_a_bad_row_and_is_not_quoted(at, cell):
    """Each column, wrong in each way: No, with a sentence that names the column and shows nothing of the cell."""
    cells = [*GOOD[:at], cell, *GOOD[at + 1 :]]
    made = parse(cells, NOW)
    assert isinstance(made, No)
    assert made.reason.startswith(("person:", "field:", "value:", "seen:", "source:")[at])
    assert not isinstance(cell, str) or len(cell) < 3 or cell not in made.reason


def test_a_row_is_taken_in_its_one_spelling_and_is_its_own_source():
    """Spellings of one moment and one address are one row; a row with any other content is another one."""
    made = parse(GOOD, NOW)
    assert made[:4] == ("mirabel", Field.IP, "203.0.113.77", datetime(2026, 11, 24, 19, 53, 48, 353000, UTC))
    later = made[3].astimezone(timezone(timedelta(hours=2)))
    assert made == parse(("mirabel", "ip", "::ffff:203.0.113.77", later, None), NOW) == parse(GOOD[:4], NOW)
    others = [(2, "203.0.113.78"), (3, "2026-11-24T19:53:48.354Z")]
    assert len({made[4], *(parse([*GOOD[:at], cell, *GOOD[at + 1 :]], NOW)[4] for at, cell in others)}) == 3
    assert parse((*GOOD[:4], "line 7"), NOW)[4] == "line 7"
    assert parse((7, *GOOD[1:]), NOW)[0] == "7"


def rows_of(tmp_path, raw, name="rows.csv"):
    path = tmp_path / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return take.check(CsvRows(path), NOW)


def device(text):
    return f'mirabel,device,"{text}",{SEEN},\n'


def test_quotes_lines_and_marks_are_read_as_rfc_4180_has_them(tmp_path):
    """A byte order mark, CRLF, columns in another order, quotes, commas and lines inside of a value, gzip: all rows, exactly."""
    text = (
        "seen,person,value,field\r\n" + f'{SEEN},mirabel,"a ""b"",\r\n\r\nc",device\r\n{SEEN},mirabel,plain,device\r\n'
    )
    for raw in (text, "\ufeff" + text, gzip.compress(text.encode())):
        path = tmp_path / "rows.csv"
        path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
        found = [parse(cells, NOW)[2] for _, cells in CsvRows(path).read()]
        assert found == ['a "b",\r\n\r\nc', "plain"]


BAD_LINES = {
    "a zero byte": device("a\x00b"), "an open quote": 'mirabel,device,"open\n', "text behind a quote": 'mirabel,device,"a"b,\n',
    "a quote inside": f'mirabel,device,a"b,{SEEN},\n', "a cell too few": f"mirabel,ip,203.0.113.77,{SEEN}\n",
    "a cell too many": f"mirabel,ip,203.0.113.77,{SEEN},,\n", "no UTF-8": b"mirabel,device,\xff,2026-11-24T19:53:48Z,\n",
    "more than 1 MiB": device("x" * 1_100_000),
}  # fmt: skip


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_one_bad_row_by_its_number(line, tmp_path):
    """Each kind of bad line between two good rows: row 3, and the ones around it are read unless its quote is still open there."""
    line = line if isinstance(line, bytes) else line.encode()
    good = ",".join(GOOD).encode() + b"\n"
    found = rows_of(tmp_path, HEAD.encode() + good + line + good)
    assert (found.wrong, found.bad[0][0]) == (1, 3)
    assert found.rows == (2 if b"open" in line or b'a"b,2' in line else 3)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "\n",
        "person,field,value\n",
        "person,field,value,seen,seen\n",
        HEAD.replace("source", "sauce"),
        'a"b\n',
        "\xff\xfe",
    ],
)
def test_a_file_without_these_columns_is_refused(head, tmp_path):
    """No header, one column too few, twice, misspelt, or in another encoding: BadInput, before any row."""
    with pytest.raises(BadInput):
        rows_of(tmp_path, head.encode("latin-1") + ",".join(GOOD).encode())


def test_memory_does_not_grow_with_a_line_or_with_what_gzip_unpacks_to(tmp_path):
    """One line of 24 MiB in a few KiB of gzip: one bad row, within a few MiB of memory."""
    path = tmp_path / "rows.csv.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(HEAD.encode())
        for _ in range(24):
            file.write(b"x" * 2**20)
    tracemalloc.start()
    try:
        found = take.check(CsvRows(path), NOW)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert (found.rows, found.wrong) == (1, 1)


def test_packed_data_that_end_too_early_are_refused(tmp_path):
    """Half a gzip file is no file: nothing of it may be taken in."""
    raw = gzip.compress((HEAD + "".join(device(f"phone {n}") for n in range(2_000))).encode())
    with pytest.raises(BadInput, match="ends too early"):
        rows_of(tmp_path, raw[: len(raw) // 2], "rows.gz")


def table(count=2_000, **more):
    given = {
        "person": [f"client-{n % 7}" for n in range(count)], "field": ["device"] * count,
        "value": [f"phone {n}" for n in range(count)], "seen": [datetime(2026, 11, 24, 19, n % 60, tzinfo=UTC) for n in range(count)],
    }  # fmt: skip
    return pa.table(given | more)


def test_parquet_is_read_in_its_own_types(tmp_path):
    """Texts, a dictionary of texts, whole numbers as persons, times with a zone: rows from 1; times without a zone: bad rows."""
    path = tmp_path / "rows.parquet"
    pq.write_table(table(9, field=pa.array(["device"] * 9).dictionary_encode(), person=list(range(9))), path)
    assert [parse(cells, NOW)[0] for _, cells in ParquetRows(path).read()] == [str(n) for n in range(9)]
    pq.write_table(table(9, seen=[datetime(2026, 11, 24)] * 9), path)
    assert take.check(ParquetRows(path), NOW).wrong == 9
    pq.write_table(table(9, shoes=[1] * 9), path)
    with pytest.raises(BadInput, match="does not know"):
        take.check(ParquetRows(path), NOW)


def test_damaged_parquet_is_refused_or_read_and_never_a_crash(tmp_path):
    """Bytes turned and ends cut off, in 40 places: BadInput, bad rows, or (where a page has no checksum) rows."""
    path, draw = tmp_path / "rows.parquet", random.Random(4)
    pq.write_table(table(), path, row_group_size=500, write_page_checksum=True)
    whole = path.read_bytes()
    refused = 0
    for number in range(40):
        raw = bytearray(whole)
        if number % 4:
            for _ in range(3):
                raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        else:
            del raw[draw.randrange(len(raw)) :]
        path.write_bytes(raw)
        try:
            refused += take.check(ParquetRows(path), NOW).wrong > 0
        except BadInput as error:
            refused += 1
            assert "phone" not in str(error)
    assert refused > 28

# SPDX-License-Identifier: Apache-2.0
"""Tables in: whole or not at all, with file, row and column, and never a word of what stands in them."""

import gzip
import json
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.directory.town import TOWN, FakeNames, write

from whosaw.directory.columns import Unreadable, parse_instant
from whosaw.directory.content import read_folder
from whosaw.directory.reading import LINE_LIMIT
from whosaw.errors import BadInput

NAMES = FakeNames()
PERSONS = b"person,region,classes\r\nmira,EU,\r\njonas,EU,press|critic\r\n"
HEADER = b"person,region,classes\r\n"


def replaced(folder, raw, name="persons.csv"):
    """The town with the bytes of one file replaced."""
    write(folder)
    (folder / "persons.csv").unlink()
    (folder / name).write_bytes(raw)
    return folder


def refused(folder):
    with pytest.raises(BadInput) as caught:
        read_folder(folder, NAMES)
    said = f"{caught.value} {caught.value.hint}"
    assert "mira" not in said and "jonas" not in said
    return caught.value


BAD = [
    ("an empty file", b"", "persons.csv", "persons.csv: no header row"),
    ("no header row", b"mira,EU,\r\n", "persons.csv", "persons.csv header: required columns are missing: person"),
    ("a column twice", b"person,person\r\nmira,mira\r\n", "persons.csv", "persons.csv header: a column is there twice"),
    ("a cell too few", HEADER + b"mira\r\n", "persons.csv", "persons.csv row 2: has 1 cells, the header has 3"),
    ("a cell too many", HEADER + b"mira,EU,,\r\n", "persons.csv", "row 2: has 4 cells"),
    ("an empty line", HEADER + b"\r\nmira,EU,\r\n", "persons.csv", "row 2: has 0 cells"),
    ("an empty id", HEADER + b",EU,\r\n", "persons.csv", "persons.csv row 2 column person: empty, but required"),
    ("an id of 201 bytes", HEADER + b"m" * 201 + b",EU,\r\n", "persons.csv", "row 2 column person: not an identifier"),
    ("an id with blanks", HEADER + b" mira,EU,\r\n", "persons.csv", "row 2 column person: not an identifier"),
    ("an unknown class", HEADER + b"mira,EU,journalist\r\n", "persons.csv", "row 2 column classes: none of the codes"),
    ("a duplicate id", HEADER + b"mira,EU,\r\njonas,,\r\nmira,IE,\r\n", "persons.csv", "row 4: a duplicate: row 2"),
    ("a quote not closed", HEADER + b'"mira,EU,\r\njonas,EU,\r\n', "persons.csv", "not CSV"),
    ("a quote in a cell", HEADER + b'"mi"ra,EU,\r\n', "persons.csv", "row 2: not CSV"),
    ("cut off in the last cell", PERSONS[:-4], "persons.csv", "row 3: does not end in a newline: the file is cut off"),
    ("cut off before the newline", PERSONS[:-2], "persons.csv", "row 3: does not end in a newline"),
    ("UTF-16", PERSONS.decode().encode("utf-16"), "persons.csv", "row 1: byte 1 is not UTF-8"),
    ("UTF-16 without a mark", HEADER.decode().encode("utf-16-le") + b"\x00\n", "persons.csv", "zero byte"),
    ("Latin-1", HEADER + "Zoë,EU,\r\n".encode("latin-1"), "persons.csv", "row 2: byte 3 is not UTF-8"),
    ("a zero byte", HEADER + b"mi\x00ra,EU,\r\n", "persons.csv", "row 2: a zero byte"),
    ("a long line", HEADER + b"m" * LINE_LIMIT + b",EU,\r\n", "persons.csv", "row 2: longer than 1,048,576 bytes"),
    ("a long cell", HEADER + b"m" * 200_000 + b",EU,\r\n", "persons.csv", "row 2: not CSV"),
    ("no gzip", PERSONS, "persons.csv.gz", "persons.csv.gz row 1: cannot be read (BadGzipFile)"),
    ("gzip cut off", gzip.compress(PERSONS)[:-9], "persons.csv.gz", "the gzip stream is cut off"),
    ("gzip with a wrong sum", gzip.compress(PERSONS)[:-8] + bytes(8), "persons.csv.gz", "cannot be read"),
    ("gzip damaged", gzip.compress(PERSONS)[:20] + b"\xff" * 9 + gzip.compress(PERSONS)[29:], "persons.csv.gz", "persons.csv.gz"),
    ("JSON that is none", b'{"person": mira}\n', "persons.jsonl", "persons.jsonl row 1: not one JSON object"),
    ("JSON of another kind", b'["mira"]\n', "persons.jsonl", "row 1: not a JSON object"),
    ("a key twice", b'{"person":"mira","person":"jonas"}\n', "persons.jsonl", "row 1: not one JSON object with each key once"),
    ("no id", b'{"region":"EU"}\n', "persons.jsonl", "row 1: required columns are missing: person"),
    ("null for an id", b'{"person":null}\n', "persons.jsonl", "row 1 column person: empty, but required"),
    ("a number for an id", b'{"person":17}\n', "persons.jsonl", "row 1 column person: not a text"),
    ("not a number", b'{"person":"mira","x":NaN}\n', "persons.jsonl", "row 1: not one JSON object"),
    ("classes as a text", b'{"person":"mira","classes":"press"}\n', "persons.jsonl", "column classes: not a list of texts"),
    ("a lone surrogate", b'{"person":"\\ud800"}\n', "persons.jsonl", "row 1 column person: not an identifier"),
    ("a deep nest", b'{"person":' + b"[" * 90_000 + b"\n", "persons.jsonl", "row 1: not one JSON object"),
    ("a long number", b'{"person":"mira","x":' + b"9" * 5000 + b"}\n", "persons.jsonl", "row 1: not one JSON object"),
    ("JSON cut off", b'{"person":"mira"}', "persons.jsonl", "row 1: does not end in a newline"),
    ("an empty line between", b'{"person":"mira"}\n\n', "persons.jsonl", "row 2: not one JSON object"),
    ("a time without a zone", b'{"person":"mira","valid_from":"2026-01-01T00:00:00"}\n', "persons.jsonl", "column valid_from: not a time"),
    ("a day that is none", b'{"person":"mira","valid_from":"2026-02-30T00:00:00Z"}\n', "persons.jsonl", "no such time"),
    ("an end before its beginning", b'{"person":"mira","valid_from":"2026-02-02T00:00:00Z","valid_to":"2026-02-01T00:00:00Z"}\n',
     "persons.jsonl", "row 1: ends before it begins"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "raw", "name", "says"), BAD, ids=[b[0] for b in BAD])
def test_what_cannot_be_read_names_its_place(tmp_path, why, raw, name, says):
    """Each way of being no table is BadInput with file, row and column, and shows no cell."""
    assert says in str(refused(replaced(tmp_path / "t", raw, name)))


def test_the_first_twenty_problems_are_named_and_all_are_counted(tmp_path):
    """Fifty unreadable cells: twenty in words, with their rows, and "30 more"."""
    raw = HEADER + b"".join(b"p%d,EU,nonsense\r\n" % n for n in range(50))
    said = str(refused(replaced(tmp_path / "t", raw)))
    assert [f"row {n} column" in said for n in (2, 21, 22)] == [True, True, False]
    assert said.endswith("; and 30 more")


def test_problems_of_all_tables_are_found_at_once(tmp_path):
    """Whoever corrects a folder hears of every table, not of the first."""
    folder = replaced(tmp_path / "t", HEADER + b"mira,EU,nonsense\r\n")
    (folder / "assignments.csv").write_bytes(b"staff_id,scope_kind,scope\r\nana,queues,q\r\n")
    said = str(refused(folder))
    assert "persons.csv row 2 column classes" in said and "assignments.csv row 2 column scope_kind" in said


@pytest.mark.parametrize("table", TOWN)
def test_a_missing_table_is_named(tmp_path, table):
    """A table that is not there is not an empty one: a lost file must not end what it said."""
    folder = write(tmp_path / "t")
    (folder / f"{table}.csv").unlink()
    assert f"no table {table!r}" in str(refused(folder))


def test_all_that_lack_are_named_at_once(tmp_path):
    """Whoever makes a folder by hand hears of each table in one go."""
    folder = write(tmp_path / "t")
    for table in ("staff", "assignments"):
        (folder / f"{table}.csv").unlink()
    assert "no table 'staff', 'assignments'" in str(refused(folder))


def test_a_table_in_two_files_is_refused(tmp_path):
    """CSV and JSON Lines of one table side by side: nobody can say which counts."""
    folder = write(tmp_path / "t")
    (folder / "persons.jsonl").write_bytes(b"")
    assert "table 'persons' is there twice" in str(refused(folder))


def test_a_missing_folder_is_named(tmp_path):
    """No folder: BadInput, by its name and not by its path."""
    error = refused(tmp_path / "gone")
    assert str(error) == "gone: no such folder"


def test_unknown_columns_are_kept_aside_and_named(tmp_path):
    """A column that nobody reads is no error; it is named, so that a typing error is seen."""
    folder = replaced(tmp_path / "t", b"person,regoin,notes\r\nmira,EU,x\r\n")
    assert read_folder(folder, NAMES).aside == ("persons.csv: 'notes'", "persons.csv: 'regoin'")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"), ("\ufeff{}", "not JSON"), ("[]", "`format`"), ('{"format":"whosaw-dataset/2"}', "`format`"), ("{}", "`format`"),
        ('{"format":"whosaw-dataset/1","regions":["EU"]}', "not an object of lists"),
        ('{"format":"whosaw-dataset/1","regions":{"EU":"DE"}}', "not an object of lists"),
        ('{"format":"whosaw-dataset/1","regions":{"EU":["Germany"]}}', "not two capital letters"),
        ('{"format":"whosaw-dataset/1","regions":{"":["DE"]}}', "not an object of lists"),
        ("[" * 90_000, "not JSON"),
    ],
)  # fmt: skip
def test_a_dataset_of_another_version_is_refused(tmp_path, text, says):
    """dataset.json says which format the folder has; another one is not guessed at."""
    folder = write(tmp_path / "t")
    (folder / "dataset.json").write_text(text)
    assert says in str(refused(folder))


def test_all_four_forms_say_the_same(tmp_path):
    """CSV, JSON Lines, gzipped or not, with or without a byte order mark: one content, one digest."""
    folder = tmp_path / "t"
    digests = {read_folder(write(folder, ending=e), NAMES).digest for e in (".csv", ".jsonl", ".csv.gz", ".jsonl.gz")}
    write(folder)
    for path in folder.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n"))
    digests.add(read_folder(folder, NAMES).digest)
    assert len(digests) == 1


def test_the_order_of_rows_says_nothing(tmp_path):
    """The same rows in another order are the same content; one row less is another."""
    folder = tmp_path / "t"
    digest = read_folder(write(folder), NAMES).digest
    backwards = {table: rows[::-1] for table, rows in TOWN.items()}
    assert read_folder(write(folder, backwards), NAMES).digest == digest
    for table in TOWN:
        fewer = {**TOWN, table: TOWN[table][1:]}
        assert read_folder(write(folder, fewer), NAMES).digest != digest
    assert read_folder(write(folder, regions={"EU": ["IE"]}), NAMES).digest != digest


def test_content_has_no_id(tmp_path):
    """What is read holds pseudonyms and codes only; ids are in the one set that is remembered sealed, and not shown."""
    content = read_folder(write(tmp_path / "t"), NAMES)
    ids = {row[c] for t, c in (("staff", "staff_id"), ("persons", "person")) for row in TOWN[t]} | {"elm street 4"}
    text = repr(content.tables)
    assert [i for i in ids if f"'{i}'" in text] == []
    assert content.principals == {row["staff_id"] for row in TOWN["staff"]}
    assert "ana" not in repr(content)


TIMES = [
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31t23:59:59.5z", -500_000),
    ("2022-07-03T09:14:05.123Z", 1656839645123000), ("2022-07-03 09:14:05.123456Z", 1656839645123456),
]  # fmt: skip


@pytest.mark.parametrize(("text", "micros"), TIMES)
def test_times(text, micros):
    """RFC 3339 times are instants, whatever their offset."""
    assert parse_instant(text) == micros


@pytest.mark.parametrize(
    "text",
    ["2022-07-03", "2022-07-03T09:14Z", "2022-W26-7T09:14:05Z", "20220703T091405Z", "2022-07-03T09:14:05", "٢٠٢٢-07-03T09:14:05Z",
     "2022-07-03T09:14:60Z", "2022-07-03T24:00:00Z", "2022-07-03T09:14:05+25:00", "2022-07-03T09:14:05Z ", "0000-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_time(text):
    """fromisoformat() takes most of these; the format does not."""
    with pytest.raises(Unreadable):
        parse_instant(text)


WHOLE = dict.fromkeys((".csv", ".jsonl"))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.binary(max_size=300),
    ending=st.sampled_from([".csv", ".jsonl", ".csv.gz", ".jsonl.gz"]),
    table=st.sampled_from(sorted(TOWN)),
)
def test_any_bytes_are_a_table_or_bad_input(tmp_path, raw, ending, table):
    """Whatever the bytes, the answer is rows or BadInput, and nothing else."""
    folder = write(tmp_path / "t")
    (folder / f"{table}.csv").unlink()
    (folder / f"{table}{ending}").write_bytes(raw)
    _rows_or_bad_input(folder)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_table_is_another_table_or_bad_input(tmp_path, data):
    """A few bytes of a good file changed, or its end lost: never a crash, and a cut file is never taken for whole."""
    ending = data.draw(st.sampled_from([".csv", ".jsonl", ".csv.gz", ".jsonl.gz"]))
    folder = write(tmp_path / "t", ending=ending)
    path = folder / f"{data.draw(st.sampled_from(sorted(TOWN)))}{ending}"
    raw = bytearray(path.read_bytes())
    cut = data.draw(st.booleans())
    if cut:
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    taken = _rows_or_bad_input(folder)
    if cut and taken:
        assert not raw or (raw.endswith(b"\n") and ".gz" not in ending)


def _rows_or_bad_input(folder):
    try:
        read_folder(folder, NAMES)
    except BadInput:
        return False
    return True


def test_two_rows_of_one_staff_member_may_not_overlap(tmp_path):
    """Staff and persons may have several rows, one after the other; two at the same time contradict each other."""
    row = {"staff_id": "ana", "unit": "u", "function": "support"}
    spans = [
        ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-02-01T00:00:00Z", None),
        ("2026-01-31T00:00:00Z", None),
    ]
    rows = [{**row, "valid_from": a, **({"valid_to": b} if b else {})} for a, b in spans]
    for pair, fine in zip(combinations(rows, 2), (True, False, False), strict=True):
        folder = write(tmp_path / "t", {**TOWN, "staff": list(pair)})
        assert _rows_or_bad_input(folder) is fine, pair


def test_json_and_csv_agree_on_booleans(tmp_path):
    """suspended is true or false, in CSV as a word; anything else is an error."""
    folder = write(tmp_path / "t", ending=".jsonl")
    path = folder / "staff.jsonl"
    good = path.read_text()
    for bad in ("1", '"yes"', '"True"', "[]"):
        path.write_text(good.replace('"suspended": true', f'"suspended": {bad}'))
        assert "column suspended: neither true nor false" in str(refused(folder))
    assert json.loads(good.splitlines()[-1])["suspended"] is True

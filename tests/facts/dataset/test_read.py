# SPDX-License-Identifier: Apache-2.0
"""A dataset folder is read to the letter: the same tables in every form, and every error with file, row and column."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.facts.dataset.folder import LOOK, about, folder_of, write

from whosaw.errors import BadInput
from whosaw.facts.columns import TABLES, micros
from whosaw.facts.dataset.opened import open_dataset
from whosaw.model.access import Field

pytest.importorskip("ibis")

FORMS = ("csv", "jsonl.gz", "parquet")


def read(folder, **options):
    with open_dataset(folder, **options) as facts:
        for name, table in facts.tables.items():
            assert dict(zip(table.columns, map(str, table.schema().types), strict=True)) == {
                c: {"int": "int64", "text": "string"}[kind.rstrip("?")] for c, kind in TABLES[name].items()
            }
        rows = {name: sorted(table.to_pyarrow().to_pylist(), key=repr) for name, table in facts.tables.items()}
        return rows, facts.dataset


def wrong(folder, **options):
    with pytest.raises(BadInput) as caught, open_dataset(folder, **options):
        pass
    return str(caught.value)


def drawn(draw):
    """Rows of every table, with whatever the format allows."""

    def maybe(make):
        return make() if draw.random() < 0.6 else None

    def id_(kind):
        return maybe(lambda: f"{kind}-{draw.randint(0, 4)}")

    def odd():
        return draw.choice(('with "quotes"', "a,b", "line\r\nbreak", "ü∑", " space ", "null", "'; drop", "0"))

    def fields():
        return draw.sample([str(field) for field in Field], draw.randint(1, 3))

    def time():
        at = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(microseconds=draw.randint(0, 10**13))
        zone = timezone(timedelta(minutes=draw.choice((0, 60, -210, 345))))
        text = at.astimezone(zone).isoformat()
        return draw.choice(
            (text, text.replace("T", "t"), text.replace("+00:00", "Z"), at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        )

    def look(i):
        asked = maybe(fields)
        return {
            "look_id": f"l-{i}", "time": time(), "principal": f"e-{draw.randint(0, 4)}", "on_behalf_of": id_("e"), "person": id_("p"), "bulk": id_("b"),
            "fields": asked, "mode": draw.choice(("read", "search", "export", "aggregate", "impersonate")), "purpose": maybe(lambda: "fraud_review"),
            "case": id_("c"), "detail": None if asked is None else maybe(lambda: [draw.choice(("exact", "-")) for _ in asked]), "rows": maybe(lambda: draw.randint(0, 10**12)),
            "app": maybe(odd), "src_ip": maybe(lambda: "192.0.2.1"), "src_country": maybe(lambda: "IE"), "query": maybe(odd), "decision": maybe(lambda: draw.choice(("permit", "refuse"))),
            "arrived": maybe(time), "source": maybe(odd), "number": maybe(lambda: draw.randint(0, 9)),
        }  # fmt: skip

    n = range(6)
    return {
        "looks": [look(i) for i in range(12)],
        "staff": [{"staff_id": f"e-{draw.randint(0, 3)}", "unit": odd(), "function": "audit", "role": maybe(odd), "manager": id_("e"), "employer": None, "country": maybe(lambda: "US"),
                   "site": None, "valid_from": maybe(time), "valid_to": maybe(time), "household": id_("h"), "own_person": id_("p")} for _ in n],
        "cases": [{"case_id": f"c-{i}", "type": odd(), "opened": time(), "closed": maybe(time), "assignee": id_("e"), "requester": id_("p"), "approver": id_("e"), "status": None, "opened_by": id_("e"), "queue": id_("q")} for i in n],
        "approvals": [{"approval_id": f"a-{i}", "time": time(), "requester": "e-1", "approver": "e-2", "outcome": "approved", "look_id": id_("l"), "case_id": id_("c"), "kind": maybe(lambda: "approval")} for i in n],
        "case_persons": [{"case_id": f"c-{i}", "person": "p-1", "added": maybe(time), "added_by": id_("e")} for i in n],
        "assignments": [{"staff_id": "e-1", "scope_kind": "queue", "scope": f"q-{i}", "from": maybe(time), "to": maybe(time)} for i in n],
        "persons": [{"person": f"p-{draw.randint(0, 3)}", "region": maybe(lambda: draw.choice(("EU", "DE", "US"))), "classes": maybe(lambda: draw.sample(("press", "staff", "minor"), 2)), "household": id_("h"), "valid_from": maybe(time), "valid_to": maybe(time)} for _ in n],
        "links": [{"a": "p-1", "b": f"p-{i}", "kind": "device", "weight": maybe(lambda: draw.randint(0, 5)), "from": maybe(time), "to": maybe(time)} for i in n],
        "events": [{"event_id": f"v-{i}", "time": time(), "kind": "hearing", "persons": maybe(lambda: ["p-1", "p-2"]), "stance": maybe(lambda: "neutral"), "topic": maybe(odd)} for i in n],
        "changes": [{"change_id": f"g-{i}", "time": time(), "staff_id": "e-1", "object": "template", "target": id_("t"), "old": maybe(odd), "new": maybe(lambda: "press|critic")} for i in n],
    }  # fmt: skip


def us(text):
    return None if text is None else micros(datetime.fromisoformat(text.upper()))


def test_every_form_gives_the_same_tables(tmp_path):
    """CSV, packed JSON Lines and Parquet, in whatever order their rows are."""
    draw = random.Random(1)
    tables = drawn(draw)
    found = []
    for form in FORMS:
        (tmp_path / form).mkdir()
        found.append(read(folder_of(tmp_path / form, form, **tables)))
        for rows in tables.values():
            draw.shuffle(rows)
    assert all(rows == found[0][0] for rows, _ in found)
    assert {name: len(rows) for name, rows in found[0][0].items() if name in ("cases", "links", "changes", "events", "approvals")} == dict.fromkeys(
        ("cases", "links", "changes", "events", "approvals"), 6
    )  # fmt: skip
    assert found[0][1].rejected == 0 and not found[0][1].warnings


def test_a_look_is_a_row_and_for_whom_it_was_made_another(tmp_path):
    """As plain Python reads the same rows: times to the microsecond, details beside fields, nobody where nobody is."""
    tables = drawn(random.Random(7))
    rows, about_ = read(folder_of(tmp_path, **tables))
    expected = []
    for place, look in enumerate(sorted(tables["looks"], key=lambda r: r["look_id"].encode())):
        asked = look["fields"] or []
        for claimed, who in enumerate([look["principal"], *([look["on_behalf_of"]] if look["on_behalf_of"] else [])]):
            expected.append({
                "row": 2 * place + claimed, "leaf": place, "look_id": look["look_id"], "t": us(look["time"]), "taken": None, "who": who, "account": look["principal"],
                "claimed": claimed, "hint": 0, "person": look["person"], "request": look["bulk"] or look["look_id"], "mentions": None, "mode": look["mode"],
                "purpose": look["purpose"], "case": look["case"], "app": look["app"], "source": look["source"] or "dataset", "origin": "observed", "rows": look["rows"],
                "decision": look["decision"], "refused": int(look["decision"] == "refuse"), "rules": "",
                "asked": "|".join(f"{f}:{d}" for f, d in zip(asked, look["detail"] or ["-"] * len(asked), strict=True)),
                **{f"f_{f}": int(f in asked) for f in ("ip", "location", "device", "contacts", "messages", "profile", "activity", "payment")},
                "query": look["query"], "src_ip": look["src_ip"], "src_country": look["src_country"], "arrived": us(look["arrived"]), "number": look["number"],
            })  # fmt: skip
    assert rows["look"] == sorted(expected, key=repr)
    assert (about_.start, about_.end) == (us("2022-01-01T00:00:00+00:00"), us("2022-06-30T00:00:00+02:00"))


def test_at_any_instant_a_person_has_one_row(tmp_path):
    """The later one; a list of classes becomes rows, one bit and another."""
    rows, _ = read(folder_of(tmp_path, persons=[
        {"person": "p", "classes": ["press", "staff"], "valid_from": None, "valid_to": None, "region": "EU"},
        {"person": "p", "classes": ["staff"], "valid_from": "2022-03-01T00:00:00Z", "valid_to": None, "region": "DE"},
        {"person": "q", "classes": None, "valid_from": None, "valid_to": None, "region": None},
    ]))  # fmt: skip
    march = us("2022-03-01T00:00:00+00:00")
    assert [tuple(r.values()) for r in rows["persons"]] == [
        ("p", "DE", 0, 1, None, march, None), ("p", "EU", 1, 1, None, None, march), ("q", None, 0, 0, None, None, None),
    ]  # fmt: skip
    spans = {(r["class"], r["valid_from"], r["valid_to"]) for r in rows["classes"]}
    assert spans == {("press", None, march), ("staff", None, march), ("staff", march, None)}
    assert {"region": "EU", "country": "DE"} in rows["regions"] and {"region": "DE", "country": "DE"} in rows["regions"]


def test_what_is_missing_is_off_and_what_is_unknown_is_named(tmp_path):
    """Absent tables are absent, authors whom nobody names are said, unknown columns, keys and files are warned of."""
    folder_of(
        tmp_path,
        "jsonl",
        looks=[{**LOOK, "colour": "red"}],
        cases=[{"case_id": "c", "type": "x", "opened": "2022-01-01T00:00:00Z", "opened_by": None}],
    )
    about(tmp_path, owner="me")
    (tmp_path / "case_person.csv").write_text("case_id\n")
    (tmp_path / "truth.jsonl").write_text("never read")
    rows, dataset = read(tmp_path)
    assert rows.keys() == {"look", "cases", "regions"}
    assert dataset.unsaid == {"cases.opened_by", "cases.requester"}
    assert dataset.warnings == (
        "dataset.json: the key 'owner' is not known and was left aside",
        "looks.jsonl: the column 'colour' is not known and was left aside",
        "'case_person.csv' is none of the tables and was left aside",
    )


BAD_CELLS = [
    ({"look_id": None}, "column look_id: no value"),
    ({"look_id": "ü" * 101}, "column look_id: longer than 200 bytes"),
    ({"time": "2022-02-03T09:14:05"}, "column time: not a time (RFC 3339, with an offset)"),
    ({"time": "2022-02-30T09:14:05Z"}, "column time: not a time (RFC 3339, with an offset)"),
    ({"time": "2022-02-03T09:14:05+24:00"}, "column time: not a time (RFC 3339, with an offset)"),
    ({"time": "03.02.2022"}, "column time: not a time (RFC 3339, with an offset)"),
    ({"mode": "Read"}, "column mode: not one of its codes"),
    ({"mode": None}, "column mode: no value"),
    ({"fields": ["ip", "shoe"]}, "column fields: a list with something that is not one of its codes"),
    ({"detail": ["exact", "-"]}, "column detail: not one detail for each field"),
    ({"src_country": "UK"}, "column src_country: not a country (ISO 3166-1, two capital letters)"),
    ({"decision": "allow"}, "column decision: not one of its codes"),
    ({"purpose": "fun"}, "column purpose: not one of its codes"),
]


def test_a_bad_cell_is_named_and_nothing_is_taken(tmp_path):
    """With file, row and column; what it says is never shown."""
    rows = [{**LOOK, "look_id": f"l-{i}", "detail": None, **bad} for i, (bad, _) in enumerate(BAD_CELLS)]
    for form, first in (("csv", 2), ("parquet", 1)):
        folder = tmp_path / form
        folder.mkdir()
        said = wrong(folder_of(folder, form, looks=[*rows, LOOK])).split("; ")
        assert said == [f"looks.{form} row {first + i} {why}" for i, (_, why) in enumerate(BAD_CELLS)]


def test_the_first_twenty_problems_and_a_count(tmp_path):
    """Over all files."""
    rows = [{**LOOK, "look_id": f"l-{i}", "mode": "x", "purpose": "y"} for i in range(9)]
    said = wrong(
        folder_of(tmp_path, looks=rows, staff=[{"staff_id": f"e-{i}", "unit": "u", "function": "x"} for i in range(30)])
    )
    assert said.endswith("; staff.csv row 3 column function: not one of its codes; and 28 more")
    assert said.count("row") == 20


def test_an_id_stands_once(tmp_path):
    """The second is named, whichever the form; leniently the first is taken."""
    rows = [LOOK, {**LOOK, "look_id": "l-2"}, {**LOOK, "mode": "search"}]
    folder_of(tmp_path, looks=rows)
    assert wrong(tmp_path) == "looks.csv row 4 column look_id: an id that stands above already"
    found, dataset = read(tmp_path, lenient=True)
    assert [(r["look_id"], r["mode"]) for r in found["look"]] == [("l-1", "read"), ("l-2", "read")]
    assert dataset.rejected == 1


HEADER = b"look_id,time,principal,fields,mode\r\n"
GOOD = b"l-%d,2022-02-03T09:14:05Z,e-1,ip,read\r\n"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"l,2022-02-03T09:14:05Z,e-1,ip\r\n", "fewer cells than the header"),
        (b"l,2022-02-03T09:14:05Z,e-1,ip,read,x\r\n", "more cells than the header"),
        (b"l,2022-02-03T09:14:05Z,e\xff,ip,read\r\n", "not UTF-8"),
        (b'"l"x,2022-02-03T09:14:05Z,e,ip,read\r\n', "a quote that is not closed, or text behind one"),
    ],
)
def test_a_row_of_csv_that_cannot_be_taken_apart(tmp_path, line, why):
    """Its number counts rows and not lines, and those after it keep theirs; leniently the others are taken."""
    about(tmp_path)
    first = b'"l\r\n1",2022-02-03T09:14:05Z,e-1,ip,read\r\n'
    (tmp_path / "looks.csv").write_bytes(HEADER + first + line + GOOD % 2 + b"l-3,never,e-1,ip,read\r\n" + GOOD % 4)
    assert (
        wrong(tmp_path) == f"looks.csv row 3: {why}; looks.csv row 5 column time: not a time (RFC 3339, with an offset)"
    )
    found, dataset = read(tmp_path, lenient=True)
    assert [r["look_id"] for r in found["look"]] == ["l\r\n1", "l-2", "l-4"]
    told = [json.loads(text) for text in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert dataset.rejected == 2
    assert [(t["file"], t["row"], t["reasons"]) for t in told] == [
        ("looks.csv", 3, [{"column": None, "reason": why}]),
        ("looks.csv", 5, [{"column": "time", "reason": "not a time (RFC 3339, with an offset)"}]),
    ]
    assert told[1]["cells"] == {"look_id": "l-3", "time": "never", "principal": "e-1", "fields": ["ip"], "mode": "read"}


def test_lines_of_json_that_are_no_object(tmp_path):
    """Torn, a list, not UTF-8, of another sort than the column."""
    good = json.dumps(LOOK).encode()
    lines = [
        b"{",
        b"[1]",
        b'{"look_id": "\xff"}',
        json.dumps({**LOOK, "look_id": "l-2", "person": {"a": 1}, "fields": "ip"}).encode(),
        good,
    ]
    about(tmp_path)
    (tmp_path / "looks.jsonl").write_bytes(b"\n".join(lines))
    broken = "not an object of JSON, or not UTF-8"
    assert wrong(tmp_path).split("; ") == [
        *(f"looks.jsonl row {i}: {broken}" for i in (1, 2, 3)),
        "looks.jsonl row 4 column person: not a text",
        "looks.jsonl row 4 column fields: not a list of texts",
    ]  # fmt: skip
    found, dataset = read(tmp_path, lenient=True, rejects=tmp_path / "elsewhere.jsonl")
    assert len(found["look"]) == 1 and dataset.rejected == 4
    assert (
        len((tmp_path / "elsewhere.jsonl").read_text().splitlines()) == 4 and not (tmp_path / "rejected.jsonl").exists()
    )


def test_a_column_that_must_be_there(tmp_path):
    """Is an error however lenient one is, as are a table that is there twice, none, and a header that says a column twice."""
    folder_of(tmp_path, staff=[{"staff_id": "e", "function": "audit"}])
    for options in ({}, {"lenient": True}):
        assert wrong(tmp_path, **options) == "staff.csv row 1 column unit: the column is missing"
    (tmp_path / "staff.csv").write_bytes(b"staff_id,unit,unit,function\r\n")
    assert wrong(tmp_path) == "staff.csv row 1 column unit: it stands there twice"
    (tmp_path / "staff.csv").write_bytes(b"")
    assert wrong(tmp_path) == "staff.csv row 1: there is no header row"
    write(tmp_path, "staff", [{"staff_id": "e", "unit": "u", "function": "audit"}], "jsonl")
    assert wrong(tmp_path).startswith("staff: it is there 2 times")
    (tmp_path / "staff.csv").unlink()
    (tmp_path / "looks.csv").unlink()
    assert wrong(tmp_path).startswith("looks: there is none")


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_something_else(tmp_path, form):
    """Rubbish under any name is one sentence, and no trace of what stands in it."""
    about(tmp_path)
    (tmp_path / f"looks.{form}").write_bytes(bytes(random.Random(1).randbytes(500)))
    said = wrong(tmp_path)
    assert said.startswith(f"looks.{form}") and len(said) < 400 and said.isprintable()


def test_an_empty_table_is_known_to_be_empty(tmp_path):
    """A header, an empty file of JSON Lines with nothing to have columns, a Parquet file without rows."""
    folder_of(tmp_path)
    (tmp_path / "links.csv").write_bytes(b"a,b,kind\n")
    write(tmp_path, "events", [], "parquet", columns=["event_id", "time", "kind"])
    (tmp_path / "changes.jsonl").write_bytes(b"")
    rows, _ = read(tmp_path)
    assert rows["links"] == rows["events"] == rows["changes"] == rows["event_persons"] == []


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("{", "dataset.json: not JSON in UTF-8"),
        ("[]", "dataset.json: its `format`"),
        ('{"format": "whosaw-dataset/2"}', "dataset.json: its `format`"),
        ('{"format": "whosaw-dataset/1"}', "dataset.json name: "),
        ('{"format": "whosaw-dataset/1", "name": "x", "from": "2022"}', "dataset.json from: not a time"),
        ('{"format": "whosaw-dataset/1", "name": "x", "from": "2022-02-30T00:00:00Z"}', "dataset.json from: no such day"),
        ('{"format": "whosaw-dataset/1", "name": "x", "from": "2022-02-02T00:00:00Z", "to": "2022-02-01T00:00:00Z"}', "dataset.json to: "),
        (json.dumps({"format": "whosaw-dataset/1", "name": "x", "from": "2022-02-02T00:00:00Z", "to": "2022-02-02T00:00:00Z", "regions": {"EU": ["XX"]}}), "dataset.json regions: a group has"),
    ],
)  # fmt: skip
def test_dataset_json_is_read_whole_or_not_at_all(tmp_path, said, where):
    folder_of(tmp_path)
    (tmp_path / "dataset.json").write_text(said)
    assert wrong(tmp_path, lenient=True).startswith(where)


def test_an_approval_that_expired_has_no_approver(tmp_path):
    row = {"approval_id": "a", "time": "2022-01-01T00:00:00Z", "requester": "e", "approver": None, "outcome": "expired"}
    rows, _ = read(folder_of(tmp_path, approvals=[row]))
    assert rows["approvals"][0]["approver"] is None
    write(tmp_path, "approvals", [{**row, "outcome": "approved"}])
    assert wrong(tmp_path) == "approvals.csv row 2 column approver: no value"

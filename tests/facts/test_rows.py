# SPDX-License-Identifier: Apache-2.0
"""From bodies to rows: nothing lost, nothing invented, nothing that is not ours accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts.made import at, look, other

from whosaw.errors import Damaged
from whosaw.facts.columns import LOOK, TABLES
from whosaw.facts.ports import CasePersonRow, CaseRow, StaffRow
from whosaw.facts.rows import case_person_rows, case_rows, look_rows, staff_rows
from whosaw.model.access import Field
from whosaw.model.record import Kind

NAMES = list(LOOK)


def cells(row):
    return dict(zip(NAMES, row, strict=True))


def test_a_look_is_one_row():
    """What was recorded of a look stands in its row."""
    body = look(
        7, "e-a", "p-a", at(1), asked=((Field.IP, "exact"), (Field.PROFILE, "-")), case="c-1", decision="refuse",
        rules=("case-missing", "protected-person"),
    ).encode()  # fmt: skip
    (row,) = map(cells, look_rows(5, body))
    assert row["row"] == 10
    assert row["leaf"] == 5
    assert (row["who"], row["account"], row["person"], row["case"]) == ("e-a", "e-a", "p-a", "c-1")
    assert row["t"] == int(at(1).timestamp()) * 1_000_000
    assert (row["f_ip"], row["f_profile"], row["f_location"]) == (1, 1, 0)
    assert row["asked"] == "ip:exact|profile:-"
    assert (row["refused"], row["decision"], row["rules"]) == (1, "refuse", "case-missing|protected-person")
    assert row["request"] == row["look_id"] == "l-000007"


def test_a_claim_clears_nobody():
    """A look under a shared account that only claims a name counts for both; a known one counts for its maker."""
    shared = {"principal": "e-shared", "on_behalf_of": "e-a", "origin": "observed", "decision": None}
    claimed = [cells(r) for r in look_rows(3, look(1, "e-shared", "p-a", at(), **shared, claimed=True).encode())]
    assert [(r["row"], r["who"], r["claimed"]) for r in claimed] == [(6, "e-shared", 0), (7, "e-a", 1)]
    known = [cells(r) for r in look_rows(3, look(1, "e-shared", "p-a", at(), **shared).encode())]
    assert [(r["row"], r["who"], r["account"], r["claimed"]) for r in known] == [(6, "e-a", "e-shared", 0)]


def test_a_mention_belongs_to_its_request():
    """Mentions of one bulk look have its id as request, and so has the bulk look itself."""
    bulk = look(1, "e-a", None, at(), kind=Kind.BULK, mentions=40)
    mention = look(1, "e-a", "p-a", at(), kind=Kind.MENTION, bulk="l-000001")
    rows = [cells(*look_rows(i, b.encode())) for i, b in enumerate([bulk, mention])]
    assert [r["request"] for r in rows] == ["l-000001", "l-000001"]
    assert [r["person"] for r in rows] == [None, "p-a"]


def test_other_kinds_have_no_rows():
    """Enrolments, directory changes and the rest are not looks, even where one is quoted inside."""
    assert look_rows(1, other("enrol", stream_key="AAAA")) == []
    assert look_rows(1, other("intake", about={"kind": "look"})) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"kind":"look","v":1}',
        b'{"v":1,"kind":"enrol"}',
        look(1, "e-a", "p-a", at()).encode() + b"\n",
        look(1, "e-a", "p-a", at()).encode().replace(b'"v":1', b'"v":2'),
        look(1, "e-a", "p-a", at()).encode().replace(b'"mode":"read"', b'"mode":"peek"'),
    ],
)
def test_what_we_did_not_write_is_damage(body):
    """A body that is no canonical record is Damaged, and the message says the leaf and nothing of the body."""
    with pytest.raises(Damaged) as caught:
        look_rows(41, body)
    assert "leaf 41" in str(caught.value)
    assert "e-a" not in str(caught.value)


@given(st.binary(max_size=400))
def test_no_bytes_crash(raw):
    """Any bytes are a record or Damaged, never a crash."""
    try:
        look_rows(0, raw)
    except Damaged:
        return


@given(st.data())
def test_mutated_looks_do_not_crash(data):
    """A look with one byte changed is still a record, or Damaged."""
    raw = bytearray(look(1, "e-a", "p-a", at(), case="c-1", rules=("x",)).encode())
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] = data.draw(st.integers(0, 255))
    try:
        rows = look_rows(0, bytes(raw))
    except Damaged:
        return
    assert all(len(row) == len(NAMES) for row in rows)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["e-a", "e-b"]),
            st.none() | st.integers(0, 6),
            st.none() | st.integers(0, 6),
            st.sampled_from(["u1", "u2"]),
        ),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_a_principal_has_one_row_at_a_time(spans, shuffler):
    """Whatever the rows say, no instant has two of one principal, and their order does not matter."""
    rows = [StaffRow(who=w, unit=u, function="support", valid_from=a, valid_to=b) for w, a, b, u in spans]
    made = list(staff_rows(rows))
    for who in ("e-a", "e-b"):
        for t in range(-1, 8):
            holding = [
                r for r in made if r[0] == who and (r[-2] is None or r[-2] <= t) and (r[-1] is None or t < r[-1])
            ]
            said = [s for s in spans if s[0] == who and (s[1] is None or s[1] <= t) and (s[2] is None or t < s[2])]
            assert len(holding) <= 1
            assert not (holding and not said)
    shuffler.shuffle(rows)
    assert list(staff_rows(rows)) == made


def test_rows_fit_their_tables():
    """Each table's rows have its columns, in its order."""
    case = next(iter(case_rows([CaseRow(case="c", type="fraud_review", opened=3, queue="q", known_from=2)])))
    assert dict(zip(TABLES["cases"], case, strict=True))["known_from"] == 2
    named = next(iter(case_person_rows([CasePersonRow(case="c", person="p", added=3, first=False)])))
    assert dict(zip(TABLES["case_persons"], named, strict=True)) == {
        "case_id": "c", "person": "p", "added": 3, "added_by": None, "added_by_home": None,
        "known_from": None,
        "known_to": None, "first": 0,
    }  # fmt: skip

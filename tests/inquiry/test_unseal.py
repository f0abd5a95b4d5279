# SPDX-License-Identifier: Apache-2.0
"""Names: for two who are independent, on record before anything opens, and with the persons before theirs do."""

from dataclasses import replace

import pytest
from tests.directory.town import FakeJournal
from tests.inquiry.room import BEGAN, COMPANY, DAY, HOUR, Failing

from whosaw.errors import BadInput, IdempotencyConflict, OutcomeUnknown, Unavailable
from whosaw.facts.columns import micros
from whosaw.inquiry import unseal as module
from whosaw.inquiry.record import Unsealing
from whosaw.inquiry.step import Refused
from whosaw.inquiry.unseal import Unsealed, unseal
from whosaw.model.record import canonical


@pytest.fixture
def case(room):
    """Two of support looked at two persons without a reason: a finding."""
    room.observe("ana", "kate")
    room.observe("hugo", "kate", "paul")
    room.lay("f-000001", ["ana", "hugo"], ["kate", "paul"])
    return room


@pytest.fixture
def opened(monkeypatch):
    """Every name that is opened, in order."""
    names = []

    def noting(real):
        def open_one(*given):
            names.append(given[-1])
            return real(*given)

        return open_one

    monkeypatch.setattr(module, "unseal_person", noting(module.unseal_person))
    monkeypatch.setattr(module, "unseal_principal", noting(module.unseal_principal))
    return names


def codes(answer):
    assert isinstance(answer, Refused), answer
    return [reason.code for reason in answer.reasons]


def test_two_who_are_independent_read_the_names(case):
    """The principals behind the finding, and no person: theirs must be asked for."""
    answer = unseal("f-000001", "ines", "omar", case.desk, case.keys)
    assert isinstance(answer, Unsealed)
    assert {name.pseudonym: name.id for name in answer.principals} == {case.e("ana"): "ana", case.e("hugo"): "hugo"}
    assert answer.persons == ()
    (body,) = case.ledger()
    assert body == case.ledger("unseal")[0]
    assert (body["id"], body["finding"], body["outcome"]) == (answer.step, "f-000001", "opened")
    assert (body["requester"], body["approver"]) == (case.e("ines"), case.e("omar"))
    assert (body["principals"], body["persons"]) == (sorted([case.e("ana"), case.e("hugo")]), 0)
    assert case.here.journal.reader().frame(answer.index).body == canonical(body)
    assert [b["kind"] for b in case.about("kate")] == ["look", "mention"]


def test_persons_learn_that_their_name_was_opened(case):
    """Each person's stream holds who opened it and for what, and not who else is named; the ledger holds the count."""
    answer = unseal("f-000001", "ines", "omar", case.desk, case.keys, persons=True)
    assert {name.pseudonym: name.id for name in answer.persons} == {case.p("kate"): "kate", case.p("paul"): "paul"}
    assert [body["persons"] for body in case.ledger()] == [2]
    for person in ("kate", "paul"):
        theirs = case.about(person)[-1]
        assert (theirs["kind"], theirs["id"], theirs["persons"], theirs["principals"]) == ("unseal", answer.step, 1, [])
        assert (theirs["requester"], theirs["approver"]) == (case.e("ines"), case.e("omar"))
    assert case.desk.streams.person("mira") is None


def test_the_record_is_durable_before_any_name_opens(case, opened):
    """Where the journal raises at the first record, stored or not, no name was opened."""
    for error in (Unavailable("down", part="journal"), OutcomeUnknown("failed", part="journal")):
        for late in (False, True):
            desk = case.with_journal(Failing(case.here.journal, error, late=late))
            with pytest.raises(type(error)):
                unseal("f-000001", "ines", "omar", desk, case.keys, persons=True)
            assert opened == []


@pytest.mark.parametrize("late", [False, True], ids=["lost", "stored"])
def test_no_name_is_handed_out_before_the_persons_have_their_record(case, opened, late):
    """Where the second record fails, the call raises: the persons' names were needed to find their streams, and nobody
    gets them; the principals' were not opened. The same key goes on from there, without a second record.
    """
    desk = case.with_journal(Failing(case.here.journal, OutcomeUnknown("failed", part="journal"), at=1, late=late))
    with pytest.raises(OutcomeUnknown):
        unseal("f-000001", "ines", "omar", desk, case.keys, persons=True, key="k")
    assert sorted(opened) == sorted([case.p("kate"), case.p("paul")])
    answer = unseal("f-000001", "ines", "omar", case.desk, case.keys, persons=True, key="k")
    assert sorted(name.id for name in answer.persons) == ["kate", "paul"]
    assert len(case.ledger()) == 1
    assert [body["kind"] for body in case.about("kate")] == ["look", "mention", "unseal"]


def test_records_come_in_their_order(case):
    """First the ledger, then each person; what is handed out comes last."""
    journal = FakeJournal()
    unseal("f-000001", "ines", "omar", case.with_journal(journal), case.keys, persons=True)
    first, second = journal.submissions
    assert [record.stream.id for record in first.records] == ["inquiry"]
    assert sorted(record.stream.id for record in second.records) == ["kate", "paul"]
    assert first.caller == second.caller == f"inquiry/{case.e('ines')}"


@pytest.mark.parametrize(
    ("requester", "approver", "expected"),
    [
        ("ines", "ines", ["same", "common-manager", "same-unit"]),
        ("ines", "sven", ["common-manager"]),
        ("ines", "board", ["line"]),
        ("ines", "stranger", ["approver-unknown", "unit-unknown"]),
        ("stranger", "omar", ["requester-unknown", "unit-unknown"]),
        ("ines", "gone", ["approver-left", "unit-unknown"]),
        ("ines", "stopped", ["approver-suspended"]),
        ("ines", "ana", ["approver-named", "approver-unit-of-named"]),
        ("ana", "omar", ["requester-named", "requester-unit-of-named"]),
        ("ines", "lead", ["approver-line-of-named"]),
        ("lead", "omar", ["requester-line-of-named"]),
    ],
)
def test_who_is_not_independent_is_refused_on_record(case, opened, requester, approver, expected):
    """Every reason that speaks is said and recorded; no name is opened, and no person's stream is touched."""
    before = case.about("kate")
    answer = unseal("f-000001", requester, approver, case.desk, case.keys, persons=True)
    assert codes(answer) == expected
    (body,) = case.ledger()
    assert (body["outcome"], body["reasons"], body["id"]) == ("refused", expected, answer.step)
    assert (body["requester"], body["approver"]) == (case.e(requester), case.e(approver))
    assert opened == []
    assert case.about("kate") == before


def test_no_finding_no_names(case, opened):
    """An id that no finding has is refused on record, without the id: free text can be a name."""
    answer = unseal("kate-miller", "ines", "omar", case.desk, case.keys)
    assert codes(answer) == ["no-finding"]
    assert [body["finding"] for body in case.ledger()] == [None]
    assert opened == []


@pytest.mark.parametrize("finding", ["", "a b", "x" * 65, "p-abcdefghijklmnop", "e-abcdefghijklmnop", "../f", "f\n"])
def test_what_can_be_no_id_changes_nothing(case, finding):
    """Not an id at all: bad input, and nothing is recorded."""
    with pytest.raises(BadInput):
        unseal(finding, "ines", "omar", case.desk, case.keys)
    assert case.ledger() == []


def test_a_stale_directory_opens_nothing(case):
    """Nobody can say who is independent by tables that nobody confirms; or by those of the future."""
    case.clock.at += 2 * DAY
    assert codes(unseal("f-000001", "ines", "omar", case.desk, case.keys)) == ["directory-stale"]
    case.load()
    assert isinstance(unseal("f-000001", "ines", "omar", case.desk, case.keys), Unsealed)


def test_a_principal_nobody_knows_cannot_be_judged(case):
    """Named, and in no directory: nobody can say who is apart from them, until the directory can."""
    case.lay("f-000002", ["ana", "shadow"], ["kate"])
    assert codes(unseal("f-000002", "ines", "omar", case.desk, case.keys)) == ["named-unknown"]


def test_a_reorganised_unit_clears_nobody(case):
    """An approver who left the unit of those named after their first look is still of it; before it, no longer."""
    moved = [
        row | {"unit": "help-ie", "manager": "counsel"} if row["staff_id"] == "omar" else row
        for row in COMPANY["staff"]
    ]
    case.load(staff=moved)
    at = micros(case.clock.at)
    case.lay("f-000002", ["ana"], ["kate"], window=(at, at))
    case.clock.at += HOUR
    case.load()
    assert codes(unseal("f-000002", "ines", "omar", case.desk, case.keys)) == ["approver-unit-of-named"]
    later = micros(case.clock.at)
    case.lay("f-000003", ["ana"], ["kate"], window=(later, later))
    assert isinstance(unseal("f-000003", "ines", "omar", case.desk, case.keys), Unsealed)


def test_an_approval_is_not_returned(case):
    """Who approved for me asks, and I approve: not within thirty days. A refused request returns nothing."""
    unseal("f-000001", "ines", "stopped", case.desk, case.keys)
    assert isinstance(unseal("f-000001", "ines", "omar", case.desk, case.keys), Unsealed)
    assert isinstance(unseal("f-000001", "ines", "omar", case.desk, case.keys), Unsealed)
    assert codes(unseal("f-000001", "omar", "ines", case.desk, case.keys)) == ["returned"]
    case.clock.at += 31 * DAY
    case.load()
    assert isinstance(unseal("f-000001", "omar", "ines", case.desk, case.keys), Unsealed)


def test_a_retry_is_the_same_step(case, opened):
    """The same key, also after a lost answer: one record, the same names."""
    desk = case.with_journal(Failing(case.here.journal, OutcomeUnknown("failed", part="journal"), late=True))
    with pytest.raises(OutcomeUnknown):
        unseal("f-000001", "ines", "omar", desk, case.keys, key="k")
    assert opened == []
    first, again = (unseal("f-000001", "ines", "omar", case.desk, case.keys, key="k") for _ in range(2))
    assert first == again
    assert len(case.ledger()) == 1


def test_a_refusal_stays_one(case, opened):
    """A retry decides nothing anew, whatever the directory says by then."""
    first = unseal("f-000001", "ines", "stopped", case.desk, case.keys, key="k")
    case.load(staff=[row | {"suspended": ""} for row in COMPANY["staff"]])
    assert unseal("f-000001", "ines", "stopped", case.desk, case.keys, key="k") == first
    assert isinstance(unseal("f-000001", "ines", "stopped", case.desk, case.keys), Unsealed)


def test_an_approval_is_for_exactly_these_names(case, opened):
    """A key that was used opens nothing but what was asked for then: no persons beside, no finding that grew, none gone."""
    unseal("f-000001", "ines", "omar", case.desk, case.keys, key="k")
    before = list(opened)
    with pytest.raises(IdempotencyConflict):
        unseal("f-000001", "ines", "omar", case.desk, case.keys, key="k", persons=True)
    case.lay("f-000001", ["ana", "finn", "hugo"], ["kate", "paul"])
    with pytest.raises(IdempotencyConflict):
        unseal("f-000001", "ines", "omar", case.desk, case.keys, key="k")
    case.findings.clear()
    with pytest.raises(IdempotencyConflict):
        unseal("f-000001", "ines", "omar", case.desk, case.keys, key="k")
    assert opened == before
    assert len(case.ledger()) == 1


def test_a_name_that_is_not_kept_is_none(case):
    """A principal whom nobody remembered has no name to open; the answer says so and fails for nobody else."""
    unknown = "e-" + "a" * 16
    rows = (
        *case.desk.staff(),
        replace(
            next(row for row in case.desk.staff() if row.who == case.e("ana")),
            who=unknown,
            unit="elsewhere",
            manager=None,
        ),
    )
    case.findings["f-000001"] = replace(case.findings["f-000001"], principals=(case.e("ana"), unknown))
    answer = unseal("f-000001", "ines", "omar", replace(case.desk, staff=lambda: rows), case.keys)
    assert {name.id for name in answer.principals} == {"ana", None}


def test_no_value_prints_a_name(case):
    """Names land in no log: neither theirs, nor a pseudonym, nor the keys."""
    answer = unseal("f-000001", "ines", "omar", case.desk, case.keys, persons=True)
    text = repr(answer) + repr(answer.principals) + repr(case.keys) + repr(case.desk)
    for hidden in ("ana", "hugo", "kate", "paul", case.e("ana"), case.p("kate")):
        assert f"'{hidden}'" not in text
    body = Unsealing.decode(canonical(case.ledger()[0]))
    assert case.e("ines") not in repr(body)
    assert answer.receipt
    assert BEGAN < case.clock.at


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("ines", "omar", ["tied"]),
        ("ines", "ana", ["requester-tied-to-named"]),
        ("omar", "ana", ["approver-tied-to-named"]),
    ],
)
def test_who_lives_with_one_of_them_opens_no_name(case, opened, one, other, expected):
    """The two with each other, or one with somebody named; also where they moved apart since the first look."""
    staff = [row | ({"household": "oak lane 1"} if row["staff_id"] in (one, other) else {}) for row in COMPANY["staff"]]
    case.load(staff=staff)
    assert codes(unseal("f-000001", "ines", "omar", case.desk, case.keys)) == expected
    case.clock.at += HOUR
    case.load()
    assert codes(unseal("f-000001", "ines", "omar", case.desk, case.keys)) == expected
    assert opened == []


def test_a_unit_re_organised_the_day_before_makes_nobody_independent(case):
    """sven was of the board's line until yesterday: of the two units and lines, both count for thirty days."""
    staff = [row | ({"manager": "counsel"} if row["staff_id"] == "sven" else {}) for row in COMPANY["staff"]]
    case.load(staff=staff)
    case.clock.at += HOUR
    at = micros(case.clock.at)
    case.lay("f-000004", ["ana"], ["kate"], window=(at, at))
    assert codes(unseal("f-000004", "ines", "sven", case.desk, case.keys)) == ["common-manager"]
    case.clock.at += 31 * DAY
    case.load(staff=staff)
    assert isinstance(unseal("f-000004", "ines", "sven", case.desk, case.keys), Unsealed)

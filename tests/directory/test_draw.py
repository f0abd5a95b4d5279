# SPDX-License-Identifier: Apache-2.0
"""Samples: drawn here, at random, from finished cases, for somebody else than the one who orders them."""

from collections import Counter

import pytest
from tests.directory.town import AT, DAY, HOUR, TOWN, Office
from tests.privacy.keys import counted

from whosaw.directory.draw import draw
from whosaw.errors import BadInput
from whosaw.model.record import parse

CASES = [
    {"case_id": f"C-{n}", "type": "support_request", "opened": "2026-02-20T10:00:00Z", "closed": "2026-02-25T10:00:00Z",
     "assignee": "bo", "opened_by": "portal"} for n in range(20)
]  # fmt: skip
NAMED = [{"case_id": f"C-{n}", "person": "mira" if n % 2 else "kim", "added_by": "portal"} for n in range(20)]
ASIDE = [
    {"case_id": "open", "type": "t", "opened": "2026-02-20T10:00:00Z"},
    {"case_id": "old", "type": "t", "opened": "2025-02-20T10:00:00Z", "closed": "2025-02-25T10:00:00Z"},
    {
        "case_id": "own",
        "type": "t",
        "opened": "2026-02-20T10:00:00Z",
        "closed": "2026-02-25T10:00:00Z",
        "assignee": "ana",
    },
]


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    named = [*NAMED, *({"case_id": each["case_id"], "person": "jonas"} for each in ASIDE)]
    made.load({**TOWN, "cases": [*CASES, *ASIDE], "case_persons": named})
    yield made
    made.close()


def drawn(office, checker="ana", by="carl", count=5, random=None):
    who = [office.names.principal(each) for each in (checker, by)]
    return draw(*who, count, office=office.changes, random=random or counted())


def test_a_sample_is_a_case_of_its_own_and_on_record(office):
    """Assigned to the checker, opened by who ordered it, naming the persons, and drawn: no other case is."""
    sample = drawn(office)
    assert len(sample.cases) == 5 and set(sample.cases) <= {f"C-{n}" for n in range(20)}
    body = parse(office.journal.submissions[-1].records[0].body)
    assert (body["source"], body["tables"]["cases"]) == ("whosaw", {"rows": 1, "new": 1, "ended": 0})
    office.clock.turn(HOUR)
    case = office.known("ana", "mira", sample.case).case
    assert (case.type, case.drawn, case.assigned, case.opened_by) == ("quality_sample", True, True, "other")
    assert case.named.by == "other"
    assert case.closed == AT + 7 * DAY
    assert office.known("carl", "mira", sample.case).case.opened_by == "principal"
    assert office.known("ana", "jonas", sample.case).case.named is None


def test_every_case_is_as_likely_as_every_other(office):
    """Four thousand cases drawn by as many seeds: none is favoured, and those aside never come."""
    random, counts = counted("many"), Counter()
    for _ in range(40):
        counts.update(drawn(office, random=random).cases)
    assert set(counts) <= {f"C-{n}" for n in range(20)}
    assert sum(counts.values()) == 200
    assert max(counts.values()) < 25


@pytest.mark.parametrize(
    ("change", "what"), [({"count": 0}, "1 to 40"), ({"count": 41}, "1 to 40"), ({"by": "ana"}, "does not draw")]
)
def test_what_is_no_sample(office, change, what):
    with pytest.raises(BadInput, match=what):
        drawn(office, **change)


def test_where_nothing_was_closed_there_is_nothing_to_draw(office):
    """No case, no record."""
    office.clock.turn(60 * DAY)
    records = len(office.journal.submissions)
    with pytest.raises(BadInput, match="no case that names somebody"):
        drawn(office)
    assert len(office.journal.submissions) == records

# SPDX-License-Identifier: Apache-2.0
"""Several sources: each speaks for its own rows, is as fresh as it confirms, and what forbids in one, forbids."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.directory.town import AT, DAY, HOUR, TOWN, Office

from whosaw.directory.change import Said, bring, confirm, retire, source_name
from whosaw.directory.content import rows_of, span
from whosaw.directory.directory import Directory
from whosaw.directory.tables import FOR_EVER, micros
from whosaw.errors import BadInput, Busy, Damaged, OutcomeUnknown, Unavailable
from whosaw.model.record import parse

NOTHING = {table: [] for table in TOWN}


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def staff(office, who, **more):
    """A row of the staff table, as a source other than the tables says it."""
    names = office.names
    cells = {
        "principal": names.principal(who), "unit": "support-1", "function": "support", "role": None, "manager": None,
        "employer": None, "country": "IE", "site": None, "household": None, "own_person": None, "suspended": False,
        "contract_country": None, **span(None, None),
    }  # fmt: skip
    return cells | more


def say(office, who, *rows, source="scim"):
    about = {"principal": office.names.principal(who)}
    return bring([Said("staff", about, rows_of(rows))], source=source, office=office.changes, principals=[who])


def test_a_change_of_one_is_a_record_and_ends_nobody_elses_rows(office):
    """SCIM says one member of staff: one record that names the source and nobody, and everything else stays."""
    office.load()
    before = office.everything()
    office.clock.turn(HOUR)
    say(office, "zoe", staff(office, "zoe"))
    body = parse(office.journal.submissions[-1].records[0].body)
    assert (body["source"], body["change"]) == ("scim", 1)
    assert body["tables"] == {"staff": {"rows": 1, "new": 1, "ended": 0}}
    assert "e-" not in str(body)
    after = office.everything()
    assert [row for row in after["staff"] if row["source"] == "csv"] == before["staff"]
    assert "zoe" in office.names.remembered


def test_tables_never_wipe_what_another_source_said(office):
    """The folder of the tables is loaded again, and once without anything: the others' rows stay."""
    office.load()
    say(office, "zoe", staff(office, "zoe"))
    office.clock.turn(HOUR)
    office.load(NOTHING)
    known = office.known("zoe", "mira")
    assert known.principal.active
    assert {row["source"] for row in office.everything()["staff"] if row["known_to"] == FOR_EVER} == {"scim"}


def test_a_source_changes_what_it_said_and_what_was_stays_known(office):
    """Somebody moves: one row ends, one begins; the old unit is known as it was then."""
    office.load()
    then = office.clock.turn(HOUR)
    say(office, "zoe", staff(office, "zoe", unit="fraud-1"))
    now = office.clock.turn(HOUR)
    draft = say(office, "zoe", staff(office, "zoe", unit="support-1"))
    assert (draft.counts["staff"].new, draft.counts["staff"].ended) == (1, 1)
    assert office.known("zoe", "u-bo", at=now).relation.colleague
    assert not office.known("zoe", "u-bo", at=then).relation.colleague
    assert office.known("zoe", "u-finn", at=then).relation.colleague


def test_the_same_again_is_only_a_confirmation(office):
    """What a source repeats changes no row and makes no record; only its feed is newer."""
    office.load()
    say(office, "zoe", staff(office, "zoe"))
    records, rows = len(office.journal.submissions), office.everything()
    office.clock.turn(HOUR)
    assert say(office, "zoe", staff(office, "zoe")).same
    confirm("scim", office.changes)
    assert (len(office.journal.submissions), office.everything()) == (records, rows)
    assert {feed.source: feed.confirmed for feed in office.directory.feeds(office.clock.at)} == {
        "csv": AT, "scim": AT + HOUR,
    }  # fmt: skip


def test_a_source_that_never_said_anything_confirms_nothing(office):
    """A probe by an identity provider makes no source that everybody would have to wait for."""
    office.load()
    confirm("scim", office.changes)
    assert [feed.source for feed in office.directory.feeds(office.clock.at)] == ["csv"]


def test_each_source_goes_stale_for_itself(office):
    """The one nearest to its limit, or furthest beyond, is what a look is judged by."""
    directory = Directory(office.engine, timedelta(hours=24), {"scim": timedelta(hours=3)})
    office.load()
    say(office, "zoe", staff(office, "zoe"))
    later = office.clock.turn(4 * HOUR)
    assert [(feed.source, feed.stale(later)) for feed in directory.feeds(later)] == [("csv", False), ("scim", True)]
    known = directory.known(office.names.principal("ana"), office.names.person("mira"), None, later)
    assert (known.feed.confirmed, known.feed.limit) == (AT, timedelta(hours=3))
    confirm("scim", office.changes)
    known = directory.known(office.names.principal("ana"), office.names.person("mira"), None, later)
    assert known.feed.confirmed == later


def test_tickets_and_our_own_samples_are_no_feed(office):
    """They are asked case by case: their silence is not everybody's."""
    office.load()
    case = {
        "case_id": "J-1", "type": "support_request", "opened": micros(AT), "closed": FOR_EVER, "assignee": None,
        "requester": None, "approver": None, "status": None, "opened_by": office.names.principal("bo"), "queue": "q-help",
    }  # fmt: skip
    for source in ("tickets", "whosaw"):
        about = {"case_id": f"{source}-1"}
        bring([Said("cases", about, rows_of([case | about]))], source=source, office=office.changes)
    assert [feed.source for feed in office.directory.feeds(office.clock.at)] == ["csv"]
    assert office.known("ana", "mira", "tickets-1").case.assigned
    office.load(NOTHING)
    assert office.known("ana", "mira", "tickets-1").case is not None


def test_a_retired_source_says_nothing_and_is_waited_for_no_longer(office):
    """Its rows end on record; before that moment everything is as it was; it may begin again."""
    office.load()
    say(office, "zoe", staff(office, "zoe"))
    before = office.clock.at
    office.clock.turn(HOUR)
    retire("scim", office.changes)
    body = parse(office.journal.submissions[-1].records[0].body)
    assert (body["retired"], body["source"], body["tables"]["staff"]["ended"]) == (True, "scim", 1)
    assert [feed.source for feed in office.directory.feeds(office.clock.at)] == ["csv"]
    assert [feed.source for feed in office.directory.feeds(before)] == ["csv", "scim"]
    assert office.known("zoe", "mira").principal is None
    assert office.known("zoe", "mira", at=before).principal.active
    with pytest.raises(BadInput, match="no such source"):
        retire("scim", office.changes)
    office.clock.turn(HOUR)
    say(office, "zoe", staff(office, "zoe"))
    assert [feed.source for feed in office.directory.feeds(office.clock.at)] == ["csv", "scim"]


JOINED = [
    # what the tables say of ana; what SCIM says of her; active, suspended, country
    ({}, {}, (True, False, {"IE", "EU", "all"})),
    ({}, {"valid_to": 0}, (False, False, {"IE", "EU", "all"})),
    ({"valid_to": "2026-01-01T00:00:00Z"}, {}, (False, False, {"IE", "EU", "all"})),
    ({}, {"suspended": True}, (True, True, {"IE", "EU", "all"})),
    ({"suspended": "true"}, {}, (True, True, {"IE", "EU", "all"})),
    ({}, {"country": "DE"}, (True, False, {"EU", "all"})),
    ({}, {"country": "US"}, (True, False, {"all"})),
    ({}, {"country": None}, (True, False, {"IE", "EU", "all"})),
]  # fmt: skip


@pytest.mark.parametrize(("tables", "scim", "said"), JOINED)
def test_what_forbids_in_one_forbids(office, tables, scim, said):
    """Gone by one is gone, suspended by one is suspended, and of two countries what they have in common."""
    office.load({**TOWN, "staff": [{**row, **tables} if row["staff_id"] == "ana" else row for row in TOWN["staff"]]})
    say(office, "ana", staff(office, "ana", **scim))
    facts = office.known("ana", "mira").principal
    assert (facts.active, facts.suspended, facts.regions) == said


def test_all_units_and_managers_count_and_no_unit_helps_where_two_differ(office):
    """A colleague by one source is a colleague; a case of a unit's queue is theirs only where all agree."""
    office.load()
    assert office.known("finn", "mira", "T-3").case.assigned
    say(office, "finn", staff(office, "finn", unit="audit", function="fraud", manager=office.names.principal("gus")))
    assert not office.known("finn", "mira", "T-3").case.assigned
    office.load(
        {
            **TOWN,
            "staff": [{**row, "own_person": "u-gus"} if row["staff_id"] == "gus" else row for row in TOWN["staff"]],
        }
    )
    relation = office.known("finn", "u-gus").relation
    assert relation.colleague and relation.line
    assert office.known("finn", "u-carl").relation.line


def test_two_functions_are_a_contradiction(office):
    """Of two kinds of work none is the stricter: nothing is decided before the sources agree. Unknown is none."""
    office.load()
    say(office, "ana", staff(office, "ana", function="unknown"))
    assert office.known("ana", "mira").principal.function == "support"
    say(office, "ana", staff(office, "ana", function="fraud"))
    with pytest.raises(Damaged, match="staff says two things"):
        office.known("ana", "mira")


@pytest.mark.parametrize(
    ("fate", "error", "recorded"), [("lost", OutcomeUnknown, 0), ("late", OutcomeUnknown, 1), ("down", Unavailable, 0)]
)
def test_without_a_durable_record_nothing_takes_effect(office, fate, error, recorded):
    """The journal fails: no row, and what belongs to the change is not written either; again, and there is one record."""
    office.load()
    written = []
    about = {"principal": office.names.principal("zoe")}
    said = [Said("staff", about, rows_of([staff(office, "zoe")]))]
    office.journal.fate = fate
    with pytest.raises(error):
        bring(said, source="scim", office=office.changes, beside=lambda _, now: written.append(now))
    assert (written, office.known("zoe", "mira").principal) == ([], None)
    assert len(office.journal.submissions) == 1 + recorded
    office.journal.fate = "ok"
    bring(said, source="scim", office=office.changes, beside=lambda _, now: written.append(now))
    assert written == [micros(office.clock.at)]
    assert office.known("zoe", "mira").principal.active
    assert len(office.journal.submissions) == 2


def test_what_belongs_to_a_change_fails_with_it(office):
    """Whoever writes beside the rows raises: the rows are not there either, and another may come first."""
    office.load()

    def fails(_db, _now):
        raise Busy("somebody else was first", part="directory")

    about = {"principal": office.names.principal("zoe")}
    with pytest.raises(Busy):
        bring(
            [Said("staff", about, rows_of([staff(office, "zoe")]))], source="scim", office=office.changes, beside=fails
        )
    assert office.known("zoe", "mira").principal is None


@pytest.mark.parametrize("name", ["", "CSV", "a b", "1csv", "x" * 33, "csv\n", "p-é"])
def test_names_of_sources(name):
    """A short word: it stands in records, settings and on the command line."""
    with pytest.raises(BadInput):
        source_name(name)
    assert source_name("payroll-2") == "payroll-2"


WHO, UNITS = ("ana", "bo", "zoe"), ("support-1", "fraud-1", "audit")
STEPS = st.lists(
    st.tuples(st.sampled_from(("scim", "payroll")), st.sampled_from(WHO), st.sampled_from((*UNITS, None))), max_size=12
)


@settings(max_examples=15, deadline=None)
@given(STEPS)
def test_any_order_of_changes_is_what_each_source_said_last(tmp_path_factory, steps):
    """A model: by source and principal the unit that was said last; and every earlier moment keeps its answer."""
    office = Office(tmp_path_factory.mktemp("sources"))
    model, answers = {}, []
    for source, who, unit in steps:
        rows = [] if unit is None else [staff(office, who, unit=unit)]
        say(office, who, *rows, source=source)
        model[source, who] = unit
        now = office.clock.turn(timedelta(seconds=1))
        found = {
            (row["source"], row["principal"]): row["unit"] for row in office.directory.rows("staff", now)
        }  # fmt: skip
        said = {(s, office.names.principal(w)): u for (s, w), u in model.items() if u is not None}
        assert found == said
        answers.append((now, found))
        office.clock.turn(timedelta(seconds=1))
    for at, found in answers:
        assert {(row["source"], row["principal"]): row["unit"] for row in office.directory.rows("staff", at)} == found
    office.close()


def test_a_moment_before_the_first_change_knows_no_source(office):
    """As of then there was nobody to wait for."""
    office.load()
    assert office.directory.feeds(AT - DAY) == ()

# SPDX-License-Identifier: Apache-2.0
"""Facts that came with the guard: contract, duty, links, what a case lists, and what it mixes; and the seam for others' tables."""

import pytest
from tests.directory.town import AT, DAY, HOUR, TOWN, Office

from whosaw.directory.change import Said, bring
from whosaw.directory.content import rows_of
from whosaw.directory.directory import Directory
from whosaw.directory.ports import Stopped
from whosaw.directory.tables import FOR_EVER, micros
from whosaw.model.access import Asked


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def more(table, *rows, **tables):
    return {**TOWN, table: [*TOWN.get(table, []), *rows], **tables}


def changed(who, **cells):
    return [{**row, **cells} if row["staff_id"] == who else row for row in TOWN["staff"]]


def test_the_country_of_the_contract_where_it_is_another(office):
    """Where the tables name one, its regions; where they do not, nothing is said besides where somebody works."""
    office.load({**TOWN, "staff": changed("ana", contract_country="US")})
    ana, bo = office.known("ana", "mira").principal, office.known("bo", "mira").principal
    assert (ana.regions, ana.employed) == ({"IE", "EU", "all"}, {"US", "all"})
    assert (bo.regions, bo.employed) == ({"IE", "EU", "all"}, None)


def test_on_call_from_when_until_when(office):
    """A duty is an assignment: it begins and ends like one."""
    duty = {"staff_id": "bo", "scope_kind": "on_call", "scope": "night", "from": "2026-03-02T10:00:00Z",
            "to": "2026-03-02T11:00:00Z"}  # fmt: skip
    office.load(more("assignments", duty))
    half = HOUR / 2
    on = [office.known("bo", "mira", at=AT + n * half).principal.on_call for n in range(5)]
    assert on == [False, True, True, False, False]
    assert not office.known("ana", "mira", at=AT + half).principal.on_call


@pytest.mark.parametrize(
    ("kind", "family", "colleague"),
    [("family", 1, 0), ("household", 1, 0), ("partner", 1, 0), ("friend", 1, 0), ("colleague", 0, 1), ("coworker", 0, 1),
     ("contact", 0, 0), ("follows", 0, 0), ("device", 0, 0), ("ip", 0, 0)],
)  # fmt: skip
@pytest.mark.parametrize("ends", [("u-ana", "mira"), ("mira", "u-ana")])
def test_links_are_read_from_both_ends(office, kind, family, colleague, ends):
    """Whoever is written first; and only for the one whose own account it is."""
    office.load({**TOWN, "links": [{"a": ends[0], "b": ends[1], "kind": kind}]})
    relation = office.known("ana", "mira").relation
    assert (relation.family, relation.colleague) == (bool(family), bool(colleague))
    assert not office.known("bo", "mira").relation.family
    assert not office.known("ana", "jonas").relation.family


def test_a_link_that_ended_ties_for_thirty_days_more(office):
    """Ended by its own time or by a table that has it no longer; and what was then, stays what it was."""
    office.load({**TOWN, "links": [{"a": "mira", "b": "u-ana", "kind": "family", "to": "2026-03-02T12:00:00Z"}]})
    assert office.known("ana", "mira", at=AT + HOUR).relation.family
    assert office.known("ana", "mira", at=AT + 30 * DAY).relation.family
    assert not office.known("ana", "mira", at=AT + 31 * DAY).relation.family
    office.clock.turn(HOUR)
    office.load({**TOWN, "links": []})
    assert office.known("ana", "mira", at=office.clock.at + 29 * DAY).relation.family
    assert not office.known("ana", "mira", at=office.clock.at + 30 * DAY).relation.family
    assert office.known("ana", "mira", at=office.clock.at - HOUR / 2).relation.family


def test_what_a_case_lists_for_a_person(office):
    """The list, each field with its detail; none where there is none."""
    listed = [
        {**row, "fields": ["profile", "ip:network"]} if row["case_id"] == "T-1" else row for row in TOWN["case_persons"]
    ]
    office.load({**TOWN, "case_persons": listed})
    named = office.known("ana", "mira", "T-1").case.named
    assert named.fields == {Asked.parse("ip:network"), Asked.parse("profile")}
    assert office.known("finn", "mira", "T-3").case.named.fields is None


def test_a_case_that_names_staff_and_outsiders(office):
    """By the class of the account or by whose account it is; both kinds make it mixed, one alone does not."""
    office.load()
    assert not office.known("ana", "mira", "T-1").case.mixed
    for account in ("u-ana", "u-bo"):
        office.clock.turn(HOUR)
        office.load(more("case_persons", {"case_id": "T-1", "person": account}))
        assert office.known("finn", "mira", "T-1").case.mixed
        assert office.known("finn", account, "T-1").case.mixed
    office.clock.turn(HOUR)
    staff_only = [row for row in TOWN["case_persons"] if row["case_id"] != "T-1"]
    office.load(
        {
            **TOWN,
            "case_persons": [*staff_only, {"case_id": "T-1", "person": "u-ana"}, {"case_id": "T-1", "person": "u-bo"}],
        }
    )
    assert not office.known("finn", "u-ana", "T-1").case.mixed


NEAR = [
    ({"added": "2026-03-01T12:00:00Z", "added_by": "bo"}, True),
    ({"added": "2026-03-01T12:00:00Z", "added_by": "ana"}, False),
    ({"added": "2026-03-01T12:00:00Z"}, False),
    ({"added": "2026-03-09T12:00:00Z", "added_by": "bo"}, False),
]


@pytest.mark.parametrize(("naming", "counts"), NEAR)
def test_a_case_that_names_somebody_linked(office, naming, counts):
    """Named before, by another hand than that of the one who looks; and not needed where the person is named."""
    office.load({
        **more("case_persons", {"case_id": "T-3", "person": "u-finn", **naming}),
        "links": [{"a": "u-dora", "b": "u-finn", "kind": "contact"}],
    })  # fmt: skip
    assert office.known("ana", "u-dora", "T-3").case.names_link is counts
    assert not office.known("ana", "kim", "T-3").case.names_link
    assert not office.known("ana", "u-finn", "T-3").case.names_link


@pytest.mark.parametrize(("naming", "counts"), NEAR)
def test_a_case_that_names_a_protected_person_reaches_nobody_around_them(office, naming, counts):
    """The circle of a journalist is no shortcut, however they were named; whoever is looked at is named in the case."""
    office.load({
        **more("case_persons", {"case_id": "T-3", "person": "jonas", **naming}),
        "links": [{"a": "u-dora", "b": "jonas", "kind": "contact"}],
    })  # fmt: skip
    assert not office.known("ana", "u-dora", "T-3").case.names_link


def test_who_lives_together_is_linked_without_a_link(office):
    """The household of the table of persons is one, too."""
    home = [
        {**row, "household": "oak street 1"} if row["person"] in ("mira", "u-dora") else row for row in TOWN["persons"]
    ]
    named = {"case_id": "T-2", "person": "u-dora", "added": "2026-03-01T11:00:00Z", "added_by": "ana"}
    office.load({**more("case_persons", named), "persons": home})
    assert office.known("finn", "mira", "T-2").case.names_link
    assert not office.known("finn", "kim", "T-2").case.names_link


def test_a_sample_that_was_drawn_here_is_told_from_a_case_of_that_name(office):
    """Only what this source of ours says is drawn; no table can say it."""
    office.load(more("cases", {"case_id": "S-2", "type": "quality_sample", "opened": "2026-03-01T10:00:00Z"}))
    case = {
        "case_id": "S-1", "type": "quality_sample", "opened": micros(AT), "closed": FOR_EVER, "assignee": None,
        "requester": None, "approver": None, "status": None, "opened_by": None, "queue": None,
    }  # fmt: skip
    bring([Said("cases", {"case_id": "S-1"}, rows_of([case]))], source="whosaw", office=office.changes)
    assert office.known("ana", "mira", "S-1").case.drawn
    assert not office.known("ana", "mira", "S-2").case.drawn


def test_what_other_tables_say_of_a_principal_counts(office):
    """Suspended there is suspended; what they cannot say, nobody guesses."""
    office.load()
    said = {}

    def elsewhere(db, principal, at):
        assert db.in_transaction()
        return said.get(principal, Stopped())

    directory = Directory(office.engine, DAY, elsewhere=elsewhere)
    ana, mira = office.names.principal("ana"), office.names.person("mira")
    assert not directory.known(ana, mira, None, AT).principal.suspended
    assert directory.present(ana, AT)
    said[ana] = Stopped(suspended=True, owes_review=True)
    facts = directory.known(ana, mira, None, AT).principal
    assert (facts.suspended, facts.owes_review) == (True, True)
    assert not directory.present(ana, AT)

    def fails(_db, _principal, _at):
        raise OSError("not there")

    with pytest.raises(OSError, match="not there"):
        Directory(office.engine, DAY, elsewhere=fails).known(ana, mira, None, AT)


def test_who_was_a_colleague_or_lived_there_in_these_days_still_is(office):
    """A unit renamed, a line cut, a home, an account and a tie taken out yesterday open nothing; thirty days later they do."""
    changed = {"bo": {"unit": "new", "manager": None}, "carl": {"own_person": None}, "ana": {"manager": None}}
    links = [{"a": "u-ana", "b": "jonas", "kind": "friend"}]
    office.load({**TOWN, "links": links})
    office.clock.turn(DAY)
    staff = [{**row, **changed.get(row["staff_id"], {})} for row in TOWN["staff"]]
    persons = [{**row, "household": None} for row in TOWN["persons"]]
    office.load({**TOWN, "staff": staff, "persons": persons, "links": []})
    office.clock.turn(29 * DAY)

    def relations():
        return [
            office.known("ana", whom).relation for whom in ("u-bo", "u-carl", "kim", "jonas")
        ]  # fmt: skip

    bo, carl, kim, jonas = relations()
    assert (bo.colleague, carl.line, kim.household, jonas.family) == (True, True, True, True)
    office.clock.turn(2 * DAY)
    bo, carl, kim, jonas = relations()
    assert (bo.colleague, carl.line, kim.household, jonas.family) == (False, False, False, False)

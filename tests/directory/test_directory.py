# SPDX-License-Identifier: Apache-2.0
"""What is known of a look: of principal, person, relation, case and feed, then as well as now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from tests.directory.town import AT, DAY, HOUR, MINUTE, TOWN, Office

from whosaw.directory.tables import micros
from whosaw.errors import Damaged, Unavailable
from whosaw.policy.facts import CaseFacts, FeedFacts, NamedFacts, PersonFacts, PrincipalFacts, RelationFacts

OPENED = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    made.load()
    made.clock.turn(HOUR)
    yield made
    made.close()


def test_the_whole_of_one_look(office):
    """Everything the policy needs of one look, from one question."""
    known = office.known("ana", "mira", "T-1")
    assert known.principal == PrincipalFacts(
        function="support", active=True, suspended=False, regions=frozenset({"IE", "EU", "all"})
    )
    assert known.person == PersonFacts(region="EU", protected=False, staff=False)
    assert known.relation == RelationFacts(own=False, household=False, colleague=False, line=False)
    assert known.feed == FeedFacts(confirmed=AT, limit=timedelta(hours=24))
    assert known.case == CaseFacts(
        type="support_request",
        opened=OPENED,
        closed=None,
        opened_by="other",
        requested_by_principal=False,
        assigned=True,
        requested_by_person=True,
        named=NamedFacts(added=OPENED, by="other"),
    )


def test_nothing_is_known_of_an_empty_directory(tmp_path):
    """Before the first load everything is None."""
    office = Office(tmp_path)
    known = office.known("ana", "mira", "T-1")
    assert [known.principal, known.person, known.relation, known.case, known.feed] == [None] * 5
    office.close()


PRINCIPALS = [
    ("nobody", None),
    ("left", ("support", False, False)),
    ("stopped", ("support", True, True)),
    ("gus", ("audit", True, False)),
]


@pytest.mark.parametrize(("principal", "said"), PRINCIPALS)
def test_principals(office, principal, said):
    """Unknown, departed, suspended, present."""
    facts = office.known(principal, "mira").principal
    assert (facts and (facts.function, facts.active, facts.suspended)) == said


def test_who_left_was_there_before(office):
    """A departed principal is active at the moments of their contract; the end is out."""
    office.clock.turn(DAY)
    end = datetime(2026, 2, 1, tzinfo=UTC)
    rows = office.directory
    for at, active in ((end - MINUTE, True), (end, False)):
        with office.engine.begin() as db:
            db.execute(text("UPDATE staff SET known_from = :k"), {"k": micros(end - DAY)})
        facts = rows.known(office.names.principal("left"), office.names.person("mira"), None, at).principal
        assert facts.active is active


PERSONS = [
    ("nobody", None),
    ("mira", ("EU", False, False)),
    ("jonas", ("EU", True, False)),
    ("nowhere", (None, False, False)),
    ("u-ana", ("EU", False, True)),
    ("u-bo", ("EU", False, True)),
    ("was-press", ("EU", False, False)),
]


@pytest.mark.parametrize(("person", "said"), PERSONS)
def test_persons(office, person, said):
    """Region, the one bit of protection, and whether the account is of our own staff."""
    facts = office.known("gus", person).person
    assert (facts and (facts.region, facts.protected, facts.staff)) == said


RELATIONS = [
    ("ana", "mira", ""), ("ana", "jonas", ""), ("gus", "u-ana", ""), ("finn", "u-ana", ""),
    ("ana", "u-ana", "own household"), ("ana", "kim", "household"), ("bo", "kim", ""),
    ("ana", "u-bo", "colleague"), ("bo", "u-ana", "colleague"),
    ("ana", "u-carl", "line"), ("ana", "u-dora", "line"), ("carl", "u-ana", "line"), ("dora", "u-finn", "line"),
    ("gus", "u-dora", "line"), ("dora", "u-dora", "own"), ("stopped", "u-ana", "colleague"),
]  # fmt: skip


@pytest.mark.parametrize(("principal", "person", "bits"), RELATIONS)
def test_relations(office, principal, person, bits):
    """Oneself, one's household, one's unit, and everybody above and below in the line."""
    relation = office.known(principal, person).relation
    assert " ".join(b for b in ("own", "household", "colleague", "line") if getattr(relation, b)) == bits


def test_a_relation_of_somebody_unknown_is_unknown(office):
    """None, not "no relation", where one of the two is not in the tables."""
    assert office.known("nobody", "mira").relation is None
    assert office.known("ana", "nobody").relation is None


def test_a_loop_in_the_reporting_line_ends(office):
    """Two managers of each other: both above both, and the question has an answer."""
    staff = [{**r, "manager": "ana"} if r["staff_id"] == "carl" else r for r in TOWN["staff"]]
    office.load({**TOWN, "staff": staff})
    assert office.known("ana", "u-carl").relation.line
    assert office.known("carl", "u-ana").relation.line
    assert not office.known("gus", "u-ana").relation.line


def test_an_endless_reporting_line_is_damage(office):
    """A line of forty managers is no line to decide from: Damaged, and the guard refuses."""
    line = [
        {"staff_id": f"m{n}", "unit": f"x{n}", "function": "admin", "manager": f"m{n + 1}", "own_person": f"o{n}"}
        for n in range(40)
    ]
    office.load({**TOWN, "staff": line, "persons": [{"person": "o39"}, {"person": "o5"}]})
    with pytest.raises(Damaged, match="reporting line"):
        office.known("m0", "o39")
    with pytest.raises(Damaged, match="reporting line"):
        office.known("m0", "o5")


CASES = [
    # principal, person, case: opened by, at one's request, assigned, named since, by
    ("ana", "mira", "T-1", ("other", False, True, OPENED, "other")),
    ("bo", "mira", "T-1", ("other", False, False, OPENED, "other")),
    ("portal", "mira", "T-1", ("principal", False, False, OPENED, "principal")),
    ("ana", "jonas", "T-1", ("other", False, True, None, None)),
    ("ana", "jonas", "T-2", ("other", True, True, OPENED, "principal")),
    ("bo", "jonas", "T-2", ("principal", False, False, OPENED, "other")),
    ("finn", "mira", "T-3", ("principal", False, True, AT, "unknown")),
    ("ana", "mira", "T-3", ("other", False, False, AT, "unknown")),
    ("finn", "mira", "T-4", ("unknown", False, False, None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("principal", "person", "case", "said"), CASES)
def test_cases(office, principal, person, case, said):
    """Who opened it, on whose request, in whose hands it is, and since when and by whom it names the person.

    A queue assignment that ended, or one of another kind, is none. A naming without a time is as old as our knowledge.
    """
    facts = office.known(principal, person, case).case
    named = (None, None) if facts.named is None else (facts.named.added, facts.named.by)
    assert (facts.opened_by, facts.requested_by_principal, facts.assigned, *named) == said


@pytest.mark.parametrize("hand", ["ana", "u-ana", "kim"])
def test_ones_private_account_and_household_are_ones_own_hand(office, hand):
    """A case asked for, opened or filled from one's own account, or from that of somebody at home, is made up for the look."""
    cases = [
        *TOWN["cases"],
        {"case_id": "T-6", "type": "support_request", "opened": "2026-03-01T10:00:00Z", "assignee": "ana",
         "requester": hand, "opened_by": hand},
    ]  # fmt: skip
    names = [*TOWN["case_persons"], {"case_id": "T-6", "person": "jonas", "added_by": hand}]
    office.clock.turn(HOUR)
    office.load({**TOWN, "cases": cases, "case_persons": names})
    mine, others = office.known("ana", "jonas", "T-6").case, office.known("finn", "jonas", "T-6").case
    assert (mine.opened_by, mine.requested_by_principal, mine.named.by) == ("principal", True, "principal")
    assert (others.opened_by, others.requested_by_principal, others.named.by) == ("other", False, "other")


def test_an_own_account_that_only_the_staff_table_has_is_ones_own(office):
    """The product may know accounts that the table of persons leaves out."""
    office.clock.turn(HOUR)
    office.load({**TOWN, "persons": [row for row in TOWN["persons"] if row["person"] not in ("u-ana", "u-bo")]})
    assert office.known("ana", "u-ana").relation == RelationFacts(own=True, household=True, colleague=False, line=False)
    assert office.known("ana", "u-bo").relation.colleague
    assert office.known("ana", "u-ana").person is None


def test_a_case_ends_at_its_time_or_with_its_status(office):
    """A time of closing counts; where there is none, a status that says "over" counts from when we heard of it."""
    assert office.known("finn", "mira", "T-3").case.closed == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert office.known("finn", "mira", "T-4").case.closed == AT
    assert office.known("finn", "mira", "T-1").case.closed is None
    assert office.known("finn", "mira", "T-99").case is None
    assert office.known("finn", "mira", None).case is None


def test_then_is_what_was_known_then(office):
    """A case filed later explains nothing before; a person named later was not named before; the end of an hour is out."""
    before = office.known("ana", "jonas", "T-5")
    cases = [
        *TOWN["cases"],
        {
            "case_id": "T-5",
            "type": "support_request",
            "opened": "2026-02-01T10:00:00Z",
            "assignee": "ana",
            "opened_by": "bo",
        },
    ]
    names = [
        *TOWN["case_persons"],
        {"case_id": "T-5", "person": "jonas", "added": "2026-02-01T10:00:00Z", "added_by": "bo"},
    ]
    then, now = office.clock.at, office.clock.turn(HOUR)
    office.load({**TOWN, "cases": cases, "case_persons": names})
    assert before.case is None
    for at, there in ((then, False), (now - timedelta(microseconds=1), False), (now, True), (now + DAY, True)):
        assert (office.known("ana", "jonas", "T-5", at=at).case is not None) is there
    # What is asked again about an old moment has the old answer, to the last bit.
    assert office.known("ana", "jonas", "T-5", at=then) == before


def test_a_person_who_was_taken_off_the_list_was_on_it(office):
    """Protection ends thirty days after we learn that it ended: taking somebody off the list the day before opens nothing."""
    then, now = office.clock.at, office.clock.turn(HOUR)
    persons = [{**row, "classes": []} if row["person"] == "jonas" else row for row in TOWN["persons"]]
    office.load({**TOWN, "persons": persons})
    assert office.known("gus", "jonas", at=then).person.protected
    assert office.known("gus", "jonas", at=now).person.protected
    assert office.known("gus", "jonas", at=now + 30 * DAY - MINUTE).person.protected
    assert not office.known("gus", "jonas", at=now + 30 * DAY).person.protected


def test_a_protection_that_had_its_own_end_lasts_thirty_days_more(office):
    """The row says until when: from then on it is thirty days, whenever we learnt of it; a later edit prolongs nothing."""
    until = datetime(2026, 3, 1, tzinfo=UTC)
    persons = [
        {"person": "lena", "region": "EU", "classes": ["press"], "valid_to": "2026-03-01T00:00:00Z"},
        {"person": "lena", "region": "EU", "valid_from": "2026-03-01T00:00:00Z"},
    ]
    office.load({**TOWN, "persons": [*TOWN["persons"], *persons]})
    office.clock.turn(HOUR)
    moved = [{**row, "region": "US"} for row in persons]
    office.load({**TOWN, "persons": [*TOWN["persons"], *moved]})
    assert office.known("gus", "lena", at=until + 30 * DAY - MINUTE).person.protected
    assert not office.known("gus", "lena", at=until + 30 * DAY).person.protected


def test_where_somebody_lived_is_remembered_for_thirty_days(office):
    """Whoever is brought into one's own region the day before was of another one until then; and so is who really moves."""
    office.load({**TOWN, "persons": [*TOWN["persons"], {"person": "lena", "region": "US"}]})
    moved = office.clock.turn(HOUR)
    office.load({**TOWN, "persons": [*TOWN["persons"], {"person": "lena", "region": "IE"}]})

    def lives(at):
        person = office.known("gus", "lena", at=at).person
        return person.region, person.before

    assert lives(moved - MINUTE) == ("US", frozenset())
    assert lives(moved) == ("IE", frozenset({"US"}))
    assert lives(moved + 30 * DAY - MINUTE) == ("IE", frozenset({"US"}))
    assert lives(moved + 30 * DAY) == ("IE", frozenset())


def test_the_feed_is_the_newest_confirmation_before_the_moment(office):
    """Each load confirms; a moment before the first has none."""
    later = office.clock.turn(DAY)
    office.load()
    assert office.known("ana", "mira", at=AT).feed.confirmed == AT
    assert office.known("ana", "mira", at=later - MINUTE).feed.confirmed == AT
    assert office.known("ana", "mira", at=later).feed.confirmed == later
    assert office.known("ana", "mira", at=AT - MINUTE).feed is None


HARD = [
    "x' OR '1'='1", "x'; DROP TABLE staff; --", '"', "%", "_", "\\", "?", ":k", "{}", "Zoë Ångström", "Zoe\u0308", "Zoë",
    "李雷", "محمد", "👩", "a" * 200, "é" * 100, "p-aaaaaaaaaaaaaaaa", "NULL", "0", "' UNION SELECT 1 --",
]  # fmt: skip


def test_hard_ids_are_only_ids(office):
    """Whatever an id looks like, it is found under itself and under nothing else, in every table that takes one."""
    tables = {
        "staff": [{"staff_id": i, "unit": i, "function": "support", "country": "IE", "own_person": i} for i in HARD],
        "persons": [{"person": i, "region": i} for i in HARD],
        "cases": [
            {"case_id": i, "type": i, "opened": "2026-03-01T10:00:00Z", "queue": i, "opened_by": "bo"} for i in HARD
        ],
        "case_persons": [{"case_id": i, "person": i, "added_by": i} for i in HARD],
        "assignments": [{"staff_id": i, "scope_kind": "queue", "scope": i} for i in HARD],
    }
    office.load(tables)
    for principal in HARD:
        for person in HARD:
            known = office.known(principal, person, person)
            same = principal == person
            assert known.person.region == person
            assert known.relation.own is same
            assert (known.case.type, known.case.assigned) == (person, same)
            assert known.case.named.by == ("principal" if same else "other")
    for other in ("x", "' OR ''='", "%%", "Z%"):
        known = office.known(other, other, other)
        assert (known.principal, known.person, known.case) == (None, None, None)
    assert len(office.everything()["staff"]) == len(TOWN["staff"]) + len(HARD)


def test_what_contradicts_itself_is_damage(office):
    """Two versions of one person at one moment, put there behind our back: Damaged, never the first of the two."""
    with office.engine.begin() as db:
        db.execute(text(
            "INSERT INTO persons (digest, known_from, known_to, person, region, protected, staff, valid_from, valid_to) "
            "SELECT digest, known_from, known_to, person, region, 0, staff, valid_from, valid_to FROM persons WHERE person = :p"
        ), {"p": office.names.person("jonas")})  # fmt: skip
    with pytest.raises(Damaged, match="persons says two things"):
        office.known("gus", "jonas")
    assert office.known("gus", "mira").person


def test_a_directory_that_cannot_be_read_says_so(office):
    """A lost table, a file that is none: Unavailable, without statement, path or value."""
    with office.engine.begin() as db:
        db.execute(text("DROP TABLE cases"))
    with pytest.raises(Unavailable) as caught:
        office.known("ana", "mira", "T-1")
    said = f"{caught.value} {caught.value.hint}"
    assert "SELECT" not in said and "p-" not in said and "T-1" not in said
    assert caught.value.__suppress_context__


def test_all_reads_of_one_question_see_one_state(office):
    """A load that commits between two reads of a question does not show in the second."""
    from whosaw.directory.transaction import reading
    from whosaw.directory.view import View

    office.clock.turn(HOUR)
    with reading(office.engine) as db:
        view = View(db, micros(office.clock.at + DAY))
        assert view.staff(office.names.principal("ana")).unit == "support-1"
        staff = [{**row, "unit": "elsewhere"} for row in TOWN["staff"]]
        assert office.load({**TOWN, "staff": staff}).changed
        assert view.staff(office.names.principal("ana")).unit == "support-1"


def test_facts_are_values(office):
    """The same question has an equal answer."""
    assert office.known("ana", "mira", "T-1") == office.known("ana", "mira", "T-1")
    assert replace(office.known("ana", "mira", "T-1"), case=None) == office.known("ana", "mira")

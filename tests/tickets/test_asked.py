# SPDX-License-Identifier: Apache-2.0
"""What a system says becomes facts of the directory: by pseudonym, on record first, and for seconds only."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from tests.tickets.counter import AT, DAY, HOUR, Counter, Told, case, given, named, queued, who

from whosaw.errors import BadInput, Busy, Unavailable
from whosaw.model.access import Asked
from whosaw.tickets.accounts import read_accounts
from whosaw.tickets.ports import silent

SECOND = timedelta(seconds=1)


@pytest.fixture
def counter(tmp_path):
    made = Counter(tmp_path)
    yield made
    made.close()


def test_a_case_is_seen_as_its_system_tells_it(counter):
    """The town's tables know no T-9, and none of this came from them."""
    found = counter.looked()
    assert not found.case_silent
    assert (found.case.type, found.case.opened, found.case.closed) == ("support_request", AT - DAY, None)
    assert (found.case.opened_by, found.case.requested_by_principal, found.case.assigned) == ("other", False, True)
    assert (found.case.named.added, found.case.named.by) == (AT - DAY, "other")
    assert counter.system.asked == ["9"]


def test_what_tables_say_of_such_a_case_counts_no_more(counter):
    """T-1 is in the tables, and open there; its system says that there is none."""
    assert counter.known("ana", "mira", "T-1").case is not None
    counter.system.said = None
    assert counter.looked(number=1).case is None
    counter.system.said = case(persons=())
    counter.clock.turn(HOUR)
    assert counter.looked(number=1).case.named is None


def test_a_case_of_no_system_is_not_asked_for(counter):
    """And says what it always said."""
    counter.system.said = silent("it answered 500")
    assert counter.tickets.see("X-1") == "" and counter.tickets.see(None) == ""
    assert counter.system.asked == []


@pytest.mark.parametrize(
    ("changes", "fact", "expect"),
    [
        ({"openers": (who("ana"),)}, "opened_by", "principal"),
        ({"openers": (who("portal"), who("ana"))}, "opened_by", "principal"),
        ({"openers": (who("ana"), who("bo"))}, "opened_by", "principal"),
        ({"openers": (who("portal"), None)}, "opened_by", "unknown"),
        ({"openers": (who("stranger"),)}, "opened_by", "unknown"),
        ({"openers": ()}, "opened_by", "unknown"),
        ({"openers": (("mira@",),)}, "opened_by", "other"),
        ({"requesters": (("mira@",), who("ana"))}, "requested_by_principal", True),
        ({"requesters": (who("stranger"),)}, "requested_by_principal", False),
        ({"assigned": (given("ana", "ana"),)}, "assigned", False),
        ({"assigned": (given("ana", None),)}, "assigned", False),
        ({"assigned": (given("ana", "stranger"),)}, "assigned", False),
        ({"assigned": (given("bo", "carl"),)}, "assigned", False),
        ({"assigned": (given("bo", "carl"), given("ana", "carl"))}, "assigned", True),
        ({"assigned": (), "queued": (queued("q-help", "portal"),)}, "assigned", True),
        ({"assigned": (), "queued": (queued("q-help", "ana"),)}, "assigned", False),
        ({"assigned": (), "queued": (queued("q-other", "portal"),)}, "assigned", False),
        ({"assigned": (), "queued": (queued("support-1", "portal"),)}, "assigned", True),
        ({"type": "other"}, "type", "other"),
    ],
)
def test_each_fact_follows_from_the_hands(shared, changes, fact, expect):
    """One hand of the one who looks is enough, and so is one that nobody can name."""
    counter = shared
    counter.clock.turn(HOUR)
    counter.system.said = case(**changes)
    assert getattr(counter.looked().case, fact) == expect


@pytest.mark.parametrize(
    ("hands", "since", "by"),
    [
        (("portal",), AT - DAY, "other"),
        (("portal", "ana"), AT - DAY, "principal"),
        (("portal", None), AT - DAY, "unknown"),
        (("stranger",), AT - DAY, "unknown"),
        (("portal",), None, "unknown"),
    ],
)
def test_who_named_the_person(shared, hands, since, by):
    """Where the history cannot say since when, it cannot say by whom."""
    counter = shared
    counter.clock.turn(HOUR)
    counter.system.said = case(persons=(named("mira", since, hands),))
    assert counter.looked().case.named.by == by


def test_closed_is_closed_whatever_the_systems_clock_says(counter):
    """Its clock may be ahead of ours."""
    for closed, known in ((AT - HOUR, AT - HOUR), (AT + DAY, AT + HOUR)):
        counter.system.said = case(closed=closed)
        assert counter.looked().case.closed == known
        counter.clock.turn(HOUR)


def test_a_colleague_of_the_queue_may_look_under_what_another_put_there(counter):
    """The one who put it there may not."""
    counter.system.said = case(assigned=(), queued=(queued("support-1", "ana"),))
    assert not counter.looked("ana").case.assigned
    assert counter.looked("bo").case.assigned


def test_what_the_case_lists(counter):
    """Only where it lists; and a list of nothing that we can read is a list of nothing."""
    counter.system.said = case(persons=(named("mira", fields=["ip:network"]), named("owen"), named("jonas", fields=[])))
    counter.looked()
    rows = {
        row["person"]: row["fields"]
        for row in counter.directory.rows("case_persons", counter.clock.at)
        if row["case_id"] == "T-9"
    }
    assert [rows[counter.names.person(p)] for p in ("mira", "owen", "jonas")] == ["ip:network", None, ""]
    assert Asked.parse("ip:network")


def test_an_answer_counts_for_seconds(counter):
    """The second look asks nothing; after that it is asked again."""
    counter.looked()
    counter.clock.turn(4 * SECOND)
    counter.looked("bo")
    assert len(counter.system.asked) == 1
    counter.clock.turn(2 * SECOND)
    counter.looked()
    assert len(counter.system.asked) == 2


def test_what_was_seen_does_not_outlive_its_time(counter):
    """Even where nobody asks again: a gate that forgot to ask refuses."""
    counter.looked()
    assert not counter.known("ana", "mira", "T-9", AT + 6 * SECOND).case_silent
    late = counter.known("ana", "mira", "T-9", AT + 8 * SECOND)
    assert late.case_silent and late.case is None


def test_silence_is_kept_and_ends_with_the_next_answer(counter):
    """There is no last known good; and no restart."""
    counter.looked()
    counter.clock.turn(HOUR)
    counter.system.said = silent("it answered 503")
    assert counter.tickets.see("T-9") == "desk: it answered 503"
    found = counter.known("ana", "mira", "T-9")
    assert found.case_silent and found.case is None
    assert counter.tickets.standing() == {"desk": "it answered 503"}
    counter.system.said = case()
    found = counter.looked()
    assert found.case is not None and not found.case_silent
    assert counter.tickets.standing() == {"desk": ""}


def test_closed_meanwhile(counter):
    """What was open this morning is closed now, and the morning's look is replayed as it was."""
    counter.looked()
    morning = counter.clock.at
    counter.clock.turn(HOUR)
    counter.system.said = case(closed=AT + HOUR / 2)
    assert counter.looked().case.closed == AT + HOUR / 2
    assert counter.known("ana", "mira", "T-9", morning).case.closed is None


def test_a_change_is_a_record_before_it_is_in_force(counter):
    """And one that nothing changes is none."""
    before = len(counter.journal.submissions)
    counter.looked()
    (submission,) = counter.journal.submissions[before:]
    body = json.loads(submission.records[0].body)
    assert (body["kind"], body["source"]) == ("directory", "tickets")
    assert body["tables"]["cases"] == {"ended": 0, "new": 1, "rows": 1}
    counter.clock.turn(HOUR)
    counter.looked()
    assert len(counter.journal.submissions) == before + 1


@pytest.mark.parametrize("fate", ["busy", "down", "lost"])
def test_what_could_not_be_recorded_is_not_in_force(counter, fate):
    """The guard is told, and refuses; nothing of it counts, not even that it was asked."""
    counter.journal.fate = fate
    with pytest.raises(Exception):
        counter.tickets.see("T-9")
    assert counter.known("ana", "mira", "T-9").case is None
    counter.journal.fate = "ok"
    assert counter.looked().case is not None


def test_recorded_though_it_raised(counter):
    """The next one finds the record, and brings it into force."""
    before = len(counter.journal.submissions)
    counter.journal.fate = "late"
    with pytest.raises(Exception):
        counter.tickets.see("T-9")
    assert counter.looked().case is not None
    assert len(counter.journal.submissions) == before + 1


def test_two_changes_at_once_are_compared_anew(counter, monkeypatch):
    """Another case changed between the comparison and the writing."""
    from whosaw.tickets import keep

    real, calls = keep.bring, []

    def racing(*given, **named_):
        calls.append(1)
        if len(calls) == 1:
            raise Busy("another change of the directory came first", part="directory")
        return real(*given, **named_)

    monkeypatch.setattr(keep, "bring", racing)
    assert counter.looked().case is not None and len(calls) == 2


def test_a_table_that_is_loaded_ends_no_row_of_a_system(counter):
    """Each source speaks for its own rows."""
    counter.looked()
    counter.load()
    assert counter.known("ana", "mira", "T-9").case is not None


def test_nobody_stands_in_the_tables_by_name(counter, tmp_path):
    """Neither persons, nor staff, nor accounts."""
    counter.looked()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    for name in (b"@ana", b"mira@", b"@portal", b"stranger"):
        assert name not in raw


def test_a_case_name_that_would_lead_elsewhere_is_not_asked_for(tmp_path):
    """Whatever the pattern takes."""
    counter = Counter(tmp_path, pattern="T-(.*)")
    assert counter.tickets.see("T-../../users") == ""
    assert counter.system.asked == []
    assert counter.known("ana", "mira", "T-../../users").case is None
    counter.close()


def test_accounts_are_read_whole_or_not_at_all(counter, tmp_path):
    """Rows are named, never what stands in them."""
    file = tmp_path / "a.csv"
    for text, where in (
        ("account,staff_id\nx,y\n", "header"),
        ("account,staff_id,person\nx,ana,mira\n", "row 2"),
        ("account,staff_id,person\nx,,\n", "row 2"),
        ("account,staff_id,person\nx,ana,\nX,bo,\n", "row 3"),
        ("account,staff_id,person\nx,ana\n", "row 2"),
        ('account,staff_id,person\n"x,ana,\n', "a.csv"),
    ):
        file.write_text(text)
        with pytest.raises(BadInput) as raised:
            read_accounts(file, "desk", counter.names)
        assert where in str(raised.value) and "ana" not in str(raised.value)


def test_two_names_of_one_account_that_lead_to_two_are_nobody(counter):
    """Somebody may have taken over an address that was another's."""
    counter.system.said = case(openers=(("@portal", "@bo"),))
    assert counter.looked().case.opened_by == "unknown"
    counter.clock.turn(HOUR)
    counter.system.said = case(openers=(("77", "@PORTAL"),))
    assert counter.looked().case.opened_by == "other"


PEOPLE = st.sampled_from(["ana", "bo", "carl", "portal", "stranger", None])


@settings(max_examples=60)
@drawn(
    openers=st.lists(PEOPLE, max_size=3), assigners=st.lists(PEOPLE, max_size=2), hands=st.lists(PEOPLE, min_size=1, max_size=3),
    data=st.data(),
)  # fmt: skip
def test_no_hand_of_the_one_who_looks_is_lost(shared, openers, assigners, hands, data):
    """An oracle in a few lines: whoever did it, or nobody knows, is what the facts say."""
    del data
    counter = shared
    counter.clock.turn(HOUR)
    counter.system.said = case(
        openers=tuple(map(who, openers)),
        assigned=tuple(given("ana", by) for by in assigners),
        persons=(named("mira", hands=hands),),
    )
    found = counter.looked().case

    def told(names):
        if "ana" in names:
            return "principal"
        return "unknown" if not names or {None, "stranger"} & set(names) else "other"

    assert found.opened_by == told(openers)
    assert found.named.by == told(hands)
    assert found.assigned == bool({"bo", "carl", "portal"} & set(assigners))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Counter(tmp_path_factory.mktemp("counter"))
    yield made
    made.close()


@pytest.mark.postgres
def test_postgres_answers_alike(tmp_path):
    """A case is seen, edited, kept from tables, and silent, in the database of many gates."""
    from tests import postgres

    from whosaw.store.pg import Database
    from whosaw.store.state import shared_state_engine

    with postgres.server() as pg:
        database = Database(pg.database())
        counter = Counter(tmp_path, engine=shared_state_engine(database))
        found = counter.looked()
        assert (found.case.opened_by, found.case.assigned, found.case.named.by) == ("other", True, "other")
        assert counter.known("ana", "mira", "T-1").case is not None
        counter.clock.turn(HOUR)
        assert counter.known("ana", "mira", "T-9").case_silent
        counter.system.said = case(openers=(who("ana"),))
        assert counter.looked().case.opened_by == "principal"
        assert counter.tickets.standing() == {"desk": ""}
        counter.close()
        database.close()


def test_the_fake_is_a_system():
    """It fails as the port says."""
    told = Told(silent("no"))
    with pytest.raises(Unavailable):
        told.case("1", 0.0)
    assert replace(case(), type="x").type == "x"

# SPDX-License-Identifier: Apache-2.0
"""What is remembered of state.db: the same answers as without it, at every instant, and none once somebody has written."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest
from tests.directory.town import DAY, HOUR, TOWN, Office, engine_on

from whosaw.directory.directory import Directory
from whosaw.directory.remembered import memory_of, once
from whosaw.directory.tables import instant
from whosaw.directory.view import PROTECTED_ON
from whosaw.errors import Unavailable
from whosaw.store.state import state_engine

MICROSECOND = timedelta(microseconds=1)
ASKED = [
    (who, whom, case)
    for who in ("ana", "bo", "left")
    for whom in ("mira", "was-press", "u-bo")
    for case in ("T-1", "T-2", None)
]
TIMES = ("known_from", "known_to", "valid_from", "valid_to")


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    made.load()
    yield made
    made.close()


def anew(office):
    """A directory over the same file that remembers nothing."""
    return Directory(engine_on(office.path), timedelta(hours=24))


def lives(office):
    """A town in which people move, leave, are protected and no longer are; hour after hour, through a month and a half."""
    staff, persons = [dict(row) for row in TOWN["staff"]], [dict(row) for row in TOWN["persons"]]
    for step, hours in enumerate((1, 30, 24 * 20, 24 * 9, 24 * 15)):
        office.clock.turn(hours * HOUR)
        staff[1] = {**staff[1], "unit": f"support-{step}", "own_person": f"u-bo{step % 2 or ''}"}
        persons[0] = {**persons[0], "household": "elm street 4" if step % 2 else None}
        persons[0]["classes"] = ["press"] if step == 1 else []
        office.load({**TOWN, "staff": staff, "persons": persons})


def test_whatever_is_remembered_is_what_would_be_read(office):
    """Around each time that stands in a row, and thirty days later: asked in any order, both say the same."""
    lives(office)
    with closing(sqlite3.connect(office.path)) as db:
        found = _times(db)
    near = [instant(time) + by for time in found for by in (timedelta(0), PROTECTED_ON)]
    at = sorted({each + by for each in near for by in (-MICROSECOND, timedelta(0))})
    random, other = Random(1), anew(office)
    questions = [(asked, each) for asked in ASKED for each in random.sample(at, min(12, len(at)))]
    random.shuffle(questions)
    for (who, whom, case), each in questions:
        names = office.names.principal(who), office.names.person(whom), case
        assert office.directory.known(*names, each) == other.known(*names, each), (who, whom, case, each)


def _times(db):
    """Every time in a row, that is none of those for ever."""
    found = set()
    for table in ("staff", "persons", "cases", "case_persons", "assignments"):
        columns = {row[1] for row in db.execute(f"PRAGMA table_info({table})")} & {*TIMES, "added"}
        for name in sorted(columns):
            found |= {row[0] for row in db.execute(f"SELECT {name} FROM {table}")}
    return {time for time in found if time is not None and abs(time) < 2**61}


def test_a_second_question_asks_the_database_for_nothing_but_whether_it_changed(office):
    """No row is read for it; another instant is the same answer, until something begins or ends."""
    first = office.known("ana", "mira", "T-1")
    memory = memory_of(office.engine)
    kept = dict(memory.kept)
    office.clock.turn(HOUR)
    assert office.known("ana", "mira", "T-1") == first
    assert memory.kept == kept


@pytest.mark.parametrize("elsewhere", [False, True])
def test_whoever_is_stopped_is_stopped_at_the_next_question(office, elsewhere):
    """Written by this process or by another one: what was remembered is forgotten."""
    assert not office.known("ana", "mira", "T-1").principal.suspended
    stop = "INSERT INTO suspensions (principal, code, known_from, known_to) VALUES (?, 'test', 0, ?)"
    given = (office.names.principal("ana"), 2**62)
    if elsewhere:
        with closing(sqlite3.connect(office.path)) as db:
            db.execute(stop, given)
            db.commit()
    else:
        with office.engine.begin() as db:
            db.exec_driver_sql(stop, given)
    assert office.known("ana", "mira", "T-1").principal.suspended


def test_a_file_that_is_gone_or_another_one_answers_nothing_of_before(office, tmp_path):
    """Taken away: nobody is known from memory. Another in its place: what that one says."""
    office.known("ana", "mira", "T-1")
    (tmp_path / "other").mkdir()
    other = Office(tmp_path / "other")
    other.close()
    for path in tmp_path.glob("state.db-*"):
        path.unlink()
    office.path.rename(tmp_path / "aside.db")
    with pytest.raises(Unavailable):
        office.known("ana", "mira", "T-1")
    office.path.unlink(missing_ok=True)  # the engine of tests makes an empty one
    other.path.rename(office.path)
    assert office.known("ana", "mira", "T-1").principal is None


def test_a_case_that_names_many_is_counted_alike_by_the_database(office):
    """Forty persons, one of the staff: mixed, whoever counts; and so it is with three of them."""
    office.clock.turn(DAY)
    for many in (3, 40):
        named = [{"case_id": "T-1", "person": f"other-{n}", "added_by": "portal"} for n in range(many)]
        rows = [*TOWN["case_persons"], *named]
        office.load({**TOWN, "case_persons": rows})
        assert not office.known("ana", "mira", "T-1").case.mixed
        assert office.known("ana", "mira", "T-1").case.named is not None
        office.load({**TOWN, "case_persons": [*rows, {"case_id": "T-1", "person": "u-bo", "added_by": "portal"}]})
        assert office.known("ana", "mira", "T-1").case.mixed


def test_a_state_db_that_is_gone_is_unavailable_and_comes_back_by_itself(tmp_path):
    """As a gate opens it: no empty file is made in its place, and nobody is told what was in it."""
    made = Office(tmp_path)
    made.load()
    made.close()
    engine = state_engine(made.path)
    known = Directory(engine, timedelta(hours=24)).known
    asked = made.names.principal("ana"), made.names.person("mira"), "T-1", made.clock.at
    first = known(*asked)
    made.path.rename(tmp_path / "aside.db")
    for _ in range(2):
        with pytest.raises(Unavailable):
            known(*asked)
    assert not made.path.exists()
    (tmp_path / "aside.db").rename(made.path)
    assert known(*asked) == first
    engine.dispose()


def stop(office):
    with closing(sqlite3.connect(office.path)) as db:
        db.execute(
            "INSERT INTO suspensions (principal, code, known_from, known_to) VALUES (?, 'test', 0, ?)",
            (office.names.principal("ana"), 2**62),
        )
        db.commit()


def test_in_a_block_it_is_asked_once_whether_anybody_has_written(office):
    """What is written after the first question of a block is seen by the next block; before it, by this one; and by others at once."""
    asked = []
    memory_of(office.engine)._which = lambda real=memory_of(office.engine)._which: asked.append(1) or real()

    def stopped():
        return office.known("ana", "mira", "T-1").principal.suspended

    assert not stopped()
    before = len(asked)
    with once():
        assert [stopped() for _ in range(5)] == [False] * 5
        assert len(asked) == before + 1
        with ThreadPoolExecutor(1) as other:
            stop(office)
            assert not stopped()
            assert other.submit(stopped).result()
            assert stopped()  # somebody has found out: nothing of before is answered from then on
    assert stopped()


def test_a_block_begins_with_a_question(office):
    assert not office.known("ana", "mira", "T-1").principal.suspended
    stop(office)
    with once():
        assert office.known("ana", "mira", "T-1").principal.suspended
        assert memory_of(office.engine).at_hand("nothing") is None
    assert memory_of(office.engine).at_hand("nothing") is None

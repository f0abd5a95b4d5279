# SPDX-License-Identifier: Apache-2.0
"""Loading: the record first, the effect second; once; and nothing at all of what cannot be read."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.directory.town import AT, DAY, HOUR, TOWN, Office, write

from whosaw.directory.load import Accepted
from whosaw.directory.tables import FEED, FOR_EVER, micros
from whosaw.errors import BadInput, Busy, OutcomeUnknown, Unavailable, WhosawError
from whosaw.model.record import Kind, Stream, parse


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def feed(office):
    with office.engine.connect() as db:
        return [(row.confirmed, row.change) for row in db.execute(select(FEED).order_by(FEED.c.row))]


def test_a_load_is_a_record_and_then_facts(office):
    """The first load: one record in the stream `directory`, with counts and a digest and no name, and all rows."""
    loaded = office.load()
    assert loaded.changed
    assert {name: counts.rows for name, counts in loaded.tables.items()} == {
        **{name: len(rows) for name, rows in TOWN.items()},
        "regions": 5,
    }
    (submission,) = office.journal.submissions
    (record,) = submission.records
    assert record.stream == Stream.named("directory")
    body = parse(record.body)
    assert (body["kind"], body["change"], body["at"]) == (Kind.DIRECTORY, 1, "2026-03-02T09:30:00.000Z")
    assert body["tables"]["staff"] == {"rows": 9, "new": 9, "ended": 0}
    assert not any(word in record.body.decode() for word in ("e-", "p-", "ana", "mira"))
    assert feed(office) == [(micros(AT), 1)]
    assert office.names.remembered == {row["staff_id"] for row in TOWN["staff"]}


def test_the_same_folder_twice_changes_nothing(office):
    """No table changes and nothing is recorded; only the confirmation is newer."""
    office.load()
    before = office.everything()
    office.clock.turn(2 * DAY)
    assert office.known("ana", "mira").feed.confirmed == AT
    loaded = office.load(ending=".jsonl.gz")
    assert not loaded.changed
    assert all((c.new, c.ended) == (0, 0) for c in loaded.tables.values())
    assert office.everything() == before
    assert len(office.journal.submissions) == 1
    assert office.known("ana", "mira").feed.confirmed == AT + 2 * DAY


def test_a_change_ends_one_row_and_writes_another(office):
    """What was known stays as it was known: the old row ends where the new one begins."""
    office.load()
    later = office.clock.turn(HOUR)
    moved = [{**row, "unit": "support-2"} if row["staff_id"] == "ana" else row for row in TOWN["staff"]]
    loaded = office.load({**TOWN, "staff": moved})
    assert (loaded.tables["staff"].new, loaded.tables["staff"].ended) == (1, 1)
    assert parse(office.journal.submissions[1].records[0].body)["tables"]["staff"] == {"rows": 9, "new": 1, "ended": 1}
    rows = [row for row in office.everything()["staff"] if row["principal"] == office.names.principal("ana")]
    assert [(row["unit"], row["known_from"], row["known_to"]) for row in rows] == [
        ("support-1", micros(AT), micros(later)),
        ("support-2", micros(later), FOR_EVER),
    ]


def test_back_to_an_older_folder_is_a_change_of_its_own(office):
    """Loading one folder, another, and the first again are three records and three changes."""
    for tables in (TOWN, {**TOWN, "cases": TOWN["cases"][1:]}, TOWN):
        assert office.load(tables).changed
        office.clock.turn(HOUR)
    assert len(office.journal.submissions) == 3
    assert [change for _, change in feed(office)] == [1, 2, 3]
    assert len({s.key for s in office.journal.submissions}) == 3


@pytest.mark.parametrize("table", TOWN)
def test_one_bad_cell_and_nothing_is_loaded(office, table):
    """An unreadable cell in any table: no record, no row, no name remembered."""
    write(office.folder)
    path = office.folder / f"{table}.csv"
    path.write_bytes(path.read_bytes() + b"x\r\n")
    with pytest.raises(BadInput):
        office.load_folder()
    assert office.journal.submissions == []
    assert not any(office.everything().values())
    assert feed(office) == []
    assert office.names.remembered == set()


@pytest.mark.parametrize(
    ("fate", "error", "recorded"),
    [("busy", Busy, 0), ("down", Unavailable, 0), ("lost", OutcomeUnknown, 0), ("late", OutcomeUnknown, 1)],
)
def test_without_a_durable_record_nothing_takes_effect(office, fate, error, recorded):
    """The journal fails, stored or not stored: no fact changes. Loading again brings exactly one record and all facts."""
    office.journal.fate = fate
    with pytest.raises(error):
        office.load()
    assert len(office.journal.submissions) == recorded
    assert not any(office.everything().values())
    office.journal.fate = "ok"
    office.clock.turn(timedelta(seconds=5))
    assert office.load_folder().changed
    assert len(office.journal.submissions) == 1
    # The effect is dated when it took effect, not when it was recorded: looks in between were decided without it.
    assert {row["known_from"] for row in office.everything()["staff"]} == {micros(AT + timedelta(seconds=5))}


def test_a_crash_between_record_and_effect_heals(office):
    """Killed after the record: the same folder finds its record and takes effect; another one makes its own."""
    names, remembered = office.names, office.names.remember
    names.remember = lambda _: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        office.load()
    assert len(office.journal.submissions) == 1 and not any(office.everything().values())
    names.remember = remembered
    office.clock.turn(HOUR)
    assert office.load({**TOWN, "cases": []}).changed
    assert len(office.journal.submissions) == 2
    assert office.load().changed
    assert len(office.journal.submissions) == 3


def test_a_failing_state_db_after_the_record_changes_nothing_and_heals(office):
    """The disk is full when the effect should be written: Unavailable, no half load; later the same folder loads."""
    from sqlalchemy import event

    big = {**TOWN, "persons": [{"person": f"p{n:05}" + "x" * 150, "region": "EU"} for n in range(3000)]}

    def limit(connection, _record):
        connection.execute("PRAGMA max_page_count = 60").fetchall()

    event.listen(office.engine, "connect", limit)
    with pytest.raises(Unavailable, match="directory cannot be read or written"):
        office.load(big)
    event.remove(office.engine, "connect", limit)
    assert not any(office.everything().values()) and feed(office) == []
    assert office.load_folder().changed
    assert len(office.journal.submissions) == 1
    assert len(office.everything()["persons"]) == 3000


def test_a_clock_behind_the_last_load_loads_nothing(office):
    """A clock that went back would put what we know now before what we knew then."""
    office.load()
    before = office.everything()
    office.clock.turn(-HOUR)
    with pytest.raises(Unavailable, match="the clock stands before the last load"):
        office.load({**TOWN, "cases": []})
    assert office.everything() == before
    office.clock.turn(2 * HOUR)
    assert office.load_folder().changed
    assert len(office.journal.submissions) == 2


def test_two_loads_at_once_are_one_after_the_other(office):
    """Two threads load two folders at the same moment: each one's whole content, never a mixture; a loser says Busy."""
    one = {**TOWN, "cases": TOWN["cases"][:1], "assignments": TOWN["assignments"][:1]}
    folders = [write(office.folder.parent / name, tables) for name, tables in (("a", TOWN), ("b", one))]
    from whosaw.directory.load import load

    said, start = [], threading.Barrier(2)

    def run(folder):
        start.wait()
        try:
            load(
                folder, engine=office.engine, journal=office.journal, names=office.names,
                remember=office.names.remember, clock=office.clock, accepted=Accepted(dangling=True, fewer=True),
            )  # fmt: skip
            said.append("loaded")
        except WhosawError as error:
            said.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(said) <= {"loaded", "Busy"} and "loaded" in said
    now = {t: [r for r in rows if r["known_to"] == FOR_EVER] for t, rows in office.everything().items()}
    assert (len(now["cases"]), len(now["assignments"])) in {(4, 4), (1, 1)}
    assert len(feed(office)) == said.count("loaded")


def test_state_db_holds_no_id(office):
    """Ids of staff, persons and households are nowhere in the file."""
    hard = {
        **TOWN,
        "staff": [{**TOWN["staff"][0], "staff_id": "st-secret-staff", "household": "secret-house", "own_person": "secret-own"}],
        "persons": [{"person": "secret-person", "classes": ["litigant"]}],
        "cases": [{"case_id": "T-9", "type": "t", "opened": "2026-03-01T10:00:00Z", "requester": "secret-requester",
                   "assignee": "secret-assignee", "opened_by": "secret-opener", "approver": "secret-approver"}],
        "case_persons": [{"case_id": "T-9", "person": "secret-person", "added_by": "secret-adder"}],
        "assignments": [{"staff_id": "secret-assigned", "scope_kind": "account", "scope": "secret-account"}],
    }  # fmt: skip
    office.load(hard)
    raw = b"".join(path.read_bytes() for path in office.path.parent.glob("state.db*"))
    assert b"secret" not in raw
    assert b"litigant" not in raw
    assert b"T-9" in raw


def test_a_line_of_a_gigabyte_is_not_read(office):
    """A line that never ends costs a megabyte of memory, and names its row."""
    import tracemalloc

    write(office.folder)
    with (office.folder / "persons.csv").open("wb") as file:
        file.write(b"person\r\nm")
        file.truncate(1024**3)  # sparse: a gigabyte of zero bytes that takes no room on the disk
    tracemalloc.start()
    with pytest.raises(BadInput, match=r"persons.csv row 2: longer than 1,048,576 bytes"):
        office.load_folder()
    assert tracemalloc.get_traced_memory()[1] < 16 * 1024**2
    tracemalloc.stop()

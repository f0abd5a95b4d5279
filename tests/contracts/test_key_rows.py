# SPDX-License-Identifier: Apache-2.0
"""The contracts of KeyRows and NameRows, held by the fake, by SQLite and by PostgreSQL alike."""

import dataclasses
import os
import threading

import pytest
from tests.contracts.state import state_db, state_of

from whosaw.errors import Damaged
from whosaw.privacy.epochs import EpochRow, Rerooting
from whosaw.privacy.keyring import KeyRow
from whosaw.store.memory_keys import MemoryKeyRows, MemoryNameRows
from whosaw.store.sql_keys import SqlKeyRows, SqlNameRows

LAST = 2**31 - 1


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def rows(request):
    if request.param == "memory":
        yield begun(MemoryKeyRows())
    else:
        engine = state_of(request, request.param)
        yield begun(SqlKeyRows(engine))
        engine.dispose()


def begun(rows):
    """With two epochs that rows may be of."""
    for number in (1, LAST):
        rows.begin(EpochRow(number, os.urandom(60)))
    return rows


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def names(request):
    if request.param == "memory":
        yield MemoryNameRows()
    else:
        engine = state_of(request, request.param)
        yield SqlNameRows(engine)
        engine.dispose()


def row(lookup=None, **changes):
    made = KeyRow(
        lookup=lookup or os.urandom(32),
        handle=os.urandom(16),
        generation=0,
        rekeys=0,
        epoch=1,
        wrapped=os.urandom(60),
        label_0=os.urandom(32),
        sealed_id=os.urandom(44),
    )
    return dataclasses.replace(made, **changes)


def test_a_row_comes_back_as_it_was(rows):
    """What is found is what was added, every column, with any bytes in them."""
    for lookup in (bytes(32), b"\xff" * 32, b"%" * 32, b"'" * 32, os.urandom(32)):
        made = row(lookup, generation=3, rekeys=7, epoch=LAST, wrapped=b"\x00" * 60, sealed_id=b"")
        assert rows.find(lookup) is None
        assert rows.add(made) == made
        assert rows.find(lookup) == made


def test_a_row_is_never_replaced(rows):
    """A second row for the same stream and generation is discarded, and the first one returned."""
    first = row()
    rows.add(first)
    for _ in range(3):
        assert rows.add(row(first.lookup)) == first
    assert rows.find(first.lookup) == first
    assert list(rows.all()) == [first]


def test_the_newest_generation_is_found(rows):
    """Generations stand side by side; `find` and `by_prefix` give the newest, whatever the order they came in."""
    lookup = os.urandom(32)
    made = {generation: row(lookup, generation=generation) for generation in (1, 0, 2)}
    for each in made.values():
        assert rows.add(each) == each
    assert rows.find(lookup) == made[2]
    assert rows.by_prefix(lookup[:10]) == made[2]
    assert list(rows.all()) == [made[0], made[1], made[2]]


def test_by_prefix_finds_only_what_begins_so(rows):
    """The first ten bytes find their row, at both ends of the range too, and their neighbours' do not."""
    prefixes = (bytes(10), b"\xff" * 10, b"\x00" * 9 + b"\x01", b"%_" * 5)
    made = [row(prefix + tail * 22) for prefix, tail in zip(prefixes, (b"\x00", b"\xff", b"\xff", b"a"), strict=True)]
    for each in made:
        rows.add(each)
    for prefix, each in zip(prefixes, made, strict=True):
        assert rows.by_prefix(prefix) == each
    assert rows.by_prefix(b"\x00" * 9 + b"\x02") is None
    assert rows.by_prefix(b"\xfe" * 10) is None


def test_rows_with_handles(rows):
    """As many as are asked for, and none that was not; a handle without a row is left out."""
    made = [row() for _ in range(600)]
    for each in made[:3] if isinstance(rows, SqlKeyRows) else made:
        rows.add(each)
    handles = [each.handle for each in made]
    assert sorted(found.handle for found in rows.with_handles(handles)) == sorted(
        handles[:3] if isinstance(rows, SqlKeyRows) else handles
    )
    assert rows.with_handles([os.urandom(16), made[1].handle]) == [made[1]]
    assert rows.with_handles([]) == []


def test_all_gives_every_row_once_in_order(rows):
    """Every row, each once, by lookup, across the pages that it is read in."""
    made = sorted((row() for _ in range(25)), key=lambda each: each.lookup)
    for each in made[::-1]:
        rows.add(each)
    assert list(rows.all()) == made


def test_all_pages(tmp_path):
    """Pages of any size give the same rows, also where one stream's generations lie across a border."""
    engine = state_db(tmp_path / "state.db")
    made = [row(bytes([n // 3]) * 32, generation=n % 3) for n in range(20)]
    begun(SqlKeyRows(engine))
    for each in made:
        SqlKeyRows(engine).add(each)
    for page in (1, 2, 5, 19, 20, 21):
        assert list(SqlKeyRows(engine, at_once=page).all()) == made
    engine.dispose()


def test_rows_may_be_added_while_all_are_read(rows):
    """Reading all rows neither blocks adding one nor fails because of it."""
    for _ in range(5):
        rows.add(row())
    reading = rows.all()
    next(reading)
    added = row(b"\xff" * 32)
    assert rows.add(added) == added
    assert len(list(reading)) in {4, 5}


def test_a_check_value_is_claimed_once(rows):
    """The first value stays, and every later claim is told it."""
    assert rows.claim("root", b"a" * 32) == b"a" * 32
    assert rows.claim("root", b"b" * 32) == b"a" * 32
    assert rows.claim("vrf", b"b" * 32) == b"b" * 32
    rows.add(row())
    assert rows.claim("root", b"c" * 32) == b"a" * 32


def test_no_check_value_can_be_claimed_for_rows_that_are_there(rows):
    """Rows without their check value are damage, and stay as they are."""
    made = row()
    rows.add(made)
    with pytest.raises(Damaged, match="check value"):
        rows.claim("root", b"a" * 32)
    assert list(rows.all()) == [made]


def test_threads_that_add_at_once_are_told_one_row(rows):
    """Eight threads, one stream: all are given the row that is stored."""
    lookup, gate, found = os.urandom(32), threading.Barrier(8), []

    def add():
        mine = row(lookup)
        gate.wait()
        found.append(rows.add(mine))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {rows.find(lookup)}


def test_a_name_is_kept_and_stays(names):
    """The first sealed name of a pseudonym stays; another pseudonym has none."""
    assert names.find("e-aaaaaaaaaaaaaaaa") is None
    names.add("e-aaaaaaaaaaaaaaaa", b"one")
    names.add("e-aaaaaaaaaaaaaaaa", b"two")
    assert names.find("e-aaaaaaaaaaaaaaaa") == b"one"
    assert names.find("e-AAAAAAAAAAAAAAAA") is None


def test_a_row_gets_one_more_key(rows):
    """Where it stands as it was read; another's change stays; generations are told apart; what is gone is None."""
    old = rows.add(row())
    other = rows.add(row(old.lookup, generation=1))
    new = dataclasses.replace(old, rekeys=1, sealed_id=os.urandom(44))
    assert rows.rekey(old, new) == new
    assert rows.rekey(old, dataclasses.replace(old, rekeys=1, sealed_id=os.urandom(44))) == new
    assert rows.rekey(new, dataclasses.replace(new, rekeys=2)).rekeys == 2
    assert rows.find(old.lookup) == other
    assert next(iter(rows.with_handles([old.handle]))).rekeys == 2
    gone = row()
    assert rows.rekey(gone, dataclasses.replace(gone, rekeys=1)) is None


# ── epochs ──


def test_an_epoch_is_kept_as_it_was_begun(rows):
    """The first that was begun of a number stays; they are told by number; its key may be none."""
    assert [each.number for each in rows.epochs()] == [1, LAST]
    made = rows.begin(EpochRow(2, b""))
    assert rows.begin(EpochRow(2, os.urandom(60))) == made == rows.epochs()[1]


def test_no_row_is_added_to_an_epoch_that_is_not_kept(rows):
    """Told, and not stored: its key would be gone before the row is."""
    assert rows.add(row(epoch=7)) is None
    assert list(rows.all()) == []
    first = rows.add(row())
    assert rows.add(row(first.lookup, epoch=7)) == first, "a row that is there is told, whatever its epoch"


def test_an_epoch_in_use_and_the_newest_are_not_retired(rows):
    """One row is enough; once none is left it goes, and the same again is fine."""
    made = rows.add(row())
    assert not rows.retire(1)
    assert not rows.retire(LAST)
    assert (rows.count(LAST), rows.before(LAST, 10), rows.before(1, 10)) == (1, [made], [])
    rows.rewrap([(made, b"n" * 60)], LAST)
    assert rows.find(made.lookup) == dataclasses.replace(made, wrapped=b"n" * 60, epoch=LAST)
    assert (rows.count(LAST), rows.before(LAST, 10)) == (0, [])
    assert rows.retire(1)
    assert rows.retire(1)
    assert [each.number for each in rows.epochs()] == [LAST]


def test_a_row_is_rewrapped_only_where_it_stands_in_its_old_epoch(rows):
    """One that was re-wrapped meanwhile stays, one that was erased does not come back, and a re-key is kept."""
    made, gone = rows.add(row()), row()
    rekeyed = rows.rekey(made, dataclasses.replace(made, rekeys=1, sealed_id=b"i" * 44))
    rows.rewrap([(made, b"a" * 60), (gone, b"a" * 60)], LAST)
    rows.rewrap([(made, b"b" * 60)], LAST)
    assert rows.find(made.lookup) == dataclasses.replace(rekeyed, wrapped=b"a" * 60, epoch=LAST)
    assert rows.find(gone.lookup) is None
    rows.rewrap([], LAST)


def test_rows_that_are_added_while_their_epoch_is_retired(rows):
    """Eight threads add, one retires: each row that is stored has its epoch, and whoever was too late is told."""
    gate, added, retired = threading.Barrier(9), [], []

    def add():
        gate.wait(30)
        added.append(rows.add(row()))

    def retire():
        gate.wait(30)
        retired.append(rows.retire(1))

    threads = [threading.Thread(target=add, daemon=True) for _ in range(8)] + [
        threading.Thread(target=retire, daemon=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(added), len(retired)) == (8, 1)
    kept = {each.number for each in rows.epochs()}
    assert {each.epoch for each in rows.all()} <= kept
    assert len(list(rows.all())) == len([each for each in added if each is not None])


def test_many_rows_at_once_are_as_one_by_one(rows):
    """Each is there once, and one that was there stays; found all at once, of each the newest generation; else left out."""
    there, some = row(), [row() for _ in range(1_200)]
    rows.add(there)
    assert rows.add_all([dataclasses.replace(there, handle=os.urandom(16)), *some])
    later = row(some[0].lookup, generation=1)
    assert rows.add_all([later]) and rows.add_all([])
    found = {
        each.lookup: each for each in rows.find_all([there.lookup, os.urandom(32), *(each.lookup for each in some)])
    }
    assert found == {each.lookup: each for each in (there, *some[1:], later)}


def test_no_row_of_many_is_stored_where_an_epoch_is_gone(rows):
    """One of them is of an epoch that is not there: none is stored, and it is said."""
    good, lost = row(), row(epoch=77)
    assert not rows.add_all([good, lost])
    assert rows.find_all([good.lookup, lost.lookup]) == []


# ── another root ──


def test_a_table_goes_over_to_another_root_at_once_or_not_at_all(rows):
    """Epochs, check value and what is carried: all of it, for the root and the epochs that are there, and for no other."""
    rows.claim("root", b"1" * 32)
    made = rows.add(row(epoch=1))
    epochs = tuple(EpochRow(number, os.urandom(60)) for number in (*(each.number for each in rows.epochs()), 5))
    before = rows.epochs()
    for wrong in (
        Rerooting(b"9" * 32, b"2" * 32, b"c" * 284, epochs),
        Rerooting(b"1" * 32, b"2" * 32, b"c" * 284, epochs[1:]),
    ):
        assert not rows.reroot(wrong)
        assert (rows.epochs(), rows.kept("root"), rows.kept("carried")) == (before, b"1" * 32, None)
    assert rows.reroot(Rerooting(b"1" * 32, b"2" * 32, b"c" * 284, epochs))
    assert {each.number: each for each in rows.epochs()} == {each.number: each for each in epochs}
    assert (rows.kept("root"), rows.kept("carried")) == (b"2" * 32, b"c" * 284)
    assert rows.find(made.lookup) == made
    assert rows.claim("root", b"1" * 32) == b"2" * 32
    more = (*epochs, EpochRow(6, os.urandom(60)))
    assert rows.reroot(Rerooting(b"2" * 32, b"3" * 32, b"d" * 284, more)), "and again"
    assert (rows.kept("root"), rows.kept("carried")) == (b"3" * 32, b"d" * 284)

# SPDX-License-Identifier: Apache-2.0
"""The contract of SealedRows, held by the fake, by SQLite and by PostgreSQL alike."""

import os

import pytest
from tests.contracts.state import state_of

from whosaw.directory.remembered import once
from whosaw.store.memory_keys import MemorySealedRows
from whosaw.store.sql_sealed import SqlSealedRows

HANDLE = bytes(range(16))


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def rows(request):
    if request.param == "memory":
        yield MemorySealedRows()
    else:
        engine = state_of(request, request.param)
        yield SqlSealedRows(engine)
        engine.dispose()


def row(seen=0, **changes):
    given = {"handle": HANDLE, "field": "ip", "stored": 1000, "source": os.urandom(32), "sealed": os.urandom(40)}
    return given | {"seen": seen} | changes


def shown(*rows):
    """What `newest` gives for these."""
    return [(each["seen"], each["sealed"]) for each in rows]


def test_a_row_comes_back_as_it_was(rows):
    """Any bytes, any moment, before 1970 too."""
    made = [row(seen, sealed=sealed) for seen, sealed in ((-(2**62), b""), (0, b"\x00\xff"), (2**62, bytes(70_000)))]
    for each in made:
        assert rows.add(**each)
    assert list(rows.newest(HANDLE, "ip", 1000, 9)) == shown(*made[::-1])


def test_the_same_source_is_kept_once(rows):
    """A second row from one source is not new, and the first stays; another stream's is another."""
    first = row()
    assert rows.add(**first)
    assert not rows.add(**first | {"sealed": b"other", "seen": 5})
    assert list(rows.newest(HANDLE, "ip", 1000, 9)) == shown(first)
    assert rows.add(**first | {"handle": bytes(16)})


def test_newest_first_and_no_more_than_asked(rows):
    """By when they were seen, whatever the order they came in; equal moments by source, always the same way."""
    made = [row(seen) for seen in (3, 1, 2, 2, 5)]
    for each in made:
        rows.add(**each)
    expected = sorted(made, key=lambda each: (each["seen"], each["source"]), reverse=True)
    for limit in range(7):
        assert list(rows.newest(HANDLE, "ip", 1000, limit)) == shown(*expected[:limit])


def test_only_this_stream_this_field_and_until_then(rows):
    """Other streams, other fields and what came in later are not given; the limit of time is included."""
    mine = row()
    for each in (mine, row(handle=bytes(16)), row(field="profile"), row(stored=1001)):
        rows.add(**each)
    assert list(rows.newest(HANDLE, "ip", 1000, 9)) == shown(mine)
    assert list(rows.newest(HANDLE, "ip", 999, 9)) == []
    assert len(rows.newest(HANDLE, "ip", 1001, 9)) == 2


def test_what_came_in_after_a_look_is_not_shown_when_it_is_asked_again_whatever_was_asked_between(rows):
    """Asked of later and earlier moments in turn, before and after more came in, in a block and outside of one."""
    made = [row(n, stored=1000 + n) for n in range(4)]
    for n, each in enumerate(made):
        rows.add(**each)
        for _ in range(2):
            with once():
                for until in (5000, 1000 + n, 1001, 999, 1000):
                    expected = [old for old in made[: n + 1] if old["stored"] <= until]
                    assert list(rows.newest(HANDLE, "ip", until, 9)) == shown(*expected[::-1])
            assert list(rows.newest(HANDLE, "ip", 1000, 9)) == shown(made[0])
            assert list(rows.newest(HANDLE, "ip", 5000, 1)) == shown(made[n])
            assert list(rows.newest(bytes(16), "ip", 5000, 1)) == []


def test_all_of_a_time_page_by_page(rows):
    """Each once, whoever's it is, of this field, seen from the first moment on and before the last, stored in time."""
    mine = [row(seen, handle=bytes([n % 3]) * 16) for n, seen in enumerate((5, 5, 6, 7, 9, 9, 5))]
    others = [row(4), row(10), row(6, field="device"), row(6, stored=2000)]
    for each in mine + others:
        rows.add(**each)
    whole = sorted((e["handle"], e["source"], e["seen"], e["sealed"]) for e in mine)
    for limit in (1, 2, 3, 100):
        found, after = [], (b"", b"")
        while page := rows.seen_within("ip", 5, 10, 1000, after=after, limit=limit):
            assert len(page) <= limit
            found += page
            after = page[-1][:2]
        assert found == whole
    assert rows.how_many("ip", 5, 10, 1000) == len(mine)
    assert rows.how_many("ip", 10, 10, 1000) == rows.how_many("location", 5, 10, 1000) == 0


def test_many_at_once_are_as_one_by_one(rows):
    """Those that are new are counted, whatever is there, twice in the heap or another stream's; the first of a source stays."""
    first, again = row(1), row(2)
    assert rows.add(**first)
    heap = [first | {"sealed": b"other"}, again, again | {"sealed": b"other"}, first | {"handle": bytes(16)}, row(3)]
    order = ("handle", "field", "seen", "stored", "source", "sealed")
    assert rows.add_all([tuple(each[name] for name in order) for each in heap]) == 3
    assert list(rows.newest(HANDLE, "ip", 1000, 9)) == shown(heap[4], again, first)
    assert rows.add_all([tuple(each[name] for name in order) for each in heap]) == 0
    assert rows.add_all([]) == 0


def test_what_stands_under_names(rows):
    """Each once, in order, however often it is asked for; of this field alone, and of this stream."""
    mine = [row(n) for n in range(450)]
    for each in (*mine, row(1, field="device"), row(1, handle=bytes(16))):
        rows.add(**each)
    names = [(each["handle"], each["source"]) for each in mine]
    expected = sorted((each["handle"], each["source"], each["seen"], each["sealed"]) for each in mine[:430])
    asked = [*names[:430], *names[:3], (bytes(16), names[5][1]), (HANDLE, os.urandom(32))]
    assert list(rows.standing("ip", asked[::-1])) == expected
    assert list(rows.standing("ip", [])) == list(rows.standing("device", names)) == []


def test_how_far_an_import_is(rows):
    """Nothing is behind us of what nobody marked; the newest mark of each source counts, back too."""
    one, other = os.urandom(32), os.urandom(32)
    for behind in (5_000, 2**40, 0, 7):
        rows.mark(one, behind)
        assert (rows.reached(one), rows.reached(other)) == (behind, 0)

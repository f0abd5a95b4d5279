# SPDX-License-Identifier: Apache-2.0
"""A new epoch, cut short at every write, beside gates that add and erase: every key is there, and the old epoch ends."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from tests.cli.desk import typed
from tests.privacy.keys import keyring

from whosaw.errors import Damaged, Unavailable
from whosaw.model.access import Field
from whosaw.model.record import Kind, Stream, parse
from whosaw.privacy.keyring import Keyring
from whosaw.store.memory_keys import MemoryKeyRows
from whosaw.vault.rotate import rotate
from whosaw.wiring import build, house

AT = datetime(2026, 11, 22, tzinfo=UTC)
PEOPLE = [Stream.of_person(f"person-{n}") for n in range(7)]


class Log:
    """A journal that keeps what it is told; down where it is told to be."""

    def __init__(self):
        self.bodies, self.down = [], False

    def submit(self, submission):
        if self.down:
            raise Unavailable("the log is down", part="journal")
        self.bodies += [parse(record.body) for record in submission.records]


def furnished() -> tuple[MemoryKeyRows, Keyring, dict]:
    rows = MemoryKeyRows()
    ring = keyring(rows)
    return rows, ring, {stream: ring.of(stream) for stream in PEOPLE}


def test_every_key_moves_to_the_new_epoch_and_the_old_one_is_deleted():
    """On record first; the same keys come out, for this keyring and for another over the same rows; no old bytes stay."""
    rows, ring, keys = furnished()
    other, log, old = keyring(rows), Log(), {row.wrapped for row in rows.all()}
    assert {stream: other.of(stream) for stream in PEOPLE} == keys
    done = rotate(ring, log, "e-aaaaaaaaaaaaaaaa", AT)
    assert (done.epoch, done.begun, done.rows, done.older) == (2, True, 7, ())
    assert [(body["kind"], body["what"], body["epoch"]) for body in log.bodies] == [("keys", "epoch", 2)]
    assert {row.epoch for row in rows.all()} == {2}
    assert not old & {row.wrapped for row in rows.all()}
    for each in (ring, other, keyring(rows)):
        assert {stream: each.of(stream) for stream in PEOPLE} == keys
        each.of(Stream.of_person("new"))
    assert ring.epochs.numbers() == (2,)
    assert {row.epoch for row in rows.all()} == {2}


def test_a_log_that_is_down_begins_nothing():
    """The record comes first: without it there is no new epoch."""
    rows, ring, _ = furnished()
    log = Log()
    log.down = True
    with pytest.raises(Unavailable):
        rotate(ring, log, "e-aaaaaaaaaaaaaaaa", AT)
    assert ring.epochs.numbers() == (1,)
    assert {row.epoch for row in rows.all()} == {1}


@pytest.mark.parametrize("happened", [False, True])
def test_a_failure_at_any_write_loses_no_key_and_the_next_call_goes_on(happened):
    """Each write of a rotation fails once, stored or not: keys are what they were at once, and one more call finishes it."""
    for nth in range(1, 12):
        rows, ring, keys = furnished()
        count = {"n": 0}

        def write(rows=rows, count=count, nth=nth, plain=rows._write):
            count["n"] += 1
            if count["n"] == nth:
                rows.fate = "late" if happened else "lost"
            return plain()

        rows._write = write
        log = Log()
        try:
            rotate(ring, log, "e-aaaaaaaaaaaaaaaa", AT)
        except Unavailable:
            failed = True
        else:
            failed = False
        del rows._write
        for each in (ring, keyring(rows)):
            assert {stream: each.of(stream) for stream in PEOPLE} == keys, nth
        rotate(ring, log, "e-aaaaaaaaaaaaaaaa", AT)
        assert len(ring.epochs.numbers()) == 1, nth
        assert {stream: keyring(rows).of(stream) for stream in PEOPLE} == keys, nth
        if not failed:
            assert nth > 3
            return
    raise AssertionError("a rotation has more writes than were tried")


def test_a_gate_that_knows_only_the_old_epoch_adds_to_the_new_one():
    """Its row is refused and made again: whatever it is given opens ever after."""
    rows, _, _ = furnished()
    late, rotated = keyring(rows), []
    epochs = late.epochs
    epochs.newest()

    class Behind:
        """Says what the newest epoch is, and then it is another's turn."""

        key, find = staticmethod(epochs.key), staticmethod(epochs.find)

        def newest(self):
            number = epochs.newest()
            if not rotated:
                epochs.key(number)
                rotated.append(rotate(keyring(rows), Log(), "e-aaaaaaaaaaaaaaaa", AT))
            return number

    late.epochs = Behind()
    wrapped_with = epochs._keys[1]
    late.epochs.key = lambda number: wrapped_with if number == 1 else epochs.key(number)
    key = late.of(Stream.of_person("new"))
    assert keyring(rows).of(Stream.of_person("new")) == key
    assert {row.epoch for row in rows.all()} == {2}


def test_epochs_cannot_be_exchanged():
    """A row said to be of another epoch, an epoch key in another's place, one that was changed: Damaged, each."""
    rows, ring, keys = furnished()
    rows.begin(next(iter(rows.epochs())).__class__(2, os.urandom(60)))
    with pytest.raises(Damaged):
        keyring(rows).of(PEOPLE[0])
    rows._epochs.pop(2)
    ring.epochs.begin(2)
    one, two = rows.epochs()
    rows._epochs = {1: one.__class__(1, two.wrapped), 2: one.__class__(2, one.wrapped)}
    with pytest.raises(Damaged):
        keyring(rows).of(PEOPLE[0])
    for at in range(60):
        broken = one.wrapped[:at] + bytes([one.wrapped[at] ^ 1]) + one.wrapped[at + 1 :]
        rows._epochs = {1: one.__class__(1, broken)}
        with pytest.raises(Damaged):
            keyring(rows).of(PEOPLE[0])
    rows._epochs = {1: one.__class__(1, b""), 2: two}
    with pytest.raises(Damaged):
        keyring(rows).of(PEOPLE[0])
    rows._epochs = {1: one, 2: two}
    assert {stream: keyring(rows).of(stream) for stream in PEOPLE} == keys


def test_an_erased_key_is_warm_nowhere():
    """Once its row is gone, neither this keyring nor another that has used it finds the person; and it is let go of."""
    rows, ring, keys = furnished()
    other = keyring(rows)
    other.of(PEOPLE[0])
    handle = keys[PEOPLE[0]].handle
    rows._rows = {name: row for name, row in rows._rows.items() if row.handle != handle}
    assert ring.find(PEOPLE[0]) is None
    assert other.find(PEOPLE[0]) is None
    ring.forget(handle)
    assert handle not in ring._warm
    rotate(ring, Log(), "e-aaaaaaaaaaaaaaaa", AT)
    assert ring._warm == {}


def test_the_command_rotates_a_whole_folder(tmp_path):
    """It says what it did, the record is in the log, values open as before, and no byte of an old row is left in the file."""
    folder = tmp_path / "data"
    build(folder, "log.example.org/whosaw")
    with house(folder) as here:
        for n in range(3):
            here.vault.put(f"person-{n}", Field.PROFILE, "a value", AT, "one")
        key = here.keyring.find(PEOPLE[0])
    with closing(sqlite3.connect(folder / "private" / "keys.db")) as db:
        old = [wrapped for (wrapped,) in db.execute("SELECT wrapped FROM keyring UNION SELECT wrapped FROM epochs")]
    said = typed("vault", "rotate", "--by", "ines", "--data", folder, "--format", "json")
    assert (said.code, said.err) == (0, "")
    assert (said.json["outcome"], said.json["epoch"]) == ("begun", 2)
    assert said.json["keys"] >= 4
    raw = b"".join(path.read_bytes() for path in (folder / "private").glob("keys.db*"))
    assert not [piece for piece in old if piece in raw]
    with house(folder) as here:
        assert here.keyring.find(PEOPLE[0]) == key
        here.journal.publish_now()
        found = [parse(frame.body) for frame in here.journal.reader().run(here.keyring.find(Stream.named("admin")))]
    (record,) = [body for body in found if body["kind"] == Kind.KEYS]
    assert (record["epoch"], record["principal"][:2]) == (2, "e-")

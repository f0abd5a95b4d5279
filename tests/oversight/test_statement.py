# SPDX-License-Identifier: Apache-2.0
"""Making statements: deterministic, complete as of the checkpoint, and never one that does not verify."""

import dataclasses

import pytest
from tests.verify.desk import Shelf, audit_of
from tests.verify.log_maker import LittleLog, Material, Secret

from whosaw.errors import BadInput, Damaged, Unavailable
from whosaw.oversight.statement import make_statement
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Statement


@pytest.fixture
def log():
    log = LittleLog()
    for person in ("p-88", "p-12", "p-88", "p-88", "p-12"):
        log.look(person)
    return log.pad(20)


def test_a_statement_verifies_and_is_complete(log):
    """What is made holds for the person, with the whole log searched."""
    raw = make_statement("p-88", Material(log, 20))
    report = verify_statement(raw, audit_of(log), "p-88", Shelf(log.files(20)))
    assert report.exit == 0, report.text()
    assert report.sentence == "as of 2026-11-22 10:15:50 UTC, size 20: 3 records, complete for this account"


def test_the_same_material_gives_the_same_bytes(log):
    """Two statements of one moment are one file: who compares them finds nothing."""
    material = Material(log, 20)
    assert make_statement("p-88", material) == make_statement("p-88", material)


def test_what_is_not_published_yet_waits(log):
    """A record that is durable but not under the checkpoint is in the next statement, not in this one."""
    for size, count in ((1, 0), (2, 0), (3, 1), (5, 1), (6, 2), (7, 3), (20, 3)):
        made = Statement.parse(make_statement("p-88", Material(log, size)))
        assert len(made.records) == count, size
        report = verify_statement(made.encode(), audit_of(log), "p-88", Shelf(log.files(size)))
        assert report.exit == 0, report.text()


def test_nothing_recorded_is_a_statement_too(log):
    """An account that nobody looked at gets a statement that says so, and no stream is opened for it."""
    raw = make_statement("p-99", Material(log, 20))
    report = verify_statement(raw, audit_of(log), "p-99", Shelf(log.files(20)))
    assert report.exit == 0, report.text()
    assert "0 records, complete for this account" in report.sentence
    assert "p-99" not in log.accounts


@dataclasses.dataclass(frozen=True)
class WrongKey(Material):
    def stream(self, person_id):
        return Secret(bytes(32))

    def run(self, secret):
        return Material.run(self, Material.stream(self, "p-88"))


@dataclasses.dataclass(frozen=True)
class AnothersRun(Material):
    def run(self, secret):
        return Material.run(self, Material.stream(self, "p-12"))


@dataclasses.dataclass(frozen=True)
class Gap(Material):
    def run(self, secret):
        return [frame for frame in Material.run(self, secret) if frame.i != 2]


@dataclasses.dataclass(frozen=True)
class WrongPath(Material):
    def inclusion(self, index):
        return [bytes(32)] * len(Material.inclusion(self, index))


@dataclasses.dataclass(frozen=True)
class WrongPlace(Material):
    def place(self, label):
        return dataclasses.replace(Material.place(self, label), terminal=None)


@dataclasses.dataclass(frozen=True)
class OldIndex(Material):
    def index(self):
        return Material(dataclasses.replace(self.log, maps=[], entries={}), self.size - 1).index()


@pytest.mark.parametrize("kind", [WrongKey, AnothersRun, Gap, WrongPath, WrongPlace, OldIndex])
def test_what_would_not_verify_is_not_handed_out(log, kind):
    """Damage below is found here, before a person finds it, and the message names no account."""
    with pytest.raises(Damaged) as caught:
        make_statement("p-88", kind(log, 20))
    assert "p-88" not in str(caught.value)


@dataclasses.dataclass(frozen=True)
class Rekeyed(Material):
    def stream(self, person_id):
        return dataclasses.replace(Material.stream(self, person_id), rekeys=1)


def test_a_stream_with_a_later_key_is_refused(log):
    """Nothing in this version gives a stream a new key, and half a proof is none."""
    with pytest.raises(Damaged):
        make_statement("p-88", Rekeyed(log, 20))


@dataclasses.dataclass(frozen=True)
class Empty(Material):
    def checkpoint(self):
        return self.log.checkpoint(0)


def test_an_empty_log_states_nothing(log):
    """Before the first leaf is published there is nothing to prove anything against."""
    with pytest.raises(Unavailable):
        make_statement("p-88", Empty(log, 20))


@pytest.mark.parametrize("person", ["", "x" * 201])
def test_an_id_that_no_account_has_is_bad_input(log, person):
    """An account id has 1 to 200 bytes."""
    with pytest.raises(BadInput):
        make_statement(person, Material(log, 20))

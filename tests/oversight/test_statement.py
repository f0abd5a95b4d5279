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


def test_of_an_erased_generation_only_its_leaf_is_left(log):
    """The statement shows that leaf, opens nothing, and the person reads that something was erased."""
    del log.accounts["p-88"]
    raw = make_statement("p-88", Material(log, 20))
    made = Statement.parse(raw)
    assert (made.records, [one.index for one in made.erased], made.next_generation) == ((), [1], 1)
    report = verify_statement(raw, audit_of(log), "p-88", Shelf(log.files(20)))
    assert report.exit == 0, report.text()
    assert report.sentence.endswith("0 records, complete for this account; what 1 generation of it held was erased")
    assert "Generation 0 was erased: of it leaf 1 is left" in report.text()


def test_who_comes_back_has_the_next_generation(log):
    """What is recorded after an erasure is opened, in order; the erased generation stands before it, by its leaf."""
    del log.accounts["p-88"]
    log.enrol("p-88", 1)
    log.look("p-88")
    log.look("p-88")
    # As of before, the second generation stands nowhere, and is none.
    early = Statement.parse(make_statement("p-88", Material(log, 20)))
    assert (len(early.erased), early.open, early.next_generation) == (1, (), 1)
    size = len(log.leaves)
    raw = make_statement("p-88", Material(log, size))
    made = Statement.parse(raw)
    assert ([one.generation for one in made.erased], [one.generation for one in made.open]) == ([0], [1])
    report = verify_statement(raw, audit_of(log), "p-88", Shelf(log.files(size)))
    assert report.exit == 0, report.text()
    assert "2 records, complete for this account; what 1 generation of it held was erased" in report.sentence


def test_an_erased_generation_cannot_be_made_up(log):
    """Another leaf, another commitment, another place: none of them is the one label that this account can begin with."""
    del log.accounts["p-88"]
    made = Statement.parse(make_statement("p-88", Material(log, 20)))
    (gone,) = made.erased
    for changes in (
        {"index": gone.index + 1, "path": tuple(log.path(gone.index + 1, 20))},
        {"commitment": bytes(32)},
        {"path": ()},
        {"trie": made.next_absent},
        {"pi": made.next_pi},
        {"generation": 1},
    ):
        raw = dataclasses.replace(made, generations=(dataclasses.replace(gone, **changes),)).encode()
        report = verify_statement(raw, audit_of(log), "p-88", None)
        assert report.exit != 0, changes
    # To leave it out is found too: its label stands in the index.
    raw = dataclasses.replace(made, generations=(), next_pi=gone.pi, next_absent=gone.trie).encode()
    assert verify_statement(raw, audit_of(log), "p-88", None).exit == 3


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
        known = Material.stream(self, person_id)
        return dataclasses.replace(known, rekeys=1, earlier=(known.key,), key=bytes(32))

    def run(self, secret):
        return Material.run(self, Material.stream(self, "p-88"))


def test_a_keyring_that_is_a_key_ahead_of_the_log(log):
    """The row was there and the record not yet: the statement is that of the key under which the records stand."""
    assert make_statement("p-88", Rekeyed(log, 20)) == make_statement("p-88", Material(log, 20))


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

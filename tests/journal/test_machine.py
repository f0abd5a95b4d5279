# SPDX-License-Identifier: Apache-2.0
"""A journal's life in any order: record, repeat, contradict, publish, be witnessed, be erased in part, be given new
keys, fail, crash, restart, turn the clock back, be started a second time beside itself, be put back from a backup.

Whatever happens: a receipt is kept, a key is one submission, heads only grow, nothing forks, and the end of every life is
a whole log. `make machine` lives longer and more often.
"""

import os
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.journal.world import ORIGIN, World
from tests.witness.desk import W1, Desk

from whosaw.errors import (
    BadInput,
    Busy,
    Contradiction,
    Damaged,
    IdempotencyConflict,
    OutcomeUnknown,
    ProofFailed,
    Unavailable,
    WhosawError,
)
from whosaw.journal.entries import entries
from whosaw.journal.reader import Reader
from whosaw.journal.rekey import rekey
from whosaw.model.record import Stream
from whosaw.store.memory import MemoryFolder
from whosaw.tlog.merkle import leaf_hash, root
from whosaw.tlog.receipt import idem
from whosaw.witness.client import Client, Says, _Answer
from whosaw.witness.of_journal import ours_of
from whosaw.witness.startup import ask_all

WRITES = ("open segments/", "append segments/", "replace staging/", "swap", "create tile/", "extend labels",
          "replace checkpoint", "delete staging", "replace segments/", "delete segments/", "create kept/",
          "replace map/staging", "map swap", "create map/tile", "replace map/checkpoint", "delete map/staging",
          "replace checkpoint.witnessed", "intend erasing", "begin erasing", "rewrite", "done erasing")  # fmt: skip
PERSON = st.sampled_from(["anna", "ben", "carla", "dan"])
PERSONS = st.lists(PERSON, min_size=1, max_size=4)


class PowerCut(MemoryFolder):
    """A folder whose deletions are durable with the next write beside them, and undone by a crash before that."""

    def __init__(self, *given):
        super().__init__(*given)
        self.undone = {}

    def delete(self, *names):
        files = {name: self.files[name] for name in names if name in self.files}
        try:
            super().delete(*names)
        finally:
            self.undone |= {name: file for name, file in files.items() if name not in self.files}

    def crash(self):
        super().crash()
        self.files |= self.undone
        self.undone = {}

    def durable(self, name):
        folder = name.rpartition("/")[0]
        self.undone = {gone: file for gone, file in self.undone.items() if gone.rpartition("/")[0] != folder}

    def create_or_compare(self, files):
        files = list(files)
        super().create_or_compare(files)
        for name, _ in files:
            self.durable(name)

    def replace(self, name, data):
        super().replace(name, data)
        self.durable(name)

    def append_to(self, name):
        made = super().append_to(name)
        self.durable(name)
        return made


class InHouse(Client):
    """A client that asks its witness without a network between them."""

    def __init__(self, witness):
        super().__init__("https://w1.example.net", tuple(signer.key for signer in witness.signers))
        self._witness = witness

    def _fetch(self, method, path, body=None):
        answer = self._witness.add_checkpoint(body) if body else self._witness.checkpoint(path.split("/")[0])
        return _Answer(answer.status, answer.body)


class Copy:
    """Everything that a backup could hold."""

    def __init__(self, world):
        self.files = [dict(folder.files) for folder in (world.public, world.private)]
        self.heads = [
            (h.state, dict(h.positions_), dict(h.placed_)) for h in (world.head, world.map_head)
        ]  # fmt: skip
        self.labels = dict(world.labels._known), world.labels._size
        self.manifest = dict(world.manifest.segments_), dict(world.manifest.erasing_)

    def put(self, world, *, files=True):
        """In the place of what is there. `files`: not only the head databases."""
        for head, (state, positions, placed) in zip((world.head, world.map_head), self.heads, strict=True):
            head.state, head.positions_, head.placed_ = state, dict(positions), dict(placed)
        world.manifest.segments_, world.manifest.erasing_ = map(dict, self.manifest)
        if files:
            for folder, copied in zip((world.public, world.private), self.files, strict=True):
                folder.files = dict(copied)
            world.labels._known, world.labels._size = dict(self.labels[0]), self.labels[1]


class Life(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.world, self.core, self.keys = World(segment_bytes=1_500, made=False), None, 0
        world = self.world
        world.public, world.private = self.public_folder(world), PowerCut(world.faults, world.clock)
        world.make()
        self.persons: dict[str, list[str]] = {}
        self.sizes = [1]
        self.erased: set[str] = set()
        self.theirs = world.clock.at
        self.desk = Desk(signers=W1, logs={ORIGIN: world.signers.keys()}, clock=self.their_time)
        self.witness = InHouse(self.desk.witness)
        world.before = self.ask_first

    def their_time(self):
        """The witness has a clock of its own, which nobody sets back."""
        self.theirs = max(self.theirs, self.world.clock.at)
        return self.theirs

    def ask_first(self, faces):
        """As a start does: whoever has seen more of this log than is here says so before anything is signed."""
        ask_all({"w1": self.witness}, ours_of(faces[0]), self, int(self.their_time().timestamp()))
        return ()

    def evidence(self, kind, raw):
        return kind

    def public_folder(self, world):
        return PowerCut(world.faults, world.clock)

    @initialize()
    def start(self):
        """Open, however often it takes: a start that fails is followed by another one, a minute later.

        One that has torn bytes to put on record waits for a clock that is not behind, as every record does.
        """
        for _ in range(8):
            try:
                self.core = self.world.open()
                self.world.resume(self.core)
            except (OutcomeUnknown, Unavailable):
                self.world.crash()
                self.world.clock.at += timedelta(seconds=60)
            else:
                return
        raise AssertionError("no start succeeded")

    def alive(self):
        if self.core.state.stopped:
            self.crash()
        return self.core

    def step(self, *submissions):
        return [p.future for p in self.world.step(self.alive(), *submissions)]

    @rule(persons=PERSONS, others=PERSONS, twice=st.booleans())
    def record(self, persons, others, twice):
        """A group of two new submissions, or of one that comes twice."""
        one, two = f"k-{self.keys}", f"k-{self.keys if twice else self.keys + 1}"
        self.keys += 2
        self.persons[one] = persons
        self.persons.setdefault(two, others)
        first, second = self.step(*(self.world.submission(key, *self.persons[key]) for key in (one, two)))
        assert {type(f.exception()) for f in (first, second)} <= {type(None), OutcomeUnknown, Unavailable}
        if twice and first.exception() is None:
            assert second.result().receipt == first.result().receipt

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def repeat(self, data):
        """An old key with the same records: the receipt that there is, or a first one."""
        key = data.draw(st.sampled_from(sorted(self.persons)))
        (future,) = self.step(self.world.submission(key, *self.persons[key]))
        gone = {IdempotencyConflict} if self.erased.intersection(self.persons[key]) else set()
        assert type(future.exception()) in {type(None), OutcomeUnknown, Unavailable} | gone

    @rule(person=PERSON)
    def erase(self, person):
        """A person goes, on record: at once, or by the start that follows on an erasure that failed."""
        core = self.alive()
        try:
            job = self.world.eraser(core).begin(self.world.keys.of(Stream.of_person(person)), "request")
            if job is None:  # nothing is recorded about them
                return
            self.world.finish(core, job)
        except BadInput:
            return
        except (OutcomeUnknown, Unavailable):
            self.crash()
        self.erased.add(person)

    @rule(person=PERSON)
    def be_given_a_new_key(self, person):
        """A stream goes on under a new key, or as before where that failed."""
        core = self.alive()

        try:
            rekey(
                Stream.of_person(person), core.keys, self.world.head, lambda: self.world.published(core).note,
                lambda s: core.record(s).future.result(),
            )  # fmt: skip
        except (OutcomeUnknown, Unavailable, BadInput):
            pass

    @precondition(lambda self: self.world.receipts)
    @rule(data=st.data())
    def contradict(self, data):
        """An answered key with other records: a conflict, and nothing is recorded."""
        key = data.draw(st.sampled_from(sorted(self.world.receipts)))
        core = self.alive()
        end = core.state.tail.end
        (prepared,) = (p for p in self.world.step(core, self.world.submission(key, "eve", text="other")))
        assert isinstance(prepared.future.exception(), IdempotencyConflict | Unavailable)
        assert core.state.tail.end == end

    @rule()
    def publish(self):
        """A head over everything that is durable; or none this time."""
        try:
            self.alive().integrator.step()
        except WhosawError as error:
            assert isinstance(error, OutcomeUnknown)
            assert self.core.state.stopped

    @rule()
    def ask_for_the_index(self):
        """The index of the newest head, signed; or none this time, and the log itself goes on."""
        core = self.alive()
        try:
            mapped = core.map.answer()
        except (Unavailable, OutcomeUnknown):
            assert core.state.stopped is None
        else:
            assert mapped.index.size == mapped.reader.size == core.state.published.size

    @rule()
    def crash(self):
        """The process dies, and another one starts."""
        self.core.close()
        self.world.crash()
        self.start()

    @rule()
    def be_witnessed(self):
        """The witness cosigns whatever is published, always: it follows on what it has seen."""
        core = self.alive()
        ours = ours_of(core.witnessed.face)
        seen = self.desk.heads.heads.get(ORIGIN)
        reply = self.witness.ask(ours.head, seen.size if seen else 0, ours.prove, int(self.their_time().timestamp()))
        assert reply.says is Says.COSIGNED, reply.sentence
        try:
            core.witnessed.keep(ours.head.note + b"".join(line.signature.encode() for line in reply.lines))
        except (Unavailable, OutcomeUnknown):
            assert core.state.stopped is None

    # ── attempts at a fork ──

    @rule(first=st.booleans(), lock=st.booleans())
    def start_beside_itself(self, first, lock):
        """While the lock holds, the second one is Busy. Without it both publish, and exactly one goes on."""
        ours = self.alive()
        self.world.faults.disarm()
        self.record(["anna"], ["ben"], twice=False)
        if lock:
            with pytest.raises(Busy):
                self.world.another()
            return
        self.world.private._held.clear()
        try:
            theirs = self.world.another()
        except Unavailable:  # torn bytes to put on record, and a clock that is behind
            self.crash()
            return
        winner, loser = (ours, theirs) if first else (theirs, ours)
        made = winner.integrator.step()
        head = self.world.head.state
        if made:
            try:
                assert not loser.integrator.step()
            except Contradiction:
                assert isinstance(loser.state.stopped, Contradiction)
        assert self.world.head.state == head
        # On a real disk the second start has replaced the segment that the first one is writing to: neither may go on.
        loser.close()
        self.core = winner
        self.crash()

    @rule(files=st.booleans())
    def put_back_from_a_backup(self, files):
        """What others have seen more of does not start again, and signs nothing; as it was, it does.

        `files`: all of it is old, so that only a witness can know. Otherwise the head databases alone, which backups
        must not hold: the files beside them know.
        """
        self.world.faults.disarm()
        core, old = self.alive(), Copy(self.world)
        self.record(["anna"], ["ben"], twice=False)
        if not core.integrator.step():
            return
        if files:
            self.be_witnessed()
        core.close()
        self.world.crash()
        present, signed = Copy(self.world), [len(signer.texts) for signer in self.world.all_signers]
        old.put(self.world, files=files)
        with pytest.raises(ProofFailed if files else Damaged):
            self.world.another()
        assert [len(signer.texts) for signer in self.world.all_signers] == signed
        self.world.crash()
        present.put(self.world)
        self.start()

    @precondition(lambda self: not self.world.faults._armed)
    @rule(write=st.sampled_from(WRITES), fate=st.sampled_from(["lost", "late"]), nth=st.integers(1, 3))
    def fail(self, write, fate, nth):
        """Some write soon fails."""
        self.world.faults.arm(write, fate, nth=nth)

    @precondition(lambda self: not self.world.faults._armed)
    @rule(keep=st.integers(0, 900))
    def tear(self, keep):
        """The next frames reach the disk in part."""
        self.world.faults.arm("append segments/", "torn", keep=keep)

    @rule(ms=st.integers(1, 2_000))
    def turn_back_the_clock(self, ms):
        """Somebody sets it back, and it goes on from there."""
        self.world.clock.at -= timedelta(milliseconds=ms)

    @rule()
    def wait(self):
        """Time passes."""
        self.world.clock.at += timedelta(seconds=5)

    @invariant()
    def nothing_is_forgotten(self):
        """Every key that was answered is known, at the place that its receipt says."""
        if self.core is None or self.core.state.stopped:
            return
        for key, receipt in self.world.receipts.items():
            try:
                found = self.core.sequencer.known(idem("test", key))
            except IdempotencyConflict:  # nothing is left of it
                assert self.erased.issuperset(self.persons.get(key, ["eve"]))
                continue
            assert len(found.leaves) + found.erased == receipt.count
            self.world.promised(key, found)

    @invariant()
    def what_is_published_only_grows(self):
        """The checkpoint that anybody can fetch never shrinks, and the tiles below it are there."""
        reader = Reader.pinned(self.world.stores, self.world.signers.keys())
        assert reader.size >= self.sizes[-1]
        if reader.size > self.sizes[-1]:
            assert reader.consistency(self.sizes[-1]) is not None
            leaves = entries(self.world.stores, 0, reader.size, reader.size)
            assert root(map(leaf_hash, leaves)) == reader.checkpoint.root
            self.sizes.append(reader.size)

    def teardown(self):
        if self.core is not None:
            self.core.close()
        self.world.clock.at += timedelta(seconds=60)
        self.world.settle()


Life.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)


def test_nothing_is_erased_while_the_clock_is_behind():
    """Its tombstone is under no head, so nothing cites it yet: the start that follows goes on, once the clock does."""
    life = Life()
    life.start()
    life.start_beside_itself(first=False, lock=False)
    life.turn_back_the_clock(ms=161)
    with pytest.raises(Unavailable):
        life.world.erase(life.core, "anna")
    assert [job.tombstone for job in life.world.manifest.erasing()] == [None]
    life.crash()
    assert [job.done for job in life.world.manifest.erasing()] == [True]
    life.erased.add("anna")
    life.nothing_is_forgotten()
    life.teardown()


class LongLife(Life):
    """The same, for `make machine`."""


LongLife.TestCase.settings = settings(
    max_examples=int(os.environ.get("WHOSAW_LIVES", "500")), stateful_step_count=60, deadline=None
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
class TestLife(Life.TestCase):
    """The machine above."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
class TestLongLife(LongLife.TestCase):
    """WHOSAW_LIVES lives of up to sixty steps."""

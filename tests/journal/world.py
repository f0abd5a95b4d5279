# SPDX-License-Identifier: Apache-2.0
"""A journal over the shipped fakes, driven by hand: one world, one `Faults`, a clock one can turn, and a long memory.

    world = World(); core = world.open(); world.record(core, "k-1", "anna", "ben"); core.integrator.step()
    world.crash(); world.open()                                      the process died; everything stored is there
    world.settle()                                                   a start, a head, fsck, every promise

The signers write down what they sign: no size may ever have two roots. Everybody is invented.
"""

import collections
import copy
import functools
import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.privacy.keys import vrf_key

from whosaw.errors import Unavailable, WhosawError
from whosaw.journal.ahead import frames_of
from whosaw.journal.core import Core, nothing_before
from whosaw.journal.entries import entries
from whosaw.journal.erase import Eraser
from whosaw.journal.fsck.fsck import fsck
from whosaw.journal.genesis import create
from whosaw.journal.heads import Signers
from whosaw.journal.ports import Erasing, Stores
from whosaw.journal.reader import Reader
from whosaw.journal.segment import SEGMENT_BYTES, Frame
from whosaw.journal.submission import Prepared, Record, Recorded, Submission, prepare
from whosaw.model.genesis import Genesis
from whosaw.model.record import Stream, canonical
from whosaw.store.memory import Faults, MemoryFolder, MemoryHead, MemoryLabels, MemoryStreamKeys
from whosaw.store.memory_manifest import MemoryManifest
from whosaw.tlog import merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import Ed25519Signer, MlDsaSigner, VerifierKey, parse_note
from whosaw.tlog.receipt import Receipt, open_receipt

ORIGIN = "log.example.org/whosaw"
BEGAN = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)


@dataclass
class Clock:
    """Goes on by ten milliseconds each time somebody looks."""

    at: datetime = BEGAN

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=10)
        return self.at


@dataclass
class Watched:
    """A signer that remembers what it signed."""

    signer: Ed25519Signer | MlDsaSigner
    texts: list[bytes] = field(default_factory=list)

    @property
    def name(self):
        return self.signer.name

    @property
    def key_id(self):
        return self.signer.key_id

    def vkey(self):
        return self.signer.vkey()

    def sign(self, text, time_s):
        self.texts.append(text)
        return self.signer.sign(text, time_s)


@functools.cache
def _keys(seed: int):
    made = Ed25519Signer.from_seed(ORIGIN, bytes([seed]) * 32), MlDsaSigner.from_seed(ORIGIN, bytes([seed + 1]) * 32)
    maps = [
        kind.from_seed(f"{ORIGIN}/map", bytes([seed + n]) * 32) for kind, n in ((Ed25519Signer, 3), (MlDsaSigner, 4))
    ]
    return *made, *maps, Ed25519Signer.from_seed(f"{ORIGIN}/receipts", bytes([seed + 2]) * 32)


def signers(seed: int = 7) -> Signers:
    """The keys of a log, from a seed; they protect nothing."""
    *logs, receipts = map(Watched, _keys(seed))
    return Signers(tuple(logs[:2]), tuple(logs[2:]), receipts.signer)


@functools.cache
def _vrf() -> dict:
    return {"vrf_n": vrf_key().public(), "vrf_certificate": vrf_key().certificate()}


def genesis_of(keys: Signers) -> Genesis:
    return Genesis(
        origin=ORIGIN, logs=tuple(s.vkey() for s in keys.logs), receipts=keys.receipts.vkey(), promise_s=60,
        map_origin=f"{ORIGIN}/map", map_logs=tuple(s.vkey() for s in keys.maps), **_vrf(),
    )  # fmt: skip


def body(text: str, **more) -> bytes:
    return canonical({"v": 1, "kind": "test", "text": text, **more})


class World:
    """Stores, keys and clock of one log, and every receipt that was handed out."""

    def __init__(self, *, made: bool = True, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.clock, self.faults = Clock(), Faults()
        self.public, self.private = MemoryFolder(self.faults, self.clock), MemoryFolder(self.faults, self.clock)
        self.head, self.labels = MemoryHead(self.faults), MemoryLabels(self.faults)
        self.manifest = MemoryManifest(self.head)
        self.map_head = MemoryHead(self.faults, "map ")
        self.keys, self.signers, self.segment_bytes = MemoryStreamKeys(b"seed"), signers(), segment_bytes
        self.receipts: dict[str, Receipt] = {}
        self.core: Core | None = None
        self.before = nothing_before
        self._numbers = itertools.count()
        if made:
            self.make()

    @property
    def all_signers(self) -> tuple[Watched, ...]:
        """Those of both logs."""
        return *self.signers.logs, *self.signers.maps

    @property
    def stores(self) -> Stores:
        return Stores(self.public, self.private, self.head, self.manifest, self.labels, self.map_head)

    def random(self, count: int) -> bytes:
        """Numbers that look random, and are the same in every run."""
        number = next(self._numbers)
        return b"".join(hashlib.sha256(b"%d %d" % (number, n)).digest() for n in range(-(-count // 32)))[:count]

    def make(self) -> None:
        create(self.stores, self.signers, genesis_of(self.signers), self.clock, self.random)

    def open(self) -> Core:
        self.core = self.another()
        return self.core

    def another(self) -> Core:
        """A process that is not this world's: `core` stays who it was."""
        return Core.open(
            self.stores, self.keys, self.signers, clock=self.clock, random=self.random,
            segment_bytes=self.segment_bytes, before=self.before,
        )  # fmt: skip

    def crash(self) -> None:
        """The process is dead: nothing more comes from it, and its locks are free."""
        self.core = None
        self.private.crash()
        self.public.crash()

    # ── recording ──

    def submission(self, key: str, *persons: str, text: str = "") -> Submission:
        """Records for these persons; the same key makes the same bodies unless `text` says otherwise."""
        records = (Record(Stream.of_person(p), body(f"{text or key} {n}")) for n, p in enumerate(persons or ("anna",)))
        return Submission("test", key, tuple(records))

    def step(self, core: Core, *submissions: Submission) -> list[Prepared]:
        """One group. Receipts that came are remembered."""
        prepared = [prepare(submission, self.keys) for submission in submissions]
        core.sequencer.step(prepared)
        for submission, one in zip(submissions, prepared, strict=True):
            if one.future.exception() is None:
                self.promised(submission.key, one.future.result())
        return prepared

    def record(self, core: Core, key: str, *persons: str, text: str = "") -> Recorded:
        """Record one submission. Raises what its caller gets."""
        return self.step(core, self.submission(key, *persons, text=text))[0].future.result()

    def promised(self, key: str, recorded: Recorded) -> None:
        """A receipt was handed out: it says what an earlier one for the same key said, but for the time."""
        made = open_receipt(recorded.receipt, VerifierKey.parse(self.signers.receipts.vkey()))
        earlier = self.receipts.setdefault(key, made)
        assert (made.first, made.count, made.root) == (earlier.first, earlier.count, earlier.root), key

    # ── erasing ──

    def eraser(self, core: Core) -> Eraser:
        return Eraser(
            core.stores, core.sequencer, lambda s: core.record(s).future.result(), lambda: self.published(core)
        )

    def published(self, core: Core) -> Reader:
        """The log as of a checkpoint over all that is durable. Raises Unavailable where no head was made, as a journal does."""
        core.integrator.step()
        if core.state.published.size < core.state.tail.end:
            raise Unavailable("it is durable, and not published", part="journal")
        return self.reader(core)

    def reader(self, core: Core) -> Reader:
        """The log as of its newest published checkpoint."""
        note = core.state.published.note
        return Reader.at(core.stores, note, Checkpoint.parse(parse_note(note).text))

    def erase(self, core: Core, person: str) -> Erasing:
        """All of it: on record, key deleted, frames erased."""
        job = self.eraser(core).begin(self.keys.of(Stream.of_person(person)), "request")
        self.finish(core, job)
        return job

    def resume(self, core: Core) -> None:
        """What a start owes to an erasure that a crash cut short."""
        for job in self.eraser(core).unfinished():
            self.finish(core, job)

    def finish(self, core: Core, job: Erasing) -> None:
        self.keys.erase(job.handle)
        self.eraser(core).rewrite(job)
        self.eraser(core).done(job)

    # ── checking ──

    def fsck(self, *, keys: bool = True):
        return fsck(self.stores, self.signers, self.keys if keys else None)

    def settle(self, *, also_before: bool = True) -> None:
        """Whatever happened: a start and one head make it whole, and every promise is kept.

        `also_before`: what was left is no damage, either.
        """
        self.faults.disarm()
        self.crash()
        if also_before:
            assert self.fsck().exit == 0, self.fsck().lines()
        core = self.open()
        self.resume(core)
        core.integrator.step()
        if any(self.private.names("map/staging")):  # a choice that was made: the next answer carries it through
            core.map.answer()
        core.close()
        self.core = None
        report = self.fsck()
        assert report.findings == [], report.lines()
        assert report.size == report.published
        self.check_promises(core)

    def check_promises(self, core: Core) -> None:
        """Each receipt's leaves stand where it says, once; no leaf is two submissions', no size was signed with two roots."""
        size = core.state.head.size
        hashes = [merkle.leaf_hash(entry) for entry in entries(self.stores, 0, size, size)]
        frames = [frame for frame in frames_of(self.stores, 0, size) if isinstance(frame, Frame)]
        of, erased = collections.Counter(f.idem for f in frames), set(range(size)) - {f.index for f in frames}
        taken: set[int] = set()
        for key, receipt in self.receipts.items():
            leaves = hashes[receipt.first : receipt.first + receipt.count]
            assert len(leaves) == receipt.count
            assert merkle.root(leaves) == receipt.root, key
            assert of[receipt.key] == len(set(receipt.indexes) - erased), f"{key} was recorded twice"
            assert taken.isdisjoint(receipt.indexes), key
            taken.update(receipt.indexes)
        for signer in self.all_signers:
            roots: dict[int, bytes] = {}
            for text in signer.texts:
                signed = Checkpoint.parse(text)
                assert roots.setdefault(signed.size, signed.root) == signed.root, f"size {signed.size} has two roots"

    def snapshot(self) -> "World":
        """A copy that goes its own way. Nobody has the journal open."""
        made = copy.copy(self)
        made.faults, made.clock = Faults(), Clock(self.clock.at)
        made.public, made.private = MemoryFolder(made.faults, made.clock), MemoryFolder(made.faults, made.clock)
        made.public.files, made.private.files = dict(self.public.files), dict(self.private.files)
        made.head, made.labels = MemoryHead(made.faults), MemoryLabels(made.faults)
        made.head.state = self.head.state
        made.manifest = MemoryManifest(made.head)
        made.manifest.segments_ = dict(self.manifest.segments_)
        made.manifest.erasing_ = dict(self.manifest.erasing_)
        made.map_head = MemoryHead(made.faults, "map ")
        made.map_head.state = self.map_head.state
        made.head.positions_, made.head.placed_ = dict(self.head.positions_), dict(self.head.placed_)
        made.labels._known, made.labels._size = dict(self.labels._known), self.labels._size
        # Or a key that one test makes anew would be everybody's.
        made.keys = copy.copy(self.keys)
        made.keys._known, made.keys._generations = dict(self.keys._known), dict(self.keys._generations)
        made.signers, made.receipts = signers(), dict(self.receipts)
        for ours, theirs in zip(made.all_signers, self.all_signers, strict=True):
            ours.texts = list(theirs.texts)
        return made


@functools.cache
def _grown(size: int) -> World:
    # The largest ones begin as copies of one that is nearly as large: making it takes seconds.
    world = at_size(65_000) if size > 65_000 else World()
    core = world.open()
    while (left := size - core.state.tail.end) > 0:
        # One stream: its enrolment is one more leaf the first time.
        count = min(left, 16_000)
        if core.state.tail.end == 1:
            count = max(1, count - 1)
        world.record(core, f"grow-{core.state.tail.end}", *["grower"] * count)
    core.integrator.step()
    core.close()
    world.crash()
    assert world.head.state.size == size
    return world


def at_size(size: int) -> World:
    """A world whose log has `size` leaves, all published; nobody has it open."""
    return _grown(size).snapshot()


def outcome(call) -> WhosawError | None:
    """What a call raises, if it is an error of ours."""
    try:
        call()
    except WhosawError as error:
        return error
    return None

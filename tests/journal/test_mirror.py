# SPDX-License-Identifier: Apache-2.0
"""A mirror keeps what hashes to a signed root and nothing else, goes on where it was, and lets no fork in."""

import json
import threading

import pytest
from tests.journal.test_fsck import flip
from tests.journal.world import Clock, World, at_size

from whosaw.errors import Busy, Contradiction, NotCanonical, OutcomeUnknown, ProofFailed, Unavailable
from whosaw.journal.copies.mirror import mirror
from whosaw.journal.fsck.findings import silent
from whosaw.store.memory import Faults, MemoryFolder
from whosaw.tlog.trust import TrustPolicy, trust_text
from whosaw.verify.folder import Audit, verify_folder

ORIGIN = "log.example.org/whosaw"


class Served:
    """A ``verify.source.Source`` over what a world publishes. `asked`: every file that was fetched."""

    def __init__(self, world, *, listed=True):
        self.world, self.place, self.listed = world, "served", listed
        self.asked, self.lies, self.down = [], {}, set()
        self._lock = threading.Lock()

    def read(self, name, limit):
        with self._lock:
            self.asked.append(name)
        if name in self.down:
            raise Unavailable("no connection", part=name)
        if name in self.lies:
            return self.lies[name]
        file = self.world.public.files.get(name)
        if file is not None and len(file.data) > limit:
            raise NotCanonical("too long", where=name)
        return None if file is None else file.data

    def names(self):
        return iter(self.world.public.files)


class Copy:
    """A mirror's folder."""

    def __init__(self):
        self.clock, self.faults = Clock(), Faults()
        self.public, self.private = MemoryFolder(self.faults, self.clock), MemoryFolder(self.faults, self.clock)

    def bring_up(self, source, trust=None):
        keys = tuple(signer.vkey() for signer in source.world.signers.logs)
        policy = trust or TrustPolicy.parse(trust_text(keys))
        return mirror(source, self.public, self.private, policy, clock=self.clock, progress=silent)

    def files(self):
        return {name: file.data for name, file in self.public.files.items()}

    def evidence(self):
        return [json.loads(file.data) for name, file in self.private.files.items() if name.startswith("evidence/")]


def grow(world, count, *, mapped=True):
    core = world.open()
    first = core.state.tail.end
    for n in range(count):
        world.record(core, f"g-{first}-{n}", "anna", "ben")
        if n % 3 == 0:
            core.integrator.step()
    core.integrator.step()
    if mapped:
        core.map.answer()
    core.close()
    world.crash()


def needed(world):
    """What the newest heads need: partial files of older heads left out."""
    from whosaw.tlog.tile import tiles_at

    made = {what.path for what in tiles_at(world.head.state.size)} | {"checkpoint", "genesis", "map/checkpoint"}
    made |= {f"map/{what.path}" for what in tiles_at(world.map_head.state.size)}
    return {name: world.public.files[name].data for name in made}


@pytest.mark.parametrize("size", [1, 3, 255, 256, 257, 300, 600])
@pytest.mark.parametrize("listed", [True, False])
def test_a_fresh_mirror_has_what_the_head_needs(size, listed):
    """Byte for byte, and no file more; in one thread and in eight."""
    world = at_size(size)
    if size > 1:
        core = world.open()
        core.map.answer()
        core.close()
        world.crash()
    copy = Copy()
    done = copy.bring_up(Served(world, listed=listed))
    assert copy.files() == needed(world)
    assert (done.size, done.grown, done.origin) == (size, size, ORIGIN)
    assert done.map_size == world.map_head.state.size


def test_it_verifies_as_the_log_itself():
    """`whosaw verify` over the mirror: every step holds."""
    world = at_size(300)
    grow(world, 5)
    copy = Copy()
    copy.bring_up(Served(world))
    served = Served(world)
    served.world = copy
    keys = tuple(signer.vkey() for signer in world.signers.logs)
    steps, _ = verify_folder(served, Audit(TrustPolicy.parse(trust_text(keys)), world.clock(), sleep=lambda _: None))
    assert steps.exit == 0, [line for step in steps.done for line in step.lines()]


def test_it_grows_with_the_log_and_fetches_what_is_new():
    """Step by step across a full tile; what was kept is not asked for again."""
    world, copy = at_size(250), Copy()
    source = Served(world)
    copy.bring_up(source)
    for _ in range(6):
        had = set(copy.files())
        source.asked.clear()
        grow(world, 4)
        done = copy.bring_up(source)
        assert done.size == world.head.state.size
        assert needed(world).items() <= copy.files().items()
        assert not {name for name in source.asked if name.startswith("tile/entries") and ".p/" not in name} & had
    before = copy.files()
    assert copy.bring_up(source).files == 0
    assert copy.files() == before


def test_a_mirror_that_is_broken_off_goes_on():
    """At every write, lost or late: the next run ends with the same files, and the checkpoint never led its tiles."""
    world, older = at_size(300), Copy()
    older.bring_up(Served(world))
    kept = older.files()
    grow(world, 120)
    for fate in ("lost", "late"):
        for nth in range(1, 40, 5):
            copy = Copy()
            for name, data in kept.items():
                copy.public.set(name, data)
            copy.faults.arm("", fate, nth=nth)
            try:
                copy.bring_up(Served(world))
                whole = True
            except (Unavailable, OutcomeUnknown):
                whole = False
            copy.private.crash()
            if copy.files()["checkpoint"] == world.head.state.note:
                tiles = {name: data for name, data in needed(world).items() if name.startswith("tile/")}
                assert tiles.items() <= copy.files().items()
            copy.faults.disarm()
            copy.bring_up(Served(world))
            assert needed(world).items() <= copy.files().items()
            if whole and nth > 30:
                break


def test_a_byte_changed_in_any_file_is_not_kept():
    """Every file that the head needs, flipped, cut, missing: exit 3, evidence, and the mirror is as it was."""
    world, older = at_size(250), Copy()
    older.bring_up(Served(world))
    kept = older.files()
    grow(world, 20)
    for name, data in needed(world).items():
        for lie in (flip(data, len(data) // 2), data[:-1], None):
            copy, source = Copy(), Served(world)
            for path, raw in kept.items():
                copy.public.set(path, raw)
            source.lies[name] = lie
            if name in kept:
                continue
            if lie is None and name == "checkpoint":
                with pytest.raises(Unavailable):
                    copy.bring_up(source)
                continue
            with pytest.raises(ProofFailed, match="FAILED"):
                copy.bring_up(source)
            shown = copy.files()
            if not name.startswith("map/"):
                assert shown["checkpoint"] == kept["checkpoint"], name
            assert shown["map/checkpoint"] == kept["map/checkpoint"]
            assert (
                needed(world).items() >= {k: v for k, v in shown.items() if k not in kept and k != "checkpoint"}.items()
            )
            assert copy.evidence()[0]["kind"] == "evidence"


def test_a_fork_is_refused_with_both_checkpoints():
    """Two histories, one larger than the other: nothing changes, and the evidence holds what convicts."""
    world = at_size(250)
    other = world.snapshot()
    grow(world, 10)
    for n in (3, 10, 12):
        fork = other.snapshot()
        core = fork.open()
        for k in range(n):
            fork.record(core, f"f-{k}", "carl", "dora")
        core.integrator.step()
        core.close()
        copy = Copy()
        copy.bring_up(Served(world))
        before = copy.files()
        with pytest.raises(ProofFailed) as error:
            copy.bring_up(Served(fork))
        assert copy.files() == before
        (evidence,) = copy.evidence()
        names = {file["name"] for file in evidence["files"]}
        assert {"older-checkpoint", "checkpoint"} <= names
        assert "evidence is in private/evidence/" in error.value.hint


def test_an_older_head_of_the_same_log_is_a_cache():
    """Not false, only late: exit 7, nothing changed, no evidence."""
    world, copy = at_size(250), Copy()
    old = world.snapshot()
    grow(world, 10)
    copy.bring_up(Served(world))
    before = copy.files()
    with pytest.raises(Unavailable, match="an older head is served"):
        copy.bring_up(Served(old))
    assert copy.files() == before
    assert copy.evidence() == []


def test_a_quorum_is_asked_for():
    """Where the trust file asks for witnesses, a head that none has seen is not mirrored."""
    world, copy = at_size(250), Copy()
    keys = [signer.vkey() for signer in world.signers.logs]
    from whosaw.tlog.note import COSIGNATURE, Ed25519Signer

    witness = Ed25519Signer.from_seed("witness.example.org/w", bytes([9]) * 32, kind=COSIGNATURE).vkey()
    text = trust_text(tuple(keys)).replace(b"quorum none\n", b"")
    text += f"witness w {witness}\nquorum w\n".encode()
    with pytest.raises(ProofFailed, match="quorum"):
        copy.bring_up(Served(world), TrustPolicy.parse(text))
    assert copy.files() == {}


def test_unreachable_is_no_proof_of_anything():
    """A file that cannot be fetched: exit 7; what came before stays, and the checkpoint is the older one."""
    world, copy, source = at_size(600), Copy(), None
    source = Served(world, listed=False)
    source.down.add("tile/entries/001")
    with pytest.raises(Unavailable):
        copy.bring_up(source)
    assert "checkpoint" not in copy.files()
    assert copy.evidence() == []
    source.down.clear()
    assert copy.bring_up(source).size == 600


def test_a_damaged_mirror_is_named():
    """What lies there already and is wrong is not overwritten: the file is named."""
    world, copy = at_size(600), Copy()
    copy.public.set("tile/entries/001", b"wrong")
    with pytest.raises(Contradiction, match="tile/entries/001"):
        copy.bring_up(Served(world))
    assert copy.files()["tile/entries/001"] == b"wrong"
    assert "checkpoint" not in copy.files()


def test_one_folder_for_each_log_and_one_process():
    """Another origin in the folder is a slip; another process in it is Busy."""
    world, copy = at_size(250), Copy()
    copy.bring_up(Served(world))
    other = copy.public.files["checkpoint"].data.replace(b"log.example.org/whosaw\n", b"log.example.org/another\n", 1)
    copy.public.set("checkpoint", other)
    with pytest.raises(ProofFailed, match="another log is kept there"):
        copy.bring_up(Served(world))
    held = copy.private.hold("lock")
    with pytest.raises(Busy):
        copy.bring_up(Served(world))
    held.release()


def test_no_log_is_no_lie():
    """Nothing lies there: exit 7."""
    with pytest.raises(Unavailable, match="no log lies here"):
        Copy().bring_up(Served(World(made=False)))

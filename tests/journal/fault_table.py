# SPDX-License-Identifier: Apache-2.0
"""The fault table: what a write that fails leaves, played on the shipped fakes and printed as a page of the docs.

    a log of some size ─▶ one batch whose write fails ─▶ start ─▶ the same batch or another one ─▶ start ─▶ … ─▶ settled

A write fails in three ways: it changed nothing and says so, it changed nothing, it happened; the last two look alike to
the journal. After each start fsck finds no damage, and in the end nothing at all; each receipt is kept, each key recorded
once, and no size signed with two roots. What is printed is what was seen, and a row for which two plays saw different
things has both in its cell.

    python -m tests.journal.fault_table [--all]          the page; --all plays every row at every size first
"""

import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product

from tests.journal import test_erase
from tests.journal.test_witnessed import cosigned
from tests.journal.world import World, at_size, outcome

from whosaw.errors import Contradiction, OutcomeUnknown, Unavailable
from whosaw.store.memory import Fate
from whosaw.tlog.receipt import idem
from whosaw.verify.witnessed import WITNESSED

FATES: dict[str, tuple[Fate, type[Unavailable | OutcomeUnknown]]] = {
    "no, and is known not to be": ("lost", Unavailable),
    "no": ("lost", OutcomeUnknown),
    "yes": ("late", OutcomeUnknown),
}
THEN = ("same", "other", "same twice", "other twice")
SMALL = (1, 254, 255, 256, 257, 258)
AROUND_64K = (65_534, 65_535, 65_536, 65_537, 65_538)
COLUMNS = ("fails", "persisted", "callers get", "the journal", "found by the start", "the same batch", "another batch")


@dataclass(frozen=True)
class Row:
    """One write of the design's table, `call` by the name that the fakes give it."""

    name: str
    call: str
    play: Callable[["Row", World, str, str], dict[str, str]]
    fates: tuple[str, ...] = tuple(FATES)
    sizes: tuple[int, ...] = SMALL
    thens: tuple[str, ...] = THEN
    begin: Callable[[int], World] = at_size
    nth: int = 1


@dataclass
class Seen:
    """What was seen in each column, over all plays of one row and one fate."""

    cells: dict[str, Counter] = field(default_factory=dict)
    plays: int = 0

    def add(self, found: dict[str, str]) -> None:
        self.plays += 1
        for column, text in found.items():
            self.cells.setdefault(column, Counter())[text] += 1

    def cell(self, column: str) -> str:
        return " / ".join(sorted(self.cells.get(column, {"–": 1})))


# ── the log ──


def batch(world: World, name: str):
    """Two submissions: one with a new stream, one of a known one."""
    return world.submission(f"{name}-1", "anna", f"new-{name}", "anna"), world.submission(f"{name}-2", "grower")


def again(world: World) -> None:
    """The process dies. What it left is no damage, and a start goes on from there."""
    if world.core is not None:
        world.core.close()
    world.crash()
    world.faults.disarm()
    assert world.fsck().exit == 0, world.fsck().lines()
    world.open()


def play_log(row: Row, world: World, fate: str, then: str) -> dict[str, str]:
    """A batch that meets the fault on its way to a published head."""
    core = world.open()
    if row.call.startswith("delete tile/"):  # old partials beside a tile that is full by now
        world.record(core, "fill", *["grower"] * 4)
        core.integrator.step()
        world.clock.at += timedelta(hours=2)
    elif row.call.startswith("open segments/"):
        again(world)
        core = world.core
    else:
        world.record(core, "before", "anna")  # the segment is there, and `anna` enrolled
        core.integrator.step()
    size = core.state.head.size
    arm(world, row, fate)
    prepared = world.step(core, *batch(world, "first"))
    told = {type(p.future.exception()) for p in prepared}
    outcome(core.integrator.step)
    assert not world.faults._armed, "the fault was never met"
    stopped = core.state.stopped is not None
    if stopped:
        assert isinstance(outcome(lambda: world.record(core, "after", "anna")), Unavailable)
        assert core.integrator.step() is False
    found = {
        "callers get": ", ".join(f"`{t.__name__}`" if t is not type(None) else "receipts" for t in told),
        "the journal": "stops" if stopped else "goes on",
    }
    count = len(world.core.state.tail.frames) + world.core.state.head.size - size
    if stopped:
        again(world)
        beyond = world.core.state.tail.end - world.core.state.head.size
        found["found by the start"] = (
            "the new head" if world.core.state.head.size > size else "the old head, and the frames" if beyond else "the old head"
        )  # fmt: skip
        count = world.core.state.tail.end - size
    retry(world, then, size, count, found)
    return found


def retry(world: World, then: str, size: int, there: int, found: dict[str, str]) -> None:
    """The batch after the fault, the same or another, once or twice, with a start after each."""
    kind, name = ("the same batch", "first") if then.startswith("same") else ("another batch", "second")
    for time_ in range(2 if then.endswith("twice") else 1):
        known = world.core.sequencer.known(idem("test", f"{name}-1")) is not None
        (first, _) = world.step(world.core, *batch(world, name))
        at = first.future.result().first
        if time_ == 0:
            if known:
                assert at == size
                found[kind] = "the receipts of its leaves"
            else:
                assert at == size + there
                found[kind] = "the next indexes" if there else "those indexes"
        else:
            assert known
        outcome(world.core.integrator.step)
        assert world.core.state.stopped is None
        again(world)


def arm(world: World, row: Row, fate: str) -> None:
    how, error = FATES[fate]
    world.faults.arm(row.call, how, nth=row.nth, error=error)


# ── the log of its index, witnesses, the making of a log ──


def play_map(row: Row, world: World, fate: str, then: str) -> dict[str, str]:
    """A leaf of the map log meets the fault, while the log goes on."""
    core = world.open()
    grow(world, "before")
    core.map.answer()
    grow(world, "asked")
    behind = world.map_head.state.size
    arm(world, row, fate)
    outcome(core.map.answer)
    assert not world.faults._armed, "the fault was never met"
    stopped = isinstance(outcome(core.map.answer), Unavailable)
    grow(world, "goes on")
    assert core.state.stopped is None
    again(world)
    found = {
        "callers get": "receipts",
        "the journal": "goes on, the map log stops" if stopped else "goes on",
    }
    if stopped:
        found["found by the start"] = "the new leaf" if world.map_head.state.size > behind else "the old one"
    for time_ in range(2 if then.endswith("twice") else 1):
        if then.startswith("other"):
            grow(world, f"other-{time_}")
        mapped = world.core.map.answer()
        assert mapped.index.size == world.core.state.published.size
        again(world)
    kind = "the same batch" if then.startswith("same") else "another batch"
    found[kind] = "mapped"
    sizes = sizes_of(world)
    assert sizes == sorted(set(sizes)), "input sizes grow"
    return found


def grow(world: World, key: str) -> None:
    world.record(world.core, key, "anna")
    world.core.integrator.step()


def sizes_of(world: World) -> list[int]:
    from tests.journal.test_map_log import said

    return [of.size for _, of in said(world)]


def play_witnessed(row: Row, world: World, fate: str, then: str) -> dict[str, str]:
    """A quorum came, and `checkpoint.witnessed` could not be written."""
    core = world.open()
    grow(world, "first-1")
    one = cosigned(core.state.published.note)
    core.witnessed.keep(one)
    grow(world, "first-2")
    two = cosigned(core.state.published.note)
    arm(world, row, fate)
    outcome(lambda: core.witnessed.keep(two))
    assert not world.faults._armed, "the fault was never met"
    assert core.state.stopped is None
    again(world)
    standing = world.core.witnessed.shown.note
    assert standing == world.public.read(WITNESSED)
    found = {
        "callers get": "receipts",
        "the journal": "goes on",
        "found by the start": "the new one" if standing == two else "the old one",
    }
    kept = two
    if then.startswith("other"):
        grow(world, "more")
        kept = cosigned(world.core.state.published.note)
    for _ in range(2 if then.endswith("twice") else 1):
        world.core.witnessed.keep(kept)
        again(world)
    assert world.core.witnessed.shown.note == kept
    found["the same batch" if then.startswith("same") else "another batch"] = "kept, one line per witness"
    return found


def play_making(row: Row, world: World, fate: str, then: str) -> dict[str, str]:
    """`create` meets the fault: before the head there is no log, and it may run again; after it a start does the rest."""
    arm(world, row, fate)
    assert outcome(world.make) is not None
    assert not world.faults._armed, "the fault was never met"
    world.crash()
    made = world.head.state is not None
    for time_ in range(2 if then.endswith("twice") else 1):
        refused = outcome(world.make)
        assert (refused is None) == (not made and time_ == 0)
        assert isinstance(refused, Contradiction | type(None))
        world.crash()
    world.open()
    grow(world, "first-1")
    return {"callers get": "the error", "found by the start": "a log" if made else "none; `create` may run again"}


def play_erasing(row: Row, world: World, fate: str, then: str) -> dict[str, str]:
    """An erasure meets the fault: before its tombstone is durable nothing happened, from there on a start finishes it."""
    anna = world.keys.of(test_erase.ANNA).handle
    theirs = test_erase.hers(world)
    others = [frame for frame in test_erase.frames(world) if frame.handle != anna]
    core = world.open()
    arm(world, row, fate)
    assert outcome(lambda: world.erase(core, "anna")) is not None
    assert not world.faults._armed, "the fault was never met"
    core.close()
    world.crash()
    world.faults.disarm()
    assert world.fsck().exit == 0, world.fsck().lines()
    world.settle()
    jobs = world.manifest.erasing()
    test_erase.check(world, theirs, others)  # and she can be erased after all
    return {
        "callers get": "the error",
        "found by the start": "finished: no body, no nonce, no key" if jobs else "not begun: every record is there",
    }


MAKING = [
    Row(
        f"0 making a log: {what}",
        call,
        play_making,
        sizes=(0,),
        thens=("same", "same twice"),
        begin=lambda _: World(made=False),
    )
    for what, call in {
        "its segment": "replace segments/",
        "staging": "replace staging/",
        "the map log's head": "map create head",
        "the head": "create head",
        "tiles": "create tile/",
        "the checkpoint": "replace checkpoint",
        "the map log's checkpoint": "replace map/checkpoint",
    }.items()
]
ERASING = [
    Row(
        f"erasure: {step}",
        call,
        play_erasing,
        fates=("no", "yes") if call.startswith("append") else tuple(FATES),
        sizes=(0,),
        thens=("same",),
        begin=lambda _: test_erase.town(),
        nth=nth,
    )
    for step, (call, nth) in test_erase.STEPS.items()
]
ROWS = (
    *MAKING,
    Row("2 a new segment", "open segments/", play_log),
    Row("2 frames, fdatasync", "append segments/", play_log, fates=("no", "yes")),
    Row("5 staging", "replace staging/", play_log),
    Row("7 swap", "swap", play_log),
    Row("8 bundle", "create tile/entries", play_log),
    Row("8 level 0", "create tile/0", play_log),
    Row("8 upper tile", "create tile/1", play_log, sizes=(250, 251, 252, 253)),
    Row("8 labels", "extend labels", play_log),
    Row("9 checkpoint", "replace checkpoint", play_log),
    Row("10 staging deleted", "delete staging", play_log),
    Row("10 garbage collection", "delete tile/", play_log, sizes=(252, 253, 254, 255)),
    Row("map log: 5 staging", "replace map/staging/", play_map),
    Row("map log: 7 swap", "map swap", play_map),
    Row("map log: 8 bundle", "create map/tile/entries", play_map),
    Row("map log: 8 level 0", "create map/tile/0", play_map),
    Row("map log: 9 checkpoint", "replace map/checkpoint", play_map),
    Row("map log: 10 staging deleted", "delete map/staging", play_map),
    Row("a cosignature came, merge", f"replace {WITNESSED}", play_witnessed),
    *ERASING,
)

THIRD_LEVEL = Row("8 upper tile", "create tile/2", play_log, sizes=(65_530, 65_531, 65_532, 65_533))


def played(plays: Iterable[tuple[Row, str, str, int]]) -> dict[tuple[str, str], Seen]:
    """What these plays saw."""
    seen: dict[tuple[str, str], Seen] = {}
    for row, fate, then, size in plays:
        world = row.begin(size)
        try:
            found = row.play(row, world, fate, then)
            world.settle()
        except Exception as error:
            error.add_note(f"{row.name}, persisted: {fate}, then {then}, size {size}")
            raise
        seen.setdefault((row.name, fate), Seen()).add(found)
    return seen


def every() -> list[tuple[Row, str, str, int]]:
    """Each row, each way to fail, each batch that follows, each small size; and at one of the large ones, in turn."""
    small = [(row, *each) for row in ROWS for each in product(row.fates, row.thens, row.sizes)]
    of_log = [row for row in ROWS if row.play is play_log and row.sizes == SMALL]
    large = [(row, fate) for row in of_log for fate in row.fates]
    large += [(THIRD_LEVEL, fate) for fate in THIRD_LEVEL.fates]
    for turn, (row, fate) in enumerate(large):
        sizes = AROUND_64K if row.sizes == SMALL else row.sizes
        small.append((row, fate, THEN[turn % 4], sizes[turn % len(sizes)]))
    return small


def some() -> list[tuple[Row, str, str, int]]:
    """Each row and each way to fail, with the same batch and with another one: how often, and the sizes, go round."""
    plays = []
    for row in ROWS:
        for fate in row.fates:
            turn = len(plays) // 2
            size = row.sizes[turn % len(row.sizes)]
            thens = row.thens if row.thens != THEN else (THEN[:2], THEN[2:])[turn % 2]
            plays += [(row, fate, then, size) for then in thens]
    return plays


HEADER = """\
# Write faults: what a write that fails leaves

This page is printed by `make faults` and held against a fresh run by the tests. It is the table of what was seen, not of
what was meant: each row was played on the shipped stores that fail on demand, in each way, at sizes 0, 1 and 254 to 258
(`make faults` adds 65,534 to 65,538), and then the same batch or another one came, once or twice, with a start after each.
An erasure is of one stream among three, in a log of several segments.

*Persisted*: whether the write that failed had happened. "No, and is known not to be" is `Unavailable`, "changed
nothing"; the other two are `OutcomeUnknown`, and the journal cannot tell them apart. After each start fsck found no
damage, and in the end nothing at all; every receipt was kept, every key recorded once, no size signed with two roots.
*Those indexes*: the ones that the batch would have had.

"""


def page(seen: dict[tuple[str, str], Seen]) -> str:
    """The whole page."""
    rows = [COLUMNS, ["---"] * len(COLUMNS)]
    for (name, fate), cells in seen.items():
        rows.append([name, fate, *(cells.cell(column) for column in COLUMNS[2:])])
    return HEADER + "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(page(played(every() if "--all" in sys.argv else some())), end="")

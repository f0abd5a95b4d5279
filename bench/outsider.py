# SPDX-License-Identifier: Apache-2.0
"""What it costs an outsider: to verify a whole log, to get and check a proof or a statement; and what a record takes up.

    verify_1e5 … verify_1e7   bundles ──▶ tiles ──▶ root, form of each leaf, no label twice      all processes together
    inclusion_ms              from the files of 10^7 leaves, nothing remembered from the proof before
    statement_ms              50 looks: index signed for the newest head, proofs, and the outsider's own check of it all
    bytes_per_record          public and private, with all that is needed and no more

The whole audit, which builds the index again at every size that the map log speaks of, stands in the notes, with the memory
of all its processes. Beside verify stands what cannot be undercut: two SHA-256 for each leaf, in memory, on as many cores.
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from bench.big_log import BigLog, big_log
from bench.figures import Figure, Measured
from bench.peers import Postgres
from pymerkle import SqliteTree

from whosaw.datafolder import now
from whosaw.desks import statement_material
from whosaw.journal.published import nodes
from whosaw.journal.submission import Record, Submission
from whosaw.model.access import Field, Mode
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream
from whosaw.oversight.handout import hand_out
from whosaw.oversight.statement import make_statement
from whosaw.store.files import FilesFolder
from whosaw.tlog import merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.folder import Audit
from whosaw.verify.leaves import read_leaves
from whosaw.verify.source import FolderSource
from whosaw.verify.statement import verify_statement
from whosaw.verify.workers import cores
from whosaw.wiring import House, build, house

SIZES = {"verify_1e5": 10**5, "verify_1e6": 10**6, "verify_1e7": 10**7}
PROOFS = 300
PEER_LEAVES = 20_000
LEAVES, LOOKS, AT_ONCE = 20_000, 50, 500
HEADS, EACH = 256, 4  # heads with so few records each: many partial tiles
PERSON, STAFF = "mira", "e-aaaabbbbccccdddd"


def measure(folder: Path) -> Measured:
    """All of it."""
    found = Measured()
    bound = _hashes()
    for name, size in SIZES.items():
        log = big_log(folder / name, size)
        found.take(verify(name, log, bound))
    public = sum(path.stat().st_size for path in log.public.rglob("*") if path.is_file()) / log.size
    found.take(inclusion(folder, log))
    found.take(statement(folder / "statement", public))
    found.notes += partials(folder / "partials")
    return found


# verify


def _hashes() -> float:
    """Leaves a second whose two hashes one core makes, and does nothing else."""
    leaf, node, count = bytes(66), bytes(65), 200_000
    began = time.process_time()
    for _ in range(count):
        sha256(leaf).digest()
        sha256(node).digest()
    return count / (time.process_time() - began)


def verify(name: str, log: BigLog, bound: float) -> Measured:
    """The log without its index in this process and its workers; the whole audit as a person types it."""
    jobs = cores()
    before, began = _processor(), time.perf_counter()
    found = read_leaves(FolderSource(log.public), log.size, (), {}, jobs=jobs)
    wall, cpu = time.perf_counter() - began, _processor() - before
    signed = Checkpoint.parse(parse_note(log.checkpoint).text).root
    if found.whole.root != signed or found.twice or found.whole.leaf_failures or found.whole.tile_failures:
        raise RuntimeError("a log that is whole was found broken")
    words = [sys.executable, "-m", "whosaw.verify", "--trust", log.trust, "--jobs", str(jobs), log.public]
    before, began = _processor(), time.perf_counter()
    peak = _run(words)
    audit, audit_cpu = time.perf_counter() - began, _processor() - before
    return Measured(
        [Figure.of(name, "leaves/s", log.size / wall, bound * jobs, f"two bare SHA-256 a leaf on {jobs} cores")],
        [
            (
                f"{name}: {log.size / cpu:,.0f} leaves/s and core by processor time, {jobs} processes; the whole audit, index "
                f"included: {audit:.1f} s, {log.size / audit:,.0f} leaves/s, {log.size / audit_cpu:,.0f}/s and core, at most "
                f"{peak:,.0f} MB of memory in all its processes"
            )
        ],
    )


def _processor() -> float:
    """Seconds of processor time of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _run(words: list[object]) -> float:
    """Run a command that must end well; the most memory that it and its processes had at once, in MB."""
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL)
    most, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            most[0] = max(most[0], sum(map(_memory, _family(process.pid))))

    watching = threading.Thread(target=watch)
    watching.start()
    code = process.wait()
    ended.set()
    watching.join()
    if code:
        raise RuntimeError("the audit did not end well")
    return most[0]


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _memory(pid: int) -> float:
    """What a process has to itself, and its share of what it has with others."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


# one proof


def inclusion(folder: Path, log: BigLog) -> Measured:
    """Made from the files, and checked under the signed root."""
    chance, public = random.Random(1), FilesFolder(log.public)
    signed = Checkpoint.parse(parse_note(log.checkpoint).text).root
    made, checked = [], []
    for _ in range(PROOFS):
        index = chance.randrange(log.size)
        began = time.perf_counter()
        node = nodes(public, log.size)  # a reader of its own for each: nothing is remembered
        path = merkle.prove_inclusion(node, index, log.size)
        made.append(1000 * (time.perf_counter() - began))
        leaf, began = node(0, index), time.perf_counter()
        merkle.check_inclusion(leaf, index, log.size, path, signed)
        checked.append(1000 * (time.perf_counter() - began))
    with SqliteTree(str(folder / "pymerkle.db")) as tree:
        tree.append_entries([os.urandom(65) for _ in range(PEER_LEAVES)])
        peer = statistics.median(
            _milliseconds(lambda: tree.prove_inclusion(chance.randrange(PEER_LEAVES) + 1, PEER_LEAVES))
            for _ in range(9)
        )
    return Measured(
        [Figure.of("inclusion_ms", "ms", statistics.median(made), peer, f"pymerkle's SQLite tree of {PEER_LEAVES:,}")],
        [f"inclusion_ms: of {log.size:,} leaves, {len(path)} hashes; checked in {statistics.median(checked):.3f} ms"],
    )


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


# one statement, and what a record takes up


def look_body(number: int, person: str) -> bytes:
    """A look by an invented fraud reviewer, as long as most are."""
    return LookBody(
        kind=Kind.LOOK, look=f"l-{number}", origin="asked", at=now(), principal=STAFF, person=person,
        asked=((Field.IP, "network"),), mode=Mode.READ, source="guard", purpose="fraud_review", case="c-77", app="desk",
        decision="permit", rules=("fraud_review.case",), ask=bytes(32), facts=bytes(32), policy=bytes(32),
    ).encode()  # fmt: skip


def _look(name: str, number: int) -> Record:
    return Record(Stream.of_person(name), look_body(number, "p-" + sha256(name.encode()).hexdigest()[:16]))


def statement(folder: Path, public: float) -> Measured:
    """A person with 50 looks among 20,000 leaves; a new record before each statement, so each needs an index of its own."""
    build(folder, "log.example.org/bench")
    with house(folder) as here:
        for first in range(0, LEAVES, AT_ONCE):
            others = [_look(f"person-{n % 20}", n) for n in range(first, first + AT_ONCE)]
            here.journal.submit(Submission("bench", f"b-{first}", tuple(others)))
        for n in range(LOOKS):
            here.journal.submit(Submission("bench", f"m-{n}", (_look(PERSON, n),)))
        first, _ = _stated(here, 0)
        taken, processor = zip(*(_stated(here, n) for n in range(1, 10)), strict=True)
        trust = TrustPolicy.parse((folder / "trust").read_bytes())
        raw = make_statement(PERSON, statement_material(here))
        checked = [_milliseconds(lambda: _check(raw, trust)) for _ in range(9)]
        handed = _milliseconds(lambda: _hand_out(here))
        size = here.journal.reader().size
    private = {
        name: sum(path.stat().st_size for path in (folder / "private").glob(pattern)) / size
        for name, pattern in (("segments", "segments/*"), ("label table", "labels.db*"), ("head", "head.db*"))
    }
    body = len(look_body(1, PERSON))
    ours = public + sum(private.values())
    with Postgres() as database:
        peer = _table(database)
    return Measured(
        [
            Figure.of("statement_ms", "ms", statistics.median(taken)),
            Figure.of("bytes_per_record", "bytes", ours, peer, "a PostgreSQL table with the same bodies and keys"),
        ],
        [
            (
                f"statement_ms: {LOOKS} looks among {size:,} leaves, {len(raw):,} bytes, index signed and own check included, "
                f"{statistics.median(processor):.0f} ms of the processor; "
                f"the first of a process {first:.0f} ms; checked by the person in {statistics.median(checked):.0f} ms; handed "
                f"out, with its own record published first, in {handed:.0f} ms"
            ),
            f"bytes_per_record: body {body}, public {public:.1f}, "
            + ", ".join(f"{name} {size:.1f}" for name, size in private.items()),
        ],
    )


def _stated(here: House, number: int) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor."""
    here.journal.submit(Submission("bench", f"s-{number}", (_look("person-1", number),)))
    here.journal.publish_now()
    before = time.process_time()
    taken = _milliseconds(lambda: make_statement(PERSON, statement_material(here)))
    return taken, 1000 * (time.process_time() - before)


def _check(raw: bytes, trust: TrustPolicy) -> None:
    if verify_statement(raw, Audit(trust, now()), PERSON, None).exit:
        raise RuntimeError("a statement does not verify")


def _hand_out(here: House) -> None:
    hand_out(
        PERSON, STAFF, known=lambda _: True, journal=here.journal, material=lambda: statement_material(here), clock=now,
        key="bench",
    )  # fmt: skip


def _table(database: Postgres) -> float:
    """Bytes a row in PostgreSQL, its indexes included."""
    with database.server.connect() as db, db.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO record (idem, stream, body) VALUES (%s, %s, %s)",
            [(sha256(n.to_bytes(8)).digest(), bytes(16), look_body(n, PERSON)) for n in range(LEAVES)],
        )
        (size,) = cursor.execute("SELECT pg_total_relation_size('record')").fetchone()
    return size / LEAVES


def partials(folder: Path) -> list[str]:
    """Public bytes a record where every head has four new ones, before its old partial tiles are collected and after."""
    build(folder, "log.example.org/partials")
    ahead = [0.0]

    def clock() -> datetime:
        return now() + timedelta(seconds=ahead[0])

    with house(folder, clock=clock) as here:
        _heads(here, 0, HEADS)
        before = _size(folder), here.journal.reader().size
        ahead[0] = 3 * 3600
        _heads(here, HEADS, HEADS + 24)
        after = _size(folder), here.journal.reader().size
    return [
        (
            f"bytes_per_record: a head every {EACH} records: {before[0][0] / before[1]:,.0f} public bytes a record in "
            f"{before[0][1]:,} files with partial tiles, {after[0][0] / after[1]:,.0f} in {after[0][1]:,} files once those of an "
            f"hour ago are collected ({after[1]:,} records; the 24 heads since then still have theirs)"
        )
    ]


def _heads(here: House, first: int, last: int) -> None:
    for n in range(first, last):
        here.journal.submit(Submission("bench", f"h-{n}", tuple(_look("person-1", n) for _ in range(EACH))))
        here.journal.publish_now()


def _size(folder: Path) -> tuple[int, int]:
    files = [path.stat().st_size for path in (folder / "public").rglob("*") if path.is_file()]
    return sum(files), len(files)

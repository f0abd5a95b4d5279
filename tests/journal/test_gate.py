# SPDX-License-Identifier: Apache-2.0
"""Gates that write one log together, in PostgreSQL: any number of them, one sequencer, and no word lost between them."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests import postgres
from tests.journal.together import Town, submission, until
from tests.journal.world import outcome

from whosaw.errors import BadInput, Busy, IdempotencyConflict, OutcomeUnknown, Unavailable
from whosaw.journal.heads import MAP, opened
from whosaw.journal.place import is_rekey, split
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Stream, canonical
from whosaw.store.pg_pending import PgPending
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.receipt import open_receipt

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server():
    with postgres.server("max_connections = 100") as pg:
        yield pg


@pytest.fixture
def town(server, tmp_path):
    made = Town(server.database(), tmp_path / "data")
    yield made
    made.check()
    made.close()


@pytest.mark.slow
def test_any_gate_answers_a_retry_with_the_same_bytes(town):
    """Asked again elsewhere, before and after the head that covers it, a key has its one place and its one receipt."""
    key = VerifierKey.parse(town.signers.receipts.vkey())
    with town.gates(3) as gates:
        ours, theirs = gates[0][0], gates[1][0]
        made = ours.submit(submission("k-1", "anna", "ben"))
        receipt = open_receipt(made.receipt, key)
        assert (receipt.first, receipt.count) == (1, 4)
        assert theirs.submit(submission("k-1", "anna", "ben")).receipt == made.receipt
        ours.wait_published(made.first)
        until(lambda: town.database.rows("SELECT count(*) FROM journal.pending") == [(0,)])
        for gate, _ in gates:
            assert gate.find("test", "k-1").receipt == made.receipt
            assert gate.submit(submission("k-1", "anna", "ben")).receipt == made.receipt
        assert ours.find("test", "k-2") is None
        with pytest.raises(IdempotencyConflict):
            theirs.submit(submission("k-1", "anna", "ben", text="other"))
        until(lambda: town.database.rows("SELECT count(*) FROM journal.pending") == [(0,)])
        assert [candidate.epoch for _, candidate in gates].count(1) == 1


def test_one_key_with_two_bodies_at_once_is_one_record_and_one_conflict(town):
    """Whoever's row is there first is recorded; the other is told, by whichever gate."""
    with town.gates(2) as gates, ThreadPoolExecutor(8) as pool:
        for n in range(10):
            asked = [pool.submit(gates[m % 2][0].submit, submission(f"k-{n}", text=f"text {m % 2}")) for m in range(4)]
            errors = [one.exception() for one in asked]
            assert [type(e) for e in errors].count(IdempotencyConflict) == 2
            assert len({one.result().receipt for one in asked if one.exception() is None}) == 1
        gates[0][0].publish_now()


@pytest.mark.slow
def test_a_gate_finds_what_another_has_just_recorded(town):
    """By label, published or not: the vault of one gate opens for a receipt of another."""
    with town.gate() as (_, leads), town.gate(stands=False) as (ours, _), town.gate(stands=False) as (theirs, _):
        until(lambda: leads.epoch)
        for n in range(5):
            made = ours.submit(submission(f"k-{n}", "anna", "ben"))
            for leaf in made.leaves:
                assert theirs.leaves.find(leaf.label) == leaf
        assert theirs.leaves.find(b"n" * 32) is None
        theirs.publish_now()
        assert theirs.leaves.find(made.leaves[0].label) == made.leaves[0]


def test_the_index_and_proofs_come_from_any_gate(town):
    """An index is signed on request, by whoever is elected, and worked out again where it is asked for."""
    with town.gates(2) as gates:
        for n in range(6):
            gate = gates[n % 2][0]
            made = gate.submit(submission(f"k-{n}", f"person-{n}"))
            gate.wait_published(made.first)
            mapped = gates[(n + 1) % 2][0].mapped()
            again = gates[n % 2][0].under(mapped.reader.note, mapped.checkpoint)  # by its two notes alone
            assert (again.leaf, again.index.root) == (mapped.leaf, mapped.index.root)
            assert mapped.reader.size > made.first
            head = opened(mapped.checkpoint, town.signers.map_keys(), MAP)
            assert MapLeaf.parse(mapped.leaf).open(town.signers.keys()).size == mapped.reader.size
            assert head.size >= 1
            mapped.index.prove(made.leaves[0].label).check(MapLeaf.parse(mapped.leaf).root)
            assert b"c2sp.org/tlog-proof" in gate.proof(made.first)


def test_tasks_wait_without_a_thread(town):
    """A hundred tasks of one loop are answered, each with its own."""

    async def ask(gate):
        return await asyncio.gather(*(gate.submit_async(submission(f"k-{n}", f"person-{n % 9}")) for n in range(100)))

    with town.gate() as (gate, _):
        made = asyncio.run(ask(gate))
        assert len({one.first for one in made}) == 100
        gate.publish_now()


def test_a_submission_that_is_too_large_is_refused_to_its_caller(town):
    """What only the sequencer can count, enrolments included, is told to whoever asked, and nothing of it is recorded."""
    with town.gate() as (gate, _):
        records = tuple(Record(Stream.of_person(f"p-{n}"), canonical({"v": 1, "kind": "x"})) for n in range(9_000))
        with pytest.raises(BadInput, match="leaves"):
            gate.submit(Submission("test", "large", records))
        assert gate.find("test", "large") is None
        gate.submit(submission("small"))
        gate.publish_now()
    assert town.database.rows("SELECT count(*) FROM journal.pending") == [(0,)]


# ── several at once, of one thread ──


def test_several_at_once_are_answered_each_with_its_own(town):
    """In their order: a new one, one that is none, one that is recorded, another body under a known key, one key twice. What
    fails is that one's own; the thread that waits is admitted once, for all; and asked all at once they are found as each by itself.
    """
    admitted = []

    def admit(wake):
        admitted.append(wake)
        wake()

    with town.gate() as (gate, _):
        known = gate.submit(submission("known", "anna"))
        given = [
            submission("new", "ben"), Submission("test", "nothing", ()), submission("known", "anna"),
            submission("known", "anna", text="other"), submission("twice", "cem"), submission("twice", "cem"), submission("last"),
        ]  # fmt: skip
        made = gate.submit_all(given, admit)
        assert [type(each) for each in made] == [
            Recorded, BadInput, Recorded, IdempotencyConflict, Recorded, Recorded, Recorded,
        ]  # fmt: skip
        assert made[2].receipt == known.receipt
        assert made[4].receipt == made[5].receipt
        assert len({made[place].first for place in (0, 2, 4, 6)}) == 4
        assert gate.submit_all([], admit) == []
        assert len(admitted) == 1
        for _ in range(2):  # from the table, and once the head has them
            asked = [("test", key) for key in ("last", "nothing", "k" * 65, "known", "new", "twice")]
            found = gate.find_all(asked)
            assert type(found[2]) is BadInput
            assert [None if each is None else each.receipt for each in (*found[:2], *found[3:])] == [
                made[6].receipt, None, known.receipt, made[0].receipt, made[4].receipt,
            ]  # fmt: skip
            gate.publish_now()
            until(lambda: town.database.rows("SELECT count(*) FROM journal.pending") == [(0,)])
        assert gate.find_all([]) == []
    with pytest.raises(Unavailable):  # a gate that is closed takes none of them
        gate.submit_all(given[:2])


def test_several_that_nobody_records_are_taken_back_each_of_them(town):
    """Without a sequencer: Unavailable to each, nothing is recorded later; asked again, all are."""
    given = [submission(f"k-{n}", f"person-{n}") for n in range(3)]
    with town.gate(stands=False, patience=0.3) as (gate, _):
        assert [type(each) for each in gate.submit_all(given)] == [Unavailable] * 3
        assert gate.find_all([("test", f"k-{n}") for n in range(3)]) == [None] * 3
    with town.gate() as (gate, _):
        assert sorted(each.first for each in gate.submit_all(given)) == [1, 3, 5]
        gate.publish_now()


# ── nobody elected, or nobody there ──


@pytest.mark.parametrize("step", ["ask", "answers"])
@pytest.mark.parametrize("after", [False, True])
def test_whatever_fails_on_the_way_is_asked_again(town, monkeypatch, step, after):
    """Also what nobody thought of, before or after it was done: those who wait are answered, and the next ones too."""
    left, real = [1], getattr(PgPending, step)

    def fails(pending, rows):
        if left and left.pop():
            if after:
                real(pending, rows)
            raise ValueError("of nobody's making")
        return real(pending, rows)

    with town.gate() as (gate, _):
        monkeypatch.setattr(PgPending, step, fails)
        for n in range(2):
            left[:] = [1]
            several = [submission(f"k-{n}-{m}", "anna") for m in range(3)]
            with ThreadPoolExecutor(2) as pool:
                made = pool.submit(gate.submit_all, several), pool.submit(gate.submit, submission(f"s-{n}", "ben"))
                answers = [*made[0].result(30), made[1].result(30)]
            assert [type(answer) for answer in answers] == [Recorded] * 4
        assert not left


def test_without_a_sequencer_a_submission_is_taken_back(town):
    """Unavailable means that nothing was recorded, and nothing is, when somebody is elected later."""
    with town.gate(stands=False, patience=0.3) as (gate, _):
        with pytest.raises(Unavailable, match="taken back"):
            gate.submit(submission("k-1"))
    with town.gate() as (gate, _):
        assert gate.submit(submission("k-2")).first == 1
        assert gate.find("test", "k-1") is None
        gate.publish_now()


def test_too_many_that_wait_are_refused_at_once(town):
    """The table is bounded, whoever fills it."""
    small = PgPending(town.database, limit=2)
    with town.gate(stands=False, patience=60) as (gate, _):
        gate._asking._pending = small
        asked = [gate.enqueue(submission("k-0"))]
        until(lambda: town.database.rows("SELECT count(*) FROM journal.pending") == [(1,)])
        asked.append(gate.enqueue(submission("k-1")))
        until(lambda: town.database.rows("SELECT count(*) FROM journal.pending") == [(2,)])
        began = time.monotonic()
        with pytest.raises(Busy):
            gate.submit(submission("k-2"))
        assert time.monotonic() - began < 40  # less than its patience
        with town.gate() as (other, _):
            assert {one.result().first for one in asked} == {1, 3}
            other.publish_now()


@pytest.mark.slow
def test_a_gate_outlives_its_database(tmp_path):
    """Gone: Unavailable for what was never asked, and at once. Back: as before, without a restart of ours."""
    with postgres.server("max_connections = 60") as pg:
        town = Town(pg.database(), tmp_path / "data")
        with town.gates(2) as gates:
            first = gates[0][0].submit(submission("k-0"))
            until(lambda: any(candidate.epoch for _, candidate in gates))
            for n in range(3):
                with ThreadPoolExecutor(16) as pool:
                    asked = [pool.submit(gates[m % 2][0].submit, submission(f"k-{n}-{m}", f"p-{m}")) for m in range(64)]
                    pg.restart()
                    errors = [one.exception() for one in asked]
                assert {type(error) for error in errors} <= {type(None), Unavailable, OutcomeUnknown}
                again = gates[1][0].submit(submission(f"k-{n}-0", "p-0"))
                assert errors[0] or again.receipt == asked[0].result().receipt
            assert gates[1][0].find("test", "k-0").receipt == first.receipt
            gates[0][0].publish_now()
        town.check()
        town.close()


# ── terms ──


@pytest.mark.slow
def test_who_loses_the_lock_is_followed_at_once(town, server):
    """The connection that holds it is cut: the term ends, another begins, and every caller has the answer."""
    with town.gates(3) as gates, ThreadPoolExecutor(8) as pool:
        until(lambda: any(candidate.epoch for _, candidate in gates))
        asked = []
        for n in range(200):
            asked.append(pool.submit(gates[n % 3][0].submit, submission(f"k-{n}", f"p-{n % 5}")))
            if n % 50 == 25:
                with server.connect() as admin:
                    admin.execute(
                        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
                        " and pid in (select pid from pg_stat_activity where datname = %s)",
                        (town.conninfo.split("/")[3].split("?")[0],),
                    )
                time.sleep(0.3)
        made = [one.result() for one in asked]
        assert len({one.first for one in made}) == 200
        (epoch,) = town.database.rows("SELECT epoch FROM journal.leader")[0]
        assert epoch >= 2
        gates[0][0].publish_now()


def test_who_was_succeeded_writes_nothing(town):
    """Its epoch is over, and it does not know: its next write is refused, its term ends, and nothing of it was kept."""
    with town.gate() as (gate, candidate):
        gate.submit(submission("k-1"))
        until(lambda: candidate.epoch)
        for n in range(3):
            town.database.rows("UPDATE journal.leader SET epoch = epoch + 100 RETURNING epoch")
            before = gate._stores.head.read()
            made = gate.submit(submission(f"after-{n}"))  # by the same process, in a term of its own
            assert made.first >= before.size
            assert candidate.epoch > 100 * n
        gate.publish_now()


@pytest.mark.slow
def test_a_sequencer_that_shows_no_pulse_loses_the_lock(town, monkeypatch):
    """Stopped, it keeps its connections; a candidate ends the one that counts, after a while."""
    from whosaw.journal.cluster.candidate import PULSE
    from whosaw.store import pg_election

    monkeypatch.setattr(pg_election, "STALE", 1.0)
    with town.gate() as (_, candidate):
        until(lambda: candidate.epoch)
        hold = threading.Event()
        monkeypatch.setattr(pg_election.PgOffice, "beat", lambda self: hold.wait(60))
        time.sleep(0.5 + PULSE)
        monkeypatch.undo()
        with town.gate() as (gate, other):
            other._election._stale = 1.0
            until(lambda: other.epoch == 2)
            hold.set()
            assert gate.submit(submission("k-1")).first == 1
            gate.publish_now()


def test_an_older_checkpoint_that_is_shown_is_put_right(town):
    """A process that woke up late published an old head in the moment between question and rename."""
    with town.gate() as (gate, _):
        gate.publish_now()
        old = town.public.read("checkpoint")
        gate.wait_published(gate.submit(submission("k-1")).first)
        town.public.replace("checkpoint", old)
        until(lambda: town.public.read("checkpoint") != old)
        gate.publish_now()


def test_a_stream_gets_new_keys_from_any_gate(town):
    """Whoever asks for it: records before and behind the rekey have the places that follow, at every gate; none is lost."""
    anna = Stream.of_person("anna")
    with town.gates(3) as gates:
        assert gates[0][0].rekey(anna) is False
        places = []
        for n in range(9):
            gate = gates[n % 3][0]
            (leaf,) = (made for made in gate.submit(submission(f"k-{n}", "anna")).leaves if made.i)
            places.append(split(leaf.i))
            if n % 3 == 2:
                assert gates[(n + 1) % 3][0].rekey(anna) is True
        assert places == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
        with ThreadPoolExecutor(6) as pool:
            work = [pool.submit(gates[n % 3][0].submit, submission(f"l-{n}", "anna")) for n in range(20)]
            work += [pool.submit(outcome, lambda n=n: gates[n][0].rekey(anna)) for n in range(3)]
            said = [one.result() for one in work]
        assert {type(each) for each in said[20:]} <= {bool, BadInput, type(None)}
        gates[0][0].publish_now()
        run = gates[1][0].reader().run(town.keys.of(anna))
    bodies = [frame.body for frame in run]
    assert sum(is_rekey(body) for body in bodies) == town.keys.of(anna).rekeys >= 3 + 1
    assert len(bodies) == 1 + 9 + 20 + sum(is_rekey(body) for body in bodies)

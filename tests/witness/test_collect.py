# SPDX-License-Identifier: Apache-2.0
"""Cosignatures for a running log: real witnesses over HTTP, some down, some late, some lying."""

import itertools
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
from tests.witness.desk import NOW, ORIGIN, W1, W2, Book, Clock, Desk, HashLog, files, log_keys, post, served, trust
from tests.witness.test_client import answering

from whosaw.tlog.note import COSIGNATURE, open_note, parse_note
from whosaw.tlog.trust import Group, TrustedWitness, TrustPolicy
from whosaw.witness.client import Client, Says
from whosaw.witness.collect import Collector, Pace
from whosaw.witness.state import Standing

LOG, OTHER = HashLog(), HashLog(b"other", fork=5)
QUICK = Pace(head=0.0, give_up=60.0, first_retry=0.05, last_retry=0.05, state=0.0)


class Switch:
    """A witness that can be down: it hangs up on everybody then."""

    def __init__(self, desk):
        self.desk, self.up, self.asked = desk, True, 0
        self._came = threading.Condition()

    async def __call__(self, scope, receive, send):
        from whosaw.witness.server import App

        with self._came:
            self.asked += 1
            self._came.notify_all()
        if self.up:
            await App(self.desk.witness)(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"9")]})

    def wait(self, asked):
        with self._came:
            assert self._came.wait_for(lambda: self.asked >= asked, 20)


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@contextmanager
def collecting(book, policy, clients, *, pace=QUICK, patience=0.0, clock=None, **more):
    made = Collector(book, clients, policy, book, clock or Clock(), pace=pace, **more)
    made.start()
    try:
        yield made
    finally:
        made.close(patience)
        for client in clients.values():
            client.close()


def client_of(stack, app, keys):
    return Client(stack.enter_context(served(app)), [s.key for s in keys], timeout=20.0)


def two(stack):
    desks = Desk(), Desk(signers=W2)
    switches = [Switch(desk) for desk in desks]
    clients = {f"w{n}": client_of(stack, s, s.desk.signers) for n, s in enumerate(switches, 1)}
    return desks, switches, clients


def cosigned_by(note, *witnesses):
    """Whether the log and exactly these witnesses (their Ed25519 keys) signed, and nobody else did."""
    keys = [*(s.key for s in log_keys()), *(w[0].key for w in witnesses)]
    opened = open_note(note, keys)
    others = [s for s in parse_note(note).signatures if s.name.startswith("w")]
    return opened.keys == frozenset(keys) and {s.name for s in others} == {w[0].name for w in witnesses}


@pytest.mark.parametrize("quorum", [1, 2])
def test_a_quorum_is_met(stack, quorum):
    """Every head that is shown as witnessed has enough cosignatures, sizes only grow, and the newest one comes."""
    _, _, clients = two(stack)
    book, policy = Book(LOG, 3), trust(quorum, W1, W2)
    with collecting(book, policy, clients):
        for size in (3, 7, 20, 21, 40):
            book.publish(size)
            book.wait(lambda size=size: book.shown and policy.open(book.shown[-1], NOW).checkpoint.size == size)
    heads = [policy.open(note, NOW) for note in book.shown]
    assert all(head.quorum for head in heads)
    assert [h.checkpoint.size for h in heads] == sorted(h.checkpoint.size for h in heads)
    assert book.stopped == book.kept == []


def test_one_of_two_is_down_and_one_suffices(stack):
    """Quorum 1: shown with the line of the one that is up; the other one's state says that it is not."""
    _, (_, second), clients = two(stack)
    second.up = False
    book = Book(LOG, 3)
    with collecting(book, trust(1, W1, W2), clients) as collector:
        book.wait(lambda: book.shown)
        second.wait(3)
        book.wait(lambda: book.states[-1].witnesses[1].asked)
        one, other = collector.standing().witnesses
    assert cosigned_by(book.shown[-1], W1)
    assert (one.says, one.size, one.alarm) == (Says.COSIGNED, 3, False)
    assert (other.size, other.cosigned) == (None, None)
    assert other.says in (Says.ODD, Says.UNREACHABLE)


def test_one_of_two_is_down_and_both_are_needed(stack):
    """Quorum 2: nothing is shown as witnessed while one is down; when it is back, the newest head is, late."""
    _, (_, second), clients = two(stack)
    second.up = False
    book, policy = Book(LOG, 3), trust(2, W1, W2)
    with collecting(
        book, policy, clients, pace=Pace(head=0.0, give_up=0.1, first_retry=0.05, last_retry=0.05, state=0.0)
    ) as collector:
        second.wait(2)
        book.publish(9)
        second.wait(5)
        assert book.shown == []
        assert collector.standing().witnessed == 0
        assert collector.standing().witnesses[1].lag(9) is None
        second.up = True
        book.wait(lambda: any(policy.open(note, NOW).checkpoint.size == 9 for note in book.shown))
        assert collector.standing().witnessed == 9
    assert all(policy.open(note, NOW).quorum for note in book.shown)
    assert cosigned_by(book.shown[-1], W1, W2)


def test_all_loops_ask_for_one_head(stack):
    """A log that publishes all the time is witnessed all the same, though one witness is slower than the heads come."""
    _, _, clients = two(stack)
    ask = clients["w2"].ask

    def slow(*args):
        threading.Event().wait(0.03)
        return ask(*args)

    clients["w2"].ask = slow
    book, policy = Book(LOG, 1), trust(2, W1, W2)
    with collecting(book, policy, clients):
        for size in range(2, 60):
            book.publish(size)
            threading.Event().wait(0.005)
        book.wait(lambda: len(book.shown) > 3 and policy.open(book.shown[-1], NOW).checkpoint.size == 59)
    assert all(policy.open(note, NOW).quorum for note in book.shown)


def test_an_unchanged_head_is_resubmitted(stack):
    """So that a stale one shows: the same head again, with a newer time, and still one line of each witness."""
    desks, _, clients = two(stack)
    book, policy = Book(LOG, 3), trust(2, W1, W2)
    with collecting(book, policy, clients, pace=Pace(again=0.1, state=0.0)):
        book.wait(lambda: book.shown)
        for desk in desks:
            desk.clock.at += 60
        book.wait(lambda: policy.open(book.shown[-1], NOW + 60).newest == NOW + 60)
        book.wait(lambda: min(open_note(book.shown[-1], policy.witness_keys()).times.values()) == NOW + 60)
    assert cosigned_by(book.shown[-1], W1, W2)
    assert policy.open(book.shown[-1], NOW + 60).checkpoint.size == 3


def test_later_lines_join_a_head_that_is_shown(stack):
    """With quorum 1 the other witness's line is added to the head that stands, when it comes."""
    _, _, clients = two(stack)
    book = Book(LOG, 3)
    with collecting(book, trust(1, W1, W2), clients):
        book.wait(lambda: book.shown and cosigned_by(book.shown[-1], W1, W2))


def test_both_kinds_of_keys_count_by_the_policy(stack):
    """A witness signs with two keys at once; the policy may name either, and one question gives both lines."""
    _, (switch, _), clients = two(stack)
    ed25519, mldsa = W1
    policy = TrustPolicy(
        trust(1, W1).logs,
        (TrustedWitness(b"a", ed25519.key), TrustedWitness(b"b", mldsa.key)),
        (Group(b"q", 2, (b"a", b"b")),),
        b"q",
    )
    book = Book(LOG, 3)
    with collecting(book, policy, {"w1": clients["w1"]}):
        book.wait(lambda: book.shown)
    assert switch.asked == 1
    opened = open_note(book.shown[-1], [ed25519.key, mldsa.key])
    assert {key.kind for key in opened.keys} == {COSIGNATURE, mldsa.key.kind}
    clients["w2"].close()


def test_what_could_not_be_written_is_asked_for_again(stack):
    """A cosignature came and the file could not be replaced: the same head is asked for again, and shown once."""
    _, _, clients = two(stack)
    book = Book(LOG, 3)
    book.fails = 2
    with collecting(book, trust(2, W1, W2), clients):
        book.wait(lambda: book.shown)
    assert cosigned_by(book.shown[-1], W1, W2)


def fork_of(stack):
    """A witness that has cosigned another history of us, up to size 12."""
    desk = Desk()
    url = stack.enter_context(served(desk.witness))
    post(url, OTHER.request(0, 12))
    return desk, Client(url, [s.key for s in W1], timeout=20.0)


@pytest.mark.parametrize("size", [8, 12, 20])
def test_a_fork_stops_the_log(stack, size):
    """Whether the other history is longer, as long or shorter: both checkpoints are kept, and the log is stopped."""
    desk, client = fork_of(stack)
    book = Book(LOG, size)
    with collecting(book, trust(1, W1), {"w1": client}, known={"w1": 12}):
        book.wait(lambda: book.stopped)
    [(kind, evidence)] = book.kept
    assert kind == "fork"
    theirs, ours = desk.heads.latest(ORIGIN).note, LOG.note(size)
    kept = files(evidence)
    assert {n.partition(b"\n\n")[0] for n in kept.values()} == {n.partition(b"\n\n")[0] for n in (theirs, ours)}
    assert kept["checkpoint" if size < 12 else "older-checkpoint"] == theirs
    assert all(open_note(note, [s.key for s in log_keys()]) for note in kept.values())
    assert len(book.stopped) == 1
    assert book.shown == []


@pytest.mark.parametrize(("answer", "says"), [((409, b"50\n"), Says.AHEAD), ((422, b"no\n"), Says.CONTRADICTS)])
@pytest.mark.parametrize("shown", [b"", LOG.note(5), OTHER.note(9).replace(b"9\n", b"10\n"), b"nonsense\n"])
def test_a_lying_witness_stops_nothing(stack, answer, says, shown):
    """It claims another history and shows none that we signed: an alarm and its words kept, and the log goes on."""
    honest = client_of(stack, Desk(signers=W2).witness, W2)
    with answering(lambda handler, _: answer if handler.command == "POST" else (200 if shown else 404, shown)) as liar:
        book = Book(LOG, 9)
        with collecting(book, trust(1, W1, W2), {"w1": liar, "w2": honest}) as collector:
            book.wait(lambda: book.kept and book.shown)
            book.wait(lambda: book.states and book.states[-1].witnesses[0].alarm)
            book.publish(20)
            book.wait(lambda: collector.standing().witnessed == 20)
    [(kind, evidence)] = book.kept
    assert kind == "claim"
    assert files(evidence)["answer"] == answer[1]
    assert collector.standing().witnesses[0].says is says
    assert book.stopped == []


def test_a_witness_that_does_not_know_us(stack):
    """404 is an alarm, once; it is not asked again at every head."""
    switch = Switch(Desk(logs={}))
    honest = client_of(stack, Desk(signers=W2).witness, W2)
    book = Book(LOG, 3)
    with collecting(book, trust(1, W1, W2), {"w1": client_of(stack, switch, W1), "w2": honest}) as collector:
        switch.wait(1)
        for size in (4, 5, 6):
            book.publish(size)
            book.wait(lambda size=size: collector.standing().witnessed == size)
    assert switch.asked == 1
    assert collector.standing().witnesses[0].says is Says.UNKNOWN
    assert collector.standing().witnesses[0].alarm


def test_the_end_waits_for_those_who_answer(stack):
    """A log that is open for a moment only is witnessed all the same; a witness that is down is not waited for."""
    _, (_, second), clients = two(stack)
    second.up = False
    book, policy = Book(LOG, 3), trust(1, W1, W2)
    with collecting(book, policy, clients, pace=Pace(first_retry=60.0), patience=10.0):
        book.publish(8)
    assert policy.open(book.shown[-1], NOW).checkpoint.size == 8
    assert book.states[-1].witnessed == 8


def test_an_end_with_everybody_down():
    """It does not take its patience where nobody is there."""
    gone = Client("http://127.0.0.1:1", [s.key for s in W1])
    book = Book(LOG, 3)
    with collecting(book, trust(1, W1), {"w1": gone}, patience=60.0, pace=Pace(first_retry=60.0)) as collector:
        pass
    assert book.shown == []
    assert collector.standing().witnesses[0].says is Says.UNREACHABLE


def test_what_is_shown_already_is_not_taken_back(stack):
    """After a restart: sizes below the one that stands are never written."""
    _, _, clients = two(stack)
    book = Book(LOG, 3)
    with collecting(book, trust(1, W1, W2), clients, witnessed=5) as collector:
        book.wait(
            lambda: (collector.standing().witnesses[0].says and collector.standing().witnesses[1].says) or book.states
        )
        book.publish(6)
        book.wait(lambda: book.shown)
    assert [open_note(n, [s.key for s in log_keys()]).text for n in book.shown[:1]] == [LOG.text(6)]


def test_a_fault_in_a_loop_ends_no_loop(stack):
    """Even a mistake of ours leaves the witness asked, and visible as not asked well."""
    _, _, clients = two(stack)
    ask, faults = clients["w1"].ask, iter([ZeroDivisionError, KeyError])

    def faulty(*args):
        error = next(faults, None)
        if error:
            raise error
        return ask(*args)

    clients["w1"].ask = faulty
    book = Book(LOG, 3)
    with collecting(book, trust(2, W1, W2), clients):
        book.wait(lambda: book.shown)
    assert next(faults, None) is None


def test_the_state_reads_back(stack):
    """What was written is what stood."""
    _, _, clients = two(stack)
    book = Book(LOG, 3)
    with collecting(book, trust(2, W1, W2), clients) as collector:
        book.wait(lambda: book.shown)
    last = collector.standing()
    assert Standing.parse(last.encode(), "state") == last
    assert [w.lag(10) for w in last.witnesses] == [7, 7]


# ── the table of the design, row by row ──

ROWS = [  # what is answered; what it means; does somebody have to look; what is kept; how long until it is asked again
    ("malformed", (400, b"no request\n"), Says.REFUSED, True, None, "alarmed"),
    ("no signature that it trusts", (403, b"no\n"), Says.REFUSED, True, None, "alarmed"),
    ("an origin that it does not know", (404, b"no\n"), Says.UNKNOWN, True, None, "unknown"),
    ("409, smaller each time", "smaller", Says.BEHIND, False, None, "retry"),
    ("409, larger", (409, b"40\n"), Says.AHEAD, True, "claim", "alarmed"),
    ("409, the size that was asked with", (409, b"0\n"), Says.CONTRADICTS, True, "claim", "alarmed"),
    ("422", (422, b"no\n"), Says.CONTRADICTS, True, "claim", "alarmed"),
    ("its own trouble", (500, b""), Says.ODD, True, None, "retry"),
    ("its clock", (503, b""), Says.ODD, True, None, "retry"),
]


@pytest.mark.parametrize(("why", "answer", "says", "alarm", "kept", "again"), ROWS, ids=[row[0] for row in ROWS])
def test_every_row_of_the_table(why, answer, says, alarm, kept, again):
    """Each is visible, alarms where a person must look, is asked again in its own time, and stops nothing."""
    posts, sizes = [], itertools.cycle(range(1, 9))

    def said(handler, _):
        if handler.command == "GET":
            return 404, b""
        posts.append(time.monotonic())
        return (409, b"%d\n" % next(sizes)) if answer == "smaller" else answer

    short, long = 0.15, 60.0
    pace = Pace(
        head=0.0, first_retry=short if again == "retry" else long, last_retry=short if again == "retry" else long,
        alarmed=short if again == "alarmed" else long, unknown=short if again == "unknown" else long, state=0.0,
    )  # fmt: skip
    a_question = 2 if answer == "smaller" else 1  # a smaller size is asked with once more, at once
    with answering(said) as client:
        book = Book(LOG, 9)
        with collecting(book, trust(1, W1), {"w1": client}, pace=pace) as collector:
            book.wait(lambda: len(posts) >= 2 * a_question and len(book.states) >= 2)
            [standing] = collector.standing().witnesses
    assert (standing.says, standing.alarm) == (says, alarm), why
    assert posts[a_question] - posts[a_question - 1] >= short * 0.9
    assert {kind for kind, _ in book.kept} == ({kept} if kept else set())
    assert book.shown == book.stopped == []
    if kept:
        assert set(files(book.kept[0][1])) == {"request", "answer"}


def test_an_alarm_is_told_once(stack, caplog):
    """A witness that says the same each time fills no log; what is new is said again."""
    answers = iter([(404, b"")] * 4 + [(403, b"")] * 4)
    pace = Pace(head=0.0, alarmed=0.02, unknown=0.02, first_retry=0.02, last_retry=0.02, state=0.0)
    with answering(lambda *_: next(answers, (403, b""))) as client, caplog.at_level("ERROR"):
        book = Book(LOG, 9)
        with collecting(book, trust(1, W1), {"w1": client}, pace=pace):
            book.wait(lambda: len(book.states) >= 8)
    told = [record.getMessage() for record in caplog.records if record.name.endswith("collect")]
    assert len(told) == 2, told
    assert "does not know our log" in told[0]
    assert "signature as none that it trusts" in told[1]

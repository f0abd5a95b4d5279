# SPDX-License-Identifier: Apache-2.0
"""The guard among the real parts: journal, keyring, vault, directory and policy, put together by wiring, on a disk."""

import asyncio
import threading
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.directory.town import write
from tests.guard.gate import COMPANY, DAY, HOUR, SUMMER
from tests.policy.ground import POLICY
from tests.vault.crowds import fill

from whosaw.desks import hand_out_statement
from whosaw.directory.load import load
from whosaw.errors import IdempotencyConflict
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream, parse
from whosaw.privacy.unseal import unseal_person, unseal_principal
from whosaw.tlog import leaf
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.folder import Audit
from whosaw.verify.source import FolderSource
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Statement
from whosaw.verify.stretches import ends
from whosaw.wiring import build, house

ADDRESS = "203.0.113.77"


class Clock:
    """Goes forward by a millisecond at each reading, and to where a test turns it."""

    def __init__(self):
        self.at, self._lock = SUMMER - 2 * HOUR, threading.Lock()

    def __call__(self):
        with self._lock:
            self.at += timedelta(milliseconds=1)
            return self.at


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with keys and a log, made once: its RSA key takes a second."""
    folder, clock = tmp_path_factory.mktemp("house") / "data", Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    write(folder.parent / "tables", COMPANY, regions=None)
    return folder, clock


@pytest.fixture
def opened(built):
    folder, clock = built
    with house(folder, clock=clock) as here:
        load(
            folder.parent / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
            remember=here.names.remember, clock=clock,
        )  # fmt: skip
        for person in ("mira", "owen", "kate"):
            here.vault.put(person, Field.IP, ADDRESS, SUMMER - 5 * HOUR, f"{person} signs in")
            fill(here.vault._crowd, ADDRESS, SUMMER - 5 * HOUR)
        clock.at = max(clock.at, SUMMER)
        yield here


def asked(key, principal="ana", person="mira", what="ip:network", purpose="subject_request", case="T-100"):
    return Look(f"l-{key}", principal, person, (Asked.parse(what),), purpose, case, key)


def test_a_look_from_the_question_to_the_masked_value(opened):
    """Shown: the network and not the address; the record is the newest of the person's own stream."""
    answer = opened.guard.look(asked("first"))
    assert isinstance(answer, Shown)
    assert [(v.text, v.detail) for v in answer.values] == [("203.0.113.0/24", "network")]
    opened.journal.publish_now()
    run = opened.journal.reader().run(opened.keyring.find(Stream.of_person("mira")))
    body = LookBody.decode(run[-1].body)
    assert (body.look, body.decision, body.purpose, run[-1].index) == (
        "l-first",
        "permit",
        "subject_request",
        answer.index,
    )
    assert opened.journal.proof(answer.index)
    assert body.policy == opened.policy.digest == POLICY.digest
    assert unseal_principal(opened.name_rows, opened.root, body.principal) == "ana"
    assert unseal_person(opened.keyring, body.person) == "mira"


def test_looks_of_tasks_are_those_of_threads(opened):
    """Eight at once: each on record once, in the person's own stream, and a retry of a thread is the same look."""

    async def go():
        return await asyncio.gather(*(opened.guard.look_async(asked(f"task-{n}")) for n in range(8)))

    shown = asyncio.run(asyncio.wait_for(go(), 60))
    assert {value.text for answer in shown for value in answer.values} == {"203.0.113.0/24"}
    assert len({answer.index for answer in shown}) == 8
    again = opened.guard.look(asked("task-7"))
    assert (again.index, again.receipt, again.values) == (shown[7].index, shown[7].receipt, shown[7].values)


def test_a_house_that_closes_ends_the_looks_of_tasks_that_are_gone(built, opened, monkeypatch):
    """The program gave up and leaves the house: what was begun is on record, whole, and nothing of it is after the end."""
    disk, go = opened.journal, threading.Event()
    begun, on = threading.Event(), opened.guard._journal.submit

    def slow(submission):
        begun.set()
        assert go.wait(20)
        return on(submission)

    monkeypatch.setattr(opened.guard, "_journal", Beside(disk, slow))

    async def leave():
        asyncio.ensure_future(opened.guard.look_async(asked("gone")))  # noqa: RUF006
        assert await asyncio.to_thread(begun.wait, 20)

    asyncio.run(leave())
    closing = threading.Thread(target=opened.guard.close, daemon=True)
    closing.start()
    go.set()
    closing.join(20)
    assert not closing.is_alive()
    monkeypatch.undo()
    assert isinstance(opened.guard.look(asked("gone")), Shown)
    assert len(disk.find(f"guard/{opened.names.remember('ana')}", "gone").leaves) == 1


class Beside:
    """A journal, of which one method is another."""

    def __init__(self, journal, submit):
        self._journal, self.submit = journal, submit

    def __getattr__(self, name):
        return getattr(self._journal, name)


def test_the_story_and_its_twins(opened):
    """The audit department is refused by name, a fraud reviewer of a real takeover sees the exact address."""
    refused = opened.guard.look(asked("story", "a3", "kate", "ip:exact", "internal_inquiry", "I-7"))
    assert isinstance(refused, Refused)
    assert "protected-person" in {rule.id for rule in refused.decision.rules}
    shown = opened.guard.look(asked("twin", "finn", "owen", "ip:exact", "fraud_review", "F-200"))
    assert [v.text for v in shown.values] == [ADDRESS]


def test_what_this_house_cannot_mask_to_is_refused(opened):
    """The country of an address needs a database that is not there: refused, and not rounded up to the network."""
    answer = opened.guard.look(asked("country", what="ip:country"))
    assert [rule.id for rule in answer.decision.rules] == ["detail-not-offered"]


def test_a_retry_is_the_same_record_also_after_a_restart(built, opened):
    """The same key before and after the house was closed: one record, equal answers; another question is a conflict."""
    first = opened.guard.look(asked("again"))
    assert opened.guard.look(asked("again")) == first
    with pytest.raises(IdempotencyConflict):
        opened.guard.look(asked("again", what="device"))


def test_after_a_restart_the_key_is_still_known(built):
    """What was recorded by another process is found under its key, and shown again from the same record."""
    folder, clock = built
    with house(folder, clock=clock) as here:
        earlier = [f for f in here.journal.reader().frames() if b'"look":"l-again"' in f.body]
        answer = here.guard.look(asked("again"))
        assert isinstance(answer, Shown)
        assert [f.index for f in earlier] == [answer.index]


def test_a_restart_does_not_forget_the_last_look(built):
    """A clock set back while the house was closed is noticed by the next look, within what the journal bears."""
    folder, clock = built
    now = clock.at
    with house(folder, clock=clock) as here:
        clock.at = now + HOUR
        load(
            folder.parent / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
            remember=here.names.remember, clock=clock,
        )  # fmt: skip
        assert isinstance(here.guard.look(asked("ahead")), Shown)
        here.journal.publish_now()
    with house(folder, clock=clock) as here:
        clock.at -= timedelta(milliseconds=100)
        answer = here.guard.look(asked("behind"))
        assert "clock-went-back" in {rule.id for rule in answer.decision.rules}
        clock.at += HOUR


def test_the_loads_of_the_directory_are_on_record(opened):
    """The stream `directory` holds one record for the one change, with a digest and counts."""
    opened.journal.publish_now()
    run = opened.journal.reader().run(opened.keyring.find(Stream.named("directory")))
    bodies = [parse(frame.body) for frame in run[1:]]
    assert [body["change"] for body in bodies] == [1]
    assert bodies[0]["kind"] == Kind.DIRECTORY
    assert len(b64decode(bodies[0]["digest"])) == 32


def test_many_at_once(opened):
    """Forty looks on forty threads, each key twice: forty answers, twenty records."""
    answers, start = {}, threading.Barrier(40)

    def one(n):
        start.wait()
        try:
            answers[n] = opened.guard.look(asked(f"many-{n // 2}"))
        except Exception as error:
            answers[n] = error

    threads = [threading.Thread(target=one, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answers[n] == answers[n + 1] and isinstance(answers[n], Shown) for n in range(0, 40, 2)), answers
    opened.journal.publish_now()
    looks = [LookBody.decode(f.body) for f in opened.journal.reader().frames() if b'"kind":"look"' in f.body]
    assert len([look for look in looks if look.look.startswith("l-many-")]) == 20


def test_statements_of_looks_that_wait(built, opened):
    """Each statement is followed by a new key: who holds it sees nothing of what comes; the next one has everything."""
    folder, clock = built
    purposes = {code: replace(one, withhold=("pending_matter", 7)) for code, one in POLICY.purposes.items()}
    here = replace(opened, policy=replace(opened.policy, purposes=purposes))
    guard = opened.guard
    before, guard._policy = guard._policy, here.policy
    try:
        stream, trust = Stream.of_person("owen"), TrustPolicy.parse((folder / "trust").read_bytes())
        made, kinds = [], []
        for n in range(3):
            assert isinstance(
                guard.look(asked(f"waits-{n}", "finn", "owen", "ip:exact", "fraud_review", "F-200")), Shown
            )
            made.append(Statement.parse(hand_out_statement(here, "owen", "ana").raw))
        clock.at += 8 * DAY
        load(
            folder.parent / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
            remember=here.names.remember, clock=clock,
        )  # fmt: skip
        made.append(Statement.parse(hand_out_statement(here, "owen", "ana").raw))
        here.journal.publish_now()
        kinds = [parse(f.body)["kind"] for f in here.journal.reader().run(here.keyring.find(stream))]
    finally:
        guard._policy = before
    assert kinds[-12:].count("rekey") == 4
    assert [len(one.withheld) for one in made] == [1, 2, 3, 0]
    assert [one.generations[0].rekeys for one in made] == [0, 1, 2, 3]
    labels = {f.label for f in here.journal.reader().frames()}
    for n, one in enumerate(made):
        report = verify_statement(one.encode(), Audit(trust, clock()), "owen", FolderSource(folder / "public"))
        assert report.exit == 0, report.text()
        (last,) = one.generations
        under = sum(r.i > 0 for r in last.records[-ends(last)[-1] :])
        known = [leaf.label(last.key, i) in labels for i in range(1, under + 9)]
        assert known == [True] * (under + 1) + [False] * 7, n  # what the statement has, and the rekey behind it
    opened_again = {r.index: r for r in made[-1].records}
    for one in made[:3]:
        for waited in one.withheld:
            shown = opened_again[waited.index]
            assert leaf.commitment(shown.nonce, shown.body) == waited.commitment


def test_no_purpose_lets_a_look_wait_and_nobody_gets_a_new_key(opened):
    """The shipped policy: a statement is followed by nothing."""
    hand_out_statement(opened, "kate", "ana")
    hand_out_statement(opened, "kate", "ana")
    assert opened.keyring.find(Stream.of_person("kate")).rekeys == 0

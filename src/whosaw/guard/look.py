# SPDX-License-Identifier: Apache-2.0
"""One look, from the question to the answer: decide, record, release, in this order or nothing at all.

    Look ──ask──▶ decide ──▶ record ──▶ durable ──▶ read back ──▶ permitted? ──▶ as far as it must be? ──▶ vault opens, or yes
                    │           │                        │          └ no ──▶ Refused, recorded like any look
                    └ facts, clock              a retry begins here

Looks that come at the same time take each step together (``guard.turn``): one thread decides all of them, each by itself,
hands in their records at once, waits for the disk once, and has the vault open for each. What fails, fails for one look.

Invariant: what is released follows from what is *recorded*, never from what was decided a moment before. The first
answer and every retry take the same path from the record on, so there is no second way out. How far the record must
have come before it opens anything (``model.stage``) stands in it too; whoever waits in vain is shown nothing, and may
ask again under the same record.

Nobody is exempt. There is no argument, role or mode here that skips a step; auditors, administrators and inquiries
come in by the same door.                                     Specification: docs/one-look.md, docs/spec/leaf.md
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

from whosaw.directory.remembered import once
from whosaw.errors import Busy, IdempotencyConflict, Unavailable
from whosaw.guard.answer import Given, Permitted, Refused, Shown
from whosaw.guard.body import SOURCE, Request, body_of, only_names, recorded_decision, recorded_look
from whosaw.guard.elsewhere import Elsewhere
from whosaw.guard.late import behind, late
from whosaw.guard.one import Granted, One, each_of, read, unread
from whosaw.guard.ports import Approvals, Cases, Clock, Journal, Pseudonyms, Quotas, Remember, Vault
from whosaw.guard.ports import Facts as FactsPort
from whosaw.guard.quota import Taken
from whosaw.guard.turn import Turn
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.access import Asked, Look
from whosaw.model.ask import ask_digest
from whosaw.model.record import Stream
from whosaw.model.stage import Stage
from whosaw.policy.decide import decide
from whosaw.policy.facts import NO_APPROVALS, Facts, Known
from whosaw.policy.rules import Policy
from whosaw.policy.told import told
from whosaw.vault.value import Value

__all__ = ["SOURCE", "Guard"]


class Guard:
    """The gate. Safe to share between threads."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        directory: FactsPort,
        approvals: Approvals,
        quotas: Quotas,
        policy: Policy,
        pseudonyms: Pseudonyms,
        remember: Remember,
        offered: frozenset[Asked],
        clock: Clock,
        cases: Cases | None = None,
        last_look: datetime | None = None,
        patience_s: float = 30.0,
        open_for: timedelta = timedelta(minutes=15),
        turn: Turn | None = None,
    ) -> None:
        """`offered`: what this installation can show at all. `last_look`: the newest time the journal knows of.

        `cases`: the systems that keep cases; without them those of tables are all there are. `patience_s`: how long a look
        waits for its record to come as far as it must, `open_for`: how long after its record it is answered. `turn`: who works for whom; None: each thread for itself.
        """
        self._cases = cases
        self._journal, self._vault, self._directory, self._policy = journal, vault, directory, policy
        self._approvals, self._quotas = approvals, quotas
        self._pseudonyms, self._remember, self._offered, self._clock = pseudonyms, remember, offered, clock
        self._last, self._lock, self._patience = last_look, threading.Lock(), patience_s
        self._turn, self._open_for = turn or Turn(None), open_for
        self._elsewhere = Elsewhere()

    @property
    def offered(self) -> frozenset[Asked]:
        """What this installation can show at all."""
        return self._offered

    def look(self, look: Look, wait: Stage = Stage.DURABLE) -> Shown | Refused:
        """Decide, record, release. The same key gets the same answer, from the same record.

        `wait`: how far the record must have come before anything is shown, where that is more than the purpose demands.
        Raises what journal, names or vault raise, and has then released nothing; the look may be recorded all the same.
        """
        return cast("Shown | Refused", self._through(One(look, wait, opens=True)))

    def evaluate(self, look: Look, wait: Stage = Stage.DURABLE) -> Permitted | Refused:
        """The same question by the same path, for a tool that keeps the values itself: decide and record, and say only yes or no.

        It is a look like any other: whoever asks may go on to see, so the person reads of it. Raises what `look` raises.
        """
        return cast("Permitted | Refused", self._through(One(look, wait, opens=False)))

    async def look_async(self, look: Look, wait: Stage = Stage.DURABLE) -> Shown | Refused:
        """`look` for a task: its loop goes on meanwhile, and is woken once for all looks that were worked on together.

        A task that is cancelled is shown nothing and may have recorded: the same key gets the same answer.
        """
        return cast("Shown | Refused", await self._through_async(One(look, wait, opens=True)))

    async def evaluate_async(self, look: Look, wait: Stage = Stage.DURABLE) -> Permitted | Refused:
        """`evaluate` for a task, as `look_async` is `look`."""
        return cast("Permitted | Refused", await self._through_async(One(look, wait, opens=False)))

    def close(self) -> None:
        """Take no more looks from tasks, and do what was begun to its end. Threads end their own."""
        self._turn.close()
        self._elsewhere.close()

    def _through(self, one: One) -> Shown | Permitted | Refused:
        """All steps, together with whoever asks at the same time. What may take long, each does by itself."""
        if self._cases is not None:
            self._see(one, self._cases)
        if one.look.break_glass:  # which has a record of its own, and is told
            self._work([one])
        else:
            self._turn.share(one, self._work)
        if one.waits:
            self._release([one], self._waited)
        return one.became()

    async def _through_async(self, one: One) -> Shown | Permitted | Refused:
        """The same steps in the same order, with no thread of its own but for what may take long."""
        if (cases := self._cases) is not None:
            await self._elsewhere.do(lambda: self._see(one, cases))
        if one.look.break_glass:
            await self._elsewhere.do(lambda: self._work([one]))
        else:
            await self._turn.share_async(one, self._work)
        if one.waits:
            await self._elsewhere.do(lambda: self._release([one], self._waited))
        return one.became()

    def _see(self, one: One, cases: Cases) -> None:
        """The case, at the system that keeps it, unless this look is recorded already."""
        self._find(one)
        if one.recorded is None:
            # The moment of a look comes after the answer of the case's system, or the answer would not be known at it.
            unseen, one.fault = read(lambda: cases.see(one.look.case))
            one.unseen = unseen or ""

    def _work(self, group: Sequence[One]) -> None:
        """Each of them, by itself, as far as it comes without waiting for more than the disk. Says to each what became of it."""
        found = self._find_all(group)
        new = each_of([one for one in found if one.recorded is None], self._at)
        self._record(self._decide(new))
        self._release([one for one in found if one.recorded is not None and one.error is None], _nothing_more)

    def _find(self, one: One) -> None:
        """The two pseudonyms, and what is recorded under this key."""
        self._name(one)
        one.recorded = self._journal.find(one.asked.caller, one.look.key)

    def _find_all(self, group: Sequence[One]) -> list[One]:
        """The same of each that was not found before: the journal is asked once for all. Those that go on."""
        new = [one for one in group if one.request is None]
        named = each_of(new, self._name)
        for one, made in zip(named, self._recorded([(one.asked.caller, one.look.key) for one in named]), strict=True):
            if isinstance(made, Exception):
                one.error = made
            else:
                one.recorded = made
        return [one for one in group if one.error is None]

    def _recorded(self, asked: Sequence[tuple[str, str]]) -> Sequence[Recorded | Exception | None]:
        try:
            if len(asked) == 1:
                return [self._journal.find(*asked[0])]
            return self._journal.find_all(asked) if asked else ()
        except Exception as error:  # noqa: BLE001 - said to each of them
            return [error] * len(asked)

    def _name(self, one: One) -> None:
        look = one.look
        only_names(look)
        one.request = Request(look, self._remember(look.principal), self._pseudonyms.person(look.person))

    def _decide(self, new: Sequence[One]) -> Sequence[One]:
        """What is to be recorded of each. One step for all of them, then the next: the processor has it at hand then."""
        # What is read after all of their moments is read once for all: whoever is stopped before one of them is stopped in it.
        with once():
            self._take(new)
            for step in (self._hold, self._learn, self._judge, self._write):
                new = each_of(new, step)
        return new

    def _take(self, new: Sequence[One]) -> None:
        """The quotas are taken before anything is decided: of two looks for the last place one gets it."""
        asked = [(one.asked.principal, one.asked.person, one.look.purpose, one.at) for one in new]
        try:
            taken = self._quotas.take_all(asked)
        except Exception as error:  # noqa: BLE001 - said of each of them
            taken = [error] * len(new)
        for one, made in zip(new, taken, strict=True):
            if isinstance(made, Exception):
                one.uncounted = unread(made)
            else:
                one.taken = made

    def _hold(self, one: One) -> None:
        """Approvals. Where they cannot be read there are none: they are what permits, so without them more is refused and never less."""
        request, look = one.asked, one.look
        one.held, one.silent = read(
            lambda: self._approvals.hold(look, request.principal, request.person, request.holder, one.at)
        )

    def _learn(self, one: One) -> None:
        """The facts; where this clock stands before what the directory has, that is what came last, and `clock-went-back`.

        Of many gates one may be slow. By its clock nobody has left yet whom another gate let go a moment ago.
        """
        # Where the answer of a system could not be kept, what is known of the case is an older one's, or a table's.
        known, cause = (None, one.fault) if one.fault else read(lambda: self._known(one.asked, one.at))
        cause, last = cause or late(known, one.at), one.last
        newest = None if known is None else known.newest
        if newest is not None and behind(newest, self._clock()):
            last = newest if last is None else max(newest, last)
            cause = cause or "the clock, which stands before the last change of the directory"
        approvals = NO_APPROVALS if one.held is None else one.held.facts
        quota = None if one.taken is None else one.taken.left
        one.facts = Facts(known=known, offered=self._offered, last_look=last, approvals=approvals, quota=quota)
        one.cause = cause or one.unseen or one.uncounted or one.silent

    def _judge(self, one: One) -> None:
        """The decision, for a record that comes at least as far as whoever asked wants."""
        made = decide(self._policy, one.look, one.learned, one.at)
        stage = made.stage.or_more(one.wait)
        one.decision = made if stage is made.stage else replace(made, stage=stage)

    def _write(self, one: One) -> None:
        """The record. A glass is broken on record before the look is."""
        look, request, decision = one.look, one.asked, one.decided
        body = body_of(request, self._policy, one.learned, decision, one.at)
        if decision.permitted:
            if body.break_glass:
                self._approvals.broken(look, request.holder, one.at)
            if one.held is not None and one.held.approvals:
                body = replace(body, approvals=one.held.approvals)
        record = Record(Stream.of_person(look.person), body.encode())
        one.submission = Submission(request.caller, look.key, (record,))

    def last_look(self) -> datetime | None:
        """When somebody looked last, as far as this gate knows."""
        return self._last

    def _at(self, one: One) -> None:
        """The time of this look, as it will be recorded, and that of the one before it, whoever looked."""
        # Read and compare under one lock. Two looks at once that read the clock in one order and compare in the other
        # would each see a clock that went back.
        with self._lock:
            now = self._clock().astimezone(UTC)
            at, last = now.replace(microsecond=now.microsecond // 1000 * 1000), self._last
            self._last = at if last is None else max(at, last)
        one.at, one.last = at, last

    def _known(self, request: Request, at: datetime) -> Known:
        """What the directory knows; and whether the one who looks may break a glass again, which only the desk knows."""
        known = self._directory.known(request.principal, request.person, request.look.case, at)
        if known.principal is None or not request.look.break_glass:
            return known
        owes = known.principal.owes_review or self._approvals.owes_review(request.principal, at)
        return replace(known, principal=replace(known.principal, owes_review=owes))

    def _record(self, decided: Sequence[One]) -> None:
        """Durable when it returns, or it says to each why not. One write for all of them, each of which is a submission of its own."""
        if not decided:
            return
        made: Sequence[Recorded | Exception]
        submissions = [one.submission for one in decided if one.submission is not None]
        with self._turn.aside() as aside:
            try:
                if len(submissions) == 1:
                    made = [self._journal.submit(replace(submissions[0], admit=aside.admit))]
                else:
                    made = self._journal.submit_all(submissions, aside.admit)
            except Exception as error:  # noqa: BLE001 - said to each of them
                made = [error] * len(decided)
        back: list[Taken] = []
        for one, became in zip(decided, made, strict=True):
            each_of([one], lambda one, became=became: self._became(one, became, back))  # type: ignore[misc]
        self._quotas.give_back_all(back)

    def _became(self, one: One, made: Recorded | Exception, back: list[Taken]) -> None:
        """What was taken is kept for a look that is permitted, and recorded here or nobody knows; else it goes `back`."""
        request, kept, ours = one.asked, one.decided.permitted, True
        try:
            if isinstance(made, IdempotencyConflict):
                # The same request, twice at the same moment: the other one is recorded, and its record is our answer.
                kept, ours, conflict = False, False, made
                found = self._journal.find(request.caller, one.look.key)
                if found is None:
                    raise conflict
                made = found
            if isinstance(made, Exception):
                kept = kept and not isinstance(made, Busy)
                raise made
        finally:
            if one.taken is not None and not kept:
                back.append(one.taken)
        one.recorded, one.fresh = made, True
        # What the other one holds is the same, under the same key: were it let go here, its permit would have lost it.
        if ours and not one.decided.permitted and one.held is not None and one.held.requests:
            self._approvals.let_go(one.held)

    def _release(self, recorded: Iterable[One], come: Callable[[One], bytes | None]) -> None:
        """What each record says, and nothing that it does not say; then the vault, for all that it opens for."""
        opening: list[tuple[One, Granted]] = []
        for one in each_of(recorded, lambda one: self._answer(one, come)):
            if (made := one.granted) is None:
                continue
            if one.opens:
                opening.append((one, made))
            else:
                one.answer = Permitted(made.look.look_id, made.decision, made.proof, made.index)
        with once():
            opened = self._opened([made for _, made in opening])
        for (one, made), values in zip(opening, opened, strict=True):
            if isinstance(values, Exception):
                one.error = values
            else:
                one.answer = Shown(made.look.look_id, made.decision, made.proof, made.index, tuple(values))

    def _opened(self, granted: Sequence[Granted]) -> Sequence[Sequence[Value] | Exception]:
        try:
            if len(granted) == 1:
                (one,) = granted
                return [self._vault.open(one.look, one.recorded, one.decision, one.receipt, self._turn.aside)]
            return self._vault.open_all(granted, self._turn.aside) if granted else ()
        except Exception as error:  # noqa: BLE001 - said to each of them
            return [error] * len(granted)

    def _answer(self, one: One, come: Callable[[One], bytes | None]) -> None:
        """Refused, granted, or waits. `come`: what shows how far its record has come; None: it has not."""
        request, recorded, fresh = one.asked, one.record, one.fresh
        leaf = recorded.leaves[-1]
        body = recorded_look(leaf.body)
        # The caller of a retry may have drawn another look id; the key says that it is the same look.
        look = request.look if request.look.look_id == body.look else replace(request.look, look_id=body.look)
        if body.ask != ask_digest(look, request.principal, request.person):
            raise IdempotencyConflict(
                "this key was used for another look",
                hint="draw a new random key for each look, and keep it for retries",
            )
        decision = recorded_decision(self._policy, body)
        if not decision.permitted:
            sentence = told(self._policy, decision)
            one.answer = Refused(body.look, decision, recorded.promise, leaf.index, sentence, one.cause)
            return
        if body.approvals:
            self._approvals.used([approval.request for approval in body.approvals], body.look)
        # In a retry the caller may ask for more than before, and never for less than what was recorded.
        one.stage = decision.stage.or_more(one.wait)
        given = come(one)
        one.waits = given is None
        if given is None:
            return
        # Also where something on the way took its time: a database that was locked, a journal that was busy.
        if one.stage is not Stage.DURABLE or not fresh or behind(self._clock(), body.at):
            self._present(request)
        # A retry is for an answer that was lost. Next year it would be a look that nobody decided, and no record tells of.
        if not fresh and self._clock() > body.at + self._open_for:
            raise IdempotencyConflict(
                "this key was used for a look that is over: it was answered for as long as it could have been lost",
                hint="a look of now has a key of its own, and a record of its own",
            )
        proof = Given(given) if given else recorded.promise
        one.granted = Granted(look, recorded, decision, given, proof, leaf.index)

    def _present(self, request: Request) -> None:
        """Raise Unavailable for who was stopped or has left since the decision: an old permit opens nothing for them."""
        at = self._clock().astimezone(UTC)
        known = self._directory.known(request.principal, request.person, None, at)
        if known.newest is not None and behind(known.newest, self._clock()):
            raise Unavailable(
                "nothing was shown: the clock stands before the last change of the directory",
                part="clock",
                hint="set the clock right, and ask again with the same key",
            )
        who = known.principal
        if who is None or who.suspended or not who.active:
            raise Unavailable(
                "nothing was shown: the one who looks was suspended or has left since this look was permitted",
                part="suspension",
                hint="the record of the look stands; whosaw suspend says how it is lifted",
            )

    def _waited(self, one: One) -> bytes:
        """The receipt at its stage. Raises Unavailable: nothing was shown, and the record says what it waited for."""
        try:
            return self._journal.receipt(one.record, one.stage, self._patience)
        except Unavailable as error:
            raise Unavailable(
                f"nothing was shown: leaf {one.record.leaves[-1].index} records the look, and is not {one.stage} yet ({error})",
                part=error.part,
                hint="ask again with the same key: it is the same look, and opens once its record has come so far",
            ) from error


def _nothing_more(one: One) -> bytes | None:
    """Nothing, where a durable record is enough; None: its proof is to be waited for, which nobody else is to do."""
    return b"" if one.stage is Stage.DURABLE else None

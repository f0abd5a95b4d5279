# SPDX-License-Identifier: Apache-2.0
"""One look, from the question to the answer: decide, record, release, in this order or nothing at all.

    Look ──ask──▶ decide ──▶ record ──▶ durable ──▶ read back ──▶ permitted? ──▶ as far as it must be? ──▶ vault opens, or yes
                    │           │                        │          └ no ──▶ Refused, recorded like any look
                    └ facts, clock              a retry begins here

Invariant: what is released follows from what is *recorded*, never from what was decided a moment before. The first
answer and every retry take the same path from the record on, so there is no second way out. How far the record must
have come before it opens anything (``model.stage``) stands in it too; whoever waits in vain is shown nothing, and may
ask again under the same record.

Nobody is exempt. There is no argument, role or mode here that skips a step; auditors, administrators and inquiries
come in by the same door.                                     Specification: docs/one-look.md, docs/spec/leaf.md
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from whosaw.errors import BadInput, Busy, Damaged, IdempotencyConflict, NotCanonical, Unavailable, WhosawError
from whosaw.guard.answer import Permitted, Refused, Shown
from whosaw.guard.approvals.use import Held
from whosaw.guard.ports import Approvals, Cases, Clock, Journal, Pseudonyms, Quotas, Remember, Vault
from whosaw.guard.ports import Facts as FactsPort
from whosaw.guard.quota import Taken
from whosaw.guard.turn import Turn
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.access import Asked, Look
from whosaw.model.approval_kept import Holder
from whosaw.model.ask import ask_digest
from whosaw.model.decision import Decision, Rule
from whosaw.model.look_body import LookBody, Withhold
from whosaw.model.record import Kind, Stream
from whosaw.model.stage import Stage
from whosaw.policy.again import saw
from whosaw.policy.decide import decide, explain
from whosaw.policy.facts import NO_APPROVALS, Facts, Known
from whosaw.policy.rules import Policy
from whosaw.policy.told import told

SOURCE = "guard"
APART = timedelta(seconds=5)  # by which the clocks of two gates may differ
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Request:
    """A look with its two pseudonyms. `caller` scopes the idempotency key: nobody can take, or find, another's."""

    look: Look
    principal: str
    person: str

    @property
    def caller(self) -> str:
        return f"{SOURCE}/{self.principal}"

    @property
    def holder(self) -> Holder:
        return Holder(self.caller, self.look.key)


@dataclass(frozen=True, slots=True)
class _Granted:
    """A permitted look, on record as far as it must be: what the vault opens for."""

    look: Look
    recorded: Recorded
    decision: Decision
    receipt: bytes
    index: int


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
        waits for its record to come as far as it must, `open_for`: how long after its record it is answered. `turn`: what decides how many are worked on at a time; None: all of them.
        """
        self._cases = cases
        self._journal, self._vault, self._directory, self._policy = journal, vault, directory, policy
        self._approvals, self._quotas = approvals, quotas
        self._pseudonyms, self._remember, self._offered, self._clock = pseudonyms, remember, offered, clock
        self._last, self._lock, self._patience = last_look, threading.Lock(), patience_s
        self._turn, self._open_for = turn or Turn(None), open_for

    @property
    def offered(self) -> frozenset[Asked]:
        """What this installation can show at all."""
        return self._offered

    def look(self, look: Look, wait: Stage = Stage.DURABLE) -> Shown | Refused:
        """Decide, record, release. The same key gets the same answer, from the same record.

        `wait`: how far the record must have come before anything is shown, where that is more than the purpose demands.
        Raises what journal, names or vault raise, and has then released nothing; the look may be recorded all the same.
        """
        with self._turn:
            made = self._asked(look, wait)
            if isinstance(made, Refused):
                return made
            values = tuple(self._vault.open(made.look, made.recorded, made.decision, made.receipt))
            return Shown(made.look.look_id, values, made.decision, made.receipt, made.index)

    def evaluate(self, look: Look, wait: Stage = Stage.DURABLE) -> Permitted | Refused:
        """The same question by the same path, for a tool that keeps the values itself: decide and record, and say only yes or no.

        It is a look like any other: whoever asks may go on to see, so the person reads of it. Raises what `look` raises.
        """
        with self._turn:
            made = self._asked(look, wait)
        return (
            made if isinstance(made, Refused) else Permitted(made.look.look_id, made.decision, made.receipt, made.index)
        )

    def _asked(self, look: Look, wait: Stage) -> _Granted | Refused:
        _only_names(look)
        request = _Request(look, self._remember(look.principal), self._pseudonyms.person(look.person))
        cause, fresh = "", False
        recorded = self._journal.find(request.caller, look.key)
        if recorded is None:
            # The moment of a look comes after the answer of the case's system, or the answer would not be known at it.
            unseen, fault = self._seen(look.case)
            fresh, (at, last) = True, self._moment()
            # Taken before anything is decided: of two looks for the last place one gets it, however they are decided.
            taken, uncounted = _read(lambda: self._quotas.take(request.principal, request.person, look.purpose, at))
            held, silent = _read(
                lambda: self._approvals.hold(look, request.principal, request.person, request.holder, at)
            )
            facts, cause = self._facts(request, held, taken, at, last, fault=fault)
            facts, cause = self._in_time(facts, cause)
            cause = cause or unseen or ""
            decision = decide(self._policy, look, facts, at)
            if (stage := decision.stage.or_more(wait)) is not decision.stage:
                decision = replace(decision, stage=stage)
            body = _body(request, self._policy, facts, decision, at)
            recorded, cause = self._settled(request, body, held, taken, at), cause or uncounted or silent
        return self._answer(request, recorded, wait, fresh=fresh, cause=cause)

    def last_look(self) -> datetime | None:
        """When somebody looked last, as far as this gate knows."""
        return self._last

    def _seen(self, case: str | None) -> tuple[str | None, str]:
        """Ask the system that keeps the case, if one does, and let nobody wait for it who has no business with it."""
        if self._cases is None:
            return "", ""
        with self._turn.aside():
            return _read(lambda: self._cases.see(case) if self._cases else "")

    def _moment(self) -> tuple[datetime, datetime | None]:
        """The time of this look, as it will be recorded, and that of the one before it, whoever looked."""
        # Read and compare under one lock. Two looks at once that read the clock in one order and compare in the other
        # would each see a clock that went back.
        with self._lock:
            now = self._clock().astimezone(UTC)
            at, last = now.replace(microsecond=now.microsecond // 1000 * 1000), self._last
            self._last = at if last is None else max(at, last)
        return at, last

    def _settled(
        self, request: _Request, body: LookBody, held: Held | None, taken: Taken | None, at: datetime
    ) -> Recorded:
        """Record the look with the approvals that it uses; a glass that it breaks is on record before it."""
        if body.decision == "permit":
            if body.break_glass:
                self._approvals.broken(request.look, request.holder, at)
            body = replace(body, approvals=held.approvals) if held is not None and held.approvals else body
            return self._record(request, body, taken)
        recorded = self._record(request, body, taken)
        if held is not None and held.requests:
            self._approvals.let_go(held)
        return recorded

    def _facts(
        self,
        request: _Request,
        held: Held | None,
        taken: Taken | None,
        at: datetime,
        last: datetime | None,
        *,
        fault: str,
    ) -> tuple[Facts, str]:
        # Where the answer of a system could not be kept, what is known of the case is an older one's, or a table's.
        known, cause = (None, fault) if fault else _read(lambda: self._known(request, at))
        # Approvals that cannot be read are none: they are what permits, so without them more is refused and never less.
        approvals = NO_APPROVALS if held is None else held.facts
        quota = None if taken is None else taken.left
        facts = Facts(known=known, offered=self._offered, last_look=last, approvals=approvals, quota=quota)
        return facts, cause or _late(known, at)

    def _in_time(self, facts: Facts, cause: str) -> tuple[Facts, str]:
        """The facts; where this clock stands before what the directory has, that is what came last, and `clock-went-back`.

        Of many gates one may be slow. By its clock nobody has left yet whom another gate let go a moment ago.
        """
        newest = None if facts.known is None else facts.known.newest
        if newest is None or not behind(newest, self._clock()):
            return facts, cause
        last = newest if facts.last_look is None else max(newest, facts.last_look)
        return replace(
            facts, last_look=last
        ), cause or "the clock, which stands before the last change of the directory"

    def _known(self, request: _Request, at: datetime) -> Known:
        """What the directory knows; and whether the one who looks may break a glass again, which only the desk knows."""
        known = self._directory.known(request.principal, request.person, request.look.case, at)
        if known.principal is None or not request.look.break_glass:
            return known
        owes = known.principal.owes_review or self._approvals.owes_review(request.principal, at)
        return replace(known, principal=replace(known.principal, owes_review=owes))

    def _record(self, request: _Request, body: LookBody, taken: Taken | None) -> Recorded:
        """Durable when it returns. What was taken is kept for a look that is permitted, and recorded here or nobody knows."""
        record = Record(Stream.of_person(request.look.person), body.encode())
        kept = body.decision == "permit"
        try:
            with self._turn.aside() as aside:
                return self._journal.submit(Submission(request.caller, request.look.key, (record,), aside.admit))
        except IdempotencyConflict:
            # The same request, twice at the same moment: the other one is recorded, and its record is our answer.
            kept = False
            recorded = self._journal.find(request.caller, request.look.key)
            if recorded is None:
                raise
            return recorded
        except Busy:
            kept = False
            raise
        finally:
            if taken is not None and not kept:
                self._quotas.give_back(taken)

    def _answer(
        self, request: _Request, recorded: Recorded, wait: Stage, *, fresh: bool, cause: str
    ) -> _Granted | Refused:
        """What the record says, and nothing that it does not say. `fresh`: it was decided a moment ago."""
        leaf = recorded.leaves[-1]
        body = _recorded_look(leaf.body)
        # The caller of a retry may have drawn another look id; the key says that it is the same look.
        look = request.look if request.look.look_id == body.look else replace(request.look, look_id=body.look)
        if body.ask != ask_digest(look, request.principal, request.person):
            raise IdempotencyConflict(
                "this key was used for another look",
                hint="draw a new random key for each look, and keep it for retries",
            )
        decision = _decision(self._policy, body)
        if not decision.permitted:
            return Refused(body.look, decision, told(self._policy, decision), recorded.receipt, leaf.index, cause)
        if body.approvals:
            self._approvals.used([each.request for each in body.approvals], body.look)
        # In a retry the caller may ask for more than before, and never for less than what was recorded.
        stage = decision.stage.or_more(wait)
        receipt = self._waited(recorded, stage)
        # Also where something on the way took its time: a database that was locked, a journal that was busy.
        if stage is not Stage.DURABLE or not fresh or behind(self._clock(), body.at):
            self._present(request)
        # A retry is for an answer that was lost. Next year it would be a look that nobody decided, and no record tells of.
        if not fresh and self._clock() > body.at + self._open_for:
            raise IdempotencyConflict(
                "this key was used for a look that is over: it was answered for as long as it could have been lost",
                hint="a look of now has a key of its own, and a record of its own",
            )
        return _Granted(look, recorded, decision, receipt, leaf.index)

    def _present(self, request: _Request) -> None:
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

    def _waited(self, recorded: Recorded, stage: Stage) -> bytes:
        """The receipt at this stage. Raises Unavailable: nothing was shown, and the record says what it waited for."""
        if stage is Stage.DURABLE:
            return recorded.receipt
        try:
            with self._turn.aside():
                return self._journal.receipt(recorded, stage, self._patience)
        except Unavailable as error:
            raise Unavailable(
                f"nothing was shown: leaf {recorded.leaves[-1].index} records the look, and is not {stage} yet ({error})",
                part=error.part,
                hint="ask again with the same key: it is the same look, and opens once its record has come so far",
            ) from error


def _read(port: Callable[[], _T]) -> tuple[_T | None, str]:
    """What `port` answers; or nothing, and what failed."""
    try:
        return port(), ""
    except WhosawError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001  what cannot be read, forbids, and an attempt leaves a record
        return None, type(error).__name__


def behind(newest: datetime, now: datetime) -> bool:
    """Whether a clock that says `now` stands too far before what happened at `newest`."""
    return newest.astimezone(UTC) > now.astimezone(UTC) + APART


def _late(known: Known | None, at: datetime) -> str:
    """Which source of the directory was not heard of in time, for whoever has to mend it."""
    feed = None if known is None else known.feed
    if feed is None or not feed.source or at - feed.confirmed <= feed.limit:
        return ""
    return f"the source {feed.source} of the directory, which was not confirmed in time"


def _only_names(look: Look) -> None:
    """Raises BadInput unless look id and app are plain names: both are recorded as they are."""
    for where, text in (("look_id", look.look_id), ("app", look.app)):
        if not _NAME.fullmatch(text):
            raise BadInput("1 to 64 of the letters A to Z, digits and . _ / -", where=where)


def _body(request: _Request, policy: Policy, facts: Facts, decision: Decision, at: datetime) -> LookBody:
    """What is recorded. A purpose outside the list and a case that nobody knows are free text, and free text can be
    a name: they are not written down. The rules say that they were given, and `ask` commits to what they were.
    """
    look = request.look
    case_known = facts.known is not None and facts.known.case is not None
    return LookBody(
        kind=Kind.LOOK,
        look=look.look_id,
        origin="asked",
        at=at,
        principal=request.principal,
        person=request.person,
        asked=tuple((a.field, a.detail) for a in sorted(look.asked)),
        mode=look.mode,
        source=SOURCE,
        purpose=look.purpose if look.purpose in policy.purposes else None,
        case=look.case if case_known else None,
        app=look.app,
        decision="permit" if decision.permitted else "refuse",
        rules=tuple(rule.id for rule in decision.rules),
        ask=ask_digest(look, request.principal, request.person),
        facts=decision.facts,
        policy=decision.policy,
        stage=decision.stage,
        withheld=_withheld(policy, look.purpose, at),
        break_glass=look.break_glass,
        caller=look.caller,
        gate=saw(look, facts),
    )


def _withheld(policy: Policy, code: str, at: datetime) -> Withhold | None:
    """From when on the person's statements open this look, where its purpose lets it wait. Fixed now, and in the record."""
    purpose = policy.purposes.get(code)
    if purpose is None or purpose.withhold is None:
        return None
    reason, days = purpose.withhold
    return Withhold(reason, at + timedelta(days=days))


def _recorded_look(body: bytes) -> LookBody:
    try:
        return LookBody.decode(body)
    except NotCanonical as error:
        raise Damaged("what is recorded under this key is not a look", where="journal") from error


def _decision(policy: Policy, body: LookBody) -> Decision:
    """The decision as it was recorded, in the words of today's policy."""
    permitted = body.decision == "permit"
    return Decision(
        permitted=permitted,
        rules=tuple(Rule(id_, explain(policy, id_)) for id_ in body.rules),
        detail=tuple(Asked(field, detail) for field, detail in body.asked) if permitted else (),
        facts=body.facts or b"",
        policy=body.policy or b"",
        stage=body.stage,
    )

# SPDX-License-Identifier: Apache-2.0
"""One head, asked for once: every witness at the same time, and who answered what.

    published head ──▶ each witness ──▶ lines that verified ──enough?──▶ the note for `checkpoint.witnessed`
                                   └──▶ AHEAD, CONTRADICTS ──what does it show?──▶ a fork, or a claim: kept

An open house does this by itself, for ever. This is for who wants to know now, or has no house open: then what was said
is kept as the house would have kept it (`stands`), for `whosaw witness status`.

Invariant: it shows nothing and stops nothing. What comes out is a note with a quorum, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import WhosawError
from whosaw.journal.heads import CHECKPOINT, opened
from whosaw.journal.ports import Folder
from whosaw.journal.published import nodes
from whosaw.journal.recover import no_journal
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.client import Client, Head, Reply, Says
from whosaw.witness.fork import Found, Ours, compare, evidence_of_claim, evidence_of_fork
from whosaw.witness.gathered import Gathered
from whosaw.witness.ports import Keep
from whosaw.witness.state import Standing, WitnessState


@dataclass(frozen=True, slots=True)
class Answer:
    """What one witness said. `size`: what it has seen of us, where it told; `fork`: with our own signature on it."""

    witness: str
    says: Says
    sentence: str
    size: int | None = None
    fork: bool = False

    @property
    def cosigned(self) -> bool:
        return self.says is Says.COSIGNED


@dataclass(frozen=True, slots=True)
class Gone:
    """One head, and every answer. `note`: the head with its cosignatures, where they are enough."""

    size: int
    answers: tuple[Answer, ...]
    note: bytes | None = field(default=None, repr=False)


def ours_in(public: Folder, keys: Sequence[VerifierKey]) -> Ours:
    """The head that a log of these keys shows in its folder, with its tree. Raises Damaged, BadInput where there is none."""
    note = public.read(CHECKPOINT)
    if note is None:
        raise no_journal()
    checkpoint = opened(note, keys, CHECKPOINT)
    return Ours(Head(checkpoint, note), keys, nodes(public, checkpoint.size))


def ask_now(
    newest: Callable[[], Ours], clients: Mapping[str, Client], policy: TrustPolicy, keep: Keep, now_s: int
) -> Gone:
    """Ask every one of `clients` to cosign the newest head of ours."""
    ours = newest()
    gathered = Gathered(ours.head)

    def ask(name: str) -> tuple[Answer, Reply | None]:
        return _ask(name, clients[name], ours, newest, keep=keep, now_s=now_s)

    with ThreadPoolExecutor(max(1, len(clients)), thread_name_prefix="whosaw-errand") as pool:
        asked = list(pool.map(ask, clients))
    for _, reply in asked:
        if reply is not None and reply.says is Says.COSIGNED:
            gathered.add(reply.lines)
    note = gathered.note() if gathered.enough(policy) else None
    return Gone(ours.head.size, tuple(answer for answer, _ in asked), note)


def stands(
    before: Standing | None, gone: Gone, clients: Mapping[str, Client], witnessed: int, at: datetime
) -> Standing:
    """How it stands with every witness after this errand at the time `at`. `witnessed`: up to where a quorum is shown."""
    known = {} if before is None else {each.name: each for each in before.witnesses}
    return Standing(
        at,
        gone.size,
        witnessed,
        tuple(_state(known.get(each.witness), each, clients[each.witness].url, at) for each in gone.answers),
    )


def _state(before: WitnessState | None, answer: Answer, url: str, at: datetime) -> WitnessState:
    # What it cosigned last stays what it is, however it answered today.
    size, cosigned = (None, None) if before is None else (before.size, before.cosigned)
    if answer.cosigned:
        size, cosigned = answer.size, at
    return WitnessState(answer.witness, url, answer.says, answer.sentence, size, cosigned, at)


def _ask(
    name: str, client: Client, ours: Ours, newest: Callable[[], Ours], *, keep: Keep, now_s: int
) -> tuple[Answer, Reply | None]:
    try:
        reply = client.ask(ours.head, 0, ours.prove, now_s)
        if reply.says in (Says.AHEAD, Says.CONTRADICTS):
            return _suspect(name, client, reply, newest, keep), reply
    except WhosawError as error:  # our own tiles, or evidence that cannot be kept
        return Answer(name, Says.ODD, f"it could not be asked: {error}"), None
    size = ours.head.size if reply.says is Says.COSIGNED else reply.size
    return Answer(name, reply.says, reply.sentence, size), reply


def _suspect(name: str, client: Client, reply: Reply, newest: Callable[[], Ours], keep: Keep) -> Answer:
    """It says that there is another history of us, or more of this one."""
    # What it shows is fetched first, and only then what we have now: a house beside us goes on, and that is no fork.
    shown = client.shown(newest().head.checkpoint.origin)
    ours = newest()
    if shown.says is not Says.SHOWN:
        kept = keep.evidence("claim", evidence_of_claim(name, reply, b""))
        return Answer(name, reply.says, f"{reply.sentence}; {shown.sentence} (kept in {kept})", reply.size)
    found = compare(shown.note, ours)
    if found.found is Found.KNOWN and reply.says is Says.AHEAD:
        return Answer(name, Says.BEHIND, "it has a newer head of ours by now, from the house that is open", found.size)
    if found.found is Found.FORK:
        kept = keep.evidence("fork", evidence_of_fork(name, found, shown.note, ours.head))
        return Answer(name, reply.says, f"{found.sentence} (kept in {kept})", found.size, fork=True)
    kept = keep.evidence("claim", evidence_of_claim(name, reply, shown.note))
    return Answer(name, reply.says, f"{reply.sentence}; {found.sentence} (kept in {kept})", found.size)

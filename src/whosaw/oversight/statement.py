# SPDX-License-Identifier: Apache-2.0
"""Making a statement: everything recorded about one account, with what it takes to check it.

    id ──▶ stream key ──▶ run of frames ──▶ opened records, each with its place in log and index ─┐
       └─▶ π for each generation and the next ──▶ of an erased one the leaf; then nothing more    ├─▶ one canonical
    newest checkpoint, genesis, the index of exactly this checkpoint ─────────────────────────────┘   JSON object

Keys, frames and proofs come through a port that `wiring` fills: this module has no route to the keyring. Handing out a
statement is a record of its own, which is the caller's to make.

Invariant: what is handed out verifies. Every statement goes through the outsider's own verifier first, with the keys
that its genesis leaf fixes; one that fails is not handed out but reported as damage.
                                                                          Specification: docs/spec/statement.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Protocol

from whosaw.errors import Damaged, Unavailable
from whosaw.journal.place import following, is_rekey, key_at, label_of, split
from whosaw.journal.ports import StreamKey
from whosaw.model import genesis as model
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.tlog import leaf, vrf
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note
from whosaw.tlog.prefix import TrieProof
from whosaw.tlog.trust import TrustPolicy, trust_text
from whosaw.verify.approved import TITLE as APPROVALS
from whosaw.verify.folder import Audit
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Earlier, ErasedGeneration, Generation, Index, Opened, Statement, Withheld
from whosaw.verify.steps import Verdict

# The verifier's clock only judges witnesses and times ahead of it; there are none to judge here, and a statement must
# not depend on when it was asked for.
_EVER = datetime.min.replace(tzinfo=UTC)  # at no time is anything opened that is to be withheld
_NOT = (Verdict.FAILS, Verdict.CANNOT_TELL)
_NEVER = datetime.max.replace(tzinfo=UTC)


class OpenedFrame(Protocol):
    """A leaf of the stream with what opens it."""

    @property
    def index(self) -> int: ...
    @property
    def i(self) -> int: ...
    @property
    def nonce(self) -> bytes: ...
    @property
    def body(self) -> bytes: ...


class StatementMaterial(Protocol):
    """What a statement is made of. All of it is of one moment: the checkpoint's.

    Each call raises Unavailable where its part is down.
    """

    def checkpoint(self) -> bytes:
        """The newest published checkpoint, a signed note."""
        ...

    def genesis(self) -> bytes:
        """The published genesis file."""
        ...

    def prove(self, alpha: bytes) -> bytes:
        """π over `alpha`."""
        ...

    def stream(self, person_id: str) -> StreamKey | None:
        """The stream of this account, or None where none was ever opened. Never opens one."""
        ...

    def run(self, secret: StreamKey) -> Iterable[OpenedFrame]:
        """The frames of a stream in order, its enrolment first. Frames newer than the checkpoint may follow."""
        ...

    def inclusion(self, index: int) -> Sequence[bytes]:
        """The inclusion proof of a leaf under that checkpoint."""
        ...

    def entry(self, index: int) -> bytes:
        """The 65 bytes of a leaf under that checkpoint, as they are published."""
        ...

    def index(self) -> Index:
        """The checkpoint of the map log whose last leaf is of exactly that checkpoint, with this leaf and its proof."""
        ...

    def place(self, label: bytes) -> TrieProof:
        """Where a label stands in that index, or that it stands nowhere."""
        ...


def make_statement(person_id: str, material: StatementMaterial) -> bytes:
    """The statement file for this account. The same material gives the same bytes. Raises as `state` does."""
    return state(person_id, material)[1]


def state(person_id: str, material: StatementMaterial, at: datetime = _EVER, older: int = 0) -> tuple[Statement, bytes]:
    """The statement of this account, and its file. Looks whose time of withholding is over at `at` are opened.

    `older`: how many hours the material's checkpoint is older by rule; the statement says so.

    Raises BadInput for an id that no account can have, Unavailable, and Damaged where the result would not verify.
    """
    note, size = material.checkpoint(), size_of(material)
    if size == 0:
        raise Unavailable(
            "nothing is published yet, so nothing can be stated", part="journal", hint="ask again in a moment"
        )
    genesis = model.GenesisFile.parse(material.genesis())
    generations, next_pi = _generations(person_id, size, material, at)
    statement = Statement(
        person_id,
        note,
        Opened(0, 0, genesis.nonce, genesis.body, tuple(material.inclusion(0))),
        material.index(),
        generations,
        next_pi,
        material.place(vrf.beta_of(next_pi)),
        older,
    )
    made = statement.encode()
    _check(made, person_id, genesis)
    return statement, made


def size_of(material: StatementMaterial) -> int:
    """How many leaves the material's checkpoint covers."""
    return Checkpoint.parse(parse_note(material.checkpoint(), "checkpoint").text).size


def _generations(
    person_id: str, size: int, material: StatementMaterial, at: datetime
) -> tuple[tuple[Generation | ErasedGeneration, ...], bytes]:
    """Every generation that the index has, and π of the first that it has not."""
    secret = material.stream(person_id)
    found: list[Generation | ErasedGeneration] = []
    while True:
        pi = material.prove(_alpha(person_id, len(found)))
        place = material.place(vrf.beta_of(pi))
        if place.index is None:
            return tuple(found), pi
        if secret is not None and secret.generation == len(found):
            found.append(_open(secret, pi, size, material, at))
        elif secret is not None and secret.generation < len(found):
            # Nobody erases a generation and keeps the key of the one before.
            raise Damaged(
                f"leaf {place.index} begins generation {len(found)} of this account, and the keyring does not know of it",
                where="keyring",
                hint="whosaw journal fsck --with-keys",
            )
        else:
            found.append(_erased(len(found), pi, place, place.index, material))


def _open(secret: StreamKey, pi: bytes, size: int, material: StatementMaterial, at: datetime) -> Generation:
    # What is durable but not yet under this checkpoint cannot be proven yet, and belongs in the next statement.
    frames = list(takewhile(lambda frame: frame.index < size, material.run(secret)))
    if not frames:
        raise Damaged("the index has an account's enrolment, and the segments have not", where="segments")
    enrolment, *records = frames
    # Where each key ends: behind its rekey the next one begins, and the newest ends with the last record of all.
    ends = [frame.i + 1 for frame in records if is_rekey(frame.body)]
    after = following(frames[-1].i, frames[-1].body)
    return Generation(
        secret.generation,
        pi,
        len(ends),
        key_at(secret, len(ends)),
        _opened(enrolment, vrf.beta_of(pi), material),
        tuple(_shown(frame, label_of(secret, frame.i), material, at) for frame in records),
        material.place(label_of(secret, after)),
        tuple(Earlier(key_at(secret, n), material.place(label_of(secret, end))) for n, end in enumerate(ends)),
    )


def _opened(frame: OpenedFrame, label: bytes, material: StatementMaterial) -> Opened:
    path, trie = tuple(material.inclusion(frame.index)), material.place(label)
    return Opened(split(frame.i)[1], frame.index, frame.nonce, frame.body, path, trie)


def _shown(frame: OpenedFrame, label: bytes, material: StatementMaterial, at: datetime) -> Opened | Withheld:
    """The record, opened; or only its place, where it is a look that is to be withheld at this time."""
    opened = _opened(frame, label, material)
    if opened.said["kind"] not in LOOKS:
        return opened
    withheld = LookBody.decode(frame.body).withheld
    if withheld is None or withheld.until <= at or opened.trie is None:
        return opened
    commitment = leaf.commitment(frame.nonce, frame.body)
    return Withheld(opened.i, frame.index, commitment, withheld.code, withheld.until, opened.path, opened.trie)


def _erased(generation: int, pi: bytes, place: TrieProof, index: int, material: StatementMaterial) -> ErasedGeneration:
    _, commitment = leaf.parse_entry(material.entry(index), f"leaf {index}")
    return ErasedGeneration(generation, pi, index, commitment, tuple(material.inclusion(index)), place)


def _alpha(person_id: str, generation: int) -> bytes:
    return leaf.alpha(leaf.StreamKind.PERSON, person_id, generation)


def _check(made: bytes, person_id: str, genesis: model.GenesisFile) -> None:
    keys = model.Genesis.parse(genesis.body).logs
    trust = TrustPolicy.parse(trust_text(keys))
    report = verify_statement(made, Audit(trust, _NEVER), person_id, None)
    # An approval in it that does not hold convicts the gate, and whoever asks shall have that in hand.
    if report.exit and not all(step.title == APPROVALS for step in report.steps if step.verdict in _NOT):
        raise Damaged(
            f"the statement would not verify, so it is not handed out: {report.sentence}",
            where="statement",
            hint="whosaw journal fsck",
        )

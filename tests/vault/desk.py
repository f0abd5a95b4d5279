# SPDX-License-Identifier: Apache-2.0
"""A journal's desk for tests: it assigns index, i and label, opens streams, and signs receipts, as the journal does.

Everything a test may want to forge is an argument.
"""

import os
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.privacy.keys import ORIGIN, keyring, root
from tests.vault.crowds import MANY, fill

from whosaw.errors import BadInput
from whosaw.model.access import Asked, Field, Look
from whosaw.model.ask import ask_digest
from whosaw.model.decision import Decision, Rule
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream, canonical
from whosaw.privacy.prefixes import Prefixes
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.store.memory_crowd import MemoryCrowdRows
from whosaw.store.memory_keys import MemoryKeyRows, MemorySealedRows
from whosaw.tlog import leaf, merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer, MlDsaSigner, sign_note
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.receipt import Receipt, idem, signing_name
from whosaw.tlog.trust import Group, TrustedLog, TrustedWitness, TrustPolicy
from whosaw.vault.crowd import Crowd
from whosaw.vault.stage import Heads
from whosaw.vault.vault import Vault

NOW = datetime(2026, 11, 22, 10, 15, 30, 123456, UTC)
FACTS, POLICY = bytes([1]) * 32, bytes([2]) * 32
PERMITTED = Decision(True, (Rule("fraud-review", "A case covers it."),), (Asked(Field.IP, "network"),), FACTS, POLICY)
REFUSED = Decision(False, (Rule("own-data", "Nobody looks at their own data."),), (), FACTS, POLICY)
PSEUDONYMS = Pseudonyms(root())


@dataclass(frozen=True)
class Opened:
    index: int
    handle: bytes = field(repr=False)
    i: int
    label: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Recorded:
    receipt: bytes
    leaves: tuple

    @property
    def signed(self) -> bytes:
        return self.receipt


def a_look(**changes) -> Look:
    given = {
        "look_id": "l-1",
        "principal": "e.huber",
        "person": "mira@example.org",
        "asked": (Asked(Field.IP, "network"),),
        "purpose": "fraud_review",
        "case": "c-7",
        "key": "req-1",
    }
    return Look(**given | changes)


def body_of(look: Look, by: Decision = PERMITTED, **changes) -> LookBody:
    principal, person = PSEUDONYMS.principal(look.principal), PSEUDONYMS.person(look.person)
    made = LookBody(
        kind=Kind.LOOK,
        look=look.look_id,
        origin="asked",
        at=NOW.replace(microsecond=123000),
        principal=principal,
        person=person,
        asked=tuple((a.field, a.detail) for a in look.asked),
        mode=look.mode,
        source="guard",
        purpose=look.purpose,
        case=look.case,
        decision="permit" if by.permitted else "refuse",
        rules=tuple(rule.id for rule in by.rules),
        ask=ask_digest(look, principal, person),
        facts=by.facts,
        policy=by.policy,
    )
    return replace(made, **changes)


WITNESSES = [Ed25519Signer.from_seed(f"w{n}.example.net", bytes([40 + n]) * 32, COSIGNATURE) for n in (1, 2)]


def trust_of(signers, quorum: int | None = 2) -> TrustPolicy:
    """A log's keys, and two witnesses of whom `quorum` must have cosigned."""
    named = tuple(TrustedWitness(b"w%d" % n, w.key) for n, w in enumerate(WITNESSES, 1))
    groups = () if quorum is None else (Group(b"q", quorum, (b"w1", b"w2")),)
    return TrustPolicy(tuple(TrustedLog(s.key) for s in signers), named, groups, None if quorum is None else b"q")


class Desk:
    """One log, one keyring, one vault, and a clock to turn."""

    def __init__(self, origin: str = ORIGIN, seed: bytes = bytes([10]) * 32, rows=None, random=os.urandom):
        self.origin, self.now, self.random = origin, NOW, random
        self.rows = MemoryKeyRows() if rows is None else rows
        self.keyring = keyring(self.rows, origin=origin, random=random)
        self.signer = Ed25519Signer.from_seed(signing_name(origin), seed)
        self.log_signers = (
            Ed25519Signer.from_seed(origin, bytes([7]) * 32), MlDsaSigner.from_seed(origin, bytes([8]) * 32)
        )  # fmt: skip
        self.trust = trust_of(self.log_signers)
        self.leaves: list[Opened] = []
        self.positions: dict[bytes, int] = {}
        self.sealed, self.crowd_rows = MemorySealedRows(), MemoryCrowdRows()
        self.vault = self.open_vault()

    def open_vault(self, **changes) -> Vault:
        self.crowd = Crowd(self.crowd_rows, self.sealed, self.keyring, Prefixes(root()), people=20, random=self.random)
        given = {
            "crowd": self.crowd,
            "receipts": self.signer.key,
            "heads": Heads(self.trust),
            "origin": self.origin,
            "journal": self,
            "clock": lambda: self.now,
            "random": self.random,
        }
        return Vault(self.sealed, self.keyring, PSEUDONYMS, **given | changes)

    def find(self, label: bytes):
        """The vault's port `Leaves`."""
        return next((found for found in self.leaves if found.label == label), None)

    def record(self, *records: tuple[Stream, bytes]) -> Recorded:
        """Bodies become leaves, enrolments first, and a receipt says so."""
        first = len(self.leaves)
        for stream in {stream for stream, _ in records}:
            secret = self.keyring.of(stream)
            if secret.handle not in self.positions:
                digest = b64encode(leaf.stream_key_digest(secret.key)).decode()
                self.write(secret.handle, 0, secret.label_0, canonical({"v": 1, "kind": "enrol", "stream_key": digest}))
                self.positions[secret.handle] = 1
        for stream, body in records:
            secret = self.keyring.of(stream)
            i = self.positions[secret.handle]
            self.write(secret.handle, i, leaf.label(secret.key, i), body)
            self.positions[secret.handle] = i + 1
        return self.receipt(self.leaves[first:])

    def write(self, handle: bytes, i: int, label: bytes, body: bytes) -> Opened:
        self.leaves.append(Opened(len(self.leaves), handle, i, label, os.urandom(32), body))
        return self.leaves[-1]

    def proof(self, recorded: Recorded, witnesses=(), at: int = -1, **changed) -> bytes:
        """A proof file of leaf `at` of a submission, under a head that the log and these witnesses signed."""
        hashes = [merkle.leaf_hash(leaf.entry(f.label, leaf.commitment(f.nonce, f.body))) for f in self.leaves]
        signers = (*changed.pop("signers", self.log_signers), *witnesses)
        origin = changed.pop("origin", self.origin)
        text = Checkpoint.of(origin, len(hashes), merkle.root(hashes)).encode()
        index = recorded.leaves[at].index
        given = {
            "index": index,
            "path": tuple(merkle.prove_inclusion(merkle.nodes_of(hashes), index, len(hashes))),
            "note": sign_note(text, signers, int(self.now.timestamp())),
            "extra": recorded.receipt,
        }
        return TlogProof(**given | changed).encode()

    def receipt(self, leaves, signer=None, **changes) -> Recorded:
        hashes = [merkle.leaf_hash(leaf.entry(f.label, leaf.commitment(f.nonce, f.body))) for f in leaves]
        made = Receipt(
            origin=self.origin,
            first=leaves[0].index,
            count=len(leaves),
            root=merkle.root(hashes),
            key=idem("guard", "req-1"),
            at=self.now,
            by=self.now + timedelta(seconds=60),
        )
        text = replace(made, **changes).encode()
        return Recorded(sign_note(text, [signer or self.signer], int(self.now.timestamp())), tuple(leaves))

    def looked(self, look: Look | None = None, by: Decision = PERMITTED, **changes) -> Recorded:
        look = look or a_look()
        return self.record((Stream.of_person(look.person), body_of(look, by, **changes).encode()))

    def put(self, value: str = "203.0.113.77", minute: int = 0, person: str = "mira@example.org", **given) -> bool:
        """A value among `crowd` other people: so many that its network is shown, unless a test wants fewer."""
        seen = datetime(2026, 11, 22, 9, minute, tzinfo=UTC)
        if given.get("field", Field.IP) is Field.IP and (crowd := given.pop("crowd", MANY)):
            with suppress(BadInput):
                fill(self.crowd, value, seen, crowd)
        return self.vault.put(person, given.pop("field", Field.IP), value, seen, given.pop("source", f"log:{minute}"))

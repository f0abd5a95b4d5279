# SPDX-License-Identifier: Apache-2.0
"""The worked example of docs/spec: four leaves, one account, every file that an outsider meets.

    python -m tests.verify.example        writes docs/spec/example/ anew; the tests hold the files against this module

Keys are published test keys: Ed25519 seeds of 32 equal bytes, and the 3,072-bit key of RFC 9381, appendix A.1. They
protect nothing. ML-DSA is left out, because it signs the same text differently each time.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.verify.log_maker import write

from whosaw.model.access import Field, Mode
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, canonical
from whosaw.oversight.statement import make_statement
from whosaw.tlog import leaf, merkle, note, prefix, trust
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.receipt import Receipt, idem
from whosaw.tlog.tile import encode_bundle
from whosaw.tlog.vrf import beta_of, challenge, encoded
from whosaw.verify.proof import OpenedRecord
from whosaw.verify.statement_file import Index

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/spec/example"

ORIGIN = "log.example.org/whosaw"
PERSON = "p-1"  # the account id as the person knows it
KEY = bytes(range(32))  # k_person
AT = datetime(2026, 11, 22, 10, 15, 30, 123000, tzinfo=UTC)
LOG = note.Ed25519Signer.from_seed(ORIGIN, b"\x07" * 32)
MAP = note.Ed25519Signer.from_seed(f"{ORIGIN}/map", b"\x0b" * 32)
RECEIPTS = note.Ed25519Signer.from_seed(f"{ORIGIN}/receipts", b"\x0a" * 32)

_KEY = json.loads((ROOT / "tests/vectors/vrf.json").read_text())["key"]
P, Q = int(_KEY["p"], 16), int(_KEY["q"], 16)
N, D = P * Q, pow(65537, -1, (P - 1) * (Q - 1))


def root_of(x: int) -> bytes:
    return pow(x, D, N).to_bytes(384)


def look(number: int, **facts) -> bytes:
    values = {
        "kind": Kind.LOOK,
        "look": f"l-{number}",
        "origin": "asked",
        "at": AT + timedelta(minutes=number),
        "principal": "e-aaaabbbbccccdddd",
        "person": "p-eeeeffffgggghhhh",
        "asked": ((Field.IP, "network"),),
        "mode": Mode.READ,
        "source": "guard",
        "purpose": "fraud_review",
        "case": "c-77",
        "app": "desk",
        "decision": "permit",
        "rules": ("fraud_review.case",),
        "ask": bytes([number]) * 32,
        "facts": b"\xfa" * 32,
        "policy": b"\xfb" * 32,
    }
    return LookBody(**(values | facts)).encode()


class Example:
    """Also the material of its statement: implements `oversight.statement.StatementMaterial`."""

    def __init__(self) -> None:
        genesis = Genesis(
            ORIGIN, (LOG.vkey(),), MAP.name, (MAP.vkey(),), RECEIPTS.vkey(), 60, N.to_bytes(384), tuple(root_of(challenge(N, j)) for j in range(16))
        )  # fmt: skip
        digest = b64encode(leaf.stream_key_digest(KEY)).decode()
        refused = {"asked": ((Field.IP, "exact"),), "purpose": "internal_inquiry", "case": None, "decision": "refuse"}
        self.bodies = (
            genesis.encode(),
            canonical({"v": 1, "kind": "enrol", "stream_key": digest}),
            look(1),
            look(2, **refused, rules=("internal_inquiry.outsider",)),
        )
        self.alpha = leaf.alpha(1, PERSON, 0)
        self.labels = (leaf.GENESIS_LABEL, leaf_label_0(self.alpha), leaf.label(KEY, 1), leaf.label(KEY, 2))
        self.nonces = tuple(bytes([0xA0 + i]) * 32 for i in range(4))
        self.commitments = tuple(map(leaf.commitment, self.nonces, self.bodies))
        self.entries = tuple(map(leaf.entry, self.labels, self.commitments))
        self.hashes = [merkle.leaf_hash(entry) for entry in self.entries]

    # StatementMaterial

    generation = rekeys = 0
    key = KEY

    def checkpoint(self) -> bytes:
        return note.sign_note(Checkpoint.of(ORIGIN, 4, merkle.root(self.hashes)).encode(), (LOG,), 0)

    def genesis(self) -> bytes:
        return GenesisFile(self.nonces[0], self.bodies[0]).encode()

    def prove(self, alpha: bytes) -> bytes:
        return root_of(encoded(N, alpha))

    def stream(self, person_id: str):
        return self if person_id == PERSON else None

    def run(self, secret):
        del secret
        return [Frame(index, index - 1, self.nonces[index], self.bodies[index]) for index in (1, 2, 3)]

    def inclusion(self, index: int) -> list[bytes]:
        return merkle.prove_inclusion(merkle.nodes_of(self.hashes), index, len(self.hashes))

    def index(self) -> Index:
        return Index(self.map_checkpoint(), self.map_leaf(), ())

    def place(self, label: bytes) -> prefix.TrieProof:
        return prefix.prove(self.rows, label)

    # The index

    @property
    def entry_rows(self) -> list[bytes]:
        return [prefix.row(label, index) for index, label in enumerate(self.labels)]

    @property
    def rows(self) -> list[bytes]:
        return sorted(self.entry_rows)

    def map_leaf(self) -> bytes:
        return MapLeaf.of(prefix.root(self.rows), self.checkpoint(), [note.VerifierKey.parse(LOG.vkey())]).encode()

    def map_checkpoint(self) -> bytes:
        return note.sign_note(Checkpoint.of(MAP.name, 1, merkle.leaf_hash(self.map_leaf())).encode(), (MAP,), 0)

    # Files

    def receipt(self) -> bytes:
        made = Receipt(ORIGIN, 2, 1, self.hashes[2], idem("guard", "req-1"), AT, AT + timedelta(seconds=60))
        return note.sign_note(made.encode(), (RECEIPTS,), 0)

    def files(self) -> dict[str, bytes]:
        """Every file of docs/spec/example."""
        return {
            "trust": trust.trust_text([LOG.vkey()], "https://log.example.org/"),
            "public/checkpoint": self.checkpoint(),
            "public/genesis": self.genesis(),
            "public/tile/entries/000.p/4": encode_bundle(self.entries),
            "public/tile/0/000.p/4": b"".join(self.hashes),
            "public/map/checkpoint": self.map_checkpoint(),
            "public/map/tile/entries/000.p/1": encode_bundle([self.map_leaf()]),
            "public/map/tile/0/000.p/1": merkle.leaf_hash(self.map_leaf()),
            "receipt": self.receipt(),
            "leaf-2.tlog-proof": TlogProof(2, tuple(self.inclusion(2)), self.checkpoint(), self.receipt()).encode(),
            "record-2.json": OpenedRecord(self.labels[2], self.nonces[2], self.bodies[2]).encode(),
            "statement.json": make_statement(PERSON, self),
        }


class Frame:
    def __init__(self, index: int, i: int, nonce: bytes, body: bytes) -> None:
        self.index, self.i, self.nonce, self.body = index, i, nonce, body


def leaf_label_0(alpha: bytes) -> bytes:
    return beta_of(root_of(encoded(N, alpha)))


if __name__ == "__main__":
    write(FOLDER, Example().files())

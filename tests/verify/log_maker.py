# SPDX-License-Identifier: Apache-2.0
"""A little log, made from the formats alone: no journal, no store. What the verifier is tried on.

    log = LittleLog(); log.look("p-88"); log.publish(folder, sizes=(1, 3))      leaves, then files for every size

All keys are made from fixed seeds and protect nothing. People are invented.
"""

import functools
import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from whosaw.model.access import Field, Mode
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, canonical
from whosaw.tlog import leaf, merkle, note, prefix, trust
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.receipt import Receipt, idem
from whosaw.tlog.tile import Bundle, encode_bundle, tiles_at
from whosaw.tlog.vrf import challenge, encoded, mgf1
from whosaw.verify.statement_file import Index

ORIGIN = "log.example.org/whosaw"
BEGAN = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
E = 65537


@functools.cache
def vrf_key(name: bytes = b"p", at: int = 137, other: bytes = b"q", other_at: int = 328) -> tuple[int, int]:
    """(n, d): two primes near numbers that anybody can compute, so that no key has to stand in this file."""
    p, q = (
        (int.from_bytes(mgf1(b"whosaw test vrf key " + w, 192)) | 3 << 1534 | 1) + 2 * k
        for w, k in ((name, at), (other, other_at))
    )
    return p * q, pow(E, -1, (p - 1) * (q - 1))


def root_of(x: int) -> bytes:
    n, d = vrf_key()
    return pow(x, d, n).to_bytes(384)


@functools.cache
def prove(alpha: bytes) -> bytes:
    """π"""
    return root_of(encoded(vrf_key()[0], alpha))


@functools.cache
def certificate() -> tuple[bytes, ...]:
    return tuple(root_of(challenge(vrf_key()[0], j)) for j in range(16))


def beta(pi: bytes) -> bytes:
    return hashlib.sha256(b"\x01\x02" + pi).digest()


def ed25519(name: str = ORIGIN, seed: int = 7) -> note.Ed25519Signer:
    return note.Ed25519Signer.from_seed(name, bytes([seed]) * 32)


@functools.cache
def mldsa(name: str = ORIGIN, seed: int = 8) -> note.MlDsaSigner:
    return note.MlDsaSigner.from_seed(name, bytes([seed]) * 32)


@functools.cache
def map_signers(origin: str = ORIGIN) -> tuple:
    return ed25519(f"{origin}/map", 11), mldsa(f"{origin}/map", 12)


RECEIPTS = ed25519(f"{ORIGIN}/receipts", 10)


@dataclass(frozen=True)
class Leaf:
    label: bytes
    nonce: bytes
    body: bytes

    @property
    def entry(self) -> bytes:
        return leaf.entry(self.label, leaf.commitment(self.nonce, self.body))

    @property
    def hash(self) -> bytes:
        return merkle.leaf_hash(self.entry)


@dataclass
class Account:
    """One person's stream: what `oversight` would get through its port."""

    key: bytes
    enrolment: int
    records: list[int] = field(default_factory=list)
    generation: int = 0
    earlier: tuple[bytes, ...] = ()
    begins: int = 0  # how many of its records stand under earlier keys


@dataclass
class LittleLog:
    origin: str = ORIGIN
    salt: bytes = b""
    after: bytes | None = None  # the last head of the log before it
    leaves: list[Leaf] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    maps: list[int] = field(default_factory=list)  # sizes that its map log has a leaf for, growing
    entries: dict[int, bytes] = field(default_factory=dict)
    notes: dict[tuple, bytes] = field(default_factory=dict)  # ML-DSA signs the same text differently each time

    def __post_init__(self) -> None:
        genesis = Genesis(
            self.origin,
            (ed25519(self.origin).vkey(), mldsa(self.origin).vkey()),
            f"{self.origin}/map",
            tuple(signer.vkey() for signer in map_signers(self.origin)),
            ed25519(f"{self.origin}/receipts", 10).vkey(),
            60,
            vrf_key()[0].to_bytes(384),
            certificate(),
            self.after,
        )
        if not self.leaves:
            self.append(leaf.GENESIS_LABEL, genesis.encode())

    # Leaves

    def append(self, label: bytes, body: bytes) -> int:
        nonce = hashlib.sha256(b"nonce" + self.salt + len(self.leaves).to_bytes(8)).digest()
        self.leaves.append(Leaf(label, nonce, body))
        return len(self.leaves) - 1

    def pad(self, size: int) -> "LittleLog":
        """Leaves of nobody in particular, up to `size`."""
        while len(self.leaves) < size:
            self.append(hashlib.sha256(b"label" + self.salt + len(self.leaves).to_bytes(8)).digest(), b"{}")
        return self

    def pi(self, person: str, generation: int = 0) -> bytes:
        return prove(leaf.alpha(1, person, generation))

    def enrol(self, person: str, generation: int = 0) -> Account:
        data_key = hashlib.sha256(b"data key" + person.encode()).digest()
        key = leaf.derive_stream_key(data_key, self.origin, generation, 0)
        digest = b64encode(leaf.stream_key_digest(key)).decode()
        body = canonical({"v": 1, "kind": "enrol", "stream_key": digest})
        account = Account(key, self.append(beta(self.pi(person, generation)), body), generation=generation)
        self.accounts[person] = account
        return account

    def look(self, person: str, **facts) -> int:
        """One more look at this person, in words of `LookBody`."""
        account = self.accounts.get(person) or self.enrol(person)
        return self.record(account, look_body(person, len(self.leaves), **facts))

    def record(self, account: Account, body: bytes) -> int:
        i = len(account.records) - account.begins + 1
        account.records.append(self.append(leaf.label(account.key, i), body))
        return account.records[-1]

    def rekey(self, person: str) -> int:
        """A new key for this account, to which its last record under the old one commits."""
        account = self.accounts[person]
        data_key = hashlib.sha256(b"data key" + person.encode()).digest()
        key = leaf.derive_stream_key(data_key, self.origin, account.generation, len(account.earlier) + 1)
        digest = b64encode(leaf.stream_key_digest(key)).decode()
        index = self.record(account, canonical({"v": 1, "kind": "rekey", "stream_key": digest}))
        account.earlier, account.key, account.begins = (*account.earlier, account.key), key, len(account.records)
        return index

    # Proofs

    @property
    def hashes(self) -> list[bytes]:
        return [one.hash for one in self.leaves]

    def root(self, size: int) -> bytes:
        return merkle.root(self.hashes[:size])

    def path(self, index: int, size: int) -> list[bytes]:
        return merkle.prove_inclusion(merkle.nodes_of(self.hashes[:size]), index, size)

    def checkpoint(self, size: int, signers=None, at: datetime | None = None, root: bytes | None = None) -> bytes:
        text = Checkpoint.of(self.origin, size, root or self.root(size)).encode()
        signers = (ed25519(self.origin), mldsa(self.origin)) if signers is None else signers
        at = at or BEGAN + timedelta(seconds=size)
        known = (text, at, *(signer.vkey() for signer in signers))
        if known not in self.notes:
            self.notes[known] = note.sign_note(text, signers, int(at.timestamp()))
        return self.notes[known]

    @property
    def genesis(self) -> bytes:
        return GenesisFile(self.leaves[0].nonce, self.leaves[0].body).encode()

    def receipt(self, first: int, count: int = 1, signer=RECEIPTS, at: datetime = BEGAN, **changed) -> bytes:
        values = {
            "origin": self.origin,
            "first": first,
            "count": count,
            "root": merkle.root(self.hashes[first : first + count] or [bytes(32)]),
            "key": idem("guard", "req-1"),
            "at": at,
            "by": at + timedelta(seconds=60),
        }
        return note.sign_note(Receipt(**(values | changed)).encode(), (signer,), 0)

    def proof(self, index: int, size: int, extra: bytes | None = None) -> bytes:
        return TlogProof(index, tuple(self.path(index, size)), self.checkpoint(size), extra).encode()

    # The index

    def rows(self, size: int) -> list[bytes]:
        """Sorted rows of the first `size` leaves; of a label that stands twice, the first."""
        first = {one.label: index for index, one in reversed(list(enumerate(self.leaves[:size])))}
        return prefix.rows_of(first.items())

    def mapped(self, size: int) -> list[bytes]:
        """The leaves of the map log once it has been asked for the index of this size."""
        if size > (self.maps[-1] if self.maps else 0):
            self.maps.append(size)
        keys = [VerifierKey.parse(ed25519(self.origin).vkey())]
        for one in self.maps:
            if one not in self.entries:
                self.entries[one] = MapLeaf.of(prefix.root(self.rows(one)), self.checkpoint(one), keys).encode()
        return [self.entries[one] for one in self.maps if one <= size]

    def map_checkpoint(self, entries: list[bytes], signers=None) -> bytes:
        text = Checkpoint.of(f"{self.origin}/map", len(entries), merkle.root(map(merkle.leaf_hash, entries))).encode()
        known = text, signers
        if known not in self.notes:
            at = BEGAN + timedelta(seconds=self.maps[len(entries) - 1] if entries else 0)
            self.notes[known] = note.sign_note(text, signers or map_signers(self.origin), int(at.timestamp()))
        return self.notes[known]

    def map_witnessed(self, size: int, witnesses) -> dict[str, bytes]:
        """What witnesses have seen of the map log, when it had the index of this size."""
        note = self.map_checkpoint(self.mapped(size), (*map_signers(self.origin), *witnesses))
        return {"map/checkpoint.witnessed": note}

    def map_files(self, *sizes: int) -> dict[str, bytes]:
        entries, made = self.mapped(sizes[-1]), {}
        hashes = [merkle.leaf_hash(entry) for entry in entries]
        for count in map(len, map(self.mapped, sizes)):
            for what in tiles_at(count):
                here = slice(what.index * 256, what.index * 256 + what.width)
                if isinstance(what, Bundle):
                    made[f"map/{what.path}"] = encode_bundle(entries[here])
                else:
                    full = [merkle.root(hashes[i : i + 256]) for i in range(0, count - 255, 256)]
                    made[f"map/{what.path}"] = b"".join((hashes, full)[what.level][here])
        return made | {"map/checkpoint": self.map_checkpoint(entries)}

    # Files

    def files(self, *sizes: int) -> dict[str, bytes]:
        """Every file that stands there after log and index were published at these sizes, one after another."""
        for size in sizes:
            self.mapped(size)
        hashes = self.hashes
        made: dict[str, bytes] = {}
        for size in sizes:
            levels = [hashes[:size]]
            while len(levels[-1]) >= 256:
                below = levels[-1]
                levels.append([merkle.root(below[i : i + 256]) for i in range(0, len(below) - 255, 256)])
            for what in tiles_at(size):
                here = slice(what.index * 256, what.index * 256 + what.width)
                if isinstance(what, Bundle):
                    made[what.path] = encode_bundle(one.entry for one in self.leaves[:size][here])
                else:
                    made[what.path] = b"".join(levels[what.level][here])
        if sizes[-1]:
            made["genesis"] = self.genesis
        made["checkpoint"] = self.checkpoint(sizes[-1])
        return made | self.map_files(*sizes)

    def publish(self, folder: Path, *sizes: int) -> Path:
        return write(folder, self.files(*sizes))

    def trust(self) -> bytes:
        return trust.trust_text([ed25519(self.origin).vkey(), mldsa(self.origin).vkey()])


def look_body(person: str, number: int, **facts) -> bytes:
    """A look by an invented fraud reviewer."""
    values = {
        "kind": Kind.LOOK,
        "look": f"l-{number}",
        "origin": "asked",
        "at": BEGAN + timedelta(minutes=number),
        "principal": "e-aaaabbbbccccdddd",
        "person": "p-" + hashlib.sha256(person.encode()).hexdigest()[:16],
        "asked": ((Field.IP, "network"),),
        "mode": Mode.READ,
        "source": "guard",
        "purpose": "fraud_review",
        "case": "c-77",
        "decision": "permit",
        "rules": ("fraud_review.case",),
    }
    return LookBody(**(values | facts)).encode()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


@dataclass(frozen=True)
class Secret:
    """What the keyring would say of a stream."""

    key: bytes
    generation: int = 0
    rekeys: int = 0
    earlier: tuple[bytes, ...] = ()
    handle: bytes = bytes(16)
    label_0: bytes = bytes(32)


@dataclass(frozen=True)
class OpenedLeaf:
    index: int
    i: int
    nonce: bytes
    body: bytes


@dataclass(frozen=True)
class Material:
    """A statement's material from a little log, as of `size`. Implements `oversight.statement.StatementMaterial`."""

    log: LittleLog
    size: int

    def checkpoint(self) -> bytes:
        return self.log.checkpoint(self.size)

    def genesis(self) -> bytes:
        return self.log.genesis

    def prove(self, alpha: bytes) -> bytes:
        return prove(alpha)

    def stream(self, person_id: str) -> Secret | None:
        account = self.log.accounts.get(person_id)
        return account and Secret(account.key, account.generation, len(account.earlier), account.earlier)

    def run(self, secret: Secret):
        account = next(a for a in self.log.accounts.values() if a.key == secret.key)
        place = 0
        for index in [account.enrolment, *account.records]:
            one = self.log.leaves[index]
            yield OpenedLeaf(index, place, one.nonce, one.body)
            place = (place // 2**40 + 1) * 2**40 + 1 if b'"kind":"rekey"' in one.body else place + 1

    def inclusion(self, index: int) -> list[bytes]:
        return self.log.path(index, self.size)

    def entry(self, index: int) -> bytes:
        return self.log.leaves[index].entry

    def index(self) -> Index:
        entries = self.log.mapped(self.size)
        hashes = [merkle.leaf_hash(entry) for entry in entries]
        path = merkle.prove_inclusion(merkle.nodes_of(hashes), len(entries) - 1, len(entries))
        return Index(self.log.map_checkpoint(entries), entries[-1], tuple(path))

    def place(self, label: bytes) -> prefix.TrieProof:
        return prefix.prove(self.log.rows(self.size), label)

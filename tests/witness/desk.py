# SPDX-License-Identifier: Apache-2.0
"""A log that is nothing but hashes, witnesses with keys from seeds, and a server on loopback.

    log = HashLog(); log.request(3, 7)      a request for size 7 to a witness that has seen 3
    with served(witness) as url: …          the witness over real HTTP, in a thread

Keys are made from fixed seeds and protect nothing.
"""

import functools
import http.client
import socket
import threading
import urllib.parse
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import uvicorn

from whosaw.errors import OutcomeUnknown
from whosaw.model.record import parse_json
from whosaw.store.memory_witness import MemoryEvidence, MemoryHeads
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import nodes_of, prove_consistency, root_at
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer, MlDsaSigner, sign_note
from whosaw.tlog.trust import Group, TrustedLog, TrustedWitness, TrustPolicy
from whosaw.tlog.witness import AddCheckpoint
from whosaw.witness.client import Head
from whosaw.witness.fork import Ours
from whosaw.witness.server import App, Witness
from whosaw.witness.state import Standing

ORIGIN = "log.example.org/whosaw"
NOW = 1_800_000_000


@functools.cache
def log_keys(origin=ORIGIN, seed=7):
    """Both signers of a log."""
    return Ed25519Signer.from_seed(origin, bytes([seed]) * 32), MlDsaSigner.from_seed(origin, bytes([seed + 1]) * 32)


@functools.cache
def witness_keys(name, seed):
    """Both signers of a witness."""
    return (
        Ed25519Signer.from_seed(name, bytes([seed]) * 32, COSIGNATURE),
        MlDsaSigner.from_seed(name, bytes([seed + 1]) * 32),
    )


W1, W2 = witness_keys("w1.example.net", 21), witness_keys("w2.example.net", 31)


class HashLog:
    """Leaf hashes are made of their index and `salt`, from `fork` on."""

    def __init__(self, salt=b"", fork=0, size=64, origin=ORIGIN, signers=None):
        self.origin, self.signers = origin, log_keys(origin) if signers is None else signers
        hashes = [sha256(b"\0%d" % i + (salt if i >= fork else b"")).digest() for i in range(size)]
        self.node = nodes_of(hashes)

    def text(self, size):
        return Checkpoint(self.origin, size, root_at(self.node, size)).encode()

    def note(self, size, time_s=NOW):
        return sign_note(self.text(size), self.signers, time_s)

    def proof(self, old, size):
        return tuple(prove_consistency(self.node, old, size)) if old else ()

    def request(self, old, size, *, proof=None, note=None):
        proof = self.proof(old, size) if proof is None else proof
        return AddCheckpoint(old, tuple(proof), self.note(size) if note is None else note).encode()

    def keys(self):
        return {self.origin: tuple(signer.key for signer in self.signers)}


@dataclass
class Clock:
    """Stands still until it is turned."""

    at: int = NOW

    def __call__(self):
        return datetime.fromtimestamp(self.at, UTC)


class Book:
    """``ports.Log`` over a `HashLog`, and ``ports.Keep``: what was shown, kept, stopped."""

    def __init__(self, log, size):
        self.log, self.size = log, size
        self.told, self.shown, self.stopped, self.kept, self.states = [], [], [], [], []
        self.fails = 0
        self.moved = threading.Condition()

    def head(self, size):
        return Head(Checkpoint.parse(self.log.text(size)), self.log.note(size))

    def ours(self):
        return Ours(self.head(self.size), tuple(s.key for s in self.log.signers), self.log.node)

    def listen(self, told):
        self.told.append(told)

    def publish(self, size):
        self.size = size
        for told in self.told:
            told()

    def keep_witnessed(self, note):
        if self.fails:
            self.fails -= 1
            raise OutcomeUnknown("the fake fails", part="book")
        self._add(self.shown, note)

    def stop(self, sentence):
        self._add(self.stopped, sentence)

    def evidence(self, kind, raw):
        self._add(self.kept, (kind, parse_json(raw, "evidence", 1 << 20)))
        return kind

    def state(self, raw):
        self._add(self.states, Standing.parse(raw, "state"))

    def _add(self, to, what):
        with self.moved:
            to.append(what)
            self.moved.notify_all()

    def wait(self, until, timeout=60):
        """Until `until()` is true after something was shown, kept, stopped or written; fails after `timeout`."""
        with self.moved:
            assert self.moved.wait_for(until, timeout)


def files(evidence):
    """Name → bytes of a file of evidence."""
    return {each["name"]: b64decode(each["bytes"]) for each in evidence["files"]}


def trust(quorum, *witnesses, origin=ORIGIN):
    """A policy with one key of each witness, named w1, w2, …; `quorum` of them must cosign."""
    named = [TrustedWitness(b"w%d" % n, keys[0].key) for n, keys in enumerate(witnesses, 1)]
    group = Group(b"q", quorum, tuple(each.name for each in named))
    logs = tuple(TrustedLog(s.key) for s in log_keys(origin))
    return TrustPolicy(logs, tuple(named), (group,), b"q")


@dataclass
class Desk:
    """A witness and everything it keeps."""

    signers: tuple = W1
    logs: dict = field(default_factory=lambda: HashLog(size=1).keys())
    heads: object = field(default_factory=MemoryHeads)
    evidence: MemoryEvidence = field(default_factory=MemoryEvidence)
    clock: Clock = field(default_factory=Clock)

    @property
    def witness(self):
        return Witness(self.signers, lambda: self.logs, self.heads, self.evidence, self.clock)


@contextmanager
def served(app):
    """`app` over real HTTP on loopback; its address."""
    if isinstance(app, Witness):
        app = App(app)
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.005)
            assert thread.is_alive()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        sock.close()


def ask(url, method, path, body=None, headers=()):
    """Status, content type and body of one request."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def post(url, body):
    return ask(url, "POST", "/add-checkpoint", body)

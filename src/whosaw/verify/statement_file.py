# SPDX-License-Identifier: Apache-2.0
"""The statement file: all looks at one account, with what it takes to check them. Read here, made by `oversight`.

    checkpoint ── genesis ── for each generation: π ─ enrolment ─ key ─ records 1 … n      next: π of the generation after

One canonical JSON object (docs/spec/leaf.md §3). Bodies stand in it as objects, readable, because a canonical body has
one spelling and so gives back the committed bytes. Nothing is checked here but the form: what it proves is decided in
``whosaw.verify.statement``.

Invariant: ``encode(parse(raw)) == raw``, or it is no statement.           Specification: docs/spec/statement.md
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whosaw.errors import NotCanonical
from whosaw.model.record import Json, canonical, parse, parse_json
from whosaw.tlog.leaf import ID_LIMIT
from whosaw.tlog.merkle import PATH_LIMIT
from whosaw.verify.shape import base64_of, list_of, number, object_of, raw_bytes, text

LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Opened:
    """A leaf laid open: `i` is its place in the stream, `index` its place in the log, `path` its inclusion proof."""

    i: int
    index: int
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)

    def json(self) -> Json:
        return {
            "i": self.i,
            "index": self.index,
            "nonce": base64_of(self.nonce),
            "body": parse(self.body),
            "path": [base64_of(h) for h in self.path],
        }

    @classmethod
    def of(cls, value: Json, where: str) -> Opened:
        given = object_of(value, ("i", "index", "nonce", "body", "path"), where)
        path = tuple(raw_bytes(h, 32, f"{where}, path") for h in list_of(given["path"], f"{where}, path"))
        if len(path) > PATH_LIMIT:
            raise NotCanonical(f"more than {PATH_LIMIT} hashes", where=f"{where}, path")
        body = canonical(object_of(given["body"], None, f"{where}, body"))
        parse(body, f"{where}, body")
        return cls(
            number(given["i"], f"{where}, i"),
            number(given["index"], f"{where}, index"),
            raw_bytes(given["nonce"], 32, f"{where}, nonce"),
            body,
            path,
        )


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of an account: π gives its first label, `key` (k_person) all others. `records` in order."""

    generation: int
    pi: bytes = field(repr=False)
    rekeys: int
    key: bytes = field(repr=False)
    enrolment: Opened
    records: tuple[Opened, ...]

    def json(self) -> Json:
        return {
            "generation": self.generation,
            "pi": base64_of(self.pi),
            "rekeys": self.rekeys,
            "key": base64_of(self.key),
            "enrolment": self.enrolment.json(),
            "records": [record.json() for record in self.records],
        }

    @classmethod
    def of(cls, value: Json, where: str) -> Generation:
        given = object_of(value, ("generation", "pi", "rekeys", "key", "enrolment", "records"), where)
        return cls(
            number(given["generation"], f"{where}, generation"),
            raw_bytes(given["pi"], None, f"{where}, pi"),
            number(given["rekeys"], f"{where}, rekeys"),
            raw_bytes(given["key"], 32, f"{where}, key"),
            Opened.of(given["enrolment"], f"{where}, enrolment"),
            tuple(
                Opened.of(record, f"{where}, record {i}")
                for i, record in enumerate(list_of(given["records"], f"{where}, records"), 1)
            ),
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, parsed and not yet believed. `person` is the account id as the person knows it."""

    person: str = field(repr=False)
    checkpoint: bytes = field(repr=False)
    genesis: Opened
    generations: tuple[Generation, ...]
    next_pi: bytes = field(repr=False)

    @property
    def next_generation(self) -> int:
        """The generation that must not exist yet."""
        return len(self.generations)

    @property
    def records(self) -> tuple[Opened, ...]:
        """All records, of all generations."""
        return tuple(record for generation in self.generations for record in generation.records)

    def encode(self) -> bytes:
        """Canonical JSON. `withheld` is the place of records whose bodies wait; here it is always empty."""
        return canonical(
            {
                "v": 1,
                "kind": "statement",
                "person": self.person,
                "checkpoint": self.checkpoint.decode(),
                "genesis": self.genesis.json(),
                "generations": [generation.json() for generation in self.generations],
                "next": {"generation": self.next_generation, "pi": base64_of(self.next_pi)},
                "withheld": [],
            }
        )

    @classmethod
    def parse(cls, raw: bytes, where: str = "statement") -> Statement:
        """The statement that `raw` spells. Raises NotCanonical, whatever the bytes are."""
        names = ("v", "kind", "person", "checkpoint", "genesis", "generations", "next", "withheld")
        given = object_of(parse_json(raw, where, LIMIT), names, where)
        if given["kind"] != "statement" or number(given["v"], where) != 1:
            raise NotCanonical("not a statement of version 1", where=where)
        if list_of(given["withheld"], where):
            raise NotCanonical("it has withheld records, which version 1 cannot prove anything about", where=where)
        after = object_of(given["next"], ("generation", "pi"), f"{where}, next")
        generations = list_of(given["generations"], f"{where}, generations")
        made = cls(
            text(given["person"], f"{where}, person"),
            text(given["checkpoint"], f"{where}, checkpoint").encode(),
            Opened.of(given["genesis"], f"{where}, genesis"),
            tuple(Generation.of(one, f"{where}, generation {g}") for g, one in enumerate(generations)),
            raw_bytes(after["pi"], None, f"{where}, next"),
        )
        if not 1 <= len(made.person.encode()) <= ID_LIMIT:
            raise NotCanonical(f"not an account id of 1 to {ID_LIMIT} bytes", where=f"{where}, person")
        if number(after["generation"], f"{where}, next") != made.next_generation:
            raise NotCanonical("generations are missing before it", where=f"{where}, next")
        # Every piece above has one spelling; this is the sentence that says so of the whole.
        if made.encode() != raw:
            raise NotCanonical("not the one spelling of a statement", where=where)
        return made

# SPDX-License-Identifier: Apache-2.0
"""The statement file: all looks at one account, with what it takes to check them. Read here, made by `oversight`.

    checkpoint ── genesis ── index: its checkpoint, its last leaf
    for each generation: π ─ enrolment ─ key ─ records 1 … n ─ proof that there is no record n + 1
                     or: π ─ the leaf of its enrolment, where it was erased: nothing opens it, and nothing follows from it
    next: π of the generation after, with the proof that there is none

One canonical JSON object (docs/spec/leaf.md §3). Bodies stand in it as objects, readable, because a canonical body has
one spelling and so gives back the committed bytes. Nothing is checked here but the form: what it proves is decided in
``whosaw.verify.statement``.

Invariant: ``encode(parse(raw)) == raw``, or it is no statement.           Specification: docs/spec/statement.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import NotCanonical
from whosaw.model.look_body import CODE
from whosaw.model.record import Json, canonical, parse, parse_json, parse_time, time_text
from whosaw.tlog.leaf import ID_LIMIT
from whosaw.tlog.merkle import PATH_LIMIT
from whosaw.tlog.prefix import TrieProof
from whosaw.verify.shape import base64_of, list_of, number, object_of, raw_bytes, text

VERSION = 2
LIMIT = 64 * 1024 * 1024
_NAMES = ("v", "kind", "person", "checkpoint", "genesis", "map", "generations", "next", "withheld")


@dataclass(frozen=True, slots=True)
class Opened:
    """A leaf laid open: `i` is its place in the stream, `index` its place in the log, `path` its inclusion proof.

    `trie`: that its label stands there, in the index. None for the genesis leaf: it is no record of anybody.
    """

    i: int
    index: int
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)
    trie: TrieProof | None = field(default=None, repr=False)
    said: Mapping[str, Json] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Read once: a statement asks for it at every second step. Raises NotCanonical.
        object.__setattr__(self, "said", parse(self.body))

    def json(self) -> Json:
        made: dict[str, Json] = {
            "i": self.i,
            "index": self.index,
            "nonce": base64_of(self.nonce),
            "body": dict(self.said),
            "path": [base64_of(h) for h in self.path],
        }
        return made if self.trie is None else made | {"trie": self.trie.encode().decode()}

    @classmethod
    def of(cls, value: Json, where: str, *, indexed: bool = True) -> Opened:
        names = ("i", "index", "nonce", "body", "path", *(("trie",) if indexed else ()))
        given = object_of(value, names, where)
        path = path_of(given["path"], f"{where}, path")
        body = canonical(object_of(given["body"], None, f"{where}, body"))
        i, index = number(given["i"], f"{where}, i"), number(given["index"], f"{where}, index")
        nonce = raw_bytes(given["nonce"], 32, f"{where}, nonce")
        trie = _trie(given["trie"], where) if indexed else None
        try:
            return cls(i, index, nonce, body, path, trie)
        except NotCanonical as error:
            raise NotCanonical(str(error), where=where) from None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A record that is there and counts, whose body waits until `until`, for the reason that `code` names."""

    i: int
    index: int
    commitment: bytes = field(repr=False)
    code: str
    until: datetime
    path: tuple[bytes, ...] = field(repr=False)
    trie: TrieProof = field(repr=False)

    def json(self) -> Json:
        return {
            "i": self.i,
            "index": self.index,
            "commitment": base64_of(self.commitment),
            "withheld": {"code": self.code, "until": time_text(self.until)},
            "path": [base64_of(h) for h in self.path],
            "trie": self.trie.encode().decode(),
        }

    @classmethod
    def of(cls, value: Json, where: str) -> Withheld:
        given = object_of(value, ("i", "index", "commitment", "withheld", "path", "trie"), where)
        why = object_of(given["withheld"], ("code", "until"), f"{where}, withheld")
        code = text(why["code"], f"{where}, code")
        if not CODE.fullmatch(code):
            raise NotCanonical("a code has small letters and underscores", where=f"{where}, code")
        return cls(
            number(given["i"], f"{where}, i"),
            number(given["index"], f"{where}, index"),
            raw_bytes(given["commitment"], 32, f"{where}, commitment"),
            code,
            parse_time(text(why["until"], f"{where}, until"), f"{where}, until"),
            path_of(given["path"], f"{where}, path"),
            _trie(given["trie"], where),
        )


def _record(value: Json, where: str) -> Opened | Withheld:
    return (Withheld if "withheld" in object_of(value, None, where) else Opened).of(value, where)


def path_of(value: Json, where: str) -> tuple[bytes, ...]:
    """An inclusion proof."""
    path = tuple(raw_bytes(h, 32, where) for h in list_of(value, where))
    if len(path) > PATH_LIMIT:
        raise NotCanonical(f"more than {PATH_LIMIT} hashes", where=where)
    return path


def _trie(value: Json, where: str) -> TrieProof:
    return TrieProof.parse(text(value, f"{where}, trie").encode(), f"{where}, trie")


@dataclass(frozen=True, slots=True)
class Index:
    """What the index is believed by: the checkpoint of the map log, its last leaf (as bytes), that leaf's inclusion proof."""

    checkpoint: bytes = field(repr=False)
    leaf: bytes = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)

    def json(self) -> Json:
        return {
            "checkpoint": self.checkpoint.decode(),
            "leaf": self.leaf.decode(),
            "path": [base64_of(h) for h in self.path],
        }

    @classmethod
    def of(cls, value: Json, where: str) -> Index:
        given = object_of(value, ("checkpoint", "leaf", "path"), where)
        return cls(
            text(given["checkpoint"], f"{where}, checkpoint").encode(),
            text(given["leaf"], f"{where}, leaf").encode(),
            path_of(given["path"], f"{where}, path"),
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """A key that the account had before. `absent`: that the label after its last one stands nowhere."""

    key: bytes = field(repr=False)
    absent: TrieProof = field(repr=False)

    def json(self) -> Json:
        return {"absent": self.absent.encode().decode(), "key": base64_of(self.key)}

    @classmethod
    def of(cls, value: Json, where: str) -> Earlier:
        given = object_of(value, ("absent", "key"), where)
        return cls(raw_bytes(given["key"], 32, f"{where}, key"), _trie(given["absent"], where))


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of an account: π gives its first label, its keys (k_person) all others. `records` in order.

    `key`: the newest, after `rekeys` earlier ones. `absent`: that the label after the last record's stands nowhere.
    """

    generation: int
    pi: bytes = field(repr=False)
    rekeys: int
    key: bytes = field(repr=False)
    enrolment: Opened
    records: tuple[Opened | Withheld, ...]
    absent: TrieProof = field(repr=False)
    earlier: tuple[Earlier, ...] = ()

    @property
    def keys(self) -> tuple[bytes, ...]:
        """All of its keys, the first one first."""
        return (*(one.key for one in self.earlier), self.key)

    def json(self) -> Json:
        # Left out where there is none: statements of before are what they are.
        earlier: dict[str, Json] = {"earlier": [one.json() for one in self.earlier]} if self.earlier else {}
        return earlier | {
            "absent": self.absent.encode().decode(),
            "generation": self.generation,
            "pi": base64_of(self.pi),
            "rekeys": self.rekeys,
            "key": base64_of(self.key),
            "enrolment": self.enrolment.json(),
            "records": [record.json() for record in self.records],
        }

    @classmethod
    def of(cls, value: Json, where: str) -> Generation:
        names = ("generation", "pi", "rekeys", "key", "enrolment", "records", "absent")
        later = ("earlier",) if "earlier" in object_of(value, None, where) else ()
        given = object_of(value, (*names, *later), where)
        made = cls(
            number(given["generation"], f"{where}, generation"),
            raw_bytes(given["pi"], None, f"{where}, pi"),
            number(given["rekeys"], f"{where}, rekeys"),
            raw_bytes(given["key"], 32, f"{where}, key"),
            Opened.of(given["enrolment"], f"{where}, enrolment"),
            tuple(
                _record(record, f"{where}, record {i}")
                for i, record in enumerate(list_of(given["records"], f"{where}, records"), 1)
            ),
            _trie(given["absent"], where),
            tuple(
                Earlier.of(one, f"{where}, earlier") for one in list_of(given.get("earlier", []), f"{where}, earlier")
            ),
        )
        if made.rekeys != len(made.earlier):
            raise NotCanonical("it has not as many earlier keys as it says", where=f"{where}, rekeys")
        return made


@dataclass(frozen=True, slots=True)
class ErasedGeneration:
    """A generation of which only the first leaf is left: under π's label, at `index`, with this commitment."""

    generation: int
    pi: bytes = field(repr=False)
    index: int
    commitment: bytes = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)
    trie: TrieProof = field(repr=False)

    def json(self) -> Json:
        return {
            "generation": self.generation,
            "pi": base64_of(self.pi),
            "erased": {
                "index": self.index,
                "commitment": base64_of(self.commitment),
                "path": [base64_of(h) for h in self.path],
                "trie": self.trie.encode().decode(),
            },
        }

    @classmethod
    def of(cls, value: Json, where: str) -> ErasedGeneration:
        given = object_of(value, ("generation", "pi", "erased"), where)
        left = object_of(given["erased"], ("index", "commitment", "path", "trie"), f"{where}, erased")
        return cls(
            number(given["generation"], f"{where}, generation"),
            raw_bytes(given["pi"], None, f"{where}, pi"),
            number(left["index"], f"{where}, index"),
            raw_bytes(left["commitment"], 32, f"{where}, commitment"),
            path_of(left["path"], f"{where}, path"),
            _trie(left["trie"], where),
        )


def _generation(value: Json, where: str) -> Generation | ErasedGeneration:
    erased = "erased" in object_of(value, None, where)
    return ErasedGeneration.of(value, where) if erased else Generation.of(value, where)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, parsed and not yet believed. `person` is the account id as the person knows it.

    `older`: by how many hours everybody's statements end before they are made, where that is a rule of the house; its word.
    """

    person: str = field(repr=False)
    checkpoint: bytes = field(repr=False)
    genesis: Opened
    index: Index
    generations: tuple[Generation | ErasedGeneration, ...]
    next_pi: bytes = field(repr=False)
    next_absent: TrieProof = field(repr=False)
    older: int = 0

    @property
    def next_generation(self) -> int:
        """The generation that must not exist yet."""
        return len(self.generations)

    @property
    def records(self) -> tuple[Opened | Withheld, ...]:
        """All records, of all generations that are open."""
        return tuple(record for one in self.open for record in one.records)

    @property
    def withheld(self) -> tuple[Withheld, ...]:
        """The records among them whose bodies wait."""
        return tuple(record for record in self.records if isinstance(record, Withheld))

    @property
    def open(self) -> tuple[Generation, ...]:
        """The generations that were not erased."""
        return tuple(one for one in self.generations if isinstance(one, Generation))

    @property
    def erased(self) -> tuple[ErasedGeneration, ...]:
        """Those that were."""
        return tuple(one for one in self.generations if isinstance(one, ErasedGeneration))

    def encode(self) -> bytes:
        """Canonical JSON. `withheld` lists the leaves of records whose bodies wait."""
        older: dict[str, Json] = {"older": self.older} if self.older else {}
        return canonical(
            older
            | {
                "v": VERSION,
                "kind": "statement",
                "person": self.person,
                "checkpoint": self.checkpoint.decode(),
                "genesis": self.genesis.json(),
                "map": self.index.json(),
                "generations": [generation.json() for generation in self.generations],
                "next": {
                    "absent": self.next_absent.encode().decode(),
                    "generation": self.next_generation,
                    "pi": base64_of(self.next_pi),
                },
                "withheld": [record.index for record in self.withheld],
            }
        )

    @classmethod
    def parse(cls, raw: bytes, where: str = "statement") -> Statement:
        """The statement that `raw` spells. Raises NotCanonical, whatever the bytes are."""
        given = object_of(parse_json(raw, where, LIMIT), None, where)
        if given.get("kind") != "statement":
            raise NotCanonical("not a statement", where=where)
        if (version := number(given.get("v"), f"{where}, v")) != VERSION:
            why = ", which could not show by itself that no record is missing" if version == 1 else ""
            raise NotCanonical(
                f"it is of version {version}{why}; this is read: version {VERSION}",
                where=where,
                hint="ask for a new statement",
            )
        given = object_of(given, (*_NAMES, *(("older",) if "older" in given else ())), where)
        after = object_of(given["next"], ("absent", "generation", "pi"), f"{where}, next")
        generations = list_of(given["generations"], f"{where}, generations")
        made = cls(
            text(given["person"], f"{where}, person"),
            text(given["checkpoint"], f"{where}, checkpoint").encode(),
            Opened.of(given["genesis"], f"{where}, genesis", indexed=False),
            Index.of(given["map"], f"{where}, map"),
            tuple(_generation(one, f"{where}, generation {g}") for g, one in enumerate(generations)),
            raw_bytes(after["pi"], None, f"{where}, next"),
            _trie(after["absent"], f"{where}, next"),
            number(given.get("older", 0), f"{where}, older"),
        )
        if not 1 <= len(made.person.encode()) <= ID_LIMIT:
            raise NotCanonical(f"not an account id of 1 to {ID_LIMIT} bytes", where=f"{where}, person")
        if number(after["generation"], f"{where}, next") != made.next_generation:
            raise NotCanonical("generations are missing before it", where=f"{where}, next")
        # Every piece above has one spelling; this is the sentence that says so of the whole.
        if made.encode() != raw:
            raise NotCanonical("not the one spelling of a statement", where=where)
        return made

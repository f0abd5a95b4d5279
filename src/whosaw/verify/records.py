# SPDX-License-Identifier: Apache-2.0
"""A file of records: opened bodies of a log, line by line, each with the proof that it is a leaf of one signed head.

    {"kind":"records", checkpoint, streams, …}     the head that every proof leads to
    {"kind":"leaf", index, label, nonce, body, path, stream, i}     …     {"kind":"erased", index, record}
    {"kind":"end", leaves, sha256}                 nothing was cut off behind, or left out between

One canonical JSON object a line, one line at a time in memory. Made by `whosaw journal export records`.

Invariant: a body counts only if it opens a leaf under the signed root. Of a file that says it holds all streams, every
index below the head must be there.                                         Specification: docs/spec/records.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.model.look_body import LookBody
from whosaw.model.record import LIMIT as BODY_LIMIT
from whosaw.model.record import Json, canonical, parse, parse_json
from whosaw.tlog import leaf
from whosaw.tlog.merkle import check_inclusion, leaf_hash
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.spelling import HASH
from whosaw.verify.approval import Once, check_approvals
from whosaw.verify.credentials import Credentials
from whosaw.verify.folder import Audit
from whosaw.verify.found import Found
from whosaw.verify.head import open_head
from whosaw.verify.shape import base64_of, list_of, number, object_of, raw_bytes, text
from whosaw.verify.steps import Report, Said, Steps
from whosaw.verify.words import counted, moment, printable

LINE_LIMIT = BODY_LIMIT + 16 * 1024
ALL = "all"


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. `export`: the index of the record that says who took this out, and what."""

    at: str
    checkpoint: bytes = field(repr=False)
    streams: tuple[str, ...]
    export: int

    def encode(self) -> bytes:
        return _line(
            {"v": 1, "kind": "records", "at": self.at, "checkpoint": self.checkpoint.decode(),
             "streams": list(self.streams), "export": self.export}
        )  # fmt: skip

    @classmethod
    def parse(cls, raw: bytes, where: str = "line 1") -> Header:
        """The header that `raw` spells. Raises NotCanonical."""
        given = object_of(_json(raw, where), ("v", "kind", "at", "checkpoint", "streams", "export"), where)
        if given["kind"] != "records" or number(given["v"], where) != 1:
            raise NotCanonical("not a file of records, version 1", where=where)
        streams = tuple(text(each, where) for each in list_of(given["streams"], where))
        return cls(
            text(given["at"], where), text(given["checkpoint"], where).encode(), streams, number(given["export"], where)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One leaf. `stream`: the name of a named stream, `person` for anybody's, `genesis` for leaf 0; `i`: its place there."""

    index: int
    stream: str
    i: int
    label: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)

    @property
    def leaf_hash(self) -> bytes:
        return leaf_hash(leaf.entry(self.label, leaf.commitment(self.nonce, self.body)))

    def encode(self) -> bytes:
        return _line(
            {"v": 1, "kind": "leaf", "index": self.index, "stream": self.stream, "i": self.i,
             "label": base64_of(self.label), "nonce": base64_of(self.nonce), "body": parse(self.body),
             "path": [base64_of(each) for each in self.path]}
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Blank:
    """A leaf whose record was erased. `record`: the index of the record that says so."""

    index: int
    record: int

    def encode(self) -> bytes:
        return _line({"v": 1, "kind": "erased", "index": self.index, "record": self.record})


@dataclass(frozen=True, slots=True)
class End:
    """The last line: how many leaves the file has, and the hash of every byte before it."""

    leaves: int
    sha256: bytes

    def encode(self) -> bytes:
        return _line({"v": 1, "kind": "end", "leaves": self.leaves, "sha256": base64_of(self.sha256)})


def parse_line(raw: bytes, where: str) -> Line | Blank | End:
    """What a line behind the first one spells. Raises NotCanonical."""
    given = object_of(_json(raw, where), None, where)
    match given.get("kind"):
        case "leaf":
            row = object_of(given, ("v", "kind", "index", "stream", "i", "label", "nonce", "body", "path"), where)
            body = canonical(object_of(row["body"], None, where))
            parse(body, where)
            path = tuple(raw_bytes(each, HASH, where) for each in list_of(row["path"], where))
            made: Line | Blank | End = Line(
                number(row["index"], where), text(row["stream"], where), number(row["i"], where),
                raw_bytes(row["label"], HASH, where), raw_bytes(row["nonce"], HASH, where), body, path,
            )  # fmt: skip
        case "erased":
            row = object_of(given, ("v", "kind", "index", "record"), where)
            made = Blank(number(row["index"], where), number(row["record"], where))
        case "end":
            row = object_of(given, ("v", "kind", "leaves", "sha256"), where)
            made = End(number(row["leaves"], where), raw_bytes(row["sha256"], HASH, where))
        case _:
            raise NotCanonical("a line of no known kind", where=where)
    if number(row["v"], where) != 1:  # `true` is 1, too
        raise NotCanonical("not of version 1", where=where)
    return made


def _json(raw: bytes, where: str) -> Json:
    if not raw.endswith(b"\n"):
        raise NotCanonical("the line has no end", where=where)
    return parse_json(raw[:-1], where, LINE_LIMIT)


def _line(value: Json) -> bytes:
    return canonical(value) + b"\n"


# ── checking ──


@dataclass(slots=True)
class Walk:
    """Line by line through a file under one root. `leaves`, `digest`: of what was read and held; `last`: the last index."""

    size: int
    root: bytes
    leaves: int = 0
    last: int = -1
    ended: bool = False
    whole: bool = True
    erased: int = 0
    approvals: int = 0
    overseers: frozenset[VerifierKey] | None = None
    credentials: Credentials = field(default_factory=Credentials)
    once: Once = field(default_factory=Once)
    found: Found = field(default_factory=Found)
    _hash: object = field(default_factory=sha256)

    def begin(self, header: bytes) -> None:
        """Take the first line."""
        self._hash = sha256(header)

    def digest(self) -> bytes:
        """Of every byte so far."""
        return self._hash.digest()  # type: ignore[attr-defined,no-any-return]

    def take(self, raw: bytes, where: str) -> Line | Blank | End:
        """The next line, which holds. Raises NotCanonical, ProofFailed."""
        made = parse_line(raw, where)
        if self.ended:
            raise NotCanonical("the file goes on behind its end", where=where)
        if isinstance(made, End):
            if (made.leaves, made.sha256) != (self.leaves, self.digest()):
                raise ProofFailed(f"{where}: the file is not as it was ended: lines were changed, added or left out")
            self.ended = True
        else:
            self._leaf(made, where)
        self._hash.update(raw)  # type: ignore[attr-defined]
        return made

    def _leaf(self, made: Line | Blank, where: str) -> None:
        if not self.last < made.index < self.size:
            raise ProofFailed(f"{where}: leaf {made.index} does not follow on leaf {self.last} below size {self.size}")
        if isinstance(made, Line):
            try:
                check_inclusion(made.leaf_hash, made.index, self.size, made.path, self.root)
            except ProofFailed as error:
                raise ProofFailed(f"{where}: leaf {made.index}: {error}", step="leaf") from None
            self._approvals(made, where)
            self.found.take(made.body, made.index, where)
        self.whole = self.whole and made.index == self.last + 1
        self.erased += isinstance(made, Blank)
        self.leaves, self.last = self.leaves + 1, made.index

    def _approvals(self, made: Line, where: str) -> None:
        """Keys as they are registered, and the approvals of looks. A body that cannot hold either is not read."""
        if b'"kind":"credential"' in made.body:
            self.credentials.take(made.body, where)
        elif b'"approvals":[' in made.body and b'"kind":"look"' in made.body:
            look = LookBody.decode(made.body, where)
            checked = check_approvals(look, self.overseers, where)
            self.credentials.check(checked, look.at, where)
            self.once.take(look, where)
            self.approvals += len(checked)


def verify_records(lines: Iterable[bytes], audit: Audit, findings: bytes | None = None) -> Report:
    """All steps over the lines of a file, each with its newline; and whether `findings`, a file, is one that they record."""
    steps, rest = Steps(), iter(lines)
    raw = next(rest, b"")
    header = steps.take("The file reads as records", lambda said: _header(raw, said))
    head = None
    if header is not None:
        head = steps.take(
            "The checkpoint is signed",
            lambda said: open_head(header.checkpoint, audit.trust, audit.now, said, "checkpoint in the file"),
        )
    if header is None or head is None:
        steps.skip("Every record is a leaf", "Without what comes before there is nothing to hold it against.")
        return steps.report("")
    walk = Walk(head.size, head.root, overseers=audit.overseers)
    walk.begin(raw)
    steps.take("Every record is a leaf", lambda said: _walk(walk, rest, header, said, audit))
    if findings is not None and not steps.sound:
        steps.skip("The findings are on record", "Of records that do not hold none counts.")
    elif findings is not None:
        steps.take("The findings are on record", lambda said: walk.found.check(findings, header.streams, said))
    if header.streams != (ALL,):
        steps.cannot_know.append(
            "whether a stream has more records: only its key, or a file of all streams, shows that"
        )
    steps.cannot_know.append("whether a body tells the truth: only that it was recorded like this, then")
    if not audit.trust.witnesses:
        steps.cannot_know.append("whether others are shown another log: the trust file names no witness")
    what = f"{counted(walk.leaves, 'leaf', 'leaves')} of {head.origin}, {head.as_of}"
    return steps.report(
        f"verified: {what}", origin=head.origin, size=head.size, leaves=walk.leaves, erased=walk.erased,
        streams=list(header.streams), export=header.export,
        signed_at=None if head.signed_at is None else moment(head.signed_at),
    )  # fmt: skip


def _header(raw: bytes, said: Said) -> Header:
    header = Header.parse(raw)
    streams = ", ".join(map(printable, header.streams))
    said.say(f"Taken out at {printable(header.at)}, which is leaf {header.export} of the log: {streams}.")
    return header


def _walk(walk: Walk, lines: Iterator[bytes], header: Header, said: Said, audit: Audit) -> None:
    for number_, raw in enumerate(lines, 2):
        walk.take(raw, f"line {number_}")
        if walk.leaves % 256 == 0:
            audit.progress(walk.last + 1, walk.size)
    if not walk.ended:
        raise ProofFailed("the file has no end: it was cut off, or is not finished", step="end")
    if header.streams == (ALL,) and not (walk.whole and walk.last == walk.size - 1):
        raise ProofFailed("the file says that it holds all streams, and leaves are missing", step="all")
    said.say(f"{counted(walk.leaves - walk.erased, 'record')} open their leaves under the signed root.")
    if walk.approvals:
        said.count("approvals", walk.approvals)
        said.say(
            f"{counted(walk.approvals, 'approval')} in looks: each was signed for exactly the look in whose record it stands,"
        )
        said.say("and each passkey had been registered for its approver, in this log, before.")
    if walk.erased:
        said.say(f"{counted(walk.erased, 'leaf', 'leaves')} erased: only that they were there can be seen.")
    if header.streams == (ALL,):
        said.say("No leaf below the checkpoint is missing.")

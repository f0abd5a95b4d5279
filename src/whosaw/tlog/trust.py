# SPDX-License-Identifier: Apache-2.0
"""Trust files: whose word an outsider takes, written by the outsider. c2sp.org/tlog-policy.

    # comments and empty lines are ignored; fields are separated by spaces and tabs
    log log.example.org/whosaw+e803d044+AepKbGPinFI… https://log.example.org/
    witness W1 witness.example.net/w1+8d66cf3f+BJ…
    witness W2 witness.example.com/w2+…
    witness W3 …
    group outside 2 W1 W2 W3                       all, any, or how many
    quorum outside                                 or a witness, or none

A head counts if any listed key of its origin signed it and the quorum cosigned it. The quorum is evaluated over verified
cosignatures and nothing else.

Invariant: one witness speaks once. A name is defined once and is a member once, and a public key stands in the file
once, under whatever name or type. Unlike every other text of the log this one is written by hand: spaces, comments
and order are free. `encode` gives its one plain form.               Specification: docs/spec/trust.md
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.cosignature import check_time
from whosaw.tlog.note import COSIGNATURE, ED25519, MLDSA44, Opened, VerifierKey, open_parsed, parse_note
from whosaw.tlog.spelling import parse_decimal, render_decimal

LIMIT = 1024 * 1024

_NONE = b"none"
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(rb"[ \t]+")


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """One key of one log; its name is the origin. A log may have several lines."""

    key: VerifierKey
    url: bytes | None = None


@dataclass(frozen=True, slots=True)
class TrustedWitness:
    """A witness. `name` is known in this file only and is bytes, not text: K and the Kelvin sign are two names."""

    name: bytes
    key: VerifierKey
    url: bytes | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """At least `needed` of `members`, each a witness or a group of an earlier line."""

    name: bytes
    needed: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TrustedHead:
    """A checkpoint that a trusted key of its origin signed, and which witnesses did.

    `quorum`: whether those are enough. `newest`: the last of their times, in seconds since 1970, None without witness.
    """

    checkpoint: Checkpoint
    opened: Opened
    witnesses: frozenset[bytes]
    quorum: bool
    newest: int | None

    @property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        """The keys of the log itself that signed, in one order."""
        ours = (key for key in self.opened.keys if key.name == self.checkpoint.origin)
        return tuple(sorted(ours, key=lambda key: (key.kind, key.key_id)))


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """What a trust file says."""

    logs: tuple[TrustedLog, ...]
    witnesses: tuple[TrustedWitness, ...]
    groups: tuple[Group, ...]
    quorum: bytes | None

    @classmethod
    def parse(cls, raw: bytes, where: str = "trust file") -> TrustPolicy:
        """The policy that `raw` states. NotCanonical names the line that states none."""
        if len(raw) > LIMIT:
            raise NotCanonical(f"longer than {LIMIT} bytes", where=where)
        if raw and not raw.endswith(b"\n"):
            raise NotCanonical("does not end in a newline", where=where)
        reader = _Reader()
        for number, line in enumerate(raw.split(b"\n"), 1):
            reader.line(line, f"{where}, line {number}")
        if reader.quorum is None:
            raise NotCanonical("no quorum line", where=where, hint="`quorum none` asks for no witness")
        return cls(
            tuple(reader.logs),
            tuple(reader.witnesses),
            tuple(reader.groups),
            None if reader.quorum == _NONE else reader.quorum,
        )

    def encode(self) -> bytes:
        """The policy in its one plain form: logs, witnesses, groups, quorum; single spaces."""
        lines = [
            *([b"log", log.key.encode().encode(), *_given(log.url)] for log in self.logs),
            *([b"witness", w.name, w.key.encode().encode(), *_given(w.url)] for w in self.witnesses),
            *([b"group", group.name, render_decimal(group.needed), *group.members] for group in self.groups),
            [b"quorum", _NONE if self.quorum is None else self.quorum],
        ]
        return b"".join(b" ".join(line) + b"\n" for line in lines)

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that are trusted, in the order of the file."""
        return tuple(dict.fromkeys(log.key.name for log in self.logs))

    def keys_of(self, origin: str) -> tuple[VerifierKey, ...]:
        """The keys that may sign for this log: any of them suffices. Empty for a log that is not listed."""
        return tuple(log.key for log in self.logs if log.key.name == origin)

    def witness_keys(self) -> tuple[VerifierKey, ...]:
        """The keys of all witnesses."""
        return tuple(witness.key for witness in self.witnesses)

    def names_of(self, keys: Collection[VerifierKey]) -> frozenset[bytes]:
        """The names in this file of those `keys` that are witnesses'."""
        return frozenset(witness.name for witness in self.witnesses if witness.key in keys)

    def satisfied(self, names: Collection[bytes]) -> bool:
        """Whether these witnesses, whose cosignatures were *verified*, are a quorum."""
        if self.quorum is None:
            return True
        said = {witness.name for witness in self.witnesses} & set(names)
        # A member stands on an earlier line, so one pass in the file's order decides every group, however deep.
        for group in self.groups:
            if sum(member in said for member in group.members) >= group.needed:
                said.add(group.name)
        return self.quorum in said

    def open(self, raw: bytes, now_s: int, where: str = "checkpoint", *, foreign: bool = False) -> TrustedHead:
        """Open a signed checkpoint: ProofFailed unless a trusted key of its origin signed it.

        The quorum is reported and not demanded: between two cosignatures a head is served without one. `now_s` is our
        clock in seconds since 1970, for the times of the witnesses. `foreign`: a log that is not ours (`Checkpoint.parse`).
        """
        note = parse_note(raw, where)
        checkpoint = Checkpoint.parse(note.text, where, foreign=foreign)
        logs = self.keys_of(checkpoint.origin)
        if not logs:
            raise ProofFailed("the trust file lists no log of this origin", step="origin")
        opened = open_parsed(note, (*logs, *self.witness_keys()))
        if opened.keys.isdisjoint(logs):
            raise ProofFailed("no trusted key of this origin signed", step="signature")
        times = [opened.times[key] for key in opened.keys.difference(logs)]
        for key in opened.keys.difference(logs):
            check_time(opened.times[key], now_s, key.name)
        names = self.names_of(opened.keys)
        return TrustedHead(checkpoint, opened, names, self.satisfied(names), max(times, default=None))


def trust_text(vkeys: Iterable[str], url: str | None = None, *, before: Iterable[VerifierKey] = ()) -> bytes:
    """A trust file for one log of ours and its keys, without witnesses: the start that an outsider adds to.

    `before`: keys of the log that it is the successor of.
    """
    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    if len({key.name for key in keys}) != 1:
        raise BadInput("a trust file of ours lists the keys of one log")
    place = None if url is None else url.encode()
    lines = (
        b"# Whose signature counts for this log, and how many witnesses must have seen a head.",
        b"# Check the keys with the organisation over another channel, and add witnesses that you trust.",
    )
    logs = (*(TrustedLog(key, place) for key in keys), *map(TrustedLog, before))
    policy = TrustPolicy(logs, (), (), None)
    raw = b"\n".join(lines) + b"\n" + policy.encode()
    if TrustPolicy.parse(raw) != policy:
        raise BadInput("an address has no spaces", where="url")
    return raw


@dataclass(slots=True)
class _Reader:
    """What the lines so far have defined."""

    logs: list[TrustedLog] = field(default_factory=list)
    witnesses: list[TrustedWitness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: bytes | None = None
    keys: set[bytes] = field(default_factory=set)
    names: set[bytes] = field(default_factory=set)
    members: set[bytes] = field(default_factory=set)

    def line(self, raw: bytes, where: str) -> None:
        if _CONTROL.search(raw):
            raise NotCanonical("a control character", where=where)
        stripped = raw.strip(b" \t")
        if not stripped or stripped.startswith(b"#"):
            return
        match _BLANKS.split(stripped):
            case [b"log", vkey]:
                self.logs.append(TrustedLog(self._key(vkey, (ED25519, MLDSA44), where)))
            case [b"log", vkey, url]:
                self.logs.append(TrustedLog(self._key(vkey, (ED25519, MLDSA44), where), url))
            case [b"witness", name, vkey]:
                self._witness(name, vkey, None, where)
            case [b"witness", name, vkey, url]:
                self._witness(name, vkey, url, where)
            case [b"group", name, needed, *members] if members:
                self._group(name, needed, members, where)
            case [b"quorum", name]:
                self._quorum(name, where)
            case _:
                raise NotCanonical("not a log, witness, group or quorum line", where=where)

    def _key(self, vkey: bytes, kinds: tuple[int, ...], where: str) -> VerifierKey:
        key = VerifierKey.parse(vkey, where)
        if key.kind not in kinds:
            raise NotCanonical(f"a key of type 0x{key.kind:02x} cannot stand here", where=where)
        # Also where a log and a witness share it: a log must not be able to witness itself.
        if key.public in self.keys:
            raise NotCanonical("a public key that an earlier line has", where=where)
        self.keys.add(key.public)
        return key

    def _define(self, name: bytes, where: str) -> None:
        if name == _NONE or name in self.names:
            raise NotCanonical("a name that is taken", where=where)
        self.names.add(name)

    def _witness(self, name: bytes, vkey: bytes, url: bytes | None, where: str) -> None:
        self._define(name, where)
        self.witnesses.append(TrustedWitness(name, self._key(vkey, (COSIGNATURE, MLDSA44), where), url))

    def _group(self, name: bytes, needed: bytes, members: list[bytes], where: str) -> None:
        least = {b"all": len(members), b"any": 1}.get(needed) or parse_decimal(needed, where)
        if not 1 <= least <= len(members):
            raise NotCanonical("a group needs at least one and at most all of its members", where=where)
        for member in members:
            if member not in self.names:
                raise NotCanonical("a member that no earlier line defines", where=where)
            if member in self.members:
                raise NotCanonical("a member for the second time", where=where)
            self.members.add(member)
        self._define(name, where)  # after its members, or a group could be its own
        self.groups.append(Group(name, least, tuple(members)))

    def _quorum(self, name: bytes, where: str) -> None:
        if self.quorum is not None:
            raise NotCanonical("a second quorum line", where=where)
        if name != _NONE and name not in self.names:
            raise NotCanonical("a quorum that no earlier line defines", where=where)
        self.quorum = name


def _given(url: bytes | None) -> tuple[bytes, ...]:
    return () if url is None else (url,)

# SPDX-License-Identifier: Apache-2.0
r"""Notes: text, and the lines that sign it. c2sp.org/signed-note.

    log.example.org/whosaw                          ┐
    4                                               │ text, ends in "\n"; may hold empty lines
    TyhSIjIabz3zUusnbowzqnpby6Lxqt+9gt/hId5C5xM=    ┘
                                                      the last empty line cuts
    — log.example.org/whosaw 6APQRNvxKAag7XoSB…     ┐ "— " name " " base64(key id(4) ‖ blob)
    — witness.example.net/w1 jWbPPwAAAABkGFDLE…     ┘

    key id        H(name ‖ 0x0A ‖ type ‖ public key)[:4]         type  0x01 Ed25519 over the text
    verifier key  name "+" 8 lower hex "+" base64(type ‖ key)          0x04, 0x06 cosignatures: tlog.cosignature

A line is of a known key when name *and* id match. A known key's line that fails rejects the whole note, and so does
having no verified line. Lines of unknown keys, also of half-known ones, are ignored: this is how keys are rotated.

Invariant: parse first, canonical or rejected; then verify; then, and only then, read the text. Store and forward only
lines that you verified (`Opened.note`).                             Specification: docs/spec/checkpoint.md §2
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.cosignature import ed25519_message, join_blob, mldsa_message, split_blob
from whosaw.tlog.point import check_point
from whosaw.tlog.spelling import name_bytes, parse_base64, parse_name, parse_text, render_base64

LIMIT = 128 * 1024
SIGNATURE_LIMIT = 64

ED25519 = 0x01
COSIGNATURE = 0x04
MLDSA44 = 0x06

_KEY_SIZE = {ED25519: 32, COSIGNATURE: 32, MLDSA44: 1312}
_SIGNATURE_SIZE = {ED25519: 64, COSIGNATURE: 64, MLDSA44: 2420}
_DASH = "— ".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. `blob` is whatever its key's type wants."""

    name: str
    key_id: bytes
    blob: bytes = field(repr=False)

    def encode(self) -> bytes:
        """The line, its newline included."""
        return _DASH + self.name.encode() + b" " + render_base64(self.key_id + self.blob) + b"\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it stands in a file. Nothing about it is verified."""

    text: bytes
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The bytes of the note."""
        return self.text + b"\n" + b"".join(signature.encode() for signature in self.signatures)


def parse_note(raw: bytes, where: str = "note") -> Note:
    """The note that `raw` spells. NotCanonical says at which line it is none."""
    parse_text(raw, where, LIMIT)
    cut = raw.rfind(b"\n\n")
    if cut < 0 or cut + 2 == len(raw):
        raise NotCanonical("no signatures after an empty line", where=where)
    text = raw[: cut + 1]
    made = Note(text, parse_signatures(raw[cut + 2 :], where, first=text.count(b"\n") + 2))
    if made.encode() != raw:
        raise NotCanonical("not the one spelling", where=where)
    return made


def parse_signatures(raw: bytes, where: str, first: int = 1) -> tuple[Signature, ...]:
    """The signature lines that `raw` spells, at least one. `first`: the number of the first one, for errors."""
    parse_text(raw, where, LIMIT)
    lines = raw[:-1].split(b"\n")
    if len(lines) > SIGNATURE_LIMIT:
        raise NotCanonical(f"more than {SIGNATURE_LIMIT} signature lines", where=where)
    made = tuple(_parse_line(line, f"{where}, line {first + i}") for i, line in enumerate(lines))
    if b"".join(signature.encode() for signature in made) != raw:
        raise NotCanonical("not the one spelling", where=where)
    return made


def _parse_line(line: bytes, where: str) -> Signature:
    name, space, signed = line.removeprefix(_DASH).partition(b" ")
    if not line.startswith(_DASH) or not space:
        raise NotCanonical("not a signature line", where=where)
    blob = parse_base64(signed, where)
    if len(blob) < 5:
        raise NotCanonical("a signature line without a signature", where=where)
    return Signature(parse_name(name, where), blob[:4], blob[4:])


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Somebody's public key with the name and the type under which it is used."""

    name: str
    kind: int
    public: bytes = field(repr=False)

    def __post_init__(self) -> None:
        name_bytes(self.name, "key name")
        if len(self.public) != _KEY_SIZE.get(self.kind, -1):
            raise BadInput("not a key of type 0x01, 0x04 or 0x06 with its number of bytes")
        if self.kind != MLDSA44:
            check_point(self.public, "key")

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart. A label, not a proof of anything."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def encode(self) -> str:
        """The verifier key as text."""
        return f"{self.name}+{self.key_id.hex()}+{render_base64(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str | bytes, where: str = "verifier key") -> VerifierKey:
        """The key that `vkey` spells, if its id is the one that its name and key give."""
        raw = vkey.encode(errors="surrogatepass") if isinstance(vkey, str) else vkey
        parts = raw.split(b"+", 2)  # at most twice: base64 has plus signs of its own
        if len(parts) != 3:
            raise NotCanonical("not name+id+key", where=where)
        name, key = parse_name(parts[0], where), parse_base64(parts[2], where)
        try:
            made = cls(name, int.from_bytes(key[:1]), key[1:])
        except (BadInput, NotCanonical) as error:
            raise NotCanonical(str(error), where=where) from None
        # The id is recomputed, never taken: an implementation in the field believes a wrong one.
        if made.encode().encode() != raw:
            raise NotCanonical("the id is not the one of this name and key", where=where)
        return made

    def verify(self, text: bytes, blob: bytes) -> int | None:
        """Check `blob` over `text`. The time it was signed, in seconds since 1970, where the type has one."""
        size = _SIGNATURE_SIZE[self.kind]
        try:
            if self.kind == ED25519:
                time_s, signed, signature = None, text, blob
            else:
                time_s, signature = split_blob(blob, size, f"signature of {self.name}")
                signed = self._cosigned(text, time_s)
            if self.kind == MLDSA44:
                MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, signed)
            else:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except (InvalidSignature, NotCanonical):
            raise ProofFailed(f"the signature of {self.name} does not fit", step="signature") from None
        return time_s

    def _cosigned(self, text: bytes, time_s: int) -> bytes:
        if self.kind == COSIGNATURE:
            return ed25519_message(text, time_s)
        return mldsa_message(self.name, time_s, Checkpoint.parse(text, foreign=True))


@dataclass(frozen=True, slots=True)
class Opened:
    """A note of which at least one signature was verified: now its text may be read.

    `times` has the second at which a key signed, for the types that say so; `unknown` counts the lines not looked at.
    """

    text: bytes
    verified: tuple[tuple[VerifierKey, Signature], ...]
    times: Mapping[VerifierKey, int]
    unknown: int

    @property
    def keys(self) -> frozenset[VerifierKey]:
        """The keys whose signature was verified."""
        return frozenset(key for key, _ in self.verified)

    def note(self) -> bytes:
        """The note with the verified lines only: what may be stored and forwarded."""
        return Note(self.text, tuple(signature for _, signature in self.verified)).encode()


def open_note(raw: bytes, keys: Iterable[VerifierKey], where: str = "note") -> Opened:
    """Parse a note and verify every line of a known key. ProofFailed if one fails or none is there."""
    return open_parsed(parse_note(raw, where), keys)


def open_parsed(note: Note, keys: Iterable[VerifierKey]) -> Opened:
    """`open_note` for a note that is parsed already."""
    known = _by_name_and_id(keys)
    found: dict[VerifierKey, tuple[Signature, int | None]] = {}
    unknown = 0
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            unknown += 1
            continue
        time_s = key.verify(note.text, signature.blob)
        # A key counts once, however often it signed; of several cosignatures the newest is kept.
        if key not in found or (time_s or 0) > (found[key][1] or 0):
            found[key] = signature, time_s
    if not found:
        raise ProofFailed("no signature of a known key", step="signature")
    verified = tuple((key, signature) for key, (signature, _) in found.items())
    return Opened(note.text, verified, {key: at for key, (_, at) in found.items() if at is not None}, unknown)


def _by_name_and_id(keys: Iterable[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    made: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if made.setdefault((key.name, key.key_id), key) != key:
            raise BadInput("two keys share a name and an id", where=key.name)
    return made


class Signer(Protocol):
    """Whoever can sign a note. The private key may live elsewhere: in a key management service, in a module."""

    @property
    def name(self) -> str: ...

    @property
    def key_id(self) -> bytes: ...

    def vkey(self) -> str:
        """The verifier key as text."""
        ...

    def sign(self, text: bytes, time_s: int) -> bytes:
        """The blob over `text`. `time_s`, seconds since 1970, matters to the types that carry a time."""
        ...


class _SeededSigner:
    """What all signers with a seed in memory share. Its repr shows the public key's name and nothing else."""

    __slots__ = ("_id", "key")

    def __init__(self, key: VerifierKey) -> None:
        self.key, self._id = key, key.key_id

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def key_id(self) -> bytes:
        return self._id

    def vkey(self) -> str:
        return self.key.encode()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Ed25519Signer(_SeededSigner):
    """Signs the text itself, or with kind 0x04 as a witness cosigns it."""

    __slots__ = ("_private",)

    def __init__(self, key: VerifierKey, private: Ed25519PrivateKey) -> None:
        super().__init__(key)
        self._private = private

    @classmethod
    def from_seed(cls, name: str, seed: bytes, kind: int = ED25519) -> Ed25519Signer:
        """The signer whose private key is this 32-byte seed."""
        if len(seed) != 32 or kind not in (ED25519, COSIGNATURE):
            raise BadInput("an Ed25519 signer needs a seed of 32 bytes and the type 0x01 or 0x04", where=name)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(VerifierKey(name, kind, private.public_key().public_bytes_raw()), private)

    def sign(self, text: bytes, time_s: int) -> bytes:
        if self.key.kind == ED25519:
            return self._private.sign(text)
        return join_blob(time_s, self._private.sign(ed25519_message(text, time_s)))


class MlDsaSigner(_SeededSigner):
    """Signs a checkpoint as c2sp.org/tlog-cosignature has it: the log itself with its own name, or a witness."""

    __slots__ = ("_private",)

    def __init__(self, key: VerifierKey, private: MLDSA44PrivateKey) -> None:
        super().__init__(key)
        self._private = private

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> MlDsaSigner:
        """The signer whose private key is this 32-byte seed."""
        if len(seed) != 32:
            raise BadInput("an ML-DSA signer needs a seed of 32 bytes", where=name)
        private = MLDSA44PrivateKey.from_seed_bytes(seed)
        return cls(VerifierKey(name, MLDSA44, private.public_key().public_bytes_raw()), private)

    def sign(self, text: bytes, time_s: int) -> bytes:
        message = mldsa_message(self.name, time_s, Checkpoint.parse(text, foreign=True))
        return join_blob(time_s, self._private.sign(message))


def sign_note(text: bytes, signers: Sequence[Signer], time_s: int) -> bytes:
    """The note of `text` with one line of each signer, in their order."""
    lines = tuple(Signature(s.name, s.key_id, s.sign(text, time_s)) for s in signers)
    raw = Note(text, lines).encode()
    parse_note(raw, "note to sign")  # what we would refuse to read we do not write
    return raw

# SPDX-License-Identifier: Apache-2.0
"""Genesis: what leaf 0 fixes for the life of a log, and the file that opens it to everybody.

    {"kind":"genesis", "v":1, "origin":…, "logs":[vkey, …], "map":{"origin":…, "logs":[vkey, …]}, "receipts":vkey,
     "promise_s":60, "vrf":{"n":…, "certificate":[σ_0, …, σ_15]}}                    ◀── committed to by leaf 0
     "after": a note                 only of a successor: the last head of the log before it, which is closed

    public/genesis   {"body":{…}, "nonce":"<base64 of 32 bytes>"}    canonical JSON, no newline

Whoever holds any checkpoint of the log can hold the operator to these keys: nobody can show Alice one VRF key and Bob
another, because both would have to be in leaf 0. `map` is the log of the verifiable index: its origin and its keys.

Invariant: ``parse(encode(x)) == x`` and ``encode(parse(b)) == b``, for the body and for the file.
                                                                    Specification: docs/spec/leaf.md
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical
from whosaw.model.record import LIMIT, Json, Kind, canonical, parse, parse_json

SIGMAS = 16
VRF_BYTES = 384
_FILE_LIMIT = LIMIT + 1024


@dataclass(frozen=True, slots=True)
class Genesis:
    """What a log promises about itself. `logs`, `map_logs` and `receipts` are verifier keys as text, `vrf_n` 384 bytes."""

    origin: str
    logs: tuple[str, ...]
    map_origin: str
    map_logs: tuple[str, ...]
    receipts: str
    promise_s: int
    vrf_n: bytes = field(repr=False)
    vrf_certificate: tuple[bytes, ...] = field(repr=False)
    after: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """The body of leaf 0."""
        after: dict[str, Json] = {} if self.after is None else {"after": self.after.decode()}
        return canonical(
            {
                **after,
                "v": 1,
                "kind": str(Kind.GENESIS),
                "origin": self.origin,
                "logs": list(self.logs),
                "map": {"origin": self.map_origin, "logs": list(self.map_logs)},
                "receipts": self.receipts,
                "promise_s": self.promise_s,
                "vrf": {"n": _b64(self.vrf_n), "certificate": [_b64(s) for s in self.vrf_certificate]},
            }
        )

    @classmethod
    def parse(cls, body: bytes, where: str = "genesis") -> Genesis:
        """The promises that `body` spells. What the keys in it are worth is ``tlog``'s to say."""
        value = parse(body, where)
        vrf, map_ = value.get("vrf"), value.get("map")
        if type(vrf) is not dict or type(map_) is not dict:
            raise NotCanonical("no `vrf` or no `map`", where=where)
        try:
            made = cls(
                origin=_text(value["origin"]),
                logs=tuple(_text(key) for key in _list(value["logs"])),
                map_origin=_text(map_["origin"]),
                map_logs=tuple(_text(key) for key in _list(map_["logs"])),
                receipts=_text(value["receipts"]),
                promise_s=_seconds(value["promise_s"]),
                vrf_n=_bytes(vrf["n"], VRF_BYTES),
                vrf_certificate=tuple(_bytes(s, VRF_BYTES) for s in _list(vrf["certificate"])),
                after=_text(value["after"]).encode() if "after" in value else None,
            )
        except (KeyError, ValueError):
            raise NotCanonical("not the body of a genesis", where=where) from None
        if not made.logs or not made.map_logs or made.after == b"" or len(made.vrf_certificate) != SIGMAS:
            raise NotCanonical("no log key, not sixteen numbers in the certificate, or an empty note", where=where)
        # Encoding again refuses every field too many, another kind and another version, in one line.
        if made.encode() != body:
            raise NotCanonical("not the one spelling of a genesis", where=where)
        return made


@dataclass(frozen=True, slots=True)
class GenesisFile:
    """``public/genesis``: nonce and body of leaf 0. Whether leaf 0 commits to them is the reader's to check."""

    nonce: bytes
    body: bytes = field(repr=False)

    def encode(self) -> bytes:
        """The bytes of the file."""
        return canonical({"nonce": _b64(self.nonce), "body": parse(self.body, "genesis")})

    @classmethod
    def parse(cls, raw: bytes, where: str = "genesis") -> GenesisFile:
        """The file that `raw` spells."""
        value = parse_json(raw, where, _FILE_LIMIT)
        if type(value) is not dict or value.keys() != {"body", "nonce"} or type(value["body"]) is not dict:
            raise NotCanonical("not an object of `body` and `nonce`", where=where)
        try:
            nonce = _bytes(value["nonce"], 32)
        except ValueError:
            raise NotCanonical("no nonce of 32 bytes", where=where) from None
        # A canonical object inside a canonical object is spelled as it is alone: these are the committed bytes.
        body = canonical(value["body"])
        parse(body, where)
        made = cls(nonce, body)
        if made.encode() != raw:
            raise NotCanonical("not the one spelling", where=where)
        return made


def _b64(raw: bytes) -> str:
    return b64encode(raw).decode()


def _bytes(value: Json, size: int) -> bytes:
    raw = b64decode(_text(value), validate=True)
    if len(raw) != size or b64encode(raw) != _text(value).encode():
        raise ValueError("not so many bytes in their one base64")
    return raw


def _text(value: Json) -> str:
    if type(value) is not str:
        raise ValueError("not a text")
    return value


def _list(value: Json) -> list[Json]:
    if type(value) is not list:
        raise ValueError("not a list")
    return value


def _seconds(value: Json) -> int:
    # `true` is an int in Python.
    if type(value) is not int or not 1 <= value <= 86_400:
        raise ValueError("not a number of seconds")
    return value

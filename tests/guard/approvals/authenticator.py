# SPDX-License-Identifier: Apache-2.0
"""A passkey without hardware, for tests: it registers and signs as W3C Web Authentication lays it out, and lies on demand.

key = SoftKey("approvals.example.org")           key.lie(origin="https://evil.example")      changed before signing
key.create(challenge) · key.get(challenge)       key.get(challenge, after=…)                 changed after signing
"""

import hashlib
import json
from base64 import urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from whosaw.model.approval import Passkey

RP = "approvals.example.org"


def b64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class SoftKey:
    """One credential. `counts`: its signature counter, which a clone would set back."""

    def __init__(self, rp=RP, *, alg="ES256", seed=b"seed", counts=True):
        self.rp, self.alg, self.origin = rp, alg, f"https://{rp}"
        raw = hashlib.sha256(seed).digest()
        self.id = hashlib.sha256(b"id" + raw).digest()
        self._key = derive_private_key(int.from_bytes(raw) >> 8, SECP256R1()) if alg == "ES256" else None
        self._key = self._key or Ed25519PrivateKey.from_private_bytes(raw)
        self.counter, self._counts = 0, counts

    @property
    def public(self) -> bytes:
        if self.alg == "EdDSA":
            return self._key.public_key().public_bytes_raw()
        n = self._key.public_key().public_numbers()
        return b"\4" + n.x.to_bytes(32) + n.y.to_bytes(32)

    def _cose(self) -> bytes:
        if self.alg == "EdDSA":
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: self.public})
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: self.public[1:33], -3: self.public[33:]})

    def create(self, challenge: bytes, /, flags=0x45, **lies) -> str:
        """The JSON of a registration, as a browser's `toJSON` gives it."""
        client = self._client("webauthn.create", challenge, lies)
        data = self._data(flags, lies) + bytes(16) + len(self.id).to_bytes(2) + self.id + self._cose()
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {"clientDataJSON": b64url(client), "attestationObject": b64url(made)}
        return self._json(response)

    def get(self, challenge: bytes, /, **lies) -> str:
        """The JSON of an assertion."""
        data, client, signature = self.sign(challenge, **lies)
        response = {
            "clientDataJSON": b64url(client), "authenticatorData": b64url(data), "signature": b64url(signature),
        }  # fmt: skip
        return self._json(response)

    def passkey(self, challenge: bytes, /, **lies) -> Passkey:
        """The same as it stands in a record."""
        data, client, signature = self.sign(challenge, **lies)
        return Passkey(
            alg=self.alg, public=self.public, rp=self.rp, authenticator=data, client=client, signature=signature
        )

    def sign(self, challenge: bytes, /, flags=0x05, **lies) -> tuple[bytes, bytes, bytes]:
        client, data = self._client("webauthn.get", challenge, lies), self._data(flags, lies)
        signed = data + hashlib.sha256(client).digest()
        signature = (
            self._key.sign(signed, ECDSA(SHA256(), deterministic_signing=True))
            if self.alg == "ES256"
            else self._key.sign(signed)
        )
        return data, client, signature

    def _data(self, flags: int, lies: dict) -> bytes:
        self.counter = lies.get("counter", self.counter + self._counts)
        rp = lies.get("rp", self.rp).encode()
        return hashlib.sha256(rp).digest() + bytes([flags]) + self.counter.to_bytes(4) + lies.get("more", b"")

    def _client(self, kind: str, challenge: bytes, lies: dict) -> bytes:
        said = {
            "type": lies.get("type", kind), "challenge": b64url(lies.get("challenge", challenge)),
            "origin": lies.get("origin", self.origin), "crossOrigin": False, **lies.get("said", {}),
        }  # fmt: skip
        return lies.get("client") or json.dumps(said, separators=(",", ":")).encode()

    def _json(self, response: dict) -> str:
        whole = {"id": b64url(self.id), "rawId": b64url(self.id), "type": "public-key", "response": response}
        return json.dumps(whole | {"clientExtensionResults": {}})

# SPDX-License-Identifier: Apache-2.0
"""A passkey's assertion, checked by an outsider: W3C Web Authentication Level 3, section 7.2, as far as it goes here.

    clientDataJSON     {"type":"webauthn.get","challenge":base64url(what was approved),"origin":"https://…", …}
    authenticatorData  SHA-256(rp)(32) ‖ flags(1) ‖ counter u32be(4) [‖ extensions]
    signature          over authenticatorData ‖ SHA-256(clientDataJSON), ES256 or EdDSA

    §7.2 step 10  the type            step 14, 15  the relying party       step 21, 22  the signature
         step 11  the challenge       step 16      the user was present
         step 12  the origin          step 17      and verified: always demanded here
         step 13  not framed          step 18      backed up only if it can be

Left out on purpose: steps 1 to 9 (who asked for the assertion, the gate knows) and the counter (step 25: it needs what
was seen before, which one record does not hold; the gate holds it).      Specification: docs/spec/approval.md
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from whosaw.errors import ProofFailed
from whosaw.model.approval import Passkey

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_FIXED = 37
_STEP = "approval"


def check_assertion(passkey: Passkey, challenge: bytes) -> None:
    """Raise ProofFailed unless `passkey` signed exactly this `challenge`, its user present and verified."""
    _check_client(passkey, challenge)
    _check_authenticator(passkey)
    check_signature(passkey)


def check_signature(passkey: Passkey) -> None:
    """Steps 21 and 22 alone."""
    signed = passkey.authenticator + sha256(passkey.client).digest()
    try:
        match passkey.alg:
            case "ES256" if len(passkey.public) == 65 and passkey.public[0] == 4:
                key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), passkey.public)
                key.verify(passkey.signature, signed, ECDSA(SHA256()))
            case "EdDSA" if len(passkey.public) == 32:
                Ed25519PublicKey.from_public_bytes(passkey.public).verify(passkey.signature, signed)
            case _:
                raise ProofFailed("the passkey is of no kind that is checked here: ES256 or EdDSA", step=_STEP)
    except (InvalidSignature, ValueError):
        raise ProofFailed("the passkey's signature does not fit", step=_STEP) from None


def counter(authenticator: bytes) -> int:
    """The signature counter; 0 where the authenticator keeps none."""
    return int.from_bytes(authenticator[33:_FIXED])


def _check_client(passkey: Passkey, challenge: bytes) -> None:
    said = _client(passkey.client)
    expected = urlsafe_b64encode(challenge).rstrip(b"=").decode()
    if said.get("type") != "webauthn.get":
        raise ProofFailed("the passkey signed something that is no assertion", step=_STEP)
    if not hmac.compare_digest(str(said.get("challenge")).encode(errors="replace"), expected.encode()):
        raise ProofFailed("the passkey signed another challenge: another look, or another request", step=_STEP)
    if not _belongs(said.get("origin"), passkey.rp):
        raise ProofFailed("the passkey signed at an address that is not the relying party's", step=_STEP)
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        raise ProofFailed("the passkey signed inside the page of somebody else", step=_STEP)


def _client(raw: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):  # two readers could each believe another one of the two
            raise ValueError("a key twice")
        return made

    try:
        said = json.loads(raw.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError):
        said = None
    if type(said) is not dict:
        raise ProofFailed("what the passkey signed is no client data", step=_STEP)
    return said


def _belongs(origin: object, rp: str) -> bool:
    """Whether this origin may use passkeys of this relying party: its own host or one below, and not in the clear."""
    if type(origin) is not str or not rp:
        return False
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    here = parts.scheme == "http" and host == "localhost"
    return (parts.scheme == "https" or here) and (host == rp or host.endswith(f".{rp}"))


def _check_authenticator(passkey: Passkey) -> None:
    raw = passkey.authenticator
    if len(raw) < _FIXED:
        raise ProofFailed("the authenticator's data is cut short", step=_STEP)
    flags = raw[32]
    if not hmac.compare_digest(raw[:32], sha256(passkey.rp.encode()).digest()):
        raise ProofFailed("the passkey is of another relying party", step=_STEP)
    if not flags & UP:
        raise ProofFailed("nobody was present when the passkey signed", step=_STEP)
    if not flags & UV:
        raise ProofFailed("the passkey did not verify who used it", step=_STEP)
    if flags & BS and not flags & BE:
        raise ProofFailed("the passkey says that it is backed up and cannot be", step=_STEP)
    if flags & AT or (len(raw) > _FIXED) != bool(flags & ED):
        raise ProofFailed("the authenticator's data is not that of an assertion", step=_STEP)

# SPDX-License-Identifier: Apache-2.0
"""Passkeys of approvers at the gate: registered once, on record, and verified at every signature.

    add    challenge out (options, JSON) ──browser──▶ registration in ──webauthn──▶ record `credential` ──▶ kept
    give   challenge = approval digest    ──browser──▶ assertion in    ──webauthn, and as the outsider will──▶ proof

Two checks on purpose: `webauthn` knows the standard and its pitfalls; ``verify.passkey`` is what an outsider runs years
later. What only one of the two accepts is not taken.

Invariant: a key counts from its record on, for the principal in that record, at the relying party of this house, and its
counter never goes back.                                               Specification: docs/spec/approval.md
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from whosaw.errors import BadInput, Misconfigured, MissingExtra, ProofFailed
from whosaw.guard.approvals.life import moment
from whosaw.guard.approvals.ports import Desk
from whosaw.journal.submission import Record, Submission
from whosaw.model.approval import Passkey
from whosaw.model.approval_kept import Credential
from whosaw.model.record import Kind, Stream, canonical, time_text
from whosaw.verify.passkey import check_assertion, counter

CALLER = "passkeys"
_MINUTES = 10
# COSE keys of the two kinds (RFC 9053): what stands around the numbers never changes.
_ES256, _ES256_Y, _EDDSA = "a5010203262001215820", "225820", "a4010103272006215820"
_LONGEST = 64 * 1024


def creation_options(desk: Desk, staff: str) -> str:
    """What a browser needs to make a passkey, as JSON. It holds for ten minutes."""
    lib, by = _lib(), desk.people.principal(staff)
    rp = _rp(desk)
    made = lib.generate_registration_options(
        rp_id=rp,
        rp_name=rp,
        user_name=staff,
        user_id=desk.people.digest(b"passkey/user\0" + by.encode()),
        challenge=_challenge(desk, by, moment(desk.clock)),
        authenticator_selection=lib.helpers.structs.AuthenticatorSelectionCriteria(
            user_verification=lib.helpers.structs.UserVerificationRequirement.REQUIRED
        ),
        supported_pub_key_algs=_algorithms(lib),
    )
    return str(lib.options_to_json(made))


def add(desk: Desk, staff: str, registration: str) -> Credential:
    """Register a passkey. Raises ProofFailed for what is none, BadInput for one that is another's."""
    lib, by, at = _lib(), desk.people.principal(staff), moment(desk.clock)
    made = _registered(desk, lib, by, _given(registration), at)
    alg, public = _key(lib, made.credential_public_key)
    credential = Credential(made.credential_id, by, alg, public, _rp(desk), made.sign_count, at)
    there = desk.keys.find(credential.id)
    if there is None:
        _record(desk, credential, "added", at)
        there = desk.keys.add(credential)
    if (there.principal, there.public) != (by, public) or there.removed is not None:
        raise BadInput("this passkey is registered already, for somebody else or no more", where="passkey")
    return there


def remove(desk: Desk, staff: str, key: str) -> Credential:
    """Take a passkey away. What it signed and nobody used does not count any more."""
    mine = [each for each in desk.keys.of(desk.people.principal(staff)) if key_of(each) == key and each.removed is None]
    if not mine:
        raise BadInput("no passkey of yours has these letters", where="key", hint="whosaw passkey list shows them")
    at = moment(desk.clock)
    _record(desk, mine[0], "removed", at)
    desk.keys.remove(mine[0].id, at)
    return mine[0]


def request_options(desk: Desk, staff: str, challenge: bytes) -> str:
    """What a browser needs to sign `challenge` with one of this approver's passkeys, as JSON."""
    lib = _lib()
    ids = [each.id for each in desk.keys.of(desk.people.principal(staff)) if each.removed is None]
    if not ids:
        raise BadInput("no passkey is registered for this approver", where="--as", hint="whosaw passkey add")
    made = lib.generate_authentication_options(
        rp_id=_rp(desk),
        challenge=challenge,
        allow_credentials=[lib.helpers.structs.PublicKeyCredentialDescriptor(id=id_) for id_ in ids],
        user_verification=lib.helpers.structs.UserVerificationRequirement.REQUIRED,
    )
    return str(lib.options_to_json(made))


def assertion(desk: Desk, by: str, given: str, challenge: bytes) -> Passkey:
    """The proof that an assertion of one of `by`'s passkeys makes. Raises ProofFailed."""
    lib, raw = _lib(), _given(given)
    credential = desk.keys.find(_id(lib, raw))
    if credential is None or credential.principal != by or credential.removed is not None:
        raise ProofFailed("this passkey is none of the approver's", step="approval")
    try:
        lib.verify_authentication_response(
            credential=raw,
            expected_challenge=challenge,
            expected_rp_id=credential.rp,
            expected_origin=desk.house.origin,
            credential_public_key=_cose(credential),
            credential_current_sign_count=credential.counter,
            require_user_verification=True,
        )
        parsed = lib.helpers.parse_authentication_credential_json(raw).response
    except (lib.helpers.exceptions.WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise ProofFailed("the passkey's assertion does not hold", step="approval") from error
    made = Passkey(
        alg=credential.alg, public=credential.public, rp=credential.rp, authenticator=parsed.authenticator_data,
        client=parsed.client_data_json, signature=parsed.signature,
    )  # fmt: skip
    check_assertion(made, challenge)
    if not desk.keys.seen(credential.id, counter(made.authenticator)):
        raise ProofFailed("the passkey's counter went back: there may be a copy of it", step="approval")
    return made


def key_of(credential: Credential) -> str:
    """The sixteen letters by which a key is called."""
    return Passkey(
        alg=credential.alg, public=credential.public, rp="", authenticator=b"", client=b"", signature=b""
    ).key


def _record(desk: Desk, credential: Credential, what: str, at: datetime) -> None:
    body = canonical(
        {
            "v": 1,
            "kind": str(Kind.CREDENTIAL),
            "at": time_text(at),
            "what": what,
            "of": "approver",
            "principal": credential.principal,
            "alg": credential.alg,
            "public": b64encode(credential.public).decode(),
            "rp": credential.rp,
        }
    )
    # The time is in the key: what is added, removed and added again is three records.
    key = f"{what}-{key_of(credential)}-{time_text(at)}"
    desk.journal.submit(Submission(CALLER, key, (Record(Stream.named("approvals"), body),)))


def _registered(desk: Desk, lib: Any, by: str, raw: dict[str, Any], at: datetime) -> Any:
    failed: Exception | None = None
    for ago in (0, _MINUTES):
        try:
            return lib.verify_registration_response(
                credential=raw,
                expected_challenge=_challenge(desk, by, at - timedelta(minutes=ago)),
                expected_rp_id=_rp(desk),
                expected_origin=desk.house.origin,
                require_user_verification=True,
                supported_pub_key_algs=_algorithms(lib),
            )
        except (lib.helpers.exceptions.WebAuthnException, ValueError, TypeError, KeyError) as error:
            failed = error
    raise ProofFailed("the registration of this passkey does not hold, or it is too old", step="passkey") from failed


def _challenge(desk: Desk, by: str, at: datetime) -> bytes:
    """Nobody without the key can know it before, and no table has to remember it."""
    slot = at.replace(minute=at.minute // _MINUTES * _MINUTES, second=0, microsecond=0)
    return desk.people.digest(f"passkey/add\0{by}\0{time_text(slot)}".encode())


def _given(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        value = None
    if type(value) is not dict:
        raise ProofFailed("not the JSON that a browser gives for a passkey", step="passkey")
    return value


def _id(lib: Any, raw: dict[str, Any]) -> bytes:
    try:
        return bytes(lib.base64url_to_bytes(raw["rawId"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ProofFailed("not the JSON that a browser gives for a passkey", step="passkey") from None


def _key(lib: Any, cose: bytes) -> tuple[str, bytes]:
    """The kind and the raw public key that a COSE key holds."""
    try:
        key = lib.helpers.decode_credential_public_key(cose)
    except (lib.helpers.exceptions.WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise ProofFailed("the passkey's public key cannot be read", step="passkey") from error
    if key.alg == -7 and len(key.x) == len(key.y) == 32:
        return "ES256", b"\4" + key.x + key.y
    if key.alg == -8 and len(key.x) == 32:
        return "EdDSA", bytes(key.x)
    raise ProofFailed("the passkey is of a kind that is not taken here: ES256 or EdDSA", step="passkey")


def _cose(credential: Credential) -> bytes:
    if credential.alg == "EdDSA":
        return bytes.fromhex(_EDDSA) + credential.public
    return bytes.fromhex(_ES256) + credential.public[1:33] + bytes.fromhex(_ES256_Y) + credential.public[33:]


def _algorithms(lib: Any) -> list[Any]:
    names = lib.helpers.cose.COSEAlgorithmIdentifier
    return [names.ECDSA_SHA_256, names.EDDSA]


def _rp(desk: Desk) -> str:
    if not desk.house.rp or not desk.house.origin:
        raise Misconfigured(
            "passkeys need the name of the relying party and its address",
            setting="approvals.rp",
            hint='set both in whosaw.toml, table [approvals], for example rp to "approvals.example.org" '
            'and origin to "https://approvals.example.org"',
        )
    return desk.house.rp


def _lib() -> Any:
    try:
        import webauthn
        import webauthn.helpers.cose
        import webauthn.helpers.exceptions
        import webauthn.helpers.structs
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"webauthn", "cbor2", "OpenSSL"}:
            raise
        raise MissingExtra("passkeys", "a passkey of an approver") from None
    return webauthn

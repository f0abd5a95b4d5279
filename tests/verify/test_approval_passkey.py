# SPDX-License-Identifier: Apache-2.0
"""Passkeys as an outsider checks them: the vectors of the specification, and an authenticator that lies.

The vectors are those of W3C Web Authentication Level 3, section 16 "Test Vectors", each under its number there; relying
party example.org, origin https://example.org. Only what an assertion needs was typed in.
"""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.approvals.authenticator import RP, SoftKey

from whosaw.errors import ProofFailed
from whosaw.model.approval import Passkey
from whosaw.verify.passkey import check_assertion, check_signature, counter

RPID = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b5"
# section: (alg, public key, challenge, authenticator data after the rp id's hash, client data, signature, refused for)
VECTORS = {
    "16.2": (
        "ES256",
        (
            "04afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61"
            "930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220"
        ),
        "39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408",
        "1900000000",
        (
            '{"type":"webauthn.get","challenge":"OcDnUhQXulTUPo3JUXT0I97pvzzYBP9tZchXyav01Ag",'
            '"origin":"https://example.org","crossOrigin":false}'
        ),
        (
            "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd38"
            "0221008480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87"
        ),
        "did not verify",
    ),
    "16.4": (
        "ES256",
        (
            "0422200a473f90b11078851550d03b4e44a2279f8c4eca27b3153dedfe03e4e97d"
            "cbd0be95e746ad6f5a8191be11756e4c0420e72f65b466d39bc56b8b123a9c6e"
        ),
        "876aa517ba83fdee65fcffdbca4c84eeae5d54f8041a1fc85c991e5bbb273137",
        "0500000000",
        (
            '{"type":"webauthn.get","challenge":"h2qlF7qD_e5l_P_bykyE7q5dVPgEGh_IXJkeW7snMTc",'
            '"origin":"https://example.org","crossOrigin":true,"extraData":"clientDataJSON may be extended with additional '
            'fields in the future, such as this: 92pcTVD0Aby-q4dtmj6efg"}'
        ),
        (
            "3046022100eb12fcf23b12764c0f122e22371fab92e283879fd798f38ee1841c951b6e40e7"
            "022100c76237ff9db77b3c56f30837cda6a09acfa2e915544e609c0733b1184036d1cf"
        ),
        "page of somebody else",
    ),
    "16.6": (
        "ES256",
        (
            "043b8176b7504489cc593046d7988abb7905a742de6ac2cdc748a873c663e90cb1"
            "1436d5edc9a75f23999eef9d5950a5c2455514ee1014084720f841a06b828a11"
        ),
        "ef1deba56dce48f674a447ccf63b9599258ce87648e5c396f2ef0ca1da460e3b",
        "0d00000000",
        (
            '{"type":"webauthn.get","challenge":"7x3rpW3OSPZ0pEfM9juVmSWM6HZI5cOW8u8ModpGDjs",'
            '"origin":"https://example.org","crossOrigin":false}'
        ),
        (
            "304502203ecef83fb12a0cae7841055f9f87103a99fd14b424194bbf06c4623d3ee6e3fd"
            "022100d2ace346db262b1374a6b70faa51f518a42ddca13a4125ce6f5052a75bac9fb6"
        ),
        None,
    ),
    "16.11": (
        "EdDSA",
        "44e06ddd331c36a8dc667bab52bcae63486c916aa5e339e6acebaa84934bf832",
        "895957e01c633a698348a2d8a31a54b7db27e8c1c43b2080d79ae2190267bfd2",
        "0100000000",
        (
            '{"type":"webauthn.get","challenge":"iVlX4BxjOmmDSKLYoxpUt9sn6MHEOyCA15riGQJnv9I",'
            '"origin":"https://example.org","crossOrigin":false}'
        ),
        (
            "f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cf"
            "dfc48f85393bc0d40b011f0d6fecb097d6607525713223a0dc0d453993dae00b"
        ),
        "did not verify",
    ),
}


def vector(section):
    alg, public, challenge, data, client, signature, why = VECTORS[section]
    made = Passkey(
        alg=alg, public=bytes.fromhex(public), rp="example.org", authenticator=bytes.fromhex(RPID + data),
        client=client.encode(), signature=bytes.fromhex(signature),
    )  # fmt: skip
    return made, bytes.fromhex(challenge), why


@pytest.mark.parametrize("section", VECTORS)
def test_the_vectors_of_the_specification(section):
    """Each signature fits. As approvals they count only with a user who was verified, at the relying party's own page."""
    made, challenge, why = vector(section)
    check_signature(made)
    if why is None:
        return check_assertion(made, challenge)
    with pytest.raises(ProofFailed, match=why):
        check_assertion(made, challenge)


CHALLENGE = bytes(range(32))


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_an_honest_key(alg):
    """Both kinds, with and without extensions, at the relying party and at a host below it."""
    key = SoftKey(alg=alg)
    check_assertion(key.passkey(CHALLENGE), CHALLENGE)
    check_assertion(key.passkey(CHALLENGE, flags=0x1D), CHALLENGE)
    check_assertion(key.passkey(CHALLENGE, origin=f"https://desk.{RP}:8443"), CHALLENGE)
    check_assertion(key.passkey(CHALLENGE, flags=0x85, more=b"\xa0"), CHALLENGE)
    assert counter(key.passkey(CHALLENGE).authenticator) == 5


LIES = {
    "another challenge": ({"challenge": bytes(32)}, "another challenge"),
    "a shorter challenge": ({"challenge": CHALLENGE[:31]}, "another challenge"),
    "no challenge": ({"said": {"challenge": None}}, "another challenge"),
    "another origin": ({"origin": "https://evil.example"}, "address"),
    "an origin that ends like ours": ({"origin": f"https://evil{RP}"}, "address"),
    "an origin above ours": ({"origin": "https://example.org"}, "address"),
    "an origin in the clear": ({"origin": f"http://{RP}"}, "address"),
    "an origin that is none": ({"said": {"origin": ["https://" + RP]}}, "address"),
    "an origin that does not parse": ({"origin": "https://[::1"}, "address"),
    "another relying party": ({"rp": "evil.example"}, "another relying party"),
    "a registration": ({"type": "webauthn.create"}, "no assertion"),
    "nobody there": ({"flags": 0x04}, "nobody was present"),
    "nobody verified": ({"flags": 0x01}, "did not verify"),
    "backed up and cannot be": ({"flags": 0x15}, "backed up"),
    "attested data in an assertion": ({"flags": 0x45, "more": bytes(20)}, "not that of an assertion"),
    "bytes too many": ({"more": b"\0"}, "not that of an assertion"),
    "extensions that are not there": ({"flags": 0x85}, "not that of an assertion"),
    "framed": ({"said": {"crossOrigin": True}}, "somebody else"),
    "framed by name": ({"said": {"topOrigin": "https://evil.example"}}, "somebody else"),
    "no JSON": ({"client": b"{"}, "no client data"),
    "no object": ({"client": b"[]"}, "no client data"),
    "no text": ({"client": b"\xff"}, "no client data"),
    "a key twice": ({"client": b'{"type":"webauthn.create","type":"webauthn.get"}'}, "no client data"),
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_found_though_the_signature_fits(lie):
    """The key signs it, so only the check of what was signed can find it."""
    lies, why = LIES[lie]
    made = SoftKey().passkey(CHALLENGE, **lies)
    check_signature(made)
    with pytest.raises(ProofFailed, match=why):
        check_assertion(made, CHALLENGE)


def test_another_key_a_replay_and_a_key_of_another_kind():
    """A signature belongs to its key and to its challenge."""
    made = SoftKey().passkey(CHALLENGE)
    other = SoftKey(seed=b"other")
    for wrong in (
        replace(made, public=other.public),
        replace(made, alg="EdDSA"),
        replace(made, alg="RS256"),
        replace(made, public=made.public[1:]),
        replace(made, public=b"\4" + bytes(64)),
        replace(made, signature=b""),
        replace(made, authenticator=made.authenticator[:36]),
    ):
        with pytest.raises(ProofFailed):
            check_assertion(wrong, CHALLENGE)
    with pytest.raises(ProofFailed, match="another challenge"):
        check_assertion(made, bytes(32))


@given(st.data(), st.sampled_from(["ES256", "EdDSA"]))
@settings(max_examples=60, deadline=None)
def test_one_bit_is_enough(data, alg):
    """Any bit of the authenticator's data, the client's data or the signature turned: refused."""
    made = SoftKey(alg=alg).passkey(CHALLENGE)
    part = data.draw(st.sampled_from(["authenticator", "client", "signature"]))
    raw = bytearray(getattr(made, part))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofFailed):
        check_assertion(replace(made, **{part: bytes(raw)}), CHALLENGE)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner, max_size=2),
    )
)
@settings(max_examples=60, deadline=None)
def test_no_client_data_crashes_the_check(said):
    """Whatever JSON it is, the answer is one error of ours."""
    made = SoftKey().passkey(CHALLENGE, client=json.dumps(said).encode())
    with pytest.raises(ProofFailed):
        check_assertion(made, CHALLENGE)

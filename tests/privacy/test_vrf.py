# SPDX-License-Identifier: Apache-2.0
"""The VRF's secret half, against the RFC's numbers and against the public half that outsiders run."""

import hashlib
import math
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.keys import VECTORS, other_vrf_key, rsa_key, vrf_key, vrf_pem

from whosaw.errors import Damaged, Misconfigured, ProofFailed, Unavailable
from whosaw.privacy.vrf import VrfKey, _agree
from whosaw.tlog.vrf import EXPONENT, VrfPublic, check, mgf1

E = 65537
N = int(VECTORS["key"]["n"], 16)


@pytest.mark.parametrize("case", VECTORS["proofs"], ids=lambda case: case["why"])
def test_vectors(case):
    """RFC 9381, appendix A.1, and the worked example of the leaf format: the same π and β, digit for digit."""
    pi, beta = vrf_key().prove(bytes.fromhex(case["alpha"]))
    assert beta.hex() == case["beta"]
    assert "pi" not in case or pi.hex() == case["pi"]


def test_a_proof_is_the_only_one():
    """π does not depend on the randomness that blinds it; each one is worked out once, under a fresh blind."""
    drawn = []

    def random(count):
        drawn.append(os.urandom(count))
        return drawn[-1]

    key, again = (VrfKey.from_pem(vrf_pem(), random) for _ in range(2))
    assert key.prove(b"alpha") == again.prove(b"alpha") == vrf_key().prove(b"alpha") == key.prove(b"alpha")
    assert len(drawn) == len(set(drawn)) == 2


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=300))
def test_a_proof_verifies_by_the_textbook(alpha):
    """π^e mod n is the full-domain hash of α, π < n, and β is H(01 02 π)."""
    pi, beta = vrf_key().prove(alpha)
    salt = (384).to_bytes(4, "big") + vrf_key().public()
    hashed = mgf1(b"\x01\x01" + salt + alpha, 383)
    assert len(pi) == 384
    assert int.from_bytes(pi, "big") < N
    assert pow(int.from_bytes(pi, "big"), E, N) == int.from_bytes(hashed, "big")
    assert beta == hashlib.sha256(b"\x01\x02" + pi).digest()


def test_certificate_by_the_textbook():
    """Sixteen σ, each the e-th root of a number that follows from n alone."""
    certificate = vrf_key().certificate()
    assert len(certificate) == 16
    assert vrf_key().public() == N.to_bytes(384, "big")
    for j, sigma in enumerate(certificate):
        seed = b"whosaw/vrf-key/v1" + (384).to_bytes(4, "big") + N.to_bytes(384, "big")
        seed += E.to_bytes(4, "big") + j.to_bytes(4, "big")
        rho = int.from_bytes(mgf1(seed, 400), "big") % N
        assert math.gcd(rho, N) == 1
        assert pow(int.from_bytes(sigma, "big"), E, N) == rho


def test_outsiders_accept_the_key_and_its_proofs():
    """The public half takes the certificate, and finds the β that the secret half found."""
    public = VrfPublic.parse(vrf_key().public(), vrf_key().certificate())
    for alpha in (b"", b"test", bytes(300)):
        pi, beta = vrf_key().prove(alpha)
        assert check(public, alpha, pi) == beta
        with pytest.raises(ProofFailed):
            check(public, alpha + b"x", pi)


def test_outsiders_refuse_another_key():
    """A certificate belongs to its key; a proof of another key proves nothing."""
    other = other_vrf_key()
    with pytest.raises(ProofFailed):
        VrfPublic.parse(other.public(), vrf_key().certificate())
    public = VrfPublic.parse(other.public(), other.certificate())
    with pytest.raises(ProofFailed):
        check(public, b"test", vrf_key().prove(b"test")[0])


def test_a_key_survives_its_file():
    """to_pem and from_pem are the same key."""
    again = VrfKey.from_pem(vrf_key().to_pem(), os.urandom)
    assert again.public() == vrf_key().public()
    assert again.prove(b"x") == vrf_key().prove(b"x")


def test_a_generated_key_is_of_the_one_kind():
    """3,072 bits, and it proves."""
    key = VrfKey.generate(os.urandom)
    assert key.public()[0] >= 0x80
    assert int.from_bytes(key.public(), "big").bit_length() == 3072
    key.prove(b"alpha")


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def primes_for_3():
    """Two primes of 1,536 bits of which e = 3 has an inverse."""
    numbers = rsa.generate_private_key(3, 3072).private_numbers()
    return numbers.p, numbers.q


def vrf_public_pem():
    public = load_pem_private_key(vrf_pem(), None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


WRONG = {
    "empty": lambda: b"",
    "not PEM": lambda: b"hello\n",
    "truncated": lambda: vrf_pem()[:-200],
    "one character changed": lambda: vrf_pem()[:600] + bytes([vrf_pem()[600] ^ 1]) + vrf_pem()[601:],
    "an elliptic curve": lambda: pem(ec.generate_private_key(ec.SECP256R1())),
    "2048 bits": lambda: pem(rsa.generate_private_key(65537, 2048)),
    "exponent 3": lambda: pem(rsa_key(*primes_for_3(), e=3)),
    "a public key": vrf_public_pem,
    "arbitrary bytes": lambda: bytes(range(256)) * 8,
}


@pytest.mark.parametrize("why", WRONG)
def test_any_other_key_file_stops_the_start(why):
    """Whatever is not an RSA key of 3,072 bits with e = 65537 is Misconfigured, with the file and what to do."""
    with pytest.raises(Misconfigured, match=r"keys/vrf\.pem") as caught:
        VrfKey.from_pem(WRONG[why](), os.urandom)
    assert "backup" in caught.value.hint


@pytest.mark.parametrize("which", ["p", "q", "d", "dmp1", "dmq1", "iqmp", "n"])
def test_numbers_that_are_not_of_one_key_stop_the_start(which):
    """Each number of a key is held against the others: one that is two more is no key."""
    whole = vrf_key()._key.private_numbers()
    assert _agree(whole)
    given = {name: getattr(whole, name) for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp")}
    n = whole.public_numbers.n + 2 * (which == "n")
    given |= {which: given[which] + 2} if which != "n" else {}
    assert not _agree(rsa.RSAPrivateNumbers(**given, public_numbers=rsa.RSAPublicNumbers(EXPONENT, n)))


def test_a_missing_vrf_key_is_never_made_anew():
    """No file: refuse to start and say why a new one cannot take its place."""
    with pytest.raises(Misconfigured, match="is missing") as caught:
        VrfKey.from_pem(None, os.urandom)
    assert "first leaf" in caught.value.hint


def test_a_faulty_half_never_leaves():
    """A computation that went wrong in one prime would give the key away: it is caught before π leaves."""
    key = VrfKey.from_pem(vrf_pem(), os.urandom)
    key._dp ^= 2
    with pytest.raises(Damaged, match="own proof"):
        key.prove(b"alpha")


@pytest.mark.parametrize("stuck", [b"\x00", b"\x01"])
def test_broken_randomness_is_noticed(stuck):
    """A source that gives zeros, or one, blinds nothing: nothing is proven with it."""
    key = VrfKey.from_pem(vrf_pem(), lambda n: bytes(n - 1) + stuck)
    with pytest.raises(Unavailable, match="random"):
        key.prove(b"alpha")


def test_the_key_does_not_print_itself():
    """repr shows no number of the key."""
    assert repr(vrf_key()) == "VrfKey(…)"

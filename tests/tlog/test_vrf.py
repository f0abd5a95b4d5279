# SPDX-License-Identifier: Apache-2.0
"""The VRF as an outsider checks it: the RFC's numbers, damaged proofs, and keys whose maker cheats."""

import json
import random
from functools import cache
from math import gcd
from pathlib import Path

import pytest
from tests.tlog.given import one_bit_flips
from tests.tlog.worked import LABELS

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.tlog import vrf
from whosaw.tlog.leaf import alpha

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "vrf.json").read_text())
P, Q, N = (int(VECTORS["key"][x], 16) for x in "pqn")
E = vrf.EXPONENT

# RFC 9381, appendix A.1, the example with the 2,048-bit key: alpha is empty.
N_2048 = int(
    "ddaba77202bafb796b85bcec98958aa58ae2d117cbc66a6e75c4c2af983985a3064eaef93e2b03393256d94d75d6a6656b2956524ed87118"
    "98a0c3abae84371da0283bc5f433fc384d810a3c118ed302c0b03da16bee70b80ba3480e7acc1eb358b3f20fbe90cc4c8a7e2ba9e28b2a38"
    "00a5efbaa3c264f79b231f7cdc9577818df1bac60ef7a3f78a44f046fd29b0689556da7a7f61eefe67427f3f691aee0a4b1efe2ee2e0e609"
    "1143ebb7d69254c9d8ab01ff5e0ad7329f566082f9251e64f436c547e68de75351ea3a09746ceb7efed2d234121088aaed01696583c172ec"
    "88bc173a0d4d8ec43f4dcc18ff8379317e83ef9685536283368c9c6deb783075",
    16,
)
PI_2048 = bytes.fromhex(
    "14234ff8a9487e1b36a23086e258135b8a8a7ff2e23f19c0dfeca0c0a943f119ebd336fdc292ef67b56e32ba06f9941893754a8b97c82f68"
    "974b2b34c17f6d43bfd55eb110cd7ea3452d59a24e4ddb8d4cdf040c814e22e3537ca09c2e2dc5dd8ea281e6492ad335378f9f437eed30c5"
    "1eeeee66ef14efb4000c75c802e9c5a6bb8039c0258d4347981159d0ef6990b5e9c8ac2fb03915d7ff1ffa0626e2e11714a63342e59124c1"
    "fcea8e2816c1d9a7751feaaa66cf6c82cd3c58ffde66460d98246ab358cc33baefae4dfb0d191e9b6d6c0e3f92c35200408925dc8bef39b7"
    "8d1259f8163a5003a693555f05290ef2e68345f27c6e2a8847c5c919d92e7505"
)
BETA_2048 = "79f0615d4677fb72571889453644013f1a31b08d222e3cee349d64ce1c41045a"


def root_of(x, p=P, q=Q):
    """x^d mod n, by the secret that an outsider does not have."""
    return pow(x, pow(E, -1, (p - 1) * (q - 1)), p * q)


def prove(message):
    return root_of(vrf.encoded(N, message)).to_bytes(vrf.SIZE, "big")


@cache
def certificate():
    return tuple(root_of(vrf.challenge(N, j)).to_bytes(vrf.SIZE, "big") for j in range(vrf.ROOTS))


@cache
def public():
    return vrf.VrfPublic.parse(N.to_bytes(vrf.SIZE, "big"), certificate())


def test_the_vectors_of_the_rfc():
    """Appendix A.1, 2,048 and 3,072 bits: the proof verifies and gives the printed output."""
    assert vrf.check_proof(N_2048, b"", PI_2048).hex() == BETA_2048
    for case in VECTORS["proofs"]:
        message = bytes.fromhex(case["alpha"])
        pi = bytes.fromhex(case["pi"]) if "pi" in case else prove(message)
        assert vrf.check(public(), message, pi).hex() == case["beta"]
        assert prove(message) == pi


def test_label_0_of_the_worked_example():
    """The enrolment of `p-1` stands under the output for its id."""
    message = alpha(1, "p-1", 0)
    assert vrf.check(public(), message, prove(message)).hex() == LABELS[1]


def test_every_flipped_bit_of_a_proof_is_found():
    """Each bit of π counts, and so does each of α."""
    pi = prove(b"id")
    for flipped in one_bit_flips(pi):
        with pytest.raises(ProofFailed):
            vrf.check(public(), b"id", flipped)
    for flipped in one_bit_flips(b"id"):
        with pytest.raises(ProofFailed):
            vrf.check(public(), flipped, pi)


def test_a_proof_has_one_spelling():
    """Not π + n, not a byte more or fewer, not the number 0."""
    pi = prove(b"id")
    for bad in (b"", pi[:-1], pi + b"\0", b"\0" + pi, bytes(vrf.SIZE), b"\xff" * vrf.SIZE, N.to_bytes(vrf.SIZE, "big")):
        with pytest.raises(ProofFailed):
            vrf.check(public(), b"id", bad)
    # Where the number is small enough, π + n still fits into its 384 bytes: it must not pass for π.
    for i in range(200):
        message = b"id %d" % i
        number = root_of(vrf.encoded(N, message))
        if number + N < 1 << vrf.BITS:
            with pytest.raises(ProofFailed):
                vrf.check(public(), message, (number + N).to_bytes(vrf.SIZE, "big"))
            return
    raise AssertionError("no proof was small enough")


def test_a_key_has_its_form():
    """Odd, 3,072 bits, 384 bytes, sixteen roots of 384 bytes, each below n."""
    n = N.to_bytes(vrf.SIZE, "big")
    assert public().encode() == n
    for bad in (
        b"",
        n[:-1],
        n + b"\0",
        b"\0" + n,
        bytes(vrf.SIZE),
        (N >> 1 | 1).to_bytes(vrf.SIZE, "big"),
        (N - 1).to_bytes(vrf.SIZE, "big"),
    ):
        with pytest.raises(NotCanonical):
            vrf.VrfPublic.parse(bad, certificate())
    roots = certificate()
    for bad in (
        roots[:-1],
        (*roots, roots[0]),
        (),
        roots[::-1],
        (*roots[:-1], roots[15][1:]),
        (*roots[:-1], b"\xff" * vrf.SIZE),
    ):
        with pytest.raises(ProofFailed):
            vrf.VrfPublic.parse(n, bad)


def test_a_root_has_one_spelling():
    """Neither a byte of zero before it nor n added to it: both have the same e-th power."""
    roots = list(certificate())
    fitting = [j for j in range(vrf.ROOTS) if int.from_bytes(roots[j], "big") + N < 1 << vrf.BITS]
    assert fitting
    added = (int.from_bytes(roots[fitting[0]], "big") + N).to_bytes(vrf.SIZE, "big")
    for j, second in ((0, b"\0" + roots[0]), (fitting[0], added)):
        assert pow(int.from_bytes(second, "big"), E, N) == vrf.challenge(N, j)
        with pytest.raises(ProofFailed, match="below it"):
            vrf.check_key(N, [*roots[:j], second, *roots[j + 1 :]])


def test_every_root_of_a_certificate_is_looked_at():
    """One root wrong anywhere is a key refused."""
    for j in range(vrf.ROOTS):
        broken = list(certificate())
        broken[j] = (int.from_bytes(broken[j], "big") ^ 1).to_bytes(vrf.SIZE, "big")
        with pytest.raises(ProofFailed, match=f"root {j} "):
            vrf.VrfPublic.parse(N.to_bytes(vrf.SIZE, "big"), broken)


def is_prime(x, dice):
    """Miller-Rabin, enough for a test."""
    if any(x % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = x - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(8):
        y = pow(dice.randrange(2, x - 1), odd, x)
        if y in (1, x - 1):
            continue
        for _ in range(twos - 1):
            y = y * y % x
            if y == x - 1:
                break
        else:
            return False
    return True


def cheating_prime(bits):
    """A prime with e | p − 1: half of what a maker needs who wants two enrolments for one person."""
    dice = random.Random(9381)
    while True:
        p = (3 << bits - 2) + dice.randrange(1 << bits - 2)
        p += E - (p - 1) % E
        if p % 2 and is_prime(p, dice):
            return p


def test_a_cheating_key_has_many_outputs_for_one_id():
    """What the certificate is for: under a key with e | p − 1 an α that has a proof has e of them, each with its own β."""
    p, q = cheating_prime(64), 2**61 - 1
    n = p * q
    message = next(m for m in (b"%d" % i for i in range(40 * E)) if pow(vrf.encoded(n, m), (p - 1) // E, p) == 1)
    wanted = vrf.encoded(n, message)
    at_p, at_q = pow(wanted, pow(E, -1, (p - 1) // E), p), pow(wanted, pow(E, -1, q - 1), q)
    unity = next(u for u in (pow(g, (p - 1) // E, p) for g in range(2, 50)) if u != 1)
    proofs = [at_p * pow(unity, i, p) * q * pow(q, -1, p) + at_q * p * pow(p, -1, q) for i in range(3)]
    size = (n.bit_length() + 7) // 8
    outputs = {vrf.check_proof(n, message, (pi % n).to_bytes(size, "big")) for pi in proofs}
    assert len(outputs) == 3
    with pytest.raises(ProofFailed):
        vrf.check_key(n, [(pi % n).to_bytes(size, "big") for pi in (proofs * 6)[: vrf.ROOTS]])


# cheating_prime(1536), which takes seconds to find.
CHEATING = int(
    "e5b1c3ea4daf369bdbfad9d6ff83651b40d030cdff1e2f7f97ff23d79dc2739fee0473a5e132943695b61b8c32169847"
    "403b4b28a2827985728278baa33e6214c18801fefc77d88e83de4d7e93f8a7fdc9fa0ffedca886885ea33710bf14239f"
    "7194db4fc82beb18ba9472df5508eec6649763a0a7a17084559f11b09a06e561f40693bab57fca67fcbd485f2916f08f"
    "cf8af7e40aa97a891ae12dac26e72f65c62f42e61ebafe4a0563757c6604b6bd0b6d39654deafef3eb766168f061b5ab",
    16,
)


def test_a_cheating_key_gets_no_certificate():
    """Fifteen of sixteen challenges and more have no root; whatever is shown instead is refused."""
    p = CHEATING
    assert p.bit_length() == 1536 and p % E == 1 and is_prime(p, random.Random(1))
    n = p * Q
    rootless = [j for j in range(vrf.ROOTS) if pow(vrf.challenge(n, j), (p - 1) // E, p) != 1]
    assert len(rootless) >= 15
    honest_half = pow(E, -1, Q - 1)
    for sigma in (1, 2, n - 1):
        with pytest.raises(ProofFailed):
            vrf.check_key(n, [sigma.to_bytes(vrf.SIZE, "big")] * vrf.ROOTS)
    best = [pow(vrf.challenge(n, j), honest_half, n).to_bytes(vrf.SIZE, "big") for j in range(vrf.ROOTS)]
    with pytest.raises(ProofFailed):
        vrf.VrfPublic.parse(n.to_bytes(vrf.SIZE, "big"), best)


def test_numbers_that_share_a_factor_with_the_key_are_refused():
    """gcd(EM, n) = 1 and gcd(ρ, n) = 1 are checked even where the root fits: under n = 3·q a third of all numbers."""
    p, q = 3, 2**127 - 1
    n, size = p * q, 17
    assert gcd(E, (p - 1) * (q - 1)) == 1
    refused = 0
    for i in range(60):
        wanted = vrf.encoded(n, b"%d" % i)
        pi = root_of(wanted, p, q).to_bytes(size, "big")
        assert pow(int.from_bytes(pi, "big"), E, n) == wanted
        if gcd(wanted, n) == 1:
            assert vrf.check_proof(n, b"%d" % i, pi) == vrf.beta_of(pi)
        else:
            refused += 1
            with pytest.raises(ProofFailed):
                vrf.check_proof(n, b"%d" % i, pi)
    assert 5 < refused < 40
    with pytest.raises(ProofFailed):
        vrf.check_key(n, [root_of(vrf.challenge(n, j), p, q).to_bytes(size, "big") for j in range(vrf.ROOTS)])


def test_mgf1_by_the_textbook():
    """RFC 8017 B.2.1 over SHA-256, cut to any length."""
    whole = vrf.mgf1(b"seed", 100)
    assert [vrf.mgf1(b"seed", size) for size in (0, 1, 31, 32, 33, 64)] == [
        whole[:size] for size in (0, 1, 31, 32, 33, 64)
    ]

# SPDX-License-Identifier: Apache-2.0
"""The VRF, as everybody checks it: RSA-FDH-VRF-SHA256, RFC 9381 section 4. The half with the secret is ``privacy.vrf``.

    α ──hash to EM──▶ EM ──secret d──▶ π = EM^d mod n ──hash──▶ β = label_0         π^e = EM proves it
      MGF1 over 0x01 ‖ 0x01 ‖ u32be(k) ‖ n ‖ α             H(0x02 form of π)

β looks random to whoever has no π, and one α has exactly one β: so one id has exactly one enrolment in a log.

That holds only under an honestly made key, and our adversary is whoever makes the key. So a key comes with sixteen
roots: σ_j^e = ρ_j, where n itself decides ρ_j. Did e divide φ(n), at most one unit in e would have a root, so a bad key
passes with a chance of 2^-256 for each try (after Goldberg, Reyzin, Sagga, Baldimtsi). Otherwise x → x^e permutes the
units, and π is unique.

Invariant: a `VrfPublic` exists only with its certificate checked.           Specification: docs/spec/leaf.md §2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from math import gcd

from whosaw.errors import NotCanonical, ProofFailed

BITS = 3072
SIZE = BITS // 8
EXPONENT = 65537
ROOTS = 16


def mgf1(seed: bytes, size: int) -> bytes:
    """MGF1 over SHA-256, RFC 8017 appendix B.2.1."""
    blocks = -(-size // 32)
    return b"".join(sha256(seed + i.to_bytes(4)).digest() for i in range(blocks))[:size]


def encoded(n: int, alpha: bytes) -> int:
    """EM, the number that stands for `alpha` under this key. Below n, because it is one byte shorter."""
    k = _size(n)
    return int.from_bytes(mgf1(b"\x01\x01" + k.to_bytes(4) + n.to_bytes(k) + alpha, k - 1))


def challenge(n: int, j: int) -> int:
    """ρ_j, whose root the maker of the key must show. Sixteen bytes longer than n, so that it is near uniform below n."""
    k = _size(n)
    seed = b"whosaw/vrf-key/v1" + k.to_bytes(4) + n.to_bytes(k) + EXPONENT.to_bytes(4) + j.to_bytes(4)
    return int.from_bytes(mgf1(seed, k + 16)) % n


def beta_of(pi: bytes) -> bytes:
    """β, the output that the proof `pi` proves, without checking it."""
    return sha256(b"\x01\x02" + pi).digest()


def check_key(n: int, certificate: Sequence[bytes]) -> None:
    """Check that x → x^e is one to one under this n: the sixteen roots are there."""
    if len(certificate) != ROOTS:
        raise ProofFailed(f"a VRF key has {ROOTS} roots in its certificate", step="vrf-key")
    for j, root in enumerate(certificate):
        wanted, sigma = challenge(n, j), int.from_bytes(root)
        if len(root) != _size(n) or sigma >= n:
            raise ProofFailed(f"root {j} of the VRF key is not a number below it", step="vrf-key")
        if gcd(wanted, n) != 1 or pow(sigma, EXPONENT, n) != wanted:
            raise ProofFailed(f"root {j} of the VRF key does not fit", step="vrf-key")


@lru_cache(maxsize=16)
def _check_key(n: int, certificate: tuple[bytes, ...]) -> None:
    """`check_key`, once for each key: what raises is not remembered."""
    check_key(n, certificate)


def check_proof(n: int, alpha: bytes, pi: bytes) -> bytes:
    """β, if `pi` proves it for `alpha` under n; of n itself nothing is checked. RFC 9381, 4.3."""
    k, s, wanted = _size(n), int.from_bytes(pi), encoded(n, alpha)
    if len(pi) != k or s >= n:
        raise ProofFailed("the VRF proof is not a number below the key, in the key's length", step="vrf")
    # RFC 9381 leaves the gcd to the honest key. Without it a multiple of a factor of n would have several roots.
    if gcd(wanted, n) != 1 or pow(s, EXPONENT, n) != wanted:
        raise ProofFailed("the VRF proof does not fit", step="vrf")
    return beta_of(pi)


@dataclass(frozen=True, slots=True)
class VrfPublic:
    """A log's VRF key, certified."""

    n: int
    certificate: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if self.n.bit_length() != BITS or self.n % 2 == 0:
            raise NotCanonical(f"not an odd number of {BITS} bits", where="VRF key")
        _check_key(self.n, self.certificate)

    @classmethod
    def parse(cls, n: bytes, certificate: Sequence[bytes], where: str = "VRF key") -> VrfPublic:
        """The key whose number is `n`, 384 bytes, with its sixteen roots of 384 bytes each."""
        if len(n) != SIZE:
            raise NotCanonical(f"not {SIZE} bytes", where=where)
        return cls(int.from_bytes(n), tuple(certificate))

    def encode(self) -> bytes:
        """The number n as 384 bytes."""
        return self.n.to_bytes(SIZE)


def check(public: VrfPublic, alpha: bytes, pi: bytes) -> bytes:
    """β, if `pi` proves it for `alpha`. ProofFailed otherwise."""
    return check_proof(public.n, alpha, pi)


def _size(n: int) -> int:
    return (n.bit_length() + 7) // 8

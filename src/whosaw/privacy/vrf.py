# SPDX-License-Identifier: Apache-2.0
"""The secret half of the VRF: from an id to the one label under which its stream begins.

    α (kind, id, generation) ──MGF1──▶ EM ──^d mod n──▶ π ──H──▶ β = label_0

RSA-FDH-VRF-SHA256 of RFC 9381, section 4, with n of 3,072 bits and e = 65537. One α has exactly one β, so the operator
cannot keep two streams for one person. That holds only under an honestly made key, and the operator makes the key:
hence the certificate, sixteen numbers that a key with e | φ(n) has a chance of 2^-256 to come up with.

The public half, which every outsider runs, is ``tlog.vrf``.                  Specification: docs/spec/leaf.md §2
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from whosaw.errors import Damaged, Misconfigured, Unavailable
from whosaw.privacy.modexp import power
from whosaw.privacy.root import Random
from whosaw.tlog.vrf import BITS, EXPONENT, ROOTS, SIZE, beta_of, challenge, encoded

REMEMBERED = 4096  # proofs; about 2 MB
_TOGETHER, _THREADS = 8, 8


class VrfKey:
    """An RSA key that proves labels. Its primes never show in a repr, an error or a log."""

    __slots__ = ("_dp", "_dq", "_key", "_known", "_n", "_p", "_q", "_q_inverse", "_random")

    def __init__(self, key: rsa.RSAPrivateKey, random: Random, where: str = "keys/vrf.pem") -> None:
        numbers = key.private_numbers()
        if key.key_size != BITS or numbers.public_numbers.e != EXPONENT:
            raise Misconfigured(
                f"the key file {where} holds another kind of key: RSA of {BITS} bits with exponent {EXPONENT} is wanted",
                setting=where,
                hint=f"restore {where} from your backup of the key files",
            )
        self._key, self._random = key, random
        self._known: dict[bytes, bytes] = {}
        self._n, self._p, self._q = numbers.public_numbers.n, numbers.p, numbers.q
        self._dp, self._dq, self._q_inverse = numbers.dmp1, numbers.dmq1, numbers.iqmp

    def __repr__(self) -> str:
        return "VrfKey(…)"

    @classmethod
    def generate(cls, random: Random) -> VrfKey:
        """A new key, from the library's own randomness; `random` blinds. One key per log, for its life."""
        return cls(rsa.generate_private_key(EXPONENT, BITS), random)

    @classmethod
    def from_pem(cls, raw: bytes | None, random: Random, where: str = "keys/vrf.pem") -> VrfKey:
        """The key that a PEM file holds; `raw` is None where there is no file. Raises Misconfigured."""
        if raw is None:
            raise Misconfigured(
                f"the key file {where} is missing",
                setting=where,
                hint=f"restore {where} from your backup of the key files; "
                "the log names this key in its first leaf, so a new one cannot take its place",
            )
        try:
            # Not validated by the library, which would ask at each start whether two numbers of 1,536 bits are primes.
            key = load_pem_private_key(raw, password=None, unsafe_skip_rsa_key_validation=True)
        except Exception:  # noqa: BLE001 - the library raises many kinds, and all of them mean the same
            key = None
        if not isinstance(key, rsa.RSAPrivateKey) or not _agree(key.private_numbers()):
            raise Misconfigured(
                f"the key file {where} is damaged: not an RSA private key in PEM",
                setting=where,
                hint=f"restore {where} from your backup of the key files",
            )
        return cls(key, random, where)

    def to_pem(self) -> bytes:
        """The key file: PKCS #8, unencrypted; the file's mode and folder protect it."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def public(self) -> bytes:
        """The modulus n, 384 bytes."""
        return self._n.to_bytes(SIZE)

    def prove(self, alpha: bytes) -> tuple[bytes, bytes]:
        """(π, β) for `alpha`: 384 and 32 bytes. About 4 ms the first time, 25 ms without OpenSSL; never in the sequencer."""
        # One α has one π, so it is worked out once: every statement of an account needs the same two.
        pi = self._known.get(alpha)
        if pi is None:
            pi = self._root(encoded(self._n, alpha)).to_bytes(SIZE)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[alpha] = pi
        return pi, beta_of(pi)

    def prove_all(self, alphas: Sequence[bytes]) -> None:
        """Work out the proofs of these, no more than are remembered, on every core: `prove` then has them at hand."""
        new = [alpha for alpha in dict.fromkeys(alphas[:REMEMBERED]) if alpha not in self._known]
        if len(new) < _TOGETHER:
            return
        if len(self._known) + len(new) > REMEMBERED:
            self._known.clear()
        # OpenSSL lets other threads go on. Without it they wait for each other, and lose nothing by it.
        with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), thread_name_prefix="whosaw-proofs") as pool:
            deque(pool.map(self.prove, new), maxlen=0)

    def certificate(self) -> tuple[bytes, ...]:
        """σ_0 … σ_15: e-th roots of sixteen numbers that follow from n alone, so nobody could choose them."""
        return tuple(self._root(challenge(self._n, j)).to_bytes(SIZE) for j in range(ROOTS))

    def _root(self, x: int) -> int:
        """x^d mod n, by the Chinese remainder theorem, blinded and checked."""
        if math.gcd(x, self._n) != 1:
            raise Damaged("the VRF key shares a factor with its input", where="keys/vrf.pem")
        blind = self._blind()
        # Where Python's own pow() does it, its time depends on its base. Blinded, the base is a fresh random number each time.
        hidden = x * power(blind, EXPONENT, self._n) % self._n
        by_p, by_q = power(hidden, self._dp, self._p), power(hidden, self._dq, self._q)
        root = by_q + self._q * (self._q_inverse * (by_p - by_q) % self._p)
        root = root * pow(blind, -1, self._n) % self._n
        # Don't leave this out to save half a millisecond: one faulty half and gcd(root^e - x, n) is a prime of the key.
        if power(root, EXPONENT, self._n) != x:
            raise Damaged("the VRF key does not verify its own proof", where="keys/vrf.pem")
        return root

    def _blind(self) -> int:
        blind = int.from_bytes(self._random(SIZE + 16), "big") % self._n
        # A number that shares a factor with n is drawn once in 2^1536: then the randomness is broken, not unlucky.
        if blind < 2 or math.gcd(blind, self._n) != 1:
            raise Unavailable("the source of randomness gives no random numbers", part="randomness")
        return blind


def _agree(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Whether the numbers of a key are of one key: no bit of a file that was made whole can change without it."""
    p, q, d, public = numbers.p, numbers.q, numbers.d, numbers.public_numbers
    return (
        p > 1
        and q > 1
        and p * q == public.n
        and all(d * public.e % (each - 1) == 1 for each in (p, q))
        and (numbers.dmp1, numbers.dmq1) == (d % (p - 1), d % (q - 1))
        and numbers.iqmp * q % p == 1
    )

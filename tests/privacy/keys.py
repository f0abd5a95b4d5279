# SPDX-License-Identifier: Apache-2.0
"""Keys for tests: the published VRF key of RFC 9381, and roots that are what their names say. Never for anything else."""

import functools
import hashlib
import itertools
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from whosaw.privacy.keyring import Keyring
from whosaw.privacy.root import Root
from whosaw.privacy.vrf import VrfKey

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "vrf.json").read_text())
ORIGIN = "log.example.org/whosaw"


def root(word: str = "root") -> Root:
    """A root that is always the same for the same word."""
    return Root(hashlib.sha256(word.encode()).digest())


def rsa_key(p: int, q: int, e: int = 65537) -> rsa.RSAPrivateKey:
    """An RSA key of two primes."""
    d = pow(e, -1, (p - 1) * (q - 1))
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(e, p * q)).private_key()


def counted(word: str = "random"):
    """A source of numbers that look random and are the same in every run, for tests that search in random bytes."""
    numbers = itertools.count()

    def random(count: int) -> bytes:
        blocks = [hashlib.sha256(f"{word} {next(numbers)}".encode()).digest() for _ in range(-(-count // 32))]
        return b"".join(blocks)[:count]

    return random


@functools.cache
def vrf_pem() -> bytes:
    """The 3,072-bit key of RFC 9381, appendix A.1."""
    key = rsa_key(int(VECTORS["key"]["p"], 16), int(VECTORS["key"]["q"], 16))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@functools.cache
def vrf_key() -> VrfKey:
    return VrfKey.from_pem(vrf_pem(), os.urandom)


@functools.cache
def other_vrf_key() -> VrfKey:
    return VrfKey.generate(os.urandom)


def keyring(rows, word: str = "root", origin: str = ORIGIN, random=os.urandom, enrolled=lambda _: False) -> Keyring:
    return Keyring(rows, root(word), vrf_key(), origin, random, enrolled=enrolled)

# SPDX-License-Identifier: Apache-2.0
"""Points: the Ed25519 public keys that no honest signer has. RFC 8032 section 5.1.3.

    encoding   y, 255 bits little-endian, then the sign of x          canonical: y < p
    order      ℓ, a large prime, for every honest key                 small: 1, 2, 4 or 8

Under a key of small order *any* message verifies with one signature, and its owner can deny each of them; a second
encoding would give one key two ids. Such keys are refused when they are loaded, before any signature is looked at.

Keys of mixed order (a point of order ℓ plus a small one) are let through on purpose. Whether a signature verifies under
them depends on the equation used, so two libraries may differ; we use one library with one equation, the one without the
cofactor, and even under such a key no message verifies that its owner did not sign.

Invariant: `check_point` returns only for a point on the curve, in its one encoding, whose order is not small.
                                                                  Specification: docs/spec/checkpoint.md §2
"""

from __future__ import annotations

from whosaw.errors import NotCanonical

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
# The eight points of small order share five y: order 4 has y = 0, order 1 y = 1, order 2 y = −1, order 8 two more.
_Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_SMALL = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})


def check_point(key: bytes, where: str) -> None:
    """Check that `key` (32 bytes) can be somebody's Ed25519 public key."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if y >= _P:
        raise NotCanonical("an Ed25519 key that is not canonically encoded", where=where)
    # x = 0, which has no sign, occurs only at y = 1 and y = −1, so its second encoding is refused here too.
    if y in _SMALL:
        raise NotCanonical("an Ed25519 key of small order", where=where)
    # x² = (y² − 1) / (d·y² + 1) must be a square; multiplying by the divisor's square keeps that and saves the division.
    square = (y * y - 1) * (_D * y * y + 1) % _P
    if pow(square, (_P - 1) // 2, _P) != 1:
        raise NotCanonical("an Ed25519 key that is no point of the curve", where=where)

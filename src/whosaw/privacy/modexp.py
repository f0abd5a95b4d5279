# SPDX-License-Identifier: Apache-2.0
"""base ^ exponent mod an odd number, in a time that depends on their sizes alone: by the OpenSSL that this Python has loaded already.

    power(b, e, m) ──▶ BN_mod_exp_mont_consttime      1 ms for 1,536 bits, and other threads go on meanwhile
                  └──▶ pow, where there is none       10 ms, and they do not

The library that keeps our keys has no RSA without padding, and a proof of a label needs just that. Nothing here is believed: whoever
asks holds what comes out against what went in (``privacy.vrf``).

Invariant: the same number as `pow`, or an error. What was given is wiped from the library's memory.
"""

from __future__ import annotations

import ctypes
import hashlib  # noqa: F401 - it loads OpenSSL, where there is one
import sys
from collections.abc import Callable

Power = Callable[[int, int, int], int]
_P = ctypes.c_void_p
# What is asked of the library: name, result, arguments.
_CALLS = (
    ("BN_new", _P, ()),
    ("BN_bin2bn", _P, (ctypes.c_char_p, ctypes.c_int, _P)),
    ("BN_bn2binpad", ctypes.c_int, (_P, ctypes.c_char_p, ctypes.c_int)),
    ("BN_clear_free", None, (_P,)),
    ("BN_CTX_new", _P, ()),
    ("BN_CTX_free", None, (_P,)),
    ("BN_mod_exp_mont_consttime", ctypes.c_int, (_P, _P, _P, _P, _P, _P)),
)


def library() -> ctypes.CDLL | None:
    """OpenSSL, as Python's own hashes use it; None where this Python has none that can be asked."""
    path = getattr(sys.modules.get("_hashlib"), "__file__", None)
    if path is None:
        return None
    try:
        made = ctypes.CDLL(path)
        for name, result, arguments in _CALLS:
            function = getattr(made, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return made


def by(crypto: ctypes.CDLL | None) -> Power:
    """`power` by this library, or by Python where there is none."""
    if crypto is None:
        return pow

    def power(base: int, exponent: int, modulus: int) -> int:
        size = (max(modulus, exponent).bit_length() + 7) // 8
        given = [
            crypto.BN_bin2bn(each.to_bytes(size, "big"), size, None) for each in (base % modulus, exponent, modulus)
        ]
        out, context, raw = crypto.BN_new(), crypto.BN_CTX_new(), ctypes.create_string_buffer(size)
        try:
            made = all((*given, out, context)) and crypto.BN_mod_exp_mont_consttime(out, *given, context, None)
            if not made or crypto.BN_bn2binpad(out, raw, size) != size:
                return pow(base, exponent, modulus)
            return int.from_bytes(raw.raw, "big")
        finally:
            for each in (*given, out):
                crypto.BN_clear_free(each)  # of a null it does nothing
            crypto.BN_CTX_free(context)
            ctypes.memset(raw, 0, size)

    return power


power = by(library())

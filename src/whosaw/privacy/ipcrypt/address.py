# SPDX-License-Identifier: Apache-2.0
"""An address and its 16 bytes, there and back, in one spelling or none.

    192.0.2.1                     ──packed──▶  00 … 00 ff ff c0 00 02 01
    ::ffff:192.0.2.1              is 192.0.2.1 in another coat: the same bytes
    2001:db8::1                   ──packed──▶  20 01 0d b8 … 01
    fe80::1%eth0, 192.0.2.01, …   refused: a zone names an interface of one machine, the rest is no address

Invariant: ``packed(spelled(raw)) == raw`` for all 16 bytes; no message has the address.       draft-denis-ipcrypt §3
"""

from __future__ import annotations

import ipaddress
import socket

from whosaw.errors import BadInput

SIZE = 16
MAPPED = bytes(10) + b"\xff\xff"
_COMPATIBLE = bytes(12)


def packed(text: str) -> bytes:
    """The 16 bytes of an address. Raises BadInput, without the address."""
    # Not ipaddress, which takes eight times as long for a column: the system's parser knows no zone and no leading zero.
    try:
        if ":" in text:
            return socket.inet_pton(socket.AF_INET6, text)
        return MAPPED + socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError, TypeError):
        # from None: some of them quote what was given.
        raise BadInput("not an IP address", where="ip", hint="no zone, no port, no spaces, no leading zeros") from None


def spelled(raw: bytes) -> str:
    """The one spelling of 16 bytes: dotted where they are an IPv4 address, else as RFC 5952 has it."""
    if len(raw) != SIZE:
        raise BadInput(f"an address has {SIZE} bytes", where="ip")
    start = raw[:12]
    if start == MAPPED:
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    if start == _COMPATIBLE:
        # The system writes ::192.0.2.1 here, and RFC 5952 does not.
        return str(ipaddress.IPv6Address(raw))
    return socket.inet_ntop(socket.AF_INET6, raw)

# SPDX-License-Identifier: Apache-2.0
"""Whose address a connection has, where it came through proxies of ours.

    peer ◀── proxy ◀── proxy ◀── client ◀── whatever the client wrote
    └ believed: ours ┘           └ the first that is not ours, from the right

Every hop appends who spoke to it, so the right end is what our own proxy saw, and the left end is what anybody typed. We
walk from the right as long as the hop that says so is ours.

Invariant: no address that a stranger wrote is ever returned. What cannot be read ends the walk at the last hop that was
believed. One of the two headers is configured: whoever may choose the header chooses the answer.
                                                    X-Forwarded-For, or Forwarded (RFC 7239 section 4)
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Literal

Header = Literal["x-forwarded-for", "forwarded"]
HEADERS: tuple[Header, ...] = ("x-forwarded-for", "forwarded")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HOPS = 64
_LONGEST = 8 * 1024
_PAIR = re.compile(r'[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]{1,40})=("(?:[^"\\]|\\.){0,200}"|[^";,\s]{0,200})[ \t]*')


def client_address(
    peer: str | None,
    headers: Mapping[str, str | None],
    trusted: Iterable[Network],
    header: Header = "x-forwarded-for",
) -> Address | None:
    """The client's address; None only where the peer itself has none (a socket of this machine, say).

    `headers`: names in lower case; a header that stood several times is joined by commas. `trusted`: the networks of our
    own proxies. Raises nothing, whatever the headers hold.
    """
    at = address(peer)
    networks = tuple(trusted)
    if at is None or not _ours(at, networks):
        return at
    given = headers.get(header) or ""
    hops = _forwarded(given) if header == "forwarded" else _x_forwarded_for(given)
    for hop in hops:
        if hop is None:
            return at
        at = hop
        if not _ours(at, networks):
            return at
    return at


def address(text: str | None) -> Address | None:
    """An address as proxies write it: with or without a port, IPv6 with or without brackets. None where it is none."""
    if text is None or len(text) > 60:
        return None
    plain = text.strip(" \t")
    if plain.startswith("["):
        plain, bracket, port = plain[1:].partition("]")
        if not bracket or (port and not _port(port)):
            return None
    elif plain.count(":") == 1:
        plain, _, port = plain.partition(":")
        if not _port(f":{port}"):
            return None
    try:
        found = ipaddress.ip_address(plain)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        # An IPv4 address in a coat would be in no IPv4 network, so our own proxy would be a stranger.
        return None if found.scope_id is not None else found.ipv4_mapped or found
    return found


def _port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def _ours(at: Address, trusted: tuple[Network, ...]) -> bool:
    return any(at.version == network.version and at in network for network in trusted)


def _x_forwarded_for(text: str) -> list[Address | None]:
    """Hops, the nearest first; None for one that is no address."""
    return [address(part) for part in _last(text).split(",")[::-1][:HOPS]] if text.strip() else []


def _forwarded(text: str) -> list[Address | None]:
    """Hops of RFC 7239, the nearest first; None for `unknown`, an obfuscated name, or what cannot be read."""
    if not text.strip():
        return []
    # A quote that is open makes one element of several: then the header has no one reading, and no hop is believed.
    if len(text) > _LONGEST or (elements := _elements(text)) is None:
        return [None]
    return [address(pairs.get("for")) if pairs is not None else None for pairs in elements[::-1][:HOPS]]


def _elements(text: str) -> list[dict[str, str] | None] | None:
    """The elements of a Forwarded header as pairs; None where quotes do not close."""
    found: list[dict[str, str] | None] = []
    pairs: dict[str, str] | None = {}
    at = 0
    while True:
        pair = _PAIR.match(text, at)
        if pair is None:
            return None
        name, value = pair[1].lower(), pair[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        # The same name twice in one element: two readers could believe two addresses.
        pairs = None if pairs is None or name in pairs else {**pairs, name: value}
        at = pair.end()
        sign = text[at : at + 1]
        if sign in ("", ","):
            found.append(pairs)
            pairs = {}
        if sign == "":
            return found
        if sign not in (",", ";"):
            return None
        at += 1


def _last(text: str) -> str:
    """The right end of a header that is longer than any honest one."""
    return text[-_LONGEST:]

# SPDX-License-Identifier: Apache-2.0
"""Detail: how much of a value is shown. A rung of the ladder, and never a bit above it.

    203.0.113.77           ──network──▶  203.0.113.0/24
    2001:db8:1:2::77       ──network──▶  2001:db8:1::/48
    ::ffff:203.0.113.77    is 203.0.113.77 in another coat, and masked like it
    2002:cb00:714d::1      carries the same IPv4 address inside (6to4): /40 leaves its first three bytes

Invariant: what ``mask`` returns depends only on the bits that the rung grants.

OFFERED says what this installation can mask to. The country of an address needs a geolocation database, which this
installation has not; so ``ip:country`` is not offered, and policy refuses what is not offered rather than showing more.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from whosaw.errors import BadInput
from whosaw.model.access import LADDER, Field, rung

# Least first. A rung that is not here is refused, never rounded up to the next one.
OFFERED: Mapping[Field, tuple[str, ...]] = {
    Field.IP: ("network", "exact"),
    Field.LOCATION: (),
    Field.DEVICE: LADDER[Field.DEVICE],
    Field.CONTACTS: LADDER[Field.CONTACTS],
    Field.MESSAGES: LADDER[Field.MESSAGES],
    Field.PROFILE: LADDER[Field.PROFILE],
    Field.ACTIVITY: LADDER[Field.ACTIVITY],
    Field.PAYMENT: LADDER[Field.PAYMENT],
}

IP_PROVES = (
    "An IP address names a network, not a person or a place: many people share one, one person uses many, "
    "and a place deduced from it can be wrong by a country."
)

_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def canonical(field: Field, value: str) -> str:
    """The one spelling of `value` in which it is stored. Raises BadInput, without the value."""
    if field is Field.IP:
        return str(_address(value))
    if not value or "\x00" in value or not is_text(value):
        raise BadInput("a value is not empty, is UTF-8 and holds no zero byte", where=str(field))
    return value


def mask(field: Field, value: str, detail: str) -> str:
    """`value` at the level of `detail` and no more. Raises BadInput for a rung that is not offered."""
    check_offered(field, detail)
    if field is Field.IP:
        address = _address(value)
        return str(address) if detail == "exact" else str(_network(address))
    # Every other field has one rung, `exact`; a field that gets a second one must be given its mask here,
    # and until then falls through to nothing: OFFERED is the guard above.
    return value


def is_text(value: str) -> bool:
    """Whether `value` can be written down: a line that was not UTF-8 may have been read into lone surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in value)


def check_offered(field: Field, detail: str) -> None:
    """Raises BadInput for a rung that `field` has not, or that this installation cannot mask to."""
    rung(field, detail)
    if detail not in OFFERED[field]:
        offered = ", ".join(f"{field}:{each}" for each in OFFERED[field])
        hint = f"offered: {offered}" if offered else f"nothing of {field} is offered by this installation"
        raise BadInput(f"{field}:{detail} is not offered here", where="detail", hint=hint)


def caveat(field: Field) -> str:
    """What a shown value does not prove, one sentence; empty where there is nothing to say."""
    return IP_PROVES if field is Field.IP else ""


def _address(text: str) -> Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        # from None: the library's message quotes the address.
        raise BadInput("not an IP address", where="ip") from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise BadInput("an IP address with a zone names an interface of one machine, not a network", where="ip")
        # Don't drop this: ::ffff:203.0.113.77 masked as IPv6 would be ::/48 for everyone on IPv4, and stored
        # unmapped twice it would be two addresses.
        return address.ipv4_mapped or address
    return address


def _network(address: Address) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if isinstance(address, ipaddress.IPv4Address):
        return ipaddress.IPv4Network((address, 24), strict=False)
    # A 6to4 address is 2002 and then a whole IPv4 address: /48 would hand out all of it.
    return ipaddress.IPv6Network((address, 40 if address in _SIX_TO_FOUR else 48), strict=False)

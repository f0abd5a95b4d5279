# SPDX-License-Identifier: Apache-2.0
"""A small writer of MMDB files, for databases of invented places over addresses of documentation, and for broken ones."""

import ipaddress
import struct
from datetime import UTC, datetime

BUILT = datetime(2026, 2, 1, tzinfo=UTC)
MARK = b"\xab\xcd\xefMaxMind.com"


def control(kind, size):
    first, more = (kind << 5, b"") if kind < 8 else (0, bytes([kind - 7]))
    if size < 29:
        return bytes([first | size]) + more
    if size < 285:
        return bytes([first | 29]) + more + bytes([size - 29])
    return bytes([first | 30]) + more + struct.pack(">H", size - 285)


def number(kind, value):
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return control(kind, len(raw)) + raw


def value(given):
    match given:
        case bytes():
            return given  # as it is
        case bool():
            return control(14, int(given))
        case int():
            return number(6 if given < 1 << 32 else 9, given)
        case float():
            return control(3, 8) + struct.pack(">d", given)
        case str():
            return control(2, len(given.encode())) + given.encode()
        case dict():
            return control(7, len(given)) + b"".join(value(k) + value(v) for k, v in given.items())
        case list():
            return control(11, len(given)) + b"".join(map(value, given))


def pointer(offset):
    return bytes([0b00111000]) + struct.pack(">I", offset)


def metadata(nodes, *, version=6, kind="Test-City", built=BUILT, epoch=None):
    short = 5  # readers want these fields as wide as the specification has them
    return MARK + value(
        {
            "node_count": nodes,
            "record_size": number(short, 24),
            "ip_version": number(short, version),
            "database_type": kind,
            "languages": ["en"],
            "binary_format_major_version": number(short, 2),
            "binary_format_minor_version": number(short, 0),
            "build_epoch": number(9, int(built.timestamp()) if epoch is None else epoch),
            "description": {"en": "invented"},
        }
    )


def whole(tree, data, **said):
    """A file of nodes, which are pairs of numbers, and a data section."""
    raw = b"".join(left.to_bytes(3, "big") + right.to_bytes(3, "big") for left, right in tree)
    return raw + bytes(16) + data + metadata(len(tree), **said)


def mmdb(records, **said):
    """A file with a record for each network, as `{"192.0.2.0/24": {…}}`. IPv4 stands under ::/96."""
    tree, data, offsets = [[None, None]], b"", {}
    for text, record in records.items():
        raw = value(record)
        if raw not in offsets:
            offsets[raw], data = len(data), data + raw
        net = ipaddress.ip_network(text)
        v6 = said.get("version", 6) == 6
        bits, length = int(net.network_address), net.prefixlen + (96 if v6 and net.version == 4 else 0)
        width = 128 if v6 else 32
        at = 0
        for depth in range(length):
            bit = bits >> (width - 1 - depth) & 1
            if depth == length - 1:
                tree[at][bit] = ("leaf", offsets[raw])
            else:
                if not isinstance(tree[at][bit], int):
                    tree.append([None, None])
                    tree[at][bit] = len(tree) - 1
                at = tree[at][bit]

    def pointing(one):
        match one:
            case None:
                return len(tree)
            case ("leaf", offset):
                return len(tree) + 16 + offset
            case _:
                return one

    return whole([(pointing(left), pointing(right)) for left, right in tree], data, **said)


def city(country, region=None, name=None, radius=None, **confidence):
    """A record as the most common publisher writes it, with all that must not be read beside it."""
    record = {
        "country": {"iso_code": country, "names": {"en": "a country"}},
        "location": {"latitude": 12.5, "longitude": -7.25, "time_zone": "Europe/Nowhere"},
        "postal": {"code": "12345"},
    }
    if "country_confidence" in confidence:
        record["country"]["confidence"] = confidence["country_confidence"]
    if region:
        record["subdivisions"] = [{"iso_code": region, "confidence": 60} if confidence else {"iso_code": region}]
    if name:
        record["city"] = {"names": {"en": name}} | ({"confidence": 40} if confidence else {})
    if radius is not None:
        record["location"]["accuracy_radius"] = radius
    return record

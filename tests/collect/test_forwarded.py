# SPDX-License-Identifier: Apache-2.0
"""Whose address a connection has: what our own hops saw, and never what a stranger wrote."""

import ipaddress
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect.forwarded import HEADERS, address, client_address

OURS = tuple(ipaddress.ip_network(n) for n in ("192.0.2.0/28", "2001:db8:ffff::/48"))
PROXY, INNER = "192.0.2.1", "192.0.2.2"
CLIENT, LIE = "198.51.100.7", "203.0.113.9"


def found(peer, value=None, header="x-forwarded-for", trusted=OURS):
    answer = client_address(peer, {header: value}, trusted, header)
    return None if answer is None else str(answer)


@pytest.mark.parametrize(
    ("peer", "value", "answer"),
    [
        (CLIENT, None, CLIENT),
        (CLIENT, LIE, CLIENT),
        (PROXY, None, PROXY),
        (PROXY, "", PROXY),
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{LIE}, {CLIENT}", CLIENT),
        (PROXY, f"{LIE}, {CLIENT}, {INNER}", CLIENT),
        (PROXY, f"{LIE},{CLIENT} ,\t{INNER}", CLIENT),
        (PROXY, f"{INNER}, {INNER}", INNER),
        (PROXY, f"{CLIENT}, unknown", PROXY),
        (PROXY, f"{CLIENT}, unknown, {INNER}", INNER),
        (PROXY, f"{CLIENT},", PROXY),
        (PROXY, f"{CLIENT}:4711", CLIENT),
        (PROXY, "[2001:db8::7]:443", "2001:db8::7"),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, "::ffff:198.51.100.7", CLIENT),
        ("::ffff:192.0.2.1", CLIENT, CLIENT),
        ("2001:db8:ffff::1", f"{LIE}, {CLIENT}", CLIENT),
        (PROXY, "fe80::1%eth0", PROXY),
        (PROXY, "198.51.100.07", PROXY),
        (PROXY, "198.51.100.7 evil", PROXY),
        (PROXY, "3325256711", PROXY),
        (None, CLIENT, None),
        ("", CLIENT, None),
        ("unix:", CLIENT, None),
    ],
)
def test_x_forwarded_for(peer, value, answer):
    """The first from the right that is not ours; what cannot be read ends the walk at the hop that was believed last."""
    assert found(peer, value) == answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (f"for={CLIENT}", CLIENT),
        (f"For={CLIENT};proto=https;by={PROXY}", CLIENT),
        (f"for={LIE}, for={CLIENT}", CLIENT),
        (f'for={LIE}, for="{CLIENT}:47011", for={INNER}', CLIENT),
        ('for="[2001:db8::7]:4711"', "2001:db8::7"),
        ('for="[2001:db8::7]"', "2001:db8::7"),
        (f"for=_hidden, for={CLIENT}", CLIENT),
        (f"for={CLIENT}, for=unknown", PROXY),
        (f"for={CLIENT}, for=_hidden", PROXY),
        (f"for={CLIENT}, proto=https", PROXY),
        (f"for={LIE};for={CLIENT}", PROXY),
        (f'for="{LIE}, for={CLIENT}', PROXY),
        (f'for={LIE};x="a, for={CLIENT}"', LIE),
        (f'for="\\1{LIE[1:]}"', f"1{LIE[1:]}"),
        (f"for={CLIENT} garbage", PROXY),
        (f"{CLIENT}", PROXY),
        (",", PROXY),
        ("=", PROXY),
    ],
)
def test_forwarded(value, answer):
    """RFC 7239: quotes, ports, obfuscated names; a header with two readings is believed in none of its hops."""
    assert found(PROXY, value, "forwarded") == answer


def test_one_header_is_believed_and_not_the_other():
    """Whoever may choose the header chooses the answer: our proxy writes one, and passes the client's other one on."""
    headers = {"x-forwarded-for": CLIENT, "forwarded": f"for={LIE}"}
    assert str(client_address(PROXY, headers, OURS)) == CLIENT
    assert str(client_address(PROXY, headers, OURS, "forwarded")) == LIE


def test_with_no_hop_of_ours_no_header_is_read():
    """The default: nobody is trusted."""
    assert found(PROXY, CLIENT, trusted=()) == PROXY


@settings(deadline=None, max_examples=500)
@given(
    st.lists(
        st.one_of(st.text(max_size=30), st.sampled_from([LIE, INNER, "unknown", "[", '"', "for=", ";", "%", "::"])),
        max_size=6,
    ),
    st.sampled_from(HEADERS),
)
def test_garbage_never_raises_and_never_wins(junk, header):
    """Whatever stands left of what our proxy wrote, the answer is what our proxy wrote, or the proxy itself."""
    written = CLIENT if header == "x-forwarded-for" else f"for={CLIENT}"
    assert found(PROXY, ",".join([*junk, written]), header) in (CLIENT, PROXY)
    if header == "x-forwarded-for":
        assert found(PROXY, ",".join([*junk, written]), header) == CLIENT


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(HEADERS))
def test_no_text_raises(peer, value, header):
    """Neither as a peer nor as a header."""
    client_address(peer, {header: value}, OURS, header)
    client_address(PROXY, {header: value}, OURS, header)
    address(value)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from([CLIENT, LIE, PROXY, INNER]), min_size=1, max_size=8))
def test_the_walk_is_the_simplest_one(hops):
    """Against a model: drop our own hops from the right, the next one is the client; none left: the leftmost."""
    rest = [PROXY, *hops[::-1]]
    model = next((hop for hop in rest if hop in (CLIENT, LIE)), rest[-1])
    assert found(PROXY, ", ".join(hops)) == model
    assert found(PROXY, ", ".join(f'for="{h}"' for h in hops), "forwarded") == model


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_of_megabytes_takes_a_moment(header):
    """Only so much of it is read; no pattern here can blow up."""
    began = time.process_time()
    for text in (",", ";", '"', "a=", 'for="', "\\", "1:", f"for={LIE},", " \t"):
        client_address(PROXY, {header: text * 10**6}, OURS, header)
    assert time.process_time() - began < 5

# SPDX-License-Identifier: Apache-2.0
"""Powers by OpenSSL are those of Python; without it Python's are taken; a library that is wrong is found out before a proof leaves."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.keys import ORIGIN, VECTORS, keyring, vrf_key

from whosaw.errors import Damaged
from whosaw.model.record import Stream
from whosaw.privacy import modexp, vrf
from whosaw.store.memory_keys import MemoryKeyRows
from whosaw.tlog import leaf

BIG = st.integers(0, 2**1536 - 1)


@settings(max_examples=60, deadline=None)
@given(BIG, st.one_of(st.integers(0, 3), BIG), st.one_of(st.integers(1, 9), BIG).map(lambda n: n | 1))
def test_it_is_the_power(base, exponent, modulus):
    """Of small and large numbers, of zero and one, modulo one; a base beyond the modulus; an exponent longer than it."""
    for each in (modexp.power, modexp.by(None)):
        assert each(base, exponent, modulus) == pow(base, exponent, modulus)


def test_openssl_is_there_where_these_tests_run():
    """Else the figures of bench are of another machine; a Python without it is served by its own `pow`."""
    assert modexp.library() is not None


def test_a_python_without_openssl_uses_its_own(monkeypatch):
    """No such module, or one without these names."""
    monkeypatch.setitem(sys.modules, "_hashlib", None)
    assert modexp.library() is None
    import _struct

    monkeypatch.setitem(sys.modules, "_hashlib", _struct)
    assert modexp.library() is None
    assert modexp.by(modexp.library()) is pow


@pytest.mark.parametrize("power", [modexp.power, pow], ids=["openssl", "python"])
def test_the_published_proofs_come_out(power, monkeypatch):
    """RFC 9381's own, whichever works them out."""
    monkeypatch.setattr(vrf, "power", power)
    key = vrf_key()
    key._known.clear()
    for each in VECTORS["proofs"]:
        pi, beta = key.prove(bytes.fromhex(each["alpha"]))
        assert (each.get("pi", pi.hex()), each["beta"]) == (pi.hex(), beta.hex())


def test_a_wrong_power_gives_no_proof(monkeypatch):
    """One of the halves off by one: with such a proof in hand anybody has a prime of the key."""
    plain, calls = modexp.power, []

    def wrong(base, exponent, modulus):
        calls.append(exponent)
        return plain(base, exponent, modulus) + (len(calls) == 2)

    monkeypatch.setattr(vrf, "power", wrong)
    with pytest.raises(Damaged, match="does not verify its own proof"):
        vrf_key().prove(b"an alpha of nobody else")


def test_many_new_people_have_the_labels_that_each_would_have(monkeypatch):
    """Proved beside each other or one by one: the same label_0; each proof is worked out once."""
    made = []
    root = vrf.VrfKey._root
    monkeypatch.setattr(vrf.VrfKey, "_root", lambda key, x: made.append(x) or root(key, x))
    vrf_key()._known.clear()
    streams = [Stream.of_person(f"new-{n}") for n in range(20)]
    keys = keyring(MemoryKeyRows()).keys(streams)
    assert len(made) == len(set(made)) == 20
    for stream in streams:
        _, beta = vrf_key().prove(leaf.alpha(int(stream.kind), stream.id, 0))
        assert keys[stream].label_0 == beta
    assert ORIGIN and len({key.label_0 for key in keys.values()}) == 20

# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms: the same for the same id, useless without the root."""

import hashlib
import hmac
from base64 import b32encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.privacy.keys import root

from whosaw.errors import BadInput
from whosaw.model.record import Stream
from whosaw.privacy.pseudonym import Pseudonyms, is_principal, lookup, lookup_prefix

IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=50).filter(lambda t: len(t.encode()) <= 200)


@given(IDS)
def test_a_pseudonym_is_the_beginning_of_the_lookup(person):
    """A person's pseudonym leads to their row, and to no other part of it."""
    made = Pseudonyms(root()).person(person)
    found = lookup(root().lookup, Stream.of_person(person))
    assert not is_principal(made)
    assert found.startswith(lookup_prefix(made))
    assert made == "p-" + b32encode(found[:10]).decode().lower()


@given(IDS)
def test_person_and_principal_of_one_id_have_nothing_in_common(name):
    """Whoever is both staff and customer under one id cannot be recognised by comparing characters."""
    pseudonyms = Pseudonyms(root())
    assert pseudonyms.person(name)[2:] != pseudonyms.principal(name)[2:]
    assert is_principal(pseudonyms.principal(name))


def test_the_format_is_frozen():
    """HMAC-SHA256 over u8 kind ‖ id; first ten bytes in base32, lower case: recorded pseudonyms must not change."""
    key = root().lookup
    digest = hmac.new(key, b"\x01mira", hashlib.sha256).digest()
    assert lookup(key, Stream.of_person("mira")) == digest
    assert Pseudonyms(root()).person("mira") == "p-" + b32encode(digest[:10]).decode().lower()
    assert Pseudonyms(root()).person("mira") == "p-lxm77snjixv7kzsf"
    assert Pseudonyms(root()).principal("mira") == "e-dsbcfjfryz3wll4g"


def test_a_named_stream_is_not_a_person_of_that_name():
    """An account called `admin` does not find the stream `admin`."""
    key = root().lookup
    assert lookup(key, Stream.named("admin")) != lookup(key, Stream.of_person("admin"))


def test_another_root_gives_other_pseudonyms():
    """Two installations share no pseudonym of one id."""
    assert Pseudonyms(root("a")).person("mira") != Pseudonyms(root("b")).person("mira")
    assert Pseudonyms(root("a")).digest(b"q") != Pseudonyms(root("b")).digest(b"q")
    assert len(Pseudonyms(root("a")).digest(b"q")) == 32


@pytest.mark.parametrize("name", ["", "x" * 201, "é" * 101, "\ud800"])
def test_an_id_out_of_bounds_is_refused_and_not_quoted(name):
    """1 to 200 bytes of UTF-8; the error does not repeat the id."""
    for make in (Pseudonyms(root()).person, Pseudonyms(root()).principal):
        with pytest.raises(BadInput) as caught:
            make(name)
        assert not name or name not in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_a_pseudonym_or_bad_input(text):
    """A pseudonym from outside is checked before it is looked up."""
    try:
        prefix = lookup_prefix(text)
    except BadInput:
        return
    assert text == "p-" + b32encode(prefix).decode().lower()


@pytest.mark.parametrize(
    "text", ["p-lxm77snjixv7kzsf\n", "P-lxm77snjixv7kzsf", "p-LXM77SNJIXV7KZSF", "e-lxm77snjixv7kzsf"]
)
def test_a_pseudonym_has_one_spelling(text):
    """Capitals, a newline or another prefix make it none."""
    with pytest.raises(BadInput):
        lookup_prefix(text)


def test_it_does_not_print_its_keys():
    """repr shows nothing."""
    assert repr(Pseudonyms(root())) == "Pseudonyms(…)"

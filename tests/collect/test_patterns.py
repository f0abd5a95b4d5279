# SPDX-License-Identifier: Apache-2.0
"""Where in a path a person stands: one reading or none."""

import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect.observed import No
from whosaw.collect.patterns import Pattern, key_segments, plain_segments, url_segments
from whosaw.collect.persons import spelled
from whosaw.collect.shapes import WORDS, shape
from whosaw.errors import Misconfigured

SEGMENT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


def match(pattern, path):
    parts = url_segments(path)
    return None if isinstance(parts, No) else Pattern.parse(pattern, "here").match(parts)


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("/admin/people/{person}/sign-ins", "/admin/people/u-7/sign-ins", {"person": "u-7"}),
        ("/admin/people/{person}/sign-ins", "/admin/people/u-7/sign-ins/", {"person": "u-7"}),
        ("/admin/people/{person}/sign-ins", "/admin/people/u-7/sign-ins?full=1#top", {"person": "u-7"}),
        ("/admin/people/{person}/sign-ins", "/admin/people/u%2D7/sign-ins", {"person": "u-7"}),
        ("/admin/people/{person}/sign-ins", "/admin/people/u-7/messages", None),
        ("/admin/people/{person}/sign-ins", "/admin/people/u-7", None),
        ("/p/{person}.json", "/p/mira.json", {"person": "mira"}),
        ("/p/{person}.json", "/p/.json", None),
        ("/p/id-{person}", "/p/id-é", {"person": "é"}),
        ("/c/{case}/p/{person}", "/c/T-1/p/mira", {"case": "T-1", "person": "mira"}),
        ("/static/**", "/static/a/b/c.js", {}),
        ("/static/**", "/static", None),
        ("/**", "/", {}),
    ],
)
def test_examples(pattern, path, found):
    """What each pattern finds."""
    assert match(pattern, path) == found


@pytest.mark.parametrize(
    "path",
    [
        "/p//mira", "/p/./mira", "/p/../p/mira", "/p/%2e%2e/mira", "/p/a%2Fb", "/p/a%5Cb", "/p/mira;jsessionid=1",
        "/p/%256dira", "/p/mira%00", "/p/mir%FF", "/p/%ED%A0%80", "p/mira", "", "/..", "/a%2Fb", "/" + "a/" * 70, "/p/" + "x" * 201,
        "/p/a%0Ab", "/p/\ud800",
    ],
)  # fmt: skip
def test_a_path_that_two_servers_read_differently_has_no_reading(path):
    """A person found in it would be a guess, and a look could hide in the difference."""
    assert isinstance(url_segments(path), No)


@settings(deadline=None, max_examples=300)
@given(SEGMENT)
def test_an_encoded_person_is_found_or_the_path_has_no_reading(person):
    """Never another person than the one that was asked for."""
    found = match("/p/{person}/x", f"/p/{quote(person, safe='')}/x")
    assert found in (None, {"person": person})
    if person.isalnum() and person.isascii():
        assert found == {"person": person}


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    """Nothing raises; what is read holds no segment that a server could resolve, split or cut."""
    for read in (url_segments, plain_segments, key_segments):
        parts = read(text)
        if isinstance(parts, No):
            continue
        assert not any(p in (".", "..") or "/" in p or "\\" in p for p in parts)
        assert all(p.isprintable() for p in parts)


@pytest.mark.parametrize(
    "text",
    ["", "/", "/{}", "/{a}{b}", "/a{b", "/a}b", "/{a-b}", "/a/**/b", "/*", "/a/../b", "/a//b", "/{x}/{x}", "/a/{1}"],
)
def test_a_pattern_that_could_mean_two_things_is_refused(text):
    """With its place in the map."""
    with pytest.raises(Misconfigured, match="the map"):
        Pattern.parse(text, "the map")


def test_the_nearer_pattern_has_more_literal_text():
    """A route for one page counts before the one for all."""
    texts = ["/**", "/admin/**", "/admin/{x}/{person}", "/admin/people/{person}", "/admin/people/{person}.csv"]
    made = [Pattern.parse(t, "here") for t in texts]
    assert sorted(made, key=lambda p: p.narrowness) == made


def test_matching_takes_a_moment_whatever_the_text():
    """No backtracking: the worst path of a megabyte is done at once."""
    began = time.process_time()
    for text in ("/" + "a/" * 500_000, "/" + "%61" * 300_000, "/" + ";" * 10**6, "/" + "{" * 10**6):
        url_segments(text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("value", "kind", "person"),
    [
        ("042", "integer", "42"), (" +42 ", "integer", "42"), ("-42", "integer", None), ("4_2", "integer", None),
        ("٤٢", "integer", None), ("", "integer", None), ("9" * 31, "integer", None),
        ("C0FFEE00-0000-4000-8000-000000000001", "uuid", "c0ffee00-0000-4000-8000-000000000001"),
        ("{c0ffee00000040008000000000000001}", "uuid", "c0ffee00-0000-4000-8000-000000000001"),
        ("new", "uuid", None), ("Mira", "text", "Mira"), ("a\tb", "text", None), ("x" * 201, "text", None),
    ],
)  # fmt: skip
def test_a_person_has_one_spelling(value, kind, person):
    """By the type in the map."""
    assert spelled(value, kind) == person


@settings(deadline=None, max_examples=300)
@given(st.lists(SEGMENT, max_size=14))
def test_a_shape_shows_words_and_nothing_else(parts):
    """No id, no name: whatever is not in the list becomes what kind of thing it is."""
    allowed = WORDS | {"{number}", "{text}", "…", ""}
    assert set(shape(parts, WORDS)[1:].split("/")) <= allowed


def test_shapes_by_example():
    """A name is letters too, so letters alone are not shown."""
    assert shape(["admin", "people", "mira", "export"], WORDS) == "/admin/people/{text}/export"
    assert shape(["orders", "4711"], WORDS) == "/orders/{number}"
    assert shape([""], WORDS) == "/"
    assert shape(["api"] * 12, WORDS) == "/" + "/".join(["api"] * 10) + "/…"

# SPDX-License-Identifier: Apache-2.0
"""A statement's shape: what is kept of its text holds nothing that somebody typed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect.sql_text import KNOWN, LIMIT, SHAPE_LIMIT, postgres, shape

WORDS = KNOWN | {"users", "email", "ip", "User Id"}
SECRET, NUMBER = "zqxann", "918273645"
# Every way to put a text or a number into a statement, and some that are none.
WRAPPED = [
    f"'{SECRET}'", f"E'\\n{SECRET}'", f"U&'{SECRET}'", f"N'{SECRET}'", f"$${SECRET}$$", f"$t${SECRET}$t$",
    f"${SECRET}$ x ${SECRET}$", f"B'{SECRET}'", f"X'{SECRET}'", f'"{SECRET}"', f'U&"{SECRET}"', SECRET, SECRET.upper(),
    f"as {SECRET}", f'as "{SECRET} {SECRET}"', f"-- {SECRET}\n", f"/* {SECRET} */", f"/*+ {SECRET} */", f":{SECRET}",
    f"@{SECRET}", f"${SECRET}", f"#{SECRET}", f"?{SECRET}", f"{SECRET}.{SECRET}", f"{SECRET}(1)", f"::{SECRET}",
    f"date '{SECRET}'", f"interval '{SECRET}'", f"'{SECRET}", f'"{SECRET}', f"$${SECRET}", f"/* {SECRET}", f"`{SECRET}`",
    f"[{SECRET}]", f"{{{SECRET}}}", f"\\{SECRET}", f"{SECRET}é", f"users{SECRET}", f"_{SECRET}", f"'' '{SECRET}'",
    NUMBER, f"{NUMBER}.5", f"1e{NUMBER}", f"-{NUMBER}", f"${NUMBER}", f"0x{NUMBER}", f"{NUMBER}{SECRET}", f".{NUMBER}",
    f"comment on table users is '{SECRET}'", f"declare {SECRET} cursor for", f"prepare {SECRET} as", f"set x to {SECRET}",
    f"copy users from '{SECRET}'", f"show {SECRET}", f"notify {SECRET}, '{SECRET}'", f"explain ({SECRET})",
    f"call {SECRET}()", f"do '{SECRET}'", f"listen {SECRET}", f"execute {SECRET}('{SECRET}')", f"fetch all from {SECRET}",
]  # fmt: skip
AROUND = ["select", "from", "users", "where", "email", "=", "(", ")", ",", ";", "'", '"', "$", "$$", "\n", "explain",
          "declare", "prepare", "cursor", "for", "as", "analyze", "E", "/*", "--", "\\", "::", "{", "@", "copy", "alter"]  # fmt: skip


def checked(text):
    made = shape(text, WORDS)
    if made is not None:
        assert SECRET not in made.lower()
        assert NUMBER not in made
        assert len(made) <= SHAPE_LIMIT + 50
    return made


@pytest.mark.parametrize("wrapped", WRAPPED)
@pytest.mark.parametrize(
    "around", ["select {} from users", "{}", "explain {}", "select ip from users where email = {} limit 1"]
)
def test_nothing_typed_is_in_the_shape(wrapped, around):
    """Whatever its wrapping, or there is no shape at all."""
    checked(around.format(wrapped))


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(WRAPPED) | st.sampled_from(AROUND), max_size=12), st.sampled_from([" ", ""]))
def test_no_mixture_brings_it_through(pieces, between):
    """Quotes that open in one place and close in another, comments, commands: nothing typed survives, nothing raises."""
    checked(between.join(pieces))


@settings(deadline=None, max_examples=400)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_shape_is_made_of_words_known_before(text):
    """Of any text at all: keywords of the language, words of the map, marks, and signs of at most three letters."""
    keywords = {word for key in postgres().tokenizer_class.KEYWORDS for word in key.upper().split()}
    made = shape(text, WORDS)
    for word in (made or "").split():
        plain = word.replace("_", "")
        assert (
            word in WORDS
            or word.upper() in keywords
            or word in ("?text", "?number", "?name", "?", "…", "User", "Id")
            or (len(word) <= 6 and not any(c.isalpha() for c in plain))
        ), word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select ip from users where id = '42' -- Ann", "SELECT ip FROM users WHERE id = ?text"),
        ("SELECT Email FROM Users WHERE id IN (1, 2)", "SELECT email FROM users WHERE id IN ( ?number , ?number )"),
        ("select ip from users where id = $1 and x = $22", "SELECT ip FROM users WHERE id = $1 AND ?name = $22"),
        ("declare c cursor for select ip from users", "DECLARE … SELECT ip FROM users"),
        ("explain analyze select ip from users", "EXPLAIN … SELECT ip FROM users"),
        ("prepare p as select '1'", "PREPARE … SELECT ?text"),
        ("select 'never closed", None),
        ("select " + "1," * LIMIT, None),
        ("", ""),
    ],
)
def test_a_shape_still_says_what_was_asked(text, expected):
    """The same question with another value has the same shape."""
    assert shape(text, WORDS) == expected


def test_a_long_shape_is_cut():
    """And says so."""
    made = shape("select " + "ip, " * 2_000 + "1", WORDS)
    assert made.endswith(" …")
    assert len(made) == SHAPE_LIMIT + 2

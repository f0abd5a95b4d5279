# SPDX-License-Identifier: Apache-2.0
"""The map of watched columns: what it says, and what it refuses."""

import hashlib
import tomllib
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.house import MAP, PAGE

from whosaw.collect import relation
from whosaw.collect.columns import Watched
from whosaw.errors import Misconfigured
from whosaw.model.access import Field

SMALL = 'format = 1\n[[table]]\nname = "public.users"\nkey = "id"\ncolumns = { ip = "ip:exact" }\n'


def test_the_documented_example_is_a_map():
    """It watches three tables, one with a quoted name, and its digest is that of its bytes."""
    watched = Watched.parse(MAP)
    assert [t.name for t in watched.tables] == ["public.users", "public.signins", 'public."Case Notes"']
    assert watched.digest == hashlib.sha256(MAP).digest()
    assert watched.tables[0].all == ((Field.IP, "exact"), (Field.PROFILE, "exact"))


def test_every_key_of_the_example_is_documented():
    """And each documented key is one that is known."""
    top = tomllib.loads(MAP.decode())
    for key in {*top, *(k for table in top["table"] for k in table)}:
        assert f"`{key}`" in PAGE or f"`[{key}]`" in PAGE or f"`[[{key}]]`" in PAGE, key


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        (("format = 1", "format = 2"), "format"),
        (("format = 1\n", ""), "format"),
        (("format = 1", "format = 1\nmany_row = 5"), "many_row"),
        (("format = 1", "format = 1\nmany_rows = true"), "many_rows"),
        (("format = 1", "format = 1\nmany_rows = 0"), "many_rows"),
        (("format = 1", 'format = 1\napps = ["psql", "<b>"]'), "apps"),
        (("format = 1", 'format = 1\napps = "psql"'), "apps"),
        (('key = "id"', 'keys = "id"'), "keys"),
        (('key = "id"', 'key = ""'), "key"),
        (('key = "id"', "key = 5"), "key"),
        (('key = "id"', 'key = "id"\nkey_type = "bigint"'), "key_type"),
        (('"public.users"', '"users"'), "name"),
        (('"public.users"', '"Public.users"'), "name"),
        (('"public.users"', '"public.users.ip"'), "name"),
        (('"public.users"', "'public.\"\"'"), "name"),
        (('ip = "ip:exact"', 'ip = "-"'), "columns"),
        (("[[table]]", "[table]"), "table"),
        (("format = 1", "format = 1\n[[table]]\nname = 'public.users'\ncolumns = { ip = 'ip:exact' }"), "table"),
        (("format = 1", "format = 1\n[timezones]\nCET = 'Europe/Paris'"), "timezones"),
        (("format = 1", "format = 1\n[principals]\na = 5"), "principals"),
    ],
)
def test_what_a_map_does_not_know_it_refuses(change, setting):
    """A misspelt key would silently watch less; the error names it."""
    text = SMALL.replace(*change)
    assert text != SMALL
    with pytest.raises(Misconfigured) as error:
        Watched.parse(text.encode())
    assert error.value.setting == setting


@pytest.mark.parametrize(
    "value", ['"ip"', '"iq:exact"', '"ip:exactly"', "[]", "5", '["ip:exact", "-"]', '["ip:exact", 5]']
)
def test_a_field_that_does_not_exist_is_refused(value):
    """With its detail, from the ladder."""
    with pytest.raises(Misconfigured):
        Watched.parse(SMALL.replace('"ip:exact"', value).encode())


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"format = 1\nformat = 1", b"[" * 10_000, b"format = 1\n" + b"#" * 2**20]
)
def test_no_bytes_make_it_raise_anything_else(raw):
    """Not TOML, not UTF-8, too long."""
    with pytest.raises(Misconfigured):
        Watched.parse(raw)


def test_several_fields_of_one_column_count_once_each():
    """At the most detail that is named."""
    text = SMALL.replace('"ip:exact"', '["ip:network", "ip:exact", "location:city"]')
    assert Watched.parse(text.encode()).tables[0].all == ((Field.IP, "exact"), (Field.LOCATION, "city"))


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0"), min_size=1), st.text('ab."A$1é', min_size=1))
def test_a_name_has_one_spelling(schema, name):
    """Whatever a table is called, it is found under its name."""
    assert relation.parse(relation.spelled(schema, name)) == (schema, name)


@settings(deadline=None)
@given(st.text('ab."A', max_size=8))
def test_no_name_raises(text):
    """A schema and a name, or none."""
    meant = relation.parse(text)
    assert meant is None or (all(meant) and relation.parse(relation.spelled(*meant)) == meant)


def test_reserved_words_are_the_same_quoted_or_not():
    """PostgreSQL quotes `user` today."""
    assert relation.parse('public."user"') == relation.parse("public.user") == ("public", "user")


@pytest.mark.parametrize(
    ("kind", "values", "person"),
    [
        ("integer", ["42", "042", "+42", " 42 "], "42"),
        ("integer", ["-42", "4_2", "٤٢", "4.2", "", "9" * 31, "0x2a"], None),
        ("uuid", [str(uuid.UUID(int=7)), str(uuid.UUID(int=7)).upper(), "{" + str(uuid.UUID(int=7)) + "}"], str(uuid.UUID(int=7))),
        ("uuid", ["", "7", "g" * 32, "٤" * 32, "{" * 50], None),
        ("text", ["p-1"], "p-1"),
        ("text", ["", "a\nb", "x" * 201], None),
    ],
)  # fmt: skip
def test_a_person_has_one_spelling(kind, values, person):
    """A person must not be found under three names; what the key's type has not names nobody."""
    table = Watched.parse(SMALL.replace('key = "id"', f'key = "id"\nkey_type = "{kind}"').encode()).tables[0]
    assert {table.person(v) for v in values} == {person}


def test_a_table_is_of_its_database_where_the_map_says_so():
    """The same name in another database is another table."""
    watched = Watched.parse(SMALL.replace('key = "id"', 'key = "id"\ndatabase = "shop"').encode())
    assert watched.named("shop", "public.users") is watched.tables[0]
    assert watched.named("other", "public.users") is None
    assert watched.meant("other", None, "users") == ()
    assert watched.meant("shop", None, "users") == watched.tables
    assert watched.meant("shop", "archive", "users") == ()

# SPDX-License-Identifier: Apache-2.0
"""What a statement reads, and whom its key names: held against a database that answers the same statements."""

import sqlite3
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect import sql
from whosaw.collect.observed import No
from whosaw.collect.sql import Statement
from whosaw.collect.sql_bounds import TOO_MUCH, UNREADABLE
from whosaw.collect.sql_keys import array
from whosaw.collect.sql_params import spaced
from whosaw.collect.sql_text import shape

KNOWN = {"users": frozenset({"id", "email", "ip"}), "signins": frozenset({"user_id", "city"})}
NUMBERS = st.integers(1, 4)


def keys(statement, table, column):
    """Values that every row of `table` has in `column`, over all its uses; None where some use is not bound."""
    found = set()
    for use in statement.uses:
        if use.table == table:
            bound = use.bound.get(column)
            if bound is None:
                return None
            found |= {value for key in bound for value in key.values(())}
    return found


# ── the oracle ──


@pytest.fixture(scope="module")
def town():
    """Four persons with two sign-ins each, one of them without a person."""
    with sqlite3.connect(":memory:") as db:
        db.execute("create table users(id int, email text, ip text)")
        db.execute("create table signins(user_id int, city text)")
        for n in range(1, 5):
            db.execute("insert into users values (?, ?, ?)", (n, f"e{n}", f"192.0.2.{n}"))
            db.executemany("insert into signins values (?, ?)", [(n, f"c{n}"), (n if n < 4 else None, "c")])
    yield db
    db.close()


def comparisons(u, s):
    return st.one_of(
        NUMBERS.map(lambda n: f"{u}.id = {n}"),
        NUMBERS.map(lambda n: f"{n} = ({u}.id)"),
        NUMBERS.map(lambda n: f"{s}.user_id = {n}"),
        NUMBERS.map(lambda n: f"{u}.id <> {n}"),
        NUMBERS.map(lambda n: f"{u}.email = 'e{n}'"),
        st.lists(NUMBERS, min_size=1, max_size=3).map(lambda ns: f"{u}.id in ({', '.join(map(str, ns))})"),
        NUMBERS.map(lambda n: f"({u}.id, {s}.user_id) = ({n}, {n})"),
        st.just(f"{u}.id = {s}.user_id"),
        st.just(f"{s}.user_id is null"),
        NUMBERS.map(lambda n: f"{u}.id in (select user_id from signins where user_id = {n})"),
        NUMBERS.map(lambda n: f"exists (select 1 from signins x where x.user_id = {u}.id and {u}.id = {n})"),
        NUMBERS.map(lambda n: f"not exists (select 1 from signins x where x.user_id = {u}.id and x.user_id = {n})"),
        NUMBERS.map(lambda n: f"{u}.id = (select max(x.user_id) from signins x where x.user_id <= {n})"),
    )


def conditions(u="u", s="s"):
    return st.recursive(
        comparisons(u, s),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda ab: f"({ab[0]} and {ab[1]})"),
            st.tuples(inner, inner).map(lambda ab: f"({ab[0]} or {ab[1]})"),
            inner.map(lambda a: f"not ({a})"),
        ),
        max_leaves=4,
    )


USERS = st.one_of(
    st.just("users u"),
    st.just("(select * from users) u"),
    NUMBERS.map(lambda n: f"(select id, email from users where id = {n}) u"),
    st.just("(select id, email, count(*) over () as n from users) u"),
    st.just("(select id, email from users union select id, email from users where id = 1) u"),
)
SIGNINS = st.one_of(
    st.just("signins s"),
    NUMBERS.map(lambda n: f"(select user_id, city from signins where user_id = {n}) s"),
)


@st.composite
def queries(draw):
    join = draw(st.sampled_from(["join", "left join", "right join", "full join"]))
    text = f"select u.id as uid, s.user_id as sid from {draw(USERS)} {join} {draw(SIGNINS)} on {draw(conditions())}"
    return text + (f" where {draw(conditions())}" if draw(st.booleans()) else "")


@settings(deadline=None, max_examples=60)
@given(queries())
def test_whoever_a_key_binds_is_all_that_is_shown(town, text):
    """If the key says that only these persons are shown, then no row that the database shows is of anybody else."""
    statement = sql.read(text, KNOWN)
    assert isinstance(statement, Statement)
    rows = town.execute(text).fetchall()
    for table, column, at in (("users", "id", 0), ("signins", "user_id", 1)):
        outer = [u for u in statement.uses if u.table == table]
        bound = keys(statement, table, column)
        if bound is not None and outer:
            assert {str(row[at]) for row in rows if row[at] is not None} <= bound


@settings(deadline=None, max_examples=100)
@given(conditions("a", "s"), NUMBERS)
def test_a_name_used_twice_binds_neither_for_the_other(town, condition, number):
    """`with x … from x a, x b where a.id = 1` shows everybody through b."""
    text = (
        "with x as (select id, email from users) "
        f"select a.id, b.id from x a cross join x b cross join signins s where {condition} and a.id = {number}"
    )
    bound = keys(sql.read(text, KNOWN), "users", "id")
    shown = {str(value) for row in town.execute(text) for value in row}
    assert bound is None or shown <= bound


# ── what is bound, and what is not ──


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("select ip from users where id = '1'", {"1"}),
        ("select ip from users where '1' = id", {"1"}),
        ("select ip from users where id = any('{1,2}')", {"1", "2"}),
        ("select ip from users where id = any(array[1, 2])", {"1", "2"}),
        ("select ip from users where id in (values (1), (2))", {"1", "2"}),
        ("select ip from users where id::text = ('1')::text", {"1"}),
        ("select ip from users where id = 1 or (id = 2 and email = 'x')", {"1", "2"}),
        ("select ip from users where id is not distinct from 1", {"1"}),
        ("select ip from public.users as x where x.id = E'\\x31'", {"1"}),
        ('select "ip" from "users" where USERS."id" = 1', {"1"}),
        ("select ip from (select * from users) t where t.id = 1", {"1"}),
        ("select city from signins join users on id = user_id where users.id = 1 and signins.city = 'x'", {"1"}),
        ("update users set ip = null where id = 1 returning ip", {"1"}),
        ("delete from users using signins s where users.id = s.user_id and s.user_id = 1 returning ip", {"1"}),
        ("select ip from users where id::varchar(1) = '1'", None),
        ("select ip from users where id::char = '1'", None),
        ("select ip from users where lower(email) = '1'", None),
        ("select ip from users where id = 1 + 1", None),
        ("select ip from users where id = E'\\\\1'", None),
        ("select ip from users where id > 1", None),
        ("select ip from users where not id = 1", None),
        ("select ip from users where id = 1 or email = 'x'", None),
        ("select ip from users where id = all('{1}')", None),
        ("select ip from users where case when true then id = 1 end", None),
        ("select ip from (select id, max(ip) over () as ip from users) t where t.id = 1", None),
        ("select ip from users where id = 1 union all select ip from users", None),
        ("select (select max(ip) from users) from users where id = 1", None),
        ("select ip from users u (a, b, c) where a = 1", None),
    ],
)
def test_a_key_binds_by_plain_equality_and_nothing_else(text, bound):
    """In doubt nobody is named, or not for every row."""
    assert keys(sql.read(text, KNOWN), "users", "id") == bound


@pytest.mark.parametrize(
    ("text", "columns", "whole"),
    [
        ("select ip from users order by email", {"ip", "email"}, False),
        ("select ip as x from users order by x", {"ip"}, False),
        ("select count(*) filter (where ip is null) from users group by email", {"ip", "email"}, False),
        ("select 1 from users having max(ip) > ''", {"ip"}, False),
        ("select * from users", set(), True),
        ("select u.* from users u, signins", set(), True),
        ("select row_to_json(u) from users u", set(), True),
        ("select max(ip) over (partition by email) from users", {"ip", "email"}, False),
        ("select s.city from signins s where exists (select 1 from users where users.ip = s.city)", {"ip"}, False),
        ("select distinct on (email) 1 from users", {"email"}, False),
        ("select secret from users", {"secret"}, False),
        ("insert into signins (city) select ip from users", {"ip"}, False),
        ("update signins set city = (select ip from users limit 1)", {"ip"}, False),
        ("with d as (delete from signins returning 1) select ip from users, d", {"ip"}, False),
        ("with d as (insert into signins select ip from users returning 1) select * from d", {"ip"}, False),
        ("copy users (ip) to stdout", {"ip"}, False),
        ("copy users to stdout", set(), True),
        ("copy (select ip from users) to stdout", {"ip"}, False),
        ("select x.ip from signins, lateral (select ip from users) x", {"ip"}, False),
    ],
)
def test_columns_are_those_that_are_used_anywhere(text, columns, whole):
    """Shown, compared, sorted by, counted: each tells something of what stands there."""
    uses = [u for u in sql.read(text, KNOWN).uses if u.table == "users"]
    assert uses
    assert set().union(*(u.columns for u in uses)) == columns
    assert any(u.whole for u in uses) is whole


@settings(deadline=None, max_examples=200)
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(["select", "from", "users", "(", ")", "*", ",", "'", '"', "where", "id", "=", "1", "with", "as", "$1",
                         "union", "join", "on", "update", "set", "declare", "explain", "prepare", "for", "cursor", "::", ";",
                         "lateral", "copy", "to", "stdout", "in", "any", "array", "[", "]", "case", "--", "/*", "$$", "values"]),
        max_size=25,
    ).map(" ".join)
)  # fmt: skip
def test_no_text_raises(text):
    """Understood, or not: a statement is somebody else's text, read by somebody else's parser."""
    assert isinstance(sql.read(text, KNOWN), (Statement, No))


@pytest.mark.parametrize(
    "text",
    ["select " + "(" * 30_000, "select 1" + " union select 1" * 4_000, "x" * 70_000, "select '" + "a" * 70_000 + "'",
     "select " + "-" * 20_000 + "1", "select 1" + "+1" * 5_000, "\0", "'" * 60_001],
)  # fmt: skip
def test_a_hostile_statement_is_not_understood_and_that_is_all(text):
    """Too deep, too long, too many."""
    assert isinstance(sql.read(text, KNOWN), (Statement, No))


WHERE = "select ip from users where id = "


@pytest.mark.parametrize(
    "text",
    [WHERE + "any(" + "array[" * 20 + "42" + "]" * 20 + ")", WHERE + "varchar(" * 20 + "42" + ")" * 20,
     WHERE + "struct(" * 20 + "42" + ")" * 20, WHERE + "(" * 61 + "42" + ")" * 61, WHERE + "1 or id = ".join(["1"] * 1_001),
     "select ip from users" + " join users using (id)" * 100, "select 1" + " union select 1" * 100,
     "select ip from users" + "".join(f", users u{n}" for n in range(100)),
     "select ip from users" + "".join(f" join users u{n} using ({'id, ' * 20}ip)" for n in range(90))],
)  # fmt: skip
def test_what_would_take_too_long_is_refused_by_its_size(text):
    """Tokens, brackets, queries, and steps of the parser are counted: the answer is the same on any machine."""
    assert sql.read(text, KNOWN) == TOO_MUCH


def test_a_long_honest_statement_is_read():
    """A list of five thousand keys, ninety joins, brackets in brackets: what people really write stays readable."""
    ids = {str(n) for n in range(5_000)}
    many = f"select ip from users where id in ({', '.join(sorted(ids))})"
    assert keys(sql.read(many, KNOWN), "users", "id") == ids
    joins = "".join(f" join users u{n} on u{n}.id = users.id" for n in range(90))
    assert keys(sql.read(f"select users.ip from users{joins} where users.id = 7", KNOWN), "users", "id") == {"7"}
    deep = "select ip from users where id = any(array[(((array[1, 2]))[1])]) and " + "(" * 40 + "id = 7" + ")" * 40
    assert keys(sql.read(deep, KNOWN), "users", "id") == {"7"}


def test_statements_of_any_size_take_a_moment():
    """A generous guard beside the counts: what took years, minutes or seconds each takes less than all of ten seconds."""
    began = time.process_time()
    for text in (
        WHERE + "any(" + "array[" * 40 + "42" + "]" * 40 + ")",
        "select ip from users" + "".join(f" join users u{n} on u{n}.id = users.id" for n in range(400)),
        "select ip from users" + "".join(f" left join users u{n} on u{n}.id = users.id" for n in range(90)),
        "select " + ", ".join(f"ip as x{n}" for n in range(600)) + " from users order by " + "x, " * 600 + "x",
        "explain " * 2_000 + "select 1",
    ):
        assert isinstance(sql.read(text, KNOWN), (Statement, No))
        shape(text, frozenset())
    assert time.process_time() - began < 10


# ── parameters, and what is no quote ──


@pytest.mark.parametrize("text", ["id in ($1,$2)", "id=any(array[$1,$2])", "id in ($1, $2)"])
def test_parameters_without_a_blank_between_them_are_parameters(text):
    """`$1,$` begins no quoted text: a tag has a letter first."""
    [use] = sql.read(f"select ip from users where {text}", KNOWN).uses
    assert [key.parameter for key in use.bound["id"]] == [1, 2]


@pytest.mark.parametrize(
    "text",
    ["select $1/*$*/, ip from users where id = $1/*$ as a from plain -- */", "select $1+$2, ip from users where $1+$2 > 0",
     "select $1/*/*$*/*/, ip from users where id = $1/*/*$ from plain -- */*/"],
)  # fmt: skip
def test_a_parameter_hides_no_table(text):
    """What PostgreSQL reads as a parameter and a comment is a quoted text to nobody. In doubt it cannot be read."""
    statement = sql.read(text, KNOWN)
    assert statement == UNREADABLE or "users" in {use.table for use in statement.uses}


PIECES = ["$1", ",", "$2", "'$1,$2'", "''", "'it''s $1,$'", "E'\\'$1,$'", '"$1,$"', "$$ $1,$2 $$", "$a$ $1,$ $$ $a$", "-- $1,$2\n", "-- '\r", "/* $1,$ */",
          "a$1", "e", " ", "\n", "$", "(", "::int"]  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_only_blanks_are_added_and_only_behind_parameters(pieces):
    """No quote, comment or word is changed, whatever stands beside it."""
    text = " ".join(pieces)
    made = spaced(text)
    assert made == text or made == " ".join(p + " " if p in ("$1", "$2") else p for p in pieces)


@settings(deadline=None, max_examples=120)
@given(st.text(st.sampled_from("$1a'\"-/*eE\\,\n "), max_size=30))
def test_spacing_twice_is_spacing(text):
    """Nothing is lost but for the blanks, and nothing raises."""
    made = spaced(text)
    assert made.replace(" ", "") == text.replace(" ", "")


# ── lists in PostgreSQL's spelling ──


def spelled(items):
    """As array_out writes it."""

    def item(text):
        plain = text and text.upper() != "NULL" and not set(text) & set('{}",\\ \t\n\r')
        return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "{" + ",".join(map(item, items)) + "}"


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from('a1,"\\{} NULnul'), max_size=6), max_size=5))
def test_a_list_is_read_as_postgresql_writes_it(items):
    """Quotes, backslashes, the word NULL as a text."""
    assert array(spelled(items)) == tuple(items)


@settings(deadline=None, max_examples=120)
@given(st.text(st.sampled_from('{}",\\aN '), max_size=12))
def test_no_list_raises(text):
    """Items or nothing."""
    found = array(text)
    assert found is None or text[0] + text[-1] == "{}"


@pytest.mark.parametrize("text", ["", "{", "1,2", "{1,2", "{{1},{2}}", '{"a}', "{a,}", "{,a}", '{"a"b}', "{a\\}"])
def test_what_is_no_list_of_one_dimension_names_nobody(text):
    """Nested, open, or with an item left out."""
    assert array(text) is None

# SPDX-License-Identifier: Apache-2.0
"""What a real PostgreSQL with pgAudit logs, read back: exactly the looks that were made, the same in both formats."""

import psycopg
import pytest
from tests.collect.house import FORMATS, looks, read, reasons, told

from whosaw.collect.observed import Malformed
from whosaw.collect.pgaudit import IMITATED

pytestmark = pytest.mark.postgres

INDIRECT = "a table reached through a view or a function"
TOGETHER = "several statements in one text: each counts as all of them"
UNREAD = "a statement that could not be read"
UNMAPPED = "columns that the map does not name: counted as all fields"
NO_PARAMETER = "a key whose parameter was not logged"


def parameters(text, *values):
    return lambda db: db.execute(text, values)


def copied(text):
    def run(db):
        with db.cursor().copy(text) as copy:
            return list(copy)

    return run


def streamed(text):
    """Row by row; what was sent before an error has arrived."""

    def run(db):
        with db.cursor() as cursor:
            return list(cursor.stream(text))

    return run


# what is promised, statements, looks
ONE = [
    ("a single key", ["select ip from users where id = 42"], ["users: read 42: ip"]),
    ("a key in other spellings", ["select ip from users where (id) = ('+42')::int"], ["users: read 42: ip"]),
    ("a list of keys", ["select ip, created_at from users where id in (1, 2, 3)"], ["users: read 1 2 3: ip"]),
    ("a parameter", [parameters("select email from users where id = %s", 42)], ["users: read 42: profile"]),
    ("a list as parameter", [parameters("select ip from users where id = any(%s)", [4, 5])], ["users: read 4 5: ip"]),
    ("a prepared statement, run twice",
        ["prepare p(int) as select ip from users where id = $1", "execute p(15)", "execute p(16)"],
        ["users: read 15: ip", "users: read 16: ip"]),
    ("a join carries the key over",
        ["select u.email, s.ip, s.city from users u join signins s on s.user_id = u.id where u.id = 7"],
        ["users: read 7: profile", "signins: read 7: ip location:city"]),
    ("the right side of a left join", [
        "select u.email, s.city from users u left join signins s on s.user_id = u.id and s.user_id = 7"],
        ["users: export -: profile", "signins: read 7: location:city"]),
    ("a subquery", ["select city from signins where user_id in (select id from users where email like 'person7@%')"],
        ["signins: search -: location:city", "users: search -: profile"]),
    ("WITH", ["with x as (select * from users) select ip from x where id = 3"], ["users: read 3: ip profile"]),
    ("WITH, used twice: one of them shows all",
        ["with x as (select id, ip from users) select b.ip from x a, x b where a.id = 3"], ["users: export -: ip"]),
    ("a key that is only one way in",
        ["select ip from users where id = 1 or email = 'person2@example.org'"], ["users: search 1: ip profile"]),
    ("a search", ["select email from users where email like 'person1%'"], ["users: search -: profile"]),
    ("a probe that shows nothing", ["select 1 from users where email = 'x'"], ["users: search -: profile"]),
    ("a cast that can shorten is no key", ["select ip from users where id::varchar(1) = '4'"], ["users: search -: ip"]),
    ("rows as values", ["select u from users u where id = 1", "select to_jsonb(u) from users u"],
        ["users: read 1: ip profile", "users: export -: ip profile"]),
    ("a small LIMIT, a large one", ["select ip from users limit 10", "select ip from users limit 100000"],
        ["users: search -: ip", "users: export -: ip"]),
    ("everything", ["select * from users"], ["users: export -: ip profile"]),
    ("TABLE", ["table users"], ["users: export -: ip profile"]),
    ("a view", ["select ip from people where id = 7"], [f"users: search -: ip profile; {INDIRECT}"]),
    ("a function", ["select ip_of(7)"], ["users: read 7: ip"]),
    ("a function whose text is not logged", ["select atomic_ip_of(7)"],
        ["users: search -: ip profile; a statement that was not logged"]),
    ("a DO block", ["do $$ declare r text; begin select email into r from users where id = 12; end $$"],
        ["users: read 12: profile"]),
    ("a variable of PL/pgSQL looks like a column",
        ["do $$ declare r text; n int = 12; begin select email into r from users where id = n; end $$"],
        [f"users: search -: ip profile; {UNMAPPED}; public.users.n"]),
    ("COPY of a table", [copied("copy users to stdout")], ["users: export -: ip profile"]),
    ("COPY of columns", [copied("copy users (id, ip) to stdout")], ["users: export -: ip"]),
    ("COPY of a query", [copied("copy (select ip from users where id = 3) to stdout")], ["users: export 3: ip"]),
    ("rows kept elsewhere", ["create temp table kept as select ip from users where email <> ''"],
        ["users: export -: ip profile"]),
    ("INSERT … SELECT", ["insert into plain select id, email from users"], ["users: export -: profile"]),
    ("UPDATE … FROM", ["update plain set note = u.email from users u where u.id = plain.id"],
        ["users: search -: profile"]),
    ("UPDATE that reads what it sets", ["update users set name = email where id = 3"], ["users: read 3: profile"]),
    ("UPDATE … RETURNING", ["update users set email = 'x' where id = 3 returning ip"], ["users: read 3: ip"]),
    ("DELETE … RETURNING", ["delete from signins where user_id = 99 returning device"], ["signins: read 99: device"]),
    ("writing without reading", ["update users set email = 'x' where id = 3", "delete from signins where user_id = 98",
        "insert into users (id, email) values (900, 'x')"], []),
    ("counts", ["select count(ip) from users"], ["users: aggregate -: ip"]),
    ("the greatest is a value", ["select count(*), max(ip) from users"], ["users: export -: ip"]),
    ("nothing personal", ["select count(*) from users", "select id, created_at from users where id = 3"], []),
    ("EXPLAIN", ["explain select ip from users where id = 8"], []),
    ("EXPLAIN ANALYZE", ["explain analyze select ip from users where id = 8", "explain (analyze) select ip from users"],
        ["users: read 8: ip", "users: aggregate -: ip"]),
    ("EXPLAIN excuses only itself", ["explain select 1; select ip from users where id = 8"],
        [f"users: search -: ip profile; {UNREAD}"]),
    ("a cursor", ["begin", "declare c cursor for select ip from users where id = 8", "fetch all from c", "commit"],
        ["users: read 8: ip"]),
    ("rolled back, and still a look", ["begin", "select ip from users where id = 9", "rollback"], ["users: read 9: ip"]),
    ("fails after rows were sent", [streamed("select ip, 1 / (id - 100) from users where id < 101")],
        ["users: search -: ip"]),
    ("several statements in one text", ["select ip from users where id = 1; select email from users where id = 2"],
        [f"users: read 1 2: ip profile; {TOGETHER}"] * 2),
    ("quoted names", ['select "Note" from "Case Notes" where "User Id" = 42', 'select n."Note" from "Case Notes" n'],
        ['"Case Notes": read 42: messages', '"Case Notes": export -: messages']),
    ("comments and newlines", ["select ip -- 'for the desk'\nfrom users /* all? */ where id = 1\n\nand email <> 'a,\"b'"],
        ["users: read 1: ip profile"]),
    ("MERGE is not understood", [
        "merge into plain p using users u on u.id = p.id and u.email = 'x' when not matched then insert values (u.id)"],
        [f"users: search -: ip profile; {UNREAD}"]),
    ("SET ROLE changes no principal", ["set role desk", "select ip from users where id = 9"], ["users: read 9: ip"]),
]  # fmt: skip


def run(database, statements, user="mira", **more):
    """The log of some statements, in both formats. Errors are the statements' own and part of what is tested."""
    with database.recording() as log, database.connect(user, **more) as db:
        for each in statements:
            try:
                each(db) if callable(each) else db.execute(each)
            except psycopg.Error:
                db.rollback()
    return log


def same_in_both(log):
    """The outcomes; looks are the same in both formats to the last fact."""
    json, csv = (read(log[form])[0] for form in FORMATS)
    assert looks(json) == looks(csv)
    assert [type(o) for o in json] == [type(o) for o in csv]
    return json


@pytest.mark.parametrize(("statements", "expected"), [pytest.param(s, e, id=name) for name, s, e in ONE])
def test_what_was_looked_at_is_what_the_log_tells(database, statements, expected):
    """Fields, persons and mode of each statement, as a person reading the statement would say."""
    outcomes = same_in_both(run(database, statements))
    assert [told(look) for look in looks(outcomes)] == expected
    assert {look.principal for look in looks(outcomes)} <= {"mira"}
    assert reasons(outcomes, Malformed) == []


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        ("whosaw:mira.ito:C-77", "users: read 9: ip; mira.ito claimed; C-77"),
        ("whosaw:mira.ito:", "users: read 9: ip; mira.ito claimed"),
        ("psql", "users: read 9: ip; psql"),
        ("whosaw:mira.ito", "users: read 9: ip; an application name that was not kept"),
        ("whosaw::C-77", "users: read 9: ip; an application name that was not kept"),
        ("Ann Example <ann@example.org>", "users: read 9: ip; an application name that was not kept"),
        ("whosaw:mira.ito:" + "C" * 60, "users: read 9: ip; a claim cut off at 63 bytes"),
        ("", "users: read 9: ip"),
    ],
)
def test_an_application_name_is_a_claim_or_a_tool_or_nothing(database, application, expected):
    """Staff and case are taken from the tag, marked as claimed; one cut short is not used, for it names another case."""
    log = run(database, ["select ip from users where id = 9"], application_name=application)
    assert [told(look) for look in looks(same_in_both(log))] == [expected]


def test_an_account_of_ones_own_is_that_member_of_staff(database):
    """The map's principals: two accounts of one human are one principal."""
    log = run(database, ["select ip from users where id = 9"], user="mira_readonly")
    assert [look.principal for look in looks(same_in_both(log))] == ["mira"]


def test_a_refused_attempt_is_a_look_that_was_refused(database):
    """Who may not look and tries is seen, with whom they tried to look at."""
    statements = [
        "select ip from users where id = 9",
        'select "Note" from "Case Notes"',
        "select * from plain",
        parameters("select ip from users where id = %s", 9),
    ]
    found = looks(same_in_both(run(database, statements, user="kofi")))
    assert [told(look) for look in found] == [
        "users: read 9: ip; refuse",
        '"Case Notes": export -: messages; refuse',
        f"users: search -: ip; refuse; {NO_PARAMETER}",
    ]
    assert {look.principal for look in found} == {"kofi"}


def test_session_and_object_records_of_one_statement_are_one_look(database):
    """Both ways of auditing at once, and what is not watched is not taken."""
    statements = [
        "select ip from users where id = 42",
        "select u.email from users u join signins s on s.user_id = u.id where s.user_id = 7 and s.city = 'Aby'",
        "select * from plain",
        "insert into plain select id, email from users",
        "update plain set note = 'x'",
    ]
    outcomes = same_in_both(run(database, statements, user="session_watched"))
    assert [told(look) for look in looks(outcomes)] == [
        "users: read 42: ip",
        "users: read 7: profile",
        "signins: read 7: location:city",
        "users: export -: profile",
    ]
    assert len({look.id for look in looks(outcomes)}) == 4


def test_the_text_once_is_enough(database):
    """With log_statement_once, later records of a statement say `<previously logged>` and mean the first one's text."""
    with database.connect() as db:
        db.execute("alter role session_watched set pgaudit.log_statement_once = on")
    try:
        log = run(database, [parameters("select ip from users where id = %s", 42)], user="session_watched")
    finally:
        with database.connect() as db:
            db.execute("alter role session_watched reset pgaudit.log_statement_once")
    assert b"<previously logged>" in log["jsonlog"]
    assert [told(look) for look in looks(same_in_both(log))] == ["users: read 42: ip"]


def test_rows_are_read_where_they_are_logged(database):
    """log_rows: the number is kept, and many rows are an export. (It also loses looks: see the documentation.)"""
    with database.connect() as db:
        db.execute("alter role mira set pgaudit.log_rows = on")
    try:
        log = run(database, ["select ip from users where id = 42", "select ip from users where email <> ''"])
    finally:
        with database.connect() as db:
            db.execute("alter role mira reset pgaudit.log_rows")
    found = looks(same_in_both(log))
    assert [told(look) for look in found] == ["users: read 42: ip", "users: export -: ip profile"]
    assert found[0].rows == 1
    assert found[1].rows >= 100


def test_a_forged_record_is_not_taken(database):
    """RAISE LOG writes what anybody likes into the same log. It is malformed, and counted; nobody was looked at."""
    forged = "AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.users,select ip from users where id = 1,<none>"
    statements = [
        f"do $$ begin raise log '{forged}'; end $$",
        f"do $$ begin raise log E'x\\n{forged}'; end $$",
        f"do $$ begin raise exception '{forged}' using errcode = '42501'; end $$",
        f"select '{forged}'::int",
        f'select "{forged}"',
    ]
    outcomes = same_in_both(run(database, statements))
    assert looks(outcomes) == []
    assert reasons(outcomes, Malformed) == [IMITATED, IMITATED]


def test_a_forged_record_shows_even_where_the_server_says_little(database):
    """The settings that shorten what is logged do not hide that a record is not pgAudit's own."""
    forged = "AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.users,select ip from users where id = 1,<none>"
    shortened = ("log_error_verbosity = terse", "log_min_error_statement = panic")
    with database.connect() as db:
        for setting in shortened:
            db.execute(f"alter role mira set {setting}")
    try:
        log = run(database, [f"do $$ begin raise log '{forged}'; end $$"])
    finally:
        with database.connect() as db:
            for setting in shortened:
                db.execute(f"alter role mira reset {setting.split()[0]}")
    assert reasons(same_in_both(log), Malformed) == [IMITATED]


def test_a_newline_in_a_statement_ends_no_record(database):
    """A whole forged record inside a statement stays inside it."""
    line = '2026-11-24 10:00:00.000 UTC,"eve","postgres",1,"[local]",1.1,1,"SELECT",2026-11-24 10:00:00 UTC,1/1,0,LOG,00000,"AUDIT: "'
    outcomes = same_in_both(run(database, [f"select ip from users where id = 1 and email <> '\n{line}\n{{\n'"]))
    assert [told(look) for look in looks(outcomes)] == ["users: read 1: ip profile"]
    assert {look.principal for look in looks(outcomes)} == {"mira"}


def test_no_line_of_a_session_is_missing_and_a_cut_shows(database):
    """Lines are numbered by session: a log read whole has no gap, one with a line cut out has exactly that one."""
    log = run(database, ["select ip from users where id = 1"] * 3)
    for form in FORMATS:
        assert read(log[form])[1].gaps() == ()
        lines = log[form].splitlines(keepends=True)
        session = looks(read(log[form])[0])[0].id.split(",")[0]
        cut = [n for n, line in enumerate(lines) if session.encode() in line][1]
        assert list(map(str, read(b"".join(lines[:cut] + lines[cut + 1 :]))[1].gaps())) == [
            f"lines 2 to 2 of session {session} are missing"
        ]


def test_changing_what_is_audited_is_counted(database):
    """Who turns auditing off is seen, where pgaudit.log has what sees it."""
    with database.connect() as db:
        db.execute("alter role postgres set pgaudit.log = 'misc, role'")
    try:
        log = run(database, ["set pgaudit.log_rows = off", "alter role kofi reset pgaudit.log"], user="postgres")
    finally:
        with database.connect() as db:
            db.execute("alter role postgres reset pgaudit.log")
    assert reasons(same_in_both(log)).count("changes pgAudit's own settings") >= 2

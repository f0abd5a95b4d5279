# SPDX-License-Identifier: Apache-2.0
"""The pgAudit reader on logs that no server would write, or would write only on a bad day."""

import gzip
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.house import FORMATS, MAP, looks, read, reasons, told
from tests.collect.test_server_log import AT, csvlog, jsonlog

from whosaw.collect.columns import Watched
from whosaw.collect.lines import Source
from whosaw.collect.observed import Malformed, Skipped, Taken, Where
from whosaw.collect.pgaudit import IMITATED, NUMBER_AGAIN, PREPARED, SETTINGS, TOLD_BEFORE, PgAudit
from whosaw.collect.pgaudit_message import INCOMPLETE
from whosaw.collect.server_log import Entry

WRITE = {"jsonlog": jsonlog, "csvlog": csvlog}
ENTRY = Entry(at=AT, user="mira", database="postgres", session="6b05eb4c.3fcc", line=1, severity="LOG", state=None,
              message="", statement=None, context=None, app=None)  # fmt: skip


def cell(text):
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n\r') else text


def audit(text, *, number=1, sub=1, kind="OBJECT", name="public.users", class_="READ", command="SELECT", parameters="<none>",
          rows=None, **more):  # fmt: skip
    """One audit record of the house, as pgAudit words it."""
    tail = "" if rows is None else f",{rows}"
    message = f"AUDIT: {kind},{number},{sub},{class_},{command},TABLE,{name},{cell(text)},{cell(parameters)}{tail}"
    return replace(ENTRY, message=message, line=more.pop("line", number), **more)


STATEMENTS = [
    "select ip from users where id = {n}",
    "select * from users",
    "select u.ip from users u join signins s on s.user_id = u.id and u.id = {n}",
    "select ip from people",
    "select ';\n\"{n}'",
    "garbage ( {n}",
]
RECORDS = st.builds(
    lambda text, n, **more: audit(text.format(n=n), **more),
    st.sampled_from(STATEMENTS),
    st.integers(1, 5),
    number=st.integers(1, 6),
    line=st.integers(1, 8),
    sub=st.integers(1, 2),
    kind=st.sampled_from(["OBJECT", "SESSION"]),
    name=st.sampled_from(["public.users", "public.signins", "", 'public."Case Notes"', "public.plain"]),
    class_=st.sampled_from(["READ", "WRITE", "MISC", "ROLE", "FUNCTION"]),
    session=st.sampled_from(["1.a", "1.b"]),
    user=st.sampled_from(["mira", "mira_readonly", None]),
    app=st.sampled_from([None, "psql", "whosaw:ito:C-1", "whosaw:\0:x"]),
    rows=st.none() | st.integers(0, 200),
    context=st.none() | st.just("a function"),
)
OTHERS = st.sampled_from([
    replace(ENTRY, message="checkpoint complete"),
    replace(ENTRY, message="permission denied", severity="ERROR", state="42501", statement="select ip from users where id = 3"),
    replace(ENTRY, message="permission denied", severity="ERROR", state="42501", statement="what ("),
    replace(ENTRY, message="AUDIT: "),
    replace(ENTRY, message='AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.users,"select'),
    replace(ENTRY, message='parameter "pgaudit.role" changed to ""'),
])  # fmt: skip


@settings(deadline=None, max_examples=75)
@given(
    st.lists(RECORDS | OTHERS | st.binary(max_size=30).filter(lambda b: b"\n" not in b), max_size=10),
    st.sampled_from(FORMATS),
)
def test_each_record_is_taken_skipped_or_malformed(records, form):
    """Any mixture of records and bytes: each counted once, each look whole, nothing raised and nothing printed."""
    pieces = [r if isinstance(r, bytes) else WRITE[form](r).rstrip(b"\n") for r in records]
    reader = PgAudit(Watched.parse(MAP), form)
    for number, piece in enumerate(pieces, 1):
        outcome = reader.read(piece, Where(number, 0))
        assert isinstance(outcome, (Taken, Skipped, Malformed))
        for look in outcome.looks if isinstance(outcome, Taken) else ():
            assert look.asked
            assert look.look_id.startswith("pgaudit:")
            assert look.hint is bool(look.persons)
            assert (look.on_behalf_of is None) or look.claimed
            assert not {"mira", "ito", "C-1"} & set(repr(look).replace("'", " ").split())


@settings(deadline=None, max_examples=100)
@given(st.lists(RECORDS, max_size=8), st.data())
def test_rotated_doubled_and_reread_logs_give_the_same_looks(records, data):
    """Cut into files anywhere, or read twice by another run: the same ids, each with the same facts."""
    # A server numbers its records: one line, one statement.
    records = [replace(r, line=n, message=r.message.replace(",1,", f",{n},", 1)) for n, r in enumerate(records, 1)]
    raw = [jsonlog(r) for r in records]
    whole = {look.id: look for look in looks(read(b"".join(raw), "jsonlog")[0])}
    cut = data.draw(st.integers(0, len(raw)))
    again = PgAudit(Watched.parse(MAP), "jsonlog")
    files = [raw[:cut], raw[cut:], raw[:cut]]
    rotated = [look for lines in files for look in looks(read(b"".join(lines), reader=again)[0])]
    assert {look.id: look for look in rotated} == whole
    assert all(whole[look.id] == look for look in rotated)


@pytest.mark.parametrize("form", FORMATS)
def test_session_and_object_records_are_one_look_in_either_order(form):
    """The second is skipped with its reason."""
    text = "select ip from users where id = 42"
    pair = [audit(text, kind="SESSION", name="", line=1), audit(text, line=2)]
    for order in (pair, pair[::-1]):
        outcomes, _ = read(b"".join(map(WRITE[form], order)), form)
        assert [told(look) for look in looks(outcomes)] == ["users: read 42: ip"]
        assert reasons(outcomes) == [TOLD_BEFORE.reason]


def test_other_content_under_the_same_numbers_is_malformed():
    """A statement's numbers are used once in a session; two statements under them cannot both be true."""
    raw = jsonlog(audit("select ip from users where id = 1", line=1)) + jsonlog(audit("select ip from users", line=2))
    outcomes, _ = read(raw)
    assert [told(look) for look in looks(outcomes)] == ["users: read 1: ip"]
    assert reasons(outcomes, Malformed) == [NUMBER_AGAIN]


def test_the_text_is_remembered_over_rotation():
    """`<previously logged>` in the next file means the text in this one; in a run that has not read it, no text."""
    first = jsonlog(
        audit("select ip from users where id = $1", kind="SESSION", name="public.plain", parameters="42", line=1)
    )
    later = jsonlog(audit("<previously logged>", parameters="<previously logged>", line=2))
    reader = PgAudit(Watched.parse(MAP))
    read(first, reader=reader)
    assert [told(look) for look in looks(read(later, reader=reader)[0])] == ["users: read 42: ip"]
    [alone] = looks(read(later)[0])
    assert told(alone) == "users: search -: ip profile; a statement that was not logged"
    assert alone.id == "6b05eb4c.3fcc,1,1,public.users"


def test_parameters_that_were_not_logged_name_nobody():
    """The fields are known, the person is not, and that is said."""
    flag = "a key whose parameter was not logged"
    for parameters in ("<not logged>", "<long field suppressed>"):
        raw = jsonlog(audit("select ip from users where id = $1", parameters=parameters))
        assert [told(look) for look in looks(read(raw)[0])] == [f"users: search -: ip; {flag}"]


def test_a_key_of_another_type_names_nobody():
    """Not a number where the map says number."""
    raw = jsonlog(audit("select ip from users where id in ('42', 'x')"))
    assert [told(look) for look in looks(read(raw)[0])] == [
        "users: search 42: ip; a key that is not of the type in the map"
    ]


@pytest.mark.parametrize("name", ["Mira Lang was at 203.0.113.9", "psql ", "PSQL", "mira"])
def test_an_application_name_that_the_map_does_not_list_is_not_kept(name):
    """Whoever connects types it, and a look stands in streams that no person's key opens."""
    for app, kept in ((name, None), ("psql", "psql"), ("nightly-report", "nightly-report")):
        [one] = looks(read(jsonlog(audit("select count(*) from users where ip is null", app=app)))[0])
        assert (one.app, "an application name that was not kept" in one.flags) == (kept, kept is None)
    nothing = Watched.parse(MAP.replace(b'apps = ["psql", "nightly-report"]\n', b""))
    [one] = looks(read(jsonlog(audit("select ip from users", app="psql")), reader=PgAudit(nothing))[0])
    assert one.app is None


LONG = "select ip from users where id = 42 --" + "x" * 70_000
UNREADABLE = [LONG, "/*/* nested */*/ select ip from users where id = 42", "select ip from users where id = 4_2"]
ALL = "ip location:city device messages profile activity"


@pytest.mark.parametrize("text", UNREADABLE)
@pytest.mark.parametrize("class_", ["READ", "WRITE"])
def test_a_statement_that_cannot_be_read_hides_nothing(text, class_):
    """Whoever runs it chooses its text. No table is named by SESSION records: then it may have been any watched one."""
    raw = jsonlog(audit(text, kind="SESSION", name="", class_=class_))
    [one] = looks(read(raw)[0])
    assert told(one) == f"*: search -: {ALL}; a statement that could not be read"
    assert one.principal == "mira"
    assert one.id == "6b05eb4c.3fcc,1,1,*"
    [one] = looks(read(jsonlog(audit(text)))[0])
    assert told(one) == "users: search -: ip profile; a statement that could not be read"


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_refused_statement_that_cannot_be_read_is_a_look_that_was_refused(text):
    """In both modes: the server says of a refusal nothing but its statement."""
    raw = jsonlog(replace(ENTRY, message="permission denied", severity="ERROR", state="42501", statement=text))
    [one] = looks(read(raw)[0])
    assert told(one) == f"*: search -: {ALL}; refuse; a statement that could not be read"


def test_a_record_of_neither_table_nor_text_may_be_about_any():
    """The body of a BEGIN ATOMIC function has no text, and whoever may create functions may write one."""
    [one] = looks(read(jsonlog(audit("", kind="SESSION", name="")))[0])
    assert told(one) == f"*: search -: {ALL}; a statement that was not logged"


def test_what_cannot_be_read_counts_in_its_own_database_only():
    """Where none of its tables is watched, nothing was."""
    elsewhere = re.sub(rb"(?m)^name = ", b'database = "shop"\nname = ', MAP)
    raw = jsonlog(audit(UNREADABLE[1], kind="SESSION", name=""))
    assert looks(read(raw, reader=PgAudit(Watched.parse(elsewhere)))[0]) == []


@pytest.mark.parametrize("more", [{"context": "PL/pgSQL function f() line 1 at RAISE"}, {"statement": "select f()"}])
def test_an_imitation_is_malformed(more):
    """pgAudit hides context and statement; whoever imitates it cannot."""
    assert reasons(read(jsonlog(audit("select ip from users", **more)))[0], Malformed) == [IMITATED]


def test_an_incomplete_record_is_never_a_shorter_one():
    """A statement whose quote is not closed goes on elsewhere."""
    raw = jsonlog(replace(ENTRY, message='AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.users,"select ip'))
    assert reasons(read(raw)[0], Malformed) == [INCOMPLETE]


def test_a_look_without_a_user_is_malformed():
    """Somebody's rights were used, and the record does not say whose."""
    outcomes, _ = read(jsonlog(audit("select ip from users", user=None)))
    assert reasons(outcomes, Malformed) == ["no user whose rights were used"]


def test_other_classes_are_counted_by_name():
    """Roles, settings, functions: no looks."""
    raw = b"".join(
        [
            jsonlog(audit("prepare p as select ip from users", class_="READ", command="PREPARE", name="", line=1)),
            jsonlog(audit("set pgaudit.role = ''", class_="MISC", command="SET", name="", number=2)),
            jsonlog(audit("grant x to y", class_="ROLE", command="GRANT", name="", number=3)),
        ]
    )
    assert reasons(read(raw)[0]) == [PREPARED.reason, SETTINGS.reason, "class ROLE"]


def test_the_same_line_twice_fills_no_gap_and_opens_none():
    """Lines are counted by session, over files and repetitions."""
    reader = PgAudit(Watched.parse(MAP))
    for line in (1, 2, 2, 5, 1):
        read(jsonlog(replace(ENTRY, line=line)), reader=reader)
    assert list(map(str, reader.gaps())) == ["lines 3 to 4 of session 6b05eb4c.3fcc are missing"]
    read(jsonlog(replace(ENTRY, line=3)) + jsonlog(replace(ENTRY, line=4)), reader=reader)
    assert reader.gaps() == ()


def test_a_log_cut_off_inside_gzip_gives_what_it_has():
    """Whole records are read; the last one, cut off, is malformed; the file says that it broke."""
    texts = [f"select ip from users where id = {n}" for n in range(1, 40)]
    raw = b"".join(jsonlog(audit(t, number=n)) for n, t in enumerate(texts, 1))
    packed = gzip.compress(raw, compresslevel=0)
    source = Source(io.BytesIO(packed[: len(packed) * 2 // 3]))
    reader = PgAudit(Watched.parse(MAP))
    outcomes = [p if isinstance(p, Malformed) else reader.read(p, w) for w, p in reader.pieces(source.chunks())]
    assert source.broken == "the gzip data ends too early"
    assert [type(o) for o in outcomes] == [Taken] * (len(outcomes) - 1) + [Malformed]
    assert len(outcomes) > 20


def test_another_encoding_is_malformed_and_says_where():
    """A server in LATIN1 writes bytes that are no UTF-8: the record is not guessed at."""
    raw = jsonlog(audit("select ip from users where name = 'é'")).replace("é".encode(), b"\xe9")
    [outcome] = read(raw)[0]
    assert (outcome.reason, raw[outcome.byte]) == ("not UTF-8", 0xE9)


def test_memory_of_sessions_is_bounded():
    """Twenty thousand sessions, each with its statement: what is remembered stays small."""
    reader = PgAudit(Watched.parse(MAP), "jsonlog")
    for n in range(20_000):
        reader.read(jsonlog(audit("select ip from plain", name="", session=f"{n:x}.1")), Where(1, 0))
    assert len(reader._sessions) <= 10_000
    for n in range(1, 500):
        reader.read(jsonlog(audit("select ip from users", number=n, session="1.1")), Where(1, 0))
    assert len(reader._sessions["1.1"].texts) <= 64
    assert len(reader._sessions["1.1"].told) <= 64


def test_a_table_of_another_database_is_not_watched():
    """The map may say which database it means."""
    text = MAP.replace(b'name = "public.users"', b'name = "public.users"\ndatabase = "shop"')
    raw = jsonlog(audit("select ip from users"))
    assert looks(read(raw, reader=PgAudit(Watched.parse(text)))[0]) == []

# SPDX-License-Identifier: Apache-2.0
"""Web access logs: a request of a watched route is a look, and an id in a path goes nowhere else."""

import gzip
import hashlib
import json
import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.desk import PSEUDONYMS, Room
from tests.collect.web import AT, CLIENT, ID, caddy, combined, nginx, wrote

from whosaw.cli.demo.tool import ROUTES
from whosaw.collect import access, web_log
from whosaw.collect.access import Access
from whosaw.collect.intake import take
from whosaw.collect.observed import Malformed, No, Skipped, Taken, Where
from whosaw.collect.patterns import TWO_WAYS
from whosaw.collect.persons import spelled
from whosaw.collect.routes import OTHER_TYPE, Routes
from whosaw.collect.web_log import FORMS, Request
from whosaw.errors import BadInput, Misconfigured
from whosaw.model.access import Field
from whosaw.model.record import Stream

DOCS = Path(__file__).parents[2] / "docs/connectors"
MAP, PAGE = (DOCS / "access.toml").read_bytes(), (DOCS / "access.md").read_text()
# Without the header of the map: the formats differ in what they can hold.
PLAIN = MAP.replace(b'principal = "upstream_http_x_account"\n', b"")
UUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
MAKERS = {"nginx": nginx, "caddy": caddy, "combined": combined}


def read(line, form="nginx", routes=PLAIN, where=Where(1, 0)):
    raw = line if isinstance(line, bytes) else line.encode()
    return Access(Routes.parse(routes), form).read(raw, where)


def look(*args, **more):
    outcome = read(*args, **more)
    assert isinstance(outcome, Taken), outcome
    return outcome.looks[0]


def told(one):
    fields = " ".join(f"{f}:{d}" for f, d in one.asked)
    return f"{one.mode} {','.join(one.persons) or '-'} {fields}"


# ── one line ──


@pytest.mark.parametrize("form", FORMS)
def test_three_servers_tell_the_same_look(form):
    """Who, whom, what, when: the formats differ in precision and in nothing else."""
    one = look(MAKERS[form](), form)
    assert told(one) == "read mira ip:exact device:exact"
    assert (one.principal, one.on_behalf_of, one.hint, one.decision, one.app) == (
        "s-ana",
        None,
        False,
        None,
        "people-admin",
    )
    assert one.at == (AT.replace(microsecond=0) if form == "combined" else AT)


@pytest.mark.parametrize(
    ("uri", "method", "line"),
    [
        ("/admin/people/4711", "GET", "read 4711 profile:exact"),
        ("/admin/people/0004711", "GET", "read 4711 profile:exact"),
        ("/admin/people/4711/", "GET", "read 4711 profile:exact"),
        ("/admin/people/4711?tab=sign-ins", "GET", "read 4711 profile:exact"),
        ("http://desk.example.org/admin/people/4711", "GET", "read 4711 profile:exact"),
        ("/admin/search?id=mira&sort=1", "GET", "search mira profile:exact"),
        ("/admin/search?sort=1&id=m%69ra", "GET", "search mira profile:exact"),
        ("/admin/search?q=mira", "GET", "search - profile:exact"),
        ("/admin/cases/T-100/people/mira/messages", "GET", "read mira messages:exact"),
        ("/admin/people/mira/view-as", "POST", "impersonate mira contacts:exact messages:exact profile:exact"),
        ("/admin/people.csv", "GET", "export - contacts:exact profile:exact"),
    ],
)  # fmt: skip
def test_routes(uri, method, line):
    """Path, parameter, method, mode and fields, as the map says."""
    assert told(look(nginx(uri, request_method=method))) == line
    assert told(look(caddy(uri, request={"method": method}), "caddy")) == line
    assert told(look(combined(uri, method=method), "combined")) == line


def test_a_case_in_the_path_is_the_looks_case():
    """It is checked like any other when it is taken in."""
    assert look(nginx("/admin/cases/T-100/people/mira/messages")).case == "T-100"


def test_the_documented_log_format_is_read_by_the_documented_map():
    """What the page tells nginx to write, filled in as nginx fills it in, is a look."""
    block = re.search(r"log_format whosaw escape=json (.*?);\n", PAGE, re.DOTALL)[1]
    line = re.sub(
        r"\$([a-z_]+)", lambda found: json.loads(nginx()).get(found[1], ""), "".join(re.findall(r"'([^']*)'", block))
    )
    assert set(json.loads(nginx())) <= set(json.loads(line))
    one = look(line, routes=MAP)
    assert (told(one), one.principal, one.flags) == ("read mira ip:exact device:exact", "s-ana", ())


def test_the_demonstrations_own_map_is_one():
    """The small internal tool's routes, as they are shipped."""
    routes = Routes.parse(ROUTES.encode())
    one = Access(routes, "nginx").read(nginx().encode(), Where(1, 0)).looks[0]
    assert told(one) == "read mira ip:exact"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, None), (206, None), (304, None), (499, None), (500, None), (502, None), (403, "refuse"),
        (301, access.MOVED), (302, access.MOVED), (401, access.NOT_SIGNED_IN), (404, access.NOT_THERE), (400, access.NOT_THERE),
        (429, access.NOT_THERE),
    ],
)  # fmt: skip
def test_what_was_answered(form, status, outcome):
    """Shown, refused, or nothing there; a server's error may have shown something, so it is a look."""
    line = MAKERS[form](status=status if form != "nginx" else str(status))
    if isinstance(outcome, Skipped):
        assert read(line, form) == outcome
    else:
        one = look(line, form)
        assert one.decision == outcome
        assert (access.SERVER_ERROR in one.flags) == (status >= 500)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_what_shows_no_content_is_no_look(method):
    """The answer has no body."""
    assert read(nginx(request_method=method)) == access.NO_CONTENT


def test_saying_prefetch_hides_nothing():
    """Anybody can send the header, and the answer is the same. It is a look with a flag, unless the map says otherwise."""
    lines = {
        "nginx": nginx(http_sec_purpose="prefetch;prerender"),
        "caddy": caddy(headers={"Sec-Purpose": ["prefetch"]}),
    }
    for form, line in lines.items():
        assert look(line, form).flags == (access.SAID_PREFETCH,)
        assert (
            read(line, form, routes=PLAIN.replace(b"format = 1", b'format = 1\nprefetch = "skip"')) == access.PREFETCH
        )


@pytest.mark.parametrize("form", FORMS)
def test_a_look_by_nobody_is_malformed(form):
    """A watched route that answered somebody who was not signed in is an alarm, not a look without a principal."""
    line = {"nginx": nginx(remote_user=""), "caddy": caddy(user_id=""), "combined": combined(account="-")}[form]
    outcome = read(line, form)
    assert isinstance(outcome, Malformed)
    assert outcome.reason == access.NOBODY


@pytest.mark.parametrize(
    ("key", "form"),
    [(b"upstream_http_x_account", "nginx"), (b"/resp_headers/X-Account", "caddy"), (b"/request/host", "caddy")],
)
def test_the_account_can_stand_elsewhere(key, form):
    """In a header that the tool itself writes into its answer; the server's own idea of a name is then not asked."""
    routes = PLAIN.replace(b"format = 1", b'format = 1\nprincipal = "' + key + b'"')
    line = nginx(remote_user="liar") if form == "nginx" else caddy(user_id="liar")
    assert look(line, form, routes=routes).principal == ("desk.example.org" if b"host" in key else "s-ana")


def test_ids_of_looks():
    """The request's own id, where it has one that says nothing; else byte, time, status and size, and nothing personal."""
    for random in (ID, ID.upper(), "0" * 16, "f" * 64, UUID):
        one = look(nginx(request_id=random))
        assert (one.look_id, one.keyed) == (f"access:{random}", False)
    for bad in ("", "short", "mira-lang-1985x", "x" * 201, "mira lang\n" * 2, 5):
        one = look(nginx(request_id=bad), where=Where(7, 812))
        assert one.look_id == "access:812-2026-11-24T19:53:48.353Z-200-17"
    first, second = look(combined(), "combined"), look(combined(), "combined", where=Where(2, 90))
    assert first.look_id != second.look_id
    assert look(combined(), "combined", where=Where(1, 90)).look_id == second.look_id


@pytest.mark.parametrize(
    "chosen", ["mira-lang-berlin-1985", "mira@example.org", "x" * 65, "f" * 65, "é" * 16, UUID + "0"]
)
def test_an_id_that_may_say_something_is_kept_as_a_keyed_digest(tmp_path, chosen):
    """A look's id stands in streams that no person's key opens. The same id is the same look again."""
    room = Room()
    line = nginx("/admin/people.csv", request_id=chosen)
    reports = [take(Access(Routes.parse(PLAIN)), wrote(tmp_path / name, line), room.desk) for name in "ab"]
    assert [(r.new, r.known, r.beside) for r in reports] == [(1, 0, 0), (0, 1, 0)]
    [one] = room.journal.looks()
    assert one.look == f"access:k-{PSEUDONYMS.digest(chosen.encode())[:16].hex()}"
    assert chosen.encode() not in b"".join(r.body for s in room.journal.submissions for r in s.records)


@pytest.mark.parametrize(
    "uri",
    [
        "/admin/people//mira/sign-ins", "/admin/./people/mira/sign-ins", "/admin/people/x/../mira/sign-ins",
        "/admin/people/mira%2Fsign-ins", "/admin/people/mira;x=1/sign-ins", "/admin/people/%256dira/sign-ins",
        "/admin/search?id=mira&id=owen", "/admin/search?id=%ff",
    ],
)  # fmt: skip
def test_a_path_with_two_readings_is_a_look_by_whoever_it_was(uri):
    """Servers read them differently, so a look could hide in it. Whom it was at is not known; who it was, is."""
    one = look(nginx(uri))
    assert (one.principal, one.persons, one.mode) == ("s-ana", (), "search")
    assert set(one.asked) >= {(Field.PROFILE, "exact")}
    [flag] = one.flags
    assert flag in (TWO_WAYS, "the parameter that names the person stands there twice", "a query that is not UTF-8")
    assert look(nginx(uri, status="403")).decision == "refuse"
    assert read(nginx(uri, status="404")) == access.NOT_THERE
    assert read(nginx(uri, status="302")) == access.MOVED
    assert read(nginx(uri, remote_user="")).reason == access.NOBODY


@pytest.mark.parametrize(
    ("uri", "watched"),
    [
        ("//ADMIN/people/mira/sign-ins", True), ("/x/..;/admin/people/mira/sign-ins", True), ("/%2561dmin//people/mira", True),
        ("/\\admin\\people\\mira", True), ("/x//%c1%a1dmin/people/mira", True), ("/%ef%bc%a1dmin//people/x", True),
        ("/admin%00//people/mira", True), ("//%" + "25" * 9 + "61", True), ("/admin /people/mira", True),
        ("//static/a.js", False), ("/people/mira;x", False), ("//admin", False),
    ],
)  # fmt: skip
def test_only_what_may_be_a_watched_route_is_a_look(uri, watched):
    """Whatever a server could make of a path, under all that a route says before its first hole; in doubt it may be."""
    outcome = read(nginx(uri))
    assert isinstance(outcome, Taken if watched else Malformed)
    assert watched or read(nginx(uri, status="404")) == access.NOT_THERE


@pytest.mark.parametrize("form", FORMS)
def test_a_byte_in_a_header_hides_nothing(form):
    """It costs neither principal nor person, whether it stands there as it came or escaped."""
    line = MAKERS[form]().encode()
    for agent in (b"Example\xff", b"\xc3", b"\x80\x80"):
        assert told(look(line.replace(b"ExampleBrowser", agent), form)) == "read mira ip:exact device:exact"
    if form == "combined":
        assert look(line.replace(b"ExampleBrowser", rb"Example\xff"), form).persons == ("mira",)


@pytest.mark.parametrize("form", FORMS)
def test_a_byte_in_a_path_is_a_look_at_nobody_named(form):
    """It cannot be told whom; in an account it cannot be told who, and that is an alarm."""
    line = MAKERS[form]().encode()
    one = look(line.replace(b"/mira/", b"/mir\xe9/"), form)
    assert (one.principal, one.persons, one.flags) == ("s-ana", (), ("a path that is not UTF-8",))
    assert read(line.replace(b"ana", b"an\xe9"), form).reason == access.NOBODY


def test_nginx_decodes_uri_and_not_request_uri():
    """`$uri` is decoded already: decoding twice would make one person of another."""
    assert look(nginx(request_uri=..., uri="/admin/people/mi ra/sign-ins")).persons == ("mi ra",)
    assert look(nginx("/admin/people/mi%20ra/sign-ins")).persons == ("mi ra",)
    assert look(nginx(request_uri=..., uri="/admin/people/mira?/sign-ins")).persons == ("mira?",)
    assert look(nginx(request_uri=..., uri="/admin/search", args="id=mira")).persons == ("mira",)
    assert look(
        nginx(request_uri=..., request_method=..., request="GET /admin/people/mira/sign-ins HTTP/2.0")
    ).persons == ("mira",)


@pytest.mark.parametrize(
    ("line", "form", "why"),
    [
        (combined(line="-", status=408), "combined", "not an HTTP request"),
        (combined(line="\\x16\\x03\\x01", status=400), "combined", "not an HTTP request"),
        (nginx(request_method="", request_uri="", status="400"), "nginx", "not an HTTP request"),
        ('{"level":"info","ts":1795550028.3,"msg":"server running"}', "caddy", "not a record of an access log"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_skipped(line, form, why):
    """Readable, and nobody asked for anything."""
    assert read(line, form) == Skipped(why)


@pytest.mark.parametrize(
    ("line", "form", "why"),
    [
        (nginx(msec="yesterday"), "nginx", "no time"),
        (nginx(msec=..., time_iso8601="2026-11-24T19:53:48"), "nginx", "no time"),
        (nginx(status="20"), "nginx", "no status"),
        (nginx(request_method="", request_uri=""), "nginx", "no method or path"),
        (nginx()[:-1], "nginx", "not JSON"),
        (nginx()[:-1] + ',"status":"404"}', "nginx", "a key twice"),
        (caddy(status="x"), "caddy", "no method, path or status"),
        (caddy(ts="x"), "caddy", "no time"),
        (combined(time="24/Nov/2026 19:53:48 +0000"), "combined", "no time"),
        (combined(account="ana w"), "combined", "not a line of the combined format"),
        (combined(line='GET /" 200 "'), "combined", "not a line of the combined format"),
        (combined(line="GET /"), "combined", "a request line that is none"),
        (combined(line="GET /a b HTTP/1.1"), "combined", "a path that can be read in two ways"),
        (combined(line=r"GET /\xff HTTP/1.1"), "combined", "a path that is not UTF-8"),
        (combined(time="99/Nov/2026:19:53:48 +0000"), "combined", "no time"),
        (nginx(), "combined", "not a line of the combined format"),
        (combined(), "nginx", "not JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_malformed(line, form, why):
    """With a reason of ours."""
    outcome = read(line, form)
    assert isinstance(outcome, Malformed)
    assert outcome.reason.startswith(why)


def test_escapes_of_the_combined_format():
    """A quote in an agent ends nothing, and bytes are put together before they are read."""
    request = web_log.parse(combined(r"/p/\xc3\xa9", rest=r' "-" "a \"quoted\" agent\t%41"').encode(), "combined")
    assert (request.path, request.agent) == ("/p/é", 'a "quoted" agent\t%41')


def test_a_client_cannot_write_a_field():
    """User name, agent and path come from the client: none of them becomes another line's field."""
    forged = r"ana [24/Nov/2026:19:53:48 +0000] \"GET /admin/people/owen/sign-ins HTTP/1.1\" 200 5"
    assert isinstance(read(combined(account=forged), "combined"), Malformed)
    assert look(combined(rest=f' "-" "{forged}"'), "combined").persons == ("mira",)
    assert look(nginx(http_user_agent='","request_uri":"/admin/people/owen/sign-ins')).persons == ("mira",)


# ── persons ──

NEW = b'\n[[route]]\npath = "/admin/people/new"\nfields = "-"\n'
BY_UUID = b'\n[[route]]\nmethod = "*"\npath = "/admin/people/{person}"\nfields = "contacts"\nperson_type = "uuid"\n'
REST = b'\n[[route]]\npath = "/admin/**"\nfields = "-"\n'


@pytest.mark.parametrize("text", ["42abc", "42.0", "%EF%BC%94%EF%BC%92", "4_2", "new", UUID])
@pytest.mark.parametrize("more", [b"", REST])
def test_an_id_that_a_server_reads_more_kindly_is_a_look(text, more):
    """42abc is 42 to some. Whom it was at is not known, and a route that says less hides nothing."""
    one = look(nginx(f"/admin/people/{text}"), routes=PLAIN.replace(b"[principals]", more + b"[principals]"))
    assert (told(one), one.flags) == ("read - profile:exact", (OTHER_TYPE,))
    assert read(nginx(f"/admin/people/{text}", status="404")) == access.NOT_THERE


def test_a_literal_route_and_one_of_the_right_type_say_more():
    """`/people/new` is no person where the map says so; what is a person to another route is that person."""
    routes = PLAIN.replace(b"[principals]", NEW + BY_UUID + b"[principals]")
    assert read(nginx("/admin/people/new"), routes=routes) == access.NOTHING_PERSONAL
    assert told(look(nginx(f"/admin/people/{UUID.upper()}"), routes=routes)) == f"read {UUID} contacts:exact"
    assert told(look(nginx("/admin/people/42"), routes=routes)) == "read 42 profile:exact"
    assert look(nginx("/admin/people/x"), routes=routes).flags == (OTHER_TYPE,)


def test_a_parameter_of_another_type_is_a_look():
    """Also where the same path without it shows nothing personal."""
    routes = PLAIN.replace(b'query = "id"', b'query = "id"\nperson_type = "integer"')
    routes = routes.replace(b"[principals]", b'[[route]]\npath = "/admin/search"\nfields = "-"\n[principals]')
    assert look(nginx("/admin/search?id=42abc"), routes=routes).flags == (OTHER_TYPE,)
    assert look(nginx("/admin/search?id=042"), routes=routes).persons == ("42",)


@pytest.mark.parametrize(
    ("text", "person"), [("MIRA", "mira"), ("mire%CC%81", "miré"), ("MIR%C3%89", "miré"), ("Stra%C3%9Fe", "strasse")]
)
def test_a_text_can_be_one_person_in_capitals_or_not(text, person):
    """As such tools' databases compare it: folded and composed; `text` leaves it as it is."""
    routes = PLAIN.replace(
        b"[principals]", b'[[route]]\npath = "/who/{person}"\nfields = "profile"\nperson_type = "text-ci"\n[principals]'
    )
    assert look(nginx(f"/who/{text}"), routes=routes).persons == (person,)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=12))
def test_a_folded_id_has_one_spelling(text):
    """Folding what was folded changes nothing, and capitals and composition make no other person."""
    once = spelled(text, "text-ci")
    if once is not None:
        assert spelled(once, "text-ci") == once
        for form in ("NFC", "NFD"):
            assert spelled(unicodedata.normalize(form, text), "text-ci") == once


# ── unknown routes ──


def test_unknown_routes_are_listed_by_shape():
    """A method, words, and what kind of thing stands between: never an id, never a query."""
    outcome = read(nginx("/admin/people/mira/sign-ins-v2/4711?email=mira@example.org"))
    assert outcome == Skipped(access.UNKNOWN, "GET /admin/people/{text}/sign-ins-v2/{number}")
    assert read(nginx("/mira", request_method="MIRA")).detail == "? /{text}"
    assert read(nginx("/mira", status="404")) == access.NOT_THERE
    assert read(nginx("/static/mira.js")) == access.NOTHING_PERSONAL
    assert read(nginx("/admin/new")).detail == "GET /admin/new"


@settings(deadline=None, max_examples=300)
@given(
    st.text(min_size=3, max_size=20),
    st.sampled_from(["/x/{}", "/admin/people/{}/x?q={}", "/{}", "/admin/people/{}/sign-ins/{}"]),
)
def test_no_id_is_ever_listed(secret, where):
    """Whatever stands in a path, it is in no reason and no list."""
    outcome = read(nginx(where.replace("{}", secret)))
    if isinstance(outcome, Skipped | Malformed) and not any(
        secret in word for word in (*Routes.parse(PLAIN).words, "{text}{number}")
    ):
        assert secret not in f"{outcome.reason}".replace(access.UNKNOWN, "")
        assert secret not in (getattr(outcome, "detail", None) or "").removeprefix("GET /admin/people")


# ── files ──


def test_the_first_lines_say_the_format(tmp_path):
    """Not the file's name; a file of another kind is refused before anything is taken."""
    for form, maker in MAKERS.items():
        room = Room()
        report = take(
            Access(Routes.parse(PLAIN)), wrote(tmp_path / "apache.log.json", maker(), maker("/health")), room.desk
        )
        assert (report.taken, report.skipped, report.malformed, len(room.journal.looks())) == (1, 1, 0, 1), form
    for text in ("hello\n" * 3, '{"a": 1}\n', "x\0y"):
        with pytest.raises(BadInput, match="access log"):
            take(Access(Routes.parse(PLAIN)), wrote(tmp_path / "other", text), Room().desk)
    assert take(Access(Routes.parse(PLAIN)), wrote(tmp_path / "none"), Room().desk).records == 0


def test_a_file_that_begins_with_rubbish_is_read_by_what_follows(tmp_path):
    """A line cut by rotation is malformed, and costs no other."""
    report = take(Access(Routes.parse(PLAIN)), wrote(tmp_path / "log", combined()[40:], combined()), Room().desk)
    assert (report.taken, report.malformed) == (1, 1)


def test_no_number_of_lines_at_the_head_costs_the_others(tmp_path):
    """Neither bytes that are no UTF-8 nor a hundred lines of something else: what follows is read."""
    hostile = [nginx(request_id=f"{n:032x}").encode().replace(b"ExampleBrowser", b"\xff") for n in range(100)]
    for head, taken in ((hostile, 101), ([b"kaputt"] * 100, 1)):
        file = tmp_path / "log"
        file.write_bytes(b"\n".join([*head, nginx().encode()]))
        report = take(Access(Routes.parse(PLAIN)), file, Room().desk)
        assert (report.taken, report.malformed) == (taken, 101 - taken)


def test_the_option_beats_the_content(tmp_path):
    """Who says the format, in the map or to the reader, is believed, and lines of another one are malformed."""
    said = Routes.parse(PLAIN.replace(b"format = 1", b'format = 1\nlog = "caddy"'))
    report = take(Access(said), wrote(tmp_path / "log", combined()), Room().desk)
    assert (report.taken, report.malformed) == (0, 1)
    report = take(Access(Routes.parse(PLAIN), "caddy"), wrote(tmp_path / "log", combined()), Room().desk)
    assert (report.taken, report.malformed) == (0, 1)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_file_twice_and_a_rotated_copy(tmp_path, form):
    """Nothing is doubled: with ids by the id, without by byte and time, gzipped or not."""
    lines = [MAKERS[form]() if form == "combined" else MAKERS[form](request_id=f"{n:032}") for n in range(5)]
    room = Room()
    file = wrote(tmp_path / "log", *lines)
    packed = tmp_path / "log.1"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    reports = [take(Access(Routes.parse(PLAIN)), f, room.desk) for f in (file, file, packed)]
    assert [(r.new, r.known, r.beside) for r in reports] == [(5, 0, 0), (0, 5, 0), (0, 5, 0)]
    assert len(room.journal.looks()) == 5


def test_an_id_chosen_by_the_client_hides_nothing(tmp_path):
    """Where a server logs the client's own X-Request-ID, a second look under it is recorded beside the first."""
    room = Room()
    lines = [nginx(), nginx("/admin/people/owen/sign-ins")]
    report = take(Access(Routes.parse(PLAIN)), wrote(tmp_path / "log", *lines), room.desk)
    assert (report.new, report.beside) == (2, 1)
    assert {b.person for b in room.journal.looks()} == {PSEUDONYMS.person("mira"), PSEUDONYMS.person("owen")}


def test_nothing_of_a_line_is_in_the_journal_or_the_report(tmp_path):
    """Pseudonyms, shapes, counts: no name, no path, no address."""
    room = Room()
    lines = [
        combined(),
        combined("/x/mira?id=mira"),
        combined(status=403),
        "kaputt mira",
        combined("/admin/people//mira/sign-ins"),
    ]
    report = take(Access(Routes.parse(PLAIN)), wrote(tmp_path / "log", *lines), room.desk)
    assert (report.taken, report.skipped, report.malformed) == (3, 1, 1)
    recorded = b"".join(r.body for s in room.journal.submissions for r in s.records).decode()
    for clear in ("mira", CLIENT, "ana", "ExampleBrowser", "sign-ins"):
        assert clear not in recorded
        assert clear not in repr(report)
    assert room.journal.submissions[0].records[0].stream == Stream.of_person("mira")
    assert report.unknown == (("GET /{text}/{text}", 1),)


@pytest.mark.parametrize("form", FORMS)
def test_hostile_files_are_reports(tmp_path, form):
    """A gigabyte of a line is another test's; here: cut gzip, another encoding, nothing but zeros."""
    raw = "\n".join([MAKERS[form]()] * 50).encode()
    for name, content in {
        "cut": gzip.compress(raw)[:-9],
        "utf16": raw.decode().encode("utf-16"),
        "mixed": raw + b"\n" + bytes(99),
    }.items():
        file = tmp_path / name
        file.write_bytes(content)
        room = Room()
        report = take(Access(Routes.parse(PLAIN)), file, room.desk)
        assert report.exit == 1, name
        assert report.sha256 == hashlib.sha256(content).digest()
    assert report.taken == 50


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_a_megabyte_takes_a_moment(form):
    """No pattern blows up, whatever the bytes are."""
    began = time.perf_counter()
    for junk in ('"', "\\", " ", "[", '\\"', '" "', "x", '"x\\', " [", "{", '{"a":'):
        read(combined(rest=(junk * 10**6)[: 10**6]), form)
        read((junk * 10**6)[: 10**6], form)
        read(combined(account=(junk * 10**6)[: 10**6]), form)
    assert time.perf_counter() - began < 20


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(st.binary(max_size=120), st.text(max_size=80).map(lambda t: t.encode("utf-8", "surrogatepass"))),
    st.sampled_from(FORMS),
)
def test_any_bytes_are_an_outcome(raw, form):
    """Nothing raises."""
    assert isinstance(read(raw, form), Taken | Skipped | Malformed)


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12), st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["User-Agent", "Sec-Purpose", "uri"]), st.text(max_size=4), max_size=2),
    st.sampled_from(["/admin/people/mira/sign-ins", "GET", "200", "1795550028.353", 200]),
)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_any_values_are_an_outcome(data):
    """Whatever stands where a text or number should: nothing raises, and a look has a time, a principal and fields."""
    form = data.draw(st.sampled_from(["nginx", "caddy"]))
    base = json.loads(MAKERS[form]())
    keys = st.sampled_from(sorted(base))
    changed = base | data.draw(st.dictionaries(keys, VALUE, max_size=3))
    if form == "caddy" and isinstance(changed.get("request"), dict):
        changed["request"] |= data.draw(st.dictionaries(st.sampled_from(sorted(base["request"])), VALUE, max_size=3))
    outcome = read(json.dumps(changed), form)
    if isinstance(outcome, Taken):
        (one,) = outcome.looks
        assert one.at.tzinfo
        assert one.principal
        assert one.asked


FIELD = st.text(st.sampled_from('ab"\\ []é%/?'), min_size=1, max_size=10)


@settings(deadline=None, max_examples=400)
@given(FIELD, FIELD)
def test_what_apache_writes_is_read_back(agent, path):
    """Escaped as Apache escapes: the same agent and path come out, or the line is none."""

    def escaped(text):
        return "".join(
            c
            if c.isascii() and c not in '"\\'
            else "".join(f"\\x{b:02x}" for b in c.encode())
            if not c.isascii()
            else f"\\{c}"
            for c in text
        )

    request = web_log.parse(combined(f"/{escaped(path)}", rest=f' "-" "{escaped(agent)}"').encode(), "combined")
    if isinstance(request, Request):
        assert request.agent == agent
        assert request.path == f"/{path}".partition("?")[0]
    else:
        assert isinstance(request, No)
        assert " " in path


@pytest.mark.parametrize(
    "wrong",
    [
        b"format = 1", MAP.replace(b"person_type", b"persontype"), MAP.replace(b'mode = "search"', b'mode = "peek"'),
        MAP.replace(b'method = "POST"', b'method = "LOOK"'), MAP.replace(b'"ip:exact"', b'"address"'), MAP.replace(b'query = "id"', b"query = 1"),
        MAP.replace(b'app = "people-admin"', b'app = "<b>"'), MAP.replace(b"{person}/view-as", b"{person}/{person}"),
        MAP + b"[typo]\n", MAP.replace(b'"integer"', b'"number"'),
        MAP.replace(b'path = "/admin/search"\n', b'path = "/admin/search/{person}"\n'),
        MAP.replace(b"[principals]", b'[[route]]\npath = "/static/**"\nfields = "-"\n[principals]'),
    ],
)  # fmt: skip
def test_a_map_refuses_what_it_does_not_know(wrong):
    """A misspelt key would silently watch less."""
    with pytest.raises(Misconfigured):
        Routes.parse(wrong)

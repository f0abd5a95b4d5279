# SPDX-License-Identifier: Apache-2.0
"""The product's own access log: addresses are sealed under their person, once, and are nowhere else."""

import gzip
import json
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.collect.desk import NOW
from tests.collect.web import AT, CLIENT, LIE, PROXY, caddy, combined, nginx, wrote
from tests.guard.test_house import Clock
from tests.privacy.keys import ORIGIN

from whosaw.collect.connections import NO_ADDRESS, NOBODY, NOT_SIGNED_IN, OTHER_TYPE, Persons, connections
from whosaw.collect.forwarded import address
from whosaw.collect.seen import Seen, keep_seen
from whosaw.collect.web_log import FORMS
from whosaw.errors import BadInput, Misconfigured, Unavailable
from whosaw.model.access import Field
from whosaw.wiring import build, house

MAP = (Path(__file__).parents[2] / "docs/connectors/connections.toml").read_bytes()
PLAIN = b"format = 1\n"
OURS = (ip_network("192.0.2.0/28"),)
MAKERS = {"nginx": nginx, "caddy": caddy, "combined": combined}


@dataclass
class Store:
    """``ports.Keep`` in a dictionary. `fails_at`: the so-many-th value finds the store down."""

    values: dict = field(default_factory=dict)
    fails_at: int = -1
    asked: int = 0

    def put(self, person, field, value, seen, source_id):
        self.asked += 1
        if self.asked == self.fails_at:
            raise Unavailable("the store is down", part="vault")
        new = (person, field, source_id) not in self.values
        self.values.setdefault((person, field, source_id), (value, seen))
        return new

    def told(self):
        return sorted({(person, str(f), value) for (person, f, _), (value, _) in self.values.items()})


def run(file, store, text=PLAIN, form=None, **more):
    return connections(file, Persons.parse(text), store, OURS, clock=lambda: NOW, form=form, **more)


@pytest.mark.parametrize("form", FORMS)
def test_three_servers_tell_the_same_connection(tmp_path, form):
    """Person, address and device, as of the request."""
    store = Store()
    report = run(wrote(tmp_path / "log", MAKERS[form]()), store)
    assert store.told() == [("ana", "device", "ExampleBrowser/1.0"), ("ana", "ip", CLIENT)]
    assert {seen for _, seen in store.values.values()} == {AT.replace(microsecond=0) if form == "combined" else AT}
    assert (report.source, report.taken, report.new, report.known, report.exit) == ("connections", 1, 2, 0, 0)


def test_the_map_says_where_the_person_stands(tmp_path):
    """A header that the product writes into its answer, one type, one spelling; the browser is left out where told so."""
    store = Store()
    run(wrote(tmp_path / "a", nginx(upstream_http_x_account="0042")), store, MAP)
    run(wrote(tmp_path / "b", caddy(resp_headers={"X-Account": ["42"]})), store,
        b'format = 1\nperson = "/resp_headers/X-Account"\nperson_type = "integer"\nignore_device = true\n')  # fmt: skip
    assert store.told() == [("42", "device", "ExampleBrowser/1.0"), ("42", "ip", CLIENT)]


@pytest.mark.parametrize(
    ("line", "text", "answer"),
    [
        (nginx(remote_addr=PROXY, http_x_forwarded_for=f"{LIE}, {CLIENT}"), PLAIN, CLIENT),
        (nginx(http_x_forwarded_for=LIE), PLAIN, CLIENT),
        (nginx(remote_addr=PROXY, http_x_forwarded_for="rubbish"), PLAIN, PROXY),
        (nginx(remote_addr=PROXY, http_forwarded=f"for={LIE}", http_x_forwarded_for=CLIENT), PLAIN, CLIENT),
        (nginx(remote_addr=PROXY, http_forwarded=f"for={CLIENT}", http_x_forwarded_for=LIE), PLAIN + b'forwarded = "forwarded"\n', CLIENT),
        (caddy(headers={"X-Forwarded-For": [LIE, CLIENT]}, request={"remote_ip": PROXY}), PLAIN, CLIENT),
        (caddy(request={"remote_ip": ..., "remote_addr": f"{CLIENT}:4711"} | {"remote_ip": None}), PLAIN, CLIENT),
        (caddy(request={"remote_ip": None, "remote_addr": "[2001:db8::7]:4711"}), PLAIN, "2001:db8::7"),
        (combined(peer=PROXY), PLAIN, PROXY),
    ],
)  # fmt: skip
def test_an_address_is_believed_as_far_as_our_own_hops_go(tmp_path, line, text, answer):
    """Never one that the client wrote."""
    store = Store()
    run(wrote(tmp_path / "log", line), store, text)
    assert [value for _, f, value in store.told() if f == "ip"] == [answer]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (nginx(remote_user=""), NOBODY.reason),
        (nginx(status="401"), NOT_SIGNED_IN.reason),
        (nginx(request_method="", request_uri="", status="400"), "not an HTTP request"),
    ],
)
def test_nobody_is_nobody(tmp_path, line, reason):
    """A name in a refused sign-in is what somebody typed: nobody's record gets that address."""
    store = Store()
    report = run(wrote(tmp_path / "log", line), store)
    assert (store.values, report.reasons, report.exit) == ({}, ((reason, 1),), 0)


@pytest.mark.parametrize(
    ("line", "text", "reason"),
    [
        (nginx(remote_addr="unix:"), PLAIN, NO_ADDRESS),
        (nginx(remote_addr="fe80::1%eth0"), PLAIN, NO_ADDRESS),
        (nginx(), PLAIN + b'person_type = "integer"\n', OTHER_TYPE),
        (nginx(remote_user="a\nb"), PLAIN, OTHER_TYPE),
        (nginx(msec="1795556000.000"), PLAIN, "dated more than 5 minutes into the future"),
        (nginx()[:-1], PLAIN, "not JSON"),
    ],
)
def test_what_cannot_be_sealed_is_malformed(tmp_path, line, text, reason):
    """Counted, with its place, and without a word of the line."""
    store = Store()
    report = run(wrote(tmp_path / "log", nginx(remote_user=""), line), store, text, "nginx")
    assert (store.values, report.wrong, report.exit) == ({}, ((reason, 1),), 1)
    assert report.places[0].number == 2


def test_an_agent_that_is_no_text_names_no_device(tmp_path):
    """Control characters, nothing, or a thousand letters: the address is kept, the agent is not."""
    store = Store()
    lines = [nginx(http_user_agent=a) for a in ("", "a\u0000b", "x" * 1_001, "a\u2028b")]
    report = run(wrote(tmp_path / "log", *lines), store)
    assert store.told() == [("ana", "ip", CLIENT)]
    assert report.taken == 4


def test_a_day_at_one_address_is_one_value(tmp_path):
    """However many requests; the next day, another address, another person are values of their own."""
    lines = [nginx(msec=f"{1795550028 - n}.000") for n in range(50)]
    more = [nginx(msec="1795460000.0"), nginx(remote_addr=LIE), nginx(remote_user="bo")]
    store = Store()
    report = run(wrote(tmp_path / "log", *lines, *more), store)
    ips = [key for key in store.values if key[1] is Field.IP]
    assert len(ips) == 4
    assert (report.new, report.known) == (len(store.values), 2 * 53 - len(store.values))


@pytest.mark.parametrize("form", FORMS)
def test_the_same_file_twice_and_two_logs_of_one_request(tmp_path, form):
    """Nothing is doubled, whichever server wrote it, gzipped or not."""
    store = Store()
    file = wrote(tmp_path / "log", MAKERS[form](), MAKERS[form]())
    run(file, store)
    before = dict(store.values)
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    others = [wrote(tmp_path / f, MAKERS[f]()) for f in FORMS]
    for again in (file, packed, *others):
        assert run(again, store).new == 0
    assert store.values == before


@pytest.mark.parametrize("at", range(1, 7))
def test_a_store_that_is_down_is_completed_by_the_next_run(tmp_path, at):
    """At whatever value it fails: the error comes out, and the second run seals the rest and nothing twice."""
    file = wrote(tmp_path / "log", *[nginx(remote_user=f"u{n}") for n in range(3)])
    store = Store(fails_at=at)
    with pytest.raises(Unavailable):
        run(file, store)
    report = run(file, store)
    assert len(store.values) == 6
    assert (report.new, report.known) == (6 - (at - 1), at - 1)


@pytest.mark.parametrize("form", FORMS)
def test_hostile_files_are_reports(tmp_path, form):
    """Cut gzip, another encoding, a file of another kind; nothing of a line is ever told."""
    raw = "\n".join([MAKERS[form]()] * 20 + ["kaputt ana 198.51.100.7"]).encode()
    for name, content in {"cut": gzip.compress(raw)[:-9], "utf16": raw.decode().encode("utf-16"), "mixed": raw}.items():
        (tmp_path / name).write_bytes(content)
        report = run(tmp_path / name, Store())
        assert report.exit == 1, name
        for clear in ("ana", CLIENT, "ExampleBrowser", "kaputt"):
            assert clear not in repr(report)
    with pytest.raises(BadInput) as caught:
        run(wrote(tmp_path / "other", "ana 198.51.100.7"), Store())
    assert "ana" not in str(caught.value)
    with pytest.raises(BadInput, match="nowhere"):
        run(tmp_path / "nowhere", Store())


@settings(deadline=None, max_examples=100)
@example([b"\xef\xbb\xbf"], FORMS[0])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60).map(lambda b: b.replace(b"\n", b"")),
            st.just(nginx().encode()),
            st.just(combined().encode()),
        ),
        max_size=6,
    ),
    st.sampled_from(FORMS),
)
def test_every_line_is_counted_once(tmp_path_factory, lines, form):
    """Any bytes: nothing raises, the sums hold, and values come of taken lines only."""
    file, store = tmp_path_factory.mktemp("log") / "log", Store()
    file.write_bytes(b"\n".join(lines))
    report = run(file, store, form=form)
    # A byte order mark at the start belongs to the file and is no line of it.
    some = [line for line in b"\n".join(lines).removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    assert report.records == report.taken + report.skipped + report.malformed == len(some) or report.broken
    assert report.looks == report.new + report.known == 2 * report.taken


def test_values_and_persons_are_in_no_repr():
    """A traceback with locals would show them."""
    seen = Seen("mira", address(CLIENT), "ExampleBrowser", NOW)
    assert "mira" not in repr(seen)
    assert CLIENT not in repr(seen)
    assert "ExampleBrowser" not in repr(seen)


def test_a_span_begins_with_its_first_instant():
    """The last microsecond of a day and the first of the next are two values; the whole day is one."""
    store = Store()
    midnight = NOW.replace(hour=0)
    for at in (
        midnight - timedelta(microseconds=1),
        midnight,
        midnight + timedelta(hours=24) - timedelta(microseconds=1),
    ):
        keep_seen(store, Seen("mira", address(CLIENT), None, at))
    assert len(store.values) == 2


def test_among_the_real_parts(tmp_path):
    """Sealed in a vault on a disk, twice the same, and not a byte of it readable in any file there."""
    clock = Clock()
    clock.at = NOW
    build(tmp_path / "data", ORIGIN, clock=clock)
    file = wrote(
        tmp_path / "log", nginx(remote_user="mira@example.org", remote_addr="203.0.113.77"), nginx(remote_user="owen")
    )
    with house(tmp_path / "data", clock=clock) as here:
        reports = [connections(file, Persons.parse(PLAIN), here.vault, OURS, clock=clock) for _ in range(2)]
    assert [(r.new, r.known) for r in reports] == [(4, 0), (0, 4)]
    files = [f for f in (tmp_path / "data").rglob("*") if f.is_file()]
    assert len(files) > 5
    for stored in files:
        raw = stored.read_bytes()
        assert b"203.0.113.77" not in raw, stored
        assert b"mira@example.org" not in raw, stored
        assert b"ExampleBrowser" not in raw, stored


@pytest.mark.parametrize(
    "wrong", [b"", b"format = 2", PLAIN + b"persons = 'x'", PLAIN + b"person = 1", PLAIN + b"forwarded = 'via'", PLAIN + b"every_hours = 0",
              PLAIN + b"person_type = 'name'", PLAIN + b"ignore_device = 1"]
)  # fmt: skip
def test_a_map_refuses_what_it_does_not_know(wrong):
    """A misspelt key would put nobody's address into anybody's record, or the wrong one."""
    with pytest.raises(Misconfigured):
        Persons.parse(wrong)


def test_the_map_of_the_documentation():
    """Every key of it is read."""
    persons = Persons.parse(MAP)
    assert (persons.person, persons.person_type, persons.every) == (
        "upstream_http_x_account",
        "integer",
        timedelta(days=1),
    )
    assert json.dumps(persons.header) == '"x-forwarded-for"'

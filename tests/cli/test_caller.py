# SPDX-License-Identifier: Apache-2.0
"""`whosaw caller`, as it is typed: with the folder to itself, and beside a gate that has it open."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.api.ca import Authority

from whosaw.api.admitted import NotAdmitted
from whosaw.api.callers.house import door
from whosaw.cli.caller import caller as command
from whosaw.cli.errands import wishes
from whosaw.model.record import Stream, parse
from whosaw.wiring import house
from whosaw.wishes import wish

MAY = ("--purpose", "subject_request", "--path", "/v1/look", "--by", "lead")


@pytest.fixture(scope="module")
def ca():
    return Authority(at=datetime.now(UTC))


@pytest.fixture
def tool(desk, ca):
    """A certificate, and its file."""
    made = ca.issue()
    made.write(desk.home, "desk")
    return made


def scope(cert):
    told = {"client_cert_chain": [cert.pem]}
    return {"type": "http", "path": "/v1/look", "client": ("192.0.2.1", 1), "headers": [], "extensions": {"tls": told}}


def test_a_tool_is_admitted_rotated_and_removed(desk, tool, ca):
    """Each is on record with who ordered it; the list says how it stands."""
    said = desk.typed("caller", "add", "support-desk", "--how", "mtls", "--certificate", desk.home / "desk.pem", *MAY)
    assert (said.code, "may ask from now on" in said.out) == (0, True)
    new = ca.issue()
    new.write(desk.home, "new")
    assert (
        desk.typed("caller", "rotate", "support-desk", "--certificate", desk.home / "new.pem", "--by", "lead").code == 0
    )
    (row,) = desk.typed("caller", "list", "--format", "json").json["rows"]
    assert (row["caller"], row["by"], row["keys"], row["purposes"], row["speaks"]) == (
        "support-desk",
        "mtls",
        2,
        "subject_request",
        False,
    )
    with house(desk.data) as here, door(here) as made:
        assert {made.admit(scope(cert)).name for cert in (tool, new)} == {"support-desk"}
    assert desk.typed("caller", "remove", "support-desk", "--by", "lead").code == 0
    assert desk.typed("caller", "list", "--format", "json").json["rows"] == []
    with house(desk.data) as here:
        here.journal.publish_now()
        bodies = [parse(f.body) for f in here.journal.reader().run(here.keyring.find(Stream.named("admin")))[1:]]
        assert [body["event"] for body in bodies] == ["added", "rotated", "removed"]
        assert {body["principal"] for body in bodies} == {here.pseudonyms.principal("lead")}


def test_beside_an_open_gate_the_gate_does_it(desk, tool):
    """Admitted, and refused again by the very next request, while the folder stays open; errors are told as ever."""
    add = ("caller", "add", "support-desk", "--how", "mtls", "--certificate", desk.home / "desk.pem", *MAY)
    with house(desk.data) as here, door(here) as made, wishes(here):
        with pytest.raises(NotAdmitted):
            made.admit(scope(tool))
        assert desk.typed(*add).code == 0
        assert made.admit(scope(tool)).name == "support-desk"
        again = desk.typed(*add)
        assert (again.code, "a caller of this name is registered" in again.err) == (2, True)
        assert len(desk.typed("caller", "list", "--format", "json").json["rows"]) == 1
        assert desk.typed("caller", "remove", "support-desk", "--by", "lead").code == 0
        with pytest.raises(NotAdmitted):
            made.admit(scope(tool))


def test_beside_something_else_that_has_the_folder_it_ends_with_6(desk, tool, monkeypatch):
    """A watch, a load: nobody there knows about callers. Nothing changes, then or later."""
    monkeypatch.setattr(wish, "PATIENCE", 0.3)
    with house(desk.data):
        said = desk.typed(
            "caller", "add", "support-desk", "--how", "mtls", "--certificate", desk.home / "desk.pem", *MAY
        )
    assert (said.code, "only `whosaw serve`" in said.err) == (6, True)
    assert desk.typed("caller", "list", "--format", "json").json["rows"] == []


def test_tables_of_the_settings_come_into_force_at_a_start(desk, tool):
    """With an issuer whose keys lie in a file beside them; a removal by command outlasts the next start."""
    (desk.data / "clients.pem").write_text("")
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write(
            f"""
[[issuer]]
name = "staff"
url = "https://id.example.org/staff"
audience = "whosaw"
keys = "staff.jwks"

[[caller]]
name = "support-desk"
how = "mtls"
pins = ["{tool.pin}"]
tokens = ["staff"]
purposes = ["subject_request"]
paths = ["/v1/look"]
"""
        )
    with house(desk.data) as here, door(here) as made:
        assert made.admit(scope(tool)).caller.said.tokens == ("staff",)
    assert desk.typed("caller", "remove", "support-desk", "--by", "lead").code == 0
    told = []
    with house(desk.data) as here, door(here, told.append) as made, pytest.raises(NotAdmitted):
        made.admit(scope(tool))
    assert told == [
        "caller support-desk: a command removed it; it stays removed until its table in whosaw.toml changes"
    ]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("add", "x y", "--how", "mtls", "--pin", "sha256:" + "0" * 64, *MAY), "caller.name"),
        (("add", "x", "--how", "mtls", *MAY), "caller.pins"),
        (("add", "x", "--how", "mtls", "--pin", "sha256:00", *MAY), "caller.pins"),
        (("add", "x", "--how", "jwt", *MAY), "caller.issuer"),
        (("add", "x", "--how", "jwt", "--issuer", "staff", "--subject", "s", *MAY), "no [[issuer]]"),
        (("add", "x", "--how", "mtls", "--ca", "gone.pem", "--san", "dns:x", *MAY), "caller.ca"),
        (("add", "x", "--how", "mtls", "--certificate", "gone.pem", *MAY), "--certificate"),
        (("add", "x", "--how", "mtls", "--pin", "sha256:" + "0" * 64, "--purpose", "fun", *MAY), "no purpose"),
        (("add", "x", "--how", "mtls", "--pin", "sha256:" + "0" * 64, "--expires", "soon", *MAY), "caller.expires"),
        (("rotate", "x", "--by", "lead"), "either --certificate or --pin"),
        (("rotate", "x", "--pin", "sha256:" + "0" * 64, "--by", "lead"), "no caller of this name"),
        (("remove", "x", "--by", "lead"), "no caller of this name"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_changes_nothing(desk, words, what):
    """2, with what is wrong; no traceback and no record."""
    said = desk.typed("caller", *words)
    assert (said.code, what in said.err, said.out) == (2, True, "")
    assert desk.typed("caller", "list", "--format", "json").json["rows"] == []


def test_a_key_is_no_certificate(desk, tool):
    """The file beside it, which should lie elsewhere."""
    del tool
    said = desk.typed("caller", "add", "x", "--how", "mtls", "--certificate", desk.home / "desk.key", *MAY)
    assert (said.code, "no certificate in PEM" in said.err) == (2, True)


def test_the_commands_are_those_of_the_page():
    """Four of them."""
    assert sorted(command.commands) == ["add", "list", "remove", "rotate"]
    assert timedelta(hours=24) == timedelta(
        hours=next(p for p in command.commands["rotate"].params if p.name == "overlap_h").default
    )

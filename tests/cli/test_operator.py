# SPDX-License-Identifier: Apache-2.0
"""Who asks at the command line: the record says what is known, and where a login is one of the staff nobody asks as another."""

import os
import pwd

import pytest
from tests.cli.desk import typed

from whosaw.cli import operator
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream, parse
from whosaw.wiring import house


def recorded(desk, stream):
    """The bodies of a stream, the enrolment apart."""
    with house(desk.data) as here:
        here.journal.publish_now()
        secret = here.keyring.find(stream)
        return [] if secret is None else [frame.body for frame in here.journal.reader().run(secret)[1:]]


def only(desk, *logins):
    """Whosaw.toml names the staff of these logins."""
    listed = ", ".join(f'"{each}"' for each in logins)
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write(f"\n[local]\noperators = [{listed}]\n")


def test_whoever_typed_it_said_who_they_are(desk):
    """Without the setting anybody is believed, and the record says that they only said so."""
    assert desk.look().code == 0
    caller = LookBody.decode(recorded(desk, Stream.of_person("mirabel"))[-1]).caller
    assert (caller.name, caller.proof, caller.speaks) == ("local", "local", True)


def test_a_login_that_is_one_of_the_staff_asks_as_themselves(desk, monkeypatch):
    """And the record does not say that it was only said."""
    only(desk, "ana-login=ana", "greta-login=greta")
    monkeypatch.setattr(operator, "login", lambda: "ana-login")
    assert desk.look().code == 0
    assert LookBody.decode(recorded(desk, Stream.of_person("mirabel"))[-1]).caller.speaks is False


@pytest.mark.parametrize(
    ("login", "why"), [("greta-login", "contradicts"), ("root", "no-operator"), ("", "no-operator")]
)
def test_nobody_asks_as_another(desk, monkeypatch, login, why):
    """4, on record by pseudonym; the person's own stream does not have it, because nobody knows who it was."""
    only(desk, "ana-login=ana", "greta-login=greta")
    monkeypatch.setattr(operator, "login", lambda: login)
    before = recorded(desk, Stream.of_person("mirabel"))
    said = desk.look()
    assert (said.code, said.out) == (4, "")
    assert "recorded as leaf" in said.err
    (body,) = [parse(raw) for raw in recorded(desk, Stream.named("admin"))]
    assert (body["kind"], body["event"], body["caller"], body["why"]) == ("caller", "refused", "local", why)
    with house(desk.data) as here:
        assert body["said"] == here.pseudonyms.principal("ana")
        assert body["principal"] == (here.pseudonyms.principal("greta") if login == "greta-login" else None)
    assert recorded(desk, Stream.of_person("mirabel")) == before


def test_every_command_that_is_told_who_asks_looks_at_it(desk, monkeypatch):
    """Inquiry, statement, export, erasure, hold and callers alike; no file is left behind."""
    only(desk, "ana-login=ana")
    monkeypatch.setattr(operator, "login", lambda: "ana-login")
    out, admitted = desk.home / "out", ("--purpose", "fraud_review", "--path", "/", "--pin", "sha256:" + "0" * 64)
    for words, code in (
        (("inquiry", "person", "mirabel", "--as", "ines"), 4),
        (("inquiry", "finding", "f-000001", "--as", "ines"), 4),
        (("inquiry", "unseal", "f-000001", "--by", "ines", "--with", "omar"), 4),
        (("statement", "mirabel", "--as", "ines", "--out", out), 4),
        (("journal", "export", "records", out, "--all", "--as", "ines"), 4),
        (("suspend", "greta", "--reason-code", "misuse", "--by", "ines"), 4),
        (("erase", "mirabel", "--basis", "request", "--by", "ines"), 4),
        (("hold", "mirabel", "--basis", "claim", "--by", "ines"), 4),
        (("caller", "add", "desk", "--how", "mtls", *admitted, "--by", "ines"), 2),
    ):
        said = desk.typed(*words)
        assert (said.code, said.out) == (code, ""), words
        assert not out.exists()
    assert desk.typed("caller", "add", "desk", "--how", "mtls", *admitted, "--by", "ana").code == 0


def test_the_login_is_the_process_and_not_what_the_environment_says(monkeypatch):
    """LOGNAME and USER are whatever somebody wrote there."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "ana-login")
    assert operator.login() == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("listed", ['"ana"', '"=ana"', '"ana-login="', '"a=b", "a=c"', '"a b=c"'])
def test_a_list_that_cannot_be_read_stops_the_start(desk, listed):
    """It would be a list of fewer."""
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write(f"\n[local]\noperators = [{listed}]\n")
    said = desk.look()
    assert (said.code, "local.operators" in said.err) == (2, True)
    assert typed("caller", "list", "--data", desk.data).code == 2

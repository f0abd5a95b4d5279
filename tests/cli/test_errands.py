# SPDX-License-Identifier: Apache-2.0
"""What is typed beside a gate that serves the folder: approved, refused, stopped, and told as if there were no gate."""

import json
import threading
from contextlib import nullcontext

import pytest
from tests.api.ca import SERVER, Authority
from tests.api.test_serve import serving
from tests.cli.desk import typed

from whosaw.cli import errand, operator
from whosaw.cli.errands import ERRANDS, wishes
from whosaw.client.answer import Refused, Shown
from whosaw.client.gate import Gate
from whosaw.errors import Busy, WhosawError
from whosaw.model.record import Stream, parse
from whosaw.verify.overseer import OverseerKey
from whosaw.wiring import house

LOOK = ("--person", "katharina", "--field", "ip:network", "--purpose", "subject_request", "--case", "T-101")
ASKED = {"person": "katharina", "fields": "ip:network", "purpose": "subject_request", "case": "T-101"}
REASON = "She cannot sign in since she moved."


def said(answer, code=0):
    assert answer.code == code, answer
    return json.loads(answer.out)


def in_use(_):
    """What opening the folder says beside a gate, without the third of a second that it takes to say it."""
    raise Busy("another process holds the folder")


def as_(who):
    return ("--as", who, "--format", "json")


@pytest.mark.slow
def test_a_look_over_http_is_approved_by_commands_beside_the_gate(desk):
    """Refused for lack of an approval; asked for, seen and given beside the gate, inside and outside; and then shown, once."""
    council = OverseerKey.make("works-council", "ed25519", lambda n: b"\7" * n)
    desk.file("council.key", council.encode())
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write(f'\n[[overseer]]\nvkey = "{council.vkey}"\n')
    ca = Authority()
    cert, key = ca.issue("ip:127.0.0.1", use=SERVER).write(desk.home, "gate")
    tool = ca.issue().write(desk.home, "tool")
    desk.file("ca.pem", ca.pem)
    tls = ("--tls-cert", str(cert), "--tls-key", str(key), "--client-ca", str(desk.home / "ca.pem"))
    with serving("--data", str(desk.data), *tls) as process:
        may = (
            "--how",
            "mtls",
            "--certificate",
            tool[0],
            "--purpose",
            "subject_request",
            "--path",
            "/v1/look",
            "--speaks",
        )
        assert desk.typed("caller", "add", "portal", *may, "--by", "lead").code == 0
        with Gate(f"https://127.0.0.1:{process.port}", certificate=tool, ca=desk.home / "ca.pem", timeout=20.0) as gate:
            assert isinstance(gate.look(**ASKED, principal="ana"), Refused)
            needs = ("--independent", "2", "--overseer")
            made = desk.typed("approval", "ask", *LOOK, "--reason", REASON, *needs, *as_("ana"))
            request = said(made)["request"]
            out, back = desk.home / "r.json", desk.home / "s.json"
            seen = said(desk.typed("approval", "show", request, "--out", out, *as_("ines")))
            assert (seen["reason_of_asker"], seen["roles"]) == (REASON, ["independent", "legal"])
            assert said(desk.typed("approval", "give", request, *as_("ines")))["state"] == "pending"
            key_ = ("--overseer-key", desk.home / "council.key")
            assert typed("overseer", "sign", out, "--out", back, *key_).code == 0
            assert said(desk.typed("approval", "give", "--from", back, *as_("ines")))["state"] == "approved"
            assert isinstance(gate.look(**ASKED, principal="ana"), Shown)
            assert isinstance(gate.look(**ASKED, principal="ana"), Refused)
        assert process.stop() == 0
        assert [line for line in process.lines if "katharina" in line or REASON in line] == []
    with house(desk.data) as here:
        here.journal.publish_now()
        found = here.journal.reader().run(here.keyring.find(Stream.of_person("katharina")))[1:]
        kinds = [parse(frame.body)["kind"] for frame in found]
        with here.engine.connect() as db:
            assert db.exec_driver_sql("SELECT count(*) FROM caller_wishes").scalar() == 0
    assert kinds.count("look") == 3


def test_the_same_words_and_codes_as_without_a_gate(desk, monkeypatch):
    """Whatever is typed: the same on stdout, on stderr, and as a code; and on record the same."""
    lines = (
        ("approval", "show", "a-none", "--as", "ines"),
        ("approval", "ask", *LOOK, "--reason", REASON, "--as", "nobody-here"),
        ("approval", "give", "a-none", "--as", "ines"),
        ("passkey", "list", "--as", "ines"),
        ("ticket", "status"),
        ("quota", "show", "nobody-here", "--format", "json"),
        ("sample", "draw", "--purpose", "quality_sampling", "--cases", "3", "--by", "ana", "--format", "csv"),
    )

    with house(desk.data) as here:
        # One house for both ways: opening it for every line would take most of the time.
        monkeypatch.setattr(errand, "opened", lambda _: nullcontext(here))
        alone = [desk.typed(*line) for line in lines]
        monkeypatch.setattr(errand, "opened", in_use)
        with wishes(here):
            beside = [desk.typed(*line) for line in lines]
            assert not _stopped(desk)
            assert desk.typed("suspend", "ana", "--reason-code", "stolen", "--by", "ines").code == 0
            assert _stopped(desk)
            assert desk.typed("suspend", "ana", "--lift", "--by", "ines", "--with", "ines").code == 4
    assert beside == alone
    assert {each.code for each in beside} >= {0, 2}


def _stopped(desk):
    """Whether `quota show` says that what is left helps nobody: as a fact, and in words."""
    said = desk.typed("quota", "show", "ana", "--format", "json").json
    assert said["works_here"]
    assert said["suspended"] == any("is suspended: every look of theirs is refused" in each for each in said["notes"])
    return said["suspended"]


def test_who_asks_is_the_login_of_the_command_and_not_of_the_gate(desk, monkeypatch):
    """Nobody asks as another: 4, on record; and whoever is one of the staff asks as themselves."""
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write('\n[local]\noperators = ["ana-login=ana", "gate-login=lead"]\n')
    typist = ["ana-login"]
    monkeypatch.setattr(
        operator,
        "login",
        lambda: typist[0] if threading.current_thread() is threading.main_thread() else "gate-login",
    )
    monkeypatch.setattr(errand, "opened", in_use)
    ask = ("approval", "ask", *LOOK, "--reason", REASON)
    with house(desk.data) as here, wishes(here):
        assert desk.typed(*ask, "--as", "ana").code == 0
        for typist[0], who in (("ana-login", "lead"), ("gate-login", "ana"), ("root", "ana")):
            no = desk.typed(*ask, "--as", who)
            assert (no.code, no.out, "recorded as leaf" in no.err) == (4, "", True)
        here.journal.publish_now()
        found = here.journal.reader().run(here.keyring.find(Stream.named("admin")))[1:]
        whys = [body["why"] for body in map(parse, (frame.body for frame in found)) if body["kind"] == "caller"]
    assert whys == ["contradicts", "contradicts", "no-operator"]


def test_a_gate_that_is_cut_short_leaves_nothing_half_done(desk, monkeypatch):
    """On record and not yet kept: 7, with a hint; the same command again finds it approved, and records nothing more."""
    monkeypatch.setattr(errand, "opened", in_use)
    with house(desk.data) as here, wishes(here):
        request = said(desk.typed("approval", "ask", *LOOK, "--reason", REASON, "--to", "ines", *as_("ana")))["request"]
        listed = [said(desk.typed("approval", "list", *as_("ines"))) for _ in range(2)]
        assert [each["notices"] for each in listed] == [[f"asked {request}"], []]
        assert listed[0]["rows"][0]["asked by"] == "ana (support in help-ie)"
        give = ("approval", "give", request, *as_("ines"))
        with monkeypatch.context() as patched:
            patched.setattr(type(here.approvals.rows), "put", lambda *_: 1 / 0)
            cut = desk.typed(*give)
        assert (cut.code, cut.out, "the same command again does not do it twice" in cut.err) == (7, "", True)
        assert said(desk.typed(*give))["state"] == "approved"
        here.journal.publish_now()
        found = here.journal.reader().run(here.keyring.find(Stream.named("approvals")))[1:]
        assert len([frame for frame in found if b'"given"' in frame.body]) == 1


@pytest.mark.parametrize("given", [None, [], {}, {"asker": 1}, {"asker": "ana"}, {"change": 1, "login": "x"}])
def test_an_errand_that_is_told_something_else_does_nothing(desk_here, given):
    """A wish of another version: an error that is told, by every errand, and no traceback."""
    for each in ERRANDS:
        if each.name == "ticket status":
            continue
        with pytest.raises(WhosawError):
            each.doer(desk_here)(given)


@pytest.fixture(scope="module")
def desk_here(settled):
    with house(settled.data) as here:
        yield here


def test_every_errand_has_a_name_of_its_own():
    """Or the gate would do another's."""
    assert len({each.name for each in ERRANDS}) == len(ERRANDS)

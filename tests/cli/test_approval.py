# SPDX-License-Identifier: Apache-2.0
"""Approvals at the command line, as docs/approvals.md has them: asked, seen, signed inside and outside, used, checked."""

import json
from types import SimpleNamespace

import pytest
from tests.cli.desk import company, day, typed
from tests.directory.town import write
from tests.guard.approvals.authenticator import RP, SoftKey
from tests.guard.approvals.test_passkeys import challenge_in
from tests.guard.approvals.test_state import GATE, R, event, request

from whosaw.cli.approval_words import _stands
from whosaw.guard.approvals.state import Standing, What, step
from whosaw.verify.overseer import OverseerKey

LOOK = ("--person", "katharina", "--field", "ip:network", "--purpose", "subject_request", "--case", "T-101")
REASON = "She cannot sign in since she moved."


def said(answer, code=0):
    assert answer.code == code, answer
    return json.loads(answer.out)


@pytest.fixture
def house(desk):
    """The company, with an overseer and a page for passkeys."""
    made = typed("overseer", "key", "works-council", "--overseer-key", desk.home / "council.key", "--format", "json")
    settings = f'\n[[overseer]]\nvkey = "{said(made)["vkey"]}"\n[approvals]\nrp = "{RP}"\norigin = "https://{RP}"\n'
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write(settings)
    return desk


def asked(house, *more):
    answer = house.typed("approval", "ask", *LOOK, "--reason", REASON, "--as", "ana", "--format", "json", *more)
    return said(answer)["request"]


def looked(house, code):
    return said(house.typed("look", "--principal", "ana", *LOOK, "--format", "json"), code)


def test_a_refused_employee_an_approver_and_an_overseer(house):
    """Refused without a hint at whom; two sign, one of them from outside; shown once; and anybody can check who signed."""
    assert looked(house, 4)["told"] == "This look is not permitted."
    request = asked(house, "--independent", "2", "--overseer", "--to", "ines")
    mine = " ".join(house.typed("approval", "show", request, "--as", "ana").out.split())
    assert "needed: 2 in all, 1 an overseer" in mine
    assert REASON not in mine
    listed = said(house.typed("approval", "list", "--as", "ines", "--format", "json"))
    assert (listed["notices"], listed["rows"][0]["request"]) == ([f"asked {request}"], request)
    (row,) = listed["rows"]
    assert (row["asked by"], row["case"]) == ("ana (support in help-ie)", "T-101")
    assert (row["why not"], row["patterns against"]) == (["steward: no-steward"], [])
    assert said(house.typed("approval", "list", "--as", "ines", "--format", "json"))["notices"] == []
    seen = said(
        house.typed("approval", "show", request, "--as", "ines", "--format", "json", "--out", house.home / "r.json")
    )
    assert (seen["asker"], seen["reason_of_asker"], seen["roles"]) == ("ana", REASON, ["independent", "legal"])
    assert seen["pattern"] == "You answered no request of this principal in the last 30 days."
    assert "katharina" not in json.dumps(seen)
    boss = house.typed("approval", "show", request, "--as", "lead").out
    assert "You cannot sign this request." in boss
    # Said once, and not again for everything that they could sign as.
    assert " ".join(boss.split()).count("One of the two stands above the other in a reporting line.") == 1
    assert REASON not in boss
    assert said(house.typed("approval", "give", request, "--as", "lead", "--format", "json"), 4)["reasons"][0] == "line"
    assert said(house.typed("approval", "give", request, "--as", "ines", "--format", "json"))["state"] == "pending"
    shown = typed("overseer", "show", house.home / "r.json")
    assert REASON in shown.out
    key = ("--overseer-key", house.home / "council.key")
    assert typed("overseer", "sign", house.home / "r.json", "--out", house.home / "s.json", *key).code == 0
    back = ("approval", "give", "--from", house.home / "s.json", "--as", "ines", "--format", "json")
    assert said(house.typed(*back))["state"] == "approved"
    assert looked(house, 0)["permitted"]
    assert looked(house, 4)["told"] == "This look is not permitted."
    assert house.typed("statement", "katharina", "--as", "ines", "--out", house.home / "k.json").code == 0
    vkey = OverseerKey.parse((house.home / "council.key").read_bytes()).vkey
    check = ("verify", "statement", house.home / "k.json", "--trust", house.data / "trust", "--person", "katharina")
    whole = typed(*check, "--overseer", vkey)
    assert whole.code == 0
    assert "approved by two, one of them an overseer with key" in whole.out
    stranger = OverseerKey.make("works-council", "ed25519", lambda n: b"\7" * n).vkey
    assert typed(*check, "--overseer", stranger).code == 3
    records = house.home / "all.records"
    assert house.typed("journal", "export", "records", records, "--all", "--as", "ines").code == 0
    checked = typed("verify", "records", records, "--trust", house.data / "trust", "--overseer", vkey)
    assert "2 approvals in looks" in checked.out


def test_what_an_approver_sees_at_a_glance(house):
    """Who asks and what they are, what is lacking, as what one may sign and why not, and what speaks against it."""
    for _ in range(3):
        assert house.typed("approval", "refuse", asked(house), "--as", "ines").code == 0
    request = asked(house, "--independent", "2", "--overseer", "--to", "lead")
    seen = house.typed("approval", "list", "--as", "ines").out
    flat = " ".join(seen.split())
    assert "ana (support in help-ie)" in flat
    assert f"{request}: It still lacks 2 in all, 1 an overseer. You may sign it as independent or legal" in flat
    assert "As steward you cannot: The one who approves is no steward" in flat
    assert "Exactly this look was asked for before, and refused: 3 times. Of 3 other requests of theirs 3 were" in flat
    assert f"  whosaw approval show {request} --as ines --data {house.data}" in seen.splitlines()
    assert "katharina" not in seen
    assert REASON not in seen
    boss = said(house.typed("approval", "list", "--as", "lead", "--format", "json"))
    (row,) = boss["rows"]  # told of it, and not able to sign: why, and neither by whom nor what for
    assert (row["you could sign as"], row["asked by"], row["pattern"]) == ([], None, None)
    assert "independent: line" in row["why not"]
    assert said(house.typed("approval", "list", "--as", "omar", "--format", "json"))["rows"] != []
    stranger = house.typed("approval", "list", "--as", "nobody-here").out
    assert "The directory does not know who asks" in " ".join(stranger.split())


def test_who_does_not_work_here_asks_for_nothing(house):
    """Not known, or suspended: 2, before anything is on record."""
    for who in ("nobody-here", "ana"):
        if who == "ana":
            assert house.typed("suspend", "ana", "--reason-code", "stolen", "--by", "ines").code == 0
        answer = house.typed("approval", "ask", *LOOK, "--reason", REASON, "--as", who)
        assert answer.code == 2, answer
        assert "The one who asks is" in answer.err


def test_where_passkeys_are_demanded_the_way_to_sign_goes_by_a_browser(house):
    request = asked(house)
    assert "--assertion" not in house.typed("approval", "show", request, "--as", "ines").out
    with (house.data / "whosaw.toml").open("a") as file:
        file.write("passkeys = true\n")
    told = " ".join(house.typed("approval", "show", request, "--as", "ines").out.split())
    assert f"whosaw approval show {request} --challenge FILE" in told
    assert f"whosaw approval give {request} --assertion FILE" in told
    assert f"whosaw approval give {request} --as " not in told


def test_a_passkey_from_challenge_to_use(house):
    """Registered and used with files in and out; what another key signs is refused."""
    key = SoftKey()
    out, back = house.home / "challenge.json", house.home / "back.json"
    assert house.typed("passkey", "add", "--challenge", out, "--as", "ines").code == 0
    back.write_text(key.create(challenge_in(out.read_text())))
    made = said(house.typed("passkey", "add", "--registration", back, "--as", "ines", "--format", "json"))
    assert said(house.typed("passkey", "list", "--as", "ines", "--format", "json"))["rows"][0]["key"] == made["key"]
    request = asked(house)
    out.unlink()
    assert house.typed("approval", "show", request, "--as", "ines", "--challenge", out).code == 0
    back.write_text(SoftKey(seed=b"other").get(challenge_in(out.read_text())))
    give = ("approval", "give", request, "--assertion", back, "--as", "ines", "--format", "json")
    assert said(house.typed(*give), 4)["reasons"] == ["signature"]
    back.write_text(key.get(challenge_in(out.read_text())))
    assert said(house.typed(*give))["state"] == "approved"
    assert house.typed("passkey", "remove", made["key"], "--as", "ines").code == 0


def test_refused_withdrawn_and_what_there_is_not(house):
    """Each ends as it says; what cannot be is said in one sentence."""
    first, second = asked(house), asked(house)
    for stranger in ("nobody-here", "lead", "ana"):  # no word of theirs keeps it from being approved
        assert house.typed("approval", "refuse", first, "--as", stranger).code == 4
    assert said(house.typed("approval", "refuse", first, "--as", "ines", "--format", "json"))["state"] == "refused"
    assert house.typed("approval", "withdraw", second, "--as", "ines").code == 4
    assert said(house.typed("approval", "withdraw", second, "--as", "ana", "--format", "json"))["state"] == "withdrawn"
    assert "This request is over." in house.typed("approval", "give", second, "--as", "ines").out
    assert house.typed("approval", "review", second, "--fine", "--as", "ines").code == 4
    assert house.typed("approval", "show", "a-none", "--as", "ines").code == 2
    assert house.typed("approval", "give", "--as", "ines").code == 2
    assert typed("overseer", "key", "x", "--overseer-key", house.home / "council.key").code == 2


def test_what_needs_approvals_ends_with_five(house):
    """Where the purpose itself demands one and nothing else is told: 5, and how to ask; with it: shown. In a broken glass: 4."""
    tables = company()
    tables["staff"].append(
        {"staff_id": "vera", "unit": "sec-ie", "function": "security", "country": "IE", "manager": "head"}
    )
    tables["cases"].append(
        {"case_id": "N-1", "type": "incident", "opened": day(2), "assignee": "vera", "opened_by": "portal"}
    )
    tables["case_persons"].append({"case_id": "N-1", "person": "mirabel", "added": day(2), "added_by": "portal"})
    write(house.tables, tables, regions=None)
    assert house.typed("directory", "load", house.tables).code == 0
    what = ("--person", "mirabel", "--field", "device", "--purpose", "incident_response", "--case", "N-1")
    refused = house.typed("look", "--principal", "vera", *what)
    assert refused.code == 5
    assert "It needs approvals; ask for them with: whosaw approval ask --person ID" in " ".join(refused.out.split())
    assert house.typed("look", "--principal", "vera", *what, "--break-glass").code == 4  # nobody here is on call
    request = said(house.typed("approval", "ask", *what, "--reason", REASON, "--as", "vera", "--format", "json"))[
        "request"
    ]
    assert said(house.typed("approval", "give", request, "--as", "ines", "--format", "json"))["state"] == "approved"
    assert house.typed("look", "--principal", "vera", *what).code == 0
    assert house.typed("approval", "review", request, "--not-fine", "--as", "omar").code == 0


@pytest.mark.parametrize(
    ("what", "by", "words"),
    [
        (What.WITHDRAWN, R, "was withdrawn:"),
        (What.VOID, GATE, "became void, for somebody who asked or signed has left or was suspended:"),
    ],
)
def test_a_request_that_became_void_was_not_withdrawn(what, by, words):
    """Whoever asked reads which of the two it was."""
    asked = step(Standing(request()), event(What.ASKED, R))
    assert f" {words} signed by nobody" in _stands(SimpleNamespace(standing=step(asked, event(what, by))))

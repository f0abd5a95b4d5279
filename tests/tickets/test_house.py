# SPDX-License-Identifier: Apache-2.0
"""A whole house with a Jira beside it: looks are permitted while the case says so, and refused from then on."""

import asyncio
import json
import threading
import time
from datetime import timedelta

import pytest
from tests.directory.town import write
from tests.guard.gate import COMPANY, SUMMER
from tests.tickets.systems import DAY, HOUR, Desk, Jira, Served
from tests.vault.crowds import fill

from whosaw.cli.commands import run
from whosaw.desks import load_directory
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.model.record import Stream, parse
from whosaw.policy.decide import decide
from whosaw.policy.facts import Facts
from whosaw.web.health import Health
from whosaw.wiring import build, house

TOLD = "The system that keeps the case did not answer"
SETTINGS = """
[[tickets]]
kind = "jira"
name = "support"
url = "{url}"
pattern = "SUP-[0-9]+"
token_env = "SUPPORT_TOKEN"
persons = "customfield_10050"
fields = "customfield_10051"
queue = "customfield_10052"
types = ["support=support_request", "fraud=fraud_report"]
deadline_s = 1
cache_s = 2
"""
ACCOUNTS = """account,staff_id,person
acc-portal,portal,
acc-ana,ana,
acc-mira-c,,mira
LEAD@example.org,lead,
"""


class Clock:
    """Goes forward by a millisecond at each reading, and to where a test turns it."""

    def __init__(self):
        self.at, self._lock = SUMMER - 2 * HOUR, threading.Lock()

    def __call__(self):
        with self._lock:
            self.at += timedelta(milliseconds=1)
            return self.at

    def turn(self, by):
        self.at += by


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with keys and a log, made once."""
    folder, clock = tmp_path_factory.mktemp("house") / "data", Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    write(folder.parent / "tables", COMPANY, regions=None)
    (folder.parent / "accounts.csv").write_text(ACCOUNTS)
    return folder, clock


class World:
    def __init__(self, here, clock, served):
        self.here, self.clock, self.served, self.desk, self.keys = here, clock, served, served.system.desk, 0

    def look(self, principal="ana", person="mira", case="SUP-1", what="ip:network"):
        self.keys += 1
        self.clock.turn(timedelta(seconds=30))
        key = f"{self.clock.at.timestamp()}"
        return self.here.guard.look(
            Look(f"l-{key}", principal, person, (Asked.parse(what),), "subject_request", case, f"k-{key}")
        )

    def rules(self, answer):
        return {rule.id for rule in answer.decision.rules}


@pytest.fixture
def world(built, monkeypatch):
    folder, clock = built
    monkeypatch.setenv("SUPPORT_TOKEN", "t0k3n")
    desk = Desk()
    desk.open(1, at=SUMMER - DAY, persons=["mira"], queue=["help-ie"])
    text = (folder / "whosaw.toml").read_text().split("\n[[tickets]]")[0]
    with Served(Jira(desk)) as served:
        (folder / "whosaw.toml").write_text(text + SETTINGS.format(url=served.url))
        with house(folder, clock=clock) as here:
            load_directory(here, folder.parent / "tables")
            here.vault.put("mira", Field.IP, "203.0.113.77", SUMMER - 5 * HOUR, "mira signs in")
            fill(here.vault._crowd, "203.0.113.77", SUMMER - 5 * HOUR)
            clock.at = max(clock.at, SUMMER)
            yield World(here, clock, served)


@pytest.fixture
def mapped(world, built):
    from whosaw.tickets.accounts import load_accounts

    folder, _ = built
    load_accounts(folder.parent / "accounts.csv", "support", ["support"], world.here.changes, world.here.pseudonyms)
    return world


def test_permitted_by_jira_then_closed_there_and_refused(mapped):
    """The story: nothing in our tables changes, and nobody restarts anything."""
    answer = mapped.look()
    assert isinstance(answer, Shown), mapped.rules(answer)
    assert [value.text for value in answer.values] == ["203.0.113.0/24"]
    mapped.desk.close(1, by="ana", at=mapped.clock.at)
    answer = mapped.look()
    assert isinstance(answer, Refused) and "case-closed" in mapped.rules(answer)
    mapped.desk.reopen(1, by="ana", at=mapped.clock.at)
    mapped.clock.turn(HOUR)
    answer = mapped.look()
    assert isinstance(answer, Refused) and mapped.rules(answer) == {"case-opened-by-principal"}


def test_down_and_back_without_a_restart(mapped):
    """Refused with the reason while it is down, and permitted again when it is back."""
    assert isinstance(mapped.look(), Shown)
    for fate in ("503", "hangs"):
        mapped.served.fate = fate
        began = time.monotonic()
        answer = mapped.look()
        assert isinstance(answer, Refused) and mapped.rules(answer) == {"case-system-silent"}
        assert TOLD in answer.told and answer.cause.startswith("support: ")
        assert time.monotonic() - began < 15  # it would hang for twenty
    assert mapped.here.tickets.tickets.standing() == {"support": "no answer in time"}
    mapped.served.fate = "ok"
    assert isinstance(mapped.look(), Shown)
    assert mapped.here.tickets.tickets.standing() == {"support": ""}


def test_one_silent_system_is_named_and_the_gate_is_not_shut_for_it(mapped):
    """Looks under cases that stand elsewhere go on; whoever spreads looks over gates is not told to send none."""
    mapped.served.fate = "503"
    assert mapped.rules(mapped.look()) == {"case-system-silent"}
    assert isinstance(mapped.look(case="T-100"), Shown)
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Health(mapped.here)({"type": "http", "path": "/health"}, None, send))
    said = json.loads(sent[1]["body"])
    assert (sent[0]["status"], said["ok"]) == (200, False)
    assert {part for part, how in said["parts"].items() if how != "ok"} == {"tickets support"}


def test_our_token_is_refused(mapped):
    """A look is refused like one under a system that is down, and whoever runs this reads why."""
    mapped.served.fate = "401"
    answer = mapped.look()
    assert mapped.rules(answer) == {"case-system-silent"}
    assert mapped.here.tickets.tickets.standing() == {"support": "it does not take our token (401)"}
    assert "t0k3n" not in answer.cause
    assert mapped.served.headers[-1]["Authorization"] == "Bearer t0k3n"


def test_the_case_is_edited_by_the_one_who_looks(mapped):
    """Named by themselves, taken by themselves, typed by themselves: each is refused for its own reason."""
    mapped.desk.add(1, "person", "owen", by="ana", at=mapped.clock.at)
    answer = mapped.look(person="owen")
    assert mapped.rules(answer) == {"person-named-by-principal"}
    mapped.desk.set(1, "queue", [], by="portal", at=mapped.clock.at)
    mapped.desk.set(1, "assignee", ["ana"], by="ana", at=mapped.clock.at)
    assert mapped.rules(mapped.look()) == {"case-not-assigned"}
    mapped.desk.open(2, at=SUMMER - DAY, persons=["mira"], queue=["help-ie"], kind="fraud")
    mapped.desk.set(2, "type", ["support"], by="ana", at=mapped.clock.at)
    mapped.clock.turn(HOUR)
    assert mapped.rules(mapped.look(case="SUP-2")) == {"case-opened-by-principal"}


def test_what_the_case_lists_is_all_there_is(mapped):
    """A list that the portal wrote with the case."""
    mapped.desk.open(3, at=SUMMER - DAY, persons=["mira"], queue=["help-ie"], fields=["ip:country"])
    answer = mapped.look(case="SUP-3")
    assert isinstance(answer, Refused)


def test_before_anybody_is_mapped_nobody_looks(built, world):
    """Accounts that nobody mapped are nobody's. (Whatever another test has mapped is taken back first.)"""
    from whosaw.tickets.accounts import load_accounts

    folder, _ = built
    empty = folder.parent / "nobody.csv"
    empty.write_text("account,staff_id,person\n")
    load_accounts(empty, "support", ["support"], world.here.changes, world.here.pseudonyms)
    answer = world.look()
    assert {"case-opener-unknown", "person-namer-unknown", "case-not-assigned"} == world.rules(answer)


def test_a_decision_is_replayed_after_the_case_is_gone(mapped):
    """From the directory as it was known at the look, to the last bit of the facts."""
    answer = mapped.look()
    assert isinstance(answer, Shown)
    here = mapped.here
    here.journal.publish_now()
    body = parse(here.journal.reader().run(here.keyring.find(Stream.of_person("mira")))[-1].body)
    mapped.desk.tickets.clear()
    assert "case-unknown" in mapped.rules(mapped.look())
    from datetime import datetime

    at = datetime.fromisoformat(body["at"])
    known = here.directory.known(body["principal"], body["person"], "SUP-1", at)
    assert known.case is not None and known.case.closed is None and not known.case_silent
    facts = Facts(known=known, offered=here.guard._offered, last_look=None)
    assert facts.known.case.opened == SUMMER - DAY
    assert decide(here.policy, _look(), facts, at).rules


def _look():
    return Look("l", "ana", "mira", (Asked.parse("ip:network"),), "subject_request", "SUP-1", "k")


def test_the_command_shows_what_the_gate_sees(built, monkeypatch, capsys):
    """By pseudonym, on record first; and a system that is silent is a 7."""
    from datetime import UTC, datetime

    folder, _ = built
    monkeypatch.setenv("SUPPORT_TOKEN", "t0k3n")
    now = datetime.now(UTC).replace(microsecond=0)
    desk = Desk()
    desk.open(1, at=now - DAY, persons=["mira"], queue=["help-ie"], assignee=["ana"])
    data = ["--data", str(folder)]
    text = (folder / "whosaw.toml").read_text().split("\n[[tickets]]")[0]
    with Served(Jira(desk)) as served:
        (folder / "whosaw.toml").write_text(text + SETTINGS.format(url=served.url))
        assert run(["directory", "load", str(folder.parent / "tables"), *data]) == 0
        assert run(["ticket", "accounts", "support", str(folder.parent / "accounts.csv"), *data]) == 0
        capsys.readouterr()
        assert run(["ticket", "check", "SUP-1", "--as", "ana", "--format", "json", *data]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["system"], said["type"], said["closed"]) == ("support", "support_request", None)
        assert {row["what"] for row in said["rows"]} == {
            "opened by",
            "requested by",
            "assigned to",
            "in the queue",
            "names",
        }
        assert "mira" not in json.dumps(said) and "ana" not in json.dumps(said["rows"])
        assert run(["ticket", "check", "SUP-1", "--as", "stranger", *data]) == 4
        assert run(["ticket", "check", "SUP-77", "--as", "ana", *data]) == 1
        assert run(["ticket", "check", "X-1", "--as", "ana", *data]) == 2
        served.fate = "503"
        time.sleep(2)
        assert run(["ticket", "check", "SUP-1", "--as", "ana", *data]) == 7
        assert "it answered 503" in capsys.readouterr().err
        assert run(["ticket", "status", *data]) == 1
    with house(folder) as here:
        here.journal.publish_now()
        ledger = [parse(frame.body) for frame in here.journal.reader().run(here.keyring.find(Stream.named("inquiry")))]
        kinds = [(body["outcome"], body["case"]) for body in ledger if body["kind"] == "ticket"]
        assert kinds == [("asked", "SUP-1"), ("refused", "SUP-1"), ("asked", "SUP-77"), ("asked", "SUP-1")]


WEBHOOK = """
[[tickets]]
kind = "webhook"
name = "ops"
pattern = "OPS-[0-9]+"
token_file = "private/keys/ops"
types = ["*=support_request"]
"""


def test_a_served_gate_takes_what_systems_tell(built):
    """Mounted at its path where the settings have such a system, and nowhere else; the secret is read at each push."""
    from tests.tickets.test_inbox import asked

    from whosaw.cli.serve import _mounted
    from whosaw.tickets.webhook import sign

    folder, clock = built
    text = (folder / "whosaw.toml").read_text().split("\n[[tickets]]")[0]
    (folder / "whosaw.toml").write_text(text + WEBHOOK)
    secret, body = "whsec_" + "c2VjcmV0" * 4, b'{"format": "whosaw-case/1", "alive": true}'
    with house(folder, clock=clock) as here:
        app = _mounted(here)["/tickets/"]
        stamp = str(int(clock().timestamp()))
        headers = {"webhook-id": "1", "webhook-timestamp": stamp, "webhook-signature": sign("1", stamp, body, secret)}
        assert asked(app, "/tickets/ops", headers=headers, body=body)[0] == 503
        (folder / "private/keys/ops").write_text(secret)
        (folder / "private/keys/ops").chmod(0o600)
        assert asked(app, "/tickets/ops", headers=headers, body=body)[0] == 204
        assert here.tickets.tickets.see("OPS-1") == ""
        assert here.directory.known("e-x", "p-x", "OPS-1", clock()).case is None
    (folder / "whosaw.toml").write_text(text)
    with house(folder, clock=clock) as here:
        assert "/tickets/" not in _mounted(here)

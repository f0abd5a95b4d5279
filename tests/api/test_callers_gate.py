# SPDX-License-Identifier: Apache-2.0
"""The whole way: `whosaw serve` as a process, tools with certificates and tokens, employees with theirs, commands beside it.

idp ──token──▶ tool ──client.Gate, mutual TLS──▶ whosaw serve ──▶ journal ──▶ what stands there afterwards
"""

from datetime import UTC, datetime, timedelta

import pytest
from tests.api.ca import SERVER, Authority
from tests.api.idp import AUDIENCE, URL, Idp
from tests.api.test_serve import TABLES, serving
from tests.cli.desk import typed
from tests.client.test_examples import KINDS, get, load
from tests.directory.town import write
from tests.vault.crowds import fill

from whosaw import desks
from whosaw.client.answer import Refused, Shown
from whosaw.client.gate import Gate
from whosaw.errors import Unavailable
from whosaw.model.access import Field
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream, parse
from whosaw.wiring import build, house

QUESTION = {"person": "mira", "fields": "ip:network", "purpose": "subject_request", "case": "T-1"}
MAY = ("--tokens", "staff", "--purpose", "subject_request", "--path", "/v1/look", "--path", "/health", "--by", "portal")


def now():
    return datetime.now(UTC)


class Town:
    """A served data folder with one identity provider, one authority, and whichever tools a test admits."""

    def __init__(self, where) -> None:
        self.where, self.data = where, where / "data"
        self.ca, self.idp = Authority(), Idp(now)
        self.tools = Idp(now, "EdDSA", f"{URL}/tools")
        self.ca.issue("ip:127.0.0.1", use=SERVER).write(where, "gate")
        (where / "ca.pem").write_text(self.ca.pem)
        self.publish()
        build(self.data, "log.example.org/whosaw")
        with (self.data / "whosaw.toml").open("a") as file:
            file.write(self._settings())
        write(where / "tables", TABLES, regions=None)
        with house(self.data) as here:
            desks.load_directory(here, where / "tables")
            here.vault.put("mira", Field.IP, "203.0.113.77", now() - timedelta(days=1), "mira signs in")
            fill(here.vault._crowd, "203.0.113.77", now() - timedelta(days=1))

    def _settings(self):
        issuer = '\n[[issuer]]\nname = "{}"\nurl = "{}"\naudience = "{}"\nkeys = "{}"\nkeys_for_s = 1\n'
        tls = f'\n[tls]\ncertificate = "{self.where}/gate.pem"\nkey = "{self.where}/gate.key"\nclient_ca = "{self.where}/ca.pem"\n'
        many = ("looks_an_hour", "looks_a_day", "attempts_an_hour", "unit_looks_a_day", "person_looks_a_day")
        quota = "\n[quota]\n" + "".join(f"{name} = 1000000000\n" for name in many)  # a fast machine asks often
        return (
            quota
            + tls
            + issuer.format("staff", URL, AUDIENCE, self.where / "staff.jwks")
            + issuer.format("tools", self.tools.url, AUDIENCE, self.where / "tools.jwks")
        )

    def publish(self):
        (self.where / "staff.jwks").write_bytes(self.idp.jwks())
        (self.where / "tools.jwks").write_bytes(self.tools.jwks())

    def caller(self, *words):
        return typed("caller", *words, "--data", self.data)

    def admit(self, name, *more):
        """A tool with a certificate, admitted by a command beside the open gate; its two files."""
        files = self.ca.issue().write(self.where, name)
        said = self.caller("add", name, "--how", "mtls", "--certificate", files[0], *MAY, *more)
        assert said.code == 0, said.err
        return files

    def gate(self, port, files=None, **more):
        return Gate(
            f"https://127.0.0.1:{port}", certificate=files, ca=self.where / "ca.pem", **({"timeout": 20.0} | more)
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return Town(tmp_path_factory.mktemp("town"))


def test_what_stands_in_the_log_afterwards(built):
    """Every look says through which tool and whether it spoke; every change and every forgery stands in `admin`."""
    town = built
    with serving("--data", str(town.data)) as process:
        quiet, loud = town.admit("quiet-desk"), town.admit("loud-desk", "--speaks")
        with town.gate(process.port, quiet) as gate:
            gate.look(**QUESTION, employee=town.idp.token(sub="ana"))
            gate.look(**QUESTION, employee=town.idp.token(sub="ana"), principal="portal")
        with town.gate(process.port, loud) as gate:
            assert isinstance(gate.look(**QUESTION, principal="ana"), Shown)
    with house(town.data) as here:
        here.journal.publish_now()
        reader = here.journal.reader()

        def bodies(stream):
            return [frame.body for frame in reader.run(here.keyring.find(stream))[1:]]

        looks = [LookBody.decode(body) for body in bodies(Stream.of_person("mira")) if parse(body)["kind"] == "look"]
        callers = [parse(body) for body in bodies(Stream.named("admin")) if parse(body)["kind"] == "caller"]
        ana = here.pseudonyms.principal("ana")
        assert [(look.caller.name, str(look.caller.proof), look.caller.speaks, look.principal) for look in looks] == [
            ("quiet-desk", "mtls", False, ana), ("loud-desk", "mtls", True, ana),
        ]  # fmt: skip
        assert [(body["event"], body["caller"]) for body in callers] == [
            ("added", "quiet-desk"), ("added", "loud-desk"), ("refused", "quiet-desk"),
        ]  # fmt: skip
        assert (callers[-1]["principal"], callers[-1]["said"]) == (ana, here.pseudonyms.principal("portal"))


@pytest.fixture(scope="module")
def town(built):
    """The same, served from here on."""
    made = built
    with serving("--data", str(made.data)) as process:
        made.port = process.port
        yield made
        assert process.stop() == 0
        # Of anybody who asked, and with what, not a word.
        assert [line for line in process.lines if "eyJ" in line or "mira" in line] == []


def test_an_employee_looks_through_a_tool(town):
    """Values for whom the token names; 401 when it has run out; and the attempt to name somebody else is refused."""
    files = town.admit("support-desk")
    with town.gate(town.port, files) as gate:
        answer = gate.look(**QUESTION, employee=town.idp.token(sub="ana"))
        assert isinstance(answer, Shown)
        assert answer.of("ip") == ["203.0.113.0/24"]
        assert isinstance(gate.look(**QUESTION, employee=town.idp.token(sub="nobody")), Refused)
        old = int(now().timestamp()) - 900
        for token in (town.idp.token(iat=old, exp=old + 300), town.idp.token(aud="payroll"), "x.y.z"):
            refused = gate.look(**QUESTION, employee=token)
            assert (refused.status, refused.leaf) == (401, None)
        forged = gate.look(**QUESTION, employee=town.idp.token(sub="ana"), principal="lead")
        assert (forged.status, "on record" in forged.reason) == (403, True)
        assert gate.look(**QUESTION, principal="ana").status == 403
    with town.gate(town.port) as nobody:
        assert nobody.look(**QUESTION, employee=town.idp.token(sub="ana")).status == 401


def test_who_is_removed_is_refused_by_the_next_look(town):
    """The gate serves on, and the tool's connection is the same one."""
    files = town.admit("removed-desk")
    with town.gate(town.port, files) as gate:
        assert isinstance(gate.look(**QUESTION, employee=town.idp.token(sub="ana")), Shown)
        assert town.caller("remove", "removed-desk", "--by", "portal").code == 0
        assert gate.look(**QUESTION, employee=town.idp.token(sub="ana")).status == 401


def test_a_tool_rotates_its_key(town):
    """Both certificates at once."""
    old = town.admit("rotating-desk")
    new = town.ca.issue().write(town.where, "rotating-new")
    assert town.caller("rotate", "rotating-desk", "--certificate", new[0], "--by", "portal").code == 0
    for files in (old, new):
        with town.gate(town.port, files) as gate:
            assert isinstance(gate.look(**QUESTION, employee=town.idp.token(sub="ana")), Shown)


def test_a_tool_without_a_certificate_has_a_token(town):
    """Its own, fresh for each look, beside the employee's."""
    words = ("--how", "jwt", "--issuer", "tools", "--subject", "client-7", *MAY)
    assert town.caller("add", "token-desk", *words).code == 0
    with town.gate(town.port, token=lambda: town.tools.token(sub="client-7")) as gate:
        assert isinstance(gate.look(**QUESTION, employee=town.idp.token(sub="ana")), Shown)
    with town.gate(town.port, token=town.idp.token(sub="client-7")) as gate:
        assert gate.look(**QUESTION, employee=town.idp.token(sub="ana")).status == 401


def test_a_provider_that_is_silent_is_no_answer_and_comes_back(town):
    """Its keys are gone: 503, so nothing is shown; they are there again: shown, and nobody restarted anything."""
    files = town.admit("waiting-desk")
    with town.gate(town.port, files, timeout=15.0, attempts=12) as gate:
        assert isinstance(gate.look(**QUESTION, employee=town.idp.token(sub="ana")), Shown)
        (town.where / "staff.jwks").rename(town.where / "gone.jwks")
        with pytest.raises(Unavailable), town.gate(town.port, files, attempts=1) as impatient:
            while True:
                impatient.look(**QUESTION, employee=town.idp.token(sub="ana"))
        (town.where / "gone.jwks").rename(town.where / "staff.jwks")
        assert isinstance(gate.look(**QUESTION, employee=town.idp.token(sub="ana")), Shown)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_asks_the_real_gate(town, kind, monkeypatch):
    """With its own certificate; permitted and refused, as its employee."""
    files = town.admit(f"{kind}-desk")
    for name, value in zip(("GATE_CERT", "GATE_KEY", "GATE_CA"), (*files, town.where / "ca.pem"), strict=True):
        monkeypatch.setenv(name, str(value))
    module = load(kind, monkeypatch, f"https://127.0.0.1:{town.port}")
    monkeypatch.delenv("GATE_TOKEN", raising=False)
    module.gate._token = None
    with module.gate:
        status, body = get(kind, module, "/accounts/mira/network?case=T-1", town.idp.token(sub="ana"))
        assert (status, "203.0.113.0/24" in body) == (200, True)
        status, body = get(kind, module, "/accounts/mira/network?case=T-2", town.idp.token(sub="ana"))
        assert (status, "203.0.113" in body) == (403, False)
        assert get(kind, module, "/accounts/mira/network?case=T-1", "x.y.z")[0] == 401

# SPDX-License-Identifier: Apache-2.0
"""`whosaw serve`, as a process: a real house with mutual TLS, and a fixture; slow and confused clients; an end that answers.

tool ──certificate──▶ process ──▶ decision, look, statement of the log
"""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from tests.api.ca import SERVER, Authority
from tests.api.client import Got
from tests.api.conftest import ROOT
from tests.directory.town import write
from tests.ports import nobody
from tests.vault.crowds import fill

from whosaw import desks
from whosaw.api.authzen import EVALUATION, EVALUATIONS, METADATA, RESOURCES
from whosaw.api.counts import COUNTS
from whosaw.api.description import HEALTH, LOOK
from whosaw.api.pseudonyms import BEHIND, PSEUDONYMS
from whosaw.api.serving import listening
from whosaw.cli.main import main
from whosaw.model.access import Field
from whosaw.verify.command import main as verify
from whosaw.wiring import build, house

BEFORE = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
TABLES = {
    "staff": [
        {"staff_id": "ana", "unit": "help", "function": "support", "country": "IE"},
        {"staff_id": "portal", "unit": "machines", "function": "service", "country": "IE"},
        {"staff_id": "desk", "unit": "machines", "function": "service", "country": "IE"},
    ],
    "persons": [{"person": "mira", "region": "IE"}],
    "cases": [{"case_id": "T-1", "type": "support_request", "opened": BEFORE, "assignee": "ana", "requester": "mira",
               "opened_by": "portal"}],
    "case_persons": [{"case_id": "T-1", "person": "mira", "added": BEFORE, "added_by": "portal"}],
    "assignments": [],
}  # fmt: skip
FIXTURE = ROOT / "docs/spec/certification"
WHOLE = {
    "subject": {"type": "user", "id": "alice"},
    "action": {"name": "read"},
    "resource": {"type": "record", "id": "record-1"},
}
QUESTION = {
    "subject": {"type": "principal", "id": "ana"},
    "action": {"name": "read", "properties": {"field": "ip", "detail": "network"}},
    "resource": {"type": "person", "id": "mira"},
    "context": {"purpose": "subject_request", "case": "T-1"},
}
ASKED = {"principal": "ana", "person": "mira", "fields": ["ip:network"], "purpose": "subject_request", "case": "T-1"}


class Serving:
    """A process of `whosaw serve`, from its first line to its end."""

    def __init__(self, *args, port, context=None):
        self.context = context
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.api.serve_main", "serve", "--listen", f"127.0.0.1:{port}", *args],
            stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self.lines = []
        for line in self.process.stderr:
            self.lines.append(line)
            if "serving on" in line:
                break
        assert self.lines and "serving on" in self.lines[-1], self.lines
        self.port = int(self.lines[-1].split("127.0.0.1:")[1].split(";")[0])
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def connection(self, context=None):
        context = context or self.context
        if context is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)

    def call(self, method, path, body=None, headers=None, context=None):
        made = self.connection(context)
        raw = None if body is None else json.dumps(body)
        made.request(method, path, raw, {"content-type": "application/json", **(headers or {})})
        answer = made.getresponse()
        got = Got(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        made.close()
        return got

    def raw(self, text, wait=15):
        """What comes back for these bytes, up to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as line:
            line.sendall(text)
            got = b""
            try:
                while chunk := line.recv(65536):
                    got += chunk
            except ConnectionError:
                pass
            return got

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.reader.join(5)
        return code


@contextmanager
def serving(*args, context=None):
    with nobody() as port:  # and nobody when it has ended
        made = Serving(*args, port=port, context=context)
        try:
            yield made
        finally:
            if made.process.poll() is None:
                made.stop()
            made.process.stderr.close()


@pytest.fixture(scope="module")
def fixture():
    with serving("--fixture", str(FIXTURE)) as made:
        yield made


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """A house with one person, one case, and a tool that has a certificate and speaks for principals."""
    where = tmp_path_factory.mktemp("gate")
    ca = Authority()
    ours, tool, other = ca.issue("ip:127.0.0.1", use=SERVER), ca.issue(), ca.issue()
    cert, key = ours.write(where / "tls", "gate")
    (where / "tls/ca.pem").write_text(ca.pem)
    data = where / "data"
    build(data, "log.example.org/serve")
    toml = data / "whosaw.toml"
    toml.write_text(
        toml.read_text()
        + f"""
[[caller]]
name = "desk"
how = "mtls"
pins = ["{tool.pin}"]
purposes = ["subject_request"]
paths = ["/access/v1", "/v1", "/metrics"]
speaks = true
"""
    )
    with house(data) as here:
        desks.load_directory(here, write(where / "tables", TABLES, regions=None))
        here.vault.put("mira", Field.IP, "203.0.113.77", datetime.now(UTC) - timedelta(hours=1), "sign-in")
        fill(here.vault._crowd, "203.0.113.77", datetime.now(UTC) - timedelta(hours=1))
    contexts = {}
    for name, issued in (("desk", tool), ("other", other), ("nobody", None)):
        contexts[name] = ssl.create_default_context(cafile=str(where / "tls/ca.pem"))
        if issued is not None:
            contexts[name].load_cert_chain(*map(str, issued.write(where / "tls", name)))
    args = (
        "--data",
        str(data),
        "--tls-cert",
        str(cert),
        "--tls-key",
        str(key),
        "--client-ca",
        str(where / "tls/ca.pem"),
    )
    with serving(*args, context=contexts["desk"]) as made:
        made.data, made.contexts = data, contexts
        yield made


def test_the_whole_story(gate, tmp_path, capsys):
    """Decisions and a look by certificate; stopped in the middle of nothing; and the log says all of it."""
    assert gate.call("GET", METADATA).json["policy_decision_point"] == f"https://127.0.0.1:{gate.port}"
    permitted = gate.call("POST", EVALUATION, QUESTION).json
    assert permitted["decision"] is True
    refused = gate.call("POST", EVALUATION, QUESTION | {"resource": {"type": "person", "id": "owen"}}).json
    assert refused["context"]["reason_user"] == {"en": "This look is not permitted."}
    searched = gate.call(
        "POST", RESOURCES, QUESTION | {"resource": {"type": "person", "properties": {"ip": "203.0.113.77"}}}
    )
    assert searched.json["results"] == []
    shown = gate.call("POST", LOOK, ASKED, {"Idempotency-Key": "k-1"}).json
    assert [value["value"] for value in shown["values"]] == ["203.0.113.0/24"]
    assert gate.call("POST", LOOK, ASKED, {"Idempotency-Key": "k-1"}).json["leaf"] == shown["leaf"]
    (tmp_path / "look.receipt").write_text(shown["receipt"])
    leaves = [permitted["context"]["leaf"], refused["context"]["leaf"], searched.json["context"]["leaf"], shown["leaf"]]
    assert sorted({*leaves}) == leaves


def test_the_other_desks_are_asked_too(gate):
    """Pseudonyms, a count and the address behind a pseudonym, in a house with all extras; each is a leaf."""
    why = {"principal": "ana", "purpose": "subject_request", "case": "T-1"}
    made = gate.call("POST", PSEUDONYMS, why | {"addresses": ["203.0.113.77", "203.0.113.78"]}).json
    assert made["permitted"], made
    assert len(set(made["pseudonyms"])) == 2
    counted = gate.call("POST", COUNTS, why | {"field": "ip:network", "headings": ["203.0.113.0/24"]}).json
    assert (counted["permitted"], counted["again"], len(counted["numbers"])) == (True, False, 1)
    behind = why | {"person": "mira", "pseudonym": made["pseudonyms"][0]}
    refused = gate.call("POST", BEHIND, behind, {"Idempotency-Key": "k-behind"}).json
    assert refused["permitted"] is False  # for this purpose nobody sees an exact address
    assert made["leaf"] < counted["leaf"] < refused["leaf"]
    for path in (PSEUDONYMS, COUNTS, BEHIND):
        assert gate.call("POST", path, why, context=gate.contexts["nobody"]).status == 401


def test_who_asks(gate):
    """Another certificate is 403 or 401, none is 401; another purpose is 403; nothing of it says why it matters."""
    assert gate.call("POST", EVALUATION, QUESTION, context=gate.contexts["nobody"]).status == 401
    assert gate.call("POST", EVALUATION, QUESTION, context=gate.contexts["other"]).status == 401
    other = QUESTION | {"context": {"purpose": "fraud_review"}}
    assert gate.call("POST", EVALUATION, other).status == 403
    batch = gate.call("POST", EVALUATIONS, QUESTION | {"evaluations": [{}, {"context": other["context"]}]}).json
    assert [each["decision"] for each in batch["evaluations"]] == [True, False]
    assert batch["evaluations"][1]["context"]["error"]["status"] == 403


def test_health_and_metrics(gate):
    """In one word for everybody, in parts for the tool; numbers for the tool alone."""
    assert gate.call("GET", HEALTH, context=gate.contexts["nobody"]).json == {"ok": True}
    assert gate.call("GET", HEALTH).json["parts"]["journal"] == "ok"
    assert b"whosaw_log_size" in gate.call("GET", "/metrics").raw
    assert gate.call("GET", "/metrics", context=gate.contexts["nobody"]).status == 401


def test_a_batch_shares_its_writes(gate):
    """A hundred questions at once are recorded in fewer writes, those that a quota refuses as well: how many fewer, the disk says."""

    def writes():
        text = gate.call("GET", "/metrics").text
        return next(
            float(line.split()[1]) for line in text.splitlines() if line.startswith("whosaw_write_seconds_count")
        )

    before = writes()
    got = gate.call("POST", EVALUATIONS, QUESTION | {"evaluations": [{}] * 100}).json["evaluations"]
    assert len({each["context"]["leaf"] for each in got}) == 100
    assert writes() - before < 90


def test_nothing_is_written_about_requests(gate):
    """Neither who asked, nor for whom, nor that anybody did."""
    assert [line for line in gate.lines if "serving on" not in line] == []


def test_told_to_stop(gate):
    """Whoever is being answered is answered, nobody else is taken; zero; then the folder is free, and what it promised holds."""
    made, raw = gate.connection(), json.dumps(QUESTION).encode()
    made.putrequest("POST", EVALUATION)
    made.putheader("content-type", "application/json")
    made.putheader("content-length", str(len(raw)))
    made.putheader("expect", "100-continue")
    made.endheaders(raw[:10])
    assert made.sock.recv(100).startswith(b"HTTP/1.1 100")  # it is being answered
    ended = []
    stopping = threading.Thread(target=lambda: ended.append(gate.stop()))
    stopping.start()
    ends = time.monotonic() + 30
    with pytest.raises(OSError):
        while time.monotonic() < ends:
            gate.call("GET", HEALTH)
    made.send(raw[10:])
    assert made.getresponse().status == 200
    made.close()
    stopping.join(60)
    assert ended == [0]
    with house(gate.data) as here:
        here.journal.publish_now()
    assert verify([str(gate.data / "public"), "--trust", str(gate.data / "trust")]) == 0


# ── a fixture, and clients that are slow or confused ──


def test_a_fixture_is_served(fixture):
    """It says what it is, and decides."""
    assert "no policy of ours and nobody's data" in fixture.lines[0]
    assert fixture.call("POST", EVALUATION, WHOLE, {"X-Request-ID": "x-1"}).json == {"decision": True}
    assert fixture.call("POST", LOOK, {}).status == 404


RAW = json.dumps(WHOLE).encode()
HEAD = b"POST /access/v1/evaluation HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("a length and chunks", HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        ("two lengths", HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{} "),
        ("a negative length", HEAD + b"content-length: -1\r\n\r\n{}"),
        ("a head that is folded", HEAD + b" x: y\r\ncontent-length: 2\r\n\r\n{}"),
        ("a line feed alone", HEAD.replace(b"host: a", b"host: a\nx-request-id: b")[:-2] + b"\n\r\n\r\n"),
        ("another protocol", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("no protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("a head without end", HEAD + b"x: " + b"y" * 200_000),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(fixture, why, text):
    """With a 4xx and an end, and no second request is found in the first one's body."""
    got = fixture.raw(text)
    found = [status[:3] for status in got.split(b"HTTP/1.1 ")[1:]]
    # A path that is not there would have been found only where a second request was.
    assert set(found) <= {b"404" if why == "another protocol" else b"400"}, why


def test_a_body_that_is_too_long_ends_the_connection(fixture):
    """What was not read of it is not read as the next request."""
    inner = b"POST /access/v1/evaluation HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    got = fixture.raw(HEAD + b"content-length: 300000\r\n\r\n" + inner)
    assert got.startswith(b"HTTP/1.1 413")
    assert got.count(b"HTTP/1.1 ") == 1


def test_slow_clients(fixture):
    """A head or a body that does not come to its end in time holds nothing up, and is ended."""
    began = time.monotonic()
    done = {}

    def slow(name, text):
        done[name] = fixture.raw(text, wait=30)

    threads = [
        threading.Thread(target=slow, args=(name, text))
        for name, text in (
            ("silent", b""), ("head", HEAD), ("body", HEAD + b"content-length: 9\r\n\r\n{"),
            ("second", HEAD + b"content-length: %d\r\n\r\n" % len(RAW) + RAW + b"POST /access"),
        )
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    assert fixture.call("POST", EVALUATION, WHOLE).status == 200
    for thread in threads:
        thread.join(30)
    assert time.monotonic() - began < 25
    assert (done["silent"], done["head"]) == (b"", b"")
    assert done["body"].startswith(b"HTTP/1.1 408")
    assert done["second"].startswith(b"HTTP/1.1 200")
    assert done["second"].count(b"HTTP/1.1") == 1


def test_no_reply_waits_for_its_second_half():
    """Head and body are two writes; without this a lone caller waits 40 ms for each answer."""
    with listening("127.0.0.1:0") as line, socket.create_connection(line.getsockname()[:2]):
        taken, _ = line.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def run(capsys, *args):
    code = main(["serve", *args])
    return code, capsys.readouterr().err


def test_a_fixture_stands_where_no_log_is(tmp_path, capsys):
    """Neither in a data folder, nor inside of one, nor beside --data; and nothing was changed."""
    build(tmp_path / "data", "log.example.org/fixture")
    before = sorted(tmp_path.rglob("*"))
    for folder in (tmp_path / "data", tmp_path / "data/public"):
        code, said = run(capsys, "--fixture", str(folder))
        assert (code, "a data folder stands here" in said) == (2, True)
    code, said = run(capsys, "--fixture", str(FIXTURE), "--data", str(tmp_path / "data"))
    assert (code, "a fixture has no data folder" in said) == (2, True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--listen", "0.0.0.0:0"), "without TLS"),
        (("--listen", "[::]:0"), "without TLS"),
        (("--listen", "nowhere"), "not HOST:PORT"),
        (("--tls-cert", "a.pem"), "go together"),
        (("--client-ca", "a.pem"), "go together"),
        (("--tls-cert", "no.pem", "--tls-key", "no.key"), "cannot be used"),
    ],
)
def test_what_is_not_served(capsys, args, said):
    """Beyond this machine nothing without TLS, and nothing with half of it."""
    code, told = run(capsys, "--fixture", str(FIXTURE), *args)
    assert code == 2
    assert said in told


@pytest.mark.parametrize(
    "text", ["", "format = 2\nactions = []\n", "format = 1\n", "format = 1\nactions = [7]\n", "x", None]
)
def test_what_is_no_fixture(tmp_path, capsys, text):
    """Named, and not served."""
    (tmp_path / "policies.cedar").write_text("permit (principal, action, resource);")
    if text is not None:
        (tmp_path / "fixture.toml").write_text(text)
    code, told = run(capsys, "--fixture", str(tmp_path))
    assert (code, "fixture" in told) == (2, True)
    (tmp_path / "fixture.toml").write_text("format = 1\nactions = []\n")
    (tmp_path / "policies.cedar").write_text("permit everything")
    assert run(capsys, "--fixture", str(tmp_path))[0] == 2

# SPDX-License-Identifier: Apache-2.0
"""examples/passkey in a real browser: a passkey is made, and signs an approval that nobody of the staff can give without one."""

import json
import os
import re
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from tests.browser import BROWSER, DRIVER, LACKING, browser
from tests.docs.prose import ROOT, blocks

PAGE, PASSKEY = ROOT / "docs/approvals.md", ROOT / "examples/passkey"
ASKED = ("--person", "mira", "--field", "ip:exact", "--purpose", "fraud_review", "--case", "F-1")
WHOSAW = (sys.executable, "-m", "whosaw")


class Desk:
    """The folder of docs/approvals.md, "Try it", as far as its first look; passkeys are demanded at `origin`."""

    def __init__(self, folder, origin):
        self.folder = folder
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("WHOSAW_")}
        self._environ["PATH"] = f"{WHOSAW[0].rpartition('/')[0]}{os.pathsep}{self._environ['PATH']}"
        self._environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        (script,) = (b.body for b in blocks(PAGE) if b.name == "runs: try")
        made = subprocess.run(
            ["bash", "-e", "-c", script.partition("whosaw look")[0]],
            cwd=folder, env=self._environ, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        settings = folder / "whosaw-data/whosaw.toml"
        demanded = f'\n[approvals]\nrp = "localhost"\norigin = "{origin}"\npasskeys = true\n'
        settings.write_text(settings.read_text() + demanded)

    def typed(self, *words, code=0):
        ran = subprocess.run(
            [*WHOSAW, *words],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr


@pytest.fixture
def origin():
    """Where the page is served from, as docs/approvals.md does it."""

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *of):
            super().__init__(*of, directory=str(PASSKEY))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def answered(at, origin, file):
    """What the browser makes of the challenge in `file`."""
    at.open(f"{origin}/index.html")
    at.type("#challenge", str(file))
    at.said("#said", "will be")
    at.click("#go")
    at.said("#said", "Save it, and give it back")
    return at.save("#answer")


def altered(assertion):
    said = json.loads(assertion)
    signature = said["response"]["signature"]
    said["response"]["signature"] = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    return json.dumps(said)


@pytest.mark.slow
@pytest.mark.skipif(DRIVER is None or BROWSER is None, reason=LACKING)
def test_a_browser_signs_what_nobody_can_give_without_it(tmp_path, origin):
    """Made, listed, demanded; an altered signature is refused, the true one counts once, and the look that it allows is shown once."""
    desk, steward = Desk(tmp_path, origin), ("--as", "stef")
    with browser(tmp_path) as at:
        at.authenticator()
        desk.typed("passkey", "add", "--challenge", "challenge.json", *steward)
        (tmp_path / "made.json").write_text(answered(at, origin, tmp_path / "challenge.json"))
        desk.typed("passkey", "add", "--registration", "made.json", *steward)
        assert desk.typed("passkey", "list", *steward).startswith("1 passkey.")

        desk.typed("approval", "ask", *ASKED, "--reason", "She cannot sign in.", "--everything", "--as", "ana")
        (request,) = re.findall(r'"request": "([^"]+)"', desk.typed("approval", "list", *steward, "--format", "json"))
        give = ("approval", "give", request, "--role", "steward", *steward)
        assert "passkey" in desk.typed(*give, code=4)
        desk.typed("approval", "show", request, "--challenge", "sign.json", "--role", "steward", *steward)
        signed = answered(at, origin, tmp_path / "sign.json")

    (tmp_path / "altered.json").write_text(altered(signed))
    (tmp_path / "signed.json").write_text(signed)
    desk.typed(*give, "--assertion", "altered.json", code=4)
    assert "  pending  " in desk.typed("approval", "list", "--as", "ana")
    desk.typed(*give, "--assertion", "signed.json")
    assert "signed by 1 in all" in desk.typed(*give, "--assertion", "signed.json")
    desk.typed("approval", "show", request, "--out", "request.json", "--as", "ana")
    desk.typed("overseer", "sign", "request.json", "--out", "overseer.json")
    desk.typed("approval", "give", "--from", "overseer.json", "--as", "ana")
    assert "Shown: 0 values." in desk.typed("look", "--principal", "ana", *ASKED)
    desk.typed("look", "--principal", "ana", *ASKED, code=4)

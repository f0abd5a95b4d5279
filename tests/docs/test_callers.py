# SPDX-License-Identifier: Apache-2.0
"""docs/callers.md, "Try it on one machine", typed as it stands: certificates, a tool, a token, a gate, a look, and the examples."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.docs.prose import ROOT, blocks
from tests.ports import nobody

PAGE = ROOT / "docs/callers.md"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="no openssl, or no curl"),
]


def block(name, page=PAGE):
    (body,) = (b.body for b in blocks(page) if b.name == f"runs: {name}")
    return body


@pytest.fixture
def typed(tmp_path):
    """What runs a block in a folder of its own, on a port that is free."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WHOSAW_")} | {"PATH": path}
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    words = {"cwd": tmp_path, "env": environ, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}

    def run(script, *, background=False):
        line = ["bash", "-e", "-o", "pipefail", "-c", script.replace("8443", str(port))]
        if background:
            return subprocess.Popen(line, **words, start_new_session=True)
        ran = subprocess.run(line, timeout=120, check=False, **words)
        return ran.returncode, ran.stdout

    with nobody() as port:
        yield run


def ready(process):
    line = process.stdout.readline()
    while line and "serving on https://" not in line:
        line = process.stdout.readline()
    assert line, "the gate ended before it was ready"


def test_a_tool_asks_as_the_page_says(typed):
    """Permitted for the person whom the case names, told why not for others; a stranger is let in to nothing; health is well."""
    for script in (
        block("tables", ROOT / "docs/reference.md"),
        "whosaw init whosaw-data --origin log.example.org/whosaw && whosaw directory load tables",
        block("certificates"),
        block("callers"),
    ):
        code, said = typed(script)
        assert code == 0, said
    gate = typed(f"exec {block('gate').strip()}", background=True)
    try:
        ready(gate)
        look = block("look")
        code, said = typed(look)
        assert (code, '"permitted":true' in said, "All is well." in said) == (0, True, True), said
        asks = look.partition("whosaw health")[0]
        assert '"told":"This look is not permitted."' in typed(asks.replace('"mira"', '"owen"'))[1]
        assert "not registered for this purpose" in typed(asks.replace("subject_request", "fraud_review"))[1]
        assert "say who you are" in typed(asks.replace("--cert desk.pem --key desk.key", ""))[1]
        no_token = "\n".join(line for line in asks.splitlines() if "Whosaw-Principal" not in line)
        assert "there is no token of an employee" in typed(no_token)[1]
        examples(typed)
    finally:
        gate.terminate()
        gate.wait(90)
        gate.stdout.close()
    assert json.loads(typed("whosaw caller list --format json")[1])["rows"][0]["caller"] == "support-desk"


def examples(typed):
    """Each of the three, as examples/README.md starts it."""
    page = ROOT / "examples/README.md"
    starts = [line.rsplit("`", 2)[1] for line in page.read_text().splitlines() if line.endswith("8501` |")]
    exports, asks = [b.body for b in blocks(page) if b.kind == "sh"]
    assert len(starts) == 3
    for start in starts:
        with nobody() as port:
            tool = typed(f"{exports.splitlines()[0]}\nexec {start.replace('8501', str(port))} 2>&1", background=True)
            try:
                ends, said = time.monotonic() + 60, ""
                while time.monotonic() < ends and '"networks"' not in said:
                    said = typed(asks.replace("curl", "curl --silent").replace("8501", str(port)) + "true")[1]
                assert '"networks"' in said, (start, said)
                refused = typed(
                    asks.replace("curl", "curl --silent").replace("8501", str(port)).replace("/mira/", "/owen/")
                )[1]
                assert "This look is not permitted." in refused, start
            finally:
                os.killpg(tool.pid, signal.SIGKILL)  # one of them starts itself again as a child
                tool.wait(30)
                tool.stdout.close()

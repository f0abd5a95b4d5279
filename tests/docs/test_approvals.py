# SPDX-License-Identifier: Apache-2.0
"""docs/approvals.md, "Try it", typed as it stands: refused, asked, signed by a steward and an overseer, shown once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.prose import ROOT, blocks

PAGE = ROOT / "docs/approvals.md"
PASSKEY = ROOT / "examples/passkey"


@pytest.mark.slow
def test_five_people_in_an_empty_folder(tmp_path):
    """Each command ends as the page says; the boss is refused; what was used is used up."""
    (script,) = (b.body for b in blocks(PAGE) if b.name == "runs: try")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WHOSAW_")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    again = script.rstrip().splitlines()[-1]
    ran = subprocess.run(
        ["bash", "-e", "-c", f"{script}\n{again} || echo again: $?"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said = " ".join(ran.stdout.split())
    assert said.count("refused: 4") == 2
    assert "You cannot. One of the two stands above the other in a reporting line." in said
    assert "It still lacks 2 in all, 1 a steward of the region, 1 an overseer." in said
    assert "is approved: signed by 2 in all, 1 a steward of the region, 1 an overseer" in said
    assert said.index("Shown: 0 values.") < said.index("again: 4")


def test_the_page_for_passkeys_asks_nobody_else():
    """No address of anybody in it: what a browser makes of a challenge stays in the browser until it is saved."""
    texts = [file.read_text() for file in sorted(PASSKEY.iterdir())]
    assert len(texts) == 2
    assert not any(word in text for text in texts for word in ("://", "fetch(", "XMLHttp", "sendBeacon", "import "))
    assert "default-src 'none'; script-src 'self'" in texts[0]

# SPDX-License-Identifier: Apache-2.0
"""The restore drill, done as the page has it, command by command: each ends as the page says, and says what it quotes."""

import re
import subprocess
import sys

import pytest
from tests.docs.played import ENVIRONMENT, missing
from tests.docs.prose import ROOT, blocks
from tests.docs.test_tour import Step, _commands
from tests.ports import nobody

pytestmark = pytest.mark.slow  # it makes three logs, two witnesses and a successor

DRILL = ROOT / "docs/restore.md"
_END = "@@ whosaw drill @@"


def steps():
    found = []
    for block in blocks(DRILL):
        if block.kind == "console":
            promised = re.fullmatch(r"exit (\d)", block.name)
            commands = list(_commands(block.body))
            found += [
                Step(typed, quoted, int(promised[1]) if promised and number == len(commands) else 0)
                for number, (typed, quoted) in enumerate(commands, 1)
            ]
    return found


@pytest.fixture(scope="module")
def drilled(tmp_path_factory):
    """(step, exit code, output) of the whole drill, in one shell; a command in the background is waited for until it serves."""
    home = tmp_path_factory.mktemp("drill")
    (home / ".venv").symlink_to(sys.prefix)
    with nobody() as port:
        lines = ["set -m"]
        for step in steps():
            typed = step.typed.replace("8970", str(port))
            lines.append(f"{typed.removesuffix('&')} 2>served &" if typed.endswith("&") else typed)
            if typed.endswith("&"):
                lines.append("for n in $(seq 200); do grep -q serving served && break; sleep 0.05; done; true")
            lines.append(f'echo "{_END} $?"')
        script = "\n".join([*lines, "kill %1 %2 2>/dev/null; true"])
        ran = subprocess.run(
            ["bash", "-s"], input=script, cwd=home, env=ENVIRONMENT | {"PATH": f"{sys.prefix}/bin:{ENVIRONMENT['PATH']}"},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    said = re.split(rf"{_END} (\d+)\n", ran.stdout)
    return list(zip(steps(), map(int, said[1::2]), said[0::2], strict=False)), ran.stderr


def test_every_command_of_the_drill_ends_as_the_page_says(drilled):
    """Refused where it must be refused, with the codes that a script can tell apart."""
    ended, stderr = drilled
    assert [(s.typed, code) for s, code, _ in ended] == [(s.typed, s.promised) for s in steps()], stderr


def test_the_drill_shows_what_is_really_said(drilled):
    """Every line that the page quotes is said by its command, but for numbers."""
    assert [(s.typed, gone) for s, _, said in drilled[0] if s.quoted and (gone := missing(s.quoted, said))] == []

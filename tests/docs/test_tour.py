# SPDX-License-Identifier: Apache-2.0
"""The tour, walked from its first command to its last, in a folder where the demonstration was just played."""

import re
import subprocess
import sys
from dataclasses import dataclass

import pytest
from tests.docs.played import ENVIRONMENT, missing
from tests.docs.prose import ROOT, blocks

TOUR = ROOT / "docs/tour.md"
_END = "@@ whosaw tour @@"


@dataclass(frozen=True)
class Step:
    """One command as it is typed, what the page shows of its output, and the exit code that the page promises."""

    typed: str
    quoted: str
    promised: int


def steps():
    """Every command of the tour, in order. A block's exit code is that of its last command; all others end well."""
    found = []
    for block in blocks(TOUR):
        promised = re.fullmatch(r"exit (\d)", block.name)
        commands = list(_commands(block.body))
        for number, (typed, quoted) in enumerate(commands, 1):
            last = number == len(commands)
            found.append(Step(typed, quoted, int(promised[1]) if promised and last else 0))
    return found


def _commands(body):
    """(what is typed, here-document and all; what is shown)."""
    typed, shown, until = [], [], None
    for line in body.splitlines():
        if until is None and line.startswith("$ "):
            if typed:
                yield "\n".join(typed), "\n".join(shown)
            typed, shown = [line[2:]], []
            here = re.search(r"<<'(\w+)'", line)
            until = here[1] if here else None
        elif until is not None:
            typed.append(line)
            until = None if line == until else until
        else:
            shown.append(line)
    yield "\n".join(typed), "\n".join(shown)


@pytest.fixture(scope="module")
def walked(played, tmp_path_factory):
    """(step, exit code, output) of the whole tour, in one shell."""
    home = tmp_path_factory.mktemp("tour")
    played.copy(home)
    (home / ".venv").symlink_to(sys.prefix)
    script = [
        f"cat {played.folder.parent.parent / 'played.txt'}" if s.typed == "make demo" else s.typed for s in steps()
    ]
    lines = "".join(f'{typed}\necho "{_END} $?"\n' for typed in script)
    ran = subprocess.run(
        ["bash", "-s"], input=lines, cwd=home, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False
    )
    assert not (home / "elsewhere").exists(), "the tour did not come to its end"
    said = re.split(rf"{_END} (\d+)\n", ran.stdout)
    return list(zip(steps(), map(int, said[1::2]), said[0::2], strict=False)), ran.stderr


def test_every_command_of_the_tour_ends_as_the_tour_says(walked):
    """Exit codes 0, 1, 3 and 4 come where they are promised, and nowhere else."""
    ended, stderr = walked
    assert [(s.typed, code) for s, code, _ in ended] == [(s.typed, s.promised) for s in steps()], stderr


def test_the_tour_shows_what_is_really_said(walked):
    """Every line that the tour quotes is said by its command, but for numbers and pseudonyms."""
    assert [(s.typed, gone) for s, _, said in walked[0] if s.quoted and (gone := missing(s.quoted, said))] == []


def test_the_snoop_is_found_under_the_number_and_the_name_of_the_tour(walked):
    """What the watch calls new is what the tour asks about, and the name that two open is the planted one."""
    said = {s.typed: out for s, _, out in walked[0]}
    new = re.findall(r"^ +(f-\d{6}) +yes", said["whosaw watch --as susan.marrow --data demo-data"], re.MULTILINE)
    assert new == ["f-000002"]
    opened = said["whosaw inquiry unseal f-000002 --by susan.marrow --with petra.novotna --data demo-data"]
    assert re.findall(r"principal +e-\w+ +(.+)", opened) == ["you"]


def test_the_statement_of_the_tour_shows_the_planted_look(walked):
    """The one who was looked at reads it: the principal whose name was opened stands on their list."""
    said = {s.typed: out for s, _, out in walked[0]}
    opened = next(out for typed, out in said.items() if typed.startswith("whosaw inquiry unseal"))
    planted = re.search(r"principal +(e-\w+)", opened)[1]
    statement = next(out for typed, out in said.items() if typed.startswith("whosaw verify statement"))
    assert f"{planted} was seen in the log of access looking at ip (exact)" in statement


def test_the_tour_tells_every_exit_code_that_it_promises():
    """Whoever reads knows the code before they see it: it stands in words right below the command."""
    text = TOUR.read_text()
    for promised in re.finditer(r"<!-- exit (\d) -->\n```console\n.*?```\n+(.*?)\n\n", text, re.DOTALL):
        assert f"Exit code {promised[1]}" in promised[2]
    assert text.count("<!-- exit") == text.count("Exit code") == 4


def test_the_tour_looks_at_the_person_whom_the_story_ends_with(played):
    """The commands at the end of the demonstration and those of the tour are about the same person."""
    person = re.search(r"whosaw inquiry person (\S+) --as (\S+)", played.said)
    assert person[0] in TOUR.read_text()

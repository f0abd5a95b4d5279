# SPDX-License-Identifier: Apache-2.0
"""docs/policy.md: the own policy that it shows is one, its golden decisions hold, and every change of its table can be read."""

import re
import subprocess

from tests.docs.prose import ROOT, blocks

from whosaw.cli.commands import run as whosaw
from whosaw.datafolder import own_texts
from whosaw.policy import golden
from whosaw.policy.rules import Policy
from whosaw.wiring import policy_texts

PAGE = ROOT / "docs/policy.md"


def made(folder):
    (script,) = (b.body for b in blocks(PAGE) if b.name == "runs: own policy")
    subprocess.run(["bash", "-e"], input=script, cwd=folder, text=True, check=True)
    return folder / "policy"


def test_the_own_policy_of_the_page_is_one(tmp_path, capsys, monkeypatch):
    """It loads beside the shipped one, decides as its table says, and every command of the page ends well."""
    folder = made(tmp_path)
    policy = Policy.load(policy_texts() | own_texts(folder))
    for row in golden.read_rows((folder / "decisions.md").read_text(), "decisions.md"):
        assert row.holds(golden.run(policy, row)), row
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for words in (
        ["policy", "check", "policy/night.cedar", "policy/study.cedar", "policy/purposes.toml"],
        ["policy", "test", "--data", "."],
        ["policy", "diff", "empty", "policy"],
        ["policy", "explain", "no-payments-at-night", "--data", "."],
    ):
        assert whosaw(words) == 0, words
    said = capsys.readouterr().out
    assert "3 of your own" not in said
    assert "2 rules of your own among them" in said
    assert "no-payments-at-night: Payments are not shown" in said


def test_every_change_of_the_page_can_be_read():
    """The table of changes says what a row may change, as it is read."""
    policy = Policy.load(policy_texts())
    text = PAGE.read_text()
    table = text[text.index("| change | |") :]
    changes = re.findall(r"`([a-z_.]+ = [^`]+)`", table[: table.index("\n\n")])
    assert len(changes) > 20
    for change in changes:
        golden.run(policy, golden.Row("page", "fraud_review", "", change, ("permit",)))

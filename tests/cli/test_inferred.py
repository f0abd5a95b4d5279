# SPDX-License-Identifier: Apache-2.0
"""docs/places.md: the affected are told what could have been inferred about them; as the page has it, typed as it is written."""

import json
import re
import shutil

from tests.cli.desk import FINDING, Desk, typed
from tests.docs.prose import ROOT, blocks

PAGE = ROOT / "docs/places.md"
NAME = "what could have been inferred"


def block(name):
    (found,) = (each.body for each in blocks(PAGE) if each.name == name)
    return found


def test_the_affected_read_it_in_their_statement(worked, tmp_path, monkeypatch):
    """Every command of the page; the sentence of the page is in the verified statement, and no distance and no address is."""
    shutil.copytree(worked.home, tmp_path / "own")
    desk = Desk(tmp_path / "own")
    monkeypatch.chdir(desk.home)
    (desk.home / "whosaw-data").symlink_to("data")
    words = [line.split()[2:] for line in block(f"runs: {NAME}").splitlines()]
    assert [each[1] for each in words[:3]] == ["unseal", "finding", "inferred"]
    first = (desk.home / "pairs.csv").read_text().splitlines()[1].split(",")
    ledger = ("inquiry", "person", first[1], "--as", "ines", "--format", "json")
    before = became(desk.typed(*ledger))  # others may have typed it, too
    said = [typed(*("--trust=data/trust" if "--trust" in w else w for w in each)) for each in words[:3]]
    assert [one.code for one in said] == [0, 0, 0], said
    assert "3 pairs of looks" in said[2].out
    for near in ("same_access", "unknown", "different"):
        assert near in said[2].out
    statement, verify = ([first[1] if w == "customer-00" else w for w in each] for each in words[3:])
    assert typed(*statement).code == 0
    checked = typed(*verify, "--format", "json")
    assert checked.code in (0, 7), checked  # the age of a head that nobody witnesses is not known
    told = [r["sentence"] for r in checked.json["records"] if r["body"] and r["body"]["kind"] == "inferred"]
    assert len(told) == len(before) + 3
    plain = [re.sub(r"e-[a-z2-7]{16}", "e-…", sentence) for sentence in told]
    assert any(" ".join(block(f"says: {NAME}").split()) in sentence for sentence in plain)
    assert not re.search(r"\bkm\b|kilomet|192\.0\.2|Utrecht", " ".join(told))
    assert all(other not in " ".join(told) for other in (first[5], "pairs"))
    kept = json.dumps([r["body"] for r in checked.json["records"]])
    assert "192.0.2" not in kept
    assert became(desk.typed(*ledger)) == [*before, "same_access", "unknown", "different"]


def became(said):
    """The classes that the person's ledger has, by time."""
    return [row["became"] for row in said.json["rows"] if row["why"] == "what addresses could have told"]


def test_what_was_opened_by_nobody_is_compared_by_nobody(worked):
    """Refused to whoever agreed only, on record; the answer tells nothing of a pair."""
    said = worked.typed(
        "inquiry", "inferred", FINDING, "--pairs", worked.home / "pairs.csv", "--as", "omar", "--format", "json"
    )
    assert said.code == 4
    assert said.json["reasons"] == [
        "The one who asks has not opened, with another, the names of the persons of this finding."
    ]
    assert said.json["rows"] == []

# SPDX-License-Identifier: Apache-2.0
"""The summer as the watch reads it: from the journal's looks and the real directory, under the shipped templates.

What the detectors make of it is for them to say; here is only that the ground they stand on is what was meant.
"""

import pytest
from tests.facts.made import SEAL, Ledger
from tests.simulate.summer.played import SEED, play

from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import micros
from whosaw.facts.known import KnownDirectory
from whosaw.facts.opened import open_facts
from whosaw.facts.project import project
from whosaw.simulate.summer.company import truth
from whosaw.simulate.summer.days import LENGTH, instant


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Per look whether it was planted, its weight at the time, its weight with all that came later, was it protected."""
    where = tmp_path_factory.mktemp("summer")
    played = play(where, SEED + 1)
    ledger, folder = Ledger([body.encode() for body in played.bodies]), where / "facts"
    folder.mkdir()
    project(
        ledger, KnownDirectory(played.office.directory), folder, size=len(ledger), checkpoint=b"a signed checkpoint",
        seal=SEAL, at=0,
    )  # fmt: skip
    auditors = {played.office.names.principal(who) for who in truth(played.company).principals}
    as_of = micros(instant(played.company.start, LENGTH))
    with open_facts(folder, SEAL) as facts:
        looks = world_of(facts, as_of, load_defaults(), load_templates()).looks
        looks = looks.select("look_id", "who", "weight_then", "weight_now", "protected", "unit")
        rows = facts.rows(looks, ("look_id",), "looks")
    played.office.close()
    assert len(rows) == len(played.bodies)
    return [(row["who"] in auditors, row) for row in rows]


def test_every_honest_look_is_explained(weights):
    """As of the look, by the shipped templates: nobody who does their work is asked about it."""
    least = load_templates().explained_from
    honest = [row for planted, row in weights if not planted]
    assert len(honest) > 250
    assert [row["weight_then"] for row in honest if row["weight_then"] < least] == []


def test_no_planted_look_is_explained(weights):
    """Neither as of the look nor by what came later; the case of their own unit is worth nothing."""
    planted = [row for planted, row in weights if planted]
    assert len(planted) > 60
    assert {row["weight_now"] for row in planted} == {0}


def test_the_directory_tells_the_watch_who_is_who(weights):
    """Every look has the unit of the one who looks, and the protected persons are known as such."""
    assert [row for _, row in weights if row["unit"] is None] == []
    assert {planted for planted, row in weights if row["protected"]} == {True, False}

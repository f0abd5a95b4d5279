# SPDX-License-Identifier: Apache-2.0
"""A history watched in pieces, in any order within a month, by a process that dies: what it finds is what one watch finds.

`make splits` (SPLITS=20) does so many histories; each is a company of forty with four who snoop.
"""

import os
import random
from dataclasses import replace

import pytest
from tests.detect.company import AS_OF, Company, company
from tests.facts.kills import dying
from tests.facts.made import SEAL, Ledger

from whosaw.detect import findings_file
from whosaw.detect import run as running
from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import watch
from whosaw.detect.signals import relationship, unexplained
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY, micros
from whosaw.facts.opened import open_facts
from whosaw.facts.project import project
from whosaw.store.files import FilesFolder

pytestmark = pytest.mark.slow
SPLITS = int(os.environ.get("WHOSAW_SPLITS") or 2)
FINDINGS = "findings.json"
SHIPPED = load_templates()
FEW = ("case_assigned", "person_asked", "account_assigned", "case_of_unit")
TEMPLATES = replace(SHIPPED, templates=tuple(t for t in SHIPPED.templates if t.id in FEW), digest="0" * 64)
WRITES = 14  # of one watch, about: project's and those of the findings


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    # What is kept between watches is the same for all signals; each takes seconds.
    monkeypatch.setattr(running, "SIGNALS", (unexplained, relationship))


class Watcher:
    """A process that watches a folder, as `watching.watch` does, and may die at any of its writes."""

    def __init__(self, folder, ledger):
        self.folder, self.ledger, self.store = folder, ledger, FilesFolder(folder / "private", temp=folder / "tmp")

    def watch(self, size, tables, as_of, last=None, *, after=False):
        """The run, and the findings' bytes; None where it died."""
        with dying(last, after=after) as writes:
            facts_folder = self.folder / "facts"
            project(self.ledger, tables, facts_folder, size=size, checkpoint=b"note", seal=SEAL, at=as_of)
            raw = self.store.read(FINDINGS)
            earlier = None if raw is None else findings_file.parse(raw)
            with open_facts(facts_folder, SEAL) as facts:
                run = watch(facts, as_of, earlier=earlier, defaults=load_defaults(), templates=TEMPLATES)
            self.store.replace(FINDINGS, findings_file.encode(run.kept))
        return None if writes.died else (run, self.store.read(FINDINGS))


def arrived(made: Company, draw):
    """The looks in the order in which a log may get them: none more than a month after another that is later."""
    return sorted(made.looks, key=lambda body: (micros(body.at) + draw.randrange(30 * DAY), body.look))


def known(made: Company, as_of):
    """The directory as it was: cases opened and persons named later are said later."""
    cases = tuple(row for row in made.tables.case_rows if row.opened <= as_of)
    named = tuple(row for row in made.tables.case_person_rows if row.added <= as_of)
    return replace(made.tables, case_rows=cases, case_person_rows=named)


@pytest.mark.parametrize("seed", range(SPLITS))
def test_any_split_order_and_death_finds_what_one_watch_finds(tmp_path, seed):
    """The last run, but for numbers, is that of one watch over all; and with deaths the findings are those without, to the byte."""
    draw, made = random.Random(seed), company(40 + seed)
    looks = arrived(made, draw)
    ledger = Ledger([body.encode() for body in looks])
    steps = []
    for cut in sorted(draw.sample(range(len(looks) // 4, len(looks)), draw.randint(1, 3))):
        now = max(micros(body.at) for body in looks[:cut])
        steps.append((cut + 1, known(made, now), now))
    steps.append((len(ledger), made.tables, AS_OF))
    once, _ = Watcher(_home(tmp_path / "once"), ledger).watch(*steps[-1])
    assert once.findings
    lives, dies = (Watcher(_home(tmp_path / name), ledger) for name in ("lives", "dies"))
    for step in steps:
        run, raw = lives.watch(*step)
        for _ in range(2):
            done = dies.watch(*step, last=draw.randrange(WRITES), after=draw.random() < 0.5)
        if done is None:
            done = dies.watch(*step)
        assert done[1] == raw
    assert [replace(finding, id="") for finding in run.findings] == [
        replace(finding, id="") for finding in once.findings
    ]
    assert (run.coverage, run.practices) == (once.coverage, once.practices)


def _home(folder):
    for name in ("private", "tmp", "facts"):
        (folder / name).mkdir(parents=True)
    return folder

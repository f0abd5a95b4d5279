# SPDX-License-Identifier: Apache-2.0
"""What the watch says beside its findings, and where it has none."""

from dataclasses import replace

from tests.detect.company import AS_OF, company, opened

from whosaw.cli import watch
from whosaw.detect import run as running
from whosaw.detect.defaults import load_defaults
from whosaw.detect.signals import unexplained
from whosaw.detect.templates import load_templates
from whosaw.reviewing import Watched


def test_looks_without_a_reason_are_told_where_nothing_is_found(tmp_path, monkeypatch):
    """No finding is not "all explained": how many looks are not stands beside it, and nothing does where all are."""
    made, shipped = company(4, planted=False), load_templates()
    # One signal and three templates: what is said beside findings is the same, and the others take seconds each.
    monkeypatch.setattr(running, "SIGNALS", (unexplained,))
    few = ("case_assigned", "person_asked", "account_assigned")
    templates = replace(shipped, templates=tuple(t for t in shipped.templates if t.id in few), digest="0" * 64)
    with opened(tmp_path, made.looks, made.tables) as facts:
        run = running.watch(facts, AS_OF, earlier=None, defaults=load_defaults(), templates=templates)
    without = run.coverage.with_person - run.coverage.explained
    assert not run.findings
    assert without > 1
    (said,) = watch._unfound(run)
    assert said.startswith(f"{without:,} looks at a person have no reason on file: so many can be usual")
    assert said in watch._told(run, tmp_path, Watched({}, {}, ())).after
    assert watch._unfound(replace(run, coverage=replace(run.coverage, explained=run.coverage.with_person))) == ()

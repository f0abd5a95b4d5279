# SPDX-License-Identifier: Apache-2.0
"""What the watch says beside its findings, and where it has none."""

from dataclasses import replace

from tests.detect.company import AS_OF, company, opened

from whosaw.cli import watch
from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import watch as run_watch
from whosaw.detect.templates import load_templates
from whosaw.reviewing import Watched


def test_looks_without_a_reason_are_told_where_nothing_is_found(tmp_path):
    """No finding is not "all explained": how many looks are not stands beside it, and nothing does where all are."""
    made = company(4, planted=False)
    with opened(tmp_path, made.looks, made.tables) as facts:
        run = run_watch(facts, AS_OF, earlier=None, defaults=load_defaults(), templates=load_templates())
    without = run.coverage.with_person - run.coverage.explained
    assert not run.findings
    assert without > 1
    (said,) = watch._unfound(run)
    assert said.startswith(f"{without:,} looks at a person have no reason on file: so many can be usual")
    assert said in watch._told(run, tmp_path, Watched({}, {}, ())).after
    assert watch._unfound(replace(run, coverage=replace(run.coverage, explained=run.coverage.with_person))) == ()

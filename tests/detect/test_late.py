# SPDX-License-Identifier: Apache-2.0
"""Looks that the log learns of late: judged as of their own time, and marked as not known then."""

from dataclasses import replace

from tests.detect.made import seen
from tests.detect.typed import at, facts_of

from whosaw.detect import looks as single
from whosaw.detect import weigh
from whosaw.detect.changed import late_after
from whosaw.detect.defaults import load_defaults
from whosaw.detect.examine import _learnt
from whosaw.detect.looks import looks_at
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY

LATE = late_after(load_defaults())


def test_a_finding_says_which_of_its_looks_nobody_could_know_of():
    """As many as came late, and the day from which on all were known; nothing where all came in time."""
    intime, late, later = (seen(t=at(1), arrived=at(1) + after) for after in (LATE, LATE + 1, 3 * DAY))
    assert weigh._unknown([seen(), intime], LATE) == ""
    assert weigh._unknown([seen(), late], LATE) == (
        f"1 of 2 looks was not known before {day(at(2))}, when the log learnt of it."
    )
    assert weigh._unknown([intime, late, later], LATE) == (
        f"2 of 3 looks were not known before {day(at(4))}, when the log learnt of the last of them."
    )


def test_a_look_that_came_late_says_so_beside_its_reason():
    """An inquiry reads it: what holds as of the look was not known at the time."""
    rows = [
        {"who": "e-1", "person": "p-1", "t": at(1)},
        {"who": "e-1", "person": "p-1", "t": at(2), "arrived": at(9)},
    ]
    # What is said of a look without a reason does not depend on how many reasons were tried.
    none = replace(load_templates(), templates=(), digest="0" * 64)
    with facts_of(rows) as facts:
        once, late = looks_at(facts, "p-1", load_defaults(), none)
    assert once.sentence == single._NONE
    assert late.sentence == f"{single._NONE} The log learnt of it late: it was not known before {day(at(9))}."


def test_a_replay_knows_what_the_log_had_learnt():
    """At the end of a period a look of that period that came later was nobody's to find."""
    rows = [{"who": "e-1", "person": "p-1", "t": at(1), "arrived": arrived} for arrived in (None, at(2), at(8))]
    with facts_of(rows) as facts:
        known = _learnt(facts, at(7))
        assert [row["arrived"] for row in facts.rows(known.tables["look"], ("row",), "looks")] == [None, at(2)]


def day(t):
    return f"{single.instant(t):%Y-%m-%d}"

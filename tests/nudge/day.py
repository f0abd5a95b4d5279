# SPDX-License-Identifier: Apache-2.0
"""A day of looks in memory, and a desk to ask about them. Everybody is invented."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.review.court import Journal

from whosaw.detect.defaults import load_defaults
from whosaw.facts.columns import DAY, SECOND, micros
from whosaw.model.access import Asked
from whosaw.nudge.choose import Row
from whosaw.nudge.facts import Looked, OnFile
from whosaw.nudge.ports import Desk, Opened
from whosaw.nudge.record import of_stream
from whosaw.policy.purposes import parse_purposes
from whosaw.wiring import policy_texts

BEGAN = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
START = micros(BEGAN)
HOUR = timedelta(hours=1)
NUMBERS = load_defaults().nudge
PURPOSES = parse_purposes(policy_texts()["purposes.toml"])
NETWORK = frozenset({Asked.parse("ip:network")})


def row(leaf, who="sam", person="p-1", t=None, **more):
    t = START + leaf * 60 * SECOND if t is None else t
    facts = {"unexplained": True, "intimate": False, "protected": False, "repeat": False, "human": True}
    return Row(leaf=leaf, t=t, day=t // DAY, who=who, person=person, **{**facts, **more})


class House:
    """What is asked, answered and on file; `numbers` can be exchanged."""

    def __init__(self, *rows, numbers=NUMBERS):
        self.rows, self.numbers, self.held = list(rows), numbers, frozenset()
        self.journal, self.at, self.size, self.drawn = Journal(), BEGAN + HOUR * 8, 1000, 0
        self.cases, self.erased = {}, set()

    def clock(self):
        self.at += timedelta(seconds=1)
        return self.at

    def fresh(self):
        self.drawn += 1
        return f"fresh-{self.drawn}"

    def opened(self, leaf):
        one = next(each for each in self.rows if each.leaf == leaf)
        if leaf in self.erased:
            return None
        looked = Looked(t=one.t, who=one.who, asked=NETWORK, purpose="subject_request", case=None)
        return Opened(looked=looked, look=f"l-{leaf}", person=one.person, app="desk", refused=False)

    def file(self, case, **more):
        facts = {
            "opened": START - DAY,
            "closed": None,
            "hands": frozenset(),
            "theirs": True,
            "named": (START - DAY, "x"),
        }
        self.cases[case] = OnFile(**{**facts, **more})

    @property
    def desk(self):
        return Desk(
            journal=self.journal, records=lambda: tuple(filter(None, (of_stream(frame.body) for frame in self.journal.frames))),
            rows=lambda first, since: [r for r in self.rows if r.leaf >= first or r.t >= since],
            held=lambda: self.held, head=lambda: (self.size, hashlib.sha256(b"%d" % self.size).digest()),
            opened=self.opened, on_file=lambda case, who, person: self.cases.get(case), remember=lambda staff: staff,
            fresh=self.fresh, clock=self.clock, numbers=self.numbers, purposes=PURPOSES,
        )  # fmt: skip


def certain(**more):
    """Numbers by which nothing is left to the lot."""
    return replace(NUMBERS, **{"unexplained": 1e-9, "lot": 1e-9, "apart": 1e-9, **more})

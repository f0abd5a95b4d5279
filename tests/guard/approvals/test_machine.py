# SPDX-License-Identifier: Apache-2.0
"""A state machine over the desk: people ask, sign, refuse and look in any order, while the journal fails and the process dies.

What is held against it: a model of three sentences. Whoever was shown something had an approval of exactly that look, of
somebody independent, in time; no approval that is used once was used twice; state.db never says more than the records.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.directory.town import HOUR
from tests.guard.approvals.room import Room

from whosaw.errors import WhosawError
from whosaw.guard.approvals.answer import refuse
from whosaw.guard.approvals.ask import withdraw
from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.record import event_of, made_of
from whosaw.guard.approvals.state import State
from whosaw.guard.approvals.use import hold, let_go, settle, used
from whosaw.model.approval import Counts, Uses
from whosaw.model.approval_kept import Holder
from whosaw.model.ask import exact_digest

PEOPLE = ("ana", "ben", "una", "lea", "rae", "boss")
LOOKS = (("mira", "ip:exact"), ("mira", "profile"), ("kate", "ip:exact"))
FATES = st.sampled_from(["ok", "ok", "ok", "busy", "lost", "late", "down"])
_FOLDERS: list[Path] = []


def furnished() -> Path:
    """One folder with a directory in it, for every run of the machine."""
    if not _FOLDERS:
        _FOLDERS.append(Path(tempfile.mkdtemp(prefix="whosaw-machine-")))
        Room(_FOLDERS[0]).close()
    return _FOLDERS[0]


class Desk(RuleBasedStateMachine):
    """One desk, and what became of each request as its records tell."""

    @initialize()
    def opens(self):
        self.where = Path(tempfile.mkdtemp(prefix="whosaw-machine-"))
        shutil.copytree(furnished(), self.where, dirs_exist_ok=True)
        self.room, self.requests, self.uses, self.shown = Room(self.where), [], {}, 0

    def teardown(self):
        if hasattr(self, "room"):
            self.room.close()
            shutil.rmtree(self.where)

    def tries(self, fate, deed):
        """Do it with a journal of this fate; an error of ours is an answer."""
        self.room.journal.fate = fate
        try:
            return deed()
        except WhosawError:
            return None
        finally:
            self.room.journal.fate = "ok"

    @rule(which=st.sampled_from(LOOKS), two=st.booleans(), window=st.booleans(), fate=FATES)
    def asks(self, which, two, window, fate):
        look = self.room.look(person=which[0], what=which[1])
        needs = Counts(independent=2) if two else None
        kept = self.tries(fate, lambda: self.room.ask(look, needs=needs, window=window))
        if isinstance(kept, Kept):
            self.requests.append(kept)

    @rule(who=st.sampled_from(PEOPLE), data=st.data(), fate=FATES)
    def signs(self, who, data, fate):
        if self.requests:
            kept = data.draw(st.sampled_from(self.requests))
            self.tries(fate, lambda: self.room.give(kept, who))

    @rule(who=st.sampled_from(PEOPLE), data=st.data(), fate=FATES)
    def takes_back(self, who, data, fate):
        if self.requests:
            id_ = data.draw(st.sampled_from(self.requests)).request.id
            act = withdraw if data.draw(st.booleans()) else refuse
            self.tries(fate, lambda: act(self.room.desk, id_, who))

    @rule(which=st.sampled_from(LOOKS), key=st.integers(0, 3), fate=FATES, dies=st.booleans(), wanted=st.booleans())
    def looks(self, which, key, fate, dies, wanted):
        """Held; then refused and given back, or recorded and used; or the gate dies in between."""
        look = self.room.look(person=which[0], what=which[1])
        exact, at = exact_digest(look, self.room.e("ana"), self.room.p(which[0])), self.room.clock.at
        held = self.tries(fate, lambda: hold(self.room.desk, exact, Holder("guard/x", f"{which}-{key}"[:60]), at))
        if held is None or dies:
            return
        if not wanted or held.counts.independent == 0:
            self.tries(fate, lambda: let_go(self.room.desk, held))
            return
        for each in held.approvals:
            assert at < each.until
            assert each.by in {self.room.e("lea"), self.room.e("rae")}
        for id_ in held.requests:
            self.uses.setdefault(id_, set()).add(key)
        self.tries(fate, lambda: used(self.room.desk, held.requests, f"l-{key}"))

    @rule(hours=st.sampled_from([0.1, 5, 13, 30]))
    def time_goes_on(self, hours):
        self.room.clock.turn(hours * HOUR)
        self.room.load()

    @rule(fate=FATES)
    def settles(self, fate):
        self.tries(fate, lambda: settle(self.room.desk))

    @invariant()
    def nothing_that_is_used_once_is_used_by_two_looks(self):
        for kept in getattr(self, "requests", []):
            if kept.request.uses is Uses.ONCE:
                assert len(self.uses.get(kept.request.id, ())) <= 1

    @invariant()
    def the_table_never_says_more_than_the_records(self):
        if not hasattr(self, "room"):
            return
        recorded = {}
        for submission in self.room.journal.submissions:
            if submission.caller == "approvals" and "/" in submission.key:
                id_, number, _, _ = event_of(submission.records[0].body)
                recorded.setdefault(id_, []).append((number, submission.records[0].body))
        for kept in self.requests:
            row = self.room.desk.rows.find(kept.request.id)
            bodies = [body for _, body in sorted(recorded[kept.request.id])]
            assert list(row.bodies) == bodies[: len(row.bodies)]
            whole = made_of(bodies)  # what is recorded is always one story
            assert whole.state is not State.APPROVED or whole.counts.reach(whole.request.needs)


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=5, stateful_step_count=20, deadline=None)


@pytest.mark.slow
def test_many_long_lives():
    """As long as `make approvals` is given."""
    lives = int(os.environ.get("WHOSAW_LIVES", "60"))
    run_state_machine_as_test(Desk, settings=settings(max_examples=lives, stateful_step_count=60, deadline=None))

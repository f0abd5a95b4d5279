# SPDX-License-Identifier: Apache-2.0
"""What looks of one group share is given out once: a last place, an approval, a moment; and what ends meanwhile ends for one."""

from datetime import timedelta

import pytest
from tests.directory.town import HOUR
from tests.guard.test_together import Together
from tests.policy.ground import POLICY

from whosaw.config import QuotaSettings
from whosaw.errors import Unavailable
from whosaw.guard import suspension
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.late import APART
from whosaw.guard.quota import Quota
from whosaw.guard.quota_count import InMemory
from whosaw.guard.suspension import Desk
from whosaw.guard.turn import Turn
from whosaw.store.sql_suspension import SqlSuspensionRows

ROOMY = {"looks_an_hour": 9, "looks_a_day": 9, "attempts_an_hour": 9, "unit_looks_a_day": 9, "person_looks_a_day": 9}


@pytest.fixture
def gate(tmp_path):
    made = Together(tmp_path).anew()
    yield made
    made.close()


def counted(gate, **limits):
    """The gate, counting; what is left of each lane of ana's."""
    quota = Quota(QuotaSettings(**ROOMY | limits), POLICY.purposes, gate.office.directory.unit, InMemory())
    gate.guard = gate.another(journal=gate.log, vault=gate.safe, turn=Turn(1), quotas=quota)
    return lambda: {name: n for name, _, n in quota.shown(gate.names.principal("ana"), gate.clock())}


def rules(answer):
    return [rule.id for rule in answer.decision.rules]


@pytest.mark.parametrize(
    ("limit", "rule"),
    [
        ("looks_an_hour", "quota-principal"), ("attempts_an_hour", "quota-principal"), ("unit_looks_a_day", "quota-unit"),
        ("person_looks_a_day", "quota-person"),
    ],
)  # fmt: skip
def test_the_last_place_is_one_looks(gate, limit, rule):
    """Three for two places: the first two are shown, the third is refused and takes none; each has a record of its own."""
    left = counted(gate, **{limit: 2})
    one, two, three = gate.at_once([gate.ask() for _ in range(3)])
    assert isinstance(one, Shown) and isinstance(two, Shown)
    assert isinstance(three, Refused) and rules(three) == [rule]
    assert (left()["day"], left()["attempts"]) == (7, (2 if limit == "attempts_an_hour" else 9) - 3)
    assert len(gate.journal.records) == 3


def test_the_same_look_twice_takes_one_place(gate):
    """Whoever asks again before the answer came is in the same group, and counted once."""
    left = counted(gate)
    look = gate.ask()
    one, same, _ = gate.at_once([look, look, gate.ask()])
    assert one == same
    assert left()["day"] == 7


def test_a_record_that_failed_shows_nothing_and_the_others_are_shown(gate):
    """Not recorded for sure: the place is free again. Nobody knows: it is taken, and nothing was shown."""
    left = counted(gate)
    looks = [gate.ask() for _ in range(4)]
    gate.log.fates = {looks[1].key: "busy", looks[2].key: "late"}
    made = gate.at_once(looks)
    assert [isinstance(each, Shown) for each in made] == [True, False, False, True]
    assert {look.key for look, _, _ in gate.vault.opened} == {looks[0].key, looks[3].key}
    assert left()["day"] == 6


def test_a_clock_that_goes_back_inside_of_a_group(gate):
    """Only whoever is behind the one before is refused, and whoever comes with the right time again is shown."""
    times = iter([gate.clock.at + n * HOUR for n in (1, 0, 2)])
    gate.clock.at += 2 * HOUR  # what time it is for all that comes after their moments
    guard, real = gate.guard, gate.guard._at

    def at(one):
        guard._clock, now = (lambda moment=next(times): moment), guard._clock
        try:
            real(one)
        finally:
            guard._clock = now

    guard._at = at
    first, back, right = gate.at_once([gate.ask() for _ in range(3)])
    assert isinstance(first, Shown) and isinstance(right, Shown)
    assert isinstance(back, Refused) and rules(back) == ["clock-went-back"]


def test_who_is_stopped_while_the_disk_is_slow_is_shown_nothing(gate):
    """Permitted and on record with the others; when it is durable they are suspended, and the others are not."""
    desk = Desk(
        gate.journal, SqlSuspensionRows(gate.office.engine), gate.office.directory, gate.names.remember, gate.clock
    )
    real = gate.log.submit_all

    def slow(*given):
        made = real(*given)
        gate.clock.at += APART + timedelta(seconds=1)
        suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
        return made

    gate.log.submit_all = slow
    looks = [gate.ask(), gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200"), gate.ask()]
    stopped, shown, too = gate.at_once(looks)
    assert isinstance(shown, Shown)
    assert [type(stopped), type(too)] == [Unavailable] * 2
    assert {look.key for look, _, _ in gate.vault.opened} == {looks[1].key}
    assert {look.key for look in looks} <= {key for _, key in gate.journal.records}

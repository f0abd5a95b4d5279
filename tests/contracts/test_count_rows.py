# SPDX-License-Identifier: Apache-2.0
"""The ledger of counts, held by SQLite and by PostgreSQL alike: many gates, one budget."""

import threading
from datetime import UTC, datetime

import pytest
from tests.contracts.state import state_of

from whosaw.guard.counts.ledger import Ledger, Taken
from whosaw.model.access import Asked, Field
from whosaw.model.count_body import Question
from whosaw.settings.counts import CountSettings
from whosaw.store.sql_counts import SqlCountRows

AT = datetime(2026, 6, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger(request):
    made = state_of(request, request.param)
    yield Ledger(SqlCountRows(made), CountSettings())
    made.dispose()


def asked(number=0, field=Field.IP, period="2026-W24"):
    return Question(Asked(field, "country"), period, (f"A{chr(65 + number)}",))


def test_of_sixteen_at_once_ten_are_charged_and_never_more(ledger):
    """A budget of 1 and questions of 0.1; another purpose, another data set and other days have their own."""
    answers, barrier = [], threading.Barrier(16, timeout=60)

    def work(number):
        barrier.wait()
        answers.append(ledger.take(asked(number), "fraud_review", AT))

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(a.left for a in answers if a) == list(range(0, 1000, 100))
    assert answers.count(None) == 6
    assert ledger.take(asked(20), "safety_review", AT) == Taken(100, 100, 900, None)
    assert ledger.take(asked(20, Field.LOCATION), "fraud_review", AT) == Taken(100, 100, 900, None)
    assert ledger.take(asked(20, period="2026-W20"), "fraud_review", AT) == Taken(100, 100, 900, None)
    assert ledger.take(asked(20, period="2026"), "fraud_review", AT) is None


def test_the_first_answer_stays(ledger):
    assert ledger.take(asked(), "fraud_review", AT).numbers is None
    assert ledger.keep(asked(), (7,)) == (7,)
    assert ledger.keep(asked(), (-3,)) == (7,)
    assert ledger.take(asked(), "safety_review", AT) == Taken(100, 0, 1000, (7,))
    with pytest.raises(RuntimeError):
        ledger.keep(asked(1), (1,))

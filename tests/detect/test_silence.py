# SPDX-License-Identifier: Apache-2.0
"""A source that tells nothing for longer than it does: said, with what is usual for it; and nothing is said of weekends."""

import pytest

from whosaw.detect.defaults import load_defaults
from whosaw.detect.silence import silences

NUMBERS = load_defaults().silence
TODAY, SINCE = 20_700, 20_700 - 90
EVERY = range(SINCE, TODAY + 1)
OFFICE = [day for day in EVERY if day % 7 < 5]


def of(days, today=TODAY, since=SINCE):
    return silences({"pgaudit": sorted(days)}, today, since, NUMBERS)


@pytest.mark.parametrize(
    "days",
    [
        EVERY,
        [day for day in EVERY if day != TODAY],  # today is not over yet
        OFFICE,
        [day for day in EVERY if day % 7 == 0],  # once a week: seven days are usual, though there are few of them
        [day for day in EVERY if not 30 <= day - SINCE < 32],  # two days
        [day for day in OFFICE if not 35 <= day - SINCE < 37],  # a weekend and two days more
        list(EVERY)[:10],  # too few days to say what is usual
        [],
    ],
)
def test_what_is_usual_is_no_silence(days):
    assert of(days) == []


def test_what_is_longer_is_said():
    """That it lasts, or from when to when; what is usual; and two long ones do not make each other usual."""
    (lasting,) = of([day for day in EVERY if day < TODAY - 5])
    assert (
        "told of no look since 2026-08-30 (5 days; it tells something every day): not used, or not taken in." in lasting
    )
    (over,) = of([day for day in EVERY if not 20 <= day - SINCE < 23])
    assert "from 2026-06-26 to 2026-06-28 (3 days" in over
    (two,) = of([day for day in OFFICE if not 20 <= day - SINCE < 30 and not 40 <= day - SINCE < 52])
    assert "2 days without one are usual" in two
    assert two.endswith("It was silent 1 time more, for less long.")
    assert of([day for day in EVERY if not 20 <= day - SINCE < 23], since=TODAY - 30) == []


def test_each_source_has_its_own_days():
    """One that is silent stands out among others that are not."""
    told = {"gate": list(EVERY), "pgaudit": [day for day in EVERY if day < TODAY - 9], "office": OFFICE}
    (said,) = silences(told, TODAY, SINCE, NUMBERS)
    assert said.startswith("The source pgaudit ")


@pytest.mark.parametrize("name", ["the desk of Mira Berg", "mira@example.com", "\x1b[31m", ""])
def test_what_is_no_code_is_not_repeated(name):
    """A folder of logs writes what it likes there."""
    (said,) = silences({name: [day for day in EVERY if day < TODAY - 9]}, TODAY, SINCE, NUMBERS)
    assert said.startswith("A source whose name is no code told of no look since ")
    assert not name or name not in said

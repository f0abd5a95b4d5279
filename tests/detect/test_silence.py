# SPDX-License-Identifier: Apache-2.0
"""A source that tells nothing for longer than it does: said, with what is usual for it; and nothing is said of weekends."""

import pytest

from whosaw.config import parse_settings
from whosaw.detect.defaults import load_defaults
from whosaw.detect.silence import silences
from whosaw.errors import Misconfigured
from whosaw.settings.sources import ends

NUMBERS = load_defaults().silence
TODAY, SINCE = 20_700, 20_700 - 90
EVERY = range(SINCE, TODAY + 1)
OFFICE = [day for day in EVERY if day % 7 < 5]


def of(days, today=TODAY, since=SINCE, ended=None):
    return silences({"pgaudit": sorted(days)}, today, since, NUMBERS, {} if ended is None else {"pgaudit": ended})


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
        "told of no look since 2026-08-30 (5 days; it tells something every day): nobody used it, or its log was not taken in."
        in lasting
    )
    (over,) = of([day for day in EVERY if not 20 <= day - SINCE < 23])
    assert "from 2026-06-26 to 2026-06-28 (3 days" in over
    (two,) = of([day for day in OFFICE if not 20 <= day - SINCE < 30 and not 40 <= day - SINCE < 52])
    assert "2 days without one are usual" in two
    assert two.endswith("There was 1 other silence of it, not longer.")
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


LAST = TODAY - 40
RETIRED = [day for day in EVERY if day <= LAST]


def test_a_declared_end_is_no_silence_and_is_said():
    """Once it is declared nothing more is missing; that it was declared stands there for as long as a silence would."""
    assert len(of(RETIRED)) == 1
    for ended in (LAST, LAST + 1, LAST + 2):
        (said,) = of(RETIRED, ended=ended)
        assert "ended on 2026-0" in said and "as declared" in said
    assert of(RETIRED, ended=LAST, since=LAST + 1) == []  # an old end is no news
    assert of(list(EVERY), ended=TODAY) == of(list(EVERY), ended=TODAY + 30) == []  # it has not come yet
    assert of([], ended=LAST)  # of a source that told seldom, or never, the end is said all the same


def test_a_declared_end_hides_no_silence_before_it():
    """Whoever switches a log off and declares its end a week later has a week that nobody saw."""
    ended, silent = of(RETIRED, ended=LAST + 7)
    assert "as declared" in ended
    assert "from 2026-07-27 to 2026-08-02 (7 days" in silent


def test_looks_after_the_declared_last_day_lift_the_end():
    """Its silence since then is one again, and that the declaration is wrong is said first."""
    wrong, silent = of(RETIRED, ended=LAST - 9)
    assert "its declared last day: it has not ended" in wrong
    assert "told of no look since" in silent


HEAD = 'format = 1\norigin = "log.example.org/a"\n'


def declared(text):
    return ends(parse_settings((HEAD + text).encode()).source_ended)


def table(source="pgaudit", last_day="2026-08-30"):
    return f'[[source_ended]]\nsource = "{source}"\nlast_day = "{last_day}"\n'


def test_settings_declare_ends():
    """By source the day; none by default."""
    assert declared("") == {}
    assert declared(table() + table("access", "1970-01-02")) == {"pgaudit": 20_695, "access": 1}


@pytest.mark.parametrize(
    "text",
    [
        table() + table(last_day="2026-08-31"), table(source=""), table(last_day="2026-8-30"), table(last_day="20260830"),
        table(last_day="2026-02-30"), table(last_day=""), table() + "more = 1\n", '[[source_ended]]\nsource = "a"\n',
    ],
)  # fmt: skip
def test_what_declares_no_end_is_refused(text):
    """Twice the same source, no source, no day, an unknown word: at the start, with the setting."""
    with pytest.raises(Misconfigured) as caught:
        declared(text)
    assert caught.value.setting.startswith("source_ended")

# SPDX-License-Identifier: Apache-2.0
"""Looks that begin with an article are found; answering its author is not, and an event that nobody took up is not."""

import pytest
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world

from whosaw.detect.signals import after_event


def test_looks_that_follow_an_article_are_found_and_help_for_its_author_is_not(town):
    signals, article = town.signals(after_event), town.plants["article"]
    by_event = {s.unit: s for s in signals}
    found = by_event["v-x"]
    assert found in signals[:3]  # beside an article about those whose circle was swept
    assert set(found.principals) <= set(article.whos)
    assert set(found.persons) <= set(article.persons)
    assert found.p < 1e-3
    assert by_event["v-y"].p > 0.05
    assert found.sentence == (
        "One person of safety looked at 3 persons of those named by a critical article and of those around them, in the 45 days after "
        "it, without a reason on file; in the months before nobody had."
    )
    assert all(names_nobody(s, town.made) for s in signals)


def test_without_links_it_is_those_that_the_event_names():
    """No circles, no classes, no directory: the persons of the event alone."""
    made = company(4)
    author = made.event_persons[0]["person"]
    day = next(e["day"] for e in made.events if e["event_id"] == made.event_persons[0]["event_id"])
    for n in range(8):
        made.look(f"e-{7 * n:04d}", author, min(181, day + 1 + n))
    with world(made, without=("persons", "links", "staff")) as world_:
        first = tried(after_event, world_)[0]
    assert (first.unit, first.persons) == (made.event_persons[0]["event_id"], (author,))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gaps", [0.06, 0.15])
def test_honest_companies_have_as_many_as_chance_brings(seed, gaps):
    with world(company(seed, gaps=gaps, events=60)) as world_:
        assert share_below(tried(after_event, world_), 0.01) <= 0.035  # two of sixty that share persons

# SPDX-License-Identifier: Apache-2.0
"""Answers that are not as documented: a case, no case or silence comes out of them, and never anything else."""

import json
import time
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tickets.systems import DAY, HOUR, KINDS, OPENED, Desk
from tests.tickets.test_systems import ASK

from whosaw.errors import Unavailable
from whosaw.tickets.http import Answer, Talk
from whosaw.tickets.seen import SeenCase

ROOTS = {"github": "/repos/house/cases", "gitlab": "/api/v4/projects/42"}


def desk():
    made = Desk()
    made.open(persons=["mira"], fields=["ip:network"], queue=["help"])
    made.set(1, "assignee", ["ana"], by="bo", at=OPENED + HOUR)
    made.add(1, "person", "owen", by="bo", at=OPENED + HOUR)
    made.remove(1, "person", "mira", by="ana", at=OPENED + 2 * HOUR)
    made.close(1, by="bo", at=OPENED + DAY)
    made.reopen(1, by="finn", at=OPENED + 2 * DAY)
    return made


class Direct:
    """A line without a network, whose answers pass through `change`."""

    def __init__(self, kind, change):
        self.system, self.root, self.change = KINDS[kind](desk()), ROOTS.get(kind, ""), change

    @contextmanager
    def talk(self, _deadline):
        yield _Talk(self)


class _Talk(Talk):
    def __init__(self, line):
        self.line = line

    def get(self, path, **query):
        found = self.line.system.answer(self.line.root + path, query, {})
        more = {}
        if isinstance(found, tuple):
            found, more = found
        if found is None:
            return None
        return Answer(self.line.change(json.loads(json.dumps(found))), None, "Link" in more)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))


def put(value, path, other):
    """The value with something else at a place; absent where `other` is `...`."""
    if not path:
        return None if other is ... else other
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    if other is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = other
    return value


ODD = [
    None,
    ...,
    "",
    "x",
    "mira",
    0,
    -1,
    1.5,
    True,
    [],
    {},
    ["x"],
    [None],
    {"id": 1},
    "9" * 300,
    "a\nb",
    "2026-13-01T00:00:00Z",
]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=75, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_one_thing_otherwise_anywhere(kind, data):
    """Whatever stands at any place of any answer."""
    first = data.draw(st.integers(0, 5))
    count = [0]

    def change(answer):
        count[0] += 1
        if count[0] - 1 == first:
            where = data.draw(st.sampled_from(list(places(answer))))
            return put(answer, where, data.draw(st.sampled_from(ODD)))
        return answer

    id_ = "SUP-1" if kind == "jira" else "1"
    try:
        found = ASK[kind](Direct(kind, change)).case(id_, time.monotonic() + 30)
    except Unavailable as error:
        assert "mira" not in str(error) and "owen" not in str(error)
        return
    assert found is None or isinstance(found, SeenCase)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_changed_is_the_case(kind):
    """Or the property above would say nothing."""
    found = ASK[kind](Direct(kind, lambda answer: answer)).case(
        "SUP-1" if kind == "jira" else "1", time.monotonic() + 30
    )
    assert [named.person for named in found.persons] == ["owen"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_place_of_the_first_answer_may_be_missing(kind):
    """All of them, one after the other: no case without a time of opening, a state, a name of its own."""
    whole = Direct(kind, lambda answer: answer)
    id_ = "SUP-1" if kind == "jira" else "1"
    with whole.talk(0) as talk:
        path = {"jira": "/rest/api/3/issue/SUP-1", "zendesk": "/api/v2/tickets/1.json"}.get(kind, "/issues/1")
        first = talk.get(path).json
    for where in list(places(first)):
        if not where:
            continue
        count = [0]

        def change(answer, where=where, count=count):
            count[0] += 1
            return put(answer, where, ...) if count[0] == 1 else answer

        try:
            found = ASK[kind](Direct(kind, change)).case(id_, time.monotonic() + 30)
        except Unavailable:
            continue
        assert found is None or (found.id == id_ and found.opened is not None)

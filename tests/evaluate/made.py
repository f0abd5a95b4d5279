# SPDX-License-Identifier: Apache-2.0
"""Findings and truth made by hand."""

from datetime import UTC, datetime, timedelta

from whosaw.evaluate.measure import Period
from whosaw.evaluate.read import Line, Planted

START = datetime(2022, 1, 1, tzinfo=UTC)
PERIOD = Period(1000, START, START + timedelta(days=365.25 / 12 * 2))


def day(number):
    return START + timedelta(days=number)


def line(id_, score, looks, *, principals="a", persons="p", as_of=60, floor=False):
    return Line(
        finding=id_, score=score, principals=frozenset(principals), persons=frozenset(persons), looks=frozenset(looks),
        as_of=day(as_of), floor=floor, ps=(),
    )  # fmt: skip


def incident(id_, looks, *, family="motive", principals="a", persons="p", start=0):
    return Planted(
        id=id_, benign=False, family=family, principals=frozenset(principals), persons=frozenset(persons),
        looks=frozenset(looks), start=day(start), end=None, twin_of=None,
    )  # fmt: skip


def benign(id_, looks, twin=None):
    return Planted(
        id=id_, benign=True, family="legal_hold", principals=frozenset("z"), persons=frozenset("q"),
        looks=frozenset(looks), start=None, end=None, twin_of=twin,
    )  # fmt: skip

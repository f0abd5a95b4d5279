# SPDX-License-Identifier: Apache-2.0
"""Where marks stand: inside the drawing, each once, in an order that does not depend on luck."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from whosaw.verify.words import counted
from whosaw.web.drawing import bonds, timeline
from whosaw.web.drawing.bonds import Bond
from whosaw.web.drawing.timeline import BAND, OTHERS, ROWS, Article, Became, DrawnLook
from whosaw.web.wording import clipped, count, day, iso, moment, printable, short

NAMES = st.sampled_from([f"n{i}" for i in range(20)])
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
LOOKS = st.builds(DrawnLook, at=TIMES, unit=NAMES, became=st.sampled_from(Became), principal=NAMES, person=NAMES)
ARTICLES = st.builds(Article, at=TIMES, title=NAMES)
FEW = st.integers(0, 50)
BONDS = st.lists(
    st.builds(Bond, principal=NAMES, unit=NAMES, person=NAMES, about=NAMES, ordinary=FEW, refused=FEW, found=FEW),
    max_size=30,
)


@given(st.lists(LOOKS, max_size=60), st.lists(ARTICLES, max_size=12), TIMES, TIMES)
def test_every_look_is_drawn_once_and_inside(looks, articles, since, until):
    """Whatever the period given, no look and no article is left out or falls outside."""
    drawn = timeline.draw(looks, articles, since, until)
    assert drawn.looks == len(looks)
    for kind in Became:
        assert drawn.count(kind) == sum(k.became is kind for k in looks)
    assert len(drawn.flags) == len(articles)
    assert len(drawn.lines) == len(articles) + sum(k.became is not Became.ORDINARY for k in looks)
    assert len(drawn.rows) <= ROWS
    for row in drawn.rows:
        assert row.dots.count("M") == row.ordinary
        assert len(row.marks) == row.refused + row.found
        assert all(0 <= m.x <= 100 and row.top <= m.y <= row.top + BAND for m in row.marks)
    assert all(0 <= f.x <= 100 for f in drawn.flags)
    assert drawn.since <= min([since, *(k.at for k in looks)])
    assert all(k.at < drawn.until for k in looks)


def test_the_quietest_units_share_the_last_row():
    """A company of many units still fits a page; the shared row says how many it holds."""
    at = datetime(2026, 6, 1, tzinfo=UTC)
    looks = [DrawnLook(at=at, unit=f"unit {n:02}") for n in range(20) for _ in range(n + 1)]
    looks.append(DrawnLook(at=at, unit="unit 00", became=Became.FOUND))
    drawn = timeline.draw(looks, [], at, at)
    assert (drawn.rows[0].unit, drawn.rows[1].unit) == ("unit 00", "unit 19")
    assert drawn.rows[-1].unit == f"{OTHERS} (9)"
    assert drawn.looks == len(looks)


def test_articles_on_one_day_hang_at_different_heights():
    """Flags close together can all be read."""
    at = datetime(2026, 6, 1, tzinfo=UTC)
    drawn = timeline.draw([], [Article(at + timedelta(hours=n), str(n)) for n in range(3)], at, at + timedelta(days=90))
    assert len({flag.y for flag in drawn.flags}) == 3


@given(BONDS)
def test_each_number_is_one_band(given_bonds):
    """Bands, table and sums agree; bands fill each bar exactly, and bars do not overlap."""
    drawn = bonds.draw(given_bonds)
    for kind in Became:
        assert drawn.count(kind) == sum(getattr(b, kind) for b in given_bonds)
    if not drawn.bands:
        assert len(drawn.principals) + len(drawn.persons) > bonds.NODES or not drawn.table
        return
    assert len(drawn.bands) == sum(bool(getattr(b, kind)) for b in drawn.table for kind in Became)
    assert sum(band.looks for band in drawn.bands) == sum(drawn.count(kind) for kind in Became)
    for side in (drawn.principals, drawn.persons):
        edges = [(node.y - node.height / 2, node.y + node.height / 2) for node in side]
        assert edges == sorted(edges)
        assert all(a[1] <= b[0] for a, b in pairwise(edges))
        assert edges[0][0] >= 0 and edges[-1][1] <= drawn.height


@given(BONDS)
def test_bonds_do_not_depend_on_their_order(given_bonds):
    """The same pairs give the same drawing."""
    assert bonds.draw(given_bonds) == bonds.draw(given_bonds[::-1])


def test_numbers_and_times_are_written_one_way():
    """No locale and no zone of the machine changes a page."""
    at = datetime(2026, 7, 3, 1, 14, 5, 999_999, tzinfo=UTC)
    assert (day(at), moment(at), short(at)) == ("3 Jul 2026", "3 Jul 2026, 01:14", "3 Jul, 01:14")
    assert iso(at) == "2026-07-03T01:14:05Z"
    assert (count(1204), counted(1, "look"), counted(1204, "look")) == ("1,204", "1 look", "1,204 looks")


@given(st.text())
def test_printable_texts_do_not_steer(text):
    """Printing a text twice is printing it once; its length stays."""
    assert printable(printable(text)) == printable(text)
    assert len(printable(text)) == len(text)
    assert not set("\u202e\u2066\x00\x1b") & set(printable(text))


@given(st.text(), st.integers(1, 40))
def test_clipped_texts_fit(text, width):
    """A text for a drawing is never wider than it may be."""
    assert len(clipped(text, width)) <= max(width, 0)

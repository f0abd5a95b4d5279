# SPDX-License-Identifier: Apache-2.0
"""Times as logs write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect import times
from whosaw.collect.observed import No

AT = datetime(2026, 11, 24, 19, 53, 48, 353_000, UTC)
CET = {"CET": timezone(timedelta(hours=1))}
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))


@settings(deadline=None)
@given(MOMENTS, OFFSETS)
def test_every_spelling_is_the_same_moment(at, zone):
    """To the microsecond where the spelling has them, to its last digit where it has not."""
    there = at.astimezone(zone)
    sign = there.strftime("%z")
    assert times.rfc3339(there.isoformat(timespec="microseconds")) == at
    assert times.rfc3339(there.strftime("%Y-%m-%dT%H:%M:%S.%f000") + sign[:3] + ":" + sign[3:]) == at
    to_millis = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert times.server(there.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " " + sign, {}) == to_millis
    assert times.apache(there.strftime("%d/%b/%Y:%H:%M:%S ") + sign) == at.replace(microsecond=0)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    whole = since // timedelta(seconds=1)
    assert times.seconds(f"{whole}.{since.microseconds:06}") == at
    assert times.seconds(whole) == at.replace(microsecond=0)


@settings(deadline=None, max_examples=500)
@given(st.text(st.sampled_from("0123456789-:. TZ+/NovUTC"), max_size=36))
def test_no_text_raises_or_has_no_zone(text):
    """A moment in UTC or a reason, whatever the text is."""
    for found in (times.rfc3339(text), times.server(text, CET), times.apache(text), times.seconds(text)):
        assert isinstance(found, No) or found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-11-24 20:53:48.353 CET", "2026-11-24 20:53:48.353 +01"])
def test_an_abbreviation_means_what_the_map_says(text):
    """CET is +01:00 because somebody wrote so."""
    assert times.server(text, CET) == AT


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24 19:53:48.353",
        "2026-11-24 19:53:48.353 CEST",
        "2026-11-24 19:53:48.353 +24",
        "2026-11-24 19:53:48 UTC",
        "2026-02-30 19:53:48.353 UTC",
        "2026-11-24 24:53:48.353 UTC",
        "0000-11-24 19:53:48.353 UTC",
        "0001-01-01 00:00:00.000 +14",
        "２０２６-11-24 19:53:48.353 UTC",
    ],
)
def test_a_time_in_no_known_zone_is_nobodys(text):
    """Refused: no zone, one that is not named, no such day, other digits."""
    assert isinstance(times.server(text, CET), No)


def test_a_leap_second_is_the_end_of_its_minute():
    """23:59:60 exists, and no clock of ours can hold it."""
    assert times.rfc3339("2016-12-31T23:59:60.5Z") == datetime(2016, 12, 31, 23, 59, 59, 999_999, UTC)
    assert isinstance(times.rfc3339("2016-12-31T23:59:61Z"), No)


@pytest.mark.parametrize("given", [None, 3.5, True, -1, 10**11, "1e9", "1,5", "", "1795550028."])
def test_seconds_are_whole_or_written_with_a_point(given):
    """No float, no exponent, nothing negative."""
    assert isinstance(times.seconds(given), No)


def test_the_future_and_the_past_are_not_plausible():
    """Five minutes of a wrong clock are allowed."""
    assert times.plausible(AT + timedelta(minutes=5), AT) is None
    assert times.plausible(AT + timedelta(minutes=5, microseconds=1), AT) == No(times.FUTURE)
    assert times.plausible(datetime(1999, 12, 31, tzinfo=UTC), AT) == No(times.PAST)

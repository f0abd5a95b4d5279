# SPDX-License-Identifier: Apache-2.0
"""The pieces of every text have one spelling or none."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, patient

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog import spelling as s


@pytest.mark.parametrize(("raw", "value"), [(b"0", 0), (b"7", 7), (b"10", 10), (b"9223372036854775807", 2**63 - 1)])
def test_a_decimal_is_read_and_written(raw, value):
    """The ordinary numbers, up to the last one."""
    assert s.parse_decimal(raw, "x") == value
    assert s.render_decimal(value) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" 7", b"7 ", b"7\n", b"07", b"00", b"+7", b"-0", b"-7", b"7_0", b"0x7", b"7.0", b"1e3", b"\xef\xbc\x97",
        "٧".encode(), b"9223372036854775808", b"99999999999999999999",
    ],
)  # fmt: skip
def test_no_other_decimal(raw):
    """What int() would take, and more, is refused."""
    with pytest.raises(NotCanonical, match="here"):
        s.parse_decimal(raw, "here")


@pytest.mark.parametrize("value", [True, False, -1, 2**63, 1.0, "1", None])
def test_a_number_is_an_int(value):
    """A bool is an int in Python; True is no size."""
    with pytest.raises(BadInput):
        s.natural(value, "size")


@pytest.mark.parametrize(
    "raw", [b"AB==", b"AAB=", b"AA", b"AA=", b"AA==\n", b" AA==", b"AA==AA==", b"A-_=", b"=", b"AA==="]
)
def test_no_other_base64(raw):
    """Padding bits, missing padding, blanks and the other alphabet are refused."""
    with pytest.raises(NotCanonical):
        s.parse_base64(raw, "here")


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_a_hash_has_32_bytes(size):
    """An empty hash could stand for a root in a careless check."""
    with pytest.raises(NotCanonical):
        s.parse_hash(s.render_base64(bytes(size)), "here")
    assert s.parse_hash(s.render_base64(bytes(32)), "here") == bytes(32)


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), bytearray(32), "x" * 32, None])
def test_only_32_bytes_are_a_hash(bad):
    """Also where it is given and not spelled: another length or another type is refused."""
    assert s.hash_bytes(bytes(32), "root") == bytes(32)
    with pytest.raises(BadInput, match="root"):
        s.hash_bytes(bad, "root")


@pytest.mark.parametrize("cut", ["\u2028", "\u2029", "\u0085"])
def test_only_a_newline_ends_a_line(cut):
    """What splitlines() would cut at stays inside a line."""
    assert s.parse_lines(f"a{cut}b\nc\n".encode(), "x", 100) == [f"a{cut}b".encode(), b"c"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"a",
        b"a\nb",
        b"a\r\n",
        b"a\tb\n",
        b"a\0\n",
        b"a\x0b\n",
        b"a\x0c\n",
        b"\xff\n",
        b"\xed\xa0\x80\n",
        b"\xc0\x80\n",
    ],
)
def test_no_other_text(raw):
    """No missing newline, no control character, no broken or overlong UTF-8."""
    with pytest.raises(NotCanonical):
        s.parse_text(raw, "here", 100)


def test_a_text_has_its_limit():
    """One byte more is refused, and the message names the line of a control character."""
    assert s.parse_text(b"aaa\n", "x", 4)
    with pytest.raises(NotCanonical, match="longer than 3"):
        s.parse_text(b"aaa\n", "x", 3)
    with pytest.raises(NotCanonical, match="x, line 3"):
        s.parse_text(b"a\nb\nc\r\n", "x", 100)


@pytest.mark.parametrize("name", ["a", "log.example.org/whosaw", "a" * 255, "ä" * 127, "名前"])
def test_a_name(name):
    """A name is anything short without space and plus."""
    assert s.parse_name(name.encode(), "x") == name


@pytest.mark.parametrize("name", ["", "a" * 256, "ä" * 128, "a+b", "a b", "a\nb", "a\x00", "a\x1f"])
def test_no_name(name):
    """Too long, a plus, a blank, a control character."""
    with pytest.raises(NotCanonical):
        s.parse_name(name.encode(), "x")


def test_no_space_of_any_script_stands_in_a_name():
    """Every character of Unicode that Python or Unicode calls a space is refused."""
    for code in range(0x110000):
        c = chr(code)
        if c.isspace() or unicodedata.category(c) in ("Zs", "Zl", "Zp"):
            assert not s.is_name(f"a{c}b"), hex(code)


def test_a_lone_surrogate_is_no_name():
    """It cannot be written in UTF-8, so it is refused and not a crash."""
    assert not s.is_name("a\ud800")
    with pytest.raises(BadInput):
        s.name_bytes("a\ud800", "name")


@pytest.mark.parametrize(
    "raw",
    [
        b"2026-11-22T10:15:30Z", b"2026-11-22T10:15:30.12Z", b"2026-11-22T10:15:30.1234Z", b"2026-11-22t10:15:30.123Z",
        b"2026-11-22 10:15:30.123Z", b"2026-11-22T10:15:30.123+00:00", b"2026-02-30T10:15:30.123Z",
        b"2026-11-22T24:00:00.000Z", b"2026-11-22T10:15:60.000Z", b"0000-01-01T00:00:00.000Z", b"",
        b"2026-11-22T10:15:30.123Z\n",
    ],
)  # fmt: skip
def test_no_other_instant(raw):
    """One form, real dates, milliseconds, UTC."""
    with pytest.raises(NotCanonical):
        s.parse_instant(raw, "here")


def test_an_instant_is_cut_never_rounded():
    """The last microsecond of a second does not become the next one, and any zone is written in UTC."""
    at = datetime(2026, 11, 22, 12, 15, 30, 999_999, timezone(timedelta(hours=2)))
    assert s.render_instant(at) == b"2026-11-22T10:15:30.999Z"
    with pytest.raises(BadInput):
        s.render_instant(datetime(2026, 11, 22))


@patient
@given(st.one_of(st.binary(max_size=25), damaged(b"1234567", b"0", b"9223372036854775807")))
@example(b"007")
def test_accepted_decimals_are_canonical(raw):
    """Whatever is taken for a number renders back to the same bytes."""
    accepted_is_canonical(lambda r: s.parse_decimal(r, "x"), s.render_decimal, raw)


@patient
@given(st.one_of(st.binary(max_size=25), damaged(b"AAECAw==", b"AAECAwQ=", b"////")))
def test_accepted_base64_is_canonical(raw):
    """Whatever is taken for base64 renders back to the same bytes."""
    accepted_is_canonical(lambda r: s.parse_base64(r, "x"), s.render_base64, raw)


@patient
@given(st.one_of(st.binary(max_size=25), damaged(b"2026-11-22T10:15:30.123Z")))
def test_accepted_instants_are_canonical(raw):
    """Whatever is taken for an instant renders back to the same bytes."""
    accepted_is_canonical(lambda r: s.parse_instant(r, "x"), s.render_instant, raw)


@patient
@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_every_instant_has_a_spelling(at):
    """Writing and reading loses what is below a millisecond, and nothing else."""
    assert s.parse_instant(s.render_instant(at), "x") == at.replace(microsecond=at.microsecond // 1000 * 1000)


@patient
@given(st.one_of(st.binary(max_size=40), damaged("log.example.org/ä".encode())))
def test_accepted_names_are_canonical(raw):
    """Whatever is taken for a name is its own UTF-8."""
    accepted_is_canonical(lambda r: s.parse_name(r, "x"), str.encode, raw)

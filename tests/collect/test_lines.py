# SPDX-License-Identifier: Apache-2.0
"""Bytes of a file, unpacked and cut, in bounded memory."""

import gzip
import hashlib
import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect.lines import CHUNK, LINE_LIMIT, TOO_LONG, Source, lines
from whosaw.collect.observed import Malformed
from whosaw.collect.server_log import csv_records

BYTES = st.lists(st.sampled_from([b"a", b"\n", b"\r", b'"', b" ", "é".encode(), b"\xff", b"bc"]), max_size=60).map(
    b"".join
)
MIB = b"x" * 1024 * 1024
GIGABYTE = 1024


def chunked(raw, size):
    return [raw[at : at + size] for at in range(0, len(raw), size)]


@settings(deadline=None, max_examples=300)
@given(BYTES, st.integers(1, 7))
def test_chunks_do_not_matter(raw, size):
    """However the bytes arrive, lines, numbers, places and what is too long are the same."""
    for cut in (lines, csv_records):
        whole = list(cut([raw], limit=9))
        assert list(cut(chunked(raw, size), limit=9)) == whole
        for where, piece in whole:
            if isinstance(piece, Malformed):
                assert piece.reason == TOO_LONG
            else:
                assert raw[where.offset :].startswith(piece)


@settings(deadline=None)
@given(BYTES)
def test_every_line_is_a_piece_but_blank_ones(raw):
    """Cut at newlines only."""
    expected = [line.removesuffix(b"\r") for line in raw.split(b"\n") if line.strip()]
    assert [piece for _, piece in lines([raw])] == expected


@pytest.mark.parametrize("cut", [lines, csv_records])
@pytest.mark.parametrize("opening", [b"", b'"'])
@pytest.mark.parametrize("size", [128, pytest.param(GIGABYTE, marks=pytest.mark.slow)])
def test_a_line_of_a_gigabyte_takes_no_memory(cut, opening, size):
    """It is one malformed record with its digest; what follows it is read, where no quote is open. An eighth says so, too."""
    big = hashlib.sha256(opening)
    for _ in range(size):
        big.update(MIB)

    def given():
        yield opening
        for _ in range(size):
            yield MIB
        if not opening:
            yield b"\nlast\n"

    tracemalloc.start()
    try:
        found = [(str(where), piece) for where, piece in cut(given())]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    after = [] if opening else [(f"record 2, byte {size * len(MIB) + 1}", b"last")]
    assert found == [("record 1, byte 0", Malformed(TOO_LONG, big.digest())), *after]
    assert peak < 4 * LINE_LIMIT


def test_a_bomb_is_unpacked_piece_by_piece():
    """Memory follows the piece, not what a megabyte of gzip can become."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as pack:
        for _ in range(64):
            pack.write(MIB)
    source = Source(io.BytesIO(packed.getvalue()))
    tracemalloc.start()
    try:
        assert sum(len(chunk) for chunk in source.chunks()) == 64 * len(MIB)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * CHUNK
    assert source.broken is None


@settings(deadline=None)
@given(BYTES, st.booleans())
def test_packed_or_plain_the_file_is_the_same(raw, packed):
    """And its digest and size are those of the file as it lies on disk."""
    stored = gzip.compress(raw) if packed else b"{" + raw
    source = Source(io.BytesIO(stored))
    assert b"".join(source.chunks()) == (raw if packed else stored)
    assert source.digest() == hashlib.sha256(stored).digest()
    assert (source.size, source.broken) == (len(stored), None)


def test_two_gzips_after_each_other_are_one_file():
    """As `cat a.gz b.gz` makes them."""
    assert b"".join(Source(io.BytesIO(gzip.compress(b"a\n") + gzip.compress(b"b\n"))).chunks()) == b"a\nb\n"


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_damaged_gzip_is_a_half_read_file(data):
    """Cut off or changed anywhere: what came before is given, nothing raises, and it says that it broke."""
    whole = gzip.compress(bytes(range(256)) * 20)
    stored = bytearray(whole[: data.draw(st.integers(3, len(whole) - 1))])
    at = data.draw(st.integers(2, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(0, 255))
    source = Source(io.BytesIO(bytes(stored)))
    for _ in source.chunks():
        pass
    assert source.broken.startswith("the gzip data ")
    assert source.digest() == hashlib.sha256(bytes(stored)).digest()


def test_other_encodings_are_refused_and_one_mark_is_dropped():
    """UTF-16 breaks the file; the byte order mark of UTF-8 is no character of the first line."""
    source = Source(io.BytesIO("{}\n".encode("utf-16")))
    assert list(source.chunks()) == []
    assert "UTF-16" in source.broken
    assert source.digest() == hashlib.sha256("{}\n".encode("utf-16")).digest()
    assert b"".join(Source(io.BytesIO(b"\xef\xbb\xbf{}\n\xef\xbb\xbf{}")).chunks()) == b"{}\n\xef\xbb\xbf{}"


def test_a_disk_that_fails_is_a_half_read_file():
    """What was read is given."""

    class Failing(io.BytesIO):
        def read(self, count=-1):
            if self.tell() > 1000:
                raise OSError("input/output error")
            return super().read(count)

    source = Source(Failing(b"x" * CHUNK * 3))
    assert b"".join(source.chunks())
    assert source.broken == "the disk or pipe stopped giving bytes"

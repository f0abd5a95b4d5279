# SPDX-License-Identifier: Apache-2.0
"""Frames and staging files: one spelling or none, whatever the bytes are; and what a torn end may look like."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.world import body

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.segment import (
    OVERHEAD,
    Frame,
    Mark,
    Order,
    encode_all,
    frame_length,
    parse_all,
    parse_entries,
    parse_frame,
    scan,
    segment_name,
    segment_place,
)
from whosaw.journal.segments import Segments
from whosaw.journal.staging import Staged
from whosaw.journal.tail import parse_kept
from whosaw.model.record import LIMIT
from whosaw.store.memory import MemoryFolder, MemoryHead
from whosaw.store.memory_manifest import MemoryManifest
from whosaw.tlog.tile import Bundle, Tile


def result(call):
    """What a call gives, or the error that it raises, as text."""
    try:
        return call()
    except Damaged as error:
        return str(error)


def manifest() -> MemoryManifest:
    """One without a row: every segment is of generation 0."""
    return MemoryManifest(MemoryHead())


U64 = st.integers(0, 2**64 - 1)
FRAMES = st.builds(
    Frame, index=U64, handle=st.binary(min_size=16, max_size=16), i=U64, label=st.binary(min_size=32, max_size=32),
    nonce=st.binary(min_size=32, max_size=32), body=st.binary(max_size=300), group=U64, left=st.integers(0, 2**16 - 1),
    idem=st.binary(min_size=32, max_size=32),
)  # fmt: skip


def frames(*groups: tuple[int, ...], first: int = 5) -> list[Frame]:
    """Frames of these groups; each number is a submission of so many leaves."""
    made, dice = [], random.Random(1)
    for group in groups:
        start = first + len(made)
        for count in group:
            idem = dice.randbytes(32)
            made += [
                Frame(first + len(made) + n, bytes(16), n, dice.randbytes(32), dice.randbytes(32), body(f"{n}"), start,
                      count - 1 - n, idem)
                for n in range(count)
            ]  # fmt: skip
    return made


@given(FRAMES, U64)
def test_a_frame_is_its_one_spelling(frame, first):
    """Encoded and parsed it is the same frame, with 151 bytes around the body."""
    mark = Mark(first)
    raw = frame.encode(mark)
    assert parse_frame(raw, 0, mark) == (frame, len(raw))
    assert len(raw) == OVERHEAD + len(frame.body) == frame_length(raw, 0)
    assert OVERHEAD == 151


@given(st.binary(max_size=600), st.integers(0, 50))
def test_any_other_bytes_are_no_frame(raw, at):
    """Nothing but NotCanonical comes of bytes that are none of ours; and what is taken renders back."""
    mark = Mark(5)
    try:
        frame, end = parse_frame(raw, at, mark)
    except NotCanonical:
        return
    assert frame.encode(mark) == raw[at:end]


def test_every_bit_of_a_frame_is_checked():
    """A flipped bit anywhere, or another segment's name, and it is no frame."""
    (frame,) = frames((1,))
    raw = frame.encode(Mark(5))
    for at in range(len(raw)):
        broken = bytearray(raw)
        broken[at] ^= 1 << at % 8
        with pytest.raises(NotCanonical):
            parse_frame(bytes(broken), 0, Mark(5))
    with pytest.raises(NotCanonical):
        parse_frame(raw, 0, Mark(6))


def test_a_length_that_no_body_has_is_refused_before_it_is_read():
    """A length beyond the largest body is no frame, however many bytes follow."""
    assert frame_length((LIMIT + OVERHEAD).to_bytes(4), 0) is None
    assert frame_length(b"", 0) is None


def test_names_of_segments_and_of_what_was_cut():
    """Twenty digits and nothing else; other names are none of ours."""
    assert segment_place(segment_name(43)) == (43, 0)
    for name in ("segments/43.seg", "segments/00000000000000000043.seg.bak", "x/00000000000000000043.seg"):
        assert segment_place(name) is None
    assert parse_kept("kept/00000000000000000001-00000000000000000043-0123456789abcdef.torn").index == 43
    assert parse_kept("kept/1-43-0123456789abcdef.torn") is None


# ── the torn end ──


def test_a_whole_segment_is_read_whole():
    """Everything counts, nothing is torn."""
    made = frames((1, 3), (2,), (1,))
    scanned = scan(encode_all(made, Mark(5)), Mark(5), Order(5))
    assert (scanned.frames, scanned.torn) == (made, b"")
    assert list(parse_all(encode_all(made, Mark(5)), Mark(5), Order(5))) == made


def test_cut_anywhere_whole_submissions_count_and_nothing_else():
    """For every length of what reached the disk: the frames of all submissions that are whole, and the rest is torn."""
    made = frames((1, 3), (2,), (1,))
    raw, mark = encode_all(made, Mark(5)), Mark(5)
    ends = [(0, 0)]
    for n, frame in enumerate(made, 1):
        if frame.left == 0:
            ends.append((n, len(encode_all(made[:n], mark))))
    for cut in range(len(raw) + 1):
        count, at = max((n, end) for n, end in ends if end <= cut)
        scanned = scan(raw[:cut], mark, Order(5))
        assert (len(scanned.frames), scanned.torn_at, scanned.torn) == (count, at, raw[at:cut])


def test_pages_of_one_write_may_reach_the_disk_in_any_order():
    """A hole in the last group is a torn end, also where frames of the same group follow it."""
    made = frames((1,), (1, 1, 1))
    raw = bytearray(encode_all(made, Mark(5)))
    start = len(encode_all(made[:2], Mark(5)))
    raw[start : start + 40] = bytes(40)
    scanned = scan(bytes(raw), Mark(5), Order(5))
    assert scanned.frames == made[:2]


def test_a_hole_before_a_later_group_is_damage():
    """That write began only after the fdatasync of this one had returned: no crash leaves it."""
    made = frames((1,), (1,), (1,))
    raw = bytearray(encode_all(made, Mark(5)))
    start = len(encode_all(made[:1], Mark(5)))
    raw[start + 20] ^= 1
    with pytest.raises(Damaged, match="not what a crash leaves"):
        scan(bytes(raw), Mark(5), Order(5))


@settings(max_examples=200)
@given(st.data())
def test_whatever_stands_behind_the_last_group(data):
    """Zeros, old blocks of other segments, noise: a torn end."""
    made = frames((1,), (2,))
    noise = data.draw(st.one_of(
        st.binary(max_size=500), st.integers(0, 4_096).map(bytes), st.just(encode_all(frames((1,), first=7), Mark(99))),
    ))  # fmt: skip
    raw = encode_all(made, Mark(5)) + noise
    scanned = scan(raw, Mark(5), Order(5))
    assert scanned.frames == made
    assert scanned.torn == noise


@pytest.mark.parametrize("change", [
    {"index": 9}, {"left": 5}, {"idem": bytes(32)}, {"group": 7}, {"group": 99}, {"left": 20_000},
])  # fmt: skip
def test_frames_out_of_order_were_never_written_by_us(change):
    """Another index, a submission broken into, a group that cannot be: Damaged."""
    made = frames((1,), (3,))
    made[2] = Frame(**{name: getattr(made[2], name) for name in Frame.__dataclass_fields__} | change)
    with pytest.raises(Damaged):
        list(parse_all(encode_all(made, Mark(5)), Mark(5), Order(5)))


# ── read by index ──


def folder_of(made: list[Frame], *firsts: int, junk: bytes = b"") -> MemoryFolder:
    folder = MemoryFolder()
    for first, end in zip(firsts, [*firsts[1:], made[-1].index + 1], strict=True):
        inside = [frame for frame in made if first <= frame.index < end]
        folder.set(segment_name(first), encode_all(inside, Mark(first)) + junk)
    return folder


def test_frames_by_index_over_several_files():
    """Each frame, each range and each submission, and what stands behind the last frame of a file does not exist."""
    made = frames(*[(1, 2)] * 6, first=0)
    segments = Segments(folder_of(made, 0, 6, 12, junk=b"torn"), manifest())
    assert [segments.frame(n) for n in range(18)] == made
    for first in range(18):
        for end in range(first, 19):
            assert list(segments.frames(first, end)) == made[first:end]
    assert segments.submission(4, 2, made[4].idem) == tuple(made[4:6])
    for wrong in ((4, 1, made[4].idem), (3, 3, made[4].idem), (3, 2, made[3].idem), (4, 2, made[6].idem)):
        with pytest.raises(Damaged):
            segments.submission(*wrong)
    with pytest.raises(Damaged, match="no segment holds index 18"):
        segments.frame(18)


def test_a_segment_begun_since_it_was_listed_is_found():
    """A reader beside a sequencer listed the folder once; what was begun after that is found, also in the middle of a range."""
    made = frames(*[(1,)] * 9, first=0)
    folder = folder_of(made[:6], 0, 3)
    segments = Segments(folder, manifest())
    assert list(segments.frames(0, 6)) == made[:6]
    folder.set(segment_name(6), encode_all(made[6:], Mark(6)))
    assert list(segments.frames(4, 9)) == made[4:]
    assert segments.frame(8) == made[8]


# ── staging ──

PATHS = st.one_of(
    st.builds(Bundle, st.integers(0, 2**40), st.integers(1, 256)),
    st.builds(Tile, st.integers(0, 7), st.integers(0, 2**40), st.integers(1, 256)),
).map(lambda made: made.path)
STAGED = st.builds(
    Staged, U64, U64, st.binary(min_size=32, max_size=32),
    st.lists(st.tuples(PATHS, st.binary(max_size=80)), max_size=4).map(tuple),
)  # fmt: skip


@given(STAGED)
def test_staging_is_its_one_spelling(staged):
    """Encoded and parsed it is the same; its name says its size and root."""
    assert Staged.parse(staged.encode(), "staging") == staged
    assert staged.name == f"staging/{staged.size}-{staged.root.hex()}"


@given(STAGED, st.data())
def test_half_a_staging_file_is_none(staged, data):
    """Cut, changed or lengthened: NotCanonical, and nothing of it is applied."""
    raw = staged.encode()
    at = data.draw(st.integers(0, len(raw) - 1))
    for broken in (raw[:at], raw + b"x", raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]):
        with pytest.raises(NotCanonical):
            Staged.parse(broken, "staging")


@pytest.mark.parametrize("path", ["checkpoint", "../private/head.db", "tile/0/../../x", "tile/0/1", "", "/etc/passwd"])
def test_staging_names_only_what_a_head_publishes(path):
    """A staging file with a path that is no tile's is refused, whatever its hash says."""
    with pytest.raises(NotCanonical):
        Staged.parse(Staged(0, 1, bytes(32), ((path, b"x"),)).encode(), "staging")


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_entries_are_those_of_the_frames(data):
    """Whoever wants only the leaves gets those of the frames, and finds every fault that the frames would show."""
    count = data.draw(st.integers(1, 4))
    made = [
        Frame(5 + n, b"h" * 16, n, bytes([n]) * 32, b"n" * 32, body("x" * n), 5, 0, b"i" * 32) for n in range(count)
    ]
    raw = bytearray(encode_all(made, Mark(5)))
    if data.draw(st.booleans()):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    raw = bytes(raw)[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else bytes(raw)
    whole = result(lambda: [frame.entry for frame in parse_all(raw, Mark(5), Order(5))])
    assert (result(lambda: list(parse_entries(raw, Mark(5), Order(5)))) == whole) or isinstance(whole, str)
    assert isinstance(result(lambda: list(parse_entries(raw, Mark(5), Order(5)))), type(whole))
    for first in (4, 6):
        assert isinstance(result(lambda: list(parse_entries(encode_all(made, Mark(5)), Mark(5), Order(first)))), str)

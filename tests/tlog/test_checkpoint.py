# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: three lines, one spelling; and what a cosignature signs of them."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, patient, shared_json
from tests.tlog.worked import NOTE_4, ORIGIN, ROOT_4

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog import cosignature as c
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import EMPTY_ROOT
from whosaw.tlog.note import parse_note

TEXT = parse_note(NOTE_4).text
ROOT = b64encode(bytes(32))


def test_the_worked_example():
    """Origin, size and root of the specification, there and back."""
    made = Checkpoint.parse(TEXT)
    assert (made.origin, made.size, made.root.hex()) == (ORIGIN, 4, ROOT_4)
    assert made == Checkpoint.of(ORIGIN, 4, bytes.fromhex(ROOT_4))
    assert made.encode() == TEXT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"log\n1\n" + ROOT, "newline"),
        (b"log\n1\n", "three lines"),
        (b"log\n\n" + ROOT + b"\n", "line 2"),
        (b"\n1\n" + ROOT + b"\n", "line 1"),
        (b"log\n1\n" + ROOT + b"\n\n", "line 4"),
        (b"log\n01\n" + ROOT + b"\n", "line 2"),
        (b"log\n 1\n" + ROOT + b"\n", "line 2"),
        (b"log\n1_0\n" + ROOT + b"\n", "line 2"),
        (b"log\n9223372036854775808\n" + ROOT + b"\n", "line 2"),
        (b"log\n1\n" + ROOT[:-4] + b"\n", "line 3"),
        (b"log\n1\n" + ROOT + b" \n", "line 3"),
        (b"log\n1\n" + ROOT + b"\nextension\n", "extension"),
        (b"a log\n1\n" + ROOT + b"\n", "line 1"),
        (b"a+log\n1\n" + ROOT + b"\n", "line 1"),
        (b"l" * 256 + b"\n1\n" + ROOT + b"\n", "line 1"),
        (b"log\n0\n" + ROOT + b"\n", "root of nothing"),
        (b"log\r\n1\r\n" + ROOT + b"\r\n", "control"),
    ],
)
def test_no_other_checkpoint(text, why):
    """Each refusal says at which line."""
    with pytest.raises(NotCanonical, match=why):
        Checkpoint.parse(text)


def test_size_zero_has_the_root_of_nothing():
    """An empty log is a log; another root for it is none."""
    assert Checkpoint.parse(Checkpoint.of("log", 0, EMPTY_ROOT).encode()).size == 0
    with pytest.raises(BadInput):
        Checkpoint.of("log", 0, bytes(32))


def test_other_peoples_checkpoints():
    """Where the log is not ours the standard's freedom holds: any origin line, extension lines."""
    text = b"a log + more\n5\n" + ROOT + b"\nfirst\nsecond\n"
    made = Checkpoint.parse(text, foreign=True)
    assert (made.origin, made.extensions) == ("a log + more", (b"first", b"second"))
    assert made.encode() == text
    for bad in (text + b"\n", b"\n" + text, b"l" * 256 + text, text.replace(b"5", b"05")):
        with pytest.raises(NotCanonical):
            Checkpoint.parse(bad, foreign=True)


def test_the_parser_vectors_of_others():
    """transparency-dev/formats: what they refuse is refused; their valid one has a hash of 7 bytes, which we refuse."""
    given = shared_json("extracted/formats_checkpoint.json")
    for text in given["invalid"] + given["valid"]:
        for foreign in (False, True):
            with pytest.raises(NotCanonical):
                Checkpoint.parse(text.encode(), foreign=foreign)


def test_go_tree_text():
    """Go's checksum database: an origin with spaces, legal for others and never for a log of ours."""
    given = shared_json("extracted/go_tlog.json")["format_tree"]
    made = Checkpoint.parse(given["text"].encode(), foreign=True)
    assert made.size == given["size"]
    assert made.encode().decode() == given["text"]
    with pytest.raises(NotCanonical):
        Checkpoint.parse(given["text"].encode())


@pytest.mark.parametrize(
    "wrong",
    [("a b", 1, bytes(32)), ("", 1, bytes(32)), ("a", True, bytes(32)), ("a", -1, bytes(32)), ("a", 1, bytes(31))],
)
def test_what_a_log_of_ours_cannot_sign(wrong):
    """A checkpoint that nobody would parse is not made either."""
    with pytest.raises(BadInput):
        Checkpoint.of(*wrong)


def test_the_longest_origin():
    """255 bytes, for ours and for others; not one more, and not none."""
    for foreign in (False, True):
        text = b"l" * 255 + b"\n1\n" + ROOT + b"\n"
        assert Checkpoint.parse(text, foreign=foreign).encode() == text
    for origin in ("", "l" * 256):
        with pytest.raises(BadInput):
            Checkpoint(origin, 1, bytes(32))


@patient
@given(
    st.booleans(),
    st.one_of(st.binary(max_size=80), damaged(TEXT, b"log\n0\n" + b64encode(EMPTY_ROOT) + b"\n", TEXT + b"ext\n")),
)
def test_accepted_checkpoints_are_canonical(foreign, raw):
    """Whatever is taken for a checkpoint renders back to the same bytes."""
    accepted_is_canonical(lambda r: Checkpoint.parse(r, foreign=foreign), Checkpoint.encode, raw)


def test_the_signed_bytes_of_the_specification():
    """The 0x04 message of tlog-cosignature's example, its time read out of the line."""
    given = shared_json("extracted/c2sp_examples.json")
    note = parse_note(given["checkpoint_example_unverifiable"].encode())
    time_s, signature = c.split_blob(note.signatures[1].blob, 64, "w1")
    assert time_s == given["cosignature_timestamp_of_w1"]
    assert c.ed25519_message(note.text, time_s).decode() == given["cosig_v1_message"]
    assert c.join_blob(time_s, signature) == note.signatures[1].blob


def test_the_mldsa_message_by_the_specification():
    """The struct of tlog-cosignature, put together by hand."""
    checkpoint = Checkpoint.of("log", 258, b"r" * 32)
    wanted = (
        b"subtree/v1\n\0" + b"\x02w1" + bytes(7) + b"\x07" + b"\x03log" + bytes(8) + bytes(6) + b"\x01\x02" + b"r" * 32
    )
    assert c.mldsa_message("w1", 7, checkpoint) == wanted
    subtree = c.subtree_message("w1", 0, "log", start=256, end=258, root=b"r" * 32)
    assert subtree == wanted[:22] + b"\0" + wanted[23:27] + bytes(6) + b"\x01\x00" + wanted[35:]


def test_the_mldsa_message_does_not_cover_extension_lines():
    """Two checkpoints that differ in extensions only have one message: never believe an extension for it."""
    text = b"log\n5\n" + ROOT + b"\n"
    one, two = (Checkpoint.parse(t, foreign=True) for t in (text, text + b"lie\n"))
    assert c.mldsa_message("w", 1, one) == c.mldsa_message("w", 1, two)
    assert c.ed25519_message(one.encode(), 1) != c.ed25519_message(two.encode(), 1)


@pytest.mark.parametrize("blob", [b"", bytes(71), bytes(73), b"\x80" + bytes(71), b"\xff" * 72])
def test_no_other_cosignature(blob):
    """Its length is fixed and its time is at most 2^63-1."""
    with pytest.raises(NotCanonical):
        c.split_blob(blob, 64, "w")


def test_the_last_time_and_the_longest_names():
    """2^63-1 is a time, and 255 bytes fit their length byte."""
    assert c.split_blob(c.join_blob(2**63 - 1, bytes(64)), 64, "w") == (2**63 - 1, bytes(64))
    made = c.subtree_message("w" * 255, 0, "l" * 255, start=1, end=2, root=bytes(32))
    assert len(made) == 12 + 1 + 255 + 8 + 1 + 255 + 16 + 32


@pytest.mark.parametrize(("time_s", "fine"), [(0, False), (1, True), (1000, True), (1300, True), (1301, False)])
def test_a_witness_is_not_ahead_of_our_clock(time_s, fine):
    """At most five minutes, and a time of 0 says nothing."""
    if fine:
        c.check_time(time_s, 1000, "w1")
    else:
        with pytest.raises(ProofFailed, match="w1"):
            c.check_time(time_s, 1000, "w1")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: c.join_blob(2**63, b""),
        lambda: c.join_blob(-1, b""),
        lambda: c.join_blob(True, b""),
        lambda: c.subtree_message("a b", 0, "log", start=0, end=1, root=bytes(32)),
        lambda: c.subtree_message("w", 0, "l" * 256, start=0, end=1, root=bytes(32)),
        lambda: c.subtree_message("w", 0, "", start=0, end=1, root=bytes(32)),
        lambda: c.subtree_message("w", 0, "log", start=2, end=1, root=bytes(32)),
        lambda: c.subtree_message("w", 0, "log", start=2, end=2, root=bytes(32)),
        lambda: c.subtree_message("w", 0, "log", start=0, end=-1, root=bytes(32)),
        lambda: c.subtree_message("w", 0, "log", start=-1, end=1, root=bytes(32)),
        lambda: c.subtree_message("w", 5, "log", start=1, end=2, root=bytes(32)),
        lambda: c.subtree_message("w", 0, "log", start=0, end=1, root=bytes(31)),
    ],
)
def test_what_cannot_be_cosigned(wrong):
    """Lengths that do not fit their byte, a range backwards, a time where a subtree has none."""
    with pytest.raises(BadInput):
        wrong()

# SPDX-License-Identifier: Apache-2.0
"""What a log and a witness say to each other: one spelling, or refused. Examples: c2sp.org/tlog-witness (CC BY 4.0)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, patient
from tests.tlog.worked import NOTE_4

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog import witness as w
from whosaw.tlog.note import Signature, parse_note

REQUEST = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()
ANSWER = """— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
""".encode()
FIRST = b"old 0\n\n" + NOTE_4


def test_the_examples_of_the_standard():
    """Its request and its answer read as they stand, and are written back to the same bytes."""
    asked = w.AddCheckpoint.parse(REQUEST)
    assert (asked.old, len(asked.proof)) == (20852014, 4)
    assert [s.name for s in parse_note(asked.note).signatures] == ["example.com/behind-the-sofa"] * 2
    assert asked.encode() == REQUEST
    lines = w.parse_cosignatures(ANSWER)
    assert [s.name.rpartition("/")[2] for s in lines] == ["w1", "w1", "w2"]
    assert w.render_cosignatures(lines) == ANSWER


def test_a_first_request_has_no_proof():
    """`old 0`, an empty line, the note."""
    assert w.AddCheckpoint.parse(FIRST) == w.AddCheckpoint(0, (), NOTE_4)


@pytest.mark.parametrize(
    "head",
    [b"", b"old", b"old ", b"old  1", b" old 1", b"Old 1", b"old 01", b"old +1", b"old -1", b"old 1 ", b"old 1\r",
     b"old 9223372036854775808", b"old 1_0", "old ٣".encode(), b"old 1\nAA==", b"old 1\n" + b"A" * 44,
     b"old 1\n" + b"A" * 42 + b"B=", b"old 1\n" + b"A" * 43 + b"=\r", b"old 1\n" + b"A" * 43 + b"= ",
     b"old 1" + 64 * (b"\n" + b"A" * 43 + b"=")],
)  # fmt: skip
def test_another_spelling_of_the_head_is_refused(head):
    """A size has one decimal, a hash one base64, and there are at most 63 of them."""
    with pytest.raises(NotCanonical):
        w.AddCheckpoint.parse(head + b"\n\n" + NOTE_4)


def test_63_hashes_are_taken():
    """As many as the longest proof of any tree."""
    raw = b"old 1" + 63 * (b"\n" + b"A" * 43 + b"=") + b"\n\n" + NOTE_4
    assert len(w.AddCheckpoint.parse(raw).proof) == 63
    with pytest.raises(BadInput):
        w.AddCheckpoint(1, (bytes(32),) * 64, NOTE_4)
    for wrong in (True, -1, 2**63):
        with pytest.raises(BadInput):
            w.AddCheckpoint(wrong, (), NOTE_4)
    with pytest.raises(BadInput):
        w.AddCheckpoint(1, (b"",), NOTE_4)


@pytest.mark.parametrize("raw", [b"old 0\n\n", b"old 0\n", b"old 0\n" + NOTE_4, FIRST[:-1], FIRST + b"\n"])
def test_a_request_without_its_note_is_refused(raw):
    """The note begins behind the first empty line and ends with the request."""
    with pytest.raises(NotCanonical):
        w.AddCheckpoint.parse(raw)


def test_a_request_is_bounded():
    """What is longer than any request is refused before it is looked at."""
    with pytest.raises(NotCanonical, match="longer"):
        w.AddCheckpoint.parse(bytes(w.LIMIT + 1))


def test_a_size():
    """The body of a 409 is a decimal and a newline."""
    for size in (0, 7, 2**63 - 1):
        assert w.parse_size(w.render_size(size)) == size
    for wrong in (
        b"",
        b"\n",
        b"7",
        b"07\n",
        b"7\n\n",
        b" 7\n",
        b"7\r\n",
        b"-1\n",
        b"9223372036854775808\n",
        b"1" * 30 + b"\n",
    ):
        with pytest.raises(NotCanonical):
            w.parse_size(wrong)


def test_where_a_head_is_shown():
    """The path is made of the origin's hash, without a newline."""
    assert w.monitoring_path("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/checkpoint"


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"no line\n", ANSWER[:-1], ANSWER + b"\n", ANSWER * 22, "— a AAAA\n".encode()]
)
def test_another_spelling_of_an_answer_is_refused(raw):
    """One line at least and 64 at most, each a signature line."""
    with pytest.raises(NotCanonical):
        w.parse_cosignatures(raw)


@patient
@given(damaged(REQUEST, FIRST))
def test_a_damaged_request(raw):
    """What is taken is written back to the same bytes; all else is refused with an error of ours."""
    accepted_is_canonical(w.AddCheckpoint.parse, w.AddCheckpoint.encode, raw)


@patient
@given(damaged(ANSWER, b"20852163\n", b"0\n"))
def test_a_damaged_answer(raw):
    """The same for lines and sizes."""
    accepted_is_canonical(w.parse_cosignatures, w.render_cosignatures, raw)
    accepted_is_canonical(w.parse_size, w.render_size, raw)


@patient
@given(st.binary(max_size=200))
def test_any_bytes(raw):
    """No bytes crash a parser."""
    accepted_is_canonical(w.AddCheckpoint.parse, w.AddCheckpoint.encode, raw)
    accepted_is_canonical(w.parse_cosignatures, w.render_cosignatures, raw)


@patient
@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_every_request_reads_back(old, proof):
    """Whatever is written reads back as what it was."""
    made = w.AddCheckpoint(old, tuple(proof), NOTE_4)
    assert w.AddCheckpoint.parse(made.encode()) == made


@patient
@given(
    st.lists(
        st.builds(
            Signature,
            st.sampled_from(["w", "w.example/1"]),
            st.binary(min_size=4, max_size=4),
            st.binary(min_size=1, max_size=80),
        ),
        min_size=1,
        max_size=64,
    )
)
def test_every_answer_reads_back(lines):
    """The same for signature lines."""
    assert w.parse_cosignatures(w.render_cosignatures(tuple(lines))) == tuple(lines)

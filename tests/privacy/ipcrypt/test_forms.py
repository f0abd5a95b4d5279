# SPDX-License-Identifier: Apache-2.0
"""One address, many, and columns of them: the same pseudonyms in every form, and nothing for what is no address."""

import ipaddress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.ipcrypt.given import KEY_16, KEY_32, NO_ADDRESSES, addresses, slow_pfx

from whosaw.errors import BadInput
from whosaw.privacy.ipcrypt import pfx as pfx_file
from whosaw.privacy.ipcrypt.address import SIZE, packed, spelled
from whosaw.privacy.ipcrypt.blocks import is_v4
from whosaw.privacy.ipcrypt.columns import encrypted
from whosaw.privacy.ipcrypt.deterministic import Deterministic
from whosaw.privacy.ipcrypt.ndx import Ndx
from whosaw.privacy.ipcrypt.pfx import Pfx

DET, PFX, NDX = Deterministic(KEY_16), Pfx(KEY_32), Ndx(KEY_32)
some = st.lists(addresses, min_size=1, max_size=30)
quick = settings(deadline=None, max_examples=40)


def rows(texts):
    return np.frombuffer(b"".join(map(packed, texts)), np.uint8).reshape(-1, SIZE)


def texts(made):
    return [spelled(each.tobytes()) for each in made]


def shared_bits(one, two):
    """How many bits two addresses share from the front; None where they are of two kinds."""
    a, b = ipaddress.ip_address(one), ipaddress.ip_address(two)
    return None if a.version != b.version else a.max_prefixlen - (int(a) ^ int(b)).bit_length()


@given(addresses)
def test_an_address_has_one_spelling(text):
    assert spelled(packed(text)) == text == str(ipaddress.ip_address(text))
    assert packed(ipaddress.ip_address(text).exploded) == packed(text)


@given(st.binary(min_size=16, max_size=16) | st.binary(min_size=4, max_size=4).map(lambda end: bytes(12) + end))
def test_sixteen_bytes_have_one_spelling(raw):
    assert packed(spelled(raw)) == raw


def test_a_mapped_address_is_its_ipv4_address():
    assert packed("::ffff:192.0.2.1") == packed("::FFFF:c000:201") == packed("192.0.2.1")
    assert DET.encrypt("::ffff:192.0.2.1") == DET.encrypt("192.0.2.1")
    assert PFX.encrypt("::ffff:10.0.0.47") == "19.214.210.244"


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address_is_refused_and_not_repeated(text):
    with pytest.raises(BadInput) as caught:
        packed(text)
    assert str(caught.value) == "ip: not an IP address"
    assert caught.value.__suppress_context__


@settings(max_examples=400)
@given(st.text("0123456789abcdefAF:./% ", max_size=20) | addresses.map(lambda text: text.replace("0", "00", 1)))
def test_two_parsers_agree(text):
    """Ours, which is the system's, and Python's: the same texts are addresses, but for zones."""
    try:
        other = ipaddress.ip_address(text)
        expected = None if "%" in text else packed(str(other))
    except ValueError:
        expected = None
    try:
        assert packed(text) == expected
    except BadInput:
        assert expected is None


@quick
@given(some)
def test_many_at_once_are_as_one_by_one(given_):
    plain = rows(given_)
    for made in (DET, PFX):
        assert texts(made.encrypt_all(plain)) == [made.encrypt(each) for each in given_]
        assert np.array_equal(made.decrypt_all(made.encrypt_all(plain)), plain)
    tweaks = np.arange(plain.size, dtype=np.uint8).reshape(plain.shape)
    secret = NDX.encrypt_all(plain, tweaks)
    assert [each.tobytes() for each in secret] == [
        NDX.encrypt(text, tweak.tobytes()) for text, tweak in zip(given_, tweaks, strict=True)
    ]
    assert np.array_equal(NDX.decrypt_all(secret), plain)


@quick
@given(some, st.sampled_from([64, 65_536]))
def test_pfx_is_the_slow_one_and_keeps_networks_together(given_, blocks):
    """Whatever the size of a chunk: a bit is turned by what stands before it and by nothing else."""
    was, pfx_file._BLOCKS = pfx_file._BLOCKS, blocks
    try:
        made = texts(PFX.encrypt_all(rows(given_)))
    finally:
        pfx_file._BLOCKS = was
    assert made == [slow_pfx(KEY_32, each) for each in given_]
    for number, one in enumerate(given_):
        for other, two in enumerate(given_):
            assert shared_bits(one, two) == shared_bits(made[number], made[other])


def test_pfx_over_more_than_one_chunk():
    plain = np.random.default_rng(5).integers(0, 256, (5000, SIZE), np.uint8)
    plain[::2] = rows(["198.51.100.0"])
    plain[::2, 14:] = np.random.default_rng(6).integers(0, 256, (2500, 2), np.uint8)
    secret = PFX.encrypt_all(plain)
    assert np.array_equal(is_v4(secret), is_v4(plain))
    assert np.array_equal(PFX.decrypt_all(secret), plain)
    for number in (0, 1, 2047, 2048, 4998, 4999):
        assert spelled(secret[number].tobytes()) == slow_pfx(KEY_32, spelled(plain[number].tobytes()))
    assert len(np.unique(secret[::2, :14], axis=0)) == 1


@pytest.mark.parametrize("made", [DET, PFX])
def test_none_at_all_is_none_at_all(made):
    nothing = np.empty((0, SIZE), np.uint8)
    assert made.encrypt_all(nothing).shape == made.decrypt_all(nothing).shape == (0, SIZE)
    assert NDX.encrypt_all(nothing, nothing).shape == (0, 32)


@pytest.mark.parametrize("made", [Ndx, Pfx])
def test_a_key_with_equal_halves_is_refused(made):
    with pytest.raises(BadInput, match="equal"):
        made(KEY_16 + KEY_16)


@pytest.mark.parametrize("made", [Deterministic, Ndx, Pfx])
def test_a_key_has_one_length_and_is_in_no_repr(made):
    for key in (b"", KEY_16[:-1], KEY_16 + b"x", KEY_32 + b"x", "k" * made.KEY, bytearray(made.KEY)):
        with pytest.raises(BadInput, match="bytes"):
            made(key)
    assert repr(made(KEY_32[: made.KEY])) == f"{made.__name__}(…)"


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 15), np.uint8), np.zeros(16, np.uint8), np.zeros((2, 16), np.int8), np.zeros((2, 2), np.uint64)]
)  # fmt: skip
def test_another_array_is_refused(wrong):
    for form in (DET.encrypt_all, PFX.encrypt_all, DET.decrypt_all, PFX.decrypt_all, NDX.decrypt_all, is_v4):
        with pytest.raises(BadInput):
            form(wrong)
    with pytest.raises(BadInput):
        NDX.encrypt_all(np.zeros((2, 16), np.uint8), np.zeros((1, 16), np.uint8))


def test_a_view_with_gaps_is_read_as_what_it_shows():
    plain = rows(["192.0.2.1", "2001:db8::1", "198.51.100.7", "2001:db8::2"])
    assert texts(PFX.encrypt_all(plain[::2])) == [PFX.encrypt("192.0.2.1"), PFX.encrypt("198.51.100.7")]
    assert texts(DET.encrypt_all(plain[:, ::-1][:, ::-1])) == texts(DET.encrypt_all(plain))


WRITTEN = ["192.0.2.1", None, "2001:db8::1", "192.0.2.1", "::ffff:192.0.2.1", None, "203.0.113.200"]


@pytest.mark.parametrize("made", [DET, PFX])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_column_of_text(made, kind):
    said = [None if each is None else made.encrypt(each) for each in WRITTEN]
    column = pa.array(WRITTEN, kind)
    assert encrypted(column, made.encrypt_all, SIZE).to_pylist() == said
    assert encrypted(column.slice(1, 3), made.encrypt_all, SIZE).to_pylist() == said[1:4]
    assert encrypted(pa.chunked_array([column[:2], column[2:]]), made.encrypt_all, SIZE).to_pylist() == said
    assert encrypted(pa.chunked_array([], kind), made.encrypt_all, SIZE).to_pylist() == []
    coded = encrypted(column.dictionary_encode(), made.encrypt_all, SIZE)
    assert pa.types.is_dictionary(coded.type)
    assert coded.to_pylist() == said


@pytest.mark.parametrize("made", [DET, PFX])
def test_a_column_of_sixteen_bytes(made):
    column = pa.array([None if each is None else packed(each) for each in WRITTEN], pa.binary(SIZE))
    said = [None if each is None else packed(made.encrypt(each)) for each in WRITTEN]
    assert encrypted(column, made.encrypt_all, SIZE).to_pylist() == said
    assert encrypted(column.slice(2, 4), made.encrypt_all, SIZE).to_pylist() == said[2:6]
    assert encrypted(column.dictionary_encode(), made.encrypt_all, SIZE).to_pylist() == said


def test_a_column_of_ndx_has_no_dictionary_and_no_two_alike():
    """A dictionary would say which rows are equal, which is all that ndx hides."""
    drawn = iter(range(1000))

    def encrypt(plain):
        tweaks = np.array([[next(drawn) % 256] * SIZE for _ in range(len(plain))], np.uint8).reshape(-1, SIZE)
        return NDX.encrypt_all(plain, tweaks)

    made = encrypted(pa.array(WRITTEN).dictionary_encode(), encrypt, 32)
    assert made.type == pa.string()
    full = [each for each in made.to_pylist() if each is not None]
    assert len(set(full)) == len(full) == 5
    assert [each is None for each in made.to_pylist()] == [each is None for each in WRITTEN]
    assert NDX.decrypt(bytes.fromhex(full[0])) == "192.0.2.1"


def test_a_column_that_cannot_be_read_is_refused_whole():
    with pytest.raises(BadInput, match="row 1: not an IP address") as caught:
        encrypted(pa.array(["192.0.2.1", "fe80::1%eth0"]), DET.encrypt_all, SIZE)
    assert "fe80" not in str(caught.value)
    for wrong in (pa.array([1, 2]), pa.array([b"x"]), pa.array([b"four"], pa.binary(4))):
        with pytest.raises(BadInput, match="text or 16 bytes"):
            encrypted(wrong, DET.encrypt_all, SIZE)

# SPDX-License-Identifier: Apache-2.0
"""Every row of docs/spec/stricter.md: what others take, handed to us, is refused; its honest twin is not."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from tests.tlog.given import leaves, naive_root
from tests.tlog.worked import LOG_KEY, LOG_SEED, NOTE_4, ORIGIN
from tests.witness.desk import NOW, HashLog
from tests.witness.test_judge import said, seen

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.tlog import leaf, merkle, tile
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer, Signature, VerifierKey, open_note, parse_note
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.trust import TrustPolicy
from whosaw.tlog.witness import AddCheckpoint

PAGE = Path(__file__).parents[2] / "docs/spec/stricter.md"
KEY = VerifierKey.parse(LOG_KEY)
TEXT = parse_note(NOTE_4).text
LOG = HashLog()
WITNESS, OTHER = (Ed25519Signer.from_seed(f"w{n}.example.net", bytes([n]) * 32, COSIGNATURE).vkey() for n in (1, 2))
FILE = f"log {LOG_KEY}\nwitness A {WITNESS}\nwitness B {OTHER}\ngroup G 2 A B\nquorum G\n"


def trust(old, new):
    """The trust file that is fine, with one thing exchanged."""
    TrustPolicy.parse(FILE.encode())
    assert old in FILE
    return TrustPolicy.parse(FILE.replace(old, new).encode())


def vkey_of(public):
    """A verifier key whose id is right, whatever the key is."""
    typed = b"\1" + public
    return f"x+{sha256(b'x' + bytes([10]) + typed).hexdigest()[:8]}+{b64encode(typed).decode()}"


def two_lines_of_one_key():
    """A note whose second line, by the same key, signs nothing."""
    note = parse_note(NOTE_4)
    return NOTE_4 + Signature(note.signatures[0].name, note.signatures[0].key_id, bytes(64)).encode()


def many_lines(count):
    return NOTE_4 + b"".join(Signature(f"w{n}.example.net", b"abcd", bytes(68)).encode() for n in range(count - 1))


def answer(raw, last=None, now_s=NOW):
    """The status with which a witness refuses."""
    status = said(raw, last, now_s)[0].status
    assert status != 200
    raise ProofFailed("refused", step=str(status))


def refused(rows, *, by=(NotCanonical, ProofFailed)):
    for row in rows:
        with pytest.raises(by):
            row()


REFUSED = {
    1: [
        lambda n=n: AddCheckpoint.parse(b"old %s\n\n" % n + NOTE_4)
        for n in (b"+5", b"007", b" 5", b"5_0", "５".encode())
    ],
    2: [
        lambda: Checkpoint.parse(TEXT.replace(b"C5xM=", b"C5xN=")),
        lambda: Checkpoint.parse(TEXT.replace(b"TyhS", b"TyhS\r")),
        lambda: parse_note(NOTE_4.replace(b"SQg=", b"SQh=")),
    ],
    3: [
        lambda: VerifierKey.parse(LOG_KEY.replace("e803d044", "E803D044")),
        lambda: VerifierKey.parse(LOG_KEY.replace("e803d044", "e803d045")),
    ],
    4: [
        lambda raw=raw: VerifierKey.parse(vkey_of(raw))
        for raw in (bytes(32), b"\1" + bytes(31), b"\xed" + b"\xff" * 30 + b"\x7f")
    ],
    5: [lambda: open_note(two_lines_of_one_key(), [KEY])],
    6: [lambda: parse_note(many_lines(65))],
    7: [lambda: Checkpoint.parse(TEXT + b"an extension\n")],
    8: [lambda: Checkpoint.parse(f"{ORIGIN}\n0\n{b64encode(bytes(32)).decode()}\n".encode())],
    9: [lambda: answer(LOG.request(0, 5).replace(b"old 0\n", b"old 0\n" + b64encode(bytes(32)) + b"\n", 1))],
    10: [lambda: answer(LOG.request(5, 6), seen(LOG, 5), NOW - 1)],
    11: [lambda: answer(LOG.request(3, 3).replace(b"old 3", b"old 4", 1), seen(LOG, 3))],
    12: [
        lambda: trust(OTHER, WITNESS),
        lambda: trust(WITNESS, Ed25519Signer.from_seed("w", LOG_SEED, COSIGNATURE).vkey()),
    ],
    13: [lambda: trust("G 2 A B", "G 2 A A"), lambda: trust("quorum G", "group H 1 A\nquorum G")],
    14: [lambda: trust("quorum G", "quorum G # both")],
    15: [
        lambda: merkle.check_inclusion(b"", 0, 1, [], b""),
        lambda: merkle.check_inclusion(leaves(1)[0], 0, 1, [bytes(32)], leaves(1)[0]),
        lambda: TlogProof.parse(
            TlogProof(0, (bytes(32),) * 63, NOTE_4).encode().replace(b"\n\n", b"\n" + b64encode(bytes(32)) + b"\n\n", 1)
        ),
    ],
    16: [lambda: merkle.check_consistency(0, 3, [], naive_root([]), naive_root(leaves(3)))],
    17: [
        lambda: tile.parse_tile(b"".join(leaves(256)), 112, "tile/0/273.p/112"),
        lambda: tile.parse_bundle(tile.encode_bundle([b"e"] * 3), 2, "tile/entries/000.p/2"),
    ],
    18: [
        lambda raw=raw: leaf.parse_entry(raw) for raw in (b"", b"\1" + bytes(63), b"\1" + bytes(65), b"\2" + bytes(64))
    ],
}


@pytest.mark.parametrize("number", sorted(REFUSED))
def test_a_row(number):
    """None of these is taken."""
    refused(REFUSED[number])


def test_every_row_is_tested():
    """The page and this file have the same numbers."""
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)] == sorted(REFUSED)


def test_their_honest_twins_are_taken():
    """What differs by nothing but the fault is fine, so it is the fault that is refused."""
    assert AddCheckpoint.parse(b"old 5\n\n" + NOTE_4).old == 5
    assert Checkpoint.parse(TEXT).size == 4
    assert VerifierKey.parse(LOG_KEY) == KEY
    assert VerifierKey.parse(vkey_of(KEY.public)).public == KEY.public
    assert open_note(NOTE_4, [KEY]).keys == {KEY}
    assert len(parse_note(many_lines(64)).signatures) == 64
    assert Checkpoint.parse(TEXT + b"an extension\n", foreign=True).size == 4
    assert said(LOG.request(0, 5))[0].status == said(LOG.request(5, 6), seen(LOG, 5), NOW)[0].status == 200
    assert said(LOG.request(3, 3), seen(LOG, 3))[0].status == 200
    assert TrustPolicy.parse(f"# both\n{FILE}".encode()).quorum == b"G"
    merkle.check_inclusion(leaves(1)[0], 0, 1, [], leaves(1)[0])
    assert len(TlogProof.parse(TlogProof(0, (bytes(32),) * 63, NOTE_4).encode()).path) == 63
    assert len(tile.parse_tile(b"".join(leaves(112)), 112, "tile/0/273.p/112")) == 112
    assert leaf.parse_entry(b"\1" + bytes(64)) == (bytes(32), bytes(32))

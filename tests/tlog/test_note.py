# SPDX-License-Identifier: Apache-2.0
"""Notes and keys: what is read, what is verified, what is refused before either."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, one_bit_flips, patient, shared_json
from tests.tlog.worked import LOG_KEY, LOG_SEED, NOTE_4, ORIGIN, RECEIPT

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog import note as n

TEXT = n.parse_note(NOTE_4).text
LOG = n.Ed25519Signer.from_seed(ORIGIN, LOG_SEED)
LOG_PQ = n.MlDsaSigner.from_seed(ORIGIN, b"\x08" * 32)
W1 = n.Ed25519Signer.from_seed("w1.example.net", b"\x01" * 32, n.COSIGNATURE)
W2 = n.MlDsaSigner.from_seed("w2.example.net", b"\x02" * 32)
EVERYBODY = (LOG, LOG_PQ, W1, W2)
BOTH = n.sign_note(TEXT, EVERYBODY, 1_700_000_000)


def line(signer, text=TEXT, time_s=1_700_000_000, name=None, key_id=None):
    """One signature line, with another name or id where the test says so."""
    return n.Signature(name or signer.name, key_id or signer.key_id, signer.sign(text, time_s)).encode()


def test_the_worked_example():
    """The log's key and its note of size 4: 191 bytes, each as printed in the specification."""
    assert LOG.vkey() == LOG_KEY
    assert n.sign_note(TEXT, [LOG], 0) == NOTE_4
    assert len(NOTE_4) == 191
    opened = n.open_note(NOTE_4, [n.VerifierKey.parse(LOG_KEY)])
    assert (opened.text, opened.unknown, opened.times) == (TEXT, 0, {})
    assert opened.note() == NOTE_4


def test_a_log_and_its_witnesses():
    """Both keys of a log and both kinds of witness verify, with the times of those that say one."""
    opened = n.open_note(BOTH, [s.key for s in EVERYBODY])
    assert opened.keys == {s.key for s in EVERYBODY}
    assert opened.times == {s.key: 1_700_000_000 for s in (LOG_PQ, W1, W2)}
    assert [len(b64decode(x.split(b" ")[2])) for x in BOTH.split(b"\n\n")[1].splitlines()] == [68, 2432, 76, 2432]


def test_the_cut_is_the_last_empty_line():
    """A text may hold empty lines, even at its end."""
    for text in (b"a\n\nb\n", b"a\n\n", b"\n", b"\n\n\n", "\u2028\n".encode()):
        raw = n.sign_note(text, [LOG], 0)
        assert n.parse_note(raw).text == text
        assert n.open_note(raw, [LOG.key]).text == text


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "newline"),
        (TEXT, "no signatures"),
        (TEXT + b"\n", "no signatures"),
        (NOTE_4[:-1], "newline"),
        (NOTE_4 + b"\n", "no signatures"),
        (NOTE_4.replace("— ".encode(), b"- "), "line 5"),
        (NOTE_4.replace("— ".encode(), "—".encode()), "line 5"),
        (NOTE_4.replace("— ".encode(), "—  ".encode()), "line 5"),
        (NOTE_4.replace(b"whosaw 6A", b"whosaw  6A"), "line 5"),
        (NOTE_4.replace(b"whosaw 6A", b"who+saw 6A"), "line 5"),
        (NOTE_4.replace(b"whosaw 6A", "whosaw\u00a0x 6A".encode()), "line 5"),
        (NOTE_4[:-1] + b" \n", "line 5"),
        (NOTE_4[:-2] + b"\n", "line 5"),
        (NOTE_4 + b"junk\n", "line 6"),
        (TEXT + "\n— a AAAAAA==\n".encode(), "line 5"),
        (TEXT + "\n— a AAAAAAB=\n".encode(), "line 5"),
        (NOTE_4.replace(b"\n4\n", b"\r\n4\n"), "control"),
        (b"\xff" + NOTE_4, "UTF-8"),
        (b"a" * (128 * 1024) + NOTE_4, "longer"),
    ],
)
def test_no_other_note(raw, why):
    """Each refusal comes before any signature is looked at, and says where."""
    with pytest.raises(NotCanonical, match=why):
        n.open_note(raw, [LOG.key])


def test_as_many_lines_as_the_standard_wants_and_no_more_than_64():
    """16 signers of nearly 5 kB are read; 65 lines are not."""
    lines = [n.Signature(f"w{i}", b"abcd", bytes(4_900)).encode() for i in range(16)]
    assert len(n.parse_note(NOTE_4 + b"".join(lines)).signatures) == 17
    short = [n.Signature(f"w{i}", b"abcd", b"x").encode() for i in range(64)]
    assert len(n.parse_note(NOTE_4 + b"".join(short[:63])).signatures) == 64
    with pytest.raises(NotCanonical, match="64"):
        n.parse_note(NOTE_4 + b"".join(short))


def test_half_a_match_is_an_unknown_key():
    """Same name, other id, or other name, same id: ignored, and not verified."""
    raw = NOTE_4 + line(W1, name=ORIGIN) + line(W1, key_id=LOG.key_id) + line(W1)
    opened = n.open_note(raw, [LOG.key])
    assert (opened.keys, opened.unknown) == ({LOG.key}, 3)
    assert opened.note() == NOTE_4


def test_a_known_key_that_fails_rejects_the_note():
    """One good line does not make up for a bad one of a key that we know."""
    bad = n.Signature(W1.name, W1.key_id, W1.sign(b"another text\n", 5)).encode()
    assert n.open_note(NOTE_4 + bad, [LOG.key]).unknown == 1
    for raw in (NOTE_4 + bad, NOTE_4 + line(W1) + bad, NOTE_4 + bad + line(W1)):
        with pytest.raises(ProofFailed, match="w1"):
            n.open_note(raw, [LOG.key, W1.key])


def test_no_known_key_is_no_note():
    """A note that nobody we know signed is nobody's."""
    for keys in ([], [W1.key], [LOG_PQ.key]):
        with pytest.raises(ProofFailed, match="no signature of a known key"):
            n.open_note(NOTE_4, keys)


def test_a_key_counts_once_and_its_newest_time_is_kept():
    """A witness that cosigned three times is one witness."""
    raw = NOTE_4 + line(W1, time_s=5) + line(W1, time_s=9) + line(W1, time_s=7) + line(LOG)
    opened = n.open_note(raw, [LOG.key, W1.key])
    assert [key for key, _ in opened.verified] == [LOG.key, W1.key]
    assert opened.times == {W1.key: 9}
    assert opened.note() == NOTE_4 + line(W1, time_s=9)


def test_two_keys_of_one_name_and_id_are_a_mistake():
    """The same key given twice is fine; two keys that no line could tell apart are not."""
    assert n.open_note(NOTE_4, [LOG.key, LOG.key]).keys == {LOG.key}

    class Twin(n.VerifierKey):
        key_id = LOG.key_id

    with pytest.raises(BadInput, match="share"):
        n.open_note(NOTE_4, [LOG.key, Twin(ORIGIN, n.ED25519, W1.key.public)])


@pytest.mark.parametrize("signer", EVERYBODY, ids=["log", "log-pq", "w1", "w2"])
def test_every_flipped_bit_of_a_text_is_found(signer):
    """Each kind of signature covers each bit of the checkpoint."""
    blob = signer.sign(TEXT, 7)
    assert signer.key.verify(TEXT, blob) == (None if signer is LOG else 7)
    for flipped in one_bit_flips(TEXT):
        with pytest.raises(ProofFailed):
            signer.key.verify(flipped, blob)


@pytest.mark.parametrize("signer", EVERYBODY, ids=["log", "log-pq", "w1", "w2"])
def test_every_flipped_bit_of_a_signature_is_found(signer):
    """Also the bits of the time; for ML-DSA every byte's lowest."""
    blob = signer.sign(TEXT, 7)
    for flipped in (
        one_bit_flips(blob)
        if len(blob) < 100
        else (blob[:i] + bytes([blob[i] ^ 1]) + blob[i + 1 :] for i in range(len(blob)))
    ):
        with pytest.raises(ProofFailed):
            signer.key.verify(TEXT, flipped)
    for cut in (b"", blob[:-1], blob + b"\0", blob[8:]):
        with pytest.raises(ProofFailed):
            signer.key.verify(TEXT, cut)


def test_one_kind_of_signature_is_not_another():
    """The same Ed25519 key as a log's and as a witness's: neither signature serves as the other."""
    as_log, as_witness = (n.Ed25519Signer.from_seed("x", bytes(32), kind) for kind in (n.ED25519, n.COSIGNATURE))
    with pytest.raises(ProofFailed):
        as_log.key.verify(TEXT, as_witness.sign(TEXT, 7)[8:])
    with pytest.raises(ProofFailed):
        as_witness.key.verify(TEXT, bytes(8) + as_log.sign(TEXT, 0))


def test_an_mldsa_signature_is_of_its_cosigner_and_a_checkpoint():
    """Its message has the name in it, and there is none for a text that is no checkpoint."""
    other = n.VerifierKey("w3.example.net", n.MLDSA44, W2.key.public)
    with pytest.raises(ProofFailed):
        other.verify(TEXT, W2.sign(TEXT, 7))
    with pytest.raises(NotCanonical):
        W2.sign(b"no checkpoint\n", 7)
    with pytest.raises(ProofFailed):
        W2.key.verify(b"no checkpoint\n", W2.sign(TEXT, 7))


def test_signing_refuses_what_reading_would():
    """No note is written that we would not read."""
    for text in (b"", b"no newline", b"a\tb\n"):
        with pytest.raises(NotCanonical):
            n.sign_note(text, [LOG], 0)
    with pytest.raises(NotCanonical):
        n.sign_note(TEXT, [], 0)
    with pytest.raises(BadInput):
        n.sign_note(TEXT, [W1], 2**63)


@pytest.mark.parametrize("vkey", [s.vkey() for s in EVERYBODY])
def test_keys_there_and_back(vkey):
    """A verifier key renders to the text that it was read from."""
    assert n.VerifierKey.parse(vkey).encode() == n.VerifierKey.parse(vkey.encode()).encode() == vkey


def test_a_key_is_what_its_id_says():
    """Every single character changed, every piece cut off: refused (Go's rule, for all our kinds of key)."""
    for vkey in (LOG_KEY, *shared_json("extracted/go_note.json")["vkeys"].values(), W1.vkey()):
        for i in range(len(vkey)):
            for bad in (vkey[:i] + chr(ord(vkey[i]) + 1) + vkey[i + 1 :], vkey[:i], vkey[i + 1 :]):
                with pytest.raises(NotCanonical):
                    n.VerifierKey.parse(bad)
    for bad in (
        shared_json("extracted/go_note.json")["bad_vkeys"] + shared_json("extracted/formats_cosig.json")["vkeys_bad"]
    ):
        with pytest.raises(NotCanonical):
            n.VerifierKey.parse(bad)


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda k: k + "\n",
        lambda k: " " + k,
        lambda k: k.replace("+e803d044", "+E803D044"),
        lambda k: "\ud800" + k,
    ],
)
def test_a_key_has_one_spelling(change):
    """Upper hex, blanks around, a broken character: refused."""
    with pytest.raises(NotCanonical):
        n.VerifierKey.parse(change(LOG_KEY))


def test_the_mldsa_key_with_a_wrong_id():
    """A key that an implementation in the field takes: refused as it is, taken with the id that it should have."""
    vkey = shared_json("extracted/formats_cosig.json")["mldsa44_vkey_with_WRONG_key_id"]["vkey"]
    with pytest.raises(NotCanonical, match="id"):
        n.VerifierKey.parse(vkey)
    name, _, key = vkey.split("+", 2)
    right = n.VerifierKey(name, n.MLDSA44, b64decode(key)[1:])
    assert n.VerifierKey.parse(right.encode()) == right


def test_cosigner_keys_of_others():
    """transparency-dev/formats: their keys are read, and the time stands where they say."""
    given = shared_json("extracted/formats_cosig.json")
    kinds = [n.VerifierKey.parse(vkey).kind for vkey in given["vkeys_ok"]]
    assert kinds == [n.ED25519, n.COSIGNATURE]
    blob = b64decode(given["timestamp"]["sig_b64"])[4:]
    assert int.from_bytes(blob[:8], "big") == given["timestamp"]["unix"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("a", 2, bytes(32)),
        ("a", 1, bytes(31)),
        ("a", 6, bytes(32)),
        ("a b", 1, LOG.key.public),
        ("", 1, LOG.key.public),
    ],
)
def test_no_other_key(wrong):
    """An unknown type, another length, no name."""
    with pytest.raises(BadInput):
        n.VerifierKey(*wrong)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_seeds_are_32_bytes(seed):
    """And a signer's repr is its name."""
    for make in (n.Ed25519Signer.from_seed, n.MlDsaSigner.from_seed):
        with pytest.raises(BadInput):
            make("a", seed)
    assert repr(LOG) == f"Ed25519Signer({ORIGIN!r})"
    with pytest.raises(BadInput):
        n.Ed25519Signer.from_seed("a", bytes(32), n.MLDSA44)


def test_go_notes():
    """golang.org/x/mod: their notes verify and are signed to the same bytes; what they call malformed is refused."""
    given = shared_json("extracted/go_note.json")
    peter, enoch = (n.VerifierKey.parse(given["vkeys"][who]) for who in ("peter", "enoch"))
    seed = b64decode(given["skey_peter"].split("+", 4)[4])[1:]
    signer = n.Ed25519Signer.from_seed("PeterNeumann", seed)
    assert signer.key == peter
    assert n.sign_note(given["text"].encode(), [signer], 0).decode() == given["signed_by_peter"]
    both = (given["text"] + "\n" + given["sig_peter"] + given["sig_enoch"]).encode()
    assert n.open_note(both, [peter, enoch]).keys == {peter, enoch}
    assert n.open_note(both, [enoch]).unknown == 1
    for bad in given["malformed"]:
        raw = bad["utf8"].encode() if "utf8" in bad else bytes.fromhex(bad["hex"])
        with pytest.raises(NotCanonical):
            n.open_note(raw, [peter, enoch])


def test_the_note_of_the_specification():
    """signed-note.md's example verifies."""
    given = shared_json("extracted/c2sp_examples.json")["note_foo"]
    key = n.VerifierKey.parse(given["vkey"])
    assert n.open_note(given["note"].encode(), [key]).text == b"This is an example message.\n"


def test_edge_cases_of_ed25519():
    """CCTV's 914: keys of small order or with a second encoding are refused when loaded. Of the rest a signature
    counts exactly if R is canonically encoded and the equation holds without the cofactor."""
    loaded = refused = 0
    for case in shared_json("cctv/ed25519/ed25519vectors.json"):
        flags = set(case["flags"] or [])
        public, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
        if flags & {"low_order_A", "non_canonical_A"}:
            refused += 1
            for kind in (n.ED25519, n.COSIGNATURE):
                with pytest.raises(NotCanonical):
                    n.VerifierKey("a", kind, public)
                with pytest.raises(NotCanonical):
                    n.VerifierKey.parse(vkey_of(kind, public))
            continue
        loaded += 1
        key = n.VerifierKey("a", n.ED25519, public)
        if flags & {"non_canonical_R", "low_order_residue"}:
            with pytest.raises(ProofFailed):
                key.verify(case["msg"].encode(), signature)
        else:
            key.verify(case["msg"].encode(), signature)
    assert loaded > 100
    assert refused > 100


def vkey_of(kind, public):
    """A verifier key whose id is right, for a public key that no `VerifierKey` would hold."""
    raw = bytes([kind]) + public
    key_id = sha256(b"a\n" + raw).hexdigest()[:8]
    return f"a+{key_id}+{b64encode(raw).decode()}"


def test_a_signature_is_not_malleable():
    """S + ℓ is a second spelling of S for careless libraries."""
    order = 2**252 + 27742317777372353535851937790883648493
    blob = LOG.sign(TEXT, 0)
    twin = blob[:32] + (int.from_bytes(blob[32:], "little") + order).to_bytes(32, "little")
    with pytest.raises(ProofFailed):
        LOG.key.verify(TEXT, twin)


@patient
@given(st.binary(min_size=1312, max_size=1312), st.binary(min_size=2428, max_size=2428))
def test_any_bytes_of_an_mldsa_key_and_signature_are_an_answer(public, blob):
    """Whatever the bytes, the check says no and nothing else breaks."""
    key = n.VerifierKey("w", n.MLDSA44, public)
    with pytest.raises(ProofFailed):
        key.verify(TEXT, b"\0" + blob[1:])


def test_not_every_number_is_a_point():
    """About half of all y are on no curve; such a key is refused."""
    refused = 0
    for y in range(2, 102):
        try:
            n.VerifierKey("a", n.ED25519, y.to_bytes(32, "little"))
        except NotCanonical:
            refused += 1
    assert 30 < refused < 70
    for seed in range(50):
        n.Ed25519Signer.from_seed("a", seed.to_bytes(32, "big"))


@patient
@given(st.one_of(st.binary(max_size=120), damaged(NOTE_4, RECEIPT, NOTE_4 + line(W1))))
def test_accepted_notes_are_canonical(raw):
    """Whatever is taken for a note renders back to the same bytes."""
    accepted_is_canonical(n.parse_note, n.Note.encode, raw)


@patient
@given(damaged(NOTE_4, NOTE_4 + line(W1), n.sign_note(TEXT, [W1, LOG], 5)))
def test_a_damaged_note_never_opens_to_another_text(raw):
    """Whatever still opens has the text that was signed."""
    try:
        assert n.open_note(raw, [LOG.key, W1.key]).text == TEXT
    except (NotCanonical, ProofFailed):
        pass


@patient
@given(st.one_of(st.binary(max_size=120), damaged(LOG_KEY.encode(), W1.vkey().encode())))
def test_accepted_keys_are_canonical(raw):
    """Whatever is taken for a verifier key renders back to the same bytes."""
    accepted_is_canonical(n.VerifierKey.parse, lambda key: key.encode().encode(), raw)

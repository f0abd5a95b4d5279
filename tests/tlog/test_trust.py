# SPDX-License-Identifier: Apache-2.0
"""Trust files: who counts, and how many must have spoken."""

import itertools
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import damaged, patient
from tests.tlog.worked import LOG_KEY, LOG_SEED, NOTE_4, ORIGIN

from whosaw.errors import BadInput, NotCanonical, ProofFailed, WhosawError
from whosaw.tlog import note as n
from whosaw.tlog.trust import TrustPolicy, trust_text

LOG = n.Ed25519Signer.from_seed(ORIGIN, LOG_SEED)
LOG_PQ = n.MlDsaSigner.from_seed(ORIGIN, b"\x08" * 32)
WITNESSES = [n.Ed25519Signer.from_seed(f"w{i}.example.net", bytes([i]) * 32, n.COSIGNATURE) for i in range(1, 7)]
PQ_WITNESS = n.MlDsaSigner.from_seed("pq.example.net", b"\x20" * 32)
TEXT = n.parse_note(NOTE_4).text
NOW = 1_700_000_000

X1, X2, X3, Y1, Y2, Y3 = (w.vkey() for w in WITNESSES)
EXAMPLE = f"""\
# the example of the specification
log {LOG_KEY}

witness X1 {X1}
witness X2\t{X2}  https://witness.example.net/
  witness X3 {X3}
group X-witnesses 2 X1 X2 X3

witness Y1 {Y1}
witness Y2 {Y2}
witness Y3 {Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
   # done
quorum X-and-Y
""".encode()
POLICY = TrustPolicy.parse(EXAMPLE)
NAMES = [b"X1", b"X2", b"X3", b"Y1", b"Y2", b"Y3"]


def test_the_example_of_the_specification():
    """Two of the first three and one of the others, for every set of witnesses there is."""
    assert [w.name for w in POLICY.witnesses] == NAMES
    assert POLICY.keys_of(ORIGIN) == (LOG.key,)
    assert POLICY.keys_of("log.example.org") == ()
    assert POLICY.origins == (ORIGIN,)
    assert POLICY.witnesses[1].url == b"https://witness.example.net/"
    for count in range(7):
        for said in itertools.combinations(NAMES, count):
            xs, ys = (sum(name.startswith(which) for name in said) for which in (b"X", b"Y"))
            assert POLICY.satisfied(said) == (xs >= 2 and ys >= 1)


def test_only_witnesses_speak():
    """The name of a group or an unknown name counts for nothing, and twice is once."""
    assert not POLICY.satisfied([b"X-and-Y", b"X-witnesses", b"Y-witnesses"])
    assert not POLICY.satisfied([b"X1", b"X1", b"Y1", b"Z"])


def test_one_plain_form():
    """The plain form says the same and stays itself."""
    plain = POLICY.encode()
    assert TrustPolicy.parse(plain) == POLICY
    assert TrustPolicy.parse(plain).encode() == plain
    assert b"#" not in plain


def file(*lines):
    return ("\n".join(lines) + "\n").encode()


def vkey_of(kind, public):
    """A verifier key whose id is right, for a public key that no `VerifierKey` would hold."""
    raw = bytes([kind]) + public
    return f"a+{sha256(b'a' + bytes([10]) + raw).hexdigest()[:8]}+{b64encode(raw).decode()}"


NONE = "quorum none"
GOOD = [
    file(NONE),
    file("\t quorum \t none "),
    file("", "  ", "#", "  # x", NONE),
    file(f"log {LOG_KEY}", f"log {LOG_PQ.vkey()} https://log.example.org/", NONE),
    file(f"witness a {X1}", "quorum a"),
    file(f"witness a {PQ_WITNESS.vkey()}", "group g 1 a", "quorum g"),
    file("quorum none", f"witness a {X1}", f"log {LOG_KEY}"),
    file(f"witness ä {X1} https://ä.example/", "quorum ä"),
    file(f"witness K {X1}", f"witness \u212a {X2}", "quorum K"),
    file(f"witness all {X1}", f"witness any {X2}", "group 1 all all any", "quorum 1"),
    file(f"witness log {X1}", "group quorum any log", "quorum quorum"),
    b"# \xff\xfe in a comment\nquorum none\n",
    f"witness \xff {X1}\nquorum \xff\n".encode("latin-1"),
]
BAD = {
    "nothing": (b"", "no quorum"),
    "no newline": (b"quorum none", "newline"),
    "no quorum": (file(f"log {LOG_KEY}"), "no quorum"),
    "two quorums": (file(NONE, NONE), "line 2: a second"),
    "carriage return": (b"quorum none\r\n", "control"),
    "a control character in a comment": (b"# \x07\nquorum none\n", "line 1: a control"),
    "delete is not allowed": (b"# \x7f\nquorum none\n", "control"),
    "an unknown word": (file("trust me", NONE), "line 1"),
    "a word too many": (file("quorum none none"), "line 1"),
    "a url too many": (file(f"log {LOG_KEY} a b", NONE), "line 1"),
    "upper case": (file("Quorum none"), "line 1"),
    "a comment behind": (file("quorum none # x"), "line 1"),
    "a log without key": (file("log", NONE), "line 1"),
    "a witness without key": (file("witness a", NONE), "line 1"),
    "no member": (file("group g any", NONE), "line 1"),
    "a broken key": (file(f"log {LOG_KEY[:-1]}", NONE), "line 1"),
    "a key of small order": (
        file(f"witness a {X1}", f"log {vkey_of(1, bytes(32))}", NONE),
        "line 2: key: an Ed25519 key of",
    ),
    "a witness key for a log": (file(f"log {X1}", NONE), "0x04"),
    "a log key for a witness": (file(f"witness a {LOG_KEY}", NONE), "0x01"),
    "a log twice": (file(f"log {LOG_KEY}", f"log {LOG_KEY}", NONE), "line 2"),
    "a name twice": (file(f"witness a {X1}", f"witness a {X2}", NONE), "line 2: a name"),
    "a group like a witness": (file(f"witness a {X1}", "group a any a", NONE), "line 2: a name"),
    "a witness called none": (file(f"witness none {X1}", NONE), "a name that is taken"),
    "a group called none": (file(f"witness a {X1}", "group none any a", NONE), "a name that is taken"),
    "none as a member": (file("group g any none", NONE), "no earlier line"),
    "a member from below": (file("group g any a", f"witness a {X1}", NONE), "line 1: a member"),
    "a group of itself": (file(f"witness a {X1}", "group g any g", NONE), "line 2: a member"),
    "a member twice": (file(f"witness a {X1}", "group g any a a", NONE), "second time"),
    "a member of two groups": (file(f"witness a {X1}", "group g any a", "group h any a", NONE), "line 3: a member"),
    "a quorum from below": (file("quorum a", f"witness a {X1}"), "line 1: a quorum"),
    "an unknown quorum": (file("quorum a"), "line 1: a quorum"),
    "none needed": (file(f"witness a {X1}", "group g 0 a", NONE), "at least one"),
    "more than there are": (file(f"witness a {X1}", "group g 2 a", NONE), "at most all"),
    "a number with a zero": (file(f"witness a {X1}", "group g 01 a", NONE), "decimal"),
    "a number with a sign": (file(f"witness a {X1}", "group g +1 a", NONE), "decimal"),
    "a number that is none": (file(f"witness a {X1}", "group g All a", NONE), "decimal"),
    "too long": (b"#" * (1024 * 1024) + b"\n", "longer"),
}


@pytest.mark.parametrize("raw", GOOD)
def test_what_may_be_written(raw):
    """Blanks, comments, order and names are free."""
    policy = TrustPolicy.parse(raw)
    assert TrustPolicy.parse(policy.encode()) == policy


@pytest.mark.parametrize(("raw", "why"), BAD.values(), ids=BAD.keys())
def test_what_may_not_be_written(raw, why):
    """Each refusal says at which line."""
    with pytest.raises(NotCanonical, match=why):
        TrustPolicy.parse(raw)


def test_many_of_each():
    """The standard wants room for 32; groups may be nested as deep as there are lines."""
    witnesses = [n.Ed25519Signer.from_seed("w", i.to_bytes(32, "big"), n.COSIGNATURE).vkey() for i in range(1, 65)]
    logs = [n.Ed25519Signer.from_seed("log", i.to_bytes(32, "big")).vkey() for i in range(100, 164)]
    lines = [f"log {key}" for key in logs] + [f"witness w{i} {key}" for i, key in enumerate(witnesses)]
    lines += ["group g0 any w0", *(f"group g{i} all g{i - 1}" for i in range(1, 5_000)), "quorum g4999"]
    policy = TrustPolicy.parse(file(*lines))
    assert len(policy.keys_of("log")) == 64
    assert policy.satisfied([b"w0"])
    assert not policy.satisfied([b"w1"])


def test_a_public_key_stands_once():
    """Under another name, as another type, as log and witness: still the same key, and an error."""
    one, other = (n.Ed25519Signer.from_seed(name, bytes(32), n.COSIGNATURE).vkey() for name in ("a", "b"))
    as_log = n.Ed25519Signer.from_seed("a", bytes(32)).vkey()
    pq = LOG_PQ.vkey()
    for first, second in (
        (f"witness a {one}", f"witness b {other}"),
        (f"witness a {one}", f"log {as_log}"),
        (f"log {as_log}", f"witness a {one}"),
        (f"log {pq}", f"witness a {pq}"),
    ):
        with pytest.raises(NotCanonical, match=r"line 2: a public key"):
            TrustPolicy.parse(file(first, second, NONE))


def head(*signers, time_s=NOW, policy=POLICY, now_s=NOW):
    return policy.open(n.sign_note(TEXT, signers, time_s), now_s)


def test_a_head_with_a_quorum():
    """Signed by the log, cosigned by enough: the names of those whose line verified, and the newest time."""
    opened = head(LOG, WITNESSES[0], WITNESSES[2], WITNESSES[4])
    assert opened.quorum
    assert opened.witnesses == {b"X1", b"X3", b"Y2"}
    assert (opened.checkpoint.size, opened.newest) == (4, NOW)


def test_a_head_without_a_quorum_is_reported():
    """Not enough is an answer, not an error: a head is served before it is witnessed."""
    for signers in ((LOG,), (LOG, *WITNESSES[:3]), (LOG, WITNESSES[0], WITNESSES[3])):
        assert not head(*signers).quorum
    assert head(LOG).newest is None
    assert head(LOG, policy=TrustPolicy.parse(trust_text([LOG_KEY]))).quorum


def test_witnesses_alone_are_no_head():
    """Without a key of the origin nobody stands by the content."""
    with pytest.raises(ProofFailed, match="origin"):
        head(*WITNESSES)
    with pytest.raises(ProofFailed):
        head(LOG_PQ)
    with pytest.raises(ProofFailed, match="lists no log"):
        head(LOG, policy=TrustPolicy.parse(file(f"witness a {X1}", NONE)))


def test_any_key_of_the_origin_suffices():
    """Ed25519 alone, ML-DSA alone, both; and both verified where both are there."""
    policy = TrustPolicy.parse(trust_text([LOG_KEY, LOG_PQ.vkey()]))
    for signers in ((LOG,), (LOG_PQ,), (LOG, LOG_PQ)):
        assert head(*signers, policy=policy).opened.keys == {s.key for s in signers}


def test_a_log_is_not_its_own_witness():
    """The log's ML-DSA line has the form of a cosignature and counts as none."""
    policy = TrustPolicy.parse(
        file(f"log {LOG_KEY}", f"log {LOG_PQ.vkey()}", f"witness pq {PQ_WITNESS.vkey()}", "quorum pq")
    )
    alone = head(LOG, LOG_PQ, policy=policy)
    assert (alone.quorum, alone.newest, alone.witnesses) == (False, None, frozenset())
    assert head(LOG, LOG_PQ, PQ_WITNESS, policy=policy).quorum


def test_a_log_of_another_name_does_not_sign_for_this_one():
    """A trusted key counts for its own origin only."""
    other = n.Ed25519Signer.from_seed("other.example.org", b"\x30" * 32)
    policy = TrustPolicy.parse(file(f"log {LOG_KEY}", f"log {other.vkey()}", NONE))
    with pytest.raises(ProofFailed):
        head(other, policy=policy)
    assert head(LOG, other, policy=policy).opened.unknown == 1


@pytest.mark.parametrize(("time_s", "fine"), [(0, False), (1, True), (NOW + 300, True), (NOW + 301, False)])
def test_times_of_witnesses(time_s, fine):
    """0 and more than five minutes ahead reject the head."""
    if fine:
        assert head(LOG, WITNESSES[0], time_s=time_s).newest == time_s
    else:
        with pytest.raises(ProofFailed):
            head(LOG, WITNESSES[0], time_s=time_s)


def test_extension_lines_only_for_other_peoples_logs():
    """On a log of ours they are an error, elsewhere they are legal."""
    raw = n.sign_note(TEXT + b"extension\n", [LOG], 0)
    with pytest.raises(NotCanonical, match="extension"):
        POLICY.open(raw, NOW)
    assert POLICY.open(raw, NOW, foreign=True).checkpoint.extensions == (b"extension",)


def test_our_trust_file():
    """What an installation hands out: its keys, its address, no witness."""
    raw = trust_text([LOG_KEY, LOG_PQ.vkey()], "https://log.example.org/")
    policy = TrustPolicy.parse(raw)
    assert policy.keys_of(ORIGIN) == (LOG.key, LOG_PQ.key)
    assert {log.url for log in policy.logs} == {b"https://log.example.org/"}
    assert policy.quorum is None
    for keys, url in (([], None), ([LOG_KEY, LOG_KEY], None), ([X1], None), ([LOG_KEY], "a b"), ([LOG_KEY], "a\nb")):
        with pytest.raises(WhosawError):
            trust_text(keys, url)
    with pytest.raises(BadInput):
        trust_text([LOG_KEY, n.Ed25519Signer.from_seed("other", bytes(32)).vkey()])


@st.composite
def forests(draw):
    """A policy over six witnesses in groups of groups, and a set of them that spoke."""
    free, groups = list(NAMES), []
    for i in range(draw(st.integers(0, 5))):
        if not free:
            break
        members = draw(st.lists(st.sampled_from(free), min_size=1, max_size=len(free), unique=True))
        groups.append((b"g%d" % i, draw(st.integers(1, len(members))), members))
        free = [name for name in free if name not in members] + [b"g%d" % i]
    quorum = draw(st.sampled_from([*NAMES, *(name for name, _, _ in groups)]))
    return groups, quorum, draw(st.sets(st.sampled_from(NAMES)))


@patient
@given(forests())
def test_quorums_by_the_definition(forest):
    """A group has spoken if enough members have, and so on down: the recursion of the text."""
    groups, quorum, said = forest
    lines = [f"witness {name.decode()} {w.vkey()}" for name, w in zip(NAMES, WITNESSES, strict=True)]
    lines += [f"group {name.decode()} {k} {b' '.join(members).decode()}" for name, k, members in groups]
    policy = TrustPolicy.parse(file(*lines, f"quorum {quorum.decode()}"))
    table = {name: (k, members) for name, k, members in groups}

    def spoke(name):
        if name not in table:
            return name in said
        k, members = table[name]
        return sum(map(spoke, members)) >= k

    assert policy.satisfied(said) == spoke(quorum)


@patient
@given(st.one_of(st.binary(max_size=120), damaged(EXAMPLE, *GOOD)))
def test_accepted_trust_files_keep_their_meaning(raw):
    """Whatever is taken has a plain form that means the same; all else is one of our errors."""
    try:
        policy = TrustPolicy.parse(raw)
    except NotCanonical:
        return
    assert TrustPolicy.parse(policy.encode()) == policy

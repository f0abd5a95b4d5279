# SPDX-License-Identifier: Apache-2.0
"""Whom to ask, by the settings; what a witness and a log keep, and how much of it."""

import pytest
from tests.witness.desk import W1, W2, log_keys, trust

from whosaw.config import parse_settings
from whosaw.errors import Misconfigured, NotCanonical, Unavailable
from whosaw.store.memory import MemoryFolder
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.folder import EVIDENCE, EVIDENCE_LIMIT, EvidenceFolder, TrustedLogs, add_logs
from whosaw.witness.kept import CLAIMS, KeptInFolder, standing
from whosaw.witness.session import clients

HEAD = 'format = 1\norigin = "log.example.org/a"\n'


def table(name="W1", vkey=W1[0].vkey(), url="http://w1.example.net/w"):
    return f'[[witness]]\nname = "{name}"\nvkey = "{vkey}"\nurl = "{url}"\n'


def asked(*tables):
    return parse_settings((HEAD + "".join(tables)).encode()).witness


def test_witnesses_are_a_list_of_tables():
    """None by default; each with name, key and address."""
    assert asked() == ()
    one, two = asked(table(), table("W2", W2[1].vkey()))
    assert (one.name, one.vkey, two.name) == ("W1", W1[0].vkey(), "W2")


@pytest.mark.parametrize(
    "text",
    [
        '[witness]\nname = "W"\n', 'witness = "W"\n', "witness = [1]\n", '[[witness]]\nname = "W"\n',
        table() + 'more = "x"\n', table(name=""), table(name="x" * 101), table(vkey="nonsense"), table(vkey=log_keys()[0].vkey()),
        table(vkey=W1[0].vkey().replace("+", "+0", 1)), table() + table(name="W2"), table() + table(vkey=W2[0].vkey()),
    ],
)  # fmt: skip
def test_what_is_no_witness_is_refused(text):
    """A table that is none, a name or a key twice, a log's key, an unknown word."""
    with pytest.raises(Misconfigured):
        asked(text)


def test_keys_at_one_address_are_one_witness():
    """One client for them, with both keys, called by the first name."""
    both = TrustPolicy.parse(
        trust(1, W1, W2).encode().replace(b"group", b"witness w3 " + W1[1].vkey().encode() + b"\ngroup")
    )
    found = clients(
        asked(
            table("A"),
            table("B", W1[1].vkey(), "http://w1.example.net/w/"),
            table("C", W2[0].vkey(), "http://w2.example.net"),
        ),
        both,
    )
    assert {name: len(client.keys) for name, client in found.items()} == {"A": 2, "C": 1}


def test_the_quorum_must_be_in_reach():
    """Of two that must cosign both must be asked; a key that nobody listed, or an address that is none, is refused."""
    policy = trust(2, W1, W2)
    two = table("W2", W2[0].vkey())
    assert len(clients(asked(table(), two.replace("w1.", "w2.")), policy)) == 2
    for wrong in (
        [table()],
        [table(), table("X", W2[1].vkey())],
        [table(url="ftp://w1.example.net"), two.replace("w1.", "w2.")],
    ):
        with pytest.raises(Misconfigured):
            clients(asked(*wrong), policy)
    assert clients((), TrustPolicy((), (), (), None)) == {}


def test_evidence_of_a_witness_is_bounded():
    """The same request is kept once; after 256 others no more, and what is kept stays."""
    folder = MemoryFolder()
    kept = EvidenceFolder(folder)
    for n in range(EVIDENCE_LIMIT):
        kept.keep(b"request %d" % n)
    for raw in (b"one more", b"request 0"):
        with pytest.raises(Unavailable):
            kept.keep(raw)
    assert len(list(folder.names(EVIDENCE))) == EVIDENCE_LIMIT


def test_what_a_log_keeps_is_bounded():
    """Claims are 64; forks are kept whatever their number. The state is replaced, and none before the first."""
    folder = MemoryFolder()
    keep = KeptInFolder(folder)
    names = {keep.evidence("claim", b"claim %d" % n) for n in range(CLAIMS)}
    assert len(names) == CLAIMS
    assert keep.evidence("claim", b"claim 0") in names
    with pytest.raises(Unavailable):
        keep.evidence("claim", b"one more")
    assert keep.evidence("fork", b"a fork").startswith("private/witness/fork-")
    assert standing(folder) is None
    keep.state(b"nonsense")
    with pytest.raises(NotCanonical):
        standing(folder)


def test_logs_are_read_again_when_they_change():
    """A damaged file trusts nobody; a mended one is read again."""
    folder = MemoryFolder()
    folder.replace("logs", b"quorum none\n")
    logs = TrustedLogs(folder)
    assert logs() == {}
    ed25519, _ = log_keys()
    add_logs(folder, [ed25519.vkey()])
    assert logs() == {ed25519.name: (ed25519.key,)}
    assert logs() is logs()
    folder.replace("logs", b"log nonsense\nquorum none\n")
    with pytest.raises(Misconfigured):
        logs()

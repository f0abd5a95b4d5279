# SPDX-License-Identifier: Apache-2.0
"""The vault beside the real journal: real files, real receipts, the labels of the real sequencer."""

import pickle
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from tests.vault.crowds import fill
from tests.vault.desk import PERMITTED, Recorded, a_look, body_of

from whosaw.errors import WrongReceipt
from whosaw.guard.answer import Permitted
from whosaw.journal import receipts
from whosaw.journal.place import OF_ONE_KEY, label_of, split
from whosaw.journal.submission import Promise, Record, Submission
from whosaw.model.access import Field
from whosaw.model.ask import ask_digest
from whosaw.model.record import Stream
from whosaw.vault.chain import Chains
from whosaw.vault.match import Request, _enrolled
from whosaw.wiring import build, house

ORIGIN = "log.example.org/whosaw"
SEEN = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("data") / "house"
    build(made, ORIGIN)
    return made


def now():
    """As a record has it: cut to milliseconds."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def recorded(home, look):
    """`look` recorded as permitted, as the guard records it."""
    principal, person = home.pseudonyms.principal(look.principal), home.pseudonyms.person(look.person)
    digest = ask_digest(look, principal, person)
    body = body_of(look, principal=principal, person=person, ask=digest, at=now())
    record = Record(Stream.of_person(look.person), body.encode())
    return home.journal.submit(Submission("test", look.key, (record,)))


def seen(home, person):
    """One address of `person`, in a network of many. Each test has a person of its own: the house is everybody's."""
    home.vault.put(person, Field.IP, "203.0.113.77", SEEN, f"line of {person}")
    fill(home.vault._crowd, "203.0.113.77", SEEN)


def test_a_look_opens_as_soon_as_it_is_durable(folder):
    """Looks one after the other, published or not yet, each open for their own receipt and for no other's."""
    with house(folder) as home:
        seen(home, "mira@example.org")
        looks = [a_look(look_id=f"l-{n}", key=f"k-{n}") for n in range(5)]
        records = [recorded(home, look) for look in looks]
        assert [record.leaves[-1].i for record in records] == [1, 2, 3, 4, 5]
        for look, mine in zip(looks, records, strict=True):
            for record in records:
                if record is mine:
                    assert [v.text for v in home.vault.open(look, record, PERMITTED)] == ["203.0.113.0/24"]
                else:
                    with pytest.raises(WrongReceipt):
                        home.vault.open(look, record, PERMITTED)


def test_a_receipt_that_nobody_asked_for_is_not_signed_and_opens_its_look_and_no_other(folder):
    """The vault knows what the journal has promised of these leaves; where that is forgotten, it has the receipt signed, and verifies it."""
    with house(folder) as home:
        seen(home, "ida@example.org")
        look, other = (a_look(look_id=f"u-{n}", key=f"u-{n}", person="ida@example.org") for n in range(2))
        mine, theirs = recorded(home, look), recorded(home, other)
        assert [v.text for v in home.vault.open(look, mine, PERMITTED)] == ["203.0.113.0/24"]
        assert mine.signed is None
        leaf = mine.leaves[-1]
        for leaves in (theirs.leaves, (replace(leaf, nonce=bytes(32)),), (replace(leaf, index=leaf.index + 1),), ()):
            with pytest.raises(WrongReceipt):
                home.vault.open(look, Unsigned(leaves, mine.promise), PERMITTED)
        receipts._promised.clear()
        again = home.journal.find("test", "u-0")
        receipts._promised.clear()
        assert home.vault.open(look, again, PERMITTED)
        assert again.signed == mine.receipt == mine.signed


def test_an_answer_that_is_copied_or_packed_has_a_signed_receipt_and_no_way_to_its_key(folder):
    """However it is taken out of this process, it is the receipt that anybody can verify, and nothing that signs."""
    with house(folder) as home:
        seen(home, "ida@example.org")
        for n, taken in enumerate((deepcopy, lambda it: pickle.loads(pickle.dumps(it)))):
            mine = recorded(home, a_look(look_id=f"v-{n}", key=f"v-{n}", person="ida@example.org"))
            answer = Permitted(f"v-{n}", PERMITTED, mine.promise, mine.leaves[-1].index)
            other = taken(answer)
            assert other.proof.signed == other.receipt == mine.receipt
            assert "Receipts" not in repr(pickle.dumps(answer))


@dataclass
class Unsigned:
    """Leaves of somebody's choice, and a receipt that nobody has asked for."""

    leaves: tuple
    promise: Promise
    signed: None = None

    @property
    def receipt(self):
        return self.promise.receipt


def test_a_retry_after_a_restart_shows_the_same(folder):
    """The house is closed and opened again: the record found by its key opens what it opened before."""
    look = a_look(look_id="retry", key="retry", person="jonas@example.org")
    with house(folder) as home:
        seen(home, "jonas@example.org")
        first = home.vault.open(look, recorded(home, look), PERMITTED)
        assert len(first) == 1
    with house(folder) as home:
        assert home.vault.open(look, home.journal.find("test", "retry"), PERMITTED) == first


def test_what_is_published_opens_too(folder):
    """Once a checkpoint covers the look, its leaf is found in the published log."""
    look = a_look(look_id="published", key="published", person="lena@example.org")
    with house(folder) as home:
        seen(home, "lena@example.org")
        record = recorded(home, look)
        home.journal.wait_published(record.leaves[-1].index)
        assert home.vault.open(look, record, PERMITTED)


def test_a_receipt_of_another_house(folder, tmp_path):
    """Another house of the same origin with keys of its own: its receipts open nothing here."""
    build(tmp_path / "other", ORIGIN)
    look = a_look(look_id="elsewhere", key="elsewhere", person="nora@example.org")
    with house(tmp_path / "other") as other:
        theirs = recorded(other, look)
        receipt, leaves = theirs.receipt, theirs.leaves
    with house(folder) as home:
        ours = recorded(home, look)
        with pytest.raises(WrongReceipt):
            home.vault.open(look, Recorded(receipt, leaves), PERMITTED)
        with pytest.raises(WrongReceipt):
            home.vault.open(look, Recorded(ours.receipt, leaves), PERMITTED)
        with pytest.raises(WrongReceipt):
            home.vault.open(look, Recorded(receipt, ours.leaves), PERMITTED)
        changed = (*ours.leaves[:-1], replace(ours.leaves[-1], nonce=bytes(32)))
        with pytest.raises(WrongReceipt):
            home.vault.open(look, Recorded(ours.receipt, changed), PERMITTED)


def test_looks_open_across_new_keys_of_their_stream(folder):
    """Under each key of the stream, one look before and some after a rekey; a look under a key that nothing leads to does not."""
    stream = Stream.of_person("kate@example.org")
    with house(folder) as home:
        seen(home, stream.id)
        looks = [a_look(look_id=f"r-{n}", key=f"r-{n}", person=stream.id) for n in range(9)]
        made = []
        for n, look in enumerate(looks):
            made.append(recorded(home, look))
            if n in (0, 3, 4):
                assert home.journal.rekey(stream) is True
        assert [split(one.leaves[-1].i)[0] for one in made] == [0, 1, 1, 1, 2, 3, 3, 3, 3]
        for look, one in zip(looks, made, strict=True):
            assert [v.text for v in home.vault.open(look, one, PERMITTED)] == ["203.0.113.0/24"]
        # The keyring gives the stream a key, and no rekey stands in the log: whoever writes under it writes nowhere.
        home.keyring.rekey(stream, 3)
        key, last = home.keyring.find(stream), made[-1].leaves[-1]
        forged = replace(last, i=4 * OF_ONE_KEY + 1, label=label_of(key, 4 * OF_ONE_KEY + 1))
        for find in (
            home.journal.leaves.find,
            lambda label: forged if label == forged.label else home.journal.leaves.find(label),
        ):
            request = Request(
                look=looks[-1], principal="", person="", stream=key, decision=PERMITTED, origin=ORIGIN
            )  # fmt: skip
            with pytest.raises(WrongReceipt):
                _enrolled(request, forged, type("Leaves", (), {"find": staticmethod(find)}), Chains())


def test_a_restart_begins_no_count_anew(folder):
    """Twelve deliveries, the house closed and opened, eight more: the twenty-first is refused, and the next start refuses it, too."""
    look = a_look(look_id="l-restart", key="k-restart", person="paul@example.org")
    with house(folder) as home:
        seen(home, "paul@example.org")
        mine = recorded(home, look)
        for _ in range(12):
            home.vault.open(look, mine, PERMITTED)
        assert (home.vault.delivered.first, home.vault.delivered.again) == (1, 11)
    with house(folder) as home:
        for _ in range(8):
            home.vault.open(look, mine, PERMITTED)
        with pytest.raises(WrongReceipt, match="answered 20 times"):
            home.vault.open(look, mine, PERMITTED)
        assert (home.vault.delivered.first, home.vault.delivered.again, home.vault.delivered.over) == (0, 8, 1)
    with house(folder) as home, pytest.raises(WrongReceipt, match="answered 20 times"):
        home.vault.open(look, mine, PERMITTED)

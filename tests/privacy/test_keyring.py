# SPDX-License-Identifier: Apache-2.0
"""The keyring: one stream, one key, durable before anybody has it, and useless under another root."""

import dataclasses
import os
import threading
from base64 import b32encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.keys import ORIGIN, keyring, other_vrf_key, root, vrf_key

from whosaw.errors import BadInput, Damaged, Misconfigured, Unavailable
from whosaw.journal.ports import StreamKeys
from whosaw.model.record import NAMED, Stream
from whosaw.privacy.data_key import WRAPPED, DataKey, seal, unwrap, wrap
from whosaw.privacy.keyring import Keyring, KeyRow
from whosaw.privacy.names import Names
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import expand
from whosaw.privacy.unseal import unseal_person, unseal_principal
from whosaw.store.memory_keys import MemoryKeyRows, MemoryNameRows
from whosaw.tlog import leaf
from whosaw.tlog.vrf import VrfPublic, check

MIRA = Stream.of_person("mira@example.org")
JONAS = Stream.of_person("jonas@example.org")


def test_a_stream_keeps_its_key():
    """Asked twice, by two keyrings over the same rows, a stream has one key; another stream has another."""
    rows = MemoryKeyRows()
    first = keyring(rows).of(MIRA)
    assert keyring(rows).of(MIRA) == first
    assert keyring(rows).find(MIRA) == first
    other = keyring(rows).of(JONAS)
    assert not {other.handle, other.key, other.label_0} & {first.handle, first.key, first.label_0}
    assert set(keyring(rows).all()) == {first, other}


def test_what_the_journal_gets():
    """k_stream by the journal's formula, a random handle of 16 bytes, and the VRF's β as label_0."""
    rows = MemoryKeyRows()
    drawn = []

    def random(count):
        drawn.append(os.urandom(count))
        return drawn[-1]

    secret = keyring(rows, random=random).of(MIRA)
    assert secret.key == leaf.derive_stream_key(drawn[0], ORIGIN, 0, 0)
    assert secret.handle == drawn[1]
    public = VrfPublic.parse(vrf_key().public(), vrf_key().certificate())
    pi, beta = vrf_key().prove(leaf.alpha(1, MIRA.id, 0))
    assert check(public, leaf.alpha(1, MIRA.id, 0), pi) == beta == secret.label_0
    assert (secret.generation, secret.rekeys) == (0, 0)


def test_it_is_the_journals_port():
    """A keyring can be handed to the journal as its StreamKeys."""
    port: StreamKeys = keyring(MemoryKeyRows())
    assert {port.of(Stream.named(name)).handle for name in NAMED} == {secret.handle for secret in port.all()}


def test_asking_makes_no_key():
    """A question about a person nobody knows leaves no trace of them."""
    rows = MemoryKeyRows()
    assert keyring(rows).find(MIRA) is None
    assert keyring(rows).known(MIRA) is None
    assert list(rows.all()) == []


def test_another_log_has_unrelated_labels():
    """The origin is part of the stream key: the same K gives other labels in another log."""
    key = keyring(MemoryKeyRows()).key(MIRA)
    assert key.stream(ORIGIN).key != key.stream("log.example.net/whosaw").key


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_after_a_failed_write_a_stream_has_one_key_or_none(fate):
    """The store failed, with the row stored or without: the next who asks gets one key, and it stays."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    ring.epochs.newest()  # the first epoch is begun; what fails is the row
    rows.fate = fate
    with pytest.raises(Unavailable):
        ring.of(MIRA)
    assert len(list(rows.all())) == (fate == "late")
    first = ring.of(MIRA)
    assert ring.of(MIRA) == keyring(rows).of(MIRA) == first
    assert len(list(rows.all())) == 1


def test_a_crash_between_storing_and_returning_loses_nothing():
    """The process dies after the row is durable: a new one finds the very row that was stored."""

    class Dies(MemoryKeyRows):
        def add(self, row):
            super().add(row)
            raise KeyboardInterrupt

    rows = Dies()
    with pytest.raises(KeyboardInterrupt):
        keyring(rows).of(MIRA)
    (row,) = rows.all()
    assert keyring(rows).of(MIRA).handle == row.handle


def test_a_store_that_is_down_gives_no_key():
    """No key is made up while the store does not answer."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    rows.fate = "down"
    for call in (ring.of, ring.find, ring.key, ring.known, lambda _: list(ring.all())):
        with pytest.raises(Unavailable):
            call(MIRA)


def test_whoever_loses_the_race_gets_the_winners_key():
    """Threads that make a key for one person at the same moment all hold the one that is stored."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    gate = threading.Barrier(8)
    found = []

    def ask():
        gate.wait()
        found.append(ring.of(MIRA))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(list(rows.all())) == 1


def test_the_loser_of_a_race_discards_its_own_key():
    """The row that `add` returns counts, not the one that was made."""

    class Raced(MemoryKeyRows):
        def add(self, row):
            keyring_of_another_process = Keyring(
                self.other, root(), vrf_key(), ORIGIN, os.urandom, enrolled=lambda _: False
            )
            keyring_of_another_process.of(MIRA)
            self._rows.update(self.other._rows)
            return super().add(row)

    rows = Raced()
    rows.other = MemoryKeyRows()
    rows._epochs = rows.other._epochs
    assert keyring(rows).of(MIRA) == keyring(rows.other).of(MIRA)


def test_the_wrong_root_is_named_and_nothing_is_written():
    """Another root is Misconfigured at the start, with the file and what to do: no decryption error, no new row."""
    rows = MemoryKeyRows()
    keyring(rows).of(MIRA)
    with pytest.raises(Misconfigured, match="keys/root is not the one") as caught:
        keyring(rows, "another")
    assert caught.value.setting == "keys/root"
    assert "backup" in caught.value.hint
    assert len(list(rows.all())) == 1


def test_the_wrong_vrf_key_or_origin_is_named():
    """A VRF key or an origin that the rows were not made with stops the start: labels would not be those enrolled."""
    rows = MemoryKeyRows()
    keyring(rows).of(MIRA)
    with pytest.raises(Misconfigured, match=r"keys/vrf\.pem is not the one"):
        Keyring(rows, root(), other_vrf_key(), ORIGIN, os.urandom, enrolled=lambda _: False)
    with pytest.raises(Misconfigured, match="`origin` is not the one"):
        keyring(rows, origin="log.example.net/other")


def test_rows_without_a_check_value_are_damage():
    """Rows whose check value is gone are nobody's: a new check value would let a wrong root in."""
    rows = MemoryKeyRows()
    keyring(rows).of(MIRA)
    rows._checks.clear()
    with pytest.raises(Damaged, match="check value"):
        keyring(rows)


@pytest.mark.parametrize("column", [f.name for f in dataclasses.fields(KeyRow)])
def test_a_changed_row_does_not_open(column):
    """Whichever byte or number of a row somebody changes, the row is Damaged or not found: never another key, nor a crash."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    secret = ring.of(MIRA)
    ((name, row),) = rows._rows.items()
    value = getattr(row, column)
    if isinstance(value, int):
        others = [value + 1, -1, 2**32 + value, 2**62]
    else:
        others = [value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :] for at in range(len(value))]
        others += [value[:-1], value + b"\0", b""] if column != "lookup" else []
    for changed in others:
        rows._rows = {name: dataclasses.replace(row, **{column: changed})}
        try:
            assert ring.find(MIRA) is None
            assert column == "lookup"
        except Damaged as error:
            assert "mira" not in str(error)
    rows._rows = {name: row}
    assert ring.find(MIRA) == secret


def test_two_exchanged_rows_do_not_open():
    """Who can write to the store cannot give one person another's key, and with it their values."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    ring.of(MIRA), ring.of(JONAS)
    (a, one), (b, two) = rows._rows.items()
    rows._rows = {a: dataclasses.replace(two, lookup=one.lookup), b: dataclasses.replace(one, lookup=two.lookup)}
    for person in (MIRA, JONAS):
        with pytest.raises(Damaged, match="another person's"):
            ring.find(person)
        with pytest.raises(Damaged):
            unseal_person(ring, Pseudonyms(root()).person(person.id))


def test_a_label_exchanged_for_another_does_not_open():
    """label_0 is bound to its row: nobody can point a person's stream at another enrolment."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    ring.of(MIRA), ring.of(JONAS)
    (a, one), (_, two) = rows._rows.items()
    rows._rows[a] = dataclasses.replace(one, label_0=two.label_0)
    with pytest.raises(Damaged):
        ring.find(MIRA)


def older(row, ring, stream):
    """The row as an earlier version sealed it: its id under a key of its own."""
    k = unwrap(ring.epochs.key(row.epoch), row.wrapped, row.handle, row.generation, row.epoch)
    about = row.handle + row.generation.to_bytes(4, "big") + row.rekeys.to_bytes(4, "big") + row.label_0
    plain = bytes([stream.kind]) + stream.id.encode()
    return dataclasses.replace(row, sealed_id=seal(expand(k, b"whosaw/id/v1"), plain, about, os.urandom))


def test_a_row_of_an_earlier_version_opens_until_it_is_sealed_anew():
    """Its key, its stream and its values are what they were; exchanged with another's it does not open either."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    before, sealed = ring.of(MIRA), ring.key(MIRA).seal("ip", 5, b"203.0.113.77", os.urandom)
    ring.of(JONAS)
    for at, row in list(rows._rows.items()):
        (stream,) = (each for each in (MIRA, JONAS) if ring.known(each).handle == row.handle)
        rows._rows[at] = older(row, ring, stream)
    ring = keyring(rows)
    assert ring.find(MIRA) == before
    assert [ring.key(MIRA).open("ip", 5, sealed) for _ in range(3)] == [b"203.0.113.77"] * 3
    after = ring.rekey(MIRA, 0)
    assert (after.rekeys, keyring(rows).find(MIRA)) == (1, after)
    (a, one), (_, two) = rows._rows.items()
    rows._rows[a] = dataclasses.replace(one, sealed_id=two.sealed_id)
    with pytest.raises(Damaged):
        keyring(rows).find(MIRA)


def test_neither_an_id_nor_a_value_opens_as_the_other():
    """They share a key: what each is bound to keeps them apart, whoever puts one in the other's place."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    ring.of(MIRA)
    ((at, row),) = rows._rows.items()
    key = ring.known(MIRA)
    about = row.handle + bytes(8) + row.label_0
    for field in ("ip", about[:16].hex()):
        for seen in (0, 5, int.from_bytes(about[16:24], "big", signed=True)):
            with pytest.raises(Damaged):
                key.open(field, seen, row.sealed_id)
            plain = bytes([MIRA.kind]) + MIRA.id.encode()
            rows._rows[at] = dataclasses.replace(row, sealed_id=key.seal(field, seen, plain, os.urandom))
            with pytest.raises(Damaged):
                keyring(rows).known(MIRA)


BYTES = st.binary(max_size=64)


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_key_is_wrapped_in_60_bytes_and_comes_back(k, generation, epoch):
    """unwrap(wrap(K)) is K, in exactly 60 bytes."""
    handle = os.urandom(16)
    wrapped = wrap(root().epoch(epoch), k, handle, generation=generation, epoch=epoch, random=os.urandom)
    assert len(wrapped) == WRAPPED == 60
    assert unwrap(root().epoch(epoch), wrapped, handle, generation, epoch) == k
    assert k not in wrapped


def test_no_bit_of_a_wrapped_key_can_change():
    """Every bit of the 60 bytes, of the handle, the generation and the epoch is bound."""
    k, handle = os.urandom(32), os.urandom(16)
    key = root().epoch(1)
    wrapped = wrap(key, k, handle, generation=0, epoch=1, random=os.urandom)
    for bit in range(480):
        broken = bytearray(wrapped)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Damaged):
            unwrap(key, bytes(broken), handle, 0, 1)
    for bit in range(128):
        moved = (int.from_bytes(handle, "big") ^ 1 << bit).to_bytes(16, "big")
        with pytest.raises(Damaged):
            unwrap(key, wrapped, moved, 0, 1)
    for generation, epoch in ((1, 1), (0, 0), (0, 2)):
        with pytest.raises(Damaged):
            unwrap(key, wrapped, handle, generation, epoch)
    for other in (root().epoch(2), root("another").epoch(1)):
        with pytest.raises(Damaged):
            unwrap(other, wrapped, handle, 0, 1)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_no_wrapped_key(raw):
    """Whatever stands in the column, unwrapping is K or Damaged, never a crash."""
    with pytest.raises(Damaged):
        unwrap(root().epoch(1), raw, bytes(16), 0, 1)


def data_key():
    return DataKey(os.urandom(32), os.urandom(16), 0, 0, os.urandom(32))


@given(st.sampled_from(["ip", "profile"]), st.integers(-(2**63), 2**63 - 1), BYTES)
def test_a_sealed_value_comes_back(field, seen, value):
    """open(seal(value)) is the value, and no two seals of one value are alike."""
    key = data_key()
    sealed = key.seal(field, seen, value, os.urandom)
    assert key.open(field, seen, sealed) == value
    assert key.seal(field, seen, value, os.urandom) != sealed


def test_a_sealed_value_opens_for_its_own_field_time_and_person_only():
    """A value moved to another field, moment or person does not open; nor does one with a changed bit."""
    key, sealed = (k := data_key()), k.seal("ip", 5, b"203.0.113.77", os.urandom)
    same_k = DataKey(key._k, os.urandom(16), 0, 0, key.label_0)
    for other, field, seen in ((key, "profile", 5), (key, "ip", 6), (data_key(), "ip", 5), (same_k, "ip", 5)):
        with pytest.raises(Damaged):
            other.open(field, seen, sealed)
    for bit in range(len(sealed) * 8):
        broken = bytearray(sealed)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Damaged):
            key.open("ip", 5, bytes(broken))


@given(BYTES)
def test_arbitrary_bytes_are_no_sealed_value(raw):
    """Whatever stands in the column, opening it is Damaged, never a crash."""
    with pytest.raises(Damaged):
        data_key().open("ip", 0, raw)


def test_the_journals_key_opens_no_value():
    """k_stream is derived from K and leads nowhere back: it is none of the keys that seal."""
    key = data_key()
    sealed = key.seal("ip", 5, b"203.0.113.77", os.urandom)
    secret = key.stream(ORIGIN)
    with pytest.raises(Damaged):
        DataKey(secret.key, secret.handle, 0, 0, secret.label_0).open("ip", 5, sealed)


def test_source_digests_tell_sources_apart_and_persons_too():
    """One source of one person has one digest; another person's key gives an unrelated one."""
    one, two = data_key(), data_key()
    assert one.source("ip", "a") == one.source("ip", "a")
    digests = {one.source("ip", "a"), one.source("ip", "b"), one.source("profile", "a"), two.source("ip", "a")}
    assert len(digests) == 4


@pytest.mark.parametrize("name", ["", "x" * 201, "\ud800"])
def test_an_id_out_of_bounds_makes_no_row(name):
    """1 to 200 bytes of UTF-8, or BadInput without the id and without a row."""
    rows = MemoryKeyRows()
    with pytest.raises(BadInput):
        keyring(rows).of(Stream.of_person(name))
    assert list(rows.all()) == []


def test_unsealing_a_person():
    """The pseudonym leads to the row and the row to the name; an unknown one leads nowhere."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    ring.of(MIRA)
    assert unseal_person(ring, Pseudonyms(root()).person(MIRA.id)) == MIRA.id
    assert unseal_person(ring, Pseudonyms(root()).person(JONAS.id)) is None
    with pytest.raises(BadInput):
        unseal_person(ring, MIRA.id)


def test_a_named_stream_is_nobody():
    """A pseudonym made up from a named stream's lookup leads to no name."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    ring.of(Stream.named("admin"))
    (row,) = rows.all()
    assert unseal_person(ring, "p-" + b32encode(row.lookup[:10]).decode().lower()) is None


def test_the_name_dies_with_the_row():
    """Deleting the row is forgetting the name: the pseudonym that is left leads nowhere."""
    rows = MemoryKeyRows()
    keyring(rows).of(MIRA)
    rows._rows.clear()
    assert unseal_person(keyring(rows), Pseudonyms(root()).person(MIRA.id)) is None


def test_principals_are_remembered_and_unsealed():
    """A staff id is kept sealed under its pseudonym, once, and opens under the root only."""
    rows = MemoryNameRows()
    names = Names(rows, root(), os.urandom)
    pseudonym = names.remember("e.huber")
    sealed = rows.find(pseudonym)
    assert names.remember("e.huber") == pseudonym == Pseudonyms(root()).principal("e.huber")
    assert rows.find(pseudonym) == sealed
    assert b"huber" not in sealed
    assert unseal_principal(rows, root(), pseudonym) == "e.huber"
    assert unseal_principal(rows, root(), Pseudonyms(root()).principal("t.lang")) is None
    with pytest.raises(Damaged):
        unseal_principal(rows, root("another"), pseudonym)
    with pytest.raises(BadInput):
        unseal_principal(rows, root(), "e.huber")


def test_a_name_moved_to_another_pseudonym_does_not_open():
    """Exchanging two sealed names accuses nobody: neither opens."""
    rows = MemoryNameRows()
    names = Names(rows, root(), os.urandom)
    one, two = names.remember("e.huber"), names.remember("t.lang")
    rows._rows[one], rows._rows[two] = rows._rows[two], rows._rows[one]
    for pseudonym in (one, two):
        with pytest.raises(Damaged):
            unseal_principal(rows, root(), pseudonym)


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_a_name_can_be_remembered_again_after_a_failure(fate):
    """The store failed either way: remembering again keeps the name."""
    rows = MemoryNameRows()
    names = Names(rows, root(), os.urandom)
    rows.fate = fate
    with pytest.raises(Unavailable):
        names.remember("e.huber")
    assert unseal_principal(rows, root(), names.remember("e.huber")) == "e.huber"


def test_nothing_secret_prints_itself():
    """No repr of a key, row, secret or ring shows a byte of it, nor an id."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    secret, key = ring.of(MIRA), ring.key(MIRA)
    (row,) = rows.all()
    names = Names(MemoryNameRows(), root(), os.urandom)
    for thing in (ring, key, secret, row, names, MIRA):
        text = repr([thing])
        for hidden in (secret.key, secret.label_0, key._k, row.wrapped, row.sealed_id, root()._key):
            assert repr(hidden) not in text
            assert hidden.hex() not in text
        assert "mira" not in text


def test_a_new_key_for_a_stream():
    """The same K, handle and first label; another k_stream, and the ones before it; one more for whoever asks twice at once."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    stream = Stream.of_person("mira@example.org")
    with pytest.raises(BadInput):
        ring.rekey(stream, 0)
    first = ring.of(stream)
    second = ring.rekey(stream, 0)
    assert ring.rekey(stream, 0) == second == ring.find(stream) == keyring(rows).of(stream)
    third = ring.rekey(stream, 1)
    assert (second.rekeys, third.rekeys) == (1, 2)
    assert (third.handle, third.label_0) == (first.handle, first.label_0)
    assert third.earlier == (first.key, second.key)
    assert len({first.key, second.key, third.key}) == 3
    assert [*ring.all()] == [*ring.with_handles([first.handle]).values()] == [third]
    key = ring.key(stream)
    sealed = key.seal("ip", 1, b"203.0.113.7", os.urandom)
    ring.rekey(stream, 2)
    assert ring.known(stream).open("ip", 1, sealed) == b"203.0.113.7"


@pytest.mark.parametrize("fate", ["lost", "late", "down"])
def test_a_new_key_that_could_not_be_stored(fate):
    """Whatever became of the write: asking again gives one new key, and the row opens."""
    rows = MemoryKeyRows()
    ring = keyring(rows)
    stream = Stream.of_person("mira@example.org")
    first = ring.of(stream)
    rows.fate = fate
    with pytest.raises(Unavailable):
        ring.rekey(stream, 0)
    rows.fate = "ok"
    assert ring.find(stream).rekeys == (1 if fate == "late" else 0)
    assert ring.rekey(stream, 0).earlier == (first.key,)

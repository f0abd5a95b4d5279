# SPDX-License-Identifier: Apache-2.0
"""A receipt opens exactly its own look. Every other combination is refused before a value is even read."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.keys import root
from tests.vault.desk import (
    NOW,
    PERMITTED,
    REFUSED,
    Desk,
    Opened,
    Recorded,
    a_look,
    body_of,
)

from whosaw.errors import WrongReceipt
from whosaw.model.access import Asked, Field, Mode
from whosaw.model.record import Kind, Stream, canonical
from whosaw.tlog import leaf
from whosaw.tlog.note import Ed25519Signer

MIRA = Stream.of_person("mira@example.org")
EXACT = (Asked(Field.IP, "exact"),)


@pytest.fixture
def desk():
    made = Desk()
    made.put()
    return made


def refused(desk, recorded, look=None, decision=PERMITTED, why=None):
    """Opening is WrongReceipt for the reason `why`; no value was read, and the error names nobody."""
    look = look or a_look()
    asked = desk.sealed.asked
    with pytest.raises(WrongReceipt, match=why) as caught:
        desk.vault.open(look, recorded, decision)
    assert desk.sealed.asked == asked == 0
    assert caught.value.look == look.look_id
    assert "nothing was released" in caught.value.hint
    for hidden in ("mira", "jonas", "huber", "203.0", "p-", "e-"):
        assert hidden not in str(caught.value)


def test_its_own_look_opens(desk):
    """The premise of all that follows: nothing forged, and the value is shown."""
    assert len(desk.vault.open(a_look(), desk.looked(), PERMITTED)) == 1


def test_the_second_look_opens_too(desk):
    """A stream enrolled long ago, label_2, the look before it in another submission."""
    desk.looked()
    later = a_look(look_id="l-2", key="req-2")
    assert len(desk.vault.open(later, desk.looked(later), PERMITTED)) == 1


def test_a_look_among_other_leaves_opens(desk):
    """Other streams' leaves in the same submission do not matter, before or after."""
    body = canonical({"v": 1, "kind": "policy"})
    recorded = desk.record(
        (Stream.named("policy"), body), (MIRA, body_of(a_look()).encode()), (Stream.named("bulk"), body)
    )
    assert len(desk.vault.open(a_look(), recorded, PERMITTED)) == 1


def test_another_looks_receipt(desk):
    """The receipt of an earlier look at the same fields of the same person, by the same principal, opens nothing."""
    recorded = desk.looked()
    refused(desk, recorded, a_look(look_id="l-2"), why="another look's")


DIFFERENT = {
    "principal": a_look(principal="t.lang"),
    "purpose": a_look(purpose="subject_request"),
    "case": a_look(case="c-8"),
    "no case": a_look(case=None),
    "mode": a_look(mode=Mode.EXPORT),
    "detail": a_look(asked=EXACT),
    "another field": a_look(asked=(Asked(Field.PROFILE, "exact"),)),
    "one field more": a_look(asked=(Asked(Field.IP, "network"), Asked(Field.PROFILE, "exact"))),
    "tool": a_look(app="another"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_look_that_differs_in_one_thing(desk, what):
    """The receipt is for what was asked, to the last detail."""
    look = DIFFERENT[what]
    recorded = desk.looked()
    refused(desk, recorded, look, replace(PERMITTED, detail=look.asked))


def test_another_persons_receipt(desk):
    """A look at Jonas, recorded and permitted, shows nothing of Mira, known or unknown."""
    recorded = desk.looked(a_look(person="jonas@example.org"))
    refused(desk, recorded, why="stream of this person")
    refused(desk, recorded, a_look(person="nobody@example.org"), why="no stream")


def test_a_look_recorded_in_another_persons_stream(desk):
    """A body about Mira in Jonas's stream is a look that Mira would never hear of."""
    recorded = desk.record((Stream.of_person("jonas@example.org"), body_of(a_look()).encode()))
    refused(desk, recorded, why="stream of this person")


@pytest.mark.parametrize("name", ["admin", "bulk", "inquiry"])
def test_a_look_recorded_in_a_named_stream(desk, name):
    """The same in a stream that is nobody's."""
    refused(desk, desk.record((Stream.named(name), body_of(a_look()).encode())), why="stream of this person")


def test_a_label_of_no_stream(desk):
    """A leaf with a random label is in nobody's statement."""
    desk.looked()
    handle, body = desk.keyring.of(MIRA).handle, body_of(a_look()).encode()
    for i in (1, 2):
        refused(desk, desk.receipt([desk.write(handle, i, bytes(range(32)), body)]), why="stream of this person")


def test_a_label_of_another_stream_under_this_persons_handle(desk):
    """The handle is a word of the caller's; the label is recomputed from this person's key."""
    desk.looked()
    jonas = desk.keyring.of(Stream.of_person("jonas@example.org"))
    written = desk.write(desk.keyring.of(MIRA).handle, 1, leaf.label(jonas.key, 1), body_of(a_look()).encode())
    refused(desk, desk.receipt([written]), why="stream of this person")
    refused(desk, desk.receipt([replace(written, i=2)]), why="stream of this person")


def test_a_refused_look(desk):
    """The record of a refusal opens nothing, whatever decision is shown beside it; nor does a refusal in hand."""
    recorded = desk.looked(by=REFUSED)
    refused(desk, recorded, decision=REFUSED, why="refused")
    refused(desk, recorded, decision=PERMITTED, why="refused")
    refused(desk, desk.looked(a_look(key="2"), facts=REFUSED.facts), decision=REFUSED, why="refused")


def test_a_decision_that_is_not_the_recorded_one(desk):
    """Other facts or another policy is another decision."""
    recorded = desk.looked()
    for other in (replace(PERMITTED, facts=bytes(32)), replace(PERMITTED, policy=bytes(32))):
        refused(desk, recorded, decision=other, why="another one")


@pytest.mark.parametrize(
    "detail",
    [EXACT, (), (Asked(Field.IP, "network"), Asked(Field.PROFILE, "exact")), (Asked(Field.IP, "network"),) * 2],
)
def test_a_grant_that_is_not_the_recorded_one(desk, detail):
    """More, less, or twice: what is granted is what stands in the record, or nothing."""
    refused(desk, desk.looked(), decision=replace(PERMITTED, detail=detail), why="detail")


def test_a_body_and_a_grant_that_agree_beyond_what_is_asked(desk):
    """A guard that recorded and granted more than the look asks for shows nothing."""
    refused(desk, desk.looked(asked=((Field.IP, "exact"),)), decision=replace(PERMITTED, detail=EXACT), why="detail")


def test_a_body_that_records_other_fields_than_its_digest(desk):
    """The fields in the body count as well as the digest: they are what the person reads."""
    refused(desk, desk.looked(asked=((Field.IP, "exact"),)), why="detail")


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("not a look asked at the gate", {"origin": "observed"}),
        ("not a look asked at the gate", {"kind": Kind.MENTION}),
        ("not a look asked at the gate", {"kind": Kind.BULK}),
        ("not what is asked", {"ask": None}),
        ("not what is asked", {"ask": bytes(32)}),
        ("another principal or person", {"person": "p-aaaaaaaaaaaaaaaa"}),
        ("another principal or person", {"principal": "e-aaaaaaaaaaaaaaaa"}),
        ("another principal or person", {"person": None}),
        ("the look was refused", {"decision": None}),
        ("the decision recorded is another one", {"facts": None}),
        ("the decision recorded is another one", {"policy": None}),
    ],
)
def test_a_body_that_says_something_else(desk, why, changes):
    """A leaf in the right stream, under the right receipt, with a body that is not this permitted look."""
    refused(desk, desk.looked(**changes), why=why)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff",
        canonical({"v": 1, "kind": "look"}),
        canonical({"v": 1, "kind": "rekey"}),
        body_of(a_look()).encode() + b"\n",
        body_of(a_look()).encode().replace(b'"v":1', b'"v":2'),
    ],
)
def test_a_body_that_is_none(desk, body):
    """Bytes that are no look, or spell one in another way."""
    refused(desk, desk.record((MIRA, body)), why="not a look")


def one_leaf(desk, recorded):
    """The submission's look leaf and where it stands."""
    return next((at, found) for at, found in enumerate(recorded.leaves) if found.i == 1)


def swapped(recorded, at, leaf_):
    return replace(recorded, leaves=(*recorded.leaves[:at], leaf_, *recorded.leaves[at + 1 :]))


@pytest.mark.parametrize("part", ["label", "nonce", "body"])
def test_each_bit_of_what_opens_the_leaf(desk, part):
    """No bit of label, nonce or body can change: the leaf is under the receipt's root as it is, or not at all."""
    recorded = desk.looked()
    at, found = one_leaf(desk, recorded)
    raw = getattr(found, part)
    for bit in range(0, len(raw) * 8, 1 if part != "body" else 13):
        broken = bytearray(raw)
        broken[bit // 8] ^= 1 << bit % 8
        refused(desk, swapped(recorded, at, replace(found, **{part: bytes(broken)})))


@pytest.mark.parametrize(
    "change", [{"i": 0}, {"i": 2}, {"i": -1}, {"i": 2**64}, {"i": True}, {"handle": bytes(16)}, {"index": 7}]
)
def test_what_the_caller_says_of_a_leaf(desk, change):
    """Position, handle and index are recomputed, not believed."""
    recorded = desk.looked()
    at, found = one_leaf(desk, recorded)
    refused(desk, swapped(recorded, at, replace(found, **change)))


@pytest.mark.parametrize("change", [{"nonce": b""}, {"nonce": bytes(31)}, {"label": b""}, {"label": bytes(33)}])
def test_widths(desk, change):
    """A label or nonce of another width is refused: one commitment must not open in two ways."""
    recorded = desk.looked()
    at, found = one_leaf(desk, recorded)
    refused(desk, swapped(recorded, at, replace(found, **change)), why="width")


def test_bytes_moved_between_nonce_and_body(desk):
    """Nonce and body are hashed one after the other; moving the border is noticed."""
    recorded = desk.looked()
    at, found = one_leaf(desk, recorded)
    moved = replace(found, nonce=found.nonce + found.body[:1], body=found.body[1:])
    refused(desk, swapped(recorded, at, moved), why="width")


def test_an_enrolment_is_no_look(desk):
    """label_0, alone under its receipt, opens nothing; nor does a look's body under it."""
    recorded = desk.looked()
    enrolment = recorded.leaves[0]
    assert enrolment.i == 0
    refused(desk, desk.receipt([enrolment]), why="stream of this person")
    under = desk.write(enrolment.handle, 0, enrolment.label, body_of(a_look()).encode())
    refused(desk, desk.receipt([under]), why="stream of this person")
    refused(desk, desk.receipt([replace(under, i=1)]), why="stream of this person")


def test_two_leaves_of_one_person(desk):
    """Which of two would it be? Neither."""
    refused(
        desk, desk.record((MIRA, body_of(a_look()).encode()), (MIRA, body_of(a_look()).encode())), why="more than one"
    )


def test_leaves_that_are_not_the_receipts(desk):
    """All leaves of the submission, in order: none missing, none added, none exchanged, none at all."""
    recorded = desk.looked()
    leaves = recorded.leaves
    for other in ((), leaves[1:], leaves[:1], leaves[::-1], (*leaves, leaves[-1]), (leaves[0], leaves[0])):
        refused(desk, replace(recorded, leaves=other), why="not its leaves")


def test_the_leaves_of_one_submission_with_the_receipt_of_another(desk):
    """Two looks alike in everything but their receipt."""
    one, two = desk.looked(), desk.looked(a_look(key="2"))
    refused(desk, replace(one, receipt=two.receipt), why="not its leaves")
    refused(desk, replace(two, receipt=one.receipt), why="not its leaves")


def test_a_receipt_that_is_not_signed(desk):
    """No signature, an empty note, a text, arbitrary bytes."""
    recorded = desk.looked()
    text = recorded.receipt[: recorded.receipt.rindex(b"\n\n") + 1]
    for receipt in (text, text + b"\n", b"", b"\n\n", b"receipt", recorded.receipt[:-1], recorded.receipt * 2):
        refused(desk, replace(recorded, receipt=receipt), why="not signed")


def test_a_receipt_signed_by_another_key(desk):
    """By another key of the same name, by the log's own key, by another log's."""
    recorded = desk.looked()
    for name in (f"{desk.origin}/receipts", desk.origin, "log.example.net/other/receipts"):
        signer = Ed25519Signer.from_seed(name, bytes([99]) * 32)
        refused(desk, desk.receipt(recorded.leaves, signer=signer), why="not signed")


def test_a_receipt_of_another_log(desk):
    """A second log of the same house, its own receipt, the same look: the key is another, and so is the origin."""
    other = Desk(origin="log.example.net/other")
    refused(desk, other.looked(), why="not signed")
    refused(desk, desk.receipt(desk.looked().leaves, origin="log.example.net/other"), why="not signed")


def test_a_vault_set_up_for_another_origin(desk):
    """A receipt key of one log in the vault of another opens nothing."""
    vault = desk.open_vault(origin="log.example.net/other")
    with pytest.raises(WrongReceipt, match="another log"):
        vault.open(a_look(), desk.looked(), PERMITTED)


@settings(max_examples=60)
@given(st.data())
def test_each_byte_of_the_receipt(data):
    """Wherever a byte of the receipt changes, it is refused: in words, not by a crash."""
    desk = Desk()
    recorded = desk.looked()
    at = data.draw(st.integers(0, len(recorded.receipt) - 1))
    to = data.draw(st.integers(0, 255))
    changed = recorded.receipt[:at] + bytes([to]) + recorded.receipt[at + 1 :]
    if changed == recorded.receipt:
        return
    refused(desk, replace(recorded, receipt=changed))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_receipt(raw):
    """Whatever is handed in as a receipt is refused."""
    desk = Desk()
    refused(desk, replace(desk.looked(), receipt=raw), why="not signed")


def test_a_stream_that_was_never_enrolled(desk):
    """A label of a stream without enrolment is void: no statement would hold it."""
    desk.positions[desk.keyring.of(MIRA).handle] = 1
    refused(desk, desk.looked(), why="no such place")


def test_a_stream_enrolled_after_the_look(desk):
    """An enrolment that comes later, in this submission or another, does not count."""
    secret = desk.keyring.of(MIRA)
    look = desk.write(secret.handle, 1, leaf.label(secret.key, 1), body_of(a_look()).encode())
    desk.positions[secret.handle] = 1
    late = desk.write(secret.handle, 0, secret.label_0, enrolment(secret.key))
    refused(desk, desk.receipt([look]), why="no such place")
    refused(desk, desk.receipt([look, late]), why="no such place")


def enrolment(key):
    from base64 import b64encode

    digest = b64encode(leaf.stream_key_digest(key)).decode()
    return canonical({"v": 1, "kind": "enrol", "stream_key": digest})


def test_a_stream_enrolled_with_another_key(desk):
    """Two keys for one person is the fraud that enrolment is there to stop."""
    secret = desk.keyring.of(MIRA)
    desk.write(secret.handle, 0, secret.label_0, enrolment(bytes(32)))
    desk.positions[secret.handle] = 1
    refused(desk, desk.looked(), why="another key")


def test_a_gap_in_the_stream(desk):
    """label_3 without label_2: a look between them may be hidden."""
    desk.looked()
    handle = desk.keyring.of(MIRA).handle
    desk.positions[handle] = 3
    refused(desk, desk.looked(a_look(key="2")), why="no such place")


def test_a_journal_that_answers_with_another_leaf(desk):
    """The leaf that the journal finds must have the label that was asked for."""
    desk.looked()
    later = a_look(look_id="l-2", key="req-2")
    recorded = desk.looked(later)
    enrolled = desk.leaves[0]
    desk.find = lambda label: enrolled
    with pytest.raises(WrongReceipt, match="no such place"):
        desk.vault.open(later, recorded, PERMITTED)


def test_a_receipt_for_a_leaf_that_the_log_does_not_hold(desk):
    """Signed, and gone: after a restored backup the receipt is good and the leaf is in nobody's statement."""
    recorded = desk.looked()
    desk.leaves.pop()
    refused(desk, recorded, why="no such place")
    secret = desk.keyring.of(MIRA)
    desk.write(secret.handle, 1, leaf.label(secret.key, 1), body_of(a_look(look_id="l-9")).encode())
    refused(desk, recorded, why="another record")


@pytest.mark.parametrize("change", [{"index": 0}, {"nonce": bytes(32)}, {"body": b"{}"}])
def test_a_log_that_holds_another_record_in_its_place(desk, change):
    """Index, nonce and body must be those that the log holds under this label."""
    recorded = desk.looked()
    desk.leaves[-1] = replace(desk.leaves[-1], **change)
    refused(desk, recorded, why="another record")


def test_an_enrolment_claimed_but_not_under_the_receipt(desk):
    """An enrolment handed in beside the look must be one of the receipt's leaves: the caller cannot bring its own."""
    secret = desk.keyring.of(MIRA)
    desk.positions[secret.handle] = 1
    recorded = desk.looked()
    brought = Opened(recorded.leaves[0].index - 1, secret.handle, 0, secret.label_0, bytes(32), enrolment(secret.key))
    refused(desk, Recorded(recorded.receipt, (brought, *recorded.leaves)), why="not its leaves")


def test_a_person_known_under_another_root(desk):
    """Pseudonyms of another root name another person, even where everything else fits."""
    from whosaw.privacy.pseudonym import Pseudonyms
    from whosaw.vault.stage import Heads
    from whosaw.vault.vault import Vault

    other = Pseudonyms(root("another"))
    vault = Vault(
        desk.sealed,
        desk.keyring,
        other,
        crowd=desk.crowd,
        receipts=desk.signer.key,
        heads=Heads(desk.trust),
        origin=desk.origin,
        journal=desk,
        clock=lambda: NOW,
        random=bytes,
    )
    with pytest.raises(WrongReceipt, match="another principal or person"):
        vault.open(a_look(), desk.looked(), PERMITTED)

# SPDX-License-Identifier: Apache-2.0
"""Passkeys at the gate: registered on record, signing one request, and everything that a software authenticator makes up."""

import json

import pytest
from tests.directory.town import HOUR, MINUTE
from tests.guard.approvals.authenticator import RP, SoftKey

from whosaw.errors import BadInput, Misconfigured, ProofFailed
from whosaw.guard.approvals.answer import Refused, digest_for
from whosaw.guard.approvals.passkeys import add, creation_options, key_of, remove, request_options
from whosaw.guard.approvals.state import State
from whosaw.guard.approvals.use import hold
from whosaw.model.approval import As, Counts, Passkey
from whosaw.model.approval_kept import Holder
from whosaw.model.record import parse

HOLDER = Holder("guard/e-aaaaaaaaaaaaaaaa", "k")


def challenge_in(options: str) -> bytes:
    from base64 import urlsafe_b64decode

    text = json.loads(options)["challenge"]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def registered(room, staff="lea", **made):
    key = SoftKey(**made)
    add(room.desk, staff, key.create(challenge_in(creation_options(room.desk, staff))))
    return key


def sign(room, kept, key, staff="lea", role=As.INDEPENDENT, **lies):
    """`key` signs as a browser would make it; then `staff` gives that."""
    challenge = digest_for(kept.request, room.e(staff), role)
    return room.give(kept, staff, role, key.get(challenge, **lies))


def why(answer):
    assert isinstance(answer, Refused), answer
    return [reason.code for reason in answer.reasons]


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_registered_signed_and_used(room, alg):
    """The key is on record with its approver; the assertion stands in what the look will carry."""
    key = registered(room, alg=alg)
    (said,) = [parse(r.body) for s in room.journal.submissions for r in s.records if b'"credential"' in r.body]
    assert (said["what"], said["principal"], said["alg"], said["rp"]) == ("added", room.e("lea"), alg, RP)
    look = room.look()
    kept = room.ask(look)
    options = json.loads(request_options(room.desk, "lea", digest_for(kept.request, room.e("lea"), As.INDEPENDENT)))
    assert (options["rpId"], options["userVerification"]) == (RP, "required")
    assert sign(room, kept, key).standing.state is State.APPROVED
    (one,) = hold(room.desk, kept.request.exact, HOLDER, room.clock.at).approvals
    assert isinstance(one.proof, Passkey)
    assert one.proof.public == key.public


LIES = {
    "another challenge": {"challenge": bytes(32)},
    "another origin": {"origin": "https://evil.example"},
    "a host below, which is not the house's page": {"origin": f"https://other.{RP}"},
    "another relying party": {"rp": "evil.example"},
    "nobody verified": {"flags": 0x01},
    "nobody there": {"flags": 0x04},
    "a counter that stands still": {"counter": 0},
    "a registration": {"type": "webauthn.create"},
    "framed": {"said": {"crossOrigin": True}},
    "no client data": {"client": b"{"},
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_refused_and_on_record(room, lie):
    """The request stands as it stood; that somebody tried is in both streams."""
    key = registered(room)
    kept = room.ask()
    assert why(sign(room, kept, key, **LIES[lie])) == ["signature"]
    assert room.now(kept).standing.grants == ()
    assert parse(room.journal.submissions[-1].records[-1].body)["reasons"] == ["signature"]


def test_a_counter_that_went_back(room):
    """A copy of the key signs with a counter that the gate has seen: refused, and the key's next honest one is taken."""
    key = registered(room)
    first, second, third = room.ask(), room.ask(), room.ask()
    assert sign(room, first, key, counter=7).standing.grants
    assert why(sign(room, second, key, counter=7)) == ["signature"]
    assert why(sign(room, second, key, counter=6)) == ["signature"]
    assert sign(room, third, key, counter=8).standing.grants


def test_a_key_that_does_not_count(room):
    """Synchronised passkeys say 0 for ever: that is no copy."""
    key = registered(room, counts=False)
    for _ in range(2):
        assert sign(room, room.ask(), key).standing.grants


def test_another_key_another_approver_and_a_replay(room):
    """Not registered; registered for somebody else; an assertion for one request given for another, or as another thing."""
    key = registered(room)
    kept, other = room.ask(), room.ask()
    assert why(sign(room, kept, SoftKey(seed=b"stranger"))) == ["signature"]
    assert why(sign(room, kept, key, staff="rae")) == ["signature"]
    answer = key.get(digest_for(kept.request, room.e("lea"), As.INDEPENDENT))
    assert why(room.give(other, "lea", As.INDEPENDENT, answer)) == ["signature"]
    assert why(room.give(kept, "lea", As.LEGAL, answer)) == ["signature"]
    assert room.give(kept, "lea", As.INDEPENDENT, answer).standing.state is State.APPROVED
    thief = SoftKey(seed=b"thief")
    thief.id = key.id
    assert why(sign(room, other, thief)) == ["signature"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"rawId":7}', '{"rawId":"AA","response":{}}', "{" * 9000, '{"rawId":"!"}']
)
def test_what_is_no_assertion(room, text):
    """Whatever comes from a browser: one answer."""
    registered(room)
    assert why(room.give(room.ask(), "lea", As.INDEPENDENT, text)) == ["signature"]


def test_where_passkeys_are_demanded_nobody_approves_without(room):
    """Also what was signed before without one counts no more."""
    look = room.look()
    early = room.give(room.ask(look), "lea")
    room.house(passkeys=True)
    assert why(room.give(room.ask(), "lea")) == ["no-passkey"]
    assert hold(room.desk, early.request.exact, HOLDER, room.clock.at).counts == Counts()
    key = registered(room, "rae")
    assert sign(room, room.ask(), key, "rae").standing.state is State.APPROVED


def test_a_key_that_is_taken_away_takes_its_approvals_with_it(room):
    """On record; what it signed and nobody used does not count; it is not registered again."""
    key = registered(room)
    look = room.look()
    kept = room.ask(look)
    sign(room, kept, key)
    with pytest.raises(BadInput):
        remove(room.desk, "rae", key_of(room.desk.keys.of(room.e("lea"))[0]))
    remove(room.desk, "lea", key_of(room.desk.keys.of(room.e("lea"))[0]))
    assert hold(room.desk, kept.request.exact, HOLDER, room.clock.at).counts == Counts()
    assert why(sign(room, room.ask(), key)) == ["signature"]
    with pytest.raises(BadInput):
        add(room.desk, "lea", key.create(challenge_in(creation_options(room.desk, "lea"))))
    with pytest.raises(BadInput):
        request_options(room.desk, "lea", bytes(32))


def test_a_registration_that_does_not_hold(room):
    """Another challenge, too old, another relying party, nobody verified, somebody else's key, no JSON."""
    key = SoftKey()
    fresh = challenge_in(creation_options(room.desk, "lea"))
    for wrong in (
        key.create(bytes(32)), key.create(fresh, flags=0x41), key.create(fresh, rp="evil.example"),
        key.create(fresh, origin="https://evil.example"), key.create(fresh, type="webauthn.get"), "{}", "no",
        key.create(challenge_in(creation_options(room.desk, "rae"))),
    ):  # fmt: skip
        with pytest.raises(ProofFailed):
            add(room.desk, "lea", wrong)
    assert room.desk.keys.of(room.e("lea")) == []
    made = add(room.desk, "lea", key.create(fresh))
    assert add(room.desk, "lea", key.create(fresh)) == made
    with pytest.raises(BadInput, match="somebody else"):
        add(room.desk, "rae", key.create(challenge_in(creation_options(room.desk, "rae"))))
    room.clock.turn(HOUR / 60 * 25)
    with pytest.raises(ProofFailed):
        add(room.desk, "lea", SoftKey(seed=b"late").create(fresh))


def test_a_registration_may_take_some_minutes(room):
    """Ten at least, whenever it began."""
    fresh = challenge_in(creation_options(room.desk, "lea"))
    room.clock.turn(9 * MINUTE)
    assert add(room.desk, "lea", SoftKey().create(fresh)).counter == 1


def test_a_house_without_a_relying_party_has_no_passkeys(room):
    """Said, with the two lines that are missing."""
    room.house(rp="", origin="")
    with pytest.raises(Misconfigured, match="relying party"):
        creation_options(room.desk, "lea")

# SPDX-License-Identifier: Apache-2.0
"""What could have been inferred: only in an inquiry that two approved, only of its own looks, on record before it is said."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.inquiry.room import Failing

from whosaw.errors import BadInput, OutcomeUnknown, WrongReceipt
from whosaw.guard.answer import Refused as NotShown
from whosaw.inquiry import finding as of_finding
from whosaw.inquiry import person as of_person
from whosaw.inquiry.inferred import MOST, Inferred, Sighting, Terms, inferred
from whosaw.inquiry.record import Told
from whosaw.inquiry.step import Refused
from whosaw.inquiry.unseal import unseal
from whosaw.model.access import Field
from whosaw.model.record import parse
from whosaw.places.closed import Closed
from whosaw.places.nearness import Near
from whosaw.places.network import Facts, Kind, Seen
from whosaw.tlog.note import VerifierKey
from whosaw.verify.words import record_sentence

DAY = timedelta(days=1)


class Networks:
    """One fixed network for everybody, but for addresses that end in 99, which are mobile."""

    def __init__(self):
        self.asked = 0

    def seen(self, address, at):
        self.asked += 1
        kind = Kind.MOBILE if address.endswith("99") else Kind.FIXED
        return Seen(address, at, Facts(kind, 64500, "NL", at))


@pytest.fixture
def case(room):
    """Two of support looked at the addresses of two persons; a third look is in no finding."""
    room.mine = [room.observe("ana", "kate"), room.observe("hugo", "paul")]
    room.lay("f-000001", ["ana", "hugo"], ["kate", "paul"], room.mine)
    room.other = room.observe("finn", "mira")
    room.networks = Networks()
    room.terms = Terms(room.networks, DAY, 45 * DAY, VerifierKey.parse(room.here.journal.genesis.receipts))
    return room


def approved(room, by="ines"):
    assert not isinstance(unseal("f-000001", by, "omar", room.desk, room.keys, persons=True), Refused)


def pair(room, one=0, other=1, first="192.0.2.10", second="192.0.2.10", apart=timedelta(0)):
    looks = [
        *zip(room.mine, ("kate", "paul"), strict=True),
        (room.other, "mira"),
        ("o-99", "kate"),
        (room.mine[0], "paul"),
    ]
    at = room.clock.at
    return Sighting(*looks[one], first, at), Sighting(*looks[other], second, at + apart)


def ask(room, *pairs, asker="ines", desk=None, terms=None, **given):
    return inferred("f-000001", asker, pairs or [pair(room)], desk or room.desk, terms or room.terms, **given)


def codes(answer):
    assert isinstance(answer, Refused), answer
    return [reason.code for reason in answer.reasons]


def test_the_affected_can_be_told(case):
    """Pair by pair, a class with reasons; the step is in the ledger, and no address is."""
    approved(case)
    answer = ask(case, pair(case), pair(case, second="192.0.2.99"), pair(case, apart=2 * DAY))
    assert isinstance(answer, Inferred)
    assert [each.near for each in answer.found] == [Near.SAME_ACCESS, Near.UNKNOWN, Near.UNKNOWN]
    body = case.ledger()[-1]
    assert (body["what"], body["outcome"], body["finding"], body["persons"]) == ("nearness", "shown", "f-000001", 2)
    assert (body["asker"], body["id"]) == (case.e("ines"), answer.step)
    assert "192.0.2" not in str(body) + repr(answer)


def test_nothing_is_compared_that_two_have_not_approved(case):
    """A finding alone is no approval, nor names of principals without the persons', nor somebody else's."""
    assert codes(ask(case)) == ["persons-not-opened"]
    unseal("f-000001", "ines", "omar", case.desk, case.keys)
    assert codes(ask(case)) == ["persons-not-opened"]
    approved(case)
    assert codes(ask(case, asker="omar")) == ["persons-not-opened"]
    assert isinstance(ask(case), Inferred)
    assert [body["outcome"] for body in case.ledger("inquiry")] == ["refused"] * 3 + ["shown"]


@pytest.mark.parametrize(("one", "other"), [(0, 2), (2, 1), (2, 2), (3, 0), (4, 1)])
def test_only_looks_behind_the_finding_are_compared(case, one, other):
    """Nobody who was not looked at in it: not with a look of another principal, one that never was, or one at somebody else."""
    approved(case)
    assert codes(ask(case, pair(case), pair(case, one, other))) == ["not-of-finding"]


def test_only_looks_that_showed_an_address_are_compared(case):
    """Not one at somebody's device, nor one that was refused, though both are behind the finding: there was nothing to infer."""
    shown = {field: case.observe("ana", "kate", field=field) for field in (Field.LOCATION, Field.DEVICE)}
    refused = case.look("ana", "kate", "ip:exact", case=None)
    assert isinstance(refused, NotShown)
    case.lay("f-000001", ["ana", "hugo"], ["kate", "paul"], [*case.mine, *shown.values(), refused.look_id])
    approved(case)
    other = pair(case)[1]
    for look, code in ((shown[Field.LOCATION], None), (shown[Field.DEVICE], 1), (refused.look_id, 1)):
        answer = ask(case, (replace(other, look=look, person="kate"), other))
        assert isinstance(answer, Inferred) if code is None else codes(answer) == ["no-address-shown"]


def test_who_is_named_or_near_them_or_gone_is_refused(case):
    approved(case)
    assert "requester-named" in codes(ask(case, asker="ana"))
    assert "requester-line-of-named" in codes(ask(case, asker="lead"))
    assert "requester-left" in codes(ask(case, asker="gone"))
    assert "requester-unknown" in codes(ask(case, asker="nobody"))
    given = [pair(case)], case.desk, case.terms
    assert codes(inferred("f-9", "ines", *given)) == ["no-finding"]
    assert case.ledger()[-1]["finding"] is None


def test_the_record_comes_first(case):
    """A journal that fails, lost or late: nothing is said. The same key later is the same step."""
    approved(case)
    same = pair(case)
    for late in (False, True):
        failing = case.with_journal(Failing(case.here.journal, OutcomeUnknown("x", part="journal"), late=late))
        with pytest.raises(OutcomeUnknown):
            ask(case, same, desk=failing, key=f"k-{late}")
    before = len(case.ledger())
    first = ask(case, same, key="k-True")
    assert isinstance(first, Inferred)
    assert len(case.ledger()) == before
    assert ask(case, same, key="k-True").step == first.step
    assert ask(case, pair(case, apart=DAY), key="k-True").step != first.step


def test_what_cannot_be_answered_is_no_step(case):
    approved(case)
    before = len(case.ledger())
    for pairs in ([], [pair(case)] * (MOST + 1)):
        with pytest.raises(BadInput):
            inferred("f-000001", "ines", pairs, case.desk, case.terms)
    case.networks.seen = lambda address, at: (_ for _ in ()).throw(BadInput("not an IP address", where="ip"))
    with pytest.raises(BadInput):
        ask(case)
    assert len(case.ledger()) == before


def test_no_receipt_but_that_of_such_a_step_opens_two_sightings(case):
    """Of another step, of a refused one, of another log, with other leaves, or none: WrongReceipt, and nothing to compare."""
    approved(case)
    one = Networks().seen("192.0.2.10", case.clock.at)
    key, journal = case.terms.receipts, case.here.journal

    def recorded(answer):
        return next(r for r in kept if any(leaf.index == answer.index for leaf in r.leaves))

    kept, real = [], journal.submit

    class Noting:
        find = staticmethod(journal.find)

        @staticmethod
        def submit(submission):
            kept.append(real(submission))
            return kept[-1]

    desk = case.with_journal(Noting)
    good = recorded(ask(case, desk=desk))
    assert Closed.of_step(good, key, one, one)
    refused = recorded(ask(case, desk=desk, asker="omar"))
    another = recorded(of_finding.finding("f-000001", "ines", replace(desk)))
    mixed = type("Mixed", (), {"leaves": good.leaves, "receipt": another.receipt})
    empty = type("Empty", (), {"leaves": (), "receipt": good.receipt})
    forged = type("Forged", (), {"leaves": good.leaves, "receipt": good.receipt[:-10] + b"AAAAAAAA=\n"})
    for wrong in (refused, another, mixed, empty, forged):
        with pytest.raises(WrongReceipt):
            Closed.of_step(wrong, key, one, one)
    with pytest.raises(WrongReceipt):
        Closed.of_step(good, VerifierKey.parse(case.here.journal.genesis.logs[0]), one, one)
    for by in (None, object(), True, good):
        with pytest.raises(WrongReceipt):
            Closed(one, one, by)


def told(room, person):
    return [body for body in room.about(person) if body["kind"] == "inferred"]


def test_its_persons_read_what_whoever_asked_reads(case):
    """Class and reasons, one record for each pair, in the stream of either; of whom the other address was is in none."""
    approved(case)
    answer = ask(case, pair(case), pair(case, second="192.0.2.99"), pair(case, 0, 0, second="198.51.100.1"))
    kate, paul = told(case, "kate"), told(case, "paul")
    assert [(body["near"], tuple(body["said"])) for body in kate] == [(str(n.near), n.reasons) for n in answer.found]
    assert [(body["near"], body["own"]) for body in paul] == [("same_access", False), ("unknown", False)]
    assert [body["own"] for body in kate] == [False, False, True]
    for body in (*kate, *paul):
        assert (body["step"], body["asker"], body["finding"]) == (answer.step, case.e("ines"), "f-000001")
        assert "p-" not in str(body)
        assert "192.0.2" not in str(body)
    assert told(case, "mira") == []


def test_they_read_it_before_it_is_answered(case):
    """The second submission fails, lost or late: whoever asked is told nothing; a retry tells what the persons have."""
    approved(case)
    same = pair(case)
    for late in (False, True):
        failing = case.with_journal(Failing(case.here.journal, OutcomeUnknown("x", part="journal"), at=1, late=late))
        with pytest.raises(OutcomeUnknown):
            ask(case, same, desk=failing, key=f"k-{late}")
        assert len(told(case, "kate")) == int(late)
    # The databases are others by now: what was told stays what was told.
    case.networks.seen = lambda address, at: Seen(address, at, Facts(Kind.VPN, 64500, "NL", at))
    assert [each.near for each in ask(case, same, key="k-True").found] == [Near.SAME_ACCESS]
    assert [each.near for each in ask(case, same, key="k-False").found] == [Near.UNKNOWN]
    assert [body["near"] for body in told(case, "kate")] == ["same_access", "unknown"]


def test_a_refused_step_tells_its_persons_nothing(case):
    assert codes(ask(case)) == ["persons-not-opened"]
    assert told(case, "kate") == []


def test_a_statement_says_it_in_words(case):
    """Every class in a sentence without a number of kilometres, and a word of later is no error."""
    approved(case)
    ask(case)
    frame = next(f for f in case.desk.streams.person("kate") if parse(f.body)["kind"] == "inferred")
    said = record_sentence(frame.body)
    assert "that the two came over one line. Both came over one line, within the time" in said
    assert "it says nothing of who was with whom" in said
    one = Told.decode(frame.body)
    for near in (*Near, "later"):
        words = record_sentence(replace(one, near=str(near)).encode())
        assert not re.search(r"\bkm\b|kilomet", words)
        assert len(words) > 200
    earlier = of_person.person("kate", "ines", case.desk).earlier
    assert [(each.what, each.outcome) for each in earlier][-1] == ("inferred", "same_access")

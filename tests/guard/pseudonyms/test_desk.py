# SPDX-License-Identifier: Apache-2.0
"""The desk of IP pseudonyms: on record first, so many and no more, and refused like a look."""

import threading
from dataclasses import replace
from ipaddress import IPv4Address

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.directory.town import DAY, HOUR, MINUTE
from tests.guard.gate import Gate
from tests.policy.ground import POLICY

from whosaw.errors import BadInput, Busy, NotCanonical, OutcomeUnknown, Unavailable
from whosaw.guard.pseudonyms.ask import Ask, Refused
from whosaw.guard.pseudonyms.desk import Pseudonymiser
from whosaw.guard.pseudonyms.limits import Limits
from whosaw.guard.pseudonyms.reasons import REASONS
from whosaw.guard.pseudonyms.session import Session
from whosaw.guard.quota import seconds
from whosaw.guard.quota_count import InMemory
from whosaw.model.caller import Caller, Proof
from whosaw.model.pseudonym_body import PseudonymBody, Variant
from whosaw.privacy.ipcrypt.keys import cipher
from whosaw.privacy.root import Root
from whosaw.settings.pseudonyms import PseudonymSettings

KEY = Root(bytes(range(32))).pseudonyms
SMALL = PseudonymSettings(
    batch=50, given_a_day=100, given_a_day_in_all=150, vault_a_day=1000, vault_a_day_in_all=1000
)  # fmt: skip
ADDRESSES = ["192.0.2.1", "198.51.100.7", "2001:db8::1"]


class Office:
    """A desk, with everything around it."""

    def __init__(self, where):
        self.gate, self.counters, self.drawn = Gate(where), InMemory(), 0
        self.journal, self.clock = self.gate.journal, self.gate.clock
        self.desk = self.another()

    def another(self, **changes):
        given_ = {
            "key": KEY, "journal": self.journal, "directory": self.gate.facts, "policy": POLICY,
            "limits": Limits(SMALL, self.counters), "settings": SMALL, "remember": self.gate.names.remember,
            "clock": self.clock, "random": self.random,
        }  # fmt: skip
        return Pseudonymiser(**(given_ | changes))

    def random(self, size):
        self.drawn += size
        return b"".join((self.drawn + n).to_bytes(8, "big") for n in range(size // 8))

    def bodies(self):
        return [PseudonymBody.decode(s.records[0].body) for s in self.journal.submissions]


FINN = Ask("finn", "fraud_review", "F-200", Variant.PFX)


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.gate.close()


def ids(answer):
    assert isinstance(answer, Refused)
    return [id_ for id_, _ in answer.reasons]


def test_a_call_is_on_record_before_there_is_a_pseudonym_and_says_how_many_and_never_which(office):
    session = office.desk.open(FINN, 3)
    assert isinstance(session, Session)
    (body,) = office.bodies()
    finn = office.gate.names.principal("finn")
    assert (body.what, body.addresses, body.permitted, body.source) == ("call", 3, True, "given")
    assert (body.principal, body.purpose, body.case, body.variant, body.epoch) == (
        finn, "fraud_review", "F-200", Variant.PFX, "2026-06",
    )  # fmt: skip
    made = session.texts(ADDRESSES)
    assert made == [cipher(KEY, "fraud_review", "2026-06", Variant.PFX).encrypt(each) for each in ADDRESSES]
    session.close()
    session.close()
    spent = office.bodies()[1:]
    assert [(each.what, each.addresses, each.call) for each in spent] == [("spent", 3, body.call)]
    for submission in office.journal.submissions:
        assert submission.records[0].stream.id == "pseudonyms"
        text = submission.records[0].body.decode()
        assert not [each for each in [*ADDRESSES, *made, "finn"] if each in text]
    assert repr(session) == "Session(…)"
    assert repr(office.desk) == "Pseudonymiser(…)"


def test_no_call_finds_an_address_of_the_vaults_table(office):
    """Bit by bit, each address chosen by what the last one told: that turns any pseudonym back whose key the calls have."""
    hers, other = "203.0.113.72", "203.0.113.73"

    def found(pseudonym):
        with office.desk.open(FINN, 32) as session:
            guess = 0
            for bit in range(31, -1, -1):
                (told,) = session.texts([str(IPv4Address(guess))])
                guess |= ((int(IPv4Address(told)) ^ int(IPv4Address(pseudonym))) >> bit & 1) << bit
            return str(IPv4Address(guess))

    (brought,) = office.desk.open(FINN, 1).texts([hers])
    (of_vault,) = office.desk.open_vault(FINN, 1).session.texts([hers])
    assert found(brought) == hers
    assert found(of_vault) != hers
    for each in (brought, of_vault):  # for whoever may look at her, both lead to it
        fits = office.desk.matches(FINN, each)
        assert (fits(hers), fits(other)) == (True, False)


@pytest.mark.parametrize(
    ("fate", "error"), [("busy", Busy), ("down", Unavailable), ("lost", OutcomeUnknown), ("late", OutcomeUnknown)]
)
def test_no_record_no_pseudonym(office, fate, error):
    office.journal.fate = fate
    with pytest.raises(error):
        office.desk.open(FINN, 1)


REFUSED = [
    (replace(FINN, case=None), "case-missing"),
    (replace(FINN, case="F-999"), "case-unknown"),
    (replace(FINN, case="T-100"), "case-not-assigned case-type-not-accepted"),
    (replace(FINN, purpose="for fun"), "purpose-unknown"),
    (replace(FINN, purpose="quality_sampling"), "function-not-accepted purpose-without-addresses case-type-not-accepted"),
    (replace(FINN, principal="nobody"), "principal-unknown case-not-assigned"),
    (replace(FINN, principal="fay"), "case-not-assigned"),
    (Ask("a1", "fraud_review", "F-66", Variant.PFX), "function-not-accepted case-opened-by-principal"),
    # Who of them was where: journalists and those who were suspected of talking to them, in one case.
    (Ask("a3", "internal_inquiry", "I-7", Variant.DETERMINISTIC), "purpose-without-addresses places-of-staff-and-outsiders"),
]  # fmt: skip


def test_refused_like_a_look_and_on_record(office):
    """By the same rules, in the same words, as far as there is no person in them; and nothing is taken for it."""
    for ask, spoke in REFUSED:
        answer = office.desk.open(ask, 40)
        assert ids(answer) == spoke.split(), ask
        assert answer.sentence == " ".join(REASONS.get(each) or POLICY.rules[each].sentence for each in spoke.split())
        body = office.bodies()[-1]
        assert (body.permitted, body.addresses, list(body.reasons)) == (False, 40, spoke.split())
        assert body.purpose == (None if ask.purpose == "for fun" else ask.purpose)
        assert body.case == (None if ask.case in (None, "F-999") else ask.case)
    assert len(office.bodies()) == len(REFUSED)
    assert isinstance(office.desk.open(replace(FINN, variant=Variant.NDX), 100), Session)


def test_a_directory_that_is_old_or_down_forbids(office):
    office.clock.turn(25 * HOUR)
    assert ids(office.desk.open(FINN, 1)) == ["directory-too-old"]
    office.gate.facts.error = RuntimeError("mira@example.org")
    answer = office.desk.open(FINN, 1)
    assert ids(answer) == ["facts-unavailable"]
    assert answer.cause == "RuntimeError"

    class Silent:
        def see(self, case):
            raise Unavailable("the ticket system", part="tickets")

    office.gate.facts.error = None
    answer = office.another(cases=Silent()).open(FINN, 1)
    assert ids(answer) == ["facts-unavailable"]


def test_so_many_a_day_and_no_more(office):
    """To one who asks, and to all together; what was refused was not taken, and what was permitted stays taken."""
    for _ in range(2):
        with office.desk.open(FINN, 50):
            pass  # nothing was made, and all of it was asked for
    refused = office.desk.open(FINN, 1)
    assert ids(refused) == ["pseudonyms-quota"]
    assert refused.sentence == REASONS["pseudonyms-quota"]
    limits = Limits(SMALL, office.counters)
    at, fay = seconds(office.clock()), office.gate.names.principal("fay")
    assert (limits.left(fay, "given", at), limits.left(fay, "vault", at)) == (50, 1000)
    assert limits.take(fay, "given", 51, at) is None
    assert limits.take(fay, "given", 50, at) is not None
    office.gate.office.clock.turn(DAY + HOUR)
    office.gate.office.load_folder()
    assert isinstance(office.desk.open(FINN, 100), Session)


def test_a_start_remembers_what_the_journal_knows(office):
    office.desk.open(FINN, 60).close()
    office.desk.open(replace(FINN, case=None), 30)
    office.clock.turn(MINUTE)
    counters = InMemory()
    limits = Limits(SMALL, counters)
    later = b'{"kind":"pseudonym","v":2}'
    limits.told([s.records[0].body for s in office.journal.submissions] + [later], seconds(office.clock()))
    assert limits.left(office.gate.names.principal("finn"), "given", seconds(office.clock())) == 40


def test_what_a_session_was_not_asked_for_it_does_not_make(office):
    """A batch too many is refused whole, and on record once; what is left stays."""
    session = office.desk.open(FINN, 4)
    session.texts(ADDRESSES)
    for _ in range(3):
        with pytest.raises(BadInput, match="was for 4 addresses"):
            session.texts(ADDRESSES)
    session.texts(ADDRESSES[:1])
    assert session.used == 4
    session.close()
    with pytest.raises(BadInput):
        session.texts(ADDRESSES[:1])
    assert [(b.what, b.addresses, b.permitted) for b in office.bodies()] == [
        ("call", 4, True), ("over", 3, False), ("spent", 4, True),
    ]  # fmt: skip


def test_a_batch_has_a_size_and_an_address_has_a_form(office):
    session = office.desk.open(FINN, 100)
    with pytest.raises(BadInput, match="at most 50"):
        session.texts(["192.0.2.1"] * 51)
    with pytest.raises(BadInput, match="address 2: not an IP address") as caught:
        session.texts(["192.0.2.1", "fe80::1%eth0"])
    assert "fe80" not in str(caught.value)
    assert session.used == 0
    for wrong in (-1, 1.5, True):
        with pytest.raises(BadInput):
            office.desk.open(FINN, wrong)


def test_whoever_is_suspended_meanwhile_gets_no_further_batch(office):
    session = office.desk.open(FINN, 100)
    session.texts(ADDRESSES)
    office.gate.facts.error = Unavailable("down", part="directory")
    session.texts(ADDRESSES)  # within the second
    office.clock.turn(MINUTE)
    with pytest.raises(Unavailable, match="no pseudonyms were made"):
        session.texts(ADDRESSES)
    office.gate.facts.error = None
    session.texts(ADDRESSES)
    assert session.used == 9


def test_epochs_and_purposes_are_apart(office):
    """The pseudonyms of one month, purpose or kind say nothing about those of another."""
    seen = set()
    for epoch in (None, "2026-05"):
        for variant in (Variant.PFX, Variant.DETERMINISTIC):
            with office.desk.open(replace(FINN, epoch=epoch, variant=variant), 1) as session:
                seen.update(session.texts(["192.0.2.1"]))
    assert len(seen) == 4
    for wrong in ("2026-07", "2026-06-01", "2026-Q2", "June", "2026-6"):
        with pytest.raises(BadInput, match="epoch"):
            office.desk.open(replace(FINN, epoch=wrong), 1)
    assert len(office.bodies()) == 8  # a word that is no epoch is no call


def test_ndx_is_never_the_same_twice(office):
    with office.desk.open(replace(FINN, variant=Variant.NDX), 10) as session:
        made = session.texts(["192.0.2.1"] * 5)
        assert len(set(made)) == 5
        assert {len(each) for each in made} == {64}
    ndx = cipher(KEY, "fraud_review", "2026-06", Variant.NDX)
    assert {ndx.decrypt(bytes.fromhex(each)) for each in made} == {"192.0.2.1"}


def test_arrays_and_columns_are_counted_too(office):
    with office.desk.open(FINN, 6) as session:
        column = session.column(pa.array(["192.0.2.1", None, "192.0.2.1", "192.0.2.9"]))
        assert column.to_pylist()[0] == column.to_pylist()[2] == session.texts(["192.0.2.1"])[0]
        assert session.used == 3  # two texts that there are in the column, and one
        assert session.rows(np.zeros((3, 16), np.uint8)).shape == (3, 16)
        with pytest.raises(BadInput):
            session.rows(np.zeros((1, 16), np.uint8))


def test_of_many_threads_each_address_is_counted_once(office):
    session, made, refused = office.desk.open(FINN, 100), [], []

    def work():
        for _ in range(20):
            try:
                made.extend(session.texts(["192.0.2.1"]))
            except BadInput:
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert (len(made), len(refused), len(set(made))) == (100, 60, 1)
    assert [b.what for b in office.bodies()] == ["call", "over"]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_record_has_one_spelling(data):
    body = PseudonymBody(
        what=data.draw(st.sampled_from(["call", "spent", "over"])), call="c0ffee", at=data.draw(st.datetimes().map(
            lambda at: at.replace(microsecond=0, tzinfo=__import__("datetime").UTC))),
        principal="e-abcdefghijklmnop", purpose=data.draw(st.none() | st.text(max_size=9, alphabet="abc_")), case=None,
        variant=data.draw(st.sampled_from(Variant)), epoch="2026-06", source=data.draw(st.sampled_from(["given", "vault"])),
        addresses=data.draw(st.integers(0, 10**9)), permitted=data.draw(st.booleans()), reasons=("case-missing",),
        caller=data.draw(st.none() | st.just(Caller("tool", Proof.MTLS, speaks=False))),
    )  # fmt: skip
    raw = body.encode()
    assert PseudonymBody.decode(raw) == body
    at = data.draw(st.integers(0, len(raw) - 1))
    broken = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
    try:
        again = PseudonymBody.decode(broken)
    except NotCanonical:
        return
    assert again.encode() == broken

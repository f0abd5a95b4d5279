# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms among the real parts: what the vault has goes out as pseudonyms only, and an address only by a look at its person."""

import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.directory.town import write
from tests.guard.gate import COMPANY, DAY, HOUR, SUMMER

from whosaw.directory.load import load
from whosaw.errors import BadInput, WrongReceipt
from whosaw.guard.answer import Refused as NotShown
from whosaw.guard.answer import Shown
from whosaw.guard.opening import named
from whosaw.guard.pseudonyms.ask import Ask, Refused
from whosaw.guard.pseudonyms.behind import EXACT, behind
from whosaw.guard.pseudonyms.vault import open_vault, sightings
from whosaw.model.access import Asked, Field, Look
from whosaw.model.look_body import LookBody
from whosaw.model.pseudonym_body import PseudonymBody, Variant
from whosaw.model.record import Stream
from whosaw.privacy.pseudonym import lookup
from whosaw.wiring import build, house

ASK = Ask("finn", "fraud_review", "F-200", Variant.PFX)
MORNING = SUMMER - 5 * HOUR
# (person, address, when): two of one network, one of them twice; one of last month.
SEEN = [
    ("owen", "203.0.113.77", MORNING), ("owen", "2001:db8::77", MORNING + timedelta(minutes=7)),
    ("mira", "203.0.113.200", MORNING), ("kate", "203.0.113.77", MORNING + HOUR), ("mira", "198.51.100.9", SUMMER - 30 * DAY),
]  # fmt: skip


class Clock:
    def __init__(self):
        self.at, self._lock = SUMMER - 2 * HOUR, threading.Lock()

    def __call__(self):
        with self._lock:
            self.at += timedelta(milliseconds=1)
            return self.at


@contextmanager
def a_house(folder):
    clock = Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    settings = folder / "whosaw.toml"
    settings.write_text(settings.read_text() + "\n[pseudonyms]\nvault_a_day = 60\n")
    write(folder.parent / "tables", COMPANY, regions=None)
    with house(folder, clock=clock) as here:
        load(
            folder.parent / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
            remember=here.names.remember, clock=clock,
        )  # fmt: skip
        for number, (person, address, when) in enumerate(SEEN):
            here.vault.put(person, Field.IP, address, when, f"sign-in {number}")
        here.vault.put("mira", Field.DEVICE, "a telephone", MORNING, "device")
        clock.at = SUMMER
        yield here


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """For all tests that leave addresses, keys and what is left of the day as they were."""
    with a_house(tmp_path_factory.mktemp("pseudonyms") / "data") as here:
        yield here


@pytest.fixture
def own(tmp_path):
    """For a test that changes any of it."""
    with a_house(tmp_path / "data") as here:
        yield here


def calls(here):
    return [PseudonymBody.decode(frame.body) for frame in named(here.journal, here.keyring, "pseudonyms")]


def bits(one, two):
    import ipaddress

    return 32 - (int(ipaddress.ip_address(one)) ^ int(ipaddress.ip_address(two))).bit_length()


class Called:
    """What persons are called in a table."""

    def __init__(self, accounts, pseudonyms):
        self.person = lambda person: accounts(pseudonyms.person(person))


def test_the_vault_hands_out_pseudonyms_and_nothing_else(opened):
    """All of the epoch, by pseudonym and hour; networks are together, and last month's address is not there."""
    done = []
    call = open_vault(ASK, opened.pseudonymiser, opened.vault.addresses())
    made = sorted(
        sightings(call, opened.vault.addresses(), lambda *at: done.append(at)), key=lambda s: (s.hour, s.person)
    )
    names = Called(call.accounts, opened.pseudonyms)
    assert not {each.person for each in made} & {opened.pseudonyms.person(person) for person, *_ in SEEN}
    assert [(each.hour, each.person) for each in made] == sorted(
        (when.replace(minute=0), names.person(person)) for person, _, when in SEEN[:4]
    )
    by = {(each.person, each.hour): each.address for each in made if "." in each.address}
    owen, mira, kate = (names.person(each) for each in ("owen", "mira", "kate"))
    assert by[owen, MORNING] == by[kate, MORNING + HOUR] != by[mira, MORNING]
    assert bits(by[owen, MORNING], by[mira, MORNING]) == bits("203.0.113.77", "203.0.113.200") == 24
    assert not {each.address for each in made} & {address for _, address, _ in SEEN}
    assert "203" not in repr(made)
    assert done[-1] == (4, 4)
    said = calls(opened)[-2:]
    assert [(b.what, b.source, b.addresses, b.permitted) for b in said] == [
        ("call", "vault", 4, True),
        ("spent", "vault", 4, True),
    ]


def test_what_came_in_after_the_record_stays_in(own):
    """The call is for as many as there were: it must not be kept, and used when there are more."""
    call = open_vault(ASK, own.pseudonymiser, own.vault.addresses())
    own.vault.put("mira", Field.IP, "198.51.100.99", MORNING, "after the call")
    assert len(list(sightings(call, own.vault.addresses(), lambda *at: None))) == 4


def test_another_record_opens_nothing(opened):
    """Of a call that was refused, of one for addresses that were brought, of a look; or one that the log does not hold."""
    addresses = opened.vault.addresses()
    call = open_vault(replace(ASK, variant=Variant.DETERMINISTIC), opened.pseudonymiser, addresses)
    fake = replace(call.recorded.leaves[-1], nonce=bytes(32))
    look = Look("l-owen", "finn", "owen", (EXACT,), "fraud_review", "F-200", "key-owen")
    opened.guard.look(look)
    finn = opened.pseudonyms.principal("finn")
    opened.pseudonymiser.open(ASK, 1)

    class Held:
        def __init__(self, leaf):
            self.leaves, self.receipt = [leaf], call.recorded.receipt

    given = opened.journal.find(f"guard/{finn}", "key-owen").leaves[-1]
    given_call = next(f for f in reversed(named(opened.journal, opened.keyring, "pseudonyms")) if b'"given"' in f.body)
    for leaf, why in ((fake, "holds no such record"), (given, "no call for pseudonyms")):
        with pytest.raises(WrongReceipt, match=why):
            next(addresses.pseudonymised(Held(leaf), lambda texts: texts))
    label = opened.journal.leaves.find(given_call.label)
    with pytest.raises(WrongReceipt, match="permitted call for the addresses"):
        next(addresses.pseudonymised(Held(label), lambda texts: texts))
    call.session.close()


def test_refused_and_on_record_where_there_is_no_reason(opened):
    refused = open_vault(replace(ASK, case=None), opened.pseudonymiser, opened.vault.addresses())
    assert isinstance(refused, Refused)
    assert [id_ for id_, _ in refused.reasons] == ["case-missing"]
    assert (calls(opened)[-1].permitted, calls(opened)[-1].source) == (False, "vault")


def test_the_address_behind_a_pseudonym_is_a_look_at_its_person(opened):
    """Shown to whoever may look anyhow, on record in the person's own stream; a pseudonym of another purpose, or of nobody's, opens none."""
    with opened.pseudonymiser.open(ASK, 2) as session:
        known, other = session.texts(["203.0.113.77", "203.0.113.78"])

    def asked(pseudonym, person="owen", ask=ASK, what=EXACT, **more):
        asked.key = getattr(asked, "key", 0) + 1
        look = Look(f"l-b{asked.key}", ask.principal, person, (what,), ask.purpose, ask.case, f"b-{asked.key}", **more)
        return behind(look, pseudonym, ask, guard=opened.guard, desk=opened.pseudonymiser)

    answer = asked(known)
    assert isinstance(answer, Shown)
    assert [value.text for value in answer.values] == ["203.0.113.77"]
    assert asked(other).values == ()
    opened.journal.publish_now()
    run = opened.journal.reader().run(opened.keyring.find(Stream.of_person("owen")))
    assert [LookBody.decode(frame.body).asked for frame in run[-2:]] == [((Field.IP, "exact"),)] * 2
    assert isinstance(asked(known, person="mira"), NotShown)
    assert isinstance(asked(known, ask=replace(ASK, case="T-100")), NotShown)
    before = opened.journal.publish_now()
    for wrong in ("p-abcdefghijklmnop", "203.0.113.7x", ""):
        with pytest.raises(BadInput, match="pseudonym"):
            asked(wrong)
    with pytest.raises(BadInput, match="ip:exact"):
        asked(known, what=Asked(Field.IP, "network"))
    assert opened.journal.publish_now() == before


def test_ndx_is_matched_too(opened):
    ask = replace(ASK, variant=Variant.NDX)
    with opened.pseudonymiser.open(ask, 1) as session:
        (pseudonym,) = session.texts(["203.0.113.77"])
    assert opened.pseudonymiser.matches(ask, pseudonym)("203.0.113.77")
    assert not opened.pseudonymiser.matches(ask, pseudonym)("203.0.113.78")
    for wrong in (pseudonym.upper(), pseudonym[2:], "192.0.2.1", "zz"):
        with pytest.raises(BadInput, match="64"):
            opened.pseudonymiser.matches(ask, wrong)


def test_who_was_erased_is_left_out_and_so_many_a_day_is_all(own):
    """The key is gone, and the row is noise. And what a day has is counted from the journal after a start, too."""
    call = open_vault(ASK, own.pseudonymiser, own.vault.addresses())
    row = lookup(own.root.lookup, Stream.of_person("kate"))
    with closing(sqlite3.connect(own.folder / "private" / "keys.db")) as db, db:
        db.execute("DELETE FROM keyring WHERE lookup = ?", (row,))
    made = list(sightings(call, own.vault.addresses(), lambda *at: None))
    assert call.accounts(own.pseudonyms.person("kate")) not in {each.person for each in made}
    assert len(made) == 3
    used = sum(b.addresses for b in calls(own) if b.what == "call" and b.permitted and b.source == "vault")
    for _ in range((60 - used) // 4):
        open_vault(ASK, own.pseudonymiser, own.vault.addresses()).session.close()
    refused = open_vault(ASK, own.pseudonymiser, own.vault.addresses())
    assert [id_ for id_, _ in refused.reasons] == ["pseudonyms-quota"]

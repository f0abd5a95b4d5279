# SPDX-License-Identifier: Apache-2.0
"""A network is shown where enough people share it, and where they do not a wider one, or none."""

import ipaddress
import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.keys import root
from tests.vault.crowds import fill
from tests.vault.desk import PERMITTED, Desk, a_look

from whosaw.errors import Damaged, Unavailable
from whosaw.model.access import Field
from whosaw.model.record import Stream
from whosaw.privacy.fields.ip import FEW, IP_PROVES, address_of, lengths, network_of
from whosaw.privacy.prefixes import Prefixes
from whosaw.vault.crowd import QUARTER, Crowd

SEEN = datetime(2026, 11, 22, 9, tzinfo=UTC)
MICROS = int(SEEN.timestamp()) * 1_000_000
HERS = Stream.of_person("mira@example.org")
K = 5


def texts(desk, look=None, recorded=None):
    look = look or a_look()
    return [v.text for v in desk.vault.open(look, recorded or desk.looked(look), PERMITTED)]


@pytest.mark.parametrize(
    ("address", "down_to", "shown"),
    [
        ("203.0.113.77", 24, "203.0.113.0/24"),
        ("203.0.113.77", 20, "203.0.112.0/20"),
        ("203.0.113.77", 12, "203.0.0.0/12"),
        ("203.0.113.77", 8, "203.0.0.0/8"),
        ("203.0.113.77", 7, "none"),
        ("::ffff:203.0.113.77", 16, "203.0.0.0/16"),
        ("2001:db8:1:2::7", 48, "2001:db8:1::/48"),
        ("2001:db8:1:2::7", 32, "2001:db8::/32"),
        ("2001:db8:1:2::7", 19, "2001::/19"),
        ("2001:db8:1:2::7", 18, "none"),
        ("2002:cb00:714d::1", 40, "2002:cb00:7100::/40"),
        ("2002:cb00:714d::1", 24, "2002:cb00::/24"),
        ("2002:cb00:714d::1", 23, "none"),
        ("64:ff9b::203.0.113.77", 48, "64:ff9b::/48"),
    ],
)
def test_the_longest_prefix_that_enough_people_share(address, down_to, shown):
    """Never longer than there are people for; where even the shortest has too few: nothing, and it is said why."""
    desk = Desk()
    fill(desk.crowd, address, SEEN, down_to=down_to)
    desk.put(address, crowd=0)
    (value,) = desk.vault.open(a_look(), desk.looked(), PERMITTED)
    assert (value.text, value.caveat) == (shown, FEW if shown == "none" else IP_PROVES)
    assert value.detail == "network"


def test_one_too_few_is_too_few():
    """The number is between `people` and a quarter more, a secret of the prefix; one person fewer, and it is not shown."""
    desk = Desk()
    tokens = dict(desk.crowd._prefixes.tokens(address_of("203.0.113.77")))
    enough = desk.crowd._prefixes.enough(tokens[24], 20)
    assert 20 <= enough <= 25
    desk.put(crowd=0)
    fill(desk.crowd, "203.0.113.77", SEEN, enough - 2)
    first = desk.looked()
    assert texts(desk, recorded=first) != ["203.0.113.0/24"]
    desk.crowd_rows.join([[(tokens[24], MICROS // QUARTER, os.urandom(16))]])
    second = a_look(look_id="l-2", key="req-2")
    assert texts(desk, second) == ["203.0.113.0/24"]


def test_enough_is_another_number_for_each_prefix_and_never_less_than_it_must_be():
    """Over many prefixes every number from `people` to a quarter more comes up, and no other."""
    prefixes = Prefixes(root())
    for people in (5, 20, 100):
        found = {prefixes.enough(n.to_bytes(16, "big"), people) for n in range(2000)}
        assert found == set(range(people, people + people // 4 + 1))


def test_people_of_another_time_are_no_crowd():
    """Those of the same quarter and of the one before count, those of half a year ago and of later do not."""
    for quarters, shown in ((0, True), (-1, True), (-2, False), (1, False)):
        desk = Desk()
        tokens = [t for _, t in desk.crowd._prefixes.tokens(address_of("203.0.113.77"))]
        period = MICROS // QUARTER + quarters
        desk.crowd_rows.join([[(t, period, os.urandom(16)) for t in tokens for _ in range(30)]])
        desk.put(crowd=0)
        assert (texts(desk) != ["none"]) is shown, quarters


def test_one_person_with_many_addresses_is_one():
    """And so is one who was there a hundred times."""
    desk = Desk()
    for minute in range(50):
        desk.put(f"203.0.113.{minute}", minute, crowd=0)
    assert set(texts(desk)) == {"none"}


def test_a_look_asked_again_shows_the_same_whoever_came_or_went():
    """Fewer, more, none at all: what a look was shown it is shown again; a look of its own sees the new crowd."""
    desk = Desk()
    desk.put(crowd=0)
    recorded = desk.looked()
    assert texts(desk, recorded=recorded) == ["none"]
    fill(desk.crowd, "203.0.113.77", SEEN)
    assert texts(desk, recorded=recorded) == ["none"]
    new = a_look(look_id="l-2", key="req-2")
    kept = desk.looked(new)
    assert texts(desk, new, kept) == ["203.0.113.0/24"]
    desk.crowd_rows.rows.clear()
    assert texts(desk, new, kept) == ["203.0.113.0/24"]


def test_the_disk_is_waited_for_aside_and_nothing_is_shown_before_it_has_written():
    """Once for all that are new; a look that is asked again waits for no disk. What the disk raises comes out of it."""
    desk, said = Desk(), []
    desk.put()
    keep = desk.crowd_rows.keep
    desk.crowd_rows.keep = lambda *row: (said.append("keeps"), keep(*row))[1]

    @contextmanager
    def aside():
        said.append("aside")
        try:
            yield
        finally:
            said.append("back")

    look = a_look()
    recorded = desk.looked(look)
    for _ in range(2):
        shown = desk.vault.open(look, recorded, PERMITTED, aside=aside)
        assert [value.text for value in shown] == ["203.0.113.0/24"]
    assert said == ["aside", "keeps", "back"]
    desk.crowd_rows.keep = lambda *row: 1 / 0
    new = a_look(look_id="l-2", key="req-2")
    with pytest.raises(ZeroDivisionError):
        desk.vault.open(new, desk.looked(new), PERMITTED, aside=aside)
    assert said[3:] == ["aside", "back"]


def test_what_was_kept_of_a_look_says_nothing_and_is_of_no_other_look():
    """Sealed, of one length whatever there was to show, under a name that is no label; moved to another look it does not open."""
    one, two = Desk(), Desk()
    one.put()
    for minute in range(9):
        two.put(f"198.51.100.{minute}", minute, crowd=minute)
    for desk in (one, two):
        texts(desk)
    sizes = {len(sealed) for desk in (one, two) for sealed in desk.crowd_rows.kept.values()}
    assert len(sizes) == 1
    (name,) = one.crowd_rows.kept
    assert name[1] not in {leaf.label for leaf in one.leaves}
    other = a_look(look_id="l-2", key="req-2")
    recorded = one.looked(other)
    texts(one, other, recorded)
    new = next(each for each in one.crowd_rows.kept if each != name)
    one.crowd_rows.kept[new] = one.crowd_rows.kept[name]
    with pytest.raises(Exception, match="does not open"):
        texts(one, other, recorded)


def test_where_nothing_stands_in_the_place_of_what_was_kept_nothing_is_shown():
    """An empty row is no row of ours."""
    desk = Desk()
    desk.put()
    recorded = desk.looked()
    texts(desk, recorded=recorded)
    desk.crowd_rows.kept = dict.fromkeys(desk.crowd_rows.kept, b"")
    with pytest.raises(Damaged):
        texts(desk, recorded=recorded)


def test_where_nobody_can_count_nothing_is_shown():
    """Unavailable, and no address, whole or in part."""
    desk = Desk()
    desk.put()
    recorded = desk.looked()
    desk.crowd_rows.down = True
    with pytest.raises(Unavailable):
        texts(desk, recorded=recorded)


def test_a_person_who_is_erased_is_counted_no_more():
    """All shares of all their addresses go, nobody else's, and what looks at them were shown."""
    desk = Desk()
    for address in ("203.0.113.77", "2001:db8::1", "2002:cb00:714d::1", "::ffff:198.51.100.7"):
        fill(desk.crowd, address, SEEN, 3)
    others = set(desk.crowd_rows.rows)
    for minute, address in enumerate(("203.0.113.77", "2001:db8::1", "2002:cb00:714d::1", "::ffff:198.51.100.7")):
        desk.put(address, minute, crowd=0)
    texts(desk)
    assert desk.crowd_rows.rows > others and desk.crowd_rows.kept
    for _ in range(2):
        desk.crowd.leave(desk.keyring.known(HERS).handle)
    assert (desk.crowd_rows.rows, desk.crowd_rows.kept) == (others, {})
    desk.crowd.leave(bytes(16))  # of whom there is no row any more


def test_a_value_that_was_changed_keeps_nobody_from_being_erased():
    """The others' shares go; what does not open had one that nobody can find, and that is nobody's."""
    desk = Desk()
    for minute, address in enumerate(("203.0.113.77", "198.51.100.7")):
        desk.put(address, minute, crowd=0)
    name, row = next(iter(desk.sealed._rows.items()))
    desk.sealed._rows[name] = replace(row, sealed=bytes(40))
    desk.crowd.leave(row.handle)
    assert len(desk.crowd_rows.rows) == 5
    desk.crowd_rows.rows.clear()
    desk.crowd.catch_up()
    assert len(desk.crowd_rows.rows) == 5


def test_a_value_that_came_twice_is_counted_though_a_crash_came_between():
    """The value was kept and its share was not: the same source taken in again counts it."""
    desk = Desk()
    desk.put(crowd=0)
    desk.crowd_rows.rows.clear()
    assert not desk.put(crowd=0)
    assert len(desk.crowd_rows.rows) == 5


def test_a_vault_of_before_is_counted_once():
    """Every value that is sealed is counted as if it came in now; a vault that has counts is left alone."""
    desk = Desk()
    for n in range(30):
        desk.put(f"203.0.113.{n}", n, person=f"u-{n}", crowd=0)
    desk.put("a telephone", field=Field.DEVICE, person="u-1")
    rows = set(desk.crowd_rows.rows)
    desk.crowd_rows.rows.clear()
    desk.crowd.catch_up()
    assert desk.crowd_rows.rows == rows
    desk.crowd_rows.rows = {next(iter(rows))}
    desk.crowd.catch_up()
    assert len(desk.crowd_rows.rows) == 1


POPULATION = st.lists(
    st.one_of(
        st.integers(0, 2**14 - 1).map(lambda n: str(ipaddress.IPv4Address(0xC0000000 | (n & 0x3F80) << 11 | n & 0x7F))),
        st.integers(0, 2**10 - 1).map(
            lambda n: str(ipaddress.IPv6Address(0x2001 << 112 | (n & 0x3E0) << 90 | n & 0x1F))
        ),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(POPULATION)
def test_every_network_that_is_shown_has_enough_people(population):
    """Simulated: each person of a population, one address each; whatever is shown of anybody, at least K are inside."""
    desk = Desk()
    crowd = Crowd(desk.crowd_rows, desk.sealed, desk.keyring, Prefixes(root()), people=K, random=os.urandom)
    keys = [desk.keyring.key(Stream.of_person(f"u-{n}")) for n in range(len(population))]
    for key, address in zip(keys, population, strict=True):
        crowd.joined(key, [(address, MICROS)])
    for key, address in zip(keys, population, strict=True):
        (length,) = crowd.shown(key, [(address, MICROS)], bytes(32), 20)
        known = address_of(address)

        def inside(length, known=known):
            network = network_of(known, length)
            return sum(address_of(other) in network for other in population)

        assert length is None or inside(length) >= K
        # And it is no wider than it must be: nobody is left with less than what their crowd allows.
        longer = [each for each in lengths(known) if length is None or each > length]
        assert all(inside(each) < K + K // 4 + 1 for each in longer)


def test_tokens_of_one_network_have_nothing_in_common():
    """Other lengths, other keys, other kinds of address: other tokens; the same network: the same, whoever is in it."""
    prefixes, others = Prefixes(root()), Prefixes(root("another"))
    one, twin = address_of("203.0.113.77"), address_of("::ffff:203.0.113.9")
    assert prefixes.tokens(one) == prefixes.tokens(twin)
    every = [
        t
        for p in (prefixes, others)
        for a in ("203.0.113.77", "2002:cb00:714d::1", "2001:db8::")
        for _, t in p.tokens(address_of(a))
    ]
    assert len(set(every)) == len(every)
    assert repr(prefixes) == "Prefixes(…)"

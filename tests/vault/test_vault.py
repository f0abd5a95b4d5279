# SPDX-License-Identifier: Apache-2.0
"""The vault opens for the receipt of exactly this look, and shows no more than was granted."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vault.desk import NOW, PERMITTED, Desk, a_look

from whosaw.errors import BadInput, Damaged, Unavailable, WrongReceipt
from whosaw.model.access import Asked, Field, Look
from whosaw.model.decision import Decision
from whosaw.privacy.detail import IP_PROVES, canonical, mask
from whosaw.privacy.fields.kind import World

EXACT = replace(PERMITTED, detail=(Asked(Field.IP, "exact"),))


def exact_look(**changes):
    return a_look(asked=(Asked(Field.IP, "exact"),), **changes)


def test_a_look_with_its_receipt_shows_what_was_granted():
    """The masked values, newest first, each with its moment and with what it does not prove."""
    desk = Desk()
    desk.put("203.0.113.77", 1)
    desk.put("2001:db8:5:6::1", 2)
    shown = desk.vault.open(a_look(), desk.looked(), PERMITTED)
    assert [value.text for value in shown] == ["2001:db8:5::/48", "203.0.113.0/24"]
    assert [value.seen for value in shown] == [datetime(2026, 11, 22, 9, tzinfo=UTC)] * 2  # the hour, as of the network
    assert {value.caveat for value in shown} == {IP_PROVES}
    assert {(value.field, value.detail) for value in shown} == {(Field.IP, "network")}


def test_exact_shows_the_address():
    """At `exact` the canonical address is shown."""
    desk = Desk()
    desk.put("::ffff:203.0.113.77")
    assert [v.text for v in desk.vault.open(exact_look(), desk.looked(exact_look(), EXACT), EXACT)] == ["203.0.113.77"]


def test_several_fields_each_at_its_own_detail():
    """A look at two fields shows both, in the order of the decision."""
    desk = Desk()
    desk.put()
    desk.put("Mira, invented", field=Field.PROFILE, source="profile")
    asked = (Asked(Field.PROFILE, "exact"), Asked(Field.IP, "network"))
    look, decision = a_look(asked=asked), replace(PERMITTED, detail=asked)
    shown = desk.vault.open(look, desk.looked(look, decision), decision)
    assert [(v.field, v.text) for v in shown] == [(Field.PROFILE, "Mira, invented"), (Field.IP, "203.0.113.0/24")]
    assert [v.caveat for v in shown] == ["", IP_PROVES]


def test_what_is_opened_at_once_is_opened_each_for_itself():
    """A receipt of another look, a person without a stream, a store that has one value less: each fails alone."""
    desk = Desk()
    desk.put("203.0.113.77", 1)
    desk.put("198.51.100.9", 1, person="owen@example.org")
    looks = [
        a_look(), a_look(look_id="l-2", person="owen@example.org"), a_look(look_id="l-3"), a_look(look_id="l-4", person="ghost"),
        exact_look(look_id="l-5"),
    ]  # fmt: skip
    by = [EXACT if look.look_id == "l-5" else PERMITTED for look in looks]
    given = [
        Given(look, desk.looked(look, one), one) for look, one in zip(looks, by, strict=True) if look.person != "ghost"
    ]
    given[2] = replace(given[2], recorded=given[0].recorded)
    given.insert(3, Given(looks[3], given[0].recorded, PERMITTED))
    made = desk.vault.open_all(given)
    shown = [[value.text for value in each] if isinstance(each, tuple) else type(each) for each in made]
    assert shown == [["203.0.113.0/24"], ["198.51.100.0/24"], WrongReceipt, WrongReceipt, ["203.0.113.77"]]
    again = Desk.open_vault(desk)
    for one, together in zip(given, made, strict=True):
        if isinstance(together, tuple):
            assert again.open(one.look, one.recorded, one.decision) == together
    desk.crowd_rows.down = True
    new = [
        Given(look, desk.looked(look, one), one)
        for look, one in ((a_look(look_id="l-6"), PERMITTED), (exact_look(look_id="l-7"), EXACT))
    ]
    lost, exact = desk.vault.open_all(new)  # only one of them asks the crowd
    assert (type(lost), [value.text for value in exact]) == (Unavailable, ["203.0.113.77"])
    assert desk.vault.open_all([]) == []


def test_what_comes_in_while_a_group_is_opened_is_of_none_of_its_looks():
    """Before the first row is read the newest of their times is behind the vault: under its receipt a look shows the same later."""
    desk = Desk()
    desk.put("203.0.113.77", 1)
    desk.put("198.51.100.9", 1, person="owen@example.org")
    desk.sealed = Arriving(desk.sealed, lambda: desk.put("192.0.2.9", 2, person="owen@example.org", crowd=0))
    desk.vault = desk.open_vault()
    looks, later = [exact_look(), exact_look(look_id="l-2", person="owen@example.org")], NOW + timedelta(seconds=1)
    given = [Given(look, desk.looked(look, EXACT, at=at), EXACT) for look, at in zip(looks, (NOW, later), strict=True)]
    for made in (desk.vault.open_all(given), desk.vault.open_all(given)):
        assert [[value.text for value in each] for each in made] == [["203.0.113.77"], ["198.51.100.9"]]


class Arriving:
    """``vault.ports.SealedRows``; once, after rows were read for the first time, `comes`."""

    def __init__(self, whole, comes):
        self.whole, self.comes = whole, comes

    def __getattr__(self, name):
        return getattr(self.whole, name)

    def newest(self, *asked):
        rows, comes, self.comes = self.whole.newest(*asked), self.comes, None
        if comes is not None:
            comes()
        return rows


@dataclass(frozen=True)
class Given:
    """``vault.ports.Granted``."""

    look: Look
    recorded: object
    decision: Decision
    receipt: bytes = b""


def test_a_person_without_values_has_none_to_show():
    """Nothing stored: an empty answer, not an error, and the look is on record all the same."""
    desk = Desk()
    assert desk.vault.open(a_look(), desk.looked(), PERMITTED) == ()


def test_only_the_newest_are_shown():
    """At most the configured number, the newest by when they were seen, whatever the order they came in."""
    desk = Desk()
    for minute in (5, 1, 4, 2, 3):
        desk.put(f"192.0.2.{minute}", minute)
    shown = desk.open_vault(newest=2).open(exact_look(), desk.looked(exact_look(), EXACT), EXACT)
    assert [value.text for value in shown] == ["192.0.2.5", "192.0.2.4"]


def test_a_receipt_used_again_shows_the_same_and_nothing_newer():
    """One permitted look is no ticket to where somebody will be: what came in after it stays shut."""
    desk = Desk()
    desk.put("192.0.2.1", 1)
    recorded = desk.looked()
    first = desk.vault.open(a_look(), recorded, PERMITTED)
    desk.now += timedelta(milliseconds=1)
    desk.put("198.51.100.9", 2)
    desk.put("198.51.100.8", 0, source="an old line that came in late")
    assert desk.vault.open(a_look(), recorded, PERMITTED) == first
    later = a_look(look_id="l-2", key="req-2")
    again = desk.vault.open(later, desk.looked(later, at=desk.now.replace(microsecond=124000)), PERMITTED)
    assert [value.text for value in again] == ["198.51.100.0/24", "192.0.2.0/24", "198.51.100.0/24"]


def test_a_clock_set_back_makes_nothing_older_than_a_look():
    """What comes in after a look is stored after it, whatever the clock says, also over a restart."""
    desk = Desk()
    desk.put("192.0.2.1", 1)
    recorded = desk.looked()
    first = desk.vault.open(a_look(), recorded, PERMITTED)
    desk.now -= timedelta(minutes=10)
    desk.put("198.51.100.9", 2)
    assert desk.vault.open(a_look(), recorded, PERMITTED) == first
    again = desk.open_vault(last_look=NOW)
    again.put("mira@example.org", Field.IP, "203.0.113.4", NOW, "after the restart")
    assert again.open(a_look(), recorded, PERMITTED) == first


def test_what_comes_in_during_a_look_waits_for_the_next():
    """A value whose write was under way when somebody looked is not shown to a second asking under that look."""
    desk = Desk()
    desk.put("192.0.2.1", 1)
    recorded = desk.looked()
    add, shown = desk.sealed.add, []

    def slow_add(**row):
        thread = threading.Thread(target=lambda: shown.append(desk.vault.open(a_look(), recorded, PERMITTED)))
        thread.start()
        thread.join(0.2)  # it waits for us, or has looked already; either will do
        made = add(**row)
        threads.append(thread)
        return made

    threads = []
    desk.sealed.add = slow_add
    desk.put("198.51.100.9", 2)
    threads[0].join()
    desk.sealed.add = add
    assert desk.vault.open(a_look(), recorded, PERMITTED) == shown[0]


def test_what_came_in_at_the_moment_of_the_look_is_shown():
    """Records cut time to milliseconds; a value stored within that millisecond is not lost to it."""
    desk = Desk()
    desk.put()
    assert desk.now == NOW
    assert len(desk.vault.open(a_look(), desk.looked(), PERMITTED)) == 1


def test_the_same_source_twice_is_one_value():
    """Taking a log in twice changes nothing, and says so; another line with the same address is another value."""
    desk = Desk()
    assert desk.put(source="access.log:17")
    assert not desk.put(source="access.log:17")
    assert desk.put(source="access.log:18")
    assert len(desk.vault.open(a_look(), desk.looked(), PERMITTED)) == 2


def test_one_line_can_hold_two_fields():
    """A source names one value per field."""
    desk = Desk()
    assert desk.put(source="line")
    assert desk.put("a phone", field=Field.DEVICE, source="line")


def test_persons_do_not_share_values():
    """What is stored for one person is never shown for another."""
    desk = Desk()
    desk.put(person="jonas@example.org")
    assert desk.vault.open(a_look(), desk.looked(), PERMITTED) == ()


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_a_failed_write_can_be_repeated(fate):
    """The store failed, with the value stored or without: putting it again keeps it once."""
    desk = Desk()
    desk.sealed.fate = fate
    with pytest.raises(Unavailable):
        desk.put()
    desk.put()
    assert len(desk.vault.open(a_look(), desk.looked(), PERMITTED)) == 1


def test_a_changed_row_shows_nothing():
    """A sealed value that somebody changed or moved is Damaged; no other value is shown instead."""
    desk = Desk()
    desk.put("192.0.2.1", 1)
    desk.put("192.0.2.2", 2)
    recorded = desk.looked()
    for change in ({"seen": 0}, {"sealed": bytes(40)}, {"sealed": b""}):
        kept = dict(desk.sealed._rows)
        name, row = next(iter(kept.items()))
        desk.sealed._rows[name] = replace(row, **change)
        with pytest.raises(Damaged) as caught:
            desk.vault.open(a_look(), recorded, PERMITTED)
        assert "192.0" not in str(caught.value)
        desk.sealed._rows = kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field.IP, "not an address"),
        (Field.IP, "203.0.113.77:443"),
        (Field.PROFILE, ""),
        (Field.PROFILE, "a\x00b"),
        (Field.PROFILE, "x" * 65_537),
        (Field.PROFILE, "\ud800"),
    ],
)
def test_a_value_that_is_none_is_refused_and_makes_no_stream(field, value):
    """Bad values are refused before anything is stored, the person's key included, and are not quoted."""
    desk = Desk()
    with pytest.raises(BadInput) as caught:
        desk.put(value, field=field)
    assert len(value) < 4 or value not in str(caught.value)
    assert list(desk.rows.all()) == []
    assert desk.sealed._rows == {}


@pytest.mark.parametrize("source", ["", "\udcff"])
def test_a_value_from_nowhere_is_refused(source):
    """Without a source a value could be doubled."""
    desk = Desk()
    with pytest.raises(BadInput, match="came from"):
        desk.put(source=source)
    assert list(desk.rows.all()) == []


def test_a_time_without_a_zone_is_refused():
    """A moment needs its zone."""
    desk = Desk()
    with pytest.raises(BadInput, match="zone"):
        desk.vault.put("mira@example.org", Field.IP, "192.0.2.1", datetime(2026, 11, 22), "x")
    assert list(desk.rows.all()) == []


def test_a_detail_that_is_not_offered_opens_nothing():
    """Were a country granted by mistake, no address is decrypted to answer it."""
    desk = Desk()
    desk.put()
    asked = (Asked(Field.IP, "country"),)
    look, decision = a_look(asked=asked), replace(PERMITTED, detail=asked)
    recorded = desk.looked(look, decision)
    with pytest.raises(BadInput, match="not offered"):
        desk.vault.open(look, recorded, decision)
    assert desk.sealed.asked == 0


@given(st.ip_addresses(), st.sampled_from(["network", "exact"]))
def test_what_is_stored_is_what_is_shown_at_its_detail(address, detail):
    """Through sealing and back, an address is shown as its mask and nothing else."""
    desk = Desk()
    desk.put(str(address))
    asked = (Asked(Field.IP, detail),)
    look, decision = a_look(asked=asked), replace(PERMITTED, detail=asked)
    (shown,) = desk.vault.open(look, desk.looked(look, decision), decision)
    plain = canonical(Field.IP, str(address))
    assert shown.text == mask(Field.IP, plain, detail, World(128)).text


def test_a_shown_value_does_not_print_itself():
    """Neither a value nor the vault shows an address in its repr."""
    desk = Desk()
    desk.put()
    shown = desk.vault.open(exact_look(), desk.looked(exact_look(), EXACT), EXACT)
    assert "203.0.113" not in repr(shown)
    assert repr(desk.vault) == "Vault(…)"
    assert "203.0" not in repr(list(desk.sealed._rows.values()))

# SPDX-License-Identifier: Apache-2.0
"""A receipt is over after a while; and whatever is changed or exchanged in what the vault keeps, opens nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.vault.desk import NOW, PERMITTED, Desk, a_look

from whosaw.errors import Damaged, WrongReceipt
from whosaw.model.access import Field
from whosaw.vault.released import DELIVERIES, OPEN_FOR


@pytest.fixture
def desk():
    return Desk()


# ── how long, and how often ──


def test_a_receipt_opens_for_a_while_and_then_no_more(desk):
    """At the last millisecond still, one later never again; by a clock that is set back neither, once a look was newer."""
    desk.put()
    recorded, at = desk.looked(), NOW.replace(microsecond=123000)
    for later in (timedelta(0), OPEN_FOR):
        desk.now = at + later
        assert len(desk.vault.open(a_look(), recorded, PERMITTED)) == 1
    asked = desk.sealed.asked
    desk.now = at + OPEN_FOR + timedelta(milliseconds=1)
    with pytest.raises(WrongReceipt, match="its time is over") as told:
        desk.vault.open(a_look(), recorded, PERMITTED)
    assert "ask the guard again" in told.value.hint
    assert desk.sealed.asked == asked, "rows were read for a receipt that is over"
    newer = a_look(look_id="l-2", key="req-2")
    desk.vault.open(newer, desk.looked(newer, at=at + OPEN_FOR + timedelta(seconds=1)), PERMITTED)
    desk.now = at
    with pytest.raises(WrongReceipt, match="its time is over"):
        desk.vault.open(a_look(), recorded, PERMITTED)


def test_a_receipt_is_answered_so_often_and_no_more(desk):
    """Each delivery counts for its look and for no other; one that did not match counts for nothing."""
    desk.put()
    recorded = desk.looked()
    for _ in range(DELIVERIES + 5):
        with pytest.raises(WrongReceipt):
            desk.vault.open(a_look(person="owen@example.org"), recorded, PERMITTED)
    for _ in range(DELIVERIES):
        assert len(desk.vault.open(a_look(), recorded, PERMITTED)) == 1
    with pytest.raises(WrongReceipt, match="answered 20 times"):
        desk.vault.open(a_look(), recorded, PERMITTED)
    other = a_look(look_id="l-2", key="req-2")
    assert len(desk.vault.open(other, desk.looked(other), PERMITTED)) == 1


# ── tampering ──


def test_every_changed_byte_of_a_sealed_value_is_found(desk):
    """Each byte of what is kept, changed: damaged, and nothing is shown, not even the values beside it."""
    desk.put("203.0.113.77", 1)
    desk.put("198.51.100.7", 2)
    recorded = desk.looked()
    (name, kept), *_ = desk.sealed._rows.items()
    for at in range(len(kept.sealed)):
        broken = kept.sealed[:at] + bytes([kept.sealed[at] ^ 1]) + kept.sealed[at + 1 :]
        desk.sealed._rows[name] = replace(kept, sealed=broken)
        vault = desk.open_vault()
        with pytest.raises(Damaged):
            vault.open(a_look(), recorded, PERMITTED)
    desk.sealed._rows[name] = kept
    assert len(desk.open_vault().open(a_look(), recorded, PERMITTED)) == 2


def test_every_changed_byte_of_a_key_row_is_found(desk):
    """Each byte of the wrapped key, the sealed id, the handle and label_0: nothing opens, for a ring that has it warm neither."""
    desk.put()
    recorded = desk.looked()
    assert desk.vault.open(a_look(), recorded, PERMITTED)
    lookup_ = next(row.lookup for row in desk.rows.all())
    name = (lookup_, 0)
    row = desk.rows._rows[name]
    for column in ("wrapped", "sealed_id", "handle", "label_0"):
        value = getattr(row, column)
        for at in range(len(value)):
            desk.rows._rows[name] = replace(row, **{column: value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]})
            with pytest.raises((Damaged, WrongReceipt)):
                desk.vault.open(a_look(), recorded, PERMITTED)
    for column in ("generation", "rekeys"):
        desk.rows._rows[name] = replace(row, **{column: getattr(row, column) + 1})
        with pytest.raises((Damaged, WrongReceipt)):
            desk.vault.open(a_look(), recorded, PERMITTED)
    desk.rows._rows[name] = row
    assert desk.vault.open(a_look(), recorded, PERMITTED)


def test_swapped_rows_fields_and_times_open_nothing(desk):
    """A value under another field, another time, another person's handle; another person's key row in the place of hers."""
    owen = "owen@example.org"
    desk.put("203.0.113.77", 1)
    desk.put("198.51.100.7", 1, person=owen)
    desk.put("a phone", 2, field=Field.DEVICE)
    recorded = desk.looked()
    before = dict(desk.sealed._rows)
    hers = next(kept for kept in before.values() if kept.field == "device")
    theirs = next(kept for kept in before.values() if kept.handle != hers.handle)
    address = next(kept for kept in before.values() if kept.handle == hers.handle and kept.field == "ip")
    for wrong in (
        replace(hers, field="ip"), replace(theirs, handle=hers.handle), replace(address, seen=address.seen + 1),
        replace(address, sealed=hers.sealed), replace(address, sealed=theirs.sealed),
    ):  # fmt: skip
        desk.sealed._rows = {(wrong.handle, wrong.source): wrong}
        with pytest.raises(Damaged):
            desk.open_vault().open(a_look(), recorded, PERMITTED)
    desk.sealed._rows = before
    rows = dict(desk.rows._rows)
    mira, other = (name for name, row in rows.items() if row.handle in {hers.handle, theirs.handle})
    desk.rows._rows = rows | {mira: replace(rows[other], lookup=mira[0]), other: replace(rows[mira], lookup=other[0])}
    with pytest.raises(Damaged):
        desk.open_vault().open(a_look(), recorded, PERMITTED)

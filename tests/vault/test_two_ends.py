# SPDX-License-Identifier: Apache-2.0
"""A message has two ends: each has it under a key of their own, each opening shows the other's side as its detail has it, and no more."""

import json
from dataclasses import replace

import pytest
from tests.vault.desk import PERMITTED, Desk, a_look

from whosaw.errors import WrongReceipt
from whosaw.model.access import LADDER, Asked, Field
from whosaw.model.record import Stream

MIRA, OWEN = "mira@example.org", "owen@example.org"
MESSAGE = json.dumps(
    {
        "messages": [
            {"at": "2026-11-22T09:15:30Z", "from": MIRA, "text": "hers to him", "to": [OWEN]},
            {"at": "2026-11-22T09:16:30Z", "from": OWEN, "text": "his to her", "to": [MIRA]},
        ]
    },
    separators=(",", ":"),
    sort_keys=True,
)
# Of the two of them, in the order of the ladder: who is named, whose words are shown.
SHOWS = {"count": (False, False), "times": (False, False), "metadata": (True, False), "exact": (True, True)}


@pytest.fixture
def desk():
    made = Desk()
    for person in (MIRA, OWEN):
        assert made.put(MESSAGE, person=person, field=Field.MESSAGES, source="thread 7")
    return made


def shown(desk, person: str, rung: str, number: int = 1) -> str:
    look = a_look(
        look_id=f"l-{person}-{rung}-{number}",
        key=f"k-{person}-{rung}",
        person=person,
        asked=(Asked(Field.MESSAGES, rung),),
    )
    by = replace(PERMITTED, detail=look.asked)
    (value,) = desk.vault.open(look, desk.looked(look, by), by)
    return value.text


def test_it_is_stored_for_both_and_either_row_opens_for_its_own_alone(desk):
    """The same thread from the same source: two rows, of two handles, with nothing in common; one's key does not open the other's."""
    hers, his = desk.sealed._rows.values()
    assert hers.handle != his.handle
    assert not {hers.sealed, hers.source} & {his.sealed, his.source}
    desk.sealed._rows = {(his.handle, his.source): replace(his, sealed=hers.sealed)}
    with pytest.raises(Exception, match="does not open"):
        shown(desk, OWEN, "exact")


@pytest.mark.parametrize("rung", LADDER[Field.MESSAGES])
def test_each_side_shows_the_other_as_the_detail_has_it(desk, rung):
    """Below `metadata` nobody is named, below `exact` nobody is quoted, from either end alike."""
    assert SHOWS.keys() == set(LADDER[Field.MESSAGES])
    names, words = SHOWS[rung]
    texts = {shown(desk, person, rung) for person in (MIRA, OWEN)}
    (text,) = texts
    assert [each in text for each in (MIRA, OWEN)] == [names, names]
    assert [each in text for each in ("hers to him", "his to her")] == [words, words]


def test_erasing_one_end_leaves_the_other_as_it_was(desk):
    """Her row and key are gone: nothing opens for her, and what is shown of his is the same, at every rung."""
    before = {rung: shown(desk, OWEN, rung) for rung in LADDER[Field.MESSAGES]}
    look = a_look(asked=(Asked(Field.MESSAGES, "count"),))
    by = replace(PERMITTED, detail=look.asked)
    recorded = desk.looked(look, by)
    handle = desk.keyring.find(Stream.of_person(MIRA)).handle
    hers = [name for name in desk.sealed._rows if name[0] == handle]
    assert len(hers) == 1
    desk.rows._rows = {name: row for name, row in desk.rows._rows.items() if row.handle != handle}
    del desk.sealed._rows[hers[0]]
    with pytest.raises(WrongReceipt, match="no stream"):
        desk.vault.open(look, recorded, by)
    assert {rung: shown(desk, OWEN, rung, 2) for rung in LADDER[Field.MESSAGES]} == before

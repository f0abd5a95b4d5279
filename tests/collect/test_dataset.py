# SPDX-License-Identifier: Apache-2.0
"""Requests of a dataset folder become looks; what is none of them is malformed, whatever its bytes are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tlog.given import damaged

from whosaw.collect.dataset import DatasetLooks
from whosaw.collect.observed import Malformed, Taken, Where
from whosaw.model.access import Field, Mode

LINE = {
    "id": "l-1", "t": 1656839645123000, "principal": "e-1", "on_behalf_of": "e-2", "persons": ["p-1", "p-2", "p-1"],
    "asked": "ip:exact|profile:-|device:anything", "mode": "search", "purpose": "fraud_review", "case": "c-1", "app": "crm",
    "rows": 3, "decision": "refuse", "query": "who",
}  # fmt: skip


def read(**changed):
    return DatasetLooks().read(json.dumps({**LINE, **changed}).encode(), Where(1, 0))


def test_a_request_is_a_look():
    """Each person once, whoever it was made for claimed, and of a detail only what is a rung."""
    (look,) = read().looks
    assert (look.persons, look.on_behalf_of, look.claimed, look.keyed) == (("p-1", "p-2"), "e-2", True, True)
    assert look.asked == ((Field.IP, "exact"), (Field.PROFILE, "-"), (Field.DEVICE, "-"))
    assert (look.mode, look.decision, look.rows, look.at.isoformat()) == (
        Mode.SEARCH,
        "refuse",
        3,
        "2022-07-03T09:14:05.123000+00:00",
    )
    assert read(on_behalf_of=None).looks[0].claimed is False


@pytest.mark.parametrize(
    "changed",
    [{"id": None}, {"t": "now"}, {"t": -1}, {"t": True}, {"principal": ""}, {"persons": None}, {"persons": [""]}, {"asked": "shoe:-"}, {"asked": None}, {"mode": "x"}, {"mode": []}, {"decision": "maybe"}],
)  # fmt: skip
def test_what_is_none_is_malformed(changed):
    assert isinstance(read(**changed), Malformed)


@settings(max_examples=200)
@given(raw=st.one_of(damaged(json.dumps(LINE).encode()), st.binary(max_size=60)))
def test_no_bytes_crash_it(raw):
    assert isinstance(DatasetLooks().read(raw, Where(1, 0)), (Taken, Malformed))

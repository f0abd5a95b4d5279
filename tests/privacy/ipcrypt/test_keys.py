# SPDX-License-Identifier: Apache-2.0
"""Keys of purposes and epochs: what was made for one is of no use for another."""

import hmac
from base64 import b32encode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import BadInput
from whosaw.model.pseudonym_body import Variant
from whosaw.privacy.ipcrypt.epochs import EXAMPLES, PERIODS, bounds, epoch_of
from whosaw.privacy.ipcrypt.keys import accounts, cipher
from whosaw.privacy.root import Root, expand

ROOT = Root(bytes(range(32)))
instants = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))


def test_no_two_purposes_epochs_variants_or_roots_share_a_pseudonym():
    made = set()
    for key in (ROOT.pseudonyms, Root(bytes(32)).pseudonyms):
        for purpose in ("fraud_review", "incident_response", "fraud_review1"):
            for epoch in ("2026-11", "2026-12", "12026-1"):
                for variant in (Variant.DETERMINISTIC, Variant.PFX):
                    made.add((cipher(key, purpose, epoch, variant).encrypt("192.0.2.1")))  # noqa: UP034
    assert len(made) == 2 * 3 * 3 * 2


def test_a_part_does_not_run_into_the_next():
    one = cipher(ROOT.pseudonyms, "ab", "2026", Variant.DETERMINISTIC)
    two = cipher(ROOT.pseudonyms, "a", "b2026", Variant.DETERMINISTIC)
    assert one.encrypt("192.0.2.1") != two.encrypt("192.0.2.1")


def test_keys_as_the_specification_of_this_project_has_them():
    """docs/spec/keys.md §2, in other words."""
    said = b"whosaw/ip-pseudonym/v1" + b"\x0cfraud_review" + b"\x072026-11" + b"\x0ddeterministic"
    key = expand(expand(bytes(range(32)), b"whosaw/pseudonyms/v1"), said)[:16]
    from whosaw.privacy.ipcrypt.deterministic import Deterministic

    ours = cipher(ROOT.pseudonyms, "fraud_review", "2026-11", Variant.DETERMINISTIC)
    assert ours.encrypt("192.0.2.1") == Deterministic(key).encrypt("192.0.2.1")
    key = expand(expand(bytes(range(32)), b"whosaw/pseudonyms/v1"), said + b"\x05vault")[:16]
    ours = cipher(ROOT.pseudonyms, "fraud_review", "2026-11", Variant.DETERMINISTIC, "vault")
    assert ours.encrypt("192.0.2.1") == Deterministic(key).encrypt("192.0.2.1")


def test_an_account_is_called_otherwise_in_each_table():
    """docs/spec/keys.md §2: by purpose and epoch, and never as in the house."""
    key = expand(ROOT.pseudonyms, b"whosaw/ip-pseudonym-account/v1" + b"\x0cfraud_review" + b"\x072026-11")
    said = hmac.digest(key, b"p-abcdefghijklmnop", "sha256")[:10]
    called = accounts(ROOT.pseudonyms, "fraud_review", "2026-11")("p-abcdefghijklmnop")
    assert called == "v-" + b32encode(said).decode().lower()
    others = {
        accounts(ROOT.pseudonyms, *each)("p-abcdefghijklmnop")
        for each in (("fraud_review", "2026-12"), ("incident_response", "2026-11"))
    }
    assert len(others | {called, "v-abcdefghijklmnop"}) == 4


@given(instants, st.sampled_from(sorted(PERIODS)))
def test_an_instant_lies_in_its_epoch_and_in_no_other(at, period):
    begin, end = bounds(epoch_of(at, period))
    assert begin <= at < end
    assert epoch_of(end, period) != epoch_of(at, period) == epoch_of(end - timedelta(microseconds=1), period)


def test_an_epoch_is_of_utc_and_has_one_spelling():
    late = datetime(2026, 12, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert epoch_of(late, "month") == "2026-11"
    assert [epoch_of(datetime(2026, 11, 26, tzinfo=UTC), period) for period in PERIODS] == list(EXAMPLES)
    for wrong in (
        "",
        "2026-1",
        "26-11",
        "2026-13",
        "2026-W54",
        "2026-Q5",
        "2026-11-31",
        " 2026",
        "2026-11 ",
        "9999",
        "2026-w48",
    ):
        with pytest.raises(BadInput, match="not an epoch"):
            bounds(wrong)


def test_a_purpose_is_not_empty():
    with pytest.raises(BadInput):
        cipher(ROOT.pseudonyms, "", "2026-11", Variant.PFX)

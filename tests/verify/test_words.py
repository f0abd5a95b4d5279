# SPDX-License-Identifier: Apache-2.0
"""Records that are no looks, as the person reads them in their statement."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.inquiry.record import Step, Unsealing
from whosaw.model.record import canonical
from whosaw.oversight.handout import export_body
from whosaw.verify.words import record_sentence

AT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
STEP = Step(id="i-1", at=AT, what="person", asker="e-aaaabbbbccccdddd", outcome="shown", persons=1)
OPENED = Unsealing(
    id="u-1", at=AT, finding="f-000001", requester="e-aaaabbbbccccdddd", approver="e-ccccddddeeeeffff",
    outcome="opened", persons=1, bound=bytes(32),
)  # fmt: skip


@pytest.mark.parametrize(("body", "told"), [
    (STEP.encode(), "e-aaaabbbbccccdddd asked, in an inquiry, who had looked at this account: shown."),
    (replace(STEP, outcome="refused", reasons=("own-person",)).encode(),
     "e-aaaabbbbccccdddd asked, in an inquiry, who had looked at this account: refused."),
    (OPENED.encode(), ("in an inquiry about f-000001, e-aaaabbbbccccdddd asked for the name of this account, and "
                      "e-ccccddddeeeeffff agreed: opened.")),
    (export_body("e-aaaabbbbccccdddd", AT),
     "e-aaaabbbbccccdddd asked for a statement of this account, and it was handed out."),
])  # fmt: skip
def test_who_asked_and_who_opened_is_told_in_words(body, told):
    """When, who by pseudonym, and what became of it: no person has to read a body to know."""
    assert record_sentence(body) == f"2026-11-22 10:15:30 UTC: {told}"


@pytest.mark.parametrize("body", [
    {"v": 1, "kind": "inquiry"},
    {"v": 1, "kind": "unseal", "at": "2026-11-22T10:15:30.000Z", "finding": None, "requester": "a", "approver": "b"},
    {"v": 1, "kind": "export", "at": "yesterday", "what": "statement", "principal": "e-aaaabbbbccccdddd"},
    {"v": 1, "kind": "inquiry", "at": "2026-11-22T10:15:30.000Z", "asker": 7, "outcome": "shown"},
    {"v": 1, "kind": "later"},
])  # fmt: skip
def test_what_has_no_sentence_is_named_by_its_kind(body):
    """A record of another version, or one that lacks what the sentence needs, is there all the same."""
    assert record_sentence(canonical(body)) == f"a record of kind {body['kind']}"


@given(asker=st.text(max_size=20), outcome=st.text(max_size=20))
def test_no_record_steers_the_terminal_of_whoever_reads(asker, outcome):
    """Whatever stands in a body, its sentence is one printable line, and braces in it are letters like others."""
    body = {"v": 1, "kind": "inquiry", "at": "2026-11-22T10:15:30.000Z", "asker": asker, "outcome": outcome}
    try:
        raw = canonical(body)
    except ValueError:
        return
    assert record_sentence(raw).isprintable()

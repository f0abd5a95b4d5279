# SPDX-License-Identifier: Apache-2.0
"""The bodies of an inquiry: one spelling each, and nothing else is one."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import NotCanonical
from whosaw.inquiry.record import Step, Told, Unsealing, exactly, step_id
from whosaw.model.record import canonical

AT = datetime(2026, 6, 21, 9, 0, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
times = st.integers(0, 10**12).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
reasons = st.lists(texts, max_size=3).map(tuple)
steps = st.builds(
    Step, id=texts, at=times, what=st.sampled_from(["person", "finding", "nearness"]), asker=texts,
    outcome=st.sampled_from(["shown", "refused"]), reasons=reasons, finding=st.none() | texts, persons=st.integers(0, 99),
)  # fmt: skip
unsealings = st.builds(
    Unsealing, id=texts, at=times, finding=st.none() | texts, requester=texts, approver=texts,
    outcome=st.sampled_from(["opened", "refused"]), reasons=reasons, principals=reasons, persons=st.integers(0, 99),
    bound=st.binary(min_size=32, max_size=32),
)  # fmt: skip
tellings = st.builds(
    Told, step=texts, at=times, finding=texts, asker=texts, own=st.booleans(), near=texts, said=reasons
)
STEP = Step(id="i-1", at=AT, what="person", asker="e-1", outcome="shown", persons=1)
UNSEALING = Unsealing(
    id="u-1", at=AT, finding="f-1", requester="e-1", approver="e-2", outcome="opened", persons=0, bound=bytes(32)
)
TOLD = Told(step="i-1", at=AT, finding="f-1", asker="e-1", own=False, near="unknown", said=("Why.",))


@given(steps | unsealings | tellings)
def test_what_is_written_is_read_back(said):
    """decode(encode(x)) is x, for all three."""
    assert type(said).decode(said.encode()) == said


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["v", "at", "id"]), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("said", [STEP, UNSEALING, TOLD], ids=["step", "unsealing", "told"])
@given(data=st.data())
def test_a_changed_field_is_another_body_or_none(said, data):
    """Whatever stands in one field instead: it is refused, or it is read as just that."""
    value = json.loads(said.encode())
    field = data.draw(st.sampled_from(sorted(value)))
    body = canonical(value | {field: data.draw(anything)})
    try:
        assert type(said).decode(body).encode() == body
    except NotCanonical:
        pass


@pytest.mark.parametrize("said", [STEP, UNSEALING, TOLD], ids=["step", "unsealing", "told"])
def test_other_fields_kinds_versions_and_spellings_are_refused(said):
    """A field too many or too few, another kind or version, a space: not the body."""
    value = json.loads(said.encode())
    without = [{k: v for k, v in value.items() if k != field} for field in value]
    changed = [{"v": 2}, {"v": True}, {"kind": "look"}, {"more": 1}, {"persons": -1}, {"persons": True}, {"at": "now"}]
    changed += [
        {"outcome": "granted"},
        {"reasons": "none"},
        {"reasons": [1]},
        {"own": 0},
        {"said": "none"},
        {"near": None},
    ]
    bodies = [
        *map(canonical, without),
        *(canonical(value | each) for each in changed),
        said.encode() + b" ",
        b"",
        b"[]",
    ]
    for body in bodies:
        with pytest.raises(NotCanonical):
            type(said).decode(body)


@given(st.binary(max_size=40))
def test_any_bytes_are_refused_in_words(raw):
    """No bytes from outside end in another error."""
    for kind in (Step, Unsealing, Told):
        with pytest.raises(NotCanonical):
            kind.decode(raw)


def test_a_digest_of_32_bytes_only():
    """`bound` is 32 bytes in their one base64."""
    value = json.loads(UNSEALING.encode())
    for wrong in ("", "AA==", value["bound"][:-1], value["bound"] + "\n", "A" * 43 + "B"):
        with pytest.raises(NotCanonical):
            Unsealing.decode(canonical(value | {"bound": wrong}))


def test_what_is_asked_has_one_digest():
    """Key order is nothing, anything else is another question; the domain cannot be taken."""

    class Plain:
        def digest(self, text):
            return text

    assert (
        exactly(Plain(), {"a": 1, "b": 2}) == exactly(Plain(), {"b": 2, "a": 1}) != exactly(Plain(), {"a": 1, "b": 3})
    )
    assert b"whosaw/inquiry/v1" in exactly(Plain(), {"a": 1})
    assert step_id("i", bytes(32)) == "i-" + "a" * 16

# SPDX-License-Identifier: Apache-2.0
"""The body of a look: one spelling, and every fact of its type."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.log_maker import look_body

from whosaw.errors import NotCanonical, WhosawError
from whosaw.model.look_body import LookBody
from whosaw.model.record import canonical

BODY = json.loads(look_body("anna", 1))
TEXT = {"look", "principal", "source", "person", "on_behalf_of", "purpose", "case", "app", "bulk", "shape"}
ODD = (5, -5, True, "x", [], {}, [5], None, [{"detail": 5, "field": "ip"}], [{"detail": None, "field": "ip"}])


def fits(name, value):
    """Whether `value` may stand for the fact `name`."""
    if name in TEXT:
        return type(value) is str or (value is None and name not in {"look", "principal", "source"})
    if name in {"claimed", "hint"}:
        return type(value) is bool
    if name in {"rows", "mentions"}:
        return value is None or (type(value) is int and value >= 0)
    if name in {"rules", "fields"}:
        return value == []
    return value is None and name in {"decision", "taken", "ask", "facts", "policy", "query"}


@pytest.mark.parametrize("name", sorted(BODY))
def test_a_fact_of_another_type_is_no_look(name):
    """A number where a text belongs would reach every reader of looks; it is refused where the look is read."""
    for value in ODD:
        raw = canonical(BODY | {name: value})
        if (type(value), value) == (type(BODY[name]), BODY[name]) or fits(name, value):
            assert LookBody.decode(raw).encode() == raw
        else:
            with pytest.raises(NotCanonical):
                LookBody.decode(raw)


@given(st.data())
def test_no_body_crashes_the_reader(data):
    """Whatever stands in the facts: a look that is written back the same, or an error of ours."""
    value = st.recursive(
        st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "look", "ip", "permit", "read", "QQ=="]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["field", "detail"]), inner),
        max_leaves=4,
    )
    raw = canonical(BODY | data.draw(st.dictionaries(st.sampled_from(sorted(BODY)), value, max_size=4)))
    try:
        made = LookBody.decode(raw)
    except WhosawError:
        return
    assert made.encode() == raw

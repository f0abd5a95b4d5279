# SPDX-License-Identifier: Apache-2.0
"""The body of a look: one spelling, and every fact of its type."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.log_maker import look_body

from whosaw.errors import NotCanonical, WhosawError
from whosaw.model import look_body as look_body_module
from whosaw.model.access import Asked, Field, Look, Mode
from whosaw.model.ask import ask_digest, exact_digest
from whosaw.model.caller import Caller, Proof
from whosaw.model.gate import GateSaw
from whosaw.model.look_body import LookBody, Withhold
from whosaw.model.record import Body, canonical
from whosaw.model.stage import Stage

BODY = json.loads(look_body("anna", 1))
TEXT = {"look", "principal", "source", "person", "on_behalf_of", "purpose", "case", "app", "bulk", "shape"}
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SPELLED = {
    "person": None, "asked": ((Field.IP, "network"),), "on_behalf_of": "e-x", "claimed": True, "case": "c-\u00e9", "rows": 7,
    "decision": "permit", "rules": ("one", "two"), "ask": bytes(32), "taken": AT, "stage": Stage.WITNESSED,
    "withheld": Withhold("legal_demand", AT), "break_glass": True, "caller": Caller("tool", Proof.MTLS, speaks=True),
    "gate": GateSaw(case_given=True, last_look=AT, limit_ms=5, quota=(1, 2, 3, 4)),
}  # fmt: skip
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


@given(st.sets(st.sampled_from(sorted(SPELLED))))
def test_what_was_spelled_here_is_read_as_anybody_reads_it(names):
    """A body of this process is not spelled again to be compared; what it says is the same as of one from elsewhere."""
    made = replace(LookBody.decode(canonical(BODY)), **{name: SPELLED[name] for name in names})
    raw = made.encode()
    assert look_body_module._spelled.find(raw) is not None
    assert type(raw) is Body
    assert canonical(json.loads(raw)) == raw
    ours = LookBody._decoded(raw, "elsewhere")
    look_body_module._spelled.clear()
    assert LookBody._decoded(bytes(raw), "elsewhere") == ours == made
    assert ours.encode() == raw


LATER = datetime(2026, 3, 2, 9, 30, 1, 999, tzinfo=UTC)


@pytest.mark.parametrize(
    "finer", [{"at": LATER}, {"taken": LATER}, {"withheld": Withhold("legal_demand", LATER)},
              {"gate": replace(SPELLED["gate"], last_look=LATER)}, {"at": AT.astimezone(timezone(timedelta(hours=2)))}]
)  # fmt: skip
def test_what_was_spelled_here_is_read_back_and_not_remembered_where_it_says_less(finer):
    """A time is cut to milliseconds in a body: what is read is what stands there, and not what it was made from."""
    made = replace(LookBody.decode(canonical(BODY)), **finer)
    ours = LookBody.decode(made.encode())
    look_body_module._spelled.clear()
    look_body_module._lately.cache_clear()
    assert repr(ours) == repr(LookBody.decode(made.encode()))


def test_a_text_that_no_other_has_is_spelled_as_anywhere():
    r"""Quotes, backslashes, signs below a blank, and what lies beyond 16 bits; a lone surrogate has no bytes."""
    made = replace(LookBody.decode(canonical(BODY)), case='"\\\n\x1f\x7f\u2028\U0001f980', rules=("\t", ""))
    assert canonical(json.loads(made.encode())) == made.encode()
    with pytest.raises(NotCanonical):
        replace(made, case="\ud800").encode()


@given(
    st.sampled_from(Mode), st.booleans(), st.none() | st.just(Caller("tool", Proof.MTLS, speaks=True)),
    st.sets(st.sampled_from([Asked(Field.IP, "network"), Asked(Field.PROFILE, "exact"), Asked(Field.LOCATION, "city")]), min_size=1),
    st.none() | st.text(min_size=1, max_size=9).filter(lambda text: text.isprintable() and len(text.encode()) < 200),
)  # fmt: skip
def test_the_digest_of_a_look_is_that_of_its_canonical_json(mode, glass, caller, asked, case):
    look = Look("l-1", "ana", "mira", tuple(asked), "fraud", case, "k", mode, "tool \u00e9\\", glass, caller)
    said = {
        "case": case, "fields": [{"field": str(a.field), "detail": a.detail} for a in sorted(asked)], "mode": str(mode),
        "person": "p-1", "principal": "e-1", "purpose": "fraud",
    } | ({"break_glass": True} if glass else {})  # fmt: skip
    assert exact_digest(look, "e-1", "p-1") == sha256(b"whosaw/exact/v1" + canonical(said)).digest()
    said |= {"app": look.app, "look": "l-1"} | ({} if caller is None else {"caller": caller.json()})
    assert ask_digest(look, "e-1", "p-1") == sha256(b"whosaw/ask/v1" + canonical(said)).digest()


@pytest.mark.parametrize("wrong", [{"claimed": 5}, {"rows": -1}, {"rules": (7,)}, {"person": 3}, {"origin": "guessed"}])
def test_what_was_spelled_here_of_wrong_facts_is_no_look_either(wrong):
    made = replace(LookBody.decode(canonical(BODY)), **wrong)
    with pytest.raises(NotCanonical):
        LookBody.decode(made.encode())

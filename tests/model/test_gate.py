# SPDX-License-Identifier: Apache-2.0
"""What came later into the body of a look: one spelling, left out where it is as before, and old bytes stay as they are."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.log_maker import look_body

from whosaw.errors import BadInput, NotCanonical
from whosaw.model.access import LADDER, Asked, Field, Look
from whosaw.model.ask import ask_digest, exact_digest
from whosaw.model.caller import Caller, Proof
from whosaw.model.gate import GateSaw
from whosaw.model.look_body import LookBody
from whosaw.model.record import canonical

BODY = LookBody.decode(look_body("anna", 1))
RUNGS = sorted(Asked(f, d) for f in Field for d in LADDER[f])
FOUR = st.tuples(*[st.integers(-(2**40), 2**40)] * 4)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
GATES = st.builds(
    GateSaw,
    case_given=st.booleans(), last_look=st.none() | TIMES, limit_ms=st.none() | st.integers(0, 2**40), quota=st.none() | FOUR,
    approvals=st.just((0, 0, 0, 0)) | FOUR,
    offered=st.none() | st.sets(st.sampled_from(RUNGS), max_size=4).map(lambda s: tuple(sorted(s))),
    silent=st.booleans(), unread=st.booleans(),
)  # fmt: skip
CALLERS = st.builds(
    Caller, st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,63}\Z"), st.sampled_from(Proof), st.booleans()
)


@given(st.none() | GATES, st.none() | CALLERS, st.booleans())
def test_a_body_is_read_as_it_was_written(gate, caller, glass):
    """Gate, caller and broken glass come back as they were, and what is as usual is not written at all."""
    body = replace(BODY, gate=gate, caller=caller, break_glass=glass)
    raw = body.encode()
    assert LookBody.decode(raw) == body
    said = json.loads(raw)
    assert ("gate" in said, "caller" in said, "break_glass" in said) == (gate is not None, caller is not None, glass)
    if gate is not None:
        usual = {"approvals": any(gate.approvals), "offered": gate.offered is not None}
        assert all((key in said["gate"]) is there for key, there in usual.items())
        assert ("silent" in said["gate"], "unread" in said["gate"]) == (gate.silent, gate.unread)


PLAIN = {"case_given": True, "last_look": None, "limit_ms": 1, "quota": [1, 2, 3, 4]}
BAD = [
    ("gate", None), ("gate", {}), ("gate", []), ("gate", {**PLAIN, "more": 1}), ("gate", {**PLAIN, "case_given": 1}),
    ("gate", {**PLAIN, "limit_ms": True}), ("gate", {**PLAIN, "limit_ms": "1"}), ("gate", {**PLAIN, "quota": [1, 2, 3]}),
    ("gate", {**PLAIN, "quota": [1, 2, 3, True]}), ("gate", {**PLAIN, "approvals": [0, 0, 0, 0]}),
    ("gate", {**PLAIN, "silent": False}), ("gate", {**PLAIN, "unread": 1}), ("gate", {**PLAIN, "offered": ["device"]}),
    ("gate", {**PLAIN, "offered": ["ip:network", "device:exact"]}), ("gate", {**PLAIN, "offered": "ip:network"}),
    ("gate", {**PLAIN, "last_look": "2026"}), ("gate", {k: v for k, v in PLAIN.items() if k != "quota"}),
    ("caller", None), ("caller", {}), ("caller", {"name": "desk", "proof": "mtls"}),
    ("caller", {"name": "desk", "proof": "word of honour", "speaks": True}),
    ("caller", {"name": "desk of mira", "proof": "jwt", "speaks": True}),
    ("caller", {"name": "desk", "proof": "jwt", "speaks": 1}), ("caller", {"name": 5, "proof": "jwt", "speaks": True}),
    ("caller", {"name": "desk", "proof": "jwt", "speaks": True, "more": 1}),
    ("break_glass", False), ("break_glass", None), ("break_glass", 1), ("break_glass", "true"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), BAD)
def test_another_spelling_is_no_look(key, value):
    """Other types, keys too many or too few, what is left out written out: refused."""
    with pytest.raises(NotCanonical):
        LookBody.decode(canonical(json.loads(BODY.encode()) | {key: value}))


LOOK = Look("l", "ana", "mira", (Asked(Field.IP, "network"),), "fraud_review", "c", "k")
DESK = Caller("desk", Proof.JWT, False)


def test_old_digests_stay():
    """A look without caller and haste has the digest that it always had."""
    assert ask_digest(LOOK, "e-1", "p-1").hex() == "0d6bc97b86b5ac0f4d33e90b011ca39350309cfc68c26b543989428c3b708099"
    others = [
        replace(LOOK, break_glass=True),
        replace(LOOK, caller=DESK),
        replace(LOOK, caller=replace(DESK, speaks=True)),
    ]
    assert len({ask_digest(other, "e-1", "p-1") for other in [LOOK, *others]}) == 4


def test_an_approval_is_bound_to_what_is_asked_and_to_no_tool():
    """Id, key, tool and caller make no difference; who, whom, what, how, what for and under which case each do."""
    same = [
        replace(LOOK, look_id="other"), replace(LOOK, key="other"), replace(LOOK, app="other"),
        replace(LOOK, caller=DESK), replace(LOOK, principal="x", person="y"),
    ]  # fmt: skip
    assert {exact_digest(look, "e-1", "p-1") for look in [LOOK, *same]} == {exact_digest(LOOK, "e-1", "p-1")}
    different = [
        replace(LOOK, asked=(Asked(Field.IP, "exact"),)), replace(LOOK, asked=(*LOOK.asked, Asked(Field.DEVICE, "exact"))),
        replace(LOOK, purpose="safety_review"), replace(LOOK, case="c2"), replace(LOOK, case=None),
        replace(LOOK, mode="search"), replace(LOOK, break_glass=True),
    ]  # fmt: skip
    digests = {exact_digest(look, "e-1", "p-1") for look in [LOOK, *different]}
    digests |= {exact_digest(LOOK, "e-2", "p-1"), exact_digest(LOOK, "e-1", "p-2")}
    assert len(digests) == len(different) + 3
    both = (Asked(Field.IP, "network"), Asked(Field.DEVICE, "exact"))
    one, other = (replace(LOOK, asked=each) for each in (both, both[::-1]))
    assert exact_digest(one, "e-1", "p-1") == exact_digest(other, "e-1", "p-1")
    assert exact_digest(LOOK, "e-1", "p-1") != ask_digest(LOOK, "e-1", "p-1")


@pytest.mark.parametrize("name", ["", "desk of mira", "é", "a" * 65, "-desk", 5, None])
def test_a_caller_has_a_plain_name(name):
    """It is recorded as it is."""
    with pytest.raises(BadInput):
        Caller(name, Proof.MTLS, False)

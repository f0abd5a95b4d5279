# SPDX-License-Identifier: Apache-2.0
"""The life of a request: every short life is lived once, and held against rules written another way."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.approvals.asked import BEGAN, GATE, HOUR, A, B, C, R, event, request
from tests.guard.approvals.authenticator import SoftKey

from whosaw.errors import Damaged, NotCanonical
from whosaw.guard.approvals.record import body, event_of, ledger_body, made_of
from whosaw.guard.approvals.state import Event, No, Standing, State, What, step
from whosaw.model.approval import As, Counts, Overseen, Uses
from whosaw.model.record import canonical, parse

TIMES = (1, 11.9, 12, 23.9, 24)
DEEDS = (
    (What.ASKED, R, None), (What.ASKED, A, None), (What.GIVEN, A, As.INDEPENDENT), (What.GIVEN, B, As.OVERSEER),
    (What.GIVEN, R, As.INDEPENDENT), (What.REFUSED, A, None), (What.REFUSED, R, None), (What.WITHDRAWN, R, None),
    (What.WITHDRAWN, A, None), (What.VOID, GATE, None), (What.EXPIRED, GATE, None), (What.USED, GATE, None),
    (What.REVIEWED, C, None), (What.REVIEWED, A, None), (What.REVIEWED, R, None), (What.BROKEN, R, None),
)  # fmt: skip


def oracle(lived, what, by, role, hours, needs, uses):
    """What state comes next, or None where it cannot: written from docs/approvals.md, as a list of its sentences."""
    state, signed, said = "draft", {}, []
    for w, b, r, _ in lived:
        said.append(w)
        if w is What.GIVEN:
            signed[b] = r
    if What.ASKED in said:
        state = "pending"
    if len(signed) >= needs.independent and list(signed.values()).count(As.OVERSEER) >= needs.overseers and signed:
        state = "approved"
    for w in said:
        state = {What.REFUSED: "refused", What.WITHDRAWN: "withdrawn", What.VOID: "withdrawn", What.EXPIRED: "expired",
                 What.USED: "used", What.REVIEWED: "reviewed"}.get(w, state)  # fmt: skip
    late = (state == "pending" and hours >= 12) or (state == "approved" and hours >= 24)
    if what is What.EXPIRED:
        return "expired" if late else None
    if late:
        return None
    waiting = state in ("pending", "approved")
    match what:
        case What.ASKED if state == "draft" and by == R:
            return "pending"
        case What.GIVEN if state == "pending" and by != R and by not in signed:
            both = [*signed.values(), role]
            done = len(both) >= needs.independent and both.count(As.OVERSEER) >= needs.overseers
            return "approved" if done else "pending"
        case What.REFUSED if by != R and (state == "pending" or (state == "approved" and by in signed)):
            return "refused"
        case What.WITHDRAWN if waiting and by == R:
            return "withdrawn"
        case What.VOID if waiting or (state == "used" and uses is Uses.WINDOW):
            return "withdrawn"
        case What.USED if state == "approved":
            return "used"
        case What.REVIEWED if state == "used" and by != R and by not in signed:
            return "reviewed"
        case _:
            return None


@pytest.mark.parametrize(
    ("needs", "uses"),
    [(Counts(independent=1), Uses.ONCE), (Counts(independent=2, overseers=1), Uses.ONCE), (Counts(independent=1), Uses.WINDOW)],
)  # fmt: skip
def test_every_short_life_agrees_with_the_oracle(needs, uses):
    """All that can happen, by anybody, at any time that matters, four deep: the same answer at each step."""
    seen = set()

    def live(now: Standing, lived: tuple, since: float) -> None:
        for (what, by, role), hours in product(DEEDS, TIMES):
            if hours < since:
                continue
            expected = oracle(lived, what, by, role, hours, needs, uses)
            after = step(now, event(what, by, hours, role=role))
            assert (None if isinstance(after, No) else after.state) == expected, (lived, what, by, hours)
            if isinstance(after, Standing):
                assert after.version == now.version + 1
                seen.add(after.state)
                if len(lived) < 3:
                    live(after, (*lived, (what, by, role, hours)), hours)

    live(Standing(request(needs=needs, uses=uses)), (), 0)
    assert seen >= {State.PENDING, State.APPROVED, State.REFUSED, State.EXPIRED, State.WITHDRAWN}


def test_a_broken_glass_asks_nobody_and_is_reviewed_by_another():
    """It is used from its first moment, and leads to a review and nowhere else."""
    draft = Standing(request(break_glass=True))
    assert isinstance(step(draft, event(What.ASKED, R)), No)
    broken = step(draft, event(What.BROKEN, R, look="l-1"))
    assert (broken.state, broken.open) == (State.USED, False)
    for what, by, role in DEEDS:
        after = step(broken, event(what, by, role=role))
        assert isinstance(after, Standing) == (what is What.REVIEWED and by != R)
    reviewed = step(broken, event(What.REVIEWED, C, fine=False))
    assert (reviewed.state, reviewed.reviewed.fine) == (State.REVIEWED, False)


def test_nothing_leads_out_of_what_is_over():
    """Refused, expired, withdrawn and reviewed have no way on, whatever happens, whenever."""
    for over in (State.REFUSED, State.EXPIRED, State.WITHDRAWN, State.REVIEWED):
        for (what, by, role), hours in product(DEEDS, TIMES):
            assert isinstance(step(Standing(request(), state=over), event(what, by, hours, role=role)), No)


def lived(*events: Event, of=None):
    """The records of a life, and what it comes to."""
    now, bodies = Standing(of or request()), []
    for one in events:
        now = step(now, one)
        bodies.append(body(one, now))
    return bodies, now


KEY = SoftKey()
LIFE = (
    event(What.ASKED, R, to=(B,)), event(What.GIVEN, A, 2, proof=KEY.passkey(bytes(32))),
    event(What.GIVEN, "works-council", 3, role=As.OVERSEER, proof=Overseen(vkey="works-council+01020304+AQ==", signature=b"s")),
    event(What.USED, hours=4, look="l-1"), event(What.REVIEWED, C, 5, fine=True, reasons=("line",)),
)  # fmt: skip


def test_a_request_is_what_its_records_make_of_it():
    """Records and nothing else bring back the same value, at every point of a life."""
    whole = request(needs=Counts(independent=2, overseers=1))
    for upto in range(1, len(LIFE) + 1):
        bodies, now = lived(*LIFE[:upto], of=whole)
        assert made_of(bodies) == now
    for one, raw in zip(LIFE, bodies, strict=True):
        assert event_of(raw)[2] == one


def test_records_that_do_not_follow_make_no_request():
    """One left out, two exchanged, one twice, one of another request: no answer rather than a wrong one."""
    bodies, _ = lived(*LIFE, of=request(needs=Counts(independent=2, overseers=1)))
    other, _ = lived(LIFE[0], LIFE[1], of=request(id="a-" + "b" * 16))
    for wrong in (
        [],
        bodies[1:],
        bodies[:1] + bodies[2:],
        bodies[:1] * 2,
        [bodies[0], bodies[2], bodies[1]],
        [bodies[0], other[1]],
        [b"{}"],
    ):
        with pytest.raises(Damaged):
            made_of(wrong)


def test_the_ledger_says_nothing_of_whom_it_was_about():
    """No person, no fields, no case, no digest of either, no reason: who asked whom for what purpose, and what became of it."""
    _, now = lived(*LIFE, of=request(needs=Counts(independent=2, overseers=1)))
    said = parse(ledger_body(LIFE[1], now))
    assert said.keys() == {
        "v", "kind", "id", "n", "what", "at", "by", "as", "fine", "reasons", "to", "state", "ledger", "key", "principal",
        "purpose", "needs", "signed", "until", "uses", "break_glass",
    }  # fmt: skip
    with pytest.raises(NotCanonical):
        event_of(ledger_body(LIFE[1], now))


@given(st.sampled_from(LIFE), st.data())
def test_no_body_has_two_spellings(one, data):
    """Whatever is changed in a body, it is another one, or none."""
    raw = body(one, replace(Standing(request()), version=1))
    said = parse(raw)
    key = data.draw(st.sampled_from(sorted(said)))
    changed = canonical(
        said | {key: data.draw(st.none() | st.text(max_size=3) | st.integers(0, 3) | st.lists(st.none(), max_size=1))}
    )
    try:
        id_, n, event_, request_ = event_of(changed)
    except NotCanonical:
        return
    again = (
        Standing(replace(request_ or request(), id=id_), version=n, state=State(parse(changed)["state"]))
        if parse(changed)["state"] in list(State)
        else None
    )
    assert again is None or body(event_, again) == changed


def test_times_are_the_events_and_their_ends_are_out():
    """To the microsecond: before the end it counts, at the end it does not."""
    asked = step(Standing(request()), event(What.ASKED, R))
    end = Event(what=What.GIVEN, by=A, at=BEGAN + 12 * HOUR, role=As.INDEPENDENT)
    assert isinstance(step(asked, end), No)
    assert isinstance(step(asked, replace(end, at=end.at - HOUR / 3_600_000_000)), Standing)
    assert asked.due(end.at) is What.EXPIRED

# SPDX-License-Identifier: Apache-2.0
"""What a finding weighs, and what speaks against it. Both in words.

    signals of one finding ──▶ one p                      families of them ──▶ odds
    looks of each signal   ──▶ gravity, by its odds       log10(1 + odds) + gravity ──▶ score

Invariant: counter-evidence is always shown and never removes a finding.      Design: docs/adr/0044, 0145, 0240, 0241, 0281
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from whosaw.detect.among import among
from whosaw.detect.changed import late_after
from whosaw.detect.coverage import reasons_off
from whosaw.detect.defaults import Defaults
from whosaw.detect.evidence import narrow
from whosaw.detect.explain import LATE, OVER, OWN
from whosaw.detect.finding import Finding, Reason
from whosaw.detect.fuse import LEAST, fused, odds, of_newcomers, shares
from whosaw.detect.gravity import Gravity
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.signals.unexplained import Unexplained
from whosaw.detect.wording import looked, many
from whosaw.facts.columns import instant
from whosaw.facts.prepared.looks import holds

_NAMED = {
    True: "made in the name of others, which is only claimed: that neither clears nor accuses anybody.",
    False: "made on behalf of somebody else, for whom what was seen counts too.",
}
_LENT = "made through somebody else's account, in the name of one who is named here and may know nothing of it."


def weighed(
    signals: Sequence[Signal],
    explained: Mapping[str, tuple[int, int]],
    approved: frozenset[str],
    grave: Gravity,
    world: World,
    *,
    ran: Mapping[Family, int],
    prices: Mapping[str, float],
) -> Finding:
    """The finding of `signals`, without a number yet. `explained`: per principal (looks with a reason, looks).

    `approved`: looks that somebody else approved. `grave`: how grave pairs are. `ran`: how many signals of each family were on; `prices`: see fuse.py.
    """
    defaults = world.defaults
    looks = _looks(signals)
    whos = sorted({*(look.who for look in looks), *(who for s in signals for who in s.principals)})
    judged = [of_newcomers(s, defaults.fusion) for s in signals]
    p = max(LEAST, fused(judged, ran, defaults.fusion, prices))
    # What else joins it must not thin out what it is about: whoever pads each look with four at anybody would weigh a fifth.
    gravity = math.fsum(share * grave.of(s.looks) for share, s in shares(judged, defaults.fusion, prices))
    return Finding(
        id="",
        as_of=world.as_of,
        # p of what is weak is near 1, however weak: what comes first among many such must still be told.
        score=round(math.log10(1 + odds(judged, ran, defaults.fusion, prices)) + gravity, 4),
        p=six(p),
        sentence=_sentence(signals, looks, whos),
        principals=tuple(whos),
        persons=_persons(signals, looks),
        looks=tuple(sorted({look.look for look in looks})),
        cases=tuple(sorted({c for look in looks if (c := look.case)} | {c for s in signals for c in s.cases})),
        window=(min(look.t for look in looks), max(look.t for look in looks)),
        signals=tuple(Reason(s.signal, s.kind, six(s.p), s.sentence) for s in signals),
        harm=grave.said(looks),
        counter=tuple(
            _counter(looks, [explained[who] for who in whos if who in explained], approved, signals[0], world)
        ),
    )


def _persons(signals: Sequence[Signal], looks: Sequence[Evidence]) -> tuple[str, ...]:
    """Those of the looks that it names; a team may have looked at hundreds more, and they are not what it is about."""
    seen = {look.person for look in looks if look.person is not None}
    return tuple(sorted(seen or {person for signal in signals for person in signal.persons}))


def _sentence(signals: Sequence[Signal], looks: Sequence[Evidence], whos: Sequence[str]) -> str:
    """What was done by all of them, where it is about looks without a reason; else the strongest signal's word."""
    counted = [signal for signal in signals if isinstance(signal, Unexplained)]
    without = [look for look in looks if not look.explained and look.person is not None]
    if not counted or not without:
        return signals[0].sentence
    # Where one team is all of it, its own number: people of one team look at the same persons.
    whole = next((s.whole.expected for s in counted if list(s.principals) == whos), None)
    alone = counted[0].alone
    expected = sum(alone[who].expected for who in whos if who in alone) if whole is None else whole
    # Of a large team the looks that are told may be fewer than are usual for all of it: nobody would see a reproach in that.
    return looked(without, expected) if expected < len({look.person for look in without}) else signals[0].sentence


def six(p: float) -> float:
    """`p` to six significant digits, as it is written."""
    return float(f"{p:.5e}")


def _looks(signals: Sequence[Signal]) -> list[Evidence]:
    looks = {look.key: look for signal in signals for look in signal.looks}
    return sorted(looks.values(), key=lambda look: (look.t, look.key))


def _counter(
    looks: Sequence[Evidence],
    explained: Sequence[tuple[int, int]],
    approved: frozenset[str],
    strongest: Signal,
    world: World,
) -> list[str]:
    kinds: list[tuple[Callable[[Evidence], Any], str]] = [
        (lambda look: look.explained, "a reason on file"),
        (lambda look: look.look in approved, "an approval by somebody of another unit"),
        (lambda look: look.later and not look.explained, "a reason that was filed, or became known, only afterwards"),
        (lambda look: not look.later and look.near & OVER, "a reason that had ended by then"),
        (
            lambda look: look.near & OWN,
            "a reason, but one that the one who looked or their own unit wrote, or of which nobody knows who wrote it",
        ),
        (
            lambda look: not look.later and look.near == LATE,
            "a reason, but one that was filed too late to count",
        ),
    ]
    said = [_of(sum(bool(holds(look)) for look in looks), len(looks), text) for holds, text in kinds]
    refused = sum(look.refused for look in looks)
    named, lent = sum(look.named for look in looks), sum(look.lent for look in looks)
    with_reason, all_ = (sum(pair[i] for pair in explained) for i in (0, 1))
    said += [
        _unknown(looks, late_after(world.defaults)),
        f"{_share(refused, len(looks))} refused: nothing was shown." if refused else "",
        f"{_share(named, len(looks))} {_NAMED[world.facts.dataset is None]}" if named else "",
        f"{_share(lent, len(looks))} {_LENT}" if lent else "",
        f"In the last {world.defaults.windows[-1]} days {_they(len(explained))} had a reason on file for {with_reason:,} of "
        f"{many(all_, 'look')}."
        if with_reason
        else "",
        *_new(looks, world.defaults.fusion.new_days),
        *_weak(strongest.others, world.defaults),
        *(
            [f"{many(off, 'kind')} of reasons could not be checked: a table that would tell of them is missing."]
            if (off := len(reasons_off(world)))
            else []
        ),
    ]
    return [sentence for sentence in said if sentence]


def _unknown(looks: Sequence[Evidence], late: int) -> str:
    """Of which looks nobody could know for a while: whoever watched then is not to be told that they should have seen them."""
    came = [look.arrived for look in looks if look.arrived is not None and look.arrived - look.t > late]
    if not came:
        return ""
    last = "it" if len(came) == 1 else "the last of them"
    return f"{_share(len(came), len(looks))} not known before {instant(max(came)):%Y-%m-%d}, when the log learnt of {last}."


def _of(number: int, all_: int, what: str) -> str:
    if not number:
        return ""
    return f"{_looks_of(number, all_)} {'has' if number == 1 else 'have'} {what}."


def _they(number: int) -> str:
    return "the same account" if number == 1 else "the same accounts"


def _share(number: int, all_: int) -> str:
    return f"{_looks_of(number, all_)} {'was' if number == 1 else 'were'}"


def _looks_of(number: int, all_: int) -> str:
    """`2 of 6 looks`, `All 6 looks`, `The look`."""
    if number < all_:
        return f"{number:,} of {all_:,} looks"
    return {1: "The look", 2: "Both looks"}.get(all_, f"All {all_:,} looks")


def _new(looks: Sequence[Evidence], days: int) -> list[str]:
    new = {look.who for look in looks if look.tenure is not None and look.tenure < days}
    if not new:
        return []
    some = "The one who looked" if len({look.who for look in looks}) == 1 else f"{len(new):,} of those who looked"
    return [f"{some} had been here for less than {days} days."]


def _weak(others: int | None, defaults: Defaults) -> list[str]:
    if others is None or others >= defaults.counts.rate_units:
        return []
    if not others:
        return ["Nobody else here does such work, so what is usual is assumed and not measured."]
    return [f"What is usual was learnt from only {many(others, 'other')}, and is partly assumed."]


def explained_by(world: World, whos: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Per principal of `whos`: looks with a reason, and all looks, in the longest window."""
    if not whos:
        return {}
    looks = narrow(world, world.defaults.windows[-1])
    looks = among(looks, "who", whos)
    counted = looks.group_by("who").aggregate(looks=looks.count(), without=looks.u.sum())
    found: list[Any] = world.facts.rows(counted, ("who",), "explained looks")
    return {row["who"]: (row["looks"] - row["without"], row["looks"]) for row in found}


def approved_looks(world: World, looks: Sequence[str]) -> frozenset[str]:
    """Those of `looks` that were approved, by somebody of another org unit than the one who asked."""
    if not looks or not {"approvals", "staff"} <= world.tables.keys():
        return frozenset()
    given, staff = world.tables["approvals"], world.tables["staff"]
    given = among(given.filter(given.outcome == "approved"), "look_id", looks)
    one = staff.select(one=staff.who, one_unit=staff.unit, one_from=staff.valid_from, one_to=staff.valid_to)
    other = staff.select(other=staff.who, other_unit=staff.unit, other_from=staff.valid_from, other_to=staff.valid_to)
    both = given.inner_join(one, given.requester == one.one)
    both = both.filter(holds(both.one_from, both.one_to, both.t))
    both = both.inner_join(other, both.approver == other.other)
    both = both.filter(holds(both.other_from, both.other_to, both.t), both.one_unit != both.other_unit)
    rows: list[Any] = world.facts.rows(both.select("look_id").distinct(), ("look_id",), "approvals")
    return frozenset(row["look_id"] for row in rows)

# SPDX-License-Identifier: Apache-2.0
"""Looks, signals and findings of detectors, made by hand."""

from hypothesis import strategies as st

from whosaw.detect.finding import Finding, Findings, Reason, finding_id
from whosaw.detect.signal import Evidence, Signal


def seen(who="e-1", person="p-1", look="l-1", t=0, **more) -> Evidence:
    facts = {
        "case": None, "unit": None, "function": None, "manager": None, "country": None, "protected": False,
        "place": False, "refused": False, "named": False, "first": True, "later": False, "near": 0,
    }  # fmt: skip
    return Evidence(look=look, t=t, who=who, person=person, **{**facts, **more})


def signal(p, *looks, kind="principal", unit=None) -> Signal:
    whos = tuple(sorted({look.who for look in looks}))
    return Signal(
        signal="unexplained", family="context", kind=kind, unit=unit or (whos[0] if whos else "e-0"), stratum="everybody",
        p=p, tries=6, days=90, k=3, n=9, expected=0.5, principals=whos, looks=tuple(looks), sentence="One person looked.",
    )  # fmt: skip


def finding(*looks, id_="", p=0.001) -> Finding:
    return Finding(
        id=id_, as_of=5, score=3.0, p=p, sentence="Somebody looked.", principals=("e-1",), persons=("p-1",),
        looks=tuple(sorted(looks)), cases=(), window=(1, 4), signals=(Reason("unexplained", "principal", p, "Looked."),),
        harm=(), counter=("Nothing.",),
    )  # fmt: skip


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
_SETS = st.sets(_TEXTS, max_size=4).map(lambda s: tuple(sorted(s)))
_P = st.floats(1e-15, 1.0).map(lambda p: float(f"{p:.5e}"))


@st.composite
def any_findings(draw) -> Findings:
    numbers = sorted(draw(st.sets(st.integers(1, 999_998), max_size=4)))
    made = [
        Finding(
            id=finding_id(number), as_of=draw(st.integers(0, 2**53 - 1)),
            score=round(draw(st.floats(-1, 20)), 4) + 0.0, p=draw(_P), sentence=draw(_TEXTS), principals=draw(_SETS),
            persons=draw(_SETS), looks=draw(_SETS.filter(bool)), cases=draw(_SETS),
            window=tuple(sorted((draw(st.integers(0, 2**50)), draw(st.integers(0, 2**50))))),
            signals=tuple(Reason(draw(_TEXTS), draw(_TEXTS), draw(_P), draw(_TEXTS)) for _ in range(draw(st.integers(0, 2)))),
            harm=draw(_SETS), counter=draw(_SETS),
        )
        for number in numbers
    ]  # fmt: skip
    changed = draw(st.none() | st.integers(0, 2**53 - 1))
    return Findings(draw(st.integers(numbers[-1] if numbers else 0, 999_999)), tuple(made), changed)

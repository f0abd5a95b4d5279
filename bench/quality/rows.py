# SPDX-License-Identifier: Apache-2.0
"""From what was measured to figures: pooled over companies, with intervals, and each bar with what was reached.

Invariant: a bar that could not be measured is shown as such, and a bad figure like a good one.
"""

from __future__ import annotations

import math
import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from whosaw.evaluate.bootstrap import of_mean
from whosaw.evaluate.calibration import kolmogorov
from whosaw.evaluate.groups import SMALLEST, Group, largest
from whosaw.model import share

READ = tomllib.loads(Path(__file__).with_name("read.toml").read_text())
# Their business is to fake a reason: what has one there was not explained away by us.
FAKING = frozenset({"cover_wrong_person", "cover_added_later", "cover_stretched", "cover_own_ring", "trail_edits"})
_DRAWS, _SEED = 400, 20220701
_MIDDLE = 1  # 25, of the budgets 10, 25, 50

Runs = Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Bar:
    """`reached`: None where nothing was measured."""

    what: str
    wanted: str
    measured: str
    sure: str
    reached: bool | None


def verdict(reached: bool | None) -> str:
    return "not measured" if reached is None else "reached" if reached else "**missed**"


def companies(number: int) -> str:
    return f"{number} {'company' if number == 1 else 'companies'}"


def bars(runs: Runs) -> list[Bar]:
    """Every bar of the detectors, in the order in which they were set."""
    return [
        *_reasons(runs),
        *_motive(runs),
        *_lists(runs),
        *_covered(runs),
        *_calm(runs),
        *_useless(runs),
        *_design(runs),
    ]


# ── reasons ──


def ordinary(runs: Runs) -> tuple[str, dict[str, int]]:
    """On which companies, and the counts over all of them."""
    of, where = (runs["standard"], "the standard company") if runs["standard"] else (
        [*runs["calm"], *runs["all"]], "smaller companies of the same rates; the standard one was not measured"
    )  # fmt: skip
    names = ("looks", "reason", "first", "first_reason")
    return where, {name: sum(run["reasons"]["ordinary"][name] for run in of) for name in names}


def planted(runs: Runs) -> dict[str, dict[str, int]]:
    """Per family: planted looks, those with a reason, those with one that was not made for it, and by which reasons."""
    found: dict[str, dict[str, int]] = {}
    for run in [*runs["standard"], *runs["all"], *runs["further"], *runs["unread"], *runs["split"]]:
        for family, counts in run["reasons"]["planted"].items():
            mine = found.setdefault(family, {})
            for name, value in counts.items():
                mine[name] = mine.get(name, 0) + value
    return dict(sorted(found.items()))


def _reasons(runs: Runs) -> list[Bar]:
    where, of = ordinary(runs)
    wanted = "ordinary looks that have a reason"
    if not of["looks"]:
        return [Bar(wanted, "≥ 94 %", "", "", None)]
    share = of["reason"] / of["looks"]
    first = of["first_reason"] / of["first"]
    away = {f: c.get("reason_not_faked", 0) for f, c in planted(runs).items() if f not in FAKING}
    bad = ", ".join(f"`{f}` {n}" for f, n in away.items() if n)
    all_ = sum(c["looks"] for f, c in planted(runs).items() if f not in FAKING)
    return [
        Bar(f"{wanted}, on {where}", "≥ 94 %", f"{share:.1%}; of first looks {first:.1%}", f"{of['looks']:,} looks", share >= 0.94),
        Bar(
            "planted looks explained away by a reason that nobody faked", "none",
            f"{sum(away.values()):,} of {all_:,}" + (f": {bad}" if bad else ""), "", not sum(away.values()),
        ),
    ]  # fmt: skip


# ── the motive ──


def _motive(runs: Runs) -> list[Bar]:
    made = runs["motive"]
    names = (
        "the motive scenario found within 10 findings per 1,000 staff and month",
        "… before the third outsider was looked at",
    )
    if not made:
        return [Bar(names[0], "in each of 30 seeds", "", "", None), Bar(names[1], "in the median", "", "", None)]
    found = sum(run["found"] for run in made)
    early = sum(run["when"] == "third" for run in made)
    many = len(made)
    few = "" if many >= 30 else "; 30 were asked for"
    return [
        Bar(
            names[0],
            "in each of 30 seeds",
            f"in {found} of {many}{few}",
            wilson(found, many),
            found == many and many >= 30,
        ),
        Bar(names[1], "in the median", f"in {early} of {many}", wilson(early, many), 2 * early >= many),
    ]


def wilson(hits: int, of: int) -> str:
    """95 % of a share, which is a number even where all or none were found."""
    if not of:
        return ""
    low, high = share.wilson(hits, of)
    return f"{low:.2f} to {high:.2f}"


# ── lists of findings ──


def best(run: Any) -> Any:
    """The better of the two lists of the peer."""
    return max(run["peers"].values(), key=lambda r: r["average_precision"])


def sure(values: Sequence[float], own: Any = None) -> str:
    """95 % by drawing companies again; of one company alone by drawing its incidents."""
    if len(values) > 1:
        interval = of_mean(values)
        return f"{interval.low:.2f} to {interval.high:.2f}" if interval else ""
    return f"{own['low']:.2f} to {own['high']:.2f}" if own else ""


def at(report: Any, name: str) -> float:
    return float(report["budgets"][_MIDDLE][name])


def pooled(reports: Sequence[Any], name: str) -> float:
    """Of all findings shown, or of all incidents, together."""
    weight: Callable[[Any], float] = (
        (lambda r: at(r, "shown")) if name.startswith("precision") else (lambda r: r["incidents"])
    )
    total = sum(map(weight, reports))
    return sum(weight(r) * at(r, name) for r in reports) / total if total else 0.0


def families(runs: Sequence[Any]) -> dict[str, dict[str, float]]:
    """Per family: incidents, recall at 25, average precision, and that of the peer."""
    found: dict[str, dict[str, float]] = {}
    for run in runs:
        theirs = {f["family"]: f for f in best(run)["families"]}
        for f in run["ours"]["families"]:
            mine = found.setdefault(f["family"], {"incidents": 0, "recall": 0, "ap": 0, "peer": 0})
            mine["incidents"] += f["incidents"]
            for name, value in (("recall", f["recall"]), ("ap", f["average_precision"]),
                                ("peer", theirs[f["family"]]["average_precision"])):  # fmt: skip
                mine[name] += value * f["incidents"]
    return {
        name: {key: value if key == "incidents" else value / mine["incidents"] for key, value in mine.items()}
        for name, mine in sorted(found.items())
    }


def times_as_good(ours: float, peer: float) -> float:
    return ours / peer if peer else math.inf if ours else 0.0


def _lists(runs: Runs) -> list[Bar]:
    made = runs["all"]
    wanted = (
        "recall at 25, all families",
        "precision at 25",
        "average precision beside an IsolationForest",
        "… in the worst family",
    )
    if not made:
        return [Bar(name, "", "", "", None) for name in wanted]
    ours = [run["ours"] for run in made]
    recall, precision, ceiling = (pooled(ours, name) for name in ("recall", "precision", "precision_ceiling"))
    one = ours[0]["intervals"]
    ap, peer = fmean(r["average_precision"] for r in ours), fmean(best(run)["average_precision"] for run in made)
    by_family = {name: times_as_good(f["ap"], f["peer"]) for name, f in families(made).items()}
    worst = min(by_family, key=lambda name: (by_family[name], name))
    enough = min(0.3, ceiling / 2)
    below = sum(value < 2 for value in by_family.values())
    return [
        Bar(wanted[0], "≥ 0.80", f"{recall:.2f} (at best {pooled(ours, 'recall_ceiling'):.2f})",
            sure([at(r, "recall") for r in ours], one["recall"][_MIDDLE]), recall >= 0.8),
        Bar(wanted[1], f"≥ 0.30, or half of what is possible: {enough:.2f}", f"{precision:.2f} (at best {ceiling:.2f})",
            sure([at(r, "precision") for r in ours], one["precision"][_MIDDLE]), precision >= enough),
        Bar(wanted[2], "≥ 5 times", f"{ap:.3f} and {peer:.3f}: {times_as_good(ap, peer):.1f} times",
            sure([r["average_precision"] for r in ours], one["average_precision"]), ap >= 5 * peer),
        Bar(f"{wanted[3]}: `{worst}`", "≥ 2 times", f"{by_family[worst]:.1f} times; {below} of {len(by_family)} families are below 2", "",
            by_family[worst] >= 2),
    ]  # fmt: skip


def _covered(runs: Runs) -> list[Bar]:
    wanted = "half of the looks under cover stories: average precision lost"
    shared = "a list shared out, nobody shares a person, half in no class: average precision"
    made, split = runs["covered"], runs["split"]
    found = []
    if made:
        plain, half = ([run[name]["ours"]["average_precision"] for run in made] for name in ("plain", "half"))
        lost = 1 - fmean(half) / fmean(plain) if fmean(plain) else 1.0
        found.append(Bar(wanted, "≤ 30 %", f"{lost:.0%}: {fmean(plain):.3f} to {fmean(half):.3f}",
                         sure([1 - h / p for p, h in zip(plain, half, strict=True) if p]) or companies(len(made)), lost <= 0.3))  # fmt: skip
    else:
        found.append(Bar(wanted, "≤ 30 %", "", "", None))
    aps = [run["ours"]["average_precision"] for run in split]
    own = split[0]["ours"]["intervals"]["average_precision"] if split else None
    found.append(
        Bar(shared, "≥ 0.5", f"{fmean(aps):.3f}" if aps else "", sure(aps, own), fmean(aps) >= 0.5 if aps else None)
    )
    return found


# ── nothing planted ──


@dataclass(frozen=True, slots=True)
class Uniform:
    """One signal over all companies together. `well`: in how many of `companies` p stays above .01."""

    signal: str
    units: int
    ratios: tuple[float, float]
    distance: float
    p: float
    well: int
    companies: int


def uniform(runs: Runs) -> list[Uniform]:
    """Per signal, p of all units of all companies without incidents."""
    found = []
    for name in sorted({name for run in runs["calm"] for name in run["signals"]}):
        own = [run["signals"][name] for run in runs["calm"] if name in run["signals"]]
        units = sum(each["units"] for each in own)
        grid = [sum(each["grid"][i] for each in own) for i in range(len(own[0]["grid"]))]
        below, apart = 0, 0.0
        for i, count in enumerate(grid, start=1):
            below += count
            apart = max(apart, abs(below / units - i / len(grid)))
        ratios = tuple(sum(each["ratios"][i] * each["units"] for each in own) / units for i in (0, 1))
        well = sum(each["distance_p"] > 0.01 for each in own)
        found.append(Uniform(name, units, ratios, apart, kolmogorov(apart, units), well, len(own)))  # type: ignore[arg-type]
    return found


@dataclass(frozen=True, slots=True)
class Unlike:
    """Groups of one attribute; `by`: named by a finding, or p up to .01 in a signal about them alone."""

    attribute: str
    by: str
    groups: tuple[Group, ...]
    ratio: float
    by_chance: tuple[float, float]


def unlike(runs: Runs) -> list[Unlike]:
    """Whom false findings name, by group, all companies without incidents together."""
    found = []
    for attribute in ("country", "function", "site", "tenure"):
        counts: dict[str, list[int]] = {}
        for run in runs["calm"]:
            for group, values in run["groups"].get(attribute, {}).items():
                counts[group] = [a + b for a, b in zip(counts.get(group, [0, 0, 0]), values, strict=True)]
        large = {name: values for name, values in sorted(counts.items()) if values[0] >= SMALLEST and name != "service"}
        if len(large) < 2:
            continue
        for column, by in ((1, "named by a finding"), (2, "p ≤ .01 in a signal about one principal")):
            groups = tuple(Group(name, values[0], values[column]) for name, values in large.items())
            found.append(Unlike(attribute, by, groups, largest(groups), _by_chance(groups)))
    return found


def _by_chance(groups: Sequence[Group]) -> tuple[float, float]:
    draw = random.Random(_SEED)
    able = [group.name for group in groups for _ in range(group.people)]
    made = []
    for _ in range(_DRAWS):
        names = draw.sample(able, sum(group.named for group in groups))
        made.append(largest([Group(g.name, g.people, names.count(g.name)) for g in groups]))
    made.sort()
    return made[_DRAWS // 2], made[round(0.95 * (_DRAWS - 1))]


def _calm(runs: Runs) -> list[Bar]:
    wanted = "p on data without incidents: Kolmogorov and Smirnov"
    signals = uniform(runs)
    found = [Bar(wanted, "p > .01 for each signal", "", "", None)]
    if signals:
        bad = [s.signal for s in signals if s.p <= 0.01]
        named = "" if not bad else ", not " + ", ".join(f"`{name}`" for name in bad)
        found = [Bar(wanted, "p > .01 for each signal", f"{len(signals) - len(bad)} of {len(signals)}{named}",
                     companies(len(runs["calm"])), not bad)]  # fmt: skip
    groups = {u.attribute: u for u in unlike(runs) if u.by == "named by a finding"}
    for attribute in ("country", "function"):
        of = groups.get(attribute)
        what = f"false findings, by {attribute}: the most suspected group beside the least"
        found.append(
            Bar(what, "≤ 1.5 times", "", "", None) if of is None else
            Bar(what, "≤ 1.5 times", f"{of.ratio:.2f} times", f"by chance {of.by_chance[0]:.2f}, up to {of.by_chance[1]:.2f}",
                of.ratio <= 1.5)
        )  # fmt: skip
    return found


# ── each signal left out ──


@dataclass(frozen=True, slots=True)
class Lost:
    """What is lost without a signal, over all companies. `most`: the family that loses most, and how much of its precision."""

    signal: str
    precision: float
    recall: float
    most: tuple[str, float] | None
    nothing: bool


def lost(runs: Runs) -> list[Lost]:
    """Per signal; those that matter most first."""
    made = runs["all"]
    found = []
    for name in sorted({name for run in made for name in run["without"]}):
        own = [run for run in made if name in run["without"]]
        ap = fmean(run["ours"]["average_precision"] - run["without"][name]["average_precision"] for run in own)
        recall = fmean(at(run["ours"], "recall") - run["without"][name]["recall"] for run in own)
        by_family: dict[str, list[float]] = {}
        for run in own:
            for f in run["ours"]["families"]:
                less = f["average_precision"] - run["without"][name]["families"][f["family"]]
                by_family.setdefault(f["family"], []).append(less)
        means = {family: fmean(values) for family, values in by_family.items()}
        most = max(means.items(), key=lambda each: (each[1], each[0]), default=None)
        # Whatever rises somewhere, however little, is something.
        nothing = ap <= 0 and recall <= 0 and all(value <= 1e-9 for value in means.values())
        found.append(Lost(name, ap, recall, most if most and most[1] > 1e-9 else None, nothing))
    return sorted(found, key=lambda each: (-each.precision, each.signal))


def _useless(runs: Runs) -> list[Bar]:
    each = lost(runs)
    bad = [f"`{s.signal}`" for s in each if s.nothing]
    return [
        Bar(
            "signals that add nothing anywhere",
            "none",
            (", ".join(bad) or "none") if each else "",
            "",
            not bad if each else None,
        )
    ]


def _design(runs: Runs) -> list[Bar]:
    """Of the design, beyond the bars: twins, and the far tail."""
    made = [run["ours"]["twins"] for run in runs["all"]]
    pairs = sum(t["above"] + t["below"] + t["neither"] for t in made)
    above = sum(t["above"] + t["neither"] / 2 for t in made)
    tails = {s.signal: s.ratios[1] for s in uniform(runs) if s.units >= 1000}
    bad = [f"`{name}` {value:.1f}" for name, value in tails.items() if not 0.5 <= value <= 1.5]
    return [
        Bar("incidents that stand above their benign twin", "≥ 80 %", f"{above / pairs:.0%} of {pairs}" if pairs else "",
            wilson(round(above), pairs), above >= 0.8 * pairs if pairs else None),
        Bar("p ≤ .001, beside what it says; signals of 1,000 units and more", "0.5 to 1.5 times",
            (f"{len(tails) - len(bad)} of {len(tails)}" + (": " + ", ".join(bad) if bad else "")) if tails else "", "",
            not bad if tails else None),
    ]  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""The page: every bar with what was reached, then the tables behind it. Nothing in it is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean, median
from typing import Any

from bench.quality.plan import PARTS, Job
from bench.quality.rows import (
    READ,
    Runs,
    at,
    bars,
    best,
    companies,
    families,
    lost,
    planted,
    pooled,
    times_as_good,
    uniform,
    unlike,
    verdict,
)

from whosaw.detect.templates import load_templates

_BUDGETS = (10, 25, 50)


def page(runs: Runs, planned: Sequence[Job], code: str) -> str:
    """All of it, as Markdown."""
    found = bars(runs)
    reached = sum(bar.reached is True for bar in found)
    parts = [
        "# How good the detectors are",
        (
            "Made by `make detection-quality`: nothing here is written by hand, and nothing is left out because it looks bad. "
            "`whosaw simulate` invents the companies and shares no code with the detectors, but both belong to this project: on "
            "companies that others make expect less."
        ),
        _run(runs, planned, code),
        "## Every bar",
        f"{reached} of {len(found)} are reached. What rests on one company may be otherwise on the next, reached or missed.",
        table(
            ("bar", "wanted", "measured", "95 %", ""),
            [(bar.what, bar.wanted, bar.measured, bar.sure, verdict(bar.reached)) for bar in found],
        ),
        (
            "Budgets are findings per 1,000 staff and month; *at best* is what so many findings allow. The list that is measured holds the "
            "strongest findings, 50 per 1,000 staff and month, without those drawn by lot. Intervals: companies drawn again; of one "
            "company its incidents; shares by Wilson. The last two bars are of the design, beyond those that were set."
        ),
        *_motive(runs),
        *_beside(runs),
        *_families(runs),
        *_covered(runs),
        *_reasons(runs),
        *_without(runs),
        *_benign(runs),
        *_calibration(runs),
        *_groups(runs),
        *_cost(runs),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rows = list(rows)
    if not rows:
        return "Not measured in this run."
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _run(runs: Runs, planned: Sequence[Job], code: str) -> str:
    rows = []
    for name, part in PARTS.items():
        wanted = sum(job.part == name for job in planned)
        seeds = [run["seed"] for run in runs[name]]
        cpu = f"{fmean(run['cpu_seconds'] for run in runs[name]):.0f}" if seeds else ""
        size = f"{part.staff:,} staff, {part.days} days"
        said = "" if not seeds else f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        rows.append((f"`{name}`", size, f"{len(seeds)} of {wanted}", said, cpu))
    read = sorted({run["seed"] for each in runs.values() for run in each} & set(READ["seeds"]))
    seen = f" Of seeds {', '.join(map(str, read))} findings were read while the detectors were made: they flatter." if read else (
        " None of these seeds is on the list of those whose findings were read while the detectors were made."
    )  # fmt: skip
    return (
        f"Code of digest `{code}`, each company in a process of its own.{seen}\n\n"
        + table(("part", "company", "measured, of planned", "seeds", "seconds of a core, each"), rows)
    )  # fmt: skip


def _motive(runs: Runs) -> list[str]:
    made = runs["motive"]
    if not made:
        return []
    when = {
        "third": "before the third outsider",
        "end": "by the end",
        "later": "between the last look and the end",
        None: "not",
    }
    rows = [
        (f"{run['seed']}", f"{run['outsiders']}", when[run["when"]],
         "; ".join(f"{name}: {'not listed' if rank is None else f'rank {rank}'} of {may}" for name, (rank, may) in run["tried"].items()))
        for run in made
    ]  # fmt: skip
    return [
        "## The motive, seed by seed",
        (
            "A company with this one incident. It is looked through as of the moment before the third outsider is looked at, seeing nothing "
            "later; where it is not found then, as of the end, and between. *Of* says how many findings 10 per 1,000 staff and month "
            "are by then: in small companies that is one or two, which is harder than it is in a large one."
        ),
        table(("seed", "outsiders", "found", "rank, of places"), rows),
    ]


def _beside(runs: Runs) -> list[str]:
    made = runs["all"]
    if not made:
        return []
    ours, peers = [run["ours"] for run in made], [best(run) for run in made]

    def row(name: str, of: Any, ceiling: str = "", i: int = 0, low: bool = True) -> tuple[str, ...]:
        values = [of(r) for r in ours]
        top = f"{fmean(r['budgets'][i][ceiling] for r in ours):.2f}" if ceiling else ""
        worst = min(values) if low else max(values)
        return name, f"{fmean(values):.3f}", f"{worst:.3f}", f"{fmean(of(r) for r in peers):.3f}", top

    rows = [
        row("average precision over incidents", lambda r: r["average_precision"]),
        row("average precision over pairs", lambda r: r["average_precision_of_pairs"]),
    ]
    rows += [
        row(f"{name} at {budget}", lambda r, i=i, name=name: r["budgets"][i][name], f"{name}_ceiling", i)
        for i, budget in enumerate(_BUDGETS)
        for name in ("precision", "recall")
    ]
    rows += [
        row("incident above its twin", lambda r: r["twins"]["share"] or 0.0),
        row("false findings at 25 per 1,000 staff and week", lambda r: at(r, "false_per_1000_staff_weeks"), low=False),
    ]
    return [
        "## Beside an IsolationForest with the same context",
        (
            f"{companies(len(made))} with every family once, {sum(r['incidents'] for r in ours)} incidents, each with a benign twin of the same "
            f"shape: {fmean(r['prevalence'] for r in ours):.0f} incidents per 1,000 staff and month, far more than in life. The peer gets the weight "
            "of reasons, flags, classes and degrees per pair of principal and person, and may name as many findings."
        ),
        table(("figure", "ours, mean", "ours, worst company", "IsolationForest, mean", "at best"), rows),
    ]


def _families(runs: Runs) -> list[str]:
    made = families(runs["all"])
    new = families([*runs["further"], *runs["unread"]])
    read = set(READ["families"])

    def row(name: str, f: Any) -> tuple[str, ...]:
        ratio = times_as_good(f["ap"], f["peer"])
        said = "∞" if ratio == float("inf") else f"{ratio:.1f}"
        return (f"`{name}`", "yes" if name in read else "no", f"{f['incidents']:.0f}", f"{f['recall']:.2f}", f"{f['ap']:.3f}",
                f"{f['peer']:.3f}", said)  # fmt: skip

    halves = []
    for label, kept in (("read while detectors were made", True), ("read by nobody", False)):
        own = [f for name, f in [*made.items(), *new.items()] if (name in read) == kept]
        if own:
            n = sum(f["incidents"] for f in own)
            mean = {key: sum(f[key] * f["incidents"] for f in own) / n for key in ("recall", "ap", "peer")}
            halves.append(
                (label, f"{len(own)}", f"{n:.0f}", f"{mean['recall']:.2f}", f"{mean['ap']:.3f}", f"{mean['peer']:.3f}")
            )
    ours = [run["ours"] for run in runs["unread"]]
    whole = (
        f" On {companies(len(ours))} with those alone: recall at 25 {pooled(ours, 'recall'):.2f}, precision {pooled(ours, 'precision'):.2f} "
        f"(at best {pooled(ours, 'precision_ceiling'):.2f}), average precision {fmean(r['average_precision'] for r in ours):.3f}, IsolationForest "
        f"{fmean(best(run)['average_precision'] for run in runs['unread']):.3f}." if ours else ""
    )  # fmt: skip
    return [
        "## By family",
        (
            "Which families were read while the detectors were made stands in `bench/quality/read.toml`; those that were not are planted by "
            f"`bench/quality/unread.py`, which was written last and for this page alone.{whole}"
        ),
        table(("families", "how many", "incidents", "recall at 25", "average precision", "IsolationForest"), halves),
        "Average precision of a family: of a list without the finds of other families.",
        table(
            ("family", "read", "incidents", "found at 25", "average precision", "IsolationForest", "times"),
            [row(name, f) for name, f in [*made.items(), *new.items()]],
        ),
    ]


def _covered(runs: Runs) -> list[str]:
    made = runs["covered"]
    if not made:
        return []
    names = sorted({f["family"] for run in made for f in run["plain"]["ours"]["families"]})

    def ap(name: str, how: str) -> float:
        return fmean(
            f["average_precision"] for run in made for f in run[how]["ours"]["families"] if f["family"] == name
        )

    return [
        "## Half of the looks under cover stories",
        (
            "The same incidents twice: no story at all, and for half of the looks one of a real case about somebody else, the same with the "
            "person added to it, and a case that a colleague opens for it."
        ),
        table(
            ("family", "average precision, plain", "half covered"),
            [(f"`{n}`", f"{ap(n, 'plain'):.3f}", f"{ap(n, 'half'):.3f}") for n in names],
        ),
    ]


def _reasons(runs: Runs) -> list[str]:
    found = planted(runs)
    rows = []
    for family, counts in found.items():
        by = sorted(((value, name[3:]) for name, value in counts.items() if name.startswith("by ")), reverse=True)
        rows.append((f"`{family}`", f"{counts['looks']:,}", f"{counts.get('reason', 0):,}", f"{counts.get('reason_not_faked', 0):,}",
                     ", ".join(f"`{_reason(int(place))}` {value}" for value, place in by)))  # fmt: skip
    return [
        "## Planted looks that have a reason",
        "*Not faked*: no case was made for it that the look names, or that names the person.",
        table(("family", "looks", "with a reason", "not faked", "which"), rows),
    ]


def _reason(place: int) -> str:
    """The id of a reason from its place in the file; after the last, a repeat of a look that had one."""
    known = load_templates().templates
    return known[place].id if place < len(known) else "a repeat"


def _without(runs: Runs) -> list[str]:
    rows = []
    for each in lost(runs):
        most = "" if each.most is None else f"`{each.most[0]}` {each.most[1]:+.3f}".replace("+", "−")
        said = "adds nothing" if each.nothing else "better without it" if each.precision < -0.005 else ""
        rows.append((f"`{each.signal}`", f"{each.precision:+.3f}", f"{each.recall:+.3f}", most, said))
    return [
        "## Each signal left out",
        "Fused again without it; no other signal is computed again. Plus is what it adds, minus is what it costs.",
        table(("signal", "average precision", "recall at 25", "the family that loses most", ""), rows),
    ]


def _benign(runs: Runs) -> list[str]:
    found: dict[str, list[int]] = {}
    for run in [*runs["all"], *runs["further"], *runs["unread"]]:
        for b in run["ours"]["benign"]:
            counts = found.setdefault(b["family"], [0, 0])
            counts[0] += b["planted"]
            counts[1] += b["found"]
    rows = [(f"`{name}`", f"{counts[0]}", f"{counts[1]}") for name, counts in sorted(found.items())]
    return ["## Benign, and yet a finding", table(("what", "planted", "findings at 25"), rows)]


def _calibration(runs: Runs) -> list[str]:
    rows = [
        (f"`{s.signal}`", f"{s.units:,}", f"{s.ratios[0]:.2f}", f"{s.ratios[1]:.2f}", f"{s.distance:.4f}",
         f"{s.p:.3f}" if s.p >= 0.001 else f"{s.p:.0e}", f"{s.well} of {s.companies}", verdict(s.p > 0.01))
        for s in uniform(runs)
    ]  # fmt: skip
    return [
        "## Is p what it says?",
        (
            "Companies in which nothing is planted. How many times as many units as should have p up to .01 and .001: 1.00 is right, less is safe, "
            "more fires too often. Then the largest distance from uniform, all companies together, with its p; and in how many companies that is "
            "above .01. Counts give p in jumps, which are filled by a hash of the unit's name. Units of one company hang together, which the "
            "test does not know."
        ),
        table(("signal", "units", "p ≤ .01", "p ≤ .001", "distance", "p", "companies", ""), rows),
    ]


def _groups(runs: Runs) -> list[str]:
    rows = [
        (u.attribute, u.by, f"{u.ratio:.2f}", f"{u.by_chance[0]:.2f}, up to {u.by_chance[1]:.2f}",
         ", ".join(f"{g.name} {g.named}/{g.people}" for g in u.groups))
        for u in unlike(runs)
    ]  # fmt: skip
    return [
        "## Who is suspected wrongly",
        (
            "On the same companies, findings within 25: the rate of the group that is named most over that of the group named least, groups "
            "of 50 and more, half a person added to each. Beside it what as many people drawn without a look at their group bring: in the middle, and in "
            "one of twenty cases. Findings name several people at once, so chance is in truth a little larger."
        ),
        table(("by", "counted", "ratio", "by chance", "groups"), rows),
    ]


def _cost(runs: Runs) -> list[str]:
    made = [run for each in runs.values() for run in each]
    if not made:
        return []
    off = sorted({sentence for run in made for sentence in run.get("off", ())})
    return [
        "## What it cost",
        (
            f"{sum(run['cpu_seconds'] for run in made) / 60:.0f} minutes of a core for {companies(len(made))}; at most "
            f"{max(run['peak_mb'] for run in made) / 1024:.1f} GB of memory; the median company {median(run['cpu_seconds'] for run in made):.0f} s."
        ),
        *(f"A signal could not be finished: {sentence}" for sentence in off),
    ]

# SPDX-License-Identifier: Apache-2.0
"""How good the detectors are on invented companies, and beside an IsolationForest that is given the same context.

    whosaw simulate ──▶ folder ─┬─ whosaw detect ──▶ findings ──┐
                                └─ IsolationForest on pairs ────┴─ whosaw evaluate ──▶ docs/detection-quality.md

    python -m bench.quality --seeds 101-106 --staff 400 --days 120 --page docs/detection-quality.md

The peer gets what a team would have after building our context: per pair of principal and person the looks, those without a reason,
first looks, the least weight, class, fields, days, how many look at the person and at how many the principal looks. Its
findings are the pairs that stand out most, and, apart, those pairs joined by principal; the better of the two counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

BUDGETS = ("10", "25", "50")
# Companies that were looked at while the detectors were made: their figures flatter.
LOOKED_AT = frozenset({5})
_SHARE = 0.02  # so many of all pairs the peer may name


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", default="101-103")
    options.add_argument("--staff", default="300")
    options.add_argument("--days", default="120")
    options.add_argument("--page", type=Path)
    options.add_argument("--json", type=Path, help="what was measured so far; seeds in it are not measured again")
    given = options.parse_args()
    first, last = map(int, given.seeds.split("-"))
    runs: dict[str, Any] = json.loads(given.json.read_text()) if given.json and given.json.exists() else {}
    for seed in range(first, last + 1):
        key = f"{seed} {given.staff} {given.days}"
        if key not in runs:
            runs[key] = one(seed, given.staff, given.days)
            if given.json:
                given.json.write_text(json.dumps(runs))
    text = page(runs)
    (given.page.write_text if given.page else sys.stdout.write)(text)


def one(seed: int, staff: str, days: str) -> dict[str, Any]:
    """One company, measured."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "company"
        whosaw("simulate", folder, "--staff", staff, "--days", days, "--seed", seed, "--scenario", "all")
        found, units = Path(made) / "findings.jsonl", Path(made) / "units"
        before = time.monotonic()
        said = json.loads(
            whosaw("detect", folder, "--out", found, "--units", units, "--budget", 50, "--format", "json")
        )
        took = time.monotonic() - before
        ours = evaluated(found, folder, "--units", units)
        peers = {}
        for name, lines in peer(folder).items():
            path = Path(made) / f"{name}.jsonl"
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
            peers[name] = evaluated(path, folder)
        coverage = {
            name: said[name] for name in ("looks", "with_person", "explained", "first", "first_explained", "tried")
        }
        return {"seed": seed, "ours": ours, "peers": peers, "seconds": took, **coverage}


def whosaw(*words: object) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("whosaw"), *map(str, words)],
        check=True,
        capture_output=True,
        text=True,
        timeout=3600,
    )
    return done.stdout


def evaluated(findings: Path, folder: Path, *more: object) -> Any:
    out = findings.with_suffix(".json")
    whosaw("evaluate", findings, "--truth", folder / "truth.jsonl", "--out", out, *more)
    return json.loads(out.read_text())


# ── the peer ──


def peer(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Findings of an IsolationForest: by pair, and by principal."""
    import numpy as np
    from sklearn.ensemble import IsolationForest

    from whosaw.detect.defaults import load_defaults
    from whosaw.detect.lines import time as said
    from whosaw.detect.run import world_of
    from whosaw.detect.templates import load_templates
    from whosaw.facts.dataset.opened import open_dataset

    with open_dataset(folder) as facts:
        dataset = facts.dataset
        templates = load_templates().without(dataset.unsaid)
        looks = world_of(facts, dataset.end, load_defaults(), templates).looks
        looks = looks.filter(looks.claimed == 0, looks.person.notnull())
        pairs = looks.group_by("who", "person").aggregate(
            n=looks.count(), u=looks.u.sum(), u1=looks.u1.sum(), least=looks.weight_then.min(),
            now=looks.weight_now.max(), protected=looks.protected.max(), ip=looks.f_ip.max(), place=looks.f_location.max(),
            messages=looks.f_messages.max(), contacts=looks.f_contacts.max(), days=looks.day.nunique(),
            size=looks["size"].max(), refused=looks.refused.max(),
        ).to_pandas()  # fmt: skip
        ids = looks.select("who", "person", "look_id").to_pandas()
        pairs["lookers"] = pairs.groupby("person")["who"].transform("size")
        pairs["persons"] = pairs.groupby("who")["person"].transform("size")
        pairs["others_without"] = pairs.groupby("who")["u"].transform("sum")
        columns = [name for name in pairs.columns if name not in ("who", "person")]
        x = np.log1p(pairs[columns].to_numpy(dtype=float).clip(0))
        pairs["score"] = -IsolationForest(n_estimators=100, random_state=0).fit(x).score_samples(x)
        top = pairs.nlargest(max(50, int(_SHARE * len(pairs))), "score")
        ids = ids.merge(top[["who", "person", "score"]], on=["who", "person"])
        end = said(dataset.end)
    return {
        "by pair": _lines(ids, ["who", "person"], end),
        "by principal": _lines(ids, ["who"], end),
    }


def _lines(ids: Any, by: list[str], end: str) -> list[dict[str, Any]]:
    lines = []
    for number, (_, group) in enumerate(ids.groupby(by, sort=True)):
        top = group.sort_values(["score", "look_id"], ascending=[False, True]).head(50)
        lines.append({
            "finding": f"x-{number}", "score": float(top.score.max()), "principals": sorted(set(top.who)),
            "persons": sorted(set(top.person)), "looks": sorted(set(top.look_id)), "cases": [], "signals": [],
            "counter": [], "as_of": end,
        })  # fmt: skip
    return lines


# ── the page ──


def page(runs: dict[str, Any]) -> str:
    made = list(runs.values())
    ours = [run["ours"] for run in made]
    peers = [max(run["peers"].values(), key=lambda r: r["average_precision"]) for run in made]
    staff, days = ours[0]["staff"], round(_day(ours[0]["end"]) - _day(ours[0]["start"]))
    explained = sum(r["explained"] for r in made) / sum(r["with_person"] for r in made)
    first = sum(r["first_explained"] for r in made) / sum(r["first"] for r in made)
    begun = (
        "Made by `make detection-quality`: nothing here is written by hand, and nothing is left out because it looks bad. "
        f"{'One invented company' if len(made) == 1 else f'{len(made)} invented companies'} of about {staff} staff and {days} days, {sum(o['incidents'] for o in ours)} "
        f"incidents of {len({f['family'] for o in ours for f in o['families']})} families, each with a benign twin of the "
        "same shape. `whosaw simulate` invents them and shares no code with the detectors, but both belong to this project: on "
        "companies that others make expect less."
    )
    parts = [
        "# How good the detectors are",
        begun,
        _seeds(made),
        f"Of looks at a person {explained:.1%} have a reason on file, of first looks {first:.1%}.",
        "## Beside an IsolationForest with the same context",
        _table(
            ("figure", "ours, mean", "ours, worst company", "IsolationForest, mean", "at best"),
            [
                _row("average precision over incidents", ours, peers, lambda r: r["average_precision"]),
                _row("average precision over pairs", ours, peers, lambda r: r["average_precision_of_pairs"]),
                *(
                    row
                    for i, budget in enumerate(BUDGETS)
                    for row in (
                        _row(f"precision at {budget}", ours, peers, lambda r, i=i: r["budgets"][i]["precision"], "precision_ceiling", i),
                        _row(f"recall at {budget}", ours, peers, lambda r, i=i: r["budgets"][i]["recall"], "recall_ceiling", i),
                    )
                ),
                _row("incident above its twin", ours, peers, lambda r: r["twins"]["share"] or 0.0),
                _row("false findings at 25 per 1,000 staff and week", ours, peers, lambda r: r["budgets"][1]["false_per_1000_staff_weeks"]),
            ],
        ),
        "Budgets are findings per 1,000 staff and month. *At best* is what so many findings allow.",
        "## By family",
        _table(
            ("family", "incidents", "found at 25", "average precision", "IsolationForest"),
            [_family(name, ours, peers) for name in sorted({f["family"] for o in ours for f in o["families"]})],
        ),
        "## Benign, and yet a finding",
        _table(("what", "planted", "findings at 25"), _benign(ours)),
        "## Is p what it says?",
        "Units that have no part in an incident, all companies together. 1.00 is right, less is safe, more fires too often.",
        _table(("signal", "units", "p ≤ .01", "p ≤ .001"), _calibration(ours)),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _seeds(made: Any) -> str:
    seeds = sorted(run["seed"] for run in made)
    seen = [seed for seed in seeds if seed in LOOKED_AT]
    said = f"Seeds: {', '.join(map(str, seeds))}."
    return (
        f"{said} Of {', '.join(map(str, seen))} the findings were read while the detectors were made: they flatter."
        if seen
        else said
    )


def _day(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp() / 86_400


def _row(name: str, ours: Any, peers: Any, of: Any, ceiling: str = "", i: int = 0) -> tuple[str, ...]:  # noqa: PLR0917
    best = f"{mean(r['budgets'][i][ceiling] for r in ours):.2f}" if ceiling else ""
    values = [of(r) for r in ours]
    worst = max(values) if name.startswith("false") else min(values)
    return name, f"{mean(values):.3f}", f"{worst:.3f}", f"{mean(of(r) for r in peers):.3f}", best


def _family(name: str, ours: Any, peers: Any) -> tuple[str, ...]:
    def of(reports: Any) -> list[Any]:
        return [f for r in reports for f in r["families"] if f["family"] == name]

    own, other = of(ours), of(peers)
    incidents = sum(f["incidents"] for f in own)
    found = sum(f["recall"] * f["incidents"] for f in own)
    precision = sum(f["average_precision"] * f["incidents"] for f in own) / incidents
    peer_precision = sum(f["average_precision"] * f["incidents"] for f in other) / incidents
    return f"`{name}`", f"{incidents}", f"{found / incidents:.2f}", f"{precision:.3f}", f"{peer_precision:.3f}"


def _benign(ours: Any) -> list[tuple[str, ...]]:
    names = sorted({b["family"] for o in ours for b in o["benign"]})
    own = {n: [b for o in ours for b in o["benign"] if b["family"] == n] for n in names}
    return [(f"`{n}`", f"{sum(b['planted'] for b in own[n])}", f"{sum(b['found'] for b in own[n])}") for n in names]


def _calibration(ours: Any) -> list[tuple[str, ...]]:
    names = sorted({c["signal"] for o in ours for c in o["calibration"]})
    rows = []
    for name in names:
        own = [c for o in ours for c in o["calibration"] if c["signal"] == name]
        units = sum(c["units"] for c in own)
        ratios = [sum(c["ratios"][i] * c["units"] for c in own) / max(1, units) for i in (0, 1)]
        rows.append((f"`{name}`", f"{units:,}", *(f"{ratio:.2f}" for ratio in ratios)))
    return rows


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""The peer: an IsolationForest that is given the same context.

It gets what a team would have after building our context: per pair of principal and person the looks, those without a
reason, first looks, the least weight, class, fields, days, how many look at the person and at how many the principal looks.
Its findings are the pairs that stand out most, and, apart, those pairs joined by principal; the better of the two counts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from whosaw.detect.signal import World
from whosaw.evaluate.read import Line, read_findings

_SHARE = 0.02  # so many of all pairs the peer may name


def peers(world: World, end: str, most: int, folder: Path) -> dict[str, tuple[Line, ...]]:
    """Its findings, by pair and by principal."""
    import numpy as np
    from sklearn.ensemble import IsolationForest

    looks = world.looks
    looks = looks.filter(looks.claimed == 0, looks.person.notnull())
    pairs = looks.group_by("who", "person").aggregate(
        n=looks.count(), u=looks.u.sum(), u1=looks.u1.sum(), least=looks.weight_then.min(), now=looks.weight_now.max(),
        protected=looks.protected.max(), ip=looks.f_ip.max(), place=looks.f_location.max(), messages=looks.f_messages.max(),
        contacts=looks.f_contacts.max(), days=looks.day.nunique(), size=looks["size"].max(), refused=looks.refused.max(),
    ).to_pandas().sort_values(["who", "person"], ignore_index=True)  # fmt: skip
    ids = looks.select("who", "person", "look_id").to_pandas()
    pairs["lookers"] = pairs.groupby("person")["who"].transform("size")
    pairs["persons"] = pairs.groupby("who")["person"].transform("size")
    pairs["others_without"] = pairs.groupby("who")["u"].transform("sum")
    columns = [name for name in pairs.columns if name not in ("who", "person")]
    x = np.log1p(pairs[columns].to_numpy(dtype=float).clip(0))
    pairs["score"] = -IsolationForest(n_estimators=100, random_state=0).fit(x).score_samples(x)
    top = pairs.nlargest(max(50, int(_SHARE * len(pairs))), "score")
    ids = ids.merge(top[["who", "person", "score"]], on=["who", "person"])
    return {
        name: _lines(ids, by, end, most, folder / f"peer-{by[-1]}.jsonl")
        for name, by in (("by pair", ["who", "person"]), ("by principal", ["who"]))
    }


def _lines(ids: Any, by: list[str], end: str, most: int, path: Path) -> tuple[Line, ...]:
    lines = []
    for number, (_, group) in enumerate(ids.groupby(by, sort=True)):
        top = group.sort_values(["score", "look_id"], ascending=[False, True]).head(50)
        lines.append({
            "finding": f"x-{number}", "score": float(top.score.max()), "principals": sorted(set(top.who)),
            "persons": sorted(set(top.person)), "looks": sorted(set(top.look_id)), "cases": [], "signals": [],
            "counter": [], "as_of": end,
        })  # fmt: skip
    # As many as ours may name.
    lines = sorted(lines, key=lambda line: -line["score"])[:most]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read_findings(path)

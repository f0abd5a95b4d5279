# SPDX-License-Identifier: Apache-2.0
"""What was planted, a line each, beside the tables and apart from them: whoever detects never opens it.

    {"incident": "i-01", "family": "motive", "principals": […], "persons": […], "looks": […], "dials": {…}, "also": […]}
    {"benign": "b-01", "family": "account_takeover", …, "twin_of": "i-01"}

Invariant: a line names the looks that are in the log, and no look that was lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from whosaw.simulate.work import rows


@dataclass(frozen=True, slots=True)
class Planted:
    """One incident, or one benign story: `twin_of` an incident, or nobody's. `also`: cases and edits made for it."""

    name: str
    family: str
    benign: bool
    looks: rows.Looks
    about: rows.Looks  # those that the truth tells: without others in the same list
    dials: Mapping[str, float]
    also: Sequence[tuple[str, int]] = ()
    twin_of: str | None = None
    principals: Sequence[int] = ()  # codes of those who did it, where a machine looked for them


_PREFIX = {"case": "c-{:012x}", "change": "x-{:012x}"}


def lines(planted: Iterable[Planted], there: frozenset[int]) -> str:
    """The truth of one division, without looks that are not `there`."""
    return "".join(f"{json.dumps(_line(one, there))}\n" for one in planted)


def _line(one: Planted, there: frozenset[int]) -> Mapping[str, Any]:
    looks = one.about[[int(each) in there for each in one.about["id"]]]
    looks = looks[np.lexsort((looks["id"], looks["t"]))]
    who = sorted({int(code) for code in looks["who"]} | set(one.principals))
    line: dict[str, Any] = {"benign" if one.benign else "incident": one.name, "family": one.family}
    line["principals"] = [f"e-{code:07x}" for code in who]
    line["persons"] = [f"p-{code:010x}" for code in sorted({int(code) for code in looks["person"]})]
    line["looks"] = [f"l-{int(code):016x}" for code in looks["id"]]
    line["start"], line["end"] = (_time(int(looks["t"][at])) if len(looks) else None for at in (0, -1))
    if one.dials:
        line["dials"] = dict(one.dials)
    if one.also:
        line["also"] = [_PREFIX[kind].format(code) for kind, code in one.also]
    if one.twin_of is not None:
        line["twin_of"] = one.twin_of
    return line


def _time(ms: int) -> str:
    at = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"

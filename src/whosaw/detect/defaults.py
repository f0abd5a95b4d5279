# SPDX-License-Identifier: Apache-2.0
"""The numbers of the detectors, from `defaults.toml`, in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from whosaw.detect.toml import digest, exactly, number, read, shipped, whole
from whosaw.errors import Misconfigured

FILE = "defaults.toml"
FORMAT = "whosaw-defaults/1"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are usual."""

    rate: float
    prior: int
    rate_units: int
    rate_persons: int
    dispersion: float
    dispersion_prior: int
    apart: float


@dataclass(frozen=True, slots=True)
class Joining:
    """When signals are one finding."""

    false_share: float
    member: float
    telling: int
    hub_lookers: int
    most_principals: int
    most_persons: int
    most_looks: int
    same: int


@dataclass(frozen=True, slots=True)
class Harm:
    """What adds to a score, in words."""

    place: float
    protected: float
    control: float
    wide: float


@dataclass(frozen=True, slots=True)
class Defaults:
    """All numbers. `digest`: SHA-256 of the file they were read from."""

    narrow: int
    first_days: int
    windows: tuple[int, ...]
    reference_days: int
    feed_lag_hours: int
    counts: Counts
    findings: Joining
    harm: Harm
    digest: str


def load_defaults(raw: bytes | None = None) -> Defaults:
    """The numbers in `raw`, or the shipped ones. Raises Misconfigured, naming the key."""
    raw = shipped(FILE) if raw is None else raw
    top = exactly(read(raw, FILE, FORMAT), frozenset(f.name for f in fields(Defaults)) - {"digest"}, FILE)
    days = whole(top["reference_days"], "reference_days")
    return Defaults(
        narrow=whole(top["narrow"], "narrow"),
        first_days=whole(top["first_days"], "first_days"),
        windows=_windows(top["windows"], days),
        reference_days=days,
        feed_lag_hours=whole(top["feed_lag_hours"], "feed_lag_hours", low=0),
        counts=_section(Counts, top["counts"], "counts", {"rate": 0.5, "dispersion": 10.0, "apart": 0.5}),
        findings=_section(Joining, top["findings"], "findings", {"false_share": 0.5, "member": 0.5}),
        harm=_section(Harm, top["harm"], "harm", dict.fromkeys(("place", "protected", "control", "wide"), 2.0)),
        digest=digest(raw),
    )


def _windows(value: Any, most: int) -> tuple[int, ...]:
    if type(value) is not list or not value:
        raise Misconfigured("windows is a list of days", setting="windows")
    made = tuple(whole(each, "windows", high=most) for each in value)
    if list(made) != sorted(set(made)):
        raise Misconfigured("windows are days in rising order, each once", setting="windows")
    return made


def _section(cls: type[Any], value: Any, where: str, numbers: Mapping[str, float]) -> Any:
    """Keys in `numbers` may have a fraction, up to the given bound; the others are whole."""
    given = exactly(value, frozenset(f.name for f in fields(cls)), where)
    return cls(
        **{
            name: number(each, f"{where}.{name}", numbers[name])
            if name in numbers
            else whole(each, f"{where}.{name}", low=0)
            for name, each in given.items()
        }
    )

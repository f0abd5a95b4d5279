# SPDX-License-Identifier: Apache-2.0
"""The numbers of the detectors, from `defaults.toml`, in one frozen value.

A signal's own stand in `[signals.NAME]`: the keys of its dataclass NUMBERS, all of them and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from whosaw.detect.toml import digest, exactly, number, read, shipped, whole
from whosaw.errors import Misconfigured
from whosaw.facts.columns import DAY

if TYPE_CHECKING:
    from whosaw.detect.signal import Detector

FILE = "defaults.toml"
FORMAT = "whosaw-defaults/1"
_N = TypeVar("_N")
_SIGNALS = {"of": "signals"}  # names of signals, and nothing else


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are usual. `named`: so many people a finding may name, `findings.most_principals`."""

    rate: float
    prior: int
    rate_units: int
    rate_persons: int
    dispersion: float
    dispersion_prior: int
    apart: float
    named: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How p is measured on the units tried."""

    units: int
    tail: float
    tail_units: int
    prior: int
    apart: float


@dataclass(frozen=True, slots=True)
class Fusion:
    """What each family weighs, and which signals count less for newcomers."""

    context: float
    cover: float
    graph: float
    time: float
    concealment: float
    least: float = field(metadata={"high": 0.1})
    new_days: int
    new_signals: tuple[str, ...] = field(metadata=_SIGNALS)

    def weight(self, family: str) -> float:
        return float(getattr(self, family))


@dataclass(frozen=True, slots=True)
class Joining:
    """When signals are one finding."""

    false_share: float = field(metadata={"high": 0.5})
    candidate: float = field(metadata={"high": 0.2})
    strong: float = field(metadata={"high": 0.2})
    member: float = field(metadata={"high": 0.5})
    telling: int
    common: int
    days_apart: int
    hub_lookers: int
    most_principals: int
    most_persons: int
    most_looks: int
    core: float = field(metadata={"high": 1.0})
    apart: int
    same: int
    reviewers: tuple[str, ...]
    of_machines: tuple[str, ...] = field(metadata=_SIGNALS)
    broad: tuple[str, ...] = field(metadata=_SIGNALS)


@dataclass(frozen=True, slots=True)
class Budget:
    """Which findings a reviewer gets, where so many are asked for."""

    drawn: float
    drawn_from: int
    floor: float


@dataclass(frozen=True, slots=True)
class Reviewing:
    """When a resolution takes two, and whose findings an overseer has the last word on."""

    two_from: float = field(metadata={"high": 100.0})
    control: tuple[str, ...]
    hidden_days: int = field(metadata={"high": 366})
    hidden_unit: int


@dataclass(frozen=True, slots=True)
class Nudging:
    """Whom to ask the same day what a look was for."""

    third: int
    a_day: int
    unexplained: float = field(metadata={"high": 1.0})
    lot: float = field(metadata={"high": 1.0})
    apart: float = field(metadata={"high": 0.9})
    fresh_h: int = field(metadata={"high": 72})
    answer_h: int = field(metadata={"high": 240})
    period_days: int
    repeat_days: int


@dataclass(frozen=True, slots=True)
class Silence:
    """When a source has told nothing for so long that it is said."""

    days: int = field(metadata={"high": 366})
    times: int
    seen: int
    seldom: float = field(metadata={"high": 0.5})


@dataclass(frozen=True, slots=True)
class Grave:
    """How grave looks are: so many pairs' worth of everybody's traits in those of a function; so many weeks, and more are no graver."""

    prior: int
    weeks: int


@dataclass(frozen=True, slots=True)
class Defaults:
    """All numbers. `digest`: SHA-256 of the file they were read from."""

    narrow: int
    first_days: int
    windows: tuple[int, ...]
    reference_days: int
    feed_lag_hours: int
    counts: Counts
    calibration: Calibration
    fusion: Fusion
    findings: Joining
    budget: Budget
    gravity: Grave
    review: Reviewing
    nudge: Nudging
    silence: Silence
    signals: Mapping[str, object]
    digest: str

    @property
    def feed_lag(self) -> int:
        """`feed_lag_hours` in microseconds."""
        return self.feed_lag_hours * (DAY // 24)

    def of(self, signal: str, numbers: type[_N]) -> _N:
        """The numbers of `signal`, which are of this class."""
        found = self.signals[signal]
        if not isinstance(found, numbers):
            raise TypeError(signal)
        return found


def load_defaults(raw: bytes | None = None) -> Defaults:
    """The numbers in `raw`, or the shipped ones. Raises Misconfigured, naming the key."""
    raw = shipped(FILE) if raw is None else raw
    top = exactly(read(raw, FILE, FORMAT), frozenset(f.name for f in fields(Defaults)) - {"digest"}, FILE)
    days = whole(top["reference_days"], "reference_days")
    findings = _numbers(Joining, top["findings"], "findings")
    counts = {"rate": 0.5, "dispersion": 10.0, "apart": 0.5}
    return Defaults(
        narrow=whole(top["narrow"], "narrow"),
        first_days=whole(top["first_days"], "first_days"),
        windows=_windows(top["windows"], days),
        reference_days=days,
        feed_lag_hours=whole(top["feed_lag_hours"], "feed_lag_hours", low=0),
        counts=_section(Counts, top["counts"], "counts", counts, named=findings.most_principals),
        calibration=_section(Calibration, top["calibration"], "calibration", {"tail": 0.5, "apart": 0.5}),
        fusion=_numbers(Fusion, top["fusion"], "fusion"),
        findings=findings,
        budget=_section(Budget, top["budget"], "budget", {"drawn": 0.5, "floor": 0.5}),
        gravity=_numbers(Grave, top["gravity"], "gravity"),
        review=_numbers(Reviewing, top["review"], "review"),
        nudge=_numbers(Nudging, top["nudge"], "nudge"),
        silence=_numbers(Silence, top["silence"], "silence"),
        signals=_signals(top["signals"]),
        digest=digest(raw),
    )


def _windows(value: Any, most: int) -> tuple[int, ...]:
    if type(value) is not list or not value:
        raise Misconfigured("windows is a list of days", setting="windows")
    made = tuple(whole(each, "windows", high=most) for each in value)
    if list(made) != sorted(set(made)):
        raise Misconfigured("windows are days in rising order, each once", setting="windows")
    return made


def _section(cls: type[Any], value: Any, where: str, numbers: Mapping[str, float], **beside: int) -> Any:
    """Keys in `numbers` may have a fraction, up to the given bound; the others are whole. `beside`: what is said elsewhere."""
    given = exactly(value, frozenset(f.name for f in fields(cls)) - beside.keys(), where)
    return cls(
        **beside,
        **{
            name: number(each, f"{where}.{name}", numbers[name])
            if name in numbers
            else whole(each, f"{where}.{name}", low=0)
            for name, each in given.items()
        },
    )


def _signals(given: Any) -> dict[str, object]:
    detectors = _detectors()
    sections = exactly(given, frozenset(detectors), "signals")
    return {name: _numbers(d.NUMBERS, sections[name], f"signals.{name}") for name, d in detectors.items()}


def _detectors() -> dict[str, Detector]:
    # Imported here: a detector reads its numbers from a Defaults, and a Defaults knows them by the list of detectors.
    from whosaw.detect.registry import SIGNALS

    return {detector.NAME: detector for detector in SIGNALS}


def _known(names: list[str], where: str) -> None:
    known = _detectors()
    if unknown := [name for name in names if name not in known]:
        raise Misconfigured(
            f"{where}: no signal is called {unknown[0]!r}", setting=where, hint=f"known: {', '.join(sorted(known))}"
        )


def _numbers(cls: type[Any], value: Any, where: str) -> Any:
    """`cls`, filled: `int` from 0 on, `float` above 0, `tuple[int, ...]` rising, `tuple[str, ...]` texts.

    A field's metadata may have `high`, the largest that makes sense, and `of`: texts are names of signals.
    """
    given = exactly(value, frozenset(f.name for f in fields(cls)), where)
    types = get_type_hints(cls)
    return cls(**{f.name: _one(given[f.name], types[f.name], f"{where}.{f.name}", f.metadata) for f in fields(cls)})


def _one(value: Any, type_: Any, where: str, metadata: Mapping[Any, Any]) -> Any:
    if type_ is int:
        return whole(value, where, low=0, high=metadata.get("high", 10**9))
    if type_ is float:
        return number(value, where, metadata.get("high", 1e9))
    if type(value) is not list or not value:
        raise Misconfigured(f"{where} is a list", setting=where)
    if type_ == tuple[int, ...]:
        made = tuple(whole(each, where, high=metadata.get("high", 10**9)) for each in value)
        if list(made) != sorted(set(made)):
            raise Misconfigured(f"{where} rises, each number once", setting=where)
        return made
    if type_ == tuple[str, ...]:
        if not all(type(each) is str and each for each in value) or len(set(value)) != len(value):
            raise Misconfigured(f"{where} is a list of texts, each once", setting=where)
        if metadata.get("of") == "signals":
            _known(value, where)
        return tuple(value)
    raise TypeError(f"{where}: no such kind of number")

# SPDX-License-Identifier: Apache-2.0
"""A log in numbers, in the text format that every monitoring system reads. The extra `metrics` spells it.

    disk    ──vitals, witnesses, scrub──▶ families ──▶ text       `whosaw journal metrics`, for a textfile collector
    process ──pulse, deliveries────────▶                          `/metrics` of a running house (``web.health``)

Invariant: sizes, ages and counts of the log as a whole. The only labels are names of witnesses and of the two logs, and what became of a
delivery: no stream, no person, no principal, and nothing that counts one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from whosaw.errors import MissingExtra
from whosaw.journal.meter import Histogram, Pulse
from whosaw.journal.scrub.scrub import Rounds
from whosaw.journal.vitals import Vitals
from whosaw.vault.released import Tally
from whosaw.witness.state import Standing

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that there is to say. `standings`: of each log with witnesses, by its name; `pulse`: of a running journal;
    `delivered`: by a running vault.
    """

    at: datetime
    vitals: Vitals
    standings: dict[str, Standing]
    scrub: Rounds | None
    reports: int
    pulse: Pulse | None = None
    delivered: Tally | None = None


def metrics_text(measured: Measured) -> bytes:
    """The exposition. Raises MissingExtra."""
    try:
        from prometheus_client import generate_latest
    except ModuleNotFoundError:
        raise MissingExtra("metrics", "metrics") from None
    return generate_latest(cast("CollectorRegistry", _Families(measured)))


@dataclass(frozen=True, slots=True)
class _Families:
    """What the library asks of a registry."""

    measured: Measured

    def collect(self) -> Iterable[Metric]:
        measured = self.measured
        yield from _log(measured)
        yield from _witnesses(measured)
        yield from _scrub(measured)
        if measured.pulse is not None:
            yield from _running(measured.pulse)
        if measured.delivered is not None:
            yield _delivered(measured.delivered)


def _gauge(name: str, says: str, value: float) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(f"whosaw_{name}", says, value=value)


def _log(measured: Measured) -> Iterator[Metric]:
    found = measured.vitals
    size = found.published.size
    yield _gauge("log_size", "Leaves that are published.", size)
    yield _gauge("log_unpublished", "Leaves under a signed head that is not shown yet.", max(0, found.size - size))
    if found.waiting is not None:
        yield _gauge("log_waiting", "Leaves that are durable and under no head yet.", found.waiting)
    yield _gauge("head_age_seconds", "Since the newest head was signed.", _age(measured, found.signed_at))
    yield _gauge("map_size", "Leaves of the log of the index.", found.map_size)
    yield _gauge("map_lag", "Published leaves that are in no index yet.", max(0, size - found.mapped))
    yield _gauge("map_head_age_seconds", "Since the newest index was signed.", _age(measured, found.mapped_at))
    yield _gauge("segments", "Segment files.", found.segments.count)
    yield _gauge("segments_bytes", "Bytes in them.", found.segments.bytes)
    if found.public is not None:
        yield _gauge("public_files", "Published files.", found.public.count)
        yield _gauge("public_partial_files", "Partial ones among them.", found.public.partial)
        yield _gauge("public_bytes", "Bytes in them.", found.public.bytes)


def _witnesses(measured: Measured) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    labels = ["log", "witness"]
    lag = GaugeMetricFamily("whosaw_witness_lag", "Leaves that a witness has not seen.", labels=labels)
    age = GaugeMetricFamily("whosaw_witness_age_seconds", "Since it cosigned last.", labels=labels)
    alarm = GaugeMetricFamily("whosaw_witness_alarm", "1: somebody must look into what it said.", labels=labels)
    seen = GaugeMetricFamily("whosaw_witnessed_lag", "Published leaves that no quorum has seen.", labels=["log"])
    for log, standing in sorted(measured.standings.items()):
        size = measured.vitals.published.size if log == "log" else standing.published
        seen.add_metric([log], max(0, size - standing.witnessed))
        for each in standing.witnesses:
            behind = each.lag(size)
            if behind is not None:
                lag.add_metric([log, each.name], max(0, behind))
            if each.cosigned is not None:
                age.add_metric([log, each.name], _age(measured, each.cosigned))
            alarm.add_metric([log, each.name], float(each.alarm))
    if measured.standings:
        yield from (seen, lag, age, alarm)


def _scrub(measured: Measured) -> Iterator[Metric]:
    rounds = measured.scrub
    yield _gauge("reports_waiting", "Findings that are not on record yet.", measured.reports)
    if rounds is None:
        return
    yield _gauge("scrub_leaves", "Leaves read from the disk in the round that goes on.", rounds.now.leaves)
    yield _gauge("scrub_damaged", "Places found damaged in this round and the last one.",
                 rounds.now.damaged + (rounds.last.damaged if rounds.last else 0))  # fmt: skip
    if rounds.last is not None and rounds.last.ended is not None:
        yield _gauge("scrub_round_age_seconds", "Since the last round was over.", _age(measured, rounds.last.ended))


def _running(pulse: Pulse) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily

    yield CounterMetricFamily(
        "whosaw_leaves", "Leaves made durable since the journal was opened.", value=pulse.meter.leaves
    )
    yield _histogram("group_leaves", "Leaves made durable by one write.", pulse.meter.groups)
    yield _histogram("write_seconds", "How long one durable write took.", pulse.meter.seconds)
    yield _gauge("queue_length", "Submissions that wait for their place.", pulse.queued)
    yield _gauge("stopped", "1: the journal takes nothing more until it is started again.", float(bool(pulse.stopped)))
    yield _gauge("map_stopped", "1: the log of the index has stopped.", float(bool(pulse.map_stopped)))


def _delivered(tally: Tally) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    made = CounterMetricFamily(
        "whosaw_deliveries",
        "Answers to recorded looks since the start: the first of a look, others of it, and refused ones.",
        labels=["which"],
    )
    for which, count in (("first", tally.first), ("again", tally.again), ("over", tally.over)):
        made.add_metric([which], count)
    return made


def _histogram(name: str, says: str, values: Histogram) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    return HistogramMetricFamily(f"whosaw_{name}", says, buckets=values.cumulative(), sum_value=values.total)


def _age(measured: Measured, since: datetime) -> float:
    return max(0.0, (measured.at - since).total_seconds())

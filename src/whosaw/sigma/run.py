# SPDX-License-Identifier: Apache-2.0
"""Rules over facts: the engine finds what matches, the driver slides the windows.

Invariant: the same rules and facts give the same alerts, in the same order, on every engine.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from typing import Any, cast

from whosaw.errors import BadInput
from whosaw.facts.extra import need
from whosaw.facts.opened import Facts
from whosaw.sigma.alert import Alert
from whosaw.sigma.condition import Inside
from whosaw.sigma.events import SOURCES, Source, events
from whosaw.sigma.rules import Correlation, Detection, Rules
from whosaw.sigma.window import Match, spans


def alerts(facts: Facts, rules: Rules, at: Callable[[str, int, int], None] | None = None) -> list[Alert]:
    """What `rules` tell of `facts`, by time. `at`: (title, done, total). Raises BadInput where a rule matches too much."""
    found: list[Alert] = []
    matched = _Matched(facts)
    for done, rule in enumerate(rules.telling):
        if at is not None:
            at(rule.title, done, len(rules.telling))
        found += _alone(rule, matched) if isinstance(rule, Detection) else _counted(rule, matched)
    return sorted(found, key=lambda alert: alert.order)


def _alone(rule: Detection, matched: _Matched) -> Iterator[Alert]:
    for match, _ in matched.of(rule, 0, (), None):
        yield Alert(rule.key, rule.title, rule.level, 1, (match,))


def _counted(rule: Correlation, matched: _Matched) -> Iterator[Alert]:
    groups: dict[tuple[Any, ...], list[Match]] = defaultdict(list)
    for number, (detection, group) in enumerate(zip(rule.detections, rule.group, strict=True)):
        for match, key in matched.of(detection, number, group, rule.field):
            # Who is in no group is in none together with others whose group is not known either.
            if None not in key:
                groups[key].append(match)
    for key in sorted(groups):
        matches = sorted(groups[key], key=lambda m: (m.t, m.rule, m.id, m.person or ""))
        for span in spans(matches, rule.counting, rule.seconds, rule.least, len(rule.detections)):
            yield Alert(rule.key, rule.title, rule.level, span.most, span.matches)


class _Matched:
    """The matches of detections in one set of facts."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._events = cache(self._kept)

    def _kept(self, service: str) -> Any:
        """The events of `service`, kept in the engine, since each rule reads them again."""
        missing = need("ibis", "watching").common.exceptions.TableNotFound
        try:
            return self._facts.engine.table(f"events_{service}")
        except missing:
            return self._facts.keep(f"events_{service}", events(self._facts, SOURCES[service]))

    def of(
        self, rule: Detection, number: int, group: tuple[str, ...], value: str | None
    ) -> Iterator[tuple[Match, tuple[Any, ...]]]:
        source, there = rule.source, self._events(rule.service)
        found = there.filter(rule.test(there, self._inside(there)))
        columns = list(dict.fromkeys([*source.told, *group, *([value] if value else [])]))
        try:
            rows = self._facts.rows(found.select(*columns), columns, rule.title)
        except BadInput as error:
            raise BadInput(
                str(error), where="rule", hint="make the rule narrower: so many events tell nobody anything"
            ) from None
        for row in rows:
            yield _match(row, source, number, value), tuple(row[name] for name in group)

    def _inside(self, there: Any) -> Inside:
        def inside(network: IPv4Network | IPv6Network) -> list[str]:
            return [text for text in self._addresses(there) if lies_in(text, network)]

        return inside

    def _addresses(self, there: Any) -> list[str]:
        distinct = there.filter(there.src_ip.notnull()).select("src_ip").distinct()
        return [cast(str, row["src_ip"]) for row in self._facts.rows(distinct, ("src_ip",), "addresses")]


def _match(row: dict[str, Any], source: Source, number: int, value: str | None) -> Match:
    return Match(
        t=row["time"],
        id=row[source.id],
        rule=number,
        who=row[source.who],
        person=row[source.person] if source.person else None,
        case=row[source.case] if source.case else None,
        value=row[value] if value else None,
    )


def lies_in(text: str, network: IPv4Network | IPv6Network) -> bool:
    """What cannot be read lies nowhere; an IPv4 address written as an IPv6 one is still one."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6 and network.version == 4 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version == network.version and address in network

# SPDX-License-Identifier: Apache-2.0
"""One of the staff, as all sources together say it.

    rows of csv   ─▶ valid one, or the newest that was ─┐
    rows of scim  ─▶ valid one, or the newest that was ─┴─▶ Member      what forbids in one, forbids

Somebody who left by one source has left, though another still lists them; somebody who works in Dublin by one and in
Boston by another works in neither; all units and managers that are said count. Within one source, two rows about one
moment are Damaged, never the first of the two; so are two functions, whoever says them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from whosaw.directory.query import Row
from whosaw.errors import Damaged

# What a source says of somebody whose kind of work it does not know. No purpose is theirs.
UNKNOWN = "unknown"
Regions = Callable[[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Member:
    """What is known of one principal at one instant."""

    principal: str = field(repr=False)
    rows: Sequence[Row] = field(repr=False)
    active: bool

    @property
    def suspended(self) -> bool:
        return any(row["suspended"] for row in self.rows)

    @property
    def function(self) -> str:
        said = {row["function"] for row in self.rows} - {UNKNOWN}
        if len(said) > 1:
            raise contradicts("staff")
        return said.pop() if said else UNKNOWN

    @property
    def units(self) -> frozenset[str]:
        return self._all("unit")

    @property
    def unit(self) -> str | None:
        """The one unit, for what a unit may do; nobody's where sources disagree."""
        return next(iter(self.units)) if len(self.units) == 1 else None

    @property
    def managers(self) -> frozenset[str]:
        return self._all("manager")

    @property
    def households(self) -> frozenset[str]:
        return self._all("household")

    @property
    def accounts(self) -> frozenset[str]:
        """Their own private accounts."""
        return self._all("own_person")

    def regions(self, of: Regions) -> frozenset[str]:
        """Where they are: the countries that all sources agree on, and every group of them."""
        return _agreed((row["country"] for row in self.rows), of)

    def employed(self, of: Regions) -> frozenset[str] | None:
        """Where their contract is; None where nobody says that it is elsewhere than where they are."""
        if all(row["contract_country"] is None for row in self.rows):
            return None
        return _agreed((row["contract_country"] or row["country"] for row in self.rows), of)

    def _all(self, column: str) -> frozenset[str]:
        return frozenset(row[column] for row in self.rows if row[column] is not None)


def member(rows: Sequence[Row], at: int) -> Member | None:
    """The member that these rows, all of one principal, are about; None where there are none. Raises Damaged."""
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    if not by_source:
        return None
    now = {source: [row for row in said if _valid(row, at)] for source, said in by_source.items()}
    # The newest that was, of a source by which they are gone: what it says of them still forbids.
    chosen = [
        _only(now[source]) if now[source] else max(said, key=lambda row: int(row["valid_from"]))
        for source, said in by_source.items()
    ]
    return Member(rows[0]["principal"], chosen, all(now.values()))


def members(rows: Iterable[Row], at: int) -> list[Member]:
    """Each member among rows of several principals."""
    of: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of[row["principal"]].append(row)
    return [made for each in of.values() if (made := member(each, at)) is not None]


def contradicts(table: str) -> Damaged:
    return Damaged(
        f"{table} says two things about the same moment",
        where=table,
        hint="load the directory's folder again: it refuses tables that contradict themselves; two sources have to agree",
    )


def _valid(row: Row, at: int) -> bool:
    return int(row["valid_from"]) <= at < int(row["valid_to"])


def _only(rows: Sequence[Row]) -> Row:
    if len(rows) != 1:
        raise contradicts("staff")
    return rows[0]


def _agreed(countries: Iterable[str | None], of: Regions) -> frozenset[str]:
    said = [of(country) for country in {*countries} - {None} if country is not None]
    return frozenset.intersection(*said) if said else frozenset()

# SPDX-License-Identifier: Apache-2.0
"""Where in a record a country stands, a city, a provider: publishers have ways of their own, and we know a few.

    {"country": {"iso_code": …}, "subdivisions": [{…}], "city": {"names": {"en": …}}, "location": {"accuracy_radius": …}}
    {"country_code": …, "region": …, "city": …, "radius": …}          {"country": …}       flat
    {"traits": {"connection_type": …, "is_anonymous_vpn": …}}          {"connection_type": …}

What is not in the table is not read, and no coordinate, postcode or street is in the table.

Invariant: a value of another kind than the table says refuses the file. Half a database is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from whosaw.errors import BadInput

Path = tuple[str | int, ...]


def _code(value: object) -> bool:
    return isinstance(value, str) and len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()


def _text(value: object) -> bool:
    # Some publishers write an empty text where they know nothing.
    return isinstance(value, str) and len(value) <= 300 and value.isprintable()


def _bit(value: object) -> bool:
    return isinstance(value, bool)


def _percent(value: object) -> bool:
    return type(value) is int and 0 <= value <= 100


def _kilometres(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 20_040  # type: ignore[operator]


def _number(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 32


# What is read, where it may stand, and what it must be. The first place that a database has counts for all of it.
KNOWN: Mapping[str, tuple[Callable[[object], bool], tuple[Path, ...]]] = {
    "country": (_code, (("country", "iso_code"), ("country_code",), ("country",))),
    "region": (_text, (("subdivisions", 0, "iso_code"), ("region",))),
    "city": (_text, (("city", "names", "en"), ("city",))),
    "radius": (_kilometres, (("location", "accuracy_radius"), ("radius",))),
    "country_confidence": (_percent, (("country", "confidence"),)),
    "region_confidence": (_percent, (("subdivisions", 0, "confidence"),)),
    "city_confidence": (_percent, (("city", "confidence"),)),
    "number": (_number, (("autonomous_system_number",), ("traits", "autonomous_system_number"))),
    "connection": (_text, (("connection_type",), ("traits", "connection_type"))),
    "anonymous": (_bit, (("is_anonymous",), ("traits", "is_anonymous"))),
    "vpn": (_bit, (("is_anonymous_vpn",), ("traits", "is_anonymous_vpn"))),
    "hosting": (_bit, (("is_hosting_provider",), ("traits", "is_hosting_provider"))),
    "proxy": (_bit, (("is_public_proxy",), ("traits", "is_public_proxy"), ("traits", "is_anonymous_proxy"))),
    "lent": (_bit, (("is_residential_proxy",), ("traits", "is_residential_proxy"))),
    "tor": (_bit, (("is_tor_exit_node",), ("traits", "is_tor_exit_node"))),
}
# A database of anonymous networks lists who hides, and nobody else: that an address is not in it says something.
ANONYMITY = ("anonymous", "vpn", "hosting", "proxy", "lent", "tor")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a database holds, and where."""

    paths: Mapping[str, Path]

    @property
    def holds(self) -> tuple[str, ...]:
        """In the order of the table."""
        return tuple(name for name in KNOWN if name in self.paths)

    @property
    def lists_hiding(self) -> bool:
        """It says of networks that somebody hides behind them."""
        return any(name in self.paths for name in ANONYMITY)


_Step = tuple[str, Callable[[object], bool], Path]
_ALL: tuple[_Step, ...] = tuple((name, fits, path) for name, (fits, paths) in KNOWN.items() for path in paths)
_CROSSED = object()


class Shapes:
    """The shape of a database, found while its records go by: millions of them, so nothing is asked twice that is known."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._paths: dict[str, Path] = {}
        self._steps = _ALL
        self._crossed: dict[Path, str] = {}
        self._bare = False

    def see(self, record: object) -> None:
        """Raises BadInput where a value is not what it must be."""
        if type(record) is not dict:
            self._bare = True
            return
        for step in self._steps:
            name, fits, path = step
            if path[0] not in record:
                continue
            value = _at(record, path)
            if value is None or value == "":
                continue
            if value is _CROSSED:
                self._crossed[path] = name
            elif self._paths.get(name, path) is not path:
                continue
            elif not fits(value):
                raise self._wrong(name)
            elif name not in self._paths:
                self._paths[name] = path
                self._steps = tuple(each for each in self._steps if each[0] != name or each is step)

    def found(self) -> Shape:
        """Raises BadInput where a path leads through a value that has no inside, or ends in front of one that has."""
        for path, name in self._crossed.items():
            if self._paths.get(name) == path:
                raise self._wrong(name)
        if self._bare and self._paths:
            raise BadInput("some of its records are no maps", where=self._where)
        return Shape(dict(self._paths))

    def _wrong(self, name: str) -> BadInput:
        return BadInput(f"a record's {name.replace('_', ' ')} is not one", where=self._where)


def _at(record: Any, path: Path) -> Any:
    """The value; None where there is nothing, and `_CROSSED` where the record is of another shape."""
    found = record
    for step in path:
        inside: Any = found  # dicts and lists of a library without types
        if type(found) is not (dict if type(step) is str else list):
            return _CROSSED
        found = inside.get(step) if type(step) is str else inside[step] if len(inside) > int(step) else None
        if found is None:
            return None
    return _CROSSED if type(found) in (dict, list) else found

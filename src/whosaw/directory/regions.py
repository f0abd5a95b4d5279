# SPDX-License-Identifier: Apache-2.0
"""Groups of countries, from `dataset.json` where the folder has one: {"format": …, "regions": {"EU": ["DE", "FR"]}}.

A person's region may be a country or such a group; a principal works in one country and so in each of its groups.
                                                                                     Format: whosaw-dataset/1
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from whosaw.errors import BadInput

FORMAT = "whosaw-dataset/1"
_LIMIT = 1024 * 1024
_COUNTRY = re.compile(r"[A-Z]{2}")


def read_regions(folder: Path) -> Iterator[dict[str, str | int | bool | tuple[str, ...] | None]]:
    """Each country of each group. Raises BadInput for another format, or what is not its form."""
    path = folder / "dataset.json"
    if not path.is_file():
        return
    with path.open("rb") as file:
        raw = file.read(_LIMIT + 1)
    if len(raw) > _LIMIT:
        raise BadInput(f"longer than {_LIMIT:,} bytes", where=path.name)
    try:
        said = json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise BadInput("not JSON in UTF-8", where=path.name) from None
    if type(said) is not dict or said.get("format") != FORMAT:
        raise BadInput(
            f"its `format` is not {FORMAT!r}",
            where=path.name,
            hint="a newer format needs a newer version of whosaw; nothing was changed",
        )
    yield from _countries(said.get("regions", {}), path.name)


def _countries(regions: object, where: str) -> Iterator[dict[str, str | int | bool | tuple[str, ...] | None]]:
    if not isinstance(regions, Mapping):
        raise BadInput("`regions` is not an object of lists", where=where)
    for name, countries in regions.items():
        if not name.isprintable() or not 1 <= len(name.encode()) <= 200 or type(countries) is not list:
            raise BadInput("`regions` is not an object of lists", where=where)
        if any(type(c) is not str or not _COUNTRY.fullmatch(c) for c in countries):
            raise BadInput("`regions` has a country that is not two capital letters", where=where)
        for country in sorted(set(countries)):
            yield {"region": name, "country": country}

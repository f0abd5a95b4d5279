# SPDX-License-Identifier: Apache-2.0
"""How a place is read: one function for each detail, and none of them decodes more than its detail allows.

    country   the country                         region   and the region          city   and the city, and the radius

They raise what the reader raises; ``Places`` says what that means.

Invariant: the paths of a lesser detail are all that its function knows; there is nothing to cut away afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whosaw.places.database import Database
from whosaw.places.place import Detail, Place, Source

Read = Callable[[str], Place | None]


def reads(base: Database, source: Source, least_km: int) -> Mapping[str, Read]:
    """The function for each detail. `least_km`: a smaller radius is widened to it."""
    return {
        str(Detail.COUNTRY): _country(base, source),
        str(Detail.REGION): _region(base, source),
        str(Detail.CITY): _city(base, source, least_km),
    }


def _country(base: Database, source: Source) -> Read:
    at, where = base.raw_at, base.shape.paths["country"]
    sure = base.shape.paths.get("country_confidence")

    def read(address: str) -> Place | None:
        country = at(address, where)
        if not country:
            return None
        return Place(source, country, None, None, None, False, at(address, sure) if sure else None)

    return read


def _region(base: Database, source: Source) -> Read:
    at, paths = base.raw_at, base.shape.paths
    where, which, sure = paths["country"], paths.get("region"), paths.get("region_confidence")
    country_sure = paths.get("country_confidence")

    def read(address: str) -> Place | None:
        country = at(address, where)
        if not country:
            return None
        region = (at(address, which) if which else None) or None
        how = sure if region else country_sure
        return Place(source, country, region, None, None, False, at(address, how) if how else None)

    return read


def _city(base: Database, source: Source, least_km: int) -> Read:
    at, paths = base.raw_at, base.shape.paths
    where, which, what, far = paths["country"], paths.get("region"), paths.get("city"), paths.get("radius")
    sure = [paths.get(f"{name}_confidence") for name in ("city", "region", "country")]

    def read(address: str) -> Place | None:
        country = at(address, where)
        if not country:
            return None
        region = (at(address, which) if which else None) or None
        city = (at(address, what) if what else None) or None
        radius = at(address, far) if far else None
        how = sure[0 if city else 1 if region else 2]
        widened = radius is not None and radius < least_km
        shown = least_km if widened else radius if type(radius) is int or radius is None else -int(-radius // 1)
        return Place(source, country, region, city, shown, widened, at(address, how) if how else None)

    return read

# SPDX-License-Identifier: Apache-2.0
"""Places on a table: a folder with databases, a clock that is turned by hand, and databases of invented places."""

from datetime import timedelta

import pytest
from tests.places.mmdb import BUILT, city, mmdb

from whosaw.places.places import Places
from whosaw.settings.places import PlacesSettings

pytest.importorskip("maxminddb_rust", reason="the extra `places` is not installed")

SMALL = mmdb(
    {
        "192.0.2.0/24": city("NL", "UT", "Utrecht", 20),
        "198.51.100.0/25": city("NL", "GE", "Ede", 2),
        "198.51.100.128/25": city("NL"),
        "203.0.113.0/24": city("DE", "BE", "Berlin", 50),
        "2001:db8:1::/48": city("FR", None, "Lille", 10),
    }
)


class Table:
    """`now` and `ticks` are turned by hand."""

    def __init__(self, folder):
        self.folder, self.now, self.ticks = folder, BUILT + timedelta(days=1), 0.0

    def put(self, name, raw):
        path = self.folder / "new"
        path.write_bytes(raw)
        path.rename(self.folder / name)
        self.ticks += 60

    def places(self, *, patient=True, **given):
        return Places(
            PlacesSettings(**{"database": "city.mmdb", **given}), self.folder, lambda: self.now, lambda: self.ticks,
            patient=patient,
        )  # fmt: skip


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path)
    made.put("city.mmdb", SMALL)
    return made

# SPDX-License-Identifier: Apache-2.0
"""Places a second: an address by its city, with region, radius, source and date; beside the typed models of `geoip2`.

Both read the same test database of the publisher, the peer by its reader in C, the same addresses in the same order, by turns, and
the best of each counts. Ours decodes the values that it shows, the peer the whole record in all its languages: that is what it is for.
"""

import ipaddress
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Figure, Measured

from whosaw.places.places import Places
from whosaw.settings.places import PlacesSettings

NAME = "GeoIP2-City-Test"
TURNS, ROUNDS = 8, 60


def vectors() -> Path | None:
    """The shared vectors, beside this checkout or above it."""
    ups = (up / "shared/vectors/mmdb" for up in Path(__file__).resolve().parents)
    return next((found for found in ups if found.is_dir()), None)


def measure(folder: Path) -> Measured:
    """`folder` is not needed: nothing is written."""
    del folder
    found = vectors()
    if found is None:
        return Measured(notes=["place: left out, the shared vectors are not beside this checkout."])
    import geoip2.database

    base = found / f"test-data/{NAME}.mmdb"
    source = json.loads((found / f"source-data/{NAME}.json").read_text())
    firsts = [str(_v4(ipaddress.ip_network(network)[0])) for one in source for network in one]
    peer = geoip2.database.Reader(str(base))  # by its default, which is the fastest: C, and a file that is mapped
    now = datetime.fromtimestamp(peer.metadata().build_epoch, UTC) + timedelta(days=1)
    ours = Places(PlacesSettings(database=base.name), base.parent, lambda: now, time.monotonic)
    addresses = [each for each in firsts if ours.place(each, "country") is not None]
    best = dict.fromkeys(("city", "country", "peer"), 0.0)
    for _ in range(TURNS):
        best["city"] = max(best["city"], _a_second(lambda each: ours.place(each, "city"), addresses))
        best["country"] = max(best["country"], _a_second(lambda each: ours.place(each, "country"), addresses))
        best["peer"] = max(best["peer"], _a_second(peer.city, addresses))
    mixed = sum(1 for each in addresses if ":" in each)
    times = best["country"] / best["peer"]
    note = f"place: by country alone {best['country']:,.0f}/s, {times:.1f} times the peer; {len(addresses)} addresses of {NAME}, "
    figure = Figure.of("place", "look-ups/s by city, one core", best["city"], best["peer"], "geoip2 City models")
    return Measured([figure], [f"{note}{mixed} of them IPv6."])


def _v4(first: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The source has IPv4 networks as ::192.0.2.0/120."""
    return ipaddress.IPv4Address(int(first)) if 0 < int(first) < 1 << 32 else first


def _a_second(work: Callable[[str], object], addresses: Sequence[str]) -> float:
    # Processor time: the machine is shared, and both are of one thread that waits for nothing.
    began = time.thread_time()
    for _ in range(ROUNDS):
        for each in addresses:
            work(each)
    return ROUNDS * len(addresses) / (time.thread_time() - began)

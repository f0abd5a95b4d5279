# SPDX-License-Identifier: Apache-2.0
"""Whatever file an operator brings: it is sound and read, or it is refused with an error of ours, soon and in little memory."""

import json
import os
import resource
import time
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.places.mmdb import city, control, metadata, mmdb, pointer, value, whole

from whosaw.errors import BadInput, Unavailable
from whosaw.places.checked import MOST, NAME, KeptMemory
from whosaw.places.database import load
from whosaw.places.file import read

HERE = Path(__file__).resolve()
VECTORS = next((up / "shared/vectors/mmdb" for up in HERE.parents if (up / "shared/vectors/mmdb").is_dir()), None)
BROKEN = ("Broken", "Invalid", "broken")
LEGAL = "libmaxminddb-empty-array-last-in-metadata.mmdb"  # bad-data, and a sane answer all the same

needs_vectors = pytest.mark.skipif(VECTORS is None, reason="the shared vectors are not beside this checkout")


def sound(raw):
    return load(raw, "it", time.monotonic)


@needs_vectors
def test_every_damaged_vector_is_refused_and_every_sound_one_taken():
    """Files that once made a reader crash, hang or read out of bounds; and those of each product and each width of record."""
    seen = {"sound": 0, "refused": 0}
    for path in sorted(VECTORS.rglob("*.mmdb")):
        bad = ("bad-data" in path.parts and path.name != LEGAL) or any(word in path.name for word in BROKEN)
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        try:
            made = sound(read(path))
        except BadInput as error:
            assert bad, path.name
            assert error.hint
            seen["refused"] += 1
        else:
            assert not bad, path.name
            assert made.networks
            seen["sound"] += 1
        assert time.process_time() - began < 5, path.name
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024, path.name
    assert seen == {"sound": 37, "refused": 13}


@needs_vectors
@pytest.mark.parametrize("name", ["GeoIP2-City-Test", "GeoLite2-Country-Test", "GeoIP2-Enterprise-Test"])
def test_what_is_read_is_what_the_vectors_were_made_of(name):
    """Each network of the source, looked up by its first address."""
    made = sound((VECTORS / f"test-data/{name}.mmdb").read_bytes())
    checked = 0
    for network, record in (
        item for one in json.loads((VECTORS / f"source-data/{name}.json").read_text()) for item in one.items()
    ):
        country = record.get("country", {}).get("iso_code")
        found = made.at(network.split("/")[0], made.shape.paths["country"])
        # A smaller network inside of a larger one may begin at the same address.
        checked += found == country
    assert checked > 0.9 * made.networks / 2


def test_a_tree_that_goes_round_in_circles_is_no_tree():
    """Every node leads to the next by both its sides: 128 nodes, and more ends than there are atoms."""
    tree = [(i + 1, i + 1) for i in range(127)] + [(128 + 16, 128 + 16)]
    with pytest.raises(BadInput, match="circles"):
        sound(whole(tree, value(city("NL"))))


def test_a_record_that_doubles_itself_is_refused():
    """Lists of two pointers to lists of two pointers: 40 of them are a million million values."""
    data, last = control(11, 2) + value("x") * 2, 0
    for _ in range(40):
        last, data = len(data), data + control(11, 2) + pointer(last) * 2
    with pytest.raises(BadInput):
        sound(whole([(1 + 16 + last, 1 + 16 + last)], data, version=4))


def test_a_check_has_an_end():
    """A clock that runs away stands for a machine that is slow or a file that is made to be."""
    ticks = iter(range(0, 10**9, 100))
    many = mmdb({f"10.{a}.{b}.0/24": {"country": {"iso_code": "NL"}} for a in range(8) for b in range(0, 256, 2)})
    with pytest.raises(BadInput, match="could not be checked in 50 s"):
        load(many, "it", lambda: float(next(ticks)), 50)


@pytest.mark.parametrize(
    "record",
    [
        {"country": {"iso_code": "Netherlands"}},
        {"country": {"iso_code": 31}},
        {"country": {"iso_code": "NL", "confidence": 101}},
        {"country": {"iso_code": "NL"}, "location": {"accuracy_radius": 30_000}},
        {"country": {"iso_code": "NL"}, "location": {"accuracy_radius": float("nan")}},
        {"country": {"iso_code": "NL"}, "city": {"names": {"en": "a\x1b[2Jcity"}}},
        {"country": {"iso_code": "NL"}, "traits": {"connection_type": True}},
        {"is_anonymous_vpn": "yes"},
    ],
)
def test_a_value_of_another_kind_refuses_the_file(record):
    with pytest.raises(BadInput, match="is not one"):
        sound(mmdb({"192.0.2.0/24": record}))


@pytest.mark.parametrize("epoch", [0, 1 << 62])
def test_a_database_says_when_it_was_built(epoch):
    with pytest.raises(BadInput, match="no time"):
        sound(mmdb({"192.0.2.0/24": city("NL")}, epoch=epoch))


def test_no_file_at_all():
    for raw in (b"", b"\0" * 4096, b"{}", metadata(1), metadata(1 << 31)):
        with pytest.raises(BadInput):
            sound(raw)


def test_what_cannot_be_a_database_is_not_read(tmp_path):
    """A folder, a pipe that nobody writes to, a device, a file of four terabytes, one without metadata, and none."""
    pipe, film, other = tmp_path / "pipe", tmp_path / "film", tmp_path / "other"
    os.mkfifo(pipe)
    film.touch()
    os.truncate(film, 1 << 42)
    other.write_bytes(SMALL + b"\0" * 200_000)
    began = time.process_time()
    for path in (tmp_path, pipe, Path("/dev/zero"), film, other, tmp_path / "none", Path("a" * 5000)):
        with pytest.raises(BadInput) as caught:
            read(path)
        assert len(str(caught.value)) < 6000
    assert time.process_time() - began < 5
    whole = tmp_path / "whole"
    whole.write_bytes(SMALL)
    assert read(whole) == SMALL


SMALL = mmdb({"192.0.2.0/24": city("NL", "UT", "Utrecht", 20), "2001:db8::/32": city("DE", "BE", "Berlin", 1)})


@settings(max_examples=200, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(1, 255)), min_size=1, max_size=4),
    cut=st.one_of(st.none(), st.integers(0, len(SMALL))),
)
def test_a_damaged_file_gives_an_error_of_ours_or_answers(flips, cut):
    """A few bytes turned, perhaps an end that is missing: never a crash, and what is taken can be asked anything."""
    raw = bytearray(SMALL)
    for at, by in flips:
        raw[at] ^= by
    asked(bytes(raw[:cut]))


def test_every_byte_of_a_small_file_turned():
    """The same, at each place once."""
    for at in range(len(SMALL)):
        asked(SMALL[:at] + bytes([SMALL[at] ^ 0x81]) + SMALL[at + 1 :])


def asked(raw):
    try:
        made = sound(raw)
    except BadInput:
        return
    for address in ("192.0.2.7", "2001:db8::1", "255.255.255.255", "::"):
        for path in made.shape.paths.values():
            made.at(address, path)


class Folder(dict):
    """``places.json`` and nothing else; `broken` stands for a disk that is."""

    broken = False

    def read(self, name):
        if self.broken:
            raise Unavailable("x", part="disk")
        return self.get(name)

    def write(self, name, raw):
        self.read(name)
        self[name] = raw


def read_again(folder, raw):
    """How many records the reader was asked for, and what came out."""
    ticks = []
    memory = KeptMemory(folder.read, folder.write)
    made = load(raw, "it", lambda: ticks.append(0) or 0.0, memory=memory)
    return len(ticks), (made.networks, made.shape)


def test_a_file_that_was_checked_is_not_checked_again_and_another_is():
    """By its digest: the same bytes are the same file, and one bit more is another."""
    folder = Folder()
    first, found = read_again(folder, SMALL)
    assert first
    assert read_again(folder, SMALL) == (0, found)
    other = SMALL.replace(b"Utrecht", b"Utrechd")
    assert read_again(folder, other)[0]
    assert read_again(folder, SMALL)[0] == 0
    bad = mmdb({"192.0.2.0/24": {"country": {"iso_code": 3}}})
    for _ in range(2):
        with pytest.raises(BadInput):
            read_again(folder, bad)
    assert len(json.loads(folder[NAME])["checked"]) == 2


def test_the_memory_forgets_and_never_stands_in_the_way():
    """It keeps the last few; whatever else stands in its file, or where there is no disk, the file is checked as ever."""
    folder = Folder()
    for n in range(MOST + 3):
        read_again(folder, mmdb({"192.0.2.0/24": city("NL", radius=n)}))
    assert len(json.loads(folder[NAME])["checked"]) == MOST
    digest = sha256(SMALL).hexdigest()
    fine = {"networks": 2, "paths": {"country": ["country", "iso_code"]}}
    for said in (
        None, [], 3, {}, {"format": 2, "checked": {}}, {"format": 1, "checked": []}, {"format": 1, "checked": {digest: 1}},
        *({"format": 1, "checked": {digest: fine | change}} for change in (
            {"networks": -1}, {"networks": True}, {"paths": {"country": ["location", "latitude"]}}, {"paths": {"where": []}},
        )),
        {"format": 1, "checked": {"x": fine}},
    ):  # fmt: skip
        folder[NAME] = json.dumps(said).encode()
        assert read_again(folder, SMALL)[0], said
        assert read_again(folder, SMALL)[0] == 0
    for raw in (b"", b"\xff", b"[" * 100_000):
        folder[NAME] = raw
        assert read_again(folder, SMALL)[0]
    folder.broken = True
    assert read_again(folder, SMALL)[0]

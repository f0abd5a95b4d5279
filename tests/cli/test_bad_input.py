# SPDX-License-Identifier: Apache-2.0
"""What people really hand in: files cut off, packed, in another encoding, of another version, twice, or without an end.

    every reader × every kind of damage ──▶ an exit code, a place, and nothing changed but what could be read

What could be read of a log is recorded, and the whole file afterwards completes it: `new` and `known` add up.
"""

import itertools
import json
import shutil
import tracemalloc

import pytest
from tests.cli.desk import LOGS, NOW, Desk, access_line, company, digest, packed, typed
from tests.directory.town import write

from whosaw.wiring import house

MIB = 1024 * 1024
LONG = 80 * MIB  # more than any limit of a line, a statement or a trust file
ROOM = 50 * MIB
COUNT = 4


@pytest.fixture(scope="module")
def office(settled, tmp_path_factory):
    """A company where logs are handed in all day."""
    home = tmp_path_factory.mktemp("office") / "own"
    shutil.copytree(settled.home, home)
    return Desk(home)


# Each case has records of its own, so that they do not know each other's.
FIRST = itertools.count(0, COUNT)


def last_cut(text):
    """All but the end of the last record."""
    return text.rstrip()[: -len(text.rstrip()) // COUNT // 3]


def flipped(raw):
    """A byte of its check sum exchanged: which of its bytes is wrong, nobody can say."""
    at = len(raw) - 6
    return raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :]


def latin(text):
    """One text of one record in Latin-1, as an old tool writes it."""
    for word in ('"Mozilla', '"postgres"', '"eu-west-1"', '"remote_addr": "'):
        if word in text:
            return text.encode().replace(word.encode(), word[:3].encode() + b"\xe9" + word[3:].encode(), 1)
    raise AssertionError("no text to damage")


# name → damage, exit codes, how many of four records may have been read (least, most), a part of what is said
LOG_DAMAGE = {
    "cut off": (lambda text: last_cut(text).encode(), {1}, (COUNT - 1, COUNT - 1), "record 4"),
    "packed": (packed, {0}, (COUNT, COUNT), '"records": 4'),
    "packed, and cut off": (lambda text: packed(text)[:-9], {1}, (0, COUNT), "gzip data ends too early"),
    "packed, and damaged": (lambda text: flipped(packed(text)), {1}, (COUNT, COUNT), "gzip data is damaged"),
    "UTF-16": (lambda text: text.encode("utf-16"), {1}, (0, 0), "UTF-16"),
    "UTF-16 without a mark": (lambda text: text.encode("utf-16-le"), {1, 2}, (0, 0), ""),
    "Latin-1 in one record": (latin, {1}, (COUNT - 1, COUNT - 1), "not UTF-8"),
    "a byte order mark": (lambda text: b"\xef\xbb\xbf" + text.encode(), {0}, (COUNT, COUNT), ""),
    "empty": (lambda text: b"", {0}, (0, 0), ""),
    "something else": (lambda text: b"Dear all,\nplease find attached\n", {1, 2}, (0, 0), ""),
}

# In a web log a stranger's header may hold any byte, and costs nothing; an address that is none still does.
IN_ONE_TEXT = {
    ("Latin-1 in one record", "access"): (latin, {0}, (COUNT, COUNT), ""),
    ("Latin-1 in one record", "connections"): (latin, {1}, (COUNT - 1, COUNT - 1), "no address of the client"),
}


@pytest.mark.parametrize("source", LOGS)
@pytest.mark.parametrize("damage", LOG_DAMAGE)
def test_a_damaged_log_is_read_as_far_as_it_goes(office, source, damage):
    """What could not be read is counted and told by place, what could is recorded once, and the whole file completes it."""
    damaged, codes, (least, most), part = IN_ONE_TEXT.get((damage, source), LOG_DAMAGE[damage])
    text = LOGS[source](COUNT, next(FIRST))
    said = office.typed("collect", source, office.file("bad.log", damaged(text)), "--format", "json")
    assert said.code in codes, said
    assert part in said.out + said.err
    new = said.json["new"] if said.code < 2 else 0
    assert least <= new <= most
    if said.code == 2:
        assert said.out == ""
        assert said.err.startswith("error: ")
    whole = office.typed("collect", source, office.file("good.log", text), "--format", "json")
    assert whole.code == 0
    assert whole.json["new"] == COUNT - new
    assert whole.json["rows"][0]["known"] == new


@pytest.mark.parametrize("source", LOGS)
def test_the_same_records_twice_are_recorded_once(office, source):
    """One file twice, a copy of it, a packed copy, and all of it again inside another: nothing is new the second time."""
    first = next(FIRST)
    next(FIRST)
    text, longer = LOGS[source](COUNT, first), LOGS[source](2 * COUNT, first)
    file = office.file("one.log", text)
    said = office.typed("collect", source, file, file, office.file("copy.log.gz", packed(text)), "--format", "json")
    assert said.code == 0
    assert [row["new"] for row in said.json["rows"]] == [COUNT, 0, 0]
    again = office.typed("collect", source, office.file("longer.log", longer), "--format", "json")
    assert (again.json["new"], again.json["rows"][0]["known"]) == (COUNT, COUNT)


def long_log(path, source, first):
    """A log with one record without an end in the middle: on the disk it takes no room."""
    one, other = LOGS[source](1, first), LOGS[source](1, first + 1)
    with path.open("wb") as file:
        if source == "cloudtrail":
            good = [json.dumps(json.loads(each)["Records"][0]).encode() for each in (one, other)]
            file.write(b'{"Records": [' + good[0] + b', {"eventName": "')
            file.seek(LONG, 1)
            file.write(b'"}, ' + good[1] + b"]}")
        else:
            file.write(one.encode())
            file.seek(LONG, 1)
            file.write(b"\n" + other.encode())
    return path


def grown(run):
    """What `run` returns, and by how many bytes memory had grown at its highest."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        made = run()
        return made, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("source", LOGS)
def test_a_record_without_an_end_takes_no_memory(office, source):
    """Eighty mebibytes in one line: one malformed record, those before and after it are read, in a few megabytes."""
    file = long_log(office.home / "long.log", source, next(FIRST))
    said, more = grown(lambda: office.typed("collect", source, file, "--format", "json"))
    assert said.code == 1
    assert "longer than 1 MiB" in said.out
    assert (said.json["new"], said.json["rows"][0]["malformed"]) == (2, 1)
    assert more < ROOM


@pytest.mark.parametrize("what", ["staff.csv", "trust", "statement", "receipt", "proof", "checkpoint", "map"])
def test_no_other_file_without_an_end_takes_memory(office, tmp_path, what):
    """Tables, trust files, statements, receipts, proofs, a published folder, maps: refused at their limit, unread."""
    file, trust, data = tmp_path / "long", office.data / "trust", office.data
    if what == "staff.csv":
        write(tmp_path / "tables", company(), regions=None)
        file = tmp_path / "tables" / "staff.csv"
    if what == "checkpoint":
        shutil.copytree(data / "public", tmp_path / "public")
        file = tmp_path / "public" / "checkpoint"
    file.touch()
    with file.open("r+b") as long:
        long.seek(LONG, 2)
        long.write(b"\n")
    words = {
        "staff.csv": ("directory", "load", tmp_path / "tables", "--data", data),
        "trust": ("verify", "--trust", file, data / "public"),
        "statement": ("verify", "statement", file, "--trust", trust),
        "receipt": ("verify", "receipt", file, "--trust", trust),
        "proof": ("verify", "proof", file, "--trust", trust),
        "checkpoint": ("verify", "--trust", trust, "--evidence", tmp_path / "evidence", tmp_path / "public"),
        "map": ("collect", "access", office.home / "week.log", "--map", file, "--data", data),
    }[what]
    said, more = grown(lambda: typed(*words))
    assert said.code == (3 if what == "checkpoint" else 2), said
    assert "longer than" in said.err or "at most" in said.err
    # A statement may have 64 MiB; that much is read before it is refused.
    assert more < (150 * MIB if what == "statement" else ROOM)


def as_it_stands(office):
    """The digest of its folder, once a start has taken stock of the segment that the last leaves went to."""
    with house(office.data):
        pass
    return digest(office.data)


# ── tables ──


def damaged_tables(folder, damage):
    write(folder, company(), regions=None)
    staff = folder / "staff.csv"
    raw = staff.read_bytes()
    match damage:
        case "cut off":
            staff.write_bytes(raw[:-20])
        case "packed, and cut off":
            staff.unlink()
            (folder / "staff.csv.gz").write_bytes(packed(raw.decode())[:-9])
        case "UTF-16":
            staff.write_bytes(raw.decode().encode("utf-16"))
        case "Latin-1":
            staff.write_bytes(raw.replace(b"help-ie", b"caf\xe9", 1))
        case "without its header":
            staff.write_bytes(raw.partition(b"\n")[2])
        case "empty":
            staff.write_bytes(b"")
        case "twice":
            (folder / "staff.jsonl").write_text("")
        case "a row twice, in two ways":
            staff.write_bytes(raw + raw.splitlines(keepends=True)[1].replace(b"help-ie", b"help-us"))
        case "missing":
            staff.unlink()
        case "another version":
            (folder / "dataset.json").write_text('{"format": "whosaw-dataset/2", "name": "x", "regions": {}}')
        case "a folder in its place":
            staff.unlink()
            staff.mkdir()
    return folder


TABLE_DAMAGE = {
    "cut off": "staff.csv row", "packed, and cut off": "staff.csv.gz row", "UTF-16": "staff.csv row 1",
    "Latin-1": "is not UTF-8", "without its header": "staff.csv header", "empty": "no header row",
    "twice": "is there twice", "a row twice, in two ways": "staff.csv row", "missing": "no table 'staff'",
    "another version": "dataset.json", "a folder in its place": "no table 'staff'",
}  # fmt: skip


@pytest.mark.parametrize("damage", TABLE_DAMAGE)
def test_tables_are_read_whole_or_not_at_all(office, tmp_path, damage):
    """One file that cannot be read and nothing of the whole folder is in force: not a leaf, not a row, not a name."""
    before = as_it_stands(office)
    said = office.typed("directory", "load", damaged_tables(tmp_path / "tables", damage))
    assert (said.code, said.out) == (2, ""), said
    assert TABLE_DAMAGE[damage] in said.err
    assert digest(office.data) == before


# ── what an outsider is given ──


@pytest.fixture(scope="module")
def handed_out(office):
    """A statement of the office."""
    assert office.look().code == 0
    path = office.home / "mine.json"
    assert office.typed("statement", "mirabel", "--as", "ines", "--out", path).code == 0
    return path


def of_version(raw, version):
    given = json.loads(raw)
    return json.dumps(given | {"v": version}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


STATEMENT_DAMAGE = {
    "cut off": lambda raw: raw[:-30],
    "half of it": lambda raw: raw[: len(raw) // 2],
    "empty": lambda raw: b"",
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "Latin-1": lambda raw: raw[:200] + b"\xe9" + raw[200:],
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "packed": lambda raw: packed(raw.decode()),
    "a newline behind it": lambda raw: raw + b"\n",
    "another version": lambda raw: of_version(raw, 3),
    "deeply nested": lambda raw: b"[" * 100_000,
}


@pytest.mark.parametrize("damage", STATEMENT_DAMAGE)
def test_a_damaged_statement_fails_at_its_first_step(office, handed_out, tmp_path, damage):
    """It does not read as one: false, not absent; the other steps are not checked, and say so."""
    path = tmp_path / "mine.json"
    path.write_bytes(STATEMENT_DAMAGE[damage](handed_out.read_bytes()))
    said = typed("verify", "statement", path, "--trust", office.data / "trust", "--format", "json")
    assert said.code == 3
    assert said.json["sentence"].startswith("FAILED at step 1")
    assert {step["verdict"] for step in said.json["steps"][1:]} == {"not checked"}
    assert typed("verify", "statement", handed_out, "--trust", office.data / "trust").code == 0


@pytest.mark.parametrize("damage", ["missing", "cut off", "empty", "UTF-16", "another log's", "a folder"])
def test_without_a_trust_file_nothing_is_verified(office, handed_out, tmp_path, damage):
    """Nobody's signature counts then: 2 where there is no trust file of any kind, 3 where it trusts another log."""
    trust, raw = tmp_path / "trust", (office.data / "trust").read_bytes()
    match damage:
        case "cut off":
            trust.write_bytes(raw[:-30])
        case "empty":
            trust.write_bytes(b"")
        case "UTF-16":
            trust.write_bytes(raw.decode().encode("utf-16"))
        case "another log's":
            trust.write_bytes(other_trust())
        case "a folder":
            trust.mkdir()
    for words in ((office.data / "public",), ("statement", handed_out)):
        said = typed("verify", *words, "--trust", trust, *(("--quick",) if len(words) == 1 else ()))
        assert said.code == (3 if damage == "another log's" else 2)
        assert said.err.startswith("error: ")
        assert "verified" not in said.out


def other_trust():
    from tests.verify.log_maker import LittleLog

    return LittleLog().trust()


@pytest.mark.parametrize("place", ["none", "empty", "a file"])
def test_a_folder_that_is_no_log(office, tmp_path, place):
    """A wrong path is no forged log: 2 where there is no folder, 7 where the folder that was named holds nothing of one."""
    folder = tmp_path / "folder"
    if place == "empty":
        folder.mkdir()
    if place == "a file":
        folder.write_text("")
    said = typed("verify", "--trust", office.data / "trust", folder)
    assert said.code == (7 if place == "empty" else 2)
    assert "give the published folder: the one that holds `checkpoint`" in said.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ([] if place == "none" else ["folder"])


# ── where things are not ──


@pytest.mark.parametrize("source", LOGS)
@pytest.mark.parametrize("what", ["no file", "a folder", "no map", "a map of another version", "a map of nothing"])
def test_nothing_is_taken_in_where_it_cannot_be_read(office, tmp_path, source, what):
    """No file, or no map to read it by: 2, the place, and the folder as it was."""
    before = as_it_stands(office)
    file, more = tmp_path / "log", ()
    if what not in {"no file", "a folder"}:
        file.write_text(LOGS[source](COUNT, 10_000))
        more = ("--map", tmp_path / "map.toml")
    match what:
        case "a folder":
            file.mkdir()
        case "a map of another version":
            (tmp_path / "map.toml").write_text("format = 2\n")
        case "a map of nothing":
            (tmp_path / "map.toml").write_bytes(b"\xff\xfe")
    said = office.typed("collect", source, file, *more)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {'--map' if more else file}: ")
    if what == "a map of another version":
        assert "format = 1" in said.err
    assert digest(office.data) == before


def test_a_clock_of_tomorrow_in_a_log_is_no_look(office):
    """A record of the future is malformed, by its place; the others are taken."""
    first = next(FIRST)
    text = access_line(first) + access_line(first + 1, at=NOW.replace(year=NOW.year + 1))
    said = office.typed("collect", "access", office.file("future.log", text), "--format", "json")
    assert (said.code, said.json["new"]) == (1, 1)
    assert "record 2" in said.out


def test_after_all_that_the_log_is_whole(office):
    """Nothing that was handed in left a mark where it should not."""
    assert office.typed("journal", "fsck", "--with-keys").code == 0
    assert typed("verify", "--trust", office.data / "trust", office.data / "public").code == 0
    assert office.look().code == 0

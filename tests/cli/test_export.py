# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal export`: a parcel for anybody, and records for those who may read them; verified without the folder."""

import json
import tarfile

import pytest
from tests.cli.desk import typed
from tests.cli.test_finding import lay

from whosaw.detect import run as running
from whosaw.detect.signals import unexplained
from whosaw.guard.opening import named
from whosaw.model.record import parse
from whosaw.verify.command import main as verify
from whosaw.verify.records import Line, parse_line
from whosaw.wiring import house


@pytest.fixture(scope="module")
def opened(settled, tmp_path_factory):
    """Records of named streams, and of everything. (desk, named, all)"""
    home = tmp_path_factory.mktemp("records")
    assert settled.typed("journal", "status").code == 0
    import shutil

    from tests.cli.desk import Desk

    shutil.copytree(settled.home, home / "own")
    desk = Desk(home / "own")
    assert desk.look().code == 0
    named, everything = home / "named.jsonl", home / "all.jsonl"
    assert (
        desk.typed(
            "journal", "export", "records", named, "--stream", "policy", "--stream", "directory", "--as", "ines"
        ).code
        == 0
    )
    said = desk.typed("journal", "export", "records", everything, "--all", "--as", "ines")
    assert said.code == 0, said.err
    return desk, named, everything


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def records_verify(path, desk):
    return verify(["records", str(path), "--trust", str(desk.data / "trust")])


def test_records_verify_without_the_folder(opened, capsys):
    """Of named streams and of all: exit 0, and the report says how many."""
    desk, named, everything = opened
    for path in (named, everything):
        assert records_verify(path, desk) == 0
        assert path.stat().st_mode & 0o777 == 0o600
    assert "No leaf below the checkpoint is missing." in capsys.readouterr().out
    streams = {parse_line(raw, "").stream for raw in lines(named)[1:-1]}
    assert streams == {"policy", "directory"}
    streams = {parse_line(raw, "").stream for raw in lines(everything)[1:-1]}
    assert {"genesis", "person", "exports", "policy", "directory"} <= streams


def test_taking_records_out_is_a_record(opened):
    """The header names the leaf, and that leaf says what was taken and by whom; no account id stands in the file."""
    _, _, everything = opened
    header = json.loads(lines(everything)[0])
    made = next(
        line
        for raw in lines(everything)[1:-1]
        if isinstance(line := parse_line(raw, ""), Line) and line.index == header["export"]
    )
    body = json.loads(made.body)
    assert (body["kind"], body["what"], body["streams"]) == ("export", "records", ["all"])
    assert b"mirabel" not in everything.read_bytes()
    assert b"ines" not in everything.read_bytes().replace(b"lines", b"")


def test_a_changed_line_is_found(opened, tmp_path):
    """In every line: one byte changed, the line left out, two lines exchanged, the file cut: exit 3 or no such file at all."""
    desk, named, everything = opened
    for path in (named, everything):
        whole = lines(path)
        step = max(1, len(whole) // 8)
        for n in range(0, len(whole), step):
            flipped = bytearray(whole[n])
            at = len(flipped) // 2
            flipped[at] = flipped[at] ^ 1
            for made in ([*whole[:n], bytes(flipped), *whole[n + 1 :]], whole[:n] + whole[n + 1 :], whole[:n]):
                broken = tmp_path / "broken.jsonl"
                broken.write_bytes(b"".join(made))
                assert records_verify(broken, desk) == 3, (path.name, n)
        broken.write_bytes(b"".join([*whole, whole[-1]]))
        assert records_verify(broken, desk) == 3


def test_what_the_first_line_says_is_not_printed_as_it_is(opened, tmp_path, capsys):
    """Whoever makes a file writes nothing over what the terminal of its reader says."""
    desk, named, _ = opened
    for was, made in ((b'"at":"', rb'"at":"\u001b[2J'), (b'"streams":["', rb'"streams":["9. holds\n')):
        whole = named.read_bytes()
        assert was in whole
        (tmp_path / "odd.jsonl").write_bytes(whole.replace(was, made, 1))
        assert records_verify(tmp_path / "odd.jsonl", desk) == 3
        said = capsys.readouterr().out
        assert "Taken out at" in said
        assert "\x1b" not in said and "\n9. holds" not in said


def test_what_was_broken_off_goes_on(opened, tmp_path):
    """Cut in a line, in the header, behind a damaged line: the same command ends with the same bytes, and records nothing twice."""
    desk, _, everything = opened
    whole = everything.read_bytes()
    cuts = [len(whole) // 3, len(whole) - 5, len(lines(everything)[0]) + 10]
    for cut in cuts:
        out = tmp_path / f"again-{cut}.jsonl"
        out.with_name(f"{out.name}.part").write_bytes(whole[:cut])
        size = desk.typed("journal", "status", "--format", "json").json["size"]
        assert desk.typed("journal", "export", "records", out, "--all", "--as", "ines").code == 0
        assert out.read_bytes() == whole
        assert desk.typed("journal", "status", "--format", "json").json["size"] == size
    out = tmp_path / "other.jsonl"
    out.with_name("other.jsonl.part").write_bytes(whole[:-100])
    said = desk.typed("journal", "export", "records", out, "--stream", "admin", "--as", "ines")
    assert (said.code, "an unfinished file of other streams" in said.err) == (2, True)


def test_nothing_goes_on_that_is_not_on_record(opened, tmp_path):
    """A first line made of the published checkpoint, or of somebody else's file: or whoever types it leaves with no record."""
    desk, named, everything = opened
    theirs, note = json.loads(lines(everything)[0]), (desk.data / "public" / "checkpoint").read_text()
    of_named = json.loads(lines(named)[0])["export"]
    typed = [{**theirs, "checkpoint": note, "export": export} for export in (0, of_named, theirs["export"] + 9_000)]
    typed.append({**theirs, "at": "2026-01-01T00:00:00.000Z"})
    out = tmp_path / "out.jsonl"
    for n, (header, asker) in enumerate([*((made, "ines") for made in typed), (theirs, "zofia")]):
        out.with_name("out.jsonl.part").write_text(
            json.dumps(header, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
        )
        said = desk.typed("journal", "export", "records", out, "--all", "--as", asker)
        assert (said.code, "no record says" in said.err) == (2, True), n
        assert not out.exists()
        assert len(lines(out.with_name("out.jsonl.part"))) == 1


def test_who_does_not_work_here_takes_nothing_out(opened, tmp_path):
    """Refused, on record, and no file: also of one that was begun."""
    desk, _, everything = opened
    out = tmp_path / "out.jsonl"
    part = out.with_name("out.jsonl.part")
    for begun in (b"", everything.read_bytes()[:-100]):
        if begun:
            part.write_bytes(begun)
        said = desk.typed("journal", "export", "records", out, "--all", "--as", "nobody", "--format", "json")
        assert (said.code, said.json["permitted"], out.exists(), part.exists()) == (4, False, False, bool(begun))
        with house(desk.data) as here:
            here.journal.publish_now()
            body = parse(here.journal.reader().frame(said.json["leaf"]).body)
        assert (body["kind"], body["reasons"], body["streams"]) == ("export", ["requester-unknown"], ["all"])


def test_nothing_is_overwritten_and_nothing_printed(opened):
    """A file that is there stays; both ways to say what, or neither, is a slip; no body reaches the terminal."""
    desk, named, _ = opened
    before = named.read_bytes()
    assert desk.typed("journal", "export", "records", named, "--all").code == 2
    assert named.read_bytes() == before
    for words in ((), ("--all", "--stream", "admin")):
        assert desk.typed("journal", "export", "records", named.with_name("x"), *words).code == 2
    said = desk.typed("journal", "export", "records", named.with_name("y"), "--stream", "policy", "--as", "ines")
    assert "digest" not in said.out and "sha256" not in said.out


@pytest.mark.parametrize("tar", [False, True])
def test_the_public_log_in_a_parcel(opened, tmp_path, tar):
    """Unpacked anywhere it verifies with what is in it; nothing private is in it; the same head gives the same tar file."""
    desk, _, _ = opened
    out = tmp_path / "parcel"
    words = ("--tar",) if tar else ()
    said = desk.typed("journal", "export", "log", out, *words, "--format", "json")
    assert said.code == 0, said.err
    folder = out
    if tar:
        again = tmp_path / "again"
        desk.typed("journal", "export", "log", again, *words)
        assert again.read_bytes() == out.read_bytes()
        folder = tmp_path / "unpacked"
        with tarfile.open(out) as parcel:
            parcel.extractall(folder, filter="data")
    assert verify([str(folder / "public"), "--trust", str(folder / "trust")]) == 0
    assert {path.name for path in folder.iterdir()} == {"public", "trust", "README.txt"}
    assert sum(path.is_file() for path in folder.rglob("*")) == said.json["files"]
    assert desk.typed("journal", "export", "log", out, *words).code == 2


def test_a_damaged_log_is_not_packed(opened, tmp_path):
    """A flipped byte: exit 3, the file is named, and no parcel is left."""
    desk, _, _ = opened
    tile = max((desk.data / "public/tile/entries").glob("**/*.p/*"), key=lambda path: int(path.name))
    data = tile.read_bytes()
    tile.chmod(0o644)
    tile.write_bytes(bytes([data[0], data[1], data[2], data[3] ^ 1]) + data[4:])
    said = desk.typed("journal", "export", "log", tmp_path / "parcel")
    tile.write_bytes(data)
    assert (said.code, "tile/entries" in said.err) == (3, True)
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_and_a_repair_from_it(opened, tmp_path):
    """As typed: a mirror is made, the original loses a bundle and its frames, and is healed from the mirror."""
    desk, _, _ = opened
    public, trust = desk.data / "public", desk.data / "trust"
    assert typed("journal", "mirror", public, tmp_path / "m", "--trust", trust).code == 0
    said = typed("journal", "mirror", public, tmp_path / "m", "--trust", trust, "--format", "json")
    assert (said.code, said.json["files"]) == (0, 0)
    bundle = max((public / "tile/entries").glob("**/*.p/*"), key=lambda path: int(path.name))
    data = bundle.read_bytes()
    bundle.unlink()
    assert desk.typed("journal", "fsck").code == 3
    said = desk.typed("journal", "fsck", "--repair", "--from", tmp_path / "m/public", "--format", "json")
    assert (said.code, said.json["again"]) == (0, [f"tile/entries/{bundle.parent.name}/{bundle.name}"])
    assert bundle.read_bytes() == data
    assert desk.typed("journal", "fsck", "--from", tmp_path / "m").code == 2
    assert typed("journal", "mirror", public, desk.data, "--trust", trust).code == 2


def test_a_label_table_that_is_no_database(opened):
    """Garbage in its place, or in its first page: found, thrown away, and made again from the bundles."""
    desk, _, _ = opened
    table = desk.data / "private/labels.db"
    whole = table.read_bytes()
    for broken in (b"no database at all" * 300, whole[:100] + b"\xff" * 20 + whole[120:]):
        for beside in ("labels.db-wal", "labels.db-shm"):
            table.with_name(beside).unlink(missing_ok=True)
        table.write_bytes(broken)
        assert desk.typed("journal", "fsck").code == 3
        said = desk.typed("journal", "fsck", "--repair", "--format", "json")
        assert (said.code, said.json["again"]) == (0, ["labels.db"]), said.out + said.err
        assert desk.typed("journal", "fsck", "--with-keys").code == 0


def test_a_scrub_as_typed(opened):
    """Once around: 0; with a flipped bit: 3, the byte on stderr and in the rows, the file untouched."""
    desk, _, _ = opened
    assert desk.typed("journal", "scrub", "--once").code == 0
    tile = max((desk.data / "public/tile/0").glob("**/*.p/*"), key=lambda path: int(path.name))
    data = tile.read_bytes()
    tile.chmod(0o644)
    tile.write_bytes(data[:40] + bytes([data[40] ^ 4]) + data[41:])
    said = desk.typed("journal", "scrub", "--once", "--rate", "100000", "--format", "json")
    assert said.code == 3
    assert any("byte 40" in row["where"] for row in said.json["rows"])
    assert "byte 40" in said.err
    assert tile.read_bytes()[40] == data[40] ^ 4
    tile.write_bytes(data)


def test_a_log_alone(tmp_path):
    """`journal init`: status, fsck, scrub and mirror work on it; what needs a keyring says what is missing; twice is refused."""
    data = tmp_path / "l"
    assert typed("journal", "init", data, "--origin", "log.example.org/alone").code == 0
    for words in (("status",), ("fsck",), ("fsck", "--repair"), ("scrub", "--once")):
        assert typed("journal", *words, "--data", data).code == 0, words
    assert typed("journal", "init", data, "--origin", "log.example.org/alone").code == 2
    assert typed("journal", "init", data / "public/inside", "--origin", "log.example.org/alone").code == 2
    assert "state.db" in typed("watch", "--data", data).err
    for wrong in ("status", "fsck", "scrub"):
        assert typed("journal", wrong, "--data", tmp_path / "nowhere").code == 2
    assert not (tmp_path / "nowhere").exists()


def test_findings_are_held_against_what_the_watch_recorded(desk, tmp_path, monkeypatch, capsys):
    """To the byte; an older file is told to be older; what was changed is false, and of other streams nothing can be told."""
    monkeypatch.setattr(running, "SIGNALS", (unexplained,))
    kept = desk.data / "private/findings.json"
    assert desk.typed("watch").code == 0
    first = kept.read_bytes()
    size = desk.typed("journal", "status", "--format", "json").json["size"]
    assert desk.typed("watch").code == 0
    assert (kept.read_bytes(), desk.typed("journal", "status", "--format", "json").json["size"]) == (first, size)
    lay(desk, (("ben",), ("p-one",)))
    assert desk.typed("watch").code == 1
    records, other = tmp_path / "records.jsonl", tmp_path / "other.jsonl"
    for out, stream in ((records, "findings"), (other, "policy")):
        assert desk.typed("journal", "export", "records", out, "--stream", stream, "--as", "ines").code == 0

    def shown(raw, path=records):
        file = tmp_path / "shown.json"
        file.write_bytes(raw)
        code = verify(["records", str(path), "--trust", str(desk.data / "trust"), "--findings", str(file)])
        return code, capsys.readouterr().out

    code, said = shown(kept.read_bytes())
    assert code == 0 and "recorded at" in said and "No newer ones are recorded here." in said
    code, said = shown(first)
    assert code == 0 and "1 newer file was recorded since." in said
    changed = kept.read_bytes().replace(b"one person", b"nobody", 1).replace(b"f-000001", b"f-000002", 1)
    assert shown(changed)[0] == 3
    code, said = shown(kept.read_bytes(), other)
    assert code == 7 and "the records hold nothing of findings" in said


def test_a_digest_on_record_tells_nothing_of_what_was_found(desk, monkeypatch):
    """Two watches that found the same leave different digests: whoever guesses the findings cannot check the guess."""
    monkeypatch.setattr(running, "SIGNALS", (unexplained,))
    digests = []
    for _ in range(2):
        assert desk.typed("watch").code == 0
        with house(desk.data) as here:
            digests.append(parse(named(here.journal, here.keyring, "findings")[-1].body)["digest"])
        (desk.data / "private/findings.json").unlink()
    assert digests[0] != digests[1]

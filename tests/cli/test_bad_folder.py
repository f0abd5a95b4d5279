# SPDX-License-Identifier: Apache-2.0
"""A data folder in trouble: keys lost or exchanged, a newer version's files, a clock set back, a full disk, two at once.

trouble ──▶ each command: an error that says which file, an exit code, the folder as it was ──▶ mended ──▶ as before
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.cli.desk import LOGS, ORIGIN, digest, typed

from whosaw.cli.statement import write
from whosaw.errors import BadInput, Unavailable
from whosaw.model.access import Asked, Look
from whosaw.wiring import house

LOOK = ("look", "--principal", "ana", "--person", "mirabel", "--field", "device", "--purpose", "subject_request")


def writing(desk):
    """What writes to the log, command by command."""
    log = desk.file("some.log", LOGS["access"]())
    return (
        (*LOOK, "--case", "T-100"),
        ("directory", "load", desk.tables),
        ("collect", "access", log),
        ("collect", "connections", log),
        ("watch",),
        ("inquiry", "person", "mirabel", "--as", "ines"),
        ("inquiry", "unseal", "f-000001", "--by", "ines", "--with", "omar"),
        ("statement", "mirabel", "--as", "ines", "--out", desk.home / "mine.json"),
    )


def none_works(desk, code, *parts, commands=None):
    """Each command that writes says what is wrong, with this exit code, and leaves everything as it was."""
    commands = commands or writing(desk)
    before = digest(desk.home)
    for words in commands:
        said = desk.typed(*words)
        assert (said.code, said.out) == (code, ""), (words, said)
        assert said.err.startswith("error: ")
        assert [part for part in parts if part not in said.err] == [], (words, said.err)
        assert all(line.startswith(("error: ", "hint: ")) for line in said.err.splitlines())
    assert digest(desk.home) == before


def works(desk):
    """The folder is whole, looks are recorded and shown, and outsiders can verify it."""
    assert desk.typed("journal", "fsck", "--with-keys").code == 0
    assert desk.look().code == 0
    assert typed("verify", "--trust", desk.data / "trust", desk.data / "public").code == 0


# ── keys ──


@pytest.fixture(scope="module")
def stranger(settled, tmp_path_factory):
    """Another log, of the same name, and none of its keys is ours: houses of one process get one of four VRF keys in turn."""
    for name in ("one", "another"):
        folder = tmp_path_factory.mktemp(name) / "data"
        assert typed("init", folder, "--origin", ORIGIN).code == 0
        pairs = [
            (path.read_bytes(), (settled.data / "private/keys" / path.name).read_bytes()) for path in _keys(folder)
        ]
        if all(theirs != ours for theirs, ours in pairs):
            return folder
    raise AssertionError("two houses one after the other got the same key")


def _keys(data):
    return sorted((data / "private/keys").iterdir())


@pytest.mark.parametrize("trouble", ["lost", "exchanged", "empty", "damaged"])
def test_each_key_file_is_missed(desk, stranger, trouble):
    """Lost, another log's, empty or damaged: every command refuses to start and names the file; none makes it anew."""
    keys = [path.name for path in _keys(desk.data)]
    assert len(keys) >= 5
    few = [words for words in writing(desk) if words[0] in {"look", "statement"}]
    for name in keys:
        path = desk.data / "private/keys" / name
        ours = path.read_bytes()
        theirs = (stranger / "private/keys" / name).read_bytes()
        path.unlink()
        if trouble != "lost":
            path.write_bytes({"exchanged": theirs, "empty": b""}.get(trouble, ours[1:]))
            path.chmod(0o600)
        what = f"private/keys/{name}" if trouble != "exchanged" else "key"
        none_works(desk, 2, what, "hint: restore ", commands=few)
        path.unlink(missing_ok=True)
        path.write_bytes(ours)
        path.chmod(0o400)
    works(desk)


# ── versions ──


def with_settings(data):
    path = data / "whosaw.toml"
    path.write_text(path.read_text().replace("format = 1", "format = 2"))


def in_sql(name, statement):
    def change(data):
        with sqlite3.connect(data / "private" / name) as db:
            db.execute(statement)
        db.close()

    return change


NEWER = {
    "whosaw.toml": (with_settings, "format 2, this version of whosaw knows 1"),
    "state.db": (in_sql("state.db", "update alembic_version set version_num = '9999'"), "state.db is of version 9999"),
    "head.db": (in_sql("head.db", "pragma user_version = 99"), "head.db has layout 99, this version of whosaw knows"),
    "labels.db": (in_sql("labels.db", "pragma user_version = 99"), "labels.db has layout 99"),
}


@pytest.mark.parametrize("name", NEWER)
def test_a_newer_version_s_folder_is_left_alone(desk, name):
    """Whatever file is of a version to come: it is named, a newer version is the advice, and no byte is touched."""
    make, part = NEWER[name]
    make(desk.data)
    none_works(desk, 2, part, "use the version of whosaw that made the folder, or a newer one; nothing was changed")
    before = digest(desk.data)
    assert desk.typed("journal", "fsck", "--with-keys").code == 2
    assert digest(desk.data) == before


def test_findings_of_a_newer_version_are_not_overwritten(desk):
    """The watch would write them anew, and with them every number that people have in their files."""
    findings = desk.data / "private/findings.json"
    findings.write_text('{"format":"whosaw-findings/9"}')
    for words in (("watch",), ("inquiry", "finding", "f-000001", "--as", "ines")):
        said = desk.typed(*words)
        assert (said.code, said.out) == (2, "")
        assert "findings.json" in said.err
    assert findings.read_text() == '{"format":"whosaw-findings/9"}'


# ── parts that are gone ──


@pytest.mark.parametrize("name", ["private/state.db", "private/head.db", "whosaw.toml"])
def test_what_is_lost_is_not_made_anew(desk, name):
    """No new keyring, head or settings in the place of a lost one: with any of them the log would begin a second time."""
    path = desk.data / name
    raw = path.read_bytes()
    path.unlink()
    none_works(desk, 2, name, "hint: ")
    path.write_bytes(b"" if name.endswith("state.db") else raw)
    if name.endswith("state.db"):
        none_works(desk, 2, name)
    path.write_bytes(raw)
    works(desk)


def published(desk):
    """Everything that is published, by name, but for the checkpoint and what follows it as it grows."""
    public = desk.data / "public"
    files = {str(path.relative_to(public)): path for path in public.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name.startswith(("tile/", "genesis"))}


@pytest.mark.slow
def test_what_can_be_made_again_is(desk):
    """The published folder, the label table and the facts follow from the rest: gone, they come back as they were."""
    assert desk.typed("watch").code == 0
    before = published(desk)
    shutil.rmtree(desk.data / "public")
    (desk.data / "private/labels.db").unlink()
    shutil.rmtree(desk.data / "private/facts")
    assert desk.typed("watch").code == 0
    after = published(desk)
    assert len(after) >= 3
    assert after.items() <= before.items()
    works(desk)


@pytest.mark.parametrize(
    "words", [("look",), ("journal", "status"), ("journal", "fsck", "--with-keys"), ("watch",)], ids=" ".join
)
@pytest.mark.parametrize("place", ["nothing", "an empty folder", "a file"])
def test_no_data_folder_is_said_and_how_to_make_one(tmp_path, words, place):
    """A wrong path is no new log: the hint says `whosaw init`, and nothing appears."""
    data = tmp_path / "data"
    if place == "an empty folder":
        data.mkdir()
    if place == "a file":
        data.write_text("")
    before = digest(tmp_path)
    words = (*LOOK, "--case", "T-100") if words == ("look",) else words
    said = typed(*words, "--data", data)
    assert (said.code, said.out) == (2, "")
    if place == "a file":
        assert "whosaw.toml cannot be read" in said.err
    else:
        assert (
            said.err
            == f"error: {data}: there is no data folder here\nhint: whosaw init {data} --origin NAME makes one\n"
        )
    assert digest(tmp_path) == before


@pytest.mark.parametrize("standing", ["a data folder", "half of one", "a file"])
def test_init_touches_nothing_that_stands_there(desk, tmp_path, standing):
    """A second `init` on a folder would be a second log under its name: refused, and not a byte is changed."""
    folder = tmp_path / "new"
    match standing:
        case "a data folder":
            folder = desk.data
        case "half of one":
            (folder / "private").mkdir(parents=True)
        case "a file":
            folder.write_text("mine")
    before = digest(folder.parent)
    said = typed("init", folder, "--origin", ORIGIN)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {folder}: ")
    assert digest(folder.parent) == before


@pytest.mark.slow
def test_a_folder_that_may_not_be_read(desk):
    """Another account's folder, as an account without rights sees it: the place, 2 or 7, and never a fault of ours."""
    if os.geteuid():
        pytest.skip("only root can become somebody without rights")
    (desk.data).chmod(0o700)
    program = (
        "import os, sys; from whosaw.cli import commands; os.setgid(65534); os.setuid(65534)\n"
        "sys.exit(commands.run(sys.argv[1:]))"
    )
    for words in (
        ("journal", "status"),
        ("look", *LOOK[1:], "--case", "T-100"),
        ("statement", "mirabel", "--out", "/none/x"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *words, "--data", desk.data], capture_output=True, text=True, check=False
        )
        assert done.returncode in {2, 7}, done
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert "fault in whosaw" not in done.stderr


# ── the clock ──


def test_a_clock_set_back_records_nothing(desk):
    """The log was signed two hours from now: until then nothing is recorded, shown or handed out, and it is said."""
    with house(desk.data, clock=lambda: datetime.now(UTC) + timedelta(hours=2)) as here:
        here.guard.look(Look("l-1", "ana", "mirabel", (Asked.parse("device"),), "subject_request", "T-100", "k"))
    log = digest(desk.data / "public")
    # Confirming the same directory is no record. A new one is.
    confirms = (("directory", "load"), ("collect", "connections"))
    for words in writing(desk):
        if words[:2] not in confirms:
            said = desk.typed(*words)
            assert (said.code, said.out) == (7, ""), (words, said)
            assert said.err.startswith("error: the clock is behind the last signature; nothing was ")
            assert "hint: set the clock right" in said.err
    assert not (desk.home / "mine.json").exists()
    assert digest(desk.data / "public") == log
    assert desk.typed("journal", "fsck", "--with-keys").code == 0


# ── a second process ──


@pytest.mark.slow
def test_two_processes_at_once(desk):
    """While another process has the folder, nobody else writes; it is said at once, and afterwards all goes on."""
    program = (
        "import sys; from pathlib import Path; from whosaw.wiring import house\n"
        "with house(Path(sys.argv[1])): print('open', flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, desk.data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "open\n"
        log = digest(desk.data / "public")
        for words in writing(desk):
            said = desk.typed(*words)
            assert (said.code, said.out) == (6, ""), (words, said)
            assert "another process holds the data folder" in said.err
        assert digest(desk.data / "public") == log
        assert not (desk.home / "mine.json").exists()
        assert desk.typed("journal", "status").code == 0
    finally:
        other.communicate("\n", timeout=30)
    works(desk)


# ── a full disk ──


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from whosaw.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "room"),
    [(0, 0), (0, 30_000), (2, 50_000), (3, 110_000), (4, 1_000), (7, 3_000)],
)
def test_a_full_disk_stops_a_command_and_harms_nothing(desk, number, room):
    """No file may grow beyond so many bytes: 7 or whole, fsck finds no fault, and with room again the command succeeds."""
    words = [*writing(desk)[number], "--data", desk.data]
    if number in {2, 3}:
        many = LOGS["access"](200) if number == 2 else LOGS["connections"](30)
        (desk.home / "some.log").write_text(many)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 7}, done
    if done.returncode:
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert "fault in whosaw" not in done.stderr
        assert not (desk.home / "mine.json").exists()
    assert desk.typed("journal", "fsck", "--with-keys").code == 0
    (desk.home / "mine.json").unlink(missing_ok=True)
    assert typed(*words).code == 0
    works(desk)


@pytest.mark.parametrize("room", [0, pytest.param(1_000, marks=pytest.mark.slow), 20_000])
def test_init_on_a_full_disk_leaves_nothing(tmp_path, room):
    """Half a log would look like one that lost its keys; so there is none, and the next `init` makes it."""
    folder = tmp_path / "data"
    words = ["init", folder, "--origin", ORIGIN]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (7, "")
    assert not folder.exists()
    if room == 0:
        assert typed(*words).code == 0


def test_no_room_for_the_statement_itself(tmp_path):
    """It was made and could not be written: 7, since that it was made is on record; half a statement is not left."""
    out = tmp_path / "mine.json"
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        with pytest.raises(Unavailable, match="--out: cannot be written"):
            write(out, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert not out.exists()
    write(out, b"whole")
    with pytest.raises(BadInput, match="there is a file already"):
        write(out, b"another")
    assert out.read_bytes() == b"whole"


@pytest.mark.parametrize("inside", ["public", "private", "public/sub", "new"])
def test_no_data_folder_is_made_inside_another(settled, inside):
    """Private keys in the folder that is given away would be given away; and the hint of a slip does not lead there."""
    before = digest(settled.data)
    said = typed("init", settled.data / inside, "--origin", ORIGIN)
    assert said.code == 2
    assert "lies inside the data folder" in said.err
    slip = typed("journal", "fsck", "--with-keys", "--data", settled.data / inside)
    assert slip.code == 2
    assert "it is part of one: --data" in slip.err
    assert digest(settled.data) == before

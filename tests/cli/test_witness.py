# SPDX-License-Identifier: Apache-2.0
"""`whosaw witness`, as people type it: a witness made, served as a process, killed and served again; a log that asks it."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from tests.cli.desk import Said
from tests.ports import nobody
from tests.witness.desk import HashLog, ask, log_keys, post

from whosaw.cli.commands import run
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.tlog.note import VerifierKey, parse_note
from whosaw.tlog.trust import TrustPolicy
from whosaw.tlog.witness import monitoring_path
from whosaw.verify.command import main as verify
from whosaw.wiring import build

LOG = HashLog()
MAIN = "import sys; from whosaw.cli.main import main; sys.exit(main())"


def typed(*words):
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(word) for word in words])
    return Said(code, out.getvalue(), err.getvalue())


@contextmanager
def serving(folder, port=0):
    """`whosaw witness serve` as a process of its own; its address and the process."""
    words = [sys.executable, "-c", MAIN, "witness", "serve", str(folder), "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        said = process.stderr.readline()
        assert "serving on http://" in said, said + process.stderr.read()
        yield said.split()[-1], process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "witness"
    said = typed("witness", "init", made, "--name", "w1.example.net/w")
    assert said.code == 0, said.err
    return made


def test_a_witness_is_made_once(folder):
    """Two keys of its name, private files for nobody else; a second time is refused and changes nothing."""
    vkeys = (folder / "vkeys").read_text().splitlines()
    assert [VerifierKey.parse(v).kind for v in vkeys] == [4, 6]
    assert {VerifierKey.parse(v).name for v in vkeys} == {"w1.example.net/w"}
    assert (folder / "private").stat().st_mode & 0o077 == 0
    assert all(f.stat().st_mode & 0o077 == 0 for f in (folder / "private" / "keys").iterdir())
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    assert typed("witness", "init", folder, "--name", "other.example.net").code == 2
    assert {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()} == before


@pytest.mark.parametrize("name", ["", "a b", "a+b", "x" * 256])
def test_a_name_that_is_none(tmp_path, name):
    """Exit 2, and no folder."""
    assert typed("witness", "init", tmp_path / "w", "--name", name).code == 2
    assert not (tmp_path / "w").exists()


def test_logs_are_added(folder):
    """Both keys of a log; a key twice, a witness's key and no key are refused."""
    ed25519, mldsa = log_keys()
    assert typed("witness", "add-log", folder, ed25519.vkey()).code == 0
    said = typed("witness", "add-log", folder, mldsa.vkey(), "--format", "json")
    assert (said.code, said.json["rows"]) == (0, [{"origin": LOG.origin, "keys": 2}])
    for wrong in (ed25519.vkey(), (folder / "vkeys").read_text().splitlines()[0], "nonsense", ""):
        assert typed("witness", "add-log", folder, wrong).code == 2
    said = typed("witness", "show", folder, "--format", "json")
    assert said.json["rows"] == [{"log": LOG.origin, "keys": 2, "size": None, "cosigned": None}]
    assert TrustPolicy.parse((folder / "logs").read_bytes()).origins == (LOG.origin,)


def test_a_genesis_names_the_keys_of_both_logs(folder, tmp_path):
    """One file, four keys; what is there already stays; a file that is none, and nothing at all, are refused."""
    build(tmp_path / "data", "log.example.org/two")
    genesis = tmp_path / "data" / "public" / "genesis"
    made = Genesis.parse(GenesisFile.parse(genesis.read_bytes()).body)
    assert typed("witness", "add-log", folder, made.logs[1]).code == 0
    said = typed("witness", "add-log", folder, "--genesis", genesis, "--format", "json")
    assert (said.code, said.json["rows"]) == (
        0, [{"origin": "log.example.org/two", "keys": 2}, {"origin": "log.example.org/two/map", "keys": 2}],
    )  # fmt: skip
    before = (folder / "logs").read_bytes()
    for wrong in ((), ("--genesis", genesis), ("--genesis", folder / "vkeys"), ("--genesis", tmp_path / "gone")):
        assert typed("witness", "add-log", folder, *wrong).code == 2
    assert typed("witness", "add-log", folder, log_keys()[0].vkey(), "nonsense").code == 2
    assert (folder / "logs").read_bytes() == before


def test_it_serves_dies_and_serves_again(folder):
    """A log is added while it serves; killed without warning it forgets nothing; told to stop it ends with 0."""
    with serving(folder) as (url, process):
        assert post(url, LOG.request(0, 5))[0] == 404
        assert typed("witness", "add-log", folder, log_keys()[0].vkey()).code == 0
        assert post(url, LOG.request(0, 5))[0] == 200
        assert ask(url, "GET", "/")[2] == (folder / "vkeys").read_bytes()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with serving(folder) as (url, process):
        assert post(url, LOG.request(3, 9))[:3] == (409, "text/x.tlog.size", b"5\n")
        assert post(url, HashLog(b"fork", fork=2).request(5, 9))[0] == 422
        assert post(url, LOG.request(5, 9))[0] == 200
        assert parse_note(ask(url, "GET", f"/{monitoring_path(LOG.origin)}")[2]).text == LOG.text(9)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert len(list((folder / "private" / "evidence").iterdir())) == 1
    [row] = typed("witness", "show", folder, "--format", "json").json["rows"]
    assert row["size"] == 9


def test_what_it_does_not_serve_from(folder, tmp_path):
    """No witness, a lost memory, other keys, no address: it says so and serves nothing."""
    assert typed("witness", "serve", tmp_path / "nowhere").code == 2
    for listen in ("", "8970", "localhost", "127.0.0.1:99999", "127.0.0.1:x"):
        assert typed("witness", "serve", folder, "--listen", listen).code == 2
    assert typed("witness", "serve", folder, "--listen", "203.0.113.1:0").code == 7
    lost = tmp_path / "lost"
    shutil.copytree(folder, lost)
    for file in (lost / "private").glob("witness.db*"):
        file.unlink()
    said = typed("witness", "serve", lost)
    assert (said.code, "memory" in said.err) == (2, True)
    other = tmp_path / "other"
    typed("witness", "init", other, "--name", "w1.example.net/w")
    shutil.copy(other / "vkeys", folder / "vkeys")
    assert typed("witness", "serve", folder).code == 2
    (folder / "vkeys").write_text("nonsense\n")
    assert typed("witness", "show", folder).code == 2
    assert typed("witness", "add-log", tmp_path / "nowhere", log_keys()[0].vkey()).code == 2


def test_a_log_asks_it(folder, tmp_path):
    """From nothing to a log that outsiders verify with a quorum; and what is said when the witness is gone."""
    data = tmp_path / "data"
    build(data, "log.example.org/asks")
    assert typed("witness", "status", "--data", data).out.startswith("This log has no witnesses")
    assert typed("witness", "add-log", folder, "--genesis", data / "public" / "genesis").code == 0
    vkey = (folder / "vkeys").read_text().splitlines()[1]
    (data / "trust").write_text((data / "trust").read_text().replace("quorum none\n", f"witness W {vkey}\nquorum W\n"))
    with nobody() as port:
        with serving(folder, port) as (url, _):
            with (data / "whosaw.toml").open("a") as file:
                file.write(f'\n[[witness]]\nname = "W"\nvkey = "{vkey}"\nurl = "{url}"\n')
            assert typed("watch", "--data", data).code == 0  # nothing to find yet
            said = typed("witness", "status", "--data", data, "--format", "json")
            assert said.code == 0
            assert said.json["witnessed"] == said.json["published"] > 1
            assert said.json["map_witnessed"] == said.json["map_published"]
            assert [(r["log"], r["witness"], r["lag"], r["alarm"]) for r in said.json["rows"]] == [
                ("log", "W", 0, False), ("index", "W", 0, False),
            ]  # fmt: skip
        with redirect_stdout(StringIO()):
            assert verify(["--trust", str(data / "trust"), str(data / "public")]) == 0
        size = said.json["published"]
        assert typed("journal", "fsck", "--with-keys", "--data", data).code == 0
        said = typed("watch", "--data", data)
        assert (said.code, "--start-unwitnessed" in said.err) == (7, True)
        assert typed("--start-unwitnessed", "the witness moved", "watch", "--data", data).code == 0
        said = typed("witness", "status", "--data", data, "--format", "json")
        assert said.json["published"] > size == said.json["witnessed"]
        assert " for them." in said.json["sentence"]
        assert "cannot be reached" in said.json["rows"][0]["said"]
    assert typed("--start-unwitnessed", "", "watch", "--data", data).code == 2

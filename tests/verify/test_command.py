# SPDX-License-Identifier: Apache-2.0
"""The command as a person types it: what is printed, where, and the exit code."""

import json
import os
import re
import subprocess
import sys

import pytest
from tests.verify.desk import typed
from tests.verify.log_maker import LittleLog, Material

from whosaw.oversight.statement import make_statement
from whosaw.verify.proof import OpenedRecord


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A published folder, a trust file, a statement, a receipt and a proof, in the current folder."""
    monkeypatch.chdir(tmp_path)
    log = LittleLog()
    log.look("p-88")
    log.look("p-88")
    log.pad(300)
    log.publish(tmp_path / "public", 1, 260, 300)
    (tmp_path / "trust").write_bytes(log.trust())
    (tmp_path / "mine.json").write_bytes(make_statement("p-88", Material(log, 300)))
    (tmp_path / "receipt").write_bytes(log.receipt(2))
    (tmp_path / "leaf.tlog-proof").write_bytes(log.proof(2, 300))
    one = log.leaves[2]
    (tmp_path / "record.json").write_bytes(OpenedRecord(one.label, one.nonce, one.body).encode())
    return log, tmp_path


def flip(path, at=100):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_a_whole_folder(desk, capsys):
    """Numbered steps on stdout, nothing on stderr, nothing written, exit 0."""
    _, folder = desk
    before = sorted(os.listdir(folder))
    assert typed("--trust", "trust", "public") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert re.findall(r"^ (\d)\. (\w+)", out, re.MULTILINE) == [
        ("1", "holds"), ("2", "holds"), ("3", "not"), ("4", "holds"), ("5", "holds"), ("6", "holds"),
        ("7", "holds"), ("8", "holds"),
    ]  # fmt: skip
    last = out.splitlines()[-1]
    assert last == (
        "verified: 300 leaves of log.example.org/whosaw, as of 2026-11-22 10:20:30 UTC, size 300; 18 files read"
    )
    assert sorted(os.listdir(folder)) == before


def test_an_altered_folder(desk, capsys):
    """The place on stdout, `error:` and `hint:` on stderr, the evidence in a file, exit 3."""
    _, folder = desk
    flip(folder / "public/tile/entries/000", 67 * 117 + 40)
    assert typed("--trust", "trust", "public", "--evidence", "bad.json") == 3
    out, err = capsys.readouterr()
    assert (
        "tile/entries/000, bytes 7,839 to 7,905: leaf 117 was altered; its hash in tile/0/000 is as it was signed"
        in out
    )
    assert err.startswith(
        "error: FAILED at step 6 (Every tile, up to the root): tile/entries/000, bytes 7,839 to 7,905"
    )
    assert "hint: the evidence is in bad.json" in err
    held = json.loads((folder / "bad.json").read_bytes())
    assert [file["name"] for file in held["files"]] == [
        "checkpoint", "genesis", "map-checkpoint", "tile/0/000", "tile/entries/000", "tile/1/000.p/1",
    ]  # fmt: skip


def test_a_wrong_folder_is_undecided(desk, capsys):
    """A folder that is no log's says nothing about one: exit 7, and no evidence. A log without its checkpoint is false."""
    _, folder = desk
    log = LittleLog(origin="other.example.org/log")
    (folder / "other").write_bytes(log.trust())
    before = sorted(os.listdir(folder))
    for more in ((), ("--quick",)):
        assert typed("--trust", "trust", ".", *more) == 7
        assert "hint: give the published folder" in capsys.readouterr().err
    assert typed("receipt", "receipt", "--trust", "trust", "--folder", ".") == 7
    assert sorted(os.listdir(folder)) == before
    assert typed("--trust", "other", "public", "--evidence", "e") == 3
    assert "lists no log of this origin; it lists other.example.org/log" in capsys.readouterr().err
    (folder / "public/checkpoint").unlink()
    for more in ((), ("--quick",)):
        assert typed("--trust", "trust", "public", *more) == 3


def test_evidence_without_a_name_gets_one(desk, capsys):
    """Where no name is given, the file is named in the hint."""
    _, folder = desk
    flip(folder / "public/genesis")
    assert typed("--trust", "trust", "public") == 3
    name = re.search(r"the evidence is in (\S+):", capsys.readouterr().err).group(1)
    assert json.loads((folder / name).read_bytes())["kind"] == "evidence"


def test_evidence_that_cannot_be_written_changes_no_verdict(desk, capsys):
    """Still exit 3, and it is said."""
    flip(desk[1] / "public/genesis")
    assert typed("--trust", "trust", "public", "--evidence", "none/bad.json") == 3
    assert "the evidence could not be written" in capsys.readouterr().err


def test_a_state_file_remembers(desk, capsys):
    """Saved only after all held; compared with next time; a fork is exit 3 and leaves the memory as it is."""
    log, folder = desk
    assert typed("--trust", "trust", "public", "--state", "seen") == 0
    assert "Saved: size 300" in capsys.readouterr().out
    seen = (folder / "seen").read_bytes()
    assert typed("--trust", "trust", "public", "--state", "seen") == 0
    assert "has the same size, 300, and the same root" in capsys.readouterr().out
    fork = LittleLog(salt=b"other").pad(400)
    fork.publish(folder / "fork", 400)
    assert typed("--trust", "trust", "fork") == 0
    seen = (folder / "seen").read_bytes()
    assert typed("--trust", "trust", "fork", "--state", "seen") == 3
    assert (folder / "seen").read_bytes() == seen
    log.publish(folder / "shrunk", 299)
    assert typed("--trust", "trust", "shrunk", "--state", "seen") == 3
    log.pad(310).publish(folder / "grown", 310)
    assert typed("--trust", "trust", "grown", "--state", "seen") == 0
    assert (folder / "seen").read_bytes() != seen


def test_nothing_is_saved_of_what_did_not_hold(desk):
    """A first look at a damaged log leaves no memory."""
    flip(desk[1] / "public/tile/0/000")
    assert typed("--trust", "trust", "public", "--state", "seen") == 3
    assert not (desk[1] / "seen").exists()


@pytest.mark.parametrize("what", ["", "log x\n", "quorum none\n", "quorum none", "\xff"])
def test_a_malformed_trust_file_is_usage(desk, capsys, what):
    """Exit 2, before anything is read."""
    (desk[1] / "trust").write_text(what)
    assert typed("--trust", "trust", "public") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "hint: " in err


def test_every_changed_byte_of_the_trust_file_is_noticed(desk, capsys):
    """A trust file that lost a bit is malformed or names another key: 2 or 3, or it was only a comment or an address."""
    _, folder = desk
    good = (folder / "trust").read_bytes()
    for at in range(0, len(good), 53):
        if good.rfind(b"#", 0, at) > good.rfind(b"\n", 0, at):
            continue
        (folder / "trust").write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert typed("--trust", "trust", "public", "--quick", "--evidence", "e") in (2, 3), at
    capsys.readouterr()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("public",),
        ("--trust", "trust"),
        ("--trust", "none", "public"),
        ("--trust", "trust", "none"),
        ("--trust", "trust", "public", "more"),
        ("--trust", "trust", "public", "--form", "json"),
        ("--trust", "trust", "public", "--format", "yaml"),
        ("--trust", "trust", "public", "--state", "none/seen"),
        ("--trust", "trust", "public", "--state", "mine.json"),
        ("--trust", "public", "public"),
        ("--trust", "trust", "ftp://example.org/"),
        ("statement", "--trust", "trust"),
        ("statement", "none.json", "--trust", "trust"),
        ("statement", "mine.json", "--trust", "trust", "--folder", "none"),
        ("statement", "mine.json", "--trust", "trust", "--quick"),
        ("proof", "leaf.tlog-proof", "--trust", "trust", "--leaf", "xyz"),
        ("proof", "leaf.tlog-proof", "--trust", "trust", "--leaf", "ab" * 32, "--record", "record.json"),
        ("proof", "leaf.tlog-proof", "--trust", "trust", "--record", "none.json"),
        ("receipt", "a\0b", "--trust", "trust"),
    ],
)
def test_usage(desk, capsys, words):
    """A wrong question is exit 2 with `error:` and changes nothing; it is never a verdict."""
    before = sorted(os.listdir(desk[1]))
    try:
        code = typed(*words)
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert sorted(os.listdir(desk[1])) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--trust", "trust", "public", "anna"), "there is no such option, or more was given than it takes"),
        (("--trust", "trust", "public", "--anna"), "there is no such option, or more was given than it takes"),
        (("--trust", "trust", "public", "--format", "anna"), "argument --format: no value that it takes"),
        (("--trust", "trust", "public", "--quick=anna"), "argument --quick: no value that it takes"),
        (("--trust", "trust", "anna", "--state"), "argument --state: expected one argument"),
        (("statement", "--person", "anna"), "the following arguments are required: FILE, --trust"),
        (("proof", "f", "--trust", "t", "--leaf", "anna", "--record", "anna"),
         "argument --record: not allowed with argument --leaf"),
        (("proof", "f", "--trust", "t", "--record"), "argument --record: expected at least one argument"),
    ],
)  # fmt: skip
def test_a_usage_error_repeats_nothing_that_was_typed(capsys, words, said):
    """What is wrong, in words of ours; what somebody typed may be a name, and errors are kept in logs."""
    with pytest.raises(SystemExit) as stopped:
        typed(*words)
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert err.splitlines()[0] == f"error: {said}"
    assert "anna" not in err


def test_help_is_help(capsys):
    """--help is no error."""
    for words in (("--help",), ("statement", "--help")):
        with pytest.raises(SystemExit) as stopped:
            typed(*words)
        assert stopped.value.code == 0
        assert "usage: whosaw verify" in capsys.readouterr().out


def test_a_statement(desk, capsys):
    """Alone: complete. With the folder: that its index is true. Cut: caught. Another's: refused."""
    _, folder = desk
    for more in ((), ("--folder", "public")):
        assert typed("statement", "mine.json", "--trust", "trust", "--person", "p-88", *more) == 0
        assert capsys.readouterr().out.splitlines()[-1] == (
            "as of 2026-11-22 10:20:30 UTC, size 300: 2 records, complete for this account"
        )
    before = sorted(os.listdir(folder))
    assert typed("statement", "mine.json", "--trust", "trust", "--person", "p-12") == 3
    flip(folder / "mine.json", 5000)
    assert typed("statement", "mine.json", "--trust", "trust", "--folder", "public") == 3
    out, err = capsys.readouterr()
    assert "p-88" not in out + err
    assert sorted(os.listdir(folder)) == before


def test_a_receipt_and_a_proof(desk):
    """Both kinds of file, with and without what they need."""
    assert typed("receipt", "receipt", "--trust", "trust", "--folder", "public") == 0
    assert typed("receipt", "receipt", "--trust", "trust") == 7
    assert typed("proof", "leaf.tlog-proof", "--trust", "trust") == 7
    assert typed("proof", "leaf.tlog-proof", "--trust", "trust", "--record", "record.json") == 0
    assert typed("proof", "leaf.tlog-proof", "--trust", "trust", "--leaf", "00" * 32) == 3
    flip(desk[1] / "receipt", 60)
    assert typed("receipt", "receipt", "--trust", "trust", "--folder", "public", "--evidence", "e") == 3


def test_json_is_one_object(desk, capsys):
    """--format json prints the same verdict for machines, good or bad, and nothing else on stdout."""
    assert typed("--trust", "trust", "public", "--format", "json") == 0
    good = json.loads(capsys.readouterr().out)
    assert (good["exit"], good["size"], good["evidence"]) == (0, 300, None)
    assert [step["verdict"] for step in good["steps"]].count("holds") == 7
    flip(desk[1] / "public/tile/0/000")
    assert typed("--trust", "trust", "public", "--format", "json", "--evidence", "e.json") == 3
    bad = json.loads(capsys.readouterr().out)
    assert (bad["exit"], bad["evidence"]) == (3, "e.json")
    assert bad["steps"][5]["failures"][0]["where"] == "tile/0/000, bytes 96 to 127"
    assert typed("statement", "mine.json", "--trust", "trust", "--format", "json") == 0
    mine = json.loads(capsys.readouterr().out)
    assert [record["body"]["kind"] for record in mine["records"]] == ["look", "look"]
    assert mine["complete"] is True


def test_a_file_that_is_too_long_is_not_read(desk, capsys):
    """A gigabyte given as a trust file is refused after its first bytes."""
    with (desk[1] / "trust").open("wb") as file:
        file.truncate(2**30)
    assert typed("--trust", "trust", "public") == 2
    assert "longer than" in capsys.readouterr().err


def test_an_unreadable_file_is_undecided(desk):
    """No permission for a tile is exit 7: neither true nor false."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything, so there is no unreadable file to try this on")
    (desk[1] / "public/tile/0/000").chmod(0)
    assert typed("--trust", "trust", "public") == 7


ALONE = """
import sys
from whosaw.verify.command import main
code = main(sys.argv[1:])
mine = {name.split(".")[1] for name in sys.modules if name.startswith("whosaw.")}
others = {name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"__main__", "whosaw"}
print(code, sorted(mine), sorted(others), file=sys.stderr)
"""


def test_an_outsider_needs_little(desk):
    """The whole command imports errors, model, tlog, verify and cryptography, and nothing else that is installed."""
    import cryptography

    import whosaw

    _, folder = desk
    roots = {os.path.dirname(os.path.dirname(module.__file__)) for module in (cryptography, whosaw)}
    script = f"import sys; sys.path[:0] = {sorted(roots)!r}\n" + ALONE
    for words in (
        ("--trust", "trust", "public"),
        ("statement", "mine.json", "--trust", "trust", "--folder", "public"),
        ("receipt", "receipt", "--trust", "trust", "--folder", "public"),
        ("proof", "leaf.tlog-proof", "--trust", "trust", "--record", "record.json"),
    ):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", script, *words], cwd=folder, capture_output=True, text=True, check=True
        )
        code, rest = done.stderr.strip().split(" ", 1)
        assert code == "0", done.stderr
        mine, others = rest.split("] [")
        assert mine == "['errors', 'model', 'tlog', 'verify'"
        assert {word.strip("'] ") for word in others.split(",")} <= {
            "cryptography",
            "_cffi_backend",
            "_openssl",
            "cffi",
        }, others


def test_the_module_runs(desk):
    """`python -m whosaw.verify` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "whosaw.verify", "--trust", "trust", "public"],
        cwd=desk[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "verified: 300 leaves" in done.stdout

# SPDX-License-Identifier: Apache-2.0
"""The specification's examples: every file and every number as this code computes it, and every command run."""

import hashlib
import json
import re
import subprocess
import sys
from base64 import b64encode

import pytest
from tests.verify.example import FOLDER, KEY, LOG, MAP, PERSON, RECEIPTS, ROOT, Example

from whosaw.tlog import leaf, prefix
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer
from whosaw.tlog.trust import TrustPolicy
from whosaw.tlog.vrf import beta_of

PAGES = ("leaf", "genesis", "checkpoint", "index", "receipt", "trust", "statement")
BLOCK = re.compile(r"<!-- checked: (\w+) -->\n```\n(.*?)```\n", re.DOTALL)


def b64(raw):
    return b64encode(raw).decode()


def shortened(value, key=""):
    """A statement for reading: long texts cut, bodies by their kind."""
    if key == "body":
        return {"kind": value["kind"], "…": "…"}
    if isinstance(value, dict):
        return {k: shortened(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [shortened(v) for v in value]
    return value[:12] + "…" if isinstance(value, str) and len(value) > 44 else value


def session():
    """What the command prints about the example."""
    words = ["--trust", "trust", "public"]
    done = subprocess.run(
        [sys.executable, "-m", "whosaw.verify", *words], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    return "$ cd docs/spec/example; whosaw verify --trust trust public\n" + done.stdout


def blocks():
    """Every checked block, computed."""
    made = Example()
    lines = {
        "leaf": [
            ("alpha", made.alpha.hex()),
            ("H(pi)", hashlib.sha256(made.prove(made.alpha)).hexdigest()),
            *((f"label {i}", made.labels[i].hex()) for i in range(4)),
            ("body 1", made.bodies[1].decode()),
            *((f"commit {i}", made.commitments[i].hex()) for i in (1, 2)),
            *((f"leaf hash {i}", made.hashes[i].hex()) for i in (1, 2, 3)),
        ],
        "genesis": [
            ("logs", LOG.vkey()),
            ("map", MAP.vkey()),
            ("receipts", RECEIPTS.vkey()),
            ("nonce", b64(made.nonces[0])),
            ("body", f"{len(made.bodies[0])} bytes, H(body) {hashlib.sha256(made.bodies[0]).hexdigest()}"),
            ("commitment", made.commitments[0].hex()),
            ("leaf hash", made.hashes[0].hex()),
            *(("path", b64(h)) for h in made.inclusion(0)),
        ],
        "trie": [
            ("empty", prefix.EMPTY.hex()),
            *((f"root {n}", prefix.root(sorted(made.entry_rows[:n])).hex()) for n in range(1, 5)),
            *((f"label {i}", f"index {i}, depth {len(made.place(made.labels[i]).siblings)}") for i in range(4)),
        ],
        "absent": [
            ("label_3", leaf.label(KEY, 3).hex()),
            ("beta of next", beta_of(made.prove(leaf.alpha(1, PERSON, 1))).hex()),
        ],
    }
    texts = {
        name: "".join(f"{key:<{max(len(k) for k, _ in rows)}} {value}\n" for key, value in rows)
        for name, rows in lines.items()
    }
    witnesses = [Ed25519Signer.from_seed(f"w{n}.example.net", bytes([n]) * 32, COSIGNATURE) for n in (1, 2)]
    policy = [f"log {LOG.vkey()}", *(f"witness W{n} {w.vkey()}" for n, w in enumerate(witnesses, 1))]
    files = made.files()
    return texts | {
        "checkpoint": files["public/checkpoint"].decode(),
        "receipt": files["receipt"].decode(),
        "absence": made.place(leaf.label(KEY, 3)).encode().decode(),
        "mapleaf": made.map_leaf().decode(),
        "mapcheckpoint": made.map_checkpoint().decode(),
        "path": "".join(f"{b64(h)}\n" for h in made.inclusion(2)),
        "trust": files["trust"].decode(),
        "quorum": "\n".join([*policy, "group outside any W1 W2", "quorum outside", ""]),
        "statement": json.dumps(shortened(json.loads(files["statement.json"])), indent=1, ensure_ascii=False) + "\n",
        "session": session(),
    }


@pytest.fixture(scope="module")
def computed():
    return blocks()


def test_the_example_files_are_what_the_formats_give():
    """Every file of the example is computed again, to the byte; and no other file lies there."""
    made = Example().files()
    there = {str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    assert there == made


@pytest.mark.parametrize("page", PAGES)
def test_every_printed_number_is_right(page, computed):
    """What a page prints as an example is what the code computes."""
    found = BLOCK.findall((ROOT / f"docs/spec/{page}.md").read_text())
    assert found, "a page without a checked example"
    for name, text in found:
        assert text == computed[name], name


def test_every_example_is_printed(computed):
    """No example is computed for nothing."""
    printed = [name for page in PAGES for name, _ in BLOCK.findall((ROOT / f"docs/spec/{page}.md").read_text())]
    assert sorted(printed) == sorted(computed)


def test_the_quorum_example_is_a_trust_file(computed):
    """The trust file with witnesses parses."""
    assert len(TrustPolicy.parse(computed["quorum"].encode()).witnesses) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--trust", "trust", "public"),
        ("statement", "statement.json", "--trust", "trust", "--person", PERSON),
        ("statement", "statement.json", "--trust", "trust", "--person", PERSON, "--folder", "public"),
        ("receipt", "receipt", "--trust", "trust", "--folder", "public"),
        ("receipt", "leaf-2.tlog-proof", "--trust", "trust"),
        ("proof", "leaf-2.tlog-proof", "--trust", "trust", "--record", "record-2.json"),
    ],
)
def test_the_example_holds(words):
    """The commands of the specification hold on its example."""
    done = subprocess.run(
        [sys.executable, "-m", "whosaw.verify", *words], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_links_lead_somewhere():
    """Every file that a page links to is there."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / f"docs/spec/{page}.md").read_text()):
            assert (ROOT / "docs/spec" / target).exists(), (page, target)


if __name__ == "__main__":  # print the pages' blocks anew, after a change that is meant
    values = blocks()
    for page in PAGES:
        path = ROOT / f"docs/spec/{page}.md"
        path.write_text(BLOCK.sub(lambda m: f"<!-- checked: {m[1]} -->\n```\n{values[m[1]]}```\n", path.read_text()))

# SPDX-License-Identifier: Apache-2.0
"""The script that sees to it that a program is there: nothing to do, installed, or an error that says what would help."""

import os
import shutil
import subprocess

import pytest
from tests.docs.prose import ROOT

SCRIPT = ROOT / "scripts/need-package.sh"


def needing(folder, *, apt=None, found=False, uid=0):
    """What becomes of a need for `thing`, with a machine's programs in `folder`. `apt`: what its apt-get does."""
    for name in ("sh", "mktemp", "rm", "grep", "head", "env", "touch", "chmod"):
        (folder / name).symlink_to(shutil.which(name))
    for name, text in (
        ("id", f"echo {uid}"),
        ("sudo", "exit 1"),
        ("apt-get", apt),
        ("thing", "true" if found else None),
    ):
        if text is not None:
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
    words = [shutil.which("sh"), SCRIPT, "thing-pkg", "thing", "the test"]
    env = {"PATH": str(folder), "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=env, timeout=60)


@pytest.mark.parametrize(
    ("machine", "code", "said"),
    [
        ({"found": True}, 0, ""),
        ({"apt": "exit 0"}, 0, "installing thing-pkg"),
        ({}, 2, "error: the test needs thing-pkg, and this machine has no apt-get"),
        ({"apt": "exit 0", "uid": 1000}, 2, "error: the test needs thing-pkg, and only root may install packages"),
        ({"apt": "echo 'E: no network'; exit 1"}, 2, "error: the package lists cannot be fetched: E: no network"),
        (
            {"apt": 'case "$*" in *update*) exit 0;; *) echo "E: none"; exit 1;; esac'},
            2,
            "apt-get could not install thing-pkg: E: none",
        ),
    ],
)
def test_what_is_needed_is_there_or_an_error_says_how(tmp_path, machine, code, said):
    got = needing(tmp_path, **machine)
    assert (got.returncode, said in got.stdout + got.stderr) == (code, True), got
    assert ("hint: " in got.stderr) == (code == 2)

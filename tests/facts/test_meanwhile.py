# SPDX-License-Identifier: Apache-2.0
"""A folder for as long as a command runs: gone at its end, and after one that was killed at the next one's beginning."""

import subprocess
import sys

import pytest

from whosaw.facts import meanwhile as module
from whosaw.facts.meanwhile import meanwhile

KILLED = """
import os, pathlib, sys
from whosaw.facts.meanwhile import meanwhile
with meanwhile("looks-", pathlib.Path(sys.argv[1])) as folder:
    (folder / "0.parquet").touch()
    os._exit(9)
"""


def test_it_is_its_owners_alone_and_goes_at_the_end(tmp_path):
    """Also where it ends in an error; two at a time leave each other's alone, and what is named otherwise stays."""
    (tmp_path / "other").mkdir()
    with pytest.raises(KeyError), meanwhile("looks-", tmp_path) as one:
        (one / "0.parquet").touch()
        with meanwhile("looks-", tmp_path) as two:
            assert one.stat().st_mode & 0o777 == 0o700
            assert one != two
        assert (one / "0.parquet").exists()
        assert not two.exists()
        raise KeyError
    assert [each.name for each in tmp_path.iterdir()] == ["other"]


def test_what_a_killed_one_left_goes_with_the_next(tmp_path):
    """No erasure knows of it. What is linked to is no folder of ours."""
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False, timeout=60)
    (left,) = tmp_path.glob("looks-*/0.parquet")
    (tmp_path / "kept").mkdir()
    (tmp_path / "looks-link").symlink_to(tmp_path / "kept")
    assert done.returncode == 9
    with meanwhile("looks-", tmp_path):
        assert not left.parent.exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "looks-link"]


def test_one_that_was_taken_for_left_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    """Before it is opened, and after."""
    opened, asked = module._opened, []

    def late(path):
        asked.append(path)
        if len(asked) == 1:
            path.rmdir()
        fd = opened(path)
        if len(asked) == 2:
            path.rmdir()
        return fd

    monkeypatch.setattr(module, "_opened", late)
    with meanwhile("looks-", tmp_path) as folder:
        assert folder.is_dir()
        assert (folder, len(set(asked))) == (asked[2], 3)
    assert list(tmp_path.iterdir()) == []

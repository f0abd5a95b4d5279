# SPDX-License-Identifier: Apache-2.0
"""One company is set up for all of these tests; a test that changes it works on a copy of its own."""

import shutil

import pytest
from tests.cli.desk import Desk, settle


@pytest.fixture(scope="session")
def settled(tmp_path_factory):
    """A data folder with the company in force. Not to be changed.

    Its index is due in an hour: on a busy machine a command may come a minute after the last one, and would sign it.
    """
    desk = settle(tmp_path_factory.mktemp("company"))
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write("\n[journal]\nmap_every_s = 3600\n")
    return desk


@pytest.fixture
def desk(settled, tmp_path):
    """A company of one's own."""
    shutil.copytree(settled.home, tmp_path / "own")
    return Desk(tmp_path / "own")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory, monkeypatch):
    """A verifier that finds something false leaves its evidence where it runs: not in the checkout."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))

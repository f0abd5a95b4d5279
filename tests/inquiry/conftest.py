# SPDX-License-Identifier: Apache-2.0
"""One house is built for all of these tests; each of them opens a copy of its own."""

import shutil

import pytest
from tests.inquiry.room import ORIGIN, Clock, Room

from whosaw.wiring import build, house


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A folder with keys and a log: its RSA key takes a second."""
    folder, clock = tmp_path_factory.mktemp("inquiry") / "data", Clock()
    build(folder, ORIGIN, clock=clock)
    with house(folder, clock=clock) as here:
        Room(here, clock).load()
    return folder, clock.at


@pytest.fixture
def room(built, tmp_path):
    """A house of one's own, with the company in force."""
    folder, at = built
    shutil.copytree(folder, tmp_path / "data")
    clock = Clock(at)
    with house(tmp_path / "data", clock=clock) as here:
        yield Room(here, clock)

# SPDX-License-Identifier: Apache-2.0
"""One room for each test."""

import shutil

import pytest
from tests import postgres
from tests.contracts.state import state_in
from tests.guard.approvals.room import Room


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """A folder with a directory in it: migrations and loading take longer than any test here."""
    where = tmp_path_factory.mktemp("furnished")
    Room(where).close()
    return where


@pytest.fixture
def room(tmp_path, furnished):
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def server():
    with postgres.server("max_connections = 60") as pg:
        yield pg


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared(request, tmp_path, furnished):
    """A room whose requests stand in SQLite, and one whose requests stand in PostgreSQL."""
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    engine = None
    if request.param == "postgres":
        engine = state_in(request.getfixturevalue("server").database())
    made = Room(tmp_path, engine)
    yield made
    made.close()
    if engine is not None:
        engine.dispose()

# SPDX-License-Identifier: Apache-2.0
"""One PostgreSQL server for all contract tests of a run; each test gets a database of its own."""

import pytest
from tests import postgres


@pytest.fixture(scope="session")
def server():
    with postgres.server("max_connections = 60") as pg:
        yield pg


@pytest.fixture
def database(server):
    """What to connect to a new database with."""
    return server.database()

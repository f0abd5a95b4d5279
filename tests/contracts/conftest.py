# SPDX-License-Identifier: Apache-2.0
"""One PostgreSQL server for all contract tests of a run; each test gets a database of its own."""

import pytest
from tests import postgres
from tests.contracts.state import state_in


@pytest.fixture(scope="session")
def server():
    with postgres.server("max_connections = 60\nmax_prepared_transactions = 4") as pg:
        yield pg


@pytest.fixture(scope="session")
def migrated(server):
    """What to connect to a database with that has the tables of a state.db: to copy it takes less than to make them."""
    made = server.database()
    state_in(made).dispose()
    return made


@pytest.fixture
def database(server):
    """What to connect to a new database with."""
    return server.database()

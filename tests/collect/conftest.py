# SPDX-License-Identifier: Apache-2.0
"""The house's server, once for all tests of a run."""

import pytest
from tests import postgres
from tests.collect import house


@pytest.fixture(scope="session")
def database():
    """A server set up by the documentation's own words."""
    with postgres.server() as pg:
        with pg.connect() as db:
            db.execute(house.TABLES)
            for name, value in settings():
                db.execute(f"alter system set {name} = {value}")
            db.execute(house.block("sql"))
            db.execute("select pg_reload_conf()")
        yield pg


def settings():
    """The settings of the documentation that need no restart; the server of the tests has the others."""
    for line in house.block("ini").splitlines():
        name, equals, value = line.partition(" = ")
        if equals and name.startswith("pgaudit."):
            yield name, value

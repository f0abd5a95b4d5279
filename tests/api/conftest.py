# SPDX-License-Identifier: Apache-2.0
"""Applications over small policy sets."""

from pathlib import Path

import pytest
from tests.api.client import Client, anybody

from whosaw.api.app import Parts, application
from whosaw.api.fixture import Fixture
from whosaw.api.lane import Lane

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
LANE = Lane(8)
URL = "https://pdp.example.org"


def over(folder, callers=anybody):
    return Client(application(Parts(engine=Fixture.load(folder), callers=callers, lane=LANE, url=URL, health=dict)))


@pytest.fixture(scope="session")
def certified():
    """The application over the certification fixture."""
    return over(ROOT / "docs/spec/certification")

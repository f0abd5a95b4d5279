# SPDX-License-Identifier: Apache-2.0
"""A gate that a test can make fail, and a client of it."""

import pytest
from tests.client.gatehouse import Gatehouse

from whosaw.client.gate import Gate


@pytest.fixture
def house():
    return Gatehouse()


@pytest.fixture
def gate(house):
    with house.open() as url:
        made = Gate(url, token="tool-token", timeout=20.0)
        yield made
        made.close()

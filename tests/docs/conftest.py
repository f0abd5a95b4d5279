# SPDX-License-Identifier: Apache-2.0
"""The demonstration is played once for all pages that quote it, whatever the number of workers."""

import os

import pytest
from tests.docs.played import play


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    return play(base if "PYTEST_XDIST_WORKER" not in os.environ else base.parent)

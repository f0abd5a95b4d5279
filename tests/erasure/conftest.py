# SPDX-License-Identifier: Apache-2.0
"""One company has lived for all of these tests; each works on a copy of its own."""

import shutil

import pytest
from tests.cli.desk import Desk
from tests.erasure.folder import lived


@pytest.fixture(scope="session")
def grown(tmp_path_factory):
    """Not to be changed."""
    return lived(tmp_path_factory.mktemp("lived"))


@pytest.fixture
def desk(grown, tmp_path):
    shutil.copytree(grown.home, tmp_path / "own")
    return Desk(tmp_path / "own")

# SPDX-License-Identifier: Apache-2.0
"""One company with every family planted, and the same one without any."""

import pytest
from tests.simulate.made import make


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company") / "planted"
    make(folder, "all")
    return folder


@pytest.fixture(scope="session")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company") / "clean"
    make(folder)
    return folder

# SPDX-License-Identifier: Apache-2.0
"""Many lives over an object store, for `make objects`: of a checkpoint alone, and of a whole journal."""

import pytest
from tests.journal.test_objects import InObjects
from tests.store import s3
from tests.store.test_objects import Checkpoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning"),
]


class ManyCheckpoints(Checkpoint):
    """Longer ones."""


class ManyLives(InObjects):
    """Longer ones."""


ManyCheckpoints.TestCase.settings, ManyLives.TestCase.settings = s3.few(200, 30), s3.few(100, 25)


class TestManyCheckpoints(ManyCheckpoints.TestCase):
    """It never goes back."""


class TestManyLives(ManyLives.TestCase):
    """Nothing is forgotten, and what is published only grows."""

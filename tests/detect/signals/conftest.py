# SPDX-License-Identifier: Apache-2.0
"""One company with every misuse of these signals in it, each beside its innocent twin; made once."""

import pytest
from tests.detect.signals import planted
from tests.detect.signals.ground import tried, world


class Planted:
    """`plants`: by name. `signals(detector)`: all it says, strongest first; asked once."""

    def __init__(self, made, plants, world_):
        self.made, self.plants, self.world = made, plants, world_
        self._said = {}

    def signals(self, detector):
        if detector.NAME not in self._said:
            self._said[detector.NAME] = tried(detector, self.world)
        return self._said[detector.NAME]


@pytest.fixture(scope="session")
def town():
    made, plants = planted.all_of_them()
    with world(made) as world_:
        yield Planted(made, plants, world_)

# SPDX-License-Identifier: Apache-2.0
"""For all tests: no property fails because the machine is busy, and a long sweep runs where it is asked for."""

import gc
import itertools
import os
import sys

import pytest
from hypothesis import settings

from whosaw.privacy.vrf import VrfKey

settings.register_profile("whosaw", deadline=None)
settings.load_profile("whosaw")

# Whatever this shell says: a command that tests start would compile five hundred files each time, half of its life.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# As the command sets it: expressions are made of very many small objects.
gc.set_threshold(100_000, 20, 20)


def pytest_collection_modifyitems(config, items):
    """Tests marked `slow` are for their own make targets, which say `-m slow`; elsewhere they are counted as deselected."""
    if "slow" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("slow")]
    if left_out:
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session", autouse=True)
def few_vrf_keys():
    """New houses of this process get one of four VRF keys in turn: each takes a third of a second to find, and hundreds are made."""
    made, generate = [], VrfKey.generate
    turns = itertools.count()

    def one_of_four(_random):
        turn = next(turns)
        if turn < 4:
            made.append(generate(os.urandom).to_pem())
        return VrfKey.from_pem(made[turn % 4], _random)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VrfKey, "generate", staticmethod(one_of_four))
        yield

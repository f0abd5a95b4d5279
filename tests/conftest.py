# SPDX-License-Identifier: Apache-2.0
"""For all tests: no property fails because the machine is busy, and a long sweep runs where it is asked for."""

from hypothesis import settings

settings.register_profile("whosaw", deadline=None)
settings.load_profile("whosaw")


def pytest_collection_modifyitems(config, items):
    """Tests marked `slow` are for their own make targets, which say `-m slow`; elsewhere they are counted as deselected."""
    if "slow" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("slow")]
    if left_out:
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=left_out)

# SPDX-License-Identifier: Apache-2.0
"""What a signal reads in slices it judges as if it had read it at once."""

import pytest

from whosaw.detect.registry import SIGNALS
from whosaw.detect.run import signals
from whosaw.facts import opened

SLICED = [detector for detector in SIGNALS if getattr(detector, "SLICED", None)]


@pytest.mark.parametrize("detector", SLICED, ids=lambda each: each.NAME)
def test_slices_change_nothing(town, monkeypatch, detector):
    """Every unit with its p, and those that may matter with looks and sentence: in one slice, and key by key."""
    asked = []
    rows = opened.Facts.rows
    monkeypatch.setattr(opened.Facts, "rows", lambda *given: asked.append(given[-1]) or rows(*given))
    at_once = signals(detector, town.world, 0.1)
    few = len(asked)
    monkeypatch.setattr(opened, "SLICE", 1)
    assert signals(detector, town.world, 0.1) == at_once
    assert len(asked) - few > few + 10 and any(signal.looks for signal in at_once)

# SPDX-License-Identifier: Apache-2.0
"""The signals that watch, in the order in which they run. What is not in this list does not run."""

from __future__ import annotations

from whosaw.detect.signal import Detector
from whosaw.detect.signals import after_event, circle_sweep, fixation, place_match, unexplained

SIGNALS: tuple[Detector, ...] = (unexplained, circle_sweep, fixation, after_event, place_match)

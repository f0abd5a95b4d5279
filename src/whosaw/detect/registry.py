# SPDX-License-Identifier: Apache-2.0
"""The signals that watch, in the order in which they run. What is not in this list does not run."""

from __future__ import annotations

from whosaw.detect.signal import Detector
from whosaw.detect.signals import (
    after_event,
    approval_ring,
    bulk_hiding,
    case_stretching,
    circle_sweep,
    crowd,
    first_look_surprise,
    fixation,
    leaving,
    lockstep,
    place_match,
    protected_person,
    purpose_mismatch,
    relationship,
    trail_tampering,
    unexplained,
    volume,
    watcher_exception,
)

SIGNALS: tuple[Detector, ...] = (
    unexplained,
    relationship,
    protected_person,
    purpose_mismatch,
    case_stretching,
    approval_ring,
    lockstep,
    circle_sweep,
    place_match,
    first_look_surprise,
    crowd,
    fixation,
    after_event,
    watcher_exception,
    bulk_hiding,
    trail_tampering,
    volume,
    leaving,
)

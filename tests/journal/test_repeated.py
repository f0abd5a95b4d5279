# SPDX-License-Identifier: Apache-2.0
"""What goes on failing is said once, and once a minute; whatever is new is said at once."""

import logging

from whosaw.journal.repeated import AGAIN_S, Repeated


def test_once_and_once_a_minute(caplog):
    at = [0.0]
    said = Repeated(logging.getLogger("whosaw.test"), lambda: at[0])
    for _ in range(600):  # six minutes, a hundred times each
        said.warn("the disk is full")
        at[0] += AGAIN_S / 100
    assert caplog.messages == ["the disk is full"] * 6


def test_another_sentence_and_the_same_after_it_went_well(caplog):
    said = Repeated(logging.getLogger("whosaw.test"), lambda: 0.0)
    for each in ("full", "full", "gone", "gone", "full"):
        said.warn(each)
    said.over()
    said.warn("full")
    assert caplog.messages == ["full", "gone", "full", "full"]

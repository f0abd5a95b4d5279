# SPDX-License-Identifier: Apache-2.0
"""Stages: how far a record must have come before anything is shown for it. Each holds all that the one before holds.

    durable     on stable storage, at its place for good; the log gave its word
    published   under a checkpoint that anybody can fetch; the log kept it
    witnessed   under one that enough witnesses have seen; denying it needs them to lie as well

Invariant: nothing demands less than durable, and of two demands the greater one holds. Specification: docs/spec/receipt.md
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """In their order."""

    DURABLE = "durable"
    PUBLISHED = "published"
    WITNESSED = "witnessed"

    @property
    def rank(self) -> int:
        return _ORDER.index(self)

    def or_more(self, other: Stage) -> Stage:
        """The greater of two demands."""
        if other is Stage.DURABLE:
            return self
        return max(self, other, key=lambda stage: stage.rank)


_ORDER = tuple(Stage)

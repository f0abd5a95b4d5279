# SPDX-License-Identifier: Apache-2.0
"""A value that may be shown: the only form in which anything leaves the vault."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime

from whosaw.model.access import Field


@dataclass(frozen=True, slots=True)
class Value:
    """One value at the detail granted. `caveat` says what it does not prove and is to be shown with it."""

    field: Field
    detail: str
    seen: datetime
    text: str = attribute(repr=False)  # a log line must never show it
    caveat: str = ""

# SPDX-License-Identifier: Apache-2.0
"""What happens in the summer, one value per act. Whoever plays it gives each to the real product at its instant.

    Loads ── the directory        Connects ── the web log of the app        Asks ── the guard
    Uses ── the tool that asks nobody                                       Publishes ── the newspaper

Invariant: an act says what somebody does and never what is right about it; what was planted is told apart in `truth`.
A person stands in them by name, and no repr shows one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from whosaw.model.access import Asked


@dataclass(frozen=True, slots=True)
class Loads:
    """The directory's folder is written as of `at`, and loaded."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Connects:
    """`person` uses the app from `address`. `proxied`: through the load balancer, which forwards the address."""

    at: datetime
    person: str = field(repr=False)
    address: str = field(repr=False)
    proxied: bool


@dataclass(frozen=True, slots=True)
class Asks:
    """A look through the guard. `look_id` is unique in the summer and says nothing."""

    at: datetime
    principal: str = field(repr=False)
    person: str = field(repr=False)
    asked: tuple[Asked, ...]
    purpose: str
    case: str | None
    app: str
    look_id: str


@dataclass(frozen=True, slots=True)
class Uses:
    """A look through the internal tool that asks nobody; only its access log knows of it."""

    at: datetime
    principal: str = field(repr=False)
    person: str = field(repr=False)
    request_id: str


@dataclass(frozen=True, slots=True)
class Publishes:
    """An article appears; the journalist `person` wrote it."""

    at: datetime
    title: str
    person: str = field(repr=False)


Act = Loads | Connects | Asks | Uses | Publishes

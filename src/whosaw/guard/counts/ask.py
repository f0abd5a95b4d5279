# SPDX-License-Identifier: Apache-2.0
"""What is asked: how many accounts under each heading, in a period that is over; and the two answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.model.access import Asked
from whosaw.model.caller import Caller
from whosaw.model.count_body import Question
from whosaw.privacy.ipcrypt.epochs import epoch_of


@dataclass(frozen=True, slots=True)
class Ask:
    """`principal`: a staff id. `headings`: the public list, as it was brought. `caller`: the tool that asks."""

    principal: str = field(repr=False)
    purpose: str
    case: str | None
    asked: Asked
    period: str
    headings: Sequence[str]
    caller: Caller | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A number for each heading of `question`, in its order; it may be below zero. Epsilons in thousandths.

    `charged`: 0 where it was answered before. `left`: of the budget that is nearest to its end. `index`: the leaf of the record.
    `caveat`: what a place or an address does not prove, and which database said where they are.
    """

    question: Question
    numbers: tuple[int, ...]
    epsilon: int
    charged: int
    left: int
    again: bool
    index: int
    receipt: bytes = field(repr=False)
    caveat: str = ""

    @property
    def within(self) -> int:
        """By how much a number is off at most, in 19 of 20 cases."""
        # Of the discrete Laplace: P(|X| > t) = 2 a^(t+1) / (1 + a), with a = e^-epsilon.
        a = math.exp(-self.epsilon / 1000)
        return max(0, math.ceil(math.log(0.05 * (1 + a) / 2) / math.log(a)) - 1)

    @property
    def note(self) -> tuple[str, ...]:
        """What the noise protects, and what it does not."""
        odds = f"{math.exp(self.epsilon / 1000):.2f}"
        return (
            f"Chance was added to every number: in 19 of 20 cases it is off by at most {self.within}, and it may be below zero.",
            f"Protected: whether any one account is in the data, and where. Either way each answer is as likely as otherwise, up to a factor of {odds}.",
            "Not protected: what is true of many accounts together, such as how busy a network is; and several accounts of one person, of which each is hidden by itself alone.",
            "Answers add up: each new question about the same days costs, and asking again gives the same numbers.",
            *((self.caveat,) if self.caveat else ()),
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and on record at leaf `index`. `reasons`: rule id and sentence; none is about a person."""

    reasons: tuple[tuple[str, str], ...]
    index: int
    receipt: bytes = field(repr=False)
    cause: str = ""


def spelled(thousandths: int) -> str:
    """125 is 0.125, exactly."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def last_week(now: datetime) -> str:
    """The period that is asked about where none is said."""
    return epoch_of(now - timedelta(days=7), "week")

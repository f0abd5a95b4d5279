# SPDX-License-Identifier: Apache-2.0
"""Settings of counts without people: how much an answer may tell, and how much all of them together: the table [counts].

    epsilon_per_question ──▶ noise of one answer           epsilon_a_period ──▶ all answers about the same days, for one purpose

Epsilons are texts with at most three places, and thousandths from here on: a sum of floats would drift past its budget.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from whosaw.errors import Misconfigured

_EPSILON = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,3}))?")
_MOST = 10_000  # thousandths: at 10 and more there is hardly any noise left


@dataclass(frozen=True, slots=True)
class CountSettings:
    """What one answer costs, and what there is to spend."""

    epsilon_per_question: str = field(
        default="0.1",
        metadata={
            "doc": "What one answer costs, from 0.001 to 10 in thousandths. The smaller, the more noise: with 0.1 numbers are off by up to 30, with 1 by up to 3."
        },
    )
    epsilon_a_period: str = field(
        default="1",
        metadata={
            "doc": "What all answers of one data set and purpose may cost together, as far as they are about the same period: 0 for no counts, up to 10. It is never renewed."
        },
    )
    period_days: int = field(
        default=28, metadata={"doc": "How many days such a period has, 1 to 366. Periods begin on a Monday of 1970.", "range": (1, 366)}
    )  # fmt: skip

    @property
    def question(self) -> int:
        """`epsilon_per_question` in thousandths."""
        return thousandths(self.epsilon_per_question, "counts.epsilon_per_question")

    @property
    def period(self) -> int:
        """`epsilon_a_period` in thousandths."""
        return thousandths(self.epsilon_a_period, "counts.epsilon_a_period")


def thousandths(text: str, setting: str) -> int:
    """0.125 is 125. Raises Misconfigured."""
    found = _EPSILON.fullmatch(text)
    value = -1 if found is None else int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0"))
    if not 0 <= value <= _MOST:
        raise Misconfigured(
            f'setting {setting!r} is a text like "0.1", of at most three places and at most 10', setting=setting
        )
    return value


def check_counts(settings: CountSettings) -> None:
    """Raises Misconfigured."""
    if settings.question == 0:
        raise Misconfigured(
            "setting 'counts.epsilon_per_question' is more than 0",
            setting="counts.epsilon_per_question",
            hint='for no counts at all: epsilon_a_period = "0"',
        )
    settings.period  # noqa: B018 - read, so that it is refused here

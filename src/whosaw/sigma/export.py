# SPDX-License-Identifier: Apache-2.0
"""The part of our signals that one event or one count can say, as rule files for other systems.

Which signals have none, and why, is in docs/sigma.md: whatever needs a relation, and most of them do.

Invariant: a number in a rule is measured or the shipped one, and which of the two is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files

from whosaw.facts.opened import Facts
from whosaw.sigma.measured import measured
from whosaw.sigma.rules import Correlation, read_rules

_NUMBER = re.compile(r"(?m)^(    gte: )[0-9]+$")
_SIGNAL = re.compile(r"\bwhosaw\.([a-z_]+)\b")


@dataclass(frozen=True, slots=True)
class Exported:
    """One rule file. `signal`: whose part it is, `beside` where looks pass by the gate. `number`: what it counts up to."""

    name: str
    text: str
    title: str
    level: str
    signal: str
    number: int | None
    measured: bool


def exported(facts: Facts | None, one_in: int) -> Iterator[Exported]:
    """All shipped rules; those that count, with numbers measured in `facts`, if given."""
    for place in sorted(files("whosaw.sigma").joinpath("shipped").iterdir(), key=lambda one: one.name):
        text = place.read_text(encoding="utf-8")
        number, was_measured = None, False
        if _NUMBER.search(text):
            with as_file(place) as path:
                rule = read_rules([path]).correlations[0]
            number, was_measured = _number(facts, rule, one_in)
            text = _NUMBER.sub(rf"\g<1>{number}", text)
        title, level = (re.findall(rf"(?m)^{key}: (.+)$", text)[-1] for key in ("title", "level"))
        yield Exported(place.name, text, title, level, _SIGNAL.findall(text)[-1], number, was_measured)


def _number(facts: Facts | None, rule: Correlation, one_in: int) -> tuple[int, bool]:
    found = None if facts is None else measured(facts, rule, one_in)
    return (rule.least, False) if found is None else (found, True)

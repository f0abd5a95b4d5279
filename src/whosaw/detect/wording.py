# SPDX-License-Identifier: Apache-2.0
"""The sentences about looks without a reason: fixed texts with counts, days and codes.

    looks, about so many usual ──▶ "Four people of audit looked at 9 persons, 2 of them protected, without a case,
                                    assignment or other reason on file in 62 days; one such person would be usual."

Invariant: no pseudonym, case, source or id of a look gets into a sentence. Of what is in the facts only the codes of
functions and org units do, and only where they look like codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from whosaw.detect.signal import MACHINES, Evidence
from whosaw.facts.columns import DAY

_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
# An org unit's code is the organisation's own text: what does not look like one is not repeated.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,39}")


def many(number: int, one: str, more: str = "") -> str:
    """`1 look`, `1,204 looks`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def spelled(number: int) -> str:
    """`four`, `13`."""
    return _WORDS[number] if 0 <= number < len(_WORDS) else f"{number:,}"


def share(number: int, all_: int) -> str:
    """`3 of them`, `both of them`, `all of them`; of one there is only `it`."""
    if number < all_:
        return f"{number:,} of them"
    return {1: "it", 2: "both of them"}.get(all_, "all of them")


def often(number: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def looked(looks: Sequence[Evidence], expected: float) -> str:
    """What was done, by how many, at how many, and how many would be usual. `looks`: at least one."""
    whos, persons = {look.who for look in looks}, {look.person for look in looks}
    protected = len({look.person for look in looks if look.protected})
    among = f", {share(protected, len(persons))} protected," if protected else ""
    if len(persons) == protected == 1:
        among = ", a protected one,"
    return (
        f"{people(len(whos), looks)} looked at {many(len(persons), 'person')}{among} without a case, assignment or "
        f"other reason on file in {many(days_of(looks), 'day')}; {usual(expected)}."
    )


def code(text: str | None) -> str | None:
    """`text` where it looks like a code: what the organisation calls a unit, or a type of case."""
    return text if text is not None and _CODE.fullmatch(text) else None


def days_of(looks: Iterable[Evidence]) -> int:
    """Days from the first look to the last, at least one."""
    times = [look.t for look in looks]
    return -(-(max(times) - min(times)) // DAY) or 1


def people(number: int, looks: Sequence[Evidence]) -> str:
    functions = {look.function for look in looks}
    if functions == {None}:
        # Perhaps all of them are one person's, so they are not called people.
        account = "account that is" if number == 1 else "accounts that are"
        return f"{spelled(number).capitalize()} {account} not in the directory"
    if functions == {MACHINES}:
        return "A machine's account" if number == 1 else f"{spelled(number).capitalize()} accounts of machines"
    several = "One person" if number == 1 else f"{spelled(number).capitalize()} people"
    units = {look.unit for look in looks}
    for codes, what in ((functions, ""), (units, "unit ")):
        code = next(iter(codes)) if len(codes) == 1 else None
        if code is not None and _CODE.fullmatch(code):
            return f"{several} of {what}{code}"
    known = len(functions - {None})
    return f"{several} of {spelled(known)} functions" if known > 1 else several


def usual(expected: float, one: str = "such person", more: str = "such persons") -> str:
    """`one such person would be usual`, `none would be usual`."""
    if expected < 0.5:
        return "none would be usual"
    number = max(1, round(expected))
    return f"{spelled(number)} {one if number == 1 else more} would be usual"

# SPDX-License-Identifier: Apache-2.0
"""Questions that are alike: the same but for numbers, and the rules compare those numbers alike. They have one answer.

    context ──numbers taken out──▶ shape ─┐
       └─ numbers ──compared as the rules do──▶ signs ─┴─▶ asked before? ──yes──▶ what the engine said then
                                                                        └─no───▶ the engine

Each look has its own time, so no question comes twice. But rules do nothing with a time but compare it: with another one, or
with one and so many minutes. Whether a case was opened ten minutes before the look is one bit, and very many looks have the
same bits and the same shape. Which comparisons there are is read from the rules themselves when they are loaded.

Invariant: a number is taken out only if every rule that reads it does so inside of a comparison that is in the signs. Then
two questions of one shape and one row of signs are the same question to every rule, errors included; whatever else a rule
might do with a number leaves it in the shape. Only the engine decides; here its answers are kept.   Decided in: docs/adr/0160
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Path = tuple[str, ...]
Numbers = Sequence[int | None]
Spoken = tuple[bool, frozenset[str], frozenset[str]]
"""What the engine said: Allow or not, the rules that spoke for it, the rules that failed."""
_Term = Callable[[Numbers], int | None]
_LIMIT = 4096  # answers; a longer list begins anew
_LONG = 2**63  # numbers of the engine: from -2^63 on and below 2^63
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_COUNT: Mapping[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


Shape = tuple[str, tuple[int, ...]]
"""A context without its numbers, and those of them that are no signs."""
Key = tuple[str, Shape, tuple[bool | str | None, ...]]
"""What is the same of questions that are alike: entities, shape, signs."""


class Alike:
    """The engine's answers, by what is the same of the questions. Safe to share between threads."""

    __slots__ = ("_compared", "_said", "taken")

    def __init__(self, compared: Sequence[Callable[[Numbers], bool | str | None]], taken: Sequence[bool]) -> None:
        """`taken`: which of the numbers of a context are no part of its shape."""
        self._compared, self.taken = tuple(compared), tuple(taken)
        self._said: dict[Key, Spoken] = {}

    @classmethod
    def of(cls, rules: Iterable[Mapping[str, Any]], numbers: Sequence[Path]) -> Alike:
        """For these rules, as the engine's own JSON spells them. `numbers`: where in a context numbers stand."""
        compared: dict[str, Callable[[Numbers], bool | str | None]] = {}
        kept: set[Path] = set()  # read in another way
        reader = _Reader({path: place for place, path in enumerate(numbers)}, compared, kept)
        for rule in rules:
            for condition in rule["conditions"]:
                reader.read(condition["body"])
        return cls(list(compared.values()), [not _within(path, kept) for path in numbers])

    def key(self, entities: str, shape: Shape, numbers: Numbers) -> Key | None:
        """The key of a question; None where it has a number that is none to the engine."""
        for number in numbers:
            if number is not None and not -_LONG <= number < _LONG:
                return None
        return entities, shape, tuple([sign(numbers) for sign in self._compared])

    def said(self, key: Key, ask: Callable[[], Spoken | None]) -> Spoken | None:
        """What the engine said to a question that is alike; else what it says to `ask`."""
        spoke = self._said.get(key)
        if spoke is None and (spoke := ask()) is not None:
            if len(self._said) >= _LIMIT:
                self._said = {}
            self._said[key] = spoke
        return spoke


class _Reader:
    """Reads conditions for what they do with numbers of the context."""

    def __init__(
        self, places: Mapping[Path, int], compared: dict[str, Callable[[Numbers], bool | str | None]], kept: set[Path]
    ) -> None:
        self._places, self._compared, self._kept = places, compared, kept

    def read(self, node: Any) -> None:
        """Find every comparison of numbers, and every other use of the context."""
        if isinstance(node, list):
            for each in node:
                self.read(each)
        if not isinstance(node, dict):
            return
        if (path := _path(node)) is not None:
            self._kept.add(path)  # as a value, in what is no comparison of numbers: with all that is below it
            return
        for word, below in node.items():
            if word == "has":
                self._has(below)
            elif word == "Value":
                continue  # a constant, whatever it is made of
            elif word in _COMPARE and self._comparison(node, word, below):
                continue
            elif word == ".":
                self.read(below["left"])  # of something that is not the context: of an entity, of an if
            elif word == "Record":
                self.read(list(below.values()))  # its attributes are called as somebody likes
            else:
                self.read(below)

    def _has(self, below: Any) -> None:
        """Whether something is there stands in the shape; a number that is only asked for is not read."""
        if _path(below["left"]) is None:
            self.read(below["left"])

    def _comparison(self, node: Any, word: str, below: Any) -> bool:
        """Whether both sides are made of numbers of the context and constants; then it is a sign."""
        left, right = self._term(below["left"]), self._term(below["right"])
        if left is None or right is None:
            return False
        compare = _COMPARE[word]
        if (plain := self._plain(below, compare)) is not None:
            self._compared.setdefault(repr(node), plain)
            return True

        def sign(numbers: Numbers) -> bool | str | None:
            try:
                one, other = left(numbers), right(numbers)
            except OverflowError:
                return "overflow"
            return None if one is None or other is None else compare(one, other)

        self._compared.setdefault(repr(node), sign)
        return True

    def _plain(self, below: Any, compare: Callable[[int, int], bool]) -> Callable[[Numbers], bool | None] | None:
        """A number with another, or with a constant: most comparisons are, and need no steps in between. None for all else."""
        left, right = self._place(below["left"]), self._place(below["right"])
        if left is None:
            return None
        if right is not None:
            one_place, other_place = left, right

            def both(numbers: Numbers) -> bool | None:
                one, other = numbers[one_place], numbers[other_place]
                return None if one is None or other is None else compare(one, other)

            return both
        constant = below["right"].get("Value") if isinstance(below["right"], dict) else None
        if type(constant) is not int:
            return None

        def one_only(numbers: Numbers) -> bool | None:
            one = numbers[left]
            return None if one is None else compare(one, constant)

        return one_only

    def _place(self, node: Any) -> int | None:
        path = _path(node)
        return None if path is None else self._places.get(path)

    def _term(self, node: Any) -> _Term | None:
        """A number of the context, a constant, or what is counted from them; None where it is something else."""
        if (path := _path(node)) is not None:
            place = self._places.get(path)
            return None if place is None else lambda numbers: numbers[place]
        if not isinstance(node, dict) or len(node) != 1:
            return None
        ((word, below),) = node.items()
        if word == "Value" and type(below) is int:
            return lambda _: below
        if word == "neg":
            of = self._term(below["arg"])
            return None if of is None else lambda numbers: _negative(of(numbers))
        if word in _COUNT:
            left, right = self._term(below["left"]), self._term(below["right"])
            if left is None or right is None:
                return None
            count = _COUNT[word]
            return lambda numbers: _counted(count, left(numbers), right(numbers))
        return None


def _counted(count: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return None
    return _long(count(one, other))


def _negative(number: int | None) -> int | None:
    return None if number is None else _long(-number)


def _long(number: int) -> int:
    """Raises OverflowError where the engine's numbers end: its rule fails there, whatever the number."""
    if not -_LONG <= number < _LONG:
        raise OverflowError
    return number


def _path(node: Any) -> Path | None:
    """Where in the context this reads: ("gate", "lastLook"), and () for all of it; None where it is something else."""
    steps: list[str] = []
    while isinstance(node, dict) and node.keys() == {"."}:
        steps.append(node["."]["attr"])
        node = node["."]["left"]
    return tuple(reversed(steps)) if node == {"Var": "context"} else None


def _within(path: Path, kept: Iterable[Path]) -> bool:
    """Whether the number at `path` was read in another way, by itself or with all of a record."""
    return any(path[: len(each)] == each for each in kept)

# SPDX-License-Identifier: Apache-2.0
"""Contexts without their numbers: whether one fits the schema, and which number stands where, is found out once for all of a kind.

    blank {"at":%d,"hour":%d,…} ──numbers of ours──▶ a context ──Form.read──▶ it fits, and its n-th number is read at this place
    numbers of a look ──put in the order of the rules──▶ Alike.key

Between two looks of one kind only numbers differ. The form takes any whole number where it takes one, so of contexts that are the
same but for their numbers either all fit or none does, and each number is read at the same place in all of them.

Invariant: a context gets the places of another only where both are the same text but for their numbers.
                                                                                    Decided in: docs/adr/0181
"""

from __future__ import annotations

from collections.abc import Sequence

from whosaw.policy.alike import Numbers
from whosaw.policy.form import Form

_LIMIT = 4096  # blanks; a longer list begins anew
_FIRST = 1_000  # of the numbers that are put in to see where they are read: all of them different


class Blank:
    """One that fits. `places`: of each number of the form, which of the blank's it is; the last of all: there is none."""

    __slots__ = ("_kept", "_places")

    def __init__(self, places: Sequence[int], kept: Sequence[int]) -> None:
        self._places, self._kept = tuple(places), tuple(kept)

    def counted(self, numbers: Sequence[int]) -> Numbers:
        """As ``Form.counted`` of the context with these numbers."""
        all_ = (*numbers, None)
        return [all_[place] for place in self._places]

    def kept(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Those that are part of the shape: rules do more with them than to compare them."""
        return tuple([numbers[place] for place in self._kept])


class Blanks:
    """Blanks that came before. Safe to share between threads."""

    __slots__ = ("_form", "_known", "_taken")

    def __init__(self, form: Form, taken: Sequence[bool]) -> None:
        """`taken`: which numbers of the form are no part of a shape (``Alike.taken``)."""
        self._form, self._taken = form, tuple(taken)
        self._known: dict[str, Blank | None] = {}

    def of(self, blank: str, count: int) -> Blank | None:
        """For contexts that are `blank` with so many numbers in it; None: none of them fits."""
        try:
            return self._known[blank]
        except KeyError:
            pass
        made = self._made(blank, count)
        if len(self._known) >= _LIMIT:
            self._known = {}
        self._known[blank] = made
        return made

    def _made(self, blank: str, count: int) -> Blank | None:
        found = self._form.read(blank % tuple(range(_FIRST, _FIRST + count)))
        if found is None:
            return None
        places = [count if n is None else n - _FIRST for n in self._form.counted(found)]
        there = {place for place, out in zip(places, self._taken, strict=True) if not out and place < count}
        return Blank(places, sorted(there))

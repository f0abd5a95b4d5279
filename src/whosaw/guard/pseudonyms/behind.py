# SPDX-License-Identifier: Apache-2.0
"""The address behind a pseudonym: a look at the person who is behind it, by the one gate there is.

    pseudonym, person, purpose, case ──▶ guard.look(ip:exact) ──▶ Shown: those of the person's addresses that have this pseudonym

Nothing here turns a pseudonym back. Whoever wants the address must say whose it is and why, the person reads of it in their
statement, and what is shown is one of the addresses that the look opens anyhow. "Whose pseudonym is this?" is a search for people,
and refused like each (docs/adr/0107).

Invariant: a pseudonym is asked about for the purpose that it was made for, and for no other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from whosaw.errors import BadInput
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.pseudonyms.ask import Ask
from whosaw.model.access import Asked, Field, Look

EXACT = Asked(Field.IP, "exact")


class Guard(Protocol):
    def look(self, look: Look) -> Shown | Refused: ...


class Matches(Protocol):
    def matches(self, ask: Ask, pseudonym: str) -> Callable[[str], bool]: ...


def behind(look: Look, pseudonym: str, ask: Ask, *, guard: Guard, desk: Matches) -> Shown | Refused:
    """The addresses of `look.person` that have this pseudonym, if the look is permitted: mostly one, or none.

    Raises BadInput where the two are not about the same; nothing is on record then.
    """
    if look.asked != (EXACT,) or (look.principal, look.purpose, look.case) != (ask.principal, ask.purpose, ask.case):
        raise BadInput("the address behind a pseudonym is asked for as ip:exact, for its own purpose", where="look")
    # Before the look: a word that is no pseudonym must not open anything.
    fits = desk.matches(ask, pseudonym)
    answer = guard.look(look)
    if isinstance(answer, Refused):
        return answer
    return replace(answer, values=tuple(value for value in answer.values if fits(value.text)))

# SPDX-License-Identifier: Apache-2.0
"""The history of a case, read backwards from what stands now: since when, and by whose hand.

        made ── + a ── − a ── + b ── + a ──▶ now {a, b}       a: since the last “+ a”, by the hand that wrote it
                                      ▲
                                      └── the walk begins here, and each step must fit what stands after it

Systems tell histories in two ways: changes of a field (Jira, Zendesk) or labels that come and go (GitHub, GitLab). An
adapter puts either into a `Story`; what follows from it is worked out here, once for all.

Invariant: a history that does not lead to what stands now says nothing about it. It was read while somebody wrote, or is
not whole; either way since when and by whom are unknown, and the next look asks again.

Whoever re-opens a case has opened it, and whoever turns it into a case of another type has too: a dormant case would
otherwise be a stock of reasons. The one who made it stays among the openers, or a friend could launder it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from whosaw.errors import BadInput
from whosaw.model.access import Asked
from whosaw.tickets.seen import Account, Given, Named, Queued, SeenCase

NO_TYPE = "other"
ANY = "*"  # the type of every case of a system that keeps one type only
_OPEN = frozenset({"open"})


class What(StrEnum):
    """What of a case has a history."""

    OPEN = "open"  # the set {"open"}, or nothing
    ASSIGNEE = "assignee"
    QUEUE = "queue"
    PERSON = "person"
    FIELD = "field"
    TYPE = "type"
    REQUESTER = "requester"


class Stroke(NamedTuple):
    """One moment at which a hand wrote. `number`: its place among those of the same moment."""

    at: datetime
    number: int
    by: Account | None


@dataclass(frozen=True, slots=True)
class Change:
    """What came and what went with one stroke."""

    at: datetime
    number: int
    by: Account | None = field(repr=False)
    what: What
    added: frozenset[str] = field(repr=False)
    removed: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, stroke: Stroke, what: What, before: Iterable[str], after: Iterable[str]) -> Change:
        old, new = frozenset(before), frozenset(after)
        return cls(*stroke, what, new - old, old - new)


@dataclass(frozen=True, slots=True)
class Story:
    """A case and its history, in the system's own words. `now`: what stands, by what it is; absent where it is not kept.

    `from_the_start`: what no change put there stands since the case was made, because this system writes no change for
    what a new case begins with. `accounts`: all names of an account that `now` and `changes` mention by one.
    """

    id: str
    created: datetime
    creator: Account | None = field(repr=False)
    now: Mapping[What, frozenset[str]] = field(repr=False)
    changes: tuple[Change, ...] = field(repr=False)
    from_the_start: bool
    closed: datetime | None = None
    accounts: Mapping[str, Account] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """The system's words for types and queues, in ours. A type without a word is none that any purpose accepts."""

    types: Mapping[str, str]
    queues: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Since:
    """When something came to stand as it stands, and by whose hand. `at` None: nobody can say."""

    at: datetime | None
    by: Account | None = field(repr=False)


UNKNOWN = Since(None, None)


def seen(story: Story, words: Words) -> SeenCase:
    """The case, with everything that its history can say."""
    opened, openers = _opened(story)
    return SeenCase(
        id=story.id,
        type=_type(story, words),
        opened=opened,
        closed=_closed(story),
        openers=openers,
        requesters=tuple(_account(story, each) for each in sorted(_ever(story, What.REQUESTER))),
        assigned=tuple(Given(_account(story, v), s.by) for v, s in sorted(traced(story, What.ASSIGNEE).items())),
        queued=tuple(Queued(words.queues.get(v, v), s.by) for v, s in sorted(traced(story, What.QUEUE).items())),
        persons=_persons(story),
    )


def traced(story: Story, what: What) -> dict[str, Since]:
    """For each value that stands now: since when, counted from the last time that it was added, and by whom."""
    standing = story.now.get(what, frozenset())
    values, last = set(standing), dict[str, Since]()
    for change in reversed(_of(story, what)):
        if not change.added <= values or change.removed & values:
            return dict.fromkeys(standing, UNKNOWN)
        for value in change.added - last.keys():
            last[value] = Since(change.at, change.by)
        values = (values - change.added) | change.removed
    # What the walk comes out with has stood since the case was made; every case was made open.
    begun = story.from_the_start or what is What.OPEN
    beginning = Since(story.created, story.creator) if begun else UNKNOWN
    return {value: last.get(value, beginning) for value in standing}


def _of(story: Story, what: What) -> list[Change]:
    return sorted((c for c in story.changes if c.what is what), key=lambda c: (c.at, c.number))


def _touched(story: Story, what: What) -> Since | None:
    """The last change of any kind; None where it stands as it began. For lists where taking away grants, too."""
    if UNKNOWN in traced(story, what).values():
        return UNKNOWN
    changes = _of(story, what)
    return Since(changes[-1].at, changes[-1].by) if changes else None


def _opened(story: Story) -> tuple[datetime, tuple[Account | None, ...]]:
    """When it became the open case of this type that it is, and whose hands did any of it."""
    at, hands = story.created, [story.creator]
    again = traced(story, What.OPEN).get("open")
    for since in (again, _touched(story, What.TYPE)):
        if since is None or since == Since(story.created, story.creator):
            continue
        hands.append(since.by if since.at is not None else None)
        at = max(at, since.at or at)
    return at, tuple(dict.fromkeys(hands))


def _closed(story: Story) -> datetime | None:
    if story.now.get(What.OPEN) == _OPEN:
        return None
    went = [change.at for change in _of(story, What.OPEN) if "open" in change.removed]
    # Closed, and nobody says when: then it was never open, as far as a look is concerned.
    return went[-1] if went else story.closed or story.created


def _type(story: Story, words: Words) -> str:
    said = story.now.get(What.TYPE)
    if said is None:
        return words.types.get(ANY, NO_TYPE)
    # Two types are none: which of them was meant would be our guess.
    return words.types.get(next(iter(said)), NO_TYPE) if len(said) == 1 else NO_TYPE


def _persons(story: Story) -> tuple[Named, ...]:
    fields, listed = _fields(story), _touched(story, What.FIELD)
    found = []
    for person, since in sorted(traced(story, What.PERSON).items()):
        hands = [since.by]
        at = since.at
        if listed is not None:
            # The list was edited after the person was named, so the naming that counts now is as new as the list.
            hands.append(listed.by)
            at = None if at is None or listed.at is None else max(at, listed.at)
        found.append(Named(person, at, tuple(dict.fromkeys(hands)), fields))
    return tuple(found)


def _fields(story: Story) -> frozenset[Asked] | None:
    """What the case lists. A word that is no field lists nothing: it does not make the list go away."""
    said = story.now.get(What.FIELD)
    if not said:
        return None
    found = set()
    for text in said:
        try:
            found.add(Asked.parse(text))
        except BadInput:
            continue
    return frozenset(found)


def _ever(story: Story, what: What) -> frozenset[str]:
    """Everybody who ever stood there: one who asked for a case has asked for it, whoever stands there now."""
    gone = [change.removed | change.added for change in story.changes if change.what is what]
    return story.now.get(what, frozenset()).union(*gone)


def _account(story: Story, value: str) -> Account:
    return story.accounts.get(value, (value,))

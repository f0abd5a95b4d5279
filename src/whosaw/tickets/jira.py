# SPDX-License-Identifier: Apache-2.0
"""Jira Cloud, REST API version 3.

    GET /rest/api/3/issue/KEY            how it stands
    GET /rest/api/3/status               which statuses are done: the history has their ids only
    GET /rest/api/3/issue/KEY/changelog  every change of a field, to its end

Persons stand in a field of its own (labels, text or choices), by their account ids. The changelog has nothing of what
an issue was made with, so what it does not mention stands since then, by whoever made it.

Invariant: summary, description and comments are not even asked for.
                                          Documentation: Jira Cloud platform REST API v3, Issues and Workflow statuses
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from whosaw.tickets.http import PAGES, Line, Talk, endless
from whosaw.tickets.seen import Account, SeenCase
from whosaw.tickets.shape import account, at, instant, items, maybe, odd, word, words
from whosaw.tickets.story import Change, Story, Stroke, What, Words, seen

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Jira:
    """`ports.CaseSystem`. `fields`: which field of Jira holds what; those that no setting names are absent."""

    line: Line
    fields: Mapping[What, str]
    words: Words

    def case(self, id: str, deadline: float) -> SeenCase | None:  # noqa: A002  the word of the protocol
        with self.line.talk(deadline) as talk:
            place = f"/rest/api/3/issue/{quote(id, safe='')}"
            wanted = ",".join(["created", "creator", "status", *self._of_jira().values()])
            issue = talk.get(place, fields=wanted)
            # An issue that was moved answers to its old key, too; it is another case now.
            if issue is None or word(issue.json, "key") != id:
                return None
            story = self._story(id, issue.json, _open_statuses(talk), list(_changelog(talk, place)))
        return seen(story, self.words)

    def _of_jira(self) -> dict[What, str]:
        return {What.ASSIGNEE: "assignee", What.REQUESTER: "reporter", **self.fields}

    def _story(self, id_: str, issue: Any, alive: frozenset[str], changes: list[Any]) -> Story:
        accounts: dict[str, Account] = {}
        fields = at(issue, "fields")
        now = {what: _value(what, at(fields, name), name) for what, name in self._of_jira().items()}
        # The status says itself whether it is done; the list decides about those of the history.
        closed = word(fields, "status", "statusCategory", "key") == "done"
        now[What.OPEN] = frozenset() if closed else frozenset({"open"})
        for name in ("assignee", "reporter"):
            if (found := _account(at(fields, name))) is not None:
                accounts[found[0]] = found
        if not closed:
            alive |= {word(fields, "status", "id")}
        return Story(
            id=id_,
            created=instant(fields, "created"),
            creator=_account(at(fields, "creator")),
            now=now,
            changes=tuple(self._changes(changes, alive)),
            from_the_start=True,
            accounts=accounts,
        )

    def _changes(self, histories: list[Any], alive: frozenset[str]) -> Iterator[Change]:
        places = {name: what for what, name in self._of_jira().items()}
        for number, history in enumerate(histories):
            stroke = Stroke(instant(history, "created"), number, _account(at(history, "author")))
            for item in items(history, "items"):
                name = maybe(item, "fieldId") or word(item, "field")
                if name == "status":
                    old, new = (frozenset({"open"}) & _opened(item, end, alive) for end in ("from", "to"))
                    yield Change.of(stroke, What.OPEN, old, new)
                elif name in places:
                    what = places[name]
                    yield Change.of(stroke, what, _end(what, item, "from"), _end(what, item, "to"))


def _opened(item: Any, end: str, alive: frozenset[str]) -> frozenset[str]:
    # A status that is in no list any more counts as done: leaving it is opening the case again.
    return frozenset({"open"}) if maybe(item, end) in alive else frozenset()


def _value(what: What, found: Any, name: str) -> frozenset[str]:
    """What stands in a field: of accounts their ids, of a type its name, else the words in it."""
    if what in (What.ASSIGNEE, What.REQUESTER):
        own = maybe(found, "accountId")
        return frozenset() if own is None else frozenset({own})
    if what in (What.TYPE, What.QUEUE):
        said = maybe({"it": found} if type(found) is not dict else {"it": found.get("value", found.get("name"))}, "it")
        return frozenset() if said is None else frozenset({said})
    return words(found, "fields", name)


def _end(what: What, item: Any, end: str) -> frozenset[str]:
    """What an item of the changelog says before or after it: ids for accounts, and what is shown for all else."""
    if what in (What.ASSIGNEE, What.REQUESTER):
        said = maybe(item, end)
        return frozenset() if said is None else frozenset({said})
    shown = at(item, f"{end}String")
    if what in (What.TYPE, What.QUEUE):
        return frozenset() if not shown else frozenset({word(item, f"{end}String")})
    return words(shown, "items", f"{end}String")


def _account(found: Any) -> Account | None:
    own = maybe(found, "accountId")
    return None if own is None else account(own, maybe(found, "emailAddress"))


def _open_statuses(talk: Talk) -> frozenset[str]:
    answer = talk.the("/rest/api/3/status")
    if type(answer.json) is not list:
        raise odd("status")
    return frozenset(
        word(each, "id") for each in answer.json if at(each, "statusCategory", "key") in ("new", "indeterminate")
    )


def _changelog(talk: Talk, place: str) -> Iterator[Any]:
    """Every history, oldest first. Not `isLast` alone ends it: a page that lies about it would hide the newest edit."""
    start = 0
    for _ in range(PAGES):
        page = talk.the(f"{place}/changelog", startAt=str(start), maxResults=str(_PAGE)).json
        found, total = items(page, "values"), at(page, "total")
        if type(total) is not int or at(page, "startAt") != start:
            raise odd("changelog")
        yield from found
        start += len(found)
        if start >= total:
            return
        if not found:
            raise odd("changelog", "values")
    raise endless()

# SPDX-License-Identifier: Apache-2.0
"""GitLab, REST API version 4: issues of one project.

    GET /issues/N                          how it stands
    GET /issues/N/resource_state_events    who closed and re-opened it
    GET /issues/N/resource_label_events    who labelled it
    GET /issues/N/notes                    who assigned it: of the notes that GitLab itself writes, and of no other

Persons, fields, type and queue are labels with a prefix each, as in GitHub. Assignees have no events of their own; a
note with `system` true is GitLab's, nobody can write one, and its sentence has one form.

A label event has the label's name of today. Whoever may rename labels can name persons in old cases: see
docs/connectors/tickets.md, where that is a thing to be trusted with.
                                        Documentation: GitLab REST API, Issues, Resource state and label events, Notes
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from whosaw.tickets.github import label_changes, labelled
from whosaw.tickets.http import Line
from whosaw.tickets.seen import Account, SeenCase
from whosaw.tickets.shape import account, at, instant, items, maybe, odd, text, word
from whosaw.tickets.story import Change, Story, Stroke, What, Words, seen

_EMPTY: frozenset[str] = frozenset()
_OPEN = frozenset({"open"})
_NAME = r"@[A-Za-z0-9_.-]+"
_NAMES = rf"{_NAME}(?:,? (?:and )?{_NAME})*"
_ASSIGNED = re.compile(
    rf"assigned to ({_NAMES})(?: and unassigned (?:from )?({_NAMES}))?|unassigned (?:from )?({_NAMES})"
)
_ABOUT = ("assigned to ", "unassigned ", "removed assignee", "removed all assignees")


@dataclass(frozen=True, slots=True)
class GitLab:
    """`ports.CaseSystem`. `prefixes`: how a label begins that says who, which fields, which type, whose queue."""

    line: Line
    prefixes: Mapping[What, str]
    words: Words

    def case(self, id: str, deadline: float) -> SeenCase | None:  # noqa: A002  the word of the protocol
        place = f"/issues/{id}"
        with self.line.talk(deadline) as talk:
            issue = talk.get(place)
            if issue is None or word(issue.json, "iid") != id:
                return None
            states = list(talk.pages(f"{place}/resource_state_events"))
            labels = list(talk.pages(f"{place}/resource_label_events"))
            notes = list(talk.pages(f"{place}/notes", sort="asc", order_by="created_at"))
        return seen(self._story(id, issue.json, states, labels, notes), self.words)

    def _story(self, id_: str, issue: Any, states: list[Any], labels: list[Any], notes: list[Any]) -> Story:
        author = _account(at(issue, "author"))
        # By login, because that is what the notes say; the number goes along as the account's first name.
        assignees = {word(each, "username"): _account(each) for each in items(issue, "assignees")}
        now_labels = [each if type(each) is str else text(each, "name") for each in items(issue, "labels")]
        state = word(issue, "state")
        if state not in ("opened", "closed"):
            raise odd("state")
        accounts = {login: found for login, found in assignees.items() if found is not None}
        requester = _EMPTY
        if author is not None:
            requester = frozenset({author[-1]})
            accounts[author[-1]] = author
        return Story(
            id=id_,
            created=instant(issue, "created_at"),
            creator=author,
            now={
                What.OPEN: _OPEN if state == "opened" else _EMPTY,
                What.ASSIGNEE: frozenset(assignees),
                What.REQUESTER: requester,
                **{what: labelled(now_labels, prefix) for what, prefix in self.prefixes.items()},
            },
            changes=(*_states(states), *self._labels(labels), *_assignments(notes)),
            from_the_start=False,
            closed=None if at(issue, "closed_at") is None else instant(issue, "closed_at"),
            accounts=accounts,
        )

    def _labels(self, events: list[Any]) -> Iterator[Change]:
        for number, event in enumerate(events):
            action = word(event, "action")
            if action not in ("add", "remove"):
                raise odd("action")
            if at(event, "label") is None:
                continue  # The label itself was deleted, so it stands nowhere now.
            stroke = Stroke(instant(event, "created_at"), number, _account(at(event, "user")))
            yield from label_changes(self.prefixes, text(event, "label", "name"), action == "add", stroke)


def _states(events: list[Any]) -> Iterator[Change]:
    for number, event in enumerate(events):
        state = word(event, "state")
        if state in ("closed", "reopened"):
            ends = (_OPEN, _EMPTY) if state == "closed" else (_EMPTY, _OPEN)
            stroke = Stroke(instant(event, "created_at"), number, _account(at(event, "user")))
            yield Change.of(stroke, What.OPEN, *ends)


def _assignments(notes: list[Any]) -> Iterator[Change]:
    for number, note in enumerate(notes):
        body = at(note, "body")
        if at(note, "system") is not True or type(body) is not str or not body.startswith(_ABOUT):
            continue
        when, by = instant(note, "created_at"), _account(at(note, "author"))
        found = _ASSIGNED.fullmatch(body)
        if found is None:
            # A form that we do not know took or gave we know not whom: a change that fits nothing says so.
            yield Change(when, number, None, What.ASSIGNEE, frozenset({"?"}), _EMPTY)
            continue
        came, went, only = found.groups()
        yield Change(when, number, by, What.ASSIGNEE, _logins(came), _logins(went) | _logins(only))


def _logins(said: str | None) -> frozenset[str]:
    return frozenset(name[1:] for name in re.findall(_NAME, said or ""))


def _account(found: Any) -> Account | None:
    own = maybe(found, "id")
    return None if own is None else account(own, maybe(found, "username"))

# SPDX-License-Identifier: Apache-2.0
"""GitHub, REST API 2022-11-28: issues of one repository.

    GET /issues/N            how it stands
    GET /issues/N/timeline   who labelled, assigned, closed and re-opened it, to its end

Persons, fields, type and queue are labels with a prefix each, like `person:mira`. GitHub writes an event for every
label and every assignee, those of a new issue included; one that no event mentions was put there by nobody knows whom.

An event `assigned` names the one who assigned as `assigner`. Where it does not, `actor` is believed, which older events
fill with the assignee: such a one has assigned themselves, as far as anybody can tell.
                                                              Documentation: GitHub REST API, Issues and Timeline events
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from whosaw.tickets.http import Line
from whosaw.tickets.seen import Account, SeenCase
from whosaw.tickets.shape import account, at, instant, items, maybe, odd, text, word
from whosaw.tickets.story import Change, Story, Stroke, What, Words, seen

_EMPTY: frozenset[str] = frozenset()
_OPEN = frozenset({"open"})
_TOLD = frozenset({"closed", "reopened", "assigned", "unassigned", "labeled", "unlabeled"})


@dataclass(frozen=True, slots=True)
class GitHub:
    """`ports.CaseSystem`. `prefixes`: how a label begins that says who, which fields, which type, whose queue."""

    line: Line
    prefixes: Mapping[What, str]
    words: Words

    def case(self, id: str, deadline: float) -> SeenCase | None:  # noqa: A002  the word of the protocol
        with self.line.talk(deadline) as talk:
            issue = talk.get(f"/issues/{id}")
            # A pull request answers as an issue, and is no case of anybody's.
            if issue is None or at(issue.json, "pull_request") is not None or word(issue.json, "number") != id:
                return None
            events = list(talk.pages(f"/issues/{id}/timeline"))
        return seen(self._story(id, issue.json, events), self.words)

    def _story(self, id_: str, issue: Any, events: list[Any]) -> Story:
        author = _account(at(issue, "user"))
        assignees = [_known(each) for each in items(issue, "assignees")]
        labels = [each if type(each) is str else text(each, "name") for each in items(issue, "labels")]
        state = word(issue, "state")
        if state not in ("open", "closed"):
            raise odd("state")
        return Story(
            id=id_,
            created=instant(issue, "created_at"),
            creator=author,
            now={
                What.OPEN: _OPEN if state == "open" else _EMPTY,
                What.ASSIGNEE: frozenset(each[0] for each in assignees),
                What.REQUESTER: frozenset() if author is None else frozenset({author[0]}),
                **{what: labelled(labels, prefix) for what, prefix in self.prefixes.items()},
            },
            changes=tuple(self._changes(events)),
            from_the_start=False,
            closed=None if at(issue, "closed_at") is None else instant(issue, "closed_at"),
            accounts={each[0]: each for each in (*assignees, author) if each is not None},
        )

    def _changes(self, events: list[Any]) -> Iterator[Change]:
        for number, event in enumerate(events):
            kind = word(event, "event")
            if kind not in _TOLD:
                continue
            stroke = Stroke(instant(event, "created_at"), number, _account(at(event, "actor")))
            if kind in ("closed", "reopened"):
                yield Change.of(stroke, What.OPEN, *_ends(_OPEN, kind == "reopened"))
            elif kind in ("assigned", "unassigned"):
                # An assignee whose account is gone is nobody's: the walk backwards will not fit, and says so.
                whom, by = _account(at(event, "assignee")), _account(at(event, "assigner")) or stroke.by
                value = _EMPTY if whom is None else frozenset({whom[0]})
                yield Change.of(stroke._replace(by=by), What.ASSIGNEE, *_ends(value, kind == "assigned"))
            else:
                yield from label_changes(self.prefixes, text(event, "label", "name"), kind == "labeled", stroke)


def _ends(value: frozenset[str], came: bool) -> tuple[frozenset[str], frozenset[str]]:
    """Before and after something came, or went."""
    return (_EMPTY, value) if came else (value, _EMPTY)


def labelled(labels: Iterable[str], prefix: str) -> frozenset[str]:
    """What the labels with this prefix say."""
    return frozenset(label[len(prefix) :].strip() for label in labels if label.startswith(prefix)) - {""}


def label_changes(prefixes: Mapping[What, str], name: str, came: bool, stroke: Stroke) -> Iterator[Change]:
    """A label that came or went, for everything that its prefix says."""
    for what, prefix in prefixes.items():
        if value := labelled([name], prefix):
            yield Change.of(stroke, what, *_ends(value, came))


def _account(found: Any) -> Account | None:
    own = maybe(found, "id")
    return None if own is None else account(own, maybe(found, "login"))


def _known(found: Any) -> Account:
    made = _account(found)
    if made is None:
        raise odd("assignees")
    return made

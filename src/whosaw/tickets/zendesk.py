# SPDX-License-Identifier: Apache-2.0
"""Zendesk, and what is shaped like it: Support API version 2.

    GET /api/v2/tickets/N.json           how it stands
    GET /api/v2/tickets/N/audits.json    every change, to its end, who made the ticket included
    GET /api/v2/users/show_many.json     e-mail and `external_id` of the accounts that have to do with it

Persons, fields and type stand in fields of their own, by number; the queue is the group. Audits have everything that a
ticket was made with, so what no audit mentions was put there by nobody knows whom.

What a trigger does stands in the audit of whoever set it off, as theirs: they did it.
                                                          Documentation: Zendesk Ticketing API, Tickets, Audits, Users
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from whosaw.tickets.http import PAGES, Line, Talk, endless
from whosaw.tickets.seen import CUSTOMER, Account, SeenCase
from whosaw.tickets.shape import account, at, instant, items, maybe, odd, word, words
from whosaw.tickets.story import Change, Story, Stroke, What, Words, seen

_EMPTY: frozenset[str] = frozenset()
_OVER = ("solved", "closed", "deleted")
_AT_ONCE = 100
_OWN: Mapping[What, str] = {
    What.OPEN: "status", What.ASSIGNEE: "assignee_id", What.QUEUE: "group_id", What.REQUESTER: "requester_id",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zendesk:
    """`ports.CaseSystem`. `fields`: the numbers of the fields that hold persons, fields of theirs and the type."""

    line: Line
    fields: Mapping[What, str]
    words: Words

    def case(self, id: str, deadline: float) -> SeenCase | None:  # noqa: A002  the word of the protocol
        with self.line.talk(deadline) as talk:
            ticket = talk.get(f"/api/v2/tickets/{id}.json")
            if ticket is None or word(ticket.json, "ticket", "id") != id:
                return None
            audits = list(_audits(talk, id))
            accounts = _accounts(talk, _ids(at(ticket.json, "ticket"), audits))
        return seen(self._story(id, at(ticket.json, "ticket"), audits, accounts), self.words)

    def _story(self, id_: str, ticket: Any, audits: list[Any], accounts: Mapping[str, Account]) -> Story:
        own = {word(each, "id"): at(each, "value") for each in items(ticket, "custom_fields")}
        now = {what: _value(what, at(ticket, name)) for what, name in _OWN.items()}
        for what, field in self.fields.items():
            if field not in own and field != "type":
                raise odd("custom_fields")
            now[what] = _value(what, at(ticket, "type") if field == "type" else own[field])
        changes = tuple(self._changes(audits, accounts))
        made = [_author(audit, accounts) for audit in audits[:1] if _makes(audit)]
        return Story(
            id=id_,
            created=instant(ticket, "created_at"),
            creator=made[0] if made else None,
            now=now,
            changes=changes,
            from_the_start=False,
            accounts=accounts,
        )

    def _changes(self, audits: list[Any], accounts: Mapping[str, Account]) -> Iterator[Change]:
        places = {name: what for what, name in {**_OWN, **self.fields}.items()}
        number = 0
        for audit in audits:
            when, by = instant(audit, "created_at"), _author(audit, accounts)
            for event in items(audit, "events"):
                number += 1
                kind, name = at(event, "type"), at(event, "field_name")
                what = places.get(str(name)) if kind in ("Create", "Change") else None
                if what is None or (kind == "Create" and what is What.OPEN):
                    continue  # A ticket is made open. One that was made solved is found out by what stands now.
                before = _EMPTY if kind == "Create" else _value(what, at(event, "previous_value"))
                yield Change.of(Stroke(when, number, by), what, before, _value(what, at(event, "value")))


def _value(what: What, found: Any) -> frozenset[str]:
    if what is What.OPEN:
        said = maybe({"it": found}, "it")
        return frozenset({"open"}) if said is not None and said not in _OVER else _EMPTY
    if what in (What.PERSON, What.FIELD):
        return words(found, "custom_fields")
    said = maybe({"it": found}, "it")
    return _EMPTY if said is None else frozenset({said})


def _author(audit: Any, accounts: Mapping[str, Account]) -> Account:
    # A deleted account, or -1 for the system's own hand, is in no list; its number may be mapped all the same.
    own = word(audit, "author_id")
    return accounts.get(own, (own,))


def _makes(audit: Any) -> bool:
    return any(at(event, "type") == "Create" for event in items(audit, "events"))


def _audits(talk: Talk, id_: str) -> Iterator[Any]:
    """Every audit, oldest first; pages follow a cursor, never an address that an answer gives."""
    query = {"page[size]": str(_AT_ONCE)}
    for _ in range(PAGES):
        page = talk.the(f"/api/v2/tickets/{id_}/audits.json", **query).json
        yield from items(page, "audits")
        more = at(page, "meta", "has_more")
        if more is False:
            return
        if more is not True:
            raise odd("meta", "has_more")
        query["page[after]"] = word(page, "meta", "after_cursor")
    raise endless()


def _ids(ticket: Any, audits: list[Any]) -> list[str]:
    """All accounts that the ticket or its history mentions."""
    found = {maybe(ticket, name) for name in ("assignee_id", "requester_id")}
    for audit in audits:
        found.add(word(audit, "author_id"))
        for event in items(audit, "events"):
            if at(event, "field_name") in ("assignee_id", "requester_id"):
                found |= {maybe(event, "value"), maybe(event, "previous_value")}
    return sorted(each for each in found if each is not None and each.isascii() and each.isdigit())


def _accounts(talk: Talk, ids: list[str]) -> Mapping[str, Account]:
    """Accounts by id, with e-mail; of a customer also our own account id, which is what Zendesk calls `external_id`."""
    found: dict[str, Account] = {}
    for start in range(0, len(ids), _AT_ONCE):
        answer = talk.the("/api/v2/users/show_many.json", ids=",".join(ids[start : start + _AT_ONCE]))
        for user in items(answer.json, "users"):
            own, role = word(user, "id"), word(user, "role")
            names = account(own, maybe(user, "email"))
            customer = maybe(user, "external_id") if role == "end-user" else None
            found[own] = names if customer is None else (*names, f"{CUSTOMER}{customer}")
    return found

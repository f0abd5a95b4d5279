# SPDX-License-Identifier: Apache-2.0
"""The columns of every table, once: whole numbers and texts, nothing else.

Times are microseconds since 1970, UTC; yes and no are 1 and 0; identifiers are pseudonyms. No floats, no timestamps,
no lists: on these two types every engine that we tried agrees to the byte.       Design: docs/adr/0046
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from whosaw.model.access import Field

Column = Literal["int", "int?", "text", "text?"]
Cell = int | str | None

# One 0/1 column for each field of personal data.
FIELDS: Mapping[Field, str] = {f: f"f_{f}" for f in Field}

LOOK: Mapping[str, Column] = {
    "row": "int",  # 2·leaf, and 2·leaf+1 for the second row of a look that two count for; a key, never an order
    "leaf": "int",
    "look_id": "text",
    "t": "int",
    "taken": "int?",
    "who": "text",
    "account": "text",  # under which the look was made; `who` unless somebody acted through it
    "claimed": "int",  # 1: that it was `who` is only claimed
    "hint": "int",
    "person": "text?",
    "request": "text",  # the bulk look it is part of, else itself
    "mentions": "int?",
    "mode": "text",
    "purpose": "text?",
    "case": "text?",
    "app": "text?",
    "source": "text",
    "origin": "text",
    "rows": "int?",
    "decision": "text?",
    "refused": "int",
    "rules": "text",  # joined by |
    "asked": "text",  # field:detail, joined by |, as recorded
    **dict.fromkeys(FIELDS.values(), "int"),
    "query": "text?",
    "src_ip": "text?",  # where the principal connected from
    "src_country": "text?",
    "arrived": "int?",  # when it reached the log, and its number there
    "number": "int?",
}

_VALID: Mapping[str, Column] = {"valid_from": "int?", "valid_to": "int?"}
_KNOWN: Mapping[str, Column] = {"known_from": "int?", "known_to": "int?", "first": "int"}

TABLES: Mapping[str, Mapping[str, Column]] = {
    "look": LOOK,
    "staff": {
        "who": "text",
        "unit": "text?",
        "function": "text",
        "role": "text?",
        "manager": "text?",
        "employer": "text?",
        "country": "text?",
        "site": "text?",
        "own_person": "text?",  # their own private account
        "household": "text?",
        **_VALID,
    },
    "persons": {
        "person": "text",
        "region": "text?",
        "protected": "int",
        "staff": "int",
        "household": "text?",
        **_VALID,
    },
    "cases": {
        "case_id": "text",
        "type": "text",
        "opened": "int",
        "closed": "int?",
        "assignee": "text?",
        "requester": "text?",
        "approver": "text?",
        "opened_by": "text?",
        "queue": "text?",
        "requester_home": "text?",  # the household of the requester
        "opened_by_home": "text?",
        **_KNOWN,
    },
    "case_persons": {
        "case_id": "text",
        "person": "text",
        "added": "int?",
        "added_by": "text?",
        "added_by_home": "text?",
        **_KNOWN,
    },
    "assignments": {"who": "text", "scope_kind": "text", "scope": "text", **_VALID, **_KNOWN},
    "classes": {"person": "text", "class": "text", **_VALID},
    "links": {"a": "text", "b": "text", "kind": "text", "weight": "int?", **_VALID},  # weight: in thousandths
    "events": {"event_id": "text", "t": "int", "kind": "text", "stance": "text?", "topic": "text?"},
    "event_persons": {"event_id": "text", "person": "text"},
    "changes": {
        "change_id": "text",
        "t": "int",
        "who": "text",
        "object": "text",
        "target": "text?",
        "old": "text?",
        "new": "text?",
    },
    "approvals": {
        "approval_id": "text",
        "t": "int",
        "requester": "text",
        "approver": "text?",  # nobody, where the request expired
        "outcome": "text",
        "look_id": "text?",
        "case_id": "text?",
        "kind": "text?",
    },
    "regions": {"region": "text", "country": "text"},  # a country is a region of its own, too
}

# What a journal and its directory tell. The others come from a dataset folder.
PROJECTED = ("look", "staff", "persons", "cases", "case_persons", "assignments")

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware `at`. Whole-number arithmetic: timestamp() rounds."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant(t: int) -> datetime:
    """The instant that `micros` came from."""
    return _EPOCH + timedelta(microseconds=t)

# SPDX-License-Identifier: Apache-2.0
"""The tables and columns of `whosaw-dataset/1`, once: kinds, what is required, closed lists.

Invariant: a code that is not in its list, and a cell that is not of its kind, is an error that names it and never shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from whosaw.directory.columns import CLASSES, FUNCTIONS
from whosaw.model.access import Field, Mode

FORMAT = "whosaw-dataset/1"
ID_BYTES = 200
PURPOSES = (
    "subject_request", "service_repair", "safety_review", "fraud_review", "legal_demand", "incident_response",
    "quality_sampling", "internal_inquiry",
)  # fmt: skip


class Kind(Enum):
    """What a cell is. Its value: the sentence for one that is not."""

    ID = f"longer than {ID_BYTES} bytes"
    TEXT = "not a text"
    TIME = "not a time (RFC 3339, with an offset)"
    WHOLE = "not a whole number"
    NUMBER = "not a number"
    CODE = "not one of its codes"
    COUNTRY = "not a country (ISO 3166-1, two capital letters)"
    REGION = "neither a country nor a group of dataset.json"
    CODES = "a list with something that is not one of its codes"
    IDS = f"a list with something longer than {ID_BYTES} bytes"

    @property
    def lists(self) -> bool:
        """In CSV cut at `|`, elsewhere a list."""
        return self in (Kind.CODES, Kind.IDS)


@dataclass(frozen=True, slots=True)
class Col:
    """`needed`: the column must be there. `filled`: and no cell of it may be null."""

    kind: Kind
    needed: bool = False
    filled: bool = False
    codes: tuple[str, ...] = ()


_ID, _TEXT, _TIME = Col(Kind.ID), Col(Kind.TEXT), Col(Kind.TIME)
_WHOLE, _COUNTRY = Col(Kind.WHOLE), Col(Kind.COUNTRY)
_NEED_ID, _NEED_TIME = Col(Kind.ID, needed=True, filled=True), Col(Kind.TIME, needed=True, filled=True)
_NEED_TEXT = Col(Kind.TEXT, needed=True, filled=True)


def _code(*codes: str) -> Col:
    return Col(Kind.CODE, codes=codes)


def _need_code(*codes: str) -> Col:
    return Col(Kind.CODE, needed=True, filled=True, codes=codes)


FORM: Mapping[str, Mapping[str, Col]] = {
    "looks": {
        "look_id": _NEED_ID,
        "time": _NEED_TIME,
        "principal": _NEED_ID,
        "on_behalf_of": _ID,
        "person": _ID,
        "bulk": _ID,
        # Needed, but a search that finds nothing shows no field: in CSV an empty list is an empty cell.
        "fields": Col(Kind.CODES, needed=True, codes=tuple(Field)),
        "mode": _need_code(*Mode),
        "purpose": _code(*PURPOSES),
        "case": _ID,
        "detail": Col(Kind.IDS),
        "rows": _WHOLE,
        "app": _TEXT,
        "src_ip": _TEXT,
        "src_country": _COUNTRY,
        "query": _TEXT,
        "decision": _code("permit", "refuse"),
        "arrived": _TIME,
        "source": _TEXT,
        "number": _WHOLE,
    },
    "staff": {
        "staff_id": _NEED_ID,
        "unit": _NEED_TEXT,
        "function": _need_code(*FUNCTIONS),
        "role": _TEXT,
        "manager": _ID,
        "employer": _TEXT,
        "country": _COUNTRY,
        "site": _TEXT,
        "valid_from": _TIME,
        "valid_to": _TIME,
        "household": _ID,
        "own_person": _ID,
    },
    "cases": {
        "case_id": _NEED_ID,
        "type": _NEED_TEXT,
        "opened": _NEED_TIME,
        "closed": _TIME,
        "assignee": _ID,
        "requester": _ID,
        "approver": _ID,
        "status": _TEXT,
        "opened_by": _ID,
        "queue": _ID,
    },
    "approvals": {
        "approval_id": _NEED_ID,
        "time": _NEED_TIME,
        "requester": _NEED_ID,
        "approver": Col(Kind.ID, needed=True),  # nobody's, where the request expired: see typed.py
        "outcome": _need_code("approved", "refused", "expired"),
        "look_id": _ID,
        "case_id": _ID,
        "kind": _code("approval", "break_glass_review"),
    },
    "case_persons": {"case_id": _NEED_ID, "person": _NEED_ID, "added": _TIME, "added_by": _ID},
    "assignments": {
        "staff_id": _NEED_ID,
        "scope_kind": _need_code("queue", "region", "account", "case_type"),
        "scope": _NEED_ID,
        "from": _TIME,
        "to": _TIME,
    },
    "persons": {
        "person": _NEED_ID,
        "region": Col(Kind.REGION),
        "classes": Col(Kind.CODES, codes=CLASSES),
        "household": _ID,
        "valid_from": _TIME,
        "valid_to": _TIME,
    },
    "links": {
        "a": _NEED_ID,
        "b": _NEED_ID,
        "kind": _need_code("household", "contact", "follows", "coworker", "family", "device", "ip"),
        "weight": Col(Kind.NUMBER),
        "from": _TIME,
        "to": _TIME,
    },
    "events": {
        "event_id": _NEED_ID,
        "time": _NEED_TIME,
        "kind": _need_code("article", "lawsuit", "hearing", "complaint", "post"),
        "persons": Col(Kind.IDS),
        "stance": _code("critical", "neutral", "positive"),
        "topic": _TEXT,
    },
    "changes": {
        "change_id": _NEED_ID,
        "time": _NEED_TIME,
        "staff_id": _NEED_ID,
        "object": _need_code(
            "class_list", "case_person", "role_grant", "retention", "detector", "template", "log_source"
        ),
        "target": _ID,
        # What a list was before and after: a list in JSON Lines and Parquet, a text with `|` in CSV.
        "old": _TEXT,
        "new": _TEXT,
    },
}

# Which column must differ from row to row.
UNIQUE: Mapping[str, str] = {
    "looks": "look_id",
    "cases": "case_id",
    "approvals": "approval_id",
    "events": "event_id",
    "changes": "change_id",
}
# Texts that are lists where a file can say so.
TEXT_OR_LIST = frozenset({("changes", "old"), ("changes", "new")})

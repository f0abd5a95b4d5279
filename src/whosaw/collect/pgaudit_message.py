# SPDX-License-Identifier: Apache-2.0
"""The message that pgAudit writes: `AUDIT: ` and nine or ten comma-separated values.

    AUDIT: OBJECT,2,1,READ,SELECT,TABLE,public.users,"select ip from users where id=$1",42,1
           type   │ │ class command type   name       statement                        │  rows (pgaudit.log_rows)
      statement id┘ └substatement                                          parameters ─┘

Invariant: a message whose quotes are not closed is incomplete and is never read as a shorter one. `<none>`,
`<not logged>`, `<previously logged>` and `<long param suppressed>` are not values.

Specification: docs/connectors/pgaudit.md, after the README of github.com/pgaudit/pgaudit, "Format"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, cast

from whosaw.collect import csv_text
from whosaw.collect.csv_text import Cell
from whosaw.collect.observed import No

PREFIX = "AUDIT: "
INCOMPLETE = "an incomplete audit record: its statement goes on elsewhere"
CLASSES = ("READ", "WRITE", "FUNCTION", "ROLE", "DDL", "MISC", "MISC_SET")
_NUMBER = re.compile(r"[0-9]{1,18}")
_WORDS = re.compile(r"[A-Z][A-Z ]{0,60}")
_NOT_LOGGED, _PREVIOUSLY, _NONE = "<not logged>", "<previously logged>", "<none>"
_LONG = ("<long param suppressed>", "<long field suppressed>")  # as its README says, and as its code does


@dataclass(frozen=True, slots=True)
class Message:
    """One audit record. `statement` is None where it was not logged, `previously` where an earlier record has it.

    `parameters`: None where they were not logged; a value is None where it was suppressed.
    """

    kind: Literal["SESSION", "OBJECT"]
    statement_id: int
    substatement_id: int
    class_: str
    command: str
    object_type: str
    object_name: str | None
    statement: str | None = field(repr=False)
    previously: bool
    parameters: tuple[str | None, ...] | None = field(repr=False)
    rows: int | None


def parse(text: str) -> Message | No:
    """The audit record in a log record's message."""
    cells = csv_text.parse(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else No("not an audit record")
    if isinstance(cells, No):
        return No(INCOMPLETE) if cells.reason == csv_text.INCOMPLETE else cells
    if len(cells) not in (9, 10):
        return No("an audit record of neither 9 nor 10 values")
    kind, statement_id, substatement_id, class_, command, object_type, name, statement = (c.text for c in cells[:8])
    if kind not in ("SESSION", "OBJECT") or not (
        _NUMBER.fullmatch(statement_id) and _NUMBER.fullmatch(substatement_id)
    ):
        return No("an audit record without its type or numbers")
    if class_ not in CLASSES:
        return No("an audit record of a class that is not known")
    rows = cells[9].text if len(cells) == 10 else None
    if not _WORDS.fullmatch(command) or (rows is not None and not _NUMBER.fullmatch(rows)):
        return No("an audit record without its command or rows")
    return Message(
        kind=cast("Literal['SESSION', 'OBJECT']", kind),
        statement_id=int(statement_id),
        substatement_id=int(substatement_id),
        class_=class_,
        command=command,
        object_type=object_type,
        object_name=name or None,
        # The body of a BEGIN ATOMIC function has no text of its own: pgAudit writes nothing.
        statement=None if statement in (_NOT_LOGGED, _PREVIOUSLY, "") else statement,
        previously=statement == _PREVIOUSLY,
        parameters=_parameters(cells[8]),
        rows=None if rows is None else int(rows),
    )


def _parameters(cell: Cell) -> tuple[str | None, ...] | None:
    """Parameters are a list inside the list, quoted once more."""
    if cell.text in (_NOT_LOGGED, _PREVIOUSLY):
        return None
    if cell.text == _NONE:
        return ()
    inside = csv_text.parse(cell.text)
    # A parameter named like the marks cannot be told from one. It is read as the mark: no person, never a wrong one.
    return None if isinstance(inside, No) else tuple(None if c.text in _LONG else c.text for c in inside)

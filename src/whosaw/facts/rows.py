# SPDX-License-Identifier: Apache-2.0
"""From one body to rows, and from the directory's rows to cells. Pure.

A look that somebody made through another's account has two rows, if only claimed: the account's, and a second one for
the name, `claimed`, which an inquiry shows and nobody counts. A shared account must not vanish behind a name that anyone
can type into it, and the name must not be cleared or accused by that. Where the acting principal is known for sure, there is one row, theirs.

Invariant: a body that is neither a look nor a canonical record of another kind is Damaged, with its leaf.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from itertools import groupby
from typing import TypeAlias, TypeVar

from whosaw.errors import Damaged, NotCanonical
from whosaw.facts.columns import FIELDS, Cell, micros
from whosaw.facts.ports import AssignmentRow, CasePersonRow, CaseRow, PersonRow, StaffRow
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import parse

_R = TypeVar("_R", StaffRow, PersonRow)
_Span: TypeAlias = tuple[str, int | None, int | None, _R]

# A canonical body spells its kind like this and in no other way, so most bodies need one parse and not two.
_MARKS = tuple(f'"kind":"{kind}"'.encode() for kind in sorted(LOOKS))


def look_rows(index: int, body: bytes) -> list[tuple[Cell, ...]]:
    """The rows of leaf `index`: none, one or two. Raises Damaged for a body that nobody of us wrote."""
    look = _look(index, body)
    if look is None:
        return []
    # `who` is the acting principal where one is named, and the account is asked about itself where that is a claim.
    if look.on_behalf_of is None:
        return [_row(2 * index, index, look, look.principal, 0)]
    if not look.claimed:
        return [_row(2 * index, index, look, look.on_behalf_of, 0)]
    return [
        _row(2 * index, index, look, look.principal, 0),
        _row(2 * index + 1, index, look, look.on_behalf_of, 1),
    ]


def _look(index: int, body: bytes) -> LookBody | None:
    where = f"leaf {index}"
    try:
        if any(mark in body for mark in _MARKS):
            try:
                return LookBody.decode(body, where)
            except NotCanonical:
                # Another kind may hold such a pair deeper inside: then it is canonical, and no look.
                if parse(body, where)["kind"] in LOOKS:
                    raise
        else:
            parse(body, where)
    except NotCanonical:
        raise Damaged(
            f"{where}: the body is not a record that whosaw wrote", where=where, hint="run: whosaw journal fsck"
        ) from None
    return None


def _row(row: int, leaf: int, look: LookBody, who: str, claimed: int) -> tuple[Cell, ...]:
    fields = {f for f, _ in look.asked}
    return (
        row,
        leaf,
        look.look,
        micros(look.at),
        None if look.taken is None else micros(look.taken),
        who,
        look.principal,
        claimed,
        int(look.hint),
        look.person,
        look.bulk or look.look,
        look.mentions,
        str(look.mode),
        look.purpose,
        look.case,
        look.app,
        look.source,
        look.origin,
        look.rows,
        look.decision,
        int(look.decision == "refuse"),
        "|".join(look.rules),
        "|".join(f"{f}:{detail}" for f, detail in look.asked),
        *(int(f in fields) for f in FIELDS),
        None,  # of the query there is a keyed digest, which tells nobody anything
        None,
        None,
        None if look.taken is None else micros(look.taken),
        None,
    )


def staff_rows(known: Iterable[StaffRow]) -> Iterator[tuple[Cell, ...]]:
    """Staff: at any instant a principal has at most one row."""
    for r, start, end in _apart([(r.who, r.valid_from, r.valid_to, r) for r in known]):
        yield (
            r.who, r.unit, r.function, r.role, r.manager, r.employer, r.country, r.site,
            r.own_person, r.household, start, end,
        )  # fmt: skip


def person_rows(known: Iterable[PersonRow]) -> Iterator[tuple[Cell, ...]]:
    """Persons: at any instant at most one row."""
    for r, start, end in _apart([(r.person, r.valid_from, r.valid_to, r) for r in known]):
        yield (r.person, r.region, int(r.protected), int(r.staff), r.household, start, end)


def case_rows(known: Iterable[CaseRow]) -> Iterator[tuple[Cell, ...]]:
    for r in known:
        yield (
            r.case, r.type, r.opened, r.closed, r.assignee, r.requester, r.approver, r.opened_by, r.queue,
            r.requester_home, r.opened_by_home, r.known_from, r.known_to, int(r.first),
        )  # fmt: skip


def case_person_rows(known: Iterable[CasePersonRow]) -> Iterator[tuple[Cell, ...]]:
    for r in known:
        yield (r.case, r.person, r.added, r.added_by, r.added_by_home, r.known_from, r.known_to, int(r.first))


def assignment_rows(known: Iterable[AssignmentRow]) -> Iterator[tuple[Cell, ...]]:
    for r in known:
        yield (r.who, r.scope_kind, r.scope, r.valid_from, r.valid_to, r.known_from, r.known_to, int(r.first))


def _in_order(spans: list[_Span[_R]]) -> Iterator[_Span[_R]]:
    """By id and time; those that are alike in both by all that they say, which is worth spelling for them alone."""

    def when(span: _Span[_R]) -> tuple[str, bool, int, bool, int]:
        id_, start, end, _ = span
        return id_, start is not None, start or 0, end is None, end or 0

    for _, alike in groupby(sorted(spans, key=when), key=when):
        first, *others = alike
        yield from sorted((first, *others), key=lambda span: str(astuple(span[3]))) if others else (first,)


def _apart(spans: list[_Span[_R]]) -> Iterator[tuple[_R, int | None, int | None]]:
    """Rows with their times cut where the next row of the same id begins.

    Two rows at once would double every look that is joined with them, and with it every count.
    """
    spans = list(_in_order(spans))
    for (id_, start, end, row), after in zip(spans, [*spans, None][1:], strict=True):
        cut = end
        if after is not None and after[0] == id_:
            if after[1] is None or after[1] == start:
                continue
            cut = after[1] if end is None else min(end, after[1])
        if cut is None or start is None or start < cut:
            yield row, start, cut

# SPDX-License-Identifier: Apache-2.0
"""Erasing a person from state.db and keys.db, so that the bytes are gone and not only the rows.

    state.db            one transaction: sealed values, every row of directory, approvals and quotas about this pseudonym
    keys.db             the key row, last: a start that takes up an erasure finds the pseudonym by it
    each, then              VACUUM: the file written anew from what is left      what was moved or freed goes with the old pages
                        checkpoint, TRUNCATE: the write-ahead log is empty   it held old pages

DELETE marks a cell as free. `secure_delete` overwrites it, but pages that were balanced, or freed by a version without
it, may still hold copies. So the file is written anew; it is the price of an erasure, and no look waits for the reading.

What others' rows said of the person's hand is kept as the staff member's whose own account it was: a case that somebody
asked for from their private account stays one that they asked for. Of any other account a case loses who opened it, too,
so nobody decides by it. And a row that lost a name has no digest that a feed could say: the next load writes it anew.

Each call may be repeated: what is gone is gone. PostgreSQL keeps dead rows until it vacuums, and its write-ahead log as
long as it was told to: there it is asked to vacuum these tables, and the rest is the operator's.

Invariant: when this returns, no page of either file holds anything that was deleted.  Specification: docs/spec/erasure.md §3
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, select, update

from whosaw.directory.tables import ASSIGNMENTS, CASE_PERSONS, CASES, FOR_EVER, LINKS, PERSONS, RESOURCES, STAFF
from whosaw.directory.ticket_tables import CASE_HANDS, PUSHED, TICKET_ACCOUNTS
from whosaw.store.key_tables import KEYRING
from whosaw.store.state_tables import APPROVAL_RECORDS, APPROVALS, CROWD, PREFIXES, QUOTA, SEALED, answering
from whosaw.store.wiping import wipe

# Rows about the person go. Rows about others, which name them, keep everything but the name.
_THEIRS = (
    PERSONS.c.person, CASE_PERSONS.c.person, CASE_HANDS.c.of, TICKET_ACCOUNTS.c.pseudonym, ASSIGNMENTS.c.scope, LINKS.c.a,
    LINKS.c.b, APPROVAL_RECORDS.c.person, APPROVALS.c.person,
)  # fmt: skip
_HANDS = (CASES.c.requester, CASES.c.approver, CASES.c.opened_by, CASE_PERSONS.c.added_by, CASE_HANDS.c.hand)
_NAMED = (STAFF.c.own_person, RESOURCES.c.own_person, CASES.c.assignee, *_HANDS)
_NO_DIGEST = bytes(32)


class SqlErasure:
    """``erasure.ports.State`` on an engine for each."""

    def __init__(self, engine: Engine, keys: Engine) -> None:
        self._engine, self._keys = engine, keys

    def erase(self, handle: bytes | None, pseudonym: str | None) -> None:
        with answering("state"):
            with self._engine.begin() as db:
                if pseudonym is not None:
                    _unpush(db, pseudonym)
                    for column in _THEIRS:
                        db.execute(delete(column.table).where(column == pseudonym))
                    _unname(db, pseudonym)
                    db.execute(
                        delete(QUOTA).where((QUOTA.c.which == pseudonym) | (QUOTA.c.lane == f"person/{pseudonym}"))
                    )
                if handle is not None:
                    db.execute(delete(SEALED).where(SEALED.c.handle == handle))
                    db.execute(delete(PREFIXES).where(PREFIXES.c.handle == handle))
            wipe(
                self._engine,
                {column.table.name for column in (*_THEIRS, *_NAMED)}
                | {QUOTA.name, SEALED.name, PUSHED.name, CROWD.name, PREFIXES.name},
            )
        with answering("keyring"):
            if handle is not None:
                with self._keys.begin() as db:
                    db.execute(delete(KEYRING).where(KEYRING.c.handle == handle))
            wipe(self._keys, (KEYRING.name,))

    def knows(self, pseudonym: str) -> bool:
        """Whether a row of the directory is about, or names, this pseudonym."""
        with answering("state"), self._engine.connect() as db:
            return any(
                db.execute(column.table.select().where(column == pseudonym).limit(1)).first() is not None
                for column in (*_THEIRS, *_NAMED)
            )


def _unpush(db: Connection, pseudonym: str) -> None:
    """Take away what was pushed about cases that name them, before the rows go that say which those are."""
    named = select(CASE_PERSONS.c.case_id).where(CASE_PERSONS.c.person == pseudonym)
    touched = select(CASE_HANDS.c.case_id).where(CASE_HANDS.c.hand == pseudonym)
    db.execute(delete(PUSHED).where(PUSHED.c.case_id.in_(named.union(touched))))


def _unname(db: Connection, pseudonym: str) -> None:
    """Take the name out of rows about others. Before the staff table loses whose account it was."""
    owners = db.scalars(select(STAFF.c.principal).where(STAFF.c.own_person == pseudonym).distinct()).all()
    hand = owners[0] if len(owners) == 1 else None
    if hand is None:
        # Whoever lives with the account would, without its name, be no hand in the case: an unknown opener forbids.
        asked = (CASES.c.requester == pseudonym) & (CASES.c.known_to == FOR_EVER)
        db.execute(update(CASES).where(asked).values(opened_by=None))
    # Their id, as an identity provider gave it: sealed apart from what it says of the member of staff.
    db.execute(update(RESOURCES).where(RESOURCES.c.own_person == pseudonym).values(own_person=None, own_sealed=None))
    for column, said in (*((each, hand) for each in _HANDS), (CASES.c.assignee, None), (STAFF.c.own_person, None)):
        values = {column.name: said, "digest": _NO_DIGEST}
        db.execute(update(column.table).where(column == pseudonym).values(values))

# SPDX-License-Identifier: Apache-2.0
"""pgAudit: looks at watched tables of PostgreSQL, from the server's own log.

    server log ──▶ AUDIT record ──▶ watched? ──▶ what its statement reads ──▶ one look for each watched table

look id   pgaudit:<session>,<statement>,<substatement>,<schema.table>, so that SESSION and OBJECT records of one
          statement are one look, in whatever order and file they come
app       `application_name`, where the map lists it: whoever connects sets it, and could write a name into it
who       the session's user; `application_name = 'whosaw:<staff>:<case>'` is a claim and clears nobody
whom      values that the table's key column is bound to: a hint, because query text is not a structured key
unread    a statement that cannot be read, and whose record names no table, may have been about any watched one
refused   an ERROR with state 42501 (insufficient privilege): the attempt is a look, and the server said no

Invariant: a record that only looks like pgAudit's is not taken. Anybody who may run `RAISE LOG` writes `AUDIT: …` into
the same log; but such a record carries a context, and pgAudit hides its own.    Specification: docs/connectors/pgaudit.md
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from whosaw.collect import pgaudit_message as audit
from whosaw.collect import server_log
from whosaw.collect.columns import Columns, Watched
from whosaw.collect.gaps import Gap, Lines
from whosaw.collect.maps import named
from whosaw.collect.observed import Malformed, No, Observed, Outcome, Piece, Skipped, Taken, Where, identifier
from whosaw.collect.pgaudit_look import Told, look_anywhere, look_at
from whosaw.collect.pgaudit_message import Message
from whosaw.collect.server_log import Entry, Format
from whosaw.collect.statements import Statements

NOT_AUDIT = Skipped("not an audit record")
SETTINGS = Skipped("changes pgAudit's own settings")
TOLD_BEFORE = Skipped("told before: another record of the same statement and table")
NOT_WATCHED = Skipped("no watched table")
PREPARED = Skipped("prepared, not run: the run has a record of its own")
EVERYTHING = "*"  # in a look's id, where a table's name would be; no name is spelled so
IMITATED = "imitates an audit record: pgAudit's own carry no context and no statement"
NUMBER_AGAIN = "another statement under numbers that were used before"
_SESSIONS, _STATEMENTS = 10_000, 64
_CLAIM = "whosaw"
_K = TypeVar("_K")
_V = TypeVar("_V")
_APP_BYTES = 63  # PostgreSQL cuts application_name there


@dataclass(slots=True)
class _Session:
    """What is remembered of a session: texts that `<previously logged>` means, and which looks were told of."""

    texts: OrderedDict[tuple[int, int], tuple[str | None, tuple[str | None, ...] | None]] = field(
        default_factory=OrderedDict
    )
    told: OrderedDict[str, tuple[int, bytes]] = field(default_factory=OrderedDict)


class PgAudit:
    """Reads server logs. One instance reads all files of one run: rotation cuts sessions in two."""

    source = "pgaudit"

    def __init__(self, watched: Watched, form: Format | None = None) -> None:
        """`form`: the format of every file; None: each file is what its first record is."""
        self._watched = watched
        self._asked_for = form
        self._form: Format = form or "jsonlog"
        self._statements = Statements(watched)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._lines = Lines()

    @property
    def map_digest(self) -> bytes:
        return self._watched.digest

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """The records of one file. Raises BadInput for a file that is no server log."""
        self._form, found = server_log.pieces(chunks, self._asked_for)
        return found

    def gaps(self) -> tuple[Gap, ...]:
        return tuple(self._lines)

    def read(self, raw: bytes, where: Where) -> Outcome:
        """One record of the server log."""
        del where
        entry = server_log.entry(raw, self._form, self._watched.zones)
        if isinstance(entry, No):
            return Malformed.of(raw, entry)
        self._lines.see(entry.session, entry.line)
        if entry.message.startswith(audit.PREFIX):
            return self._audited(raw, entry)
        if entry.severity == "ERROR" and entry.state == "42501" and entry.statement:
            return self._denied(raw, entry, entry.statement)
        return SETTINGS if entry.message.startswith('parameter "pgaudit') else NOT_AUDIT

    def _audited(self, raw: bytes, entry: Entry) -> Outcome:
        if entry.context is not None or entry.statement is not None:
            return Malformed.of(raw, IMITATED)
        message = audit.parse(entry.message)
        if isinstance(message, No):
            return Malformed.of(raw, message)
        session = self._session(entry.session)
        text, parameters = self._text(session, message)
        if (passed := _class(message, text)) is not None:
            return passed
        tables = self._tables(entry, message, text)
        told = Told(text, parameters, message.rows, message.class_ == "WRITE", None)
        looks: list[Observed] = []
        outcome: Outcome = NOT_WATCHED
        for table in tables:
            name = EVERYTHING if table is None else table.name
            ident = f"{entry.session},{message.statement_id},{message.substatement_id},{name}"
            digest = hashlib.sha256(repr((text, parameters)).encode("utf-8", "surrogatepass")).digest()
            if (again := _again(session, ident, entry.line, digest)) is not None:
                outcome = again if isinstance(again, Skipped) else Malformed.of(raw, again)
                continue
            made = self._look(raw, entry, ident, table, told)
            if isinstance(made, Observed):
                looks.append(made)
            else:
                outcome = made
        return Taken(tuple(looks)) if looks else outcome

    def _denied(self, raw: bytes, entry: Entry, text: str) -> Outcome:
        """The server refused for want of a privilege. There is no audit record: pgAudit is asked only afterwards."""
        told = Told(text, None, None, writes=False, decision="refuse")
        looks: list[Observed] = []
        outcome: Outcome = NOT_WATCHED
        for table in self._tables_of(entry, text):
            name = EVERYTHING if table is None else table.name
            made = self._look(raw, entry, f"{entry.session},e{entry.line},{name}", table, told)
            if isinstance(made, Observed):
                looks.append(made)
            else:
                outcome = made
        return Taken(tuple(looks)) if looks else outcome

    def _look(
        self, raw: bytes, entry: Entry, ident: str, table: Columns | None, told: Told
    ) -> Observed | Skipped | Malformed:
        """`table`: None where it may have been any: all the fields of all watched ones."""
        user = identifier(entry.user)
        if user is None:
            return Malformed.of(raw, "no user whose rights were used")
        many = self._watched.many_rows
        found = (
            look_anywhere(self._watched.all(entry.database), told, self._statements, many)
            if table is None
            else look_at(table, told, self._statements, many)
        )
        if isinstance(found, Skipped):
            return found
        on_behalf_of, case, cut = _claim(entry.app)
        claimed = on_behalf_of is not None
        app = entry.app if entry.app in self._watched.apps and not claimed and not cut else None
        flags = [*found.flags, *(["a claim cut off at 63 bytes"] if cut else [])]
        if entry.app is not None and app is None and not claimed and not cut:
            flags.append("an application name that was not kept")
        return Observed(
            source=self.source,
            id=ident,
            at=entry.at,
            principal=named(self._watched.principals, user),
            asked=found.asked,
            mode=found.mode,
            persons=found.persons,
            on_behalf_of=on_behalf_of,
            claimed=claimed,
            hint=bool(found.persons),
            case=case,
            app=app,
            rows=told.rows,
            decision=told.decision,
            query=told.text,
            shape=found.shape,
            flags=tuple(flags),
            unmapped=found.unmapped,
        )

    def _tables(self, entry: Entry, message: Message, text: str | None) -> tuple[Columns | None, ...]:
        """The watched tables that a record is about: the one it names, or those that its statement names."""
        if message.object_name is not None:
            table = self._watched.named(entry.database, message.object_name)
            return () if table is None else (table,)
        return self._tables_of(entry, text)

    def _tables_of(self, entry: Entry, text: str | None) -> tuple[Columns | None, ...]:
        """The watched tables that a statement names. Whoever runs one chooses its text: one that cannot be read, or has
        none (the body of a BEGIN ATOMIC function), would be a way around, so it may have been any table (None).
        """
        tables = No("no text") if text is None else self._statements.tables(entry.database, text)
        if isinstance(tables, No):
            return (None,) if self._watched.all(entry.database) else ()
        return tables

    def _session(self, name: str) -> _Session:
        session = self._sessions.setdefault(name, _Session())
        self._sessions.move_to_end(name)
        if len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def _text(self, session: _Session, message: Message) -> tuple[str | None, tuple[str | None, ...] | None]:
        number = message.statement_id, message.substatement_id
        if message.previously:
            return session.texts.get(number, (None, None))
        _remember(session.texts, number, (message.statement, message.parameters))
        return message.statement, message.parameters


def _again(session: _Session, ident: str, line: int, digest: bytes) -> Skipped | No | None:
    """Whether a look was told of by another record. The same line read once more is for the journal to know."""
    known = session.told.get(ident)
    if known is None:
        _remember(session.told, ident, (line, digest))
        return None
    if known[0] == line:
        return None
    return TOLD_BEFORE if known[1] == digest else No(NUMBER_AGAIN)


def _remember(kept: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    kept[key] = value
    if len(kept) > _STATEMENTS:
        kept.popitem(last=False)


def _class(message: Message, text: str | None) -> Skipped | None:
    """Why a record of another class is no look, or None for one that may be."""
    if message.command == "PREPARE":
        return PREPARED
    if message.class_ in ("READ", "WRITE"):
        return None
    if text is not None and message.class_ in ("MISC", "MISC_SET", "ROLE", "DDL") and "pgaudit" in text.lower():
        return SETTINGS
    return Skipped(f"class {message.class_}")


def _claim(app: str | None) -> tuple[str | None, str | None, bool]:
    """(staff, case, cut) of `whosaw:<staff>:<case>`."""
    if app is None or not app.startswith(f"{_CLAIM}:") or not app.isprintable():
        return None, None, False
    parts = app.split(":")
    # A case cut short is another case's number.
    if len(app.encode()) >= _APP_BYTES:
        return None, None, True
    if len(parts) != 3 or identifier(parts[1]) is None or (parts[2] and identifier(parts[2]) is None):
        return None, None, False
    return parts[1], parts[2] or None, False

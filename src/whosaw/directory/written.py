# SPDX-License-Identifier: Apache-2.0
"""Whether anybody has written to a PostgreSQL database since one looked: what SQLite says of its file by `data_version`.

    writer   any change of a watched table ──trigger──▶ the number of its transaction, once, in the table `written`
    reader   my snapshot of last time ──▶ is a number there that it does not show?    none: all is as it was read then

The number is there as soon as the rows are, and not before: it is committed with them. Nobody waits for anybody, because each
transaction writes a row of its own. A snapshot knows which transactions it shows, those that were under way among them; so one that
began long ago and commits now is found, whatever others did meanwhile. Old numbers are thrown away, the lowest first; a reader
believes that none is missing only as long as one is left that is lower than all that its snapshot does not show.

Invariant: the database itself sees to it, and no writer's good will: whichever program changes a row, another version of this one
included, has changed the table as well. Where a watched table has no trigger, or has lost it meanwhile, nothing is remembered, and
nothing of a standby.                                                             Decided in: docs/adr/0273, 0299
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, text

from whosaw.directory.remembered import VAULT, remember
from whosaw.directory.transaction import writing

UNWATCHED = frozenset(
    {"written", "alembic_version", "quota", "prefixes_shown", "caller_tokens", "caller_wishes", "counts", "notices"}
)
"""Tables of which nothing is remembered: what looks write themselves, and what is asked for anew each time."""
PARTS: Mapping[str, str] = {"sealed": VAULT, "crowd": VAULT, "imports": VAULT}
_KEPT = 4096  # numbers, when old ones are thrown away
_TABLES = """SELECT c.relname, coalesce(bool_or(t.tgenabled = 'A'), false) FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'whosaw_written' AND t.tgtype = 60
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname"""
# `%` is a sign of the driver's where a statement has values: here it has none.
_MAKE = """
CREATE TABLE IF NOT EXISTS {schema}.written (xid xid8, part text, PRIMARY KEY (xid, part));
INSERT INTO {schema}.written VALUES (pg_current_xact_id(), '') ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION {schema}.whosaw_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO {schema}.written VALUES (pg_current_xact_id(), TG_ARGV[0]) ON CONFLICT DO NOTHING;
    IF mod(pg_current_xact_id()::text::bigint, 1024) = 0 AND pg_try_advisory_xact_lock(hashtext('whosaw/written')) THEN
        DELETE FROM {schema}.written WHERE xid < (SELECT xid FROM {schema}.written ORDER BY xid DESC OFFSET {kept} LIMIT 1);
    END IF;
    RETURN NULL;
END $$;
"""
_WATCH = """
DROP TRIGGER IF EXISTS whosaw_written ON {schema}.{table};
CREATE TRIGGER whosaw_written AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.whosaw_written('{part}');
ALTER TABLE {schema}.{table} ENABLE ALWAYS TRIGGER whosaw_written;
"""
# Of a database that was restored from a dump: numbers of a server that was further than this one.
_AHEAD = "DELETE FROM written WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) AND xid <> pg_current_xact_id()"
# Another answer as soon as a trigger was switched off or on again, or its table dropped and made anew.
_TRIGGERS = """array(SELECT xmin FROM pg_catalog.pg_trigger
    WHERE tgname = 'whosaw_written' AND tgtype = 60 AND tgenabled = 'A')::text"""
# A standby's snapshot does not say who was under way when it was taken.
_NOW = f"""SELECT CASE WHEN NOT pg_is_in_recovery()
        AND NOT EXISTS (SELECT FROM ({_TABLES}) AS they (name, watched) WHERE NOT watched AND name <> ALL(%s))
    THEN pg_current_snapshot()::text END, {_TRIGGERS}"""  # noqa: S608 - no value in it
_SINCE = f"""SELECT pg_current_snapshot()::text, {_TRIGGERS}, EXISTS (SELECT FROM written WHERE xid < pg_snapshot_xmin(seen)),
    array(SELECT DISTINCT part FROM written WHERE xid >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(xid, seen))
    FROM (SELECT %s::pg_snapshot) AS last (seen)"""  # noqa: S608 - as above
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class InSnapshots:
    """``remembered.Tells`` of a PostgreSQL database whose tables are watched."""

    __slots__ = ("_connection", "_hung_up", "_seen", "_triggers")

    def __init__(self, hung_up: Callable[[Any], bool]) -> None:
        """`hung_up`: whether a connection of which nobody waits for an answer is of no use any more."""
        self._hung_up = hung_up
        self._connection: Any = None
        self._seen: str | None = None  # the snapshot of last time, on this connection; None: not to be believed
        self._triggers = ""

    def fits(self, connection: Any) -> bool:
        return not self._hung_up(connection)

    def written(self, connection: Any, *, begin: bool) -> Collection[str] | None:
        if connection is not self._connection:
            connection.rollback()
            connection.autocommit = True  # it is nobody else's from here on, and each question a transaction of its own
            self._connection, self._seen = connection, None
        asked = (_NOW, (sorted(UNWATCHED),)) if self._seen is None else (_SINCE, (self._seen,))
        if begin:
            with connection.pipeline():
                connection.execute(_BEGIN)
                answer = connection.execute(*asked)
        else:
            answer = connection.execute(*asked)
        before = self._triggers
        self._seen, self._triggers, *since = answer.fetchone()
        if not since:
            return None
        if self._triggers != before:
            self._seen = None  # whether every table is watched is found out next time
            return None
        complete, parts = since
        return parts if complete else None


def watch(engine: Engine, hung_up: Callable[[Any], bool]) -> None:
    """Have all tables of this PostgreSQL database watched that are not, and remember what is read of it. Raises Unavailable."""
    with writing(engine) as db:
        if tables := _unwatched(db):
            _watch(db, tables)
        db.exec_driver_sql(_AHEAD)
    remember(engine, lambda: (engine, None), InSnapshots(hung_up))


def _unwatched(db: Connection) -> list[str]:
    """Tables whose changes nobody would hear of."""
    found = {str(name): bool(watched) for name, watched in db.exec_driver_sql(_TABLES)}
    if "written" not in found:
        return sorted(found.keys() - UNWATCHED)
    return sorted(name for name, watched in found.items() if not watched and name not in UNWATCHED)


def _watch(db: Connection, tables: Collection[str]) -> None:
    quoted = db.dialect.identifier_preparer.quote
    schema = quoted(str(db.scalar(text("SELECT current_schema()"))))
    db.exec_driver_sql(_MAKE.format(schema=schema, kept=_KEPT))
    for table in tables:
        db.exec_driver_sql(_WATCH.format(schema=schema, table=quoted(table), part=PARTS.get(table, "")))

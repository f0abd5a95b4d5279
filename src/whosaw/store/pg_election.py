# SPDX-License-Identifier: Apache-2.0
"""Who is the sequencer, in PostgreSQL. ``journal.pending.Election``.

    advisory lock    a courtesy: it keeps two honest candidates apart, and is free as soon as its connection breaks
    epoch            the fence: raised by whoever is elected, asked for in every transaction of a term, under a lock that
                     an election has to wait for
    seen             a pulse, once a second. Whoever has none for `STALE` seconds loses the connection that holds the lock

A process that is stopped keeps its connections, and with them the lock: nobody else would ever be elected. So a candidate
that finds no pulse ends that connection on the server. The clock is the server's, for all of them. Who has to be the
sequencer, because it erases, does the same to one that is alive: for the others that is an election like any other.

Invariant: when a term begins, every transaction of every earlier term is over, done or undone. That is also what settles
a COMMIT whose outcome nobody knew.                                            Specification: docs/spec/cluster.md
"""

from __future__ import annotations

import time
from contextlib import suppress

import psycopg

from whosaw.errors import Contradiction, Unavailable
from whosaw.store.pg import PART, Connection, Database, Term, told

STALE = 5.0
_TRIES, _BETWEEN = 50, 0.02
# One statement, so that nobody can be stopped with the lock in his hand and no epoch to show for it.
_STAND = """WITH lock AS MATERIALIZED (SELECT pg_try_advisory_lock(hashtext('whosaw'), hashtext('sequencer')) AS free)
    UPDATE journal.leader SET epoch = epoch + 1, backend = pg_backend_pid(), elected = clock_timestamp(),
    seen = clock_timestamp() FROM lock WHERE free RETURNING epoch"""
_BEAT = "UPDATE journal.leader SET seen = clock_timestamp() WHERE epoch = %s"
# Who holds the lock and is not in the row waited for it in vain, or went away while he did: his session is idle.
_END_STALE = """SELECT pg_terminate_backend(l.pid)
    FROM journal.leader AS r, pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
    AND (l.pid = r.backend OR a.state <> 'active')
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND l.classid::int8 = (hashtext('whosaw')::int8 & 4294967295)
    AND l.objid::int8 = (hashtext('sequencer')::int8 & 4294967295)
    AND CASE WHEN l.pid = r.backend THEN r.seen ELSE a.state_change END < clock_timestamp() - make_interval(secs => %s)"""


class PgElection:
    """``journal.pending.Election`` on a database."""

    def __init__(self, database: Database, stale: float = STALE) -> None:
        self._db, self._stale = database, stale

    def stand(self, *, insists: bool = False) -> PgOffice | None:
        connection = self._db.own()
        try:
            with told():
                for _ in range(_TRIES if insists else 1):
                    if (elected := connection.execute(_STAND).fetchone()) is not None:
                        return PgOffice(connection, Term(elected[0]))
                    connection.execute(_END_STALE, (0 if insists else self._stale,))
                    if insists:
                        time.sleep(_BETWEEN)  # its session ends when the server comes to it
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None


class PgOffice:
    """``journal.pending.Office``: the connection that holds the lock."""

    def __init__(self, connection: Connection, term: Term) -> None:
        self._connection, self.term = connection, term

    @property
    def epoch(self) -> int:
        return self.term.epoch

    def beat(self) -> None:
        try:
            alive = self._connection.execute(_BEAT, (self.epoch,)).rowcount
        except psycopg.Error:
            raise Unavailable("the connection that holds the lock of the sequencer broke", part=PART) from None
        if not alive:
            raise Contradiction("another sequencer was elected", where=PART)

    def release(self) -> None:
        """``ports.Held``: the same."""
        self.resign()

    def resign(self) -> None:
        with suppress(psycopg.Error):
            self._connection.close()

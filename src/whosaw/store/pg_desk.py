# SPDX-License-Identifier: Apache-2.0
"""The table `pending` in PostgreSQL, as the elected sequencer sees it: its write-ahead log. ``journal.pending.Desk``.

    write      rows get index, time and frames, all of a group in one transaction of this term
    swap …     elsewhere: the head moves
    covered    segments/<first>.seg with exactly the frames between two heads     create-or-compare
    released   the rows go

The segment is written after the swap and not before: only then is it settled where it ends. So whoever writes it,
the sequencer of this term, the next one or one that woke up late, writes the same bytes under the same name.

Invariant: a frame is in a row or in a segment at every moment, and in both for a while.
                                                                               Specification: docs/spec/cluster.md
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from whosaw.errors import Contradiction, Damaged, Unavailable, WhosawError
from whosaw.journal.ahead import Durable
from whosaw.journal.cluster.pending import ERASED, Asked, Granted
from whosaw.journal.ports import Folder, Sealed
from whosaw.journal.segment import Frame, Mark, Order, encode_all, parse_all
from whosaw.journal.segments import Segments, records
from whosaw.journal.state import Written
from whosaw.journal.tail import Found
from whosaw.store.pg import PART, Database, Said, Term
from whosaw.store.pg_manifest import PgManifest
from whosaw.store.pg_pending import ANSWERED, ASKED, PgEar, asked, frames_in, notifying

_WAITING = """SELECT idem, handles, bodies FROM (
        SELECT id, idem, handles, bodies, sum(length(bodies)) OVER (ORDER BY id) - length(bodies) AS before FROM (
            SELECT id, idem, handles, bodies FROM journal.pending WHERE first IS NULL AND refused IS NULL
            ORDER BY id LIMIT 1000) AS oldest) AS summed
    WHERE before < 16777216 ORDER BY id"""
_ROWS = "SELECT idem, first, count, frames FROM unnest(%b::bytea[], %b::bigint[], %b::int[], %b::bytea[]) AS r (idem, first, count, frames)"
_ASSIGN = f"""UPDATE journal.pending AS p SET handles = '', bodies = '', first = r.first, count = r.count, at = %s, frames = r.frames
    FROM ({_ROWS}) AS r WHERE p.idem = r.idem AND p.first IS NULL AND p.refused IS NULL"""  # noqa: S608 - no value in it
_ADD = f"""INSERT INTO journal.pending (idem, handles, bodies, first, count, frames, at)
    SELECT r.idem, '', '', r.first, r.count, r.frames, %s FROM ({_ROWS}) AS r ON CONFLICT DO NOTHING"""  # noqa: S608  columns of ours
_BETWEEN = "SELECT first, at, frames FROM journal.pending WHERE first >= %s AND first < %s ORDER BY first"
_ALL = 2**62
_Row = tuple[bytes, int, int, bytes]


class PgDesk:
    """``journal.pending.Desk`` on a database and the folder of segments."""

    appends = False

    def __init__(self, database: Database, folder: Folder, term: Term | None = None) -> None:
        """`term`: of the sequencer that will write; without one this is for looking."""
        self._db, self._folder, self._term = database, folder, term
        self._manifest = PgManifest(database, term)
        self._handed: set[bytes] = set()
        self._covered: list[Sealed] = []  # and not published yet

    # ── what gates ask ──

    def waiting(self) -> list[Asked]:
        found = [asked(*row) for row in self._db.rows(_WAITING)]
        self._handed = {row.idem for row in found}
        return found

    def refuse(self, idem: bytes, sentence: str) -> None:
        refused = "UPDATE journal.pending SET refused = %s, handles = '', bodies = '' WHERE idem = %s AND first IS NULL"
        self._do((refused, (sentence, idem)))

    def discard(self, idems: Sequence[bytes]) -> None:
        self._do(("DELETE FROM journal.pending WHERE idem = ANY(%b) AND first IS NULL", (list(idems),)))

    def wished(self) -> tuple[int, bool] | None:
        rows = self._db.rows("SELECT size, witnessed FROM journal.wish WHERE size > 0")
        return rows[0] if rows else None

    def grant(self, granted: Granted) -> None:
        given = granted.note, granted.map_note, granted.witnessed
        self._do(("UPDATE journal.wish SET note = %s, map_note = %s, seen = %s, size = 0", given))

    def ear(self) -> PgEar:
        return PgEar(self._db, ASKED)

    # ── the write-ahead log ──

    def find(self, size: int) -> Found:
        return Found(list(self._frames(size, _ALL)), b"", 0, [])

    def unsettled(self, first: int, size: int) -> Iterator[Frame]:
        if first < size:
            for frame in self._frames(0, size):
                if frame.index >= first:
                    yield frame

    def start(self, size: int) -> list[Durable]:
        end = self._settled()
        if end < size:
            frames = list(self.unsettled(end, size))
            if len(frames) != size - end:
                raise Damaged(f"index {end} and on are in no segment and in no row", where=PART)
            self.covered(end, frames)
        elif end > size:
            raise Damaged(
                f"segments hold {end} leaves, the head in the database {size}",
                where=PART,
                hint="the database may be an old copy, or a standby that was not synchronous; do not start this log from it",
            )
        self.released(size)
        found, next_ = [], size
        for first, at, raw in self._db.rows(_BETWEEN, (size, _ALL)):
            frames = list(frames_in(first, raw))
            if first != next_:
                raise Damaged(f"index {next_} is in no row, and {first} is", where=PART)
            next_ = first + len(frames)
            found.append(Durable(frames, Written(Mark(first), 0, len(raw), len(frames)), at))
        return found

    def write(self, frames: Sequence[Frame], at: int) -> Written:
        rows = list(_rows(frames))
        ours = [row for row in rows if row[0] not in self._handed]
        theirs = [row for row in rows if row[0] in self._handed]
        puts = [(statement, some) for statement, some in ((_ASSIGN, theirs), (_ADD, ours)) if some]
        said = [_put(statement, some, at) for statement, some in puts]
        with self._db.at_once(*said, notifying(ANSWERED), term=self._term) as (*made, _):
            for (statement, some), answer in zip(puts, made, strict=True):
                if answer.rowcount != len(some):
                    raise _not_all(statement)
        return Written(Mark(frames[0].index), 0, sum(len(row[3]) for row in rows), len(frames))

    def entries(self, first: int, writes: Sequence[Written]) -> Iterator[bytes]:
        return (frame.entry for frame in self._frames(first, first + sum(write.count for write in writes)))

    def covered(self, first: int, frames: Sequence[Frame]) -> None:
        mark = Mark(first)
        data = encode_all(frames, mark)
        self._in_office()
        self._folder.create_or_compare([(mark.name, data)])
        try:
            self._in_office()
        except Contradiction:
            # Another one may have written it before us, erased from it and removed it. What we put there does not count
            # then, and will never count again; but it has the bytes.
            row = self._manifest.sealed().get(first)
            if row is not None and row.generation > 0:
                self._folder.delete(mark.name)
            raise
        self._covered = [Sealed(first, len(frames), len(data), 0)]

    def released(self, size: int) -> None:
        self._do(("DELETE FROM journal.pending WHERE first < %s", (size,)))
        self._manifest.seal(self._covered)
        self._covered = []

    def wipe(self, handle: bytes, size: int) -> None:
        wiped = """UPDATE journal.pending SET refused = %s, handles = '', bodies = ''
            WHERE first IS NULL AND refused IS NULL AND position(%s::bytea IN handles) > 0"""
        self._do((wiped, (ERASED, handle)), ("DELETE FROM journal.pending WHERE first < %s", (size,)))
        with self._db.connection() as db:
            db.execute("VACUUM journal.pending")

    def roll(self) -> None:
        """No segment is open: each is put there whole."""

    def closed_below(self, size: int) -> int:
        return size

    def close(self) -> None:
        """Nothing is open between two calls."""

    def _do(self, *said: Said) -> None:
        """In this term, and gates are to look."""
        with self._db.at_once(*said, notifying(ANSWERED), term=self._term):
            pass

    def _in_office(self) -> None:
        if self._term is not None:
            self._db.check(self._term)

    def _frames(self, first: int, end: int) -> Iterator[Frame]:
        """Frames of the rows that begin from `first` up to `end`, which follow on one another."""
        order: Order | None = None
        for at, _, raw in self._db.rows(_BETWEEN, (first, end)):
            order = order or Order(at)
            yield from records(list(parse_all(raw, Mark(at), order)))

    def _settled(self) -> int:
        """Where the newest segment ends. It was put there whole."""
        newest = Segments(self._folder, self._manifest).marks()[-1]
        row = self._manifest.sealed().get(newest.first)
        if row is not None:
            return row.end
        order = Order(newest.first)
        for _ in parse_all(self._folder.read(newest.name) or b"", newest, order):
            pass
        return order.index


def _rows(frames: Sequence[Frame]) -> Iterator[_Row]:
    """A row for each submission."""
    begun = 0
    for n, frame in enumerate(frames):
        if frame.left == 0:
            leaves = frames[begun : n + 1]
            first = leaves[0].index
            yield frame.idem, first, len(leaves), encode_all(leaves, Mark(first))
            begun = n + 1


def _put(statement: str, rows: Sequence[_Row], at: int) -> Said:
    columns = [list(column) for column in zip(*rows, strict=True)]
    # The time stands first in the one statement and first in the other.
    return statement, (at, *columns)


def _not_all(statement: str) -> WhosawError:
    if statement == _ADD:
        return Contradiction("an index or a key was given out before", where=PART)
    return Unavailable("a submission was taken back; nothing was recorded", part=PART, hint="asking again is safe")

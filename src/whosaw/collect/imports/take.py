# SPDX-License-Identifier: Apache-2.0
"""An import: a source is read through once to check it, and once to take it in.

    read ──▶ each row parsed ──▶ bad rows? nothing is taken in ┐
                    └ none, or `lenient` ──▶ record `began` ──▶ read again ──▶ heaps ──▶ vault ──▶ record `done`
                                                                   └ and then how far it is

Killed anywhere, the same command goes on behind the last heap that is durable. Should it not know how far that was, it takes
rows a second time, which changes nothing: a value of the same source is there already.

Invariant: nobody's value comes in before a record says that an import of this source began, and by whose order. No reason, count
or record holds anything of a row.                                              Decided in: docs/adr/0127
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.collect.imports.located import Located
from whosaw.collect.imports.ports import Digests, Journal, Keeps, Rows
from whosaw.collect.imports.row import Given, parse
from whosaw.collect.observed import No
from whosaw.errors import BadInput
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Json, Kind, Stream, canonical, time_text

CALLER = "import"
LISTED = 20
_OFTEN = 1_024

Bad = Callable[[int, str], None]
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Checked:
    """What one reading found. `bad`: the first 20 rows that are none, with why; `wrong`: how many there are."""

    digest: bytes = b""
    rows: int = 0
    last: int = 0
    wrong: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taken:
    """`began`, `done`: leaves of the records, None where there is none. `behind`: rows that were taken in before."""

    checked: Checked
    new: int = 0
    known: int = 0
    behind: int = 0
    began: int | None = None
    done: int | None = None
    before: bool = False


def check(
    rows: Rows,
    now: datetime,
    *,
    bad: Bad | None = None,
    progress: Progress | None = None,
    located: Located | None = None,
) -> Checked:
    """Read it through. `bad`: told of each bad row; `located`: as of ``row.parse``. Raises BadInput where it cannot be read to its end."""
    found = Checked()
    for number, made in _parsed(rows, now, 0, "checked", progress=progress, located=located):
        found.rows, found.last = found.rows + 1, number
        if isinstance(made, No):
            found.wrong += 1
            if len(found.bad) < LISTED:
                found.bad.append((number, made.reason))
            if bad is not None:
                bad(number, made.reason)
    if rows.broken is not None:
        raise BadInput(rows.broken, where="the source", hint="nothing was taken in, and nothing of it can be")
    found.digest = rows.digest()
    return found


def take(
    rows: Rows, checked: Checked, vault: Keeps, journal: Journal, digests: Digests, *,
    by: str, clock: Callable[[], datetime], now: datetime, lenient: bool = False, again: bool = False,
    progress: Progress | None = None, located: Located | None = None,
) -> Taken:  # fmt: skip
    """Take in what was `checked` at `now`, and its bad rows not; without `lenient` nothing where there are some. `by`: a pseudonym.

    `again`: all of it, whatever is known of an earlier time. Raises BadInput where it changed since it was checked: what came in
    until then stays in, and no record says `done`.
    """
    if checked.wrong and not lenient:
        return Taken(checked)
    # Not the digest itself: whoever has state.db alone, or the records, could try files of one row until one fits.
    source = digests.digest(b"whosaw/import/v1" + checked.digest)
    once = f"done-{b64encode(source[:24]).decode()}"
    if not again and (earlier := journal.find(CALLER, once)) is not None:
        return Taken(checked, done=earlier.leaves[-1].index, behind=checked.rows, before=True)
    behind = 0 if again else min(vault.reached(source), checked.last)
    told: dict[str, Json] = {
        "v": 1, "kind": str(Kind.IMPORT), "form": rows.form, "source": b64encode(source).decode(), "rows": checked.rows,
        "rejected": checked.wrong, "behind": behind, "principal": by,
    }  # fmt: skip
    began = _record(journal, secrets.token_hex(16), told | {"what": "began", "at": time_text(clock())})
    new = known = last = 0
    heap = vault.gathered()

    def settled() -> tuple[int, int]:
        count, fresh = heap.count, heap.settle()
        vault.mark(source, last)
        return new + fresh, known + count - fresh

    for number, made in _parsed(rows, now, behind, "rows", progress=progress, located=located):
        last = number
        if not isinstance(made, No):
            heap.add(*made)
            if heap.full:
                new, known = settled()
    if heap.count:
        new, known = settled()
    if rows.broken is not None or rows.digest() != checked.digest:
        vault.mark(source, 0)  # its rows were marked as those of another source
        raise BadInput(
            "changed while it was read", where="the source", hint="what came in until then stays; give it again"
        )
    done = _record(
        journal, f"{once}-{began}" if again else once,
        told | {"what": "done", "at": time_text(clock()), "began": began, "new": new, "known": known},
    )  # fmt: skip
    return Taken(checked, new, known, behind, began, done)


def _parsed(
    rows: Rows, now: datetime, after: int, what: str, *, progress: Progress | None, located: Located | None
) -> Iterator[tuple[int, Given | No]]:
    for count, (number, cells) in enumerate(rows.read(after)):
        if progress is not None and count % _OFTEN == 0:
            progress(what, *rows.at())
        yield number, cells if isinstance(cells, No) else parse(cells, now, located)


def _record(journal: Journal, key: str, told: dict[str, Json]) -> int:
    body = canonical(told)
    return journal.submit(Submission(CALLER, key, (Record(Stream.named("admin"), body),))).leaves[-1].index

# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's server log, as JSON or as CSV: who, when, in which session and line, and what was said.

    jsonlog   one object a line                                          15 and later
    csvlog    26 columns; a value may hold newlines                      14 and later

Plain stderr is refused: statements span lines, the prefix is free, and a newline in a statement can imitate the next
record. The format is what the file's first record is, or what was asked for; never what the file is called.

Specification: docs/connectors/pgaudit.md
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from whosaw.collect import csv_text, strict_json, times
from whosaw.collect.lines import LINE_LIMIT, TOO_LONG, lines
from whosaw.collect.observed import Malformed, No, Piece, Where
from whosaw.errors import BadInput

Format = Literal["jsonlog", "csvlog"]
FORMATS: tuple[Format, ...] = ("jsonlog", "csvlog")

# log_time user_name database_name process_id connection_from session_id session_line_num command_tag
# session_start_time virtual_transaction_id transaction_id error_severity sql_state_code message detail hint
# internal_query internal_query_pos context query query_pos location application_name backend_type leader_pid query_id
_COLUMNS = 26
_SESSION = re.compile(r"[0-9a-f]{1,16}\.[0-9a-f]{1,8}")
_LINE = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the server log. A text that was not logged is None."""

    at: datetime
    user: str | None = field(repr=False)
    database: str | None
    session: str
    line: int
    severity: str
    state: str | None
    message: str = field(repr=False)
    statement: str | None = field(repr=False)
    context: str | None = field(repr=False)
    app: str | None = field(repr=False)


def entry(raw: bytes, form: Format, zones: Mapping[str, timezone]) -> Entry | No:
    """The record that `raw` spells."""
    return _of_json(raw, zones) if form == "jsonlog" else _of_csv(raw, zones)


def _of_json(raw: bytes, zones: Mapping[str, timezone]) -> Entry | No:
    given = strict_json.parsed(raw)
    if isinstance(given, No):
        return given
    line = given.get("line_num")
    if isinstance(line, bool) or not isinstance(line, int) or not 0 < line < 2**60:
        return No("no line number")
    return _made({**given, "line_num": str(line)}, zones)


def _of_csv(raw: bytes, zones: Mapping[str, timezone]) -> Entry | No:
    text = strict_json.decoded(raw)
    if isinstance(text, No):
        return text
    cells = csv_text.parse(text)
    if isinstance(cells, No):
        return cells
    if len(cells) != _COLUMNS:
        return No("not the 26 columns of csvlog")
    names = {
        "timestamp": 0, "user": 1, "dbname": 2, "session_id": 5, "line_num": 6, "error_severity": 11, "state_code": 12,
        "message": 13, "context": 18, "statement": 19, "application_name": 22,
    }  # fmt: skip
    given: dict[str, Any] = {n: cells[i].text for n, i in names.items() if cells[i].text or cells[i].quoted}
    if given.get("state_code") == "00000":
        del given["state_code"]  # jsonlog leaves success out
    return _made(given, zones)


def _made(given: Mapping[str, Any], zones: Mapping[str, timezone]) -> Entry | No:
    texts = {k: given.get(k) for k in ("timestamp", "session_id", "error_severity", "line_num")}
    if any(not isinstance(v, str) for v in texts.values()):
        return No("not a record of the server log: no time, session or severity")
    optional = {
        k: given.get(k) for k in ("user", "dbname", "state_code", "message", "statement", "context", "application_name")
    }
    if any(v is not None and not isinstance(v, str) for v in optional.values()):
        return No("not a record of the server log: a text is no text")
    at = times.server(given["timestamp"], zones)
    if isinstance(at, No):
        return at
    if not _SESSION.fullmatch(given["session_id"]) or not _LINE.fullmatch(given["line_num"]):
        return No("not a record of the server log: no session or line number")
    return Entry(
        at=at,
        user=optional["user"],
        database=optional["dbname"],
        session=given["session_id"],
        line=int(given["line_num"]),
        severity=given["error_severity"],
        state=optional["state_code"],
        message=optional["message"] or "",
        statement=optional["statement"],
        context=optional["context"],
        app=optional["application_name"] or None,
    )


def pieces(chunks: Iterable[bytes], form: Format | None) -> tuple[Format, Iterator[Piece]]:
    """The format, and the records one by one. Raises BadInput where the file is neither, and nothing was asked for."""
    chunks = iter(chunks)
    if form is None:
        head = list(itertools.islice(chunks, 1))
        first = head[0].lstrip()[:1] if head else b""
        while head and not first and (more := next(chunks, None)) is not None:
            head.append(more)
            first = more.lstrip()[:1]
        chunks = itertools.chain(head, chunks)
        form = "jsonlog" if first in (b"{", b"") else "csvlog"
        if form == "csvlog":
            records = csv_records(chunks)
            opening = next(records, None)
            if opening is None or isinstance(opening[1], Malformed) or isinstance(_columns(opening[1]), No):
                raise BadInput(
                    "the file is neither PostgreSQL's jsonlog nor its csvlog",
                    where="pgaudit log",
                    hint="set log_destination = 'jsonlog' (or 'csvlog'): in stderr's format a statement can imitate a "
                    "record. A csvlog that was cut must begin with a whole record",
                )
            return form, itertools.chain([opening], records)
    return form, lines(chunks) if form == "jsonlog" else csv_records(chunks)


def _columns(raw: bytes) -> int | No:
    text = strict_json.decoded(raw)
    cells = text if isinstance(text, No) else csv_text.parse(text)
    if isinstance(cells, No):
        return cells
    return len(cells) if len(cells) == _COLUMNS else No("not the 26 columns of csvlog")


def csv_records(chunks: Iterable[bytes], limit: int = LINE_LIMIT) -> Iterator[Piece]:
    """Records of csvlog: a newline inside quotes belongs to the value.

    Don't look for the next time stamp to find the next record again, not even after a record that is too long. A
    statement holds what its author typed, a newline and a whole forged record too; only the quotes say where it ends.
    """
    kept: list[bytes] = []
    where, number, length, open_quote = Where(1, 0), 1, 0, False
    sha: Any = None
    for start, part, ended in _parts(chunks):
        if not length and not kept and sha is None:
            where = Where(number, start)
        length += len(part)
        open_quote ^= part.count(b'"') % 2 == 1
        if sha is not None:
            sha.update(part)
        elif length > limit:
            sha = hashlib.sha256(b"".join(kept) + part)
            kept = []
        else:
            kept.append(part)
        if ended and open_quote:
            kept, length = [*kept, b"\n"] if sha is None else kept, length + 1
            if sha is not None:
                sha.update(b"\n")
        elif ended:
            yield from _record(where, kept, sha)
            kept, length, sha, number = [], 0, None, number + 1
    yield from _record(where, kept, sha)


def _parts(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """(offset, bytes, whether a newline followed) for every piece of a line."""
    offset = 0
    for chunk in chunks:
        at = 0
        while (end := chunk.find(b"\n", at)) >= 0:
            yield offset + at, chunk[at:end], True
            at = end + 1
        if at < len(chunk):
            yield offset + at, chunk[at:], False
        offset += len(chunk)


def _record(where: Where, kept: list[bytes], sha: Any) -> Iterator[Piece]:
    if sha is not None:
        yield where, Malformed(TOO_LONG, sha.digest())
    elif (raw := b"".join(kept)).strip():
        yield where, raw.removesuffix(b"\r")

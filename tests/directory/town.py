# SPDX-License-Identifier: Apache-2.0
"""A small town's tables, as rows of dictionaries, and a place to load them: fakes of names and journal, a real SQLite.

Everybody is invented. The fakes implement the ports; the journal fails on demand, in both ways.
"""

import csv
import gzip
import hashlib
import json
from base64 import b32encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from whosaw.directory.change import Office as ChangeOffice
from whosaw.directory.columns import TABLES
from whosaw.directory.directory import Directory
from whosaw.directory.load import Accepted, Loaded, load
from whosaw.directory.migrate import upgrade
from whosaw.directory.remembered import remember
from whosaw.errors import Busy, IdempotencyConflict, OutcomeUnknown, Unavailable
from whosaw.journal.submission import Opened, Recorded, Submission
from whosaw.model.stage import Stage
from whosaw.store.state import file_at

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

TOWN = {
    "staff": [
        {"staff_id": "ana", "unit": "support-1", "function": "support", "country": "IE", "manager": "carl",
         "household": "elm street 4", "own_person": "u-ana", "employer": "house"},
        {"staff_id": "bo", "unit": "support-1", "function": "support", "country": "IE", "manager": "carl",
         "own_person": "u-bo"},
        {"staff_id": "carl", "unit": "lead", "function": "executive", "country": "DE", "manager": "dora",
         "own_person": "u-carl"},
        {"staff_id": "dora", "unit": "board", "function": "executive", "country": "US", "own_person": "u-dora"},
        {"staff_id": "finn", "unit": "fraud-1", "function": "fraud", "country": "IE", "manager": "carl",
         "own_person": "u-finn"},
        {"staff_id": "gus", "unit": "audit", "function": "audit", "country": "US", "manager": "dora"},
        {"staff_id": "portal", "unit": "machines", "function": "service", "country": "IE"},
        {"staff_id": "left", "unit": "support-1", "function": "support", "country": "IE",
         "valid_from": "2025-01-01T00:00:00Z", "valid_to": "2026-02-01T00:00:00Z"},
        {"staff_id": "stopped", "unit": "support-1", "function": "support", "country": "IE", "suspended": "true"},
    ],
    "persons": [
        {"person": "mira", "region": "EU"},
        {"person": "jonas", "region": "EU", "classes": ["press", "public_figure"]},
        {"person": "kim", "region": "US", "household": "elm street 4"},
        {"person": "u-ana", "region": "EU", "classes": ["staff"]},
        {"person": "u-bo", "region": "EU"},
        {"person": "u-carl", "region": "EU"},
        {"person": "u-dora", "region": "US"},
        {"person": "u-finn", "region": "EU"},
        {"person": "nowhere"},
        {"person": "was-press", "region": "EU", "classes": ["press"], "valid_to": "2026-01-01T00:00:00Z"},
        {"person": "was-press", "region": "EU", "valid_from": "2026-01-01T00:00:00Z"},
    ],
    "cases": [
        {"case_id": "T-1", "type": "support_request", "opened": "2026-03-01T10:00:00Z", "assignee": "ana",
         "requester": "mira", "opened_by": "portal"},
        {"case_id": "T-2", "type": "support_request", "opened": "2026-03-01T10:00:00Z", "queue": "q-help",
         "requester": "ana", "opened_by": "bo"},
        {"case_id": "T-3", "type": "fraud_report", "opened": "2026-03-01T10:00:00Z", "closed": "2026-03-02T09:00:00Z",
         "queue": "fraud-1", "opened_by": "finn"},
        {"case_id": "T-4", "type": "fraud_report", "opened": "2026-03-01T10:00:00Z", "status": "Solved"},
    ],
    "case_persons": [
        {"case_id": "T-1", "person": "mira", "added": "2026-03-01T10:00:00Z", "added_by": "portal"},
        {"case_id": "T-2", "person": "jonas", "added": "2026-03-01T11:00:00+01:00", "added_by": "ana"},
        {"case_id": "T-3", "person": "mira"},
    ],
    "assignments": [
        {"staff_id": "ana", "scope_kind": "queue", "scope": "q-help"},
        {"staff_id": "bo", "scope_kind": "queue", "scope": "q-help", "to": "2026-02-01T00:00:00Z"},
        {"staff_id": "ana", "scope_kind": "account", "scope": "kim"},
        {"staff_id": "bo", "scope_kind": "region", "scope": "q-help"},
    ],
}  # fmt: skip
REGIONS = {"EU": ["DE", "IE"], "all": ["DE", "IE", "US"]}


def write(folder: Path, tables=TOWN, ending=".csv", regions=REGIONS) -> Path:
    """The tables as files, in one of the four forms."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for table, rows in tables.items():
        text = _csv(table, rows) if ".csv" in ending else "".join(_line(row) for row in rows)
        raw = text.encode()
        (folder / f"{table}{ending}").write_bytes(gzip.compress(raw) if ending.endswith(".gz") else raw)
    if regions is not None:
        said = {"format": "whosaw-dataset/1", "name": "town", "regions": regions}
        (folder / "dataset.json").write_text(json.dumps(said))
    return folder


def _csv(table, rows):
    from io import StringIO

    out = StringIO()
    writer = csv.DictWriter(out, list(TABLES[table]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "|".join(value) if type(value) is list else value for name, value in row.items()})
    return out.getvalue()


def _line(row):
    return json.dumps({k: v == "true" if k == "suspended" else v for k, v in row.items()}, ensure_ascii=False) + "\n"


class FakeNames:
    """``directory.ports.Pseudonyms`` and ``Remember``, recognisable in a failing test and without a key."""

    def __init__(self) -> None:
        self.remembered: set[str] = set()

    def person(self, person: str) -> str:
        return _pseudonym("p-", person)

    def principal(self, principal: str) -> str:
        return _pseudonym("e-", principal)

    def digest(self, text: bytes) -> bytes:
        return hashlib.sha256(b"fake" + text).digest()

    def remember(self, principal: str) -> str:
        self.remembered.add(principal)
        return self.principal(principal)


def _pseudonym(prefix: str, text: str) -> str:
    return prefix + b32encode(hashlib.sha256((prefix + text).encode()).digest()[:10]).decode().lower()


class FakeJournal:
    """The journal's port in a dictionary. `fate`: "ok", or for the next submission "busy", "lost", "late", "down"."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Recorded] = {}
        self.submissions: list[Submission] = []
        self.fate = "ok"
        self.size = 1
        self.reached: set[Stage] = set()
        self.waited: list[tuple[Stage, float]] = []

    def submit(self, submission: Submission) -> Recorded:
        fate, self.fate = self.fate, "ok"
        if fate == "busy":
            raise Busy("the queue is full", part="journal")
        if fate == "down":
            raise Unavailable("the journal is down", part="journal")
        if fate == "lost":
            raise OutcomeUnknown("a write failed", part="journal")
        name = (submission.caller, submission.key)
        bodies = [record.body for record in submission.records]
        if name in self.records:
            if [leaf.body for leaf in self.records[name].leaves] != bodies:
                raise IdempotencyConflict("the same key was used for another submission")
            return self.records[name]
        leaves = []
        for body in bodies:
            leaves.append(Opened(self.size, bytes(16), self.size, bytes(32), bytes(32), body))
            self.size += 1
        self.submissions.append(submission)
        self.records[name] = Recorded(tuple(leaves), lambda: b"receipt %d" % leaves[0].index)
        if fate == "late":
            raise OutcomeUnknown("a write failed and is there all the same", part="journal")
        return self.records[name]

    def find(self, caller: str, key: str) -> Recorded | None:
        if self.fate == "down":
            raise Unavailable("the journal is down", part="journal")
        return self.records.get((caller, key))

    def receipt(self, recorded: Recorded, stage: Stage, timeout: float) -> bytes:
        self.waited.append((stage, timeout))
        if stage not in self.reached:
            raise Unavailable(f"not {stage} yet", part="witnesses")
        return b"%s of %s" % (stage.encode(), recorded.receipt)


class Clock:
    """A clock that a test turns."""

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def turn(self, by: timedelta) -> datetime:
        self.at += by
        return self.at


class Office:
    """Somewhere to load a folder: a state.db, a journal, names and a clock."""

    def __init__(self, where: Path) -> None:
        self.folder, self.path = where / "tables", where / "state.db"
        self.engine = engine_on(self.path)
        event.listen(self.engine, "connect", _like_ours)
        remember(self.engine, lambda: file_at(self.path))
        upgrade(self.engine)
        self.journal, self.names, self.clock = FakeJournal(), FakeNames(), Clock()
        self.directory = Directory(self.engine, timedelta(hours=24))

    def load(self, tables=TOWN, ending=".csv", regions=REGIONS) -> Loaded:
        write(self.folder, tables, ending, regions)
        return self.load_folder()

    def load_folder(self, source="csv", accepted=Accepted(dangling=True, fewer=True)) -> Loaded:
        """As most tests need it: tables with ids that point nowhere, and tables that shrink, are taken as they are."""
        return load(
            self.folder, engine=self.engine, journal=self.journal, names=self.names,
            remember=self.names.remember, clock=self.clock, source=source, accepted=accepted,
        )  # fmt: skip

    @property
    def changes(self) -> ChangeOffice:
        """What other sources bring their changes with."""
        return ChangeOffice(self.engine, self.journal, self.names.remember, self.clock)

    def known(self, principal: str, person: str, case: str | None = None, at: datetime | None = None):
        return self.directory.known(
            self.names.principal(principal), self.names.person(person), case, at or self.clock.at
        )

    def everything(self) -> dict[str, list]:
        """Every version of every row ever known."""
        return {table: list(self.directory.rows(table)) for table in [*TOWN, "regions"]}

    def close(self) -> None:
        self.engine.dispose()


def _like_ours(connection, _record) -> None:
    """As wiring opens it: a write-ahead log, synced at each commit."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def engine_on(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}", hide_parameters=True, poolclass=NullPool)

# SPDX-License-Identifier: Apache-2.0
"""What can be done in an open house, one function per errand: each fills the ports of one part, and calls it.

    wiring ──House──▶ load_directory · reader, take_in · intake · inquire · hand_out_statement ──▶ cli, web

`wiring` chooses what stores and keys there are; here is only who gets which of them. What needs an extra is imported
where it is needed: a gate without the watch runs without its packages.                   Decided in: docs/adr/0007
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from whosaw.config import networks
from whosaw.datafolder import Random
from whosaw.directory.change import CSV
from whosaw.directory.load import Accepted, Loaded, load
from whosaw.errors import BadInput, MissingExtra, ProofFailed
from whosaw.facts.known import KnownDirectory
from whosaw.guard.approvals.use import settle
from whosaw.inquiry.standing import known, standing
from whosaw.inquiry.step import Refused
from whosaw.journal.entries import published_entry
from whosaw.journal.heads import opened
from whosaw.journal.map_log import Mapped
from whosaw.journal.older import Pairs
from whosaw.journal.open_log import OpenLog
from whosaw.journal.ports import StreamKey
from whosaw.journal.reader import Reader
from whosaw.journal.segment import Frame
from whosaw.journal.submission import Recorded, Submission
from whosaw.model.record import NAMED, Stream
from whosaw.oversight import records
from whosaw.oversight.handout import HandedOut, hand_out
from whosaw.oversight.statement import StatementMaterial
from whosaw.privacy.data_key import StreamSecret
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.prefix import TrieProof
from whosaw.tlog.trust import TrustPolicy, trust_text
from whosaw.verify.folder import Audit
from whosaw.verify.records import ALL, LINE_LIMIT, Walk, verify_records
from whosaw.verify.statement_file import Index
from whosaw.watching import facts, findings
from whosaw.wiring import House

if TYPE_CHECKING:
    from whosaw.collect import ports as collect
    from whosaw.collect.asgi import App, Scope
    from whosaw.collect.asgi import Connections as Intake
    from whosaw.collect.connections import Persons
    from whosaw.collect.report import Report
    from whosaw.detect.finding import Finding
    from whosaw.detect.looks import ExplainedLook
    from whosaw.erasure import ports as erasure
    from whosaw.inquiry import ports as inquiry
    from whosaw.inquiry.unseal import Keys


# ── the directory ──


def load_directory(here: House, tables: Path, *, source: str = CSV, accepted: Accepted | None = None) -> Loaded:
    """Bring the tables in a folder into force. Raises BadInput, and has then changed nothing."""
    loaded = load(
        tables, engine=here.engine, journal=here.journal, names=here.pseudonyms, remember=here.names.remember,
        clock=here.clock, source=source, accepted=accepted,
    )  # fmt: skip
    settle(here.approvals)  # whoever is not here any more neither asks nor approves
    return loaded


# ── taking in ──


def reader(source: str, map_: bytes, where: str) -> collect.Reader:
    """The reader for logs of `source`, by a map. Raises Misconfigured for the map, MissingExtra."""
    match source:
        case "pgaudit":
            try:
                from whosaw.collect.pgaudit import PgAudit
            except ModuleNotFoundError as error:
                if (error.name or "").split(".")[0] != "sqlglot":
                    raise
                raise MissingExtra("collect", "reading SQL in PostgreSQL's log") from None
            from whosaw.collect.columns import Watched

            return PgAudit(Watched.parse(map_, where))
        case "cloudtrail":
            from whosaw.collect.cloudtrail import CloudTrail
            from whosaw.collect.stores import Stores

            return CloudTrail(Stores.parse(map_, where))
        case "access":
            from whosaw.collect.access import Access
            from whosaw.collect.routes import Routes

            return Access(Routes.parse(map_, where))
        case _:
            raise BadInput("no such source", where=source)


def take_in(
    here: House, by: collect.Reader, file: Path, *, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Take one file in. Raises BadInput where it is no such log, and what the journal raises."""
    from whosaw.collect.intake import take
    from whosaw.collect.ports import Desk

    desk = Desk(
        journal=here.journal,
        pseudonyms=here.pseudonyms,
        remember=here.names.remember,
        purposes=frozenset(here.policy.purposes),
        known_case=frozenset(row["case_id"] for row in here.directory.rows("cases")).__contains__,
        clock=here.clock,
    )
    return take(by, file, desk, progress=progress)


def persons_map(map_: bytes, where: str) -> Persons:
    """Where persons stand in the product's own access log. Raises Misconfigured."""
    from whosaw.collect.connections import Persons

    return Persons.parse(map_, where)


def take_connections(
    here: House, persons: Persons, file: Path, *, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Seal who connected from where. Raises BadInput where the file is no access log."""
    from whosaw.collect.connections import connections

    trusted = networks(here.settings.intake.trusted_proxies)
    return connections(file, persons, here.vault, trusted, clock=here.clock, progress=progress)


def intake(here: House, app: App, who: Callable[[Scope], str | None]) -> Intake:
    """A product's ASGI application behind the intake: who connects is sealed. `who`: the account of a request."""
    from whosaw.collect.asgi import Connections

    return Connections(app, here.vault, networks(here.settings.intake.trusted_proxies), who, here.clock)


# ── inquiring ──


def inquiry_desk(here: House) -> inquiry.Desk:
    """Everything that an inquiry works with, and nothing that opens a name."""
    from whosaw.inquiry.ports import Desk

    return Desk(
        journal=here.journal,
        streams=_Streams(here),
        looks=_Looks(here),
        findings=_Findings(here),
        directory=here.directory,
        staff=lambda: KnownDirectory(here.directory).staff() or (),
        remember=here.names.remember,
        pseudonyms=here.pseudonyms,
        clock=here.clock,
    )


def unseal_keys(here: House) -> Keys:
    """What opens names; for ``inquiry.unseal`` and nobody else."""
    from whosaw.inquiry.unseal import Keys

    return Keys(keyring=here.keyring, rows=here.name_rows, root=here.root)


@dataclass(frozen=True, slots=True)
class _Streams:
    """``inquiry.ports.Streams``: everything durable, by stream. A question about a stream makes none."""

    here: House

    def person(self, person: str) -> list[Frame] | None:
        return self._run(Stream.of_person(person))

    def inquiry(self) -> list[Frame]:
        return self.named("inquiry")

    def named(self, name: str) -> list[Frame]:
        return self._run(Stream.named(name)) or []

    def _run(self, stream: Stream) -> list[Frame] | None:
        key = self.here.keyring.find(stream)
        if key is None:
            return None
        self.here.journal.publish_now()
        return self.here.journal.reader().run(key)


@dataclass(frozen=True, slots=True)
class _Looks:
    """``inquiry.ports.Looks``: the facts of this moment, judged by the detectors' own reasons."""

    here: House

    def at(self, person: str) -> list[ExplainedLook]:
        from whosaw.detect.defaults import load_defaults
        from whosaw.detect.looks import looks_at
        from whosaw.detect.templates import load_templates

        with facts(self.here) as opened:
            return looks_at(opened, person, load_defaults(), load_templates())

    def by(self, principals: Sequence[str], start: int, end: int) -> list[ExplainedLook]:
        from whosaw.detect.defaults import load_defaults
        from whosaw.detect.looks import looks_of
        from whosaw.detect.templates import load_templates

        with facts(self.here) as opened:
            found = looks_of(opened, principals, load_defaults(), load_templates())
        return [look for look in found if start <= look.t <= end]


@dataclass(frozen=True, slots=True)
class _Findings:
    """``inquiry.ports.Findings``: those of the watches so far."""

    here: House

    def find(self, finding: str) -> Finding | None:
        known = findings(self.here)
        return None if known is None else next((f for f in known.findings if f.id == finding), None)


# ── erasing ──


def erasure_desk(here: House) -> erasure.Desk:
    """Everything that an erasure works with."""
    return here.erasure


# ── showing ──


def hand_out_statement(here: House, person: str, principal: str, *, random: Random = os.urandom) -> HandedOut | Refused:
    """The statement of an account, asked for by the staff member `principal`; on record before it is made, or refused.

    It says all that an inquiry would say, and holds a key: whoever may not ask who looked may not carry it either.
    """
    from whosaw.inquiry.person import refusal

    refused = refusal(person, principal, inquiry_desk(here), key=random(16).hex())
    if refused is not None:
        return refused
    behind = here.settings.journal.statements_behind_h
    ready = statement_material(here) if behind else None  # where none is old enough, nothing is put on record
    return hand_out(
        person,
        here.names.remember(principal),
        known=lambda account: here.keyring.find(Stream.of_person(account)) is not None,
        journal=_Witnessed(here.journal) if here.witnessed else here.journal,
        material=lambda: ready or statement_material(here),
        clock=here.clock,
        key=random(16).hex(),
        # What is recorded after an older head stands under the key in the statement, up to here and not beyond.
        rekey=here.journal.rekey if behind or any(p.withhold for p in here.policy.purposes.values()) else None,
        older=behind,
    )


def export_records(
    here: House, file: BinaryIO, streams: tuple[str, ...], principal: str, *, progress: Callable[[int, int], None]
) -> Walk | Refused:
    """Fill `file` with opened bodies and their proofs: of named streams, or of all. On record before the first line.

    `file` is empty, or an unfinished one of the same streams, which goes on. Refused, on record, to
    whoever does not work here at this moment. Raises BadInput, ProofFailed, Unavailable.
    """
    handles = {name: here.keyring.find(Stream.named(name)) for name in NAMED}
    named = {key.handle: name for name, key in handles.items() if key is not None}
    keys = tuple(key for name in streams if name != ALL and (key := handles[name]) is not None)
    wanted = records.Wanted(streams, keys, named)
    logs = here.journal.genesis.logs
    own = tuple(map(VerifierKey.parse, logs))

    def pinned(note: bytes) -> Reader:
        return Reader.at(here.stores, note, opened(note, own, "line 1"))

    who, fresh = here.names.remember(principal), os.urandom(16).hex()
    if reasons := standing(known(here.directory, who, here.clock()).principal, "requester"):
        no = records.refuse(wanted, who, [r.code for r in reasons], here.journal, clock=here.clock, key=fresh)
        return Refused("", reasons, no.receipt, no.leaves[-1].index)
    if first := file.readline(LINE_LIMIT):
        header, reader = records.resume(first, wanted, who, here.journal.reader(), pinned)
    else:
        header, reader = records.begin(wanted, who, here.journal, here.clock, fresh)
    walk = records.write(file, header, wanted, reader, progress)
    file.seek(0)
    report = verify_records(file, Audit(TrustPolicy.parse(trust_text(logs)), here.clock()))
    if report.exit:
        raise ProofFailed(
            report.sentence, step="records", hint="it did not get its name; whosaw journal fsck says more"
        )
    return walk


def statement_material(here: House) -> StatementMaterial:
    """What statements are made of at this moment: the newest head, and its index, signed for it.

    Of a log with witnesses: a head and an index that they have seen both. Where statements end earlier by rule, the same
    older head for everybody. Raises Unavailable, Damaged.
    """
    if behind := here.settings.journal.statements_behind_h:
        pair = Pairs(here.stores.private, timedelta(hours=behind)).newest(here.clock())
        return _Material(here, here.journal.under(pair.note, pair.map_note))
    return _Material(here, here.journal.mapped(witnessed=here.witnessed))


@dataclass(frozen=True, slots=True)
class _Witnessed:
    """``oversight.handout.Journal``: of a log with witnesses a statement is worth what they have seen of it."""

    journal: OpenLog

    def submit(self, submission: Submission) -> Recorded:
        return self.journal.submit(submission)

    def wait_published(self, index: int) -> bytes:
        return self.journal.wait_witnessed(index)


@dataclass(frozen=True, slots=True)
class _Material:
    """``oversight.statement.StatementMaterial``: what a statement is made of, all of one checkpoint and its index."""

    here: House
    mapped: Mapped

    def checkpoint(self) -> bytes:
        return self.mapped.reader.note

    def genesis(self) -> bytes:
        return self.mapped.reader.genesis()

    def prove(self, alpha: bytes) -> bytes:
        return self.here.vrf.prove(alpha)[0]

    def stream(self, person_id: str) -> StreamSecret | None:
        return self.here.keyring.find(Stream.of_person(person_id))

    def run(self, secret: StreamKey) -> list[Frame]:
        return self.mapped.reader.run(secret)

    def inclusion(self, index: int) -> list[bytes]:
        return self.mapped.reader.inclusion(index)

    def entry(self, index: int) -> bytes:
        return published_entry(self.here.stores, index, self.mapped.reader.size)

    def index(self) -> Index:
        return Index(self.mapped.checkpoint, self.mapped.leaf, self.mapped.path)

    def place(self, label: bytes) -> TrieProof:
        return self.mapped.index.prove(label)

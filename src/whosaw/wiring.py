# SPDX-License-Identifier: Apache-2.0
"""The house: every part, put together once. The only place that chooses implementations.

    folder ──settings, keys──▶ stores ──▶ journal ──▶ directory, vault ──▶ guard

`build` makes a folder once; `house` opens it. It has three rooms of its own, and nobody else may name a store:
`datafolder.py` (where everything lies), `shared.py` (PostgreSQL), `beside.py` (what is opened without a house).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from whosaw.config import Settings, default_text, parse_settings
from whosaw.datafolder import (
    POLICY,
    SETTINGS,
    TRUST,
    Clock,
    Random,
    around,
    deliveries_of,
    directory_of,
    folders_of,
    key_service,
    keys_of,
    make_keys,
    now,
    own_texts,
    places_of,
    root_of,
    session_of,
    settings_of,
    shared_parts,
    shown_of,
    signers_of,
    state_of,
    stores_of,
    vrf_of,
)
from whosaw.directory import migrate
from whosaw.directory.change import Office
from whosaw.directory.directory import Directory
from whosaw.erasure.erase import resume
from whosaw.erasure.ports import Desk as Erasure
from whosaw.erasure.ports import Eraser
from whosaw.erasure.ports import Journal as ErasesFrom
from whosaw.errors import BadInput
from whosaw.guard.approvals.gate import DeskApprovals
from whosaw.guard.approvals.opening import record_overseers
from whosaw.guard.approvals.people import KeyringPeople
from whosaw.guard.approvals.ports import Desk, Organisation, People
from whosaw.guard.approvals.terms import Terms
from whosaw.guard.approvals.use import abandoned
from whosaw.guard.counts.desk import Counts
from whosaw.guard.health import Probes, confirmed
from whosaw.guard.look import Guard
from whosaw.guard.opening import last_look_of, named, record_policy
from whosaw.guard.pseudonyms.desk import Pseudonymiser
from whosaw.guard.pseudonyms.opening import opened as open_pseudonyms
from whosaw.guard.quota import Quota
from whosaw.guard.quota_count import InMemory
from whosaw.guard.quota_shared import Shared
from whosaw.guard.quota_start import looks_since
from whosaw.guard.suspension import Desk as Suspension
from whosaw.guard.suspension import resume as resume_suspensions
from whosaw.guard.turn import Turn
from whosaw.journal.again import Again, LiveEraser
from whosaw.journal.cluster.elected import ElectedEraser
from whosaw.journal.followed import Streams
from whosaw.journal.genesis import create
from whosaw.journal.heads import Signers
from whosaw.journal.journal import Journal
from whosaw.journal.labels import enrolled_in
from whosaw.journal.open_log import OpenLog
from whosaw.journal.ports import Stores
from whosaw.journal.scrub.patrol import Patrol
from whosaw.journal.scrub.scrub import Scrub
from whosaw.model.genesis import Genesis
from whosaw.model.record import Stream
from whosaw.places.places import Places
from whosaw.policy.purposes import check_stages
from whosaw.policy.rules import Policy
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import Names
from whosaw.privacy.prefixes import Prefixes
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import Root
from whosaw.privacy.vrf import VrfKey
from whosaw.settings.approvals import overseers
from whosaw.settings.store import StoreSettings
from whosaw.store import key_tables
from whosaw.store.files import FilesFolder
from whosaw.store.sql_approvals import SqlApprovals, SqlCredentials, SqlNotices
from whosaw.store.sql_counts import SqlCountRows
from whosaw.store.sql_crowd import SqlCrowdRows
from whosaw.store.sql_erase import SqlErasure
from whosaw.store.sql_keys import SqlKeyRows, SqlNameRows
from whosaw.store.sql_quota import SqlQuotaRows
from whosaw.store.sql_sealed import SqlSealedRows
from whosaw.store.sql_suspension import SqlSuspensionRows
from whosaw.store.state import answers
from whosaw.tickets.opened import Around, TicketDesk
from whosaw.tlog.map_leaf import map_origin
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.trust import TrustedHead, TrustedLog, trust_text
from whosaw.vault.crowd import Crowd
from whosaw.vault.stage import Heads
from whosaw.vault.vault import Vault
from whosaw.vault.whereabouts import Whereabouts
from whosaw.witness.collect import Collector
from whosaw.witness.session import Session

FACTS = "private/facts"
_PATIENCE = 60.0  # seconds that a gate waits to see whether it is elected, before it opens


@dataclass(frozen=True, slots=True)
class House:
    """An open data folder: every part, put together once."""

    folder: Path
    settings: Settings
    clock: Clock
    stores: Stores
    engine: Engine
    root: Root
    vrf: VrfKey
    keyring: Keyring
    names: Names
    name_rows: SqlNameRows
    pseudonyms: Pseudonyms
    policy: Policy
    journal: OpenLog
    witnessed: bool  # there are witnesses who are asked, by us or by whoever is elected
    witnesses: tuple[Collector, ...]
    directory: Directory
    vault: Vault
    guard: Guard
    quota: Quota
    pseudonymiser: Pseudonymiser
    counts: Counts
    suspension: Suspension
    approvals: Desk
    probes: Probes
    erasure: Erasure
    tickets: TicketDesk
    places: Places
    streams: Streams = field(default_factory=Streams)

    @property
    def facts_folder(self) -> Path:
        return self.folder / FACTS

    @property
    def changes(self) -> Office:
        """What any source brings its changes of the directory with."""
        return Office(self.engine, self.journal, self.names.remember, self.clock)


# ── made once ──


def build(
    folder: Path,
    origin: str,
    *,
    trusted_proxies: tuple[str, ...] = (),
    store: StoreSettings | None = None,
    state: bool = True,
    after: tuple[bytes, TrustedHead] | None = None,
    clock: Clock = now,
    random: Random = os.urandom,
) -> None:
    """Make a data folder: keys, state, a log with its genesis, a trust file. `store`: where what is published lies.

    Without `state` it is the log alone, for who keeps keys and directory elsewhere: no house opens there. `after`: the
    last head of a log that is closed; this one is its successor.

    Raises BadInput where one stands already, or inside of one: private keys would lie in what is given away.
    """
    if (outer := around(folder)) is not None:
        raise BadInput(
            f"this lies inside the data folder {outer}", where=str(folder), hint="choose a folder outside of it"
        )
    if (folder / SETTINGS).exists() or (folder / "private").exists() or (folder / "public").exists():
        raise BadInput(
            "a data folder stands here already", where=str(folder), hint="nothing was changed; choose an empty folder"
        )
    text = default_text(origin, trusted_proxies, store).encode()
    settings = parse_settings(text)
    with stores_of(folder, settings, make=True) as stores:
        vrf = make_keys(stores.private, random)
        signers = signers_of(stores.private, origin)
        if state:
            with state_of(folder, settings, make=True) as engine, keys_of(folder, settings, engine, make=True):
                migrate.upgrade(engine)
        genesis = Genesis(
            origin=origin,
            logs=tuple(signer.vkey() for signer in signers.logs),
            map_origin=map_origin(origin),
            map_logs=tuple(signer.vkey() for signer in signers.maps),
            receipts=signers.receipts.vkey(),
            promise_s=settings.journal.promise_s,
            vrf_n=vrf.public(),
            vrf_certificate=vrf.certificate(),
            after=None if after is None else after[0],
        )
        create(stores, signers, genesis, clock, random)
    data = FilesFolder(folder, temp=folder / "private" / "tmp")
    data.replace(TRUST, trust_text(genesis.logs, before=() if after is None else after[1].log_keys))
    # Last, because a folder with settings is a folder that is whole.
    data.replace(SETTINGS, text)


# ── opened often ──


@contextmanager
def house(
    folder: Path, *, clock: Clock = now, random: Random = os.urandom, unwitnessed: str | None = None
) -> Iterator[House]:
    """Open a data folder, and close it again. Raises Misconfigured, Busy, Damaged; nothing is half open then.

    A log with witnesses asks them first: ProofFailed for another history of it, Unavailable where nobody could say,
    unless `unwitnessed` gives the reason to start all the same.
    """
    settings = settings_of(folder)
    with (
        stores_of(folder, settings) as stores, state_of(folder, settings) as engine,
        keys_of(folder, settings, engine) as key_engine,
    ):  # fmt: skip
        root, vrf = root_of(folder, settings, key_engine), vrf_of(stores.private, random)
        signers = signers_of(stores.private, settings.origin)
        policy = Policy.load(policy_texts(folder))
        migrate.upgrade(engine)
        keyring = Keyring(
            SqlKeyRows(key_engine), root, vrf, settings.origin, random, enrolled=enrolled_in(stores),
        )  # fmt: skip
        key_tables.upgrade(key_engine)
        if settings.store.database:
            for each in (engine, key_engine):
                shared_parts().remembering(each)
        pseudonyms, name_rows = Pseudonyms(root), SqlNameRows(engine)
        names = Names(name_rows, root, random)
        directory = directory_of(settings, engine)
        check_stages(policy.purposes, witnesses=bool(settings.witness))
        people = KeyringPeople(keyring=keyring, rows=name_rows, root=root, pseudonyms=pseudonyms, remember=names.remember, random=random)  # fmt: skip
        session = session_of(folder, settings, clock=clock, random=random, why=unwitnessed)
        sealed = SqlSealedRows(engine)
        turn = Turn(1)
        crowd = Crowd(SqlCrowdRows(engine, shown_of(folder, settings, engine)), sealed, keyring, Prefixes(root), people=settings.detail.people, random=random)  # fmt: skip

        def erasing(journal: ErasesFrom, eraser: Eraser) -> Erasure:
            return Erasure(
                journal=journal, eraser=eraser, keys=keyring, crowd=crowd, state=SqlErasure(engine, key_engine), directory=directory,
                private=stores.private, facts=folder / FACTS, remember=names.remember, pseudonyms=pseudonyms, clock=clock,
            )  # fmt: skip

        def finish(journal: Journal) -> None:
            resume(erasing(journal, journal.eraser))

        parts = _Parts(stores, keyring, signers, session, clock, random, finish)
        with closing(session), _log(folder, settings, parts) as (journal, witnesses, eraser):
            record_policy(journal, policy, keyring, clock())
            stopping = Suspension(journal, SqlSuspensionRows(engine), directory, names.remember, clock)
            resume_suspensions(named(journal, keyring, "admin"), stopping.rows, clock())
            last_look, open_for = last_look_of(journal.reader()), timedelta(seconds=settings.guard.open_for_s)
            crowd.catch_up()
            whereabouts = Whereabouts(places := places_of(folder, settings, clock))
            vault = Vault(
                sealed, keyring, pseudonyms, crowd=crowd, places=whereabouts, receipts=VerifierKey.parse(signers.receipts.vkey()),
                heads=Heads(dataclasses.replace(session.policy, logs=tuple(map(TrustedLog, signers.keys())))),
                origin=settings.origin, journal=journal.leaves, clock=clock, random=random, last_look=last_look,
                open_for=open_for, deliveries=deliveries_of(folder, settings, engine, last_look),
            )  # fmt: skip
            counters = Shared(SqlQuotaRows(engine)) if settings.store.database else InMemory()
            quota = Quota(settings.quota, policy.purposes, directory.unit, counters)
            if not settings.store.database:
                quota.told(looks_since(journal.reader(), clock()))
            desk = _approvals(
                settings=settings, policy=policy, journal=journal, engine=engine, directory=directory, clock=clock, people=people,
            )  # fmt: skip
            record_overseers(journal, desk.house.overseers, keyring, clock())
            if not settings.store.database:
                abandoned(desk)
            tickets = TicketDesk.open(
                settings.tickets,
                Around.of(folder, Office(engine, journal, names.remember, clock), pseudonyms, root.tickets, random),
            )
            guard = Guard(
                journal=journal, vault=vault, directory=directory, approvals=DeskApprovals(desk), quotas=quota, policy=policy,
                pseudonyms=pseudonyms, remember=names.remember, cases=tickets.tickets if tickets.tickets.names else None, clock=clock, last_look=last_look,
                offered=whereabouts.offered(), patience_s=settings.guard.patience_s, open_for=open_for, turn=turn,
            )  # fmt: skip
            asking: dict[str, Any] = {"directory": directory, "policy": policy, "remember": names.remember, "clock": clock, "random": random, "cases": tickets.tickets}  # fmt: skip
            pseudonymiser = open_pseudonyms(settings.pseudonyms, counters, journal, keyring, key=root.pseudonyms, **asking)  # fmt: skip
            counts = Counts(settings.counts, SqlCountRows(engine), journal, vault, told=lambda: (f.body or b"" for f in named(journal, keyring, "aggregate")), **asking)  # fmt: skip
            probes = Probes(
                state=answers(engine),
                parts={
                    "directory": confirmed(directory, clock),
                    "keyring": lambda: keyring.find(Stream.named("policy")),
                    "names": lambda: name_rows.find(""),
                    "sealed values": lambda: sealed.newest(b"", "", 0, 1),
                    "quotas": lambda: quota.shown("", clock()),
                    **tickets.probes(),
                    **({"places": places.check} if places.offered else {}),
                    **key_service(folder, settings),
                },
                log=lambda: str(journal.stopped or ""),
                clock=clock,
                last_look=guard.last_look,
                newest=directory.newest,
                policy=policy,
            )
            with closing(guard):  # before the journal: looks of tasks may be under way whose tasks are gone
                yield House(
                    folder, settings, clock, stores, engine, root, vrf, keyring, names, name_rows, pseudonyms,
                    policy, journal, session.asked, witnesses, directory, vault, guard, quota, pseudonymiser, counts, stopping, desk,
                    probes, erasing(journal, eraser), tickets, places,
                )  # fmt: skip


def _approvals(
    *, settings: Settings, policy: Policy, journal: OpenLog, engine: Engine, directory: Directory, clock: Clock, people: People,
) -> Desk:  # fmt: skip
    """The desk of approvals: requests, notices and passkeys in state.db, and what purposes and settings demand."""
    given = settings.approvals
    return Desk(
        journal=journal,
        rows=SqlApprovals(engine),
        notices=SqlNotices(engine),
        keys=SqlCredentials(engine),
        directory=directory,
        people=people,
        clock=clock,
        terms={code: Terms.of(purpose) for code, purpose in policy.purposes.items()},
        house=Organisation(
            overseers=overseers(settings.overseer), rp=given.rp, origin=given.origin, passkeys=given.passkeys,
            answer_h=given.answer_h,
        ),
    )  # fmt: skip


def policy_texts(folder: Path | None = None) -> dict[str, str]:
    """The shipped policy: schema, purposes and rules, by file name; and beside it, as `own/…`, what lies in `folder`/policy."""
    package = resources.files("whosaw.policy")
    found = [package / "schema.cedarschema", package / "purposes.toml", *(package / "shipped").iterdir()]
    shipped = {file.name: file.read_text(encoding="utf-8") for file in found if not file.name.startswith("_")}
    return shipped if folder is None else shipped | own_texts(folder / POLICY)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a log is opened with."""

    stores: Stores
    keys: Keyring
    signers: Signers
    session: Session
    clock: Clock
    random: Random
    finish: Callable[[Journal], None]


@contextmanager
def _log(folder: Path, settings: Settings, parts: _Parts) -> Iterator[tuple[OpenLog, tuple[Collector, ...], Eraser]]:
    """The log, open: written here, or by whichever gate is elected, which may be this one."""

    def patrol(stores: Stores, journal: Journal) -> closing[Patrol]:
        return closing(_patrol(stores, parts.signers, journal, settings, parts.clock))

    keys, signers, session, clock, random = parts.keys, parts.signers, parts.session, parts.clock, parts.random
    if settings.store.database:
        shared = shared_parts()
        with closing(shared.connect(settings.store.database)) as database:
            together = shared.Together(
                database, *folders_of(folder, settings), keys, signers, settings.journal, session, clock,
                random, patrol, parts.finish,
            )  # fmt: skip
            with together.opened() as (gate, candidate):
                candidate.first(_PATIENCE)
                yield gate, (), ElectedEraser(lambda: candidate.lead(_PATIENCE).journal)
        return
    asked: list[Collector] = []

    @contextmanager
    def start() -> Iterator[Journal]:
        with (
            Journal.open(
                stores=parts.stores, keys=keys, signers=signers, settings=settings.journal, clock=clock, random=random,
                before=session.before, witnesses=session.asked,
            ) as journal,
            session.collecting(journal) as asked[:],
            patrol(parts.stores, journal),
        ):  # fmt: skip
            parts.finish(journal)
            yield journal

    with closing(Again(start)) as journal:
        yield journal, tuple(asked), LiveEraser(journal)


def _patrol(stores: Stores, signers: Signers, journal: Journal, settings: Settings, clock: Clock) -> Patrol:
    """The scrub in the background. It begins by recording what was found out while nobody had the log open."""
    made = Patrol(Scrub(stores, signers, clock), stores.private, journal, timedelta(days=settings.journal.scrub_days))
    made.start()
    return made

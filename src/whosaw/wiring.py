# SPDX-License-Identifier: Apache-2.0
"""The house: the only file that chooses implementations.

    folder ──settings, keys──▶ stores ──▶ journal ──▶ directory, vault ──▶ guard

    DATA/whosaw.toml      settings                       DATA/trust     what outsiders verify with
    DATA/public/          the log, served as it is       DATA/private/  everything else; never served
    or a bucket           the same, served from there

`build` makes a folder once; `house` opens it; `glance` looks at the log beside a running house, and changes nothing.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

from sqlalchemy import Engine

from whosaw.config import Settings, StoreSettings, default_text, parse_settings
from whosaw.datafolder import (
    SETTINGS,
    TRUST,
    Clock,
    Random,
    around,
    folders_of,
    make_keys,
    root_of,
    settings_of,
    shared_parts,
    signers_of,
    state_of,
    stores_of,
    vrf_of,
)
from whosaw.directory import migrate
from whosaw.directory.directory import Directory
from whosaw.erasure.erase import resume
from whosaw.erasure.ports import Desk as Erasure
from whosaw.errors import BadInput, Misconfigured, NotCanonical
from whosaw.guard.look import Guard
from whosaw.guard.opening import last_look_of, record_policy
from whosaw.journal.cluster.pending import Standing
from whosaw.journal.genesis import create
from whosaw.journal.heads import Signers
from whosaw.journal.journal import Journal
from whosaw.journal.open_log import OpenLog
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.reader import Reader
from whosaw.journal.scrub.patrol import Patrol
from whosaw.journal.scrub.scrub import Scrub
from whosaw.model.access import Asked
from whosaw.model.genesis import Genesis
from whosaw.policy.purposes import check_stages
from whosaw.policy.rules import Policy
from whosaw.privacy.detail import OFFERED
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import Names
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import Root
from whosaw.privacy.vrf import VrfKey
from whosaw.store import pack
from whosaw.store.files import FilesFolder, data_folders
from whosaw.store.sql_erase import SqlErasure
from whosaw.store.sql_keys import SqlKeyRows, SqlNameRows
from whosaw.store.sql_sealed import SqlSealedRows
from whosaw.store.sql_witness import SqliteHeads
from whosaw.tlog.map_leaf import map_origin
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.trust import TrustedHead, TrustedLog, TrustPolicy, trust_text
from whosaw.vault.stage import Heads
from whosaw.vault.vault import Vault
from whosaw.witness.after import known_heads, last_seen, shown_heads
from whosaw.witness.collect import Collector
from whosaw.witness.folder import DATABASE as WITNESS_DB
from whosaw.witness.kept import MAP_STATE, KeptInFolder
from whosaw.witness.session import Asking, Session, clients

FACTS = "private/facts"


_PATIENCE = 60.0  # seconds that a gate waits to see whether it is elected, before it opens


def now() -> datetime:
    """The clock of this machine. Every other clock is an argument."""
    return datetime.now(UTC)


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
    erasure: Erasure | None  # None where this process is one gate of many, and another may be writing

    @property
    def facts_folder(self) -> Path:
        return self.folder / FACTS


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
            with state_of(folder, settings, make=True) as engine:
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
    with stores_of(folder, settings) as stores, state_of(folder, settings) as engine:
        root, vrf, signers = (
            root_of(stores.private),
            vrf_of(stores.private, random),
            signers_of(stores.private, settings.origin),
        )
        policy = Policy.load(policy_texts())
        migrate.upgrade(engine)
        keyring = Keyring(
            SqlKeyRows(engine), root, vrf, settings.origin, random,
            enrolled=lambda label: bool(stores.labels.find([label])),
        )  # fmt: skip
        pseudonyms, name_rows = Pseudonyms(root), SqlNameRows(engine)
        names = Names(name_rows, root, random)
        directory = Directory(engine, timedelta(hours=settings.directory.stale_after_h))
        check_stages(policy.purposes, witnesses=bool(settings.witness))
        session = _session(folder, settings, clock=clock, random=random, why=unwitnessed)
        with (
            closing(session),
            _log(folder, settings, _Parts(stores, keyring, signers, session, clock, random)) as (journal, witnesses),
        ):
            erasure = None
            if isinstance(journal, Journal):
                erasure = Erasure(
                    journal=journal, eraser=journal.eraser, keys=keyring, state=SqlErasure(engine), directory=directory,
                    private=stores.private, facts=folder / FACTS, remember=names.remember, pseudonyms=pseudonyms, clock=clock,
                )  # fmt: skip
                resume(erasure)
            record_policy(journal, policy, keyring, clock())
            last_look = last_look_of(journal.reader())
            vault = Vault(
                SqlSealedRows(engine),
                keyring,
                pseudonyms,
                receipts=VerifierKey.parse(signers.receipts.vkey()),
                heads=Heads(dataclasses.replace(session.policy, logs=tuple(map(TrustedLog, signers.keys())))),
                origin=settings.origin,
                journal=journal.leaves,
                clock=clock,
                random=random,
                last_look=last_look,
            )
            guard = Guard(
                journal=journal,
                vault=vault,
                directory=directory,
                policy=policy,
                pseudonyms=pseudonyms,
                remember=names.remember,
                offered=frozenset(Asked(field, detail) for field, rungs in OFFERED.items() for detail in rungs),
                clock=clock,
                last_look=last_look,
                patience_s=settings.guard.patience_s,
            )
            yield House(
                folder, settings, clock, stores, engine, root, vrf, keyring, names, name_rows, pseudonyms,
                policy, journal, session.asked, witnesses, directory, vault, guard, erasure,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glance:
    """The log of a data folder, read beside whoever writes it."""

    settings: Settings
    stores: Stores
    signers: Signers

    def reader(self) -> Reader:
        """The log as of its published checkpoint, verified under our keys."""
        return Reader.pinned(self.stores, self.verifier_keys())

    def verifier_keys(self) -> tuple[VerifierKey, ...]:
        """The keys that sign its heads."""
        return self.signers.keys()


@contextmanager
def glance(folder: Path, *, labels: bool = False) -> Iterator[Glance]:
    """Open the log of a data folder for reading only; no lock is taken. `labels`: its label table may be made again."""
    settings = settings_of(folder)
    with stores_of(folder, settings, labels=labels) as stores:
        yield Glance(settings, stores, signers_of(stores.private, settings.origin))


@contextmanager
def all_keys(folder: Path, *, random: Random = os.urandom) -> Iterator[Keyring]:
    """The keyring of a data folder, for a check of every label."""
    settings, private = settings_of(folder), data_folders(folder)[1]
    with state_of(folder, settings) as engine:
        migrate.check(engine)
        # Nobody is enrolled here: what this is for asks for keys that there are, and makes none.
        yield Keyring(
            SqlKeyRows(engine), root_of(private), vrf_of(private, random), settings.origin, random,
            enrolled=lambda _: False,
        )  # fmt: skip


@contextmanager
def asking(folder: Path) -> Iterator[tuple[Glance, Session]]:
    """The log of a data folder, beside whoever writes it, and its witnesses, to be asked."""
    with (
        glance(folder) as here,
        closing(_session(folder, here.settings, clock=now, random=os.urandom, why=None)) as asked,
    ):
        yield here, asked


def last_head(folder: Path) -> tuple[bytes, TrustedHead]:
    """The last head of the log in a data folder that enough witnesses have seen. Nothing is changed there.

    Raises ProofFailed where there is none, Misconfigured for its trust file.
    """
    raw = FilesFolder(folder).read(TRUST)
    policy = TrustPolicy.parse(raw or b"", TRUST)
    with asking(folder) as (here, session):
        stores, origin = here.stores, here.settings.origin
        notes = [*known_heads(stores.public, stores.private), *shown_heads(session.logs[0].clients.values(), origin)]
    return last_seen(notes, policy, origin, int(now().timestamp()))


packed = pack.parcel


def elected(settings: Settings) -> Standing | None:
    """Who is the sequencer of a log that many gates write, and what waits; None for any other log. Raises Unavailable."""
    if not settings.store.database:
        return None
    shared = shared_parts()
    with closing(shared.connect(settings.store.database)) as database:
        found: Standing | None = shared.standing(database)
    return found


def mirror_folders(folder: Path) -> tuple[Folder, Folder]:
    """`public` and `private` of a mirror of another log. Raises BadInput in a data folder of ours."""
    if (folder / SETTINGS).exists() or around(folder) is not None:
        raise BadInput("this is, or lies in, a data folder", where=str(folder), hint="a mirror has a folder of its own")
    return data_folders(folder)


@contextmanager
def witness_folder(folder: Path) -> Iterator[tuple[FilesFolder, SqliteHeads]]:
    """The folder of a witness that we run, and its memory. Nothing is made."""
    heads = SqliteHeads(folder / WITNESS_DB)
    with closing(heads):
        yield FilesFolder(folder, temp=folder / "private" / "tmp", private=True), heads


def policy_texts() -> dict[str, str]:
    """The shipped policy: schema, purposes and rules, by file name."""
    package = resources.files("whosaw.policy")
    found = [package / "schema.cedarschema", package / "purposes.toml", *(package / "shipped").iterdir()]
    return {file.name: file.read_text(encoding="utf-8") for file in found if not file.name.startswith("_")}


def _session(folder: Path, settings: Settings, *, clock: Clock, random: Random, why: str | None) -> Session:
    """Whom to ask by the settings, whose word counts by the trust file. Without witnesses it is not even read."""
    policy = TrustPolicy((), (), (), None)
    if settings.witness:
        raw = FilesFolder(folder).read(TRUST)
        try:
            policy = TrustPolicy.parse(raw or b"", TRUST)
        except NotCanonical as error:
            raise Misconfigured(str(error), setting=TRUST, hint="nothing was changed; mend the file") from None
    private = data_folders(folder)[1]
    # A client for each log: while one waits for an answer about the log, the other asks about its index.
    logs = (
        Asking("this log", clients(settings.witness, policy), KeptInFolder(private)),
        Asking("the map log", clients(settings.witness, policy), KeptInFolder(private, MAP_STATE)),
    )
    return Session(logs, policy, clock, random, why)


@contextmanager
def _log(folder: Path, settings: Settings, parts: _Parts) -> Iterator[tuple[OpenLog, tuple[Collector, ...]]]:
    """The log, open: written here, or by whichever gate is elected, which may be this one."""

    def patrol(stores: Stores, journal: Journal) -> closing[Patrol]:
        return closing(_patrol(stores, parts.signers, journal, settings, parts.clock))

    keys, signers, session, clock, random = parts.keys, parts.signers, parts.session, parts.clock, parts.random
    if settings.store.database:
        shared = shared_parts()
        with closing(shared.connect(settings.store.database)) as database:
            together = shared.Together(
                database, *folders_of(folder, settings), keys, signers, settings.journal, session, clock,
                random, patrol,
            )  # fmt: skip
            with together.opened() as (gate, candidate):
                candidate.first(_PATIENCE)
                yield gate, ()
        return
    with (
        Journal.open(
            stores=parts.stores,
            keys=keys,
            signers=signers,
            settings=settings.journal,
            clock=clock,
            random=random,
            before=session.before,
            witnesses=session.asked,
        ) as journal,
        session.collecting(journal) as witnesses,
        patrol(parts.stores, journal),
    ):
        yield journal, witnesses


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a log is opened with."""

    stores: Stores
    keys: Keyring
    signers: Signers
    session: Session
    clock: Clock
    random: Random


def _patrol(stores: Stores, signers: Signers, journal: Journal, settings: Settings, clock: Clock) -> Patrol:
    """The scrub in the background. It begins by recording what was found out while nobody had the log open."""
    made = Patrol(Scrub(stores, signers, clock), stores.private, journal, timedelta(days=settings.journal.scrub_days))
    made.start()
    return made

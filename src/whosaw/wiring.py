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
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

from sqlalchemy import Engine

from whosaw.config import Settings, StoreSettings, default_text, parse_settings
from whosaw.directory import migrate
from whosaw.directory.directory import Directory
from whosaw.errors import BadInput, Misconfigured, NotCanonical
from whosaw.guard.look import Guard
from whosaw.guard.opening import last_look_of, record_policy
from whosaw.journal.genesis import create
from whosaw.journal.heads import MAP_DB, Signers
from whosaw.journal.journal import Journal
from whosaw.journal.patrol import Patrol
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.reader import Reader
from whosaw.journal.scrub import Scrub
from whosaw.model.access import Asked
from whosaw.model.genesis import Genesis
from whosaw.policy.purposes import check_stages
from whosaw.policy.rules import Policy
from whosaw.privacy.detail import OFFERED
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import Names
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import Root, encode_seed, parse_seed
from whosaw.privacy.vrf import VrfKey
from whosaw.store.elsewhere import elsewhere
from whosaw.store.files import FilesFolder, data_folders
from whosaw.store.sql_head import SqliteHead
from whosaw.store.sql_keys import SqlKeyRows, SqlNameRows
from whosaw.store.sql_labels import SqliteLabels
from whosaw.store.sql_sealed import SqlSealedRows
from whosaw.store.sql_witness import SqliteHeads
from whosaw.store.state import state_engine
from whosaw.tlog.map_leaf import map_origin
from whosaw.tlog.note import Ed25519Signer, MlDsaSigner, VerifierKey
from whosaw.tlog.trust import TrustedLog, TrustPolicy, trust_text
from whosaw.vault.stage import Heads
from whosaw.vault.vault import Vault
from whosaw.witness.collect import Collector
from whosaw.witness.folder import DATABASE as WITNESS_DB
from whosaw.witness.kept import MAP_STATE, KeptInFolder
from whosaw.witness.session import Asking, Session, clients

Clock = Callable[[], datetime]
Random = Callable[[int], bytes]

SETTINGS, TRUST = "whosaw.toml", "trust"
ROOT, VRF = "keys/root", "keys/vrf.pem"
LOG_ED25519, LOG_MLDSA44, RECEIPTS = "keys/log-ed25519", "keys/log-mldsa44", "keys/receipts-ed25519"
MAP_ED25519, MAP_MLDSA44 = "keys/map-ed25519", "keys/map-mldsa44"
_SEEDS = (LOG_ED25519, LOG_MLDSA44, MAP_ED25519, MAP_MLDSA44, RECEIPTS)


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
    journal: Journal
    witnesses: tuple[Collector, ...]
    directory: Directory
    vault: Vault
    guard: Guard
    patrol: Patrol

    @property
    def facts_folder(self) -> Path:
        return self.folder / "private" / "facts"


# ── made once ──


def build(
    folder: Path,
    origin: str,
    *,
    trusted_proxies: tuple[str, ...] = (),
    store: StoreSettings | None = None,
    state: bool = True,
    clock: Clock = now,
    random: Random = os.urandom,
) -> None:
    """Make a data folder: keys, state, a log with its genesis, a trust file. `store`: where what is published lies.

    Without `state` it is the log alone, for who keeps keys and directory elsewhere: no house opens there.

    Raises BadInput where one stands already, or inside of one: private keys would lie in what is given away.
    """
    if (around := _around(folder)) is not None:
        raise BadInput(
            f"this lies inside the data folder {around}", where=str(folder), hint="choose a folder outside of it"
        )
    if (folder / SETTINGS).exists() or (folder / "private").exists() or (folder / "public").exists():
        raise BadInput(
            "a data folder stands here already", where=str(folder), hint="nothing was changed; choose an empty folder"
        )
    text = default_text(origin, trusted_proxies, store).encode()
    settings = parse_settings(text)
    with _stores(folder, settings) as stores:
        vrf = _make_keys(stores.private, random)
        signers = _signers(stores.private, origin)
        if state:
            with _state(folder, make=True) as engine:
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
        )
        create(stores, signers, genesis, clock, random)
    data = FilesFolder(folder, temp=folder / "private" / "tmp")
    data.replace(TRUST, trust_text(genesis.logs))
    # Last, because a folder with settings is a folder that is whole.
    data.replace(SETTINGS, text)


def _make_keys(private: Folder, random: Random) -> VrfKey:
    vrf = VrfKey.generate(random)
    seeds = [(name, encode_seed(random(32))) for name in _SEEDS]
    private.create_or_compare([(ROOT, Root.make(random).encode()), (VRF, vrf.to_pem()), *seeds])
    return vrf


# ── opened often ──


@contextmanager
def house(
    folder: Path, *, clock: Clock = now, random: Random = os.urandom, unwitnessed: str | None = None
) -> Iterator[House]:
    """Open a data folder, and close it again. Raises Misconfigured, Busy, Damaged; nothing is half open then.

    A log with witnesses asks them first: ProofFailed for another history of it, Unavailable where nobody could say,
    unless `unwitnessed` gives the reason to start all the same.
    """
    settings = _settings(folder)
    with _stores(folder, settings) as stores, _state(folder) as engine:
        root, vrf, signers = (
            _root(stores.private),
            _vrf(stores.private, random),
            _signers(stores.private, settings.origin),
        )
        policy = Policy.load(policy_texts())
        migrate.upgrade(engine)
        keyring = Keyring(SqlKeyRows(engine), root, vrf, settings.origin, random)
        pseudonyms, name_rows = Pseudonyms(root), SqlNameRows(engine)
        names = Names(name_rows, root, random)
        directory = Directory(engine, timedelta(hours=settings.directory.stale_after_h))
        check_stages(policy.purposes, witnesses=bool(settings.witness))
        session = _session(folder, settings, clock=clock, random=random, why=unwitnessed)
        with (
            closing(session),
            Journal.open(
                stores=stores,
                keys=keyring,
                signers=signers,
                settings=settings.journal,
                clock=clock,
                random=random,
                before=session.before,
                witnesses=session.asked,
            ) as journal,
            session.collecting(journal) as witnesses,
            closing(_patrol(stores, signers, journal, settings, clock)) as patrol,
        ):
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
                policy, journal, witnesses, directory, vault, guard, patrol,
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
    settings = _settings(folder)
    with _stores(folder, settings, labels=labels) as stores:
        yield Glance(settings, stores, _signers(stores.private, settings.origin))


@contextmanager
def all_keys(folder: Path, *, random: Random = os.urandom) -> Iterator[Keyring]:
    """The keyring of a data folder, for a check of every label."""
    settings, private = _settings(folder), data_folders(folder)[1]
    with _state(folder) as engine:
        migrate.check(engine)
        yield Keyring(SqlKeyRows(engine), _root(private), _vrf(private, random), settings.origin, random)


@contextmanager
def asking(folder: Path) -> Iterator[tuple[Glance, Session]]:
    """The log of a data folder, beside whoever writes it, and its witnesses, to be asked."""
    with (
        glance(folder) as here,
        closing(_session(folder, here.settings, clock=now, random=os.urandom, why=None)) as asked,
    ):
        yield here, asked


def mirror_folders(folder: Path) -> tuple[Folder, Folder]:
    """`public` and `private` of a mirror of another log. Raises BadInput in a data folder of ours."""
    if (folder / SETTINGS).exists() or _around(folder) is not None:
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


@contextmanager
def _stores(folder: Path, settings: Settings, *, labels: bool = True) -> Iterator[Stores]:
    """`labels`: make the label table where there is none."""
    public, private = data_folders(folder)
    shown = elsewhere(settings.store) if settings.store.public else public
    head, map_head = (SqliteHead(folder / "private" / name) for name in ("head.db", MAP_DB))
    table = SqliteLabels(folder / "private" / "labels.db", create=labels)
    try:
        yield Stores(shown, private, head, head.manifest, table, map_head)
    finally:
        for file in (head, map_head, table):
            file.close()


@contextmanager
def _state(folder: Path, *, make: bool = False) -> Iterator[Engine]:
    path = folder / "private" / "state.db"
    # Never made again: an empty keyring would give every person a second stream, and open no value of the first.
    if not make and not (path.is_file() and path.stat().st_size):
        raise Misconfigured(
            "private/state.db is missing or empty, and with it the keys of every person",
            setting="private/state.db",
            hint="restore it from the backup that belongs to this folder; nothing was changed",
        )
    engine = state_engine(path)
    try:
        yield engine
    finally:
        engine.dispose()


def _around(folder: Path) -> Path | None:
    """The data folder that `folder` lies in, but is not."""
    return next((up for up in folder.resolve().parents if (up / SETTINGS).is_file()), None)


def _settings(folder: Path) -> Settings:
    try:
        raw = (folder / SETTINGS).read_bytes()
    except FileNotFoundError:
        if (folder / "private").exists():
            raise Misconfigured(
                f"{SETTINGS} is missing from this data folder",
                setting=SETTINGS,
                hint="restore it from the backup that belongs to this folder; nothing was changed",
            ) from None
        around = _around(folder)
        hint = (
            f"whosaw init {folder} --origin NAME makes one" if around is None else f"it is part of one: --data {around}"
        )
        raise BadInput("there is no data folder here", where=str(folder), hint=hint) from None
    except OSError as error:
        raise Misconfigured(f"{SETTINGS} cannot be read: {error.strerror}", setting=SETTINGS) from None
    return parse_settings(raw, SETTINGS)


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


def _root(private: Folder) -> Root:
    return Root.parse(private.read(ROOT), f"private/{ROOT}")


def _vrf(private: Folder, random: Random) -> VrfKey:
    return VrfKey.from_pem(private.read(VRF), random, f"private/{VRF}")


def _signers(private: Folder, origin: str) -> Signers:
    seed = {name: parse_seed(private.read(name), f"private/{name}") for name in _SEEDS}
    logs = (Ed25519Signer.from_seed(origin, seed[LOG_ED25519]), MlDsaSigner.from_seed(origin, seed[LOG_MLDSA44]))
    index = map_origin(origin)
    maps = (Ed25519Signer.from_seed(index, seed[MAP_ED25519]), MlDsaSigner.from_seed(index, seed[MAP_MLDSA44]))
    return Signers(logs, maps, Ed25519Signer.from_seed(f"{origin}/receipts", seed[RECEIPTS]))


def _patrol(stores: Stores, signers: Signers, journal: Journal, settings: Settings, clock: Clock) -> Patrol:
    """The scrub in the background. It begins by recording what was found out while nobody had the log open."""
    made = Patrol(Scrub(stores, signers, clock), stores.private, journal, timedelta(days=settings.journal.scrub_days))
    made.start()
    return made

# SPDX-License-Identifier: Apache-2.0
"""A data folder: its settings, its keys, and what its stores and witnesses are by the settings: the wiring that has places.

    DATA/whosaw.toml      settings                       DATA/trust     what outsiders verify with
    DATA/policy/          own rules and purposes         (policy/own.py; where there is none, the shipped ones alone)
    DATA/public/          the log, served as it is       DATA/private/  everything else; never served
    or a bucket           the same, served from there
    or a database         head, labels, pending records and state.db, for a log that many gates write

Invariant: only `whosaw init` makes anything. A wrong path, or a wrong database, is an error and no fresh log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from sqlalchemy import Engine

from whosaw.config import Settings, parse_settings
from whosaw.directory import migrate
from whosaw.directory.change import SCIM
from whosaw.directory.directory import Directory
from whosaw.errors import BadInput, Misconfigured, MissingExtra, NotCanonical
from whosaw.guard.seldom import Seldom
from whosaw.journal.heads import MAP_DB, Signers
from whosaw.journal.ports import Folder, Stores
from whosaw.model.delivered import LIMIT, Deliveries
from whosaw.places.checked import KeptMemory
from whosaw.places.places import Places
from whosaw.privacy.carried import whole
from whosaw.privacy.root import Root, encode_seed, parse_seed
from whosaw.privacy.root_port import KeyService, RootKeys
from whosaw.privacy.vrf import VrfKey
from whosaw.settings.keys import ENVIRONMENT, SEALING, TRANSIT, check_service, check_variable
from whosaw.store import key_tables
from whosaw.store.delivered import DELIVERED, DeliveredFile, SqlDeliveries
from whosaw.store.elsewhere import elsewhere, private_elsewhere
from whosaw.store.files import FilesFolder, data_folders
from whosaw.store.hsm import Hsm, pin_of
from whosaw.store.root_file import ROOT, RootFile, check_folder
from whosaw.store.root_next import NEXT, SEALED_NEXT, NextGiven, NextInFile, NextRoot, NextSealed
from whosaw.store.root_sealed import SEALED, SealedRoot
from whosaw.store.secret_env import RootInEnvironment
from whosaw.store.shown import SHOWN, ShownFile
from whosaw.store.sql_crowd import ShownRows
from whosaw.store.sql_head import SqliteHead
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.sql_labels import SqliteLabels
from whosaw.store.sql_shown import SqlShown
from whosaw.store.state import state_engine
from whosaw.store.transit import Transit, token_of
from whosaw.tlog.map_leaf import map_origin
from whosaw.tlog.note import Ed25519Signer, MlDsaSigner
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.kept import MAP_STATE, KeptInFolder
from whosaw.witness.session import Asking, Session, clients

Clock = Callable[[], datetime]
Random = Callable[[int], bytes]

SETTINGS, TRUST, POLICY = "whosaw.toml", "trust", "policy"
# Golden decisions of one's own, for `whosaw policy test`: they decide nothing.
DECISIONS = "decisions.md"
VRF = "keys/vrf.pem"
LOG_ED25519, LOG_MLDSA44, RECEIPTS = "keys/log-ed25519", "keys/log-mldsa44", "keys/receipts-ed25519"
MAP_ED25519, MAP_MLDSA44 = "keys/map-ed25519", "keys/map-mldsa44"
_SEEDS = (LOG_ED25519, LOG_MLDSA44, MAP_ED25519, MAP_MLDSA44, RECEIPTS)


def now() -> datetime:
    """The clock of this machine. Every other clock is an argument."""
    return datetime.now(UTC)


@contextmanager
def stores_of(folder: Path, settings: Settings, *, labels: bool = True, make: bool = False) -> Iterator[Stores]:
    """Where the log lives. `labels`: make the label table where there is none. In a database the lock of `private` is the
    office of the sequencer, from the moment that there is a log (`make`: there is none yet).
    """
    public, private = folders_of(folder, settings)
    if settings.store.database:
        shared = shared_parts()
        with closing(shared.connect(settings.store.database)) as database:
            yield shared.stores_in(database, public, private if make else shared.in_office(database, private))
        return
    head, map_head = (SqliteHead(folder / "private" / name) for name in ("head.db", MAP_DB))
    table = SqliteLabels(folder / "private" / "labels.db", create=labels)
    try:
        yield Stores(public, private, head, head.manifest, table, map_head)
    finally:
        for file in (head, map_head, table):
            file.close()


def own_texts(folder: Path) -> dict[str, str]:
    """The files of an own policy as `own/…`; none where there is no such folder. Raises Misconfigured: all count, or none."""
    if not folder.exists():
        return {}
    found = {}
    try:
        for file in sorted(folder.iterdir()):
            if not file.name.startswith(".") and file.name != DECISIONS:
                found[f"own/{file.name}"] = file.read_bytes().decode()
    except UnicodeDecodeError:
        raise Misconfigured(f"own/{file.name}: not a text in UTF-8", setting=f"own/{file.name}") from None
    except OSError as error:
        raise Misconfigured(
            f"{folder}: an own policy that cannot be read: {error.strerror}",
            setting=POLICY,
            hint="it is a folder of files, each of which counts; without it the shipped policy decides alone",
        ) from None
    return found


def folders_of(folder: Path, settings: Settings) -> tuple[Folder, Folder]:
    """`public` and `private`: in the data folder, or where the settings put them."""
    public, private = data_folders(folder)
    return (
        elsewhere(settings.store) if settings.store.public else public,
        private_elsewhere(settings.store, private) if settings.store.segments else private,
    )


@contextmanager
def state_of(folder: Path, settings: Settings, *, make: bool = False) -> Iterator[Engine]:
    """state.db, which only `make` makes."""
    # Never made again: an empty keyring would give every person a second stream, and open no value of the first.
    if settings.store.database:
        shared = shared_parts()
        with (
            closing(shared.connect(settings.store.database)) as database,
            _disposed(shared.engine_in(database)) as engine,
        ):
            if not make and not migrate.made(engine):
                raise _no_state("the database", "store.database")
            yield engine
        return
    path = folder / "private" / "state.db"
    if not make and not (path.is_file() and path.stat().st_size):
        raise _no_state("private/state.db", "private/state.db")
    with _disposed(state_engine(path)) as engine:
        yield engine


@contextmanager
def keys_of(folder: Path, settings: Settings, state: Engine, *, make: bool = False) -> Iterator[Engine]:
    """keys.db, which only `make` makes; or a start that finds its rows still in `state`, where an older version kept them."""
    if settings.store.database:
        shared = shared_parts()
        with (
            closing(shared.connect(settings.store.keys or settings.store.database)) as database,
            _disposed(shared.key_engine_in(database)) as engine,
        ):
            yield _keys_in(engine, state, there=True, make=make, what="the schema of the key table")
        return
    path = folder / "private" / "keys.db"
    there = path.is_file() and path.stat().st_size > 0
    with _disposed(state_engine(path)) as engine:
        yield _keys_in(engine, state, there=there, make=make, what="private/keys.db")


def _keys_in(engine: Engine, state: Engine, *, there: bool, make: bool, what: str) -> Engine:
    if make:
        key_tables.make(engine)
    elif key_tables.unmoved(state):
        key_tables.move(state, engine)
    elif not there or not key_tables.made(engine):
        raise _no_state(what, "store.keys" if "schema" in what else what)
    return engine


def directory_of(settings: Settings, engine: Engine) -> Directory:
    """What is known, with how long each source's word counts by the settings."""
    limits = settings.directory
    own = {SCIM: timedelta(hours=limits.scim_stale_after_h)}
    return Directory(engine, timedelta(hours=limits.stale_after_h), own)


@contextmanager
def _disposed(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


def _no_state(what: str, setting: str) -> Misconfigured:
    return Misconfigured(
        f"{what} is missing or empty, and with it the keys of every person",
        setting=setting,
        hint="restore it from the backup of this folder; a log alone (`whosaw journal init`) has none. Nothing was changed",
    )


def shared_parts() -> ModuleType:
    """What a log in PostgreSQL is made of; it needs the driver."""
    try:
        from whosaw import shared
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("psycopg"):
            raise
        raise MissingExtra("cluster", "a log in PostgreSQL") from None
    return shared


def around(folder: Path) -> Path | None:
    """The data folder that `folder` lies in, but is not."""
    return next((up for up in folder.resolve().parents if (up / SETTINGS).is_file()), None)


def places_of(folder: Path, settings: Settings, clock: Clock, *, keep: bool = True) -> Places:
    """The places that the operator's databases know; none of them is read before somebody asks. `keep`: which were checked."""
    private = data_folders(folder)[1]
    memory = KeptMemory(private.read, private.replace if keep else None)
    return Places(settings.places, folder, clock, time.monotonic, memory=memory)


def settings_of(folder: Path) -> Settings:
    try:
        raw = (folder / SETTINGS).read_bytes()
    except FileNotFoundError:
        if (folder / "private").exists():
            raise Misconfigured(
                f"{SETTINGS} is missing from this data folder",
                setting=SETTINGS,
                hint="restore it from the backup that belongs to this folder; nothing was changed",
            ) from None
        outer = around(folder)
        hint = (
            f"whosaw init {folder} --origin NAME makes one" if outer is None else f"it is part of one: --data {outer}"
        )
        raise BadInput("there is no data folder here", where=str(folder), hint=hint) from None
    except OSError as error:
        raise Misconfigured(f"{SETTINGS} cannot be read: {error.strerror}", setting=SETTINGS) from None
    return parse_settings(raw, SETTINGS)


def root_keys(folder: Path, settings: Settings) -> RootKeys:
    """Where the root key lives, by the settings. Raises Misconfigured where the folder of key files is open to others."""
    check_folder(folder / "private" / "keys")
    if settings.keys.root == ENVIRONMENT:
        return RootInEnvironment(settings.keys.variable, os.environ)
    if settings.keys.root in SEALING:
        return sealed_root(folder, settings, settings.keys.root)
    return RootFile(folder / "private")


def sealed_root(folder: Path, settings: Settings, by: str, name: str = SEALED) -> SealedRoot:
    """The root as a key service seals it: `by`, one of ``settings.keys.SEALING``."""
    service: KeyService
    if by == TRANSIT:
        said = settings.keys.transit
        service = Transit(said, token_of(said, folder), folder / said.ca_file if said.ca_file else None)
    else:
        service = Hsm(settings.keys.pkcs11, pin_of(settings.keys.pkcs11, folder))
    return SealedRoot(data_folders(folder)[1], service, name)


def root_of(folder: Path, settings: Settings, keys: Engine) -> Root:
    """The root key, from where it lives, with what it carries in this key table. Raises Misconfigured for the root of another."""
    return whole(root_keys(folder, settings).load(), SqlKeyRows(keys))


def key_service(folder: Path, settings: Settings) -> dict[str, Callable[[], object]]:
    """The question to the key service, where there is one: could a gate start now?"""
    return {"key service": Seldom(root_keys(folder, settings).probe)} if settings.keys.root in SEALING else {}


def seal_root(folder: Path) -> bool:
    """Have the key service seal the root: the one in the clear, which is then removed; else the sealed one, anew.

    True where a root lay in the clear. Raises BadInput where the settings name no key service.
    """
    settings = settings_of(folder)
    if settings.keys.root not in SEALING:
        raise BadInput(
            "the settings name no key service",
            where="keys.root",
            hint='write root = "transit" and the table [keys.transit] into whosaw.toml first, or "pkcs11" and [keys.pkcs11]',
        )
    private, sealed = folder / "private", sealed_root(folder, settings, settings.keys.root)
    check_folder(private / "keys")
    if (private / ROOT).exists():
        root = RootFile(private).load()
        # A root sealed by an earlier attempt is the same one, or it is not for us to choose between two.
        if sealed.there and not sealed.load().same(root):
            raise Misconfigured(
                f"private/{ROOT} and the sealed root are two keys",
                setting=f"private/{ROOT}",
                hint="move away the one that is not this folder's; nothing was changed",
            )
        sealed.put(root)
        data_folders(folder)[1].delete(ROOT)
        return True
    sealed.renew()
    return False


def next_root(folder: Path, settings: Settings, to: str, variable: str | None) -> NextRoot:
    """The root that takes the place of the present one: in `to`, one of ``settings.keys.ROOTS``. Raises Misconfigured, BadInput."""
    private = data_folders(folder)[1]
    check_folder(folder / "private" / "keys")
    if to == ENVIRONMENT:
        if not variable:
            raise BadInput("a root in the environment has a variable", where="--variable", hint="--variable NAME")
        check_variable(variable)
        given = RootInEnvironment(variable, os.environ)
        # A root that only moves is no exchange: whoever asked for one would think that a stolen key is of no more use.
        if not (settings.keys.root == to and settings.keys.variable == variable) and _is_present(
            folder, settings, given.load()
        ):
            raise BadInput(
                "this variable holds the present root", where="--variable", hint="make 32 random bytes of your own"
            )
        return NextGiven(private, given)
    if to in SEALING:
        check_service(settings.keys, to)
        return NextSealed(private, sealed_root(folder, settings, to, SEALED_NEXT), sealed_root(folder, settings, to))
    return NextInFile(private, RootFile(folder / "private", NEXT), RootFile(folder / "private"))


def deliveries_of(folder: Path, settings: Settings, engine: Engine, last_look: datetime | None) -> Deliveries:
    """How often each look was answered: gates that count together do it in their database."""
    return (
        SqlDeliveries(engine) if settings.store.database else DeliveredFile(folder / "private" / DELIVERED, last_look)
    )


def shown_of(folder: Path, settings: Settings, engine: Engine) -> ShownRows:
    """Where what looks showed is kept: gates that share a database do it there."""
    table, path = SqlShown(engine), folder / "private" / SHOWN
    if settings.store.database:
        return table
    if path.exists() and table.newest(1):
        table.clear()  # an older version kept it there; it was taken over, or is over
    return ShownFile(path, timedelta(seconds=settings.guard.open_for_s), taken_over=lambda: table.newest(LIMIT))


def _is_present(folder: Path, settings: Settings, root: Root) -> bool:
    try:
        return root_keys(folder, settings).load().same(root)
    except Misconfigured:
        return False  # its file is removed already: an exchange was cut short


def is_under(folder: Path, settings: Settings, root: Root) -> bool:
    """Whether the key table is under this root."""
    with state_of(folder, settings) as state, keys_of(folder, settings, state) as keys:
        return SqlKeyRows(keys).kept("root") == root.check


def vrf_of(private: Folder, random: Random) -> VrfKey:
    return VrfKey.from_pem(private.read(VRF), random, f"private/{VRF}")


def signers_of(private: Folder, origin: str) -> Signers:
    seed = {name: parse_seed(private.read(name), f"private/{name}") for name in _SEEDS}
    logs = (Ed25519Signer.from_seed(origin, seed[LOG_ED25519]), MlDsaSigner.from_seed(origin, seed[LOG_MLDSA44]))
    index = map_origin(origin)
    maps = (Ed25519Signer.from_seed(index, seed[MAP_ED25519]), MlDsaSigner.from_seed(index, seed[MAP_MLDSA44]))
    return Signers(logs, maps, Ed25519Signer.from_seed(f"{origin}/receipts", seed[RECEIPTS]))


def make_keys(private: Folder, random: Random) -> VrfKey:
    vrf = VrfKey.generate(random)
    seeds = [(name, encode_seed(random(32))) for name in _SEEDS]
    private.create_or_compare([(ROOT, Root.make(random).encode()), (VRF, vrf.to_pem()), *seeds])
    return vrf


def session_of(folder: Path, settings: Settings, *, clock: Clock, random: Random, why: str | None) -> Session:
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

# SPDX-License-Identifier: Apache-2.0
"""Beside the house: what is opened without it, while it may be open elsewhere.

    a log of ours     ──▶ glance: read under our own keys        ──▶ status, fsck, scrub, export
                      ──▶ asking: the same, and its witnesses    ──▶ journal witness, a successor's first leaf
    state of ours     ──▶ state: who is registered; wishing: what a command leaves for the gate that has the folder open
                      ──▶ told: notices that were printed
    its directory     ──▶ known                                  ──▶ directory status
    its databases     ──▶ places                                 ──▶ places status
    both              ──▶ probing: what a gate here would meet   ──▶ health
    a log of others   ──▶ mirror_folders, witness_folder: folders that are no house

Invariant: to open takes no lock and changes nothing. A repair goes on from here, and takes the lock itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from whosaw.config import Settings
from whosaw.datafolder import (
    SETTINGS,
    TRUST,
    Random,
    around,
    directory_of,
    keys_of,
    now,
    places_of,
    root_of,
    session_of,
    settings_of,
    shared_parts,
    signers_of,
    state_of,
    stores_of,
    vrf_of,
)
from whosaw.directory import migrate
from whosaw.directory.directory import Directory
from whosaw.errors import BadInput, WhosawError
from whosaw.guard.health import Probe, Probes, confirmed
from whosaw.guard.opening import last_look_of
from whosaw.inquiry.standing import employed
from whosaw.journal.cluster.pending import Tenure
from whosaw.journal.heads import Signers
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.reader import Reader
from whosaw.model.record import Stream
from whosaw.places.places import Places
from whosaw.policy.rules import Policy
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import Names
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.store import pack
from whosaw.store.files import FilesFolder, data_folders
from whosaw.store.sql_approvals import SqlNotices
from whosaw.store.sql_keys import SqlKeyRows, SqlNameRows
from whosaw.store.sql_sealed import SqlSealedRows
from whosaw.store.sql_witness import SqliteHeads
from whosaw.store.state import answers
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.trust import TrustedHead, TrustPolicy
from whosaw.wishes.wish import Wishes
from whosaw.witness.after import known_heads, last_seen, shown_heads
from whosaw.witness.folder import DATABASE as WITNESS_DB
from whosaw.witness.session import Session


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
        with keys_of(folder, settings, engine) as keys:
            yield Keyring(
                SqlKeyRows(keys), root_of(folder, settings, keys), vrf_of(private, random), settings.origin, random,
                enrolled=lambda _: False,
            )  # fmt: skip


def wish_epoch(folder: Path, by: str, *, random: Random = os.urandom) -> None:
    """Leave word that the staff member `by` wants a new epoch of keys, for the gate that has the folder open. Raises BadInput where
    nobody of that id works here.
    """
    settings = settings_of(folder)
    with state_of(folder, settings) as engine:
        migrate.check(engine)
        with keys_of(folder, settings, engine) as keys:
            root = root_of(folder, settings, keys)
            employed(directory_of(settings, engine), Pseudonyms(root).principal(by), now())
            SqlKeyRows(keys).wish(Names(SqlNameRows(engine), root, random).remember(by))


@contextmanager
def state(folder: Path) -> Iterator[Engine]:
    """state.db of a data folder, for what is read of it alone."""
    with state_of(folder, settings_of(folder)) as engine:
        migrate.check(engine)
        yield engine


@contextmanager
def wishing(folder: Path, *, random: Random = os.urandom) -> Iterator[Wishes]:
    """What a command leaves wishes with, for the gate that has the folder open."""
    settings = settings_of(folder)
    with state_of(folder, settings) as engine:
        migrate.check(engine)
        with keys_of(folder, settings, engine) as keys:
            root = root_of(folder, settings, keys)
        yield Wishes(engine, root.wishes, now, random)


def told(folder: Path, notices: Iterable[str]) -> None:
    """These notices were printed for whom they are. Rows of their own: that needs no folder that is free."""
    with state_of(folder, settings_of(folder)) as engine:
        SqlNotices(engine).taken(notices, now())


@contextmanager
def known(folder: Path) -> Iterator[Directory]:
    """What the directory of a data folder knows, for reading only."""
    settings = settings_of(folder)
    with state_of(folder, settings) as engine:
        migrate.check(engine)
        yield directory_of(settings, engine)


@contextmanager
def probing(folder: Path, policy: Policy, *, random: Random = os.urandom) -> Iterator[Probes]:
    """What a gate is asked about itself, asked of its parts without it. Raises BadInput where there is no data folder."""
    settings = settings_of(folder)
    with ExitStack() as open_:
        parts: dict[str, Probe] = {}
        newest: Callable[[], datetime | None] = _never
        try:
            engine = open_.enter_context(state_of(folder, settings))
            migrate.check(engine)
            directory = directory_of(settings, engine)
            parts["directory"], newest = confirmed(directory, now), directory.newest
            names, sealed = SqlNameRows(engine), SqlSealedRows(engine)
            parts["names"] = lambda: names.find("")
            parts["sealed values"] = lambda: sealed.newest(b"", "", 0, 1)
            database = answers(engine)
        except WhosawError as error:
            database = _raising(error)

        def keyring() -> None:
            with all_keys(folder, random=random) as keys:
                keys.find(Stream.named("policy"))

        def log() -> str:
            try:
                with glance(folder) as here:
                    here.reader()
            except WhosawError as error:
                return str(error)
            return ""

        parts["keyring"] = keyring
        if settings.places.database:
            parts["places"] = lambda: places(folder).check()
        yield Probes(database, parts, log, now, lambda: _last_look(folder), newest, policy)


def _last_look(folder: Path) -> datetime | None:
    try:
        with glance(folder) as here:
            return last_look_of(here.reader())
    except WhosawError:
        return None  # it is the journal that cannot be read, and that is said of the journal


def _never() -> None:
    return None


def _raising(error: WhosawError) -> Callable[[], None]:
    def probe() -> None:
        raise error

    return probe


@contextmanager
def asking(folder: Path) -> Iterator[tuple[Glance, Session]]:
    """The log of a data folder, beside whoever writes it, and its witnesses, to be asked."""
    with (
        glance(folder) as here,
        closing(session_of(folder, here.settings, clock=now, random=os.urandom, why=None)) as asked,
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


def elected(settings: Settings) -> Tenure | None:
    """Who is the sequencer of a log that many gates write, and what waits; None for any other log. Raises Unavailable."""
    if not settings.store.database:
        return None
    shared = shared_parts()
    with closing(shared.connect(settings.store.database)) as database:
        found: Tenure | None = shared.tenure(database)
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


def places(folder: Path) -> Places:
    """The databases of places that the settings name. Raises Misconfigured."""
    return places_of(folder, settings_of(folder), now, keep=False)

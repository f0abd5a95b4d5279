# SPDX-License-Identifier: Apache-2.0
"""The keyring: one row per person or named stream, found without the id, worth nothing without the root.

    Stream(kind, id) ──HMAC──▶ lookup ──▶ row ──unwrap──▶ DataKey ──▶ stream key for the journal
                                │                              └────▶ sealed values for the vault
                                └ none: make K, prove label_0, store, then return what is *stored*

Of a stream that was erased no row is left, and nothing here remembers it. Whether there was one the log says: label_0 of
generation 0, 1, … stands in it as long as there was such a generation, and the first that does not is the next.

Invariant: a key is durable before anybody gets it, and one stream has one key. Whoever makes a row returns the row that
is stored, which is another's where two made it at once; so no leaf and no value can outlive, or miss, its key.

It refuses to open under the wrong root, VRF key or origin: their check values stand beside the rows. The journal gets
``of`` and ``all`` through its port ``StreamKeys``.                           Specification: docs/spec/keys.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from typing import Protocol

from whosaw.errors import BadInput, Damaged, Unavailable
from whosaw.model.record import Stream, StreamKind
from whosaw.privacy.carried import CheckRows, carry, refused
from whosaw.privacy.data_key import DataKey, StreamSecret, rewrap, wrap
from whosaw.privacy.epochs import EpochRows, Epochs
from whosaw.privacy.pseudonym import checked_id, looked_for, lookup_prefix, pseudonym_of
from whosaw.privacy.root import Mac, Random, Root
from whosaw.privacy.vrf import REMEMBERED, VrfKey
from whosaw.tlog import leaf

WARM = 16_384  # streams whose keys stay at hand
_TRIES = 5
_Warm = tuple["KeyRow", DataKey, StreamKind, str]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row as it is kept. `lookup` 32, `handle` 16, `wrapped` 60, `label_0` 32 bytes; `sealed_id` dies with K."""

    lookup: bytes
    handle: bytes
    generation: int
    rekeys: int
    epoch: int
    wrapped: bytes = field(repr=False)
    label_0: bytes = field(repr=False)
    sealed_id: bytes = field(repr=False)


class KeyRows(EpochRows, CheckRows, Protocol):
    """Where rows and epochs are kept. Trusted to keep them, not to keep them secret or unchanged: a changed row does not open.

    All raise Unavailable where the store is down. When `add` or `claim` raise it, the row may or may not be stored:
    ask again; the same call then returns what there is.
    """

    def find(self, lookup: bytes) -> KeyRow | None:
        """The row of the newest generation, durable; None where there is none."""
        ...

    def add(self, row: KeyRow) -> KeyRow | None:
        """Store `row` unless its lookup and generation have one; return the one stored, durable.

        None where there is none and its epoch was retired meanwhile: nothing was stored.
        """
        ...

    def find_all(self, lookups: Sequence[bytes]) -> list[KeyRow]:
        """What `find` has for each of them, in any order. Lookups without a row are left out."""
        ...

    def add_all(self, rows: Sequence[KeyRow]) -> bool:
        """Store each row unless its lookup and generation have one; durable. What is stored then, `find_all` says.

        False where an epoch of theirs was retired meanwhile: nothing was stored.
        """
        ...

    def with_handles(self, handles: Sequence[bytes]) -> list[KeyRow]:
        """The rows with these handles, in any order. Handles without a row are left out."""
        ...

    def by_prefix(self, prefix: bytes) -> KeyRow | None:
        """The row of the newest generation whose lookup begins with `prefix`."""
        ...

    def rekey(self, old: KeyRow, new: KeyRow) -> KeyRow | None:
        """Replace `old` by `new` where it stands; the row that stands then, durable. None where it is gone."""
        ...

    def before(self, epoch: int, limit: int) -> Sequence[KeyRow]:
        """At most `limit` rows of epochs before `epoch`."""
        ...

    def rewrap(self, rows: Sequence[tuple[KeyRow, bytes]], epoch: int) -> None:
        """Each row, where it stands in its old epoch, is wrapped so in `epoch` from now on; all or none, durable."""
        ...

    def count(self, epoch: int) -> int:
        """How many rows are of epochs before `epoch`."""
        ...

    def wish(self, by: str) -> None:
        """Keep that `by`, a pseudonym, wants a new epoch; one that is kept stays. Durable."""
        ...

    def wished(self) -> str | None:
        """Who wants a new epoch; None where nobody does."""
        ...

    def fulfilled(self) -> None:
        """Nobody wants a new epoch any more. Durable."""
        ...

    def all(self) -> Iterator[KeyRow]:
        """Every row, each generation, in the order of lookups."""
        ...

    def claim(self, name: str, value: bytes) -> bytes:
        """The check value `name`, which is `value` where none was kept before, durable.

        Raises Damaged where none is kept although there are rows: then nobody can say whose they are.
        """
        ...


class Wishes(Protocol):
    """What ``KeyRows`` says of wishes."""

    def wish(self, by: str) -> None: ...
    def wished(self) -> str | None: ...
    def fulfilled(self) -> None: ...


class Keyring:
    """Keys of streams. Safe to share between threads, and between processes over the same rows."""

    __slots__ = ("_enrolled", "_lookup", "_origin", "_random", "_root", "_rows", "_vrf", "_warm", "epochs")

    def __init__(
        self,
        rows: KeyRows,
        root: Root,
        vrf: VrfKey,
        origin: str,
        random: Random,
        *,
        enrolled: Callable[[bytes], bool],
    ) -> None:
        """`enrolled`: whether a leaf of the published log has this label.

        Raises Misconfigured where root, VRF key or origin are not those that the rows were made with.
        """
        self._rows, self._vrf, self._origin, self._random = rows, vrf, origin, random
        self._enrolled, self._root = enrolled, root
        self.epochs = Epochs(rows, root, random)
        # What a row opened to. It counts only for the very row that stands there now: so a row that is gone, re-keyed or
        # re-wrapped, here or by another gate, is opened anew or not at all.
        self._warm: dict[bytes, _Warm] = {}
        self._lookup = Mac(root.lookup)
        self._check("root", root.check, "the key file keys/root", "keys/root")
        self._check("vrf", hashlib.sha256(vrf.public()).digest(), "the key file keys/vrf.pem", "keys/vrf.pem")
        self._check("origin", hashlib.sha256(origin.encode()).digest(), "the setting `origin`", "origin")

    def __repr__(self) -> str:
        return "Keyring(…)"

    def of(self, stream: Stream) -> StreamSecret:
        """The stream's key for the journal, made and stored if there is none. Durable when it returns."""
        return self.key(stream).stream(self._origin)

    def find(self, stream: Stream) -> StreamSecret | None:
        """The stream's key if there is one. Asking makes none: a question about a person leaves no trace of them."""
        known = self.known(stream)
        return None if known is None else known.stream(self._origin)

    def with_handles(self, handles: Sequence[bytes]) -> dict[bytes, StreamSecret]:
        """The keys of the streams with these handles, for the journal's sequencer. Without a row there is none."""
        return {row.handle: self._opened(row)[1].stream(self._origin) for row in self._rows.with_handles(handles)}

    def rekey(self, stream: Stream, rekeys: int) -> StreamSecret:
        """The stream with a new key, where it has had `rekeys` of them; as it is where it has had more. Durable."""
        row = self._rows.find(self._lookup.of(looked_for(stream)))
        if row is None:
            raise BadInput("there is no such stream", where="stream")
        key = self._theirs(row, stream)
        if key.rekeys == rekeys:
            more = key.rekeyed()
            new = replace(row, rekeys=more.rekeys, sealed_id=more.seal_id(stream.kind, stream.id, self._random))
            stored = self._rows.rekey(row, new)
            if stored is None:
                raise Unavailable(
                    "the stream is being erased", part="keyring", hint="ask again: what comes now begins a new one"
                )
            key = self._theirs(stored, stream)
        return key.stream(self._origin)

    def all(self) -> Iterator[StreamSecret]:
        """Every stream's key, for a check of all labels."""
        for row in self._rows.all():
            yield self._opened(row)[1].stream(self._origin)

    def key(self, stream: Stream) -> DataKey:
        """The data key of `stream`, made and stored if there is none. For the vault."""
        found = self.known(stream)
        for _ in range(_TRIES):
            if found is not None:
                return found
            stored = self._rows.add(self._made(stream))
            found = None if stored is None else self._theirs(stored, stream)
        if found is None:
            raise Unavailable("epochs come and go faster than a row is made", part="keyring")
        return found

    def keys(self, streams: Iterable[Stream]) -> dict[Stream, DataKey]:
        """`key` of each of them, with a few questions to the store for all. For the vault."""
        left = {self._lookup.of(looked_for(stream)): stream for stream in streams}
        made: dict[Stream, DataKey] = {}
        for _ in range(_TRIES):
            for row in self._rows.find_all(list(left)):
                stream = left.pop(row.lookup)
                made[stream] = self._theirs(row, stream, row.lookup)
            if not left:
                return made
            epoch = self.epochs.newest()
            # Where that epoch ends meanwhile, nothing is stored, and the next try makes them anew.
            new = list(left.values())
            for page in (new[at : at + REMEMBERED] for at in range(0, len(new), REMEMBERED)):
                self._vrf.prove_all([leaf.alpha(int(stream.kind), stream.id, 0) for stream in page])
                self._rows.add_all([self._made(stream, epoch) for stream in page])
        raise Unavailable("epochs come and go faster than a row is made", part="keyring")

    def known(self, stream: Stream) -> DataKey | None:
        """The data key of `stream`, or None. For the vault."""
        at = self._lookup.of(looked_for(stream))
        row = self._rows.find(at)
        return None if row is None else self._theirs(row, stream, at)

    def held(self, handles: Sequence[bytes]) -> dict[bytes, tuple[DataKey, str]]:
        """The data keys of the persons with these handles, each with the person's *pseudonym*. For the vault. Without a row: none."""
        found: dict[bytes, tuple[DataKey, str]] = {}
        for row in self._rows.with_handles(handles):
            _, _, kind, name = self._opened(row)
            if kind is StreamKind.PERSON:
                found[row.handle] = self._theirs(row, Stream(kind, name)), pseudonym_of(row.lookup)
        return found

    def behind(self, pseudonym: str) -> tuple[DataKey, str] | None:
        """The data key and the *name* behind a person's pseudonym. For ``privacy.unseal`` and nobody else."""
        row = self._rows.by_prefix(lookup_prefix(pseudonym))
        if row is None:
            return None
        _, _, kind, name = self._opened(row)
        if kind is not StreamKind.PERSON:
            return None
        return self._theirs(row, Stream(kind, name)), name

    def generations(self, stream: Stream) -> int:
        """How many generations of `stream` are on record, erased ones included: the next one's number."""
        return self._next(stream)[0]

    def pseudonym_with(self, handle: bytes) -> str | None:
        """The pseudonym of the person whose row has this handle; None where there is no such row any more."""
        rows = self._rows.with_handles([handle])
        return pseudonym_of(rows[0].lookup) if rows else None

    def forget(self, handle: bytes) -> None:
        """Let go of the key of a stream that was erased."""
        self._warm.pop(handle, None)

    @property
    def wishes(self) -> Wishes:
        """Where a new epoch is asked for, beside the gate that can begin one."""
        return self._rows

    def left(self) -> int:
        """How many rows are not of the newest epoch yet."""
        return self._rows.count(self.epochs.newest())

    def rewrap(self, limit: int) -> int:
        """Bring at most `limit` rows of older epochs to the newest; how many there were. Asking again goes on."""
        newest = self.epochs.newest()
        rows = self._rows.before(newest, limit)
        key = self.epochs.key(newest)
        self._rows.rewrap(
            [(row, rewrap(self.epochs.key(row.epoch), key, row, newest, self._random)) for row in rows], newest
        )
        return len(rows)

    def retire(self) -> tuple[int, ...]:
        """Delete the keys of older epochs that no row uses; which are left. What was warm is opened anew."""
        *older, newest = self.epochs.numbers() or (self.epochs.newest(),)
        left = tuple(number for number in older if not self.epochs.retire(number))
        self._warm.clear()
        return (*left, newest)

    def reroot(self, new: Root) -> Root:
        """Keep all of this under `new` from now on, and begin an epoch that the root before never saw; all of it or none, durable.

        The root to go on with. Raises Unavailable: it may have happened, and the key table says under which root it is.
        """
        self.epochs.reroot(new, carry(self._root, new, self._random))
        self._root = new.carrying(self._root.carries())
        return self._root

    def _next(self, stream: Stream) -> tuple[int, bytes]:
        """The first generation that the log does not have, and its label_0."""
        generation = 0
        while True:
            _, label_0 = self._vrf.prove(leaf.alpha(int(stream.kind), stream.id, generation))
            if not self._enrolled(label_0):
                return generation, label_0
            generation += 1

    def _made(self, stream: Stream, epoch: int | None = None) -> KeyRow:
        """A new row for `stream`, not stored yet; of the newest epoch, which may be known already."""
        checked_id(stream.id, "stream")
        k, handle, rekeys = self._random(32), self._random(16), 0
        generation, label_0 = self._next(stream)
        key = DataKey(k, handle, generation, rekeys, label_0)
        epoch = self.epochs.newest() if epoch is None else epoch
        return KeyRow(
            lookup=self._lookup.of(looked_for(stream)),
            handle=handle,
            generation=generation,
            rekeys=rekeys,
            epoch=epoch,
            wrapped=wrap(self.epochs.key(epoch), k, handle, generation=generation, epoch=epoch, random=self._random),
            label_0=label_0,
            sealed_id=key.seal_id(stream.kind, stream.id, self._random),
        )

    def _theirs(self, row: KeyRow, stream: Stream, at: bytes = b"") -> DataKey:
        """The key in `row`, which must be the row of `stream`: who can write to the store could exchange two.

        `at`: the lookup of `stream`, where the caller has just worked it out.
        """
        _, key, kind, name = self._opened(row)
        at = at or self._lookup.of(looked_for(stream))
        if name != stream.id or kind is not stream.kind or not compare_digest(row.lookup, at):
            raise Damaged(
                "a row of the keyring stands where another person's belongs",
                where="keyring",
                hint="restore keys.db from its backup; nothing was released",
            )
        return key

    def _opened(self, row: KeyRow) -> _Warm:
        handle = row.handle
        warm = self._warm.get(handle)
        if warm is not None and warm[0] == row:
            return warm
        epoch = self.epochs.find(row.epoch)
        if epoch is None:
            row = self._again(row)
            epoch = self.epochs.key(row.epoch)
        if len(self._warm) >= WARM:
            self._warm.clear()
        key, kind, name = DataKey.in_row(row, epoch)
        made = self._warm[handle] = row, key, kind, name
        return made

    def _again(self, row: KeyRow) -> KeyRow:
        """The row as it stands now: it was re-wrapped, and its old epoch retired, since it was read."""
        found = self._rows.with_handles([row.handle])
        if not found:
            raise Unavailable("the stream was erased at this moment", part="keyring", hint="ask again")
        return found[0]

    def _check(self, name: str, value: bytes, what: str, setting: str) -> None:
        if not compare_digest(self._rows.claim(name, value), value):
            raise refused(what, setting)

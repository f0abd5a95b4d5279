# SPDX-License-Identifier: Apache-2.0
"""The crowd: how much of an address so many people share that it points at none of them.

    put    address, seen ──▶ a token for each prefix, a share of the person in each ──▶ (token, quarter, share), once
    open   address, seen ──▶ the longest prefix that enough people were in, about then ──▶ kept for the look, then shown

*Active* in a network is who was seen in it in the quarter in which the value was, or in the one before: whoever reads that somebody
was there in March asks who else was there then. A share is a digest under the person's own key, so rows of one person in two networks
have nothing in common, and no row leads to a person. There is no time of coming in them and no number of row, by which one could
tell which of them came together with a sealed value.

What a look was shown is kept before it is shown, sealed under the person's key: the same look asked again shows the same, whoever came or
went meanwhile. No count leaves this file: a look tells one of a few lengths, and it is on record.

Invariant: fewer than ``people`` are in no prefix that is shown. A share is kept after the value, so a crash counts one too few. An
erasure takes the shares of a person away while their key still opens what they are made of. Design: docs/adr/0119, 0135
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field

from whosaw.errors import Damaged
from whosaw.model.access import Field
from whosaw.privacy.data_key import DataKey
from whosaw.privacy.fields.ip import address_of
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.prefixes import Prefixes
from whosaw.privacy.root import Random
from whosaw.vault.each import each
from whosaw.vault.ports import Aside, CrowdRows, SealedRows

IP = str(Field.IP)
QUARTER = 91 * 86_400_000_000  # microseconds
_ALL, _PAGE, _EVER = 2**31 - 1, 2048, 2**62
_TOKENS = 50_000  # that are at hand at once
Share = tuple[bytes, int, bytes]
_Network = tuple[bytes, int, int]  # a token, the quarter, and how many are enough


@dataclass(frozen=True, slots=True)
class ToShow:
    """What one look wants to show: (address, seen) of a person with this key. `look`: what tells it from another. `room`: how
    many values there may be; as many are kept, whatever there are.
    """

    key: DataKey = field(repr=False)
    values: Sequence[tuple[str, int]] = field(repr=False)
    look: bytes
    room: int


class _Showing:
    """One look on its way through. `plain`: the length that is shown of each value, and `sealed` the same as it is to be kept;
    `kept`: what is; `error`: why nothing is.
    """

    __slots__ = ("about", "asked", "error", "kept", "name", "plain", "prefixes", "sealed")

    def __init__(
        self, asked: ToShow, name: bytes, about: str, prefixes: Sequence[tuple[Sequence[int], Sequence[_Network]]]
    ) -> None:
        self.asked, self.name, self.about, self.prefixes = asked, name, about, prefixes
        self.plain, self.sealed = b"", b""
        self.kept: bytes | None = None
        self.error: Exception | None = None


class Crowd:
    """Who shares the networks of the vault. Safe to share between threads."""

    def __init__(
        self,
        rows: CrowdRows,
        sealed: SealedRows,
        keyring: Keyring,
        prefixes: Prefixes,
        *,
        people: int,
        random: Random,
    ) -> None:
        """`people`: how many there must be in a network that is shown."""
        self._rows, self._sealed, self._keyring = rows, sealed, keyring
        self._prefixes, self._people, self._random = prefixes, people, random

    def __repr__(self) -> str:
        return "Crowd(…)"

    def joined(self, key: DataKey, sightings: Iterable[tuple[str, int]]) -> None:
        """The person of this key was seen at these addresses, each at its time (microseconds). The same again changes nothing."""
        if shares := self.shares(key, sightings, {}):
            self.join(shares)

    def joined_by(self, rows: Sequence[tuple[bytes, bytes, int, bytes]]) -> None:
        """The people of these sealed addresses, each (handle, source, seen, sealed), were seen there: what stands counts, and not
        what is said of it another time.
        """
        if shares := self._shares_of([(handle, seen, raw) for handle, _, seen, raw in rows]):
            self.join(shares)

    def join(self, shares: Sequence[Share]) -> None:
        """Keep these, durable; what is there stays."""
        self._rows.join([shares])

    def shares(self, key: DataKey, sightings: Iterable[tuple[str, int]], known: dict[bytes, bytes]) -> list[Share]:
        """What the person of this key has a share in, each once. `known`: tokens that the caller had made before."""
        if len(known) > _TOKENS:
            known.clear()
        found: dict[tuple[bytes, int], Share] = {}
        networks = set[tuple[bytes, int]]()
        for text, seen in sightings:
            address, quarter = address_of(text), seen // QUARTER
            # The same person in the same network, in the same quarter: many rows of an import say nothing new here.
            network = self._prefixes.longest(address), quarter
            if network in networks:
                continue
            networks.add(network)
            for _, token in self._prefixes.tokens(address, known):
                if (token, quarter) not in found:
                    found[token, quarter] = token, quarter, key.share(token)
        return list(found.values())

    def shown(self, key: DataKey, values: Sequence[tuple[str, int]], look: bytes, room: int) -> list[int | None]:
        """For each (address, seen): the length of the prefix that this look shows; None: of none. Durable when it returns.

        `look`: what tells this look from another. `room`: how many values there may be; as many are kept, whatever there are.
        """
        (made,) = self.shown_all([ToShow(key, values, look, room)])
        if isinstance(made, Exception):
            raise made
        return made

    def shown_all(self, asked: Sequence[ToShow], aside: Aside = nullcontext) -> list[list[int | None] | Exception]:
        """What `shown` returns or raises for each. What is new is kept at once, with one sync of the disk, within `aside()`."""
        found = each(each(self._found(each(asked, self._named)), self._looked), self._seal)
        if new := [one for one in found if isinstance(one, _Showing) and one.kept is None]:
            with aside():
                self._keep(new)
        return each(found, _lengths)

    def _named(self, asked: ToShow) -> _Showing:
        """Under which name it is kept, and which networks it could show."""
        which = asked.look.hex()
        name = asked.key.source("prefixes shown", which)
        return _Showing(asked, name, f"prefixes of {which}", [self._prefixes_of(*value) for value in asked.values])

    def _found(self, named: Sequence[_Showing | Exception]) -> Sequence[_Showing | Exception]:
        """What was kept of each, with one question for all."""
        ones = [one for one in named if isinstance(one, _Showing)]
        try:
            kept = self._rows.kept_all([(one.asked.key.handle, one.name) for one in ones]) if ones else ()
        except Exception as error:  # noqa: BLE001 - said of each of them
            return [one if isinstance(one, Exception) else error for one in named]
        for one, before in zip(ones, kept, strict=True):
            one.kept = before
        return named

    def _looked(self, one: _Showing) -> _Showing:
        """What was kept of it, or else what may be shown of each value."""
        # All of them, found or not: how long an answer takes says nothing of how many there are. One question for all.
        networks = list(dict.fromkeys([network for _, of in one.prefixes for network in of]))
        counts = self._rows.counts(networks)
        if one.kept is None:
            many = dict(zip(networks, counts, strict=True))
            one.plain = bytes([_longest(lengths, [many[n] >= n[2] for n in of]) for lengths, of in one.prefixes])
        return one

    def _seal(self, one: _Showing) -> _Showing:
        """The same as it is to be kept."""
        if one.kept is None:
            padded = one.plain.ljust(one.asked.room, b"\x00")
            one.sealed = one.asked.key.seal(one.about, 0, padded, self._random)
        return one

    def _keep(self, new: Sequence[_Showing]) -> None:
        kept: Sequence[bytes | Exception]
        try:
            rows = [(one.asked.key.handle, one.name, one.sealed) for one in new]
            kept = [self._rows.keep(*rows[0])] if len(rows) == 1 else self._rows.keep_all(rows)
        except Exception as error:  # noqa: BLE001 - said of each of them
            kept = [error] * len(new)
        for one, became in zip(new, kept, strict=True):
            if isinstance(became, Exception):
                one.error = became
            else:
                one.kept = became

    def leave(self, handle: bytes) -> None:
        """Take away the shares of the person of this stream, and what was kept of looks at them. May be asked again."""
        rows = [(handle, seen, raw) for seen, raw in self._sealed.newest(handle, IP, _EVER, _ALL)]
        self._rows.leave(handle, self._shares_of(rows))

    def catch_up(self) -> None:
        """Count the values of a vault that has none counted: one that is older than this file. All of them, or none."""
        if self._rows.empty():
            self._rows.join(self._all())

    def _all(self) -> Iterator[Sequence[Share]]:
        after = (b"", b"")
        while page := self._sealed.seen_within(IP, -_EVER, _EVER, _EVER, after=after, limit=_PAGE):
            after = page[-1][:2]
            if shares := self._shares_of([(handle, seen, raw) for handle, _, seen, raw in page]):
                yield shares

    def _shares_of(self, rows: Sequence[tuple[bytes, int, bytes]]) -> list[Share]:
        """What these sealed addresses, each (handle, seen, sealed), have a share in."""
        found: list[Share] = []
        try:
            keys = self._keyring.held(list({handle for handle, _, _ in rows}))
        except Damaged:
            return found
        known: dict[bytes, bytes] = {}
        for handle, seen, raw in rows:
            # What somebody changed does not open: it is no reason not to erase a person, or not to start.
            with suppress(Damaged):
                if handle in keys:
                    key = keys[handle][0]
                    found += self.shares(key, [(key.open(IP, seen, raw).decode(), seen)], known)
        return found

    def _prefixes_of(self, address: str, seen: int) -> tuple[Sequence[int], Sequence[_Network]]:
        """The lengths that may be shown of an address, longest first, and for each: whom to count, when, up to how many."""
        quarter, of = seen // QUARTER, self._prefixes.shared_by(address_of(address), self._people)
        return [length for length, _, _ in of], [(token, quarter, enough) for _, token, enough in of]


def _lengths(one: _Showing) -> list[int | None]:
    """What was kept, as it is shown: of each value the length of its prefix, or None."""
    if one.kept is None:
        raise one.error or Damaged("nothing was kept of a look", where="crowd")
    # What was kept of it before may be another's, of the same look.
    plain = one.plain if one.sealed and one.kept == one.sealed else one.asked.key.open(one.about, 0, one.kept)
    return [length or None for length in plain[: len(one.asked.values)]]


def _longest(lengths: Sequence[int], enough: Sequence[bool]) -> int:
    """The longest prefix in which there are enough; 0: none."""
    return lengths[enough.index(True)] if True in enough else 0

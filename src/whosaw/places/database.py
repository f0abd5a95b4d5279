# SPDX-License-Identifier: Apache-2.0
"""One MMDB file, read whole and checked whole before a single address is looked up in it.

    bytes ──reader──▶ tree and records, each once ──▶ Database ──at(address, path)──▶ one value of one record
              │             │
              │             └ a value of the wrong kind · a tree that is longer than its nodes · too long a check
              └ not an MMDB file, or a damaged one                                   ──▶ BadInput, and no Database

The file is held in memory and not mapped: what was checked is what is read, whoever writes over the file meanwhile.

Invariant: `at` decodes what stands at `path` and nothing beside it: who asks for a country has no city in memory.
                                                                              Decided in: docs/adr/0123
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

from whosaw.errors import BadInput, Damaged, MissingExtra
from whosaw.places.checked import Checked, Memory, NoMemory
from whosaw.places.file import HINT
from whosaw.places.shape import Shape, Shapes
from whosaw.places.tree import Tree

Path = tuple[str | int, ...]
Tick = Callable[[], float]
T = TypeVar("T")

PATIENCE_S = 300.0  # of a check; the largest databases that are sold take a tenth of it
_COPIES = 8  # an IPv4 tree stands in an IPv6 one under a few prefixes; more is no tree, but a labyrinth


@dataclass(frozen=True, slots=True)
class Database:
    """A checked file. `type` and `built` are what it says of itself, `networks` counts what it tells apart."""

    type: str
    built: datetime
    ip_version: int
    networks: int
    shape: Shape
    tree: Tree = field(repr=False)
    _reader: Any = field(repr=False)

    @property
    def raw_at(self) -> Callable[[str, Path], Any]:
        """`at` with the reader's own errors, for whoever asks a million times, and hands them to `refuse`."""
        look: Callable[[str, Path], Any] = self._reader.get_path
        return look

    def at(self, address: str, path: Path) -> Any:
        """What stands at `path` of the record of `address`; None where there is nothing. Raises BadInput, Damaged."""
        try:
            return self._reader.get_path(address, path)
        except (ValueError, RuntimeError) as error:
            self.refuse(address, error)
            return None

    def refuse(self, address: str, error: Exception) -> None:
        """Raises what an error of `raw_at` means; nothing where it means that nothing is known of the address."""
        if isinstance(error, RuntimeError):
            raise Damaged("a record that was sound cannot be read any more", where="places") from None
        if self.ip_version == 4 and ":" in address:
            return
        # from None: the library's message quotes the address.
        raise BadInput("not an IP address", where="ip") from None


def load(raw: bytes, where: str, tick: Tick, patience_s: float = PATIENCE_S, memory: Memory | None = None) -> Database:
    """The database that `raw` is, every record of it read, now or before by `memory`. `tick`: seconds of a clock that only
    goes forward.

    Raises BadInput, with nothing of the file in it, and MissingExtra.
    """
    reader = _guarded(lambda: _opened(raw), where)
    said = _guarded(reader.metadata, where)
    built, nodes = _moment(said.build_epoch, where), said.node_count
    kind = said.database_type
    if not isinstance(kind, str) or not 1 <= len(kind) <= 100 or not kind.isprintable():
        raise BadInput("its type is no line of text", where=where, hint=HINT)
    if (
        said.ip_version not in {4, 6}
        or said.record_size not in {24, 28, 32}
        or nodes * said.record_size // 4 > len(raw)
    ):
        raise BadInput("it is for no version of IP that there is, or has no tree", where=where, hint=HINT)
    memory, digest = memory or NoMemory(), sha256(raw).hexdigest()
    checked = memory.find(digest)
    if checked is None:
        checked = _checked(reader, nodes, where, tick, patience_s)
        memory.keep(digest, checked)
    tree = Tree(raw, nodes, said.record_size, said.ip_version)
    return Database(kind, built, said.ip_version, checked.networks, checked.shape, tree, reader)


def _checked(reader: Iterable[tuple[object, object]], nodes: int, where: str, tick: Tick, patience_s: float) -> Checked:
    """Every record, read. Raises BadInput."""
    shapes, count, until = Shapes(where), 0, tick() + patience_s
    for record in _records(reader, where):
        count += 1
        if count > _COPIES * (nodes + 1):
            raise BadInput("its search tree goes round in circles", where=where, hint=HINT)
        if not count % 256 and tick() > until:
            raise BadInput(f"it could not be checked in {patience_s:.0f} s", where=where, hint=HINT)
        shapes.see(record)
    return Checked(count, shapes.found())


def _opened(raw: bytes) -> Any:
    try:
        import maxminddb_rust
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "maxminddb_rust":
            raise
        raise MissingExtra("places", "reading a database of places") from None
    return maxminddb_rust.Reader(io.BytesIO(raw), maxminddb_rust.MODE_FD)


def _records(reader: Iterable[tuple[object, object]], where: str) -> Iterator[object]:
    walk = _guarded(lambda: iter(reader), where)
    while (found := _guarded(lambda: next(walk, None), where)) is not None:
        yield found[1]


def _guarded(work: Callable[[], T], where: str) -> T:
    """Whatever the reader says of a damaged file, and even where it falls over it, is one error of ours."""
    try:
        return work()
    except (MissingExtra, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  a fault inside of the reader is no Exception
        # from None: the reader's message may quote what it choked on.
        raise BadInput(f"not a sound MMDB file ({type(error).__name__})", where=where, hint=HINT) from None


def _moment(epoch: object, where: str) -> datetime:
    try:
        if type(epoch) is int and epoch > 0:
            return datetime.fromtimestamp(epoch, UTC)
    except (OverflowError, OSError, ValueError):
        pass
    raise BadInput("when it was built is no time", where=where, hint=HINT)

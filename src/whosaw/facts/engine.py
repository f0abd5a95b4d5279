# SPDX-License-Identifier: Apache-2.0
"""What the facts are computed on: DuckDB in this process, or Spark, for those who outgrow a machine.

    duckdb                                  in process, within memory_limit(), spilling to disk
    spark://host:7077, local-cluster[2,1,1024], local[2], yarn, k8s://…         the master of a cluster

Every query is an Ibis expression over whole numbers and texts; what the two would do differently (quotients, logarithms,
times, order inside a list) none of them asks for. So both give the same rows, in any number of partitions.

Invariant: what is kept is computed once, on both: a second look at it would else compute it again, or otherwise.
A cluster reads the Parquet files by their path: it must see the same disk.                  Design: docs/adr/0142
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from whosaw.errors import MissingExtra, Unavailable
from whosaw.facts.compiled import Compiler
from whosaw.facts.extra import need
from whosaw.facts.meanwhile import meanwhile
from whosaw.facts.untouched import Untouched

DUCKDB = "duckdb"
ALONE = "run it again, and name a folder with --spill that nobody else can write to; nothing of this run was kept"
_MOST = 10_000_000_000
_SHARE = 0.6
# Bytes: what is kept of a look takes a third of it, and what is asked of that needs room too.
_A_LOOK = 3_000
# More tasks than this would cost more than they share, on the clusters that a log of a company needs.
_PARTITIONS = 8
# One for all sessions of an engine in this process: the texts are the same, whoever asks.
_TEXTS = {DUCKDB: Compiler(), "spark": Compiler()}


class Engine(Protocol):
    """An engine, open. `backend`: Ibis' own."""

    @property
    def backend(self) -> Any: ...

    def read(self, name: str, paths: Sequence[Path]) -> Any:
        """A table over Parquet files."""
        ...

    def keep(self, name: str, expr: Any) -> Any:
        """`expr`, computed now, once, and kept for this session under `name`."""
        ...

    def lay(self, name: str, expr: Any) -> Any:
        """The same for as many rows as there are looks: where the engine is in this process and its memory is small for that, in a file
        beside it.
        """
        ...

    def table(self, name: str) -> Any:
        """What was kept or read under `name`. Raises Ibis' TableNotFound."""
        ...

    def arrow(self, expr: Any) -> Any:
        """The rows of `expr` as an Arrow table of its own schema, in any order."""
        ...

    def forget(self, ending: str) -> None:
        """Give back what was kept under names that end so."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """What an engine in this process may take. `memory`: bytes, or as much as `memory_limit` says; `spill`: a folder for what
    does not fit and for what is laid down, in which each run makes one of its own and removes it; or that of the system.
    """

    memory: int | None = None
    spill: Path | None = None


def memory_limit(room: Room = Room()) -> str:
    """What was said; else 10 GB, or the most of a smaller machine. In the engine's words."""
    return f"{_bytes(room) // 1_000_000}MB"


def _bytes(room: Room) -> int:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return room.memory or min(_MOST, int(whole * _SHARE))


@contextmanager
def engine_of(which: str = DUCKDB, room: Room = Room()) -> Iterator[Engine]:
    """The engine named `which`: `duckdb`, or a Spark master, whose memory is that of its cluster. Raises Damaged at the end, where
    somebody exchanged a file that lay beside its memory.
    """
    # Merging the selects of a statement is the engine's work too; done twice it takes longer than the answer.
    need("ibis", "watching").options.sql.fuse_selects = False
    with _duck(room) if which == DUCKDB else _spark(which, room.spill) as made:
        yield made


# ── DuckDB ──


class _Duck:
    """`memory`: bytes. `beside`: what is laid down lies in files beside it, since some table that was read is too large."""

    def __init__(self, backend: Any, folder: Path, memory: int) -> None:
        self.backend, self._folder, self._memory, self.beside = backend, folder, memory, False
        self._kept: dict[str, Any] = {}
        self._laid: dict[str, Path] = {}
        self._files = count()
        self.untouched = Untouched(ALONE)

    def read(self, name: str, paths: Sequence[Path]) -> Any:
        table = self.backend.read_parquet([str(path) for path in paths], table_name=name)
        ((rows,),) = self.backend.raw_sql(f"select count(*) from {_quoted(name)}").fetchall()  # noqa: S608  a quoted name
        self.beside = self.beside or rows * _A_LOOK > self._memory
        return table

    def keep(self, name: str, expr: Any) -> Any:
        with _past_its_end():
            self.backend.raw_sql(f"create temp table {_quoted(name)} as {self._typed(expr)}")
        return self._known(name, expr)

    def lay(self, name: str, expr: Any) -> Any:
        if not self.beside:
            return self.keep(name, expr)
        # In memory the same rows take twenty times the room.
        path = self._folder / f"{next(self._files)}.parquet"
        self._laid[name] = path
        with _past_its_end():
            self.backend.raw_sql(f"copy ({self._typed(expr)}) to {_text(path)} (format parquet, compression lz4_raw)")
            self.backend.raw_sql(f"create temp view {_quoted(name)} as from read_parquet({_text(path)})")
        self.untouched.add([path])
        return self._known(name, expr)

    def _typed(self, expr: Any) -> str:
        # In our own words too: Ibis compiles anew each time, and asks the engine for columns that the expression knows.
        type_of = self.backend.compiler.type_mapper.to_string
        cells = ", ".join(f"cast({_quoted(c)} as {type_of(t)}) as {_quoted(c)}" for c, t in expr.schema().items())
        return f"select {cells} from ({self._sql(expr)})"  # noqa: S608  names are quoted, and the rest is Ibis'

    def _known(self, name: str, expr: Any) -> Any:
        operations = need("ibis.expr.operations", "watching")
        made = operations.DatabaseTable(
            name, schema=expr.schema(), source=self.backend, namespace=operations.Namespace()
        )
        self._kept[name] = made.to_expr()
        return self._kept[name]

    def table(self, name: str) -> Any:
        return self._kept[name] if name in self._kept else self.backend.table(name)

    def arrow(self, expr: Any) -> Any:
        with _past_its_end():
            found = self.backend.con.sql(self._sql(expr)).to_arrow_table()
        return found.cast(expr.schema().to_pyarrow())

    def _sql(self, expr: Any) -> str:
        return _TEXTS[DUCKDB].sql(expr, self.backend.compile)

    def forget(self, ending: str) -> None:
        # In our own words: Ibis asks and drops in words that some versions of the libraries below it do not take.
        for (name,) in self.backend.raw_sql("select table_name from duckdb_tables()").fetchall():
            if name.endswith(ending):
                self.backend.raw_sql(f"drop table if exists {_quoted(name)}")
                self._kept.pop(name, None)
        for name in [name for name in self._laid if name.endswith(ending)]:
            self.backend.raw_sql(f"drop view if exists {_quoted(name)}")
            path = self._laid.pop(name)
            self.untouched.drop(path)
            path.unlink(missing_ok=True)
            self._kept.pop(name, None)


@contextmanager
def _past_its_end() -> Iterator[None]:
    """A number past 2⁶³ is a fault in arithmetic: one signal is off then, and says so, and the others go on."""
    duckdb = need("duckdb", "watching")
    try:
        with room_enough():
            yield
    except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
        raise OverflowError(f"a number has no place in the engine ({type(error).__name__})") from None


@contextmanager
def room_enough() -> Iterator[None]:
    """Where memory or the disk is full that is said, and not in the engine's own words, which would quote the question."""
    duckdb = need("duckdb", "watching")
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise Unavailable(
            "the engine has too little memory for this",
            part="engine",
            hint="give it more with --memory, or a larger --spill",
        ) from None
    except duckdb.IOException:
        raise no_disk() from None


def no_disk() -> Unavailable:
    """What is said where the engine's own files cannot be written or read."""
    return Unavailable(
        "the engine cannot write or read its files",
        part="engine",
        hint="look at the disk that they lie on; --spill names another",
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


@contextmanager
def _duck(room: Room) -> Iterator[Engine]:
    need("duckdb", "watching")
    if room.spill is not None:
        room.spill.mkdir(mode=0o700, exist_ok=True)
    with meanwhile("whosaw-held-engine-", room.spill) as folder:
        # Named in any case: the engine's own place for it is `.tmp` wherever somebody stands, for everybody to read.
        config = {"memory_limit": memory_limit(room), "temp_directory": str(folder)}
        backend = need("ibis", "watching").duckdb.connect(**config)
        try:
            backend.raw_sql("set enable_progress_bar = false")  # it would be drawn into what a machine reads
            # Whoever reads rows sorts them: to keep their order on the way would be memory and time for nothing.
            backend.raw_sql("set preserve_insertion_order = false")
            made = _Duck(backend, folder, _bytes(room))
            yield made
            made.untouched.check()
        finally:
            backend.disconnect()


# ── Spark ──


class _Spark:
    def __init__(self, backend: Any, session: Any) -> None:
        self.backend, self._session = backend, session

    def read(self, name: str, paths: Sequence[Path]) -> Any:
        self._session.read.parquet(*(str(path.absolute()) for path in paths)).createOrReplaceTempView(name)
        return self.backend.table(name)

    def keep(self, name: str, expr: Any) -> Any:
        # A checkpoint and no cache: the plan of what is asked next begins here, or it would grow with every step.
        text = _TEXTS["spark"].sql(expr, self.backend.compile)
        with _past_its_end_there():
            self._session.sql(text).localCheckpoint(eager=True).createOrReplaceTempView(name)
        return self.backend.table(name)

    def lay(self, name: str, expr: Any) -> Any:
        return self.keep(name, expr)  # a cluster spills what it keeps by itself

    def table(self, name: str) -> Any:
        return self.backend.table(name)

    def arrow(self, expr: Any) -> Any:
        # By way of Arrow alone: pandas would make fractions of whole numbers where one is missing, and warns with the question.
        text = _TEXTS["spark"].sql(expr, self.backend.compile)
        with _past_its_end_there():
            return self._session.sql(text).toArrow().cast(expr.schema().to_pyarrow())

    def forget(self, ending: str) -> None:
        for table in self._session.catalog.listTables():
            if table.name.endswith(ending):
                self._session.catalog.dropTempView(table.name)


@contextmanager
def _past_its_end_there() -> Iterator[None]:
    """As on DuckDB; and a task that the cluster could not finish is the fault of one question, as long as it is there."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        # Only its kind is kept: what Spark says may quote a value.
        if "OVERFLOW" in str(error) or "ArithmeticException" in str(error):
            raise OverflowError(f"a number has no place in the engine ({type(error).__name__})") from None
        raise Unavailable(f"the engine could not finish a question ({type(error).__name__})", part="engine") from None


@contextmanager
def _spark(master: str, spill: Path | None) -> Iterator[Engine]:
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise MissingExtra("spark", "an engine other than duckdb") from None
    builder = SparkSession.builder.master(master).appName("whosaw")
    for key, value in _settings(master, spill).items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise Unavailable(
            f"no Spark under this master ({type(error).__name__})",
            part="engine",
            hint="is Java 17 there, and the cluster up?",
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield _Spark(need("ibis", "watching").pyspark.connect(session), session)
    finally:
        session.stop()


def _settings(master: str, spill: Path | None) -> dict[str, str]:
    local = (
        {}
        if not master.startswith("local")
        else {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    )
    return {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",  # a number past its end is an error, as it is on DuckDB
        "spark.sql.shuffle.partitions": str(_PARTITIONS),
        **local,
        **({} if spill is None else {"spark.local.dir": str(spill), "spark.sql.warehouse.dir": str(spill / "warehouse")}),
    }  # fmt: skip

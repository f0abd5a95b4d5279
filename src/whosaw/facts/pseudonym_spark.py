# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms in Spark: a function of columns for workers that ask at the door (``pseudonym_door``).

    with door(session) as handle:
        log.groupBy(spark_function(handle)("ip")).count()

A worker needs pyarrow and nothing of ours: what is sent to it is the function below, a path and a token. Executors may be processes of
their own, on the machine that owns the keys and under the same account; on other machines there is no door to knock at.

Invariant: what a worker holds opens nothing once the door is shut. A task that Spark tries again has asked again, and counts again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from whosaw.errors import MissingExtra
from whosaw.facts.pseudonym_door import Handle


def spark_function(handle: Handle) -> Any:
    """A function of Spark, from a column of text to one of text."""
    try:
        from pyspark.sql.functions import arrow_udf
    except ModuleNotFoundError:
        raise MissingExtra("spark", "pseudonyms in Spark") from None
    made = arrow_udf(asking(handle.path, handle.token), "string")
    # Where the same address has another pseudonym each time, Spark must not ask once for two that look alike.
    return made.asNondeterministic() if handle.width != 16 else made


def asking(path: str, token: bytes) -> Callable[[Any], Any]:
    """What a worker runs: it is sent as it stands here, so it names nothing of this module."""

    def ask(column):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  Spark reads annotations, and would look for ours
        import socket
        from importlib import import_module

        pa: Any = import_module("pyarrow")
        table = pa.table({"ip": column})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        raw = sink.getvalue().to_pybytes()
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(60)
            one.connect(path)
            one.sendall(token + len(raw).to_bytes(4, "big") + raw)
            with one.makefile("rb") as answer:
                head = answer.read(5)
                body = answer.read(int.from_bytes(head[1:], "big"))
        if len(head) != 5 or head[0]:
            raise ValueError(body.decode() or "the door of the pseudonyms did not answer")
        with pa.ipc.open_stream(body) as stream:
            made = stream.read_all().column(0).combine_chunks()
        return made.chunk(0) if isinstance(made, pa.ChunkedArray) else made

    return ask

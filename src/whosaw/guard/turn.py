# SPDX-License-Identifier: Apache-2.0
"""Turns: how many looks are worked on at once. The others wait for a turn, and not for the interpreter.

    with turn:                so many threads, and no more
        decide …
        with turn.aside():    somebody else's, while this one waits for the disk
            submit …              or what is to be shown is kept

One interpreter does one thing at a time, and gives way whenever a thread asks a database. Two hundred looks that are all halfway
through then take each other's place between any two questions, which costs more than the questions themselves.

Invariant: a turn is given back however the work ends, and whoever waits for a disk keeps none.   Measured in: docs/benchmarks.md
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """`at_once` turns; None: as many as there are threads. Safe to share; a thread takes one at a time."""

    __slots__ = ("_free",)

    def __init__(self, at_once: int | None) -> None:
        self._free = None if at_once is None else threading.Semaphore(at_once)

    def __enter__(self) -> None:
        if self._free is not None:
            self._free.acquire()

    def __exit__(self, *_: object) -> None:
        if self._free is not None:
            self._free.release()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let somebody else go on meanwhile. Inside of `with turn` only."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

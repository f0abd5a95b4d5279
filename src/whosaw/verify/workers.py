# SPDX-License-Identifier: Apache-2.0
"""Work shared out among processes: a map that gives results in order, whoever is done first.

    with workers(2) as each:          item ──pipe──▶ process 1 ──▶ result ─┐
        for found in each(read, …)    item ──pipe──▶ process 2 ──▶ result ─┴──▶ in the order of the items

Each process has a pipe of its own. When this process ends, however it ends, the pipe ends too, and the worker with it:
nobody has to be killed by name. Ctrl-C is heard here alone; what is running is then stopped and waited for.

Invariant: with one worker there is no process at all, and the results are the same.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from whosaw.errors import Unavailable

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

I = TypeVar("I")  # noqa: E741 - item
R = TypeVar("R")


class Each(Protocol):
    """``map``, with the items worked on wherever there is room."""

    def __call__(self, work: Callable[[I], R], items: Iterable[I], /) -> Generator[R, None, None]:
        """The result of `work` for each item, in order; the first error in that order is raised. `work` can be pickled.

        Whoever wants no more of them closes it before asking for anything else.
        """
        ...


def here(work: Callable[[I], R], items: Iterable[I]) -> Generator[R, None, None]:
    """All of it in this process."""
    yield from map(work, items)


def cores() -> int:
    """How many processes this one may use at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers(count: int, folder: Path | None = None) -> Iterator[Each]:
    """So many processes, which end with the block. `folder`: of temporary files; they remove it if this process dies."""
    if count < 2:
        yield here
        return
    team = _Team(count, folder)
    try:
        yield team.each
        team.dismiss()
    finally:
        team.stop()


class _Team:
    def __init__(self, count: int, folder: Path | None) -> None:
        # Imported here: most checks need no second process, and are quicker without.
        from multiprocessing import get_context

        # Not fork: whoever calls may have threads, and a fork copies their locks as they stand.
        context = get_context("spawn")
        self._processes: list[SpawnProcess] = []
        self._pipes: list[Connection] = []
        try:
            for _ in range(count):
                ours, theirs = context.Pipe()
                self._pipes.append(ours)
                process = context.Process(target=_serve, args=(theirs, folder), name="whosaw-verify", daemon=True)
                process.start()
                theirs.close()  # or the end of the process would not end the pipe
                self._processes.append(process)
        except BaseException:
            self.stop()
            raise

    def each(self, work: Callable[[I], R], items: Iterable[I]) -> Generator[R, None, None]:
        busy: dict[Connection, int] = {}
        try:
            yield from self._each(work, enumerate(items), busy)
        except BaseException:
            # Nobody wants the rest: given up, or one of them failed. What is on its way must not be taken for an answer to the
            # next question, nor written when its folder is gone.
            for pipe in busy:
                with suppress(Unavailable, OSError):
                    _received(pipe)
            raise

    def _each(self, work: Callable[[I], R], todo: Iterator[tuple[int, I]], busy: dict[Connection, int]) -> Iterator[R]:
        from multiprocessing.connection import wait

        idle, wanted = list(self._pipes), 0
        done: dict[int, Any] = {}
        while True:
            while idle and (item := next(todo, None)) is not None:
                pipe = idle.pop(0)
                busy[pipe] = item[0]
                _send(pipe, (work, item[1]))
            while wanted in done:
                answer = done.pop(wanted)
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
                wanted += 1
            if not busy:
                return
            for ready in wait(list(busy)):
                pipe = next(pipe for pipe in busy if pipe is ready)
                done[busy.pop(pipe)] = _received(pipe)
                idle.append(pipe)

    def dismiss(self) -> None:
        """Let them end by themselves."""
        for pipe in self._pipes:
            pipe.close()

    def stop(self) -> None:
        """End them now, those that work included, and wait until they are gone."""
        for process in self._processes:
            process.join(0.0 if any(not pipe.closed for pipe in self._pipes) else 5.0)
            if process.is_alive():
                process.terminate()
        for process in self._processes:
            process.join()
        for pipe in self._pipes:
            pipe.close()


def _send(pipe: Connection, message: object) -> None:
    try:
        pipe.send(message)
    except (BrokenPipeError, ConnectionResetError):
        raise _lost() from None


def _received(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, ConnectionResetError):
        raise _lost() from None


def _lost() -> Unavailable:
    return Unavailable(
        "a process that this check was shared with has ended before it was done",
        part="processes",
        hint="was it out of memory? --jobs 1 does everything in one process",
    )


def _serve(pipe: Connection, folder: Path | None) -> None:
    """A worker's life: take, do, answer, until nobody is there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            work, item = pipe.recv()
            try:
                answer = work(item)
            except Exception as error:  # noqa: BLE001 - raised again where the results are wanted
                answer = error
            pipe.send(answer)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def spans(end: int, each: int) -> Iterator[tuple[int, int]]:
    """``0 … end`` in pieces of `each`, one after the other: a log can sign any size."""
    return ((first, min(first + each, end)) for first in range(0, end, each))

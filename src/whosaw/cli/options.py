# SPDX-License-Identifier: Apache-2.0
"""Options that mean the same everywhere: where the data is, who asks, in which form to answer.

--data FOLDER   the data folder; else $WHOSAW_DATA, else ./whosaw-data
--as ID         the staff id of whoever asks, for the record; else $WHOSAW_PRINCIPAL, else the login name
--format FORM   table for people; json, jsonl, csv for machines
"""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from whosaw.cli.output import FORMATS, Table, render
from whosaw.errors import BadInput, Misconfigured, Unavailable
from whosaw.verify.progress import Progress
from whosaw.wiring import House, house

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Place(click.Path):
    """A path that a system can have at all. Whether something is there, and what, the commands say."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("not a name that a file can have", param, ctx)
        try:
            os.lstat(value)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ValueError) as error:
            self.fail(getattr(error, "strerror", None) or "not a name that a file can have", param, ctx)
        return super().convert(value, param, ctx)


def file_there(path: Path, hint: str) -> Path:
    """`path`, where something is that can be read as a file. Raises BadInput."""
    if not path.exists():
        raise BadInput("is not there", where=path.name or ".", hint=hint)
    if path.is_dir():
        raise BadInput("is a folder", where=path.name or ".", hint=hint)
    return path


def dataset_there(path: Path) -> Path:
    """`path`, where a folder is. Raises BadInput."""
    if not path.is_dir():
        what = "is no folder" if path.exists() else "is not there"
        raise BadInput(
            what, where=path.name or ".", hint="a dataset is a folder with dataset.json and looks: docs/dataset.md"
        )
    return path


class Together(click.UsageError):
    """What was given does not go together. The sentence is ours, and quotes nothing of it."""


DATA = Path("whosaw-data")


def again(data: Path) -> str:
    """What a suggested command must add to be about this data folder: nothing where it is the default."""
    return "" if data == DATA else f" --data {shlex.quote(str(data))}"


def same(data: Path) -> str:
    """The same, for a command that must also be typed as the one who typed this one: nothing where the login says it."""
    context = click.get_current_context()
    typed = context.get_parameter_source("asker") is ParameterSource.COMMANDLINE
    return (f" --as {shlex.quote(context.params['asker'])}" if typed else "") + again(data)


def data_option(command: _Command) -> _Command:
    return click.option(
        "--data",
        type=Place(),
        default=DATA,
        envvar="WHOSAW_DATA",
        show_default=True,
        help="The data folder.",
    )(command)


def origin_option(command: _Command) -> _Command:
    return click.option(
        "--origin",
        required=True,
        metavar="NAME",
        help="Name of the log: a host you own, a slash, a word. Never changes.",
    )(command)


def opened(data: Path) -> AbstractContextManager[House]:
    """The data folder, open. Witnesses are asked first; `whosaw --start-unwitnessed REASON …` goes on without them."""
    return house(data, unwitnessed=click.get_current_context().find_root().params.get("start_unwitnessed"))


def format_option(command: _Command) -> _Command:
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="For people, or for machines.",
    )(command)


def asker_option(command: _Command) -> _Command:
    return click.option(
        "--as",
        "asker",
        envvar="WHOSAW_PRINCIPAL",
        default=_login,
        metavar="ID",
        help="Staff id of whoever asks; it is recorded. Without it: the login name.",
    )(command)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise Misconfigured("nobody knows who is asking", setting="--as", hint="give --as ID") from None


class Left(Exception):
    """Whoever read our output has left. No OSError: Click answers those itself, with an exit code that means another thing."""


def say(table: Table, form: str) -> None:
    """Print an answer. Raises Left, and Unavailable where it cannot be printed: what was asked for is done all the same."""
    try:
        sys.stdout.write(render(table, form))
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer goes nowhere, or the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise Left from None
        raise Unavailable(
            f"the answer could not be printed: {error.strerror}",
            part="stdout",
            hint="what was asked for is done, and on record; whosaw journal status tells how far the log is",
        ) from None


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for what takes more than two seconds; call what it gives with (done, total)."""
    bar = Progress(sys.stderr, what)
    try:
        yield bar.at
    finally:
        bar.close()


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """The same for work in several walks: call what it gives with (what, done, total), and each walk has a bar of its own."""
    now: list[tuple[str, Progress]] = []

    def at(what: str, done: int, total: int) -> None:
        if not now or now[0][0] != what:
            _wiped(now)
            now.append((what, Progress(sys.stderr, what)))
        now[0][1].at(done, total)

    try:
        yield at
    finally:
        _wiped(now)


def _wiped(now: list[tuple[str, Progress]]) -> None:
    while now:
        now.pop()[1].close()

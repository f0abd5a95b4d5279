# SPDX-License-Identifier: Apache-2.0
"""What Click says of a wrong command line, in our words.

    click.ClickException ──▶ BadInput: which option or argument, never what was typed in its place

Click quotes what it does not understand. That can be an account id, put one place too far, and errors end in logs.
"""

from __future__ import annotations

from typing import Any

import click

from whosaw.cli.options import Place, Together
from whosaw.errors import BadInput


def told(error: click.ClickException) -> BadInput:
    """The same error, without a word that was typed."""
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path if context else 'whosaw'} --help"
    return BadInput(_sentence(error).rstrip("."), hint=hint)


def _sentence(error: click.ClickException) -> str:
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return "say what is to be done"
        case Together():
            return error.message
        case click.MissingParameter() | click.BadOptionUsage() | click.BadArgumentUsage():
            return " ".join(error.format_message().split())  # Click puts each choice on a line
        case click.BadParameter():
            return _wrong(error)
        case click.NoSuchOption():
            known = f"; there is {', '.join(sorted(error.possibilities))}" if error.possibilities else ""
            return f"there is no such option{known}"
        case _:
            return "there is no such command, or more was given than it takes"


def _wrong(error: click.BadParameter) -> str:
    param = error.param
    name = param.get_error_hint(error.ctx).strip("'") if param is not None else "an argument"
    if param is not None and isinstance(param.type, click.Choice):
        return f"{name} is one of: {', '.join(map(str, param.type.choices))}"
    if param is not None and isinstance(param.type, Place):
        return f"{name}: {error.message}"
    return f"{name} {_takes(param.type)}" if param is not None else f"{name} has a value that cannot be used"


def _takes(kind: click.ParamType[Any]) -> str:
    """What an option of this type takes."""
    match kind:
        case click.types.IntParamType():
            return f"takes a whole number{_between(kind)}"
        case click.types.FloatParamType():
            return f"takes a number{_between(kind)}"
        case _ if hasattr(kind, "takes"):
            return f"takes {kind.takes}"
        case _:
            return "has a value that cannot be used"


def _between(kind: click.ParamType[Any]) -> str:
    if not isinstance(kind, (click.IntRange, click.FloatRange)):
        return ""
    low = "" if kind.min is None else f", {'more than' if kind.min_open else 'at least'} {kind.min:,}"
    high = "" if kind.max is None else f", {'less than' if kind.max_open else 'at most'} {kind.max:,}"
    return low + high

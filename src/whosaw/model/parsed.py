# SPDX-License-Identifier: Apache-2.0
"""What a field of a parsed record is, where it is of one kind only.

    value["why"] ──texts_of──▶ ("handed-over",)        anything else ──▶ TypeError

Invariant: nothing is made into another kind; whoever decodes makes its own error of the TypeError.
"""

from __future__ import annotations

from whosaw.model.record import Json


def text_of(value: Json) -> str:
    """A text."""
    if type(value) is not str:
        raise TypeError("not a text")
    return value


def texts_of(value: Json) -> tuple[str, ...]:
    """A list of texts."""
    if type(value) is not list:
        raise TypeError("not a list")
    return tuple(map(text_of, value))


def count_of(value: Json) -> int:
    """A number from 0."""
    # `true` is an int in Python.
    if type(value) is not int or value < 0:
        raise TypeError("not a count")
    return value

# SPDX-License-Identifier: Apache-2.0
"""The tree of errors and its one table of answers."""

import re

from whosaw import errors
from whosaw.errors import EXIT, WhosawError


def test_every_error_has_exactly_one_answer():
    """An error without an exit code would crash the command that meets it."""
    assert EXIT.keys() == set(WhosawError.__subclasses__())


def test_the_drawing_shows_every_error():
    """The tree drawn in the module is the tree in the code."""
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    assert drawn == {e.__name__ for e in WhosawError.__subclasses__()}


def test_a_where_stands_before_the_sentence():
    """Bad input says where first, so that a terminal's click finds the place."""
    assert str(errors.BadInput("no such column", where="staff.csv:3")) == "staff.csv:3: no such column"
    assert str(errors.NotCanonical("not decimal")) == "not decimal"

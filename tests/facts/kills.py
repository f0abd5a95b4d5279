# SPDX-License-Identifier: Apache-2.0
"""A death at any write: the n-th call that makes something durable, or visible, or gone, does not come back.

with dying(4, after=True) as died:    the first three are done, the fourth too, and then nothing any more
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


class Died(BaseException):
    """No Exception: nothing may catch it and go on."""


@dataclass
class Writes:
    """`done`: how many calls there were; `died`: one of them was the last."""

    done: int = 0
    died: bool = False


@contextmanager
def dying(last: int | None, *, after: bool) -> Iterator[Writes]:
    """Die at write `last`, counted from 0: before it happens, or `after` it. None: live on, and count."""
    writes = Writes()

    def mortal(call):
        def called(*args, **kwargs):
            if writes.died:
                raise Died  # a dead process cleans nothing up either
            here = writes.done == last
            writes.done += 1
            if not here:
                return call(*args, **kwargs)
            writes.died = True
            if after:
                call(*args, **kwargs)
            raise Died

        return called

    with pytest.MonkeyPatch.context() as patch:
        for where, name in ((os, "fsync"), (Path, "rename"), (Path, "unlink"), (os, "replace")):
            patch.setattr(where, name, mortal(getattr(where, name)))
        try:
            yield writes
        except Died:
            pass

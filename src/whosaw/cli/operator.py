# SPDX-License-Identifier: Apache-2.0
"""Who asks at the command line: a login of this machine that is one member of staff, or whoever it was typed to be.

    [local] operators   login ──the process's own──▶ staff id == what was typed ──▶ Caller(local, speaks: false)
                                                                 └ another: refused, on record
    without             what was typed ──▶ Caller(local, speaks: true)

Whoever opens the folder holds its keys, so this keeps nobody from anything. It keeps the record from saying more than is known.
                                                                    Decided in: docs/adr/0113
"""

from __future__ import annotations

import os
import secrets

from whosaw.api.callers.record import refused_body
from whosaw.errors import BadInput
from whosaw.journal.submission import Record, Submission
from whosaw.model.caller import Caller, Proof
from whosaw.model.record import Stream
from whosaw.settings.callers import LocalSettings, operators
from whosaw.wiring import House

LOCAL = "local"


class NotTheirs(Exception):
    """Somebody asked as somebody else. It is an answer and no error: on record at `leaf`, exit code 4."""

    def __init__(self, leaf: int) -> None:
        super().__init__("whosaw.toml says who asks from this login, and it is not who was named")
        self.leaf = leaf


def local(here: House, said: str, typed: str | None = None) -> Caller:
    """The caller of what is typed for `said`, by the login `typed` or that of this process. Raises NotTheirs, on record."""
    known = operators(here.settings.local)
    if not known:
        return Caller(LOCAL, Proof.LOCAL, speaks=True)
    own = known.get(login() if typed is None else typed)
    if own == said:
        return Caller(LOCAL, Proof.LOCAL, speaks=False)
    body = refused_body(
        LOCAL, Proof.LOCAL, "no-operator" if own is None else "contradicts",
        principal=None if own is None else here.pseudonyms.principal(own), said=_pseudonym(here, said), at=here.clock(),
    )  # fmt: skip
    record = Record(Stream.named("admin"), body)
    recorded = here.journal.submit(Submission("callers/refused", secrets.token_hex(16), (record,)))
    raise NotTheirs(recorded.leaves[-1].index)


def is_own(said: LocalSettings, staff: str) -> bool:
    """Whether nothing speaks against it that whoever typed this is `staff`."""
    known = operators(said)
    return not known or known.get(login()) == staff


def login() -> str:
    """The login that this process runs as. Not from the environment: LOGNAME is whatever somebody wrote there."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return ""


def _pseudonym(here: House, said: str) -> str | None:
    try:
        return here.pseudonyms.principal(said)
    except BadInput:
        return None

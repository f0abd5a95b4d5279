# SPDX-License-Identifier: Apache-2.0
"""The token of a system: from the environment, or from a file that nobody else may read. Read at each question.

A token that is not there is a system that cannot be asked: every look under its cases is refused, and everything else
goes on. Whoever rotates a token writes the file anew and restarts nothing.

Invariant: a token is in no message, no record and no table.
"""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from whosaw.errors import Unavailable
from whosaw.settings.tickets import TicketSettings
from whosaw.tickets.ports import silent

_LONGEST = 4096
GITHUB_VERSION = "2022-11-28"


def read_token(settings: TicketSettings, folder: Path, environ: Mapping[str, str]) -> str:
    """The token. Raises Unavailable where there is none, or where others could have read it."""
    found = environ.get(settings.token_env, "") if settings.token_env else _from_file(folder / settings.token_file)
    token = found.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise silent("its token is not where the settings say")
    return token


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode) or state.st_mode & 0o077 or state.st_uid != os.geteuid():
                raise _open_to_others()
            return file.read(_LONGEST).decode("ascii", errors="replace")
    except OSError as error:
        raise silent(f"the file of its token cannot be read ({type(error).__name__})") from None


def _open_to_others() -> Unavailable:
    return silent("the file of its token is not ours alone: chmod 600, and owned by whoever runs this")


def proof(settings: TicketSettings, token: str) -> Mapping[str, str]:
    """The headers by which a system of this kind knows us."""
    match settings.kind:
        case "gitlab":
            return {"PRIVATE-TOKEN": token}
        case "github":
            return {
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": GITHUB_VERSION,
            }
        case "zendesk" if settings.account:
            return _basic(f"{settings.account}/token", token)
        case "jira" if settings.account:
            return _basic(settings.account, token)
    return {"Authorization": f"Bearer {token}"}


def _basic(name: str, token: str) -> Mapping[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{token}'.encode()).decode()}"}

# SPDX-License-Identifier: Apache-2.0
"""The table [api]: how the gate is known to the tools that ask it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from whosaw.errors import Misconfigured

_URL = re.compile(r"https://[a-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~-]{1,100}){0,8}")


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The gate over HTTP."""

    url: str = field(
        default="",
        metadata={
            "doc": "How tools reach the gate, `https://HOST`, as its metadata names it; empty: the host that was asked."
        },
    )


def check_api(said: ApiSettings) -> None:
    """Raises Misconfigured."""
    if said.url and not _URL.fullmatch(said.url):
        raise Misconfigured(
            "'api.url' is no address of a gate",
            setting="api.url",
            hint='for example url = "https://gate.example.org"; small letters, no slash at the end, no query',
        )

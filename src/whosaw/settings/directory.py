# SPDX-License-Identifier: Apache-2.0
"""What is known of staff and cases, and for how long a source's word counts: the table [directory].

stale_after_h        tables that are loaded       scim_stale_after_h   an identity provider
scim_principal       which of its attributes is the staff id that tools know                Use: docs/directory.md
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whosaw.errors import Misconfigured

SCIM_PRINCIPALS = ("userName", "externalId", "employeeNumber")


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """What is known of staff and cases."""

    stale_after_h: int = field(
        default=24,
        metadata={
            "doc": "A directory confirmed longer ago than so many hours forbids every look, 1 to 720. Each source of tables counts for itself.",
            "range": (1, 720),
        },
    )
    scim_stale_after_h: int = field(
        default=24,
        metadata={
            "doc": "The same of an identity provider: heard of longer ago than so many hours, it forbids every look, 1 to 720.",
            "range": (1, 720),
        },
    )
    scim_principal: str = field(
        default="userName",
        metadata={
            "doc": "Which attribute of SCIM is the staff id that tools know: `userName`, `externalId` or `employeeNumber`."
        },
    )


def check_directory(settings: DirectorySettings, where: str) -> None:
    """Raises Misconfigured."""
    if settings.scim_principal not in SCIM_PRINCIPALS:
        raise Misconfigured(
            f"{where}: 'directory.scim_principal' is one of {', '.join(SCIM_PRINCIPALS)}",
            setting="directory.scim_principal",
        )

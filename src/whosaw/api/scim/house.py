# SPDX-License-Identifier: Apache-2.0
"""The identity provider's endpoints of a house: which part of it they get.

House ──▶ scim_app ──▶ mounted by `whosaw serve` at `/scim/v2/`
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime

from whosaw.api.scim.app import ScimApp
from whosaw.api.scim.desk import ScimDesk
from whosaw.api.scim.token import admits
from whosaw.directory.ports import Departed
from whosaw.guard.approvals.use import settle
from whosaw.privacy.resources import Resources
from whosaw.wiring import House


def scim_app(here: House, departed: Sequence[Departed] = (), random: Callable[[int], bytes] = os.urandom) -> ScimApp:
    """The ASGI application. Approvals hear of who left; `departed`: who else is told, after they are refused already."""

    def void(principal: str, at: datetime) -> None:
        del principal, at
        settle(here.approvals)  # reads who is not here any more, and ends what they asked for or signed

    return ScimApp(scim_desk(here, [void, *departed], random), admits(here.folder))


def scim_desk(here: House, departed: Sequence[Departed] = (), random: Callable[[int], bytes] = os.urandom) -> ScimDesk:
    attribute = here.settings.directory.scim_principal
    return ScimDesk(
        here.changes, here.pseudonyms, Resources(here.root, random), departed, attribute=attribute, random=random
    )

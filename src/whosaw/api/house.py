# SPDX-License-Identifier: Apache-2.0
"""The application of an open house: which part of it each endpoint gets.

    House ─▶ guard ─▶ Guarded, Looks        Door ─▶ admit        health, metrics ─▶ two paths

Here is the one place where the engine is the guard; the fixture's is ``cli.serve``, and they have nothing in common but the port.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from whosaw.api.app import Parts
from whosaw.api.callers.door import Door
from whosaw.api.counts import COUNTS, Counting
from whosaw.api.edge import App
from whosaw.api.endpoint import Handler
from whosaw.api.guarded import Guarded
from whosaw.api.lane import Lane
from whosaw.api.looks import Looks
from whosaw.api.nudges import ANSWER, QUESTIONS, Nudges
from whosaw.api.pseudonyms import BEHIND, PSEUDONYMS, Pseudonyms
from whosaw.guard.health import OK
from whosaw.guard.search import Searches
from whosaw.reviewing import nudge_desk
from whosaw.wiring import House


def parts_of(
    here: House,
    door: Door,
    lane: Lane,
    url: str,
    *,
    health: Callable[[], Mapping[str, str]],
    metrics: Callable[[], bytes],
    mounted: Mapping[str, App],
) -> Parts:
    """What the application of `here` is made of. `health` and `metrics`: of the house; the door has its own of both."""
    searches = Searches(
        journal=here.journal, policy=here.policy, remember=here.names.remember, clock=here.clock, random=os.urandom
    )

    def whole() -> Mapping[str, str]:
        return {**health(), **{part: said or OK for part, said in door.health().items()}}

    return Parts(
        engine=Guarded(here.guard, searches, here.policy.purposes),
        callers=door.admit,
        lane=lane,
        url=here.settings.api.url or url,
        health=whole,
        metrics=lambda: metrics() + door.metrics(),
        look=Looks(here.guard.look_async, here.witnessed).look,
        calls=_calls(here),
        mounted=mounted,
        named=bool(here.settings.api.url),
    )


def _calls(here: House) -> Mapping[str, Handler]:
    """What is asked of the other desks, by path."""
    nudges = Nudges(nudge_desk(here))
    pseudonyms = Pseudonyms(here.pseudonymiser, here.guard, here.settings.pseudonyms.batch)
    return {
        PSEUDONYMS: pseudonyms.pseudonyms,
        BEHIND: pseudonyms.behind,
        COUNTS: Counting(here.counts, here.clock).counts,
        QUESTIONS: nudges.questions,
        ANSWER: nudges.answer,
    }

# SPDX-License-Identifier: Apache-2.0
"""The gate as `whosaw serve` serves it, for the benchmark: every caller is let in, as the peer lets in everybody.

python -m bench.guard_serve DATA PORT
"""

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.town import town

from whosaw.api import serving
from whosaw.api.app import Parts, application
from whosaw.api.guarded import Guarded
from whosaw.api.lane import Lane
from whosaw.api.looks import Looks
from whosaw.guard.search import Searches
from whosaw.model.caller import Caller, Proof

_TOOL = Caller("bench", Proof.LOCAL, speaks=True)


class Anybody:
    """A tool that says who looks."""

    sees_admin = False

    def looker(self, said: str | None, _purpose: str | None) -> tuple[str, Caller]:
        return said or "agent", _TOOL


def main(data: Path, port: int) -> None:
    """Serve until SIGTERM."""
    with town(data) as here, closing(serving.listening(f"127.0.0.1:{port}")) as line, Lane() as lane:
        searches = Searches(
            journal=here.journal, policy=here.policy, remember=here.names.remember, clock=here.clock, random=bytes
        )
        parts = Parts(
            engine=Guarded(here.guard, searches, here.policy.purposes), callers=_anybody, lane=lane,
            url=f"http://127.0.0.1:{port}", health=dict, look=Looks(here.guard.look_async, witnessed=False).look,
        )  # fmt: skip
        serving.serve(application(parts), line, {}, lambda: None)


def _anybody(_scope: Any) -> Anybody:
    return Anybody()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

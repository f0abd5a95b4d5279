# SPDX-License-Identifier: Apache-2.0
"""Where a log keeps what its witnesses said: ``ports.Keep`` in the private folder.

private/witness/state.json, map-state.json    how it stands with each, for either log; replaced again and again
private/witness/fork-<digest>.json            two checkpoints that no one log has: kept for good
private/witness/claim-<digest>.json           what was only claimed: 64 of them, or a bad witness would fill the disk
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from whosaw.errors import Contradiction, Unavailable
from whosaw.journal.ports import Folder
from whosaw.witness.state import Standing

FOLDER = "witness"
STATE, MAP_STATE = f"{FOLDER}/state.json", f"{FOLDER}/map-state.json"
CLAIMS = 64


@dataclass(frozen=True, slots=True)
class KeptInFolder:
    """``ports.Keep`` on a folder. `place`: where the state stands; evidence of both logs lies together."""

    private: Folder
    place: str = STATE

    def evidence(self, kind: str, raw: bytes) -> str:
        name = f"{FOLDER}/{kind}-{sha256(raw).hexdigest()[:16]}.json"
        claims = [each for each in self.private.names(FOLDER) if each.startswith(f"{FOLDER}/claim-")]
        if kind == "claim" and name not in claims and len(claims) >= CLAIMS:
            raise Unavailable(
                f"{CLAIMS} claims are kept already", part=FOLDER, hint=f"move them out of private/{FOLDER}"
            )
        try:
            self.private.create_or_compare([(name, raw)])
        except Contradiction as error:
            raise Unavailable(str(error), part=FOLDER) from error
        return f"private/{name}"

    def state(self, raw: bytes) -> None:
        self.private.replace(self.place, raw)


def standing(private: Folder, place: str = STATE) -> Standing | None:
    """How it stood with the witnesses when that was last written; None before. Raises NotCanonical, Unavailable."""
    raw = private.read(place)
    return None if raw is None else Standing.parse(raw, f"private/{place}")

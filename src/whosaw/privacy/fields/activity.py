# SPDX-License-Identifier: Apache-2.0
"""What somebody did, and when: day < hour < exact.

{"at":"2026-11-22T10:15:30Z","what":"signed in"}  ──hour──▶  {"hour":"2026-11-22T10"}
"""

from __future__ import annotations

from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import moment, parts, structured, text

_DAY, _HOUR = len("2026-11-22"), len("2026-11-22T10")

KIND = structured(
    "activity",
    {
        Rung("day", "the day on which there was some", Seen.DAY): lambda whole: {"day": whole["at"][:_DAY]},
        Rung("hour", "and the hour", Seen.HOUR): lambda whole: {"hour": whole["at"][:_HOUR]},
    },
    schema=parts({"at": moment, "what": text}, {"about": text, "result": text}),
    example='{"at":"2026-11-22T10:15:30Z","what":"signed in"}',
)

# SPDX-License-Identifier: Apache-2.0
"""What somebody wrote and was written: count < times < metadata < exact.

{"messages":[{"at":"2026-11-22T10:15:30Z","from":"mira","text":"…","to":["owen"]}]}

times     the hour of each              metadata     the second, who to whom, how long
"""

from __future__ import annotations

from whosaw.model.record import Json
from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import Parts, each, long_text, moment, parts, structured, text

HOUR = len("2026-11-22T10")


def _times(whole: Parts) -> Json:
    # In the order of time, not of the list: the order would tell what belongs to which conversation.
    return {"hours": sorted(one["at"][:HOUR] for one in whole["messages"])}


def _metadata(whole: Parts) -> Json:
    return {
        "messages": [
            {"at": one["at"], "from": one["from"], "length": len(one["text"]), "to": one["to"]}
            for one in whole["messages"]
        ]
    }


KIND = structured(
    "messages",
    {
        Rung("count", "how many", Seen.DAY): lambda whole: {"count": len(whole["messages"])},
        Rung("times", "and in which hour each was sent", Seen.HOUR): _times,
        Rung("metadata", "and who wrote to whom, when, and how much", Seen.HOUR): _metadata,
    },
    schema=parts({"messages": each(parts({"at": moment, "from": text, "to": each(text), "text": long_text}))}),
    example='{"messages":[{"at":"2026-11-22T10:15:30Z","from":"mira","text":"Hello","to":["owen"]}]}',
)

# SPDX-License-Identifier: Apache-2.0
"""The question itself, in a sentence: to the one who looked, at whichever desk they are asked. Nobody is named in it."""

from __future__ import annotations

from datetime import datetime

from whosaw.facts.columns import instant
from whosaw.nudge.answer import Told

FAIR = (
    "Who is asked is chosen by rules that are the same for everybody, and by lot. To be asked is no suspicion, and to answer is no "
    "acquittal; the answer is on record."
)


def question(told: Told) -> str:
    """What the one who looked is asked. The person is not named: whoever looked knows the look by its id."""
    look = told.look
    if look is None:
        return "The look is erased; nothing is left to ask about, and no answer is needed."
    did = "asked to look at" if look.refused else "looked at"
    fields = ", ".join(sorted(f"{each.field}:{each.detail}" for each in look.looked.asked)) or "data"
    app = f" in {look.app}" if look.app else ""
    purpose = f", for {look.looked.purpose}" if look.looked.purpose else ""
    case = f"under case {look.looked.case}" if look.looked.case else "with no case"
    return f"On {moment(instant(look.looked.t))} you {did} {fields} of one person{app}{purpose}, {case}. What for?"


def moment(at: datetime) -> str:
    """`3 July 2026 at 09:14 UTC`."""
    return f"{at.day} {at:%B %Y at %H:%M} UTC"

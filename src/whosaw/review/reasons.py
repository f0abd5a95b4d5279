# SPDX-License-Identifier: Apache-2.0
"""Why somebody may not do something with a finding: codes of a review, beside those of ``policy.independence``.

Codes are recorded for good; they may be added, never reused. Sentences name nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

from whosaw.policy.independence import Reason

REASONS: Mapping[str, str] = {
    "approved-for-named": "Since a month before the first look the one who reviews approved for one of those named, or one of them for the "
    "one who reviews.",
    "approved-look": "The one who reviews approved one of these looks.",
    "for-overseer": "No unit here is apart from those named: the finding is for the overseer.",
    "not-a-reviewer": "The one who reviews is of no function that reviews findings, and nobody assigned it to them.",
    "not-now": "In the state that the finding is in, this cannot be done.",
    "another-has-it": "Another has this finding.",
    "not-for-overseer": "The finding is for a unit here, and no overseer has to rule about it.",
    "overseer-confirms": "Those named control others, so an overseer has the last word.",
    "own-unit": "The one who asks is, or was, of the unit that the rule is about, or above or below somebody of it.",
    "unit-controls": "The unit has, or had, people who review, audit or administer; no rule hides findings about it.",
    "unit-too-small": "The unit has so few people that the rule would be about one of them; or there is no such unit.",
    "same-person": "A second has to be another than the one who resolved it.",
    "not-independent": "The second is not independent of the one who resolved it.",
}


def sentence(code: str) -> str:
    """What the code says, whichever list it is of."""
    return REASONS.get(code) or Reason(code).sentence

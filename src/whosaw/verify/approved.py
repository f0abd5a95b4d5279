# SPDX-License-Identifier: Apache-2.0
"""A step of its own: the approvals in a person's looks, where there are any, and what no check of them can show."""

from __future__ import annotations

from collections.abc import Mapping

from whosaw.model.look_body import LookBody
from whosaw.verify.approval import Checked, Once, check_approvals
from whosaw.verify.folder import Audit
from whosaw.verify.steps import Said, Steps
from whosaw.verify.words import counted

TITLE = "The approvals were signed for these looks"

Approved = Mapping[int, tuple[Checked, ...]]
"""What holds of the approvals, by the index of the look's leaf."""


def take_approvals(looks: Mapping[int, LookBody], audit: Audit, steps: Steps) -> Approved:
    """Check every approval in `looks`, by the index of their leaves. Nothing, and no step, where there is none."""
    if not any(look.approvals for look in looks.values()):
        return {}
    steps.cannot_know.append(
        "whether those who approved were independent of the one who looked: that was computed from the house's directory"
    )
    if audit.overseers is None:
        steps.cannot_know.append("whose key an overseer's is: ask the overseer for it, and give --overseer")
    return steps.take(TITLE, lambda said: _check(looks, audit, said)) or {}


def _check(looks: Mapping[int, LookBody], audit: Audit, said: Said) -> Approved:
    once, found = Once(), {}
    for index, look in sorted(looks.items()):
        found[index] = check_approvals(look, audit.overseers, f"leaf {index}")
        once.take(look, f"leaf {index}")
    number = sum(map(len, found.values()))
    said.count("approvals", number)
    said.say(f"{counted(number, 'approval')}: each was signed for exactly the look in whose record it stands,")
    said.say("and none that is good for one look was used by two.")
    return found

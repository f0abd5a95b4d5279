# SPDX-License-Identifier: Apache-2.0
"""The words of a review: in which state a finding is, how it ended, and why. All closed lists.

    state       open ──assign──▶ assigned ──take──▶ in_review ──resolve──▶ closed ──reopen, again──▶ reopened ──▶ …
                                                       ▲         └ for two ─▶ second ──confirm──▶ closed
                                                       └──────────return───────┘
    resolution  apart from it: justified · policy_gap · misuse · inconclusive · data_error
    because     codes, each of one resolution; beside them a note, which no record holds

Invariant: no word here says anything of a person, so all of them may stand in a record that nobody can erase.
                                                                        Design: docs/adr/0163, docs/adr/0164
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a finding is. `reopened` is `open` for one that was closed before."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IN_REVIEW = "in_review"
    SECOND = "second"  # resolved by one, and waits for another
    CLOSED = "closed"
    REOPENED = "reopened"


class Resolution(StrEnum):
    """How it ended."""

    JUSTIFIED = "justified"
    POLICY_GAP = "policy_gap"
    MISUSE = "misuse"
    INCONCLUSIVE = "inconclusive"
    DATA_ERROR = "data_error"


class What(StrEnum):
    """What somebody did with a finding."""

    OPENED = "opened"  # read it; changes nothing
    ASSIGN = "assign"
    TAKE = "take"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    RETURN = "return"
    RULE = "rule"  # an overseer, with a signature of theirs
    REOPEN = "reopen"
    AGAIN = "again"  # the detectors found it again, with more than was there when it was closed


RESOLUTIONS: Mapping[Resolution, str] = {
    Resolution.JUSTIFIED: "the looks were work",
    Resolution.POLICY_GAP: "the looks were allowed, or had no reason on file, through a gap in rules, reasons or access",
    Resolution.MISUSE: "the looks were no work",
    Resolution.INCONCLUSIVE: "nobody can say",
    Resolution.DATA_ERROR: "the log or the directory was wrong",
}

_WHY: Mapping[Resolution, Mapping[str, str]] = {
    Resolution.JUSTIFIED: {
        "case-found": "A case covers the looks, and those who keep it say so.",
        "handed-over": "The work was handed over, and the one who handed it over says so.",
        "mandate": "A mandate covers the looks; it should be declared.",
        "standing-work": "It is the standing work of those who looked; a reason should be declared.",
    },
    Resolution.POLICY_GAP: {
        "reason-undeclared": "A lawful reason is declared nowhere.",
        "purpose-too-wide": "The purpose allows more than it needs.",
        "access-too-wide": "More people can look than need to.",
    },
    Resolution.MISUSE: {
        "no-work-reason": "Those who looked were heard and have no reason in their work.",
        "false-reason": "The reason that was given is not true.",
        "passed-on": "What was seen was passed on or used.",
    },
    Resolution.INCONCLUSIVE: {
        "not-to-be-heard": "Those who looked cannot be heard.",
        "records-missing": "Records that would tell are missing.",
        "word-against-word": "What is said cannot be held against anything.",
    },
    Resolution.DATA_ERROR: {
        "wrong-account": "The looks were recorded for somebody else.",
        "wrong-directory": "The directory did not say what was so.",
        "doubled": "One look was recorded as several.",
        "wrong-time": "The times of the looks or of a case are wrong.",
    },
}

_OTHER: Mapping[What, Mapping[str, str]] = {
    What.RETURN: {
        "not-shown": "What was found does not show it.",
        "not-heard": "Those who looked were not heard.",
        "another-resolution": "It shows something else.",
    },
    What.REOPEN: {
        "new-evidence": "Something new is known.",
        "person-asked": "A person asked about a look.",
        "overseer-asked": "An overseer asked for it.",
        "mistaken": "It was resolved by mistake.",
    },
}

WHY: Mapping[str, str] = {code: said for group in (*_WHY.values(), *_OTHER.values()) for code, said in group.items()}


def reasons_for(what: What, resolution: Resolution | None = None) -> Mapping[str, str]:
    """The codes that such a step may give: one at least, where there are any."""
    return _WHY[resolution] if resolution is not None else _OTHER.get(what, {})

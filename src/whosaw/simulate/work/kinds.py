# SPDX-License-Identifier: Apache-2.0
"""Kinds of cases: who works on them, for what, how long, with which looks; each a line.

steps: what is looked at first, and what later; `tail`: more looks than usual, with a heavy tail
"""

from __future__ import annotations

from dataclasses import dataclass

from whosaw.simulate.work.rows import mask

SEARCH, PROFILE = (1, mask("profile"), 1), (0, mask("profile"), 2)


@dataclass(frozen=True, slots=True)
class Kind:
    """`steps`: mode, fields, detail (1 coarse, 2 exact), from the first look on; the last is repeated."""

    type: str
    function: str
    purpose: int
    share: float
    opener: str  # portal, engine, person: the person itself through the portal; else a function whose somebody opens it
    looks: float
    days: float
    linked: float  # of the looks go to somebody tied to the person …
    named: float  # … of whom so many are named in the case
    steps: tuple[tuple[int, int, int], ...]
    approved: float = 0.0


def _steps(*masks: int, detail: int = 2) -> tuple[tuple[int, int, int], ...]:
    return (SEARCH, PROFILE, *((0, each, detail) for each in masks))


_DEVICE, _IP, _PAY = mask("device"), mask("ip"), mask("payment")
_EXPORT = (2, mask("profile", "activity", "messages"), 2)
_ACT, _MSG, _CON, _LOC = mask("activity"), mask("messages"), mask("contacts"), mask("location")

KINDS: tuple[Kind, ...] = (
    Kind("support_request", "support", 0, 0.72, "person", 3.6, 2.5, 0.02, 0.6, _steps(_DEVICE, _ACT, detail=1)),
    Kind(
        "account_recovery", "support", 0, 0.2, "person", 4.5, 3, 0.06, 0.6, _steps(_DEVICE, _IP | _LOC, _ACT, detail=1)
    ),
    Kind("subject_request", "support", 0, 0.08, "person", 6.0, 12, 0.01, 0.5, _steps(_ACT, _DEVICE | _LOC, _MSG)),
    Kind("fraud_report", "fraud", 3, 0.5, "engine", 6.0, 6, 0.3, 0.85, _steps(_IP, _DEVICE | _IP, _PAY, _ACT)),
    Kind("account_takeover", "fraud", 3, 0.3, "support", 7.0, 4, 0.2, 0.85, _steps(_IP | _LOC, _DEVICE, _ACT)),
    Kind("chargeback", "fraud", 3, 0.2, "engine", 4.5, 8, 0.08, 0.8, _steps(_PAY, _PAY | _ACT)),
    Kind("safety_report", "safety", 2, 0.6, "portal", 4.5, 4, 0.22, 0.92, _steps(_MSG, _CON, _MSG | _CON)),
    Kind("abuse_report", "safety", 2, 0.4, "portal", 6.5, 7, 0.3, 0.92, _steps(_MSG, _MSG | _LOC, _CON, _IP)),
    Kind(
        "legal_demand",
        "legal",
        4,
        0.85,
        "admin",
        9.0,
        20,
        0.12,
        0.8,
        (*_steps(_ACT | _IP, _MSG), _EXPORT, *_steps(_PAY)[2:]),
        0.9,
    ),
    Kind(
        "legal_hold",
        "legal",
        4,
        0.15,
        "executive",
        12.0,
        60,
        0.4,
        0.85,
        (*_steps(_ACT | _IP), _EXPORT, *_steps(_MSG)[2:]),
        0.9,
    ),
    Kind("audit_mandate", "audit", 7, 0.1, "executive", 14.0, 40, 0.5, 0.9, _steps(_ACT, _ACT | _LOC), 0.9),
    Kind("internal_inquiry", "audit", 7, 0.3, "executive", 7.0, 25, 0.05, 0.8, _steps(_ACT), 0.5),
    Kind("quality_sample", "audit", 6, 0.7, "engine", 4.0, 6, 0.0, 0.0, _steps(_MSG, detail=1)),
    Kind("incident", "security", 5, 1.0, "engineering", 8.0, 5, 0.22, 0.85, _steps(_IP, _IP | _DEVICE, _DEVICE), 0.6),
    Kind("bug_report", "engineering", 1, 0.75, "support", 4.5, 7, 0.04, 0.6, _steps(_DEVICE, _ACT, detail=1)),
    Kind("outage", "engineering", 1, 0.25, "operations", 7.0, 2, 0.03, 0.6, _steps(_DEVICE | _IP, _ACT, detail=1)),
    Kind("service_repair", "operations", 1, 0.7, "support", 3.5, 3, 0.03, 0.6, _steps(_DEVICE, _ACT, detail=1)),
    Kind("quality_sample", "operations", 6, 0.3, "engine", 3.5, 5, 0.0, 0.0, _steps(_MSG, detail=1)),
    Kind("quality_sample", "data", 6, 1.0, "engine", 3.0, 8, 0.0, 0.0, _steps(_ACT, detail=1)),
    Kind("press_inquiry", "comms", 0, 1.0, "portal", 3.0, 5, 0.02, 0.6, _steps(_ACT, detail=1)),
    Kind("escalation", "executive", 0, 1.0, "support", 2.5, 8, 0.02, 0.6, _steps(_ACT, detail=1)),
    Kind("subject_request", "admin", 0, 1.0, "person", 3.5, 12, 0.02, 0.6, _steps(_ACT, detail=1)),
)
TYPES = tuple(dict.fromkeys(kind.type for kind in KINDS))


def of(function: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind.function == function)

# SPDX-License-Identifier: Apache-2.0
"""What the detectors found, without a person: findings keep their numbers, and one that rested on nobody else is gone.

Pure. Sentences name nobody; numbers in them are what was counted then.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from whosaw.detect.finding import Finding, Findings


def without(findings: Findings, person: str, looks: AbstractSet[str]) -> Findings:
    """The same without `person` (a pseudonym) and the `looks` at them (look ids). A bulk look stays as long as others do. What is
    left is on record when the next watch has written it.
    """
    left = (_without(finding, person, looks) for finding in findings.findings)
    made = replace(findings, findings=tuple(finding for finding in left if finding is not None))
    return made if made == findings else replace(made, nonce=None)


def _without(finding: Finding, person: str, looks: AbstractSet[str]) -> Finding | None:
    if person not in finding.persons and looks.isdisjoint(finding.looks):
        return finding
    persons = tuple(other for other in finding.persons if other != person)
    rest = tuple(look for look in finding.looks if look not in looks)
    return replace(finding, persons=persons, looks=rest) if persons and rest else None

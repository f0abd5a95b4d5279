# SPDX-License-Identifier: Apache-2.0
"""All findings as one file beside the facts: canonical JSON, so that a finding keeps its number from run to run.

    Findings ──encode──▶ {"v":1,"kind":"findings","last":…,"findings":[…]} ──parse──▶ the same        "changed":…, "nonce":… where there is one

Scores and p are texts with a fixed number of digits, since a canonical body has no fractions.

Invariants: ``parse(encode(x)) == x`` and ``encode(parse(b)) == b``; anything else is NotCanonical. Unlike the facts, the
file cannot be made again from the journal: with it the numbers are lost, and an inquiry may point at one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from whosaw.detect.finding import Finding, Findings, Reason, finding_id
from whosaw.errors import NotCanonical
from whosaw.model.record import Json, canonical, parse_json

NAME = "findings.json"
VERSION = 1
LIMIT = 64 * 1024 * 1024
MOST = 999_999

_NONCE = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"f-[0-9]{6}")
_SCORE = re.compile(r"-?[0-9]{1,4}\.[0-9]{4}")
_P = re.compile(r"[0-9]\.[0-9]{5}e[-+][0-9]{2,3}")
_LISTS = ("principals", "persons", "looks", "cases", "harm", "counter")


def encode(findings: Findings) -> bytes:
    """The one spelling. Raises NotCanonical for what has none."""
    return canonical(
        {
            "v": VERSION,
            "kind": "findings",
            "last": findings.last,
            "findings": [_json(finding) for finding in findings.findings],
            **({} if findings.changed is None else {"changed": findings.changed}),
            **({} if findings.nonce is None else {"nonce": findings.nonce}),
        }
    )


def parse(raw: bytes, where: str = NAME) -> Findings:
    """The findings that `raw` spells. Raises NotCanonical, whatever the bytes are."""
    value = parse_json(raw, where, LIMIT)
    try:
        top = cast("Mapping[str, Any]", value)
        changed = _whole(top["changed"]) if "changed" in top else None
        nonce = _text(top["nonce"], _NONCE) if "nonce" in top else None
        made = Findings(_whole(top["last"]), tuple(_finding(each) for each in top["findings"]), changed, nonce)
        _check(made)
        again = encode(made)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise NotCanonical("not a file of findings, or of another version", where=where) from None
    if again != raw:
        raise NotCanonical("not the one spelling of findings", where=where)
    return made


def _json(finding: Finding) -> dict[str, Json]:
    return {
        "id": finding.id,
        "as_of": finding.as_of,
        "score": f"{finding.score:.4f}",
        "p": f"{finding.p:.5e}",
        "sentence": finding.sentence,
        "window": list(finding.window),
        "signals": [
            {"signal": r.signal, "about": r.kind, "p": f"{r.p:.5e}", "sentence": r.sentence} for r in finding.signals
        ],
        **{name: list(getattr(finding, name)) for name in _LISTS},
    }


def _finding(value: Mapping[str, Any]) -> Finding:
    start, end = value["window"]
    return Finding(
        id=_text(value["id"], _ID),
        as_of=_whole(value["as_of"]),
        score=float(_text(value["score"], _SCORE)),
        p=float(_text(value["p"], _P)),
        sentence=_text(value["sentence"]),
        window=(_whole(start), _whole(end)),
        signals=tuple(
            Reason(_text(r["signal"]), _text(r["about"]), float(_text(r["p"], _P)), _text(r["sentence"]))
            for r in value["signals"]
        ),
        **{name: tuple(_text(each) for each in value[name]) for name in _LISTS},
    )


def _check(made: Findings) -> None:
    """Numbers rise and none is above the last one given, or a later run would give one twice."""
    ids = [finding.id for finding in made.findings]
    if ids != sorted(set(ids)) or not 0 <= made.last <= MOST or any(id_ > finding_id(made.last) for id_ in ids):
        raise ValueError("numbers out of order")
    for finding in made.findings:
        if finding.id == finding_id(0) or finding.window[0] > finding.window[1] or not finding.looks:
            raise ValueError("not a finding")
        for name in ("principals", "persons", "looks", "cases"):
            values = getattr(finding, name)
            if list(values) != sorted(set(values)):
                raise ValueError("a set out of order")


def _text(value: Any, form: re.Pattern[str] | None = None) -> str:
    if type(value) is not str or (form is not None and not form.fullmatch(value)):
        raise TypeError("not such a text")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value

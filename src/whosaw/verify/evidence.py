# SPDX-License-Identifier: Apache-2.0
"""Evidence: what was found false, with the bytes as found, in one file that somebody else can check.

    {"v":1,"kind":"evidence","sentence":…,"failures":[{where, sentence}…],"files":[{name, bytes (base64)}…]}

`files` always holds the signed checkpoints concerned: two of them that contradict each other need no other witness.
For an altered file it holds that file and the one it disagrees with. Statements are not copied into it, because they are
about a person: there the statement itself is the evidence.

                                                                          Specification: docs/spec/checkpoint.md §5
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path

from whosaw.model.record import Json, canonical
from whosaw.verify.state import replace_file
from whosaw.verify.steps import Report, Verdict

MOST = 100


def evidence_of(report: Report) -> bytes:
    """The file's bytes."""
    failures: list[Json] = [
        {"step": step.number, "where": failure.where, "sentence": failure.sentence}
        for step in report.steps
        if step.verdict is Verdict.FAILS
        for failure in step.said.failures
    ]
    return canonical(
        {
            "v": 1,
            "kind": "evidence",
            "sentence": report.sentence,
            "failures": failures[:MOST],
            "failures_in_all": len(failures),
            "files": [{"name": name, "bytes": b64encode(raw).decode()} for name, raw in report.evidence.items()],
        }
    )


def write_evidence(report: Report, path: Path | None) -> Path:
    """Write it to `path`, or under a name made from its own digest in the current folder. Raises OSError."""
    raw = evidence_of(report)
    path = path or Path(f"whosaw-evidence-{hashlib.sha256(raw).hexdigest()[:16]}.json")
    replace_file(path, raw)
    return path

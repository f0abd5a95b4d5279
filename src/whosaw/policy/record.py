# SPDX-License-Identifier: Apache-2.0
"""The record that says which policy decides from here on: a digest of every file, and the texts that are in no package.

Policy ──policy_body──▶ stream `policy` ──▶ whoever holds the files can say which look was decided by which

An organisation's own files stand in it whole: once they are changed nobody else would have the rule that decided. They are
rules and say nothing of anybody; what they are called is checked (``policy.own``).
                                                                    Specification: docs/spec/leaf.md
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

from whosaw.model.record import Json, Kind, canonical, time_text
from whosaw.policy.own import FOLDER
from whosaw.policy.rules import ENGINE, Policy


def policy_body(policy: Policy, at: datetime) -> bytes:
    """The body of a `policy` record, canonical."""
    body: dict[str, Json] = {
        "v": 1,
        "kind": str(Kind.POLICY),
        "at": time_text(at),
        "engine": ENGINE,
        "digest": b64encode(policy.digest).decode(),
        "files": [{"name": name, "digest": b64encode(d).decode()} for name, d in sorted(policy.files.items())],
        "purposes": sorted(policy.purposes),
        "rules": len(policy.rules),
    }
    if own := [{"name": n, "text": policy.texts[n]} for n in sorted(policy.texts) if n.startswith(FOLDER)]:
        body["own"] = own
    return canonical(body)

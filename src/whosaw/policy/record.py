# SPDX-License-Identifier: Apache-2.0
"""The record that says which policy decides from here on: digests only, the texts are in the package.

Policy ──policy_body──▶ stream `policy` ──▶ whoever holds the files can say which look was decided by which
                                                                    Specification: docs/spec/leaf.md
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

from whosaw.model.record import Kind, canonical, time_text
from whosaw.policy.rules import ENGINE, Policy


def policy_body(policy: Policy, at: datetime) -> bytes:
    """The body of a `policy` record, canonical."""
    return canonical(
        {
            "v": 1,
            "kind": str(Kind.POLICY),
            "at": time_text(at),
            "engine": ENGINE,
            "digest": b64encode(policy.digest).decode(),
            "files": [{"name": name, "digest": b64encode(d).decode()} for name, d in sorted(policy.files.items())],
            "purposes": sorted(policy.purposes),
            "rules": len(policy.rules),
        }
    )

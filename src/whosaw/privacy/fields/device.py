# SPDX-License-Identifier: Apache-2.0
"""With what somebody connects: kind < model < exact.

{"agent":"ExampleBrowser/1.0","id":"d-1","kind":"phone","maker":"Example","model":"One","system":"ExampleOS 4"}
"""

from __future__ import annotations

from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import keep, one_of, parts, structured, text

KIND = structured(
    "device",
    {
        Rung("kind", "phone, tablet, computer, or another kind", Seen.DAY): keep("kind"),
        Rung("model", "and its maker and model", Seen.HOUR): keep("kind", "maker", "model"),
    },
    schema=parts(
        {"kind": one_of("phone", "tablet", "computer", "watch", "television", "console", "other")},
        {"maker": text, "model": text, "system": text, "agent": text, "id": text},
    ),
    example='{"agent":"ExampleBrowser/1.0","id":"d-1","kind":"phone","maker":"Example","model":"One"}',
)

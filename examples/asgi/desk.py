# SPDX-License-Identifier: Apache-2.0
"""A support desk in plain ASGI: `uvicorn desk:app`. The view knows nothing of the gate but what it may show."""

import json
import os

from whosaw.client.asgi import SHOWN, Gated, Shows, query
from whosaw.client.gate import Gate

files = (os.environ["GATE_CERT"], os.environ["GATE_KEY"]) if "GATE_CERT" in os.environ else None
gate = Gate(os.environ["GATE_URL"], certificate=files, token=os.environ.get("GATE_TOKEN"), ca=os.environ.get("GATE_CA"))


async def desk(scope, receive, send):
    """From which network the account was used."""
    shown = scope[SHOWN]
    said = {"networks": shown.of("ip"), "caveats": [value.caveat for value in shown.values]}
    lines = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": lines})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})


app = Gated(
    desk,
    gate,
    [Shows("GET /accounts/{person}/network", fields="ip:network", purpose="subject_request", case=query("case"))],
)

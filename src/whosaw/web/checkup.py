# SPDX-License-Identifier: Apache-2.0
"""Is this data folder well: the questions of ``web.health``, asked beside whoever has it open, or with nobody there.

    engine, clock, journal, state, what stands in state      as a gate would meet them now
    publication, index, disk, witnesses                      as the log lies on the disk
    its queue, a write that failed, its door                 only a gate that serves knows: `whosaw health --url`

    SERVES    of these a fault holds up something, and looks are answered all the same; of any other it stops every look

Invariant: it takes no lock, changes nothing, and never calls a part well that it did not ask.
"""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from whosaw.beside import glance, probing
from whosaw.datafolder import now
from whosaw.errors import BadInput, Unavailable, WhosawError
from whosaw.guard.health import OK
from whosaw.policy.rules import Policy
from whosaw.web.health import measured, parts_of
from whosaw.wiring import policy_texts

SERVES = ("publication", "index", "disk", "witnesses", "tickets", "issuer", "places")
PATH = "/v1/health"
_LIMIT, _TIMEOUT = 64 * 1024, 10.0


def checkup(folder: Path) -> dict[str, str]:
    """Each part: `ok`, or the sentence that says why not. Raises BadInput where there is no data folder, Misconfigured."""
    policy, fault = _policy(folder)
    with probing(folder, policy) as probes:
        said = probes.said()
    if fault:
        said["engine"] = fault
    try:
        with glance(folder) as here:
            found = measured(here.stores, here.verifier_keys(), now(), None, files=False)
            log = parts_of(found, here.settings.journal.promise_s)
    except WhosawError as error:
        log = {} if said["journal"] != OK else {"log": str(error)}
    return {**said, **log}


def stops(parts: Mapping[str, str]) -> bool:
    """Whether no look is answered, or all are refused, for what these parts say."""
    return any(said != OK and part.split(" ")[0] not in SERVES for part, said in parts.items())


def asked_at(url: str, ca: Path | None = None) -> tuple[bool, dict[str, str], bool]:
    """What a gate says of itself at `url`: whether it is well, its parts where it tells us, and whether it says that it serves.

    It does with 200, also where a single ticket system is silent; 503 may be a part that stops every look. Raises Unavailable.
    """
    place = urlsplit(url)
    if place.scheme not in {"http", "https"} or not place.hostname or place.query or place.username:
        raise BadInput("the gate's address is https://HOST[:PORT]", where="--url")
    try:
        context = ssl.create_default_context(cafile=ca) if place.scheme == "https" else None
    except OSError as error:
        raise BadInput(f"cannot be used: {error.strerror}", where="--ca") from None
    handlers = [_Stays(), urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    try:
        with urllib.request.build_opener(*handlers).open(url.rstrip("/") + PATH, timeout=_TIMEOUT) as answer:
            return *_read(answer.read(_LIMIT)), True
    except HTTPError as error:
        if error.code != 503:
            raise Unavailable(f"no gate: status {error.code}", part="gate", hint="is this its address?") from None
        with error:
            return *_read(error.read(_LIMIT)), False
    except (OSError, URLError) as error:
        why = getattr(error, "reason", error)
        raise Unavailable(
            f"the gate does not answer ({getattr(why, 'strerror', None) or type(why).__name__})",
            part="gate",
            hint="is it serving? whosaw health, without --url, asks the parts in its data folder",
        ) from None


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows nobody: another address is another gate."""

    def redirect_request(self, *_: object) -> None:
        return None


def _read(raw: bytes) -> tuple[bool, dict[str, str]]:
    try:
        said = json.loads(raw)
        parts = said.get("parts", {})
        if isinstance(said["ok"], bool) and all(isinstance(each, str) for pair in parts.items() for each in pair):
            return said["ok"], parts
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    raise Unavailable("what answers there is no gate", part="gate", hint="is this its address?")


def _policy(folder: Path) -> tuple[Policy, str]:
    """What decides here; where it cannot be loaded, the shipped one, and why."""
    try:
        return Policy.load(policy_texts(folder)), ""
    except WhosawError as error:
        return Policy.load(policy_texts()), str(error)

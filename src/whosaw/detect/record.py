# SPDX-License-Identifier: Apache-2.0
"""The records that say which detectors watch from here on, and what they left: digests only, the texts are elsewhere.

defaults.toml, templates.toml ──detectors_body──▶ stream `detectors` ──▶ whoever holds the files can compare
findings.json ──found_body──▶ stream `findings` ──▶ whoever is shown the file can compare

                                                                Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from whosaw.detect.defaults import Defaults
from whosaw.detect.registry import SIGNALS
from whosaw.detect.templates import Templates
from whosaw.model.record import Json, Kind, canonical, time_text


def detectors_body(
    defaults: Defaults, templates: Templates, at: datetime, ended: Mapping[str, int] = MappingProxyType({})
) -> bytes:
    """The body of a `detectors` record, canonical. `ended`: sources that are declared to be no more, with their last day."""
    more: dict[str, Json] = {"ended": dict(ended)} if ended else {}
    return canonical(
        {
            "v": 1,
            "kind": str(Kind.DETECTORS),
            "at": time_text(at),
            "defaults": _b64(defaults.digest),
            "templates": _b64(templates.digest),
            "reasons": [template.id for template in templates.templates],
            "signals": [detector.NAME for detector in SIGNALS],
            **more,
        }
    )


def found_body(raw: bytes, at: datetime) -> bytes:
    """The body of a `found` record, canonical. `raw`: the file of findings, with its nonce."""
    digest = hashlib.sha256(raw).hexdigest()
    return canonical({"v": 1, "kind": str(Kind.FOUND), "at": time_text(at), "digest": _b64(digest)})


def _b64(hex_digest: str) -> str:
    return b64encode(bytes.fromhex(hex_digest)).decode()

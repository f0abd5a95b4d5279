# SPDX-License-Identifier: Apache-2.0
"""Settings of approvals: whether staff sign with passkeys, and whose keys are an overseer's.

    [approvals]  rp, origin, passkeys, answer_h          [[overseer]]  vkey

Invariant: a key that stands here was made by an overseer, elsewhere; the organisation holds none of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from whosaw.errors import Misconfigured, NotCanonical
from whosaw.tlog.note import ED25519, MLDSA44, VerifierKey

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_PSEUDONYM = re.compile(r"[ep]-[a-z2-7]{16}")


@dataclass(frozen=True, slots=True)
class ApprovalsSettings:
    """How approvals are signed inside the house."""

    rp: str = field(
        default="",
        metadata={
            "doc": "Name of the relying party of passkeys: the host of the page where they are used. Empty: none."
        },
    )
    origin: str = field(
        default="",
        metadata={
            "doc": "Address of that page, `https://HOST`; to try it `http://localhost:PORT`. Trusted: what runs there can ask approvers to sign."
        },
    )
    passkeys: bool = field(
        default=False, metadata={"doc": "Whether an approver of the staff must sign with a passkey."}
    )
    answer_h: int = field(
        default=12,
        metadata={"doc": "A request that nobody has answered after so many hours is over, 1 to 72.", "range": (1, 72)},
    )


@dataclass(frozen=True, slots=True)
class OverseerSettings:
    """One key of an overseer: somebody from outside."""

    vkey: str = field(
        metadata={
            "doc": "Its verifier key, as `whosaw overseer key` printed it on the overseer's machine. Trusted: with a second approver its holder opens looks at protected persons. Taken out, it is revoked."
        }
    )


def overseers(given: Sequence[OverseerSettings]) -> tuple[VerifierKey, ...]:
    """The keys that count. Raises Misconfigured."""
    try:
        keys = tuple(VerifierKey.parse(each.vkey, "overseer.vkey") for each in given)
    except NotCanonical as error:
        raise Misconfigured(str(error), setting="overseer.vkey") from None
    for key in keys:
        if key.kind not in (ED25519, MLDSA44) or not _NAME.fullmatch(key.name) or _PSEUDONYM.fullmatch(key.name):
            raise Misconfigured(
                "an overseer's key is of type 0x01 or 0x06, and its name has 1 to 64 of the letters A to Z, digits and . _ / -",
                setting="overseer.vkey",
                hint="whosaw overseer key NAME makes one, on the overseer's machine",
            )
    if len(set(keys)) != len(keys):
        raise Misconfigured("an overseer's key stands there twice", setting="overseer.vkey")
    return keys


def check_approvals(approvals: ApprovalsSettings, given: Sequence[OverseerSettings]) -> None:
    """Raise Misconfigured for what cannot work."""
    overseers(given)
    parts = urlsplit(approvals.origin)
    host, rp = parts.hostname or "", approvals.rp
    https = parts.scheme == "https" or (parts.scheme == "http" and host == "localhost")
    whole = https and (host == rp or host.endswith(f".{rp}")) and not parts.path and bool(rp)
    if (rp or approvals.origin) and not whole:
        raise Misconfigured(
            "`approvals.origin` is no page of `approvals.rp`",
            setting="approvals.origin",
            hint='for example rp = "approvals.example.org" and origin = "https://approvals.example.org"',
        )
    if approvals.passkeys and not rp:
        raise Misconfigured(
            "passkeys are demanded, and there is no relying party for them",
            setting="approvals.rp",
            hint='for example rp = "approvals.example.org" and origin = "https://approvals.example.org"',
        )

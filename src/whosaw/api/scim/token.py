# SPDX-License-Identifier: Apache-2.0
"""The bearer token of the identity provider: 32 random bytes that only it has. Here is its SHA-256.

    whosaw directory scim-token --out FILE   ─▶ FILE: the token, once          ─▶ into the provider's settings, then deleted
                                             ─▶ private/scim-token: its digest ─▶ read at each request

A new token ends the old one with the next request, and without a restart. It has so many bits that its digest needs no salt and
no slow function; a password would.

Invariant: whoever can read the data folder finds no token in it. A file that others can read or write counts for nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import shlex
import stat
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

from whosaw.datafolder import settings_of
from whosaw.errors import BadInput, Misconfigured

FILE = "private/scim-token"
_DIGEST = re.compile(rb"[0-9a-f]{64}\n")


def make_token(folder: Path, out: Path, random: Callable[[int], bytes]) -> None:
    """Write a new token to `out`, which must not be there, and its digest into the data folder. The one before ends."""
    settings_of(folder)  # a wrong path is an error, and no fresh folder
    token = urlsafe_b64encode(random(32)).rstrip(b"=")
    try:
        _write(out, token + b"\n", os.O_EXCL)
    except FileExistsError:
        raise BadInput("is there already", where=str(out), hint="nothing was changed; choose another file") from None
    except OSError as error:
        raise BadInput(f"cannot be written: {error.strerror}", where=str(out)) from None
    path = folder / FILE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(".new")
    _write(fresh, hashlib.sha256(token).hexdigest().encode() + b"\n", os.O_TRUNC)
    fresh.replace(path)


def admits(folder: Path) -> Callable[[bytes], bool]:
    """Whether a token is the one whose digest is kept. Raises Misconfigured for a file that is not only ours."""
    path = folder / FILE

    def same(token: bytes) -> bool:
        kept = _kept(path)
        return kept is not None and hmac.compare_digest(hashlib.sha256(token).hexdigest().encode(), kept)

    return same


def _kept(path: Path) -> bytes | None:
    """The digest; None where there is none yet, and nobody is let in."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Misconfigured(f"{FILE} cannot be read: {error.strerror}", setting=FILE) from None
    with os.fdopen(file, "rb") as opened:
        about = os.fstat(opened.fileno())
        raw = opened.read(100)
    if stat.S_IMODE(about.st_mode) & 0o077 or about.st_uid not in (os.geteuid(), 0):
        raise Misconfigured(
            f"{FILE} can be read or written by others",
            setting=FILE,
            hint=f"chmod 600 {shlex.quote(str(path))}, after a look at who could",
        )
    if not _DIGEST.fullmatch(raw):
        raise Misconfigured(
            f"{FILE} is no digest of a token", setting=FILE, hint="whosaw directory scim-token makes one"
        )
    return raw[:-1]


def _write(path: Path, raw: bytes, how: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(raw)
        opened.flush()
        os.fsync(opened.fileno())

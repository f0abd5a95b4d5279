# SPDX-License-Identifier: Apache-2.0
"""HashiCorp Vault's transit engine as ``privacy.root_port.KeyService``; and whoever speaks its API.

    seal    POST /v1/MOUNT/encrypt/KEY   {"plaintext": base64}     ──▶ {"data": {"ciphertext": "vault:v1:…"}}
    open    POST /v1/MOUNT/decrypt/KEY   {"ciphertext": …}         ──▶ {"data": {"plaintext": base64}}
    renew   POST /v1/MOUNT/rewrap/KEY    {"ciphertext": …}         ──▶ {"data": {"ciphertext": "vault:v2:…"}}

    400 on opening   not sealed there            403  our token        404  no such key or mount        3xx  refused
    412 429 472 473 5xx   not now: catching up, standby, limited, sealed or down

The token goes to the address in the settings and nowhere else: no redirect is followed (a standby that redirects is not
the address to name here), no proxy is asked, and an address without TLS must be this very machine.

Invariant: whatever the other side does, a question ends in time, and nothing that it said is in a message of ours.
"""

from __future__ import annotations

import binascii
import http.client
import json
import os
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from whosaw.errors import Damaged, Misconfigured, Unavailable
from whosaw.settings.keys import TransitSettings, address
from whosaw.store.root_file import read_own
from whosaw.store.secret_env import take
from whosaw.wire import Wire, wire, within

LIMIT = 64 * 1024  # bytes of one answer; a sealed root has about a hundred
_LATER = {
    412: "it has not caught up yet (412)",
    429: "it is a standby, or asked too often (429)",
    472: "it is a standby of another site (472)",
    473: "it is a standby (473)",
    503: "it is sealed, or down (503)",
}


class Transit:
    """One key of one transit engine. Safe to share: each question has a connection of its own."""

    def __init__(self, settings: TransitSettings, token: Callable[[], str], ca_file: Path | None = None) -> None:
        """`token`: read anew for each question, so that an agent may renew it at any time. Raises Misconfigured."""
        self._secure, self._host, self._port = address(settings.url)
        self._settings, self._token, self._ca_file = settings, token, ca_file

    def __repr__(self) -> str:
        return "Transit(…)"

    def seal(self, plain: bytes) -> bytes:
        return _ciphertext(self._ask("encrypt", {"plaintext": b64encode(plain).decode()}))

    def open(self, sealed: bytes) -> bytes:
        said = self._ask("decrypt", {"ciphertext": sealed.decode()}).get("plaintext")
        try:
            return b64decode(said if isinstance(said, str) else "!", validate=True)
        except (binascii.Error, ValueError):
            raise _later("its answer is none that we know") from None

    def renew(self, sealed: bytes) -> bytes:
        return _ciphertext(self._ask("rewrap", {"ciphertext": sealed.decode()}))

    def _ask(self, verb: str, given: Mapping[str, str]) -> Mapping[str, object]:
        headers = {
            "User-Agent": "whosaw", "Content-Type": "application/json", "Accept": "application/json",
            "X-Vault-Request": "true", "X-Vault-Token": self._token(),
        }  # fmt: skip
        if self._settings.namespace:
            headers["X-Vault-Namespace"] = self._settings.namespace
        status, raw = self._post(f"/v1/{self._settings.mount}/{verb}/{self._settings.key}", given, headers)
        if status != 200:
            raise _refused(status, verb)
        if len(raw) > LIMIT:
            raise _later(f"it answered more than {LIMIT:,} bytes")
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            said = None
        data = said.get("data") if isinstance(said, dict) else None
        if not isinstance(data, dict):
            raise _later("its answer is none that we know")
        return data

    def _post(self, path: str, given: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            with within(connection, self._settings.timeout_s):
                connection.request("POST", path, json.dumps(given).encode(), dict(headers))
                with connection.getresponse() as answer:
                    raw = answer.read(LIMIT + 1)
        except ssl.SSLCertVerificationError:
            raise Misconfigured(
                "the key service does not show a certificate that we trust",
                setting="keys.transit.ca_file",
                hint="`keys.transit.ca_file` names the authorities of its certificate; the token was not sent",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise _later(_why(error)) from None
        finally:
            connection.close()
        if answer.length and len(raw) <= LIMIT:
            raise _later("its answer was cut off")
        return answer.status, raw

    def _connection(self) -> Wire:
        return wire(self._host, self._port, self._settings.timeout_s, self._tls() if self._secure else None)

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(
                f"the file in `keys.transit.ca_file` holds no certificates ({type(error).__name__})",
                setting="keys.transit.ca_file",
            ) from None


def token_of(settings: TransitSettings, folder: Path) -> Callable[[], str]:
    """What reads the token where the settings say it is: a file at each question, a variable once."""

    def token() -> str:
        if settings.token_env:
            found = take(settings.token_env, os.environ) or ""
        else:
            found = (read_own(folder / settings.token_file) or b"").decode("ascii", "replace")
        found = found.strip()
        if not found or not found.isascii() or not found.isprintable() or " " in found:
            raise Misconfigured(
                "the token of the key service is not where the settings say",
                setting="keys.transit.token_env" if settings.token_env else "keys.transit.token_file",
                hint="one line, and nothing else; a file is ours alone (chmod 600)",
            )
        return found

    return token


def _ciphertext(data: Mapping[str, object]) -> bytes:
    said = data.get("ciphertext")
    if not isinstance(said, str) or not 1 <= len(said) <= LIMIT or not all("!" <= each <= "~" for each in said):
        raise _later("its answer is none that we know")
    return said.encode()


def _refused(status: int, verb: str) -> Exception:
    if status == 400 and verb != "encrypt":
        return Damaged(
            "the key service does not open the sealed root: it was changed, or sealed under another key",
            where="private/keys/root.sealed",
            hint="restore it from your backup of the key files, or name the key that sealed it in `keys.transit`",
        )
    if status == 400:
        return Misconfigured(
            "the key service takes no such question of this key (400)",
            setting="keys.transit.key",
            hint="a key of type aes256-gcm96, not derived",
        )
    if status == 403:
        return Misconfigured(
            "the key service does not take our token, or the token may not do this (403)",
            setting="keys.transit",
            hint=f"a policy with `update` on {verb}/KEY, and a token that has not expired",
        )
    if status in (404, 405):
        return Misconfigured(
            f"the key service has no such key or mount ({status})",
            setting="keys.transit.key",
            hint="make it there first",
        )
    if 300 <= status < 400:
        return Misconfigured(
            f"the key service sends us elsewhere ({status}), and we do not go",
            setting="keys.transit.url",
            hint="name the address of the active server, or of what stands before all of them",
        )
    return _later(_LATER.get(status, f"it answered {status}"))


def _later(why: str) -> Unavailable:
    return Unavailable(
        f"the key service cannot be asked now: {why}",
        part="key service",
        hint="gates that run go on; nothing starts until it answers",
    )


def _why(error: Exception) -> str:
    """Why, in words of ours or of this system: never in those of the other side."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return "its encryption does not hold"
    return f"it cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})"

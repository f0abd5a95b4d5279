# SPDX-License-Identifier: Apache-2.0
"""TLS for `whosaw serve`: our certificate, the authorities of client certificates, and the way of a client's to the door.

    [tls] ──options──▶ uvicorn.Config(ssl_*, http=TlsProtocol)
                                         └ scope["extensions"]["tls"]["client_cert_chain"] ──▶ callers.cert.presented

uvicorn checks a client's certificate and then forgets it. This protocol hands it on, in the words of the ASGI extension for
TLS. A connection may come without a certificate: then it is nobody yet, and its token has to say who it is.

Invariant: the certificate comes from the handshake of this very connection, never from a header.
                                                            Specification: asgi.readthedocs.io, TLS extension
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from whosaw.api.patience import Patient
from whosaw.errors import Misconfigured
from whosaw.settings.callers import TlsSettings

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


class TlsProtocol(Patient):
    """HTTP/1.1 with patience, and with the client's certificate in each scope of the connection."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        if secured is not None:
            self.app = _told(self.app, secured.getpeercert(binary_form=True))


def _told(app: App, der: bytes | None) -> App:
    chain = [] if der is None else [ssl.DER_cert_to_PEM_cert(der)]

    async def with_certificate(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        told = {"client_cert_chain": chain, "client_cert_name": None, "client_cert_error": None}
        scope["extensions"] = {**scope.get("extensions", {}), "tls": told}
        await app(scope, receive, send)

    return with_certificate


def options(folder: Path, said: TlsSettings) -> dict[str, Any]:
    """What uvicorn.Config takes. Raises Misconfigured where a file cannot be used: a gate that is asked for TLS has it."""
    if not said.certificate:
        return {}
    files = {name: _file(folder, getattr(said, name)) for name in ("certificate", "key", "client_ca")}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(str(files["certificate"]), str(files["key"]), password="")
    except (OSError, ValueError) as error:
        raise _unusable("tls.certificate", error) from None
    if said.client_ca:
        try:
            context.load_verify_locations(str(files["client_ca"]))
        except (OSError, ValueError) as error:
            raise _unusable("tls.client_ca", error) from None
        # Not CERT_REQUIRED: a tool with a token has none. Who has neither is refused at the door, with an answer.
        context.verify_mode = ssl.CERT_OPTIONAL
    return {"ssl_context_factory": lambda _config, _default: context, "http": TlsProtocol}


def _file(folder: Path, name: str) -> Path:
    return folder / name  # an absolute name stands for itself


def _unusable(setting: str, error: Exception) -> Misconfigured:
    return Misconfigured(
        f"{setting}: the file cannot be used ({getattr(error, 'strerror', None) or type(error).__name__})",
        setting=setting,
        hint="PEM; the key without a password, readable by whoever runs the gate",
    )

# SPDX-License-Identifier: Apache-2.0
"""The certificate that a connection brought: from our own TLS, or from a proxy's header (RFC 9440).

    TLS here     scope["extensions"]["tls"]     the handshake proved the private key         (tls.TlsProtocol)
    TLS before   Client-Cert: :MIIB…:           a proxy says that its handshake did          only from [callers] proxies

A stranger can write any header, so the header of whoever is no proxy of ours is no certificate and no mistake either: the
request is refused. What the certificate is worth, the registration says: a pinned key, or an authority and a name.

Invariant: validity is looked at for each request, not only at the handshake: a connection may outlive its certificate.
                                                            Specification: RFC 9440, RFC 5280, docs/callers.md
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification

from whosaw.api.callers.registered import Registered
from whosaw.model.caller import Proof

Scope = MutableMapping[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LIMIT = 16 * 1024
_BINARY = re.compile(rb"[ \t]*:([A-Za-z0-9+/=]+):[ \t]*")
_CHAIN = 5


class BadCertificate(Exception):
    """There is one, and it cannot be read or must not be believed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client's certificate, with what it was sent with. The private key was proved by a handshake, ours or a proxy's."""

    leaf: x509.Certificate = field(repr=False)
    others: tuple[x509.Certificate, ...] = field(repr=False)
    spki: bytes

    @classmethod
    def of(cls, ders: Iterable[bytes]) -> Certificate:
        """Raises BadCertificate for what is none."""
        try:
            leaf, *others = (x509.load_der_x509_certificate(der) for der in ders)
            public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise BadCertificate("certificate") from None
        return cls(leaf, tuple(others), hashlib.sha256(public).digest())

    def is_of(self, caller: Registered, at: datetime) -> bool:
        """Whether this is `caller`'s, by a pin or by its authority and name. Its own time is another question."""
        if caller.proof is not Proof.MTLS:
            return False
        return caller.pinned(self.spki, at) or (bool(caller.authority) and self._issued(caller, at))

    def valid(self, at: datetime) -> bool:
        """Within its own time; the last second of it is in."""
        return self.leaf.not_valid_before_utc <= at <= self.leaf.not_valid_after_utc

    def _issued(self, caller: Registered, at: datetime) -> bool:
        kind, _, name = caller.said.san.partition(":")
        try:
            roots = x509.load_pem_x509_certificates(caller.authority.encode())
            names = self.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            of_kind: type[x509.DNSName | x509.UniformResourceIdentifier] = (
                x509.DNSName if kind == "dns" else x509.UniformResourceIdentifier
            )
            # One name of its kind. A certificate for many tools would be a certificate for each of them.
            if names.get_values_for_type(of_kind) != [name]:
                return False
            verifier = verification.PolicyBuilder().store(verification.Store(roots)).time(at).build_client_verifier()
            verifier.verify(self.leaf, list(self.others))
        except (
            ValueError,
            x509.ExtensionNotFound,
            x509.DuplicateExtension,
            verification.VerificationError,
            UnsupportedAlgorithm,
        ):
            return False
        return True


def presented(scope: Scope, proxies: Iterable[Network]) -> Certificate | None:
    """The certificate of a request; None where it brought none. Raises BadCertificate."""
    given = [value for name, value in scope.get("headers", ()) if bytes(name).lower() == b"client-cert"]
    chains = [value for name, value in scope.get("headers", ()) if bytes(name).lower() == b"client-cert-chain"]
    if given or chains:
        if not _ours(scope, proxies):
            raise BadCertificate("header of a stranger")
        if len(given) != 1:
            raise BadCertificate("header")
        return Certificate.of([_binary(given[0]), *_list(chains)])
    chain = _extension(scope).get("client_cert_chain") or ()
    return Certificate.of(ssl.PEM_cert_to_DER_cert(pem) for pem in chain) if chain else None


def _extension(scope: Scope) -> Mapping[str, Any]:
    return (scope.get("extensions") or {}).get("tls") or {}


def _ours(scope: Scope, proxies: Iterable[Network]) -> bool:
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0]) if client else None
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return address is not None and any(address.version == each.version and address in each for each in proxies)


def _binary(value: bytes) -> bytes:
    """A byte sequence of RFC 8941, in its one spelling."""
    found = _BINARY.fullmatch(value) if len(value) <= LIMIT else None
    try:
        raw = b64decode(found[1], validate=True) if found else b""
    except ValueError:
        raw = b""
    if not raw or not found or b64encode(raw) != found[1]:
        raise BadCertificate("header")
    return raw


def _list(values: list[bytes]) -> list[bytes]:
    parts = [part for value in values for part in value.split(b",")]
    if len(parts) > _CHAIN:
        raise BadCertificate("header")
    return [_binary(part) for part in parts]

# SPDX-License-Identifier: Apache-2.0
"""Who may ask over the network, and how they prove it: the tables [callers], [tls], [local], [[issuer]] and [[caller]].

    [[issuer]]   an identity provider: whose signatures count, for which audience
    [[caller]]   an internal tool: how it proves that it is the one, and what it may ask
    [tls]        what the gate itself shows, and whose client certificates it accepts
    [callers]    proxies that end TLS before us
    [local]      which login of this machine is which member of staff

Invariant: no default grants anything. A caller names its purposes and its paths, or it asks nothing; an algorithm is on a
list of asymmetric ones, or no signature of it counts.                                 Use: docs/callers.md
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from whosaw.errors import Misconfigured

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PIN = re.compile(r"sha256:([0-9a-f]{64})(?: until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ))?")
SAN = re.compile(r"(dns|uri):([!-~]{1,200})")
PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,100}")
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
HOWS = ("mtls", "jwt")
_OPERATOR = re.compile(r"([A-Za-z0-9_.@\\-]{1,64})=(\S{1,100})")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class CallersSettings:
    """How callers reach the gate."""

    proxies: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Networks of proxies that end TLS and write the header `Client-Cert` (RFC 9440). Trusted: they can be any caller that has a certificate."
        },
    )


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What the gate itself shows. Files lie in the data folder, or their path is absolute."""

    certificate: str = field(
        default="", metadata={"doc": "PEM file of the gate's own certificate and chain; empty: no TLS here."}
    )
    key: str = field(
        default="", metadata={"doc": "PEM file of its private key. Trusted: its thief can be the gate for every tool."}
    )
    client_ca: str = field(
        default="",
        metadata={
            "doc": "PEM file of the authorities whose client certificates a connection may bring. Whom they let in, [[caller]] says."
        },
    )


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Who looks at the command line."""

    operators: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "`LOGIN=STAFF-ID`, one for each who may ask at the command line, as themselves and nobody else. Empty: whoever opens the folder says who they are, and the record says that they said it."
        },
    )


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """An identity provider whose tokens are believed."""

    name: str = field(metadata={"doc": "What the identity provider is called here; any word."})
    url: str = field(metadata={"doc": "Its `iss`, as it stands in its tokens, to the letter."})
    audience: str = field(
        metadata={"doc": "The gate's own name at the provider: a token whose `aud` does not hold it is refused."}
    )
    keys: str = field(
        metadata={
            "doc": "Its keys: a JWKS file, or the address `https://…` of one. Trusted: who writes it can be every principal."
        }
    )
    algorithms: tuple[str, ...] = field(
        default=("RS256", "PS256", "ES256", "EdDSA"),
        metadata={"doc": f"Algorithms that count, of {', '.join(ALGORITHMS)}."},
    )
    principal_claim: str = field(default="sub", metadata={"doc": "The claim that holds the staff id."})
    principal_suffix: str = field(
        default="", metadata={"doc": "What that claim ends with and the staff id does not, such as `@example.org`."}
    )
    leeway_s: int = field(
        default=30,
        metadata={"doc": "How many seconds its clock and ours may be apart, 0 to 300.", "range": (0, 300)},
    )
    keys_for_s: int = field(
        default=300,
        metadata={
            "doc": "For how many seconds its keys count without being read again, 1 to 86400. After that no answer is a refusal.",
            "range": (1, 86_400),
        },
    )
    longest_s: int = field(
        default=43_200,
        metadata={
            "doc": "A token that is valid for longer than so many seconds is refused, 60 to 604800.",
            "range": (60, 604_800),
        },
    )
    once: bool = field(
        default=False,
        metadata={"doc": "A token counts once: it has a `jti`, which is remembered until the token has expired."},
    )


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """An internal tool, and what it may ask."""

    name: str = field(
        metadata={"doc": "The tool's name, recorded with every look; also the staff id of its own service account."}
    )
    how: str = field(metadata={"doc": "How it proves itself: `mtls` by a certificate, `jwt` by a token."})
    purposes: tuple[str, ...] = field(metadata={"doc": "The purposes for which it may ask. There is no word for all."})
    paths: tuple[str, ...] = field(
        metadata={"doc": "The paths that it may use, each with what lies below it, such as `/looks`."}
    )
    pins: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "With `mtls`: `sha256:` and the digest of a certificate's public key (SPKI), two or more while they rotate; `… until 2027-01-01T00:00:00Z` ends one."
        },
    )
    ca: str = field(
        default="",
        metadata={"doc": "With `mtls`, in place of pins: PEM file of the authority that issues its certificates."},
    )
    san: str = field(
        default="",
        metadata={"doc": "With `ca`: the name that its certificates have, `dns:desk.example.org` or `uri:spiffe://…`."},
    )
    issuer: str = field(default="", metadata={"doc": "With `jwt`: the [[issuer]] of the tool's own tokens."})
    subject: str = field(default="", metadata={"doc": "With `jwt`: the `sub` of the tool's own tokens."})
    speaks: bool = field(
        default=False,
        metadata={
            "doc": "It may say itself who looks. Trusted: it can look as anybody; every look that it says so for is recorded as such."
        },
    )
    tokens: tuple[str, ...] = field(
        default=(), metadata={"doc": "Each [[issuer]] whose tokens of employees it may hand on."}
    )
    client: str = field(
        default="",
        metadata={"doc": "Where given, such a token must have been issued to this client (`azp`, else `client_id`)."},
    )
    reason_admin: bool = field(
        default=False, metadata={"doc": "It is told the rules that refused. Trusted: they say things about the person."}
    )
    expires: str = field(
        default="", metadata={"doc": "From when on it is refused, `2027-01-01T00:00:00Z`; empty: until it is removed."}
    )


# ── what fits together ──


def check_all(
    callers: Sequence[CallerSettings],
    issuers: Sequence[IssuerSettings],
    door: CallersSettings,
    tls: TlsSettings,
    local: LocalSettings,
) -> None:
    """Raises Misconfigured, naming the setting. It knows nothing of files, nor of purposes."""
    for network in door.proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise _wrong(
                "callers.proxies", f"{network!r} is no network", "such as 10.1.0.0/16 or 10.1.2.3/32"
            ) from None
    if bool(tls.certificate) != bool(tls.key) or (tls.client_ca and not tls.key):
        raise _wrong("tls", "a certificate and its key go together, and authorities go with both", "give all of [tls]")
    operators(local)
    for issuer in issuers:
        _check_issuer(issuer)
    _once("issuer.name", [issuer.name for issuer in issuers])
    _once("issuer.url", [issuer.url for issuer in issuers])
    names = frozenset(issuer.name for issuer in issuers)
    for caller in callers:
        check_caller(caller)
        known_issuers(caller, names)
    check_apart(callers)


def operators(local: LocalSettings) -> dict[str, str]:
    """Logins of this machine, with the staff id of each. Raises Misconfigured."""
    found: dict[str, str] = {}
    for each in local.operators:
        pair = _OPERATOR.fullmatch(each)
        if pair is None or pair[1] in found:
            raise _wrong("local.operators", "each is LOGIN=STAFF-ID, and no login stands twice", "such as ana=e-1041")
        found[pair[1]] = pair[2]
    return found


def check_caller(caller: CallerSettings) -> None:
    """Raises Misconfigured unless it says one way of proving itself, and what it may ask."""
    if not NAME.fullmatch(caller.name):
        raise _wrong("caller.name", "a name has 1 to 64 letters, digits and . _ -", "such as support-desk")
    if caller.how not in HOWS:
        raise _wrong("caller.how", f"{caller.name}: one of {', '.join(HOWS)}", "mtls is for who has a certificate")
    if not caller.purposes or not caller.paths:
        raise _wrong(
            "caller.purposes" if not caller.purposes else "caller.paths",
            f"{caller.name}: without a purpose and a path it could ask nothing",
            "name them; there is no word for all",
        )
    _once("caller.purposes", caller.purposes)
    for path in caller.paths:
        if not PATH.fullmatch(path):
            raise _wrong("caller.paths", f"{caller.name}: a path begins with a slash", "such as /looks")
    _check_proof(caller)
    expiry(caller.expires)
    if caller.client and not caller.tokens:
        raise _wrong(
            "caller.client", f"{caller.name}: a client without tokens is nobody's", "name the issuer in tokens"
        )
    for which, text in (("subject", caller.subject), ("client", caller.client)):
        if len(text) > 200 or not text.isprintable():
            raise _wrong(f"caller.{which}", f"{caller.name}: at most 200 printable signs", "as it stands in the token")


def _check_proof(caller: CallerSettings) -> None:
    certificate, token = (bool(caller.pins), bool(caller.ca or caller.san)), bool(caller.issuer or caller.subject)
    if caller.how == "jwt" and (any(certificate) or not (caller.issuer and caller.subject)):
        raise _wrong("caller.issuer", f"{caller.name}: a token has an issuer and a subject, and no certificate", "")
    if caller.how == "mtls":
        if token or sum(certificate) != 1 or bool(caller.ca) != bool(caller.san):
            raise _wrong("caller.pins", f"{caller.name}: either pins, or an authority and a name, and no token", "")
        for text in caller.pins:
            pin_of(text)
        _once("caller.pins", [text.split(" ")[0] for text in caller.pins])
        if caller.san and not SAN.fullmatch(caller.san):
            raise _wrong("caller.san", f"{caller.name}: dns:NAME or uri:NAME", "such as dns:desk.example.org")


def known_issuers(caller: CallerSettings, issuers: frozenset[str]) -> None:
    """Raises Misconfigured where it names an issuer that there is not."""
    for name in (caller.issuer, *caller.tokens):
        if name and name not in issuers:
            raise _wrong(
                "caller.issuer", f"{caller.name}: there is no [[issuer]] {name!r}", "give it a table of its own"
            )


def check_apart(callers: Sequence[CallerSettings]) -> None:
    """Raises Misconfigured where two callers could be taken for one another."""
    _once("caller.name", [caller.name for caller in callers])
    _once("caller.pins", [text.split(" ")[0] for caller in callers for text in caller.pins])
    _once("caller.san", [f"{c.ca} {c.san}" for c in callers if c.ca])
    _once("caller.subject", [f"{c.issuer} {c.subject}" for c in callers if c.issuer])


def pin_of(text: str) -> tuple[bytes, datetime | None]:
    """A pin and when it ends. Raises Misconfigured."""
    found = PIN.fullmatch(text)
    if found is None:
        raise _wrong(
            "caller.pins",
            "a pin is `sha256:` and 64 hexadecimal digits, and perhaps ` until 2027-01-01T00:00:00Z`",
            "openssl x509 -in tool.pem -pubkey -noout | openssl pkey -pubin -outform der | sha256sum",
        )
    return bytes.fromhex(found[1]), expiry(found[2] or "")


def expiry(text: str) -> datetime | None:
    """The instant that `text` spells; None for none. Raises Misconfigured."""
    if not text:
        return None
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        found = None
    if found is None or f"{found:%Y-%m-%dT%H:%M:%SZ}" != text:
        raise _wrong("caller.expires", "not a time like 2027-01-01T00:00:00Z", "")
    return found


def _check_issuer(issuer: IssuerSettings) -> None:
    if not NAME.fullmatch(issuer.name):
        raise _wrong("issuer.name", "a name has 1 to 64 letters, digits and . _ -", "such as staff")
    for which in ("url", "audience", "principal_claim"):
        text = getattr(issuer, which)
        if not text or len(text) > 300 or not text.isprintable():
            raise _wrong(f"issuer.{which}", f"{issuer.name}: 1 to 300 printable signs", "as it stands in its tokens")
    if not issuer.algorithms or not set(issuer.algorithms) <= set(ALGORITHMS):
        raise _wrong(
            "issuer.algorithms",
            f"{issuer.name}: of {', '.join(ALGORITHMS)}",
            "`none` and `HS256` are never among them: with those, whoever knows the public key signs",
        )
    if "://" in issuer.keys and not _fetchable(issuer.keys):
        raise _wrong("issuer.keys", f"{issuer.name}: keys are fetched over https", "or name a file")


def _fetchable(url: str) -> bool:
    """Over https, or over http from this machine."""
    try:
        found = urlsplit(url)
        host, secret = found.hostname, found.password
    except ValueError:
        return False
    return bool(host) and secret is None and (found.scheme == "https" or (found.scheme == "http" and host in _LOOPBACK))


def _once(setting: str, texts: Iterable[str]) -> None:
    given = list(texts)
    if len(set(given)) != len(given):
        raise _wrong(setting, "the same one twice", "each stands for one thing only")


def _wrong(setting: str, what: str, hint: str) -> Misconfigured:
    return Misconfigured(f"{setting}: {what}", setting=setting, hint=hint)

# SPDX-License-Identifier: Apache-2.0
"""The door: which tool asks, whether it may, and for whom. The first thing that a request passes, and it has no way round.

    request ──certificate or token──▶ which caller ──registered, not expired, this path──▶ Admitted
            ──token of the employee──▶ who looks   ──body says another? purpose not theirs?──▶ refused, on record
                                         │
                                         └─▶ (principal, model.caller.Caller) ──▶ Look

Who looks comes from a token of their own. A tool may say it itself only if it is registered to speak, and then every look
says that it did. A tool that names nobody looks as its own service account.

Invariant: no answer is remembered from request to request: who was removed is refused by the next one. Of a stranger no
more is kept than a count; no token, claim or certificate goes into a log, an error or a repr.       Use: docs/callers.md
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.api.admitted import NotAdmitted
from whosaw.api.callers.cert import BadCertificate, Certificate, Network, Scope, presented
from whosaw.api.callers.desk import Desk
from whosaw.api.callers.record import refused_body
from whosaw.api.callers.registered import Registered, parse_row
from whosaw.api.callers.rows import Row
from whosaw.api.callers.token import BadToken, Claims, Issuer, parts
from whosaw.errors import BadInput, WhosawError
from whosaw.journal.submission import Record, Submission
from whosaw.model.caller import Caller, Proof
from whosaw.model.record import Stream

PRINCIPAL = b"whosaw-principal"
SERVICE = "service"
OK = "ok"
_log = logging.getLogger(__name__)

_TOLD: Mapping[str, str] = {
    "nobody": "say who you are: a client certificate, or a token in Authorization: Bearer",
    "unknown": "this certificate or token is no registered caller's",
    "ambiguous": "certificate and token are two callers'",
    "expired": "this caller's registration, or its certificate, has ended",
    "certificate": "the client certificate cannot be used",
    "token": "the caller's token does not count",
    "principal-token": "the employee's token does not count",
    "token-not-taken": "this caller is not registered to hand on tokens of this issuer",
    "path": "this caller is not registered for this path",
    "purpose": "this caller is not registered for this purpose; the attempt is on record",
    "contradicts": "the request names somebody else than the token; the attempt is on record",
    "may-not-speak": "this caller is not registered to say who looks; the attempt is on record",
    "no-service-account": "nobody looks: there is no token of an employee, and this caller has no service account",
    "no-employee": "whoever is asked must say it themselves: there is no token of an employee; the attempt is on record",
    "stopped": "the one whose token this is was suspended, or does not work here now; the attempt is on record",
    "down": "who asks cannot be found out now; nothing was shown",
}


def _no(status: int, code: str) -> NotAdmitted:
    return NotAdmitted(status, _TOLD[code], code)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the door is made of. `function` says what kind of work a staff id does, or None; `stopped`, whether they were
    suspended or have left; `pseudonym` makes one of an id.
    """

    desk: Desk
    issuers: Sequence[Issuer]
    proxies: Sequence[Network]
    function: Callable[[str], str | None]
    stopped: Callable[[str], bool]
    pseudonym: Callable[[str], str]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller that may ask on this path. `principal`: whom a verified token names; None where none was handed on."""

    caller: Registered
    principal: str | None = field(repr=False)
    _parts: Parts = field(repr=False)
    _count: Callable[[str], None] = field(repr=False)

    @property
    def name(self) -> str:
        return self.caller.name

    @property
    def sees_admin(self) -> bool:
        """Whether it may be told the rules that refused."""
        return self.caller.said.reason_admin

    def looker(self, said: str | None, purpose: str | None) -> tuple[str, Caller]:
        """Who looks, and through which tool. `said`: whom the request names, if anybody. Raises NotAdmitted, on record."""
        if purpose is not None and purpose not in self.caller.said.purposes:
            raise self._refused("purpose", said)
        if self.principal is not None:
            if said is not None and said != self.principal:
                raise self._refused("contradicts", said)
            return self.principal, self._caller(speaks=False)
        if said is not None and self.caller.said.speaks:
            return said, self._caller(speaks=True)
        if said is not None and said != self.name:
            raise self._refused("may-not-speak", said)
        # A name that is a person's would let a tool look as them, without a token and without being registered to speak.
        if self._parts.function(self.name) != SERVICE:
            raise self._refused("no-service-account", said)
        return self.name, self._caller(speaks=False)

    def employee(self) -> str:
        """Whose own token was handed on. Raises NotAdmitted, on record: being registered to speak for others is not enough, nor
        is the token of one who was stopped, perhaps because it was stolen.
        """
        if self.principal is None:
            raise self._refused("no-employee", None)
        if self._parts.stopped(self.principal):
            raise self._refused("stopped", None)
        return self.principal

    def _caller(self, *, speaks: bool) -> Caller:
        return Caller(self.name, self.caller.proof, speaks)

    def _refused(self, why: str, said: str | None) -> NotAdmitted:
        """What is raised; its record is durable by then. Raises what the journal raises, and lets nobody in then either."""
        parts = self._parts
        self._count(why)
        whom = None if self.principal is None else parts.pseudonym(self.principal)
        named = _as_pseudonym(parts, said)
        body = refused_body(self.name, self.caller.proof, why, principal=whom, said=named, at=parts.clock())
        record = Record(Stream.named("admin"), body)
        parts.desk.journal.submit(Submission("callers/refused", secrets.token_hex(16), (record,)))
        return _no(403, why)


def _as_pseudonym(parts: Parts, said: str | None) -> str | None:
    try:
        return None if said is None else parts.pseudonym(said)
    except BadInput:
        return None


class Door:
    """One for each process. Safe to share between threads; it may wait for a database, or for an issuer's keys."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._lock = parts, threading.Lock()
        self._counts: Counter[str] = Counter()
        self._by_url = {issuer.url: issuer for issuer in parts.issuers}
        self._read: tuple[Sequence[Row], Sequence[Registered]] = ((), ())

    @property
    def counts(self) -> Mapping[str, int]:
        """How many requests were admitted, and how many were not, by code."""
        with self._lock:
            return dict(self._counts)

    def health(self) -> Mapping[str, str]:
        """Each part, `ok` or what is wrong with it. What is wrong here refuses somebody."""
        found = {f"issuer {issuer.name}": issuer.wrong or OK for issuer in self._parts.issuers}
        try:
            self._registered()
            found["callers"] = OK
        except WhosawError as error:
            found["callers"] = str(error)
        return found

    def metrics(self) -> bytes:
        """The counts, in the text format that every monitoring system reads: by check, and by nothing that says who."""
        name = "whosaw_admissions_total"
        lines = [f"# HELP {name} Requests at the door, by what became of them.", f"# TYPE {name} counter"]
        lines += [f'{name}{{outcome="{code}"}} {count}' for code, count in sorted(self.counts.items())]
        return ("\n".join(lines) + "\n").encode()

    def admit(self, scope: Scope) -> Admitted:
        """Which caller this request comes from, and whose token it hands on. Raises NotAdmitted."""
        try:
            admitted = self._admit(scope)
        except NotAdmitted as no:
            self._count(no.code)
            raise
        except WhosawError as error:
            _log.warning("nobody is admitted: %s", error)
            self._count("down")
            raise _no(503, "down") from None
        self._count("admitted")
        return admitted

    # ── which tool ──

    def _admit(self, scope: Scope) -> Admitted:
        at, registered = self._parts.clock(), self._registered()
        certificate, token = self._presented(scope), _bearer(scope)
        found = self._by_certificate(certificate, registered, at) + self._by_token(token, registered)
        if not found:
            raise _no(401, "nobody" if certificate is None and token is None else "unknown")
        if len(found) > 1:
            raise _no(401, "ambiguous")
        (caller,) = found
        if caller.expired(at) or (caller.proof is Proof.MTLS and certificate is not None and not certificate.valid(at)):
            raise _no(401, "expired")
        if not caller.may_use(scope["path"]):
            raise _no(403, "path")
        return Admitted(caller, self._principal(scope, caller), self._parts, self._count)

    def _registered(self) -> Sequence[Registered]:
        # What was read is kept with its rows, so that it is parsed once; whether they still hold is asked each time.
        rows = self._parts.desk.rows.live()
        before, found = self._read
        if rows != before:
            found = tuple([parse_row(row.said, row.name) for row in rows])
            self._read = rows, found
        return found

    def _presented(self, scope: Scope) -> Certificate | None:
        try:
            return presented(scope, self._parts.proxies)
        except BadCertificate:
            raise _no(401, "certificate") from None

    def _by_certificate(
        self, certificate: Certificate | None, registered: Sequence[Registered], at: datetime
    ) -> list[Registered]:
        return [] if certificate is None else [caller for caller in registered if certificate.is_of(caller, at)]

    def _by_token(self, token: str | None, registered: Sequence[Registered]) -> list[Registered]:
        if token is None:
            return []
        ours = {(caller.said.issuer, caller.said.subject): caller for caller in registered if caller.proof is Proof.JWT}
        claims = self._verified(token, {name for name, _ in ours}, "token")
        found = ours.get((claims.issuer, claims.subject))
        return [] if found is None else [found]

    # ── whose token ──

    def _principal(self, scope: Scope, caller: Registered) -> str | None:
        token = _one(scope, PRINCIPAL, "principal-token")
        if token is None:
            return None
        if not caller.said.tokens:
            raise _no(403, "token-not-taken")
        claims = self._verified(token, set(caller.said.tokens), "principal-token")
        if claims.principal is None or (caller.said.client and claims.client != caller.said.client):
            raise _no(401, "principal-token")
        return claims.principal

    def _verified(self, token: str, issuers: set[str], code: str) -> Claims:
        """What a token says, if one of these issuers signed it."""
        try:
            _, unproven = parts(token)
            url = unproven.get("iss")
            issuer = self._by_url.get(url) if type(url) is str else None
            return _among(issuer, issuers).verify(token)
        except BadToken as bad:
            self._count(f"{code}: {bad.code}")
            raise _no(401, code) from None

    def _count(self, code: str) -> None:
        with self._lock:
            self._counts[code] += 1


def _among(issuer: Issuer | None, names: set[str]) -> Issuer:
    if issuer is None or issuer.name not in names:
        raise BadToken("iss")
    return issuer


def _bearer(scope: Scope) -> str | None:
    value = _one(scope, b"authorization", "token")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _no(401, "token")
    return token.strip()


def _one(scope: Scope, name: bytes, code: str) -> str | None:
    """A header that stands there once, or not at all. Of two, whoever wrote the second would have the last word."""
    values = [bytes(value) for key, value in scope.get("headers", ()) if bytes(key).lower() == name]
    if len(values) > 1:
        raise _no(401, code)
    return values[0].decode("latin-1") if values else None


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)

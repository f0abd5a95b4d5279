# SPDX-License-Identifier: Apache-2.0
"""A door with everything around it: real rows on SQLite, a real provider's signatures, a real authority, a fake journal."""

from base64 import b64encode
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from tests.api.ca import Authority
from tests.api.idp import AUDIENCE, URL, Idp
from tests.directory.town import Clock, FakeJournal, FakeNames, engine_on

from whosaw.api.callers.desk import Desk
from whosaw.api.callers.door import Door, Parts, networks
from whosaw.api.callers.keys import KeyFile, Keys
from whosaw.api.callers.registered import Registered
from whosaw.api.callers.rows import CallerRows
from whosaw.api.callers.token import Issuer
from whosaw.directory.migrate import upgrade
from whosaw.model.record import parse
from whosaw.settings.callers import CallerSettings, IssuerSettings

FUNCTIONS = {"desk": "service", "cron": "service", "ana": "support", "lead": "executive"}
TOOLS = "https://id.example.org/tools"


@cache
def migrated() -> bytes:
    """An empty state.db of the newest version: migrating one for each test would take longer than the tests."""
    with TemporaryDirectory() as folder:
        engine = engine_on(Path(folder) / "state.db")
        upgrade(engine)
        engine.dispose()
        return (Path(folder) / "state.db").read_bytes()


class OneAtATime(FakeJournal):
    """As the journal is: two submissions at once are one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def submit(self, submission):
        with self._lock:
            return super().submit(submission)


class World:
    """`desk` has a certificate and hands on employees' tokens; what a test adds, it adds itself."""

    def __init__(self, where: Path, proxies=(), engine=engine_on) -> None:
        self.where, self.clock, self.journal, self.names = where, Clock(), OneAtATime(), FakeNames()
        (where / "state.db").write_bytes(migrated())
        self.engine = engine(where / "state.db")
        self.rows = CallerRows(self.engine)
        self.desk = Desk(
            self.rows,
            self.journal,
            frozenset({"fraud_review", "subject_request"}),
            frozenset({"staff", "tools"}),
            self.clock,
        )
        self.staff, self.tools = Idp(self.clock), Idp(self.clock, "EdDSA", TOOLS)
        self.issuers = [self.issuer("staff", self.staff), self.issuer("tools", self.tools)]
        self.ca = Authority(at=self.clock())
        self.cert = self.ca.issue()
        self.by = self.names.principal("lead")
        self.stopped = set()
        self.door = Door(
            Parts(
                self.desk,
                self.issuers,
                networks(proxies),
                FUNCTIONS.get,
                self.stopped.__contains__,
                self.names.principal,
                self.clock,
            )
        )

    def issuer(self, name, idp, **more) -> Issuer:
        file = self.where / f"{name}.jwks"
        file.write_bytes(idp.jwks())
        said = IssuerSettings(name=name, url=idp.url, audience=AUDIENCE, keys=str(file), **more)
        keys = Keys(KeyFile(file), timedelta(seconds=said.keys_for_s), self.clock)
        return Issuer(said, keys, self.clock, self.rows.first)

    def publish(self) -> None:
        """What both providers have now."""
        (self.where / "staff.jwks").write_bytes(self.staff.jwks())
        (self.where / "tools.jwks").write_bytes(self.tools.jwks())

    def said(self, **changes) -> CallerSettings:
        given = {
            "name": "desk", "how": "mtls", "purposes": ("subject_request", "fraud_review"), "paths": ("/looks",),
            "pins": (self.cert.pin,), "tokens": ("staff",),
        }  # fmt: skip
        return CallerSettings(**(given | changes))

    def add(self, **changes) -> None:
        self.desk.add(Registered.of(self.said(**changes), lambda _: self.ca.pem.encode()), self.by)

    def add_by_token(self, **changes) -> None:
        given = {"how": "jwt", "pins": (), "issuer": "tools", "subject": "client-desk"}
        self.add(**(given | changes))

    def scope(self, *, cert=None, path="/looks", client="192.0.2.1", **headers) -> dict:
        """A request. A header's name has underscores for dashes."""
        told = {"client_cert_chain": [] if cert is None else [cert.pem]}
        lines = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items() if v is not None]
        return {
            "type": "http", "path": path, "client": (client, 4711), "headers": lines, "extensions": {"tls": told}
        }  # fmt: skip

    def admit(self, **request):
        return self.door.admit(self.scope(**request))

    def bodies(self) -> list[dict]:
        """Every record about callers, in order."""
        return [parse(s.records[0].body) for s in self.journal.submissions]

    def close(self) -> None:
        self.engine.dispose()


def header_of(cert) -> str:
    """A certificate as RFC 9440 writes it."""
    return f":{b64encode(cert.der).decode()}:"


__all__ = ["TOOLS", "URL", "World", "header_of", "migrated"]

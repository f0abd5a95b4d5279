# SPDX-License-Identifier: Apache-2.0
"""The peer of the guard: what a team would write instead, in an afternoon, with good parts.

    POST /look ──FastAPI, pydantic──▶ pycasbin ──▶ INSERT INTO audit, committed ──▶ AES-GCM ──▶ masked value

It asks whether this function may see this field for this purpose, and nothing else: no case is verified, nobody's relation is
computed, nothing is counted, and whoever can write to the table can rewrite what it says. It gets what speed it can have:
connections that are open, rules that are loaded, the sealed value in memory, so that one statement a look is all it asks of
the database.

    WHOSAW_PEER=FOLDER python -m uvicorn bench.guard_peer:app      FOLDER: that of the server's socket
"""

import asyncio
import ipaddress
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import casbin
import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

TABLE = (
    "CREATE TABLE audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), "
    "key text UNIQUE, principal text, person text, field text, detail text, purpose text, case_id text, permitted bool)"
)
_INSERT = (
    "INSERT INTO audit (key, principal, person, field, detail, purpose, case_id, permitted) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""
_NEED = {
    "subject_request": ("support", "profile:exact", "device:exact", "activity:exact", "ip:network", "location:country"),
    "fraud_review": ("fraud", "profile:exact", "device:exact", "payment:exact", "ip:exact", "location:city"),
    "safety_review": ("safety", "profile:exact", "messages:exact", "contacts:exact", "ip:network"),
    "incident_response": ("security", "ip:exact", "device:exact"),
}
CONNECTIONS = 32  # more of them are slower on two cores
_KEY = AESGCM(bytes(range(32)))
_ABOUT = b"ip"
_SEALED = bytes(12) + _KEY.encrypt(bytes(12), b"203.0.113.77", _ABOUT)


def enforcer() -> casbin.Enforcer:
    """The rules: who may see what for which purpose, and the one agent that the benchmark knows."""
    made = casbin.Enforcer(casbin.Enforcer.new_model(text=_MODEL))
    for purpose, (function, *fields) in _NEED.items():
        for field in fields:
            made.add_policy(function, purpose, field)
    made.add_role_for_user("agent", "support")
    return made


class Ask(BaseModel):
    """A request, as pydantic checks it."""

    key: str
    principal: str
    person: str
    field: str
    detail: str
    purpose: str
    case: str


class Peer:
    """Rules, and connections that are open."""

    def __init__(self, rules: casbin.Enforcer, free: asyncio.Queue[psycopg.AsyncConnection]) -> None:
        self._rules, self._free = rules, free

    async def look(self, ask: Ask) -> dict[str, str]:
        """One look: decided, recorded, opened."""
        allowed: bool = self._rules.enforce(ask.principal, ask.purpose, f"{ask.field}:{ask.detail}")
        db = await self._free.get()
        try:
            said = (ask.key, ask.principal, ask.person, ask.field, ask.detail, ask.purpose, ask.case, allowed)
            await db.execute(_INSERT, said)
        finally:
            self._free.put_nowait(db)
        if not allowed:
            raise HTTPException(403, "not allowed")
        plain = _KEY.decrypt(_SEALED[:12], _SEALED[12:], _ABOUT).decode()
        return {"value": str(ipaddress.ip_network(f"{plain}/24", strict=False))}


@asynccontextmanager
async def peer(folder: str) -> AsyncIterator[Peer]:
    """A peer over the server whose socket lies in `folder`."""
    free: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()
    where = {"host": folder, "user": "postgres", "dbname": "postgres", "autocommit": True}
    opened = [await psycopg.AsyncConnection.connect(**where) for _ in range(CONNECTIONS)]
    for each in opened:
        free.put_nowait(each)
    try:
        yield Peer(enforcer(), free)
    finally:
        for each in opened:
            await each.close()


@asynccontextmanager
async def _lifespan(made: FastAPI) -> AsyncIterator[None]:
    async with peer(os.environ["WHOSAW_PEER"]) as made.state.peer:
        yield


app = FastAPI(lifespan=_lifespan)


@app.post("/look")
async def look(ask: Ask) -> dict[str, str]:
    """The endpoint."""
    return await app.state.peer.look(ask)

# SPDX-License-Identifier: Apache-2.0
"""The records of a request for an approval: one for each thing that happens to it, in two streams at once.

    stream of the person   everything: what was asked, who signed what, with which proof; they read it in their statement
    stream `approvals`     the same without the person, for an overseer who reads the ledger without anybody's key

Both stand in one submission, so neither is there alone. A request is what its records make of it, one after the other
(``made_of``): state.db only keeps what was recorded.

Invariant: ``event_of(body(…))`` gives the same event; no id, no name, and of the reason only a keyed digest. In the named
stream, whose records outlive every person, nothing is derived from whom it was about. Specification: docs/spec/approval.md
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import cast

from whosaw.errors import BadInput, Damaged, NotCanonical
from whosaw.guard.approvals.state import Event, No, Request, Standing, What, step
from whosaw.model.access import Asked, Field, Mode
from whosaw.model.approval import As, Counts, Uses, bytes_of, proof_of, str_of
from whosaw.model.record import Json, Kind, canonical, parse, parse_time, time_text


def body(event: Event, after: Standing) -> bytes:
    """The record of `event` for the person's stream; `after`: what it made of the request."""
    first = event.what in (What.ASKED, What.BROKEN)
    request = after.request
    return _whole(event, request.id, after.version, str(after.state), request if first else None)


def ledger_body(event: Event, after: Standing) -> bytes:
    """The same for the stream `approvals`."""
    request = after.request
    return canonical(
        {
            **_both(event, request.id, after.version, str(after.state)),
            "ledger": True,
            "key": None if event.proof is None else event.proof.key,
            "principal": request.principal,
            "purpose": request.purpose,
            "needs": request.needs.json(),
            "signed": after.counts.json(),
            "until": time_text(request.until),
            "uses": str(request.uses),
            "break_glass": request.break_glass,
        }
    )


def event_of(raw: bytes, where: str = "approval") -> tuple[str, int, Event, Request | None]:
    """Id, number, event and, of the first, the request that `raw` spells. Raises NotCanonical, also for the ledger's."""
    value = parse(raw, where)
    try:
        event, id_ = _event(value), str_of(value["id"])
        request = None if value["request"] is None else _request_of(id_, value["request"])
        again = _whole(event, id_, _number(value["n"]), str_of(value["state"]), request)
    except (KeyError, TypeError, ValueError, BadInput):
        raise NotCanonical("not the record of an approval", where=where) from None
    if again != raw or (request is None) is (event.what in (What.ASKED, What.BROKEN)):
        raise NotCanonical("not the one spelling of an approval", where=where)
    return id_, _number(value["n"]), event, request


def made_of(bodies: Iterable[bytes]) -> Standing:
    """The request that these records, in their order, make. Raises Damaged where they make none."""
    now: Standing | None = None
    for number, raw in enumerate(bodies, 1):
        try:
            id_, n, event, request = event_of(raw)
        except NotCanonical as error:
            raise _damaged() from error
        now = Standing(request) if now is None and request is not None else now
        if now is None or n != number or id_ != now.request.id:
            raise _damaged()
        after = step(now, event)
        if isinstance(after, No):
            raise _damaged()
        now = after
    if now is None:
        raise _damaged()
    return now


def _damaged() -> Damaged:
    return Damaged("what is kept of a request for an approval does not follow", where="approvals")


def _both(event: Event, id_: str, number: int, state: str) -> dict[str, Json]:
    return {
        "v": 1,
        "kind": str(Kind.APPROVAL),
        "id": id_,
        "n": number,
        "what": str(event.what),
        "at": time_text(event.at),
        "by": event.by,
        "as": None if event.role is None else str(event.role),
        "fine": event.fine,
        "reasons": list(event.reasons),
        "to": list(event.to),
        "state": state,
    }


def _whole(event: Event, id_: str, number: int, state: str, request: Request | None) -> bytes:
    return canonical(
        {
            **_both(event, id_, number, state),
            "proof": None if event.proof is None else event.proof.json(),
            "look": event.look,
            "request": None if request is None else _request(request),
        }
    )


def _request(request: Request) -> Json:
    return {
        "exact": _b64(request.exact),
        "principal": request.principal,
        "person": request.person,
        "fields": [{"field": str(a.field), "detail": a.detail} for a in sorted(request.asked)],
        "purpose": request.purpose,
        "case": request.case,
        "mode": str(request.mode),
        "needs": request.needs.json(),
        "at": time_text(request.at),
        "answer_by": time_text(request.answer_by),
        "until": time_text(request.until),
        "uses": str(request.uses),
        "reason": _b64(request.reason),
        "break_glass": request.break_glass,
    }


def _request_of(id_: str, value: Json) -> Request:
    if type(value) is not dict:
        raise TypeError("not an object")
    fields = cast("list[dict[str, str]]", value["fields"])
    case, glass = value["case"], value["break_glass"]
    if type(glass) is not bool:
        raise TypeError("not true or false")
    return Request(
        id=id_,
        exact=bytes_of(value["exact"]),
        principal=str_of(value["principal"]),
        person=str_of(value["person"]),
        asked=tuple(Asked(Field(each["field"]), each["detail"]) for each in fields),
        purpose=str_of(value["purpose"]),
        case=None if case is None else str_of(case),
        mode=Mode(str_of(value["mode"])),
        needs=Counts.of(cast("dict[str, Json]", value["needs"])),
        at=parse_time(str_of(value["at"])),
        answer_by=parse_time(str_of(value["answer_by"])),
        until=parse_time(str_of(value["until"])),
        uses=Uses(str_of(value["uses"])),
        reason=bytes_of(value["reason"]),
        break_glass=glass,
    )


def _event(value: dict[str, Json]) -> Event:
    role, proof, look, fine = value["as"], value["proof"], value["look"], value["fine"]
    if fine is not None and type(fine) is not bool:
        raise TypeError("not true or false")
    return Event(
        what=What(str_of(value["what"])),
        at=parse_time(str_of(value["at"])),
        by=str_of(value["by"]),
        role=None if role is None else As(str_of(role)),
        proof=None if proof is None else proof_of(proof),
        look=None if look is None else str_of(look),
        fine=fine,
        reasons=tuple(str_of(each) for each in cast("list[Json]", value["reasons"])),
        to=tuple(str_of(each) for each in cast("list[Json]", value["to"])),
    )


def _number(value: Json) -> int:
    if type(value) is not int:  # `true` is one, in Python
        raise TypeError("not a number")
    return value


def _b64(raw: bytes) -> str:
    return b64encode(raw).decode()

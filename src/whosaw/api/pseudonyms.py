# SPDX-License-Identifier: Apache-2.0
"""IP pseudonyms over HTTP: for addresses that are brought; and the address behind one, which is a look.

    POST /v1/pseudonyms   addresses ──the same desk as the command──▶ record ──▶ pseudonyms, in their order
    POST /v1/behind       person, pseudonym ──the one gate──▶ the values of a look, or its refusal

A call is counted and on record as `whosaw pseudonym` is. What has no endpoint: a whole table of the vault, which is a file that
somebody must answer for; and turning a pseudonym back, which nothing does.

Invariant: whatever is no address is found before the call, so it costs nobody anything; and no reply repeats one.
                                                                                Specification: docs/spec/authzen.md
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Protocol

from whosaw.api.looks import json_of
from whosaw.api.ports import Asker
from whosaw.api.question import BehindQuestion, PseudonymQuestion
from whosaw.api.reply import Reply, answer
from whosaw.errors import BadInput
from whosaw.guard.pseudonyms.ask import Ask, Refused
from whosaw.guard.pseudonyms.behind import EXACT, Guard, Matches, behind
from whosaw.guard.pseudonyms.session import Session
from whosaw.model.access import Look
from whosaw.model.pseudonym_body import Variant
from whosaw.privacy.ipcrypt.address import packed

PSEUDONYMS, BEHIND = "/v1/pseudonyms", "/v1/behind"


class Desk(Matches, Protocol):
    """``guard.pseudonyms.desk.Pseudonymiser``."""

    def open(self, ask: Ask, up_to: int) -> Session | Refused: ...


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The handlers. `batch`: how many addresses a session takes at once."""

    desk: Desk
    guard: Guard
    batch: int

    def pseudonyms(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        del key  # each call is one of its own, and counts
        said = PseudonymQuestion.of(body)
        _check(said.addresses)
        principal, caller = asker.looker(said.principal, said.purpose)
        ask = Ask(principal, said.purpose, said.case, Variant(said.kind), said.epoch, caller)
        made = self.desk.open(ask, len(said.addresses))
        if isinstance(made, Refused):
            return answer(refused_json(made, sees_admin=asker.sees_admin))
        with made as session:
            parts = range(0, len(said.addresses), self.batch)
            texts = [text for at in parts for text in session.texts(said.addresses[at : at + self.batch])]
        return answer(
            {
                "permitted": True, "leaf": made.index, "receipt": made.receipt.decode(), "epoch": made.epoch, "kind": said.kind,
                "pseudonyms": texts,
            }
        )  # fmt: skip

    def behind(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        said = BehindQuestion.of(body)
        principal, caller = asker.looker(said.principal, said.purpose)
        ask = Ask(principal, said.purpose, said.case, Variant(said.kind), said.epoch, caller)
        look = Look(
            look_id=secrets.token_hex(8), principal=principal, person=said.person, asked=(EXACT,), purpose=said.purpose,
            case=said.case, key=key, app=caller.name, caller=caller,
        )  # fmt: skip
        made = behind(look, said.pseudonym, ask, guard=self.guard, desk=self.desk)
        return answer(json_of(made, sees_admin=asker.sees_admin))


def _check(addresses: list[str]) -> None:
    """Raises BadInput with its number for what is no address."""
    for number, text in enumerate(addresses):
        try:
            packed(text)
        except BadInput as error:
            raise BadInput("not an IP address", where=f"addresses.{number}", hint=error.hint) from None


def refused_json(made: Refused, *, sees_admin: bool) -> dict[str, Any]:
    """No, with every reason: all of them are about who asks and what for."""
    said = {
        "permitted": False, "leaf": made.index, "receipt": made.receipt.decode(),
        "reasons": [{"code": code, "reason": sentence} for code, sentence in made.reasons],
    }  # fmt: skip
    return said | ({"cause": made.cause} if sees_admin and made.cause else {})

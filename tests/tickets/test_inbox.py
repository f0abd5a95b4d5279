# SPDX-License-Identifier: Apache-2.0
"""A system that tells: pushes are signed, count once and in order, and its silence is silence."""

import asyncio
import json
import os
from datetime import timedelta

import pytest
from tests.tickets.counter import AT, DAY, Counter

from whosaw.errors import BadInput, IdempotencyConflict, Unavailable
from whosaw.tickets.asked import System
from whosaw.tickets.inbox import Inbox, Pushes
from whosaw.tickets.pushed_rows import PushedRows
from whosaw.tickets.story import Words
from whosaw.tickets.webhook import LIMIT, Webhook, sign

SECRET = "whsec_" + "c2VjcmV0" * 4
QUIET = timedelta(minutes=15)
WORDS = Words({"support": "support_request"}, {"help": "q-help"})
CASE = {
    "format": "whosaw-case/1", "id": "T-9", "version": 1, "type": "support", "opened": "2026-03-01T09:30:00Z",
    "opened_by": ["@portal"], "closed": None, "requesters": ["mira@"],
    "assigned": [{"to": "@ana", "by": "@carl"}], "queued": [],
    "persons": [{"person": "mira", "since": "2026-03-01T09:30:00Z", "by": ["@portal"], "fields": ["ip:network"]}],
}  # fmt: skip


class Told(Counter):
    """The counter, and an inbox in place of a system that is asked."""

    def __init__(self, where):
        super().__init__(where, pattern="T-[0-9]+")
        self.rows = PushedRows(self.engine, b"k" * 32, os.urandom)
        webhook = Webhook("desk", self.rows, WORDS, QUIET, self.clock)
        (old,) = self.tickets._systems
        self.one = System(old.name, old.pattern, webhook, old.deadline_s, old.cache)
        self.tickets._systems = (self.one,)
        self.inbox = Inbox(self.one, WORDS, lambda: SECRET, self.rows, self.keeper, self.clock)
        self.number = 0

    def headers(self, body, *, id_=None, at=None, secret=SECRET):
        self.number += 1
        id_ = id_ or f"msg-{self.number}"
        stamp = str(int((at or self.clock.at).timestamp()))
        return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": sign(id_, stamp, body, secret)}

    def push(self, said=None, **how):
        body = json.dumps({**CASE, **(said or {})}).encode()
        return self.inbox.take(self.headers(body, **how), body)


@pytest.fixture
def told(tmp_path):
    made = Told(tmp_path)
    yield made
    made.close()


def test_what_was_pushed_is_what_is_seen(told):
    """Like a case that was asked for, hand by hand."""
    told.push()
    found = told.looked()
    assert (found.case.type, found.case.opened, found.case.opened_by, found.case.assigned) == (
        "support_request", AT - DAY, "other", True,
    )  # fmt: skip
    assert found.case.named.by == "other"


def test_the_story_of_a_case_that_is_pushed(told):
    """Edited, closed, opened again by the one who looks, gone."""
    told.push()
    told.clock.turn(timedelta(minutes=1))
    told.push(
        {
            "version": 2,
            "persons": [
                *CASE["persons"],
                {"person": "owen", "since": "2026-03-02T09:30:30Z", "by": ["@ana"], "fields": None},
            ],
        }
    )
    assert told.looked(person="owen").case.named.by == "principal"
    told.clock.turn(timedelta(minutes=1))
    told.push({"version": 3, "closed": "2026-03-02T09:31:30Z"})
    assert told.looked().case.closed is not None
    told.clock.turn(timedelta(minutes=1))
    told.push({"version": 4, "opened": "2026-03-02T09:32:40Z", "opened_by": ["@portal", "@ana"]})
    assert told.looked().case.opened_by == "principal"
    told.clock.turn(timedelta(minutes=1))
    told.push({"version": 5, "gone": True})
    assert told.looked().case is None


def test_a_system_that_told_us_nothing_for_long_is_silent(told):
    """That it is alive is enough; and a case that it never told of is unknown."""
    assert told.looked().case_silent
    told.push()
    told.clock.turn(QUIET + timedelta(seconds=1))
    assert told.looked().case_silent
    body = b'{"format": "whosaw-case/1", "alive": true}'
    told.inbox.take(told.headers(body), body)
    assert told.looked().case is not None
    assert not told.looked(number=8).case_silent and told.looked(number=8).case is None


def test_a_push_counts_once(told):
    """The same again, as it was; and the same version under another id."""
    body = json.dumps(CASE).encode()
    headers = told.headers(body)
    told.inbox.take(headers, body)
    with pytest.raises(IdempotencyConflict, match="taken before"):
        told.inbox.take(headers, body)
    with pytest.raises(IdempotencyConflict, match="later one"):
        told.push()


def test_an_older_version_never_replaces_a_newer_one(told):
    """Whatever order the network brings them in."""
    told.push({"version": 7, "closed": "2026-03-02T09:00:00Z"})
    with pytest.raises(IdempotencyConflict):
        told.push({"version": 6})
    assert told.looked().case.closed is not None


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_push_from_another_time_is_a_replay(told, minutes):
    """Five minutes, either way."""
    with pytest.raises(BadInput, match="five minutes"):
        told.push(at=told.clock.at + timedelta(minutes=minutes))


def test_no_bit_of_a_push_can_be_changed(told):
    """Body, id and time are signed; and one byte of the signature is all of it."""
    body = json.dumps(CASE).encode()
    headers = told.headers(body)
    for name in headers:
        for at in range(len(headers[name])):
            text = headers[name]
            other = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
            with pytest.raises(BadInput):
                told.inbox.take({**headers, name: other}, body)
    for at in range(0, len(body), 7):
        with pytest.raises(BadInput, match="signature"):
            told.inbox.take(headers, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
    with pytest.raises(BadInput, match="signature"):
        told.push(secret="whsec_" + "b3RoZXIh" * 4)
    told.inbox.take({**headers, "webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}, body)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "whosaw-case/2"}, {"version": 0}, {"version": True}, {"version": "1"}, {"id": ""}, {"opened": "yesterday"},
        {"opened_by": "portal"}, {"persons": [{"person": "mira"}]}, {"assigned": [{"by": "@bo"}]}, {"type": None},
        {"persons": [{"person": "mira", "since": None, "by": ["@bo"], "fields": ["ip:everything"]}]}, {"id": "X-9"},
    ],
)  # fmt: skip
def test_what_is_no_case_is_refused_while_the_sender_listens(told, change):
    """And changes nothing."""
    with pytest.raises(BadInput):
        told.push(change)
    assert told.looked().case_silent


def test_what_could_not_be_kept_may_be_sent_again(told):
    """The id of a push that failed is not taken."""
    body = json.dumps(CASE).encode()
    headers = told.headers(body)
    told.journal.fate = "down"
    with pytest.raises(Unavailable):
        told.inbox.take(headers, body)
    told.journal.fate = "ok"
    told.inbox.take(headers, body)
    assert told.looked().case is not None


def test_bodies_stand_sealed(told, tmp_path):
    """No account and no person can be read in state.db."""
    told.push()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert b"@portal" not in raw and b'"mira' not in raw


def test_erasing_a_person_takes_what_names_them(told, tmp_path):
    """Rows, accounts, and the bodies of the cases; a case like that is unknown until it is pushed again."""
    from whosaw.store.sql_erase import SqlErasure
    from whosaw.store.state import state_engine

    told.push()
    told.push({"id": "T-8", "requesters": [], "persons": []})
    mira = told.names.person("mira")
    erasure = SqlErasure(told.engine, state_engine(tmp_path / "keys.db"))
    assert erasure.knows(mira)
    erasure.erase(None, mira)
    assert not erasure.knows(mira)
    assert told.rows.find("desk", "T-9") is None and told.rows.find("desk", "T-8") is not None
    told.clock.turn(timedelta(seconds=10))
    assert told.looked().case is None


def asked(app, path="/tickets/desk", method="POST", headers=None, body=b""):
    """One request, in process."""
    said = []
    parts = [body[:100], body[100:]]

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        said.append(message)

    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    asyncio.run(app({"type": "http", "path": path, "method": method, "headers": raw}, receive, send))
    return said[0]["status"], said[1]["body"]


def test_what_the_sender_is_told(told):
    """By status; and who has not the secret learns nothing but that."""
    app = Pushes({"desk": told.inbox})
    body = json.dumps(CASE).encode()
    headers = told.headers(body)
    assert asked(app, headers=headers, body=body) == (204, b"")
    assert asked(app, headers=headers, body=body)[0] == 409
    assert asked(app, headers={}, body=body) == (400, b"push: its signature is not ours\n")
    assert asked(app, "/tickets/other", headers=headers, body=body)[0] == 404
    assert asked(app, method="GET")[0] == 404
    assert asked(app, headers=headers, body=b" " * (LIMIT + 1))[0] == 413
    told.journal.fate = "down"
    body = json.dumps({**CASE, "version": 2, "type": "other"}).encode()
    assert asked(app, headers=told.headers(body), body=body) == (503, b"it could not be kept; push it again\n")

# SPDX-License-Identifier: Apache-2.0
"""Who leaves by a real request of an identity provider: what they asked for and what they signed is void at once, on record."""

import os
from contextlib import contextmanager

import httpx
import pytest
from tests.api.scim.world import PATCH, served, user

from whosaw.api.scim.house import scim_app
from whosaw.api.scim.token import make_token
from whosaw.errors import Unavailable
from whosaw.guard.approvals.answer import Giving, give
from whosaw.guard.approvals.ask import Asking, ask
from whosaw.guard.approvals.state import State
from whosaw.guard.approvals.use import hold
from whosaw.model.access import Asked, Look
from whosaw.model.approval_kept import Holder
from whosaw.model.ask import exact_digest
from whosaw.model.record import Stream, parse
from whosaw.wiring import build, house


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("leaver")
    build(where / "data", "log.example.org/whosaw")
    make_token(where / "data", where / "token", os.urandom)
    return where / "data"


class Idp:
    """A house, its identity provider, and four who work there in four departments."""

    def __init__(self, here, client):
        self.here, self.client, self.drawn = here, client, os.urandom(4).hex()
        self.ids = {}
        for name in ("ana", "rae", "lea", "sam"):
            made = client.post("/Users", json=user(self.staff(name), dept=f"d-{name}", function="fraud", country="IE"))
            assert made.status_code == 201, made.text
            self.ids[name] = made.json()["id"]

    def staff(self, name):
        return f"{name}-{self.drawn}"

    def look(self, who, key):
        return Look(
            f"l-{key}",
            self.staff(who),
            "mira",
            (Asked.parse("ip:exact"),),
            "fraud_review",
            "F-1",
            f"{key}-{self.drawn}",
        )

    def asked(self, who, key, *signed):
        kept = ask(self.here.approvals, Asking(look=self.look(who, key), reason="She cannot sign in."))
        for n, each in enumerate(signed):
            given = give(
                self.here.approvals,
                Giving(request=kept.request.id, staff=self.staff(each), nonce=f"{kept.request.id}{n}"),
            )
            assert given.standing.state is State.APPROVED, given
        return kept.request.id

    def state(self, request):
        """As it is kept, and not as whoever asks would find it: nobody asked."""
        return self.here.approvals.rows.find(request).state

    def held(self, who, key):
        look, desk = self.look(who, key), self.here.approvals
        principal, person = desk.people.principal(look.principal), desk.people.person(look.person)
        return hold(
            desk, exact_digest(look, principal, person), Holder("guard/e-x", key), self.here.clock()
        ).counts.independent

    def say(self, name, value):
        said = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": value[0], "value": value[1]}]}
        return self.client.patch(f"/Users/{self.ids[name]}", json=said)


@contextmanager
def idp_of(folder):
    token = (folder.parent / "token").read_text().strip()
    with house(folder) as here, served(scim_app(here)) as url:
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=20) as client:
            yield Idp(here, client)


ENDS = {
    "left": ("active", False),
    "suspended": ("urn:whosaw:scim:schemas:1.0:Work:suspended", True),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_they_asked_for_and_signed_is_void_at_once(folder, end):
    """Pending and approved, asked and signed: withdrawn in the very request; what others have with each other stays."""
    with idp_of(folder) as idp:
        pending, approved = idp.asked("rae", "one"), idp.asked("rae", "two", "sam")
        signed, others = idp.asked("ana", "three", "rae"), idp.asked("lea", "four", "sam")
        assert idp.say("rae", ENDS[end]).status_code == 200
        assert [idp.state(each) for each in (pending, approved, signed, others)] == ["withdrawn"] * 3 + ["approved"]
        assert (idp.held("rae", "two"), idp.held("ana", "three"), idp.held("lea", "four")) == (0, 0, 1)
        idp.here.journal.publish_now()
        key = idp.here.keyring.find(Stream.named("approvals"))
        bodies = [parse(frame.body) for frame in idp.here.journal.reader().run(key)[1:]]
        void = {body["id"]: body["reasons"] for body in bodies if body.get("what") == "void"}
        assert [void[each] for each in (pending, approved, signed)] == [[f"approver-{end}"]] * 3


def test_where_that_fails_the_provider_is_told_and_nothing_counts_meanwhile(folder, monkeypatch):
    """500, so that it says it again; by then who left was refused already, and what they signed is no approval."""
    with idp_of(folder) as idp:
        signed = idp.asked("ana", "one", "rae")

        def down(_rows):
            raise Unavailable("the table is locked", part="approvals")

        with monkeypatch.context() as now:
            now.setattr(type(idp.here.approvals.rows), "open", down)
            assert idp.say("rae", ENDS["left"]).status_code >= 500
        assert idp.state(signed) == "approved"
        assert idp.held("ana", "one") == 0
        assert idp.say("rae", ENDS["left"]).status_code == 200
        assert idp.state(signed) == "withdrawn"

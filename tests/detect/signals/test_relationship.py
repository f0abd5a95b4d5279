# SPDX-License-Identifier: Apache-2.0
"""To look at oneself is unusual where hardly anybody does, and a habit where most people do."""

from tests.detect.signals.ground import company, tried, world

from whosaw.detect.signals import relationship
from whosaw.model.access import Field


def test_where_everybody_tries_things_on_their_own_account_nobody_stands_out():
    made = company(5)
    own = {s["who"]: s["own_person"] for s in made.staff if s["own_person"]}
    security = [s["who"] for s in made.staff if s["function"] == "security" and s["who"] in own]
    alone = next(s["who"] for s in made.staff if s["function"] == "fraud" and s["who"] in own)
    for who in (*security, alone):
        made.look(who, own[who], 100, Field.PROFILE)
    with world(made, without=("persons", "links", "events", "event_persons")) as world_:
        found = {s.unit: s.p for s in tried(relationship, world_)}
    assert found[alone] < 0.1
    assert all(found[who] > 0.2 for who in security)

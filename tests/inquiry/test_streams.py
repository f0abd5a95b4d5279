# SPDX-License-Identifier: Apache-2.0
"""Whatever an inquiry does, nothing in a named stream leads to a person, and every person's statement still verifies."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.inquiry.room import COMPANY

from whosaw.desks import statement_material
from whosaw.inquiry.finding import finding
from whosaw.inquiry.person import person
from whosaw.inquiry.unseal import unseal
from whosaw.model.record import NAMED, Kind, Stream
from whosaw.oversight.statement import make_statement

PERSONS = [row["person"] for row in COMPANY["persons"]]
STAFF = [row["staff_id"] for row in COMPANY["staff"]]
staff = st.sampled_from([*STAFF, "stranger"])
steps = st.one_of(
    st.tuples(st.just("person"), st.sampled_from([*PERSONS, "nobody-of-ours"]), staff),
    st.tuples(st.just("finding"), st.sampled_from(["f-000001", "f-000009", "kate"]), staff),
    st.tuples(st.just("unseal"), st.sampled_from(["f-000001", "kate"]), staff, staff, st.booleans()),
)


def take(room, what, subject, *more):
    if what == "person":
        return person(subject, more[0], room.desk)
    if what == "finding":
        return finding(subject, more[0], room.desk)
    return unseal(subject, more[0], more[1], room.desk, room.keys, persons=more[2])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=1, max_size=4))
def test_no_named_stream_leads_to_a_person(room, taken):
    """After any steps: no id and no pseudonym of a person in a named stream; in a person's stream only their own."""
    if not room.findings:
        room.observe("ana", "kate")
        room.observe("hugo", "kate", "paul")
        room.lay("f-000001", ["ana", "hugo"], ["kate", "paul"])
    for step in taken:
        take(room, *step)
    room.here.journal.publish_now()
    reader = room.here.journal.reader()
    hidden = [*map(room.p, [*PERSONS, "nobody-of-ours"])]
    for name in NAMED:
        key = room.here.keyring.find(Stream.named(name))
        for frame in [] if key is None else reader.run(key):
            texts = set(_texts(json.loads(frame.body)))
            assert not texts & {*PERSONS, "nobody-of-ours"}, name
            assert not any(pseudonym in text for text in texts for pseudonym in hidden), name
    for each in PERSONS:
        for body in room.about(each):
            if body["kind"] in (str(Kind.INQUIRY), str(Kind.UNSEAL)):
                assert not any(pseudonym in text for text in _texts(body) for pseudonym in hidden)
                assert not set(_texts(body)) & set(PERSONS)


def _texts(value):
    """Every text in a body; strings of words split, so that an id inside a sentence is found too."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value, *value.split()] if isinstance(value, str) else []


def test_every_step_is_in_the_ledger(room):
    """Steps that were shown, refused, about nobody: the ledger alone, with its one key, has them all, in order."""
    room.observe("ana", "kate")
    room.lay("f-000001", ["ana"], ["kate"])
    person("kate", "ines", room.desk)
    person("nobody-of-ours", "ines", room.desk)
    finding("f-000001", "ana", room.desk)
    unseal("f-000001", "ines", "sven", room.desk, room.keys)
    unseal("f-000001", "ines", "omar", room.desk, room.keys, persons=True)
    said = [(body["kind"], body["outcome"], body["persons"]) for body in room.ledger()]
    assert said == [
        ("inquiry", "shown", 1), ("inquiry", "shown", 0), ("inquiry", "refused", 1),
        ("unseal", "refused", 0), ("unseal", "opened", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("whom", ["kate", "quiet"])
def test_a_statement_with_steps_of_an_inquiry_verifies(room, whom):
    """The person gets the steps in their statement, which passes the outsider's verifier."""
    room.observe("ana", "kate")
    room.lay("f-000001", ["ana"], ["kate"])
    person(whom, "ines", room.desk)
    unseal("f-000001", "ines", "omar", room.desk, room.keys, persons=True)
    room.here.journal.publish_now()
    raw = make_statement(whom, statement_material(room.here))
    kinds = [opened["body"]["kind"] for opened in json.loads(raw)["generations"][0]["records"]]
    assert kinds == (["look", "inquiry", "unseal"] if whom == "kate" else ["inquiry"])

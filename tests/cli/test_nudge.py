# SPDX-License-Identifier: Apache-2.0
"""The question of the day at the command line: asked, listed, answered, shown beside a finding, counted."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.cli.desk import NOW
from tests.cli.test_finding import lay

from whosaw import reviewing
from whosaw.cli import errand, nudge
from whosaw.detect.defaults import load_defaults
from whosaw.facts.columns import DAY, micros
from whosaw.guard.opening import named
from whosaw.journal.submission import Record, Submission
from whosaw.model.access import Field, Mode
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream, parse
from whosaw.nudge.choose import Row
from whosaw.wiring import house

LOOKS = (("ana", "customer-00"), ("ana", "customer-01"), ("portal", "customer-01"))


def observe(here, name, principal, person, field=Field.IP):
    """A look without a reason, seen in a log an hour ago."""
    at = NOW - timedelta(hours=1)
    body = LookBody(
        kind=Kind.LOOK, look=name, origin="observed", at=at, principal=here.pseudonyms.principal(principal),
        person=here.pseudonyms.person(person), asked=((field, "network"),), mode=Mode.READ, source="desk", taken=at, app="desk",
    )  # fmt: skip
    here.journal.submit(Submission("test", name, (Record(Stream.of_person(person), body.encode()),)))


@pytest.fixture
def here(desk, monkeypatch):
    """A house that stays open, where lots are certain; ana looked at two addresses, one of them in a finding about her."""
    lay(desk, (["ana"], ["customer-00"]))
    sure = replace(load_defaults(), nudge=replace(load_defaults().nudge, unexplained=1e-9, lot=1e-9, apart=1e-9))
    monkeypatch.setattr(reviewing, "load_defaults", lambda: sure)
    with house(desk.data) as here:
        for place in (errand, nudge):
            monkeypatch.setattr(place, "opened", lambda _: nullcontext(here))
        for number, (who, person) in enumerate(LOOKS, 1):
            observe(here, f"l-{number}", who, person)
        yield here


def typed_rows(here, first, since):
    """What the facts would say of these looks, without the engine."""
    found = []
    for frame in here.journal.reader().frames(first):
        if parse(frame.body)["kind"] == "look":
            look = LookBody.decode(frame.body)
            human = look.principal == here.pseudonyms.principal("ana")
            t = micros(look.at)
            found.append(Row(leaf=frame.index, t=t, day=t // DAY, who=look.principal, person=look.person, unexplained=True, intimate=True, protected=False, repeat=False, human=human))  # fmt: skip
    return found


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["typed", "facts"])
def test_a_question_from_asked_to_shown(desk, here, monkeypatch, real):
    """Two are asked of ana and none of the machine; she answers with a case that names another; a reviewer is told, she is not."""

    def typed(*words, code=0):
        said = desk.typed(*words, "--format", "json")
        assert said.code == code, said
        return said.json

    if not real:
        monkeypatch.setattr(reviewing, "_rows", typed_rows)
    made = typed("nudge", "ask")
    assert (made["looks"], made["asked"], made["nobody"]) == (3, 2, 1)
    assert typed("nudge", "ask")["asked"] == 0
    assert typed("nudge", "list", "--as", "hugo")["rows"] == []
    rows = typed("nudge", "list", "--as", "ana")["rows"]
    assert [(row["question"], row["look"]) for row in rows] == [("n-000001", "l-1"), ("n-000002", "l-2")]
    assert "you looked at ip:network of one person in desk, with no case. What for?" in rows[0]["asked"]
    no = typed("nudge", "answer", "n-000001", "--mistake", "--as", "hugo", code=4)
    assert [row["code"] for row in no["rows"]] == ["no-question"]
    said = desk.typed("nudge", "answer", "n-000001", "--purpose", "subject_request", "--case", "T-101", "--as", "ana")
    assert (said.code, "name" in said.out) == (0, False)
    assert desk.typed("nudge", "answer", "n-000002", "--ask-unit", "--as", "ana").code == 0
    assert desk.typed("nudge", "answer", "n-000002", "--mistake", "--as", "ana").code == 4
    told = " ".join(typed("finding", "show", "f-000001", "--as", "head")["notes"])
    assert "answered on" in told
    assert "“subject_request”, under a case. Against the answer: The case does not name the person." in told
    if real:
        made = typed("nudge", "report")
        assert (made["pending"], made["rows"][0]["principals"]) == (1, 0)
    bodies = [parse(frame.body) for frame in named(here.journal, here.keyring, "nudges")]
    assert [body["what"] for body in bodies] == [
        "round", "question", "question", "refusal", "answer", "answer", "refusal",
    ]  # fmt: skip
    hidden = [here.pseudonyms.person(each) for _, each in LOOKS]
    assert not any(each in str(bodies) for each in [*hidden, *(each for _, each in LOOKS), "l-1"])


def test_one_answer_of_three(desk):
    """What does not go together is told before anything is opened."""
    for words in ((), ("--mistake", "--ask-unit"), ("--mistake", "--purpose", "subject_request")):
        said = desk.typed("nudge", "answer", "n-000001", *words, "--as", "ana")
        assert (said.code, "one of --purpose CODE, --mistake, --ask-unit" in said.err) == (2, True)

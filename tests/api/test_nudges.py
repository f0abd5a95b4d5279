# SPDX-License-Identifier: Apache-2.0
"""The question of the day over HTTP: to whoever's own token it is, and to nobody else; answered once, on record."""

import json
import re

import pytest
from tests.api.client import Client, Speaks
from tests.api.conftest import LANE, ROOT, URL
from tests.nudge.day import HOUR, House, certain, row

from whosaw.api import nudges as nudges_module
from whosaw.api.admitted import NotAdmitted
from whosaw.api.answers import AnswerRefused, QuestionAnswered, QuestionsAsked
from whosaw.api.app import Parts, application
from whosaw.api.nudges import ANSWER, QUESTIONS, Nudges
from whosaw.api.question import AnswerGiven, OwnQuestions
from whosaw.api.reply import told_of
from whosaw.errors import Busy, OutcomeUnknown
from whosaw.nudge.ask import nudges, round_
from whosaw.nudge.record import Refusal, Said, decode

ANAS, SAMS = "n-000001", "n-000002"
MISTAKE = {"question": ANAS, "said": "mistake"}


class With(Speaks):
    """A tool that may speak for everybody, with the token of `who`, or of nobody."""

    def __init__(self, who):
        super().__init__()
        self.who = who

    def employee(self):
        if self.who is None:
            raise NotAdmitted(403, "no token")
        return self.who


@pytest.fixture
def day():
    made = House(row(1, who="ana", intimate=True), row(2, who="sam", person="p-2", intimate=True), numbers=certain())
    round_(made.desk)
    return made


def of(day, who):
    handlers = Nudges(day.desk)
    calls = {QUESTIONS: handlers.questions, ANSWER: handlers.answer}
    return Client(
        application(Parts(engine=None, callers=lambda _: With(who), lane=LANE, url=URL, health=dict, calls=calls))
    )


def last(day):
    return decode(day.journal.frames[-1].body)


def test_somebody_sees_their_own_questions_and_answers_one(day):
    """Without the person; once; what speaks against the answer is on record and not told."""
    (one,) = of(day, "ana").post(QUESTIONS, {}).json["questions"]
    assert (one["question"], one["look"]) == (ANAS, "l-1")
    assert "you looked at ip:network of one person in desk" in one["asked"]
    assert "p-1" not in json.dumps(one)
    got = (
        of(day, "ana")
        .post(ANSWER, {"question": ANAS, "said": "purpose", "purpose": "subject_request", "case": "T-9"})
        .json
    )
    assert (got["answered"], got["late"], set(got)) == (True, False, {"answered", "leaf", "question", "late"})
    assert (last(day).by, last(day).said, "case-unknown" in last(day).against) == ("ana", Said.PURPOSE, True)
    assert of(day, "ana").post(QUESTIONS, {}).json["questions"] == []
    again = of(day, "ana").post(ANSWER, MISTAKE).json
    assert (again["answered"], [why["code"] for why in again["reasons"]]) == (False, ["answered"])
    assert nudges(day.desk).asked[ANAS].answer.said is Said.PURPOSE


def test_anothers_question_and_one_that_was_never_asked_are_the_same(day):
    """To the letter, but for the leaf that records the attempt."""
    said = [of(day, "ana").post(ANSWER, MISTAKE | {"question": id_}).json for id_ in (SAMS, "n-000009")]
    assert said[0].pop("leaf") + 1 == said[1].pop("leaf")
    assert said[0] == said[1]
    assert [why["code"] for why in said[0]["reasons"]] == ["no-question"]
    assert (type(last(day)), last(day).by) == (Refusal, "ana")
    assert nudges(day.desk).asked[SAMS].open


@pytest.mark.parametrize(("path", "body"), [(QUESTIONS, {}), (ANSWER, MISTAKE)])
def test_without_an_employees_token_nobody_is_asked(day, path, body):
    """However much the tool may: 403, and as a member of the body a name is 400, whatever else stands there."""
    before = len(day.journal.frames)
    assert of(day, None).post(path, body).status == 403
    for who in ("ana", None):
        assert of(day, who).post(path, {**body, "principal": "ana"}).status == 400
    assert len(day.journal.frames) == before
    assert nudges(day.desk).asked[ANAS].open


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"said": "work"}, "said"),
        ({"said": "purpose"}, "purpose"),
        ({"said": "mistake", "purpose": "subject_request"}, "purpose"),
        ({"said": "purpose", "purpose": "because"}, "purpose"),
        ({"said": "unit", "case": "T-1"}, "case"),
        ({"said": "purpose", "purpose": "subject_request", "case": "about Mira"}, "case"),
        ({}, "said"),
    ],
)
def test_what_is_no_answer_is_none(day, said, where):
    """400 with the member and nothing that was typed; the question stays open, and nothing is on record."""
    before = len(day.journal.frames)
    got = of(day, "ana").post(ANSWER, {"question": ANAS, **said})
    assert (got.status, got.text.startswith(f"{where}: ")) == (400, True)
    assert "Mira" not in got.text
    assert len(day.journal.frames) == before


@pytest.mark.parametrize("late", [False, True])
def test_what_cannot_be_recorded_is_not_answered(day, late):
    """Lost or kept all the same: nobody is told that it is; asked again, it is answered once."""
    day.journal.fail, day.journal.late = OutcomeUnknown("the disk"), late
    got = of(day, "ana").post(ANSWER, MISTAKE)
    assert (got.status, "answered" in got.text) == (503, False)
    assert of(day, "ana").post(ANSWER, MISTAKE).json["answered"] is not late
    assert nudges(day.desk).asked[ANAS].answer.said is Said.MISTAKE


def test_whoever_asks_all_the_time_is_told_to_wait(day, monkeypatch):
    """Before anything is read, or a refusal recorded; others go on, and so do they an hour later."""
    monkeypatch.setattr(nudges_module, "MOST", 2)
    handlers = Nudges(day.desk)
    wrong = MISTAKE | {"question": "n-000009"}
    assert handlers.answer(wrong, With("ana"), "").status == handlers.questions({}, With("ana"), "").status == 200
    before = len(day.journal.frames)
    for ask, body in ((handlers.answer, wrong), (handlers.questions, {})):
        with pytest.raises(Busy, match="of one employee in an hour") as caught:
            ask(body, With("ana"), "")
        told = told_of(caught.value)
        assert (told.status, told.headers["retry-after"]) == (429, "3600")
    assert len(day.journal.frames) == before
    assert handlers.questions({}, With("sam"), "").status == 200
    day.at += 2 * HOUR
    assert handlers.questions({}, With("ana"), "").status == 200


def test_the_page_asks_what_is_read():
    """The requests of docs/nudge.md are questions, member by member, and its answers have the members of the shapes."""
    page = (ROOT / "docs/nudge.md").read_text()
    for path, shape in ((QUESTIONS, OwnQuestions), (ANSWER, AnswerGiven)):
        (body,) = re.findall(rf"^POST {path}\n(\{{.*?\}})\n\n", page, re.MULTILINE | re.DOTALL)
        assert shape.of(json.loads(body)).model_fields_set == set(json.loads(body))
    answers = re.findall(r"^200 (\{.*?\})\n(?=200|```|\n)", page, re.MULTILINE | re.DOTALL)
    for shape, said in zip((QuestionsAsked, QuestionAnswered, AnswerRefused), answers, strict=True):
        shape.model_validate(json.loads(said))

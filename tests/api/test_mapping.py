# SPDX-License-Identifier: Apache-2.0
"""A question as a look: what it says and nothing else; what it does not say is not guessed."""

import pytest
from tests.api.client import Speaks

from whosaw.api.mapping import look_of
from whosaw.api.question import Evaluation, LookQuestion, OwnQuestions
from whosaw.errors import BadInput
from whosaw.model.access import BARE, LADDER, Asked, Field, Mode

ANA = {"type": "principal", "id": "ana"}
MIRA = {"type": "person", "id": "mira"}
WHY = {"purpose": "subject_request", "case": "T-1"}


def question(properties=None, resource=MIRA, context=WHY, subject=ANA, name="read"):
    action = {"name": name, "properties": {"field": "ip", "detail": "network"} if properties is None else properties}
    return {"subject": subject, "action": action, "resource": resource, "context": context}


def mapped(body):
    return look_of(Evaluation.of(body), Speaks(), "k-1", "l-1")


def test_everything_that_is_said():
    """Each member in its place; the tool's name is its own, not the body's."""
    look = mapped(question(context=WHY | {"break_glass": True, "app": "other", "caller": "other"}))
    assert (look.principal, look.person, look.asked) == ("ana", "mira", (Asked(Field.IP, "network"),))
    assert (look.purpose, look.case, look.break_glass) == ("subject_request", "T-1", True)
    assert (look.look_id, look.key, look.mode, look.app, look.caller.name) == ("l-1", "k-1", Mode.READ, "desk", "desk")


@pytest.mark.parametrize("field", [str(each) for each in Field])
def test_a_field_in_each_of_its_forms(field):
    """The same look by a property of the action, by a list, and by a resource that is the field."""
    for detail in LADDER[Field(field)]:
        looks = [
            mapped(question({"field": field, "detail": detail})),
            mapped(question({"fields": [f"{field}:{detail}"]})),
            mapped(question({"detail": detail}, {"type": "field", "id": field, "properties": {"person": "mira"}})),
        ]
        assert looks[0] == looks[1] == looks[2]
        assert looks[0].asked == (Asked(Field(field), detail),)


def test_detail_may_be_missing_where_there_once_was_one():
    """Tools that named the field alone go on meaning all of it; of an address and a place it must be said."""
    for field in map(str, Field):
        bodies = [
            question({"field": field}), question({"fields": [field]}),
            question({}, {"type": "field", "id": field, "properties": {"person": "mira"}}),
        ]  # fmt: skip
        for body in bodies:
            if Field(field) in BARE:
                assert mapped(body).asked == (Asked(Field(field), "exact"),)
            else:
                with pytest.raises(BadInput):
                    mapped(body)


def test_many_fields():
    look = mapped(question({"fields": ["profile", "ip:country"]}))
    assert look.asked == (Asked(Field.PROFILE, "exact"), Asked(Field.IP, "country"))


def test_what_a_tool_says_of_a_subject_changes_nothing():
    """The directory knows what Ana is; the tool does not."""
    body = question(subject=ANA | {"properties": {"role": "admin", "function": "legal"}})
    assert mapped(body) == mapped(question())
    assert mapped(question(subject={"type": "user", "id": "ana"})) == mapped(question())


def test_without_a_case_none_was_given():
    assert mapped(question(context={"purpose": "subject_request"})).case is None


UNFIT = {
    "another subject": question(subject={"type": "group", "id": "ana"}),
    "another action": question(name="can_read"),
    "another resource": question(resource={"type": "record", "id": "mira"}),
    "no field": question({}),
    "no such field": question({"field": "diary"}),
    "no such detail": question({"field": "ip", "detail": "street"}),
    "a detail in the field's name": question({"field": "ip:exact", "detail": "country"}),
    "a detail in the resource's name": question({}, {"type": "field", "id": "ip:exact", "properties": {"person": "mira"}}),
    "a detail of another type": question({"field": "ip", "detail": 1}),
    "no detail": question({"field": "ip", "detail": None}),
    "a field twice": question({"fields": ["ip:exact", "ip:country"]}),
    "no fields": question({"fields": []}),
    "fields that are none": question({"fields": [{"field": "ip"}]}),
    "fields and a field": question({"fields": ["profile"], "field": "ip"}),
    "fields and a detail": question({"fields": ["profile"], "detail": "exact"}),
    "two fields": question({"field": "ip", "detail": "exact"}, {"type": "field", "id": "ip", "properties": {"person": "mira"}}),
    "nobody": question({"detail": "exact"}, {"type": "field", "id": "ip"}),
    "two people": question(resource=MIRA | {"properties": {"person": "owen"}}),
    "no purpose": question(context={"case": "T-1"}),
    "no context": question(context={}),
    "an empty purpose": question(context={"purpose": ""}),
    "a case of another type": question(context=WHY | {"case": 7}),
    "an empty case": question(context=WHY | {"case": ""}),
    "no case, said so": question(context=WHY | {"case": None}),
    "a glass that is half broken": question(context=WHY | {"break_glass": "yes"}),
    "a person without end": question(resource={"type": "person", "id": "m" * 201}),
    "a person who cannot be printed": question(resource={"type": "person", "id": "mira\n"}),
}  # fmt: skip


@pytest.mark.parametrize("why", UNFIT)
def test_nothing_is_guessed(why):
    """Each is an error that names the place and quotes nothing."""
    with pytest.raises(BadInput) as caught:
        mapped(UNFIT[why])
    assert "mira" not in str(caught.value)


# Found out by the look itself, which is made last.
BY_THE_LOOK = {"a person without end", "a person who cannot be printed", "a field twice"}


@pytest.mark.parametrize("why", sorted(UNFIT.keys() - BY_THE_LOOK))
def test_a_question_that_is_none_is_nobodys_attempt(why):
    """Who asks is looked into last: it may put a refusal on record."""

    class Never(Speaks):
        def looker(self, said, purpose):
            raise AssertionError

    with pytest.raises(BadInput):
        look_of(Evaluation.of(UNFIT[why]), Never(), "k", "l")


@pytest.mark.parametrize(
    ("shape", "said", "told"),
    [
        (OwnQuestions, {"principal": "finn"}, "principal: does not belong here"),
        (LookQuestion, {"person": "mira", "fields": ["ip"], "purpose": "x", "wait": "soon"}, "wait: none of the words that are known here"),
        (LookQuestion, {"person": "mira", "fields": "ip", "purpose": "x"}, "fields: of another type, or too short or too long"),
        (LookQuestion, {"person": "mira", "fields": ["ip"]}, "purpose: missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_member_is_said(shape, said, told):
    """A name where no name belongs is not called too short."""
    with pytest.raises(BadInput) as caught:
        shape.of(said)
    assert str(caught.value) == told

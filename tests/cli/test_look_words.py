# SPDX-License-Identifier: Apache-2.0
"""What a refused employee reads: what is wrong with the question, what they can do, and nothing about the person."""

import pytest

WHO = ("mirabel", "katharina", "nobody-at-all", "client-01")
"""An account that the case names; a protected one; one that nobody knows; one that the case does not name."""


def refused(desk, *words, code=4):
    said = desk.typed("look", *words, "--format", "json")
    assert said.code == code, said
    return said.json


def test_the_same_words_whoever_the_person_is(desk):
    """Protected, unknown, not in the case: one answer, to the letter, but for the numbers of its record."""
    answers = set()
    for person in WHO[1:]:
        words = ("--principal", "ana", "--person", person, "--field", "ip:network", "--purpose", "subject_request")
        said = refused(desk, *words, "--case", "T-100")
        assert person not in str(said)
        answers.add((said["told"], *said["you_can"]))
    ((told, check, ask, command),) = answers
    assert told == "This look is not permitted."
    assert "open since ten minutes" in check
    assert ask == "Where others may approve it, ask them with:"
    assert command.startswith(
        "whosaw approval ask --person ID --field ip:network --purpose subject_request --case T-100 "
    )
    shown = desk.look(person="katharina").out.splitlines()
    assert (
        sum(line.startswith("  whosaw approval ask") and line.endswith(str(desk.data)) for line in shown) == 1
    )  # uncut


@pytest.mark.parametrize(
    ("more", "can"),
    [
        (
            ("--field", "messages", "--purpose", "subject_request", "--case", "T-100"),
            "For subject_request one may ask for ",
        ),
        (
            ("--field", "ip:exact", "--purpose", "subject_request", "--case", "T-100"),
            "For subject_request one may ask for ",
        ),
        (("--field", "ip:network", "--purpose", "curiosity", "--case", "T-100"), "The purposes are: subject_request, "),
        (
            ("--field", "ip:network", "--purpose", "fraud_review", "--case", "T-100"),
            "fraud_review is the work of fraud.",
        ),
        (
            ("--field", "ip:network", "--purpose", "subject_request"),
            "Name it with --case; it is of one of these types: ",
        ),
    ],
)
def test_what_is_wrong_with_the_question_and_what_may_be_asked(desk, more, can):
    """From the question and the table of purposes alone, so the same for everybody."""
    for person in WHO[:2]:
        said = refused(desk, "--principal", "ana", "--person", person, *more)
        assert said["told"] != "This look is not permitted."
        assert [line[: len(can)] for line in said["you_can"]] == [can]


def test_who_is_not_known_or_was_stopped(desk):
    """Is told whom to turn to."""
    words = ("--person", "mirabel", "--field", "ip:network", "--purpose", "subject_request", "--case", "T-100")
    assert "staff tables" in refused(desk, "--principal", "nobody-here", *words)["you_can"][0]
    assert desk.typed("suspend", "ana", "--reason-code", "stolen", "--by", "ines").code == 0
    assert "takes two others" in refused(desk, "--principal", "ana", *words)["you_can"][0]

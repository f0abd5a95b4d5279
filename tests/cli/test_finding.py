# SPDX-License-Identifier: Apache-2.0
"""Findings under review at the command line: listed, taken, resolved, confirmed; refused to who is near, on record."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from tests.cli.desk import NOW

from whosaw.cli import errand
from whosaw.detect import findings_file
from whosaw.detect.finding import Finding, Findings, Reason
from whosaw.facts.columns import micros
from whosaw.wiring import house

SENTENCE = "One person of support looked at 2 persons without a reason on file."


def lay(desk, *named_and_persons):
    """Findings in the folder, as a watch would have left them: (principals, persons) each."""
    with house(desk.data) as here:
        made = tuple(
            Finding(
                id=f"f-{number:06d}", as_of=micros(NOW), score=4.0, p=1e-4, sentence=SENTENCE,
                principals=tuple(sorted(map(here.pseudonyms.principal, named))),
                persons=tuple(sorted(map(here.pseudonyms.person, persons))), looks=(f"l-{number}",), cases=(),
                window=(micros(NOW - timedelta(hours=9)), micros(NOW - timedelta(hours=1))),
                signals=(Reason("unexplained", "principal", 1e-4, SENTENCE),), harm=(), counter=("One look was refused.",),
            )
            for number, (named, persons) in enumerate(named_and_persons, 1)
        )  # fmt: skip
        raw = findings_file.encode(Findings(len(made), made))
        here.stores.private.replace(findings_file.NAME, raw)


@pytest.fixture
def court(desk, monkeypatch):
    """One finding about ana, at somebody ordinary and somebody protected; one about an auditor. The house stays open."""
    lay(desk, (["ana"], ["mirabel", "katharina"]), (["zofia"], ["mirabel"]))
    with house(desk.data) as here:
        monkeypatch.setattr(errand, "opened", lambda _: nullcontext(here))
        yield _typing(desk)


def _typing(desk):

    def typed(*words, as_, code=0):
        said = desk.typed("finding", *words, "--as", as_, "--format", "json")
        assert said.code == code, said
        return said.json

    return typed


def test_a_finding_from_found_to_closed(court):
    """Listed, read, taken, resolved by one, confirmed by another; what it ended as stands beside it and in the counts."""
    rows = court("list", as_="head")["rows"]
    assert [(row["finding"], row["state"], row["goes to"]) for row in rows] == [("f-000001", "open", "audit-ie")]
    assert [row["finding"] for row in court("list", as_="ana")["rows"]] == ["f-000002"]
    assert court("take", "f-000001", as_="zofia")["state"] == "in_review"
    because = ("--because", "handed-over", "--note", "Hugo was ill, says Mirabel.")
    assert court("resolve", "f-000001", "--resolution", "justified", *because, as_="zofia")["state"] == "second"
    codes = [row["code"] for row in court("confirm", "f-000001", as_="lead", code=4)["rows"]]
    assert "reviewer-line-of-named" in codes
    assert court("confirm", "f-000001", as_="omar")["resolution"] == "justified"
    seen = court("show", "f-000001", as_="head")
    assert (seen["state"], seen["resolution"]) == ("closed", "justified")
    told = "\n".join(seen["notes"])
    assert "Against it: One look was refused." in told
    assert "the looks were work" in told
    assert "Hugo was ill" in told
    (row,) = court("precision", as_="head")["rows"]
    assert (row["signal"], row["justified"], row["worth"]) == ("unexplained", 1, "0 of 1")
    assert court("reopen", "f-000001", "--because", "person-asked", as_="quill")["state"] == "reopened"
    assert court("list", as_="quill")["rows"][0]["resolution"] == "earlier: justified"


def test_what_is_refused_says_why(court):
    """Those named read nothing; what is about reviewers is for the overseer; a code that does not fit has a hint."""
    assert "reviewer-named" in [row["code"] for row in court("show", "f-000001", as_="ana", code=4)["rows"]]
    assert "for-overseer" in [row["code"] for row in court("take", "f-000002", as_="ines", code=4)["rows"]]
    assert [row["code"] for row in court("show", "f-000009", as_="head", code=4)["rows"]] == ["no-finding"]


def test_bad_input_is_told_with_what_would_do(court, desk):
    said = desk.typed(
        "finding", "resolve", "f-000001", "--resolution", "misuse", "--because", "case-found", "--as", "zofia"
    )
    assert (said.code, said.out) == (2, "")
    assert "no-work-reason" in said.err
    assert desk.typed("finding", "list", "--as", "nobody-here").code == 4

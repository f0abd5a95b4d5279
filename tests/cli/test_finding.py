# SPDX-License-Identifier: Apache-2.0
"""Findings under review at the command line: listed, taken, resolved, confirmed; refused to who is near, on record."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from tests.cli.desk import NOW, typed

from whosaw import reviewing
from whosaw.cli import errand, finding_words, watch_words
from whosaw.cli.watch_words import Eyes
from whosaw.detect import findings_file
from whosaw.detect.coverage import Coverage
from whosaw.detect.finding import Finding, Findings, Reason
from whosaw.detect.run import Run
from whosaw.facts.columns import micros
from whosaw.review.precision import Measured
from whosaw.review.shown import InFull
from whosaw.review.state import NEW
from whosaw.review.suppress import Look
from whosaw.review.words import Resolution
from whosaw.verify.overseer import OverseerKey
from whosaw.wiring import house

COUNCIL = OverseerKey.make("works-council", "ed25519", lambda n: b"\7" * n)
SENTENCE = "One person of support looked at 2 persons without a reason on file."


def lay(desk, *named_and_persons):
    """Findings in the folder, as a watch would have left them: (principals, persons) each."""
    with house(desk.data) as here:
        put(here, named_and_persons)


def put(here, named_and_persons):
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
    desk.file("council.key", COUNCIL.encode())
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write(f'\n[[overseer]]\nvkey = "{COUNCIL.vkey}"\n')
    lay(desk, (["ana"], ["mirabel", "katharina"]), (["zofia"], ["mirabel"]))
    with house(desk.data) as here:
        monkeypatch.setattr(errand, "opened", lambda _: nullcontext(here))
        typed = _typing(desk)
        typed.here = here
        yield typed


def _typing(desk):
    def typed(*words, as_, code=0):
        said = desk.typed("finding", *words, "--as", as_, "--format", "json")
        assert said.code == code, said
        return said.json

    return typed


def test_a_finding_from_found_to_closed(court):
    """Listed, read, taken, resolved by one, confirmed by another; what it ended as stands beside it and in the counts."""
    listed = court("list", as_="head")
    rows = listed["rows"]
    assert listed["sentence"] == "1 finding, not closed."
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


def test_what_several_units_say_alike_is_said_once():
    """With how often, and the smallest p; and one is spelled as one."""
    said = [("lockstep", 0.02, "A."), ("unexplained", 0.1, "B."), ("lockstep", 0.001, "A."), ("lockstep", 0.5, "C.")]
    one = Finding(
        id="f-000001", as_of=micros(NOW), score=4.0, p=1e-4, sentence=SENTENCE, principals=("e-1",), persons=("u-1",),
        looks=("l-1",), cases=(), window=(micros(NOW), micros(NOW)), harm=(), counter=(),
        signals=tuple(Reason(signal, f"unit-{i}", p, text) for i, (signal, p, text) in enumerate(said)),
    )  # fmt: skip
    alike = Measured("lockstep", ((Resolution.MISUSE, 1),), 1, 0, 0.2, 1.0)
    shown = InFull(
        finding=one, standing=NEW, route="audit-ie", overseer_too=False, two_at_least=False, history=(), notes=(),
        related=(), alike=(alike,), index=7,
    )  # fmt: skip
    made = finding_words.showing(shown, (), "")
    assert [(row["signal"], row["p"], row["times"], row["sentence"]) for row in made.rows] == [
        ("lockstep", "0.001", 2, "A."), ("unexplained", "0.1", 1, "B."), ("lockstep", "0.5", 1, "C."),
    ]  # fmt: skip
    told = " ".join(made.after)
    assert "1 look at 1 person" in told
    assert "Of 1 other finding by the signal lockstep that ended with an answer 1 was worth a review" in told


def test_what_is_refused_says_why(court):
    """Those named read nothing; what is about reviewers is for the overseer; a code that does not fit has a hint."""
    assert "reviewer-named" in [row["code"] for row in court("show", "f-000001", as_="ana", code=4)["rows"]]
    assert "for-overseer" in [row["code"] for row in court("take", "f-000002", as_="ines", code=4)["rows"]]
    assert [row["code"] for row in court("show", "f-000009", as_="head", code=4)["rows"]] == ["no-finding"]


def test_what_is_about_reviewers_an_overseer_rules(court, desk):
    """Out as a file that names nobody, back as one that is signed; closed, and not a second time."""
    brief, back = desk.home / "brief.json", desk.home / "ruling.json"
    court("show", "f-000002", "--out", brief, as_="ines")
    text = brief.read_text()
    assert SENTENCE in text
    assert "e-" not in text.replace(SENTENCE, "")
    rule = ("overseer", "rule", brief, "--out", back, "--overseer-key", desk.home / "council.key")
    no = typed(*rule, "--resolution", "misuse", "--because", "mandate")
    assert (no.code, "no-work-reason" in no.err) == (2, True)
    done = typed(*rule, "--resolution", "misuse", "--because", "no-work-reason")
    assert (done.code, "Ruled as works-council: f-000002" in done.out) == (0, True)
    forged = desk.home / "forged.json"
    forged.write_bytes(back.read_bytes().replace(SENTENCE.encode(), b"Nobody did anything."))
    assert desk.typed("finding", "bring", forged, "--as", "ines").code == 3
    assert court("bring", back, as_="ines")["resolution"] == "misuse"
    assert [row["code"] for row in court("bring", back, as_="ines", code=4)["rows"]] == ["not-now"]
    assert "was ruled by an overseer" in " ".join(court("show", "f-000002", as_="ines")["notes"])


def test_bad_input_is_told_with_what_would_do(court, desk):
    said = desk.typed(
        "finding", "resolve", "f-000001", "--resolution", "misuse", "--because", "case-found", "--as", "zofia"
    )
    assert (said.code, said.out) == (2, "")
    assert "no-work-reason" in said.err
    for words in (("finding", "list"), ("finding", "precision"), ("suppression", "list")):
        said = desk.typed(*words, "--as", "nobody-here", "--format", "json")
        assert (said.code, [row["code"] for row in said.json["rows"]]) == (4, ["reviewer-unknown"])


def run_of(desk):
    """What a watch would have come to: the findings that lie there, all of them found again."""
    with_looks = findings_file.parse((desk.data / "private" / findings_file.NAME).read_bytes())
    none = Coverage(
        looks=9, with_person=9, explained=7, first=0, first_explained=0, refused=0, sources=(), origins=(), off=()
    )  # fmt: skip
    return Run(micros(NOW), with_looks.findings, (), none, with_looks, "2 findings.")


def test_a_watch_says_what_was_resolved_and_what_is_hidden(court, desk, monkeypatch):
    """A rule by one, approved by another, hides what it says and is named; what was closed is found again with how it ended."""
    lay_again = [(["ana"], ["mirabel"]), (["hugo"], ["customer-00"])]
    here = court.here
    put(here, lay_again)
    monkeypatch.setattr(
        reviewing, "_looks", lambda _, run: {one.id: [Look("desk", None, "none")] for one in run.findings}
    )
    court("take", "f-000001", as_="zofia")
    court("resolve", "f-000001", "--resolution", "justified", "--because", "mandate", as_="zofia")
    scope = ("--signal", "unexplained", "--unit", "help-ie", "--app", "desk", "--because", "source-fault")
    day = f"{NOW + timedelta(days=20):%Y-%m-%d}"

    def typed(*words, as_, code=0):
        said = desk.typed("suppression", *words, "--as", as_, "--format", "json")
        assert said.code == code, said
        return said.json

    no = typed("add", *scope, "--until", day, as_="ana", code=4)
    assert [row["code"] for row in no["rows"]] == ["own-unit"]
    assert typed("add", *scope, "--until", day, as_="omar")["state"] == "asked"
    assert typed("approve", "s-000001", as_="ines")["state"] == "in force"
    run = run_of(desk)
    now = reviewing.watched(here, run)
    told = watch_words.told(run, desk.data, now, Eyes("quill", reviewing.readable(here, "quill")))
    assert [(row["finding"], row["state"], row["resolution"]) for row in told.rows] == [
        ("f-000001", "closed", "justified")
    ]
    text = " ".join(told.after)
    assert "f-000001 was resolved as justified on" in text
    assert "1 finding is hidden by 1 rule (s-000001)" in text
    assert [now.waits(one.id) for one in run.findings] == [False, False]
    assert court("list", as_="quill")["hidden"] == 1
    assert [row["hidden by"] for row in court("list", "--hidden", as_="quill")["rows"]] == ["s-000001", None]
    (row,) = typed("list", as_="quill")["rows"]
    assert (row["state"], row["now"], row["ever"]) == ("in force", 1, 1)
    assert typed("end", "s-000001", as_="quill")["state"] == "ended"
    assert court("list", as_="quill")["hidden"] == 0
    for words in (("--until", "soon"), ("--until", "2020-01-01"), ("--until", day, "--signal", "gossip")):
        assert desk.typed("suppression", "add", *scope, *words, "--as", "omar").code == 2

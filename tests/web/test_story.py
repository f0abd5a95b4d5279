# SPDX-License-Identifier: Apache-2.0
"""The page of the story: strict, whole, the same everywhere, and harmless whatever the names are."""

import builtins
import hashlib
import random
import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import get_args

import pytest
from tests.web.page import Page, rows
from tests.web.sample import LOOKS, SINCE, STORY, UNTIL

from whosaw.errors import BadInput, MissingExtra
from whosaw.verify.steps import Verdict
from whosaw.web.drawing.bonds import Bond
from whosaw.web.drawing.timeline import Article, Became, DrawnLook
from whosaw.web.story import NOT_PROVEN, Command, Number, Reason, Refusal, Said, Step, Story, render

PAGE = render(STORY)
EMPTY = Story(
    headline="Nothing yet", deck="", origin="log.example.org/x", version="0", made=SINCE, since=SINCE, until=UNTIL
)
HOSTILE = (
    '<script>alert("x")</script>',
    "\"' onmouseover='x' style='x'",
    "</title></svg></table></style><b>",
    "{{ 7 * 7 }}{% include 'x' %}",
    "evil\u202etxt.exe\u2066",
    "שלום עולם",
    "\x00\x1b[31m\ud800",
    "&lt;already&gt; & more",
    "javascript:void(0)",
)


def hostile(text):
    """The sample story with `text` wherever a text can be."""
    look = DrawnLook(at=SINCE, unit=text, became=Became.FOUND, principal=text, person=text, asked=text)
    return replace(
        STORY,
        headline=text,
        deck=text,
        origin=text,
        version=text,
        numbers=(Number(text, text),),
        happened=(text,),
        looks=(look, replace(look, became=Became.ORDINARY)),
        articles=(Article(SINCE, text),),
        bonds=(Bond(principal=text, unit=text, person=text, about=text, ordinary=1, refused=2, found=3),),
        refusals=(Refusal(text, text, 1),),
        findings=(
            replace(
                STORY.findings[0],
                sentence=text,
                against=(text,),
                why=(replace(STORY.findings[0].why[0], sentence=text, signal=text),),
            ),
        ),
        coverage=(text,),
        proof=replace(
            STORY.proof, root=text, keys=(text,), steps=(replace(STORY.proof.steps[0], title=text, sentences=(text,)),)
        ),
        statement=replace(STORY.statement, person=text),
        tampering=replace(STORY.tampering, file=text, said=(text,)),
        not_proven=(text,),
        commands=(Command(text, text),),
    )


def strict(text):
    """What holds for every page: nothing loaded, nothing run, no style but the one that the policy names."""
    page = Page(text).root
    assert not re.search(r"https?:|//[a-z0-9]", re.sub(r">[^<]*<", "><", text), re.IGNORECASE)
    assert (
        page.all("script")
        == page.all("link")
        == page.all("img")
        == page.all("iframe")
        == page.all("object")
        == page.all("form")
        == []
    )
    for element in page.all():
        assert not [
            name for name in element.attrs if name.startswith("on") or name in {"style", "src", "srcset", "action"}
        ]
        for name in ("href", "xlink:href"):
            assert (element.attrs.get(name) or "#").startswith("#")
    style = page.one("style").text
    assert "url(" not in style and "@import" not in style
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attrs["content"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "\r" not in text
    return page


def test_the_page_is_strict():
    """No script, no request, no inline style; the policy allows the one style sheet by its hash."""
    strict(PAGE)


@cache
def elements_of_honest():
    return [e.name for e in strict(render(hostile("Ana Lima"))).all()]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text):
    """Whatever a name says, it adds no element and no attribute, and steers nothing."""
    raw = render(hostile(text))
    page = strict(raw)
    assert [e.name for e in page.all()] == elements_of_honest()
    assert not set("\u202e\u2066\x00\x1b\ud800") & set(raw)
    raw.encode()
    if "\u202e" not in text and "\x00" not in text:
        assert page.one("h1").text == text


def test_references_inside_the_page_lead_somewhere():
    """Every link, label and sign points to an id that exists, and ids are unique."""
    page = Page(PAGE).root
    ids = [e.attrs["id"] for e in page.all() if "id" in e.attrs]
    assert len(ids) == len(set(ids))
    for element in page.all():
        named = [
            *(element.attrs.get("aria-labelledby") or "").split(),
            *[h[1:] for h in [element.attrs.get("href") or ""] if h],
        ]
        assert set(named) <= set(ids)


def test_the_same_story_is_the_same_bytes():
    """Order of looks, zone of times and a second run change nothing."""
    looks = list(LOOKS)
    random.Random(1).shuffle(looks)
    here = timezone(timedelta(hours=5, minutes=45))
    moved = replace(
        STORY,
        looks=tuple(replace(k, at=k.at.astimezone(here)) for k in looks),
        articles=STORY.articles[::-1],
        bonds=STORY.bonds[::-1],
        made=STORY.made.astimezone(here),
        since=SINCE.astimezone(here),
    )
    assert render(moved) == PAGE


def test_the_timeline_and_its_tables_hold_the_same_facts():
    """Each look is one mark and is counted once; each marked look and each article is one row."""
    page = Page(PAGE).root
    drawing = page.one("title", id="timeline-title").parent
    signs = [u.attrs["href"] for u in drawing.all("use")]
    dots = sum(p.attrs["d"].count("M") for p in drawing.all("path", class_="dots"))
    by_unit = rows(page.one("table", id="timeline-units"))
    ordinary, refused, found = (sum(int(r[n].replace(",", "")) for r in by_unit) for n in (1, 2, 3))
    assert (ordinary, refused, found) == (dots, signs.count("#sign-refused"), signs.count("#sign-found"))
    assert ordinary + refused + found == len(LOOKS)
    lines = rows(page.one("table", id="timeline-marks"))
    assert (
        len([r for r in lines if "Article" in r[1]])
        == len(drawing.all("line", class_="article"))
        == len(STORY.articles)
    )
    assert len([r for r in lines if "Article" not in r[1]]) == len(signs) == 33


def test_the_bonds_and_their_table_hold_the_same_facts():
    """Each number above 0 in the table is one band, as wide as the number says."""
    page = Page(PAGE).root
    drawing = page.one("title", id="bonds-title").parent
    bands = drawing.all("path", class_="bond")
    table = rows(page.one("table", id="bonds-pairs"))
    for column, kind in ((2, "found"), (3, "refused"), (4, "ordinary")):
        said = sorted(float(r[column]) for r in table if r[column] != "0")
        drawn = sorted(float(b.attrs["stroke-width"]) for b in bands if f"bond-{kind}" in b.attrs["class"])
        assert [width / drawn[0] for width in drawn] == pytest.approx([n / said[0] for n in said])
    assert len([b for b in bands if "bond-core" in b.attrs["class"]]) == len(
        [b for b in bands if "bond-found" in b.attrs["class"]]
    )


def test_every_drawing_names_itself_and_has_a_table():
    """A drawing has a title and a description, stays out of the tab order, and stands beside a table."""
    page = Page(PAGE).root
    drawings = page.all("svg", class_="drawing")
    assert len(drawings) == 2
    for drawing in drawings:
        assert {"title", "desc"} <= {c.name for c in drawing.children}
        assert (drawing.attrs["role"], drawing.attrs["focusable"]) == ("img", "false")
        figure = drawing
        while figure.name != "figure":
            figure = figure.parent
        assert figure.all("table")
    for other in page.all("svg"):
        assert (
            other in drawings
            or other.attrs.get("aria-hidden") == "true"
            or any(other in d.all("svg") for d in drawings)
        )


def test_colour_is_never_the_only_sign():
    """What became of a look is said in words in every table, and each kind has a sign or line of its own."""
    page = Page(PAGE).root
    cells = [r[2] for r in rows(page.one("table", id="timeline-marks")) if "Article" not in r[1]]
    assert all(c.startswith(("✕ refused", "◆ found in a log")) for c in cells)
    style = page.one("style").text
    assert "stroke-dasharray" in style
    assert {p.attrs["d"] for p in page.one("g", id="sign-found").all("path")}.isdisjoint(
        p.attrs["d"] for p in page.one("g", id="sign-refused").all("path")
    )


def test_an_empty_part_says_why():
    """Without looks, findings or proof the page is whole, and says that absence proves nothing."""
    page = strict(render(EMPTY))
    for sentence in (
        "Nothing has happened yet",
        "No look was recorded between 1 Jun 2026 and 1 Sep 2026",
        "Nothing was refused",
        "Where logs are incomplete that proves nothing",
        "Coverage was not measured",
        "No checkpoint was published",
    ):
        assert sentence in page.text
    assert page.all("svg", class_="drawing") == []


@pytest.mark.parametrize(
    "left_out",
    [
        f.name
        for f in fields(Story)
        if f.name
        in {
            "numbers",
            "happened",
            "looks",
            "articles",
            "bonds",
            "refusals",
            "findings",
            "coverage",
            "proof",
            "statement",
            "tampering",
            "not_proven",
            "commands",
        }
    ],
)
def test_any_part_may_be_missing(left_out):
    """Each part of the story can be left out alone."""
    strict(render(replace(STORY, **{left_out: getattr(EMPTY, left_out)})))


def test_a_step_ends_in_the_words_of_verify():
    """The page has no verdict of its own, and shows each with its sentences."""
    assert {v.value for v in Verdict} == set(get_args(Said))
    steps = tuple(Step(f"Step {v.value}", v.value, (f"! {v.value}: 0",)) for v in Verdict)
    shown = Page(render(replace(STORY, proof=replace(STORY.proof, steps=steps)))).root.one("section", id="proof").text
    assert all(part in shown for step in steps for part in (step.title, *step.sentences))


def test_the_limits_cannot_be_left_out():
    """What is not proven is the page's own, and stands in every story."""
    text = Page(render(EMPTY)).root.text
    assert all(sentence in text for sentence in NOT_PROVEN)


def test_a_column_without_a_look_is_left_out():
    """Room on a small screen is for numbers: what was found comes first, and nothing stands there only to be 0."""
    only = (Bond(principal="One", unit="u", person="Other", about="a", refused=2, found=3),)
    table = strict(render(replace(STORY, bonds=only))).one("table", id="bonds-pairs")
    assert [" ".join(cell.text.split()) for cell in table.one("thead").all("th")][2:] == ["found", "refused"]
    assert rows(table)[0][2:] == ["3", "2"]
    assert [cell.text for cell in table.one("tfoot").all("td")] == ["3", "2"]


def test_signals_that_say_the_same_are_one_reason():
    """How often it was said stands beside it, with the least p of all."""
    finding = replace(STORY.findings[0], why=(Reason("So it was.", "unexplained", 0.0021, 3),))
    (said,) = (
        strict(render(replace(STORY, findings=(finding,)))).one("section", id="found").one("article").all("li")[:1]
    )
    assert said.text == "So it was. 3× unexplained, p from 0.0021"


def test_a_thicket_is_only_a_table():
    """More than sixty names are listed, not drawn, and the page says so."""
    many = tuple(
        Bond(principal=f"Principal {n}", unit="u", person=f"Person {n}", about="a", found=1) for n in range(40)
    )
    page = strict(render(replace(STORY, bonds=many)))
    assert "80 names are too many" in page.text
    assert len(rows(page.one("table", id="bonds-pairs"))) == 40
    assert len(page.all("svg", class_="drawing")) == 1


def test_a_time_without_a_zone_is_refused():
    """A look that could be drawn in the wrong place is not drawn."""
    with pytest.raises(BadInput, match="zone"):
        render(replace(STORY, looks=(DrawnLook(at=datetime(2026, 7, 1), unit="x"),)))


def test_without_jinja_the_error_names_the_install_line(monkeypatch):
    """The core install has no pages; the error says how to get them."""
    real = builtins.__import__

    def without(name, *rest):
        if name == "jinja2":
            raise ModuleNotFoundError("no", name="jinja2")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra) as error:
        render(EMPTY)
    assert error.value.hint == 'pip install "whosaw[web]"'


def test_texts_can_be_read_light_and_dark():
    """WCAG 2.2 AA by computation: 4.5 to 1 for texts, 3 to 1 for marks, in both schemes."""
    style = Page(PAGE).root.one("style").text
    pairs = dict(re.findall(r"--([a-z]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", style))
    fallback = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", style))
    for scheme in (0, 1):
        colour = {name: both.split(", ")[scheme] for name, both in pairs.items()}
        if scheme == 0:
            assert colour == fallback
        for text in ("ink", "soft", "found", "refused", "press", "holds"):
            for ground in ("paper", "panel"):
                assert contrast(colour[text], colour[ground]) >= 4.5, (text, ground, scheme)
        assert contrast(colour["paper"], colour["press"]) >= 4.5
        for mark in ("quiet", "found", "refused", "press"):
            for ground in ("paper", "band"):
                assert contrast(colour[mark], colour[ground]) >= 3, (mark, ground, scheme)


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(
    BROWSER is None, reason="no chromium on the path (Debian: apt-get install --no-install-recommends chromium)"
)
def test_a_browser_finds_nothing_to_complain_about(tmp_path):
    """In Chromium the policy blocks nothing of the page, and at 320 px nothing is wider than the screen."""
    (tmp_path / "story.html").write_text(PAGE)
    measure = (
        "<iframe id=f src=story.html width=320 height=800></iframe><script>onload=()=>{const d=f.contentDocument;"
        "document.title=[d.documentElement.scrollWidth,f.contentWindow.getComputedStyle(d.querySelector('h1')).fontWeight].join(' ')}</script>"
    )
    (tmp_path / "frame.html").write_text("<!doctype html><title></title>" + measure)
    done = subprocess.run(
        [
            BROWSER,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            "--virtual-time-budget=3000",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            f"file://{tmp_path / 'frame.html'}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "<title>320 600</title>" in done.stdout, done.stdout[:300]
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []

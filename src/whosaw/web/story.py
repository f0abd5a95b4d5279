# SPDX-License-Identifier: Apache-2.0
"""The story of one run, as one page: who looked, what was refused, what was found, how it is proven, what is not.

    Story ──render──▶ one file of HTML: no script, nothing loaded, readable offline, on paper and in the dark

The page asks its reader to believe numbers, so it must not be able to do anything else: the browser is told
(Content-Security-Policy) to load nothing, run nothing and apply the one style sheet whose hash the page names.

Invariants: each drawing has a table with the same facts. No sentence here invents a number: they are counted from the
story's parts. A part that is empty says why. Names come from the caller, who has unsealed them; the page says so.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from whosaw.errors import MissingExtra
from whosaw.verify.words import counted
from whosaw.web import wording
from whosaw.web.drawing import bonds as bonds_drawing
from whosaw.web.drawing import timeline as timeline_drawing
from whosaw.web.drawing.bonds import Bond
from whosaw.web.drawing.timeline import Article, DrawnLook

if TYPE_CHECKING:
    from jinja2 import Environment

Said = Literal["holds", "fails", "cannot tell", "not checked"]

# True of every run of this version. Said by the page itself, so that no caller can leave them out.
NOT_PROVEN = (
    "That every look came through the gate. A look that no connected system wrote down is in no log, and no proof shows it.",
    "What happened to a value after it was shown: a memory, a photograph of a screen, a copied note.",
    "That what a record says is true. The log proves that a record was not changed or taken out since, not that it was honest.",
    "Anything against somebody who holds all the keys and began to lie before the first checkpoint was seen outside.",
    "Where a person was. An IP address says little about a place, and a shared one says less.",
    "That anybody did wrong. A finding is a question with its evidence; people answer it.",
)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the first screen: 14, "looks refused". A text where it is no plain number."""

    value: int | str
    label: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that refused: its sentence as people read it, its id, and how many looks it spoke against."""

    sentence: str
    rule: str
    looks: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was found: the sentence of one signal, or of `times` that say the same.

    `p` is how often chance alone would show as much or more: of several the least.
    """

    sentence: str
    signal: str = ""
    p: float | None = None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the watch found, in words. `against` is what speaks against it and stands in the same size."""

    sentence: str
    principals: int
    persons: int
    looks: int
    since: datetime
    until: datetime
    why: tuple[Reason, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a verification, in the words that `whosaw verify` prints."""

    title: str
    verdict: Said
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One person's statement, as somebody outside verified it. `sentence`: the result, as `whosaw verify` closes."""

    person: str
    records: int
    steps: tuple[Step, ...]
    sentence: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """What changing one byte on disk led to, before it was put back. `file` as the published folder names it; `leaf` where one is hit."""

    file: str
    offset: int
    before: int
    after: int
    said: tuple[str, ...]
    exit_code: int
    leaf: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The log as it stood at the end: the newest checkpoint, and who checked it from outside."""

    leaves: int
    size: int
    root: str
    at: datetime
    keys: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    sentence: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """One command to go on with, and what it does."""

    line: str
    does: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that the page tells. Times carry their zone; names are as they shall be read.

    `not_proven`: what this run does not prove, beside what none does.
    """

    headline: str
    deck: str
    origin: str
    version: str
    made: datetime
    since: datetime
    until: datetime
    numbers: tuple[Number, ...] = ()
    happened: tuple[str, ...] = ()
    looks: tuple[DrawnLook, ...] = ()
    articles: tuple[Article, ...] = ()
    bonds: tuple[Bond, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    findings: tuple[Finding, ...] = ()
    coverage: tuple[str, ...] = ()
    proof: Proof | None = None
    statement: Statement | None = None
    tampering: Tampering | None = None
    not_proven: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()


def render(story: Story) -> str:
    """The page. The same story gives the same text, on any machine. Raises MissingExtra without the extra `web`."""
    environment = _environment()
    style = _style(environment)
    return environment.get_template("story.html").render(
        story=story,
        timeline=timeline_drawing.draw(story.looks, story.articles, story.since, story.until),
        bonds=bonds_drawing.draw(story.bonds),
        not_proven=(*NOT_PROVEN, *story.not_proven),
        style=style,
        policy=_policy(style),
    )


def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        if error.name != "jinja2":
            raise
        raise MissingExtra("web", "the story page") from None
    environment = Environment(
        loader=PackageLoader("whosaw.web", "templates"),
        # Not select_autoescape(): it decides by file name, and a renamed template would stop escaping.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters.update(_FILTERS)
    return environment


def _printable(value: Any) -> Any:
    """Every text of the story passes here on its way to the page; escaping follows."""
    return wording.printable(value) if type(value) is str else value


def _style(environment: Environment) -> Any:
    from markupsafe import Markup

    # Ours, not the caller's: the one text on the page that is not escaped.
    text = environment.get_template("story.css").render()
    return Markup("\n".join(line.strip() for line in text.splitlines() if line.strip()))  # noqa: S704  a style sheet


def _policy(style: str) -> str:
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _p(value: float) -> str:
    """`0.00002`, or `less than 1 in a million`: six digits and no powers of ten."""
    return "less than 0.000001" if value < 1e-6 else f"{value:.6f}".rstrip("0").rstrip(".")


_FILTERS: Mapping[str, Any] = {
    "count": wording.count,
    "many": counted,
    "day": wording.day,
    "moment": wording.moment,
    "short": wording.short,
    "iso": wording.iso,
    "clipped": wording.clipped,
    "p": _p,
}

# SPDX-License-Identifier: Apache-2.0
"""Prose as data: pages, their fenced blocks, their links and what is left when code is taken away."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TALK = [
    p for p in PAGES if p.parent in {ROOT, ROOT / "docs"}
]  # written for people; adr and spec have words of their own

_FENCE = re.compile(
    r"(?:<!-- (?P<name>[^>]+) -->\n)?^```(?P<kind>[a-z]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block; `name` is what the comment above it says."""

    kind: str
    name: str
    body: str


def blocks(page):
    return [Block(m["kind"], m["name"] or "", m["body"]) for m in _FENCE.finditer(page.read_text())]


def links(page):
    return _LINK.findall(_FENCE.sub("", page.read_text()))


def prose(page):
    """The page without fenced blocks and without `code`."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text()))


def commands(page):
    """Every `$ command` of the page's console blocks, continued lines joined."""
    found = []
    for block in blocks(page):
        if block.kind == "console":
            joined = block.body.replace("\\\n", " ")
            found += [line[2:].split("  #")[0].strip() for line in joined.splitlines() if line.startswith("$ ")]
    return found

# SPDX-License-Identifier: Apache-2.0
"""A rule as it was written: its text, with the comment that stands above it.

    *.cedar ──rule_text──▶ the lines from its first @annotation, or the comment before it, to its semicolon

Invariant: what is shown is what was read; nothing is written anew.
"""

from __future__ import annotations

import re

from whosaw.policy.rules import Policy

# A comment or a text may hold a semicolon; neither ends a rule.
_PIECES = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|[^/";]+|/')


def rule_text(policy: Policy, id_: str) -> str:
    """The text of the rule `id_`; empty where the policy has no such rule."""
    name = policy.origin.get(id_)
    return "" if name is None else next((rule for rule in _rules(policy.texts[name]) if _is(rule, id_)), "")


def _rules(text: str) -> list[str]:
    found, here = [], ""
    for piece in _PIECES.findall(text):
        here += piece
        if piece == ";":
            found.append(_trimmed(here))
            here = ""
    return found


def _trimmed(rule: str) -> str:
    """Without the file's own opening: a comment with an empty line behind it belongs to no rule."""
    paragraphs = re.split(r"\n[ \t]*\n", rule.strip())
    while len(paragraphs) > 1 and all(line.lstrip().startswith("//") for line in paragraphs[0].splitlines()):
        paragraphs.pop(0)
    return "\n\n".join(paragraphs).strip()


def _is(rule: str, id_: str) -> bool:
    code = "".join(piece for piece in _PIECES.findall(rule) if not piece.startswith("//"))
    return re.search(rf'@id\s*\(\s*"{re.escape(id_)}"\s*\)', code) is not None

# SPDX-License-Identifier: Apache-2.0
"""The page in place of the one that may not be shown: the reason, the number of the record, and nothing of the person."""

from __future__ import annotations

from html import escape

from whosaw.client.answer import Refused

UNAVAILABLE = "It cannot be asked now whether this may be shown. Nothing is shown; try again."


def refused_page(refused: Refused) -> str:
    """HTML for a refusal."""
    where = "" if refused.leaf is None else f"<p>The attempt is on record (leaf {refused.leaf}).</p>"
    return _page("Not shown", refused.reason, where)


def unavailable_page() -> str:
    """HTML for no answer."""
    return _page("Not shown", UNAVAILABLE, "")


def _page(title: str, sentence: str, more: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>{escape(sentence)}</p>{more}</html>\n"
    )

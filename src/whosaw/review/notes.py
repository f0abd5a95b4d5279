# SPDX-License-Identifier: Apache-2.0
"""What reviewers wrote, beside the findings: a text may name somebody, so it stands in no record, and can be erased.

    note ──keyed digest──▶ the record of the step         the text ──▶ notes.json, by finding and digest

Invariants: ``parse(encode(x)) == x``; whoever reads a note can tell by its digest that it is the one that was recorded. A
note whose record was never made belongs to nobody, and is shown nowhere.                    Design: docs/adr/0164
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from whosaw.errors import BadInput, NotCanonical
from whosaw.model.record import canonical, parse_json

NAME = "notes.json"
LIMIT = 64 * 1024 * 1024
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Note:
    finding: str
    digest: bytes
    text: str = field(repr=False)


def checked(text: str) -> str:
    """The text, trimmed. Raises BadInput for what says nothing, or too much."""
    text = text.strip()
    if not any(char.isalnum() for char in text):
        raise BadInput("a note says something", where="--note", hint="leave it out; the reason is what --because says")
    if len(text) > LONGEST or not text.isprintable():
        raise BadInput(f"a note is one line of at most {LONGEST:,} characters", where="--note")
    return text


def with_note(notes: tuple[Note, ...], note: Note) -> tuple[Note, ...]:
    return notes if note in notes else (*notes, note)


def without(notes: tuple[Note, ...], findings: frozenset[str]) -> tuple[Note, ...]:
    """The same without those about these findings."""
    return tuple(note for note in notes if note.finding not in findings)


def encode(notes: tuple[Note, ...]) -> bytes:
    """The one spelling."""
    listed = [{"finding": n.finding, "digest": b64encode(n.digest).decode(), "text": n.text} for n in notes]
    return canonical({"v": 1, "kind": "notes", "notes": listed})


def parse(raw: bytes, where: str = NAME) -> tuple[Note, ...]:
    """The notes that `raw` spells. Raises NotCanonical, whatever the bytes are."""
    value = parse_json(raw, where, LIMIT)
    try:
        listed = cast("Mapping[str, Any]", value)["notes"]
        made = tuple(
            Note(str(each["finding"]), b64decode(each["digest"], validate=True), str(each["text"])) for each in listed
        )
        again = encode(made)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotCanonical("not a file of notes, or of another version", where=where) from None
    if again != raw:
        raise NotCanonical("not the one spelling of notes", where=where)
    return made

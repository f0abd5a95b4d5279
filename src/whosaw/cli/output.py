# SPDX-License-Identifier: Apache-2.0
"""What a command prints: a sentence for people, then rows; or the same facts for machines.

Table(sentence, columns, rows) ──▶ table | json | jsonl | csv
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whosaw.web.wording import printable

FORMATS = ("table", "json", "jsonl", "csv")
# Exit codes of answers, where not 0; those of errors stand in errors.EXIT.
IN_PART = TO_REVIEW = 1
REFUSED = 4
NEEDS_APPROVAL = 5
Cell = str | int | bool | None | Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """One answer. `facts` are single values that belong to it (counts, coverage); `after` are closing sentences, and
    commands to be typed next, each by itself.
    """

    sentence: str
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Cell], ...] = ()
    facts: Mapping[str, Cell] | None = None
    after: tuple[str, ...] = ()


def render(table: Table, form: str) -> str:
    """The table in one of FORMATS, ending in a newline."""
    match form:
        case "json":
            whole = {
                "sentence": table.sentence,
                **(table.facts or {}),
                "rows": list(table.rows),
                "notes": list(table.after),
            }
            return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
        case "jsonl":
            return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.rows)
        case "csv":
            rows = ([_csv(row.get(c)) for c in table.columns] for row in table.rows)
            return "".join(map(_line, (table.columns, *rows)))
        case _:
            return _for_people(table)


def _for_people(table: Table) -> str:
    parts = [_wrap(table.sentence)]
    if table.rows:
        cells = [[_text(row.get(c)) for c in table.columns] for row in table.rows]
        widths = [max(len(c), *(len(line[i]) for line in cells)) for i, c in enumerate(table.columns)]
        lines = [
            "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
            for line in [list(table.columns), *cells]
        ]
        parts.append("\n".join(["  " + line for line in lines]))
    parts += [_wrap(sentence) for sentence in table.after]
    return "\n\n".join(parts) + "\n"


def _wrap(sentence: str) -> str:
    if sentence.startswith("whosaw "):
        return f"  {printable(sentence)}"  # to be copied: a line that was cut would be two commands
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    # Not at hyphens either: paths and ids are copied from here.
    return textwrap.fill(printable(sentence), width, break_long_words=False, break_on_hyphens=False)


def _text(value: Cell) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value) if isinstance(value, str | int) else ", ".join(value)
    # A value can hold what steers a terminal; a table must not be where it does.
    return printable(text).replace("\n", " ").replace("\t", " ")


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    # The library quotes a carriage return only where it ends lines; unquoted, it would end one in the middle of a cell.
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + "\n"


def _csv(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else "|".join(value)
    # A spreadsheet runs a cell that begins with one of these as a formula.
    return "'" + text if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text

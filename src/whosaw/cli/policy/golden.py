# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy test`: golden decisions, row by row. The shipped table asks the shipped policy, and one's own table the whole.

exit 3: a row of the shipped table came out otherwise; engine or files are not what they were     exit 1: only rows of one's own
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click
from click.core import ParameterSource

from whosaw.cli.options import Place, data_option, format_option, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.datafolder import DECISIONS, POLICY
from whosaw.errors import BadInput
from whosaw.policy.golden import Row, read_rows, run
from whosaw.policy.rules import Policy
from whosaw.verify.steps import FALSE
from whosaw.verify.words import counted
from whosaw.wiring import policy_texts


@click.command("test")
@click.option(
    "--table",
    type=Place(),
    metavar="FILE",
    help="Another table of one's own than policy/decisions.md of the data folder.",
)
@data_option
@format_option
def test(table: Path | None, data: Path, form: str) -> int:
    """Decide every golden decision, and say which come out otherwise. Exit code 1: of one's own; 3: of the shipped ones."""
    if not data.is_dir() and click.get_current_context().get_parameter_source("data") is not ParameterSource.DEFAULT:
        raise BadInput(
            "there is no data folder here", where=str(data), hint="without --data the shipped table is decided"
        )
    shipped = resources.files("whosaw.policy").joinpath(DECISIONS).read_text(encoding="utf-8")
    alone = Policy.load(policy_texts())
    ours = [(row, *_came_out(alone, row)) for row in read_rows(shipped, DECISIONS)]
    own = data / POLICY / DECISIONS if table is None else table
    theirs = []
    if table is not None or own.is_file():
        whole = Policy.load(policy_texts(data))
        theirs = [(row, *_came_out(whole, row)) for row in read_rows(_text(own), f"own/{own.name}")]
    rows: list[dict[str, Cell]] = [
        {
            "row": row.where, "holds": holds, "purpose": row.purpose, "what": row.what, "expected": list(row.rules),
            "came_out": came_out,
        }
        for row, holds, came_out in (*ours, *theirs)
    ]  # fmt: skip
    failed = [row for row in rows if not row["holds"]]
    facts: dict[str, Cell] = {"decisions": len(rows), "failed": len(failed), "own": len(theirs)}
    said = f"{counted(len(rows), 'golden decision')}, {len(theirs)} of your own: " + (
        f"{len(failed)} came out otherwise." if failed else "each came out as its row says."
    )
    # For people the rows that need a look; for machines every row.
    shown = tuple(failed if form == "table" else rows)
    say(Table(said, ("row", "holds", "purpose", "what", "expected", "came_out"), shown, facts), form)
    if not all(holds for _, holds, _ in ours):
        return FALSE
    return 0 if all(holds for _, holds, _ in theirs) else IN_PART


def _came_out(policy: Policy, row: Row) -> tuple[bool, list[str]]:
    decision = run(policy, row)
    return row.holds(decision), [rule.id for rule in decision.rules]


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        raise BadInput("not a text in UTF-8", where=str(file)) from None
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(file)) from None

# SPDX-License-Identifier: Apache-2.0
"""docs/motive-case.md, made of the rows themselves: what is tried, by whom, what speaks against it, what the asker is told.

python -m tests.guard.motive_page        writes the page anew; a test holds what is there against it
"""

from pathlib import Path
from unittest.mock import MagicMock

from tests.guard.motive import STAFF, SUMMER, Town, company
from tests.guard.motive_rows import STOPPED, TWINS, VARIANTS, Row, ready
from tests.guard.test_insider import GRANTED
from tests.policy.ground import POLICY

from whosaw.errors import WhosawError
from whosaw.guard.answer import Shown
from whosaw.model.access import Look
from whosaw.policy.independence import REASONS
from whosaw.policy.told import PLAIN

PAGE = Path(__file__).parents[2] / "docs/motive-case.md"
HEAD = """# The motive case, in every variant

In 2022 an audit department pulled journalists' addresses out of its company's own tools. This page is what becomes of that here, in
every variant that we could think of. It is made of the rows of `tests/guard/motive_rows.py`; each of them runs at a whole house:
journal, keyring, directory, vault and state.db on a disk. `make test` runs them all, and holds this page against them.

Of every row the tests assert: exactly these rules speak, no rule more and none less; no piece of what is sealed stands in the
answer, in an error or in a log; the attempt is in the person's own records, and its receipt verifies as an outsider verifies it.

**Kate** is a journalist, and protected. Her friend is on no list. **finn** reviews fraud in Ireland, and her account was taken over;
**a1** to **a4** and their **head** are the audit department, in two countries. Everybody is invented.

"""
STOP = """## What is no question at all

Not decided, and an error that says what is wrong with the question; of a key that was used for another look nothing is recorded.

| what is tried | error | its honest twin |
|---|---|---|
"""
MIDDLE = """## Their honest twins

The same kinds of look, asked as they ought to be: permitted, at the detail that was granted, and recorded.

| what is asked for | who asks | shown | for |
|---|---|---|---|
"""
TAIL = """
## With every role in turn

`tests/guard/test_insider.py` tries for the address, the place, the contacts and the messages of a protected journalist as an insider:
every function, every purpose and one in words of their own, every field at every detail, with a case of the right type that names her
and is assigned to them and without one, with a broken glass and without, in every mode, hidden among fields that the purpose does
need; with nobody's approval, a colleague's, a lawyer's, a steward's, everybody's in the house, and with that of an overseer who
was talked into it alone. Then the same at a whole house, one look each. None of it is permitted.

With two independent approvals, one of them of an overseer, exactly this is:

| function | purpose | of a protected person's addresses, places, contacts and messages |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    chapter = ""
    for row in ready(VARIANTS):
        if row.chapter != chapter:
            chapter = row.chapter
            parts.append(
                f"{'' if len(parts) == 1 else chr(10)}## {chapter}\n\n| what is tried | who asks | refused by | the asker is told | its honest twin |\n|---|---|---|---|---|\n"
            )
        rules = "<br>".join(f"`{each}`" for each in sorted(row.rules))
        if row.signed:
            rules += "<br>and the signature: " + ", ".join(_why(each) for each in sorted(row.signed))
        parts.append(f"| {row.says} | {_who(row)} | {rules} | {_told(row)} | {row.twin.says if row.twin else ''} |\n")
    parts.append("\n" + STOP)
    parts += [f"| {each.says} | `{each.error.__name__}` | {each.twin.says} |\n" for each in STOPPED]
    parts.append("\n" + MIDDLE)
    for row in ready(TWINS):
        look = _look(row)
        fields = ", ".join(f"`{a.field}:{a.detail}`" for a in look.asked)
        parts.append(f"| {row.says} | {_who(row)} | {fields} | `{look.purpose}` |\n")
    parts.append(TAIL)
    for (function, purpose), fields in GRANTED.items():
        parts.append(f"| {function} | `{purpose}` | {', '.join(f'`{each}`' for each in fields.split())} |\n")
    return "".join([*parts, LIMITS])


def _look(row: Row) -> Look:
    """The look that a row asks for, of a town in which nothing happens."""
    nowhere = MagicMock()
    nowhere.tables, nowhere._drawn = company(SUMMER), 0
    nowhere.signed = lambda look: look
    nowhere.many = lambda n: Town.many(nowhere, n)
    nowhere.look = lambda _: object.__new__(Shown)
    nowhere.again = lambda look: look
    nowhere.ask = lambda *given, **more: Town.ask(nowhere, *given, **more)
    nowhere.its = str
    nowhere.ago = lambda **_: "2026-01-01T00:00:00Z"
    return row.does(nowhere)


def _who(row: Row) -> str:
    try:
        who = _look(row).principal
    except WhosawError:
        return "anybody"
    return f"{who} ({STAFF[who][1]})" if who in STAFF else f"`{who}`"


def _why(code: str) -> str:
    """The code of a reason, or the sentence that stands for none."""
    return f"`{code}`" if code in REASONS else code.replace("-", " ").rstrip(".")


def _told(row: Row) -> str:
    said = [rule.sentence for id_, rule in POLICY.rules.items() if id_ in row.rules & POLICY.told]
    return " ".join(said) or PLAIN


LIMITS = """
## What this does not stop

Each of these leaves a record, or fails before somebody outside; none is stopped by a rule.

- A steward, or another independent colleague, **and** an overseer who both sign. Who signed stands in the person's own statement.
- Whoever writes the tables at their source. A case that is dated back is believed, as its table is believed; that the directory
  changed, and how many rows of which table, is on record before it counts. A ticket system tells its own history instead.
- Whoever sets the clock of the machine ahead by a month after taking somebody off the list. Every look after that is refused until
  the real time has come so far, and [witnesses](spec/witness.md) sign with their own clocks.
- Whoever writes whosaw.toml and names a key of their own as an overseer's. Which keys counted is on record, and who checks a record
  of a look from outside says whose keys they believe: `whosaw verify records --overseer VKEY`.
- Whoever holds `private/` with its root key reads everything, without a gate: [trust](trust.md).
- A purpose of the organisation's own for people who are on no list. It needs a case, a permit of its own, and a lawyer of another unit
  who signs each look; it stands in the record of the policy.
- A tool that only asks, and keeps the values itself: [AuthZEN](authzen.md) tells it yes or no, and what it then does is its own doing.
"""


if __name__ == "__main__":
    PAGE.write_text(page())

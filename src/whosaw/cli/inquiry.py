# SPDX-License-Identifier: Apache-2.0
"""`whosaw inquiry`: who looked at a person, what is behind a finding, and whose names they are.

Every step is on record before it answers. Who asks must be known staff, and apart from what they ask about: 4, refused.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.operator import local
from whosaw.cli.options import again, asker_option, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Cell, Table
from whosaw.desks import inquiry_desk, unseal_keys
from whosaw.facts.columns import instant
from whosaw.inquiry import finding as of_finding
from whosaw.inquiry import person as of_person
from whosaw.inquiry.affected import Affected
from whosaw.inquiry.finding import FindingInquiry
from whosaw.inquiry.person import Earlier, PersonInquiry, Seen
from whosaw.inquiry.step import Refused
from whosaw.inquiry.unseal import Name, Unsealed
from whosaw.inquiry.unseal import unseal as open_names
from whosaw.model.record import time_text
from whosaw.verify.words import counted


@click.group()
def inquiry() -> None:
    """Ask who looked. Each step is on record, and the person reads it."""


@inquiry.command()
@click.argument("person")
@asker_option
@data_option
@format_option
def person(person: str, asker: str, data: Path, form: str) -> int:
    """Who looked at PERSON, when, under what purpose and case, explained or not."""
    with opened(data) as here:
        local(here, asker)
        found = of_person.person(person, asker, inquiry_desk(here), key=secrets.token_hex(16))
    return _answer(found, form, data)


@inquiry.command()
@click.argument("finding")
@click.option("--looks", is_flag=True, help="The looks that it rests on, in place of the persons affected.")
@asker_option
@data_option
@format_option
def finding(finding: str, looks: bool, asker: str, data: Path, form: str) -> int:
    """What FINDING rests on, everyone affected, and what speaks against it."""
    with opened(data) as here:
        local(here, asker)
        found = of_finding.finding(finding, asker, inquiry_desk(here), key=secrets.token_hex(16))
    if looks and not isinstance(found, Refused):
        say(_looks(found), form)
        return 0
    return _answer(found, form, data)


@inquiry.command()
@click.argument("finding")
@click.option("--by", "requester", required=True, metavar="ID", help="Staff id of the one who asks for the names.")
@click.option("--with", "approver", required=True, metavar="ID", help="Staff id of the one who agrees; independent.")
@click.option("--persons", is_flag=True, help="The persons' names as well; each of them reads so in their statement.")
@data_option
@format_option
def unseal(finding: str, requester: str, approver: str, persons: bool, data: Path, form: str) -> int:
    """Open the names behind FINDING, by two who are independent of each other and apart from those named."""
    with opened(data) as here:
        local(here, requester)
        desk, keys = inquiry_desk(here), unseal_keys(here)
        found = open_names(finding, requester, approver, desk, keys, persons=persons, key=secrets.token_hex(16))
    return _answer(found, form, data)


def _answer(found: PersonInquiry | FindingInquiry | Unsealed | Refused, form: str, data: Path) -> int:
    match found:
        case Refused():
            say(refused(found), form)
            return REFUSED
        case PersonInquiry():
            say(_person(found), form)
        case FindingInquiry():
            say(_finding(found, data), form)
        case Unsealed():
            say(_names(found), form)
    return 0


def refused(found: Refused) -> Table:
    """A step that was refused, and why. The reasons are about who asks, and may be told to them."""
    reasons = tuple(reason.sentence for reason in found.reasons)
    facts: dict[str, Cell] = {"permitted": False, "leaf": found.index, "reasons": reasons}
    return Table(f"Refused. {found.sentence}", facts=facts, after=(_recorded(found.index),))


def _recorded(index: int) -> str:
    return f"This step is recorded as leaf {index}."


def _person(found: PersonInquiry) -> Table:
    rows = sorted([*map(_seen, found.looks), *map(_earlier, found.earlier)], key=lambda row: str(row["at"]))
    unexplained = sum(1 for look in found.looks if look.explained is False)
    sentence = (
        f"{counted(len(found.looks), 'look')}, {unexplained} of them without a reason on file; "
        f"{counted(len(found.earlier), 'earlier step')} of inquiries."
        if found.known
        else "Nobody is known by this id, and nothing is recorded about them."
    )
    columns = ("at", "who", "became", "asked", "purpose", "case", "explained", "why")
    facts: dict[str, Cell] = {"known": found.known, "leaf": found.index}
    return Table(sentence, columns, tuple(rows), facts, (found.coverage.sentence, _recorded(found.index)))


def _seen(seen: Seen) -> dict[str, Cell]:
    look = seen.look
    return {
        "at": time_text(seen.at),
        "who": seen.who,
        "became": {"permit": "shown", "refuse": "refused"}.get(look.decision or "", "never asked"),
        "asked": [f"{field}:{detail}" for field, detail in look.asked],
        "purpose": look.purpose,
        "case": look.case,
        "explained": seen.explained,
        "why": seen.why,
        "rules": look.rules,
        "source": look.source,
        "mode": str(look.mode),
        "app": look.app,
        "leaf": seen.index,
    }


def _earlier(step: Earlier) -> dict[str, Cell]:
    what = {"unseal": "names opened", "inferred": "what addresses could have told"}.get(step.what, "asked who looked")
    return {"at": time_text(step.at), "who": list(step.by), "became": step.outcome, "why": what, "leaf": step.index}


def _finding(found: FindingInquiry, data: Path) -> Table:
    rows = tuple(_affected(one, "affected") for one in found.affected)
    rows += tuple(_affected(one, "alongside") for one in found.alongside)
    first, last = map(instant, found.window)
    facts: dict[str, Cell] = {
        "principals": found.principals,
        "looks": len(found.looks),
        "first": time_text(first),
        "last": time_text(last),
        "leaf": found.index,
    }
    after = (
        f"Principals, by pseudonym: {', '.join(found.principals)}.",
        f"It rests on {counted(len(found.looks), 'look')} from {first:%Y-%m-%d} to {last:%Y-%m-%d}.",
        *(f"Against it: {sentence}" for sentence in found.counter),
        found.coverage.sentence,
        _recorded(found.index),
        f"Names are for two: whosaw inquiry unseal {found.finding} --by ID --with ID{again(data)}",
    )
    columns = ("person", "how", "looks", "unexplained", "principals", "first", "last")
    return Table(found.sentence, columns, rows, facts, after)


def _looks(found: FindingInquiry) -> Table:
    rows = tuple(
        {
            "look": one.look,
            "at": time_text(instant(one.t)),
            "principal": one.who,
            "person": one.person,
            "leaf": one.leaf,
        }
        for one in found.looks
    )
    sentence = f"{found.finding} rests on {counted(len(rows), 'look')}, each at one person by one principal."
    columns = ("look", "at", "principal", "person", "leaf")
    return Table(sentence, columns, rows, {"step": found.index}, (found.coverage.sentence, _recorded(found.index)))


def _affected(one: Affected, how: str) -> dict[str, Cell]:
    return {
        "person": one.person,
        "how": how,
        "looks": one.looks,
        "unexplained": one.unexplained,
        "principals": len(one.by),
        "first": f"{instant(one.first):%Y-%m-%d}",
        "last": f"{instant(one.last):%Y-%m-%d}",
    }


def _names(opened: Unsealed) -> Table:
    rows = tuple(_name(name, "principal") for name in opened.principals)
    rows += tuple(_name(name, "person") for name in opened.persons)
    sentence = f"{counted(len(rows), 'name')} opened for {opened.finding}, by two; it is on record who they were."
    return Table(sentence, ("what", "pseudonym", "id"), rows, {"leaf": opened.index}, (_recorded(opened.index),))


def _name(name: Name, what: str) -> dict[str, Cell]:
    return {"what": what, "pseudonym": name.pseudonym, "id": name.id}

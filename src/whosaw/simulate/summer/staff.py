# SPDX-License-Identifier: Apache-2.0
"""The staff: forty people of nine units in two countries, and one machine. Everybody is invented.

    executive ─┬─ support-ie, support-us, fraud, security, legal, engineering, people
               └─ director of audit ── internal-audit: four people, two in each country

Invariant: the four who watch the others have one director between them and the top, and share a unit with nobody else.
That is the shape of the case that this product must have stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from whosaw.simulate.summer.days import instant

AUDIT, SUPPORT, FRAUD, SECURITY = "internal-audit", ("support-ie", "support-us"), "fraud", "security"
PORTAL = "portal"

# id · unit · function · country · manager · role; a star marks those who will be suspected of having talked to the press.
_ROSTER = """
elin.strandvik   executive      executive   IE  -               chief executive
marcus.obiora    executive      executive   US  elin.strandvik  chief of operations
ruth.kessel      executive      executive   US  elin.strandvik  director of audit
dana.reyes       internal-audit audit       US  ruth.kessel     auditor
piet.vossen      internal-audit audit       US  ruth.kessel     senior auditor
siobhan.keanan   internal-audit audit       IE  ruth.kessel     auditor
luca.ferrante    internal-audit audit       IE  ruth.kessel     auditor
niamh.corrigan   support-ie     support     IE  marcus.obiora   lead
anton.beckmann   support-ie     support     IE  niamh.corrigan  agent
sana.iqbar       support-ie     support     IE  niamh.corrigan  agent
eoin.dalgan      support-ie     support     IE  niamh.corrigan  agent
marta.zielna     support-ie     support     IE  niamh.corrigan  agent
kofi.boatman     support-ie     support     IE  niamh.corrigan  agent
lise.morvan      support-ie     support     IE  niamh.corrigan  agent
grace.tolland    support-us     support     US  marcus.obiora   lead
hector.lunares   support-us     support     US  grace.tolland   agent
amy.chenoweth    support-us     support     US  grace.tolland   agent
jamal.waterson   support-us     support     US  grace.tolland   agent
rosa.pintado     support-us     support     US  grace.tolland   agent
neil.archway     support-us     support     US  grace.tolland   agent
tess.hollins     support-us     support     US  grace.tolland   agent
ingrid.solheim   fraud          fraud       IE  marcus.obiora   lead
david.onyari     fraud          fraud       IE  ingrid.solheim  analyst
petra.novotna    fraud          fraud       IE  ingrid.solheim  analyst
carl.jessing     fraud          fraud       US  ingrid.solheim  analyst
maya.florian     fraud          fraud       US  ingrid.solheim  analyst
owen.pricket     fraud          fraud       US  ingrid.solheim  analyst
tariq.nassim     security       security    IE  elin.strandvik  lead
hana.yoonah      security       security    US  tariq.nassim    engineer
bjorn.dahlen     security       security    IE  tariq.nassim    engineer
claire.fontenay  legal          legal       US  elin.strandvik  counsel
rajan.pillaire   legal          legal       IE  claire.fontenay counsel
susan.marrow     legal          legal       US  claire.fontenay counsel
yuki.tanabata    engineering    engineering US  marcus.obiora   lead
tom.arendt*      engineering    engineering IE  yuki.tanabata   engineer
priya.nandan*    engineering    engineering US  yuki.tanabata   engineer
sven.halling*    engineering    engineering IE  yuki.tanabata   engineer
lea.stonor       engineering    engineering US  yuki.tanabata   engineer
fiona.grantham   people         admin       IE  elin.strandvik  head of people
ben.carrow*      people         admin       US  fiona.grantham  adviser
portal           machines       service     IE  -               customers' own requests
"""


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of the staff. `own_person`: their private account with the company's own product."""

    staff_id: str = field(repr=False)
    unit: str
    function: str
    country: str
    manager: str | None = field(repr=False)
    role: str
    since: datetime
    own_person: str | None = field(default=None, repr=False)


def staff(start: date, random: Random) -> tuple[Colleague, ...]:
    """The roster; everybody came between one and eight years before `start`."""
    return tuple(_colleague(line, start, random) for line in _ROSTER.strip().splitlines())


def _colleague(line: str, start: date, random: Random) -> Colleague:
    name, unit, function, country, manager, role = line.split(maxsplit=5)
    staff_id = name.removesuffix("*")
    return Colleague(
        staff_id=staff_id,
        unit=unit,
        function=function,
        country=country,
        manager=None if manager == "-" else manager,
        role=role,
        since=instant(start, -random.randint(365, 8 * 365)),
        own_person=f"{staff_id}.private" if name.endswith("*") else None,
    )

# SPDX-License-Identifier: Apache-2.0
"""An invented summer, for the page's tests: four auditors, three journalists, six people around them."""

import random
from datetime import UTC, datetime, timedelta

from whosaw.web.drawing.bonds import Bond
from whosaw.web.drawing.timeline import Article, Became, DrawnLook
from whosaw.web.story import (
    Command,
    Finding,
    Number,
    Proof,
    Reason,
    Refusal,
    Statement,
    Step,
    Story,
    Tampering,
)

SINCE, UNTIL = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
AUDIT = {
    "Dana Reyes": "Internal audit, Austin",
    "Theo Marsh": "Internal audit, Austin",
    "Viktor Lanz": "Internal audit, Tallinn",
    "Ilse Kroon": "Internal audit, Tallinn",
}
PERSONS = {
    "Maren Holt": "journalist",
    "Idris Quaye": "journalist",
    "Tilde Brandt": "journalist",
    "Jonas Holt": "brother of a journalist",
    "Ama Quaye": "partner of a journalist",
    "Pia Lund": "source of an article",
    "Sam Ortega": "friend of a journalist",
    "Noor Haddad": "flatmate of a journalist",
    "Leo Winter": "friend of a journalist",
}
UNITS = (
    "Customer support, Dublin",
    "Customer support, Manila",
    "Fraud review, Dublin",
    "Safety, Austin",
    "Legal, Dublin",
)


def looks(seed: int = 7) -> tuple[DrawnLook, ...]:
    """About 1,200 ordinary looks in office hours; 14 refused and 19 found looks of the audit department."""
    draw = random.Random(seed)
    made = []
    for _ in range(1180):
        at = SINCE + timedelta(days=draw.randrange(92), minutes=int(min(1439, max(0, draw.gauss(11.5 * 60, 150)))))
        if at.weekday() < 5 or draw.random() < 0.3:
            made.append(DrawnLook(at=at, unit=draw.choices(UNITS, (9, 6, 3, 2, 1))[0]))
    for _ in range(38):
        at = SINCE + timedelta(days=draw.randrange(92), minutes=draw.randrange(480, 1020))
        made.append(DrawnLook(at=at, unit=draw.choice(sorted(set(AUDIT.values())))))
    for became, times in ((Became.REFUSED, 14), (Became.FOUND, 19)):
        for _ in range(times):
            who = draw.choice(sorted(AUDIT))
            start = 12 if became is Became.REFUSED else 17
            at = SINCE + timedelta(
                days=start + draw.randrange(66), hours=draw.choice((7, 10, 19, 22, 23)), minutes=draw.randrange(60)
            )
            whom = draw.choice(sorted(PERSONS))
            made.append(DrawnLook(at=at, unit=AUDIT[who], became=became, principal=who, person=whom, asked="ip: exact"))
    return tuple(made)


def bonds(given: tuple[DrawnLook, ...]) -> tuple[Bond, ...]:
    """The pairs of the marked looks, and two ordinary ones of the support desk."""
    made = [
        Bond(principal=k.principal, unit=k.unit, person=k.person, about=PERSONS[k.person], **{str(k.became): 1})
        for k in given
        if k.principal
    ]
    made += [
        Bond(principal="Ana Lima", unit="Customer support, Dublin", person=p, about=PERSONS[p], ordinary=2)
        for p in ("Maren Holt", "Leo Winter")
    ]
    return tuple(made)


def step(title: str, *sentences: str, verdict: str = "holds") -> Step:
    return Step(title, verdict, sentences)  # type: ignore[arg-type]


LOOKS = looks()
STORY = Story(
    headline="Four auditors went after three journalists and six people around them. Every attempt is on record.",
    deck="The gate refused them 14 times. They went around it 19 times, in a tool of their own; its access log gave them "
    "away. Nobody can take either out of the log again.",
    origin="log.example.org/whosaw",
    version="0.1.0",
    made=datetime(2026, 11, 24, 19, 30, tzinfo=UTC),
    since=SINCE,
    until=UNTIL,
    numbers=(
        Number(len(LOOKS), "looks recorded"),
        Number(14, "refused at the gate"),
        Number(19, "found behind the guard’s back"),
        Number(4, "principals named by the inquiry"),
        Number(9, "persons affected"),
        Number("exit 3", "after one byte was changed"),
    ),
    happened=(
        "40 people connected to the product over HTTP. Their addresses were sealed, each under a key of its own, before anything else could read them.",
        "A support agent looked at one person’s address, under a case that the person had opened. She was shown the network, not the address: 203.0.113.0/24.",
        "After the first critical article, four people of internal audit asked for three journalists’ exact addresses. All 14 looks were refused, and each refusal was recorded.",
        "They then used an internal tool that asks nobody. It wrote an access log, as such tools do. 19 looks were found in it.",
        "The watch, which knows no names, said that four people of one function looked at 9 persons without a case, where chance would explain 0.4.",
        "An inquiry, opened and unsealed by two people of different lines, named all four and listed everyone affected.",
        "Maren Holt received her statement: 9 records, complete. She checked it offline, with nothing but the trust file.",
    ),
    looks=LOOKS,
    articles=(
        Article(datetime(2026, 6, 10, 6, tzinfo=UTC), "“What the app knows about where you sleep”, The Ledger"),
        Article(datetime(2026, 7, 2, 5, 30, tzinfo=UTC), "“Staff could read it all”, The Ledger"),
        Article(datetime(2026, 7, 5, 5, 30, tzinfo=UTC), "“The denial, line by line”, Morning Post"),
        Article(datetime(2026, 8, 11, 6, tzinfo=UTC), "“Three sources say otherwise”, The Ledger"),
    ),
    bonds=bonds(LOOKS),
    refusals=(
        Refusal(
            "An internal inquiry never reaches the address, place, contacts or messages of people outside the organisation.",
            "internal-inquiry-outsiders",
            14,
        ),
        Refusal(
            "This person is protected; nobody outside the organisation has signed for this look.",
            "protected-needs-overseer",
            10,
        ),
        Refusal("The case was opened by the one who looks.", "own-case", 4),
    ),
    findings=(
        Finding(
            sentence="Four people of one function looked at 9 persons without a case, assignment or other reason on file; 0.4 would be usual for this work.",
            principals=4,
            persons=9,
            looks=19,
            since=datetime(2026, 6, 18, tzinfo=UTC),
            until=datetime(2026, 8, 24, tzinfo=UTC),
            why=(
                Reason(
                    "9 persons without a case, assignment or other reason on file; 0.4 would be usual for this work.",
                    "unexplained",
                    0.0000042,
                ),
                Reason("For 12 looks a case exists, but it was opened afterwards.", "unexplained", 0.00031),
            ),
            against=(
                "3 of 19 looks carry a case number that exists.",
                "The tool’s log names a session, and two people may have shared it.",
            ),
        ),
    ),
    coverage=(
        "3 of 3 systems of this run report to this log: the gate, the product’s access log, the audit tool’s access log.",
        "2 lines of the audit tool’s log could not be read; they are counted, not guessed.",
        "Not covered: databases, exports, screens.",
    ),
    proof=Proof(
        leaves=1297,
        size=1297,
        root="C1AL1TAIgsWE82GWp5gyE+CZF7Otgofo9t65VD2+VL8=",
        at=datetime(2026, 11, 24, 19, 29, 58, tzinfo=UTC),
        keys=("log.example.org/whosaw+e803d044 (Ed25519)", "log.example.org/whosaw+1f09c2aa (ML-DSA-44)"),
        steps=(
            step("The checkpoint is signed", "By both keys that the trust file names."),
            step("The genesis leaf", "Leaf 0 fixes the keys of this log, and the key for labels is sound."),
            step("The same log as before", "Nothing was remembered: this is the first visit.", verdict="not checked"),
            step("Every leaf", "1,297 leaves, each of 65 bytes, no label twice."),
            step("Every tile, and the root", "6 tiles have exactly the hashes that the leaves make."),
            step("Every file", "14 files, none unaccounted for."),
        ),
        sentence="Whole as of 2026-11-24 19:29:58 UTC, size 1,297.",
    ),
    statement=Statement(
        person="Maren Holt",
        records=9,
        steps=(
            step("The statement reads as one"),
            step("The checkpoint is signed"),
            step("The genesis leaf"),
            step("The first label is this account's", "There is one for each account id, and this is it."),
            step("The enrolment fits the key"),
            step("Every record is in the log", "9 records."),
            step("No record is missing", "No leaf has the next label, in the whole published log."),
        ),
        sentence="As of 2026-11-24 19:29:58 UTC, size 1,297: 9 records, complete for this account.",
    ),
    tampering=Tampering(
        file="tile/entries/004",
        offset=2011,
        before=0x5C,
        after=0x5D,
        leaf=1054,
        said=(
            " 3. fails        All bundles, tiles and the root",
            "    ! tile/entries/004: leaf 1,054 does not give the hash in tile/0/004",
        ),
        exit_code=3,
    ),
    commands=(
        Command(
            "whosaw verify --trust demo-data/trust demo-data/public",
            "Check the whole log again, as somebody outside would.",
        ),
        Command(
            "whosaw inquiry person p-4fj2m6qn7d3kx5ra --data demo-data", "Ask who looked at one person, when and why."
        ),
        Command(
            "whosaw statement p-4fj2m6qn7d3kx5ra --out mine.json --data demo-data",
            "Write a person’s statement, and check it on another machine.",
        ),
    ),
)

# SPDX-License-Identifier: Apache-2.0
"""The page of this run: what the narrator told, and every number counted again from what happened.

Telling ──▶ web.story.Story ──render──▶ story.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version

from whosaw.cli.demo.cast import Cast
from whosaw.cli.demo.outsider import Verified
from whosaw.cli.demo.play import Summer
from whosaw.cli.demo.tamper import Change
from whosaw.detect.finding import Finding as Found
from whosaw.detect.finding import Reason as Signalled
from whosaw.detect.wording import spelled
from whosaw.facts.columns import instant
from whosaw.simulate.summer.acts import Asks, Uses
from whosaw.web import story
from whosaw.web.drawing.bonds import Bond
from whosaw.web.drawing.timeline import Article, Became, DrawnLook
from whosaw.web.story import Command, Number, Proof, Reason, Refusal, Statement, Story, Tampering

# True of this run only: a log whose settings name witnesses asks them.
_NO_WITNESS = (
    "That no two histories of this log exist. The demonstration names no witness: who keeps an older checkpoint finds a "
    "rewritten log."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """All that the page is made of. `named`, `affected`: the names that two have unsealed, in their order."""

    origin: str
    made: datetime
    since: datetime
    until: datetime
    summer: Summer
    cast: Cast
    finding: Found
    named: tuple[str, ...] = field(repr=False)
    affected: tuple[str, ...] = field(repr=False)
    told: tuple[str, ...]
    coverage: tuple[str, ...]
    log: Verified
    size: int
    root: str
    keys: tuple[str, ...]
    person: str = field(repr=False)
    statement: Verified
    records: int
    change: Change
    tampered: Verified
    commands: tuple[Command, ...]


def page(told: Telling) -> str:
    """The page, as one file of HTML."""
    looks = tuple(_looks(told))
    became = Counter(look.became for look in looks)
    return story.render(
        Story(
            headline=f"{spelled(len(told.named)).capitalize()} of internal audit went after "
            f"{spelled(_press(told))} journalists and {spelled(len(told.affected) - _press(told))} others. "
            "Every attempt is on record.",
            deck=f"The gate refused them {became[Became.REFUSED]} times. They went around it, in an internal tool; its "
            "access log gave them away. Nobody can take either out of the log again.",
            origin=told.origin,
            version=version("whosaw"),
            made=told.made,
            since=told.since,
            until=told.until,
            numbers=(
                Number(len(looks), "looks recorded"),
                Number(became[Became.REFUSED], "refused at the gate"),
                Number(became[Became.FOUND], "found behind the guard’s back"),
                Number(len(told.named), "principals named by the inquiry"),
                Number(len(told.affected), "persons affected"),
                Number(f"exit {told.tampered.exit_code}", "after one byte was changed"),
            ),
            happened=told.told,
            looks=looks,
            articles=tuple(Article(each.at, each.title) for each in told.summer.articles),
            bonds=tuple(_bonds(looks, told)),
            refusals=tuple(_refusals(told.summer)),
            findings=(_finding(told.finding),),
            coverage=told.coverage,
            proof=Proof(
                leaves=told.size,
                size=told.size,
                root=told.root,
                at=told.until,
                keys=told.keys,
                steps=told.log.steps,
                sentence=told.log.sentence,
                exit_code=told.log.exit_code,
            ),
            statement=Statement(
                person=told.person,
                records=told.records,
                steps=told.statement.steps,
                sentence=told.statement.sentence,
                exit_code=told.statement.exit_code,
            ),
            tampering=Tampering(
                file=told.change.file,
                offset=told.change.offset,
                before=told.change.before,
                after=told.change.after,
                leaf=told.change.leaf,
                said=told.tampered.failures,
                exit_code=told.tampered.exit_code,
            ),
            not_proven=(_NO_WITNESS,),
            commands=told.commands,
        )
    )


def _looks(told: Telling) -> Iterator[DrawnLook]:
    """Every look. Names stand only beside those that the inquiry names."""
    named = frozenset(told.named)
    for act, _ in told.summer.shown:
        yield _drawn(act, Became.ORDINARY, told, named)
    for act, _ in told.summer.refused:
        yield _drawn(act, Became.REFUSED, told, named)
    for used in told.summer.used:
        yield _drawn(used, Became.FOUND if used.principal in named else Became.ORDINARY, told, named)


def _drawn(act: Asks | Uses, became: Became, told: Telling, named: frozenset[str]) -> DrawnLook:
    unit = told.cast.unit(act.principal)
    if act.principal not in named:
        return DrawnLook(at=act.at, unit=unit, became=became)
    asked = ", ".join(f"{one.field}: {one.detail}" for one in act.asked) if isinstance(act, Asks) else "ip: exact"
    return DrawnLook(at=act.at, unit=unit, became=became, principal=act.principal, person=act.person, asked=asked)


def _bonds(looks: Sequence[DrawnLook], told: Telling) -> Iterator[Bond]:
    pairs: Mapping[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for look in looks:
        if look.principal:
            pairs[look.principal, look.person][str(look.became)] += 1
    for (principal, person), counts in sorted(pairs.items()):
        yield Bond(
            principal=principal,
            unit=told.cast.unit(principal),
            person=person,
            about=told.cast.about(person),
            **counts,
        )


def _refusals(summer: Summer) -> Iterable[Refusal]:
    counts: Counter[tuple[str, str]] = Counter()
    for _, answer in summer.refused:
        counts.update((rule.sentence, rule.id) for rule in answer.decision.rules)
    return (Refusal(sentence, rule, count) for (sentence, rule), count in counts.most_common())


def _finding(found: Found) -> story.Finding:
    return story.Finding(
        sentence=found.sentence,
        principals=len(found.principals),
        persons=len(found.persons),
        looks=len(found.looks),
        since=instant(found.window[0]),
        until=instant(found.window[1]),
        why=tuple(_why(found.signals)),
        against=found.counter,
    )


def _why(signals: Iterable[Signalled]) -> Iterator[Reason]:
    """One reason for all signals that say the same: several windows can show one thing."""
    said: dict[tuple[str, str], list[float]] = {}
    for signal in signals:
        said.setdefault((signal.sentence, signal.signal), []).append(signal.p)
    for (sentence, name), ps in said.items():
        yield Reason(sentence, name, min(ps), len(ps))


def _press(told: Telling) -> int:
    return sum(told.cast.about(person) == "journalist" for person in told.affected)

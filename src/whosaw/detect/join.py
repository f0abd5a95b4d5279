# SPDX-License-Identifier: Apache-2.0
"""From signals to findings: which of them chance does not bring, and which are about the same thing.

    all units tried ──Benjamini-Hochberg──▶ those that stand ──strongest first, a third in common──▶ one finding

A signal joins the finding with which it has most in common: of the smaller of the two at least a third of the pairs of
principal and person, or two persons and a third of them. A weak one does so only if the finding holds a third of it too,
or the noise of a whole function would come in with it. A strong one may tie two findings together.

Invariants: no threshold knows how many will be found, so a quiet company has no findings and a large one no flood;
the order of signals changes nothing.                                              Design: docs/adr/0044, 0146
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from whosaw.detect.defaults import Joining
from whosaw.detect.signal import MACHINES, TEAMS, Evidence, Signal
from whosaw.detect.wording import spelled
from whosaw.facts.columns import DAY

# What two signals may have in common: a principal at a person, or a look at nobody in particular.
_Pair = tuple[str, str]
# Below this a p says no more than "never".
_LEAST = 1e-15
_NAMED = " This finding names "


def standing(tried: Sequence[Signal], share: float) -> list[Signal]:
    """Those of all units `tried` that stand when at most `share` of them may be owed to chance; smallest p first."""
    ordered = sorted(tried, key=lambda s: s.order)
    passed = 0
    for rank, signal in enumerate(ordered, start=1):
        if signal.p * len(ordered) <= share * rank:
            passed = rank
    return ordered[:passed]


def joined(signals: Iterable[Signal], lookers: Mapping[str, int], numbers: Joining) -> list[list[Signal]]:
    """The signals, grouped into findings: strongest first, in each finding and among them.

    A signal that opens nothing and fits nowhere is left out.
    """
    findings = _Parts(numbers)
    # Those that open findings first: what only supports finds them there, however strong it is. And what is broad after what
    # says more closely what a finding is about: it would take from others' findings what this one principal did in them.
    ordered = [
        (not opens(signal, numbers), signal.signal in numbers.broad, *signal.order, signal)
        for signal in signals
        if not practice(signal, numbers)
    ]
    for quiet, *_, signal in sorted(ordered, key=lambda each: each[:-1]):
        part = _Part.of(signal, lookers, numbers.hub_lookers)
        fitting = findings.fitting(part)
        if quiet and _of_machines(signal):
            # Unusual for people, and not for a machine: it bears witness where something else says so of that machine.
            fitting = [place for place in fitting if findings.about_machines(place, part)]
        if fitting:
            findings.join(part, fitting)
        elif not (quiet and _of_machines(signal)) and findings.absorbed(part):
            continue
        elif not quiet:
            findings.add(part)
    return sorted(findings.signals(), key=lambda part: part[0].order)


def core(signals: Sequence[Signal], numbers: Joining) -> list[Signal]:
    """The signals of one finding, each with what it is about and no more.

    The strongest, and those that are strong, say what a finding is about; the others bear witness, and bring nobody
    new whom no second of them names: two thirds of a weak signal may be what chance brought it. And a circle or a case names everybody who came near
    it: where others of them stand in more, stronger or smaller signals, those who stand in that one alone are not named.
    """
    telling = min((s for s in signals if opens(s, numbers)), key=lambda s: s.order, default=signals[0])
    pairs = {_pair(look) for s in signals if s is telling or s.p <= numbers.strong for look in s.looks}
    named: dict[_Pair, set[tuple[str, str]]] = {}
    for s in signals:
        for look in s.looks:
            named.setdefault(_pair(look), set()).add(_kind(s))
    pairs |= {pair for pair, by in named.items() if len(by) > 1}
    persons = {person for _, person in pairs}
    for s in signals:
        # Somebody else's own, mostly at the same persons: that is no coincidence, and no noise of theirs either.
        own = {_pair(look) for look in s.looks} if s.kind == "principal" else set()
        if len(own) > 1 and 2 * sum(person in persons for _, person in own) >= len(own):
            pairs |= own
    signals = _only(signals, lambda look: _pair(look) in pairs)
    said: dict[str, dict[tuple[str, str], float]] = {}
    for signal in signals:
        whos = {look.who for look in signal.looks}
        for who in whos:
            of = said.setdefault(who, {})
            # Circles that overlap say the same of the same people, and whoever stands in most of them is not the most suspected.
            of[_kind(signal)] = max(of.get(_kind(signal), 0.0), -math.log10(max(signal.p, _LEAST)) / len(whos))
    weight = {who: math.fsum(of.values()) for who, of in said.items()}
    least = max(weight.values(), default=0.0) * numbers.core
    return _only(signals, lambda look: weight[look.who] >= least)


def _kind(signal: Signal) -> tuple[str, str]:
    """A unit, its manager and its function say the same once."""
    return signal.signal, "team" if signal.kind in TEAMS else signal.kind


def of_one(parts: Iterable[Sequence[Signal]], numbers: Joining) -> list[list[Signal]]:
    """`parts`, strongest first, with those one of which whoever reviews the stronger reads the weaker all the same.

    One principal alone at some of the same persons, not long apart; or some of the principals of a finding, at persons of whom half are
    those of that finding. They share too little of it each to be joined. Past as many looks as a finding has, what joins
    it brings none that are not in it.
    """
    made: list[list[Signal]] = []
    seen: list[_Said] = []
    by_who: dict[str, list[int]] = {}
    for part in parts:
        own = _Said.of(part)
        # Whoever says it has all who are in it. The strongest that has room: a full one does not keep it from the others.
        saying = (at for at in by_who.get(min(own.whos), ()) if seen[at].says(own, numbers))
        place, joins = next(((at, fits) for at in saying if (fits := seen[at].fitting(part, own, numbers))), (None, []))
        if place is None:
            for who in own.whos:
                by_who.setdefault(who, []).append(len(made))
            made.append(list(part))
            seen.append(own)
        else:
            made[place] += joins
            seen[place].take(_Said.of(joins))
    return [sorted(part, key=lambda s: s.order) for part in made]


@dataclass(slots=True)
class _Said:
    """Who did what in a finding."""

    whos: set[str]
    persons: set[str]
    looks: set[tuple[str, str, str]]
    first: int
    last: int

    @classmethod
    def of(cls, part: Sequence[Signal]) -> _Said:
        looks = [look for signal in part for look in signal.looks]
        times = [look.t for look in looks]
        persons = {look.person for look in looks if look.person is not None}
        return cls({look.who for look in looks}, persons, {look.key for look in looks}, min(times), max(times))

    def says(self, other: _Said, numbers: Joining) -> bool:
        """It says what `other` says."""
        apart = max(0, other.first - self.last, self.first - other.last) // DAY
        common = len(self.persons & other.persons)
        same = common > 0 and (len(self.whos) == 1 or 2 * common >= len(other.persons))
        return other.whos <= self.whos and same and apart <= numbers.days_apart

    def fitting(self, part: Sequence[Signal], own: _Said, numbers: Joining) -> list[Signal]:
        """Of `part` what it has room for."""
        if len(self.looks | own.looks) <= numbers.most_looks:
            return list(part)
        return [] if len(self.whos) == 1 else _only(part, lambda look: look.key in self.looks)

    def take(self, other: _Said) -> None:
        self.persons |= other.persons
        self.looks |= other.looks
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


def _only(signals: Iterable[Signal], holds: Callable[[Evidence], bool]) -> list[Signal]:
    """With the looks for which that holds, without the persons and principals of the others; without looks, not at all.

    A sentence that counts people who are not named any more says so: else it would be about others than its finding.
    """
    made = []
    for signal in signals:
        looks = tuple(look for look in signal.looks if holds(look))
        if looks == signal.looks:
            made.append(signal)
        elif looks:
            gone = {look.who for look in signal.looks} - {look.who for look in looks}
            principals = tuple(who for who in signal.principals if who not in gone)
            named = f"{_NAMED}{spelled(len({look.who for look in looks}))} of them." if gone else ""
            said = signal.sentence.partition(_NAMED)[0] + named if named else signal.sentence
            made.append(replace(signal, looks=looks, principals=principals, persons=(), sentence=said))
    return made


def opens(signal: Signal, numbers: Joining) -> bool:
    """It may be a finding by itself. What only machines did is one by the signals that are about machines alone:

    a machine has no case, comes back every night, and looks at everybody, all by design.
    """
    if not signal.opens or practice(signal, numbers):
        return False
    return not _of_machines(signal) or signal.signal in numbers.of_machines


def practice(signal: Signal, numbers: Joining) -> bool:
    """A team of whom more people are named than a finding has: that is how they work, and a matter for whoever sets rules.

    As a finding it would accuse dozens, and nobody could review it. Whoever stands out among them does so alone, too.
    """
    # Accounts that stand in no directory have no practice: they may all be one human's.
    team = signal.kind in TEAMS and signal.kind != "unlisted"
    return team and len({look.who for look in signal.looks}) > numbers.most_principals


@dataclass(frozen=True, slots=True)
class Practice:
    """What is said of a team that is no finding. `functions`: of those whose looks it is about; they are not told it."""

    functions: frozenset[str | None]
    sentence: str


def practices(tried: Iterable[Signal], numbers: Joining) -> tuple[Practice, ...]:
    """What is said of teams that are no findings, once for each signal and function; the strongest first."""
    said: dict[tuple[str, frozenset[str | None]], Practice] = {}
    for signal in sorted((s for s in tried if s.p <= numbers.strong and practice(s, numbers)), key=lambda s: s.order):
        functions = frozenset(look.function for look in signal.looks)
        sentence = f"So many do this that it is a matter for the rules, and no finding: {signal.sentence}"
        said.setdefault((signal.signal, functions), Practice(functions, sentence))
    return tuple(said.values())


def _of_machines(signal: Signal) -> bool:
    return bool(signal.looks) and all(look.function == MACHINES for look in signal.looks)


@dataclass(slots=True)
class _Part:
    """What one signal, or a finding so far, is about. `pairs`, `persons`: without hubs."""

    signals: list[Signal]
    pairs: set[_Pair]
    persons: set[str]
    principals: set[str]
    looks: set[tuple[str, str, str]]
    first: int
    last: int

    @classmethod
    def of(cls, signal: Signal, lookers: Mapping[str, int], hub: int) -> _Part:
        known = [look for look in signal.looks if look.function != MACHINES] or signal.looks
        return cls(
            signals=[signal],
            pairs={_pair(look) for look in known},
            persons={p for p in (*signal.persons, *(x.person for x in known)) if p and lookers.get(p, 0) <= hub},
            principals={*signal.principals, *(look.who for look in signal.looks)},
            looks={look.key for look in signal.looks},
            first=min((look.t for look in signal.looks), default=0),
            last=max((look.t for look in signal.looks), default=0),
        )

    def of_principals(self, whos: set[str]) -> _Part:
        """The same signal, with only what these did."""
        (signal,) = self.signals
        looks = tuple(look for look in signal.looks if look.who in whos)
        principals = tuple(who for who in signal.principals if who in whos)
        return _Part(
            signals=[replace(signal, principals=principals, looks=looks, persons=())],
            pairs={pair for pair in self.pairs if pair[0] in whos},
            persons=self.persons & {look.person for look in looks if look.person is not None},
            principals=self.principals & whos,
            looks={look.key for look in looks},
            first=self.first,
            last=self.last,
        )

    def take(self, other: _Part) -> None:
        self.signals += other.signals
        self.pairs |= other.pairs
        self.persons |= other.persons
        self.principals |= other.principals
        self.looks |= other.looks
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)

    def too_large_with(self, other: _Part, numbers: Joining) -> bool:
        """More than can be reviewed. Of the same principals more persons are no more to review, but the same once."""
        looks = self.looks | other.looks
        whos = self.principals | other.principals
        grows = len(whos) > max(len(self.principals), len(other.principals))
        many = len(whos) > numbers.most_principals or len({p for *_, p in looks} - {""}) > numbers.most_persons
        return (grows and many) or len(looks) > numbers.most_looks

    def apart(self, other: _Part) -> int:
        """Days between the two, 0 where they overlap."""
        return max(0, other.first - self.last, self.first - other.last) // DAY


def _pair(look: Evidence) -> _Pair:
    return look.who, f"look {look.look}" if look.person is None else f"person {look.person}"


@dataclass(slots=True)
class _Parts:
    """The findings so far, and in which of them each pair and person is."""

    numbers: Joining
    parts: dict[int, _Part] = field(default_factory=dict)
    by_pair: dict[_Pair, set[int]] = field(default_factory=dict)
    by_person: dict[str, set[int]] = field(default_factory=dict)
    places: Iterator[int] = field(default_factory=count)

    def add(self, part: _Part) -> None:
        place = next(self.places)
        self.parts[place] = part
        self._enter(part, place)

    def _enter(self, part: _Part, place: int) -> None:
        for pair in part.pairs:
            self.by_pair.setdefault(pair, set()).add(place)
        for person in part.persons:
            self.by_person.setdefault(person, set()).add(place)

    def fitting(self, part: _Part) -> list[int]:
        """The findings that `part` is about, that with most in common first."""
        pairs = Counter(place for pair in part.pairs for place in self.by_pair.get(pair, ()))
        persons = Counter(place for person in part.persons for place in self.by_person.get(person, ()))
        found = [
            (-pairs[place], -persons[place], place)
            for place in {*pairs, *(place for place, common in persons.items() if common > 1)}
            if self._fits(part, self.parts[place], pairs[place], persons[place])
        ]
        return [place for *_, place in sorted(found)]

    def absorbed(self, part: _Part) -> bool:
        """A third of it stands in a finding with which it would be too large: what the principals of that did joins it.

        As a finding of its own it would be the same one again, with many more names in it.
        """
        pairs = Counter(place for pair in part.pairs for place in self.by_pair.get(pair, ()))
        for place, common in sorted(pairs.items(), key=lambda each: (-each[1], each[0])):
            finding = self.parts[place]
            if not self._same(part, finding, common, 0) or finding.apart(part) > self.numbers.days_apart:
                continue
            own = part.of_principals(finding.principals)
            if not finding.too_large_with(own, self.numbers):
                self._into(place, own)
                return True
        return False

    def about_machines(self, place: int, part: _Part) -> bool:
        """What is about machines says something of the one that `part` is about."""
        signals = self.parts[place].signals
        return any(s.signal in self.numbers.of_machines and part.principals & {x.who for x in s.looks} for s in signals)

    def _same(self, part: _Part, finding: _Part, pairs: int, persons: int) -> bool:
        third = self.numbers.common
        smaller = min(len(part.pairs), len(finding.pairs))
        # One look in common is all of a signal about one pair, and an accident of any other: but not where it is half of
        # what several people did.
        several = min(len(part.principals), len(finding.principals)) > 1 and pairs * 2 >= smaller
        same_pairs = pairs >= (1 if several else min(2, smaller)) and pairs * third >= smaller > 0
        same_persons = persons > 1 and persons * third >= min(len(part.persons), len(finding.persons))
        held = pairs * third >= len(part.pairs) or (same_persons and persons * third >= len(part.persons))
        return (same_pairs or same_persons) and (held or self._strong(part))

    def _fits(self, part: _Part, finding: _Part, pairs: int, persons: int) -> bool:
        return (
            self._same(part, finding, pairs, persons)
            and finding.apart(part) <= self.numbers.days_apart
            and not finding.too_large_with(part, self.numbers)
        )

    def _strong(self, part: _Part) -> bool:
        return part.signals[0].p <= self.numbers.strong

    def join(self, part: _Part, fitting: Sequence[int]) -> None:
        first, *others = fitting
        self._into(first, part)
        if self._strong(part):
            for place in others:
                if not self.parts[first].too_large_with(self.parts[place], self.numbers):
                    self._into(first, self.parts.pop(place), was=place)

    def _into(self, place: int, part: _Part, was: int | None = None) -> None:
        if was is not None:
            for pair in part.pairs:
                self.by_pair[pair].discard(was)
            for person in part.persons:
                self.by_person[person].discard(was)
        self.parts[place].take(part)
        self._enter(part, place)

    def signals(self) -> list[list[Signal]]:
        return [sorted(part.signals, key=lambda s: s.order) for part in self.parts.values()]

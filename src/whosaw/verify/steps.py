# SPDX-License-Identifier: Apache-2.0
"""Numbered steps: what was checked, what failed and where, what cannot be known. Values first, printing last.

    Steps.take("The checkpoint", check) ──▶ Step 1  holds | fails | cannot tell | not checked  ──▶ Report ──▶ text, JSON
                                                    sentences, counts, failures with their place

A check says what it did (`said.say`), names what is false (`said.fail`, as often as needed) or undecidable
(`said.unclear`), or raises: an error that means "unreachable" leaves its step undecided, any other is a failure of it.
What is wrong with the question (a trust file, an option) is found before the first step, and is no step.

Invariant: the verdict is the worst line. "Seven hold, one was not checked" is never reported as whole, and false wins
over unreachable: exit 3, then 7, then 0.                                 Specification: docs/spec/checkpoint.md §4
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from whosaw.errors import EXIT, WhosawError

T = TypeVar("T")

FALSE, UNDECIDED = 3, 7
SHOWN = 20  # failures of one step that are printed one by one; the rest is a count


class Verdict(StrEnum):
    """What became of one step."""

    HOLDS = "holds"
    FAILS = "fails"
    CANNOT_TELL = "cannot tell"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is false or undecided: a sentence, and the file, leaf or line it was seen at."""

    sentence: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}" if self.where else self.sentence


@dataclass(slots=True)
class Said:
    """What one check has to say; handed to the check, read by the report."""

    sentences: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    unclear_about: list[Failure] = field(default_factory=list)
    evidence: dict[str, bytes] = field(default_factory=dict)  # name → bytes as found, for others to check
    left_out: bool = False

    def say(self, sentence: str) -> None:
        """A plain sentence about what was checked."""
        self.sentences.append(sentence)

    def count(self, name: str, number: int) -> None:
        """A number for machines; add the sentence for people yourself."""
        self.counts[name] = number

    def fail(self, sentence: str, where: str = "", hint: str = "") -> None:
        """Something is false. The check may go on and name more."""
        self.failures.append(Failure(sentence, where, hint))

    def unclear(self, sentence: str, where: str = "", hint: str = "") -> None:
        """Something can be neither confirmed nor denied from here."""
        self.unclear_about.append(Failure(sentence, where, hint))

    def leave_out(self, why: str) -> None:
        """What the title promises was not checked, and why. What was found false on the way still counts."""
        self.left_out = True
        self.say(why)

    def keep(self, name: str, raw: bytes) -> None:
        """Evidence, as found: what another person needs to see the same contradiction."""
        self.evidence[name] = raw

    @property
    def verdict(self) -> Verdict:
        if self.failures:
            return Verdict.FAILS
        if self.unclear_about:
            return Verdict.CANNOT_TELL
        return Verdict.NOT_CHECKED if self.left_out else Verdict.HOLDS


@dataclass(frozen=True, slots=True)
class Step:
    """One step, done or left out."""

    number: int
    title: str
    verdict: Verdict
    said: Said

    def lines(self) -> list[str]:
        """The step for people: a verdict, then sentences, then what is wrong."""
        lines = [f"{self.number:>2}. {self.verdict.value:<12} {self.title}"]
        lines += [f"    {sentence}" for sentence in self.said.sentences]
        for kind in (self.said.failures, self.said.unclear_about):
            lines += [f"    ! {failure}" for failure in kind[:SHOWN]]
            if len(kind) > SHOWN:
                lines.append(f"    ! and {len(kind) - SHOWN:,} more of this kind")
        return lines

    def machine(self) -> dict[str, object]:
        """The step for machines."""
        return {
            "number": self.number,
            "title": self.title,
            "verdict": self.verdict.value,
            "sentences": self.said.sentences,
            "counts": self.said.counts,
            "failures": [_machine(f) for f in self.said.failures],
            "undecided": [_machine(f) for f in self.said.unclear_about],
        }


def _machine(failure: Failure) -> dict[str, str]:
    return {"sentence": failure.sentence, "where": failure.where, "hint": failure.hint}


@dataclass(slots=True)
class Steps:
    """The steps of one verification, in order, and what no step can show."""

    done: list[Step] = field(default_factory=list)
    cannot_know: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    evidence: dict[str, bytes] = field(default_factory=dict)

    def take(self, title: str, check: Callable[[Said], T]) -> T | None:
        """Run `check` as the next step. Its value, or None where it could not give one."""
        said = Said()
        value = None
        try:
            value = check(said)
        except WhosawError as error:
            where = getattr(error, "where", "") if not str(error).startswith(getattr(error, "where", "")) else ""
            # Whatever a check says about what it was given is false; only "could not look" is no answer.
            (said.unclear if EXIT[type(error)] == UNDECIDED else said.fail)(str(error), where, error.hint)
        self.done.append(Step(len(self.done) + 1, title, said.verdict, said))
        self.evidence |= said.evidence
        return value

    def skip(self, title: str, why: str) -> None:
        """Leave a step out, and say so."""
        self.done.append(Step(len(self.done) + 1, title, Verdict.NOT_CHECKED, Said([why])))

    @property
    def exit(self) -> int:
        """3 if anything is false, else 7 if anything is undecided, else 0."""
        verdicts = {step.verdict for step in self.done}
        if Verdict.FAILS in verdicts:
            return FALSE
        return UNDECIDED if Verdict.CANNOT_TELL in verdicts else 0

    @property
    def sound(self) -> bool:
        """Nothing false and nothing undecided so far (steps left out do not count)."""
        return self.exit == 0

    def report(self, sentence: str, **facts: object) -> Report:
        """Close the book. `sentence` is the result where all holds; otherwise the first bad step is named."""
        if self.exit:
            bad = Verdict.FAILS if self.exit == FALSE else Verdict.CANNOT_TELL
            first = next(step for step in self.done if step.verdict is bad)
            what = "FAILED" if self.exit == FALSE else "undecided"
            reasons = first.said.failures or first.said.unclear_about
            sentence = f"{what} at step {first.number} ({first.title}): {reasons[0]}"
        return Report(
            tuple(self.done),
            sentence,
            tuple(self.remarks),
            tuple(self.cannot_know),
            self.exit,
            dict(self.evidence),
            facts,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A finished verification: steps, one closing sentence, remarks, what cannot be known, exit code, evidence."""

    steps: tuple[Step, ...]
    sentence: str
    remarks: tuple[str, ...]
    cannot_know: tuple[str, ...]
    exit: int
    evidence: Mapping[str, bytes]
    facts: Mapping[str, object]

    def text(self) -> str:
        """For people."""
        lines = [line for step in self.steps for line in step.lines()]
        if self.remarks:
            lines += ["", *self.remarks]
        if self.cannot_know:
            lines += ["", "What this cannot show:", *(f"  - {sentence}" for sentence in self.cannot_know)]
        return "\n".join([*lines, "", self.sentence]) + "\n"

    def machine(self) -> dict[str, object]:
        """For machines."""
        return {
            "exit": self.exit,
            "sentence": self.sentence,
            "steps": [step.machine() for step in self.steps],
            "remarks": list(self.remarks),
            "cannot_know": list(self.cannot_know),
            **self.facts,
        }

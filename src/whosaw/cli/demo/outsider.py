# SPDX-License-Identifier: Apache-2.0
"""Somebody outside: `whosaw verify`, as a process of its own that is given files and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from whosaw.errors import Unavailable
from whosaw.web.story import Said, Step


@dataclass(frozen=True, slots=True)
class Verified:
    """What the verifier said: its exit code, its closing sentence, its steps, and what it cannot know."""

    exit_code: int
    sentence: str
    steps: tuple[Step, ...]
    cannot_know: tuple[str, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is false, with its place."""
        return tuple(s.removeprefix("! ") for step in self.steps for s in step.sentences if s.startswith("! "))


def verify(*words: str | Path) -> Verified:
    """Run `whosaw verify` with these words, in another process. Raises Unavailable where it does not answer."""
    command = [sys.executable, "-m", "whosaw.verify", *map(str, words), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own words
    try:
        said = cast("dict[str, Any]", json.loads(done.stdout))
        steps = tuple(_step(step) for step in said["steps"])
        return Verified(done.returncode, said["sentence"], steps, tuple(said["cannot_know"]))
    except (ValueError, KeyError):
        raise Unavailable(f"the verifier gave no answer (exit code {done.returncode})", part="verify") from None


def _step(step: dict[str, Any]) -> Step:
    wrong: Sequence[dict[str, str]] = [*step["failures"], *step["undecided"]]
    failures = (f"! {f['where']}: {f['sentence']}" if f["where"] else f"! {f['sentence']}" for f in wrong)
    return Step(step["title"], cast("Said", step["verdict"]), (*step["sentences"], *failures))

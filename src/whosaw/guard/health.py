# SPDX-License-Identifier: Apache-2.0
"""Is the gate well, and which part of it is not: each part is asked one small question, and answers or does not.

    engine ─ clock ─ journal ─ state ──▶ directory, keyring, names, sealed values, quotas       those live in `state`

Invariant: asking changes nothing, records nothing and starts nothing. Exactly the part that fails is named: where state.db
itself cannot be read, nobody asks what stands in it, or five parts would be named for one fault.
                                                                              Operating it: docs/operate.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from whosaw.directory.directory import Directory
from whosaw.errors import Unavailable, WhosawError
from whosaw.guard.late import behind
from whosaw.model.access import Asked, Field, Look
from whosaw.policy.decide import NOTHING_PERMITS, UNREADABLE, decide
from whosaw.policy.facts import NOTHING_KNOWN, Facts
from whosaw.policy.rules import Policy

OK = "ok"
ELSEWHERE = frozenset({"tickets", "issuer", "key service", "places"})
_SLACK = timedelta(seconds=1)  # by which two looks at once may read the clock apart

Probe = Callable[[], object]
"""One small question to one part. Raises whatever is wrong with it."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What is asked. `state`: state.db itself; `parts`: what stands in it; `log`: why nothing is recorded, or nothing.

    `newest`: when the directory was changed last, by whichever gate.
    """

    state: Probe
    parts: Mapping[str, Probe]
    log: Callable[[], str]
    clock: Callable[[], datetime]
    last_look: Callable[[], datetime | None]
    newest: Callable[[], datetime | None]
    policy: Policy

    def said(self) -> dict[str, str]:
        """Each part: `ok`, or the sentence that says why not."""
        said = {
            "engine": _asked(self._decides),
            "clock": _asked(self._tells),
            "journal": self.log() or OK,
            "state": _asked(self.state),
        }
        if said["state"] == OK:
            said |= {name: _asked(probe) for name, probe in self.parts.items()}
            if said["clock"] == OK == said.get("directory", OK):
                said["clock"] = _asked(self._keeps_up)
        return said

    def _decides(self) -> None:
        """A look of which nothing is known is refused, by rules and not for want of them."""
        purpose = next(iter(self.policy.purposes))
        look = Look("probe", "probe", "probe", (Asked(Field.PROFILE, "exact"),), purpose, None, "probe")
        nothing = Facts(known=NOTHING_KNOWN, offered=frozenset(look.asked), last_look=None)
        decision = decide(self.policy, look, nothing, datetime(2026, 1, 1, tzinfo=UTC))
        if decision.permitted or {rule.id for rule in decision.rules} & {UNREADABLE.id, NOTHING_PERMITS.id}:
            raise Unavailable("the policy engine does not refuse a look of which nothing is known", part="engine")

    def _tells(self) -> None:
        last, now = self.last_look(), self.clock()
        if last is not None and now < last - _SLACK:
            behind = int((last - now).total_seconds())
            raise Unavailable(f"the clock stands {behind} s before the last look: set it right", part="clock")

    def _keeps_up(self) -> None:
        newest, now = self.newest(), self.clock()
        if newest is not None and behind(newest, now):
            by = int((newest - now).total_seconds())
            raise Unavailable(
                f"the clock stands {by} s before the last change of the directory: set it right", part="clock"
            )


def serves(parts: Mapping[str, str]) -> bool:
    """Whether looks may be sent here, for what these parts say: nothing fails but what is somebody else's, case by case.

    A ticket system that is silent stops looks under its own cases, an issuer those of its own tokens, a key service only the next
    start, and a database of places that is old or bad those that show a country or a region of an address. Were the whole gate called ill for it, whoever spreads the looks over gates would shut them all, for everybody.
    """
    return all(said == OK or not ELSEWHERE.isdisjoint({part, part.partition(" ")[0]}) for part, said in parts.items())


def confirmed(directory: Directory, clock: Callable[[], datetime]) -> Probe:
    """The directory can be read, and each source was heard of in its time: else every look is refused, and health says so."""

    def probe() -> None:
        at = clock()
        directory.unit("", at)
        found = directory.feeds(at)
        # Where the clock went back, what was confirmed lies ahead of it: that is the clock's fault, and named there.
        if not found and not directory.counts():
            raise Unavailable("nobody ever said who works here, so every look is refused", part="directory")
        if late := ", ".join(feed.source for feed in found if feed.stale(at)):
            raise Unavailable(f"not confirmed in time, so every look is refused: {late}", part="directory")

    return probe


def _asked(probe: Probe) -> str:
    """What is wrong, in a sentence; else `ok`."""
    try:
        probe()
    except WhosawError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  its text may quote what it choked on; a part that cannot be asked fails
        return f"cannot be asked ({type(error).__name__})"
    return OK

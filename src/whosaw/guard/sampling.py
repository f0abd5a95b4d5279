# SPDX-License-Identifier: Apache-2.0
"""Samples for `quality_sampling`: Whosaw draws the cases, so that nobody picks whose messages they would like to read.

    secret ─▶ record `promised`: H(secret), digest of all cases there are to draw from, how many     ─▶ published: a root
    secret, root ─▶ seed ─▶ the cases whose H(seed, case) are least ─▶ record `drawn`: secret, seed, root, digest of them
                                                                  └─▶ a case of ours for each, given to the sampler's unit

The secret is fixed before the root is known, and the root holds nonces and records of others. Whoever draws again until the sample
suits them leaves a promise in the log each time. Afterwards anybody with the two records and the list draws the same sample (`check`).

Invariant: a promise is published before anything is drawn, and the draw is on record before a case stands in the directory.
A crash in between leaves a promise without a draw, which is there to be asked about.          Operating it: docs/quotas.md
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from whosaw.errors import BadInput, ProofFailed
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Json, Kind, Stream, canonical, time_text
from whosaw.policy.facts import Known
from whosaw.policy.independence import Reason
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note

CALLER = "guard/sampling"
PURPOSE, TYPE = "quality_sampling", "quality_sample"
MOST = 500
PART = 2  # of so many cases one at most
LATELY = timedelta(days=30)
DRAWER = "whosaw"  # whose hand it was: no staff id is called so, or its owner could not sample
_SECRET, _SEED, _RANK, _LIST = (
    b"whosaw/sample/secret/v1", b"whosaw/sample/seed/v1", b"whosaw/sample/rank/v1", b"whosaw/sample/list/v1",
)  # fmt: skip


class Journal(Protocol):
    """``journal.open_log.OpenLog``, as far as a draw needs it."""

    def submit(self, submission: Submission) -> Recorded: ...
    def wait_published(self, index: int) -> bytes: ...


class Directory(Protocol):
    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known: ...
    def unit(self, principal: str, at: datetime) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """A case that can be drawn: closed lately. `persons`: pseudonyms of those whom it names."""

    case: str
    persons: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a draw works with. `finished`: all that can be drawn; `place`: brings cases and the persons they name into force."""

    journal: Journal
    directory: Directory
    finished: Callable[[datetime, datetime], Sequence[Finished]]
    place: Callable[[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]], None]
    remember: Callable[[str], str]
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The sample: our case for each that was drawn. `index`: the leaf of the draw."""

    sample: str
    cases: tuple[tuple[str, str], ...]
    of: int
    index: int


@dataclass(frozen=True, slots=True)
class Refused:
    reasons: tuple[Reason, ...]


def draw(count: int, by: str, desk: Desk) -> Drawn | Refused:
    """Draw so many of the cases that were closed in the last 30 days, for the unit of `by`, a staff id.

    Raises BadInput where there are not so many. Refused: whoever does not work here at this moment.
    """
    if not 1 <= count <= MOST:
        raise BadInput(f"from 1 to {MOST}", where="--cases")
    now = desk.clock().astimezone(UTC)
    who = desk.remember(by)
    reasons = _standing(desk.directory.known(who, "", None, now))
    if reasons:
        return Refused(reasons)
    unit = desk.directory.unit(who, now)
    finished = sorted(desk.finished(now - LATELY, now), key=lambda each: each.case)
    if len(finished) < count:
        raise BadInput(f"only {len(finished)} cases were closed in the last {LATELY.days} days", where="--cases")
    # Whoever draws all of them has picked whom they like, and Whosaw nobody.
    if PART * count > len(finished):
        raise BadInput(
            f"a sample is no more than a half: {len(finished)} cases were closed in the last {LATELY.days} days",
            where="--cases",
        )
    secret, listed = desk.random(32), digest_of([each.case for each in finished])
    sample = f"s-{hashlib.sha256(secret).hexdigest()[:12]}"
    promised = _submit(desk, sample, "promised", now, who, {
        "commitment": _b64(hashlib.sha256(_SECRET + secret).digest()), "of": len(finished), "list": _b64(listed), "count": count,
    })  # fmt: skip
    root = Checkpoint.parse(parse_note(desk.journal.wait_published(promised)).text).root
    seed = seed_of(secret, root)
    chosen = {case: f"{sample}-{n}" for n, case in enumerate(least(seed, [each.case for each in finished], count), 1)}
    index = _submit(desk, sample, "drawn", desk.clock().astimezone(UTC), who, {
        "secret": _b64(secret), "root": _b64(root), "sample": _b64(digest_of(list(chosen))), "promised": promised,
    })  # fmt: skip
    _place(desk, [each for each in finished if each.case in chosen], chosen, unit)
    return Drawn(sample, tuple((ours, case) for case, ours in chosen.items()), len(finished), index)


def check(promised: Mapping[str, Json], drawn: Mapping[str, Json], cases: Sequence[str]) -> list[str]:
    """The sample, drawn again from both records and the list. Raises ProofFailed where they do not agree."""
    secret, root = b64decode(str(drawn["secret"])), b64decode(str(drawn["root"]))
    again = least(seed_of(secret, root), sorted(cases), int(str(promised["count"])))
    agree = {
        "the secret is the one that was promised": hashlib.sha256(_SECRET + secret).digest() == b64decode(str(promised["commitment"])),
        "these are the cases that there were": digest_of(sorted(cases)) == b64decode(str(promised["list"])),
        "this is the sample that was drawn": digest_of(again) == b64decode(str(drawn["sample"])),
    }  # fmt: skip
    for what, so in agree.items():
        if not so:
            raise ProofFailed(f"it is not so that {what}", step="sample")
    return again


def seed_of(secret: bytes, root: bytes) -> bytes:
    return hashlib.sha256(_SEED + secret + root).digest()


def least(seed: bytes, cases: Sequence[str], count: int) -> list[str]:
    """The cases of the least ranks, in their order. A case's rank depends on the seed and on itself alone."""
    return sorted(cases, key=lambda case: hashlib.sha256(_RANK + seed + case.encode()).digest())[:count]


def digest_of(cases: Sequence[str]) -> bytes:
    """SHA-256 over the digests of these case ids, in this order."""
    return hashlib.sha256(_LIST + b"".join(hashlib.sha256(case.encode()).digest() for case in cases)).digest()


def _place(desk: Desk, drawn: Sequence[Finished], chosen: Mapping[str, str], unit: str | None) -> None:
    now = desk.clock()
    hand = desk.remember(DRAWER)
    cases = [
        {"case_id": chosen[each.case], "type": TYPE, "opened": now, "opened_by": hand, "queue": unit} for each in drawn
    ]
    persons = [
        {"case_id": chosen[each.case], "person": person, "added": now, "added_by": hand}
        for each in drawn
        for person in each.persons
    ]
    desk.place(cases, persons)


def _standing(known: Known) -> tuple[Reason, ...]:
    if known.principal is None:
        return (Reason("requester-unknown"),)
    said = {"left": not known.principal.active, "suspended": known.principal.suspended}
    return tuple(Reason(f"requester-{code}") for code, holds in said.items() if holds)


def _submit(desk: Desk, sample: str, what: str, at: datetime, who: str, more: Mapping[str, Json]) -> int:  # noqa: PLR0917
    """On record in `admin`, durable; its leaf."""
    body: dict[str, Json] = {
        "v": 1, "kind": str(Kind.SAMPLE), "at": time_text(at), "what": what, "sample_id": sample, "principal": who, **more,
    }  # fmt: skip
    record = Record(Stream.named("admin"), canonical(body))
    return desk.journal.submit(Submission(CALLER, f"{sample}-{what}", (record,))).leaves[-1].index


def _b64(raw: bytes) -> str:
    return b64encode(raw).decode()

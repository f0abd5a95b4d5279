# SPDX-License-Identifier: Apache-2.0
"""The findings that somebody is shown, held against the digests in a log: are they what the watch wrote, and when was that?

    findings file ──SHA-256──▶ digest ──there?──▶ the record of a watch, its leaf, its time; and how many came after it

The file holds 32 random bytes, so a digest tells nobody anything who does not have the file.

Invariant: only records that open a leaf count, and a file is the one that was recorded to the byte, or another.
                                                                        Specification: docs/spec/records.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from whosaw.errors import NotCanonical
from whosaw.model.record import Kind, parse, parse_time, time_text
from whosaw.verify.shape import number, raw_bytes, text
from whosaw.verify.steps import Said
from whosaw.verify.words import counted

STREAM = "findings"
LIMIT = 64 * 1024 * 1024  # of a file of findings
_MARK = f'"kind":"{Kind.FOUND}"'.encode()


@dataclass(slots=True)
class Found:
    """Every digest so far, in the order of the log: the leaf, and when it was recorded. One that comes again is no newer for that."""

    digests: dict[bytes, tuple[int, str]] = field(default_factory=dict)

    def take(self, body: bytes, index: int, where: str) -> None:
        """A body that opened its leaf. Raises NotCanonical for a record of findings that is none of ours."""
        if _MARK not in body:
            return
        value = parse(body, where)
        if value["kind"] != str(Kind.FOUND):
            return
        if value.keys() != {"v", "kind", "at", "digest"} or number(value["v"], where) != 1:
            raise NotCanonical("not a record of findings", where=where)
        # Spelled anew: what stands there is from whoever is checked, and is printed.
        at = time_text(parse_time(text(value["at"], where), where))
        self.digests.setdefault(raw_bytes(value["digest"], 32, where), (index, at))

    def check(self, raw: bytes, streams: tuple[str, ...], said: Said) -> None:
        """That a file with these bytes was recorded."""
        if STREAM not in streams and "all" not in streams:
            said.unclear("the records hold nothing of findings", hint="export the stream `findings`, or all")
            return
        there = self.digests.get(sha256(raw).digest())
        if there is None:
            said.fail(
                "no record here is of these findings: they were changed, or no watch of this log wrote them",
                hint="after an erasure the next watch records what is left; a copy of before is on record as it was",
            )
            return
        index, at = there
        later = sum(other > index for other, _ in self.digests.values())
        said.say(f"They are what a watch of this log wrote, to the byte: recorded at {at}, leaf {index}.")
        said.count("later", later)
        newer = (
            f"{counted(later, 'newer file was', 'newer files were')} recorded since."
            if later
            else "No newer ones are recorded here."
        )
        said.say(newer)

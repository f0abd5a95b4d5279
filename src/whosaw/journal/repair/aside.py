# SPDX-License-Identifier: Apache-2.0
"""What a repair replaces is kept aside, as it was found: it may be somebody's doing, and then it is evidence.

    public/tile/0/012  ──copied──▶ private/replaced/<digest>/tile/0/012  ──▶ gone ──▶ the right bytes, created

A crash between two steps leaves a copy too many, or a file missing that the next repair makes again.

Invariant: no byte that was found is thrown away, and what is right already is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from whosaw.journal.ports import Folder

FOLDER = "replaced"


@dataclass(frozen=True, slots=True)
class Aside:
    """Where replaced files go. `prefix`: before their names, of a log in a folder of its own."""

    private: Folder
    prefix: str = ""

    def put(self, public: Folder, files: Sequence[tuple[str, bytes]]) -> list[str]:
        """Make these files what they must be; which of them were not."""
        wrong = [(name, data) for name, data in files if public.read(name) != data]
        for name, _ in wrong:
            self.away(public, name)
        if wrong:
            public.create_or_compare(wrong)
        return [f"{self.prefix}{name}" for name, _ in wrong]

    def away(self, public: Folder, name: str) -> None:
        """Copy what stands there, and take it away."""
        raw = public.read(name)
        if raw is None:
            return
        kept = f"{FOLDER}/{sha256(raw).hexdigest()[:16]}/{self.prefix}{name}"
        self.private.create_or_compare([(kept, raw)])
        public.delete(name)

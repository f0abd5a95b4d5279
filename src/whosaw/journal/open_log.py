# SPDX-License-Identifier: Apache-2.0
"""A log that is open here, whoever writes it: what the parts of a house may ask of it.

    journal.Journal    writes it itself: one process, one folder
    gate.Gate          hands in to whichever process is elected; any number of them

Both answer the same, in the same words, and fail with the same errors.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from whosaw.journal.map_log import Mapped
from whosaw.journal.reader import Reader
from whosaw.journal.state import Published
from whosaw.journal.submission import Opened, Recorded, Submission
from whosaw.model.genesis import Genesis


class DurableLeaves(Protocol):
    """Durable leaves by label, published or not."""

    def find(self, label: bytes) -> Opened | None:
        """The durable leaf with this label; None where there is none. Raises Unavailable."""
        ...


class OpenLog(Protocol):
    """``journal.Journal`` says of each what it means."""

    @property
    def leaves(self) -> DurableLeaves: ...
    @property
    def genesis(self) -> Genesis: ...
    @property
    def witnessed(self) -> Published | None: ...

    def submit(self, submission: Submission) -> Recorded: ...
    def enqueue(self, submission: Submission) -> Future[Recorded]: ...
    async def submit_async(self, submission: Submission) -> Recorded: ...
    def find(self, caller: str, key: str) -> Recorded | None: ...
    def wait_published(self, index: int, timeout: float = ...) -> bytes: ...
    def publish_now(self, timeout: float = ...) -> bytes: ...
    def wait_witnessed(self, index: int, timeout: float = ...) -> bytes: ...
    def reader(self, *, witnessed: bool = ...) -> Reader: ...
    def proof(self, index: int, *, witnessed: bool = ...) -> bytes: ...
    def mapped(self, *, witnessed: bool = ...) -> Mapped: ...
    def close(self) -> None: ...

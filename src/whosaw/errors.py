# SPDX-License-Identifier: Apache-2.0
"""Every error that Whosaw raises on purpose, drawn as a tree.

    WhosawError            .hint: what to do about it, one sentence; may be empty
    ├── BadInput           what was given cannot be used; nothing was changed         .where
    ├── NotCanonical       bytes from outside are not the one spelling                .where
    ├── Misconfigured      refuse to start                                            .setting
    ├── MissingExtra       a part is not installed                                    .extra
    ├── ProofFailed        two things that must agree do not; keep both               .step .ours .theirs
    ├── Contradiction      other bytes already stand where ours belong; never written .where
    ├── Damaged            our own files are not what we wrote                        .where
    ├── WrongReceipt       a value was asked for with another look's proof            .look
    ├── IdempotencyConflict the same key was used for another submission
    ├── Busy               another process holds the folder, or the queue is full     .part
    ├── OutcomeUnknown     a write failed; it may or may not be stored; read back     .part
    └── Unavailable        a part that we need is down; nothing was released          .part

A refusal is not here: no is an answer, not an exception. The exit code of each error stands in one
table, ``EXIT`` below, for `whosaw` and for the outsider's `whosaw verify` alike.

Invariant: no message carries a personal value. Say *where* (file, line, index), never *what*.
"""

from __future__ import annotations


class WhosawError(Exception):
    """Base of all errors below. ``str(error)`` is one sentence; ``hint`` is what to do, or empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadInput(WhosawError):
    """What was given cannot be used, and nothing was changed. ``where``: file, line, column or option."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.where = where


class NotCanonical(WhosawError):
    """Bytes from outside are not the one spelling of anything. ``where`` names the piece."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.where = where


class Misconfigured(WhosawError):
    """Refuse to start. ``setting`` names what is wrong."""

    def __init__(self, message: str, *, setting: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.setting = setting


class MissingExtra(WhosawError):
    """A part of Whosaw is not installed; the hint is the exact line that installs it."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the extra {extra!r}, which is not installed",
            hint=f'pip install "whosaw[{extra}]"',
        )
        self.extra = extra


class ProofFailed(WhosawError):
    """Two things that must agree do not. ``ours`` and ``theirs`` are the evidence, where there is any."""

    def __init__(self, message: str, *, step: str = "", ours: bytes = b"", theirs: bytes = b"", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.step, self.ours, self.theirs = step, ours, theirs


class Contradiction(WhosawError):
    """Other bytes already stand where ours belong. They were left untouched."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.where = where


class Damaged(WhosawError):
    """Our own files are not what we wrote, and not what a crash leaves either."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.where = where


class WrongReceipt(WhosawError):
    """A value was asked for with a receipt that is not for exactly this look."""

    def __init__(self, message: str, *, look: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.look = look


class IdempotencyConflict(WhosawError):
    """The same idempotency key was used before, for a submission with other bodies."""


class Busy(WhosawError):
    """Another process holds the folder, or the queue is full. Nothing was done; try again."""

    def __init__(self, message: str, *, part: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.part = part


class OutcomeUnknown(WhosawError):
    """A write failed and may or may not be stored. Ask again with the same idempotency key after a restart."""

    def __init__(self, message: str, *, part: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.part = part


class Unavailable(WhosawError):
    """A part that we need is down, or says nothing we can trust. Nothing was released."""

    def __init__(self, message: str, *, part: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.part = part


# Every error has exactly one answer (a test holds this table against the tree).
# 0 is success, 1 done in part, 4 refused, 5 needs an approval: those are answers, not errors.
EXIT: dict[type[WhosawError], int] = {
    BadInput: 2,
    NotCanonical: 2,
    Misconfigured: 2,
    MissingExtra: 2,
    IdempotencyConflict: 2,
    ProofFailed: 3,
    Contradiction: 3,
    Damaged: 3,
    WrongReceipt: 3,
    Busy: 6,
    OutcomeUnknown: 7,
    Unavailable: 7,
}

# SPDX-License-Identifier: Apache-2.0
"""What is asked: pseudonyms of which kind, for which purpose and case, of which epoch; and the two answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import BadInput
from whosaw.model.caller import Caller
from whosaw.model.pseudonym_body import Variant
from whosaw.privacy.ipcrypt.epochs import bounds, epoch_of

_CASE = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class Ask:
    """`principal`: a staff id. `epoch`: of which period; None: of now. `caller`: the tool that asks."""

    principal: str = field(repr=False)
    purpose: str
    case: str | None
    variant: Variant
    epoch: str | None = None
    caller: Caller | None = None

    def epoch_at(self, at: datetime, period: str) -> str:
        """The epoch that is asked for. Raises BadInput for one of another period, or one that has not begun."""
        now = epoch_of(at, period)
        if self.epoch is None:
            return now
        begin, _ = bounds(self.epoch)
        if epoch_of(begin, period) != self.epoch:
            raise BadInput(f"not an epoch of this house, which has one each {period}, now {now}", where="epoch")
        if begin > at:
            raise BadInput(f"this epoch has not begun; now it is {now}", where="epoch")
        return self.epoch


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and on record at leaf `index`. `reasons`: rule id and sentence; none is about a person, because nobody was asked about."""

    reasons: tuple[tuple[str, str], ...]
    index: int
    receipt: bytes = field(repr=False)
    cause: str = ""

    @property
    def sentence(self) -> str:
        return " ".join(sentence for _, sentence in self.reasons)

# SPDX-License-Identifier: Apache-2.0
"""A session: so many addresses become pseudonyms, of one kind, and no more. What hands out pseudonyms is this, and nothing else is.

    with desk.open(ask, up_to=…) as session:
        session.texts([…])       one batch of text
        session.rows(array)      (n, 16) bytes
        session.column(column)   Arrow; each text of a column counts once
                                                      at the end: how many it were, on record

Invariant: there is no way from here to the key, and none back from a pseudonym. A batch that asks for more than is left is refused
whole, and that is on record, once. Whoever is suspended meanwhile gets no further batch. Safe to share between threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from whosaw.errors import BadInput
from whosaw.facts.extra import need
from whosaw.model.pseudonym_body import Variant
from whosaw.privacy.ipcrypt.address import SIZE, packed, spelled
from whosaw.privacy.root import Random

Told = Callable[[str, int], None]
"""Puts on record what became of a session: ``spent`` or ``over``, and how many addresses."""
Present = Callable[[], None]
"""Raises Unavailable where whoever opened the session may ask no more: suspended, gone, or their case is closed."""


class Session:
    """Made by ``desk.Pseudonymiser`` once the call is on record. `index`: its leaf, `receipt` promises it."""

    def __init__(
        self,
        cipher: Any,
        *,
        up_to: int,
        batch: int,
        random: Random,
        told: Told,
        present: Present,
        call: tuple[int, bytes],
        epoch: str,
    ) -> None:
        self._cipher, self._batch, self._random = cipher, batch, random
        self._told, self._present = told, present
        self._lock, self._left, self._used, self._closed, self._over = threading.Lock(), up_to, 0, False, False
        self.index, self.receipt = call
        self.up_to, self.epoch = up_to, epoch

    def __repr__(self) -> str:
        return "Session(…)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def width(self) -> int:
        """Bytes of a pseudonym."""
        return int(self._cipher.WIDTH)

    @property
    def used(self) -> int:
        return self._used

    def texts(self, addresses: Sequence[str]) -> list[str]:
        """The pseudonyms of addresses, in their order. Raises BadInput, and hands out none then."""
        import numpy as np

        raw = bytearray()
        for number, text in enumerate(addresses):
            try:
                raw += packed(text)
            except BadInput as error:
                raise BadInput("not an IP address", where=f"address {number + 1}", hint=error.hint) from None
        made = self.rows(np.frombuffer(bytes(raw), np.uint8).reshape(-1, SIZE)).tobytes()
        width = self.width
        some = (made[at : at + width] for at in range(0, len(made), width))
        return [spelled(each) if width == SIZE else each.hex() for each in some]

    def rows(self, addresses: Any) -> Any:
        """An array (n, 16) of uint8 to one of pseudonyms, (n, 16) or for ndx (n, 32)."""
        from whosaw.privacy.ipcrypt.blocks import checked
        from whosaw.privacy.ipcrypt.ndx import Ndx

        addresses = checked(addresses)
        self._take(len(addresses))
        if isinstance(self._cipher, Ndx):
            import numpy as np

            tweaks = np.frombuffer(self._random(addresses.size), np.uint8).reshape(addresses.shape)
            return self._cipher.encrypt_all(addresses, tweaks)
        return self._cipher.encrypt_all(addresses)

    def column(self, column: Any) -> Any:
        """An Arrow column of text or 16 bytes to one of pseudonyms; what is empty stays empty."""
        need("pyarrow", "columns of Arrow")
        from whosaw.privacy.ipcrypt.columns import encrypted

        return encrypted(column, self._in_parts, self.width)

    def _in_parts(self, addresses: Any) -> Any:
        """A column is as long as it is, and is in memory already: its addresses go through batch by batch."""
        import numpy as np

        if len(addresses) <= self._batch:
            return self.rows(addresses)
        return np.concatenate(
            [self.rows(addresses[at : at + self._batch]) for at in range(0, len(addresses), self._batch)]
        )

    def close(self) -> None:
        """Put on record how many it were. Twice is once; after it there are no more."""
        with self._lock:
            closed, self._closed, self._left = self._closed, True, 0
        if not closed:
            self._told("spent", self._used)

    def _take(self, count: int) -> None:
        if count > self._batch:
            raise BadInput(
                f"a batch has at most {self._batch:,} addresses", where="addresses", hint="hand it in in parts"
            )
        self._present()
        with self._lock:
            fine = count <= self._left
            if fine:
                self._left -= count
                self._used += count
            first, self._over = not fine and not self._over, self._over or not fine
        if not fine:
            # Outside of the lock: the record may take a moment, and whoever asks for little need not wait for it.
            if first:
                self._told("over", count)
            raise BadInput(
                f"this call was for {self.up_to:,} addresses and has not so many left",
                where="addresses",
                hint="ask for a call of as many as there are; nothing of this batch was made, and that is on record",
            )


def variant_of(text: str) -> Variant:
    """The variant of this name. Raises BadInput."""
    try:
        return Variant(text)
    except ValueError:
        raise BadInput(f"one of {', '.join(Variant)}", where="variant") from None

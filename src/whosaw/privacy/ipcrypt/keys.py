# SPDX-License-Identifier: Apache-2.0
"""A key for each purpose, epoch and variant: what was made for one cannot be joined with what was made for another.

    pseudonyms key ──HKDF-Expand, purpose ‖ epoch ‖ variant──▶ 16 or 32 bytes ──▶ Deterministic, Ndx, Pfx
                     … ‖ "vault", of the vault's addresses

The addresses of the vault have keys of their own. With one key for both, whoever brings addresses of their choice finds every address in the
vault's table: of `pfx` one bit a call, thirty-two calls for the whole.

An epoch is a calendar period of UTC: whoever kept the pseudonyms of November learns nothing about those of December, not even
which address came back.

Invariant: keys are derived and never stored; each part has its length before it, so no two of them run into each other.
                                                                            Specification: docs/spec/keys.md §2
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable, Mapping
from typing import TypeAlias

from whosaw.errors import BadInput
from whosaw.model.pseudonym_body import Source, Variant
from whosaw.privacy.ipcrypt.deterministic import Deterministic
from whosaw.privacy.ipcrypt.ndx import Ndx
from whosaw.privacy.ipcrypt.pfx import Pfx
from whosaw.privacy.root import Mac, expand

Cipher: TypeAlias = Deterministic | Ndx | Pfx


_MADE: Mapping[Variant, type[Deterministic | Ndx | Pfx]] = {
    Variant.DETERMINISTIC: Deterministic,
    Variant.PFX: Pfx,
    Variant.NDX: Ndx,
}


def cipher(key: bytes, purpose: str, epoch: str, variant: Variant, source: Source = "given") -> Cipher:
    """The cipher of `purpose` in `epoch`, for addresses that are brought or for the vault's. `key`: ``Root.pseudonyms``."""
    own = () if source == "given" else (source,)
    said = b"".join(_part(each) for each in (purpose, epoch, str(variant), *own))
    made = _MADE[variant]
    return made(expand(key, b"whosaw/ip-pseudonym/v1" + said)[: made.KEY])


def accounts(key: bytes, purpose: str, epoch: str) -> Callable[[str], str]:
    """What an account is called in a table of the vault, from what it is called in this house: `v-` and 16 characters.

    The house's own name stands in every request for an approval. Whoever has a table and that name would read where the account of their choice
    was, and who was there, too.
    """
    made = Mac(expand(key, b"whosaw/ip-pseudonym-account/v1" + _part(purpose) + _part(epoch)))
    return lambda person: "v-" + b32encode(made.of(person.encode())[:10]).decode().lower()


def _part(text: str) -> bytes:
    raw = text.encode()
    if not 1 <= len(raw) <= 255:
        raise BadInput("1 to 255 bytes", where="purpose")
    return bytes([len(raw)]) + raw

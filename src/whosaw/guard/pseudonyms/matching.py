# SPDX-License-Identifier: Apache-2.0
"""Has this address that pseudonym? One question, one answer, and no way to ask it the other way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from whosaw.errors import BadInput
from whosaw.privacy.ipcrypt.address import packed, spelled
from whosaw.privacy.ipcrypt.ndx import Ndx


def matching(cipher: Any, pseudonym: str) -> Callable[[str], bool]:
    """Raises BadInput for what is no pseudonym of this kind."""
    if isinstance(cipher, Ndx):
        try:
            raw = bytes.fromhex(pseudonym)
        except ValueError:
            raw = b""
        if len(raw) != cipher.WIDTH or raw.hex() != pseudonym:
            raise BadInput("a pseudonym of ndx has 64 hexadecimal digits", where="pseudonym")
        return lambda address: cipher.decrypt(raw) == spelled(packed(address))
    try:
        told = spelled(packed(pseudonym))
    except BadInput:
        raise BadInput("a pseudonym of this kind looks like an IP address", where="pseudonym") from None
    return lambda address: bool(cipher.encrypt(address) == told)

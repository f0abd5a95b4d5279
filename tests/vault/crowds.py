# SPDX-License-Identifier: Apache-2.0
"""Invented people in a network, so many that it may be shown. Only their shares: nobody has a stream or a value."""

import os
from datetime import UTC, datetime, timedelta

from whosaw.privacy.fields.ip import address_of
from whosaw.vault.crowd import QUARTER, Crowd

MANY = 26  # a quarter more than 20, and one


def fill(crowd: Crowd, address: str, seen: datetime, people: int = MANY, *, down_to: int = 0) -> None:
    """So many more people were seen around `address`, in its prefix of length `down_to` and in every shorter one."""
    micros = (seen - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    tokens = [t for length, t in crowd._prefixes.tokens(address_of(address)) if not down_to or length <= down_to]
    crowd._rows.join([[(token, micros // QUARTER, os.urandom(16)) for token in tokens for _ in range(people)]])

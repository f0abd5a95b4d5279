# SPDX-License-Identifier: Apache-2.0
"""Unsealing: from a pseudonym back to a name. The only way back there is.

Opening a name is a look of its own, by two. This file does not ask who may: its callers do, and only they may import
it. They are ``guard`` (a tool shows its own staff member's name back) and ``inquiry.unseal``; a test holds the list.

Invariant: each function opens one name, for one pseudonym. There is none that lists names.
"""

from __future__ import annotations

from whosaw.errors import BadInput
from whosaw.privacy.data_key import unseal
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import NameRows, about
from whosaw.privacy.pseudonym import is_principal
from whosaw.privacy.root import Root


def unseal_person(keyring: Keyring, pseudonym: str) -> str | None:
    """The account id behind a person's pseudonym; None where no such person is kept, or no longer."""
    found = keyring.behind(pseudonym)
    return None if found is None else found[1]


def unseal_principal(rows: NameRows, root: Root, pseudonym: str) -> str | None:
    """The staff id behind a principal's pseudonym; None where it was never remembered."""
    if not is_principal(pseudonym):
        raise BadInput("a principal's pseudonym is e- and 16 characters", where="pseudonym")
    sealed = rows.find(pseudonym)
    return None if sealed is None else unseal(root.names, sealed, about(pseudonym), "a sealed name").decode()

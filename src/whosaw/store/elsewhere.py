# SPDX-License-Identifier: Apache-2.0
"""What is published in an object store, where the extra for it is installed. It is imported nowhere else.

Invariant: without the extra the answer is the line that installs it, and nothing else of Whosaw is missing.
"""

from __future__ import annotations

from whosaw.errors import MissingExtra
from whosaw.journal.ports import Folder
from whosaw.settings.store import StoreSettings
from whosaw.store.apart import Apart


def private_elsewhere(settings: StoreSettings, private: Folder) -> Folder:
    """`private`, with its segments at ``settings.segments``. Raises MissingExtra, Misconfigured."""
    return Apart(elsewhere(settings, private=True), private)


def elsewhere(settings: StoreSettings, *, private: bool = False) -> Folder:
    """The folder at ``settings.public``, or at ``settings.segments`` if it is `private`. Raises MissingExtra, Misconfigured."""
    try:
        from whosaw.store.s3 import s3_folder
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("obstore"):
            raise
        raise MissingExtra("cluster", "publishing to an object store") from None
    return s3_folder(settings, private=private)

# SPDX-License-Identifier: Apache-2.0
"""Where a policy is read from: a data folder, a folder of own files, a whole policy of another version, or single files.

FOLDER with schema.cedarschema      a whole policy, as in the package: it stands for itself
FOLDER without                      own files, beside the shipped ones; an empty one is the shipped policy alone
"""

from __future__ import annotations

from pathlib import Path

from whosaw.datafolder import DECISIONS, own_texts
from whosaw.errors import BadInput
from whosaw.policy.rules import Policy
from whosaw.wiring import policy_texts

_SCHEMA, _PURPOSES = "schema.cedarschema", "purposes.toml"


def policy_in(folder: Path) -> Policy:
    """The policy of a folder. Raises BadInput where there is none, Misconfigured where it is no policy."""
    if not folder.is_dir():
        raise BadInput("no such folder", where=str(folder), hint="a folder of own files, or of a whole policy")
    if (folder / _SCHEMA).is_file():
        files = [
            folder / _SCHEMA,
            folder / _PURPOSES,
            *sorted(folder.glob("shipped/*.cedar")),
            *sorted(folder.glob("*.cedar")),
        ]
        return Policy.load({file.name: _text(file) for file in files} | own_texts(folder / "own"))
    return Policy.load(policy_texts() | own_texts(folder))


def policy_of(files: tuple[Path, ...]) -> Policy:
    """The shipped policy with these files of one's own beside it."""
    own = {f"own/{file.name}": _text(file) for file in files if file.name != DECISIONS}
    if len(own) != sum(file.name != DECISIONS for file in files):
        raise BadInput("two files of one name", where="FILES", hint="a policy's files lie in one folder")
    return Policy.load(policy_texts() | own)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        raise BadInput("not a text in UTF-8", where=str(file)) from None
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(file)) from None

# SPDX-License-Identifier: Apache-2.0
"""Who may open a name: a list that may only get shorter."""

import ast
import re
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "whosaw"

# `guard` names the principal back to their own tool; `inquiry.unseal` opens a name for two. `wiring` hands over the keys
# and opens nothing.
MAY_UNSEAL = ("privacy/unseal.py", "guard/", "inquiry/unseal.py")


@cache
def imported(path: Path) -> frozenset[str]:
    """Every module and name that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found)


def test_only_those_who_may_can_open_a_name():
    """`privacy.unseal` is imported by the guard and the inquiry's unsealing, and by nobody else."""
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE).as_posix()
        if any("whosaw.privacy.unseal" in module for module in imported(path)):
            assert where.startswith(MAY_UNSEAL), where


def test_only_unsealing_asks_who_is_behind():
    """The keyring's way from a pseudonym to a name has one caller."""
    for path in sorted(SOURCE.rglob("*.py")):
        if ".behind(" in path.read_text():
            assert path.relative_to(SOURCE).as_posix() == "privacy/unseal.py", path


def test_only_the_vault_opens_values():
    """Data keys, which open sealed values, are taken from the keyring by the vault only."""
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE).as_posix()
        if "whosaw.privacy.data_key.DataKey" in imported(path):
            assert where.startswith(("privacy/", "vault/")), where


def test_only_the_desk_of_counts_has_the_vault_count():
    """What calls it brings the noise: another caller could bring none."""
    for path in sorted(SOURCE.rglob("*.py")):
        if re.search(r"whosaw\.vault\.counted|vault\.counts\(\)", path.read_text()):
            assert path.relative_to(SOURCE).as_posix() in ("guard/counts/desk.py", "vault/vault.py"), path


def test_an_inquiry_has_keys_only_where_names_open():
    """The rest of `inquiry` imports nothing of `privacy`, `vault` or `guard`, and not the file that opens names."""
    for path in sorted((SOURCE / "inquiry").glob("*.py")):
        if path.name != "unseal.py":
            reached = ("whosaw.privacy", "whosaw.vault", "whosaw.guard", "whosaw.inquiry.unseal")
            assert not [module for module in imported(path) if module.startswith(reached)], path


def test_only_the_desk_makes_keys_of_pseudonyms():
    """Whoever could derive one would have an oracle that nobody counts."""
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE).as_posix()
        if "whosaw.privacy.ipcrypt.keys" in imported(path):
            assert where == "guard/pseudonyms/desk.py", where


def test_nothing_turns_a_pseudonym_back():
    """Only the question whether an address has a pseudonym decrypts, for ndx, and it answers yes or no."""
    for path in sorted(SOURCE.rglob("*.py")):
        where, text = path.relative_to(SOURCE).as_posix(), path.read_text()
        if not where.startswith("privacy/") and "ipcrypt" in text:
            assert ".decrypt" not in text or where == "guard/pseudonyms/matching.py", where

# SPDX-License-Identifier: Apache-2.0
"""Who may open a name: a list that may only get shorter."""

import ast
import re
from collections.abc import Iterator
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


SECRETS = {
    "key", "token", "secret", "pin", "password", "nonce", "sealed", "sealed_id", "wrapped", "plain", "label_0", "raw", "address",
}  # fmt: skip
# Called so, and no secret.
NONE = {
    "api/description.py Described.key": "whether an endpoint takes a key",
    "collect/columns.py Columns.key": "the name of a column",
    "collect/stores.py Items.key": "the name of a column",
    "policy/form.py _Type.plain": "the word of a schema for a plain type",
    "guard/quota_count.py Lane.key": "what is counted, by pseudonym",
    "model/genesis.py GenesisFile.nonce": "published",
    "settings/callers.py TlsSettings.key": "where the file is",
    "settings/keys.py Pkcs11Settings.key": "its label",
    "settings/keys.py Pkcs11Settings.token": "the label of a device",
    "settings/keys.py TransitSettings.key": "what the service calls it",
    "sigma/rules.py Correlation.key": "the name of a rule",
    "sigma/rules.py Detection.key": "the name of a rule",
    "tlog/receipt.py Receipt.key": "digest of a caller's key, and in the log",
    "tlog/trust.py TrustedLog.key": "public",
    "tlog/trust.py TrustedWitness.key": "public",
    "witness/client.py Line.key": "public",
    "witness/folder.py TrustedLogs._raw": "a trust file",
}


def shown(node: ast.ClassDef) -> Iterator[str]:
    """Fields of a dataclass, or of a tuple with names, that its repr shows."""
    made = [
        said
        for said in map(ast.unparse, (*node.decorator_list, *node.bases))
        if "dataclass" in said or said == "NamedTuple"
    ]
    own = any(isinstance(each, ast.FunctionDef) and each.name == "__repr__" for each in node.body)
    if made and not own and "repr=False" not in made[0]:
        for each in node.body:
            if isinstance(each, ast.AnnAssign) and not (each.value and "repr=False" in ast.unparse(each.value)):
                yield ast.unparse(each.target)


def test_no_repr_shows_what_is_called_like_a_secret():
    """A log line, an error or a debugger prints reprs. Which of those names is no secret after all, stands in a list."""
    found = {
        f"{path.relative_to(SOURCE).as_posix()} {node.name}.{name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for name in shown(node)
        if name.strip("_") in SECRETS
    }
    assert found == set(NONE)

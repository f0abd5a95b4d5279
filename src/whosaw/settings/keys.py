# SPDX-License-Identifier: Apache-2.0
"""Where the root key lives: the table [keys].

    root = "file"          private/keys/root                      [keys.transit]  url, key, mount, namespace,
    root = "environment"   the variable that `variable` names                     token_env or token_file, ca_file
    root = "transit"       private/keys/root.sealed, which a remote key service opens at the start
    root = "pkcs11"        the same, which a token opens          [keys.pkcs11]   module, token, key, pin_env or pin_file

Invariant: no key, token or PIN stands in here, only where it is.                      Use: docs/vault.md
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from whosaw.errors import Misconfigured

FILE, ENVIRONMENT, TRANSIT, PKCS11 = "file", "environment", "transit", "pkcs11"
ROOTS = (FILE, ENVIRONMENT, TRANSIT, PKCS11)
SEALING = (TRANSIT, PKCS11)  # where somebody else's key seals it
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,79}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_MOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,8}")


@dataclass(frozen=True, slots=True)
class TransitSettings:
    """A key service that speaks the API of HashiCorp Vault's transit engine."""

    url: str = field(
        default="",
        metadata={
            "doc": "Address of the key service, `https://HOST:PORT`. Trusted: it sees the root key while it seals and opens it."
        },
    )
    key: str = field(default="", metadata={"doc": "Name of the key there, of a kind that encrypts."})
    mount: str = field(default="transit", metadata={"doc": "Where the engine is mounted there."})
    namespace: str = field(default="", metadata={"doc": "Namespace of the key service; empty for none."})
    token_env: str = field(
        default="",
        metadata={
            "doc": "The environment variable with its token. It is removed from the environment once it is read."
        },
    )
    token_file: str = field(
        default="",
        metadata={"doc": "The file with its token, as an agent keeps it; read at each question, and ours alone."},
    )
    ca_file: str = field(
        default="", metadata={"doc": "PEM: the authorities of its certificate; empty: those of this machine."}
    )
    timeout_s: int = field(
        default=10,
        metadata={"doc": "Seconds until a question to it counts as not answered, 1 to 120.", "range": (1, 120)},
    )


@dataclass(frozen=True, slots=True)
class Pkcs11Settings:
    """A token, by its driver."""

    module: str = field(
        default="",
        metadata={
            "doc": "The library that is the token's driver, a whole path. Trusted: it sees the root key while the token seals and opens it."
        },
    )
    token: str = field(default="", metadata={"doc": "Label of the token."})
    key: str = field(default="", metadata={"doc": "Label of its AES key of 256 bits, which may encrypt and decrypt."})
    pin_env: str = field(
        default="",
        metadata={
            "doc": "The environment variable with the token's PIN. It is removed from the environment once it is read."
        },
    )
    pin_file: str = field(
        default="",
        metadata={
            "doc": "The file with the token's PIN, one line; relative to the data folder, read at each question, and ours alone."
        },
    )
    timeout_s: int = field(
        default=20,
        metadata={"doc": "Seconds until a question to the token counts as not answered, 1 to 120.", "range": (1, 120)},
    )


@dataclass(frozen=True, slots=True)
class KeysSettings:
    """Where the root key lives."""

    root: str = field(
        default=FILE,
        metadata={
            "doc": "Where the root key is: `file`, `environment`, `transit`, a remote key service, or `pkcs11`, a token. Trusted: its thief opens every value, given the key table."
        },
    )
    variable: str = field(
        default="WHOSAW_ROOT_KEY",
        metadata={
            "doc": "The environment variable with the root key, where `keys.root` is `environment`; removed once it is read."
        },
    )
    transit: TransitSettings = field(default_factory=TransitSettings)
    pkcs11: Pkcs11Settings = field(default_factory=Pkcs11Settings)


def check_keys(said: KeysSettings) -> None:
    """Raises Misconfigured."""
    if said.root not in ROOTS:
        raise Misconfigured(f"'keys.root' is one of {', '.join(ROOTS)}", setting="keys.root")
    check_variable(said.variable)
    check_service(said, said.root)


def check_service(said: KeysSettings, root: str) -> None:
    """What `root` needs of the settings, where it is sealed by somebody else's key. Raises Misconfigured."""
    if root == TRANSIT:
        check_transit(said.transit)
    elif root == PKCS11:
        check_pkcs11(said.pkcs11)


def check_variable(name: str) -> None:
    """Raises Misconfigured; what was given may be the key, and is not repeated."""
    if not _VARIABLE.fullmatch(name):
        raise _wrong("`variable` is the name of a variable, and not the key", "keys.variable")


def check_transit(said: TransitSettings) -> None:
    """Raises Misconfigured."""
    address(said.url)
    if not _NAME.fullmatch(said.key):
        raise _wrong("a key of the key service has a name", "keys.transit.key", 'for example key = "whosaw"')
    if not _MOUNT.fullmatch(said.mount) or (said.namespace and not _MOUNT.fullmatch(said.namespace.rstrip("/"))):
        raise _wrong("mount and namespace are paths of letters, digits, dots and dashes", "keys.transit.mount")
    if bool(said.token_env) == bool(said.token_file):
        raise _wrong("a token is in `token_env` or in `token_file`", "keys.transit.token_env")
    if said.token_env and not _VARIABLE.fullmatch(said.token_env):
        raise _wrong("`token_env` is the name of a variable, and not the token", "keys.transit.token_env")


def check_pkcs11(said: Pkcs11Settings) -> None:
    """Raises Misconfigured; what was given in place of a label may be the PIN, and is not repeated."""
    # A name alone would be looked for where others may put a library of theirs.
    if not said.module.startswith("/") or not said.module.isprintable():
        raise _wrong("the driver of a token is a library, by its whole path", "keys.pkcs11.module")
    for name, label in (("token", said.token), ("key", said.key)):
        if not 1 <= len(label) <= 100 or not label.isprintable():
            raise _wrong("a token and its key have labels", f"keys.pkcs11.{name}", f'for example {name} = "whosaw"')
    if bool(said.pin_env) == bool(said.pin_file):
        raise _wrong("a PIN is in `pin_env` or in `pin_file`", "keys.pkcs11.pin_env")
    if said.pin_env and not _VARIABLE.fullmatch(said.pin_env):
        raise _wrong("`pin_env` is the name of a variable, and not the PIN", "keys.pkcs11.pin_env")


def address(url: str) -> tuple[bool, str, int]:
    """Whether TLS is spoken there, host and port. Raises Misconfigured; what was given is not repeated."""
    hint = 'for example url = "https://vault.example.org:8200"; no path, no password'
    try:
        found = urlsplit(url)
        host, port = found.hostname or "", found.port
    except ValueError:
        raise _wrong("the address of the key service is none", "keys.transit.url", hint) from None
    bare = not (found.username or found.password or found.query or found.fragment or found.path.strip("/"))
    if found.scheme not in {"https", "http"} or not host or not bare or not url.isascii() or not url.isprintable():
        raise _wrong("the address of the key service is none", "keys.transit.url", hint)
    if found.scheme == "http" and not _this_machine(host):
        raise _wrong(
            "the root key and the token would cross the network in the clear",
            "keys.transit.url",
            "http:// is for this machine only",
        )
    return found.scheme == "https", host, port or (443 if found.scheme == "https" else 80)


def _this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(what: str, setting: str, hint: str = "") -> Misconfigured:
    return Misconfigured(f"'{setting}': {what}", setting=setting, hint=hint)

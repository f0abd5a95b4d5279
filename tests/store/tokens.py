# SPDX-License-Identifier: Apache-2.0
"""Tokens for tests: one in a JSON file, whose failures can be ordered, and the software token SoftHSM 2, where there is one.

fake(folder, **said)     settings of a token with the keys `root` and `another`; the child finds ``fake_token`` in the package's place
softhsm(folder)          the same of a real driver; None where it is not installed
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from whosaw.settings.keys import Pkcs11Settings

PIN = "not-a-pin-of-anybody"
LABEL = "whosaw"
DRIVERS = (
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so",
    "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)  # fmt: skip
KEYS = """
import sys, pkcs11
module, label, pin = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
    for name in ("root", "another"):
        hidden = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
        session.generate_key(pkcs11.KeyType.AES, 256, label=name, store=True, template=hidden)
"""
PACKAGE = Path(__file__).parent / "fake_token"


def before():
    """PYTHONPATH with the fake package in front of all others, for children."""
    return os.pathsep.join([str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])


def fake(folder, does="", **said):
    """Settings of a fake token in `folder`, which `does` something else than answer."""
    keys = {"root": "11" * 32, "another": "22" * 32}
    path = folder / f"driver-{does or 'answers'}.json"
    path.write_text(json.dumps({"token": LABEL, "pin": PIN, "keys": keys, "does": does}))
    return settings(path, **said)


def settings(module, **said):
    return Pkcs11Settings(**{"module": str(module), "token": LABEL, "key": "root", "pin_env": "WHOSAW_TEST_PIN"} | said)


def driver():
    """The library of SoftHSM 2; None where there is none, or nothing that makes a token for it."""
    found = next((path for path in DRIVERS if Path(path).exists()), None)
    return found if shutil.which("softhsm2-util") else None


def softhsm(folder, module, environ):
    """A new token of SoftHSM 2 in `folder`, with two keys that it never hands out; `environ` says where it is."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    environ("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    words = ["--module", module, "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", PIN]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True, timeout=60)
    # Not in this process, in which a driver stays with the first tokens that it saw.
    subprocess.run([sys.executable, "-c", KEYS, module, LABEL, PIN], check=True, capture_output=True, timeout=60)
    return settings(module)

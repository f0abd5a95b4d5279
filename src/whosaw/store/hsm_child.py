# SPDX-License-Identifier: Apache-2.0
"""The process in which the driver of a token runs, for one question (``store.hsm``).

    standard input: one JSON object ──▶ load driver, open token, find key ──▶ standard output: `yes BASE64`, or one word of why not

Invariant: of what goes wrong one of a few words of ours leaves; never the PIN, the root, or a word of driver or token.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

ABOUT = b"whosaw/root-sealed/v1"  # what is sealed, in the additional data
_PR_SET_DUMPABLE = 4


def main() -> int:
    """Answer the one question."""
    _close_memory()
    # Ours alone: what a driver prints, when it is loaded, asked or unloaded, goes nowhere.
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        said = answered(sys.stdin.buffer.read())
        answer.write(f"{said}\n")
    return 0 if said.startswith("yes ") else 1


def answered(question: bytes) -> str:
    """`yes BASE64`, or one word."""
    said = json.loads(question)
    try:
        import pkcs11
    except ImportError:
        return "no-package"
    from pkcs11 import exceptions as no

    try:
        library = pkcs11.lib(said["module"])
    except Exception as error:  # noqa: BLE001 - whatever a driver does that cannot be loaded
        # The class itself is the package's own word for a file that is no driver; each word of a driver is a class below it.
        loaded = isinstance(error, no.PKCS11Error) and type(error) is not no.PKCS11Error
        return "failed" if loaded else "no-module"
    try:
        return f"yes {b64encode(_answer(pkcs11, library, said)).decode()}"
    except (no.PinIncorrect, no.PinInvalid, no.PinLenRange, no.PinLocked, no.PinExpired):
        return "pin"
    except (no.NoSuchToken, no.MultipleTokensReturned, no.TokenNotPresent, no.DeviceRemoved):
        return "token"
    except (no.NoSuchKey, no.MultipleObjectsReturned):
        return "key"
    except (
        no.MechanismInvalid,
        no.MechanismParamInvalid,
        no.FunctionNotSupported,
        no.KeyTypeInconsistent,
        no.KeySizeRange,
    ):
        return "mechanism"
    except (no.EncryptedDataInvalid, no.EncryptedDataLenRange):
        return "closed"
    except Exception:  # noqa: BLE001 - in no case the driver's own words
        return "failed"


def _answer(pkcs11: Any, library: Any, said: Mapping[str, str]) -> bytes:
    given, token = b64decode(said["given"]), library.get_token(token_label=said["token"])
    with token.open(user_pin=said["pin"]) as session:
        key = session.get_key(
            object_class=pkcs11.ObjectClass.SECRET_KEY, key_type=pkcs11.KeyType.AES, label=said["key"]
        )
        how = {
            "mechanism": pkcs11.Mechanism.AES_GCM,
            "mechanism_param": pkcs11.GCMParams(b64decode(said["nonce"]), aad=ABOUT),
        }
        if said["what"] == "seal":
            return bytes(key.encrypt(given, **how))
        try:
            return bytes(key.decrypt(given, **how))
        except (pkcs11.exceptions.GeneralError, pkcs11.exceptions.FunctionFailed):
            # Some say no more than this of a tag that does not fit. Of a token that is away they say it earlier.
            raise pkcs11.exceptions.EncryptedDataInvalid from None


def _close_memory() -> None:
    """As ``cli.closed`` does it for those that ask."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())

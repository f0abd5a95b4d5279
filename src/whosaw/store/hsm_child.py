# SPDX-License-Identifier: Apache-2.0
"""The process in which the driver of a token runs, for one question (``store.hsm``).

    standard input: one JSON object ──▶ load driver, open token, find key ──▶ standard output, last line: `yes BASE64`, or one word of why not

Invariant: of what goes wrong one of a few words of ours leaves; never the PIN, the root, or a word of driver or token.
"""

from __future__ import annotations

import ctypes
import json
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
    said = answered(sys.stdin.buffer.read())
    sys.stdout.write(f"\n{said}\n")
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
    except Exception:  # noqa: BLE001 - whatever a driver does that cannot be loaded
        return "no-module"
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
    except (no.GeneralError, no.FunctionFailed):
        # Some say no more than this of a tag that does not fit; of anything else they would say it in `seal`, too.
        return "closed" if said["what"] == "open" else "failed"
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
        return bytes(key.encrypt(given, **how) if said["what"] == "seal" else key.decrypt(given, **how))


def _close_memory() -> None:
    """As ``cli.closed`` does it for those that ask."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())

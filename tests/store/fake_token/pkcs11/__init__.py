# SPDX-License-Identifier: Apache-2.0
"""A package that answers as `python-pkcs11` does, as far as an adapter asks, with a token in a JSON file: the "driver".

    {"token": "whosaw", "pin": "…", "keys": {"root": "hex"}, "does": "what it does instead of answering"}

It is found in the place of the real one by whoever has this folder's parent on the path. Every failure of a real driver that we know
can be ordered: one that hangs, prints, ends its process, is pulled out, or answers nonsense.
"""

import atexit
import json
import os
import sys
import time
from enum import Enum, auto
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import exceptions


class Mechanism(Enum):
    AES_GCM = auto()


class ObjectClass(Enum):
    SECRET_KEY = auto()


class KeyType(Enum):
    AES = auto()


class GCMParams:
    def __init__(self, nonce, aad=None, tag_bits=128):
        self.nonce, self.aad, self.tag_bits = nonce, aad, tag_bits


def lib(module):
    try:
        return _Library(json.loads(Path(module).read_text()))
    except OSError:
        raise exceptions.PKCS11Error(f"cannot open shared object file {module}") from None


class _Library:
    def __init__(self, said):
        self.said = said

    def get_token(self, token_label):
        if self.said.get("does") == "away":
            raise exceptions.GeneralError("the box does not answer")
        if token_label != self.said["token"]:
            raise exceptions.NoSuchToken(f"no {token_label}")
        return self

    def open(self, user_pin):
        if user_pin != self.said["pin"]:
            raise exceptions.PinIncorrect(f"{user_pin} is wrong")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def get_key(self, object_class, key_type, label):
        if (object_class, key_type) != (ObjectClass.SECRET_KEY, KeyType.AES) or label not in self.said["keys"]:
            raise exceptions.NoSuchKey(label)
        return _Key(bytes.fromhex(self.said["keys"][label]), self.said.get("does", ""))


class _Key:
    def __init__(self, key, does):
        self.cipher, self.does = AESGCM(key), does

    def encrypt(self, plain, mechanism, mechanism_param):
        return self._done(plain) or self.cipher.encrypt(mechanism_param.nonce, plain, mechanism_param.aad)

    def decrypt(self, sealed, mechanism, mechanism_param):
        if done := self._done(sealed):
            return done
        try:
            return self.cipher.decrypt(mechanism_param.nonce, sealed, mechanism_param.aad)
        except InvalidTag:
            raise exceptions.EncryptedDataInvalid from None

    def _done(self, given):
        """What it was ordered to do in place of an answer."""
        if self.does == "hang":
            time.sleep(600)
        if self.does == "die":
            os.abort()
        if self.does == "print":
            os.write(1, b"yes driver of a token, version 3\n")
            atexit.register(os.write, 1, b"no driver any more\n")
            sys.stderr.write(repr(given))
        if self.does == "nonsense":
            return b"\x00" * 7
        if self.does and self.does not in {"hang", "die", "print"}:
            raise getattr(exceptions, self.does)(repr(given))
        return b""

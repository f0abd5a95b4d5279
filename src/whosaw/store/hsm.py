# SPDX-License-Identifier: Apache-2.0
"""A token by PKCS #11 as ``privacy.root_port.KeyService``: its AES key seals the root, and never leaves it.

    seal    whosaw ──pipe──▶ child ──driver──▶ token: AES-GCM     ──▶ pkcs11:v1:base64(nonce ‖ sealed root ‖ tag)
    open    the other way; bound to what it is for, so that nothing else that this key sealed opens as a root
    renew   open, then seal: a token has no rewrap; a nonce of its own, under the key that the settings name now

A driver is somebody else's program: it hangs when a cable is pulled, prints what it likes, breaks when the process around it forks.
So it runs in a process of its own (``hsm_child``), for one question, which is ended when its time is over. PIN and root go through pipes
and stand in no argument, file or environment.

Invariant: a question ends in time, and nothing that driver or token said is in a message of ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

from whosaw.errors import Damaged, Misconfigured, Unavailable, WhosawError
from whosaw.settings.keys import Pkcs11Settings
from whosaw.store.root_file import read_own
from whosaw.store.secret_env import take

FORM = b"pkcs11:v1:"
NONCE, TAG = 12, 16
_HERE = "keys.pkcs11"
Child = Callable[[bytes, float], tuple[int, bytes]]


class Hsm:
    """One key of one token. Safe to share: each question has a process of its own."""

    def __init__(self, settings: Pkcs11Settings, pin: Callable[[], str], child: Child | None = None) -> None:
        """`pin`: read anew for each question. `child`: in what the driver runs, if not in a process of its own."""
        self._settings, self._pin, self._child = settings, pin, child or in_a_child

    def __repr__(self) -> str:
        return "Hsm(…)"

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        sealed = self._ask("seal", nonce, plain)
        if len(sealed) != len(plain) + TAG:
            raise _later("its answer is none that we know")
        return FORM + b64encode(nonce + sealed)

    def open(self, sealed: bytes) -> bytes:
        try:
            raw = b64decode(sealed.removeprefix(FORM), validate=True)
        except ValueError:
            raw = b""
        # One spelling: the last letter of base64 has bits that mean nothing.
        if len(raw) <= NONCE + TAG or FORM + b64encode(raw) != sealed:
            raise _closed()
        return self._ask("open", raw[:NONCE], raw[NONCE:])

    def renew(self, sealed: bytes) -> bytes:
        return self.seal(self.open(sealed))

    def _ask(self, what: str, nonce: bytes, given: bytes) -> bytes:
        said = self._settings
        question = {
            "module": said.module, "token": said.token, "key": said.key, "pin": self._pin(), "what": what,
            "nonce": b64encode(nonce).decode(), "given": b64encode(given).decode(),
        }  # fmt: skip
        code, told = self._child(json.dumps(question).encode(), said.timeout_s)
        word, _, answer = told.rstrip(b"\n").rpartition(b"\n")[2].partition(b" ")
        if word == b"yes":
            try:
                return b64decode(answer, validate=True)
            except ValueError:
                raise _later("its answer is none that we know") from None
        if code < 0:
            raise _later("its driver ended the process that it ran in")
        raise _said(word.decode("ascii", "replace"))


def in_a_child(question: bytes, timeout: float) -> tuple[int, bytes]:
    """Put the question in a process of its own; its exit code and what it said. Raises Unavailable."""
    try:
        done = subprocess.run(
            # -P: the folder that we happen to be in is no place to load a module from, which would be handed PIN and root.
            [sys.executable, "-P", "-m", "whosaw.store.hsm_child"],
            input=question, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _later("no answer in time") from None
    except OSError as error:
        raise _later(f"no process for its driver ({error.strerror})") from None
    return done.returncode, done.stdout


def pin_of(settings: Pkcs11Settings, folder: Path) -> Callable[[], str]:
    """What reads the PIN where the settings say it is: a file at each question, a variable once."""

    def pin() -> str:
        if settings.pin_env:
            found = take(settings.pin_env, os.environ) or ""
        else:
            found = (read_own(folder / settings.pin_file) or b"").decode("ascii", "replace")
        found = found.removesuffix("\n")
        if not found or not found.isascii() or not found.isprintable():
            raise Misconfigured(
                "the PIN of the token is not where the settings say",
                setting=f"{_HERE}.pin_env" if settings.pin_env else f"{_HERE}.pin_file",
                hint="one line, and nothing else; a file is ours alone (chmod 600)",
            )
        return found

    return pin


def _said(word: str) -> WhosawError:
    """What a child's word means. None of them holds anything of driver or token."""
    if word == "closed":
        return _closed()
    told = {
        "no-package": ("python-pkcs11 is not installed", _HERE, "pip install 'whosaw[pkcs11]'"),
        "no-module": ("the driver of the token cannot be loaded", f"{_HERE}.module", "the path of its library, as its maker's manual has it"),
        "pin": ("the token does not take our PIN", _HERE, "look at it before you try again: most tokens lock after a few wrong ones"),
        "key": ("the token has no such AES key, or two of that label", f"{_HERE}.key", "make one there that may encrypt and decrypt, and that it never hands out"),
        "mechanism": ("the token's key does not do AES-GCM with a nonce of ours", f"{_HERE}.key", "an AES key of 256 bits that may encrypt and decrypt, in a token that knows CKM_AES_GCM"),
    }.get(word)  # fmt: skip
    if told is None:
        return _later({"token": "no token of this label is there"}.get(word, "its driver failed"))
    what, setting, hint = told
    return Misconfigured(what, setting=setting, hint=hint)


def _closed() -> Damaged:
    return Damaged(
        "the token does not open the sealed root: it was changed, or sealed under another key",
        where="private/keys/root.sealed",
        hint=f"restore it from your backup of the key files, or name the key that sealed it in `{_HERE}`",
    )


def _later(why: str) -> Unavailable:
    return Unavailable(
        f"the token cannot be asked now: {why}",
        part="key service",
        hint="gates that run go on; nothing starts until it answers",
    )

# SPDX-License-Identifier: Apache-2.0
"""A token that seals the root: with a driver in a process of its own that fails in every way we know, and a whole house of it.

The driver here is ``fake_token``; `make pkcs11` runs the same and the contract with SoftHSM 2.
"""

import os
import re
import time

import pytest
from tests.cli.desk import typed
from tests.privacy.keys import root
from tests.store import tokens
from tests.store.root_contract import SECRETS, said

from whosaw.config import parse_settings
from whosaw.errors import Damaged, Misconfigured, Unavailable
from whosaw.store.hsm import FORM, Hsm, pin_of
from whosaw.store.hsm_child import answered
from whosaw.wiring import build, house

ORIGIN = "log.example.org/whosaw"


@pytest.fixture
def path(monkeypatch):
    """Children find the fake package in the place of the real one."""
    monkeypatch.setenv("PYTHONPATH", tokens.before())


def hsm(settings, pin=tokens.PIN):
    return Hsm(settings, lambda: pin)


@pytest.mark.parametrize(
    ("does", "kind", "words"),
    [
        ("die", Unavailable, "ended the process"),
        ("nonsense", Unavailable, "none that we know"),
        ("DeviceRemoved", Unavailable, "no token of this label"),
        ("DeviceError", Unavailable, "its driver failed"),
        ("FunctionFailed", Unavailable, "its driver failed"),
        ("PinLocked", Misconfigured, "does not take our PIN"),
        ("MechanismInvalid", Misconfigured, "AES-GCM"),
    ],
)
def test_whatever_a_driver_does_one_of_our_sentences_comes_of_it(path, tmp_path, does, kind, words):
    """In a real child; with a hint, and nothing of PIN, root, or the driver's words."""
    with pytest.raises(kind, match=words) as wrong:
        hsm(tokens.fake(tmp_path, does)).seal(root().raw())
    assert wrong.value.hint
    assert not [each for each in (*SECRETS, tokens.PIN, repr(root().raw()), "driver-") if each in said(wrong.value)]


def test_a_driver_that_prints_is_not_listened_to_and_one_that_hangs_is_ended(path, tmp_path):
    """What it prints while it works, or when it is unloaded, is no answer; a question is over when its time is."""
    printing = hsm(tokens.fake(tmp_path, "print"))
    sealed = printing.seal(root().raw())
    assert hsm(tokens.fake(tmp_path)).open(sealed) == root().raw()
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no answer in time"):
        hsm(tokens.fake(tmp_path, "hang", timeout_s=1)).open(sealed)
    assert time.monotonic() - began < 60  # of the ten minutes that it hangs


def test_a_token_that_is_away_is_no_damaged_root(path, tmp_path):
    """Some say the same of a box that does not answer and of a tag that does not fit: when they say it tells which it was."""
    sealed = hsm(tokens.fake(tmp_path)).seal(root().raw())
    with pytest.raises(Unavailable, match="its driver failed"):
        hsm(tokens.fake(tmp_path, "away")).open(sealed)
    with pytest.raises(Damaged, match="does not open"):
        hsm(tokens.fake(tmp_path, "GeneralError")).open(sealed)


def test_nothing_is_loaded_from_the_folder_that_we_are_in(path, tmp_path, monkeypatch):
    """A file of the package's name, where whosaw is started, is handed neither PIN nor root."""
    (tmp_path / "base64.py").write_text("import os\nos._exit(0)\n")
    monkeypatch.chdir(tmp_path)
    fake = hsm(tokens.fake(tmp_path))
    assert fake.open(fake.seal(root().raw())) == root().raw()


def test_without_package_or_driver_it_says_so(tmp_path, monkeypatch):
    question = b'{"module": "/nowhere/driver.so"}'
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    assert answered(question) == "no-package"
    for word, setting in (
        ("no-package", "keys.pkcs11"),
        ("no-module", "keys.pkcs11.module"),
        ("key", "keys.pkcs11.key"),
    ):
        with pytest.raises(Misconfigured) as wrong:
            Hsm(tokens.settings("/x"), lambda: "1234", lambda *_, word=word: (1, word.encode())).seal(bytes(32))
        assert (wrong.value.setting, bool(wrong.value.hint)) == (setting, True)
    for nothing in (b"", b"\n", b"yes", b"yes !\n", "ümlaut".encode()):
        with pytest.raises(Unavailable):
            Hsm(tokens.settings("/x"), lambda: "1234", lambda *_, said=nothing: (0, said)).seal(bytes(32))


def test_one_spelling_and_no_question_for_what_is_none():
    """What has not its form is not even asked about: a token that counts failures would lock."""

    def never(*_):
        raise AssertionError

    for wrong in (b"", FORM, FORM + b"AAAA", b"vault:v1:AAAA", FORM + b"A" * 79 + b"B=", FORM + b"*" * 80):
        with pytest.raises(Damaged):
            Hsm(tokens.settings("/x"), lambda: "1234", never).open(wrong)


def test_the_pin_is_read_where_the_settings_say(tmp_path, monkeypatch):
    """A variable, which is gone then; a file that is ours alone; nothing else is a PIN, and none is repeated."""
    monkeypatch.setenv("WHOSAW_TEST_PIN_ONCE", "12 34")
    assert pin_of(tokens.settings("/x", pin_env="WHOSAW_TEST_PIN_ONCE"), tmp_path)() == "12 34"
    assert "WHOSAW_TEST_PIN_ONCE" not in os.environ
    pin, file = pin_of(tokens.settings("/x", pin_env="", pin_file="pin"), tmp_path), tmp_path / "pin"
    for text, mode in (("", 0o600), ("12\n34\n", 0o600), ("1234\n", 0o640)):
        file.write_text(text)
        file.chmod(mode)
        with pytest.raises(Misconfigured) as wrong:
            pin()
        assert "34" not in said(wrong.value)
    file.chmod(0o600)
    assert pin() == "1234"


@pytest.mark.parametrize(
    "wrong",
    [
        'module = "libsofthsm2.so"',
        'token = ""',
        'key = "a\\nb"',
        'pin_env = ""',
        'pin_file = "pin"',
        'pin_env = "1234-secret"',
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    name = wrong.partition(" ")[0]
    right = {"module": '"/usr/lib/p11.so"', "token": '"t"', "key": '"k"', "pin_env": '"PIN"', "pin_file": '""'}
    right[name] = wrong.partition(" = ")[2]
    table = "\n".join(f"{key} = {value}" for key, value in right.items())
    with pytest.raises(Misconfigured) as told:
        parse_settings(f'format = 1\norigin = "{ORIGIN}"\n[keys]\nroot = "pkcs11"\n[keys.pkcs11]\n{table}'.encode())
    assert "1234-secret" not in said(told.value)


def a_house_of(folder, settings):
    """`whosaw vault root` seals it, a start opens it, a token that is gone stops a start and nothing else; and a new root moves in."""
    build(folder, ORIGIN)
    toml = folder / "whosaw.toml"
    before = toml.read_text()

    def told(path):
        toml.write_text(
            f'{before}\n[keys]\nroot = "pkcs11"\n[keys.pkcs11]\nmodule = "{path}"\ntoken = "{settings.token}"\n'
            f'key = "{settings.key}"\npin_env = "WHOSAW_TEST_PIN"\n'
        )

    told(settings.module)
    assert typed("vault", "root", "--data", folder).code == 0
    assert {path.name for path in (folder / "private/keys").glob("root*")} == {"root.sealed"}
    with house(folder) as here:
        key = here.keyring.epochs.newest()
    sealed = (folder / "private/keys/root.sealed").read_bytes()
    assert typed("vault", "root", "--data", folder).code == 0
    assert (folder / "private/keys/root.sealed").read_bytes() != sealed
    told("/nowhere/driver.so")
    out = typed("health", "--data", folder)
    assert (out.code, "driver" in out.out, tokens.PIN in out.out + out.err) == (7, True, False)
    with pytest.raises(Misconfigured), house(folder):
        pass
    told(settings.module)
    with house(folder) as here:
        assert here.keyring.epochs.newest() == key
    said_ = typed("vault", "reroot", "--by", "ines", "--to", "pkcs11", "--data", folder)
    assert said_.code == 0, said_.err
    with house(folder) as here:
        assert here.keyring.epochs.newest() > key


@pytest.mark.slow
def test_a_house_whose_root_a_fake_token_seals(path, tmp_path, monkeypatch):
    monkeypatch.setenv("WHOSAW_TEST_PIN", tokens.PIN)
    a_house_of(tmp_path / "data", tokens.fake(tmp_path))


@pytest.mark.slow
def test_a_house_whose_root_softhsm_seals(tmp_path, monkeypatch):
    module = tokens.driver()
    assert module, "no software token: make pkcs11 installs it"
    monkeypatch.setenv("WHOSAW_TEST_PIN", tokens.PIN)
    a_house_of(tmp_path / "data", tokens.softhsm(tmp_path, module, monkeypatch.setenv))


@pytest.mark.slow
def test_the_fake_has_no_name_that_the_package_has_not():
    """Else an adapter that names it would pass here, and break beside a real token."""
    from pkcs11 import exceptions

    (names,) = re.findall(r"NAMES = \((.*?)\n\)", (tokens.PACKAGE / "pkcs11/exceptions.py").read_text(), re.DOTALL)
    assert {name for name in re.findall(r'"(\w+)"', names) if not hasattr(exceptions, name)} == set()

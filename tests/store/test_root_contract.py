# SPDX-License-Identifier: Apache-2.0
"""The places of a root key, and the key services, under the contract of every adapter."""

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.privacy.keys import root
from tests.store import tokens
from tests.store.root_contract import Kept, RootContract, ServiceContract, Told
from tests.store.transit_server import TOKEN, served

from whosaw.store.files import FilesFolder
from whosaw.store.hsm import Hsm
from whosaw.store.hsm_child import answered
from whosaw.store.root_file import ROOT, RootFile
from whosaw.store.root_sealed import SEALED, SealedRoot
from whosaw.store.secret_env import RootInEnvironment, _taken
from whosaw.store.transit import Transit


def in_file(private: Path, name: str):
    def put(raw):
        (private / name).unlink(missing_ok=True)
        if raw is not None:
            FilesFolder(private, private=True).replace(name, raw)

    return (private / name).read_bytes, put


class TestFile(RootContract):
    @pytest.fixture
    def kept(self, tmp_path):
        lies, put = in_file(tmp_path / "private", ROOT)
        put(root().encode())
        return Kept(lambda: RootFile(tmp_path / "private"), lies, put)


class TestEnvironment(RootContract):
    @pytest.fixture
    def kept(self):
        name, environ = "WHOSAW_TEST_CONTRACT", {}

        def put(raw):
            _taken.pop(name, None)
            environ.clear()
            if raw is not None:
                environ[name] = raw.decode("latin-1")

        def lies():
            return root().encode()

        put(lies())
        yield Kept(lambda: RootInEnvironment(name, environ), lies, put)
        put(None)


@pytest.fixture(scope="module")
def there():
    with served() as running:
        yield running


class TestSealed(RootContract):
    @pytest.fixture
    def kept(self, tmp_path, there):
        lies, put = in_file(tmp_path / "private", SEALED)
        folder, service = FilesFolder(tmp_path / "private", private=True), Transit(there.settings(), lambda: TOKEN)
        SealedRoot(folder, service).put(root())
        return Kept(lambda: SealedRoot(folder, service), lies, put)


class TestTransit(ServiceContract):
    @pytest.fixture
    def told(self, there):
        with served() as another, served() as gone:
            pass
        with served() as another:
            settings = there.settings()
            yield Told(
                Transit(settings, lambda: TOKEN),
                Transit(another.settings(), lambda: TOKEN),
                Transit(settings, lambda: "another token"),
                Transit(replace(settings, url=f"http://127.0.0.1:{gone.port}"), lambda: TOKEN),
            )


class TestHsm(ServiceContract):
    """With the fake token, its driver in this process: the contract asks hundreds of questions."""

    @pytest.fixture
    def told(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(tokens.PACKAGE)
        with without("pkcs11"):
            yield of(tokens.fake(tmp_path), lambda question, _: (0, answered(question).encode()))


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory):
    """Settings of a token of SoftHSM 2."""
    module = tokens.driver()
    assert module, "no software token: make pkcs11 installs it"
    with pytest.MonkeyPatch.context() as set_:
        yield tokens.softhsm(tmp_path_factory.mktemp("softhsm"), module, set_.setenv)


@pytest.mark.slow
class TestSoftHsm(ServiceContract):
    """The same against SoftHSM 2, each question in a process of its own."""

    @pytest.fixture
    def told(self, softhsm):
        return of(softhsm)


def of(settings, *child):
    return Told(
        Hsm(settings, lambda: tokens.PIN, *child),
        Hsm(replace(settings, key="another"), lambda: tokens.PIN, *child),
        Hsm(settings, lambda: "another pin", *child),
        Hsm(replace(settings, token="no such token"), lambda: tokens.PIN, *child),
    )


@contextmanager
def without(package):
    """Without what of a package was imported before; and afterwards as before."""
    mine = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == package}
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
        sys.modules.update(mine)

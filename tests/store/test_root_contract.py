# SPDX-License-Identifier: Apache-2.0
"""The places of a root key, and the key services, under the contract of every adapter; the one for PKCS #11 as docs/vault.md has it."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.privacy.keys import root
from tests.store.root_contract import Kept, RootContract, ServiceContract, Told
from tests.store.transit_server import TOKEN, served

from whosaw.store.files import FilesFolder
from whosaw.store.root_file import ROOT, RootFile
from whosaw.store.root_sealed import SEALED, SealedRoot
from whosaw.store.secret_env import RootInEnvironment, _taken
from whosaw.store.transit import Transit

PAGE = Path(__file__).parents[2] / "docs" / "vault.md"
SOFTHSM = [Path(path) for path in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")]
PIN = "not-a-pin-of-anybody"


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


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    """A software token with two keys; skipped where there is none."""
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = next((path for path in SOFTHSM if path.exists()), None)
    if module is None:
        pytest.skip("no software token: on Debian and Ubuntu, apt-get install softhsm2")
    home = tmp_path_factory.mktemp("softhsm")
    (home / "softhsm2.conf").write_text(
        f"directories.tokendir = {home}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    with pytest.MonkeyPatch.context() as set_:
        set_.setenv("SOFTHSM2_CONF", str(home / "softhsm2.conf"))
        words = ["--module", str(module), "--init-token", "--free", "--label", "whosaw", "--pin", PIN, "--so-pin", PIN]
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True, timeout=60)
        with pkcs11.lib(str(module)).get_token(token_label="whosaw").open(rw=True, user_pin=PIN) as session:
            for label in ("root", "another"):
                session.generate_key(pkcs11.KeyType.AES, 256, label=label, store=True)
        yield str(module)


class TestRecipe(ServiceContract):
    """The adapter in docs/vault.md, word for word, against a software token."""

    @pytest.fixture
    def told(self, token):
        (recipe,) = re.findall(r"```python\n(.*?class Hsm:.*?)```", PAGE.read_text(), re.DOTALL)
        made = {}
        exec(compile(recipe, str(PAGE), "exec"), made)
        hsm = made["Hsm"]
        return Told(
            hsm(token, "whosaw", "root", lambda: PIN),
            hsm(token, "whosaw", "another", lambda: PIN),
            hsm(token, "whosaw", "root", lambda: "another pin"),
            hsm(token, "no such token", "root", lambda: PIN),
        )


def test_the_page_has_one_recipe_and_it_can_be_read():
    """It is Python of this version, with the three methods of the port, whether or not there is a token to try it with."""
    (recipe,) = re.findall(r"```python\n(.*?class Hsm:.*?)```", PAGE.read_text(), re.DOTALL)
    compile(recipe, str(PAGE), "exec")
    assert all(f"    def {name}(self, " in recipe for name in ("seal", "open", "renew"))

# SPDX-License-Identifier: Apache-2.0
"""Where the root key lives: a file that is ours alone, a variable, a key service that fails in every way it can."""

import os
import shutil
import ssl
import time
from datetime import UTC, datetime

import pytest
from tests.api.ca import SERVER, Authority
from tests.ports import nobody
from tests.privacy.keys import root
from tests.store.transit_server import TOKEN, Service, served

from whosaw.config import parse_settings
from whosaw.datafolder import seal_root
from whosaw.errors import BadInput, Damaged, Misconfigured, Unavailable, WhosawError
from whosaw.model.access import Field
from whosaw.store.files import FilesFolder
from whosaw.store.root_file import ROOT, RootFile, check_folder, read_own
from whosaw.store.root_sealed import SEALED, SealedRoot
from whosaw.store.secret_env import RootInEnvironment, take
from whosaw.store.transit import Transit, token_of
from whosaw.wiring import build, house

DAY = datetime(2026, 11, 22, tzinfo=UTC)
SEED = root().encode()


@pytest.fixture
def private(tmp_path):
    """A folder `private` with the root key in it, as `whosaw init` leaves it."""
    folder = tmp_path / "private"
    FilesFolder(folder, private=True).create_or_compare([(ROOT, SEED)])
    return folder


@pytest.fixture(scope="module")
def running():
    with served() as there:
        yield there


@pytest.fixture
def there(running):
    running.fate = "ok"
    running.asked.clear()
    running.headers.clear()
    return running


def transit(there, **given):
    return Transit(there.settings(**given), lambda: TOKEN)


# ── a file ──


def test_a_key_file_of_ours_is_read(private):
    assert RootFile(private).load().same(root())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777])
def test_a_key_file_that_is_open_to_others_stops_the_start(private, mode):
    """One bit for anybody else is enough; the hint is the line that mends it."""
    (private / ROOT).chmod(mode)
    with pytest.raises(Misconfigured, match=r"private/keys/root is open to others") as told:
        RootFile(private).load()
    assert told.value.hint.startswith(f"chmod 600 {private / ROOT};")
    assert SEED.decode().strip() not in str(told.value) + told.value.hint


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o710, 0o701, 0o777])
def test_a_folder_of_keys_that_is_open_to_others_stops_the_start(private, mode):
    (private / "keys").chmod(mode)
    with pytest.raises(Misconfigured, match="private/keys is open to others") as told:
        RootFile(private).load()
    assert told.value.hint.startswith(f"chmod 700 {private / 'keys'};")


def test_a_link_is_no_key_file(private, tmp_path):
    """Neither a link to a file, nor a folder that is a link, nor a pipe that would wait for ever."""
    (private / ROOT).rename(tmp_path / "elsewhere")
    (private / ROOT).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="is a symbolic link"):
        RootFile(private).load()
    (private / ROOT).unlink()
    os.mkfifo(private / ROOT, 0o600)
    with pytest.raises(Misconfigured, match="is no plain file"):
        RootFile(private).load()
    (private / "keys").rename(tmp_path / "keys")
    (private / "keys").symlink_to(tmp_path / "keys")
    with pytest.raises(Misconfigured, match="is no folder, or a link to one"):
        RootFile(private).load()


def test_a_key_file_of_somebody_else_stops_the_start(private, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Misconfigured, match="belongs to somebody else"):
        read_own(private / ROOT)
    with pytest.raises(Misconfigured, match="belongs to somebody else"):
        check_folder(private / "keys")


def test_a_missing_file_says_so(private):
    (private / ROOT).unlink()
    with pytest.raises(Misconfigured, match="is missing"):
        RootFile(private).load()


# ── a variable ──


def test_a_variable_is_taken_once_and_known_ever_after():
    """It is gone from the environment, so that no child inherits it; this process still knows it."""
    environ = {"WHOSAW_TEST_ROOT": SEED.decode().strip()}
    for _ in range(2):
        assert RootInEnvironment("WHOSAW_TEST_ROOT", environ).load().same(root())
        assert environ == {}
    assert take("WHOSAW_TEST_NOWHERE", environ) is None


@pytest.mark.parametrize("text", ["", "AAAA", "ä" * 44, SEED.decode().strip() + " ", "!" * 44])
def test_a_variable_with_something_else_is_refused_and_not_repeated(text):
    with pytest.raises(Misconfigured, match="damaged") as told:
        RootInEnvironment("WHOSAW_TEST_OTHER", {"WHOSAW_TEST_OTHER": text}).load()
    assert not text.strip() or text.strip() not in str(told.value)


def test_a_variable_that_is_not_set_is_called_a_variable():
    """Whoever reads it looks for no file; and is told that a new key would be none."""
    with pytest.raises(Misconfigured, match=r"^the variable WHOSAW_TEST_UNSET is not set") as told:
        RootInEnvironment("WHOSAW_TEST_UNSET", {}).load()
    assert "file" not in str(told.value) and "your backup" in told.value.hint


# ── a key service ──


def test_a_root_is_sealed_and_opened(there, private):
    """What lies in the file opens with the service and holds nothing of the root; each question names namespace and token."""
    sealed = SealedRoot(FilesFolder(private, private=True), transit(there, namespace="team/a"))
    sealed.put(root())
    assert sealed.load().same(root())
    raw = (private / SEALED).read_bytes()
    assert raw.startswith(b"whosaw/root-sealed/v1\nvault:v1:")
    assert SEED.strip() not in raw
    assert root().raw() not in raw
    assert {each["X-Vault-Token"] for each in there.headers} == {TOKEN}
    assert {each["X-Vault-Namespace"] for each in there.headers} == {"team/a"}
    assert there.asked[0] == "/v1/transit/encrypt/whosaw"


def test_a_root_is_sealed_anew_under_the_newest_key(there, private):
    """The service's key is rotated; the file follows, and what it opens to is what it was."""
    sealed = SealedRoot(FilesFolder(private, private=True), transit(there))
    sealed.put(root())
    there.rotate()
    sealed.renew()
    newest = max(there.keys)
    assert (private / SEALED).read_bytes().startswith(f"whosaw/root-sealed/v1\nvault:v{newest}:".encode())
    assert sealed.load().same(root())


@pytest.mark.parametrize(
    ("fate", "error", "says"),
    [
        (400, Damaged, "does not open the sealed root"),
        (403, Misconfigured, "does not take our token"),
        (404, Misconfigured, "no such key or mount"),
        (405, Misconfigured, "no such key or mount"),
        (301, Misconfigured, "sends us elsewhere"),
        (307, Misconfigured, "sends us elsewhere"),
        (412, Unavailable, "caught up"),
        (429, Unavailable, "standby"),
        (472, Unavailable, "standby"),
        (473, Unavailable, "standby"),
        (500, Unavailable, "500"),
        (502, Unavailable, "502"),
        (503, Unavailable, "sealed, or down"),
        (204, Unavailable, "204"),
        ("slow", Unavailable, "no answer in time"),
        ("drip", Unavailable, "no answer in time"),
        ("cut", Unavailable, "cannot be asked now"),
        ("garbage", Unavailable, "none that we know"),
        ("list", Unavailable, "none that we know"),
        ("deep", Unavailable, "none that we know"),
        ("empty", Unavailable, "none that we know"),
        ("big", Unavailable, "more than"),
        ("short", Misconfigured, "no root key"),
    ],
)
def test_whatever_the_service_does_the_start_is_refused_in_time(there, private, fate, error, says):
    """Each failure has its sentence, within the time limit; no word of the other side, no token and no key is in it."""
    sealed = SealedRoot(FilesFolder(private, private=True), transit(there))
    sealed.put(root())
    before = (private / SEALED).read_bytes()
    there.fate, began = fate, time.monotonic()
    with pytest.raises(error, match=says) as told:
        sealed.load()
    assert time.monotonic() - began < 10
    for asked in () if fate in {"slow", "drip"} else (sealed.renew, lambda: sealed.put(root("another"))):
        with pytest.raises(WhosawError):
            asked()
    said = f"{told.value} {told.value.hint} {told.value.__cause__} {told.value.__context__!r}"
    assert not [word for word in (TOKEN, "secret word", SEED.decode().strip()) if word in said]
    assert (private / SEALED).read_bytes() == before, "what opens today was lost"
    assert "/elsewhere" not in there.asked


def test_every_changed_byte_of_a_sealed_root_is_refused(there, private):
    """Each byte of the file, changed: damaged or not opened, and never another root."""
    sealed = SealedRoot(FilesFolder(private, private=True), transit(there))
    sealed.put(root())
    raw, path = (private / SEALED).read_bytes(), private / SEALED
    for at in range(len(raw)):
        broken = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        path.write_bytes(broken)
        with pytest.raises((Damaged, Misconfigured)):
            sealed.load()


def test_a_service_that_is_not_there_is_unavailable():
    with nobody() as port, pytest.raises(Unavailable, match="cannot be reached"):
        transit(Service(port=port)).seal(bytes(32))


def test_a_certificate_that_nobody_vouches_for_gets_no_token(tmp_path):
    """Over TLS: the authority in the settings counts and no other; the name must be the service's."""
    ours, other = Authority(), Authority("Another CA")
    certificate, key = ours.issue("ip:127.0.0.1", use=SERVER).write(tmp_path / "server", "server")
    (tmp_path / "ours.pem").write_text(ours.pem)
    (tmp_path / "other.pem").write_text(other.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with served(context) as there:
        assert Transit(there.settings(), lambda: TOKEN, tmp_path / "ours.pem").seal(bytes(32)).startswith(b"vault:v1:")
        there.headers.clear()
        for authority in (tmp_path / "other.pem", None):
            with pytest.raises(Misconfigured, match="certificate"):
                Transit(there.settings(), lambda: TOKEN, authority).seal(bytes(32))
        assert there.headers == []
        with pytest.raises(Misconfigured, match="holds no certificates"):
            Transit(there.settings(), lambda: TOKEN, key).seal(bytes(32))


def test_a_token_is_where_the_settings_say_and_ours_alone(there, tmp_path):
    """A file is read at each question, so that an agent can renew it; one that others can read is refused."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)
    token = token_of(there.settings(token_file="token"), tmp_path)
    assert token() == TOKEN
    (tmp_path / "token").write_text("another")
    assert token() == "another"
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(Misconfigured, match="open to others"):
        token()
    for text in ("", "two words", "ümlaut"):
        (tmp_path / "token").write_text(text)
        (tmp_path / "token").chmod(0o600)
        with pytest.raises(Misconfigured, match="not where the settings say"):
            token()
    with pytest.raises(Misconfigured, match="not where the settings say"):
        token_of(there.settings(token_env="WHOSAW_TEST_NO_TOKEN"), tmp_path)()


@pytest.mark.parametrize(
    "text",
    [
        'root = "kms"',
        'variable = "is this a key?"',
        'root = "transit"',
        'root = "transit"\n[keys.transit]\nurl = "http://vault.example.org:8200"\nkey = "k"\ntoken_env = "T"',
        'root = "transit"\n[keys.transit]\nurl = "https://u:pw@vault.example.org"\nkey = "k"\ntoken_env = "T"',
        'root = "transit"\n[keys.transit]\nurl = "https://vault.example.org/x?y"\nkey = "k"\ntoken_env = "T"',
        'root = "transit"\n[keys.transit]\nurl = "https://vault.example.org"\nkey = "../k"\ntoken_env = "T"',
        'root = "transit"\n[keys.transit]\nurl = "https://vault.example.org"\nkey = "k"\nmount = "a/../b"\ntoken_env = "T"',
        'root = "transit"\n[keys.transit]\nurl = "https://vault.example.org"\nkey = "k"',
        'root = "transit"\n[keys.transit]\nurl = "https://vault.example.org"\nkey = "k"\ntoken_env = "T"\ntoken_file = "t"',
        'root = "transit"\n[keys.transit]\nurl = "https://vault.example.org"\nkey = "k"\ntoken_env = "hvs.abc"',
    ],
)
def test_settings_that_would_give_a_key_away_are_refused(text):
    head = 'format = 1\norigin = "log.example.org/whosaw"\n[keys]\n'
    with pytest.raises(Misconfigured) as told:
        parse_settings((head + text).encode())
    assert "hvs.abc" not in str(told.value)
    assert "pw@" not in f"{told.value} {told.value.hint}"


def test_no_key_shows_in_a_repr(there, private):
    """Whatever holds a key or a token prints as its name."""
    folder = FilesFolder(private, private=True)
    for each in (
        RootFile(private),
        SealedRoot(folder, transit(there)),
        transit(there),
        RootInEnvironment("X", {}),
        root(),
    ):
        assert repr(each).endswith("(…)")


# ── a whole house ──


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root") / "data"
    build(folder, "log.example.org/whosaw")
    with house(folder) as here:
        here.vault.put("mira", Field.PROFILE, "a value", DAY, "one")
    return folder


def test_a_house_lives_with_its_root_at_a_service(built, there, tmp_path, monkeypatch):
    """Sealed by a command; opened at the start; a service that is down stops the next start, and health says so before."""
    folder = tmp_path / "data"
    shutil.copytree(built, folder)
    monkeypatch.setenv("WHOSAW_TEST_TOKEN", TOKEN)
    monkeypatch.setattr("whosaw.guard.seldom.STANDS_S", 0.0)
    (folder / "whosaw.toml").write_text(
        (folder / "whosaw.toml").read_text()
        + f'[keys]\nroot = "transit"\n[keys.transit]\nurl = "http://127.0.0.1:{there.port}"\nkey = "whosaw"\n'
        'token_env = "WHOSAW_TEST_TOKEN"\ntimeout_s = 1\n'
    )
    with pytest.raises(Misconfigured, match=r"root\.sealed is missing") as told, house(folder):
        pass
    assert "whosaw vault root" in told.value.hint
    assert seal_root(folder) is True
    assert not (folder / "private" / ROOT).exists()
    assert "WHOSAW_TEST_TOKEN" not in os.environ
    with house(folder) as here:
        assert here.probes.said()["key service"] == "ok"
        there.fate = 503
        assert "sealed, or down" in here.probes.said()["key service"]
        assert here.vault.put("mira", Field.PROFILE, "another value", DAY, "two")
    with pytest.raises(Unavailable, match="sealed, or down"), house(folder):
        pass
    there.fate = "ok"
    there.rotate()
    assert seal_root(folder) is False
    seed = (built / "private" / ROOT).read_bytes().strip()
    assert not [path for path in folder.rglob("*") if path.is_file() and seed in path.read_bytes()]
    (folder / "private" / ROOT).write_bytes(SEED)
    (folder / "private" / ROOT).chmod(0o600)
    with pytest.raises(Misconfigured, match="two keys"):
        seal_root(folder)
    assert (folder / "private" / ROOT).read_bytes() == SEED


def test_only_where_a_service_is_named_is_a_root_sealed(built):
    with pytest.raises(BadInput, match="name no key service"):
        seal_root(built)

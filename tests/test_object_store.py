# SPDX-License-Identifier: Apache-2.0
"""A whole house that publishes to a bucket: set up, looked, published, killed, checked; verified by an outsider over HTTP.

The bucket is of a real server that speaks S3, with a proxy in front of it, and everything is typed as people type it.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path

import pytest
from tests.cli.desk import ORIGIN, SNOOPED, Desk, settle, typed
from tests.store import s3

from whosaw.beside import glance
from whosaw.config import parse_settings
from whosaw.datafolder import SETTINGS
from whosaw.errors import Misconfigured, Unavailable
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, canonical
from whosaw.settings.store import StoreSettings
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.receipt import open_receipt
from whosaw.wiring import house

ROOT = Path(__file__).parents[1]
HIDDEN = ("mirabel", "katharina", "ana", "finn", "T-100", *SNOOPED[:3], "203.0.113.77")
# A short one stands by chance in the middle of a signature in base64, every thirtieth run or so: there it is nobody's.
WORDS = re.compile("|".join(w if len(w) > 5 else rf"(?<![A-Za-z0-9]){w}(?![A-Za-z0-9])" for w in HIDDEN).encode())


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name, value in s3.KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def proxy():
    made = s3.Proxy(s3.server())
    yield made
    made.close()


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """A company whose log lies in a bucket, as it was set up. Not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.KEYS.items():
            patch.setenv(name, value)
        bucket = s3.bucket()
        desk = settle(tmp_path_factory.mktemp("bucket"), "--public", f"s3://{bucket}/log", "--endpoint", s3.server())
        return desk, bucket


class BucketDesk(Desk):
    """A company of one's own, with a bucket of its own, behind a proxy."""

    def __init__(self, settled, proxy, home):
        desk, bucket = settled
        shutil.copytree(desk.home, home)
        super().__init__(home)
        self.bucket = s3.shown_to_everybody()
        for name, data in s3.everything(bucket).items():
            s3.put(self.bucket, name, data)
        self.settings(s3.settings(proxy.url, self.bucket))
        self.url = f"{s3.server()}/{self.bucket}/log"

    def settings(self, store):
        text = f'format = 1\norigin = "{ORIGIN}"\n\n[journal]\npublish_every_ms = 20\n\n[store]\n'
        (self.data / SETTINGS).write_text(f'{text}public = "{store.public}"\nendpoint = "{store.endpoint}"\n')

    def verify(self, *more):
        return typed("verify", "--trust", self.data / "trust", self.url, *more)

    def objects(self):
        return {name.removeprefix("log/"): data for name, data in s3.everything(self.bucket).items()}


@pytest.fixture
def desk(settled, proxy, tmp_path):
    return BucketDesk(settled, proxy, tmp_path / "own")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


def test_everything_works_and_nothing_is_published_on_the_disk(desk):
    """A look shown, one refused, a statement, a check of everything; the outsider needs the address and the trust file."""
    assert desk.look().code == 0
    assert desk.look(case="T-101").code == 4
    said = desk.typed("journal", "fsck", "--format", "json")
    assert said.code == 0, said.out
    assert desk.typed("journal", "status").code == 0
    verified = desk.verify("--format", "json")
    assert verified.code == 0, verified.out
    statement = desk.home / "mine.json"
    assert desk.typed("statement", "mirabel", "--as", "ines", "--out", statement).code == 0
    words = ("verify", "statement", statement, "--trust", desk.data / "trust", "--person", "mirabel")
    assert typed(*words, "--folder", desk.url).code == 0
    assert not (desk.data / "public").exists()
    assert {"checkpoint", "genesis", "map/checkpoint"} <= desk.objects().keys()


def test_what_lies_in_the_bucket_is_nobodys(desk):
    """No id, no case, no address, in any name or any byte of it."""
    desk.look()
    for name, data in desk.objects().items():
        assert not WORDS.search(name.encode() + b"\n" + data), name


def test_an_object_that_was_changed_or_added_is_named(desk):
    """By the check inside, with the tile above it, and by the outsider; a start refuses it where it needs it."""
    desk.look()
    (name, data) = max(
        (item for item in desk.objects().items() if item[0].startswith("tile/entries")), key=lambda i: len(i[1])
    )
    s3.put(desk.bucket, f"log/{name}", data[:-1] + bytes([data[-1] ^ 1]))
    s3.put(desk.bucket, "log/notes.txt", b"left lying")
    said = desk.typed("journal", "fsck", "--format", "json")
    assert said.code == 3
    assert {name.replace("entries", "0"), "notes.txt"} <= {row["where"] for row in said.json["rows"]}
    assert desk.verify().code == 3
    assert desk.look().code == 3


def test_a_repair_makes_an_object_again(desk):
    """What follows from the signed root is put back where it was changed or is gone; the changed one is kept aside."""
    desk.look()
    tiles = {name: data for name, data in desk.objects().items() if name.startswith("tile/0/")}
    name = max(tiles, key=lambda name: len(tiles[name]))
    s3.put(desk.bucket, f"log/{name}", b"\0" * len(tiles[name]))
    assert desk.typed("journal", "fsck").code == 3
    mended = desk.typed("journal", "fsck", "--repair")
    assert mended.code == 0, mended.out
    assert desk.objects()[name] == tiles[name]
    assert desk.verify().code == 0
    assert b"\0" * len(tiles[name]) in [path.read_bytes() for path in (desk.data / "private/replaced").rglob("*.p/*")]


def test_a_folder_moves_to_a_bucket_and_back(settled, proxy, tmp_path):
    """Stop, copy, say where: the next start compares, and the log goes on."""
    plain = settle(tmp_path / "plain")
    bucket = s3.shown_to_everybody()
    for path in (plain.data / "public").rglob("*"):
        if path.is_file():
            s3.put(bucket, f"log/{path.relative_to(plain.data / 'public')}", path.read_bytes())
    shutil.move(plain.data / "public", plain.home / "as it was")
    text = (plain.data / SETTINGS).read_text()
    (plain.data / SETTINGS).write_text(f'{text}\n[store]\npublic = "s3://{bucket}/log"\nendpoint = "{proxy.url}"\n')
    assert plain.look().code == 0
    assert plain.typed("journal", "fsck").code == 0
    assert typed("verify", "--trust", plain.data / "trust", f"{s3.server()}/{bucket}/log").code == 0
    for name, data in s3.everything(bucket).items():
        path = plain.data / "public" / name.removeprefix("log/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (plain.data / SETTINGS).write_text(text)
    assert plain.look(what="ip:network", case="T-101").code == 4
    assert plain.typed("journal", "fsck").code == 0


# ── when the store is not there ──


def test_a_start_needs_the_store_and_the_next_one_goes_on(desk, proxy):
    """Exit code 7, with what to do; nothing was released, and nothing has to be mended."""
    with proxy.down():
        said = desk.look()
    assert said.code == 7
    assert "cannot be reached" in said.err
    assert "endpoint" in said.err
    assert desk.look().code == 0
    assert desk.typed("journal", "fsck").code == 0


def test_a_store_that_goes_down_is_caught_up_with_without_a_restart(desk, proxy):
    """Looks go on, durably recorded; heads wait, and are shown in order once it is back."""
    with house(desk.data) as here:
        here.journal.live()._core.stores.public._pauses = (0.01,)
        before = here.journal.reader().size
        proxy.status = (503, b"<Error><Code>SlowDown</Code></Error>")
        made = [submit(here.journal, f"k-{n}") for n in range(6)]
        with pytest.raises(Unavailable):
            here.journal.wait_published(made[-1].first, timeout=0.5)
        assert here.journal.reader().size == before
        proxy.status = None
        here.journal.wait_published(made[-1].first, timeout=20)
    assert desk.typed("journal", "fsck").code == 0
    assert desk.verify().code == 0


def submit(journal, key):
    body = canonical({"v": 1, "kind": "mention", "key": key})
    return journal.submit(Submission("test", key, (Record(Stream.of_person("mirabel"), body),)))


@pytest.mark.parametrize(("status", "words", "hint"), [
    ((404, b"<Error><Code>NoSuchBucket</Code></Error>"), "no such bucket", "make the bucket"),
    ((403, b"<Error><Code>AccessDenied</Code></Error>"), "not permitted", "s3:PutObject"),
])  # fmt: skip
def test_init_says_what_is_missing_and_leaves_nothing(proxy, tmp_path, status, words, hint):
    """Neither a folder that looks like one, nor anything in the bucket."""
    proxy.status = status
    said = typed(
        "init", tmp_path / "data", "--origin", ORIGIN, "--public", "s3://example-log/log", "--endpoint", proxy.url
    )
    assert said.code == 7
    assert words in said.err
    assert hint in said.err
    assert list(tmp_path.iterdir()) == []
    assert not [call for call in proxy.faults.calls if call.startswith(("create", "replace"))]


def test_without_the_extra_the_line_that_installs_it_is_said(desk, monkeypatch):
    """Everything else of Whosaw is there without it."""
    for name in [
        name for name in sys.modules if name.startswith(("obstore", "whosaw.store.s3", "whosaw.store.object"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "obstore", None)
    said = desk.look()
    assert said.code == 2
    assert 'pip install "whosaw[cluster]"' in said.err


def test_a_bucket_that_holds_another_log_is_refused(desk, tmp_path):
    """A second log is not made over the first, and the first stays as it is."""
    before = desk.objects()
    said = typed(
        "init", tmp_path / "second", "--origin", "log.example.org/second",
        "--public", f"s3://{desk.bucket}/log", "--endpoint", s3.server(),
    )  # fmt: skip
    assert said.code == 3
    assert desk.objects() == before
    assert not (tmp_path / "second").exists()


# ── kill -9 ──

CHILD = """
import sys
sys.path.insert(0, {root!r})
from base64 import b64encode
from pathlib import Path
from tests.test_object_store import submit
from whosaw.wiring import house
with house(Path({data!r})) as here:
    for key in sys.argv[1:]:
        made = submit(here.journal, key)
        print(key, b64encode(made.receipt).decode(), flush=True)
    print("done", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.parametrize("lives", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_kills_at_random_moments(desk, proxy, lives):
    """Whatever was answered is kept, nothing is twice, and both checks hold what the kills left to be no damage."""
    dice, promised, kept = random.Random(5), [], {}
    for life in range(lives):
        new = [f"k-{life}-{n}" for n in range(12)]
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(root=str(ROOT), data=str(desk.data)), *promised[-5:], *new],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        answers = []
        for line in child.stdout:
            if not answers:
                killer = time.monotonic() + dice.random() * 0.3
            answers.append(line.split())
            if time.monotonic() > killer or line.startswith("done"):
                break
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        answers += [line.split() for line in rest.splitlines()]
        for key, receipt in (answer for answer in answers if len(answer) == 2):
            first, count, root = kept.setdefault(key, told(desk, receipt))
            assert (first, count, root) == told(desk, receipt)
        promised += new
    assert len(kept) > lives
    said = desk.typed("journal", "fsck", "--format", "json")
    assert said.code == 0, said.out
    with house(desk.data) as here:
        here.journal.publish_now()
        for key, (first, count, _) in kept.items():
            found = here.journal.find("test", key)
            assert (found.first, len(found.leaves)) == (first, count)
    assert json.loads(desk.typed("journal", "fsck", "--format", "json").out)["rows"] == []
    assert desk.verify().code == 0
    proxy.close()


def told(desk, receipt):
    with glance(desk.data) as here:
        key = VerifierKey.parse(here.signers.receipts.vkey())
    made = open_receipt(b64decode(receipt), key)
    return made.first, made.count, made.root


# ── settings ──


@pytest.mark.parametrize(("lines", "setting"), [
    ('public = "example-log/log"', "store.public"), ('public = "s3://"', "store.public"),
    ('public = "s3://Example/log"', "store.public"), ('public = "s3://example-log/../log"', "store.public"),
    ('public = "s3://example-log//log"', "store.public"), ('public = "s3://key:secret@example-log"', "store.public"),
    ('public = "s3://example-log/.hidden"', "store.public"), ('public = "s3://example-log/"', "store.public"),
    ('public = "s3://example-log"\nendpoint = "s3.example.org"', "store.endpoint"),
    ('public = "s3://example-log"\nendpoint = "https://key:secret@s3.example.org"', "store.endpoint"),
    ('public = "s3://example-log"\nendpoint = "https://s3.example.org/path"', "store.endpoint"),
    ('public = "s3://example-log"\nregion = "Eu West"', "store.region"),
    ('endpoint = "https://s3.example.org"', "store.public"), ('region = "eu-west-1"', "store.public"),
    ('public = "s3://example-log"\nsecret_access_key = "x"', "store.secret_access_key"),
    ("public = 5", "store.public"), ('segments = "s3://example-closed"', "store.segments"),
    ('segments = "closed"\ndatabase = "postgresql://a@b/c"', "store.segments"),
    ('public = "s3://one/a"\nsegments = "s3://one/b"\ndatabase = "postgresql://a@b/c"', "store.segments"),
])  # fmt: skip
def test_settings_refuse(lines, setting):
    """What is no bucket, leads out of a prefix, or would put a secret into the file."""
    with pytest.raises(Misconfigured) as told:
        parse_settings(f'format = 1\norigin = "a.example/b"\n[store]\n{lines}\n'.encode())
    assert told.value.setting == setting
    assert "secret" not in str(told.value).replace("secret_access_key", "")


@pytest.mark.parametrize("public", ["s3://example-log", "s3://example-log/whosaw", "s3://a.b-c/x/y_z/1.2"])
def test_settings_take(public):
    """A bucket, with a prefix or without, and a server with a port."""
    given = f'format = 1\norigin = "a.example/b"\n[store]\npublic = "{public}"\nendpoint = "http://[::1]:9000"\n'
    assert parse_settings(given.encode()).store == StoreSettings(public, endpoint="http://[::1]:9000")

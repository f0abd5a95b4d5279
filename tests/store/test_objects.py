# SPDX-License-Identifier: Apache-2.0
"""An object store that loses requests and answers, is slow, forbids, or is somebody else's: what is then there, and what is said."""

import threading
import time

import obstore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from obstore.exceptions import GenericError
from obstore.store import MemoryStore
from tests.store import s3

from whosaw.errors import Contradiction, Damaged, Misconfigured, OutcomeUnknown, Unavailable
from whosaw.store.object_answer import Means, answer
from whosaw.store.objects import ObjectsFolder
from whosaw.store.s3 import s3_folder


@pytest.fixture
def proxy():
    made = s3.Proxy(s3.server())
    yield made
    made.close()


@pytest.fixture
def bucket():
    return s3.bucket()


def puts(proxy):
    return [call for call in proxy.faults.calls if call.startswith(("create", "replace"))]


# ── lost, and happened ──


@pytest.mark.parametrize("fates", [["lost"], ["late"], ["late", "late"], ["lost", "late"], ["late", "lost"]])
def test_what_is_tried_again_is_there_once(proxy, bucket, fates):
    """A put that was lost, or that happened unseen, is put again under the same condition: it is no contradiction of itself."""
    folder = s3.folder(proxy.url, bucket, pauses=(0, 0))
    for fate in fates:
        proxy.faults.arm("create tile/0/000", fate)
        proxy.faults.arm("replace checkpoint", fate)
    folder.create_or_compare([("tile/0/000", b"hash")])
    folder.replace("checkpoint", b"one")
    for fate in fates:
        proxy.faults.arm("replace checkpoint", fate)
    folder.replace("checkpoint", b"two")
    assert (folder.read("tile/0/000"), folder.read("checkpoint")) == (b"hash", b"two")
    assert not proxy.faults._armed


def test_the_client_tries_nothing_again_by_itself(proxy, bucket):
    """It would meet its own object and call it somebody else's; so every try is ours, and counted."""
    folder = s3_folder_of(proxy, bucket)
    folder._pauses = ()
    proxy.faults.arm("create a", "late")
    proxy.status = (503, b"")
    for call in (lambda: folder.create_or_compare([("b", b"x")]), lambda: folder.replace("checkpoint", b"x")):
        with pytest.raises((OutcomeUnknown, Unavailable)):
            call()
    proxy.status = None
    with pytest.raises(OutcomeUnknown):
        folder.create_or_compare([("a", b"x")])
    assert proxy.faults.calls == ["create b", "replace checkpoint", "create a"]


def s3_folder_of(proxy, bucket):
    """As settings make it, with credentials of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.KEYS.items():
            patch.setenv(name, value)
        return s3_folder(s3.settings(proxy.url, bucket))


def test_nothing_that_stands_is_overwritten(proxy, bucket):
    """Other bytes under a name that never changes are a contradiction, however they came there."""
    one, two = (s3.folder(proxy.url, bucket, pauses=(0, 0)) for _ in range(2))
    one.create_or_compare([("tile/0/000", b"one")])
    proxy.faults.arm("create tile/0/000", "lost")
    with pytest.raises(Contradiction, match="other bytes"):
        two.create_or_compare([("tile/0/000", b"two")])
    assert one.read("tile/0/000") == b"one"


def test_levels_come_one_after_the_other_and_files_of_one_side_by_side(proxy, bucket):
    """Whoever fetches a tile finds the bundles that it was made of, at every moment."""
    folder = s3.folder(proxy.url, bucket)
    folder.create_or_compare([("genesis", b"leaf 0")])
    files = [(f"tile/{level}/{n:03d}", b"%d" % n) for level in ("entries", "0", "1") for n in range(20)]
    proxy.faults.calls.clear()
    folder.create_or_compare(files)
    assert [call.split("/")[1] for call in puts(proxy)] == ["entries"] * 20 + ["0"] * 20 + ["1"] * 20
    assert {name: folder.read(name) for name, _ in files} == dict(files)


def test_some_of_a_level_without_the_others_is_no_nothing(proxy, bucket):
    """One of many is lost: what is there stays, the next level is not begun, and the outcome is unknown."""
    folder = s3.folder(proxy.url, bucket)
    folder.create_or_compare([("genesis", b"leaf 0")])
    files = [(f"tile/{level}/{n:03d}", b"x") for level in ("0", "1") for n in range(5)]
    proxy.faults.arm("create tile/0/003", "lost", error=Unavailable)
    with pytest.raises(OutcomeUnknown):
        folder.create_or_compare(files)
    assert list(folder.names("tile")) == [f"tile/0/{n:03d}" for n in (0, 1, 2, 4)]
    s3.put(bucket, "log/tile/1/002", b"other bytes")
    proxy.faults.arm("create tile/1/001", "lost")
    with pytest.raises(Contradiction):
        folder.create_or_compare(files)


# ── the checkpoint ──


def test_a_slow_old_checkpoint_does_not_land_on_a_newer_one(proxy, bucket):
    """The write that was given up and comes late names a version that is gone: the server refuses it."""
    first = s3.folder(proxy.url, bucket)
    first.replace("checkpoint", b"size 1")
    proxy.hold("replace checkpoint")
    with pytest.raises(OutcomeUnknown):
        first.replace("checkpoint", b"size 2")
    other = s3.folder(proxy.url, bucket)  # the next process: it publishes the same head, and then a newer one
    assert other.read("checkpoint") == b"size 1"
    other.replace("checkpoint", b"size 2")
    other.replace("checkpoint", b"size 3")
    assert proxy.land() == [412]
    assert other.read("checkpoint") == b"size 3"


def test_a_slow_first_checkpoint_does_not_land_on_a_newer_one(proxy, bucket):
    """The same where there was none: it may land where nothing is, and nowhere else."""
    folder = s3.folder(proxy.url, bucket, pauses=(0,))
    proxy.hold("replace checkpoint")
    folder.replace("checkpoint", b"size 1")
    folder.replace("checkpoint", b"size 2")
    assert proxy.land() == [412]
    assert folder.read("checkpoint") == b"size 2"


def test_who_was_overtaken_does_not_take_the_newer_checkpoint_for_its_own(proxy, bucket):
    """A process that slept has read the newer one since, through some other part of it; it must not replace it."""
    old, new = s3.folder(proxy.url, bucket), s3.folder(proxy.url, bucket)
    old.replace("checkpoint", b"size 1")
    new.read("checkpoint")
    new.replace("checkpoint", b"size 3")
    assert old.read("checkpoint") == b"size 3"
    with pytest.raises(Contradiction, match="not the one"):
        old.replace("checkpoint", b"size 2")
    assert new.read("checkpoint") == b"size 3"


def test_who_did_not_look_may_only_make_the_first_one(proxy, bucket):
    """A process that never read it cannot know what it would replace."""
    s3.folder(proxy.url, bucket).replace("checkpoint", b"size 1")
    with pytest.raises(Contradiction, match="not the one"):
        s3.folder(proxy.url, bucket).replace("checkpoint", b"size 2")


def test_a_checkpoint_that_somebody_removed_is_not_made_again_unseen(proxy, bucket):
    """It was there, and is gone: no crash does that."""
    folder = s3.folder(proxy.url, bucket)
    folder.replace("checkpoint", b"size 1")
    s3.folder(proxy.url, bucket).delete("checkpoint")
    with pytest.raises(Contradiction):
        folder.replace("checkpoint", b"size 2")


class Checkpoint(RuleBasedStateMachine):
    """One writer at a time, that may die; answers are lost, requests too, and old ones land whenever they like."""

    def __init__(self):
        super().__init__()
        self.proxy, self.bucket = s3.Proxy(s3.server()), s3.bucket()
        self.size, self.acknowledged, self.seen = 0, 0, 0
        self.start()

    @rule()
    def start(self):
        """Another process: it shows the newest head again, as a start does."""
        self.folder = s3.folder(self.proxy.url, self.bucket)
        if int(self.folder.read("checkpoint") or 0) < self.size:
            self.folder.replace("checkpoint", b"%d" % self.size)
            self.acknowledged = self.size

    @rule(fate=st.sampled_from(["", "", "lost", "late", "hold"]), tries=st.integers(0, 1))
    def replace(self, fate, tries):
        """A newer head; its put may meet with something."""
        self.folder._pauses = (0,) * tries
        self.size += 1
        if fate == "hold":
            self.proxy.hold("replace checkpoint")
        elif fate:
            self.proxy.faults.arm("replace checkpoint", fate)
        try:
            self.folder.replace("checkpoint", b"%d" % self.size)
        except OutcomeUnknown:
            assert fate and not tries
        else:
            self.acknowledged = self.size
        self.proxy.faults.disarm()

    @precondition(lambda self: self.proxy.held)
    @rule()
    def land(self):
        """What was kept back reaches the server."""
        self.proxy.land()

    def shown(self):
        found = s3.folder(self.proxy.url, self.bucket).read("checkpoint")
        return int(found) if found else 0

    @invariant()
    def it_never_goes_back(self):
        """What anybody can fetch is as new as anything that was acknowledged or seen."""
        shown = self.shown()
        assert max(self.acknowledged, self.seen) <= shown <= self.size
        self.seen = shown

    def teardown(self):
        self.proxy.close()


TestCheckpoint = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")(
    Checkpoint.TestCase
)
TestCheckpoint.settings = s3.few(8, 12)


# ── what is asked of a store ──


def test_a_store_that_ignores_conditions_is_refused(proxy, bucket):
    """It is found out with the first object, before anything is signed; and nothing is lost by having asked."""
    proxy.drop = ("If-None-Match", "If-Match")
    folder = s3.folder(proxy.url, bucket)
    with pytest.raises(Misconfigured, match="ignores the conditions") as told:
        folder.create_or_compare([("genesis", b"leaf 0")])
    assert told.value.setting == "store.public"
    assert folder.read("genesis") == b"leaf 0"


@pytest.mark.parametrize("which", ["If-None-Match", "If-Match"])
def test_one_of_both_conditions_is_not_enough(proxy, bucket, which):
    """Tiles need the one, checkpoints the other."""
    proxy.drop = (which,)
    with pytest.raises(Misconfigured, match="ignores the conditions"):
        s3.folder(proxy.url, bucket).create_or_compare([("genesis", b"leaf 0")])


def test_it_is_asked_once_in_each_process(proxy, bucket):
    """Two requests, and none with the files after the first."""
    folder = s3.folder(proxy.url, bucket)
    folder.create_or_compare([("a", b"x"), ("b", b"y")])
    folder.create_or_compare([("c", b"z")])
    assert puts(proxy) == ["create a", "create a", "create a", "create b", "create c"]


def test_objects_say_what_they_are(proxy, bucket):
    """To a browser, and to any cache in between: what never changes, and what does within seconds."""
    folder = s3.folder(proxy.url, bucket)
    folder.create_or_compare([("tile/0/000", b"hash")])
    folder.replace("checkpoint", b"note")
    said = {name: obstore.get(folder._store, name).attributes for name in ("tile/0/000", "checkpoint")}
    assert said["tile/0/000"]["Content-Type"] == "application/octet-stream"
    assert "immutable" in said["tile/0/000"]["Cache-Control"]
    assert said["checkpoint"] == {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "public, max-age=3"}


# ── names ──


def test_a_prefix_is_a_folder_of_its_own(proxy, bucket):
    """Neighbours with longer names, and the bucket around it, are neither seen nor touched."""
    folder = s3.folder(proxy.url, bucket)
    for key in ("log2/tile/0/000", "lo/a", "checkpoint", "log"):
        s3.ask(f"{s3.server()}/{bucket}/{key}", "PUT", b"somebody else's")
    folder.create_or_compare([("tile/0/000", b"ours"), ("tile/0/000.p/1", b"ours"), ("tile2/a", b"ours")])
    assert list(folder.names()) == ["tile/0/000", "tile/0/000.p/1", "tile2/a"]
    assert list(folder.names("tile")) == ["tile/0/000", "tile/0/000.p/1"]
    assert folder.read("checkpoint") is None
    assert list(s3.folder(proxy.url, bucket, "lo").names()) == ["a"]


def test_names_never_leave_the_prefix(proxy, bucket):
    """A path that leads out is refused before anything is asked."""
    folder = s3.folder(proxy.url, bucket)
    for name in ("../checkpoint", "a/../../b", "/checkpoint", "a//b", "", ".", "a/.", "a\0b", "a?b", "a%2e"):
        for call in (folder.read, folder.length, folder.delete, lambda n: folder.replace(n, b"")):
            with pytest.raises(Damaged, match="leads out"):
                call(name)
    assert proxy.faults.calls == []


def test_many_objects_come_in_order_a_page_at_a_time(proxy, bucket):
    """Whoever looks at the first few asks for one page, and not for all there is."""
    folder = s3.folder(proxy.url, bucket)
    names = [f"tile/0/{n:04d}" for n in range(1_100)]
    for name in names:
        s3.put(bucket, f"log/{name}", b"x")
    proxy.faults.calls.clear()
    assert next(folder.names()) == names[0]
    assert len(proxy.faults.calls) == 1
    assert list(folder.names("tile")) == names


def test_a_list_that_breaks_off_goes_on_where_it_was(proxy, bucket):
    """A page that was lost is asked for again, and no name comes twice or is left out."""
    folder = s3.folder(proxy.url, bucket, pauses=(0,))
    names = [f"tile/0/{n:04d}" for n in range(1_050)]
    for name in names:
        s3.put(bucket, f"log/{name}", b"x")
    proxy.faults.arm("list", "late", nth=2)
    assert list(folder.names()) == names
    proxy.faults.arm("list", "lost", nth=2)
    proxy.faults.arm("list", "lost", nth=2)
    with pytest.raises(Unavailable, match="cannot list"):
        list(folder.names())


def test_strangers_are_seen(proxy, bucket):
    """A name that no log writes is listed, so that a check names it; one that cannot be, is an error. A console's marker is nothing."""
    folder = s3.folder(proxy.url, bucket)
    for key, data in (("log/", b""), ("log/odd name", b"x"), ("log/x/", b"y")):
        s3.put(bucket, key, data)
    assert set(folder.names()) == {"odd name", "x"}
    s3.put(bucket, "log/", b"with bytes")
    assert "." in set(folder.names())
    s3.put(bucket, "log/a//b", b"x")
    with pytest.raises(Damaged, match="no log writes"):
        list(folder.names())


# ── errors, each with what to do ──


def code(name):
    return f"<Error><Code>{name}</Code></Error>".encode()


SAID = [
    ((403, b""), Unavailable, "not permitted", "s3:ListBucket"),
    ((403, code("AccessDenied")), Unavailable, "not permitted", "s3:ListBucket"),
    ((403, code("RequestTimeTooSkewed")), Unavailable, "clock", "set the clock"),
    ((403, code("InvalidAccessKeyId")), Unavailable, "access key", "AWS_ACCESS_KEY_ID"),
    ((403, code("SignatureDoesNotMatch")), Unavailable, "secret key", "AWS_SECRET_ACCESS_KEY"),
    ((400, code("ExpiredToken")), Unavailable, "expired", "AWS_SESSION_TOKEN"),
    ((401, b""), Unavailable, "credentials", "AWS_ACCESS_KEY_ID"),
    ((404, code("NoSuchBucket")), Unavailable, "no such bucket", "whosaw.toml"),
    ((301, b""), Unavailable, "another region", "region"),
    ((400, code("AuthorizationHeaderMalformed")), Unavailable, "region", "region"),
    ((501, b""), Unavailable, "conditional", "If-None-Match"),
    ((429, b""), Unavailable, "429", ""),
    ((503, code("SlowDown")), OutcomeUnknown, "503", ""),
    ((500, b""), OutcomeUnknown, "500", ""),
    ((200, b""), OutcomeUnknown, "no sense", ""),
]


@pytest.mark.parametrize(("status", "kind", "says", "hint"), SAID)
def test_each_answer_is_told_with_what_to_do(proxy, bucket, status, kind, says, hint):
    """Unavailable only where nothing happened; where it may have, OutcomeUnknown. Nothing of the answer itself is quoted."""
    proxy.status = status
    folder = s3.folder(proxy.url, bucket)
    with pytest.raises(kind) as told:
        folder.create_or_compare([("tile/0/000", b"x")])
    assert says in str(told.value)
    assert hint in told.value.hint
    assert not any(word in str(told.value) + told.value.hint for word in ("made-up", bucket, "127.0.0.1", "<"))
    if status[0] != 200:
        with pytest.raises(Unavailable):
            folder.read("checkpoint")


def test_a_web_server_that_knows_nothing_is_no_empty_store(proxy, bucket):
    """404 without an object store's words decides nothing: a wrong endpoint must not look like a log that is gone."""
    proxy.status = (404, b"<html>Not found</html>")
    with pytest.raises(Unavailable, match="no object store"):
        s3.folder(proxy.url, bucket).read("checkpoint")


def test_a_store_that_is_down(proxy, bucket):
    """Nothing happened, and whoever asks again later succeeds, without anything made anew."""
    folder = s3.folder(proxy.url, bucket)
    folder.create_or_compare([("a", b"x")])
    with proxy.down():
        for call in (
            lambda: folder.create_or_compare([("b", b"x")]), lambda: folder.read("a"), lambda: folder.delete("a")
        ):  # fmt: skip
            with pytest.raises(Unavailable, match="cannot be reached"):
                call()
    folder.create_or_compare([("b", b"x")])
    assert list(folder.names()) == ["a", "b"]


def test_a_store_that_hangs_is_given_up(proxy, bucket):
    """It may have happened, and nobody waits for ever."""
    folder = s3.folder(proxy.url, bucket, timeout="300ms")
    began = time.monotonic()
    proxy.sleep = 20
    with pytest.raises(OutcomeUnknown, match="in time"):
        folder.create_or_compare([("a", b"x")])
    assert time.monotonic() - began < 10
    proxy.sleep = 0


def test_no_credentials(proxy, bucket, monkeypatch):
    """Whoever gives none, and has none from the machine, is told where they belong; the bucket was not asked."""
    for name in s3.KEYS:
        monkeypatch.delenv(name, raising=False)
    nobody = s3.Proxy(s3.server(), status=(404, b""))
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", nobody.url)
    folder = s3_folder(s3.settings(proxy.url, bucket))
    folder._pauses = ()
    with pytest.raises(Unavailable, match="no credentials") as told:
        folder.read("checkpoint")
    assert "AWS_ACCESS_KEY_ID" in told.value.hint
    assert proxy.faults.calls == []
    nobody.close()


def test_the_environment_turns_no_condition_off(proxy, bucket, monkeypatch):
    """Credentials come from there, and nothing that makes a write unsafe."""
    monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
    folder = s3_folder_of(proxy, bucket)
    folder.create_or_compare([("a", b"x")])
    with pytest.raises(Contradiction):
        folder.create_or_compare([("a", b"y")])


@settings(max_examples=50)
@given(st.text())
def test_what_is_not_understood_is_unknown(text):
    """The library says most in texts: one of another version must never be read as "nothing happened"."""
    assert answer(GenericError(text)).means is Means.UNKNOWN


def test_two_writers_of_one_object(proxy, bucket):
    """Both put at once: one object stands, and who lost is told, or had the same bytes."""
    told, start = [], threading.Barrier(2)

    def write(data):
        folder = s3.folder(proxy.url, bucket)
        start.wait()
        try:
            folder.create_or_compare([("tile/0/000", data)])
            told.append(data)
        except Contradiction:
            told.append(None)

    threads = [threading.Thread(target=write, args=(data,)) for data in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [data for data in told if data]
    assert s3.folder(proxy.url, bucket).read("tile/0/000") == won


def test_it_runs_over_another_store_too():
    """Nothing in it is S3's but the texts of errors: a store in memory holds the same."""
    folder = ObjectsFolder(MemoryStore())
    folder.create_or_compare([("a", b"x")])
    with pytest.raises(Contradiction):
        folder.create_or_compare([("a", b"y")])
    folder.replace("checkpoint", b"one")
    folder.replace("checkpoint", b"two")
    assert folder.read("checkpoint") == b"two"

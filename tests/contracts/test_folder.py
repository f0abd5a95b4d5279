# SPDX-License-Identifier: Apache-2.0
"""The contract of Folder, held by the fake, by real files and by an object store alike, also when they fail.

An object store differs in two things, and says so: an object is written once and never grows, and there is no lock.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
from tests.contracts.failing import Fate, failing_sync
from tests.store import s3

from whosaw.errors import Busy, Contradiction, Damaged, Misconfigured, OutcomeUnknown, Unavailable
from whosaw.journal.under import Under
from whosaw.store.apart import Apart
from whosaw.store.files import FilesFolder
from whosaw.store.memory import MemoryFolder


class InMemory:
    def __init__(self, path):
        self.folder = MemoryFolder(clock=lambda: datetime.now(UTC))

    def arm(self, verb, fate):
        self.folder.faults.arm(verb, fate)

    def again(self):
        self.folder.crash()
        return self.folder


class OnDisk:
    def __init__(self, path):
        self.path, self.fate = path / "data", Fate()
        self.folder = FilesFolder(
            self.path, fsync=failing_sync(self.fate), fdatasync=failing_sync(self.fate, "fdatasync")
        )

    def arm(self, verb, fate):
        self.fate.arm("fdatasync" if verb == "append" else "fsync", fate)

    def again(self):
        """Another process."""
        return FilesFolder(self.path)


class Inside(InMemory):
    """A folder in a folder, with something beside it that it must not see."""

    def __init__(self, path):
        super().__init__(path)
        self.outer = self.folder
        for name in ("beside", "maps/a", "map.db"):
            self.outer.set(name, b"not inside")
        self.folder = Under(self.outer, "map")

    def arm(self, verb, fate):
        self.outer.faults.arm(verb, fate)

    def again(self):
        self.outer.crash()
        return self.folder


class Twofold(InMemory):
    """Segments and staging apart from the rest, as where sequencers are on many machines."""

    def __init__(self, path):
        super().__init__(path)
        self.own = self.folder
        self.folder = Apart(MemoryFolder(self.own.faults, self.own._clock), self.own)

    def arm(self, verb, fate):
        self.own.faults.arm(verb, fate)

    def again(self):
        self.own.crash()
        return self.folder


class InObjects:
    """A bucket of a server that speaks S3, behind a proxy that fails."""

    def __init__(self, path):
        self.proxy, self.bucket = s3.Proxy(s3.server()), s3.bucket()
        self.folder = self.again()

    def arm(self, verb, fate):
        self.proxy.faults.arm({"append": "create", "open": "look at"}.get(verb, verb), fate)

    def again(self):
        return s3.folder(self.proxy.url, self.bucket)

    def close(self):
        self.proxy.close()


@pytest.fixture(params=[InMemory, OnDisk, Inside, Twofold, InObjects])
def store(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    if hasattr(made, "close"):
        made.close()


@pytest.fixture
def folder(store):
    return store.folder


def test_reading_a_wrong_path_leaves_no_trace(folder, tmp_path):
    """What is not there is None, or an error where a part of it was wanted, and never made by looking."""
    assert (folder.read("a/b"), folder.length("a/b"), folder.modified("a/b"), list(folder.names())) == (None,) * 3 + (
        [],
    )
    with pytest.raises(Unavailable):
        folder.read_part("a/b", 0, 1)
    assert not (tmp_path / "data").exists()


def test_files_come_back_as_they_were(store):
    """Any bytes, any depth, in this process and in the next; names are sorted, folder by folder."""
    files = {"b/x001/002": bytes(range(256)), "a": b"", "b/x001/001": b"\n", "c.d/e": b"x" * 100_000}
    store.folder.create_or_compare(files.items())
    store.folder.replace("b/checkpoint", b"one")
    store.folder.replace("b/checkpoint", b"two")
    again = store.again()
    assert {name: again.read(name) for name in again.names()} == files | {"b/checkpoint": b"two"}
    assert list(again.names("b")) == ["b/checkpoint", "b/x001/001", "b/x001/002"]
    assert list(again.names()) == sorted(again.names())
    assert list(again.names("nothing")) == []
    assert again.length("c.d/e") == 100_000
    assert datetime.now(UTC) - again.modified("a") < timedelta(minutes=5)


def test_a_part_of_a_file(folder):
    """Up to so many bytes, fewer at the end, none behind it."""
    folder.replace("f", b"0123456789")
    assert [folder.read_part("f", *at) for at in ((0, 3), (8, 5), (10, 1), (50, 1))] == [b"012", b"89", b"", b""]


def test_what_never_changes_is_compared(folder):
    """The same bytes are fine however often; others are a contradiction, and the file is left as it is."""
    folder.create_or_compare([("tile/0", b"right")])
    folder.create_or_compare([("tile/0", b"right"), ("tile/1", b"more")])
    with pytest.raises(Contradiction):
        folder.create_or_compare([("tile/2", b"new"), ("tile/0", b"wrong")])
    assert folder.read("tile/0") == b"right"
    folder.create_or_compare([("tile/2", b"new")])


def test_deleting(folder):
    """Files go, however many at once; one that is not there is fine."""
    folder.create_or_compare([(f"p/{n}", b"x") for n in range(1, 5)])
    folder.delete("p/1")
    folder.delete("p/1")
    assert list(folder.names()) == ["p/2", "p/3", "p/4"]
    folder.delete("p/3", "p/1", "p/2")
    folder.delete()
    assert list(folder.names()) == ["p/4"]
    folder.replace("staging/1", b"one")
    folder.delete("staging/1")
    folder.replace("staging/1", b"two")
    assert folder.read("staging/1") == b"two"


def test_a_segment_grows_and_is_never_reopened(store):
    """Appended bytes follow each other; a second writer of the same file is a contradiction. An object is written once."""
    segment = store.folder.append_to("segments/1.seg")
    if isinstance(store, InObjects):
        segment.append(b"onetwo")
        with pytest.raises(Misconfigured, match="one write"):
            segment.append(b"three")
    else:
        segment.append(b"one")
        segment.append(b"two")
    with pytest.raises(Contradiction):
        store.folder.append_to("segments/1.seg")
    segment.close()
    with pytest.raises(Contradiction):
        store.folder.append_to("segments/1.seg")
    assert store.again().read("segments/1.seg") == b"onetwo"


def test_the_lock_is_one_holders(store):
    """Busy for everybody else; free once it is released or its holder is dead. Where there is none, it is refused."""
    if isinstance(store, InObjects):
        with pytest.raises(Misconfigured, match="no lock"):
            store.folder.hold("lock")
        return
    held = store.folder.hold("lock")
    with pytest.raises(Busy) as told:
        (store.folder if isinstance(store, InMemory) else store.again()).hold("lock")
    assert told.value.part.endswith("lock")
    held.release()
    store.again().hold("lock").release()


@pytest.mark.parametrize("fate", ["lost", "late"])
@pytest.mark.parametrize("verb", ["create", "replace", "append", "open"])
def test_after_an_error_a_file_is_old_or_new_and_never_a_third(store, verb, fate):
    """The outcome of a write that failed is unknown: whole files as before, or as they were to be."""
    folder = store.folder
    folder.replace("f", b"old")
    segment = folder.append_to("s.seg") if verb == "append" else None
    store.arm(verb, fate)
    # To look whether an object is there changes nothing; whoever cannot look has begun nothing.
    with pytest.raises(Unavailable if verb == "open" and isinstance(store, InObjects) else OutcomeUnknown):
        match verb:
            case "create":
                folder.create_or_compare([("new", b"new")])
            case "replace":
                folder.replace("f", b"new")
            case "append":
                segment.append(b"frame")
            case "open":
                folder.append_to("s.seg")
    again = store.again()
    assert again.read("f") in {b"old", b"new" if verb == "replace" else b"old"}
    assert again.read("new") in {None, b"new" if verb == "create" else None}
    assert again.read("s.seg") in {None, b"", b"frame"}
    assert set(again.names()) <= {"f", "new", "s.seg"}
    if verb == "create":
        again.create_or_compare([("new", b"new")])


def test_names_never_leave_the_folder(tmp_path):
    """A path that leads out is refused before anything is touched."""
    folder = FilesFolder(tmp_path / "data")
    (tmp_path / "secret").write_bytes(b"x")
    for name in ("../secret", "a/../../secret", "/etc/hostname", "a//b", "", ".", "a/.", "a\0b"):
        for call in (folder.read, folder.length, folder.delete, lambda n: folder.replace(n, b"")):
            with pytest.raises(Damaged, match="leads out"):
                call(name)
    assert (tmp_path / "secret").read_bytes() == b"x"
    assert os.listdir(tmp_path) == ["secret"]

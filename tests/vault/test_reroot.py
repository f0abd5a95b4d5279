# SPDX-License-Identifier: Apache-2.0
"""Another root: cut short at every write and at every step, the same keys under exactly one root; and what the root before still opens."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from tests.cli.desk import typed
from tests.privacy.keys import keyring, root, vrf_key
from tests.store.transit_server import TOKEN, served

from whosaw.errors import BadInput, Misconfigured, Unavailable, WhosawError
from whosaw.journal.cluster.pending import Tenure
from whosaw.model.access import Field
from whosaw.model.record import Kind, Stream, parse
from whosaw.privacy.carried import whole
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import Names
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import Root
from whosaw.store import root_next
from whosaw.store.memory_keys import MemoryKeyRows, MemoryNameRows
from whosaw.vault.reroot import reroot
from whosaw.vault.rotate import rotate
from whosaw.wiring import build, house

AT = datetime(2026, 11, 22, tzinfo=UTC)
BY = "e-aaaaaaaaaaaaaaaa"
PEOPLE = [Stream.of_person(f"person-{n}") for n in range(5)]
VARIABLE = "WHOSAW_TEST_NEW_ROOT"


class Log:
    """A journal that keeps what it is told."""

    def __init__(self):
        self.bodies = []

    def submit(self, submission):
        self.bodies += [parse(record.body) for record in submission.records]


def furnished():
    rows = MemoryKeyRows()
    ring = keyring(rows)
    return rows, ring, {stream: ring.of(stream) for stream in PEOPLE}


def under(rows, word: str) -> Keyring:
    """The keyring over these rows, as a start with this root opens it."""
    return Keyring(
        rows, whole(root(word), rows), vrf_key(), "log.example.org/whosaw", os.urandom, enrolled=lambda _: False
    )


def test_a_new_root_finds_everybody_and_the_old_one_opens_nothing():
    """On record first; keys, pseudonyms and names go on; the root before is refused; once more, and it is all the same."""
    rows, ring, keys = furnished()
    name_rows, log, old = MemoryNameRows(), Log(), rows.epochs()
    ines = Names(name_rows, root(), os.urandom).remember("ines")
    for word in ("second", "third"):
        assert reroot(ring, log, root(word), place="file", by=BY, at=AT) == ring.epochs.newest()
        assert log.bodies[-1]["what"] == "root"
        assert len(ring.epochs.numbers()) == 2, "rows are of the epoch before until they are re-wrapped"
        assert {stream: ring.of(stream) for stream in PEOPLE} == keys
        rotate(ring, log, BY, AT)
        fresh = under(rows, word)
        assert {stream: fresh.find(stream) for stream in PEOPLE} == keys
        assert len(fresh.epochs.numbers()) == 1
        now = whole(root(word), rows)
        assert Names(name_rows, now, os.urandom).remember("ines") == ines
        assert Pseudonyms(now).person("person-1") == Pseudonyms(root()).person("person-1")
        assert now.pseudonyms != root().pseudonyms, (
            "pseudonyms of addresses are made anew: a thief opens those of before"
        )
    assert not {each.wrapped for each in old} & {each.wrapped for each in rows.epochs()}
    for word in ("root", "second", "another"):
        with pytest.raises(Misconfigured, match="not the one that this data folder"):
            under(rows, word)
        with pytest.raises(WhosawError):  # nor by its key alone, past every check
            keyring(rows, word).epochs.newest()


def test_no_key_of_a_former_root_leads_to_an_epoch_key():
    """What is carried is seven keys derived from the root before, and neither it nor what wraps epochs."""
    rows, ring, _ = furnished()
    reroot(ring, Log(), root("second"), place="file", by=BY, at=AT)
    carried = whole(root("second"), rows).carries()
    assert carried == root().carries()
    assert len(carried) == 7 * 32
    for secret in (root().raw(), root().epochs, root().epoch(1), root().pseudonyms):
        assert secret not in carried


@pytest.mark.parametrize("happened", [False, True])
def test_a_failure_at_any_write_leaves_exactly_one_root_that_opens_all(happened):
    """Each write fails once, stored or not. The check value says which root it is, and the same call goes on."""
    reached = set()
    for nth in range(1, 8):
        rows, ring, keys = furnished()
        count = {"n": 0}

        def write(rows=rows, count=count, nth=nth, plain=rows._write):
            count["n"] += 1
            if count["n"] == nth:
                rows.fate = "late" if happened else "lost"
            return plain()

        rows._write = write
        log = Log()
        for _ in range(3):
            word = "second" if rows.kept("root") == root("second").check else "root"
            reached.add(word)
            ring = under(rows, word)
            assert {stream: ring.find(stream) for stream in PEOPLE} == keys
            try:
                if word == "root":
                    reroot(ring, log, root("second"), place="file", by=BY, at=AT)
                if len(ring.epochs.numbers()) > 1:
                    rotate(ring, log, BY, AT)
            except Unavailable:
                continue
        assert {stream: under(rows, "second").find(stream) for stream in PEOPLE} == keys
        assert under(rows, "second").epochs.numbers() == (2,)
        assert [body["what"] for body in log.bodies][:1] == ["root"]
    assert reached == {"root", "second"}


def test_an_epoch_that_is_not_whole_is_finished_first():
    rows, ring, _ = furnished()
    ring.epochs.begin(2)
    with pytest.raises(BadInput, match="not whole yet"):
        reroot(ring, Log(), root("second"), place="file", by=BY, at=AT)
    assert rows.kept("root") == root().check


# ── at the command line ──


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reroot") / "data"
    build(folder, "log.example.org/whosaw")
    with house(folder) as here:
        here.vault.put("person-0", Field.PROFILE, "a value", AT, "one")
    return folder


@pytest.fixture
def folder(built, tmp_path):
    shutil.copytree(built, tmp_path / "data")
    return tmp_path / "data"


def known(folder) -> None:
    """Everybody is found under whatever root the settings name, and a source that was taken in is known."""
    with house(folder) as here:
        assert not here.vault.put("person-0", Field.PROFILE, "a value", AT, "one")


def raw(folder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def settled(folder, text: str) -> None:
    path = folder / "whosaw.toml"
    path.write_text(path.read_text().partition("[keys]")[0] + text)


def changed(folder, *more) -> dict:
    said = typed("vault", "reroot", "--by", "ines", "--data", folder, "--format", "json", *more)
    assert (said.code, said.err) == (0, "")
    return said.json


def seed(folder) -> bytes:
    return (folder / "private/keys/root").read_bytes()


def test_from_a_file_to_another_one(folder):
    """No byte of the old root, nor of an epoch wrapped under it, is left; it is on record; put back, the old root is refused."""
    old = seed(folder)
    with closing(sqlite3.connect(folder / "private/keys.db")) as db:
        wrapped = [each for (each,) in db.execute("SELECT wrapped FROM epochs UNION SELECT wrapped FROM keyring")]
    said = changed(folder, "--to", "file")
    assert (said["outcome"], said["place"], said["keys"] >= 2) == ("exchanged", "file", True)
    assert seed(folder) != old
    everything = raw(folder)
    assert not [piece for piece in (old.strip(), *wrapped) if piece in everything]
    assert not (folder / "private/keys/root.next").exists()
    known(folder)
    with house(folder) as here:
        here.journal.publish_now()
        frames = here.journal.reader().run(here.keyring.find(Stream.named("admin")))
        (body,) = [body for body in (parse(frame.body) for frame in frames) if body["kind"] == Kind.KEYS]
        assert (body["what"], body["place"], body["principal"]) == ("root", "file", here.pseudonyms.principal("ines"))
    (folder / "private/keys/root").write_bytes(old)
    with pytest.raises(Misconfigured, match="not the one that this data folder"), house(folder):
        pass


@pytest.mark.parametrize(
    "step", ["settle", pytest.param("rotate", marks=pytest.mark.slow), pytest.param("done", marks=pytest.mark.slow)]
)
def test_cut_short_anywhere_the_same_command_goes_on(folder, monkeypatch, step):
    """After the table went over, after the root moved in, before the last file is gone: one call more, and no third root."""

    def dies(*_args, **_more):
        raise Unavailable("cut short", part="test")

    with monkeypatch.context() as broken:
        if step == "rotate":
            broken.setattr("whosaw.cli.vault_reroot.rotate", dies)
        else:
            broken.setattr(root_next.NextInFile, step, dies)
        assert typed("vault", "reroot", "--by", "ines", "--to", "file", "--data", folder).code == 7
    waiting = (folder / "private/keys/root.next").read_bytes()
    if step == "settle":
        with pytest.raises(Misconfigured, match="not the one") as told, house(folder):
            pass
        assert "whosaw vault reroot" in told.value.hint
    else:
        known(folder)
    said = changed(folder, "--to", "file")
    assert said["outcome"] == "finished"
    assert seed(folder) == waiting
    assert not (folder / "private/keys/root.next").exists()
    known(folder)
    with house(folder) as here:
        assert here.keyring.epochs.numbers() == (2,)


@pytest.mark.slow
def test_through_every_place_a_root_can_live_in(folder, monkeypatch):
    """File, variable, key service, file: each time the settings are told, until then nothing starts, and nobody is lost."""
    with served() as there:
        transit = f'[keys]\nroot = "{{}}"\n[keys.transit]\nurl = "http://127.0.0.1:{there.port}"\nkey = "whosaw"\ntoken_env = "WHOSAW_TEST_REROOT_TOKEN"\n'
        monkeypatch.setenv("WHOSAW_TEST_REROOT_TOKEN", TOKEN)
        monkeypatch.setenv(VARIABLE, seed(folder).decode())
        said = typed("vault", "reroot", "--by", "ines", "--to", "environment", "--variable", VARIABLE, "--data", folder)
        assert (said.code, "holds the present root" in said.err) == (2, True)
        monkeypatch.setenv(VARIABLE, Root.make(os.urandom).encode().decode())
        changed(folder, "--to", "environment", "--variable", VARIABLE)
        assert not (folder / "private/keys/root").exists()
        with pytest.raises(Misconfigured), house(folder):
            pass
        settled(folder, f'[keys]\nroot = "environment"\nvariable = "{VARIABLE}"\n')
        known(folder)
        settled(
            folder,
            f'[keys]\nroot = "environment"\nvariable = "{VARIABLE}"\n' + transit.partition("\n")[2].partition("\n")[2],
        )
        changed(folder, "--to", "transit")
        assert (folder / "private/keys/root.sealed").exists()
        settled(folder, transit.format("transit"))
        known(folder)
        changed(folder, "--to", "transit")
        known(folder)
        changed(folder, "--to", "file")
        settled(folder, "")
        known(folder)
        assert {path.name for path in (folder / "private/keys").glob("root*")} == {"root"}


def test_beside_a_gate_nothing_is_exchanged(folder, monkeypatch):
    """The folder is in use, or another gate of many has a pulse: exit code 6, what to do, and neither root nor table changed."""
    before = raw(folder / "private" / "keys"), (folder / "private/keys.db").read_bytes()

    def refused() -> None:
        said = typed("vault", "reroot", "--by", "ines", "--to", "file", "--data", folder)
        assert (said.code, "a gate of this log is open" in said.err, "close every gate" in said.err) == (6, True, True)

    with house(folder):
        refused()
    with monkeypatch.context() as many:
        many.setattr("whosaw.cli.vault_reroot.elected", lambda _: Tenure(3, 60, 1, 0, 0))
        refused()
    assert (raw(folder / "private" / "keys"), (folder / "private/keys.db").read_bytes()) == before
    monkeypatch.setattr("whosaw.cli.vault_reroot.elected", lambda _: Tenure(3, 60, 60, 0, 0))
    assert changed(folder, "--to", "file")["outcome"] == "exchanged"
    known(folder)

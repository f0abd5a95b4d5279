# SPDX-License-Identifier: Apache-2.0
"""After an erasure every byte of the data folder is looked at: pages of databases, logs of them, segments, facts, findings,
what was kept aside. Nothing of the person is there; of everybody else everything is.
"""

import json
import sqlite3

import pytest
from tests.cli.desk import typed
from tests.erasure.folder import BY, FOUND, HERS, MANY, OTHERS, Traces

from whosaw.beside import glance
from whosaw.detect import findings_file
from whosaw.journal.reader import Reader
from whosaw.review import notes
from whosaw.wiring import house


@pytest.mark.parametrize(
    "person", [HERS, pytest.param(FOUND, marks=pytest.mark.slow), pytest.param(MANY, marks=pytest.mark.slow)]
)
def test_no_byte_is_left_of_an_erased_person(desk, person):
    """Neither id nor pseudonym, neither bodies nor nonces, neither keys nor what they sealed; and fsck finds all whole."""
    theirs, others = Traces.of(desk, person), [Traces.of(desk, other) for other in OTHERS]
    before = theirs.find(desk.data)
    for kind in ("pseudonym", "K wrapped", "lookup", "id sealed", "handle", "share 0"):
        assert any(line.endswith(f": {kind}") for line in before), kind
    for where in ("private/state.db", "private/keys.db", "private/segments", "private/facts", "private/kept"):
        assert any(line.startswith(where) for line in before), where
    assert sum("nonce" in line for line in before) >= len(theirs.frames)
    there = {other.person: len(other.find(desk.data)) for other in others}

    done = desk.typed("erase", person, "--basis", "request", "--by", BY, "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert done.json["records"] == len(theirs.frames)
    theirs.without(desk.data)
    for other in others:
        left = {line.split(": ")[1] for line in other.find(desk.data)}
        assert left >= {f"nonce {frame.index}" for frame in other.frames}
        assert there[other.person]
    fsck = desk.typed("journal", "fsck", "--with-keys")
    assert fsck.code == 0, fsck.out

    # And it stays so: the watch makes its tables again, and a start finds nothing to do.
    assert desk.typed("watch").code == 1
    theirs.without(desk.data)
    assert typed("verify", "--trust", desk.data / "trust", desk.data / "public").code == 0


def test_databases_are_written_anew_and_their_logs_are_empty(desk):
    """No page of either file is free after an erasure, and nothing waits in its write-ahead log."""
    assert desk.typed("erase", HERS, "--basis", "request", "--by", BY).code == 0
    for name in ("state.db", "keys.db"):
        wal = desk.data / "private" / f"{name}-wal"
        assert not wal.exists() or wal.stat().st_size == 0
        with sqlite3.connect(desk.data / "private" / name) as db:
            assert db.execute("PRAGMA freelist_count").fetchone() == (0,)


def test_requests_for_approvals_go_with_the_person(desk):
    """Rows, records and the sealed reason; a notice that is left says nothing of whom it was about."""
    ask = ("approval", "ask", "--person", HERS, "--field", "device", "--purpose", "subject_request", "--as", "ana")
    asked = desk.typed(*ask, "--reason", "Because of the move.", "--to", "ines", "--format", "json")
    assert asked.code == 0, asked
    theirs = Traces.of(desk, HERS)
    assert desk.typed("erase", HERS, "--basis", "request", "--by", BY).code == 0
    theirs.without(desk.data)
    assert desk.typed("approval", "show", json.loads(asked.out)["request"], "--as", "ines").code == 2
    assert desk.typed("journal", "fsck", "--with-keys").code == 0


def test_findings_keep_their_numbers_and_lose_the_person(desk):
    """Where the person is one of many, the finding stays without them and the looks at them; none is numbered anew."""
    theirs = Traces.of(desk, FOUND)
    path = desk.data / "private" / findings_file.NAME
    before = findings_file.parse(path.read_bytes())
    pseudonym = theirs.pieces["pseudonym"].decode()
    assert any(pseudonym in finding.persons for finding in before.findings)
    about = {finding.id for finding in before.findings if pseudonym in finding.persons}
    written = tuple(notes.Note(id_, bytes(32), "A line about somebody.") for id_ in (*sorted(about), "f-000999"))
    (desk.data / "private" / notes.NAME).write_bytes(notes.encode(written))
    assert desk.typed("erase", FOUND, "--basis", "withdrawn", "--by", BY).code == 0
    after = findings_file.parse(path.read_bytes())
    assert after.last == before.last
    left = notes.parse((desk.data / "private" / notes.NAME).read_bytes())
    assert [note.finding for note in left] == ["f-000999"]
    for old in before.findings:
        if pseudonym in old.persons and len(old.persons) > 1:
            (new,) = [finding for finding in after.findings if finding.id == old.id]
            assert set(old.persons) - set(new.persons) == {pseudonym}
            assert len(new.looks) < len(old.looks)


def test_proofs_of_others_are_the_same_bytes_and_those_of_the_erased_still_hold(desk):
    """Every inclusion proof under the head of before; and a receipt and a proof file of an erased leaf, kept by somebody."""
    theirs = Traces.of(desk, HERS)
    kept = desk.home / "kept.tlog-proof"
    with house(desk.data) as here:
        reader = here.journal.reader()
        index = theirs.frames[-1].index
        kept.write_bytes(here.journal.proof(index))
        size, before = reader.size, [reader.inclusion(n) for n in range(reader.size)]
    assert desk.typed("erase", HERS, "--basis", "request", "--by", BY).code == 0
    with house(desk.data) as here:
        then = Reader.at(here.stores, reader.note, reader.checkpoint)
        assert [then.inclusion(n) for n in range(size)] == before
        again = here.journal.proof(index)
    leaf = theirs.frames[-1].leaf_hash.hex()
    held = typed("verify", "proof", kept, "--trust", desk.data / "trust", "--leaf", leaf)
    assert held.code == 0, (held.out, held.err)
    anew = desk.home / "anew.tlog-proof"
    anew.write_bytes(again)
    assert typed("verify", "proof", anew, "--trust", desk.data / "trust", "--leaf", leaf).code == 0
    statement = desk.home / f"{HERS}.json"
    assert typed("verify", "statement", statement, "--trust", desk.data / "trust", "--person", HERS, "--folder",
                 desk.data / "public").code == 0  # fmt: skip


def test_who_comes_back_begins_anew(desk):
    """The next look makes the next generation; the statement opens it, and shows what is left of the one before."""
    assert desk.typed("erase", HERS, "--basis", "request", "--by", BY).code == 0
    assert desk.look().code == 4  # the case does not name her any more, and the attempt is recorded
    out = desk.home / "after.json"
    assert desk.typed("statement", HERS, "--out", out, "--as", "ines", "--format", "json").json["erased"] == 1
    said = typed("verify", "statement", out, "--trust", desk.data / "trust", "--person", HERS, "--format", "json")
    assert said.code == 0, said.out
    assert [one["generation"] for one in json.loads(out.read_bytes())["generations"]] == [0, 1]
    assert "1 generation of it held was erased" in said.out
    second = desk.typed("erase", HERS, "--basis", "request", "--by", BY, "--format", "json")
    assert (second.code, second.json["records"]) == (0, 3)
    assert desk.typed("journal", "fsck", "--with-keys").code == 0
    third = desk.typed("erase", HERS, "--basis", "request", "--by", BY, "--format", "json")
    assert (third.code, third.json["outcome"], third.json["generations"]) == (0, "done before", 2)


def test_an_old_log_taken_in_again_brings_nobody_back(desk):
    """What was erased is not recorded a second time when somebody takes the same file in once more."""
    theirs = Traces.of(desk, FOUND)
    assert desk.typed("erase", FOUND, "--basis", "request", "--by", BY).code == 0
    with glance(desk.data) as here:
        size = here.stores.head.read().size
    again = desk.typed("collect", "access", desk.home / "week.log", "--format", "json")
    assert (again.code, again.json["new"]) == (0, 0)
    bulk = desk.typed("collect", "pgaudit", desk.home / "pg.log", "--format", "json")
    assert (bulk.code, bulk.json["new"]) == (0, 0)
    theirs.without(desk.data)
    with glance(desk.data) as here:
        assert here.stores.head.read().size <= size + 4  # that it was taken in is on record, and nothing of a person

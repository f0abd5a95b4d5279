# SPDX-License-Identifier: Apache-2.0
"""The projection: once or many times, whole or not at all."""

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts.kills import dying
from tests.facts.made import SEAL, Ledger, at, look, other

from whosaw.errors import BadInput, Busy, Damaged, MissingExtra, NotCanonical
from whosaw.facts.columns import TABLES, micros
from whosaw.facts.extra import need
from whosaw.facts.opened import open_facts
from whosaw.facts.parquet import check_part, write_part
from whosaw.facts.ports import PersonRow, StaffRow, Tables
from whosaw.facts.prepared.looks import prepare
from whosaw.facts.progress import Part, Progress, file_name, sealed, unsealed
from whosaw.facts.project import PARTS, project, read_progress
from whosaw.facts.rows import look_rows
from whosaw.model.record import Kind, canonical, parse
from whosaw.privacy.root import Mac

NOTE = b"a signed checkpoint"
NOW = micros(at(100))
NOTHING = Tables()


def bodies(count):
    return [look(i, f"e-{i % 5}", f"p-{i % 7}", at(hours=i)).encode() for i in range(count)]


def looks(folder):
    with open_facts(folder, SEAL) as facts:
        return facts.rows(facts.tables["look"], ["row"], "test")


def test_nothing_yet(tmp_path):
    """Where no facts were made, opening them says so."""
    with pytest.raises(BadInput, match="no facts yet"), open_facts(tmp_path, SEAL):
        pass


def test_every_look_becomes_a_row(tmp_path):
    """As many rows as looks, with other kinds and erased records passed over."""
    ledger = Ledger([*bodies(30), other("enrol", stream_key="AAAA"), None, *bodies(2)])
    made = project(ledger, NOTHING, tmp_path, size=len(ledger), checkpoint=NOTE, seal=SEAL, at=NOW)
    assert made.leaves == 35
    assert len(looks(tmp_path)) == 32
    assert set(made.tables) == {"look"}


def test_an_empty_journal_has_empty_tables(tmp_path):
    """A journal with nothing but its genesis gives a table of looks with its columns and no row."""
    project(Ledger([]), Tables(staff_rows=()), tmp_path, size=1, checkpoint=NOTE, seal=SEAL, at=NOW)
    with open_facts(tmp_path, SEAL) as facts:
        assert facts.rows(facts.tables["look"], ["row"], "test") == []
        assert list(facts.tables["look"].schema()) == list(TABLES["look"])
        assert set(facts.tables) == {"look", "staff"}


@pytest.mark.slow
@settings(max_examples=30, deadline=None)  # a part more is a file more to sync
@given(cuts=st.lists(st.integers(1, 41), max_size=5).map(sorted))
def test_in_one_run_or_in_many(tmp_path_factory, cuts):
    """Any split into runs gives the rows of one run, and leaves no file that nobody names."""
    ledger = Ledger(bodies(40))
    once, many = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("many")
    project(ledger, NOTHING, once, size=41, checkpoint=NOTE, seal=SEAL, at=NOW)
    for size in [*cuts, 41, 41]:
        project(ledger, NOTHING, many, size=size, checkpoint=NOTE, seal=SEAL, at=NOW)
    assert looks(once) == looks(many)
    named = {part.file for parts in read_progress(many, SEAL).tables.values() for part in parts}
    assert {p.name for p in many.iterdir()} == named | {"progress.json", "lock"}


def test_parts_become_one(tmp_path):
    """After many runs the parts are made one again, with the same rows."""
    ledger = Ledger(bodies(PARTS + 4))
    for size in range(1, len(ledger) + 1):
        made = project(ledger, NOTHING, tmp_path, size=size, checkpoint=NOTE, seal=SEAL, at=NOW)
    assert len(made.tables["look"]) < PARTS
    assert len(looks(tmp_path)) == PARTS + 4


def test_a_body_that_is_no_record_changes_nothing(tmp_path):
    """A damaged journal leaves the facts of before, byte for byte."""
    ledger = Ledger(bodies(10))
    project(ledger, NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW)
    before = (tmp_path / "progress.json").read_bytes(), looks(tmp_path)
    ledger.bodies.append(b'{"kind":"look","v":1}')
    with pytest.raises(Damaged, match="leaf 11"):
        project(ledger, NOTHING, tmp_path, size=12, checkpoint=NOTE, seal=SEAL, at=NOW)
    assert ((tmp_path / "progress.json").read_bytes(), looks(tmp_path)) == before


def test_a_crash_leaves_nothing_that_counts(tmp_path):
    """Leftovers of a run that died are ignored, and swept away by the next."""
    ledger = Ledger(bodies(10))
    project(ledger, NOTHING, tmp_path, size=6, checkpoint=NOTE, seal=SEAL, at=NOW)
    before = looks(tmp_path)
    (tmp_path / "look.new").write_bytes(b"half a file")
    (tmp_path / "look-0123456789abcdef0123456789abcdef.parquet").write_bytes(b"a whole file that nobody names")
    (tmp_path / "progress.json.new").write_bytes(b"{")
    assert looks(tmp_path) == before
    project(ledger, NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW)
    assert len(looks(tmp_path)) == 10
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_write_leaves_what_was_or_what_is(tmp_path, after):
    """Whichever write is the last: the facts are the old ones or the new ones, both whole; and once more makes the new, to the byte."""
    ledger = Ledger(bodies(12))
    old, new = (
        Tables(staff_rows=(StaffRow(who="e-1", unit=unit, function="support"),), person_rows=()) for unit in ("u", "v")
    )

    def run(folder, size, known, last=None):
        with dying(last, after=after) as writes:
            project(ledger, known, folder, size=size, checkpoint=NOTE, seal=SEAL, at=NOW)
        return writes

    for name, again in (("was", ()), ("is", ((13, new),))):
        for size, known in ((7, old), *again):
            run(tmp_path / name, size, known)
    was, is_ = read_progress(tmp_path / "was", SEAL), read_progress(tmp_path / "is", SEAL)
    shutil.copytree(tmp_path / "was", tmp_path / "all")
    writes = run(tmp_path / "all", 13, new).done
    assert writes >= 10
    for last in range(writes):
        folder = tmp_path / str(last)
        shutil.copytree(tmp_path / "was", folder)
        assert run(folder, 13, new, last).died
        left = read_progress(folder, SEAL)
        assert left in (was, is_)
        assert [check_part(folder, part) for parts in left.tables.values() for part in parts]
        run(folder, 13, new)
        assert read_progress(folder, SEAL) == is_
        named = {part.file for parts in is_.tables.values() for part in parts}
        assert {p.name for p in folder.iterdir()} == named | {"progress.json", "lock"}


def flipped(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def changed_part(folder, made):
    flipped(folder / made.tables["look"][0].file)


def changed_directory(folder, made):
    flipped(folder / made.tables["staff"][0].file)


def changed_progress(folder, made):
    flipped(folder / "progress.json")


def lost_mac(folder, made):
    (folder / "progress.json").write_bytes(made.encode())


def another_house(folder, made):
    (folder / "progress.json").write_bytes(sealed(made, Mac(bytes(32))))


def changed_both(folder, made):
    """Whoever can write the folder: a part with other rows, and the list that names it by its digest."""
    part = write_part(folder, "look", look_rows(1, look(1, "e-forged", "p-forged", at(1)).encode()))
    forged = replace(made, tables={**made.tables, "look": (part,)})
    (folder / "progress.json").write_bytes(sealed(forged, Mac(bytes(32))))


@pytest.mark.parametrize(
    "change", [changed_part, changed_directory, changed_progress, lost_mac, another_house, changed_both]
)
def test_what_the_house_did_not_write_is_found_said_and_made_anew(tmp_path, change):
    """Nothing of it is read; the facts are those of the journal again, and since when that is known is in their progress."""
    ledger, known = Ledger(bodies(10)), Tables(staff_rows=(StaffRow(who="e-1", unit="u", function="support"),))
    made = project(ledger, known, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW)
    assert made.changed is None
    before = looks(tmp_path)
    change(tmp_path, made)
    with pytest.raises(Damaged), open_facts(tmp_path, SEAL):
        pass
    again = project(ledger, known, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW + 1)
    assert (looks(tmp_path), again.changed) == (before, NOW + 1)
    later = project(ledger, known, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW + 2)
    assert later.changed == NOW + 1


@pytest.mark.parametrize("put_back", [False, True])
def test_what_is_exchanged_between_its_check_and_its_reading_is_kept_by_nobody(tmp_path, put_back):
    """Also where the true file stands there again before anybody looks."""
    made = project(Ledger(bodies(10)), NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW)
    true = tmp_path / made.tables["look"][0].file
    forged = tmp_path / write_part(tmp_path, "look", look_rows(1, look(1, "e-forged", "p-forged", at(1)).encode())).file

    def exchanged():
        with open_facts(tmp_path, SEAL) as facts:
            probe = tmp_path / "probe"
            probe.touch()
            while probe.stat().st_ctime_ns <= true.stat().st_ctime_ns:  # until the file system's clock has gone on
                probe.touch()
            true.rename(tmp_path / "aside")
            true.write_bytes(forged.read_bytes())
            rows = facts.rows(facts.tables["look"], ["row"], "test")
            if put_back:
                (tmp_path / "aside").rename(true)
            return rows

    with pytest.raises(Damaged, match="was not left alone while it was read"):
        exchanged()


def test_facts_of_before_are_made_anew_and_accuse_nobody(tmp_path):
    """Progress of the version that was not sealed is nobody's doing."""
    ledger = Ledger(bodies(10))
    made = project(ledger, NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW)
    older = {**parse(made.encode()), "v": 3}
    (tmp_path / "progress.json").write_bytes(canonical(older))
    with pytest.raises(Damaged), open_facts(tmp_path, SEAL):
        pass
    assert project(ledger, NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW) == made


def test_another_journal_is_not_added_to(tmp_path):
    """Facts of another journal are replaced, not continued; of a journal that shrank, they are damage."""
    project(Ledger(bodies(10)), NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW)
    foreign = Ledger(bodies(3), genesis=other("genesis", origin="log.example.org/other"))
    project(foreign, NOTHING, tmp_path, size=4, checkpoint=NOTE, seal=SEAL, at=NOW)
    assert len(looks(tmp_path)) == 3
    with pytest.raises(Damaged, match="journal"):
        project(foreign, NOTHING, tmp_path, size=3, checkpoint=NOTE, seal=SEAL, at=NOW)


def test_a_missing_leaf_is_damage(tmp_path):
    """A journal that yields fewer leaves than its checkpoint says is not projected."""
    with pytest.raises(Damaged, match="leaf 11"):
        project(Ledger(bodies(10)), NOTHING, tmp_path, size=15, checkpoint=NOTE, seal=SEAL, at=NOW)


def test_erasure_rebuilds(tmp_path):
    """After a record was erased, a rebuild has its row no more."""
    ledger = Ledger(bodies(10))
    project(ledger, NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW)
    ledger.bodies[4] = None
    project(ledger, NOTHING, tmp_path, size=11, checkpoint=NOTE, seal=SEAL, at=NOW, rebuild=True)
    assert 4 not in [row["leaf"] for row in looks(tmp_path)]
    assert len(looks(tmp_path)) == 9


def test_readers_and_a_writer_exclude_each_other(tmp_path):
    """Nobody's tables change under them: Busy, not half."""
    ledger = Ledger(bodies(3))
    project(ledger, NOTHING, tmp_path, size=4, checkpoint=NOTE, seal=SEAL, at=NOW)
    with open_facts(tmp_path, SEAL), open_facts(tmp_path, SEAL), pytest.raises(Busy):
        project(ledger, NOTHING, tmp_path, size=4, checkpoint=NOTE, seal=SEAL, at=NOW)
    project(ledger, NOTHING, tmp_path, size=4, checkpoint=NOTE, seal=SEAL, at=NOW)


def test_prepared_looks_are_as_many_as_looks(tmp_path):
    """Preparing adds columns as of the look and never a row; the size of a request is the larger of seen and said."""
    rows = [
        look(1, "e-a", "p-a", at(1)),
        look(2, "e-a", "p-b", at(20)),
        look(3, "e-x", None, at(21), kind=Kind.BULK, mentions=40),
        look(3, "e-x", "p-b", at(21), kind=Kind.MENTION, bulk="l-000003"),
    ]
    ledger = Ledger([r.encode() for r in rows])
    moved = micros(at(10))
    known = Tables(
        staff_rows=(
            StaffRow(who="e-a", unit="u1", function="support", valid_from=0, valid_to=moved),
            StaffRow(who="e-a", unit="u2", function="fraud", manager="e-b", valid_from=moved),
        ),
        person_rows=(
            PersonRow(person="p-a", region="DE", protected=True, valid_from=0, valid_to=micros(at(2))),
            PersonRow(person="p-a", region="DE", valid_from=micros(at(2))),
            PersonRow(person="p-b", region="IE"),
        ),
    )
    project(ledger, known, tmp_path, size=len(ledger), checkpoint=NOTE, seal=SEAL, at=NOW)
    with open_facts(tmp_path, SEAL) as facts:
        found = facts.rows(prepare(facts.tables, micros(at(30))), ["row"], "test")
        earlier = facts.rows(prepare(facts.tables, micros(at(5))), ["row"], "test")
    assert [(r["unit"], r["function"], r["protected"], r["region"], r["size"]) for r in found] == [
        ("u1", "support", 1, "DE", 1),
        ("u2", "fraud", 0, "IE", 1),
        (None, None, 0, None, 40),
        (None, None, 0, "IE", 40),
    ]
    assert [r["leaf"] for r in earlier] == [1]


@given(
    st.builds(
        Progress,
        leaves=st.integers(1, 2**40),
        origin=st.text("0123456789abcdef", min_size=64, max_size=64),
        checkpoint=st.text("0123456789abcdef", min_size=64, max_size=64),
        tables=st.just({"look": (Part(file_name("look", "a" * 64), 3, "a" * 64),)}),
        changed=st.none() | st.integers(0, 2**52),
    )
)
def test_progress_has_one_spelling(progress):
    """What is written is read back the same."""
    assert Progress.parse(progress.encode()) == progress
    assert unsealed(sealed(progress, SEAL), SEAL) == progress


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_progress(raw):
    """Any bytes are a progress in its one spelling, or NotCanonical; and none that we did not seal."""
    with pytest.raises((Damaged, NotCanonical)):
        unsealed(raw, SEAL)
    try:
        assert Progress.parse(raw).encode() == raw
    except NotCanonical:
        return


@given(st.data())
def test_mutated_progress_is_refused_or_rerenders(data):
    """One byte changed: refused, or still one spelling. A file outside the folder can never be named."""
    good = Progress(3, "0" * 64, "1" * 64, {"look": (Part(file_name("look", "a" * 64), 3, "a" * 64),)}).encode()
    raw = bytearray(good)
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = Progress.parse(bytes(raw))
    except NotCanonical:
        return
    assert made.encode() == raw
    assert "/" not in made.tables["look"][0].file


def test_a_missing_extra_says_how_to_get_it():
    """Where the extra is not installed, the error is the line that installs it."""
    with pytest.raises(MissingExtra) as caught:
        need("whosaw_has_no_such_module", "watching")
    assert caught.value.hint == 'pip install "whosaw[watch]"'


def test_facts_import_without_the_extra():
    """Everything here can be imported where the extra is not installed; only its use asks for it."""
    code = (
        "import sys\n"
        "for m in ('ibis','duckdb','pyarrow','scipy','numpy'): sys.modules[m] = None\n"
        "import whosaw.facts.opened, whosaw.facts.project, whosaw.facts.prepared, whosaw.facts.known\n"
        "from pathlib import Path\n"
        "from whosaw.errors import MissingExtra\n"
        "try:\n"
        "    with whosaw.facts.opened.open_facts(Path('nowhere'), None): pass\n"
        "except MissingExtra: print('missing')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "missing\n"

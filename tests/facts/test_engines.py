# SPDX-License-Identifier: Apache-2.0
"""Two engines, one answer: DuckDB, and a real Spark cluster with workers of its own, row by row. `make spark` runs it."""

import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from tests.facts.dataset.folder import LOOK, folder_of
from tests.facts.dataset.test_read import drawn

from whosaw.detect.defaults import load_defaults
from whosaw.detect.examine import examine
from whosaw.detect.lines import json_line
from whosaw.detect.registry import SIGNALS
from whosaw.detect.run import world_of
from whosaw.detect.signal import PREPARED
from whosaw.detect.templates import load_templates
from whosaw.errors import Damaged, MissingExtra, Unavailable
from whosaw.facts import engine, opened
from whosaw.facts.columns import FIELDS
from whosaw.facts.dataset.opened import open_dataset

CLUSTER = "local-cluster[2,1,1024]"


def apart(question, folder):
    """What `question` says of `folder` on a cluster, in a process of its own: Java keeps for good where its first cluster spilled."""
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        return pool.submit(question, folder, CLUSTER).result()


def company(draw):
    """What `drawn` gives, and work of twenty people on forty persons with cases, some of them late, wrong or none."""
    tables = drawn(draw)
    people, persons = [f"e-{i}" for i in range(10, 30)], [f"p-{i}" for i in range(40)]

    def day(n):
        return f"2022-{1 + n // 28:02d}-{1 + n % 28:02d}T{draw.randint(8, 18):02d}:00:00Z"

    tables["staff"] += [
        {"staff_id": who, "unit": f"u{i % 4}", "function": ("support", "audit")[i % 2], "manager": f"e-{10 + i // 5}", "country": ("IE", "US")[i % 2],
         "own_person": f"p-{i}", "household": f"h-{i}"} for i, who in enumerate(people)
    ]  # fmt: skip
    tables["persons"] += [
        {"person": p, "region": "EU", "classes": ["press"] if i % 9 == 0 else None, "household": f"h-{i}"}
        for i, p in enumerate(persons)
    ]
    tables["links"] += [
        {"a": draw.choice(persons), "b": draw.choice(persons), "kind": draw.choice(("contact", "family", "device"))}
        for _ in range(90)
    ]
    for i in range(60):
        opened, person, who = draw.randint(0, 130), draw.choice(persons), draw.choice(people)
        tables["cases"].append(
            {
                "case_id": f"w-{i}",
                "type": "fraud_review",
                "opened": day(opened),
                "assignee": who,
                "opened_by": draw.choice(people),
                "approver": draw.choice(people),
            }
        )
        tables["case_persons"].append(
            {"case_id": f"w-{i}", "person": person, "added": day(opened), "added_by": draw.choice(people)}
        )
        for j in range(draw.randint(1, 5)):
            looker = who if draw.random() < 0.7 else draw.choice(people)
            tables["looks"].append({**LOOK, "look_id": f"w-{i}-{j}", "time": day(opened + draw.randint(-2, 20) if opened > 2 else opened), "principal": looker, "person": person,
                                    "fields": draw.sample([str(f) for f in FIELDS], 2), "purpose": "fraud_review", "case": f"w-{i}" if draw.random() < 0.8 else None})  # fmt: skip
    return tables


def calls(draw):
    """Eight who open the cases of those who call themselves, and one of another function who never does; a caller in ten is of the press."""
    who = [f"e-{i}" for i in range(9)]
    tables = {"cases": [], "case_persons": [], "looks": [], "persons": []}
    for i in range(270):
        looker, person, time = who[i % 9], f"p-{i}", f"2022-03-{1 + i % 28:02d}T{8 + i % 9:02d}:00:00Z"
        own = i % 9 < 8 and draw.random() < 0.5
        tables["persons"].append({"person": person, "region": "DE", "classes": ["press"] if i % 10 == 0 else None})
        tables["looks"].append({**LOOK, "look_id": f"l-{i:03d}", "time": time, "principal": looker, "person": person})
        if own:
            tables["cases"].append({"case_id": f"c-{i}", "type": "call", "opened": "2022-03-01T07:00:00Z", "assignee": looker, "opened_by": looker})  # fmt: skip
            tables["case_persons"].append({"case_id": f"c-{i}", "person": person, "added": "2022-03-01T07:00:00Z", "added_by": looker})  # fmt: skip
    functions = ("support",) * 8 + ("audit",)
    staff = [{"staff_id": w, "unit": f"u{i % 3}", "function": functions[i]} for i, w in enumerate(who)]
    return {**tables, "staff": staff}


def explained(folder, which):
    """The looks, with their reasons."""
    with open_dataset(folder, engine=which) as facts:
        templates = load_templates().without(facts.dataset.unsaid)
        world = world_of(facts, facts.dataset.end, load_defaults(), templates)
        return facts.rows(world.looks, ("row",), "looks"), [template.id for template in templates.templates]


def found(folder, which):
    """Lines of findings, what every signal says of every unit, and what could be seen."""
    with open_dataset(folder, engine=which) as facts:
        made = examine(
            facts, facts.dataset, budget=400, replay=None, defaults=load_defaults(), templates=load_templates()
        )
    return [json_line(line) for line in made.lines], made.units, made.coverage


def asked(folder, which):
    """Every row that leaves the engine, of every prepared table and every signal that can run."""
    with open_dataset(folder, engine=which) as facts:
        defaults, templates = load_defaults(), load_templates()
        world = world_of(facts, facts.dataset.end, defaults, templates.without(facts.dataset.unsaid))
        found = {"looks": facts.rows(world.looks, ("row",), "looks")}
        for name in PREPARED:
            table = world.prepared(name)
            found[name] = facts.rows(table, tuple(table.columns), name)
        for detector in SIGNALS:
            if frozenset(facts.tables) >= detector.NEEDS:
                for name, table in detector.query(world).items():
                    found[f"{detector.NAME}: {name}"] = facts.rows(table, tuple(table.columns), name)
        return found


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("partitions", [1, 8])
def test_a_cluster_says_what_duckdb_says(tmp_path, monkeypatch, partitions):
    """Explained looks, all prepared tables and what every signal asks for, to the byte."""
    pytest.importorskip("pyspark", reason="make spark installs it")
    monkeypatch.setattr(engine, "_PARTITIONS", partitions)
    folder_of(tmp_path, **company(random.Random(5)))
    theirs, ours = apart(asked, tmp_path), asked(tmp_path, "duckdb")
    assert len(ours["looks"]) > 150 and any(row["weight_then"] for row in ours["looks"])
    assert {name for name, rows in ours.items() if rows != theirs[name]} == set()


def test_an_engine_that_is_not_there(tmp_path):
    """Is said in one sentence, with the extra that brings it."""
    try:
        import pyspark  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(MissingExtra, match="spark"), engine.engine_of("local[1]"):
            pass


def test_an_engine_takes_no_more_than_there_is():
    """Ten gigabytes at most, in whole megabytes."""
    assert 0 < int(engine.memory_limit().removesuffix("MB")) <= 10_000


def test_an_engine_takes_what_it_was_given_and_spills_where_it_was_told(tmp_path):
    """More than it may hold is sorted all the same, and lies in a folder of its own there, which goes with it."""
    with engine.engine_of(room=engine.Room(20_000_000, tmp_path / "spill")) as on:
        said = "select current_setting('memory_limit'), current_setting('temp_directory')"
        ((memory, place),) = on.backend.raw_sql(said).fetchall()
        assert memory.startswith("19") and Path(place).parent == tmp_path / "spill"
        on.backend.raw_sql("set threads = 1")
        on.backend.raw_sql(
            "create temp table many as select hash(i) as n, i::varchar || 'x' as x from range(1500000) t(i)"
        )
        assert [each for each in Path(place).iterdir() if each.is_file()]
        assert on.table("many").count().to_pyarrow().as_py() == 1_500_000
    assert list((tmp_path / "spill").iterdir()) == []


def test_what_has_no_place_of_its_own_is_nobody_elses_to_read():
    """The engine would put it below wherever somebody stands, for all to read, and leave it there when it is killed."""
    with engine.engine_of() as on:
        ((place,),) = on.backend.raw_sql("select current_setting('temp_directory')").fetchall()
        assert (Path(place).is_absolute(), Path(place).stat().st_mode & 0o777) == (True, 0o700)
    assert not Path(place).exists()


def test_what_is_forgotten_is_gone_and_nothing_else():
    """By how its name ends, so that the next instant has the room."""
    ibis = pytest.importorskip("ibis")
    with engine.engine_of() as on:
        on.backend.raw_sql("create temp table one_a as select unnest(range(3)) as n")
        one = on.table("one_a")
        on.keep("two_b", one)
        on.forget("_a")
        assert on.table("two_b").count().to_pyarrow().as_py() == 3
        with pytest.raises(ibis.common.exceptions.TableNotFound):
            on.table("one_a")


def test_what_is_laid_down_is_a_table_like_any_other_and_its_file_goes_with_it(tmp_path):
    """Of the types that it had; it goes when it is forgotten, and at the end."""
    ibis = pytest.importorskip("ibis")
    with engine.engine_of(room=engine.Room(None, tmp_path)) as on:
        on.beside = True
        on.backend.raw_sql("create temp table few as select * from (values (1, 'x'), (2, null)) t(n, name)")
        few = on.table("few")
        there = on.lay("of it's_a", few.mutate(one=ibis.literal(1)).order_by("n"))
        on.lay("other_b", few)
        assert [str(kind) for kind in there.schema().types] == ["int32", "string", "int8"]
        assert sorted(on.arrow(there).to_pylist(), key=str) == [
            {"n": 1, "name": "x", "one": 1},
            {"n": 2, "name": None, "one": 1},
        ]
        assert len(list(tmp_path.rglob("*.parquet"))) == 2
        on.forget("_a")
        assert len(list(tmp_path.rglob("*.parquet"))) == 1
        with pytest.raises(ibis.common.exceptions.TableNotFound):
            on.table("of it's_a")
        assert on.arrow(on.table("other_b")).num_rows == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("memory", "files"), [(None, 0), (299_999_999, 1), (300_000_000, 0)])
def test_what_is_laid_down_stays_in_memory_where_there_is_room_for_all_looks(tmp_path, memory, files):
    """A hundred thousand rows were read, and may take three thousand bytes each; the same rows in both."""
    pytest.importorskip("ibis")
    with engine.engine_of(room=engine.Room(memory, tmp_path / "spill")) as on:
        on.backend.raw_sql(f"copy (select unnest(range(100000)) as n) to '{tmp_path}/look.parquet' (format parquet)")
        laid = on.lay("laid", on.read("look", [tmp_path / "look.parquet"]))
        assert sorted(row["n"] for row in on.arrow(laid).to_pylist()) == list(range(100_000))
        assert len(list((tmp_path / "spill").rglob("*.parquet"))) == files


@pytest.mark.parametrize(
    ("kind", "said"), [("OutOfMemory", "too little memory for this$"), ("IO", "write or read its files$")]
)
@pytest.mark.parametrize("beside", [False, True])
def test_too_little_room_is_said_of_the_question_and_not_of_what_it_asked(monkeypatch, kind, said, beside):
    """Whether it is kept, laid down or asked for; the engine's own words would quote the question."""
    duckdb = pytest.importorskip("duckdb")
    with engine.engine_of() as on:
        on.beside = beside
        on.backend.raw_sql("create temp table few as select 'e-41' as who")
        few = on.table("few")

        def none_left(*words):
            raise getattr(duckdb, f"{kind}Exception")("no room for e-41")

        monkeypatch.setattr(on, "backend", _Full(on.backend, none_left))
        for ask in (on.arrow, lambda e: on.keep("a", e), lambda e: on.lay("b", e)):
            with pytest.raises(Unavailable, match=said):
                ask(few)


def test_a_file_that_somebody_took_away_is_no_answer(tmp_path):
    """The question that needs it says so, not by its path; and what was made meanwhile is kept by nobody."""

    def taken():
        with engine.engine_of(room=engine.Room(None, tmp_path)) as on:
            on.beside = True
            on.backend.raw_sql("create temp table few as select 1 as n")
            there = on.lay("few_laid", on.table("few"))
            for each in tmp_path.rglob("*.parquet"):
                each.unlink()
            with pytest.raises(Unavailable, match=r"cannot write or read its files$"):
                on.arrow(there)

    with pytest.raises(Damaged, match="was not left alone"):
        taken()


@pytest.mark.parametrize("put_back", [False, True])
def test_what_was_laid_down_and_exchanged_is_kept_by_nobody(tmp_path, put_back):
    """Looks lie in these files between two questions: who may write there would answer the second. Also where it is put back."""

    def exchanged():
        with engine.engine_of(room=engine.Room(None, tmp_path)) as on:
            on.beside = True
            on.backend.raw_sql("create temp table few as select 1 as n")
            on.backend.raw_sql("create temp table other as select 2 as n")
            there = on.lay("few_laid", on.table("few"))
            (true,) = tmp_path.rglob("*.parquet")
            on.lay("other_laid", on.table("other"))
            (forged,) = set(tmp_path.rglob("*.parquet")) - {true}
            later(true)
            true.rename(true.with_suffix(".aside"))
            true.write_bytes(forged.read_bytes())
            assert on.arrow(there).to_pylist() == [{"n": 2}]
            if put_back:
                true.with_suffix(".aside").rename(true)

    with pytest.raises(Damaged, match="was not left alone") as caught:
        exchanged()
    assert "--spill" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_table_of_a_folder_that_is_exchanged_meanwhile_is_kept_by_nobody(tmp_path):
    """It is read once, checked, and lies as Parquet until the run ends."""
    (tmp_path / "folder").mkdir()
    folder_of(tmp_path / "folder", looks=[LOOK])
    spill = tmp_path / "spill"
    spill.mkdir()

    def exchanged():
        with open_dataset(tmp_path / "folder", room=engine.Room(None, spill)) as facts:
            assert facts.tables["look"].count().to_pyarrow().as_py() == 1
            (true,) = spill.rglob("look.parquet")
            later(true)
            true.touch()

    with pytest.raises(Damaged, match=r"look\.parquet was not left alone"):
        exchanged()
    assert not list(spill.iterdir())


def later(path):
    """Once the file system's clock has gone on: of two changes in one tick nobody could tell."""
    probe = path.with_name("probe")
    probe.touch()
    while probe.stat().st_ctime_ns <= path.stat().st_ctime_ns:
        probe.touch()
    probe.unlink()


class _Full:
    """A backend that compiles and answers nothing."""

    def __init__(self, backend, none_left):
        self._backend, self.raw_sql, self.sql = backend, none_left, none_left

    @property
    def con(self):
        return self

    def __getattr__(self, name):
        return getattr(self._backend, name)


def test_a_number_past_its_end_is_a_fault_in_arithmetic():
    """So that one signal is off by it, and not all."""
    with engine.engine_of() as on:
        on.backend.raw_sql(f"create temp table large as select {2**62} as n")
        large = on.table("large")
        with pytest.raises(OverflowError, match="no place"):
            on.arrow(large.mutate(m=large.n * large.n))
        with pytest.raises(OverflowError, match="no place"):
            on.keep("larger", large.mutate(m=large.n * large.n))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_number_past_its_end_is_one_on_a_cluster_too():
    """Whether it is kept or asked for, and the cluster goes on."""
    pytest.importorskip("pyspark", reason="make spark installs it")
    with engine.engine_of(CLUSTER) as on:
        on._session.sql(f"select {2**62} as n").createOrReplaceTempView("large")
        large = on.table("large")
        with pytest.raises(OverflowError, match="no place"):
            on.arrow(large.mutate(m=large.n * large.n))
        with pytest.raises(OverflowError, match="no place"):
            on.keep("larger", large.mutate(m=large.n * large.n))
        assert on.arrow(large).num_rows == 1


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_cluster_knows_the_same_conventions(tmp_path):
    """A case of one's own is a reason for those who all work so, at nobody of the press, and for nobody else."""
    pytest.importorskip("pyspark", reason="make spark installs it")
    folder_of(tmp_path, **calls(random.Random(3)))
    (theirs, _), (ours, ids) = apart(explained, tmp_path), explained(tmp_path, "duckdb")
    own = [row for row in ours if row["weight_then"] >= 50 and ids[row["template"]] == "case_of_own"]
    assert len(own) > 80 and not any(row["protected"] for row in own)
    assert theirs == ours


@pytest.mark.slow
@pytest.mark.timeout(6000)
def test_a_cluster_finds_what_duckdb_finds(tmp_path, monkeypatch):
    """All signals: every finding and every unit, with slices of one key each."""
    pytest.importorskip("pyspark", reason="make spark installs it")
    monkeypatch.setattr(opened, "SLICE", 200)
    folder_of(tmp_path, **company(random.Random(5)))
    theirs, ours = apart(found, tmp_path), found(tmp_path, "duckdb")
    assert len(ours[0]) > 3 and len({unit.signal for unit in ours[1]}) > 12
    assert not [said for said in ours[2].off if said.startswith("The signal")]
    assert theirs == ours

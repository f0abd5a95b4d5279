# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes lie in a folder: it is opened, or refused in words of ours. Never half of it, never another error."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts.dataset.folder import folder_of
from tests.facts.dataset.test_read import drawn
from tests.tlog.given import damaged

from whosaw.errors import BadInput, Damaged, Unavailable
from whosaw.facts.dataset import read as reading
from whosaw.facts.dataset.opened import open_dataset

pytest.importorskip("ibis")
TABLES = {name: rows for name, rows in drawn(random.Random(11)).items() if name in ("looks", "persons", "changes")}


def opened(folder, **options):
    """How many looks it has; None where it is refused."""
    try:
        with open_dataset(folder, **options) as facts:
            return facts.tables["look"].filter(facts.tables["look"].claimed == 0).count().to_pyarrow().as_py()
    except BadInput as error:
        assert str(error) and "\n" not in str(error)
        return None


def tried(data, form):
    with TemporaryDirectory() as made:
        folder = folder_of(Path(made), form, **TABLES)
        path = folder / f"{data.draw(st.sampled_from(sorted(TABLES)))}.{form}"
        path.write_bytes(data.draw(damaged(path.read_bytes())))
        strictly, leniently = opened(folder), opened(folder, lenient=True)
        if strictly is not None:
            assert strictly == leniently and not (folder / "rejected.jsonl").exists()


@settings(max_examples=4, deadline=None)
@given(data=st.data(), form=st.sampled_from(("csv", "jsonl")))
def test_a_damaged_file_is_refused_or_read(data, form):
    """And where it is read strictly, leniently it says the same."""
    tried(data, form)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(data=st.data(), form=st.sampled_from(("csv", "jsonl", "parquet", "csv.gz", "jsonl.gz")))
def test_a_damaged_file_of_any_form(data, form):
    """The same at length, packed files and Parquet among them."""
    tried(data, form)


@pytest.mark.parametrize(("step", "kind"), [("texts", "OutOfMemory"), ("project", "OutOfMemory"), ("project", "IO")])
def test_a_full_disk_is_no_fault_of_the_folder(tmp_path, monkeypatch, step, kind):
    """Nor one of ours; and the engine's words, which quote what it was about, are not told."""
    duckdb = pytest.importorskip("duckdb")

    def full(*_):
        raise getattr(duckdb, f"{kind}Exception")("no room for e-41")

    monkeypatch.setattr(reading, step, full)
    folder_of(tmp_path, **TABLES)
    with pytest.raises(Unavailable, match=r"^the engine ") as told, open_dataset(tmp_path):
        pass
    assert "e-41" not in f"{told.value} {told.value.hint}"


def test_rows_that_cannot_be_laid_down_are_no_fault_of_the_folder(tmp_path):
    """The disk is, on which the rows are to lie; of a file that cannot be read it is the file."""
    folder, spool = folder_of(tmp_path, "parquet", **TABLES), tmp_path / "spool"
    (spool / "looks.typed").mkdir(parents=True)
    with pytest.raises(Unavailable, match="cannot write or read its files"):
        reading.read(folder, spool, lenient=None)
    whole = (folder / "looks.parquet").read_bytes()
    (folder / "looks.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="cannot be read as parquet"):
        reading.read(folder, spool, lenient=None)


def test_rows_that_were_exchanged_while_they_were_read_are_not_believed(tmp_path):
    """And of those that were left alone nothing stays but the facts."""
    folder, spool = folder_of(tmp_path, "csv", **TABLES), tmp_path / "spool"
    spool.mkdir()
    with reading.checked(folder, spool, lenient=None):
        assert {path.name for path in spool.glob("*.typed")} == {f"{name}.typed" for name in TABLES}
    assert not list(spool.glob("*.typed"))
    with pytest.raises(Damaged), reading.checked(folder, spool, lenient=None):
        (spool / "persons.typed").write_bytes((spool / "looks.typed").read_bytes())

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

from whosaw.errors import BadInput, Unavailable
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

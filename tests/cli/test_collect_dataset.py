# SPDX-License-Identifier: Apache-2.0
"""`whosaw collect dataset`: a folder into a journal of its own, whole or, leniently, what can be read of it."""

import pytest
from tests.cli.desk import ORIGIN, digest, typed
from tests.facts.dataset.folder import LOOK, folder_of, write

pytest.importorskip("ibis")
MANY = {"bulk": "b-1", "mode": "export"}
LOOKS = [LOOK, {**LOOK, "look_id": "l-2", **MANY}, {**LOOK, "look_id": "l-3", "person": "p-2", **MANY}]
TABLES = {
    "looks": LOOKS,
    "staff": [{"staff_id": who, "unit": f"u-{who}", "function": "fraud"} for who in ("e-1", "e-2")],
    "persons": [{"person": p, "classes": ["press"]} for p in ("p-1", "p-2")],
    "links": [{"a": a, "b": b, "kind": "family"} for a, b in (("p-1", "p-2"), ("p-2", "p-1"), ("p-1", "p-1"))],
    "cases": [{"case_id": "c-1", "type": "fraud_review", "opened": "2022-02-01T00:00:00Z", "assignee": "e-1", "opened_by": "e-2"}],
    "case_persons": [{"case_id": "c-1", "person": "p-1", "added": "2022-02-01T00:00:00Z", "added_by": "e-2"}] * 2,
    "events": [{"event_id": "v", "time": "2022-02-01T00:00:00Z", "kind": "article"}],
}  # fmt: skip


def test_a_folder_comes_into_a_journal(tmp_path):
    """Its directory and its looks, by request; again changes nothing; a bad row leaves all as it is, or is left out."""
    data, folder = tmp_path / "data", tmp_path / "set"
    folder.mkdir()
    folder_of(folder, **TABLES)
    assert typed("init", data, "--origin", ORIGIN).code == 0
    said = typed("collect", "dataset", folder, "--data", data, "--format", "json")
    assert (said.code, said.json["looks"], said.json["new"], said.json["rejected"]) == (0, 2, 2, 0), said.err
    again = typed("collect", "dataset", folder, "--data", data)
    assert again.code == 0 and again.out.startswith("2 looks; 0 new, 2 known before. The directory is confirmed."), (
        again.err
    )
    assert "A journal has no place for events" in again.out
    watched = typed("watch", "--data", data, "--format", "json")
    assert (watched.json["looks"], watched.json["with_person"], watched.json["explained"]) == (4, 3, 2), watched.err
    write(folder, "looks", [*LOOKS, {**LOOK, "look_id": "l-4", "time": "today"}, {**LOOK, "look_id": "l-5"}])
    before = digest(data)
    refused = typed("collect", "dataset", folder, "--data", data)
    assert refused.code == 2 and "looks.csv row 5 column time" in refused.err and digest(data) == before
    lenient = typed("collect", "dataset", folder, "--lenient", "--data", data, "--format", "json")
    assert (lenient.code, lenient.json["new"], lenient.json["rejected"]) == (1, 1, 1), lenient.err
    assert (folder / "rejected.jsonl").is_file()

# SPDX-License-Identifier: Apache-2.0
"""The interoperability cases of the working group, through the same endpoints, each with its own small policy set."""

import json
from pathlib import Path

import pytest
from tests.api.conftest import HERE, over

from whosaw.api.authzen import ACTIONS, EVALUATION, EVALUATIONS, RESOURCES, SUBJECTS

CASES = next(
    (up / "shared/vectors/authzen" for up in HERE.parents if (up / "shared/vectors/authzen").is_dir()),
    Path("-"),
)
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the interoperability cases are not on this machine")


def cases(name):
    return json.loads((CASES / name).read_text())


def test_todo():
    """40 questions and 3 batches."""
    app, found = over(HERE / "interop/todo"), cases("todo/decisions-authorization-api-1_0-02.json")
    assert (len(found["evaluation"]), len(found["evaluations"])) == (40, 3)
    for case in found["evaluation"]:
        assert app.post(EVALUATION, case["request"]).json["decision"] is case["expected"], case
    for case in found["evaluations"]:
        got = app.post(EVALUATIONS, case["request"]).json["evaluations"]
        assert [{"decision": each["decision"]} for each in got] == case["expected"], case


@pytest.mark.parametrize(
    ("what", "path", "count"), [("subject", SUBJECTS, 60), ("action", ACTIONS, 120), ("resource", RESOURCES, 12)]
)
def test_search(what, path, count):
    """192 searches. The order of what is found means nothing."""
    app, found = over(HERE / "interop/search"), cases(f"search/{what}-results.json")["evaluation"]
    assert len(found) == count
    for case in found:
        got = app.post(path, case["request"]).json["results"]
        assert sorted(got, key=json.dumps) == sorted(case["expected"]["results"], key=json.dumps), case

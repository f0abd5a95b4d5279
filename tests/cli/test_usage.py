# SPDX-License-Identifier: Apache-2.0
"""Whoever gives an option what it does not take is told what it takes, and what they typed stands nowhere."""

import pytest
from tests.cli.desk import typed


@pytest.mark.parametrize(("words", "said"), [
    (("detect", "x", "--out", "y", "--replay", "week"), "--replay takes a length of time such as 7d or 12h"),
    (("detect", "x", "--out", "y", "--replay", "0d"), "--replay takes a length of time such as 7d or 12h"),
    (("detect", "x", "--out", "y", "--budget", "0"), "--budget takes a number, at least 0.1, at most 10,000"),
    (("detect", "x", "--out", "y", "--budget", "lots"), "--budget takes a number, at least 0.1, at most 10,000"),
    (("evaluate", "x", "--truth", "y", "--staff", "some"), "--staff takes a whole number, at least 1"),
    (("detect", "x", "--out", "y", "--format", "xml"), "--format is one of: table, json, jsonl, csv"),
])  # fmt: skip
def test_what_an_option_takes_is_said(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    refused = typed(*words)
    assert refused.code == 2
    assert refused.err.splitlines()[0] == f"error: {said}"
    assert refused.err.splitlines()[1].startswith("hint: whosaw ")
    assert words[-1] not in refused.err.replace(said, "")
    assert not list(tmp_path.iterdir())

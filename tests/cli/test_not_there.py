# SPDX-License-Identifier: Apache-2.0
"""Whoever names a file or folder that is not there, or the one for the other, is told what would do. Nothing is written."""

import pytest
from tests.cli.desk import typed


@pytest.mark.parametrize(("words", "said"), [
    (("detect", "nowhere", "--out", "made.jsonl"), "nowhere: is not there"),
    (("detect", "file", "--out", "made.jsonl"), "file: is no folder"),
    (("sigma", "run", "file", "--over", "nowhere", "--out", "made.jsonl"), "nowhere: is not there"),
    (("sigma", "export", "--out", "made", "--measured", "nowhere"), "nowhere: is not there"),
    (("evaluate", "nowhere", "--truth", "file"), "nowhere: is not there"),
    (("evaluate", "file", "--truth", "folder"), "folder: is a folder"),
    (("evaluate", ".", "--truth", "file"), ".: is a folder"),
])  # fmt: skip
def test_what_is_not_there_is_said_in_words(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text(RULE)
    refused = typed(*words)
    assert refused.code == 2
    assert f"error: {said}" in refused.err
    assert "hint: " in refused.err
    assert "Error)" not in refused.err
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file"}


RULE = """
title: A look at contacts
id: 8a1f6c1e-54f0-4b0e-9a60-0d5a3f6f2b11
logsource:
  product: whosaw
  service: looks
detection:
  contacts:
    fields: contacts
  condition: contacts
"""

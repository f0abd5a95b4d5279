# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal metrics`, as a cron job types it for a textfile collector."""

from prometheus_client.parser import text_string_to_metric_families


def test_numbers_from_the_disk(settled, tmp_path):
    """Printed, or put into a file in one piece that another user can read; the size is the log's."""
    said = settled.typed("journal", "metrics")
    size = settled.typed("journal", "status", "--format", "json").json["size"]
    found = {family.name: family.samples for family in text_string_to_metric_families(said.out)}
    assert found["whosaw_log_size"][0].value == size
    assert "whosaw_stopped" not in found  # nobody can tell from the disk
    out = tmp_path / "whosaw.prom"
    out.write_text("old")
    assert settled.typed("journal", "metrics", "--out", out).out == ""
    assert out.stat().st_mode & 0o777 == 0o644
    assert out.read_text().startswith("# HELP whosaw_log_size")
    assert settled.typed("journal", "metrics", "--out", tmp_path / "no/such.prom").code == 7
    assert [path.name for path in tmp_path.iterdir()] == ["whosaw.prom"]


def test_without_the_extra(settled, monkeypatch):
    """The hint is the line that installs it; everything else works without it."""
    import sys

    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    said = settled.typed("journal", "metrics")
    assert (said.code, 'pip install "whosaw[metrics]"' in said.err) == (2, True)
    assert settled.typed("journal", "status").code == 0

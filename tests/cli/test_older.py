# SPDX-License-Identifier: Apache-2.0
"""`whosaw statement` where everybody's statements end earlier: what it says, and what is typed to check it."""

import shutil

import pytest
from tests.cli.desk import Desk, typed


@pytest.fixture
def office(settled, tmp_path):
    """A company with that rule, and one look."""
    shutil.copytree(settled.home, tmp_path / "own")
    desk = Desk(tmp_path / "own")
    settings = desk.data / "whosaw.toml"
    settings.write_text(settings.read_text().replace("map_every_s = 3600", "statements_behind_h = 48\nmap_every_s = 1"))
    assert desk.look().code == 0
    return desk


def test_it_says_that_it_is_older_and_how_to_check_it(office):
    """None is old enough: exit 7, and no file. Then one is, and the line that it prints checks it."""
    out = office.home / "mine.json"
    words = ("statement", "mirabel", "--as", "ines", "--out", out)
    none = office.typed(*words)
    assert (none.code, out.exists()) == (7, False), none
    assert "statements end 48 hours before they are made" in none.err
    for pair in sorted((office.data / "private" / "older").iterdir()):
        pair.rename(pair.with_name(f"{int(pair.name) - 50 * 3_600_000:020d}"))
    said = office.typed(*words)
    assert said.code == 0, said
    flat = " ".join(said.out.split())  # long lines are wrapped
    assert "every statement of this house ends 48 hours or more before it is made" in flat
    checked = f"{flat} ".split("To check it: whosaw ", 1)[1].replace(" ID ", " mirabel ").split()
    assert checked[-2:] == ["--max-age", "52"]
    told = typed(*checked)
    assert (told.code, "older by rule, 48 hours or more" in told.out) == (0, True), told

# SPDX-License-Identifier: Apache-2.0
"""A house whose statements end hours before they are made: whoever asks, over the same head, and saying so."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.directory.town import write
from tests.guard.gate import COMPANY
from tests.verify.log_maker import look_body

from whosaw.desks import hand_out_statement, load_directory
from whosaw.errors import Unavailable
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, parse
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.folder import Audit
from whosaw.verify.source import FolderSource
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Statement
from whosaw.wiring import build, house

HOUR = timedelta(hours=1)


class Clock:
    """Real time, some hours on."""

    hours = 0

    def __call__(self):
        return datetime.now(UTC) + self.hours * HOUR


@pytest.fixture
def desk(tmp_path):
    folder, clock = tmp_path / "data", Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    with (folder / "whosaw.toml").open("a") as settings:
        settings.write("\n[journal]\nstatements_behind_h = 24\n")
    write(tmp_path / "tables", COMPANY, regions=None)
    return folder, clock


def look(here, person, n):
    here.journal.submit(Submission("guard", f"key-{n}", (Record(Stream.of_person(person), look_body(person, n)),)))


def exports(here):
    here.journal.publish_now()
    return sum(parse(frame.body)["kind"] == "export" for frame in here.journal.reader().frames())


def test_everybodys_statement_ends_at_the_same_older_head(desk):
    """Neither the looks of the last day nor their count is in it; the next day they are."""
    folder, clock = desk
    with house(folder, clock=clock) as here:
        load_directory(here, folder.parent / "tables")
        look(here, "p-1", 1)
        look(here, "p-1", 2)
        clock.hours = 0.1  # or the index would not be due when the house is closed
    clock.hours = 23
    with house(folder, clock=clock) as here:
        load_directory(here, folder.parent / "tables")
        before = exports(here)
        with pytest.raises(Unavailable, match="no head is old enough"):
            hand_out_statement(here, "p-1", "ana")
        assert exports(here) == before  # nothing was handed out, and nothing says so
    clock.hours = 25
    with house(folder, clock=clock) as here:
        load_directory(here, folder.parent / "tables")
        look(here, "p-1", 3)
        look(here, "p-9", 4)  # of whom nothing was known a day ago
        made = {person: hand_out_statement(here, person, "ana") for person in ("p-1", "p-9", "nobody")}
        assert exports(here) == 3
        assert here.keyring.find(Stream.of_person("p-1")).rekeys == 1
    assert {person: (one.records, one.older) for person, one in made.items()} == {
        "p-1": (2, 24), "p-9": (0, 24), "nobody": (0, 24),
    }  # fmt: skip
    assert len({Statement.parse(one.raw).checkpoint for one in made.values()}) == 1
    audit = Audit(TrustPolicy.parse((folder / "trust").read_bytes()), clock())
    for person, one in made.items():
        report = verify_statement(one.raw, audit, person, FolderSource(folder / "public"))
        assert report.exit == 0, report.text()
        assert "older by rule, 24 hours or more: " in report.sentence
        assert any("24 hours before it was made" in words for words in report.cannot_know)
    clock.hours = 50
    with house(folder, clock=clock) as here:
        load_directory(here, folder.parent / "tables")
        again = hand_out_statement(here, "p-1", "ana")
    assert again.records == 5  # three looks, that a statement was handed out, and the new key

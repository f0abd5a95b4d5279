# SPDX-License-Identifier: Apache-2.0
"""A sample in a real house: drawn at the command line, looked at by the unit it was drawn for, and by nobody else."""

import json
from datetime import timedelta

import pytest
from tests.directory.town import write
from tests.guard.gate import COMPANY, HOUR, SUMMER
from tests.guard.test_house import Clock

from whosaw.cli.main import main
from whosaw.cli.sample import desk_of
from whosaw.directory.load import load
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.sampling import check, draw
from whosaw.model.access import Asked, Field, Look
from whosaw.model.record import Stream, parse
from whosaw.wiring import build, house

CLOSED = [
    {"case_id": f"T-{n}", "type": "support_request", "opened": "2026-06-01T08:00:00Z", "closed": "2026-06-10T08:00:00Z",
     "assignee": "ana", "requester": "mira", "opened_by": "portal"}
    for n in range(300, 312)
]  # fmt: skip
OLD = [{**CLOSED[0], "case_id": "T-1", "opened": "2026-04-01T08:00:00Z", "closed": "2026-04-02T08:00:00Z"}]
NAMED = [
    {"case_id": c["case_id"], "person": "mira", "added": c["opened"], "added_by": "portal"} for c in [*CLOSED, *OLD]
]
TABLES = {
    **COMPANY, "cases": [*COMPANY["cases"], *CLOSED, *OLD], "case_persons": [*COMPANY["case_persons"], *NAMED],
}  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder, clock = tmp_path_factory.mktemp("sample") / "data", Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    write(folder.parent / "tables", TABLES, regions=None)
    with house(folder, clock=clock) as opened:
        loaded(opened)
        clock.at = max(clock.at, SUMMER)
        opened.vault.put("mira", Field.MESSAGES, "mira, 1990", SUMMER - 5 * HOUR, "mira writes")
        yield opened


def loaded(here):
    return load(
        here.folder.parent / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
        remember=here.names.remember, clock=here.clock,
    )  # fmt: skip


def look(here, key, case, principal="ana"):
    asked = (Asked(Field.MESSAGES, "exact"),)
    return here.guard.look(Look(f"l-{key}", principal, "mira", asked, "quality_sampling", case, f"k-{key}"))


def test_drawn_and_looked_at(here):
    """Of what was closed lately and of nothing else; the unit sees it, for this purpose; the records draw it again."""
    made = draw(4, "ana", desk_of(here))
    drawn = {theirs for _, theirs in made.cases}
    assert (len(drawn), made.of) == (4, len(CLOSED))
    assert drawn <= {case["case_id"] for case in CLOSED}
    here.clock.at += timedelta(hours=2)
    answer = look(here, "sampled", made.cases[0][0])
    assert isinstance(answer, Shown), answer.decision.rules
    assert [value.text for value in answer.values] == ["mira, 1990"]
    here.journal.publish_now()
    frames = here.journal.reader().run(here.keyring.find(Stream.named("admin")))
    promise, done = [body for body in map(parse, (f.body for f in frames)) if body["kind"] == "sample"]
    assert set(check(promise, done, [case["case_id"] for case in CLOSED])) == drawn


def test_nobody_samples_what_was_not_drawn(here):
    """The same purpose under a case of one's own choice: refused, because no sample of ours says so."""
    answer = look(here, "picked", "T-300")
    assert isinstance(answer, Refused)
    here.clock.at += timedelta(hours=1)


def test_a_load_of_the_tables_leaves_the_sample_as_it_is(here):
    """The directory's own tables say nothing of our cases, and end none of them."""
    made = draw(1, "ana", desk_of(here))
    here.clock.at += timedelta(hours=2)
    loaded(here)
    assert isinstance(look(here, "after", made.cases[0][0]), Shown)


def test_at_the_command_line(tmp_path, capsys):
    """Too many, an unknown purpose, somebody who does not work here, and a draw: exit codes 2, 2, 4, 0."""
    data = tmp_path / "data"
    build(data, "log.example.org/whosaw")
    now_closed = "2026-06-10T08:00:00Z"
    with house(data) as opened:
        recent = (opened.clock() - timedelta(days=2)).isoformat()
        tables = {
            **TABLES,
            "cases": [{**c, "closed": recent} if c.get("closed") == now_closed else c for c in TABLES["cases"]],
        }
        write(tmp_path / "tables", tables, regions=None)
        load(
            tmp_path / "tables", engine=opened.engine, journal=opened.journal, names=opened.pseudonyms,
            remember=opened.names.remember, clock=opened.clock,
        )  # fmt: skip
    words = ["sample", "draw", "--data", str(data), "--format", "json", "--by"]
    assert main([*words, "ana", "--purpose", "quality_sampling", "--cases", "400"]) == 2
    assert main([*words, "ana", "--purpose", "fraud_review", "--cases", "4"]) == 2
    assert main([*words, "ghost", "--purpose", "quality_sampling", "--cases", "4"]) == 4
    capsys.readouterr()
    assert main([*words, "ana", "--purpose", "quality_sampling", "--cases", "4"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["outcome"], len(said["rows"]), said["of"]) == ("drawn", 4, len(CLOSED))

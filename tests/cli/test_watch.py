# SPDX-License-Identifier: Apache-2.0
"""What the watch says beside its findings, to whom it says what, and what it says when it goes on."""

import json
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.cli.desk import NOW
from tests.detect.company import AS_OF, company, opened
from tests.review.court import finding

from whosaw import reviewing
from whosaw.cli import watch_words as watch
from whosaw.cli.errand import Done
from whosaw.cli.output import FORMATS, REFUSED, Table, render
from whosaw.cli.watch_follow import follow_
from whosaw.cli.watch_words import Eyes
from whosaw.detect import run as running
from whosaw.detect.coverage import Coverage
from whosaw.detect.defaults import load_defaults
from whosaw.detect.finding import Findings, Reason
from whosaw.detect.join import Practice
from whosaw.detect.signals import unexplained
from whosaw.detect.templates import load_templates
from whosaw.errors import BadInput, Busy, Damaged
from whosaw.facts import engine
from whosaw.facts.columns import micros
from whosaw.facts.ports import StaffRow
from whosaw.model.record import Stream, parse
from whosaw.reviewing import Watched
from whosaw.wiring import house


def test_looks_without_a_reason_are_told_where_nothing_is_found(tmp_path, monkeypatch):
    """No finding is not "all explained": how many looks are not stands beside it, and nothing does where all are."""
    made, shipped = company(4, planted=False), load_templates()
    # One signal and three templates: what is said beside findings is the same, and the others take seconds each.
    monkeypatch.setattr(running, "SIGNALS", (unexplained,))
    few = ("case_assigned", "person_asked", "account_assigned")
    templates = replace(shipped, templates=tuple(t for t in shipped.templates if t.id in few), digest="0" * 64)
    with opened(tmp_path, made.looks, made.tables) as facts:
        run = running.watch(facts, AS_OF, earlier=None, defaults=load_defaults(), templates=templates)
    without = run.coverage.with_person - run.coverage.explained
    assert not run.findings
    assert without > 1
    (said,) = watch._unfound(run, ())
    assert said.startswith(f"{without:,} looks at a person have no reason on file: so many can be usual")
    assert said in watch.told(run, tmp_path, Watched({}, {}, ()), Eyes(None, {})).after
    assert watch._unfound(replace(run, coverage=replace(run.coverage, explained=run.coverage.with_person)), ()) == ()


SEEN = Coverage(
    looks=9,
    with_person=9,
    explained=4,
    first=3,
    first_explained=1,
    refused=0,
    sources=(("guard", 9),),
    origins=(),
    off=(),
)
# One about support, which audit reads; one about audit, which goes to the overseer; and one that is seen no more.
ONE = finding(
    sentence="ONE-SAID", signals=(Reason("unexplained", "principal", 1e-4, "ONE-WHY"),), counter=("ONE-AGAINST",)
)
TWO = finding(
    "f-000002", sentence="TWO-SAID", signals=(Reason("lockstep", "unit", 1e-4, "TWO-WHY"),), counter=("TWO-AGAINST",)
)
OLD = finding("f-000003", sentence="OLD-SAID", counter=())
RUN = running.Run(
    AS_OF, (ONE, TWO), ("f-000001", "f-000002"), SEEN, Findings(3, (ONE, TWO, OLD)), "2 findings, new",
    practices=(Practice(frozenset({"audit"}), "PRACTICE"),),
)  # fmt: skip
AUDIT, LEGAL = frozenset({"audit"}), frozenset({"legal"})
ROUTES = {"f-000001": "audit-us", "f-000002": "overseer", "f-000003": "audit-us"}


def printed(eyes, tmp_path, hidden=()):
    now = Watched({}, dict.fromkeys(hidden, "s-000001"), ())
    return "\n".join(render(watch.told(RUN, tmp_path, now, eyes), form) for form in FORMATS)


def test_whoever_runs_a_watch_reads_no_finding(tmp_path):
    """Numbers, and where each goes; no word of what a finding says, why, what speaks against it, or of a team's practice."""
    text = printed(Eyes(None, ROUTES), tmp_path)
    assert [word for word in ("SAID", "WHY", "AGAINST", "PRACTICE") if word in text] == []
    assert [word for word in (*ROUTES, "audit-us", "overseer") if word not in text] == []


def test_one_who_may_not_read_a_finding_is_not_told_that_it_is_there(tmp_path):
    """For somebody of audit nothing is other than if the finding about audit were none: not counted, not hidden, not named."""
    mine = {id_: route for id_, route in ROUTES.items() if id_ != "f-000002"}
    text = printed(Eyes("rob", mine, AUDIT), tmp_path)
    assert [
        word for word in ("ONE-SAID", "ONE-WHY", "ONE-AGAINST", "OLD-SAID", "1 finding, new") if word not in text
    ] == []
    assert [word for word in ("TWO", "f-000002", "PRACTICE", "2 findings") if word in text] == []
    assert printed(Eyes("rob", mine, AUDIT), tmp_path, hidden=("f-000002",)) == text
    assert "PRACTICE" in printed(Eyes("olga", mine, LEGAL), tmp_path)
    for functions in (frozenset(), LEGAL | AUDIT):  # unknown; of audit until yesterday
        assert "PRACTICE" not in printed(Eyes("olga", mine, functions), tmp_path)


def test_a_practice_of_nobody_knows_whom_is_told_to_nobody(tmp_path):
    """Whose function nobody knows may be of anybody's: also of whoever reads."""
    unknown = Practice(frozenset({None, "audit"}), "PRACTICE"), Practice(frozenset({None}), "PRACTICE")
    told = watch.told(replace(RUN, practices=unknown), tmp_path, Watched({}, {}, ()), Eyes("olga", ROUTES, LEGAL))
    assert "PRACTICE" not in render(told, "json")


def test_whoever_moved_yesterday_has_had_two_functions(monkeypatch):
    """Nobody leaves what was said of their own looks behind by moving to another team."""
    now = micros(NOW)
    rows = (
        StaffRow(who="e-olga", unit="audit-us", function="audit", valid_to=now - 1),
        StaffRow(who="e-olga", unit="legal", function="legal", valid_from=now - 1),
        StaffRow(who="e-rob", unit="help-ie", function="support"),
    )
    monkeypatch.setattr(reviewing, "KnownDirectory", lambda _: SimpleNamespace(staff=lambda: rows))
    here = SimpleNamespace(names=SimpleNamespace(remember="e-{}".format), directory=None)
    assert [reviewing.functions_of(here, who) for who in ("olga", "nobody")] == [LEGAL | AUDIT, frozenset()]


def test_silence_does_not_tell_of_a_finding_either(tmp_path):
    """To one who may know of no finding of this watch the same is printed whether there is one or not: also what has no reason."""
    now, eyes = Watched({}, {}, ()), Eyes("rob", {}, AUDIT)
    said = [
        watch.told(replace(RUN, findings=found, new=tuple(one.id for one in found)), tmp_path, now, eyes)
        for found in ((TWO,), ())
    ]
    assert said[0] == said[1]
    assert "5 looks at a person have no reason on file: so many can be usual." in said[0].after


class Rounds:
    """Watches one after the other; at the last one somebody says stop. An exception is one that fails."""

    def __init__(self, *rounds, stop=signal.SIGTERM):
        self.rounds, self.stop = list(rounds), stop

    def __call__(self):
        now = self.rounds.pop(0)
        if not self.rounds:
            signal.raise_signal(self.stop)
        if isinstance(now, Exception):
            raise now
        return now


def watched(*rows, code=1):
    return Done(
        Table("", rows=tuple({"finding": id_, "new": True, "state": state, "goes to": "legal"} for id_, state in rows)),
        code,
    )


BUSY = Busy("a gate has it open", hint="wait")
A, A_TAKEN, B = ("f-000001", "open"), ("f-000001", "in review"), ("f-000002", "open")


def followed(capsys, *rounds, form="json", **more):
    code = follow_(Rounds(*rounds, **more), 0, form)
    said = capsys.readouterr()
    # People are told what it waits for, before anything else and apart from what is found; machines are told what is found.
    assert said.err.startswith("Watching, now and 0 seconds after each watch." if form == "table" else "")
    assert bool(said.err) == (form == "table")
    lines = said.out.splitlines()
    if form == "table":
        return code, lines
    told = [json.loads(line) for line in lines]
    return code, [(line["event"], line.get("finding"), line.get("state")) for line in told]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_only_what_is_new_is_printed_and_a_signal_ends_it_after_its_watch(capsys, stop):
    """A finding once, again when its state is another, again when it comes back; handlers are those of before afterwards."""
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    done = followed(capsys, watched(A), watched(A), watched(A_TAKEN, B), watched(B), watched(A, B), stop=stop)
    assert done == (1, [("finding", *A), ("finding", *A_TAKEN), ("finding", *B), ("finding", *A)])
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    assert followed(capsys, watched(code=0), stop=stop) == (0, [])


def test_what_cannot_be_read_for_a_while_is_said_once_and_outlived(capsys):
    """Also before the first watch; and what was told before is not told again. The exit code is that of the end."""
    assert followed(capsys, BUSY, BUSY, watched(A), BUSY, watched(A)) == (
        1, [("unreadable", None, None), ("readable", None, None), ("finding", *A), ("unreadable", None, None), ("readable", None, None)],
    )  # fmt: skip
    assert followed(capsys, watched(A), Damaged("leaf 3"), Damaged("leaf 3"))[0] == 3
    assert followed(capsys, watched(A), BUSY)[0] == 6
    code, (found, unread) = followed(capsys, watched(A), BUSY, form="table")
    assert (code, "f-000001" in found, "a gate has it open" in unread) == (6, True, True)


@pytest.mark.parametrize("error", [Damaged("leaf 3"), BadInput("not this")])
def test_what_waiting_does_not_mend_ends_it(capsys, error):
    """Damage at the first watch, and what was typed wrong at any, end it as they end every command."""
    with pytest.raises(type(error)):
        follow_(Rounds(error, watched()), 0, "json")
    assert followed(capsys, Done(Table("Refused."), REFUSED), watched(), form="table") == (REFUSED, ["Refused."])


def test_a_watch_spills_where_it_was_told_and_says_on_record_which_source_is_no_more(desk, tmp_path, monkeypatch):
    """As `detect` does: a folder that is there, in which one of its own comes and goes. A declared end is the detectors' record."""
    said = desk.typed("watch", "--spill", tmp_path / "nowhere")
    assert (said.code, said.out) == (2, "")
    assert "nowhere: no such folder" in said.err and "--spill wants a folder" in said.err
    spill, rooms, real = tmp_path / "spill", [], engine.memory_limit
    spill.mkdir()
    monkeypatch.setattr(running, "SIGNALS", (unexplained,))
    monkeypatch.setattr(
        engine, "memory_limit", lambda room: rooms.append((room, len(list(spill.iterdir())))) or real(room)
    )
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write('\n[[source_ended]]\nsource = "pgaudit"\nlast_day = "2026-08-30"\n')
    assert desk.typed("watch", "--spill", spill, "--memory", "2").code == 0
    assert rooms == [(engine.Room(2_000_000_000, spill), 1)]
    assert list(spill.iterdir()) == []
    with house(desk.data) as here:
        key = here.keyring.find(Stream.named("detectors"))
        assert parse(here.journal.reader().run(key)[-1].body)["ended"] == {"pgaudit": 20_695}

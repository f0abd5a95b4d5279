# SPDX-License-Identifier: Apache-2.0
"""Statements checked with a memory, and how old they may be."""

import dataclasses
from datetime import timedelta

import pytest
from tests.verify.desk import NOW, Shelf, audit_of, failures, typed
from tests.verify.log_maker import BEGAN, LittleLog, Material, ed25519, map_signers, mldsa
from tests.verify.test_folder import with_witnesses

from whosaw.errors import NotCanonical
from whosaw.oversight.statement import make_statement
from whosaw.verify.before import TITLE
from whosaw.verify.source import HttpSource
from whosaw.verify.state import SavedHead, State, read_state
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Statement
from whosaw.verify.steps import Verdict

HERS = "anna@example.org"


def town(salt=b"") -> LittleLog:
    log = LittleLog(salt=salt)
    log.look(HERS)
    log.look(HERS)
    log.pad(300)
    for size in (200, 260, 300):
        log.mapped(size)
    return log


@pytest.fixture(scope="module")
def log():
    return town()


@pytest.fixture(scope="module")
def served(log):
    return log.files(200, 260, 300)


class Memory:
    """A state file that is a variable."""

    def __init__(self) -> None:
        self.state = State()

    def keep(self, head):
        self.state = self.state.with_head(SavedHead(head.origin, head.size, head.note, NOW))
        return f"kept {head.size}"

    def sizes(self):
        return {head.origin.rpartition("/")[2]: head.size for head in self.state.heads}


def checked(log, size, memory, source=None, **changed):
    raw = make_statement(HERS, Material(log, size))
    audit = audit_of(log, saved=memory.state.of, keep=memory.keep, **changed)
    report = verify_statement(raw, audit, HERS, source)
    return report, next(step for step in report.steps if step.title == TITLE)


def test_the_first_time_both_heads_are_remembered(log):
    """The log's and that of its index; and the same statement again has the roots that it had."""
    memory = Memory()
    report, step = checked(log, 300, memory)
    assert (report.exit, step.verdict) == (0, Verdict.HOLDS)
    assert memory.sizes()["whosaw"] == 300
    assert len(memory.state.heads) == 2
    assert sum("kept" in remark for remark in report.remarks) == 2
    report, step = checked(log, 300, memory)
    assert (report.exit, step.verdict) == (0, Verdict.HOLDS)
    assert "has the root that it had before" in report.text()


def test_a_fork_of_the_same_size_is_two_histories(log):
    """One size, two roots, both signed: false, with both notes; and what was saved stays."""
    memory = Memory()
    checked(log, 300, memory)
    before = memory.state
    report, step = checked(town(b"other"), 300, memory)
    assert (report.exit, step.verdict) == (3, Verdict.FAILS)
    assert "two histories" in report.sentence
    assert len({report.evidence["older-checkpoint"], report.evidence["checkpoint"]}) == 2
    assert memory.state == before


@pytest.mark.parametrize(("first", "then"), [(260, 300), (300, 260)])
def test_another_size_needs_the_published_log(log, served, first, then):
    """Alone a statement of another size is not compared, and not remembered; with the log it is both."""
    memory = Memory()
    checked(log, first, memory)
    report, step = checked(log, then, memory)
    assert (report.exit, step.verdict) == (0, Verdict.NOT_CHECKED)
    assert memory.sizes()["whosaw"] == first
    report, step = checked(log, then, memory, Shelf(served))
    assert (report.exit, step.verdict) == (0, Verdict.HOLDS), report.text()
    assert memory.sizes()["whosaw"] == 300


def test_a_fork_of_another_size_is_found_with_the_published_log(log):
    """Rewritten and gone on: what was seen is not its beginning."""
    memory, other = Memory(), town(b"other")
    checked(log, 260, memory)
    report, _ = checked(other, 300, memory, Shelf(other.files(300)))
    assert report.exit == 3
    assert "cannot be shown to be the beginning" in report.sentence
    assert memory.sizes()["whosaw"] == 260


def test_a_folder_that_does_not_reach_what_was_seen_decides_nothing(log):
    """The statement is older than what was seen, and so is the folder: fetch a newer one."""
    memory = Memory()
    checked(log, 300, memory)
    old = town()
    del old.leaves[260:]
    report, _ = checked(old, 260, memory, Shelf(old.files(260)))
    assert report.exit == 7
    assert any("does not reach size 300" in sentence for sentence in failures(report))


def test_nothing_is_remembered_of_what_does_not_hold(log):
    """A statement about somebody else is no reason to believe its heads."""
    memory = Memory()
    audit = audit_of(log, saved=memory.state.of, keep=memory.keep)
    raw = make_statement(HERS, Material(log, 300))
    assert verify_statement(raw, audit, "bruno@example.org", None).exit == 3
    assert memory.sizes() == {}


# How old it may be


def cosigned(log):
    witnesses, trust = with_witnesses(log)
    made = Statement.parse(make_statement(HERS, Material(log, 300)))
    index = dataclasses.replace(
        made.index, checkpoint=log.map_checkpoint(log.mapped(300), (*map_signers(), *witnesses))
    )
    note = log.checkpoint(300, (ed25519(), mldsa(), *witnesses))
    return dataclasses.replace(made, checkpoint=note, index=index).encode(), trust


@pytest.mark.parametrize(("hours", "age", "code"), [(24, 23, 0), (24, 25, 7), (1, 2, 7), (48, 25, 0)])
def test_the_newest_cosignature_may_be_so_old(log, hours, age, code):
    """What was recorded since is not in it: undecided, until somebody says that they want it as of then."""
    raw, trust = cosigned(log)
    now = BEGAN + timedelta(seconds=300, hours=age)
    audit = audit_of(log, trust=trust, now=now, max_age=timedelta(hours=hours))
    report = verify_statement(raw, audit, HERS, None)
    assert report.exit == code, report.text()
    if code:
        assert f"more than {hours} hour" in report.sentence
        assert "--max-age" in report.steps[1].said.unclear_about[0].hint


def test_older_by_rule_is_the_readers_to_accept(log):
    """The file's word widens no limit: undecided as any old one, and the hint is the limit that suffices, and no less."""
    raw, trust = cosigned(log)
    raw = dataclasses.replace(Statement.parse(raw), older=24).encode()
    now = BEGAN + timedelta(seconds=300, hours=25, minutes=20)
    report = verify_statement(raw, audit_of(log, trust=trust, now=now, max_age=timedelta(hours=24)), HERS, None)
    assert report.exit == 7, report.text()
    hint = report.steps[1].said.unclear_about[0].hint
    assert hint.startswith("statements of this house are older by rule")
    needed = int(hint.split()[-1])
    for hours in (needed - 1, needed):
        audit = audit_of(log, trust=trust, now=now, max_age=timedelta(hours=hours))
        assert verify_statement(raw, audit, HERS, None).exit == (0 if hours == needed else 7)


@pytest.mark.parametrize("older", ["0", "-1", '"24"', "null", "1.5"])
def test_older_has_one_spelling(log, older):
    """Hours, above 0; left out where there is no such rule."""
    raw = make_statement(HERS, Material(log, 300)).decode()
    at = raw.rindex('"person"')
    made = f'{raw[:at]}"older":{older},{raw[at:]}'.encode()
    with pytest.raises(NotCanonical):
        Statement.parse(made)
    assert Statement.parse(f'{raw[:at]}"older":24,{raw[at:]}'.encode()).older == 24


def test_without_witnesses_there_is_no_limit(log):
    """A time that only the log itself states limits nothing."""
    audit = audit_of(log, now=BEGAN + timedelta(days=900), max_age=timedelta(hours=24))
    assert verify_statement(make_statement(HERS, Material(log, 300)), audit, HERS, None).exit == 0


# As it is typed


def test_a_state_file_for_statements_and_logs(log, served, tmp_path, monkeypatch, capsys):
    """One file for both: a log that is verified after the statement is compared with what the statement showed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trust").write_bytes(log.trust())
    (tmp_path / "mine.json").write_bytes(make_statement(HERS, Material(log, 260)))
    log.publish(tmp_path / "public", 200, 260, 300)
    words = ("statement", "mine.json", "--trust", "trust", "--state", "seen", "--person", HERS)
    assert typed(*words) == 0
    assert [head.size for head in read_state(tmp_path / "seen").heads if not head.origin.endswith("/map")] == [260]
    assert typed("--trust", "trust", "public", "--state", "seen") == 0
    assert "is its beginning" in capsys.readouterr().out
    assert typed(*words) == 0
    assert "give --folder" in capsys.readouterr().out
    assert typed(*words, "--folder", "public") == 0
    assert typed(*words[:-4], "--state", "nowhere/seen") == 2
    with pytest.raises(SystemExit, match="2"):
        typed(*words, "--max-age", "0")


def test_a_check_over_the_network_has_an_end():
    """However slowly each file comes: after so many seconds in all, nothing is decided."""
    seconds = iter([0.0, 0.0, 5.0, 11.0])
    source = HttpSource("http://127.0.0.1:9/log", budget=10.0, clock=lambda: next(seconds), sleep=lambda _: None)
    source._in_time = lambda name, limit: b"x"
    assert source.read("checkpoint", 10) == source.read("genesis", 10) == b"x"
    with pytest.raises(Exception, match="longer than the 10 s") as raised:
        source.read("tile/0/000", 10)
    assert "--deadline" in raised.value.hint

# SPDX-License-Identifier: Apache-2.0
"""Steps: the worst line is the verdict. Words: nothing that a stranger wrote reaches the terminal as it is."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import EXIT, WhosawError
from whosaw.verify.evidence import evidence_of, write_evidence
from whosaw.verify.progress import Progress
from whosaw.verify.steps import SHOWN, Steps, Verdict
from whosaw.verify.words import counted, printable


def raising(error):
    def check(said):
        raise error

    return check


@pytest.mark.parametrize(
    ("what", "code"),
    [("", 0), ("h", 0), ("hn", 0), ("u", 7), ("hu", 7), ("f", 3), ("uf", 3), ("fu", 3), ("hnuf", 3)],
)
def test_false_wins_over_unreachable_and_both_over_silence(what, code):
    """Exit 3 before 7 before 0, whatever the order; a step left out changes nothing."""
    steps = Steps()
    for letter in what:
        if letter == "n":
            steps.skip("left out", "why")
        else:
            steps.take("t", lambda said, c=letter: {"h": said.say, "u": said.unclear, "f": said.fail}[c]("sentence"))
    assert steps.exit == code
    assert steps.report("fine").exit == code


@pytest.mark.parametrize("kind", sorted(EXIT, key=str))
def test_every_error_is_an_answer(kind):
    """An error inside a step makes it false, or undecided where a part could not be reached; never a crash."""
    error = kind("sentence") if kind.__name__ != "MissingExtra" else kind("extra", "something")
    steps = Steps()
    assert steps.take("t", raising(error)) is None
    assert steps.done[0].verdict is (Verdict.CANNOT_TELL if EXIT[kind] == 7 else Verdict.FAILS)


def test_a_mistake_of_ours_is_not_a_verdict():
    """What is no WhosawError is a bug, and is not dressed up as a finding about the log."""
    with pytest.raises(ZeroDivisionError):
        Steps().take("t", raising(ZeroDivisionError()))
    assert issubclass(WhosawError, Exception)


def test_many_failures_are_counted():
    """The first twenty are printed, the rest is a number; machines get all."""
    steps = Steps()
    steps.take("t", lambda said: [said.fail(f"number {n}", f"file {n}") for n in range(50)])
    report = steps.report("")
    assert report.text().count("number") == SHOWN + 1
    assert "and 30 more of this kind" in report.text()
    assert len(report.machine()["steps"][0]["failures"]) == 50
    assert report.sentence == "FAILED at step 1 (t): file 0: number 0"


def test_evidence_is_one_file_under_its_own_digest(tmp_path, monkeypatch):
    """The same evidence has the same name, and holds the bytes as found."""
    monkeypatch.chdir(tmp_path)
    steps = Steps()

    def check(said):
        said.keep("checkpoint", b"\x00\xff")
        said.fail("wrong", "here")

    steps.take("t", check)
    report = steps.report("")
    path = write_evidence(report, None)
    assert path == write_evidence(report, None)
    assert path.name.startswith("whosaw-evidence-")
    held = json.loads(path.read_bytes())
    assert held["files"] == [{"name": "checkpoint", "bytes": "AP8="}]
    assert held["failures"] == [{"step": 1, "where": "here", "sentence": "wrong"}]
    assert path.read_bytes() == evidence_of(report)


@given(st.text())
def test_what_is_printed_can_be_printed(text):
    """No control character, no direction mark, no lone surrogate, whatever the name."""
    made = printable(text)
    assert made.isprintable()
    made.encode()
    assert made == text or not text.isprintable()


def test_numbers_agree_with_their_nouns():
    """One leaf, two leaves."""
    assert counted(1, "leaf", "leaves") == "1 leaf"
    assert counted(3117, "leaf", "leaves") == "3,117 leaves"
    assert counted(0, "hash", "hashes") == "0 hashes"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_drawn_on_a_terminal_after_two_seconds_and_wiped():
    """Quick work draws nothing, slow work a bar, and nothing is left of it; elsewhere nothing is ever drawn."""
    now = [0.0]
    for stream, drawn in ((Terminal(), True), (io.StringIO(), False)):
        now[0] = 0.0
        bar = Progress(stream, "leaves", lambda: now[0])
        bar.at(1, 100)
        assert stream.getvalue() == ""
        now[0] = 3.0
        bar.at(50, 100)
        assert ("50 of 100" in stream.getvalue()) is drawn
        bar.at(51, 100)
        bar.close()
        assert stream.getvalue().endswith("\x1b[K") is drawn

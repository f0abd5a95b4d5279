# SPDX-License-Identifier: Apache-2.0
"""A sample that nobody picks: promised, published, drawn, and drawn again by whoever checks."""

from base64 import b64decode, b64encode
from datetime import timedelta

import pytest
from tests.directory.town import DAY
from tests.guard.gate import Gate

from whosaw.errors import BadInput, ProofFailed, Unavailable
from whosaw.guard.sampling import Desk, Drawn, Finished, Refused, check, draw, least
from whosaw.model.record import parse
from whosaw.tlog.checkpoint import Checkpoint


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


class Log:
    """The gate's journal, whose heads are what a test says."""

    def __init__(self, journal, root=b"r" * 32) -> None:
        self.submit, self.root, self.waited = journal.submit, root, []

    def wait_published(self, index):
        if self.root is None:
            raise Unavailable("not published", part="journal")
        self.waited.append(index)
        text = Checkpoint("log.example.org/whosaw", index + 1, self.root).encode()
        return text + b"\n\xe2\x80\x94 log.example.org/whosaw " + b64encode(bytes(68)) + b"\n"


def desk(gate: Gate, secret=b"s" * 32, cases=40, **more) -> tuple[Desk, list]:
    placed: list = []
    finished = [Finished(f"T-{n}", (gate.names.person(f"person-{n}"),)) for n in range(cases)]
    parts = {
        "journal": Log(gate.journal), "directory": gate.office.directory, "finished": lambda start, end: list(reversed(finished)),
        "place": lambda cases, persons: placed.append((list(cases), list(persons))), "remember": gate.names.remember,
        "clock": gate.clock, "random": lambda _: secret,
    }  # fmt: skip
    return Desk(**(parts | more)), placed


def said(gate: Gate) -> list[dict]:
    bodies = [
        parse(record.body) for s in gate.journal.submissions for record in s.records if record.stream.id == "admin"
    ]
    return [body for body in bodies if body["kind"] == "sample"]


ALL = [f"T-{n}" for n in range(40)]


def test_promised_published_drawn_placed(gate):
    """Two records, in this order, the first published before the secret is out; then a case of ours for each, named persons in it."""
    here, placed = desk(gate)
    made = draw(5, "ana", here)
    assert isinstance(made, Drawn)
    promised, drawn = said(gate)
    assert ("secret" in promised, "secret" in drawn) == (False, True)
    assert here.journal.waited == [drawn["promised"]]
    cases, persons = placed[0]
    assert len(made.cases) == len(cases) == len(persons) == 5
    assert {case["queue"] for case in cases} == {"help-ie"}
    assert {case["type"] for case in cases} == {"quality_sample"}
    assert {case["opened_by"] for case in cases} == {gate.names.principal("whosaw")}
    assert {row["case_id"] for row in persons} == {ours for ours, _ in made.cases}


def test_anybody_draws_it_again(gate):
    """From both records and the list, in any order: the same sample; with one case more, or another secret, it is found out."""
    made = draw(7, "ana", desk(gate)[0])
    promised, drawn = said(gate)
    assert sorted(check(promised, drawn, ALL)) == sorted(case for _, case in made.cases)
    for wrong in (
        lambda: check(promised, drawn, [*ALL, "T-99"]),
        lambda: check(promised, drawn | {"secret": b64encode(b"t" * 32).decode()}, ALL),
        lambda: check(promised, drawn | {"sample": b64encode(bytes(32)).decode()}, ALL),
        lambda: check(promised | {"count": 6}, drawn, ALL),
        lambda: check(promised, drawn | {"root": b64encode(bytes(32)).decode()}, ALL),
    ):
        with pytest.raises(ProofFailed):
            wrong()


def test_the_root_decides_with_the_secret(gate):
    """The same secret under another head is another sample: whoever knows the secret before does not know the sample."""
    one = draw(5, "ana", desk(gate)[0])
    gate.journal.records.clear()
    other = draw(5, "ana", desk(gate, journal=Log(gate.journal, b"q" * 32))[0])
    assert {case for _, case in one.cases} != {case for _, case in other.cases}


def test_each_case_comes_as_often_as_another():
    """Two thousand seeds, five of forty: each case between what chance allows."""
    counts = dict.fromkeys(ALL, 0)
    for n in range(2000):
        for case in least(n.to_bytes(32), ALL, 5):
            counts[case] += 1
    assert all(170 < count < 340 for count in counts.values())


def test_a_head_that_does_not_come_leaves_a_promise_and_no_sample(gate):
    """Not published: Unavailable, no secret in the log, no case anywhere."""
    here, placed = desk(gate, journal=Log(gate.journal, None))
    with pytest.raises(Unavailable):
        draw(5, "ana", here)
    assert [body["what"] for body in said(gate)] == ["promised"]
    assert placed == []
    assert b64decode(said(gate)[0]["commitment"]) != b"s" * 32


@pytest.mark.parametrize("count", [0, 21, 40, 41, 501])
def test_too_many_or_none(gate, count):
    """An error, and nothing on record."""
    with pytest.raises(BadInput):
        draw(count, "ana", desk(gate)[0])
    assert said(gate) == []


def test_who_does_not_work_here_draws_nothing(gate):
    """A stranger, and the window asked for is the last thirty days."""
    asked = []
    here, placed = desk(gate, finished=lambda start, end: asked.append(end - start) or [])
    assert isinstance(draw(5, "nobody", here), Refused)
    assert placed == []
    with pytest.raises(BadInput):
        draw(5, "ana", here)
    assert asked == [timedelta(days=30)]
    assert asked[0] == 30 * DAY

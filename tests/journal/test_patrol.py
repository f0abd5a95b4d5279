# SPDX-License-Identifier: Apache-2.0
"""The scrub in the background: its findings come into the log, and it holds nothing up."""

import logging
import time
from datetime import timedelta

import pytest
from tests.journal.test_fsck import flip
from tests.journal.world import at_size

from whosaw.journal.scrub import patrol as patrols
from whosaw.journal.scrub import reports
from whosaw.journal.scrub.patrol import Patrol
from whosaw.journal.scrub.scrub import Scrub
from whosaw.model.record import Stream, parse


class Open:
    """An open journal, as far as a patrol knows one."""

    def __init__(self, core):
        self.core = core

    def submit(self, submission):
        return self.core.record(submission).future.result()


def said(core):
    """What the log says of scrubs."""
    admin = core.keys.of(Stream.named("admin"))
    frames = [frame for frame in core.state.tail.frames if frame.handle == admin.handle]
    return [body for body in (parse(frame.body) for frame in frames) if body["kind"] == "scrub"]


@pytest.fixture
def opened():
    world = at_size(600)
    core = world.open()
    yield world, core, Patrol(Scrub(world.stores, world.signers, world.clock), world.private, Open(core))
    core.close()


def test_a_round_is_on_record(opened):
    """At its end, with what was read and that nothing was found."""
    _, core, patrol = opened
    for _ in range(4):
        patrol.look()
    (body,) = said(core)
    assert (body["leaves"], body["damaged"], body["found"]) == (600, 0, [])
    assert patrol.found == 0


def test_damage_is_on_record_at_once(opened, caplog):
    """Not only at the end of the week; and it is an error in the log of the process."""
    world, core, patrol = opened
    world.public.set("tile/0/001", flip(world.public.files["tile/0/001"].data, 100))
    with caplog.at_level(logging.ERROR):
        patrol.look()
        patrol.look()
    (body,) = said(core)
    assert (body["damaged"], body["ended"]) == (1, None)
    assert body["found"][0]["where"] == "index 259, tile/0/001, byte 100"
    assert "tile/0/001, byte 100" in caplog.text
    assert patrol.found == 1


def test_it_runs_by_itself_and_ends(opened, monkeypatch):
    """A thread of its own, which goes on after whatever a look raises, and notes at the end where it was."""
    world, core, _ = opened
    monkeypatch.setattr(patrols, "AT_LEAST", timedelta(milliseconds=5))
    monkeypatch.setattr(patrols, "AT_MOST", timedelta(milliseconds=5))
    world.private.set("reports/not-one.json", b"{}")
    patrol = Patrol(Scrub(world.stores, world.signers, world.clock), world.private, Open(core))
    patrol.start()
    assert "no report" in patrol.failed
    world.private.delete("reports/not-one.json")
    until = time.monotonic() + 60
    while not said(core) and time.monotonic() < until:
        time.sleep(0.01)
    patrol.close()
    assert said(core)[0]["leaves"] == 600
    assert patrol.failed == ""
    assert world.private.read("scrub.json")
    assert list(world.private.names(reports.FOLDER)) == []

# SPDX-License-Identifier: Apache-2.0
"""A house says how it is: which part fails, in a sentence, and numbers without anybody in them."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.directory.town import write
from tests.journal.world import ORIGIN, World, at_size, body

from whosaw.desks import load_directory
from whosaw.errors import Damaged
from whosaw.journal.again import Again
from whosaw.journal.meter import GROUP_SIZES, Histogram
from whosaw.journal.scrub.scrub import Round, Rounds
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream
from whosaw.web.health import OK, Health, measured, parts_of
from whosaw.web.metrics import metrics_text
from whosaw.wiring import build, house
from whosaw.witness.client import Says
from whosaw.witness.state import Standing, WitnessState


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("health") / "data"
    build(folder, ORIGIN)
    with house(folder) as here:
        load_directory(here, write(folder.parent / "tables"))
        for n in range(30):
            here.journal.submit(
                Submission("test", f"k-{n}", (Record(Stream.of_person(f"person-{n % 3}"), body(f"record {n}")),))
            )
        here.journal.publish_now()
        yield here


def asked(app, path):
    said = []

    async def send(message):
        said.append(message)

    asyncio.run(app({"type": "http", "path": path, "method": "GET"}, None, send))
    return said[0]["status"], said[1]["body"]


def values(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_a_house_that_is_well(opened):
    """200, and every part is ok; any other path is none."""
    status, raw = asked(Health(opened), "/health")
    assert (status, json.loads(raw)["ok"]) == (200, True)
    log, gate = {"publication", "index", "disk", "journal"}, {"engine", "clock", "state"}
    state = {"directory", "keyring", "names", "sealed values", "quotas"}
    assert set(json.loads(raw)["parts"]) == log | gate | state
    assert asked(Health(opened), "/other")[0] == 404


def test_numbers_of_a_running_house(opened):
    """What the monitoring system reads is what happened: leaves, groups, writes; the parser of others takes it."""
    status, raw = asked(Health(opened), "/metrics")
    assert status == 200
    found = values(raw)
    size = opened.journal.reader().size
    assert found["whosaw_log_size",] == size
    assert found["whosaw_leaves_total",] >= 30
    assert found["whosaw_group_leaves_count",] == found["whosaw_write_seconds_count",] > 0
    assert found["whosaw_group_leaves_sum",] == found["whosaw_leaves_total",]
    assert found["whosaw_group_leaves_bucket", "+Inf"] == found["whosaw_group_leaves_count",]
    assert found["whosaw_write_seconds_sum",] > 0
    assert {found["whosaw_deliveries_total", which] for which in ("first", "again", "over")} == {0}
    assert (found["whosaw_stopped",], found["whosaw_map_stopped",], found["whosaw_queue_length",]) == (0, 0, 0)


def test_nobody_is_in_the_numbers(opened):
    """No stream, no person, no key: the only labels there can be are names of witnesses and of the two logs."""
    for path in ("/metrics", "/health"):
        text = asked(Health(opened), path)[1].decode()
        assert "person" not in text
        labels = set(re.findall(r'(\w+)="', text))
        assert labels <= {"le", "log", "witness", "which"}
        for name in ("admin", "policy", "stream", "handle"):
            assert name not in re.sub(r"# .*", "", text)


def test_a_journal_that_stopped_says_why():
    """503, with the journal's own sentence; the numbers say it as well."""
    world = World()
    core = world.open()
    core.state.stop(Damaged("the disk is gone", where="tail"))
    found = pulse_of(core)
    parts = parts_of(measure(world, found), 60)
    assert parts["journal"] == "the disk is gone"
    assert values(metrics_text(measure(world, found)))["whosaw_stopped",] == 1
    core.close()


def pulse_of(core):
    from whosaw.journal.meter import Pulse
    from whosaw.journal.receipts import moment

    state = core.state
    stopped = "" if state.stopped is None else str(state.stopped)
    return Pulse(
        state.meter,
        0,
        len(state.tail.frames),
        state.published.size,
        moment(state.head.signed_at),
        60,
        stopped,
        core.map.stopped,
    )


def measure(world, pulse=None, **more):
    found = measured(world.stores, world.signers.keys(), world.clock(), pulse, files=True)
    return replace(found, **more)


def test_each_part_that_fails_is_named():
    """Publication behind its promise, damage under the scrub, a witness that says something odd, one that is silent."""
    world = at_size(300)
    core = world.open()
    world.record(core, "one", "anna")
    assert parts_of(measure(world, pulse_of(core)), 60)["publication"] == OK
    world.clock.at += timedelta(minutes=5)
    late = parts_of(measure(world, pulse_of(core)), 60)["publication"]
    assert late.startswith("2 leaves wait")
    at = world.clock()
    scrub = Rounds(Round(at, damaged=2))
    assert "2 places" in parts_of(measure(world, scrub=scrub), 60)["disk"]
    assert "no round" in parts_of(measure(world, scrub=Rounds(Round(at - timedelta(days=40)))), 60)["disk"]
    for says, cosigned, words in (
        (Says.CONTRADICTS, at, "witness w: it says"), (Says.UNREACHABLE, None, "has not cosigned lately"), (Says.COSIGNED, at, OK),
    ):  # fmt: skip
        witness = WitnessState("w", "https://w.example.org", says, "it says", 200, cosigned, at)
        standings = {"log": Standing(at, 300, 300, (witness,))}
        found = measure(world, standings=standings)
        assert words in parts_of(found, 60)["witnesses of the log"]
        text = values(metrics_text(found))
        assert text["whosaw_witness_lag", "log", "w"] == 100
        assert text["whosaw_witness_alarm", "log", "w"] == float(says is Says.CONTRADICTS)
    core.close()


def test_the_index_that_stays_behind_is_named():
    """Ten minutes after it was due."""
    world = at_size(300)
    core = world.open()
    core.map.answer()
    world.clock.at += timedelta(minutes=25)
    world.record(core, "one", "anna")
    core.integrator.step()
    assert "in no index" in parts_of(measure(world), 60)["index"]
    core.map.answer()
    assert parts_of(measure(world), 60)["index"] == OK
    core.close()


def test_what_cannot_be_measured_fails(opened, monkeypatch):
    """A checkpoint that is not ours: 503 in both, and never an exception."""
    monkeypatch.setattr("whosaw.web.health.measured", _raises)
    status, raw = asked(Health(opened), "/health")
    assert (status, json.loads(raw)["parts"]["log"]) == (503, "checkpoint is not ours")
    assert asked(Health(opened), "/metrics")[0] == 503


def _raises(*_args, **_more):
    raise Damaged("checkpoint is not ours", where="checkpoint")


def test_a_histogram_counts_up():
    """Each bucket holds what is not above its bound, and those below it too."""
    made = Histogram(GROUP_SIZES)
    for value in (1, 2, 3, 2000):
        made.add(value)
    found = dict(made.cumulative())
    assert (found["1"], found["2"], found["4"], found["1024"], found["+Inf"]) == (1, 2, 3, 3, 4)


def test_a_journal_has_a_pulse(opened):
    """Of an open journal: nothing waits behind what was published."""
    assert isinstance(opened.journal, Again)
    pulse = opened.journal.pulse()
    assert (pulse.waiting, pulse.queued, pulse.stopped, pulse.map_stopped) == (0, 0, "", "")
    assert pulse.published == opened.journal.reader().size

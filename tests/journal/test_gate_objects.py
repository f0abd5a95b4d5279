# SPDX-License-Identifier: Apache-2.0
"""Gates on many machines: head and rows in PostgreSQL, what is published in one bucket, segments in another, keys on each disk."""

import itertools

import pytest
from tests import postgres
from tests.journal.together import Town, submission, until
from tests.store import s3

from whosaw.store.apart import Apart
from whosaw.store.files import data_folders

pytestmark = pytest.mark.postgres


class Machines(Town):
    """Each gate has a disk of its own, and shares nothing with the others but the database and two buckets."""

    def __init__(self, conninfo, home, proxy):
        self.home, self.proxy = home, proxy
        self.shown, self.closed, self._numbers = s3.bucket(), s3.bucket(), itertools.count()
        super().__init__(conninfo, home)

    def folders(self):
        own = data_folders(self.home / f"machine-{next(self._numbers)}")[1]
        public = s3.folder(self.proxy.url, self.shown, pauses=(0.01, 0.05))
        return public, Apart(s3.folder(self.proxy.url, self.closed, pauses=(0.01, 0.05)), own)


@pytest.fixture(scope="module")
def server():
    with postgres.server("max_connections = 100") as pg:
        yield pg


@pytest.fixture
def town(server, tmp_path):
    proxy = s3.Proxy(s3.server())
    made = Machines(server.database(), tmp_path, proxy)
    yield made
    made.check()
    made.close()
    proxy.close()


def elected(gates):
    return next((number for number, (_, candidate) in enumerate(gates) if candidate.epoch), None)


def test_whoever_is_elected_goes_on_where_the_other_machine_stopped(town):
    """Two terms on two machines: the second finds segments and staging, shows what the first could not, and nothing is twice."""
    with town.gates(2) as gates:
        until(lambda: elected(gates) is not None)
        first = elected(gates)
        for n in range(6):
            gates[n % 2][0].submit(submission(f"k-{n}", "anna", "ben"))
        gates[1 - first][0].publish_now()  # it has read the checkpoint now, and will be asked to replace a newer one
        town.proxy.faults.arm("replace checkpoint", "lost", nth=1)
        gates[first][0].wait_published(gates[first][0].submit(submission("k-6")).first)
        gates[first][1].close()
        until(lambda: elected(gates) == 1 - first)
        made = [gate.submit(submission(f"later-{n}", "carla")) for n, (gate, _) in enumerate(gates)]
        for gate, _ in gates:
            gate.wait_published(max(one.first for one in made))
        again = gates[first][0].submit(submission("k-0", "anna", "ben"))
        assert again.receipt == gates[1 - first][0].find("test", "k-0").receipt
    segments = [name for name in s3.everything(town.closed) if name.startswith("log/segments/")]
    assert len(segments) >= 3
    assert not [name for name in s3.everything(town.shown) if "segments" in name or "staging" in name]


@pytest.mark.slow
def test_a_term_that_ends_in_the_middle_of_a_head_is_carried_through_elsewhere(town):
    """The head is swapped, its files are not put, and the machine is gone: the other one makes it whole."""
    with town.gate(stands=False) as (gate, _):
        with town.gate() as (_, candidate):
            until(lambda: candidate.epoch)
            gate.wait_published(gate.submit(submission("k-0")).first)
            town.proxy.faults.arm("create tile", "lost", nth=1)
            town.proxy.faults.arm("create tile", "lost", nth=2)
            town.proxy.faults.arm("create tile", "lost", nth=3)
            gate.submit(submission("k-1", "anna"))
            town.database.rows("UPDATE journal.leader SET epoch = epoch + 100 RETURNING epoch")
        made = None
        with town.gate() as (other, candidate):
            made = other.submit(submission("k-2", "ben"))
            gate.wait_published(made.first)
            assert other.find("test", "k-1").first < made.first

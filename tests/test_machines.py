# SPDX-License-Identifier: Apache-2.0
"""Two machines, one log: gates that share a PostgreSQL and two buckets, and no disk. One is elected; either may be gone.

What each machine has of its own is its settings, the keys that were brought to it, and nothing of the log.
"""

import shutil

import pytest
from tests import postgres
from tests.cli.desk import ADDRESS, DAY, NOW, ORIGIN, Desk, company, typed
from tests.directory.town import write
from tests.store import s3
from tests.vault.crowds import fill

from whosaw.datafolder import SETTINGS, TRUST
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.wiring import house

pytestmark = pytest.mark.postgres


@pytest.fixture
def machines(tmp_path, monkeypatch):
    """Two data folders of one log, the second made from the first one's settings and keys; and the buckets."""
    for name, value in s3.KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    shown, closed = s3.shown_to_everybody(), s3.bucket()
    with postgres.server("max_connections = 100") as pg:
        one, two = Desk(tmp_path / "one"), Desk(tmp_path / "two")
        made = typed(
            "init", one.data, "--origin", ORIGIN, "--database", pg.database(), "--endpoint", s3.server(),
            "--public", f"s3://{shown}/log", "--segments", f"s3://{closed}/log",
        )  # fmt: skip
        assert made.code == 0, made.err
        write(one.tables, company(), regions=None)
        assert one.typed("directory", "load", one.tables).code == 0
        two.data.mkdir(parents=True)
        for name in (SETTINGS, TRUST):
            shutil.copy(one.data / name, two.data / name)
        shutil.copytree(one.data / "private" / "keys", two.data / "private" / "keys")
        yield one, two, shown, closed


def look(here, key, person="mirabel", case="T-100"):
    return here.guard.look(Look(f"l-{key}", "ana", person, (Asked.parse("ip:network"),), "subject_request", case, key))


@pytest.mark.slow
def test_two_machines_write_one_log(machines):
    """Looks at both gates, one sequencer; a retry at the other gate is the same look; an outsider verifies the bucket."""
    one, two, shown, closed = machines
    with house(one.data) as here, house(two.data) as there:
        here.vault.put("mirabel", Field.IP, ADDRESS, NOW - DAY, "mirabel signs in")
        fill(here.vault._crowd, ADDRESS, NOW - DAY)
        answers = [look(gate, f"k-{n}") for n in range(3) for gate in (here, there)]
        assert all(isinstance(answer, Shown) for answer in answers)
        assert len({answer.receipt for answer in answers}) == 3
        assert isinstance(look(there, "k-refused", case="T-101"), Refused)
        here.journal.publish_now()
    with house(two.data) as there:  # the first machine is gone
        assert isinstance(look(there, "k-alone"), Shown)
        there.journal.publish_now()
    for desk in (one, two):
        said = desk.typed("journal", "fsck", "--format", "json")
        assert (said.code, said.json["rows"]) == (0, []), said.out
    url = f"{s3.server()}/{shown}/log"
    verified = typed("verify", "--trust", two.data / TRUST, url)
    assert verified.code == 0, verified.out
    statement = two.home / "mine.json"
    assert two.typed("statement", "mirabel", "--as", "ines", "--out", statement).code == 0
    words = ("verify", "statement", statement, "--trust", two.data / TRUST, "--person", "mirabel", "--folder", url)
    assert typed(*words).code == 0
    assert {name.split("/")[1] for name in s3.everything(closed)} <= {"segments", "staging", "map"}
    assert {name.split("/")[1] for name in s3.everything(shown)} == {"checkpoint", "genesis", "map", "tile"}
    for desk in (one, two):
        assert not (desk.data / "public").exists()
        assert not list((desk.data / "private").glob("segments/*"))
    with pytest.raises(Exception, match="403"):
        s3.ask(f"{s3.server()}/{closed}/{next(iter(s3.everything(closed)))}")

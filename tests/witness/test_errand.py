# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal witness`: every witness asked now, over HTTP; who answered what; and a fork ends with 3."""

import shutil

from tests.cli.desk import typed
from tests.witness.test_house import built, town  # noqa: F401 - fixtures

from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, canonical
from whosaw.tlog.note import parse_note
from whosaw.verify.command import main as verify
from whosaw.wiring import house


def record(here, key):
    body = canonical({"v": 1, "kind": "test", "text": key})
    here.journal.submit(Submission("test", key, (Record(Stream.of_person("anna"), body),)))
    here.journal.publish_now()


def asked(folder, code):
    said = typed("journal", "witness", "--data", folder, "--format", "json")
    assert said.code == code, said.out + said.err
    return said.json


def test_both_cosign_and_it_is_shown(town):  # noqa: F811
    """With no house open: both logs' heads are cosigned, and shown with their lines."""
    folder = town.folder("a")
    said = asked(folder, 0)
    assert (said["enough"], said["shown"], [row["cosigned"] for row in said["rows"]]) == (True, True, [True] * 4)
    for log in ("public", "public/map"):
        note = parse_note((folder / log / "checkpoint.witnessed").read_bytes())
        assert len(note.signatures) == 4
    assert verify([str(folder / "public"), "--trust", str(folder / "trust")]) == 0
    assert asked(folder, 0)["size"] == 1  # again


def test_what_they_said_is_kept(town):  # noqa: F811
    """What an errand was told, `witness status` tells: of both logs, also of one that is down since, whose last word stays."""
    folder = town.folder("a", 1)
    before = typed("witness", "status", "--data", folder, "--format", "json")
    assert (before.code, "ever asked" in before.json["sentence"]) == (0, True)
    asked(folder, 0)
    town.switches["w2"].up = False
    asked(folder, 1)
    said = typed("witness", "status", "--data", folder, "--format", "json").json
    assert (said["witnessed"], said["published"]) == (1, 1)
    rows = {(row["log"], row["witness"]): row for row in said["rows"]}
    assert len(rows) == 4
    for log, size in (("log", 1), ("index", said["map_published"])):
        up, down = rows[log, "w1-0"], rows[log, "w2-0"]
        assert (up["size"], up["lag"], up["said"] != down["said"]) == (size, 0, True)
        assert (down["size"], down["cosigned"] < up["cosigned"], down["asked"]) == (size, True, up["asked"])


def test_copies_carry_what_witnesses_have_seen(town):  # noqa: F811
    """A mirror and a parcel of a log whose trust file asks for a quorum verify like the log; without a quorum there is neither."""
    folder, mirror, parcel = town.folder("a"), town.path / "mirror", town.path / "parcel"
    trust = folder / "trust"
    words = ("journal", "mirror", folder / "public", mirror, "--trust", trust)
    said = typed(*words)
    assert (said.code, "no quorum" in said.err) == (3, True)
    assert typed("journal", "export", "log", parcel, "--data", folder).code == 3
    with house(folder) as here:
        record(here, "one")
        here.journal.mapped(witnessed=True)
        here.journal.wait_witnessed(2)
    asked(folder, 0)
    assert typed(*words).code == 0
    assert typed("journal", "export", "log", parcel, "--data", folder).code == 0
    for copy in (mirror, parcel):
        assert (copy / "public/map/checkpoint.witnessed").exists()
        assert verify([str(copy / "public"), "--trust", str(trust)]) == 0


def test_one_is_down(town):  # noqa: F811
    """Enough is 1 of 2: exit 1, and shown. Both are needed: exit 7, and nothing is shown."""
    town.switches["w2"].up = False
    for quorum, code in ((1, 1), (2, 7)):
        folder = town.folder("ab"[quorum - 1], quorum)
        said = asked(folder, code)
        assert {row["witness"]: row["cosigned"] for row in said["rows"]} == {"w1-0": True, "w2-0": False}
        assert (folder / "public/checkpoint.witnessed").exists() == (code == 1)


def test_beside_an_open_house(town):  # noqa: F811
    """The house shows what it collects itself; who asks beside it is only told."""
    folder = town.folder("a")
    with house(folder) as here:
        record(here, "one")
        said = asked(folder, 0)
        assert (said["enough"], said["shown"]) == (True, False)
        record(here, "two")
        here.journal.wait_witnessed(2)
        asked(folder, 0)


def test_another_history_ends_with_3(town):  # noqa: F811
    """A witness that has seen more of this log than is here: evidence is kept, and nothing is shown."""
    folder = town.folder("a")
    copy = shutil.copytree(folder, town.path / "copy")
    with house(folder) as here:
        record(here, "one")
        here.journal.wait_witnessed(2)
    said = asked(copy, 3)
    assert any("this log has 1 leaves" in row["said"] for row in said["rows"])
    assert [path.name for path in (copy / "private/witness").glob("fork-*.json")]
    assert not (copy / "public/checkpoint.witnessed").exists()


def test_a_log_without_witnesses(built):  # noqa: F811
    """A slip, with what to do about it."""
    said = typed("journal", "witness", "--data", built["a"])
    assert (said.code, "this log has no witnesses" in said.err) == (2, True)
    said = typed("witness", "status", "--data", built["a"])
    assert (said.code, said.out.startswith("This log has no witnesses")) == (0, True)

# SPDX-License-Identifier: Apache-2.0
"""A log that the journal wrote to disk, verified by an outsider: folder, statement, receipt, proof, tampering."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.verify.log_maker import look_body

from whosaw.desks import statement_material
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream
from whosaw.oversight.statement import make_statement
from whosaw.verify.command import main
from whosaw.verify.proof import OpenedRecord
from whosaw.wiring import build, house

BEGAN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HERS = "anna@example.org"


class Clock:
    """Goes on by a tenth of a second each time somebody looks."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=100)
        return self.now


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A data folder with three looks at one account and many at others, and what was handed out from it."""
    folder = tmp_path_factory.mktemp("data")
    clock = Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    with house(folder, clock=clock) as one:
        for n in range(12):
            person = HERS if n % 4 == 1 else f"person-{n}"
            body = look_body(person, n)
            recorded = one.journal.submit(Submission("guard", f"key-{n}", (Record(Stream.of_person(person), body),)))
            one.journal.wait_published(recorded.leaves[-1].index)
        last = recorded.leaves[-1]
        material = statement_material(one)
        (folder / "mine.json").write_bytes(make_statement(HERS, material))
        (folder / "nobody.json").write_bytes(make_statement("nobody@example.org", material))
        assert one.keyring.find(Stream.of_person("nobody@example.org")) is None
        (folder / "mine.receipt").write_bytes(recorded.receipt)
        (folder / "leaf.tlog-proof").write_bytes(one.journal.proof(last.index))
        (folder / "record.json").write_bytes(OpenedRecord(last.label, last.nonce, last.body).encode())
    return folder


def typed(folder, *words):
    return main(
        [str(folder / w) if (folder / w).exists() else w for w in words], clock=lambda: BEGAN + timedelta(days=1)
    )


def test_what_the_journal_published_is_whole(desk, capsys):
    """Every leaf, tile and file that the journal wrote holds under the trust file that it wrote."""
    assert typed(desk, "--trust", "trust", "public") == 0
    assert "older partial file" in capsys.readouterr().out


def test_a_statement_of_the_house_is_complete(desk, capsys):
    """Made from the keyring, the segments, the tiles and the index; checked from the file alone, and with the log beside it."""
    for words in (("--trust", "trust"), ("--trust", "trust", "--folder", "public")):
        assert typed(desk, "statement", "mine.json", *words, "--person", HERS) == 0
        assert capsys.readouterr().out.rstrip().endswith("3 records, complete for this account")
        assert typed(desk, "statement", "nobody.json", *words, "--person", "nobody@example.org") == 0
        assert capsys.readouterr().out.rstrip().endswith("0 records, complete for this account")
        assert typed(desk, "statement", "mine.json", *words, "--person", "person-0") == 3


def test_receipt_and_proof_of_the_house_hold(desk):
    """The journal gave its word, and kept it."""
    assert typed(desk, "receipt", "mine.receipt", "--trust", "trust", "--folder", "public") == 0
    assert typed(desk, "receipt", "leaf.tlog-proof", "--trust", "trust", "--folder", "public") == 0
    assert typed(desk, "proof", "leaf.tlog-proof", "--trust", "trust", "--record", "record.json") == 0


def test_one_changed_byte_on_disk_is_found(desk, tmp_path, monkeypatch, capsys):
    """The place is named; put right again, the log is whole again."""
    monkeypatch.chdir(tmp_path)
    path = max((desk / "public/tile/entries").glob("*.p/*"), key=lambda p: int(p.name))
    raw, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(raw[:300] + bytes([raw[300] ^ 1]) + raw[301:])
    assert typed(desk, "--trust", "trust", "public") == 3
    assert "bytes 268 to 334: leaf 4 was altered" in capsys.readouterr().out
    path.write_bytes(raw)
    path.chmod(mode)
    assert typed(desk, "--trust", "trust", "public") == 0

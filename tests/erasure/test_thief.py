# SPDX-License-Identifier: Apache-2.0
"""An old copy of keys.db after an erasure, tried as a thief would, past every check of ours; and docs/trust.md names whatever can be stolen."""

import fnmatch
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.desk import typed
from tests.erasure.folder import BY, HERS, Traces

from whosaw.api.callers.rows import CALLER_TABLES
from whosaw.api.scim import token
from whosaw.detect import findings_file
from whosaw.directory.ticket_tables import DIRECTORY
from whosaw.errors import Damaged
from whosaw.journal import map_log, older, staging, tail
from whosaw.journal.repair import aside
from whosaw.journal.scrub import reports, scrub
from whosaw.places import checked
from whosaw.privacy.data_key import DataKey, unseal
from whosaw.privacy.epochs import DERIVED, FIRST
from whosaw.privacy.keyring import KeyRow
from whosaw.privacy.root import Root
from whosaw.store.delivered import DELIVERED
from whosaw.store.key_tables import KEYS
from whosaw.store.root_file import ROOT
from whosaw.store.state_tables import STATE
from whosaw.wishes.rows import WISH_TABLES
from whosaw.witness import kept

PAGE = (Path(__file__).parents[2] / "docs" / "trust.md").read_text()


def tried(keys: Path, root: Root, state: Path, person: str) -> set[str]:
    """What of `person` opens with these three, by the formats alone: their id, their values."""
    with closing(sqlite3.connect(keys)) as db:
        epochs = db.execute("SELECT number, wrapped FROM epochs").fetchall()
        rows = db.execute(
            "SELECT handle, generation, rekeys, epoch, wrapped, label_0, sealed_id FROM keyring"
        ).fetchall()
    opened = {}
    for number, wrapped in epochs:
        try:
            about = b"whosaw/epoch/v2" + number.to_bytes(4, "big")
            derived = wrapped == DERIVED and number == FIRST
            opened[number] = root.epoch(FIRST) if derived else unseal(root.epochs, wrapped, about, "an epoch")
        except Damaged:
            continue
    found = set()
    for handle, generation, rekeys, epoch, wrapped, label_0, sealed_id in rows:
        if epoch not in opened:
            continue
        row = KeyRow(b"", handle, generation, rekeys, epoch, wrapped, label_0, sealed_id)
        key, _, name = DataKey.in_row(row, _cipher(opened[epoch]))
        if name != person:
            continue
        found.add("id")
        with closing(sqlite3.connect(state)) as db:
            for field, seen, sealed in db.execute("SELECT field, seen, sealed FROM sealed WHERE handle = ?", [handle]):
                key.open(field, seen, sealed)
                found.add("values")
    return found


def _cipher(key: bytes):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


@pytest.fixture
def stolen(desk, tmp_path):
    """The folder's private part as it was before she was erased, her traces in it, and the folder after that."""
    theirs = Traces.of(desk, HERS)
    shutil.copytree(desk.data / "private", tmp_path / "copy")
    assert desk.typed("erase", HERS, "--basis", "request", "--by", BY).code == 0
    return tmp_path / "copy", desk.data / "private", theirs


def test_what_an_old_copy_of_the_key_table_opens(stolen, desk):
    """Row by row of the table in docs/trust.md: what is needed beside the copy, and what it is worth after the erasure."""
    copy, now, theirs = stolen
    root, other = Root.parse((now / ROOT).read_bytes()), Root(bytes(32))
    assert tried(copy / "keys.db", other, copy / "state.db", HERS) == set(), "the copy without the root"
    assert tried(now / "keys.db", root, copy / "state.db", HERS) == set(), "today's keys, whatever else is old"
    assert tried(copy / "keys.db", root, copy / "state.db", HERS) == {"id", "values"}, "the copy, the root, old values"
    assert tried(copy / "keys.db", root, now / "state.db", HERS) == {"id"}, (
        "the copy, the root, and what is there today"
    )
    theirs.without(desk.data)  # nor a record's body or nonce, for which the copy would have the key

    assert desk.typed("vault", "rotate", "--by", BY).code == 0
    assert tried(copy / "keys.db", root, copy / "state.db", HERS) == {"id", "values"}, "a new epoch changes no copy"
    assert typed("vault", "reroot", "--by", BY, "--to", "file", "--data", desk.data).code == 0
    newer = Root.parse((now / ROOT).read_bytes())
    assert tried(copy / "keys.db", newer, copy / "state.db", HERS) == set(), "the root of today and a copy from before"
    assert tried(now / "keys.db", root, now / "state.db", "katharina") == set(), "the root from before and today's keys"
    assert tried(now / "keys.db", newer, now / "state.db", "katharina") == {"id", "values"}


def named(head: str) -> set[str]:
    """What stands between backticks in the first column of the table with this head."""
    table = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0]
    return {name for line in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", line.split("|")[1])}


def test_every_file_of_a_used_folder_is_named(desk):
    """Those of a company that has lived for a while, and those that only something rare makes."""
    rare = [
        DELIVERED, checked.NAME, f"{tail.KEPT}/x", f"{aside.FOLDER}/x", f"{older.FOLDER}/x", f"{staging.FOLDER}/x", scrub.STATE,
        f"{reports.FOLDER}/x", f"map/{map_log.CROWN}", findings_file.NAME, kept.STATE, kept.MAP_STATE,
    ]  # fmt: skip
    there = {str(path.relative_to(desk.data)) for path in desk.data.rglob("*") if path.is_file()}
    for name in sorted({*there, *(f"private/{each}" for each in rare), token.FILE}):
        assert any(fnmatch.fnmatch(name, pattern) for pattern in named("file")), name


def test_every_table_is_named(desk):
    """Those of the code, and those that stand in the files."""
    for file, page, known in (
        ("state.db", "table of `state.db`", (DIRECTORY, STATE, CALLER_TABLES, WISH_TABLES)),
        ("keys.db", "table of `keys.db`", (KEYS,)),
    ):
        with closing(sqlite3.connect(desk.data / "private" / file)) as db:
            there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        there -= {name for name in there if name.startswith("sqlite_")}
        assert named(page) == there | {table.name for each in known for table in each.tables.values()}

# SPDX-License-Identifier: Apache-2.0
"""`whosaw health`: how a data folder is, beside whoever has it open; and what a gate at an address says of itself."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.api.serving import serving

from whosaw.witness.client import Says
from whosaw.witness.state import Standing, WitnessState

STATE = {"directory", "names", "sealed values", "keyring"}
LOG = {"publication", "index", "disk"}


def asked(desk, code):
    said = desk.typed("health", "--format", "json")
    assert said.code == code, said
    return said.json, {row["part"]: row["said"] for row in said.json["rows"]}


def test_a_folder_that_is_well(desk):
    """0, every part named; nothing is changed; and the same beside whoever has it open."""
    before = desk.digest("private/state.db-shm", "private/state.db-wal")
    said, parts = asked(desk, 0)
    assert (said["ok"], said["answers"], set(parts)) == (
        True,
        True,
        {"engine", "clock", "journal", "state"} | STATE | LOG,
    )
    assert desk.digest("private/state.db-shm", "private/state.db-wal") == before
    from whosaw.wiring import house

    with house(desk.data):
        assert asked(desk, 0)[1] == parts
    assert "All is well." in desk.typed("health").out


def test_a_part_that_stops_nothing(desk):
    """A witness that holds another history: looks are answered, so 1; and it is named."""
    at = datetime.now(UTC)
    witness = WitnessState("w", "https://w.example.org", Says.CONTRADICTS, "it says no", 1, at, at)
    (desk.data / "private/witness").mkdir(exist_ok=True)
    (desk.data / "private/witness/state.json").write_bytes(Standing(at, 1, 1, (witness,)).encode())
    said, parts = asked(desk, 1)
    assert (said["ok"], said["answers"]) == (False, True)
    assert {part for part, why in parts.items() if why} == {"witnesses of the log"}
    assert parts["witnesses of the log"] == "witness w: it says no"


@pytest.mark.parametrize("part", ["state", "journal", "engine"])
def test_a_part_without_which_nothing_is_shown(desk, part):
    """7, and the part alone is named, in the words that a start would have."""
    match part:
        case "state":
            (desk.data / "private/state.db").unlink()
        case "journal":
            (desk.data / "public/checkpoint").unlink()
        case "engine":
            (desk.data / "policy").mkdir()
            (desk.data / "policy/own.cedar").write_text("forbid")
    said, parts = asked(desk, 7)
    assert (said["answers"], [name for name, why in parts.items() if why]) == (False, [part])


def test_a_directory_that_nobody_confirmed(desk, monkeypatch):
    """Every look is refused, so 7; the source is named."""
    later = datetime.now(UTC) + timedelta(hours=30)
    monkeypatch.setattr("whosaw.beside.now", lambda: later)
    said, parts = asked(desk, 7)
    assert parts["directory"] == "not confirmed in time, so every look is refused: csv"
    assert "no look is answered" in said["sentence"]


def test_no_folder(desk):
    """A slip: 2."""
    assert (
        desk.typed("health", "--ca", "x").code,
        "--ca goes with --url" in desk.typed("health", "--ca", "x").err,
    ) == (2, True)


def gate(status, body):
    """An application that answers everything so."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(
                {"type": "http.response.start", "status": status, "headers": [(b"location", b"http://127.0.0.1:1/")]}
            )
            await send({"type": "http.response.body", "body": body})

    return app


def whole(ok, **parts):
    return json.dumps({"ok": ok} | ({"parts": parts} if parts else {})).encode()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, whole(True), 0),
        (503, whole(False), 7),  # it does not tell which part: nobody may sleep on
        (200, whole(False), 1),  # a single ticket system
        (503, whole(False, journal="the disk is full", disk="ok"), 7),
        (503, whole(False, journal="ok", disk="two places"), 1),
        (200, b"<html>", 7),
        (200, b'{"ok": 1}', 7),
        (200, b'{"ok": true, "parts": 1}', 7),
        (404, whole(True), 7),
        (302, whole(True), 7),
    ],
)
def test_a_gate_at_an_address(desk, status, body, code):
    """What it says counts; anything else is no gate, and nobody is followed."""
    with serving(gate(status, body)) as port:
        said = desk.typed("health", "--url", f"http://127.0.0.1:{port}", "--format", "json")
    assert said.code == code, said
    assert desk.typed("health", "--url", f"http://127.0.0.1:{port}").code == 7  # it has gone
    assert desk.typed("health", "--url", "ftp://127.0.0.1").code == 2

# SPDX-License-Identifier: Apache-2.0
"""Both looks of docs/one-look.md, walked while every file of the package that is entered is written down."""

import asyncio
import json
import re
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from tests.directory.town import write
from tests.docs.prose import ROOT

from whosaw import desks, watching
from whosaw.guard.answer import Shown
from whosaw.inquiry import finding as of_finding
from whosaw.inquiry import person as of_person
from whosaw.inquiry.finding import FindingInquiry
from whosaw.inquiry.person import PersonInquiry
from whosaw.inquiry.unseal import Unsealed, unseal
from whosaw.model.access import Asked, Look
from whosaw.verify.command import main as verify
from whosaw.wiring import build, house

PACKAGE = f"{ROOT / 'src/whosaw'}/"
NAMED = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", (ROOT / "docs/one-look.md").read_text()))
MAP = b'format = 1\n[[route]]\npath = "/p/{person}"\nfields = ["ip:exact"]\n'
BEFORE = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
STAFF = {"ana": "support", "zed": "engineering", "ines": "legal", "omar": "security"}
TABLES = {
    "staff": [{"staff_id": name, "unit": f"{what}-1", "function": what, "country": "IE"}
              for name, what in STAFF.items()],
    "persons": [{"person": "mira", "region": "IE"}],
    "cases": [{"case_id": "T-1", "type": "support_request", "opened": BEFORE, "assignee": "ana", "requester": "mira",
               "opened_by": "portal"}],
    "case_persons": [{"case_id": "T-1", "person": "mira", "added": BEFORE, "added_by": "portal"}],
    "assignments": [],
}  # fmt: skip


@contextmanager
def entered():
    """The files of the package in which a function was called, in whatever thread."""
    seen, files = set(), set()

    def profile(frame, event, _):
        code = frame.f_code
        if event == "call" and code not in seen:
            seen.add(code)
            if code.co_filename.startswith(PACKAGE) and code.co_name != "<module>":
                files.add(code.co_filename.removeprefix(PACKAGE))

    before = sys.getprofile()
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield files
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


def connect(product, headers):
    """One request to an ASGI application."""
    scope = {"type": "http", "client": ("198.51.100.7", 5000), "headers": headers}

    async def nothing(*_):
        return {"type": "http.request"}

    asyncio.run(product(scope, nothing, nothing))


async def product(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})


def tool_log(path):
    """Somebody used the tool at night, at Mira and at many others."""
    at = datetime.now(UTC).timestamp()
    lines = [
        {"msec": f"{at - 60 + n:.3f}", "request_id": f"0123456789-{n:06d}", "remote_user": "zed", "status": "200",
         "request_method": "GET", "request_uri": f"/p/{person}", "remote_addr": "192.0.2.4"}
        for n, person in enumerate(["mira", *(f"other-{n}" for n in range(20))])
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.slow
def test_both_looks_pass_no_file_that_the_page_leaves_out(tmp_path, capsys):
    """From the first connection to the outsider's proof, every file that does anything is named on the page."""
    folder, statement = tmp_path / "data", tmp_path / "mira.json"
    build(folder, "log.example.org/whosaw")
    write(tmp_path / "tables", TABLES, regions=None)
    with entered() as files, house(folder) as here:
        desks.load_directory(here, tmp_path / "tables")
        intake = desks.intake(here, product, lambda _: "mira")
        connect(intake, [(b"user-agent", b"a browser"), (b"x-forwarded-for", b"203.0.113.9")])
        assert intake.settle()
        intake.close()
        shown = here.guard.look(
            Look("1" * 16, "ana", "mira", (Asked.parse("ip:network"),), "subject_request", "T-1", "k")
        )
        assert isinstance(shown, Shown)
        # Mira is alone in this town: a network would be hers.
        assert [value.text for value in shown.values] == ["none"]
        taken = desks.take_in(here, desks.reader("access", MAP, "map"), tool_log(tmp_path / "tool.log"))
        assert (taken.new, taken.malformed) == (21, 0)
        found = watching.watch(here).findings[0]
        desk = desks.inquiry_desk(here)
        assert isinstance(of_finding.finding(found.id, "ines", desk), FindingInquiry)
        asked = of_person.person("mira", "ines", desk)
        assert isinstance(asked, PersonInquiry)
        assert [look.explained for look in asked.looks] == [True, False]
        opened = unseal(found.id, "ines", "omar", desk, desks.unseal_keys(here))
        assert isinstance(opened, Unsealed)
        assert [name.id for name in opened.principals] == ["zed"]
        statement.write_bytes(desks.hand_out_statement(here, "mira", "ines").raw)
    with entered() as after:
        outside = ["--trust", str(folder / "trust"), "--folder", str(folder / "public"), "--person", "mira"]
        assert verify(["statement", str(statement), *outside]) == 0
    assert "complete for this account" in capsys.readouterr().out
    assert len(files | after) > 100
    assert "\n".join(sorted((files | after) - NAMED)) == ""


def test_the_steps_of_the_page_are_counted_through():
    """Steps point at each other by number, so none is missing and none stands twice."""
    steps = re.findall(r"^(\d+)\. ", (ROOT / "docs/one-look.md").read_text(), re.MULTILINE)
    assert steps == [str(number) for number in range(1, len(steps) + 1)]

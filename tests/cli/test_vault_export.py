# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault export`: a look of mode export, for who asked for it; the file is private, whole, and says what it leaves out."""

import json
import shlex

import pytest
from tests.cli.desk import DAY, NOW, day, settle, typed
from tests.directory.town import write

from whosaw.model.access import Field
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream
from whosaw.wiring import house

MESSAGES = '{"messages":[{"at":"2026-11-22T10:15:30Z","from":"owen","text":"Hello","to":["mirabel"]}]}'


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    from tests.cli.desk import company

    made = settle(tmp_path_factory.mktemp("export"))
    tables = company()
    tables["cases"].append(
        {"case_id": "T-9", "type": "support_request", "opened": day(2), "queue": "help-ie", "requester": "client-00",
         "opened_by": "portal"}
    )  # fmt: skip
    tables["case_persons"].append({"case_id": "T-9", "person": "mirabel", "added": day(2), "added_by": "portal"})
    write(made.tables, tables, regions=None)
    assert made.typed("directory", "load", made.tables).code == 0
    with house(made.data) as here:
        for number in range(30):
            here.vault.put("mirabel", Field.DEVICE, f"phone {number}", NOW - DAY * (number + 1), f"phone {number}")
        here.vault.put("mirabel", Field.PAYMENT, "a card of hers", NOW - DAY, "card")
        here.vault.put("mirabel", Field.MESSAGES, MESSAGES, NOW - DAY, "messages")
    return made


def test_the_person_gets_all_that_may_be_handed_out(desk, tmp_path):
    """Every device and not the newest twenty, the address as a look shows it, with times; and what is left out, by name."""
    out = tmp_path / "mirabel.json"
    said = desk.typed("vault", "export", "mirabel", "--out", out, "--case", "T-100", "--as", "ana")
    assert said.code == 0, said.out + said.err
    assert out.stat().st_mode & 0o777 == 0o600 and list(tmp_path.iterdir()) == [out]
    made = json.loads(out.read_text())
    fields = {each["field"]: each for each in made["fields"]}
    assert [value["value"] for value in fields["device"]["values"]] == [f"phone {number}" for number in range(30)]
    assert all(value["seen"] for each in made["fields"] for value in each["values"])
    assert (fields["ip"]["detail"], "203.0.113.77" in out.read_text()) == ("network", False)
    assert {each["field"] for each in made["left_out"]} >= {"payment", "contacts", "messages", "ip"}
    assert "a card" not in out.read_text() and "phone" not in said.out
    with house(desk.data) as here:
        run = here.journal.reader().run(here.keyring.find(Stream.of_person("mirabel")))
        body = LookBody.decode(run[-1].body)
        assert (str(body.mode), body.decision, body.case) == ("export", "permit", "T-100")


@pytest.mark.parametrize(
    "who, person, case",
    [("ana", "mirabel", "T-9"), ("quill", "mirabel", "T-100"), ("ana", "client-01", "T-100"), ("ana", "katharina", "T-101"),
     ("ana", "nobody-here", "T-100")],
    ids=["asked for by another", "not their work", "another's case", "protected", "unknown"],
)  # fmt: skip
def test_it_is_refused_like_any_look(who, person, case, desk, tmp_path):
    """Whoever did not ask, is not named, is protected; whoever may not look: refused, on record, and no file."""
    out = tmp_path / "out.json"
    said = desk.typed("vault", "export", person, "--out", out, "--case", case, "--as", who)
    assert (said.code, "Refused." in said.out, "recorded as leaf" in said.out) == (4, True, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_and_costs_no_look(desk, tmp_path):
    """An existing OUT is refused before anything is asked."""
    out = desk.file("there.json", "mine")
    before = desk.digest()
    assert desk.typed("vault", "export", "mirabel", "--out", out, "--case", "T-100", "--as", "ana").code == 2
    assert (out.read_text(), desk.digest()) == ("mine", before)


def test_all_of_it_needs_another_and_is_then_written(desk, tmp_path):
    """Nobody approved: exit code 5, no file, and the line to ask with. One who is independent signs exactly that: messages are in it."""
    out = tmp_path / "all.json"
    words = ("vault", "export", "mirabel", "--all", "--out", out, "--case", "T-100", "--as", "ana")
    refused = desk.typed(*words)
    assert (refused.code, out.exists()) == (5, False), refused.out
    (line,) = [each for each in refused.out.splitlines() if "whosaw approval ask" in each]
    asked = shlex.split(line.strip())[1:]
    asked[asked.index("ID")], asked[asked.index("TEXT")] = "mirabel", "She asked for all of it."
    assert "--export" in asked and "messages:exact" in asked
    for export in (False, True):
        # What was signed for a look on a screen is not signed for a file.
        given = [each for each in asked if export or each != "--export"]
        request = typed(*given, *(() if "--data" in given else ("--data", desk.data)), "--format", "json").json[
            "request"
        ]
        shown = desk.typed("approval", "show", request, "--as", "omar")
        assert shown.code == 0 and ("into a file" in shown.out) is export
        assert desk.typed("approval", "give", request, "--as", "omar").code == 0
        assert desk.typed(*words).code == (0 if export else 5)
    made = json.loads(out.read_text())
    fields = {each["field"]: each for each in made["fields"]}
    assert (fields["messages"]["detail"], fields["messages"]["values"][0]["value"]) == ("exact", MESSAGES)
    assert fields["payment"]["detail"] == "last4" and "a card" not in out.read_text()
    assert {each["field"] for each in made["left_out"]} == {"ip", "payment"}
    again = desk.typed(*words[:-6], "--out", tmp_path / "again.json", "--case", "T-100", "--as", "ana")
    assert again.code == 5, "one approval, one export"

# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy` over a data folder: own files at the start, recorded looks explained and made again, on record first."""

import json

import pytest
from tests.policy.test_own import OPENS, STUDY

from whosaw.errors import EXIT, Misconfigured
from whosaw.model.record import Stream, parse
from whosaw.wiring import house

NIGHT = """
@id("no-devices")
@sentence("Devices are not shown here.")
@asker("told")
forbid (principal, action, resource)
when { context.fields.contains("device") };
"""


def look(desk, principal="ana", person="mirabel", field="ip:network", case="T-100"):
    said = desk.typed("look", "--principal", principal, "--person", person, "--field", field,
                      "--purpose", "subject_request", "--case", case, "--format", "json")  # fmt: skip
    return said, json.loads(said.out)


def own(desk, **files):
    folder = desk.data / "policy"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        ending = {"purposes": "toml", "decisions": "md"}.get(name, "cedar")
        (folder / f"{name}.{ending}").write_text(text)
    return folder


def exports(desk):
    """What stands in the stream `exports`, by what was asked."""
    with house(desk.data) as here:
        here.journal.publish_now()
        key = here.keyring.find(Stream.named("exports"))
        frames = [] if key is None else here.journal.reader().run(key)[1:]
        return [parse(frame.body) for frame in frames]


def test_an_own_rule_decides_from_the_next_start_on(desk):
    """A look is permitted, the file is put there, and the same look is refused in its words; the policy's record holds it."""
    assert look(desk, field="device")[0].code == 0
    own(desk, night=NIGHT)
    said, answer = look(desk, field="device")
    assert (said.code, answer["told"]) == (4, "Devices are not shown here.")
    with house(desk.data) as here:
        here.journal.publish_now()
        records = here.journal.reader().run(here.keyring.find(Stream.named("policy")))[1:]
    assert [("own" in parse(record.body)) for record in records] == [False, True]
    assert parse(records[-1].body)["own"] == [{"name": "own/night.cedar", "text": NIGHT}]


BROKEN = [
    ("no Cedar", {"night": "forbid principal;"}, "own/night.cedar: not Cedar"),
    ("an open door", {"night": '@id("a") @sentence("A.") permit (principal, action, resource);'}, "own/night.cedar: rule 'a'"),
    ("a wider purpose", {"purposes": "format = 1\n[fraud_review]\npersons_a_day = 999\n"}, "[fraud_review] persons_a_day"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "files", "says"), BROKEN, ids=[b[0] for b in BROKEN])
def test_a_broken_own_file_stops_every_start(desk, why, files, says):
    """Look and check are refused alike, with the file, the rule or column, and a hint; nothing is shown."""
    own(desk, **files)
    for words in (
        ["look", "--principal", "ana", "--person", "mirabel", "--field", "device", "--purpose", "subject_request"],
        ["policy", "check"],
    ):
        said = desk.typed(*words)
        assert (said.code, said.out) == (EXIT[Misconfigured], "")
        assert says in said.err
    assert "hint:" in said.err or why == "no Cedar"


@pytest.mark.parametrize("name", ["Night.cedar", "night.ceder", "schema.cedarschema", "a folder"])
def test_a_file_that_nobody_reads_stops_the_start(desk, name):
    """A misspelled name would be a rule that does not hold."""
    folder = own(desk)
    if name == "a folder":
        (folder / "more.cedar").mkdir()
    else:
        (folder / name).write_text("")
    said = desk.typed("policy", "check")
    assert said.code == EXIT[Misconfigured]


def test_a_decision_is_explained_to_others_than_who_looked(desk):
    """On record first: whoever inquires reads every rule that spoke; whoever looked, or is unknown here, is refused."""
    said, answer = look(desk, "finn", "katharina", case="T-101")
    assert said.code == 4
    assert "protected" not in said.out
    for name in (str(answer["leaf"]), answer["look"]):
        told = desk.typed("policy", "explain", name, "--as", "ines", "--format", "json")
        assert (told.code, told.json["facts"], told.json["policy"]) == (0, "same", True)
        assert "protected-person" in [row["rule"] for row in told.json["rows"]]
        for asker, reason in (("finn", "is the one who looked"), ("nobody", "not known")):
            no = desk.typed("policy", "explain", name, "--as", asker)
            assert no.code == 4
            assert reason in no.out
            assert "protected" not in no.out
    steps = exports(desk)
    assert [step["what"] for step in steps] == ["explain"] * 6
    assert [step.get("reasons") for step in steps[:3]] == [None, ["own-look"], ["requester-unknown"]]
    assert {step["leaf"] for step in steps} == {answer["leaf"]}
    failed = desk.typed("policy", "explain", "failed/own-data")
    assert (failed.code, "could not be evaluated" in failed.out) == (0, True)
    gone = desk.typed("policy", "explain", "no-such-look", "--as", "ines")
    assert gone.code == 2


def test_recorded_looks_are_made_again_by_today_s_and_by_a_new_policy(desk):
    """By today's policy every record explains itself; by a new one the looks that it would refuse are listed. Nobody is named."""
    look(desk, field="device")
    look(desk)
    look(desk, "finn", "katharina", case="T-101")
    now = desk.typed("policy", "replay", "--as", "ines", "--format", "json")
    assert (now.code, now.json["decisions"], now.json["not_replayed"], now.json["rows"]) == (0, 3, 0, [])
    folder = desk.home / "new"
    folder.mkdir()
    (folder / "night.cedar").write_text(NIGHT)
    new = desk.typed("policy", "replay", "--policy", folder, "--as", "ines", "--format", "json")
    (row,) = new.json["rows"]
    assert (new.code, row["was"], row["now"], row["rules"]) == (0, "permitted", "refused", ["no-devices"])
    for word in ("ana", "finn", "mirabel", "katharina"):
        assert word not in new.out
    own = desk.typed("policy", "replay", "--policy", folder, "--as", "ana", "--format", "json")
    assert (own.json["decisions"], own.json["own"], own.json["rows"]) == (1, 2, [])
    assert desk.typed("policy", "replay", "--as", "nobody").code == 4
    assert [step["what"] for step in exports(desk)] == ["replay"] * 4


def test_golden_decisions_of_ones_own(desk):
    """None of one's own, all hold: 0. One that does not: 1, and it is shown with what came out."""
    assert desk.typed("policy", "test").code == 0
    head = "| purpose | what is different | changes | rules |\n|---|---|---|---|\n"
    own(desk, purposes=STUDY, study=OPENS, decisions=head + "| service_study | nothing | | permit |\n")
    good = desk.typed("policy", "test", "--format", "json")
    assert (good.code, good.json["own"], good.json["failed"]) == (0, 1, 0)
    own(desk, decisions=head + "| service_study | protected | person.protected = yes | permit |\n")
    bad = desk.typed("policy", "test")
    assert bad.code == 1
    assert "own/decisions.md:3" in bad.out
    assert "protected-person" in bad.out
    own(desk, decisions=head + "| service_study | x | person.hight = 3 | permit |\n")
    assert desk.typed("policy", "test").code == 2

# SPDX-License-Identifier: Apache-2.0
"""The case it must have stopped, in every variant: refused for exactly the right reasons, recorded, told nothing.

Each row runs at a whole house on a disk (``motive.py``). Nothing is weakened to make a row pass: a row says what must be.
"""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.guard.motive import LEAK, PERMIT, TRACES, motive_house
from tests.guard.motive_page import PAGE, page
from tests.guard.motive_rows import STOPPED, TWINS, VARIANTS, pending, ready
from tests.policy.ground import texts

from whosaw.errors import BadInput, Busy, Misconfigured
from whosaw.guard.answer import Refused, Shown
from whosaw.policy.rules import Policy
from whosaw.policy.told import PLAIN
from whosaw.wiring import house

# Rules that lie in the question, and are told. Written down here and not read from the policy: a sentence that begins to be
# told is a change of what an asker learns, and has to be made twice.
TOLD = {
    "case-missing", "case-system-silent", "facts-unavailable", "clock-went-back", "directory-never-confirmed",
    "directory-too-old", "directory-from-the-future", "mode-not-offered", "detail-not-offered", "principal-unknown",
    "principal-inactive", "principal-suspended", "function-not-accepted", "purpose-unknown", "field-beyond-purpose",
    "detail-beyond-purpose", "reverse-look-up", "approvals-missing", "approval-of-legal-missing", "quota-unread",
    "quota-principal", "quota-unit", "quota-purpose", "break-glass-not-for-purpose", "break-glass-not-on-call",
    "break-glass-owes-review",
}  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with motive_house(tmp_path_factory.mktemp("motive")) as made:
        yield made


def nothing_of_it(*said):
    """Not a piece of what is sealed."""
    text = " ".join(each if isinstance(each, str) else repr(each) for each in said)
    return [trace for trace in TRACES if trace in text]


@pytest.mark.parametrize("row", ready(VARIANTS), ids=lambda row: row.name)
def test_a_variant_is_refused_for_the_right_reason_and_recorded(row, town, caplog, capfd):
    """Exactly these rules; the asker hears of the question only; the record verifies; no piece of a value anywhere."""
    caplog.set_level(logging.DEBUG)
    town.begin()
    look = row.does(town)
    answer = town.look(look)
    assert isinstance(answer, Refused)
    assert {rule.id for rule in answer.decision.rules} == row.rules
    assert {why.replace(" ", "-") for why in town.against} == row.signed
    sentences = {rule.id: rule.sentence for rule in answer.decision.rules}
    told = [sentences[rule.id] for rule in answer.decision.rules if rule.id in TOLD]
    assert answer.told == (" ".join(told) or PLAIN)
    body = town.recorded(look)
    assert (body.look, body.decision, set(body.rules)) == (look.look_id, "refuse", row.rules)
    assert town.verified(answer.receipt)
    out = capfd.readouterr()
    assert nothing_of_it(answer, answer.told, answer.decision, answer.cause, caplog.text, out.out, out.err) == []


@pytest.mark.parametrize("row", ready(TWINS), ids=lambda row: row.name)
def test_its_honest_twin_is_permitted(row, town, caplog):
    """Shown at the detail that was granted, and recorded; the value stands in the answer and nowhere else."""
    caplog.set_level(logging.DEBUG)
    town.begin()
    look = row.does(town)
    answer = town.look(look)
    assert town.against == set()
    assert isinstance(answer, Shown), [rule.id for rule in answer.decision.rules]
    assert {(value.field, value.detail) for value in answer.values} == {(a.field, a.detail) for a in look.asked}
    assert all(value.text == town.masked(value.field, value.detail) for value in answer.values)
    body = town.recorded(look)
    assert (body.look, body.decision) == (look.look_id, "permit")
    assert town.verified(answer.receipt)
    assert nothing_of_it(answer, answer.decision, caplog.text) == []


@pytest.mark.parametrize("row", STOPPED, ids=lambda row: row.name)
def test_what_is_no_question_is_not_decided_and_says_nothing(row, town, caplog):
    """An error of the documented kind; nothing is recorded, nothing told of her, and no piece of a value."""
    caplog.set_level(logging.DEBUG)
    town.begin()
    with pytest.raises(row.error) as said:
        look = row.does(town)
        before = town.here.journal.publish_now()
        town.look(look)
    assert nothing_of_it(str(said.value), repr(said.value), caplog.text) == []
    assert "kate" not in f"{said.value!s} {caplog.text}"
    assert row.error is BadInput or town.here.journal.publish_now() == before


def test_of_two_gates_that_use_the_same_signatures_at_once_one_shows(town):
    """Twenty looks at once through four gates over the same house, each signed by the same two: one is shown."""
    town.begin()
    look = town.signed(town.ask("finn", "kate"))
    looks = [town.again(look) for _ in range(20)]
    gates = [town.gate() for _ in range(4)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: gates[n % 4].look(looks[n]), range(20)))
    assert [isinstance(answer, Shown) for answer in answers].count(True) == 1
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert {rule.id for answer in refused for rule in answer.decision.rules} == {"protected-person"}


POLICIES = [  # files of one's own, each with what it tries
    ("a permit for everything", {"own/open.cedar": PERMIT.format("principal has staff")}),
    ("a permit for audit", {"own/open.cedar": PERMIT.format('principal has staff && principal.staff.function == "audit"')}),
    ("a permit for the shipped inquiry", {"own/open.cedar": PERMIT.format('context has purpose && context.purpose.code == "internal_inquiry"')}),
    ("a permit without a condition", {"own/open.cedar": PERMIT.partition("when")[0].rstrip() + ";"}),
    ("a shipped rule by its own name again", {"own/open.cedar": PERMIT.format("true").replace("own-open", "protected-person")}),
    ("an inquiry that needs addresses", {"own/purposes.toml": 'format = 1\n[internal_inquiry]\nmost = { activity = "exact", ip = "exact" }\n'}),
    ("fraud as the work of audit", {"own/purposes.toml": 'format = 1\n[fraud_review]\nfunctions = ["fraud", "audit"]\n'}),
    ("fraud without a case", {"own/purposes.toml": "format = 1\n[fraud_review]\nneeds_case = false\n"}),
    ("a legal demand that nobody signs", {"own/purposes.toml": "format = 1\n[legal_demand]\napprovals = []\n"}),
    ("an incident in any case", {"own/purposes.toml": 'format = 1\n[incident_response]\ncase_types = ["incident", "internal_inquiry"]\n'}),
    ("a broken glass for fraud", {"own/purposes.toml": "format = 1\n[fraud_review]\nbreak_glass = true\nreviewed_h = 24\n"}),
    ("an inquiry into a thousand a day", {"own/purposes.toml": "format = 1\n[internal_inquiry]\npersons_a_day = 366\n"}),
    ("a purpose of one's own without a case", {"own/purposes.toml": LEAK.replace("needs_case = true", "needs_case = false")}),
    ("a purpose of one's own that no lawyer signs", {"own/purposes.toml": LEAK.replace('["legal"]', '["independent"]')}),
    ("another schema", {"own/schema.cedarschema": "entity Person;"}),
]  # fmt: skip


@pytest.mark.parametrize("files", [row[1] for row in POLICIES], ids=[row[0] for row in POLICIES])
def test_a_policy_of_one_s_own_that_opens_what_was_shut_stops_the_start(files):
    """No house opens with it: the setting is named, and nobody decides by it."""
    with pytest.raises(Misconfigured):
        Policy.load(texts() | files)


def test_a_purpose_of_one_s_own_opens_no_way_to_her(town):
    """The widest that may be written, for audit, with a permit of its own: she needs an overseer there as everywhere."""
    own = {
        "own/purposes.toml": LEAK,
        "own/leak.cedar": PERMIT.format('context has purpose && context.purpose.code == "leak_hunt"'),
    }
    town.begin()
    guard = town.gate(Policy.load(texts() | own))
    town.case("F-KATE", assignee=None, queue="risk-ie")
    look = town.ask("a4", "kate", "ip:exact", "leak_hunt", "F-KATE")
    refused = guard.look(look)
    assert {rule.id for rule in refused.decision.rules} == {
        "protected-person",
        "approvals-missing",
        "approval-of-legal-missing",
    }


def test_what_the_disk_shows_while_the_house_is_open(town):
    """Whoever reads the folder beside the open gate finds no value, no account, no staff id; in what is published no pseudonym."""
    town.begin()
    town.look(town.signed(town.ask("finn", "kate")))
    town.here.journal.publish_now()
    with pytest.raises(Busy), house(town.folder, clock=town.clock):
        pass
    names = [town.here.pseudonyms.person("kate"), town.here.pseudonyms.principal("finn")]
    for file in sorted(each for each in town.folder.rglob("*") if each.is_file()):
        raw = file.read_bytes()
        where = str(file.relative_to(town.folder))
        for word in (*TRACES, "kates-friend", "u-finn", "Somebody else has her account"):
            assert word.encode() not in raw, where
        if where.startswith("public"):
            assert not [name for name in names if name.encode() in raw or name in where], where


def test_every_variant_has_a_twin_and_a_name_of_its_own():
    """No row hides another, and every twin is one that is run."""
    names = [row.name for row in (*VARIANTS, *STOPPED, *TWINS)]
    assert len(set(names)) == len(names)
    assert all(row.twin in TWINS for row in (*VARIANTS, *STOPPED))


def test_how_many(capsys):
    """Variants that wait for a part of the guard are named, never left out in silence."""
    with capsys.disabled():
        print(
            f" {len(ready(VARIANTS)) + len(STOPPED)} variants, {len(ready(TWINS))} twins; waiting: {pending()}", end=" "
        )
    assert len(ready(VARIANTS)) >= 40


def test_the_page_says_what_the_rows_say():
    """docs/motive-case.md is made of these rows; `python -m tests.guard.motive_page` writes it anew."""
    assert PAGE.read_text() == page()

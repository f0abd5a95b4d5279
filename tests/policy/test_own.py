# SPDX-License-Identifier: Apache-2.0
"""An organisation's own files: they are read with the shipped ones, they can say no, and they open nothing that was shut."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.ground import AT, EVERYTHING, POLICY, changed, fitting, spoke, texts
from tests.policy.oracle import MAY_NEED

from whosaw.errors import Misconfigured
from whosaw.model.access import LADDER, Asked, Field
from whosaw.model.record import parse
from whosaw.model.stage import Stage
from whosaw.policy import own
from whosaw.policy.golden import base
from whosaw.policy.purposes import APPROVALS, COLUMNS, FUNCTIONS, PERHAPS
from whosaw.policy.record import policy_body
from whosaw.policy.rules import Policy

STUDY = """
format = 1

[service_study]
sentence = "Your account was part of a study of our own service."
basis = "GDPR Article 6(1)(f): the legitimate interest in a better service"
functions = ["data"]
needs_case = true
case_types = ["study"]
most = { activity = "exact" }
approvals = ["independent"]
persons_a_day = 5
"""
OPENS = """
@id("service-study")
@sentence("A study that was agreed on.")
permit (principal, action == Action::"look", resource)
when { context has purpose && context.purpose.code == "service_study" && context has case };
"""
OWN = {"own/purposes.toml": STUDY, "own/study.cedar": OPENS}


def with_own(**changes) -> Policy:
    """The shipped policy with these own files: `purposes=` the table, any other name a file of rules."""
    named = {f"own/{name}.{'toml' if name == 'purposes' else 'cedar'}": text for name, text in changes.items()}
    return Policy.load(texts() | named)


def refused(**changes) -> Misconfigured:
    with pytest.raises(Misconfigured) as caught:
        with_own(**changes)
    assert caught.value.setting
    return caught.value


def test_an_own_purpose_is_a_door_beside_the_others():
    """With its permit it opens, to its function and its fields alone; every shipped forbid holds, and the rest is as before."""
    policy = Policy.load(texts() | OWN)
    assert policy.purposes.keys() - POLICY.purposes.keys() == {"service_study"}
    look, facts = base(policy.purposes["service_study"])
    assert spoke(look, facts, policy=policy) == (True, ["service-study"])
    for change, rule in (
        ({"person__protected": True}, "protected-person"), ({"relation__colleague": True}, "own-colleague"),
        ({"person__region": "FR"}, "region-differs"), ({"principal__function": "audit"}, "function-not-accepted"),
        ({"approvals__independent": 0}, "approvals-missing"), ({"case__opened_by": "principal"}, "case-opened-by-principal"),
        ({"case__named": None}, "case-does-not-name-person"), ({"case__type": "other"}, "case-type-not-accepted"),
        ({"quota__purpose": 0}, "quota-purpose"), ({"case__assigned": False}, "case-not-assigned"),
    ):  # fmt: skip
        assert spoke(look, changed(facts, **change), policy=policy) == (False, [rule])
    asked = replace(look, asked=(Asked(Field.DEVICE, "exact"),))
    assert spoke(asked, facts, policy=policy) == (False, ["field-beyond-purpose"])
    for purpose in MAY_NEED:
        assert spoke(*fitting(purpose), policy=policy) == (True, [purpose.replace("_", "-")])


def test_own_files_are_in_digest_and_record():
    """Each own file has its digest, the whole policy another; the record holds the texts, since nobody else will have them."""
    policy = Policy.load(texts() | OWN)
    assert policy.digest != POLICY.digest
    body = parse(policy_body(policy, datetime(2026, 3, 2, tzinfo=UTC)))
    assert {f["name"] for f in body["files"]} == {*texts(), *OWN}
    assert {f["name"]: f["text"] for f in body["own"]} == OWN
    assert "service_study" in body["purposes"]
    assert "own" not in parse(policy_body(POLICY, datetime(2026, 3, 2, tzinfo=UTC)))


PIN = 'context.purpose.code == "service_study"'
PERMIT = '@id("door") @sentence("Come in.") permit (principal, action, resource)'
EVASIONS = [
    ("no condition", ""),
    ("a shipped purpose", ' when { context has purpose && context.purpose.code == "fraud_review" }'),
    ("a purpose that is none", ' when { context has purpose && context.purpose.code == "other" }'),
    ("or", " when { context has purpose && (PIN || true) }"),
    ("or a shipped one", ' when { context has purpose && (PIN || context.purpose.code == "fraud_review") }'),
    ("unless", " unless { context has purpose && PIN }"),
    ("not", " when { context has purpose && !(PIN) }"),
    ("if", " when { context has purpose && (if PIN then true else true) }"),
    ("another text", ' when { context.mode == "service_study" }'),
    ("another attribute", ' when { context has purpose && context.purpose.functions.contains("service_study") }'),
    ("not equal", ' when { context has purpose && context.purpose.code != "service_study" }'),
    ("like", ' when { context has purpose && context.purpose.code like "*" }'),
    ("a shipped one first", ' when { context has purpose && context.purpose.code == "fraud_review" && PIN }'),
]  # fmt: skip


@pytest.mark.parametrize(("why", "condition"), EVASIONS, ids=[e[0] for e in EVASIONS])
def test_a_permit_that_is_not_pinned_stops_the_start(why, condition):
    """Whatever else stands in it, a permit must demand an own purpose: the file, the rule and what to write are said."""
    error = refused(purposes=STUDY, study=OPENS, door=PERMIT + condition.replace("PIN", PIN) + ";")
    assert "own/door.cedar: rule 'door' permits" in str(error)
    assert "context.purpose.code ==" in error.hint


@pytest.mark.parametrize(
    "condition",
    [
        " when { context has purpose && PIN }",
        ' when { context has purpose && "service_study" == context.purpose.code }',
        " when { context has purpose } when { PIN && context.at > context.at }",
        " when { context has purpose && PIN } unless { context has case }",
    ],
)
def test_a_permit_that_is_pinned_is_read(condition):
    """From either side, in any clause, with more demands or exceptions."""
    if "} when {" in condition:
        condition = condition.replace("} when {", "} when { context has purpose &&")
    assert "door" in with_own(purposes=STUDY, study=OPENS, door=PERMIT + condition.replace("PIN", PIN) + ";").permits


def row(**changes) -> str:
    """The own purpose with some columns written otherwise."""
    lines = STUDY.splitlines()
    for column, value in changes.items():
        lines = [f"{column} = {value}" if line.startswith(f"{column} =") else line for line in lines]
    return "\n".join(lines)


BAD = [
    ("no case", {"purposes": row(needs_case="false", case_types="[]"), "study": OPENS}, "needs_case: an own purpose needs a case"),
    ("traces unsigned", {"purposes": row(most='{ ip = "country" }'), "study": OPENS}, "needs an approval of legal"),
    ("contacts unsigned", {"purposes": row(most='{ contacts = "exact" }'), "study": OPENS}, "needs an approval of legal"),
    ("no permit", {"purposes": STUDY}, "[service_study]: no rule permits a look for it"),
    ("a permit and no purpose", {"study": OPENS}, "permits, and is not pinned"),
    ("no TOML", {"purposes": "format ="}, "own/purposes.toml: not TOML"),
    ("no format", {"purposes": STUDY.replace("format = 1", ""), "study": OPENS}, "`format` is not 1"),
    ("nothing", {"purposes": "format = 1"}, "no purpose at all"),
    ("a column unknown", {"purposes": STUDY + "\ncolour = 3", "study": OPENS}, "exactly the columns"),
    ("a shipped id", {"a": '@id("own-data") @sentence("A.") forbid (principal, action, resource);'}, "is there twice"),
    ("the gate's id", {"a": '@id("nothing-permits") @sentence("A.") forbid (principal, action, resource);'}, "what the gate"),
    ("a failed id", {"a": '@id("failed-rule") @sentence("A.") forbid (principal, action, resource);'}, "what the gate"),
    ("too long", {"a": "// " + "x" * 70_000}, "more than 65536 bytes"),
    (
        "told of the person",
        {"a": '@id("a") @sentence("A.") @asker("told") forbid (principal, action, resource) when { resource has known };'},
        "is about the person",
    ),
    (
        "told of who else looks",
        {"a": '@id("a") @sentence("A.") @asker("told") forbid (principal, action, resource)'
         "when { context.gate has quota && context.gate.quota.person < 5 };"},
        "is about the person",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "given", "says"), BAD, ids=[b[0] for b in BAD])
def test_what_is_no_own_policy_stops_the_start(why, given, says):
    """Each is Misconfigured, and says where."""
    assert says in str(refused(**given))


@pytest.mark.parametrize(
    "name", ["own/Night.cedar", "own/a b.cedar", "own/sub/a.cedar", "own/.cedar", "own/mira@x.cedar"]
)
def test_names_of_own_files_are_plain(name):
    """They stand in the record of the policy."""
    with pytest.raises(Misconfigured, match="named in small letters"):
        Policy.load(texts() | {name: ""})


def test_every_column_is_narrowed_by_somebody():
    """A column that is added to the table is one that own files know; and a row that narrows nothing is the shipped one."""
    assert own.NO_WIDER.keys() == {*COLUMNS, *PERHAPS} - {"sentence", "basis"} == own.HOW.keys()
    for code, purpose in POLICY.purposes.items():
        same = with_own(purposes=f"format = 1\n[{code}]\nbasis = {json.dumps(purpose.basis)}\n")
        assert same.purposes == POLICY.purposes


WIDER = [
    ("fraud_review", "functions", '["fraud", "audit"]'),
    ("fraud_review", "case_types", '["fraud_review", "hunch"]'),
    ("fraud_review", "most", '{ ip = "exact", messages = "exact" }'),
    ("subject_request", "most", '{ ip = "exact" }'),
    ("fraud_review", "needs_case", "false"),
    ("legal_demand", "approvals", '["independent"]'),
    ("legal_demand", "approvals", '["independent", "independent"]'),
    ("incident_response", "approvals", "[]"),
    ("fraud_review", "persons_a_day", "121"),
    ("fraud_review", "withhold", '{ code = "quiet", days = 1 }'),
    ("incident_response", "reviewed_h", "25"),
    ("fraud_review", "window_h", "9"),
    ("safety_review", "window_h", "1"),
]


@pytest.mark.parametrize(("code", "column", "value"), WIDER)
def test_a_shipped_purpose_is_never_widened(code, column, value):
    """The row, the column and the way out are said."""
    error = refused(purposes=f"format = 1\n[{code}]\n{column} = {value}\n")
    assert f"own/purposes.toml [{code}] {column}: wider" in str(error)
    assert "code of its own" in error.hint


def test_glass_cannot_be_put_in():
    """Two columns that belong together, and neither can be added."""
    given = "format = 1\n[fraud_review]\nbreak_glass = true\nreviewed_h = 1\n"
    assert "[fraud_review] break_glass: wider" in str(refused(purposes=given))


NARROWER = [
    ("legal_demand", "approvals", '["legal", "independent", "independent"]', lambda p: len(p.approvals) == 3),
    ("fraud_review", "approvals", '["legal"]', lambda p: p.approvals == ("legal",)),
    ("fraud_review", "most", '{ ip = "network" }', lambda p: p.most == (Asked(Field.IP, "network"),)),
    ("fraud_review", "persons_a_day", "3", lambda p: p.persons_a_day == 3),
    ("internal_inquiry", "functions", '["legal"]', lambda p: p.functions == {"legal"}),
    ("fraud_review", "stage", '"witnessed"', lambda p: p.stage is Stage.WITNESSED),
    ("incident_response", "break_glass", "false", lambda p: not p.break_glass and p.reviewed_h is None),
    ("incident_response", "reviewed_h", "12", lambda p: p.reviewed_h == 12),
    ("fraud_review", "window_h", "1", lambda p: p.window_h == 1),
    ("fraud_review", "sentence", '"Wir haben einen Verdacht geprüft."', lambda p: p.sentence.startswith("Wir")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "column", "value", "so"), NARROWER, ids=[f"{n[0]} {n[1]}" for n in NARROWER])
def test_a_shipped_purpose_can_be_narrowed(code, column, value, so):
    """One column is enough; the others stay as they are."""
    policy = with_own(purposes=f"format = 1\n[{code}]\n{column} = {value}\n")
    assert so(policy.purposes[code])
    assert {c: p for c, p in policy.purposes.items() if c != code} == {
        c: p for c, p in POLICY.purposes.items() if c != code
    }


ROWS = st.fixed_dictionaries(
    {},
    optional={
        "functions": st.sets(st.sampled_from(sorted(FUNCTIONS)), min_size=1, max_size=3).map(sorted),
        "approvals": st.lists(st.sampled_from(APPROVALS), max_size=3),
        "persons_a_day": st.integers(1, 200),
        "most": st.dictionaries(st.sampled_from(sorted(Field)), st.integers(0, 2), min_size=1, max_size=4),
        "case_types": st.sets(st.sampled_from(["fraud_review", "incident", "hunch"]), min_size=1).map(sorted),
        "break_glass": st.booleans(),
        "reviewed_h": st.integers(1, 48),
        "needs_case": st.booleans(),
    },
)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(MAY_NEED)), ROWS)
def test_no_row_permits_what_the_shipped_one_does_not(code, given):
    """Any row for a shipped purpose is refused, or every look that it permits was permitted without it."""
    lines = [f"[{code}]"]
    for column, value in given.items():
        if column == "most":
            rungs = {str(f): LADDER[f][min(height, len(LADDER[f]) - 1)] for f, height in value.items()}
            lines.append("most = { " + ", ".join(f'{f} = "{d}"' for f, d in rungs.items()) + " }")
        else:
            lines.append(f"{column} = {json.dumps(value)}")
    try:
        policy = with_own(purposes="format = 1\n" + "\n".join(lines) + "\n")
    except Misconfigured:
        return
    look, facts = fitting(code)
    for function in ("audit", *sorted(policy.purposes[code].functions)):
        for asked in sorted(EVERYTHING):
            asking, known = replace(look, asked=(asked,)), changed(facts, principal__function=function)
            if spoke(asking, known, policy=policy)[0]:
                assert spoke(asking, known)[0]
    unsigned = changed(facts, approvals=replace(facts.approvals, independent=0, legal=0))
    assert spoke(look, unsigned, policy=policy)[0] <= spoke(look, unsigned)[0]
    assert AT

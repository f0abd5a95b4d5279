# SPDX-License-Identifier: Apache-2.0
"""Two policies held against each other; a rule as it was written; golden tables that cannot be read."""

import re

import pytest
from tests.policy.ground import POLICY, texts
from tests.policy.test_own import OWN, with_own

from whosaw.errors import BadInput
from whosaw.model.access import LADDER, Field
from whosaw.policy.compare import decisions_changed, purposes_changed, rules_changed
from whosaw.policy.golden import Row, read_rows, run
from whosaw.policy.rules import Policy
from whosaw.policy.wording import rule_text

NARROW = OWN["own/purposes.toml"] + '\n[fraud_review]\nmost = { ip = "network" }\n'
CHANGED = Policy.load(texts() | OWN | {"own/purposes.toml": NARROW})


def test_what_is_written_otherwise_is_said():
    """A permit and a purpose are added; seen from the other side, removed; a narrowed column says both values."""
    assert rules_changed(POLICY, POLICY) == purposes_changed(POLICY, POLICY) == ()
    assert [(c.what, c.how) for c in rules_changed(POLICY, CHANGED)] == [("service-study", "added")]
    assert [(c.what, c.how) for c in rules_changed(CHANGED, POLICY)] == [("service-study", "removed")]
    narrowed, added = purposes_changed(POLICY, CHANGED)
    assert (narrowed.what, narrowed.how, narrowed.new) == ("fraud_review most", "changed", "ip:network")
    assert (added.what, added.how) == ("service_study", "added")


def test_what_is_decided_otherwise_is_counted():
    """The own purpose opens its one field at each detail, where all have signed; the narrowed one shuts all that it no longer needs. Nothing
    else comes out otherwise.
    """
    seen = []
    asked, turned = decisions_changed(POLICY, CHANGED, lambda done, total: seen.append((done, total)))
    assert asked > 1000
    assert seen[-1] == (len(seen), len(seen))
    opened = [t for t in turned if t.purpose == "service_study"]
    # Staff or not, abroad or not, protected or not: of its own function, where all have signed.
    assert {(t.asked, t.opened, t.shut) for t in opened} == {(f"activity:{d}", 8, 0) for d in LADDER[Field.ACTIVITY]}
    shut = {t.asked for t in turned if t.purpose == "fraud_review" and t.opened == 0 < t.shut}
    fraud = POLICY.purposes["fraud_review"].needs - CHANGED.purposes["fraud_review"].needs
    assert shut == {f"{a.field}:{a.detail}" for a in fraud}
    assert len(turned) == len(opened) + len(shut)


def test_a_rule_is_shown_as_it_was_written():
    """Each rule's text stands in its file as it is, begins with its own annotations or comment, and ends with its semicolon."""
    for id_ in POLICY.rules:
        text = rule_text(POLICY, id_)
        assert text in POLICY.texts[POLICY.origin[id_]]
        assert text.endswith("};")
        assert re.findall(r'@id\("([^"]+)"\)', text) == [id_]
        assert text.startswith(("@id", "//"))
    assert rule_text(POLICY, "none") == ""
    tricky = '// a; b\n\n// why; "so"\n@id("odd") @sentence("One; two.")\nforbid (principal, action, resource)\nwhen { context.mode == "a;//b" };\n'
    assert rule_text(with_own(odd=tricky), "odd") == tricky.removeprefix("// a; b\n\n").strip()


HEAD = "| purpose | what is different | changes | rules |\n|---|---|---|---|\n"
UNREADABLE = [
    ("no table", "prose", "no table"),
    ("a cell too few", HEAD + "| fraud_review | x | refuse |", "a row has 4 columns"),
    ("no rules", HEAD + "| fraud_review | x | | |", "which rules speak"),
]


@pytest.mark.parametrize(("why", "text", "says"), UNREADABLE, ids=[u[0] for u in UNREADABLE])
def test_a_table_that_cannot_be_read_is_an_error(why, text, says):
    """With file and line; a row that says nothing never passes."""
    with pytest.raises(BadInput) as caught:
        read_rows(text, "decisions.md")
    assert says in str(caught.value)


CHANGES = [
    "person.height = 3", "persn.region = FR", "asked = shoes", "asked = ip", "mode = peep", "case.opened = yesterday",
    "case.opened = -1", "case.opened = 1d", "person.protected = maybe", "quota.week = 3", "quota.person = many",
    "approvals.friends = 2", "principal = somebody", "case = other", "feed = old", "case.named = all", "caller = desk",
    "caller = desk mtls loudly", "person.region", "directory = down", "person = unknown; person.region = FR",
    "case = none; case.opened = -9m", "directory = unreadable; person.region = FR", "case.opened_by = nobody",
]  # fmt: skip


@pytest.mark.parametrize("changes", CHANGES)
def test_a_change_that_cannot_be_read_is_an_error(changes):
    """A fact, a value or a time that there is none of: an error with the row, never a row that passes."""
    for rules in (("refuse",), ("permit",)):
        with pytest.raises(BadInput, match="cannot be read") as caught:
            run(POLICY, Row("decisions.md:7", "fraud_review", "x", changes, rules))
        assert caught.value.where == "decisions.md:7"


def test_a_row_for_no_purpose_is_an_error():
    """Its purposes are those of the policy that is tried."""
    with pytest.raises(BadInput, match="no purpose"):
        run(POLICY, Row("decisions.md:7", "fun", "x", "", ("refuse",)))

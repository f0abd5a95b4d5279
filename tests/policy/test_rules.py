# SPDX-License-Identifier: Apache-2.0
"""Loading: what is not a policy stops the start, with file and rule; and the shipped one reads well."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.ground import POLICY, texts

from whosaw.errors import Misconfigured, WhosawError
from whosaw.model.record import parse
from whosaw.model.stage import Stage
from whosaw.policy.purposes import check_stages, parse_purposes
from whosaw.policy.record import policy_body
from whosaw.policy.rules import Policy

RULE = '@id("own-rule") @sentence("A sentence.") forbid (principal, action, resource);'

BAD = [
    ("not Cedar", "own/a.cedar", "forbid principal;", "own/a.cedar: not Cedar"),
    ("no id", "own/a.cedar", '@sentence("A.") forbid (principal, action, resource);', "without an @id"),
    ("an empty id", "own/a.cedar", '@id("") @sentence("A.") forbid (principal, action, resource);', "without an @id"),
    ("an id in capitals", "own/a.cedar", '@id("Own") @sentence("A.") forbid (principal, action, resource);', "@id"),
    ("no sentence", "own/a.cedar", '@id("own-rule") forbid (principal, action, resource);', "no @sentence"),
    ("half a sentence", "own/a.cedar", '@id("own-rule") @sentence("a b") forbid (principal, action, resource);', "no @sen"),
    ("a note", "own/a.cedar", RULE.replace("forbid", '@note("x") forbid'), "annotation that nobody reads"),
    ("asker of another kind", "own/a.cedar", RULE.replace("forbid", '@asker("yes") forbid'), "annotation"),
    ("an id twice", "own/a.cedar", RULE.replace("own-rule", "own-data"), "is there twice"),
    ("a template", "own/a.cedar", RULE.replace("(principal,", "(principal == ?principal,"), "template"),
    ("an unknown attribute", "own/a.cedar", RULE.replace(";", " when { principal.age > 3 };"), "not valid under"),
    ("an unguarded fact", "own/a.cedar", RULE.replace(";", " when { context.case.assigned };"), "not valid under"),
    ("a typing error", "own/a.cedar", RULE.replace(";", ' when { context.at > "x" };'), "not valid under"),
    ("another file", "own/a.txt", "", "own/a.txt: an own policy has"),
    ("another shipped file", "a.txt", "", "a.txt: a policy has"),
    ("no schema", "schema.cedarschema", None, "lacks schema.cedarschema"),
    ("no purposes", "purposes.toml", None, "lacks purposes.toml"),
    ("a broken schema", "schema.cedarschema", "entity Person", "schema.cedarschema: not a schema"),
    (
        "a permit for everybody, and no other rule", "*", '@id("all") @sentence("All.") permit (principal, action, resource);',
        "does not refuse a look for 'subject_request' of which nothing is known",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "name", "text", "says"), BAD, ids=[b[0] for b in BAD])
def test_what_is_no_policy_stops_the_start(why, name, text, says):
    """Each way of being no policy is Misconfigured, and says where."""
    files = texts()
    if name == "*":
        files = {n: t for n, t in files.items() if not n.endswith(".cedar")} | {"a.cedar": text}
    elif text is None:
        del files[name]
    else:
        files[name] = text
    with pytest.raises(Misconfigured) as caught:
        Policy.load(files)
    assert says in str(caught.value)
    assert caught.value.setting


def test_one_comma_more_is_another_policy():
    """The digest names every file to the last byte, by name, and the engine."""
    files = texts()
    assert Policy.load(files).digest == POLICY.digest
    for name in files:
        assert Policy.load(files | {name: files[name] + "\n"}).digest != POLICY.digest
    renamed = {("zzz.cedar" if name == "case.cedar" else name): text for name, text in files.items()}
    assert Policy.load(renamed).digest != POLICY.digest


def test_sentences_can_be_read_by_anybody():
    """A rule's sentence is one sentence, says no code and no identifier, and no two rules say the same."""
    sentences = [rule.sentence for rule in POLICY.rules.values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert sentence[0].isupper() and sentence.endswith(".")
        assert not re.search(r"[_{}<>|]|[A-Z]{3}|principal|context", sentence), sentence


def test_the_policy_is_recorded_by_digest():
    """The record of the policy is canonical and names each file by its digest."""
    body = parse(policy_body(POLICY, datetime(2026, 3, 2, tzinfo=UTC)))
    assert body["kind"] == "policy"
    assert [f["name"] for f in body["files"]] == sorted(texts())
    assert body["rules"] == len(POLICY.rules)


SHIPPED = texts()["purposes.toml"]
BAD_PURPOSES = [
    ("no format", SHIPPED.replace("format = 1\n", ""), "`format` is not 1"),
    ("format true", SHIPPED.replace("format = 1\n", "format = true\n"), "`format` is not 1"),
    ("a newer format", SHIPPED.replace("format = 1\n", "format = 2\n"), "`format` is not 1"),
    ("no TOML", "format = ", "not TOML"),
    ("no purpose", "format = 1\n", "no purpose at all"),
    ("a purpose in capitals", SHIPPED.replace("[fraud_review]", "[Fraud]"), "small letters"),
    ("a purpose that is no table", "format = 1\nfraud_review = 3\n", "exactly the columns"),
    ("a column too many", SHIPPED.replace("needs_case = true", "needs_case = true\npersons_a_week = 3", 1), "exactly the"),
    ("a column too few", SHIPPED.replace("needs_case = true\n", "", 1), "exactly the columns"),
    ("needs_case 1", SHIPPED.replace("needs_case = true", "needs_case = 1", 1), "true or false"),
    ("an unknown function", SHIPPED.replace('["support"]', '["supporters"]'), "no function 'supporters'"),
    ("no function", SHIPPED.replace('["support"]', "[]"), "a list of texts, not empty"),
    ("a function twice", SHIPPED.replace('["support"]', '["support", "support"]'), "twice"),
    ("no case type", re.sub(r"case_types = .*", "case_types = []", SHIPPED, count=1), "says which `case_types` do"),
    ("an empty sentence", re.sub(r"sentence = .*", 'sentence = ""', SHIPPED, count=1), "a sentence of 1 to 300"),
    ("a field unknown", SHIPPED.replace('ip = "exact"', 'address = "exact"'), "no field 'address'"),
    ("a detail unknown", SHIPPED.replace('ip = "exact"', 'ip = "precise"'), "no field 'ip'"),
    ("a detail that is no text", SHIPPED.replace('ip = "exact"', "ip = true"), "no field 'ip'"),
    ("an unknown approval", SHIPPED.replace('"independent", "legal"]', '"independent", "lawyer"]'), "each one of independent, legal"),
    ("six approvals", SHIPPED.replace("approvals = []", f"approvals = {['legal'] * 6}", 1), "at most 5"),
    ("approvals that are no list", SHIPPED.replace("approvals = []", "approvals = 2", 1), "at most 5"),
    ("nobody a day", SHIPPED.replace("a_day = 120", "a_day = 0", 1), "whole number from 1"),
    ("half a person", SHIPPED.replace("a_day = 120", "a_day = 1.5", 1), "whole number from 1"),
    ("persons true", SHIPPED.replace("a_day = 120", "a_day = true", 1), "whole number from 1"),
    ("glass without review", SHIPPED.replace("reviewed_h = 24\n", ""), "`reviewed_h` says"),
    ("review without glass", SHIPPED.replace("break_glass = true\n", ""), "`reviewed_h` says"),
    ("review of what is not broken", SHIPPED.replace("break_glass = true\n", "break_glass = false\n"), "`reviewed_h` says"),
    ("glass 1", SHIPPED.replace("break_glass = true\n", "break_glass = 1\n"), "`break_glass` is true or false"),
    ("review at once", SHIPPED.replace("reviewed_h = 24", "reviewed_h = 0"), "whole number from 1"),
    ("nothing needed", re.sub(r"most = .*", "most = {}", SHIPPED, count=1), "fields with their detail"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "text", "says"), BAD_PURPOSES, ids=[b[0] for b in BAD_PURPOSES])
def test_what_is_no_purpose_stops_the_start(why, text, says):
    """Each way of being no table of purposes is Misconfigured, with row and column."""
    assert text != SHIPPED
    with pytest.raises(Misconfigured) as caught:
        parse_purposes(text)
    assert says in str(caught.value)


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(max_size=200), st.integers(0, len(SHIPPED)).map(lambda n: SHIPPED[:n]), st.builds(
    lambda n, c: SHIPPED[:n] + c + SHIPPED[n + 1 :], st.integers(0, len(SHIPPED)), st.characters()
)))  # fmt: skip
def test_any_text_is_purposes_or_misconfigured(text):
    """Whatever the text, the answer is a table of purposes or an error of ours."""
    try:
        for code, purpose in parse_purposes(text).items():
            assert purpose.code == code and purpose.most
    except WhosawError:
        pass


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(n for n in texts() if n.endswith(".cedar"))), st.integers(0, 3000), st.characters())
def test_a_changed_rule_file_is_another_policy_or_none(name, place, character):
    """One character of a rule file replaced: it does not load, or it has another digest."""
    files = texts()
    place %= len(files[name])
    files[name] = files[name][:place] + character + files[name][place + 1 :]
    if files == texts():
        return
    try:
        assert Policy.load(files).digest != POLICY.digest
    except WhosawError:
        pass


def test_stages_of_purposes():
    """One of three words, durable where it is left out; a purpose that waits for witnesses needs some."""
    assert {p.stage for p in parse_purposes(SHIPPED).values()} == {Stage.DURABLE}
    for stage in Stage:
        table = parse_purposes(SHIPPED.replace("[fraud_review]\n", f'[fraud_review]\nstage = "{stage}"\n'))
        assert [code for code, p in table.items() if p.stage is stage] == (
            list(table) if stage is Stage.DURABLE else ["fraud_review"]
        )
        check_stages(table, witnesses=True)
        if stage is Stage.WITNESSED:
            with pytest.raises(Misconfigured, match="'fraud_review' waits for witnesses"):
                check_stages(table, witnesses=False)
        else:
            check_stages(table, witnesses=False)
    for wrong in ('"seen"', "1", "true", '["durable"]', '""'):
        with pytest.raises(Misconfigured, match="fraud_review"):
            parse_purposes(SHIPPED.replace("[fraud_review]\n", f"[fraud_review]\nstage = {wrong}\n"))


def test_withholding_by_purposes():
    """A code and days, or nothing: no shipped purpose lets a look wait, and nothing else is a time."""
    assert {p.withhold for p in parse_purposes(SHIPPED).values()} == {None}
    given = 'withhold = { code = "pending_matter", days = 30 }'
    table = parse_purposes(SHIPPED.replace("[fraud_review]\n", f"[fraud_review]\n{given}\n"))
    assert table["fraud_review"].withhold == ("pending_matter", 30)
    for wrong in (
        "30", '"x"', "{}", '{ code = "x" }', "{ days = 3 }", '{ code = "X", days = 3 }', '{ code = "x", days = 0 }',
        '{ code = "x", days = 367 }', '{ code = "x", days = true }', '{ code = "x", days = 3, more = 1 }',
    ):  # fmt: skip
        with pytest.raises(Misconfigured, match="fraud_review"):
            parse_purposes(SHIPPED.replace("[fraud_review]\n", f"[fraud_review]\nwithhold = {wrong}\n"))

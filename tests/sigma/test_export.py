# SPDX-License-Identifier: Apache-2.0
"""The shipped rules: well formed, each of a signal that there is, and their numbers measured as an oracle measures them."""

import json
import re
from collections import defaultdict
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from sigma.collection import SigmaCollection
from tests.detect.typed import T0, facts_of
from tests.facts.typed import table as typed_table
from tests.sigma.ground import written

from whosaw.detect.registry import SIGNALS
from whosaw.facts.columns import DAY, SECOND
from whosaw.facts.engine import engine_of
from whosaw.sigma.condition import compiled
from whosaw.sigma.events import Source
from whosaw.sigma.export import exported
from whosaw.sigma.rules import read_rules
from whosaw.sigma.run import alerts

ROOT = Path(__file__).parents[2]
CORPORA = ROOT.parent / "shared" / "corpora"
RULES = list(exported(None, 1000))


class _Dated(yaml.SafeLoader):
    """The schema takes a date for what is written: a text."""


_Dated.yaml_implicit_resolvers = {
    first: [(tag, like) for tag, like in known if tag != "tag:yaml.org,2002:timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_a_shipped_rule_is_what_the_schema_of_sigma_calls_one(rule):
    schemas = CORPORA / "sigma"
    if not schemas.is_dir():
        pytest.skip("the schemas of Sigma are not here")
    for document in yaml.load_all(rule.text, Loader=_Dated):
        kind = "correlation-rules" if "correlation" in document else "detection-rule"
        schema = json.loads((schemas / f"sigma-{kind}-schema.json").read_text())
        jsonschema_rs.validator_for(schema).validate(document)


def test_every_rule_is_of_a_signal_and_every_signal_without_one_says_why():
    signals, mine = {detector.NAME for detector in SIGNALS}, {rule.signal for rule in RULES}
    assert mine <= signals | {"beside"}
    page = (ROOT / "docs" / "sigma.md").read_text()
    assert set(re.findall(r"(?m)^\| `([a-z_]+)` \|", page.partition("## What has no rule")[2])) == signals - mine
    for rule in RULES:
        assert f"`{rule.name}`" in page


def test_no_two_rules_share_an_id_or_a_name(tmp_path):
    ids = [str(one.id) for rule in RULES for one in SigmaCollection.from_yaml(rule.text).rules]
    assert len(ids) == len(set(ids)) > len(RULES)
    assert len({rule.title for rule in RULES}) == len(RULES)


def test_those_about_looks_can_be_run_here(tmp_path):
    for rule in RULES:
        written(tmp_path, rule.text, name=rule.name)
    read = read_rules([tmp_path])
    elsewhere = {"audit_weakened", "data_access_exempted", "exec_in_data", "impersonated", "trail_stopped"}
    assert len(read.elsewhere) == len(elsewhere)
    assert {title for _, title, _ in read.titles} == {
        r.title for r in RULES if r.name.removesuffix(".yml") not in elsewhere
    }


def test_a_number_is_what_one_in_so_many_windows_reaches():
    """Five principals for forty days, one person more on each; on one of the days thirty."""
    looks = [
        {"who": f"e-{who}", "person": f"p-{n}", "t": T0 + day * DAY + n * SECOND}
        for who in range(5)
        for day in range(40)
        for n in range(30 if (who, day) == (3, 20) else who + 1)
    ]
    days = defaultdict(set)
    for look in looks:
        days[look["who"], look["t"] // DAY].add(look["person"])
    counts = sorted(map(len, days.values()))
    with facts_of(looks) as facts:
        rare, often = (next(r for r in exported(facts, n) if r.name == "many_persons.yml") for n in (200, 4))
    assert rare.measured and often.measured
    for rule, one_in in ((rare, 200), (often, 4)):
        reach = [sum(count >= n for count in counts) * one_in > len(counts) for n in (rule.number - 1, rule.number)]
        assert reach == [True, False]
        assert f"gte: {rule.number}\n" in rule.text
    assert rare.number > often.number
    # Too few windows for one in a thousand of them: the shipped number stands, and it is said.
    with facts_of(looks) as facts:
        assert [(r.number, r.measured) for r in exported(facts, 1000) if r.name == "many_persons.yml"] == [(60, False)]


CLOUDTRAIL = Source(
    "look", {"eventSource": "text", "eventName": "text", "errorCode": "text"}, "eventSource", "eventName"
)


def test_stopped_trails_are_found_among_real_events():
    """In logs of attacks made by others, exactly the calls that stop, delete or narrow a trail and were not refused."""
    folder = CORPORA / "cloudtrail" / "stratus"
    if not folder.is_dir():
        pytest.skip("the real CloudTrail events are not here")
    events = [event for path in sorted(folder.glob("*.json")) for event in json.loads(path.read_text())]
    text = next(rule.text for rule in RULES if rule.name == "trail_stopped.yml")
    parsed = SigmaCollection.from_yaml(text).rules[0].detection.parsed_condition[0].parsed
    with engine_of() as engine:
        said = [{name: event.get(name) for name in CLOUDTRAIL.fields} for event in events]
        table = typed_table(engine.backend, "events", said, dict.fromkeys(CLOUDTRAIL.fields, "text?"))
        found = table.filter(compiled(parsed, CLOUDTRAIL)(table, lambda _: [])).eventName.to_pyarrow().to_pylist()
    named = {"StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"}
    expected = [e["eventName"] for e in events if e["eventName"] in named and "errorCode" not in e]
    assert sorted(found) == sorted(expected) and len(found) >= 2


def test_the_rule_on_the_page_is_one(tmp_path):
    text = re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / "sigma.md").read_text(), re.DOTALL)[1]
    night = {"who": "e-1", "person": "p-1", "f_contacts": 1, "t": T0 + 3 * 3600 * SECOND}
    with facts_of([night, {**night, "case": "c-1"}, {**night, "t": T0 + 5 * 3600 * SECOND}]) as facts:
        assert [alert.matches[0].id for alert in alerts(facts, read_rules([written(tmp_path, text)]))] == ["l-000000"]

# SPDX-License-Identifier: Apache-2.0
"""Which of a dozen looks each kind of condition holds of, worked out by hand from the specification of Sigma."""

import pytest
from tests.sigma.ground import LOOKS, detection, typed, written

from whosaw.errors import BadInput
from whosaw.sigma.events import SOURCES, events
from whosaw.sigma.rules import read_rules
from whosaw.sigma.run import alerts, lies_in

# YAML of the selection; the numbers of the looks, as they stand in ground.py, that it holds of.
HELD = {
    "mode: read": {0, 1, 6},  # whatever their case
    "mode|cased: read": {0, 6},
    "mode: [search, export]": {2, 3, 4},
    "app: desk*": {0, 1, 2},
    r"app: desk\*": {2},
    "app: desk-?": {1},
    "app: desk?": {2},
    "app|startswith: DESK": {0, 1, 2},
    "app|endswith: '2'": {1},
    "app|contains: sk": {0, 1, 2},
    "app|contains|all: [d, '-']": {1},
    "app|re: ^[Dd]esk$": {0},
    "app|re|i: ^DESK$": {0},
    "app: '*'": {0, 1, 2},
    "app: ''": set(),
    "query: p-3*10.0.0.1": {2},  # over lines, too
    "purpose: null": {1, 2, 3, 5, 6},
    "purpose|exists: true": {0, 4},
    "purpose|exists: false": {1, 2, 3, 5, 6},
    "person|exists: false": {5},
    "rows|gte: 5": {1, 3, 4},
    "rows|lt: 5": {0, 5},
    "rows: 5": {1},
    "rows: null": {2, 6},
    "src_ip|cidr: 10.0.0.0/8": {0, 1},
    "src_ip|cidr: 2001:db8::/32": {3},
    "src_ip|cidr: 0.0.0.0/0": {0, 1, 4},
    "fields: ip": {0, 1},
    "fields: [contacts, PROFILE]": {0, 3},
    "fields|contains|all: [ip, profile]": {0},
    "fields: '*'": {0, 1, 3},
    "fields: 'c?nt*s'": {3},
    "fields: '*o*t*ct*'": {3},
    "fields: null": {2, 4, 5, 6},
    "detail: exact": {0, 3},
    "detail: NETWORK": {1},
    "bulk: b-1": {3, 4},
    "bulk: null": {0, 1, 2, 5, 6},
    "time|hour: 12": {3, 4, 5},
    "time|hour|lt: 10": {0, 6},
    "time|minute: 0": {0, 1, 2, 3, 4, 5, 6},
    "principal|fieldref: on_behalf_of": set(),
    "on_behalf_of: e-1": {6},
    "principal: svc": {6},
    "person|fieldref|startswith: person": {0, 1, 2, 3, 4, 6},
    "mode: read\napp: desk": {0},  # all of a map
    "- mode: search\n- app: desk": {0, 2},  # any of a list
}


def held(tmp_path, *args, **options):
    rules = read_rules([written(tmp_path, detection(*args, **options))])
    with typed() as facts:
        found = alerts(facts, rules)
    return {int(alert.matches[0].id.removeprefix("l-")) for alert in found}


def test_what_each_condition_holds_of(tmp_path):
    """All of them at once: a question to the engine takes longer than its answer."""
    rules = [detection(f"selection:\n{_in(said)}", title=f"rule {n}") for n, said in enumerate(HELD)]
    read = read_rules([written(tmp_path, *rules)])
    texts = [look["src_ip"] for look in LOOKS if "src_ip" in look]
    with typed() as facts:
        there = events(facts, SOURCES["looks"])
        tests = {
            one.title: one.test(there, lambda network: [t for t in texts if lies_in(t, network)])
            for one in read.detections
        }
        rows = there.select("look_id", **tests).to_pyarrow().to_pylist()
    found = [{int(row["look_id"].removeprefix("l-")) for row in rows if row[f"rule {n}"]} for n in range(len(HELD))]
    assert dict(zip(HELD, found, strict=True)) == HELD
    assert None not in {row[title] for row in rows for title in tests}


def _in(said):
    return "\n".join(f"  {line}" for line in said.splitlines())


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("a and b", {0}),
        ("a or b", {0, 1, 4, 6}),
        ("a and not b", {1, 6}),
        ("not a and not b", {2, 3, 5}),  # what is absent is not true, so its negation is
        ("1 of them", {0, 1, 4, 6}),
        ("all of them", {0}),
        ("not 1 of them", {2, 3, 5}),
        ("not (a or b)", {2, 3, 5}),
    ],
)
def test_how_conditions_are_joined(tmp_path, condition, found):
    assert held(tmp_path, "a:\n  mode: read\nb:\n  purpose: '*'", condition=condition) == found


def test_several_conditions_are_one_or_the_other(tmp_path):
    both = "a:\n  mode: search\nb:\n  rows: 5"
    assert held(tmp_path, both, condition="[a, b]") == {1, 2}


def test_edits_of_controls_are_a_log_source(tmp_path):
    rules = read_rules([written(tmp_path, detection("s:\n  object: detector", service="changes", condition="s"))])
    with typed() as facts:
        found = alerts(facts, rules)
        assert [(a.matches[0].id, a.principals, a.persons) for a in found] == [("g-1", ("e-1",), ())]


def test_a_log_source_that_is_not_there(tmp_path):
    rules = read_rules([written(tmp_path, detection("s:\n  object: detector", service="changes", condition="s"))])
    with typed() as facts:
        del facts.tables["changes"]
        with pytest.raises(BadInput, match="no table of changes"):
            alerts(facts, rules)


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("s: [one, two]", "a value stands there without a field"),
        ("s:\n  persn: p-1", "there is no field 'persn'"),
        ("s:\n  rows: many", "rows cannot be compared with a string"),
        ("s:\n  rows: 1.5", "no whole number"),
        ("s:\n  rows|gte: 1.5", "no whole number"),
        ("s:\n  app|gte: 5", "app cannot be compared with a compareexpression"),
        ("s:\n  app|cidr: 10.0.0.0/8", "app cannot be compared with a cidrexpression"),
        ("s:\n  app|expand: '%tools%'", "placeholder"),
        ("s:\n  app|fieldref: rows", "app cannot be compared with a fieldreference"),
        ("s:\n  fields: gender", "no field of personal data is called like this"),
        (
            "s:\n  fields: '" + "*" * 200 + "x'",
            "no field of personal data is called like this",
        ),  # at once, and not never
        ("s:\n  fields|re: ip", "fields cannot be compared"),
        ("s:\n  detail: ex*", "a code without wildcards"),
        ("s:\n  time: '2022-07-01'", "only its minute and its hour"),
        ("s:\n  time|year: 2022", "only its minute and its hour"),
        ("s:\n  app|re: '(a'", "no Sigma rule"),
        ('s:\n  app: "a\\u0007"', "cannot be printed"),
        ("s:\n  app|nonsense: a", "no Sigma rule"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_runs(tmp_path, selection, said):
    with pytest.raises(BadInput, match=said) as refused:
        read_rules([written(tmp_path, detection(selection, condition="s", title="A rule"))])
    assert "rule.yml" in str(refused.value)

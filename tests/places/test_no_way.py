# SPDX-License-Identifier: Apache-2.0
"""There is no way from a gate, a command or an endpoint to a comparison of two people; searched for, and not only said."""

import ast
import json
import re
from dataclasses import replace

import click
import pytest
from tests.docs.prose import ROOT
from tests.policy.ground import AT, EVERYTHING, POLICY, fitting

from whosaw.cli.commands import whosaw
from whosaw.model.access import Asked
from whosaw.policy.decide import decide

SRC = ROOT / "src/whosaw"
# Words for what must not be asked, in paths, parameters, options and models.
ASKS = re.compile(r"near|close|distance|together|compare|same_|coordinates|latitude|longitude|geo|whereis|locate")


def named(path):
    """Every name and attribute in a file, and every module that it imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word):
                yield word
            case ast.ImportFrom(module=module, names=names):
                yield from (f"{module}.{each.name}" for each in names)
            case ast.Import(names=names):
                yield from (each.name for each in names)


# Only files that hold one of the words at all are worth taking apart.
WORDS = re.compile(r"Closed|nearness|of_step|invented|_DOOR|inferred|examples|Networks")
COMMAND = {"cli/inquiry_inferred.py"}
NAMED = {str(path.relative_to(SRC)): set(named(path)) for path in SRC.rglob("*.py") if WORDS.search(path.read_text())}


def who(*words):
    return {path for path, names in NAMED.items() if names.intersection(words)}


def test_only_the_inquiry_and_the_examples_compare():
    """Who can make two sightings comparable, who compares them, and who is called by nobody who serves."""
    assert who("Closed") == {"places/closed.py", "places/nearness.py", "places/examples.py", "inquiry/inferred.py"}
    assert who("nearness") == {"places/examples.py", "inquiry/inferred.py"}
    assert who("could_be_inferred", "whosaw.inquiry.inferred.Sighting") == COMMAND
    assert who("of_step") == {"inquiry/inferred.py"}
    assert who("invented") == {"places/examples.py"}
    assert who("_DOOR") == {"places/closed.py"}
    assert who("whosaw.inquiry.inferred.inferred", "whosaw.inquiry.inferred") == COMMAND
    assert who("whosaw.places.examples.examples") == {"cli/places.py"}


def test_what_is_said_of_networks_is_asked_by_the_inquiry_alone():
    assert who("whosaw.places.network.Networks") == COMMAND


def test_the_one_command_asks_within_an_inquiry():
    """It takes the id of a finding and a file of looks behind it, and whoever asks; there is no option for anything else."""
    (name,) = [
        name for name, command in commands(whosaw) if command.callback.__module__ == "whosaw.cli.inquiry_inferred"
    ]
    command = whosaw.commands["inquiry"].commands["inferred"]
    assert name == "inquiry inferred"
    assert [param.name for param in command.params] == ["finding", "pairs", "asker", "data", "form"]
    # Nobody else imports it, but for the list of commands: no gate, no page, no errand that a gate would do.
    assert {
        str(path.relative_to(SRC)) for path in SRC.rglob("*.py") if "inquiry_inferred" in path.read_text()
    } == {"cli/commands.py"}  # fmt: skip


def test_who_serves_looks_knows_no_places():
    """Masks get theirs through the vault, by a port; nobody else who answers questions has them at hand."""
    serving = [path for path in SRC.rglob("*.py") if path.relative_to(SRC).parts[0] in SERVING]
    assert len(serving) > 100
    assert [path for path in serving if re.search(r"whosaw\.places|\bhere\.places\b", path.read_text())] == []


SERVING = (
    "api",
    "web",
    "guard",
    "collect",
    "detect",
    "facts",
    "oversight",
    "client",
    "directory",
    "journal",
    "desks.py",
)


def commands(command, path=()):
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    else:
        yield " ".join(path), command


def test_no_command_takes_two_addresses_or_one():
    for name, command in commands(whosaw):
        assert not ASKS.search(name), name
        for param in command.params:
            said = " ".join((*param.opts, param.name or "", str(param.metavar or "")))
            assert not ASKS.search(said), (name, said)
            # HOST:PORT is where a server listens.
            assert not re.search(r"\b(ip|address|cidr|network)\b", said.lower()) or param.opts == ["--trusted-proxy"], (
                said
            )


def test_no_endpoint_has_a_word_for_it():
    described = json.loads((ROOT / "docs/spec/openapi.json").read_text())
    words = set(described["paths"])
    for model in described["components"]["schemas"].values():
        words |= set(model.get("properties", {}))
    for path in described["paths"].values():
        words |= {p["name"] for one in path.values() for p in one.get("parameters", ())}
    assert len(words) > 30
    assert not [word for word in words if ASKS.search(word.lower())]
    assert not [word for word in words if word.lower() in ("ip", "address", "place", "city", "country")]


@pytest.mark.parametrize("asked", ["ip:network", "ip:exact", "ip:country"])
def test_no_look_combines_places_of_staff_with_those_of_outsiders(asked):
    """The same look without such a case is permitted, so it is this rule that says no."""
    look, facts = fitting("fraud_review")
    look = replace(look, asked=(Asked.parse(asked),))
    facts = replace(facts, offered=EVERYTHING)
    assert decide(POLICY, look, facts, AT).permitted
    mixed = replace(facts, known=replace(facts.known, case=replace(facts.known.case, mixed=True)))
    decision = decide(POLICY, look, mixed, AT)
    assert not decision.permitted
    assert "places-of-staff-and-outsiders" in {rule.id for rule in decision.rules}

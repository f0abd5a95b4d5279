# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy explain`: a rule, its sentence and its text; or a recorded decision, every rule that spoke, made again."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.inquiry import refused
from whosaw.cli.operator import local
from whosaw.cli.options import asker_option, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Cell, Table
from whosaw.inquiry.standing import known, standing
from whosaw.inquiry.step import Refused
from whosaw.model.record import time_text
from whosaw.oversight.decisions import Again, What, decided_again, find, on_record
from whosaw.policy.decide import FAILED
from whosaw.policy.decide import explain as sentence
from whosaw.policy.independence import Reason
from whosaw.policy.rules import OURS, Policy
from whosaw.policy.wording import rule_text
from whosaw.wiring import House, policy_texts

FACTS = {
    "same": "The facts, found again in record and directory, are those that were decided from, to the last bit.",
    "differ": "The facts, found again, are not those that were decided from: the directory was changed since, outside of its "
    "own history, or rows were erased. The record counts.",
    "older": "It was recorded by a version that did not keep what it takes to find the facts again.",
}


@click.command()
@click.argument("name")
@asker_option
@data_option
@format_option
def explain(name: str, asker: str, data: Path, form: str) -> int:
    """Explain NAME: a rule of the policy, a look by its id, or the look at a leaf. A look: on record first.

    Exit code 4: refused. Whoever looked is not told which rules spoke.
    """
    policy = Policy.load(policy_texts(data))
    if name in policy.rules or name in OURS or name.startswith(FAILED):
        say(_rule(policy, name), form)
        return 0
    with opened(data) as here:
        here.journal.publish_now()
        index, body = find(here.journal.reader(), name)
        no = admit(here, asker, "explain", index, (body.principal, body.on_behalf_of))
        if no is None:
            table = _look(here.policy, decided_again(index, body, here.policy, here.directory))
    if no is not None:
        say(refused(no), form)
        return REFUSED
    say(table, form)
    return 0


def admit(here: House, asker: str, what: What, leaf: int | None, looked: tuple[str | None, ...] = ()) -> Refused | None:
    """Put on record that `asker` asks which rules spoke; why they are not told, where they are not."""
    local(here, asker)
    who, at = here.names.remember(asker), here.clock()
    reasons = list(standing(known(here.directory, who, at).principal, "requester"))
    if who in looked:
        reasons.append(Reason("own-look"))
    codes, key = [reason.code for reason in reasons], secrets.token_hex(16)
    recorded = on_record(here.journal, what, who, at=at, key=key, leaf=leaf, reasons=codes)
    return Refused("", tuple(reasons), recorded.receipt, recorded.leaves[-1].index) if reasons else None


def _rule(policy: Policy, id_: str) -> Table:
    text = rule_text(policy, id_)
    says = "permits" if id_ in policy.permits else "forbids"
    facts: dict[str, Cell] = {
        "rule": id_,
        "says": says,
        "file": policy.origin.get(id_),
        "told": id_ in policy.told,
        "text": text,
    }
    told = (
        "Whoever asked is told this sentence."
        if id_ in policy.told
        else "Whoever asked is not told that it spoke: it says something of the person, or of the case."
    )
    where = f"It {says}, in {policy.origin[id_]}." if text else "The gate itself says it, and no file."
    lines = tuple({"text": line or " "} for line in text.splitlines())
    return Table(f"{id_}: {sentence(policy, id_)}", ("text",), lines, facts, (where, told))


def _look(policy: Policy, made: Again) -> Table:
    body = made.look
    rows = tuple({"rule": id_, "sentence": sentence(policy, id_)} for id_ in body.rules)
    facts: dict[str, Cell] = {
        "leaf": made.index, "look": body.look, "permitted": made.permitted, "facts": made.facts, "policy": made.policy,
        "now": made.rules,
    }  # fmt: skip
    now = (
        ()
        if made.decision is None or (made.rules == body.rules and not made.turned)
        else (
            f"Asked today it would be {'permitted' if made.decision.permitted else 'refused'}: {', '.join(made.rules)}.",
        )
    )
    which = "The same policy decides today." if made.policy else "Another policy decided it than the one of today."
    return Table(
        f"Leaf {made.index}, {time_text(body.at)}, for {body.purpose or 'no purpose of the list'}: "
        f"{'permitted' if made.permitted else 'refused'} by {len(body.rules)} "
        f"{'rule' if len(body.rules) == 1 else 'rules'}.",
        ("rule", "sentence"),
        rows,
        facts,
        (FACTS[made.facts], which, *now),
    )

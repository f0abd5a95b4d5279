# SPDX-License-Identifier: Apache-2.0
"""Plain words for what was read: names from outside made safe to print, times, counts, one record as one sentence.

Invariant: what a stranger wrote cannot steer the reader's terminal: no control character is ever printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from whosaw.errors import NotCanonical
from whosaw.model.access import Mode
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, parse, parse_time


def printable(text: str) -> str:
    """`text` where all of it can be printed, else with escapes; never a control character or a lone surrogate."""
    return text if text.isprintable() else ascii(text)[1:-1]


def counted(number: int, one: str, many: str = "") -> str:
    """`1 leaf`, `3,117 leaves`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(at: datetime) -> str:
    """`2026-11-22 10:15:30 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


_FIELD_WORDS = {
    "country": "the country only",
    "region": "the country and region only",
    "city": "the city only",
    "network": "the network, not the full address",
    "kind": "the kind only",
    "model": "the kind, maker and model",
    "count": "how many only",
    "relation": "how many of each relation",
    "times": "how many, and in which hours",
    "metadata": "who wrote to whom and when, not what",
    "public": "what everybody sees",
    "day": "the day only",
    "hour": "the hour only",
    "last4": "the kind and the last four signs",
    "exact": "exact",
    "-": "how exact is not known",
}
_MODE_WORDS = {
    Mode.READ: "",
    Mode.SEARCH: ", by a search",
    Mode.EXPORT: ", in an export",
    Mode.AGGREGATE: ", inside a count or sum",
    Mode.IMPERSONATE: ", while signed in as the person",
}


def look_sentence(look: LookBody) -> str:
    """One look as the person reads it: when, who, what and how exact, what for, and what became of it."""
    who = printable(look.principal)
    if look.on_behalf_of:
        claim = "claiming to act" if look.claimed else "acting"
        who += f" ({claim} for {printable(look.on_behalf_of)})"
    fields = ", ".join(f"{field} ({_FIELD_WORDS.get(detail, printable(detail))})" for field, detail in look.asked)
    what = fields or "fields that are not known"
    if look.origin == "asked":
        did = f"{who} asked to see {what}"
    else:
        did = f"{who} was seen in the log of {printable(look.source)} looking at {what}"
    purpose = f"for {printable(look.purpose)}" if look.purpose else "with no purpose given"
    case = f"case {printable(look.case)}" if look.case else "no case"
    part = ", as one of many people in one request" if look.kind is Kind.MENTION else ""
    found = ", found in the text of a query, so it may be somebody else" if look.hint else ""
    return f"{moment(look.at)}: {did}{_MODE_WORDS[look.mode]}{part}, {purpose}, {case}{found}: {outcome(look)}."


def outcome(look: LookBody) -> str:
    """What was decided, in one or two words."""
    match look.decision:
        case "permit":
            return "permitted"
        case "refuse":
            return "refused"
        case _:
            return "nobody was asked before" if look.origin == "observed" else "not decided"


# What happened to a request for an approval, by its word: kind `approval`.
_APPROVALS: Mapping[str, str] = {
    "asked": "{by} asked others to approve a look at this account.",
    "broken": "{by} looked at this account without waiting for an approval; it has to be reviewed by others.",
    "given": "{by} approved a look at this account, as {as}.",
    "refused": "{by} refused a look at this account, or took an approval of it back.",
    "withdrawn": "{by} withdrew a request for an approval of a look at this account.",
    "void": "an approval of a look at this account, or a request for one, became void: somebody concerned has left.",
    "expired": "a request for an approval of a look at this account ran out.",
    "used": "an approval was used, for the look with the id {look}.",
    "reviewed": "{by} reviewed a look at this account afterwards: {found}.",
}

_RECORDS: Mapping[str, str] = {
    Kind.INQUIRY: "{asker} asked, in an inquiry, who had looked at this account: {outcome}.",
    Kind.UNSEAL: "in an inquiry about {finding}, {requester} asked for the name of this account, and {approver} agreed: {outcome}.",
    Kind.HOLD: "{principal} put a hold on the records of this account, on the basis {basis}: until it is lifted they are not erased.",
    Kind.LIFT: "{principal} lifted a hold on the records of this account.",
    Kind.KEPT: "{principal} asked to erase the records of this account, on the basis {basis}, and was refused.",
    Kind.EXPORT: "{principal} asked for a {what} of this account, and it was handed out.",
}


def record_sentence(body: bytes) -> str:
    """A record that is no look, as the person reads it; by its kind alone where this version has no sentence for it."""
    said: Mapping[str, Any] = parse(body)
    kind = str(said["kind"])
    if kind == "rekey":
        return "a new key for this account: with an older statement nobody finds the records behind it"
    told = {name: printable(value) for name, value in said.items() if isinstance(value, str)}
    if kind == "approval":
        return _approval_sentence(said, told)
    if kind == str(Kind.INFERRED):
        return _inferred_sentence(said, told)
    try:
        return f"{moment(parse_time(told['at']))}: {_RECORDS[kind].format_map(told)}"
    except (KeyError, NotCanonical):
        return f"a record of kind {printable(kind)}"


# What could have been believed of two addresses, by its class: kind `inferred`.
_BELIEVED: Mapping[str, str] = {
    "unknown": "nothing",
    "indistinct": "nothing, because the databases do not say enough",
    "different": "that the two were in different countries",
    "same_country": "that the two were in one country",
    "same_provider": "that the two were customers of one provider in one country",
    "same_block": "that the two were of one small block of one provider",
    "same_access": "that the two came over one line",
}


def _inferred_sentence(said: Mapping[str, Any], told: Mapping[str, str]) -> str:
    """Whoever looked could have believed so much; why, in the sentences that are on record; and that it proves nothing."""
    try:
        at, own = moment(parse_time(told["at"])), {True: "and another one of it", False: "and one of another account"}
        why = " ".join(printable(str(each)) for each in said["said"])
        return (
            f"{at}: in an inquiry about {told['finding']}, {told['asker']} found what could have been believed from an address that a look "
            f"at this account showed, {own[said['own']]}: {_BELIEVED.get(told['near'], told['near'])}. {why} "
            "An address is of a network and not of a person: it says nothing of who was with whom."
        )
    except (KeyError, TypeError, NotCanonical):
        return "a record of kind inferred"


def _approval_sentence(said: Mapping[str, Any], told: Mapping[str, str]) -> str:
    found = {True: "found in order", False: "not found in order"}
    try:
        at, what = moment(parse_time(told["at"])), told["what"]
        if said["n"] == 0:
            return f"{at}: {told['by']} tried to answer a request for an approval of a look at this account, and could not."
        words = {**told, "found": found[said["fine"]]} if what == "reviewed" else told
        return f"{at}: {_APPROVALS[what].format_map(words)}"
    except (KeyError, TypeError, NotCanonical):
        return "a record of kind approval"

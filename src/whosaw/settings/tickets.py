# SPDX-License-Identifier: Apache-2.0
"""Where cases are kept: the tables [[tickets]], one for each ticket system.

    [[tickets]]
    kind = "jira"
    name = "support"
    url = "https://example.atlassian.net"
    pattern = "SUP-[0-9]+"
    token_env = "SUPPORT_TOKEN"
    persons = "customfield_10050"
    types = ["Support request=support_request"]

Invariant: no token stands in here, only where it is; and what a case id must look like is said before anything is asked.
                                                                                     Use: docs/connectors/tickets.md
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from whosaw.errors import Misconfigured

KINDS = ("jira", "github", "gitlab", "zendesk", "webhook")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class TicketSettings:
    """One ticket system."""

    kind: str = field(
        metadata={
            "doc": "`jira`, `github`, `gitlab`, `zendesk`, or `webhook` for a system that tells us instead of being asked."
        }
    )
    name: str = field(metadata={"doc": "What the system is called here: small letters, digits, dashes."})
    pattern: str = field(
        metadata={
            "doc": "A regular expression for the whole of its case ids; a group in it is what the system itself calls the case. The first system whose pattern fits is asked, and what tables say of such a case counts no more."
        }
    )
    url: str = field(
        default="",
        metadata={
            "doc": "Its address, of GitHub and GitLab with the repository or project. Trusted: who answers there says who may be looked at."
        },
    )
    token_env: str = field(
        default="", metadata={"doc": "The environment variable with the token, or with the secret of a webhook."}
    )
    token_file: str = field(
        default="",
        metadata={"doc": "Or the file with it, which nobody but its owner may read; relative to the data folder."},
    )
    account: str = field(
        default="",
        metadata={"doc": "The e-mail address that the token belongs to, for Jira and Zendesk; empty: a bearer."},
    )
    persons: str = field(
        default="",
        metadata={
            "doc": "Where a case names persons by account id: a field (`customfield_10050`, of Zendesk its number), or how a label begins (`person:`)."
        },
    )
    fields: str = field(
        default="", metadata={"doc": "The same for fields like `ip:network` that a case lists; empty: cases list none."}
    )
    type: str = field(
        default="",
        metadata={"doc": "The same for the type; empty: `issuetype` of Jira, and elsewhere all cases are of one type."},
    )
    queue: str = field(
        default="", metadata={"doc": "The same for the queue; of Zendesk it is always the group; empty: none."}
    )
    types: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "The system's words for our case types, as `WORD=TYPE`; `*=TYPE` where it has no types. One without a word fits no purpose."
        },
    )
    queues: tuple[str, ...] = field(
        default=(), metadata={"doc": "The system's words for our queues, as `WORD=QUEUE`; others go by their own."}
    )
    deadline_s: int = field(
        default=5,
        metadata={
            "doc": "How many seconds one look waits for the system in all, 1 to 60; then it is refused.",
            "range": (1, 60),
        },
    )
    cache_s: int = field(
        default=5,
        metadata={
            "doc": "For how many seconds an answer counts for the next look under the same case, 0 to 300.",
            "range": (0, 300),
        },
    )
    quiet_s: int = field(
        default=900,
        metadata={
            "doc": "A webhook that told us nothing for so many seconds, not even that it is alive, is silent, 10 to 86400.",
            "range": (10, 86_400),
        },
    )
    ca_file: str = field(
        default="", metadata={"doc": "Certificates to believe in place of this machine's own. Trusted: as `url`."}
    )


def words(texts: tuple[str, ...]) -> Mapping[str, str]:
    """`WORD=OURS` each. Raises Misconfigured for one without an equals sign, or a word that is there twice."""
    found: dict[str, str] = {}
    for text in texts:
        word, equals, ours = (piece.strip() for piece in text.rpartition("="))
        if not equals or not word or not ours or word in found:
            raise _wrong("a word is given as WORD=OURS, and once", "tickets.types")
        found[word] = ours
    return found


def check_tickets(systems: tuple[TicketSettings, ...]) -> None:
    """Raises Misconfigured, naming the setting and never what stands in it."""
    for each in systems:
        if each.kind not in KINDS:
            raise _wrong(f"`kind` is one of {', '.join(KINDS)}", "tickets.kind")
        if not _NAME.fullmatch(each.name):
            raise _wrong("`name` has 1 to 32 small letters, digits and dashes", "tickets.name")
        _check_pattern(each)
        if bool(each.token_env) == bool(each.token_file):
            raise _wrong("a token is in `token_env` or in `token_file`", "tickets.token_env")
        if each.token_env and not _VARIABLE.fullmatch(each.token_env):
            raise _wrong("`token_env` is the name of a variable, and not the token", "tickets.token_env")
        if each.kind != "webhook":
            address(each.url)
            if not each.persons:
                raise _wrong("`persons` says where a case names persons", "tickets.persons")
        elif each.url or each.persons or each.fields or re.compile(each.pattern).groups:
            raise _wrong(
                "a webhook has no address, no places and no group in its pattern: it tells us in our own words",
                "tickets.url",
            )
        words(each.types)
        words(each.queues)
    if len({each.name for each in systems}) != len(systems):
        raise _wrong("two systems share a name", "tickets.name")


def _check_pattern(each: TicketSettings) -> None:
    try:
        found = re.compile(each.pattern)
    except re.error:
        found = None
    if found is None or found.groups > 1 or len(each.pattern) > 200 or found.fullmatch("") or found.fullmatch("a b@c"):
        raise _wrong(
            "`pattern` is a regular expression for case ids and nothing else, with one group at most", "tickets.pattern"
        )


def address(url: str) -> tuple[bool, str, int | None, str]:
    """Whether it is HTTPS; host, port, and the path without a slash at its end. Raises Misconfigured."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = url.isascii() and url.isprintable() and " " not in url
    if not host or not plain or parts.scheme not in ("http", "https") or parts.query or parts.fragment or port == 0:
        raise _wrong("`url` is no address", "tickets.url", 'for example url = "https://example.atlassian.net"')
    if parts.username is not None or parts.password is not None:
        raise _wrong("a `url` with a password in it would end up in logs", "tickets.url")
    if parts.scheme == "http" and not _here(host):
        raise _wrong(
            "the token would cross the network in the clear", "tickets.url", "http:// is for this machine only"
        )
    return parts.scheme == "https", host, port, parts.path.rstrip("/")


def _here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(what: str, setting: str, hint: str = "see docs/connectors/tickets.md") -> Misconfigured:
    return Misconfigured(f"[[tickets]]: {what}", setting=setting, hint=hint)

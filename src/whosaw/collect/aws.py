# SPDX-License-Identifier: Apache-2.0
"""What an event of CloudTrail says of who acted, and of which object or items. Pure, and tolerant of what is missing.

    userIdentity ──▶ principal: the role, user or service whose rights were used
                 ──▶ on_behalf_of: Identity Center's user, or `sourceIdentity`; else the session's name, as a claim

A role's session has the name that its caller gave it, so the session's ARN is no principal: with another name every
time, one person would be a hundred principals who each looked once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from whosaw.collect.observed import identifier

# Names that SDKs and services make up: they name nobody.
_MADE_UP = re.compile(
    r"(?:botocore-session-|aws-sdk-|aws-go-sdk-|AWSCLI-Session).{0,64}|GitHubActions|i-[0-9a-f]{8,17}|[0-9.-]+"
)
# Attributes that are not the key are logged as this. It is nobody's id.
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
ON_FAILURE = "returnValuesOnConditionCheckFailure"
_CONDITION = ("ConditionalCheckFailedException", "TransactionCanceledException")


@dataclass(frozen=True, slots=True)
class Who:
    """Who acted."""

    principal: str = field(repr=False)
    on_behalf_of: str | None = field(default=None, repr=False)
    claimed: bool = False


def who(event: Mapping[str, Any], *, session_names: bool) -> Who | None:
    """Who acted, or None where the event names nobody."""
    given = table(event.get("userIdentity"))
    session = table(given.get("sessionContext"))
    issuer = identifier(table(session.get("sessionIssuer")).get("arn"))
    arn = identifier(given.get("arn"))
    kind = given.get("type")
    principal = issuer if issuer and kind in ("AssumedRole", "FederatedUser", "Role") else None
    principal = principal or _role_of(arn) or identifier(given.get("invokedBy"))
    principal = principal or _without_session(identifier(given.get("principalId"))) or identifier(given.get("userName"))
    principal = principal or identifier(given.get("accountId"))
    behind = identifier(table(given.get("onBehalfOf")).get("userId")) or identifier(session.get("sourceIdentity"))
    if kind == "IdentityCenterUser" and principal is None:
        principal, behind = behind, None
    if principal is None:
        return None
    if behind is not None:
        return Who(principal, behind)
    name = _session_name(given, arn) if session_names and kind == "AssumedRole" else None
    return Who(principal, name, claimed=name is not None)


def table(value: object) -> Mapping[str, Any]:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """`value` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def buckets(event: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """(bucket, key) that the event is about; a copy has two. The key is None where the event does not say it."""
    given = table(event.get("requestParameters"))
    key = given.get("key") if isinstance(given.get("key"), str) else None
    found: list[tuple[Any, str | None]] = [(given.get("bucketName"), key)]
    copied = given.get("x-amz-copy-source")
    if isinstance(copied, str):
        bucket, slash, rest = unquote(copied).removeprefix("/").partition("/")
        found.append((bucket, rest.partition("?")[0] if slash else None))
        key = None  # it is the target's, and says nothing of the bucket that was read
    for arn in _resources(event):
        bucket, slash, rest = arn.partition(":s3:::")[2].partition("/")
        found.append((bucket, rest if slash else key))
    return list(dict.fromkeys((b, k) for b, k in found if isinstance(b, str) and b))


def tables(event: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Tables of DynamoDB that the event is about, each with the keys of the items asked for."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name, keys in _asked_for(event):
        if isinstance(name, str) and (plain := _table_name(name)):
            found.setdefault(plain, []).extend(table(key) for key in keys)
    return found


def attribute(key: Mapping[str, Any], name: str) -> str | None:
    """The value of a key's attribute as text: plain, or with its type around it as in ``{"S": "…"}``."""
    value = key.get(name)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**38 else None
    return str(value) if isinstance(value, str) and value and _HIDDEN not in value else None


def _asked_for(event: Mapping[str, Any]) -> Iterator[tuple[Any, Iterable[Any]]]:
    given = table(event.get("requestParameters"))
    if "tableName" in given:
        yield given["tableName"], [given["key"]] if "key" in given else []
    for name, wanted in table(given.get("requestItems")).items():
        yield name, items(table(wanted).get("keys")) if isinstance(wanted, dict) else items(wanted)
    for wanted in _in_transaction(given):
        yield wanted.get("tableName"), [wanted["key"]] if "key" in wanted else []
    for arn in _resources(event):
        if ":dynamodb:" in arn:
            yield arn, []


def _in_transaction(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Items of a transaction that may come back: those that are read, and those that a failed condition shows."""
    for one in items(given.get("transactItems")):
        for name, wanted in table(one).items():
            if str(name).lower() == "get" or table(wanted).get(ON_FAILURE) == "ALL_OLD":
                yield table(wanted)


def shown_by_failure(event: Mapping[str, Any]) -> bool:
    """Whether a condition did not hold, and the item that it was asked of came back: in the error itself.

    A batch answers for each of its statements, so its event has no error: there it may have come back.
    """
    given = table(event.get("requestParameters"))
    asked = [given, *statements(given), *_in_transaction(given)]
    failed = event.get("errorCode") in _CONDITION or event.get("eventName") == "BatchExecuteStatement"
    return failed and any(table(part).get(ON_FAILURE) == "ALL_OLD" for part in asked)


def statements(given: Mapping[str, Any]) -> list[Any]:
    """The statements of a batch or a transaction."""
    return [one for name in ("requestItems", "statements", "transactStatements") for one in items(given.get(name))]


def _resources(event: Mapping[str, Any]) -> Iterator[str]:
    for one in items(event.get("resources")):
        arn = table(one).get("ARN") or table(one).get("arn")
        if isinstance(arn, str):
            yield arn


def _table_name(text: str) -> str | None:
    """The table's name of a name, or of an ARN that ends in `table/NAME`, an index's or a stream's."""
    if text.startswith("arn:"):
        return text.partition(":table/")[2].partition("/")[0] or None
    return text or None


def _role_of(arn: str | None) -> str | None:
    """An ARN without the name of its session, where it has one."""
    if arn is not None and ":assumed-role/" in arn:
        before, _, rest = arn.partition(":assumed-role/")
        return f"{before}:assumed-role/{rest.split('/')[0]}"
    return arn


def _without_session(principal_id: str | None) -> str | None:
    return principal_id.partition(":")[0] or None if principal_id else None


def _session_name(given: Mapping[str, Any], arn: str | None) -> str | None:
    name = ""
    if arn is not None and ":assumed-role/" in arn:
        name = arn.rpartition("/")[2] if arn.count("/") >= 2 else ""
    elif isinstance(given.get("principalId"), str):
        name = given["principalId"].partition(":")[2]
    return identifier(name) if name and not _MADE_UP.fullmatch(name) else None

# SPDX-License-Identifier: Apache-2.0
"""CloudTrail's data events: looks at objects of S3 and items of DynamoDB.

    event ──▶ S3, DynamoDB? ──▶ shows something? ──▶ a watched bucket or table? ──▶ one look for each

look id   cloudtrail:<eventID>, or `sharedEventID` where one action is delivered to two accounts; with the table's name
          behind it for DynamoDB, where one action can read of several
whom      the object's key by the map's patterns, the item's key by its attribute: structured, so no hint
refused   AccessDenied and its kin: the attempt is a look, and AWS said no

Invariant: an operation that this version does not know counts as a search if it only reads. AWS adds operations; one
that is passed over would be a way around.                       Specification: docs/connectors/cloudtrail.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from whosaw.collect import aws, json_list, strict_json, times
from whosaw.collect.gaps import Gap
from whosaw.collect.maps import named
from whosaw.collect.observed import Asked, Malformed, No, Observed, Outcome, Piece, Skipped, Taken, Where, identifier
from whosaw.collect.patterns import key_segments
from whosaw.collect.persons import spelled
from whosaw.collect.stores import Items, Stores
from whosaw.model.access import Mode
from whosaw.model.look_body import Said

SERVICES = {"s3.amazonaws.com": "s3", "dynamodb.amazonaws.com": "dynamodb"}
OTHER_SERVICE = Skipped("not an event of S3 or DynamoDB")
MANAGEMENT = Skipped("a management event")
DIGEST = Skipped("a digest file: it proves the log whole, and is verified with AWS's own tool")
WRITES = Skipped("writes, and shows nothing")
LISTS = Skipped("lists or describes, and shows no content")
FAILED = Skipped("failed: nothing was shown")
NETWORK = Skipped("a network activity event: the data event tells of the same")
NOT_WATCHED = Skipped("no watched bucket or table")
UNKNOWN_OPERATION = "an operation that this version does not know: counted as a search of everything"
NO_KEY = "a key that the event does not tell"
OTHER_TYPE = "a key that is not of the type in the map"
UNMAPPED = "objects that the map does not name: counted as all fields"
NO_ARN = "a principal without an ARN"

_READS: Mapping[str, Mapping[str, Mode | None]] = {
    "s3": {"GetObject": None, "GetObjectTorrent": None, "SelectObjectContent": Mode.SEARCH,
           "CopyObject": Mode.EXPORT, "UploadPartCopy": Mode.EXPORT},
    "dynamodb": {"GetItem": Mode.READ, "BatchGetItem": Mode.READ, "TransactGetItems": Mode.READ,
                 "Query": Mode.SEARCH, "Scan": Mode.SEARCH, "ExecuteStatement": Mode.SEARCH,
                 "BatchExecuteStatement": Mode.SEARCH, "ExecuteTransaction": Mode.SEARCH, "GetRecords": Mode.EXPORT},
}  # fmt: skip
_SHOWS_NOTHING = re.compile(
    r"(?:Head|List|Describe)[A-Z].*"
    r"|Get(?:ShardIterator|Object(?:Acl|Tagging|Attributes|Retention|LegalHold|LockConfiguration)|Bucket.*|PublicAccessBlock)"
)
_GIVES_BACK = ("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation",
           "VpceAccessDenied", "AllAccessDisabled")  # fmt: skip
_REFUSE: Said = "refuse"
_WORD = re.compile(r"[A-Za-z0-9_.-]{3,255}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of one bucket or table. `suffix`: what tells its look from others of the same event."""

    suffix: str
    asked: Asked
    mode: Mode
    persons: tuple[str, ...] = field(default=(), repr=False)
    flags: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()


class CloudTrail:
    """Reads files of CloudTrail, as delivered to a bucket, or one event a line."""

    source = "cloudtrail"

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @property
    def map_digest(self) -> bytes:
        return self._stores.digest

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """The events of one file."""
        return json_list.pieces(chunks)

    def gaps(self) -> tuple[Gap, ...]:
        """None: events carry no numbers. An hour that is missing shows in the digest files."""
        return ()

    def read(self, raw: bytes, where: Where) -> Outcome:
        """One event."""
        del where
        event = strict_json.parsed(raw)
        if isinstance(event, No):
            return Malformed.of(raw, event)
        if "digestStartTime" in event and "eventName" not in event:
            return DIGEST
        source, name = event.get("eventSource"), event.get("eventName")
        if not isinstance(source, str) or not isinstance(name, str):
            return Malformed.of(raw, "not an event: no eventSource or eventName")
        service = SERVICES.get(source)
        mode = OTHER_SERVICE if service is None else _mode(service, name, event)
        if isinstance(mode, Skipped):
            return mode
        denied = event.get("errorCode") in _DENIED
        shown = service == "dynamodb" and aws.shown_by_failure(event)
        if event.get("errorCode") is not None and not denied and not shown:
            return FAILED
        if event.get("eventCategory") == "NetworkActivity" and not denied:
            return NETWORK
        seen = self._objects(event, mode) if service == "s3" else self._items(event, mode)
        return self._taken(raw, event, seen, refused=denied) if seen else NOT_WATCHED

    def _taken(self, raw: bytes, event: Mapping[str, Any], seen: list[_Seen], *, refused: bool) -> Taken | Malformed:
        ident = identifier(event.get("sharedEventID")) or identifier(event.get("eventID"))
        at = times.rfc3339(event.get("eventTime"))
        who = aws.who(event, session_names=self._stores.session_names)
        if ident is None or isinstance(at, No):
            return Malformed.of(raw, at if isinstance(at, No) else "no eventID")
        if who is None:
            return Malformed.of(raw, "no principal: the event does not say whose rights were used")
        names, decision = self._stores.principals, _REFUSE if refused else None
        flags = () if who.principal.startswith("arn:") else (NO_ARN,)
        return Taken(
            tuple(
                Observed(
                    source=self.source,
                    id=f"{ident}{one.suffix}",
                    at=at,
                    principal=named(names, who.principal),
                    asked=one.asked,
                    mode=one.mode,
                    persons=one.persons,
                    on_behalf_of=None if who.on_behalf_of is None else named(names, who.on_behalf_of),
                    claimed=who.claimed,
                    decision=decision,
                    query=_statement(event),
                    flags=(*flags, *one.flags),
                    unmapped=one.unmapped,
                )
                for one in seen
            )
        )

    def _objects(self, event: Mapping[str, Any], mode: _Mode) -> list[_Seen]:
        """What was seen of a watched bucket; of a copy, its source."""
        given = aws.table(event.get("requestParameters"))
        target = (given.get("bucketName"), given.get("key")) if mode.copies else None
        watched = [(b, k) for b, k in aws.buckets(event) if b in self._stores.buckets and (b, k) != target]
        # An access point has a name of its own; the bucket behind it stands among the resources, perhaps without a key.
        for name, key in sorted(watched, key=lambda pair: pair[1] is None)[:1]:
            bucket = self._stores.buckets[name]
            parts = No(NO_KEY) if key is None else key_segments(key)
            hit = None if isinstance(parts, No) else bucket.named(parts)
            if hit is not None:
                objects, person = hit
                persons = () if person is None else (person,)
                made = _Seen("", objects.fields, mode.mode or objects.mode, persons, mode.flags)
                return [made] if objects.fields else []
            flag, listed = (NO_KEY, ()) if key is None else (UNMAPPED, (f"s3://{name}/…",))
            return [_Seen("", bucket.all, mode.mode or Mode.EXPORT, (), (*mode.flags, flag), listed)]
        return []

    def _items(self, event: Mapping[str, Any], mode: _Mode) -> list[_Seen]:
        """One look for each watched table."""
        account = event.get("recipientAccountId")
        found = []
        asked_for = aws.tables(event)
        for name in _named_in(_statement(event)):
            asked_for.setdefault(name, [])
        for name, keys in asked_for.items():
            table = self._stores.table(name, account if isinstance(account, str) else None)
            if table is not None:
                found.append(_seen_items(table, keys, mode))
        return found


@dataclass(frozen=True, slots=True)
class _Mode:
    mode: Mode | None  # None: what the map says of the object
    copies: bool = False
    flags: tuple[str, ...] = ()


def _mode(service: str, name: str, event: Mapping[str, Any]) -> _Mode | Skipped:
    """How an operation looks, or why it is no look."""
    reads = _READS[service]
    category = event.get("eventCategory")
    if service == "dynamodb" and aws.shown_by_failure(event):
        return _Mode(Mode.SEARCH if _statement(event) is not None else Mode.READ)
    if name in reads:
        statement = _statement(event)
        if statement is not None and not _selects(statement):
            return WRITES
        # CopyObject has no `readOnly: true`, and still hands out what it copies.
        return _Mode(reads[name], copies=name in ("CopyObject", "UploadPartCopy"))
    if _SHOWS_NOTHING.fullmatch(name):
        return MANAGEMENT if category == "Management" else LISTS
    if category == "Management" or event.get("managementEvent") is True:
        return MANAGEMENT
    if event.get("readOnly") is True and category == "Data":
        return _Mode(Mode.SEARCH, flags=(UNKNOWN_OPERATION,))
    given = aws.table(event.get("requestParameters"))
    return _Mode(Mode.READ) if service == "dynamodb" and given.get("returnValues") in _GIVES_BACK else WRITES


def _seen_items(table: Items, keys: list[Mapping[str, Any]], mode: _Mode) -> _Seen:
    persons: dict[str, None] = {}
    flags: dict[str, None] = dict.fromkeys(mode.flags)
    if table.key is not None and not keys and mode.mode is Mode.READ:
        flags[NO_KEY] = None
    for key in keys if table.key is not None else ():
        value = aws.attribute(key, table.key or "")
        person = None if value is None else spelled(value, table.key_type)
        if person is None:
            flags[NO_KEY if value is None else OTHER_TYPE] = None
        else:
            persons[person] = None
    return _Seen(f",{table.name}", table.fields, mode.mode or Mode.SEARCH, tuple(persons), tuple(flags))


def _statement(event: Mapping[str, Any]) -> str | None:
    """The PartiQL of an event; of a batch, all its statements."""
    given = aws.table(event.get("requestParameters"))
    parts = [given, *aws.statements(given)]
    found = [aws.table(part).get("statement") for part in parts]
    texts = [text for text in found if isinstance(text, str)]
    return "\n".join(texts) if texts else None


def _selects(statement: str) -> bool:
    """Whether a statement may give back what stood there."""
    plain = statement.lower()
    return "select" in plain or "returning" in plain


def _named_in(statement: str | None) -> list[str]:
    """Names that may be of tables; PartiQL writes `FROM "people"."index"`."""
    return [] if statement is None else list(dict.fromkeys(_WORD.findall(statement)))[:1_000]

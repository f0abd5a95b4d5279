# SPDX-License-Identifier: Apache-2.0
"""What goes back to an identity provider: a resource as it gave it, with where it is and in which version; lists; schemas.

    Kept ──Base.shown──▶ resource, id, meta, groups or members, references ──of_resource──▶ Answer

References are made anew from where we are reached: what a provider wrote there is not kept.
                                                                            Specification: RFC 7643, RFC 7644
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scim2_models import (
    Context,
    ForbiddenException,
    GroupMembership,
    ListResponse,
    Meta,
    NotFoundException,
    ResponseParameters,
)

from whosaw.api.scim.desk import Kept, seen, tag
from whosaw.api.scim.search import Found
from whosaw.api.scim.shapes import ENDPOINTS, ENTERPRISE, MODELS, PROVIDER, GroupMember
from whosaw.directory.resources import GROUP, USER

MEDIA = "application/scim+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def lines(self) -> list[tuple[str, str]]:
        fixed = {
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "content-length": str(len(self.body)),
        }
        if self.body:
            fixed["content-type"] = MEDIA
        return list((fixed | dict(self.headers)).items())

    def unless(self, known: str | None) -> Answer:
        """Nothing, for somebody who has this version already (`If-None-Match`)."""
        mine = self.headers.get("etag")
        said = {each.strip() for each in (known or "").split(",")}
        if mine is not None and (mine in said or mine.removeprefix("W/") in said or "*" in said):
            return replace(self, status=304, body=b"")
        return self


@dataclass(frozen=True, slots=True)
class Base:
    """Where we are reached."""

    url: str

    def at(self, kind: str, id_: str) -> Any:
        return f"{self.url}/{ENDPOINTS[kind]}/{id_}"

    def shown(self, kept: Kept) -> Any:
        """The resource with everything that is not the provider's."""
        stored, resource = kept.stored, kept.held.resource.model_copy(deep=True)
        made, changed = seen(stored)
        where = self.at(stored.kind, stored.id)
        resource.id = stored.id
        resource.meta = Meta(
            resource_type=stored.kind, created=made, last_modified=changed, location=where, version=tag(stored)
        )
        if stored.kind == GROUP:
            resource.members = [
                GroupMember(value=each, ref=self.at(USER, each), type=USER) for each in kept.members
            ] or None
            return resource
        resource.groups = [
            GroupMembership(value=each, ref=self.at(GROUP, each), type="direct") for each in kept.groups
        ] or None
        enterprise = resource[ENTERPRISE]
        if enterprise is not None and enterprise.manager is not None and enterprise.manager.value is not None:
            enterprise.manager.ref = self.at(USER, enterprise.manager.value)
        return resource


def of_resource(kept: Kept, base: Base, query: Mapping[str, str], context: Context, status: int = 200) -> Answer:
    """One resource. `query`: which attributes of it."""
    kind = kept.stored.kind
    of: Any = ResponseParameters
    wanted = of[MODELS[kind]].model_validate(
        {name: query[name] for name in ("attributes", "excludedAttributes") if name in query}
    )
    body = base.shown(kept).model_dump_json(scim_ctx=context, response_parameters=wanted).encode()
    headers = {"etag": tag(kept.stored), "location": base.at(kind, kept.stored.id)}
    return Answer(status, body, headers)


def listed(found: Found, asked: Any) -> Answer:
    """A part of a list. `asked`: also which attributes of each."""
    shown = [
        each.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked) for each in found.resources
    ]
    return _list(shown, found.total, found.start)


def discovered(path: tuple[str, ...], base: Base, *, filtered: bool) -> Answer | None:
    """What we are and can do; None for any other path. Raises NotFoundException, ForbiddenException."""
    match path:
        case ("ServiceProviderConfig",):
            return _json(_where(PROVIDER.config, base, "ServiceProviderConfig", None))
        case ("Schemas" | "ResourceTypes" as name, *rest) if len(rest) <= 1:
            if filtered:
                raise ForbiddenException(detail="what we are is not filtered")
            every = PROVIDER.schemas if name == "Schemas" else PROVIDER.resource_types
            shown = [_where(each, base, name, str(each.id)) for each in every]
            if not rest:
                return _list(shown, len(shown), 1)
            one = next((each for each in shown if each["id"] == rest[0]), None)
            if one is None:
                raise NotFoundException(detail="there is no such thing")
            return _json(one)
    return None


def _where(thing: Any, base: Base, name: str, id_: str | None) -> dict[str, Any]:
    kind = {"Schemas": "Schema", "ResourceTypes": "ResourceType"}.get(name, name)
    location = f"{base.url}/{name}" + ("" if id_ is None else f"/{id_}")
    made: dict[str, Any] = thing.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return {**made, "meta": {"resourceType": kind, "location": location}}


def _list(shown: list[dict[str, Any]], total: int, start: int) -> Answer:
    schemas = [str(ListResponse.__schema__)]
    head = {"schemas": schemas, "totalResults": total, "startIndex": start, "itemsPerPage": len(shown)}
    return _json({**head, "Resources": shown})


def _json(value: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(value, ensure_ascii=False).encode())

# SPDX-License-Identifier: Apache-2.0
"""What is read and given back of staff and their groups: the schemas that `/scim/v2` publishes, and what it can do.

    User    userName, externalId, name, displayName, title, userType, emails, active, groups
      + enterprise  employeeNumber, organization, division, department ─▶ unit, manager ─▶ reporting line
      + Work        function, country, contractCountry, site, employer, suspended, ownAccount, household
    Group   displayName, members          `on_call:fraud` and `queue:help` are assignments of their members

Less than the specification has room for, and by intent: telephone numbers, addresses and photographs of staff are nobody's
business here, and what is sent of them is dropped.             Specification: RFC 7643, docs/spec/scim.md
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Email,
    ETag,
    Extension,
    Filter,
    GroupMembership,
    Mutability,
    Name,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from whosaw.directory.columns import FUNCTIONS
from whosaw.directory.resources import GROUP, USER

MOST = 200  # resources in one answer
_TEXT = "One line of 1 to 200 bytes."


class Work(Extension):
    """What decides whether somebody may look, and is in no standard schema."""

    __schema__ = URN("urn:whosaw:scim:schemas:1.0:Work")

    function: str | None = Field(
        None, description="Kind of work. Not given: none, and no purpose is theirs.", examples=list(FUNCTIONS)
    )
    country: str | None = Field(
        None, description="Where they work, two capital letters.", examples=["DE", "FR", "IE", "US"]
    )
    contract_country: str | None = Field(
        None, description="Where their contract is, if elsewhere.", examples=["DE", "FR", "IE", "US"]
    )
    site: str | None = Field(None, description=_TEXT)
    employer: str | None = Field(None, description=_TEXT)
    suspended: bool | None = Field(None, description="Suspended from looking.")
    own_account: Annotated[str | None, CaseExact.true] = Field(None, description="Their own account with the product.")
    household: Annotated[str | None, CaseExact.true] = Field(
        None, description="Any word that is the same for who lives together."
    )


WORK = str(Work.__schema__)


class User(Resource[AnyExtension]):
    """One of the staff."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = Field(None, description=_TEXT)
    name: Name | None = Field(None, description="Their name, given back as it came.")
    display_name: str | None = Field(None, description=_TEXT)
    title: str | None = Field(None, description=_TEXT)
    user_type: str | None = Field(None, description=_TEXT)
    emails: list[Email] | None = Field(None, description="Given back as they came.")
    active: bool | None = Field(None, description="False: they have left, and are refused from this moment on.")
    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = Field(None, description="Theirs.")


class Manager(ComplexAttribute):
    """Somebody's manager. Only the id is read: providers leave out the rest, and where the manager is, we know."""

    value: Annotated[str | None, CaseExact.true] = Field(None, description="The id of the manager's user.")
    ref: Reference[User] | None = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref", description="Where that user is."
    )


class EnterpriseUser(Extension):
    """Where somebody stands in the organisation."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    employee_number: str | None = Field(None, description=_TEXT)
    cost_center: str | None = Field(None, description=_TEXT)
    organization: str | None = Field(None, description=_TEXT)
    division: str | None = Field(None, description=_TEXT)
    department: str | None = Field(None, description="Their unit. Not given: `unknown`, with all who have none.")
    manager: Manager | None = Field(None, description="Reporting lines are read from it.")


ENTERPRISE = str(EnterpriseUser.__schema__)


class GroupMember(ComplexAttribute):
    """One of the staff, in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = Field(None, description="The id of a user.")
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref", description="Where that user is."
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, description="Of what kind.", examples=[USER])


class Group(Resource[Any]):
    """A group of the staff; one whose name is KIND:SCOPE assigns its members."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Uniqueness.server, Required.true] = Field(None, description=_TEXT)
    members: list[GroupMember] | None = Field(None, description="Users; no groups.")


PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Work, Group],
    resource_types=[ResourceType.from_resource(User[EnterpriseUser | Work]), ResourceType.from_resource(Group)],
    config=ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token of its own, made with `whosaw directory scim-token`.",
                primary=True,
            )
        ],
    ),
    # Providers send more than we keep, and two things otherwise than the specification has them.
    policy=ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    ),
)
MODELS: dict[str, Any] = {kind: PROVIDER.model_for(kind) for kind in (USER, GROUP)}
ENDPOINTS = {USER: "Users", GROUP: "Groups"}
SCHEMAS = frozenset(str(schema.id) for schema in PROVIDER.schemas)

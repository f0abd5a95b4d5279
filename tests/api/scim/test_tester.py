# SPDX-License-Identifier: Apache-2.0
"""The endpoints against everybody's own checker: `scim2-tester`, over a socket, every check."""

import httpx
import pytest
from scim2_client import BaseSyncSCIMClient
from scim2_tester import Status, check_server
from tests.api.scim.world import TOKEN, World, served
from tests.directory.town import Office


class Wire(BaseSyncSCIMClient):
    """The checker's client over HTTP/1.1."""

    def __init__(self, client, **more):
        super().__init__(**more)
        self.client = client

    def _stays_under_base_url(self, endpoint):
        return str(self.client.build_request("GET", endpoint).url).startswith(str(self.client.base_url))

    def _parse_json(self, response):
        return response.json()

    def request(self, method, url, **kwargs):
        return self.client.request(method, url, **kwargs)


@pytest.fixture
def world(tmp_path):
    office = Office(tmp_path)
    yield World(office)
    office.close()


def checked(world, **which):
    """The results of a run over a socket."""
    with served(world.app) as url, httpx.Client(base_url=url, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        return check_server(Wire(client), **which)


def not_green(results):
    return [(each.title, each.resource_type, each.reason) for each in results if each.status is not Status.SUCCESS]


@pytest.mark.slow
def test_every_check_is_green(world):
    """Discovery, create, read, replace, patch, delete, attributes, errors, for each resource type that is published."""
    results = checked(world)
    assert not_green(results) == []
    assert {each.resource_type for each in results} >= {"User", "Group"}
    assert len(results) > 100


def test_discovery_and_the_life_of_a_resource_are_green(world):
    """The same, without the attributes one by one: what was not asked for is skipped, and says so."""
    tags = {"discovery", "misc", "crud:create", "crud:read", "crud:delete"}
    results = [
        each
        for each in checked(world, include_tags=tags, resource_types=["Group"])
        if "tag filtering" not in str(each.reason)
    ]
    assert not_green(results) == []
    assert len(results) > 20

# SPDX-License-Identifier: Apache-2.0
"""Each example is a tool that runs: it shows what the gate shows, and a page with the reason where it does not."""

import asyncio
import importlib.util
import sys

import pytest
from tests.client.gatehouse import Gatehouse
from tests.docs.prose import ROOT

KINDS = ("flask", "django", "asgi")


def load(kind, monkeypatch, url):
    """The example as a module, with its gate at `url`."""
    monkeypatch.setenv("GATE_URL", url)
    monkeypatch.setenv("GATE_TOKEN", "desk-token")
    name = f"example_{kind}"
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / kind / "desk.py")
    module = importlib.util.module_from_spec(spec)
    # Django looks its middleware and its paths up by the module's name.
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    if kind == "django":
        from django.urls import clear_url_caches

        clear_url_caches()  # or the paths would be those of an example that another test loaded
    return module


def get(kind, module, path, token):
    """(status, body) as the tool's own test client has it."""
    given = {"Authorization": f"Bearer {token}"} if token else {}
    if kind == "flask":
        answer = module.app.test_client().get(path, headers=given)
        return answer.status_code, answer.text
    if kind == "django":
        from django.test import Client

        answer = Client(raise_request_exception=False).get(path, headers=given)
        return answer.status_code, answer.content.decode()
    return asyncio.run(_asgi(module.app, path, given))


async def _asgi(app, path, given):
    sent = []

    async def send(message):
        sent.append(message)

    where, _, search = path.partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "http", "method": "GET", "path": where, "query_string": search.encode(), "headers": headers}
    await app(scope, None, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_shows_what_the_gate_shows(kind, monkeypatch):
    """Permitted, refused, not let in, no answer; and each request is its own employee's."""
    house = Gatehouse()
    with house.open() as url:
        module = load(kind, monkeypatch, url)
        with module.gate:
            status, body = get(kind, module, "/accounts/mira/network?case=T-1", "ana-token")
            assert (status, "203.0.113.0/24" in body, "no place" in body) == (200, True, True)
            status, body = get(kind, module, "/accounts/owen/network?case=T-1", "bo-token")
            assert (status, "This look is not permitted." in body, "203.0.113" in body) == (403, True, False)
            house.fates = ["401"]
            assert get(kind, module, "/accounts/mira/network?case=T-1", "")[0] == 401
            house.fates = ["500"]
            status, body = get(kind, module, "/accounts/mira/network?case=T-1", "ana-token")
            assert (status, "Nothing is shown" in body) == (503, True)
    assert [headers.get("whosaw-principal") for _, headers, _ in house.asked] == [
        "ana-token",
        "bo-token",
        None,
        "ana-token",
    ]
    assert {headers["authorization"] for _, headers, _ in house.asked} == {"Bearer desk-token"}

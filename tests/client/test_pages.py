# SPDX-License-Identifier: Apache-2.0
"""What the pages about tools show, runs: the settings are settings, the examples ask a gate and show what it shows."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.api.ca import SERVER, Authority
from tests.client.gatehouse import Gatehouse
from tests.docs.prose import ROOT, blocks

from whosaw.client.answer import NotShown
from whosaw.config import parse_settings


def test_the_settings_on_the_page_are_settings():
    """A provider and a tool, as they can stand in whosaw.toml."""
    (page,) = (b.body for b in blocks(ROOT / "docs/callers.md") if b.kind == "toml")
    made = parse_settings(b'format = 1\norigin = "log.example.org/whosaw"\n' + page.encode())
    assert [(caller.name, caller.tokens) for caller in made.caller] == [("support-desk", ("staff",))]
    assert [issuer.name for issuer in made.issuer] == ["staff"]


def test_the_examples_on_the_page_run(tmp_path, monkeypatch, capsys):
    """One after the other, in one process, against one gate over TLS."""
    ca = Authority(at=datetime.now(UTC))
    gate = ca.issue("ip:127.0.0.1", use=SERVER).write(tmp_path, "gate")
    ca.issue().write(tmp_path, "desk")
    (tmp_path / "ca.pem").write_text(ca.pem)
    monkeypatch.chdir(tmp_path)
    # The fifth asks in the gate's own process: tests/docs/test_docs.py runs it.
    look, decorator, within, asgi, _ = (b.body for b in blocks(ROOT / "docs/connectors/tools.md") if b.kind == "python")
    seen = []

    async def view(scope, receive, send):
        seen.append(scope["whosaw.shown"].of("ip"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    house = Gatehouse()
    space = {"token": "employee-token", "app": view, "token_of": lambda _: "employee-token"}
    with house.open(
        ssl_certfile=gate[0], ssl_keyfile=gate[1], ssl_ca_certs=tmp_path / "ca.pem", ssl_cert_reqs=2
    ) as url:
        exec(look.replace("https://gate.example.org", url), space)
        assert capsys.readouterr().out == "203.0.113.0/24 no place\n"
        with space["gate"]:
            exec(decorator + within.replace("    networks(", "    shown = networks("), space)
            assert space["shown"] == ["203.0.113.0/24"]
            with pytest.raises(NotShown):
                space["networks"]("mira", "T-2")
            exec(asgi, space)

            async def sent(_):
                pass

            scope = {
                "type": "http",
                "method": "GET",
                "path": "/accounts/mira/ip",
                "query_string": b"case=T-1",
                "headers": [],
            }
            asyncio.run(space["app"](scope, None, sent))
    assert seen == [["203.0.113.0/24"]]
    assert {headers.get("whosaw-principal") for _, headers, _ in house.asked} == {"employee-token", None}

# SPDX-License-Identifier: Apache-2.0
"""Mutual TLS, with a real server, real sockets and a small authority: who is let in, and who not even to the end of a handshake."""

import dataclasses
import ssl
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import pytest
from tests.api.ca import SERVER, Authority
from tests.api.door import World, header_of
from tests.api.serving import ask, connect, serving, who

from whosaw.api import tls
from whosaw.api.callers.door import Door, networks
from whosaw.errors import Misconfigured
from whosaw.settings.callers import TlsSettings

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def ca():
    return Authority(at=NOW)


@pytest.fixture
def world(tmp_path, ca):
    made = World(tmp_path, proxies=("10.0.0.0/8",))
    made.clock.at, made.ca = NOW, ca
    made.cert = ca.issue()
    ca.issue("dns:localhost", "ip:127.0.0.1", use=SERVER).write(tmp_path, "gate")
    (tmp_path / "clients.pem").write_text(ca.pem)
    yield made
    made.close()


@contextmanager
def gate(world):
    said = TlsSettings(certificate="gate.pem", key="gate.key", client_ca="clients.pem")
    with serving(who(world.door), **tls.options(world.where, said)) as port:
        opened = []

        def call(issued=None):
            files = issued.write(world.where / "tools", f"tool-{len(opened)}") if issued else None
            opened.append(connect(port, world.ca, files))
            return opened[-1]

        try:
            yield call
        finally:
            for each in opened:
                each.close()


def test_who_comes_in_and_who_does_not(world):
    """The right one; none; one that is registered for nobody; another authority's and an expired one, at the handshake."""
    world.add()
    with gate(world) as call:
        assert ask(call(world.cert)) == (200, {"caller": "desk", "looker": None})
        assert ask(call()) == (401, {"code": "nobody"})
        assert ask(call(world.ca.issue())) == (401, {"code": "unknown"})
        # Pinned by its key or not: another authority's word is not taken at all, nor one whose time is over.
        other = Authority(at=NOW).issue(key=world.cert.key)
        expired = world.ca.issue(at=NOW - timedelta(days=60), key=world.cert.key)
        for wrong in (other, expired):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(call(wrong))
        assert ask(call(world.cert))[0] == 200


def test_who_is_removed_is_refused_on_a_connection_that_is_open(world):
    """The handshake was long ago; the next request on it is nobody's."""
    world.add()
    with gate(world) as call:
        connection = call(world.cert)
        assert ask(connection)[0] == 200
        world.desk.remove("desk", world.by)
        assert ask(connection) == (401, {"code": "unknown"})


def test_keys_rotate_while_the_gate_serves(world):
    """Old and new one at once, then the new one alone."""
    world.add()
    new = world.ca.issue()
    with gate(world) as call:
        old, other = call(world.cert), call(new)
        assert (ask(old)[0], ask(other)[0]) == (200, 401)
        world.desk.rotate("desk", new.pin, f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", world.by)
        assert (ask(old)[0], ask(other)[0]) == (200, 200)
        world.clock.turn(timedelta(hours=1))
        assert (ask(old)[0], ask(other)[0]) == (401, 200)


def test_a_certificate_expires_under_an_open_connection(world):
    """The gate's clock says when, and not only at the handshake."""
    world.add()
    with gate(world) as call:
        connection = call(world.cert)
        assert ask(connection)[0] == 200
        world.clock.at = world.cert.certificate.not_valid_after_utc + timedelta(seconds=1)
        assert ask(connection) == (401, {"code": "expired"})


def test_each_connection_has_its_own_certificate(world):
    """Two tools at once, request by request, are never taken for one another."""
    world.add()
    cron = world.ca.issue()
    world.add(name="cron", pins=(cron.pin,))
    with gate(world) as call:
        one, two = call(world.cert), call(cron)
        for _ in range(5):
            assert (ask(one)[1]["caller"], ask(two)[1]["caller"]) == ("desk", "cron")


def test_a_certificate_in_a_header_is_a_strangers(world):
    """With TLS of our own or without: the peer is no proxy of the settings."""
    world.add()
    with gate(world) as call:
        for connection in (call(), call(world.cert)):
            assert ask(connection, Client_Cert=header_of(world.cert)) == (401, {"code": "certificate"})


def test_a_proxy_that_ends_tls_says_whose_the_connection_is(world):
    """Over a real socket: from its network the header is the certificate, and without one nobody comes in."""
    world.add()
    door = Door(dataclasses.replace(world.door._parts, proxies=networks(["127.0.0.0/8"])))
    with serving(who(door)) as port, closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        assert ask(connection, Client_Cert=header_of(world.cert)) == (200, {"caller": "desk", "looker": None})
        assert ask(connection) == (401, {"code": "nobody"})
        assert ask(connection, Client_Cert=header_of(world.ca.issue())) == (401, {"code": "unknown"})
        assert ask(connection, Client_Cert="MIIB") == (401, {"code": "certificate"})


def test_a_tool_with_a_token_needs_no_certificate(world):
    """And hands on an employee's token over the same connection."""
    world.add_by_token()
    with gate(world) as call:
        token = world.tools.token(sub="client-desk")
        said = ask(call(), Authorization=f"Bearer {token}", Whosaw_Principal=world.staff.token(sub="ana"))
        assert said == (200, {"caller": "desk", "looker": "ana"})


def test_tls_below_1_2_is_not_spoken(world):
    """A client that knows nothing newer gets no connection."""
    said = TlsSettings(certificate="gate.pem", key="gate.key", client_ca="clients.pem")
    context = tls.options(world.where, said)["ssl_context_factory"](None, None)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_OPTIONAL


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"certificate": "gone.pem"}, "tls.certificate"), ({"key": "tools.key"}, "tls.certificate"),
        ({"certificate": "clients.pem"}, "tls.certificate"), ({"client_ca": "gone.pem"}, "tls.client_ca"),
        ({"client_ca": "gate.key"}, "tls.client_ca"),
    ],
)  # fmt: skip
def test_a_gate_that_is_asked_for_tls_has_it_or_does_not_start(world, change, setting):
    """A file that is not there, or is another, stops the start; nothing is served in the open instead."""
    world.ca.issue().write(world.where, "tools")
    with pytest.raises(Misconfigured) as caught:
        tls.options(
            world.where,
            TlsSettings(**({"certificate": "gate.pem", "key": "gate.key", "client_ca": "clients.pem"} | change)),
        )
    assert caught.value.setting == setting
    assert tls.options(world.where, TlsSettings()) == {}

# SPDX-License-Identifier: Apache-2.0
"""The door: who is let in, for whom, and what is on record where somebody says what they may not."""

import logging
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from tests.api.ca import SERVER, Authority
from tests.api.door import World, header_of
from tests.api.idp import Idp
from tests.directory.town import engine_on

from whosaw.api.admitted import NotAdmitted
from whosaw.api.callers import rows as module
from whosaw.api.callers.desk import Desk
from whosaw.api.callers.registered import Registered
from whosaw.api.callers.rows import CallerRows
from whosaw.errors import Unavailable
from whosaw.model.caller import Caller, Proof
from whosaw.store.state import state_engine

SECOND = timedelta(seconds=1)


@pytest.fixture(params=[engine_on, state_engine], ids=["read each time", "remembered"])
def world(request, tmp_path):
    made = World(tmp_path, proxies=("10.1.0.0/16",), engine=request.param)
    yield made
    made.close()


def refused(world, **request):
    with pytest.raises(NotAdmitted) as caught:
        world.admit(**request)
    return caught.value.status, caught.value.code


# ── which tool ──


def test_a_pinned_certificate_is_its_tool(world):
    """The tool is known by its key, and looks for whom a verified token names: it says nothing itself."""
    world.add()
    admitted = world.admit(cert=world.cert, whosaw_principal=world.staff.token(sub="ana"))
    assert admitted.looker(None, "fraud_review") == ("ana", Caller("desk", Proof.MTLS, False))
    assert admitted.looker("ana", "subject_request")[0] == "ana"
    assert not admitted.sees_admin


def test_who_brings_nothing_is_nobody(world):
    """Neither certificate nor token: 401, whatever else the request has."""
    world.add()
    assert refused(world) == (401, "nobody")
    assert refused(world, whosaw_principal=world.staff.token()) == (401, "nobody")


def test_a_certificate_that_is_not_registered_is_nobodys(world):
    """Another key of the same authority, the same name of another authority, the same name again: unknown."""
    world.add()
    for cert in (world.ca.issue(), Authority(at=world.clock()).issue()):
        assert refused(world, cert=cert) == (401, "unknown")


def test_an_authority_and_a_name(world):
    """Without a pin the authority's certificates count, for exactly the one name, while they are valid."""
    world.add(pins=(), ca="ca.pem", san="uri:spiffe://example.org/desk")
    right = world.ca.issue("uri:spiffe://example.org/desk", "dns:whatever.example.org")
    assert world.admit(cert=right).name == "desk"
    wrong = {
        "another name": world.ca.issue("uri:spiffe://example.org/cron"),
        "a name that begins alike": world.ca.issue("uri:spiffe://example.org/desk/admin"),
        "two names": world.ca.issue("uri:spiffe://example.org/desk", "uri:spiffe://example.org/cron"),
        "the same text as another kind": world.ca.issue("dns:desk"),
        "another authority": Authority(at=world.clock()).issue("uri:spiffe://example.org/desk"),
        "a server's": world.ca.issue("uri:spiffe://example.org/desk", use=SERVER),
        "expired": world.ca.issue("uri:spiffe://example.org/desk", at=world.clock() - timedelta(days=40)),
        "not yet": world.ca.issue("uri:spiffe://example.org/desk", at=world.clock() + timedelta(days=3)),
    }
    assert {why: refused(world, cert=cert) for why, cert in wrong.items()} == dict.fromkeys(wrong, (401, "unknown"))


def test_a_connection_may_outlive_its_certificate_and_is_refused_then(world):
    """Validity is looked at for each request, by our clock."""
    world.add()
    assert world.admit(cert=world.cert)
    world.clock.at = world.cert.certificate.not_valid_after_utc
    assert world.admit(cert=world.cert)
    world.clock.turn(SECOND)
    assert refused(world, cert=world.cert) == (401, "expired")


def test_two_keys_are_valid_while_they_rotate(world):
    """The old key counts until the end that was said, and the new one at once and afterwards."""
    world.add()
    new = world.ca.issue()
    until = f"{world.clock() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    world.desk.rotate("desk", new.pin, until, world.by)
    assert {world.admit(cert=cert).name for cert in (world.cert, new)} == {"desk"}
    world.clock.turn(timedelta(hours=1) - SECOND)
    assert world.admit(cert=world.cert)
    world.clock.turn(SECOND)
    assert refused(world, cert=world.cert) == (401, "unknown")
    assert world.admit(cert=new)


def test_a_tool_without_a_certificate_has_a_token(world):
    """Issuer and subject are the tool; an employee's token in the same place is no tool's."""
    world.add_by_token()
    mine = world.tools.token(sub="client-desk")
    admitted = world.admit(authorization=f"Bearer {mine}", whosaw_principal=world.staff.token(sub="ana"))
    assert admitted.looker("ana", None) == ("ana", Caller("desk", Proof.JWT, False))
    assert refused(world, authorization=f"Bearer {world.tools.token(sub='client-else')}") == (401, "unknown")
    assert refused(world, authorization=f"Bearer {world.staff.token(sub='client-desk')}") == (401, "token")
    for other in ("Basic YTpi", "Bearer", "Bearer  ", mine):
        assert refused(world, authorization=other) == (401, "token")


def test_certificate_and_token_of_two_tools_are_neither(world):
    """Which of two would count is a question that nobody should have to answer."""
    world.add()
    world.add_by_token(name="cron", tokens=())
    token = world.tools.token(sub="client-desk")
    assert refused(world, cert=world.cert, authorization=f"Bearer {token}") == (401, "ambiguous")


def test_a_header_that_stands_twice_counts_for_nobody(world):
    """Two tokens: whoever wrote the second would have the last word."""
    world.add()
    for name, code in (
        (b"authorization", "token"),
        (b"Whosaw-Principal", "principal-token"),
        (b"client-cert", "certificate"),
    ):
        scope = world.scope(cert=world.cert, client="10.1.2.3")
        scope["headers"] += [(name, b"Bearer x"), (name, b"Bearer x")]
        with pytest.raises(NotAdmitted) as caught:
            world.door.admit(scope)
        assert caught.value.code == code


# ── TLS that ends before us ──


def test_a_proxys_word_is_a_certificate(world):
    """RFC 9440, from a network of the settings; an IPv6 coat does not hide the proxy."""
    world.add()
    for client in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert world.admit(client=client, client_cert=header_of(world.cert)).name == "desk"


def test_a_proxy_sends_the_chain_along(world):
    """An authority below the one that is registered is believed where its certificate comes along."""
    world.add(pins=(), ca="ca.pem", san="dns:desk.example.org")
    below = Authority("Below", at=world.clock(), above=world.ca)
    cert = below.issue("dns:desk.example.org")
    assert refused(world, client="10.1.2.3", client_cert=header_of(cert)) == (401, "unknown")
    assert (
        world.admit(client="10.1.2.3", client_cert=header_of(cert), client_cert_chain=header_of(below)).name == "desk"
    )


def test_a_strangers_header_is_no_certificate(world):
    """Whoever is no proxy of ours and writes the header is refused, even with a certificate of their own."""
    world.add()
    for client in ("192.0.2.1", "10.2.0.1", "::1", "not an address"):
        for cert in (None, world.cert):
            assert refused(world, client=client, cert=cert, client_cert=header_of(world.cert)) == (401, "certificate")
            assert refused(world, client=client, cert=cert, client_cert_chain=header_of(world.cert)) == (
                401,
                "certificate",
            )


@pytest.mark.parametrize(
    "header", ["", ":", "::", ":MIIB:", "MIIB", ":%%%:", ":TUlJQg==:x", "x" * 20_000, ":TUlJQh==:"]
)
def test_a_header_that_is_no_certificate_is_refused(world, header):
    """Not taken for a connection without one: the proxy said that there is one."""
    world.add()
    assert refused(world, client="10.1.2.3", client_cert=header) == (401, "certificate")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"authorization", b"Authorization", b"whosaw-principal", b"client-cert", b"client-cert-chain", b"x"]
            ),
            st.one_of(st.binary(max_size=60), st.sampled_from([b"Bearer a.b.c", b":MIIB:", b"Bearer " + b"x" * 20000])),
        ),
        max_size=4,
    ),
    st.sampled_from(["10.1.2.3", "192.0.2.1", "::", "", "%"]),
)
def test_whatever_headers_say_nobody_gets_in_by_them(world, headers, client):
    """No crash, and never anything but a refusal."""
    scope = world.scope(client=client)
    scope["headers"] = headers
    with pytest.raises(NotAdmitted) as caught:
        world.door.admit(scope)
    assert caught.value.status == 401


# ── until when, and where ──


def test_who_was_removed_is_refused_by_the_next_request(world):
    """Nothing is remembered: no restart, no time that it takes."""
    world.add()
    assert world.admit(cert=world.cert)
    world.desk.remove("desk", world.by)
    assert refused(world, cert=world.cert) == (401, "unknown")


def test_who_was_removed_by_another_process_is_refused_by_the_next_request(world):
    """Whatever is remembered here: it asks the file whether anybody has written."""
    world.add()
    rows, names = CallerRows(engine_on(world.where / "state.db")), []
    other = Desk(rows, world.journal, frozenset({"fraud_review", "subject_request"}), frozenset({"staff"}), world.clock)
    for _ in range(3):
        assert world.admit(cert=world.cert).name == "desk"
        other.remove("desk", world.by)
        names.append(refused(world, cert=world.cert))
        other.add(Registered.of(world.said(), lambda _: b""), world.by)
    assert names == [(401, "unknown")] * 3
    rows._engine.dispose()


def test_while_nobody_writes_callers_are_read_once(tmp_path, monkeypatch):
    world, asked = World(tmp_path, engine=state_engine), []
    monkeypatch.setattr(
        module, "ask", lambda db, query, values, on=module.ask: (asked.append(query), on(db, query, values))[1]
    )
    world.add()
    asked.clear()
    for _ in range(5):
        world.admit(cert=world.cert)
    assert len(asked) == 1
    world.add_by_token(name="cron", subject="client-cron")
    asked.clear()
    for _ in range(5):
        world.admit(cert=world.cert)
    assert len(asked) == 1
    world.close()


def test_a_registration_ends(world):
    """At the instant that was said; that instant is over."""
    world.add(expires="2026-03-02T10:00:00Z")
    world.clock.at = world.clock.at.replace(hour=9, minute=59, second=59)
    assert world.admit(cert=world.cert)
    world.clock.turn(SECOND)
    assert refused(world, cert=world.cert) == (401, "expired")


def test_a_tool_uses_its_own_paths(world):
    """A path and what lies below it; not what begins alike."""
    world.add(paths=("/looks", "/access/v1/"))
    for path in ("/looks", "/looks/12", "/access/v1/evaluation"):
        assert world.admit(cert=world.cert, path=path)
    for path in ("/", "/look", "/looksie", "/access/v2/evaluation", "/access", "//looks"):
        assert refused(world, cert=world.cert, path=path) == (403, "path")


# ── who looks ──


def test_a_body_cannot_name_somebody_else_than_the_token(world):
    """The forger is told nothing but that, and the attempt is on record, by pseudonym, before they are told."""
    world.add(speaks=True)
    admitted = world.admit(cert=world.cert, whosaw_principal=world.staff.token(sub="ana"))
    with pytest.raises(NotAdmitted) as caught:
        admitted.looker("lead", "fraud_review")
    assert (caught.value.status, caught.value.code) == (403, "contradicts")
    body = world.bodies()[-1]
    assert (body["kind"], body["event"], body["caller"], body["why"]) == ("caller", "refused", "desk", "contradicts")
    assert (body["principal"], body["said"]) == (world.names.principal("ana"), world.names.principal("lead"))


def test_only_who_is_registered_to_speak_speaks(world):
    """Without a token, a name in the body is a forgery; from who is registered to, it counts, and says that it was said."""
    world.add()
    admitted = world.admit(cert=world.cert)
    with pytest.raises(NotAdmitted) as caught:
        admitted.looker("ana", None)
    assert (caught.value.code, world.bodies()[-1]["why"]) == ("may-not-speak", "may-not-speak")
    world.desk.remove("desk", world.by)
    world.add(speaks=True)
    assert world.admit(cert=world.cert).looker("ana", None) == ("ana", Caller("desk", Proof.MTLS, True))


def test_a_tool_that_hands_on_a_token_does_not_speak(world):
    """Even one that may: who looks was proven, and the record does not say otherwise."""
    world.add(speaks=True)
    admitted = world.admit(cert=world.cert, whosaw_principal=world.staff.token(sub="ana"))
    assert admitted.looker("ana", None)[1].speaks is False


def test_who_must_ask_for_themselves_has_a_token_of_their_own(world):
    """A tool that may say who looks, and a service account, are nobody then; the attempt is on record before they are told."""
    world.add(speaks=True)
    token = world.staff.token(sub="ana")
    assert world.admit(cert=world.cert, whosaw_principal=token).employee() == "ana"
    with pytest.raises(NotAdmitted) as caught:
        world.admit(cert=world.cert).employee()
    assert (caught.value.status, caught.value.code) == (403, "no-employee")
    assert (world.bodies()[-1]["why"], world.bodies()[-1]["principal"]) == ("no-employee", None)
    world.stopped.add("ana")
    with pytest.raises(NotAdmitted) as caught:
        world.admit(cert=world.cert, whosaw_principal=token).employee()
    assert (caught.value.status, caught.value.code) == (403, "stopped")
    assert world.bodies()[-1]["principal"] == world.names.principal("ana")


def test_a_tool_that_names_nobody_is_its_own_service_account(world):
    """Of function `service` in the directory, by the tool's own name; anything else is nobody."""
    world.add()
    assert world.admit(cert=world.cert).looker(None, None) == ("desk", Caller("desk", Proof.MTLS, False))
    assert world.admit(cert=world.cert).looker("desk", None)[0] == "desk"
    for name in ("ana", "nobody"):
        cert = world.ca.issue()
        world.add(name=name, pins=(cert.pin,))
        for said in (None, name):
            with pytest.raises(NotAdmitted) as caught:
                world.admit(cert=cert).looker(said, None)
            assert caught.value.code == "no-service-account"


def test_a_purpose_that_is_not_the_tools_is_refused_on_record(world):
    """Whoever looks, and however well proven."""
    world.add(purposes=("subject_request",))
    admitted = world.admit(cert=world.cert, whosaw_principal=world.staff.token(sub="ana"))
    for purpose in ("fraud_review", "because I can", ""):
        with pytest.raises(NotAdmitted) as caught:
            admitted.looker(None, purpose)
        assert (caught.value.code, world.bodies()[-1]["why"]) == ("purpose", "purpose")
    assert admitted.looker(None, "subject_request")


def test_a_refusal_that_cannot_be_recorded_is_an_error_and_lets_nobody_in(world):
    """The journal is down: what it raises comes out, and no principal."""
    world.add()
    admitted = world.admit(cert=world.cert)
    world.journal.fate = "down"
    with pytest.raises(Unavailable):
        admitted.looker("ana", None)


def test_a_tool_hands_on_only_tokens_of_its_issuers(world):
    """Of none where it is registered for none; of its own provider where that is the one; nothing else."""
    world.add(tokens=())
    assert refused(world, cert=world.cert, whosaw_principal=world.staff.token()) == (403, "token-not-taken")
    cron = world.ca.issue()
    world.add(name="cron", pins=(cron.pin,), tokens=("tools",))
    assert refused(world, cert=cron, whosaw_principal=world.staff.token()) == (401, "principal-token")
    assert world.admit(cert=cron, whosaw_principal=world.tools.token(sub="ana")).principal == "ana"


def test_a_token_issued_to_another_tool_can_be_asked_to_be_refused(world):
    """`client`: a tool that was sent an employee's token cannot use it elsewhere."""
    world.add(client="desk")
    assert world.admit(cert=world.cert, whosaw_principal=world.staff.token(azp="desk")).principal == "ana"
    assert (
        world.admit(cert=world.cert, whosaw_principal=world.staff.token(azp=None, client_id="desk")).principal == "ana"
    )
    for wrong in (
        world.staff.token(azp="wiki"),
        world.staff.token(azp=None),
        world.staff.token(azp="wiki", client_id="desk"),
    ):
        assert refused(world, cert=world.cert, whosaw_principal=wrong) == (401, "principal-token")


# ── what stays unsaid, and what is seen ──


def test_nothing_of_a_token_or_certificate_is_in_a_log_an_error_or_a_repr(world, caplog):
    """Not when it is refused, not when it is admitted, not when the database is gone."""
    caplog.set_level(logging.DEBUG)
    world.add()
    token = world.staff.token(sub="ana-1234")
    said = [repr(world.admit(cert=world.cert, whosaw_principal=token))]
    for request in (
        {"cert": world.cert, "whosaw_principal": token[:-4] + "AAAA"},
        {"authorization": f"Bearer {token}"},
    ):
        with pytest.raises(NotAdmitted) as caught:
            world.admit(**request)
        said += [repr(caught.value), str(caught.value), caught.value.told]
    with pytest.raises(NotAdmitted) as caught:
        world.admit(cert=world.cert, whosaw_principal=token).looker("lead-5678", None)
    said += [repr(caught.value), caught.value.told, caplog.text, repr(world.door), repr(world.bodies())]
    everything = "\n".join(said)
    for private in ("ana-1234", "lead-5678", token, token.split(".")[1], "desk.example.org"):
        assert private not in everything


def test_a_database_that_is_gone_admits_nobody_and_health_says_so(world):
    """503 while it is gone, and as before when it is back: no restart."""
    world.add()
    (world.where / "state.db").rename(world.where / "gone.db")
    world.engine.dispose()
    assert refused(world, cert=world.cert) == (503, "down")
    assert world.door.health()["callers"] != "ok"
    world.engine.dispose()
    (world.where / "state.db").unlink(missing_ok=True)
    (world.where / "gone.db").rename(world.where / "state.db")
    assert world.admit(cert=world.cert)
    assert world.door.health() == dict.fromkeys(("issuer staff", "issuer tools", "callers"), "ok")


def test_a_row_that_cannot_be_read_admits_nobody(world):
    """Not even the others: nobody knows what it said."""
    world.add()
    with world.engine.begin() as db:
        db.exec_driver_sql("UPDATE callers SET said = x'7b7d'")
    assert refused(world, cert=world.cert) == (503, "down")


def test_what_was_refused_is_counted_by_check(world):
    """So that somebody sees a hundred expired tokens, or one with another audience."""
    world.add()
    world.admit(cert=world.cert)
    for token in (world.staff.token(aud="payroll"), world.staff.token(aud="payroll"), "x.y.z"):
        refused(world, cert=world.cert, whosaw_principal=token)
    counts = world.door.counts
    assert (counts["admitted"], counts["principal-token"]) == (1, 3)
    assert (counts["principal-token: aud"], counts["principal-token: form"]) == (2, 1)


def test_the_counts_are_read_by_a_monitoring_system(world):
    """In the text format, by check; nothing in it says who."""
    world.add()
    world.admit(cert=world.cert, whosaw_principal=world.staff.token(sub="ana-1234"))
    refused(world)
    with pytest.raises(NotAdmitted):
        world.admit(cert=world.cert).looker("ana", None)
    (family,) = text_string_to_metric_families(world.door.metrics().decode())
    assert {s.labels["outcome"]: s.value for s in family.samples} == {"admitted": 2, "nobody": 1, "may-not-speak": 1}
    assert "ana-1234" not in world.door.metrics().decode()


def test_a_provider_that_is_not_among_ours_is_never_asked(world):
    """The issuer in the token is looked up in the settings, and nowhere else."""
    world.add()
    stranger = Idp(world.clock, url="https://id.example.net")
    assert refused(world, cert=world.cert, whosaw_principal=stranger.token()) == (401, "principal-token")

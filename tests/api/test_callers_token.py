# SPDX-License-Identifier: Apache-2.0
"""Tokens and the keys behind them: every lie is refused by the check that is there for it, and a silent provider refuses."""

import json
import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.door import World
from tests.api.idp import AUDIENCE, SMALL, URL, Idp, b64

from whosaw.api.callers.keys import AGAIN, KeyAddress, Keys, Unfit, parse_jwks
from whosaw.api.callers.token import BadToken, Issuer
from whosaw.errors import Unavailable
from whosaw.settings.callers import IssuerSettings

QUICK = 0.7


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def code(issuer, token):
    with pytest.raises(BadToken) as caught:
        issuer.verify(token)
    return caught.value.code


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_good_token_says_who(world, alg):
    """Of each algorithm that is on the list without being put there."""
    idp = Idp(world.clock, alg)
    claims = world.issuer("good", idp).verify(idp.token(sub="ana", aud=["payroll", AUDIENCE]))
    assert (claims.issuer, claims.subject, claims.principal, claims.client) == ("good", "ana", "ana", "desk")


def test_every_lie_is_refused_by_the_check_that_is_there_for_it(world):
    """Not one of them by luck: the code says which check."""
    issuer = world.issuers[0]
    lies = world.staff.lies()
    assert {why: code(issuer, token) for why, (token, _) in lies.items()} == {
        why: want for why, (_, want) in lies.items()
    }
    assert len(lies) >= 45
    assert issuer.verify(world.staff.token()).principal == "ana"


def test_the_clocks_may_be_apart_by_so_much(world):
    """Thirty seconds each way, to the second."""
    issuer, now = world.issuers[0], int(world.clock().timestamp())
    for fine in ({"exp": now - 29}, {"nbf": now + 30}, {"iat": now + 30}, {"nbf": now, "exp": now + 1}):
        assert issuer.verify(world.staff.token(**({"iat": None} | fine)))
    assert code(issuer, world.staff.token(nbf=now + 31)) == "nbf"


def test_the_staff_id_may_stand_in_another_claim(world):
    """With an ending that the provider adds; without that ending it is nobody's."""
    issuer = world.issuer("mail", world.staff, principal_claim="email", principal_suffix="@example.org")
    assert issuer.verify(world.staff.token(email="ana@example.org")).principal == "ana"
    for other in ("ana@example.net", "@example.org", "ana@example.org.example.net", "", None, 7):
        assert issuer.verify(world.staff.token(email=other)).principal is None


def test_a_token_may_count_once(world):
    """By its `jti`, for every gate, until it has expired; without one it never counts."""
    one, other = (world.issuer("once", world.staff, once=True) for _ in range(2))
    token = world.staff.token(jti="j-1")
    assert one.verify(token)
    assert {code(issuer, token) for issuer in (one, other)} == {"jti"}
    assert other.verify(world.staff.token(jti="j-2"))
    assert code(one, world.staff.token()) == "jti"
    with world.engine.connect() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM caller_tokens").scalar() == 2
    world.clock.turn(timedelta(hours=1))
    assert one.verify(world.staff.token(jti="j-3"))
    with world.engine.connect() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM caller_tokens").scalar() == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_token_that_was_touched_counts(world, data):
    """Whatever sign of header or claims is another, it is refused, and nothing but BadToken is raised."""
    token = world.staff.token()
    signed = token.rindex(".")
    at = data.draw(st.integers(0, signed - 1))
    sign = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != token[at]))
    assert code(world.issuers[0], token[:at] + sign + token[at + 1 :])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
def test_anything_is_no_token(world, text):
    """Any text at all: refused, and never a crash."""
    assert code(world.issuers[0], text)


# ── keys ──


def test_keys_rotate(world):
    """A new key counts as soon as it is published, the old one until it is taken away and the keys are read again."""
    issuer, old = world.issuers[0], world.staff.token()
    assert issuer.verify(old)
    first, _ = world.staff.kid, world.staff.rotate("RS256")
    new = world.staff.token()
    world.clock.turn(AGAIN)
    assert code(issuer, new) == "kid"  # not published yet
    world.publish()
    world.clock.turn(AGAIN)
    assert issuer.verify(new)
    assert issuer.verify(old)
    world.staff.forget(first)
    world.publish()
    world.clock.turn(timedelta(seconds=299))
    assert code(issuer, world.staff.token(kid=world.staff.kid, header={"kid": first})) in {"alg", "kid"}


def test_an_invented_kid_does_not_make_us_ask_each_time(world):
    """At most once in five seconds, however many come."""
    with world.staff.served() as url:
        issuer = _over(world, url)
        for number in range(20):
            assert code(issuer, world.staff.token(header={"kid": f"invented-{number}"})) == "kid"
        assert world.staff.asked == 1
        world.clock.turn(AGAIN)
        assert code(issuer, world.staff.token(header={"kid": "invented"})) == "kid"
        assert world.staff.asked == 2


def _over(world, url, **more):
    said = IssuerSettings(name="net", url=URL, audience=AUDIENCE, keys=url, **more)
    keys = Keys(KeyAddress(url, QUICK), timedelta(seconds=said.keys_for_s), world.clock)
    return Issuer(said, keys, world.clock, world.rows.first)


@pytest.mark.parametrize(
    ("does", "wrong"),
    [
        ("500", "it answered 500"), ("moved", "it answered 302"), ("huge", "longer than any JWKS"),
        ("junk", "not JSON"), ("twice", "two keys have one name"),
    ],
)  # fmt: skip
def test_a_provider_that_does_not_answer_refuses_and_says_so(world, does, wrong):
    """Keys count for their five minutes, and not a second longer; with the next answer all is well, without a restart."""
    with world.staff.served() as url:
        issuer = _over(world, url)
        assert issuer.verify(world.staff.token())
        world.staff.does = does
        world.clock.turn(timedelta(seconds=299))
        assert issuer.verify(world.staff.token())
        world.clock.turn(timedelta(seconds=1))
        with pytest.raises(Unavailable):
            issuer.verify(world.staff.token())
        assert issuer.wrong == wrong
        world.staff.does = ""
        world.clock.turn(AGAIN)
        assert issuer.verify(world.staff.token())
        assert issuer.wrong == ""


@pytest.mark.parametrize("does", ["slow", "drip"])
def test_a_provider_that_is_slow_is_given_up(world, does):
    """Within its patience, whether it says nothing or a byte at a time; who asks next waits for nothing."""
    with world.staff.served() as url:
        issuer, world.staff.does, asked = _over(world, url), does, world.staff.asked
        begins = time.monotonic()
        with pytest.raises(Unavailable):
            issuer.verify(world.staff.token())
        assert time.monotonic() - begins < 40  # the provider would need a minute
        with pytest.raises(Unavailable):
            issuer.verify(world.staff.token())
        assert world.staff.asked - asked <= 1
        assert issuer.wrong == "no answer (TimeoutError)"


def test_a_clock_that_went_back_reads_the_keys_again(world):
    """Keys read in the future are not fresh."""
    with world.staff.served() as url:
        issuer = _over(world, url)
        issuer.verify(world.staff.token())
        world.clock.turn(-timedelta(hours=2))
        assert issuer.verify(world.staff.token())
        assert world.staff.asked == 2


def test_keys_that_count_for_a_second_are_read_each_second(world):
    """A short life is no silence: who answered last time is asked at once."""
    with world.staff.served() as url:
        issuer = _over(world, url, keys_for_s=1)
        for _ in range(4):
            assert issuer.verify(world.staff.token())
            world.clock.turn(timedelta(seconds=1))
        assert world.staff.asked == 4


def test_a_file_that_is_gone_refuses(world):
    """And health names the part, not the path."""
    (world.where / "staff.jwks").unlink()
    with pytest.raises(Unavailable):
        world.issuers[0].verify(world.staff.token())
    assert world.door.health()["issuer staff"] == "no answer (FileNotFoundError)"


def test_keys_that_cannot_sign_for_it_are_passed_over(world):
    """Secrets, encryption keys, private keys, short ones, unknown curves and nameless ones; what is left counts."""
    idp = world.staff
    good = idp.jwk(idp.kid)
    numbers = SMALL.public_key().public_numbers()
    short = {"kty": "RSA", "kid": "short", "e": "AQAB", "n": b64(numbers.n.to_bytes(128, "big"))}
    others = [
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "ops", "key_ops": ["encrypt"]},
        {**good, "kid": "private", "d": "AAAA"},
        {**good, "kid": "curve", "crv": "secp256k1"},
        {**good, "kid": "off the curve", "x": good["y"]},
        {**good, "kid": "padded", "x": good["x"] + "="},
        {key: value for key, value in good.items() if key != "kid"},
        short,
        {"kid": "empty"},
    ]
    found = parse_jwks(json.dumps({"keys": [*others, good]}).encode())
    assert list(found) == [idp.kid]
    assert found[idp.kid].algorithms == {"ES256"}
    assert parse_jwks(json.dumps({"keys": [{**good, "alg": "ES512"}]}).encode())[idp.kid].algorithms == frozenset()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[1]}',
        b'{"keys":[],"keys":[]}',
        b"[" * 9999,
        b"\xff",
    ],
)
def test_what_is_no_jwks_has_no_keys(raw):
    """Said as such, and nothing of it quoted."""
    with pytest.raises(Unfit):
        parse_jwks(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_jwks_or_unfit(raw):
    """Never a crash."""
    with pytest.raises(Unfit):
        parse_jwks(raw)

# SPDX-License-Identifier: Apache-2.0
"""The middleware: connections are kept as the product answers, and the product never waits for it or falls with it."""

import asyncio
import logging
import threading
from datetime import timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.desk import NOW
from tests.collect.test_connections import Store
from tests.collect.web import CLIENT, LIE, PROXY

from whosaw.collect.asgi import Connections, Counts
from whosaw.errors import Unavailable
from whosaw.model.access import Field

OURS = (ip_network("192.0.2.0/28"),)


def scope(kind="http", client=(CLIENT, 50_000), person="mira", headers=()):
    base = [(b"User-Agent", b"ExampleBrowser/1.0"), (b"x-person", person.encode())] if person else []
    return {"type": kind, "client": client, "headers": [*base, *headers]}


async def product(scope, receive, send):
    """Answers, and knows only then who it was."""
    scope["account"] = dict(scope.get("headers", ())).get(b"x-person", b"").decode() or None
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def middleware(store, app=product, **more):
    given = {"who": lambda scope: scope.get("account"), "clock": lambda: NOW} | more
    return Connections(app, store, OURS, **given)


def ask(made, given):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asyncio.run(made(given, receive, send))
    return sent


def test_a_connection_is_kept_with_the_answer():
    """Person, address and device, at the time of the clock; the answer goes out as it was."""
    store = Store()
    made = middleware(store)
    sent = ask(made, scope())
    assert made.settle()
    assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]
    assert store.told() == [("mira", "device", "ExampleBrowser/1.0"), ("mira", "ip", CLIENT)]
    assert {seen for _, seen in store.values.values()} == {NOW}
    assert made.counts == Counts(kept=1)
    made.close()


@pytest.mark.parametrize(
    ("client", "headers", "header", "answer"),
    [
        ((PROXY, 1), [(b"x-forwarded-for", f"{LIE}, {CLIENT}".encode())], "x-forwarded-for", CLIENT),
        ((PROXY, 1), [(b"X-Forwarded-For", LIE.encode()), (b"x-forwarded-for", CLIENT.encode())], "x-forwarded-for", CLIENT),
        ((PROXY, 1), [(b"forwarded", f"for={CLIENT}".encode()), (b"x-forwarded-for", LIE.encode())], "forwarded", CLIENT),
        ((PROXY, 1), [(b"x-forwarded-for", b"\xff\xfe")], "x-forwarded-for", PROXY),
        ((CLIENT, 1), [(b"x-forwarded-for", LIE.encode())], "x-forwarded-for", CLIENT),
    ],
)  # fmt: skip
def test_whose_address(client, headers, header, answer):
    """As far as our own hops go, and no further."""
    store = Store()
    made = middleware(store, header=header)
    ask(made, scope(client=client, headers=headers))
    made.close()
    assert [value for _, f, value in store.told() if f == "ip"] == [answer]


def test_nobody_signed_in_is_nobody_kept():
    """Counted, and nothing is stored."""
    store = Store()
    made = middleware(store)
    ask(made, scope(person=""))
    made.close()
    assert (store.values, made.counts) == ({}, Counts(nobody=1))


class Down(Store):
    def put(self, *_):
        raise Unavailable("the store is down", part="vault")


class Broken(Store):
    def put(self, person, field, value, seen, source_id):
        raise RuntimeError(f"{person} {value}")


def raising(*_):
    raise ValueError("mira 198.51.100.7")


@pytest.mark.parametrize(
    ("store", "more"),
    [(Down(), {}), (Broken(), {}), (Store(), {"who": raising}), (Store(), {"clock": raising}), (Store(), {"who": lambda _: "a\nb"}),
     (Store(), {"who": lambda _: 7})],
)  # fmt: skip
def test_an_intake_that_fails_is_counted_and_the_product_answers(store, more, caplog, capfd):
    """Whatever fails, the answer is the product's own; the failure is visible as a number and as nothing else."""
    caplog.set_level(logging.DEBUG)
    made = middleware(store, **more)
    assert len(ask(made, scope())) == 2
    made.close()
    assert (made.counts.kept, made.counts.missed) == (0, 1)
    assert made.counts.last_missed == (None if more.get("clock") else NOW)
    told = "".join(capfd.readouterr()) + "".join(r.getMessage() for r in caplog.records if r.name != "asyncio")
    for clear in ("mira", CLIENT, "ExampleBrowser"):
        assert clear not in told
        assert clear not in repr(made)


def test_no_address_is_a_miss():
    """A person came over a socket that has none: that is visible, not passed over."""
    made = middleware(Store())
    ask(made, scope(client=None))
    ask(made, scope(client=("unix:", 0)))
    made.close()
    assert made.counts.missed == 2


def test_a_slow_store_holds_up_nothing():
    """The answer is out while the store still stands still; what waits is bounded, and what is beyond it is missed."""
    gate, store = threading.Event(), Store()

    class Slow(Store):
        def put(self, *args):
            gate.wait(30)
            return store.put(*args)

    made = middleware(Slow(), waiting=3)
    for n in range(5):
        assert len(ask(made, scope(person=f"u{n}"))) == 2
    assert made.counts == Counts(missed=2, last_missed=NOW)
    assert not made.settle(timeout=0)
    gate.set()
    assert made.settle()
    made.close()
    assert (made.counts.kept, made.counts.missed) == (3, 2)
    assert {person for person, _, _ in store.told()} == {"u0", "u1", "u2"}


def test_a_product_that_fails_was_connected_to_all_the_same():
    """Its exception goes on as it was; the connection is kept once, whether it failed before or after its first word."""
    store = Store()

    async def before(scope, receive, send):
        scope["account"] = "mira"
        raise KeyError("the product's own")

    async def after(scope, receive, send):
        await product(scope, receive, send)
        raise KeyError("the product's own")

    for app in (before, after):
        made = middleware(store, app)
        with pytest.raises(KeyError, match="own"):
            ask(made, scope())
        made.close()
        assert made.counts == Counts(kept=1)
    assert store.told() == [("mira", "device", "ExampleBrowser/1.0"), ("mira", "ip", CLIENT)]


def test_a_websocket_is_kept_when_it_is_accepted():
    """It may stay open for days."""
    store, seen = Store(), []

    async def app(scope, receive, send):
        scope["account"] = "mira"
        await send({"type": "websocket.accept"})
        assert made.settle()
        seen.append(made.counts.kept)

    made = middleware(store, app)
    ask(made, scope("websocket"))
    made.close()
    assert seen == [1]


def test_a_day_at_one_address_is_put_once():
    """The store is asked once per person, value and span; another address is another value."""
    store, times = Store(), [NOW]
    made = middleware(store, clock=lambda: times[0])
    for n in range(20):
        times[0] = NOW + timedelta(minutes=n)
        ask(made, scope())
    ask(made, scope(client=(LIE, 1)))
    times[0] = NOW + timedelta(days=1)
    ask(made, scope())
    made.close()
    assert made.counts.kept == 22
    assert store.asked == 6
    assert len([key for key in store.values if key[1] is Field.IP]) == 3


def test_what_was_missed_is_tried_again():
    """A failure is not remembered as done."""
    store = Store(fails_at=1)
    made = middleware(store)
    ask(made, scope())
    assert made.settle()
    ask(made, scope())
    made.close()
    assert (made.counts.kept, made.counts.missed) == (1, 1)
    assert len(store.values) == 2


def test_lifespan_goes_through_and_waits_for_what_is_on_its_way():
    """A shutdown loses nothing that the product already answered."""
    store, order = Store(), []

    async def app(given, receive, send):
        if given["type"] == "lifespan":
            await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await product(given, receive, send)

    class Slow(Store):
        def put(self, *args):
            order.append("put")
            return store.put(*args)

    made = middleware(Slow(), app)
    ask(made, scope())
    sent = ask(made, {"type": "lifespan"})
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert len(store.values) == 2
    made.close()
    ask(made, scope())
    assert made.counts.missed == 1


def test_connections_at_once_are_all_counted():
    """A hundred tasks of one loop: kept, and no count is lost."""
    store = Store()
    made = middleware(store)

    async def many():
        async def send(_):
            await asyncio.sleep(0)

        await asyncio.gather(*(made(scope(person=f"u{n}"), None, send) for n in range(100)))

    asyncio.run(many())
    made.close()
    assert made.counts == Counts(kept=100)
    assert len(store.values) == 200


BYTES = st.binary(max_size=12)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.one_of(BYTES, st.sampled_from([b"x-forwarded-for", b"forwarded", b"user-agent"])), BYTES),
        max_size=4,
    ),
    st.one_of(st.none(), st.tuples(st.one_of(st.text(max_size=20), st.none(), st.integers()), st.integers(0, 9))),
    st.one_of(st.none(), st.text(max_size=5)),
)
def test_any_request_is_answered_and_counted(headers, client, person):
    """Nothing in a scope holds the answer up; it is exactly one of kept, nobody, missed."""
    made = middleware(Store(), who=lambda _: person)
    assert len(ask(made, {"type": "http", "client": client, "headers": headers})) == 2
    made.close()
    counts = made.counts
    assert counts.kept + counts.nobody + counts.missed == 1

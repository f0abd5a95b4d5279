# SPDX-License-Identifier: Apache-2.0
"""Bodies that are made to be misread: each is refused, in time, and says nothing of what it held."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.api.client import bearer, call
from tests.api.conftest import ROOT, over

from whosaw.api.authzen import EVALUATION
from whosaw.api.body import BIGGEST, DEPTH, LIMIT, Gone, parse, read
from whosaw.api.reply import Reply
from whosaw.errors import BadInput

WHOLE = (
    b'{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}'
)
JSON = ("content-type", "application/json")


def with_context(text):
    return WHOLE[:-1] + b',"context":' + text.encode("utf-8", "surrogatepass") + b"}"


def nested(depth, inner="0"):
    return '{"a":' * depth + inner + "}" * depth


@pytest.mark.parametrize(
    ("why", "raw"),
    [
        ("a key twice", WHOLE[:-1] + b',"subject":{"type":"user","id":"bob"}}'),
        ("a key twice, once escaped", WHOLE[:-1] + b',"subjec\\u0074":{"type":"user","id":"bob"}}'),
        ("a key twice, far below", with_context('{"a":[{"b":1,"b":1}]}')),
        ("NaN", with_context('{"a":NaN}')),
        ("Infinity", with_context('{"a":-Infinity}')),
        ("a number beyond every reader", with_context('{"a":1e999}')),
        ("a whole number that a float rounds", with_context(f'{{"a":{BIGGEST + 1}}}')),
        ("a number of thousands of digits", with_context('{"a":' + "9" * 5000 + "}")),
        ("half of a surrogate pair", with_context('{"a":"\\ud800"}')),
        ("half of a pair in a key", with_context('{"\\udfff":1}')),
        ("half of a pair in UTF-8", with_context('{"a":"\ud800"}')),
        ("too deep", with_context(nested(DEPTH))),
        ("deep enough for a stack", with_context(nested(60_000 // 6))),
        ("deep lists", with_context("[" * 50_000 + "]" * 50_000)),
        ("a byte order mark", b"\xef\xbb\xbf" + WHOLE),
        ("UTF-16", WHOLE.decode().encode("utf-16")),
        ("a zero byte", WHOLE + b"\0"),
        ("two objects", WHOLE + WHOLE),
        ("a comment", b"/* */" + WHOLE),
    ],
)  # fmt: skip
def test_a_body_has_one_meaning_or_none(certified, why, raw):
    """Refused, and the reply does not quote it."""
    got = certified.post(EVALUATION, raw)
    assert got.status == 400, why
    assert "alice" not in got.text
    assert "bob" not in got.text


def test_what_is_odd_and_means_one_thing_is_taken(certified):
    """White space, escapes, a pair of surrogates, the deepest and the biggest that there is."""
    for context in (
        '{"a":"\\ud83d\\ude00"}', nested(DEPTH - 1), f'{{"a":-{BIGGEST},"b":1.5e3}}', " { } ",
    ):  # fmt: skip
        assert certified.post(EVALUATION, with_context(context)).status == 200


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]:,"\\ud8019eE.-+ntf\n', max_size=80).map(str.encode))
def test_whatever_the_bytes_are(raw):
    """An object that renders to an equal object, or BadInput; nothing else."""
    try:
        value = parse(raw)
    except BadInput:
        return
    assert parse(json.dumps(value).encode()) == value


def test_too_long(certified):
    """413, said by its length before a byte of it was read; and where it says no length, as soon as it is."""
    long = with_context('"' + "x" * LIMIT + '"')
    said = (JSON, ("content-length", str(LIMIT + 1)))
    for got in (
        certified.call("POST", EVALUATION, headers=said, parts=[b"x"]),
        certified.call("POST", EVALUATION, headers=(JSON, ("content-length", "9" * 40)), parts=[b"x"]),
        certified.call(
            "POST", EVALUATION, headers=(JSON,), parts=[long[i : i + 1000] for i in range(0, len(long), 1000)]
        ),
    ):
        assert (got.status, got.headers["connection"]) == (413, "close")
    exact = with_context('{"a":"' + "x" * (LIMIT - len(WHOLE) - 20) + '"}')
    assert certified.post(EVALUATION, exact + b" " * (LIMIT - len(exact))).status == 200


def test_what_was_not_read_ends_the_connection(certified):
    """Whoever it is, and whatever they are told: the rest of a body would be the next request."""
    app = over(ROOT / "docs/spec/certification", bearer("secret"))
    for more, status in (((), 401), ((("authorization", "Bearer secret"),), 413)):
        got = app.call("POST", EVALUATION, headers=(JSON, ("content-length", "9999999"), *more), parts=[b"x"])
        assert (got.status, got.headers["connection"]) == (status, "close")
    assert "connection" not in certified.post(EVALUATION, WHOLE).headers


def scope_of(*headers):
    return {"headers": [(k.encode(), v.encode()) for k, v in headers]}


def test_too_slow():
    """A body that does not come to its end in time is 408; one that comes in drops within it is read."""

    async def never():
        await asyncio.Event().wait()

    async def drops():
        await asyncio.sleep(0.002)
        return {"type": "http.request", "body": b"{", "more_body": True}

    for receive in (never, drops):
        got = asyncio.run(read(scope_of(JSON), receive, seconds=0.05))
        assert isinstance(got, Reply)
        assert got.status == 408


def test_whoever_is_gone_gets_nothing():
    """And nothing is asked for them."""

    async def gone():
        return {"type": "http.disconnect"}

    with pytest.raises(Gone):
        asyncio.run(read(scope_of(JSON), gone))


def test_whoever_is_gone_is_sent_nothing(certified):
    """Not even a status."""
    with pytest.raises(AssertionError):
        asyncio.run(call(certified.app, "POST", EVALUATION, headers=(JSON,), parts=[b"{", None]))


@pytest.mark.parametrize(
    "media",
    ["application/json", "Application/JSON", "application/json;charset=utf-8", 'application/json ; charset="UTF-8"'],
)
def test_json_by_any_of_its_names(certified, media):
    """Its media type has two spellings and one meaning."""
    assert certified.call("POST", EVALUATION, WHOLE, (("content-type", media),)).status == 200


@pytest.mark.parametrize(
    "media", ["application/json; charset=latin-1", "application/json, text/plain", "application/json;q=1", "json"]
)
def test_and_nothing_else(certified, media):
    assert certified.call("POST", EVALUATION, WHOLE, (("content-type", media),)).status == 400


def test_a_body_in_another_coding_is_refused(certified):
    """A few bytes could become more than any limit."""
    assert certified.call("POST", EVALUATION, WHOLE, (JSON, ("content-encoding", "gzip"))).status == 400

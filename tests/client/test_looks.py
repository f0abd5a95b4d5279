# SPDX-License-Identifier: Apache-2.0
"""Functions and paths that say what they show: the gate is asked first, and they do not run without its answer."""

import asyncio
import inspect

import pytest
from tests.client.gatehouse import Gatehouse

from whosaw.client.answer import NotShown, Shown
from whosaw.client.asgi import SHOWN, Gated, Shows, query
from whosaw.client.employee import current, employee
from whosaw.client.gate import Gate
from whosaw.client.looks import looks
from whosaw.errors import BadInput, Unavailable

ASKS = {"fields": "ip:network", "purpose": "subject_request"}


def test_a_function_is_given_what_may_be_shown(house, gate):
    """Person and case by the names of its arguments, positional, by name or by default; or worked out of all of them."""

    @looks(gate, **ASKS, person="account", case="ticket")
    def named(account, ticket="T-1", *, shown):
        return account, ticket, shown.of("ip")

    @looks(lambda: gate, **ASKS, person=lambda row: row["who"], case=lambda row: row["why"])
    def worked_out(row, *, shown):
        return shown.of("ip")

    shown = ["203.0.113.0/24"]
    assert named("mira", "T-1") == named("mira") == named(ticket="T-1", account="mira") == ("mira", "T-1", shown)
    assert worked_out({"who": "mira", "why": "T-1"}) == shown
    assert {(q["person"], q["case"]) for _, _, q in house.asked} == {("mira", "T-1")}


def test_a_coroutine_is_as_well(house, gate):
    """In the loop, for whoever's task it is."""

    @looks(gate, **ASKS)
    async def page(person, case, *, shown):
        return shown.of("ip")

    async def both():
        async def of(token, case):
            with employee(token):
                return await page("mira", case)

        return await asyncio.gather(of("one", "T-1"), of("two", "T-2"), return_exceptions=True)

    right, wrong = asyncio.run(both())
    assert right == ["203.0.113.0/24"]
    assert isinstance(wrong, NotShown)
    assert {(h["whosaw-principal"], q["case"]) for _, h, q in house.asked} == {("one", "T-1"), ("two", "T-2")}
    assert inspect.iscoroutinefunction(page)


@pytest.mark.parametrize("fate", ["refused", "late", "500", "junk", "401"])
def test_a_function_does_not_run_without_an_answer_that_permits_it(house, gate, fate):
    """Refused, late, broken, not let in: what it would have shown was never made."""
    ran = []

    @looks(gate, **ASKS, case=None)
    def page(person, *, shown):
        ran.append(shown)

    house.fates = [] if fate == "refused" else [fate] * 9
    gate._timeout = 1.0 if fate == "late" else gate._timeout
    with pytest.raises((NotShown, Unavailable)) as caught:
        page("mira")
    assert ran == []
    assert isinstance(caught.value, PermissionError) is (fate in {"refused", "401"})
    assert house.asked[0][2]["case"] is None


def test_a_function_that_takes_nothing_shown_is_refused_when_it_is_declared(gate):
    """It would ask for one thing and show another. So are fields that there are not, and arguments that it has not."""
    with pytest.raises(BadInput, match="takes no `shown`"):
        looks(gate, **ASKS)(lambda person, case: person)
    with pytest.raises(BadInput):
        looks(gate, fields="ip:everything", purpose="x")

    @looks(gate, **ASKS, person="accounts")
    def page(account, case, *, shown):
        return shown

    with pytest.raises(BadInput, match="no such argument"):
        page("mira", "T-1")


def test_frameworks_do_not_see_shown(gate):
    """One that reads signatures would look for it in the request."""

    @looks(gate, **ASKS)
    def page(person, case="T-1", *, shown):
        """What it shows."""

    assert list(inspect.signature(page).parameters) == ["person", "case"]
    assert (page.__name__, page.__doc__) == ("page", "What it shows.")
    with pytest.raises(TypeError):
        page("mira", shown=Shown("forged", 1, (), ""))


# ── paths ──


def call(app, path, method="GET", search=b"case=T-1", token="t"):
    """(status, body, whether the view ran) of one request."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "method": method, "path": path, "query_string": search, "headers": headers}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]).decode()


@pytest.fixture
def app(gate):
    async def view(scope, receive, send):
        text = repr(SHOWN in scope and scope[SHOWN].of("ip"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{text} for {current()}".encode()})

    return Gated(view, gate, [Shows("GET /accounts/{person}/network", **ASKS, case=query("case"))])


def test_a_path_that_shows_data_is_asked_first(house, app):
    """HEAD as well, and with a slash more; the view gets the values, and whose request it is."""
    for method, path in (
        ("GET", "/accounts/mira/network"),
        ("HEAD", "/accounts/mira/network"),
        ("GET", "/accounts/mira/network/"),
    ):
        assert call(app, path, method) == (200, "['203.0.113.0/24'] for t")
    assert {h["whosaw-principal"] for _, h, _ in house.asked} == {"t"}
    assert len(house.asked) == 3


def test_other_paths_are_left_alone_and_get_nothing(house, app):
    """The gate is not asked, and no value is there to be shown."""
    for method, path in (
        ("GET", "/"),
        ("POST", "/accounts/mira/network"),
        ("GET", "/accounts/a/b/network"),
        ("GET", "/accounts/mira"),
    ):
        assert call(app, path, method, token=None) == (200, "False for None")
    assert house.asked == []


def test_a_refusal_is_a_page_with_the_reason(house, app):
    """403, or 401 to sign in again, or 503; the view does not run, and nothing of the person is on the page."""
    status, page = call(app, "/accounts/mira/network", search=b"case=T-2")
    assert (status, "This look is not permitted." in page, "leaf 1" in page) == (403, True, True)
    for fates, want in ((["401"], 401), (["500"], 503), (["junk"], 503)):
        house.fates = fates
        status, page = call(app, "/accounts/mira/network")
        assert status == want
        assert "Not shown" in page
        assert "203.0.113" not in page
        assert "mira" not in page


def test_what_the_gate_says_is_text_on_a_page(house, app):
    """Whatever stands in it."""
    house.answers = type(
        "Fixed", (dict,), {"setdefault": lambda *_: {"permitted": False, "look": "l", "leaf": 1, "told": "<script>"}}
    )()
    assert "&lt;script&gt;" in call(app, "/accounts/mira/network")[1]


def test_a_case_that_stands_twice_is_none(house, app):
    """Which of two would count, two readers would answer differently."""
    assert call(app, "/accounts/mira/network", search=b"case=T-1&case=T-2")[0] == 403
    assert house.asked[0][2]["case"] is None


def test_a_decorated_view_inside_is_answered_with_a_page(gate):
    """The middleware is also what `looks` needs: whose request it is, and the page."""

    @looks(gate, **ASKS)
    async def asks(person, case, *, shown):
        return shown

    async def view(scope, receive, send):
        await asks("mira", scope["path"].strip("/"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"shown"})

    app = Gated(view, gate)
    assert call(app, "/T-1") == (200, "shown")
    assert call(app, "/T-2")[0] == 403


def test_a_view_that_asks_too_late_is_a_fault(gate):
    """A page cannot follow an answer that has begun; the server cuts it off."""

    async def view(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await gate.look_async(person="mira", fields="ip", purpose="x")

    with pytest.raises(RuntimeError):
        call(Gated(view, gate), "/")


@pytest.mark.parametrize(
    "route", ["/accounts/{person}", "GET accounts/{person}", "GET /accounts", "GET /{person}/{person}", "GET /a/{p.*}"]
)
def test_a_route_that_cannot_be_read_is_refused_when_it_is_declared(route):
    """A path that matches nothing would leave a page without a gate."""
    with pytest.raises(BadInput):
        Shows(route, **ASKS)


def test_what_is_no_request_passes(gate):
    """Startup, shutdown, websockets: the application's own."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Gated(app, gate)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]


def test_the_client_of_these_tests_has_another_gate_each():
    """Two gates in one process do not know each other."""
    one, two = Gatehouse(), Gatehouse()
    with one.open() as first, two.open() as second, Gate(first) as a, Gate(second) as b:
        a.look(person="mira", case="T-1", **ASKS)
        b.look(person="owen", case="T-1", **ASKS)
    assert [len(one.asked), len(two.asked)] == [1, 1]

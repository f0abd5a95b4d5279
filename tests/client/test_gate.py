# SPDX-License-Identifier: Apache-2.0
"""The client: one question, one answer, and nothing where there is none."""

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.api.ca import SERVER, Authority
from tests.client.gatehouse import Gatehouse
from tests.ports import nobody

from whosaw.client.answer import NotShown, Refused, Shown, read
from whosaw.client.employee import bearer, current, employee
from whosaw.client.gate import Gate
from whosaw.errors import BadInput, IdempotencyConflict, Misconfigured, Unavailable, WhosawError
from whosaw.model.access import Asked, Field

QUESTION = {"person": "mira", "fields": "ip:network device", "purpose": "subject_request", "case": "T-1"}


def test_what_may_be_shown_is_shown(house, gate):
    """Values with detail, time and caveat; the record's number; and the question as the gate wants it."""
    answer = gate.look(**QUESTION, employee="employee-token")
    assert isinstance(answer, Shown)
    assert [(v.field, v.detail, v.text, v.caveat) for v in answer.values] == [
        ("ip", "network", "203.0.113.0/24", "no place"), ("device", "exact", "a telephone", "no place"),
    ]  # fmt: skip
    assert (answer.of("ip"), answer.of("location"), answer.leaf) == (["203.0.113.0/24"], [], 1)
    ((path, headers, question),) = house.asked
    assert path == "/v1/look"
    assert (headers["authorization"], headers["whosaw-principal"]) == ("Bearer tool-token", "employee-token")
    assert question == {
        "person": "mira", "fields": ["ip:network", "device:exact"], "purpose": "subject_request", "case": "T-1",
        "wait": "durable", "break_glass": False,
    }  # fmt: skip


def test_no_is_an_answer(gate):
    """With the reason for the one who looks."""
    answer = gate.look(**(QUESTION | {"case": "T-2"}))
    assert answer == Refused("This look is not permitted.", "look-1", 1, ("case-unknown",))


@pytest.mark.parametrize("fates", [["503"], ["drop"], ["cut"], ["503", "drop", "503"]])
def test_what_may_pass_is_asked_again_as_the_same_look(house, gate, fates):
    """However often it was sent, it has one key."""
    house.fates = list(fates)
    assert isinstance(gate.look(**QUESTION), Shown)
    assert len(house.asked) == len(fates) + 1
    assert len({headers["idempotency-key"] for _, headers, _ in house.asked}) == 1
    assert isinstance(gate.look(**QUESTION), Shown)
    assert len({headers["idempotency-key"] for _, headers, _ in house.asked}) == 2


@pytest.mark.parametrize("fate", ["late", "drip", "500", "junk", "html", "more", "other", "moved"])
def test_no_answer_is_no_data(house, gate, fate):
    """Late, broken, of another kind, with values that were not asked for, from somewhere else: Unavailable, in time."""
    house.fates = [fate] * 9
    begins = time.monotonic()
    gate._timeout = 1.0
    with pytest.raises(Unavailable):
        gate.look(person="mira", fields="ip:network", purpose="subject_request", case="T-1")
    assert time.monotonic() - begins < 15
    house.fates, gate._timeout = [], 20.0
    assert isinstance(gate.look(**QUESTION), Shown)


class Together(Gatehouse):
    """Answers when twenty ask at once."""

    def __init__(self):
        super().__init__()
        self.all = asyncio.Event()

    async def _of(self, fate, headers, question):
        if len(self.asked) == 20:
            self.all.set()
        async with asyncio.timeout(20):
            await self.all.wait()
        return await super()._of(fate, headers, question)


def test_tasks_ask_at_once_and_hold_up_nothing_else_of_their_loop():
    """Twenty, each as whoever it is for, on a loop with one thread for all else. A gate that was closed is asked anew."""
    house = Together()

    async def look(gate, who):
        with employee(who):
            return await gate.look_async(**QUESTION)

    async def go(gate):
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        held = threading.Event()
        other = asyncio.ensure_future(asyncio.to_thread(held.wait, 20))
        made = await asyncio.gather(*(look(gate, f"token-{n}") for n in range(20)))
        assert not other.done()
        held.set()
        assert await other
        gate.close()
        return [*made, await look(gate, "token-20")]

    with house.open() as url, Gate(url, timeout=20.0) as gate:
        made = asyncio.run(go(gate))
    assert {type(answer) for answer in made} == {Shown}
    assert {headers["whosaw-principal"] for _, headers, _ in house.asked} == {f"token-{n}" for n in range(21)}


def test_what_no_thread_could_be_started_for_is_never_asked(house, monkeypatch):
    """Or there would be a look on record, of which whoever asked was told that it was not asked."""

    def none_left(_):
        raise RuntimeError("can't start new thread")

    async def go(gate):
        with monkeypatch.context() as there:
            there.setattr(threading.Thread, "start", none_left)
            with pytest.raises(Unavailable, match="was not asked"):
                await gate.look_async(**QUESTION)
        return await gate.look_async(**QUESTION)

    with house.open() as url, Gate(url) as gate:
        assert isinstance(asyncio.run(go(gate)), Shown)
    assert len(house.asked) == 1


def test_a_token_that_ends_a_loop_keeps_no_task_waiting(house):
    async def go(gate):
        async with asyncio.timeout(5):
            await gate.look_async(**QUESTION)

    with house.open() as url, Gate(url, token=partial(next, iter(()))) as gate, pytest.raises(RuntimeError):
        asyncio.run(go(gate))
    assert house.asked == []


def test_a_gate_that_is_not_there_is_no_data(house):
    """Nobody listens, nobody has that name, or somebody else answers with another protocol."""
    with nobody() as port, house.open() as url:
        for where in (f"http://127.0.0.1:{port}", "https://gate.invalid", url.replace("http", "https")):
            with pytest.raises(Unavailable):
                Gate(where, timeout=0.5).look(**QUESTION)


def test_attempts_and_time_have_an_end(house, gate):
    """Four attempts, or the time; a gate that asks for more time than there is gets none."""
    house.fates = ["503"] * 20
    with pytest.raises(Unavailable, match="503"):
        gate.look(**QUESTION)
    assert len(house.asked) == 4


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_gets_the_gates_sentence(house, gate, status):
    """Not known, or not for this: no data, no record of a look, and a sentence to show. It is not tried again."""
    house.fates = [str(status)]
    assert gate.look(**QUESTION) == Refused("the gate's own sentence", status=status)
    assert len(house.asked) == 1


@pytest.mark.parametrize(("status", "error"), [(400, BadInput), (409, IdempotencyConflict)])
def test_a_mistake_of_the_tools_is_an_error(house, gate, status, error):
    """And not tried again: it would be the same mistake."""
    house.fates = [str(status)]
    with pytest.raises(error, match="the gate's own sentence"):
        gate.look(**QUESTION)
    assert len(house.asked) == 1


def test_a_connection_that_the_gate_closed_is_opened_again(house, gate):
    """A restart of the gate is no error of the tool."""
    assert isinstance(gate.look(**QUESTION), Shown)
    for idle in gate._idle:
        idle.sock.shutdown(2)
    assert isinstance(gate.look(**QUESTION), Shown)
    gate.close()
    gate.close()
    assert isinstance(gate.look(**QUESTION), Shown)


def test_threads_never_share_an_answer(house, gate):
    """Eight threads, each its own answers; no two share a key."""
    found = []

    def work(case):
        answers = [gate.look(**(QUESTION | {"case": case})) for _ in range(5)]
        found.append((case, {type(answer) for answer in answers}))

    threads = [threading.Thread(target=work, args=(f"T-{n % 2 + 1}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(case, kinds.pop()) for case, kinds in found} == {("T-1", Shown), ("T-2", Refused)}
    assert len({headers["idempotency-key"] for _, headers, _ in house.asked}) == 40


@pytest.mark.parametrize(
    "url",
    ["gate.example.org", "http://gate.example.org", "ftp://gate", "https://", "https://me:pw@gate", "https://gate/?x"],
)
def test_a_gate_is_asked_over_tls(url):
    """Or on this machine; a token in the open would be somebody else's."""
    with pytest.raises(Misconfigured):
        Gate(url)
    assert repr(Gate("http://127.0.0.1:1", token="secret")) == "Gate('127.0.0.1')"


def test_the_gates_certificate_is_checked_and_ours_is_shown(house, tmp_path):
    """Its authority and its name; another authority's word is no gate."""
    now = datetime.now(UTC)
    ca, other = Authority(at=now), Authority(at=now)
    gate = ca.issue("ip:127.0.0.1", use=SERVER).write(tmp_path, "gate")
    tool, _ = (
        ca.issue().write(tmp_path, "tool"),
        [each.write(tmp_path, name) for each, name in ((ca, "ca"), (other, "other"))],
    )
    with house.open(
        ssl_certfile=gate[0], ssl_keyfile=gate[1], ssl_ca_certs=tmp_path / "ca.pem", ssl_cert_reqs=2
    ) as url:
        with Gate(url, certificate=tool, ca=tmp_path / "ca.pem") as client:
            assert isinstance(client.look(**QUESTION), Shown)
        for wrong in ({"ca": tmp_path / "other.pem", "certificate": tool}, {"ca": tmp_path / "ca.pem"}):
            with pytest.raises(Unavailable):
                Gate(url, timeout=0.5, **wrong).look(**QUESTION)
        with pytest.raises(Unavailable):
            Gate(url.replace("127.0.0.1", "localhost"), certificate=tool, ca=tmp_path / "ca.pem", timeout=0.5).look(
                **QUESTION
            )
    for wrong in ({"ca": tmp_path / "gone"}, {"certificate": (tool[0], gate[1])}, {"certificate": ("x", "y")}):
        with pytest.raises(Misconfigured):
            Gate(url, **wrong)


def test_a_token_with_a_line_of_its_own_is_no_header(house, gate):
    """Nobody adds headers by what they sign in with."""
    for bad in ("x\r\nWhosaw-Principal: lead", "ä", "\x00"):
        with pytest.raises(BadInput):
            gate.look(**QUESTION, employee=bad)
        with pytest.raises(BadInput):
            gate.look(**QUESTION, key=bad)
    assert house.asked == []


def test_a_question_that_cannot_be_asked_is_not_sent(house, gate):
    """Fields that there are not."""
    with pytest.raises(BadInput):
        gate.look(**(QUESTION | {"fields": "ip"}))
    assert house.asked == []


def test_whose_request_it_is_ends_with_the_request(house, gate):
    """Also when it fails; and one inside another is the inner one's."""
    with employee("one"):
        gate.look(**QUESTION)
        with pytest.raises(ZeroDivisionError), employee("two"):
            gate.look(**QUESTION)
            raise ZeroDivisionError
        gate.look(**QUESTION)
    gate.look(**QUESTION)
    assert [headers.get("whosaw-principal") for _, headers, _ in house.asked] == ["one", "two", "one", None]
    assert current() is None
    assert [bearer(v) for v in ("Bearer x", "bearer  x ", "Basic x", "Bearer", "", None)] == [
        "x",
        "x",
        None,
        None,
        None,
        None,
    ]


def test_a_token_may_be_made_afresh_for_each_look(house):
    """A tool's own tokens expire."""
    tokens = iter(["first", "second"])
    with house.open() as url:
        with Gate(url, token=lambda: next(tokens)) as gate:
            gate.look(**QUESTION)
            gate.look(**QUESTION, principal="ana")
    assert [headers["authorization"] for _, headers, _ in house.asked] == ["Bearer first", "Bearer second"]
    assert "principal" not in house.asked[0][2]
    assert house.asked[1][2]["principal"] == "ana"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["permitted", "look", "leaf", "receipt", "values", "told", "field", "value"]), inner
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_anything_is_an_answer_or_none(said):
    """No reply shows what was not asked for, and none crashes the tool."""
    try:
        answer = read(said, [Asked(Field.IP, "network")])
    except WhosawError:
        return
    assert isinstance(answer, Refused) or all((v.field, v.detail) == ("ip", "network") for v in answer.values)


def test_nothing_of_a_person_is_in_a_repr_or_an_error(house, gate):
    """A tool's log may print both."""
    answer = gate.look(**QUESTION)
    house.fates = ["junk"]
    with pytest.raises(Unavailable) as caught:
        gate.look(**QUESTION, employee="employee-token")
    refused = NotShown(Refused("no"))
    said = repr(answer) + repr(answer.values) + str(caught.value) + repr(gate) + str(refused)
    for private in ("203.0.113", "telephone", "mira", "employee-token", "tool-token"):
        assert private not in said


def test_a_tool_installs_nothing_for_it():
    """Of this package only words; of others nothing."""
    code = (
        "import sys; before = set(sys.modules); import whosaw.client.gate, whosaw.client.looks, whosaw.client.asgi, whosaw.client.django;"
        "new = {n.split('.')[0] for n in set(sys.modules) - before} - sys.stdlib_module_names; print(sorted(new));"
        "print(sorted({'.'.join(n.split('.')[:2]) for n in sys.modules if n.startswith('whosaw.')}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['whosaw']", "['whosaw.client', 'whosaw.errors', 'whosaw.model']"]


def test_the_gate_of_these_tests_answers_a_key_twice_alike():
    """As the real one does."""
    house = Gatehouse()
    with house.open() as url, Gate(url) as gate:
        assert gate.look(**QUESTION, key="k") == gate.look(**QUESTION, key="k")

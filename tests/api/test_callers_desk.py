# SPDX-License-Identifier: Apache-2.0
"""Changing who may ask: a record first, the effect second, from a command, from whosaw.toml, or by a gate that is open."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.api.door import World

from whosaw.api.callers.desk import do
from whosaw.api.callers.registered import Registered
from whosaw.errors import BadInput, Busy, Damaged, Misconfigured, NotCanonical, OutcomeUnknown, Unavailable
from whosaw.settings.callers import CallerSettings


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def events(world):
    return [(body["event"], body["caller"]) for body in world.bodies()]


def settle(world, *said):
    return world.desk.settle([Registered.of(one, lambda _: world.ca.pem.encode()) for one in said])


def test_a_change_is_on_record(world):
    """What the tool may, who ordered it, and the digest of exactly what is registered; not its keys and not its issuer's words."""
    world.add(speaks=True, expires="2027-01-01T00:00:00Z")
    (body,) = world.bodies()
    (made,) = world.desk.live()
    assert (body["event"], body["caller"], body["principal"], body["origin"]) == ("added", "desk", world.by, "command")
    assert body["may"]["speaks"] is True
    assert body["may"]["purposes"] == ["subject_request", "fraud_review"]
    assert world.journal.submissions[0].records[0].stream.id == "admin"
    assert made.said == world.said(speaks=True, expires="2027-01-01T00:00:00Z")
    world.desk.remove("desk", world.by)
    assert events(world) == [("added", "desk"), ("removed", "desk")]
    assert world.desk.live() == ()


@pytest.mark.parametrize(
    ("fate", "error"), [("busy", Busy), ("down", Unavailable), ("lost", OutcomeUnknown), ("late", OutcomeUnknown)]
)
def test_without_a_record_nothing_changes_and_the_same_again_does_it_once(world, fate, error):
    """Whether the record was stored or not: nothing is in force, and the retry finds or makes the one record."""
    world.journal.fate = fate
    with pytest.raises(error):
        world.add()
    assert world.desk.live() == ()
    world.journal.fate = "ok"
    world.clock.turn(timedelta(seconds=5))
    world.add()
    assert events(world) == [("added", "desk")]
    assert len(world.desk.live()) == 1


def test_a_crash_between_record_and_effect_is_taken_up_by_the_same_command(world, monkeypatch):
    """Recorded and not in force is wrong in the safe direction for who is admitted; the same command ends it."""
    world.add()
    with monkeypatch.context() as patched:
        patched.setattr(type(world.rows), "change", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.desk.remove("desk", world.by)
    assert len(world.desk.live()) == 1
    world.desk.remove("desk", world.by)
    assert events(world) == [("added", "desk"), ("removed", "desk")]


def test_a_record_without_effect_is_no_record_of_another_change(world, monkeypatch):
    """The removal of one tool was recorded and cut short; that of another, or by somebody else, has a record of its own."""
    world.add()
    cron = world.ca.issue()
    world.add(name="cron", pins=(cron.pin,))
    with monkeypatch.context() as patched:
        patched.setattr(type(world.rows), "change", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.desk.remove("desk", world.by)
    world.desk.remove("cron", world.by)
    assert events(world)[2:] == [("removed", "desk"), ("removed", "cron")]
    assert [made.name for made in world.desk.live()] == ["desk"]
    with monkeypatch.context() as patched:
        patched.setattr(type(world.rows), "change", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.desk.remove("desk", world.by)
    world.desk.remove("desk", world.names.principal("portal"))
    assert world.bodies()[-1]["principal"] == world.names.principal("portal")


def test_two_changes_at_once_are_one_after_the_other(world):
    """The second is told to compare anew; neither is lost, and nothing is in force twice."""
    world.add()
    number, _ = world.rows.state()
    world.desk.remove("desk", world.by)
    with pytest.raises(Busy):
        world.rows.change(number, "desk", "command", None, ordered=True, clock=world.clock)


def test_a_name_a_key_and_a_token_are_one_tools(world):
    """Two tools that could be taken for one another are refused at once."""
    world.add()
    with pytest.raises(BadInput):
        world.add()
    with pytest.raises(Misconfigured):
        world.add(name="other")
    world.add_by_token(name="cron")
    with pytest.raises(Misconfigured):
        world.add_by_token(name="another")
    assert len(world.desk.live()) == 2


def test_purposes_and_issuers_must_be_there(world):
    """A word that nobody defined is no purpose."""
    with pytest.raises(BadInput, match="no purpose 'curiosity'"):
        world.add(purposes=("curiosity",))
    with pytest.raises(Misconfigured, match="no \\[\\[issuer\\]\\] 'else'"):
        world.add(tokens=("else",))
    assert world.bodies() == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "a b"}, {"name": "x" * 65}, {"how": "password"}, {"purposes": ()}, {"paths": ()},
        {"paths": ("looks",)}, {"paths": ("/looks?x",)}, {"pins": ()}, {"pins": ("sha256:00",)}, {"pins": ("md5:" + "0" * 64,)},
        {"pins": ("sha256:" + "0" * 64, "sha256:" + "0" * 64)}, {"pins": ("sha256:" + "A" * 64,)}, {"san": "dns:x"},
        {"ca": "ca.pem"}, {"ca": "ca.pem", "san": "dns:x"}, {"pins": (), "ca": "ca.pem", "san": "ip:1.2.3.4"},
        {"issuer": "tools"}, {"how": "jwt"}, {"how": "jwt", "pins": (), "issuer": "tools"}, {"expires": "tomorrow"},
        {"expires": "2027-1-1T00:00:00Z"}, {"expires": "2027-02-30T00:00:00Z"}, {"tokens": (), "client": "desk"},
        {"client": "a\nb"}, {"purposes": ("fraud_review", "fraud_review")}, {"tokens": ("nobody",)},
        {"pins": ("sha256:" + "0" * 64 + " until soon",)},
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(world, change):
    """With the setting's name; nothing is registered and nothing recorded."""
    with pytest.raises(Misconfigured) as caught:
        world.add(**change)
    assert caught.value.setting.startswith("caller.")
    assert (world.bodies(), world.desk.live()) == ([], ())


def test_an_authority_that_cannot_be_read_is_refused(world):
    """A file that is not there, and one that holds no certificate."""

    def gone(_):
        raise FileNotFoundError(2, "no such file")

    said = world.said(pins=(), ca="ca.pem", san="dns:desk.example.org")
    for read in (gone, lambda _: b"no certificate", lambda _: b"\xff"):
        with pytest.raises(Misconfigured, match=r"caller\.ca"):
            Registered.of(said, read)


def test_rotating_drops_what_has_ended_and_prolongs_nothing(world):
    """A key that ends earlier than the overlap keeps its own end."""
    world.add()
    ends = ["2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z"]
    for until in ends:
        world.desk.rotate("desk", world.ca.issue().pin, until, world.by)
    (made,) = world.desk.live()
    assert [pin.partition(" until ")[2] for pin in made.said.pins] == [ends[0], ends[1], ""]
    world.clock.turn(timedelta(hours=1))
    world.desk.rotate("desk", world.ca.issue().pin, "2026-03-03T00:00:00Z", world.by)
    (made,) = world.desk.live()
    assert [pin.partition(" until ")[2] for pin in made.said.pins] == [ends[1], "2026-03-03T00:00:00Z", ""]
    with pytest.raises(BadInput):
        world.desk.rotate("desk", made.said.pins[-1], ends[1], world.by)
    with pytest.raises(BadInput):
        world.desk.rotate("nobody", world.cert.pin, ends[1], world.by)
    world.add_by_token(name="cron")
    with pytest.raises(BadInput, match="no pins"):
        world.desk.rotate("cron", world.ca.issue().pin, ends[1], world.by)


# ── whosaw.toml ──


def test_tables_come_into_force_on_record(world):
    """New, changed and gone ones each leave a record; what is the same leaves none."""
    cron = world.said(name="cron", pins=(world.ca.issue().pin,))
    settle(world, world.said(), cron)
    settle(world, world.said(), cron)
    settle(world, world.said(speaks=True))
    assert events(world) == [("added", "desk"), ("added", "cron"), ("removed", "cron"), ("changed", "desk")]
    assert {body["principal"] for body in world.bodies()} == {None}
    settle(world, world.said(speaks=True), cron)
    assert events(world)[-1] == ("added", "cron")


def test_what_a_command_removed_stays_removed(world):
    """A start does not bring it back; a table that says something new does."""
    settle(world, world.said())
    world.desk.remove("desk", world.by)
    assert settle(world, world.said()) == ([], ["desk"])
    assert world.desk.live() == ()
    settle(world, world.said(reason_admin=True))
    assert [made.said.reason_admin for made in world.desk.live()] == [True]


def test_a_key_that_a_command_rotated_stays(world):
    """The table of before does not take it back."""
    settle(world, world.said())
    new = world.ca.issue()
    world.desk.rotate("desk", new.pin, "2026-04-01T00:00:00Z", world.by)
    assert settle(world, world.said()) == ([], [])
    assert world.door.admit(world.scope(cert=new)).name == "desk"


def test_a_name_is_registered_in_one_place(world):
    """By a command and in whosaw.toml: the start says so, and changes nothing."""
    world.add()
    with pytest.raises(BadInput, match="a command registered"):
        settle(world, world.said())
    assert len(world.desk.live()) == 1


def test_gates_that_start_at_once_bring_each_table_into_force_once(world):
    """Four with the same settings: one record for each tool, whoever made it, and nobody's start fails."""
    said = [world.said(name=f"tool-{n}", pins=(world.ca.issue().pin,)) for n in range(3)]
    failed, ready = [], threading.Barrier(4)

    def start():
        ready.wait()
        try:
            settle(world, *said)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(events(world)) == [("added", f"tool-{n}") for n in range(3)]


# ── what a command says ──


@pytest.mark.parametrize(
    "said", [{}, [], {"what": "add"}, {"by": "e-x", "name": 1, "what": "remove"}, {"by": "e-x", "what": "end"}, None]
)
def test_what_is_no_change_changes_nothing(world, said):
    """Whatever a command of another version says."""
    world.add()
    with pytest.raises(NotCanonical):
        do(world.desk, said)
    assert len(world.desk.live()) == 1


# ── the one spelling ──


@given(st.binary(max_size=300))
def test_any_bytes_are_a_registration_or_not_canonical(raw):
    """Never a crash."""
    with pytest.raises(NotCanonical):
        Registered.parse(raw)


def test_a_registration_is_read_back_as_it_was(world):
    """With every fact of it; and a fact more, less or of another type is none."""
    said = world.said(speaks=True, reason_admin=True, client="desk", expires="2027-01-01T00:00:00Z")
    made = Registered(said)
    raw = made.encode()
    assert Registered.parse(raw) == made
    for broken in (
        raw.replace(b'"speaks":true', b'"speaks":1'), raw.replace(b'"client":"desk"', b'"client":null'),
        raw.replace(b'"tokens":["staff"]', b'"tokens":"staff"'), raw[:-1] + b',"zeal":1}', raw.replace(b'"how":"mtls",', b""),
        raw.replace(b'"how":"mtls"', b'"how":"jwt"'), raw + b" ",
    ):  # fmt: skip
        assert broken != raw
        with pytest.raises(NotCanonical):
            Registered.parse(broken)
    assert Registered(replace(said, speaks=False)).digest != made.digest
    assert CallerSettings(name="x", how="mtls", purposes=(), paths=()).speaks is False


def test_a_row_that_was_touched_is_damaged(world):
    """Nobody is admitted by it; the desk says so as well."""
    world.add()
    with world.engine.begin() as db:
        db.exec_driver_sql("UPDATE callers SET said = CAST(replace(CAST(said AS TEXT), 'false', 'maybe') AS BLOB)")
    with pytest.raises(Damaged):
        world.desk.live()

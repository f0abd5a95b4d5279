# SPDX-License-Identifier: Apache-2.0
"""`whosaw erase` and `whosaw hold` as people type them: who may, what they are told, and with which exit code."""

from dataclasses import replace

import pytest
from tests.cli.desk import settle
from tests.erasure.folder import BY, HERS

from whosaw.desks import erasure_desk
from whosaw.erasure.erase import erase as erase_now
from whosaw.erasure.hold import hold
from whosaw.errors import Unavailable
from whosaw.model.record import Stream, parse
from whosaw.wiring import house


@pytest.fixture
def desk(tmp_path):
    """A company that looked at one person."""
    made = settle(tmp_path)
    made.look()
    return made


def erase(desk, person=HERS, by=BY, basis="request", *more):
    return desk.typed("erase", person, "--basis", basis, "--by", by, *more)


def recorded(desk, stream):
    with house(desk.data) as here:
        key = here.keyring.find(stream)
        here.journal.publish_now()
        return [parse(frame.body) for frame in here.journal.reader().run(key)][1:]


def test_it_says_what_is_done_what_remains_and_until_when(desk):
    """One sentence, what stays, and the day by which backups must be gone; the second time that it is done."""
    said = erase(desk)
    assert said.code == 0
    assert said.out.startswith("Erased: 2 records, enrolment included.")
    for words in ("65 bytes each", "it does not say whose", "35 days from now"):
        assert words in " ".join(said.out.split())
    assert HERS not in said.out
    again = erase(desk)
    assert (again.code, again.out) == (0, "Nothing is left to erase: this account was erased once before.\n")


def test_for_machines(desk):
    """The same as facts."""
    said = erase(desk, HERS, BY, "expiry", "--format", "json").json
    assert (said["outcome"], said["records"], said["rows"]) == ("erased", 2, [])
    (tombstone,) = recorded(desk, Stream.named("erasure"))
    assert set(tombstone) == {"v", "kind", "basis", "count", "frames"}
    assert (tombstone["kind"], tombstone["basis"], tombstone["count"]) == ("erasure", "expiry", 2)
    (order,) = [body for body in recorded(desk, Stream.named("admin")) if body["kind"] == "order"]
    assert (order["basis"], order["frames"]) == ("expiry", tombstone["frames"])
    assert order["principal"].startswith("e-")
    assert "p-" not in str(order) + str(tombstone)


def test_sealed_values_alone_are_erased_too(desk):
    """Somebody at whom nobody looked has keys, values and rows of the directory, and no record to be accounted for."""
    said = erase(desk, "katharina", BY, "request", "--format", "json").json
    assert (said["outcome"], said["records"], said["tombstone"]) == ("erased", 0, None)
    with house(desk.data) as here:
        assert here.keyring.find(Stream.of_person("katharina")) is None
        assert not here.erasure.state.knows(here.pseudonyms.person("katharina"))
    assert erase(desk, "katharina").code == 2  # nothing is known of anybody by this id


@pytest.mark.parametrize(("by", "code"), [
    ("nobody", "requester-unknown"), ("ana", "requester-looked"),
])  # fmt: skip
def test_who_may_not_order_it(desk, by, code):
    """Who does not work here, and who looked at the person: the record of it is what would go. The person reads of it."""
    said = erase(desk, HERS, by, "request", "--format", "json")
    assert said.code == 4
    assert code in [row["code"] for row in said.json["rows"]]
    kept = recorded(desk, Stream.of_person(HERS))[-1]
    assert (kept["kind"], kept["basis"]) == ("kept", "request")
    assert code in kept["reasons"]


def test_a_hold_refuses_until_it_is_lifted(desk):
    """Put, listed, refused on record, lifted; then erased, and the hold with it."""
    put = desk.typed("hold", HERS, "--basis", "claim", "--by", BY, "--format", "json").json
    (row,) = put["rows"]
    assert desk.typed("hold", HERS, "--format", "json").json["rows"] == [row]
    refused = erase(desk)
    assert refused.code == 4
    assert "A hold keeps these records" in refused.out
    assert [body["kind"] for body in recorded(desk, Stream.of_person(HERS))][-2:] == ["hold", "kept"]
    assert desk.typed("hold", HERS, "--lift", "h-none", "--by", BY).code == 2
    assert desk.typed("hold", HERS, "--lift", row["hold"], "--by", "nobody").code == 4
    theirs = desk.typed("hold", HERS, "--lift", row["hold"], "--by", "ana", "--format", "json")
    assert (theirs.code, [each["code"] for each in theirs.json["rows"]]) == (4, ["requester-looked"])
    lifted = desk.typed("hold", HERS, "--lift", row["hold"], "--by", BY)
    assert (lifted.code, "Nothing holds them" in lifted.out) == (0, True)
    assert erase(desk).code == 0
    assert desk.typed("hold", HERS).out == "Nothing holds them.\n"
    (left,) = [body for body in recorded(desk, Stream.named("admin")) if body["kind"] == "lift"]
    assert (left["hold"], left["principal"][:2]) == (
        row["hold"],
        "e-",
    )  # who made way stays on record; of whom, does not


def test_a_hold_that_comes_while_it_is_decided_is_not_erased(desk):
    """Between the decision and the end of the stream: nothing is erased, the stream goes on, and the next try is refused."""
    with house(desk.data) as here:
        whole = erasure_desk(here)

        class Late:
            def begin(self, key, basis, beside):
                hold(HERS, "claim", BY, whole, key="h" * 32)
                return whole.eraser.begin(key, basis, beside)

        with pytest.raises(Unavailable, match="meanwhile"):
            erase_now(HERS, "request", BY, replace(whole, eraser=Late()), key="k" * 32)
        assert whole.eraser.unfinished() == []
        assert here.journal.stopped is None
    refused = erase(desk)
    assert (refused.code, "A hold keeps these records" in refused.out) == (4, True)


NONSENSE = [
    ("erase", HERS, "--by", BY), ("erase", HERS, "--basis", "whim", "--by", BY), ("erase", HERS, "--basis", "request"),
    ("erase", "nobody-at-all", "--basis", "request", "--by", BY), ("hold", "nobody-at-all", "--basis", "claim", "--by", BY),
    ("hold", HERS, "--basis", "claim"), ("hold", HERS, "--basis", "claim", "--lift", "h-1", "--by", BY),
    ("erase", "x" * 201, "--basis", "request", "--by", BY),
]  # fmt: skip


def test_what_makes_no_sense_is_refused_and_changes_nothing(desk):
    """Exit code 2, no id in the message, no record, and no person made of a mistyped id."""
    with house(desk.data) as here:
        here.journal.publish_now()
        size = here.journal.reader().size
    for words in NONSENSE:
        said = desk.typed(*words)
        assert said.code == 2, words
        assert "nobody-at-all" not in said.out + said.err
    with house(desk.data) as here:
        assert here.journal.reader().size == size

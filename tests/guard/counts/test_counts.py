# SPDX-License-Identifier: Apache-2.0
"""Counts among the real parts: on record first, one number by one at most, the same answer for ever, and a budget that ends."""

import json
import os
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.directory.town import write
from tests.guard.gate import COMPANY, DAY, HOUR, SUMMER

from whosaw.directory.load import load
from whosaw.errors import BadInput, Misconfigured, NotCanonical, Unavailable, WrongReceipt
from whosaw.guard.counts.ask import Answer, Ask, Refused
from whosaw.guard.counts.desk import Counts
from whosaw.guard.counts.ledger import Ledger, days
from whosaw.guard.counts.noise import mechanism, opendp_noise
from whosaw.guard.opening import named
from whosaw.model.access import Asked, Field
from whosaw.model.count_body import CountBody, Question
from whosaw.model.record import Stream
from whosaw.privacy.fields.kind import NOWHERE, Shown
from whosaw.privacy.headings import Headings
from whosaw.privacy.pseudonym import lookup
from whosaw.settings.counts import CountSettings, check_counts
from whosaw.store.sql_counts import SqlCountRows
from whosaw.vault import counted
from whosaw.wiring import build, house

NETWORK, CITY = Asked(Field.IP, "network"), Asked(Field.LOCATION, "city")
UNDER = ("203.0.113.0/24", "203.0.0.0/16", "192.0.2.0/24", "2001:db8::/32")
ASK = Ask("finn", "fraud_review", "F-200", NETWORK, "2026-W24", UNDER)
WEEK = SUMMER - 10 * DAY  # Thursday of 2026-W24
# (person, address, when): owen was at two places, and counts at the last; kate on the Sunday after; the leaker where nobody asks.
SEEN = [
    ("owen", "192.0.2.1", WEEK), ("owen", "203.0.113.9", WEEK + HOUR), ("mira", "203.0.113.77", WEEK), ("mira", "203.0.113.77", WEEK - HOUR),
    ("kates-friend", "203.0.7.7", WEEK), ("u-leaker", "198.51.100.7", WEEK), ("kate", "203.0.113.1", WEEK + 7 * DAY),
]  # fmt: skip
TRUE = {"192.0.2.0/24": 0, "2001:db8::/32": 0, "203.0.0.0/16": 1, "203.0.113.0/24": 2}


class Clock:
    def __init__(self):
        self.at, self._lock = SUMMER - 12 * DAY, threading.Lock()

    def __call__(self):
        with self._lock:
            self.at += timedelta(milliseconds=1)
            return self.at


def fixed(counts, epsilon):
    """A noise that adds nothing, for what is true before it."""
    return list(counts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("counts")
    clock = Clock()
    build(tmp_path / "data", "log.example.org/whosaw", clock=clock)
    path = tmp_path / "data" / "whosaw.toml"
    path.write_text(path.read_text() + '\n[counts]\nepsilon_a_period = "0.3"\nperiod_days = 35\n')
    write(tmp_path / "tables", COMPANY, regions=None)
    clock.at = SUMMER - 8 * HOUR
    with house(tmp_path / "data", clock=clock) as here:
        load(
            tmp_path / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
            remember=here.names.remember, clock=clock,
        )  # fmt: skip
        for number, (person, address, when) in enumerate(SEEN):
            here.vault.put(person, Field.IP, address, when, f"sign-in {number}")
    clock.at = SUMMER
    return tmp_path / "data", clock


@pytest.fixture(scope="module")
def open_house(folder):
    with house(folder[0], clock=folder[1]) as here:
        yield here


@pytest.fixture
def opened(open_house):
    """The house, with nothing spent; what is on record begins here."""
    with open_house.engine.begin() as db:
        db.execute(text("delete from counts"))
    BEGUN[:] = [len(named(open_house.journal, open_house.keyring, "aggregate"))]
    return open_house


def desk(here, noise=fixed, **changes):
    given_ = {
        "directory": here.directory, "policy": here.policy, "remember": here.names.remember, "clock": here.clock,
        "random": os.urandom, "noise": noise,
    }  # fmt: skip
    parts = [here.settings.counts, SqlCountRows(here.engine), here.journal, here.vault]
    return Counts(*parts, **(given_ | changes))


BEGUN = [0]


def bodies(here):
    return [CountBody.decode(f.body) for f in named(here.journal, here.keyring, "aggregate")[BEGUN[0] :]]


def ids(answer):
    assert isinstance(answer, Refused)
    return [id_ for id_, _ in answer.reasons]


def test_the_house_draws_its_noise_from_opendp_and_says_the_same_after_a_restart(folder):
    """Asked again it costs nothing, and nothing averages out: whoever asks, in whatever order, after a start too, and for another purpose."""
    with house(folder[0], clock=folder[1]) as here:
        first = here.counts.ask(ASK)
        assert here.counts.ask(replace(ASK, headings=UNDER[::-1] * 2)).numbers == first.numbers
    with house(folder[0], clock=folder[1]) as here:
        again = here.counts.ask(ASK)
        assert (again.numbers, again.charged, again.again, again.left) == (first.numbers, 0, True, 200)
        assert [b.charged for b in bodies(here)] == [100, 0, 0]
        assert [b.again for b in bodies(here)] == [False, True, True]


def test_each_counts_once_where_they_were_last_and_only_the_list_comes_out(opened):
    """Before noise: the longest network of the list, the newest address of the period; who is under no heading is nowhere."""
    answer = desk(opened).ask(ASK)
    assert dict(zip(answer.question.headings, answer.numbers, strict=True)) == TRUE
    (body,) = bodies(opened)
    assert (body.permitted, body.headings, body.epsilon, body.charged, body.again) == (True, 4, 100, 100, False)
    assert body.question == answer.question.digest
    assert (answer.epsilon, answer.charged, answer.left) == (100, 100, 200)
    said = json.dumps([f.body.decode() for f in named(opened.journal, opened.keyring, "aggregate")])
    assert "203.0" not in said


def test_when_the_budget_is_spent_it_is_no_and_on_record(opened):
    """0.3 are three questions of 0.1, exactly; a month touches the same days; another data set has its own, the same answer stays."""
    counts = desk(opened)
    answers = [counts.ask(replace(ASK, headings=UNDER[:n])) for n in (1, 2, 3)]
    assert [a.left for a in answers] == [200, 100, 0]
    for refused in (counts.ask(ASK), counts.ask(replace(ASK, period="2026-05"))):
        assert ids(refused) == ["counts-budget-spent"]
    assert [b.permitted for b in bodies(opened)] == [True] * 3 + [False] * 2
    assert bodies(opened)[-1].charged == 0
    assert counts.ask(replace(ASK, headings=UNDER[:1])).numbers == answers[0].numbers
    place = replace(ASK, asked=CITY, headings=("SE/SE-E/Aby",))
    assert isinstance(counts.ask(place), Answer)


@pytest.mark.parametrize("page", [1, 2, 3])
def test_an_account_that_is_on_two_pages_counts_once(opened, monkeypatch, page):
    monkeypatch.setattr(counted, "_PAGE", page)
    assert dict(zip(sorted(UNDER), desk(opened).ask(ASK).numbers, strict=True)) == TRUE


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"principal": "nobody"}, ["principal-unknown"]),
        ({"principal": "ana", "case": "T-100"}, ["function-not-accepted", "case-type-not-accepted"]),
        ({"purpose": "curiosity"}, ["purpose-unknown"]),
        ({"case": None}, ["case-missing"]),
        ({"case": "F-999"}, ["case-unknown"]),
        ({"purpose": "payroll"}, ["purpose-unknown"]),
    ],
)
def test_who_may_not_is_told_why_and_charged_nothing(opened, changes, why):
    counts = desk(opened, noise=lambda *_: pytest.fail("counted"))
    assert set(why) <= set(ids(counts.ask(replace(ASK, **changes))))
    (body,) = bodies(opened)
    assert (body.permitted, body.charged) == (False, 0)
    assert desk(opened).ask(ASK).left == 200


def test_a_purpose_that_needs_no_such_detail_has_no_count_of_it(opened):
    refused = desk(opened).ask(Ask("ana", "subject_request", "T-100", CITY, "2026-W24", ("SE/SE-E/Aby",)))
    assert ids(refused) == ["purpose-without-field"]


def test_what_is_no_question_is_not_on_record(opened):
    counts = desk(opened)
    wrong = [
        {"period": "2026-W25"}, {"period": "last week"}, {"headings": ()}, {"headings": ("203.0.113.0/25",)},
        {"headings": ("2001:db8::/56",)}, {"headings": ("2002:cb00:7100::/48",)}, {"headings": ("203.0.113.77",)},
        {"asked": Asked(Field.IP, "exact")}, {"asked": Asked(Field.IP, "country"), "headings": ("SE",)},
        {"asked": Asked(Field.DEVICE, "kind")}, {"asked": CITY, "headings": ("SE",)}, {"headings": ("fe80::%1/48",)},
    ]  # fmt: skip
    for each in wrong:
        with pytest.raises(BadInput):
            counts.ask(replace(ASK, **each))
    assert bodies(opened) == []


def test_two_who_ask_at_once_spend_once_and_hear_the_same(opened):
    """Eight gates, one question: one charge, one answer, whatever each of them drew. Eight questions, room for three: three answers."""
    barrier, drawn = threading.Barrier(8, timeout=60), iter(range(1000))

    def noise(counts, epsilon):
        return [count + 1000 * next(drawn) for count in counts]

    def together(asks):
        answers = [None] * len(asks)

        def one(number):
            barrier.wait()
            answers[number] = desk(opened, noise).ask(asks[number])

        threads = [threading.Thread(target=one, args=(n,), daemon=True) for n in range(len(asks))]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        return answers

    same = together([ASK] * 8)
    assert len({a.numbers for a in same}) == 1
    assert sorted(a.charged for a in same) == [0] * 7 + [100]
    others = together([replace(ASK, headings=(f"10.{n}.0.0/16",)) for n in range(8)])
    assert Counter(type(a) for a in others) == {Answer: 2, Refused: 6}
    with opened.engine.connect() as db:
        assert db.scalar(text("select sum(epsilon) from counts")) == 300


def test_who_was_charged_and_never_told_pays_nothing_the_next_time(opened):
    """The noise fails after the record: the next one counts for the same charge."""

    def broken(*_):
        raise Unavailable("no randomness", part="noise")

    with pytest.raises(Unavailable):
        desk(opened, broken).ask(ASK)
    answer = desk(opened).ask(ASK)
    assert (answer.charged, answer.left, answer.again) == (0, 200, False)


def test_a_ledger_that_cannot_be_read_forbids(opened):
    with opened.engine.begin() as db:
        db.execute(text("alter table counts rename to gone"))
    try:
        assert ids(desk(opened).ask(ASK)) == ["counts-budget-unread"]
    finally:
        with opened.engine.begin() as db:
            db.execute(text("alter table gone rename to counts"))


def test_what_the_ledger_lost_is_spent_all_the_same(opened):
    """An older state.db, or a row that somebody took out: the log knows. The next answer is another, and is charged."""

    def again():
        begun = BEGUN[0]
        return desk(
            opened,
            told=lambda: [f.body for f in named(opened.journal, opened.keyring, "aggregate")[begun:]],
        )

    for left in (200, 100, 0):
        answer = again().ask(ASK)
        assert (answer.charged, answer.left, answer.again) == (100, left, False)
        assert (again().ask(ASK).charged, again().ask(ASK).left) == (0, left)
        with opened.engine.begin() as db:
            db.execute(text("delete from counts" if left else "delete from counts where answer is not null"))
    assert ids(again().ask(ASK)) == ["counts-budget-spent"]


def test_the_vault_counts_for_its_record_only(opened):
    """Not for one that the log does not hold, that was refused, that was answered, or that is of another question."""
    vault, headings = opened.vault.counts(), Headings(NETWORK, UNDER, NOWHERE)
    kept = []

    class Watched:
        def submit(self, submission):
            kept.append(opened.journal.submit(submission))
            return kept[-1]

    counts = Counts(
        opened.settings.counts, SqlCountRows(opened.engine), Watched(), opened.vault,
        directory=opened.directory, policy=opened.policy, remember=opened.names.remember, clock=opened.clock,
        random=os.urandom, noise=fixed,
    )  # fmt: skip
    question = counts.ask(ASK).question
    counts.ask(ASK)
    counts.ask(replace(ASK, case=None))

    class Fake:
        receipt, leaves = kept[0].receipt, [replace(kept[0].leaves[-1], nonce=bytes(32))]

    for recorded in (Fake(), kept[1], kept[2]):
        with pytest.raises(WrongReceipt):
            vault.counted(recorded, question, headings, fixed)
    with pytest.raises(WrongReceipt, match="another question"):
        vault.counted(kept[0], replace(question, period="2026-W23"), headings, fixed)
    with pytest.raises(WrongReceipt, match="another question"):
        vault.counted(kept[0], question, Headings(NETWORK, UNDER[:1], NOWHERE), fixed)


def test_a_body_has_one_spelling(opened):
    desk(opened).ask(ASK)
    (body,) = bodies(opened)
    raw = body.encode()
    assert CountBody.decode(raw) == body
    for broken in (raw.replace(b'"again":false', b'"again":0'), raw.replace(b'"charged":100', b'"charged":-1'), raw[:-1] + b',"zz":1}'):  # fmt: skip
        with pytest.raises(NotCanonical):
            CountBody.decode(broken)


def test_who_is_erased_counts_no_more_and_is_in_the_answers_before(opened):
    """The key is gone, and the row is noise. Last of those that ask the house."""
    before = desk(opened).ask(ASK)
    with closing(sqlite3.connect(opened.folder / "private" / "keys.db")) as db, db:
        db.execute("DELETE FROM keyring WHERE lookup = ?", (lookup(opened.root.lookup, Stream.of_person("owen")),))
    assert desk(opened).ask(ASK).numbers == before.numbers
    assert desk(opened).ask(replace(ASK, headings=UNDER[:1])).numbers == (1,)


# ── without a house ──

ADDRESS = st.builds(
    lambda a, b, c: f"203.0.{a}.{b}" if c else f"192.0.{a}.{b}", *[st.integers(0, 3)] * 2, st.booleans()
)
LISTS = st.lists(
    st.sampled_from([*(f"203.0.{n}.0/24" for n in range(4)), "203.0.0.0/16", "192.0.2.0/24", "0.0.0.0/0"]), min_size=1
)


def tally(headings, people):
    counts = Counter(headings.under(value) for value in people)
    counts.pop(None, None)
    return counts


@given(people=st.lists(ADDRESS, max_size=12), one=ADDRESS, under=LISTS)
@settings(max_examples=50, deadline=None)
def test_one_account_more_changes_one_number_by_one_at_most(people, one, under):
    headings = Headings(NETWORK, under, NOWHERE)
    before, after = tally(headings, people), tally(headings, [*people, one])
    assert set(after) <= set(range(len(headings.texts)))
    assert sum((after - before).values()) + sum((before - after).values()) <= 1


@pytest.mark.parametrize(
    "asked, good, bad",
    [(NETWORK, "203.0.113.0/24", "203.0.113.0/25"), (NETWORK, "203.0.113.0/24", "Aby"), (CITY, "SE/SE-E/Aby", "SE")],
)
def test_of_a_long_list_the_bad_heading_is_told_by_its_number(asked, good, bad):
    """A file may have a thousand; and never by what it says."""
    with pytest.raises(BadInput, match=r"^headings, number 3: ") as told:
        Headings(asked, [good, good, bad, good], NOWHERE)
    assert told.value.hint and bad not in str(told.value)


def test_places_are_spelled_as_headings_are():
    value = '{"city":"Aby","country":"SE","region":"SE-E"}'
    for detail, text_, at in (("country", "SE", 0), ("region", "SE/SE-E", 0), ("city", "SE/SE-E/Aby", 0), ("country", "NO", None)):  # fmt: skip
        assert Headings(Asked(Field.LOCATION, detail), [text_], NOWHERE).under(value) == at
    assert Headings(CITY, ["SE/SE-E/Aby"], NOWHERE).under('{"country":"SE"}') is None
    assert Headings(CITY, ["SE/SE-E/Aby"], NOWHERE).under("Aby, in a plain text") is None


class Berlin:
    """Places as ``vault.whereabouts`` words them: tests/places/test_look.py holds it to that."""

    def offers(self, detail):
        return True

    def says(self):
        return "Says Test-City, built 2026-02-01."

    def place(self, network, detail):
        known = str(network).startswith("203.0.113.")
        return Shown({"country": "DE", "region": "DE, region BE"}[detail]) if known else None


def test_places_of_addresses_too():
    for detail, text_ in (("country", "DE"), ("region", "DE/BE")):
        headings = Headings(Asked(Field.IP, detail), [text_], Berlin())
        assert [headings.under(each) for each in ("203.0.113.7", "198.51.100.7")] == [0, None]


@given(
    asked=st.lists(st.tuples(st.integers(1, 53), st.booleans()), max_size=30),
    budget=st.integers(0, 40),
    size=st.integers(1, 40),
)
@settings(max_examples=40, deadline=None)
def test_no_day_is_ever_told_of_beyond_its_budget(asked, budget, size):
    """Weeks and months in any order and any size of periods: of each day, what all that is about it cost is within the budget, and
    what is left is what the ledger says, to the thousandth."""
    setting = CountSettings(epsilon_per_question="0.007", epsilon_a_period=f"0.{budget:03d}", period_days=size)
    rows = InMemory()
    ledger, spent = Ledger(rows, setting), Counter()
    for number, (week, month) in enumerate(asked):
        period = f"2026-{(week % 12) + 1:02d}" if month else f"2026-W{week:02d}"
        taken = ledger.take(Question(NETWORK, period, (f"10.{number}.0.0/16",)), "fraud_review", SUMMER)
        if taken is not None:
            for day in range(*days(period)):
                spent[day] += taken.charged
            assert 0 <= taken.left <= budget - max(spent[day] for day in range(*days(period)))
    assert max(spent.values(), default=0) <= budget


class InMemory:
    """``ledger.LedgerRows`` of one thread."""

    def __init__(self):
        self.rows = {}

    def turn(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def find(self, question):
        row = self.rows.get(question)
        return None if row is None else (row["epsilon"], row.get("answer"))

    def spent(self, data_set, purpose, begin, end):
        return sum(
            r["epsilon"] for r in self.rows.values()
            if (r["data_set"], r["purpose"]) == (data_set, purpose) and r["begin"] < end and r["end"] > begin
        )  # fmt: skip

    def add(self, question, **row):
        self.rows[question] = row

    def fill(self, question, answer):
        self.rows[question].setdefault("answer", answer)


def test_opendp_says_itself_that_it_costs_no_more_and_draws_as_it_should():
    """What the library claims is within what is charged; and 4000 draws have the mean and the spread of the discrete Laplace."""
    for epsilon in (1, 7, 100, 333, 1000, 10_000):
        assert Fraction(mechanism(epsilon).map(1)) <= Fraction(epsilon, 1000)
    drawn = [each - 50 for each in opendp_noise([50] * 4000, 1000)]
    assert all(type(each) is int for each in drawn)
    a = 2.718281828**-1
    zero = (1 - a) / (1 + a)  # 0.462
    assert abs(drawn.count(0) / 4000 - zero) < 0.05
    assert abs(drawn.count(1) / 4000 - zero * a) < 0.04
    assert abs(sum(drawn) / 4000) < 0.15
    answer = Answer(None, (), 1000, 0, 0, False, 0, b"")
    assert answer.within == 3
    assert sum(abs(each) > answer.within for each in drawn) / 4000 < 0.06


def test_settings_are_thousandths_or_refused():
    assert (CountSettings().question, CountSettings().period) == (100, 1000)
    assert CountSettings(epsilon_per_question="0.125").question == 125
    for wrong in ({"epsilon_per_question": "0"}, {"epsilon_per_question": "0.0001"}, {"epsilon_a_period": "11"}, {"epsilon_a_period": "-1"}, {"epsilon_a_period": "many"}):  # fmt: skip
        with pytest.raises(Misconfigured):
            check_counts(CountSettings(**wrong))

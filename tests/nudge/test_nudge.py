# SPDX-License-Identifier: Apache-2.0
"""The question of the day: who is asked, how often, what an answer is held against; all of it on record first."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.nudge.day import BEGAN, HOUR, NUMBERS, PURPOSES, START, House, certain, row

from whosaw.errors import BadInput, Busy, OutcomeUnknown, Unavailable
from whosaw.facts.columns import DAY, SECOND
from whosaw.nudge.answer import Answered, Given, Refused, answer, waiting
from whosaw.nudge.ask import nudges, round_
from whosaw.nudge.choose import Before, Lots, pick
from whosaw.nudge.facts import AGAINST
from whosaw.nudge.record import Chosen, Fate, Said, decode
from whosaw.policy.independence import REASONS

LOTS = Lots(b"r", b"w")
NOW = START + 8 * 3600 * SECOND


def picked(rows, first=0, numbers=None, before=None, lots=LOTS, now=NOW):
    made = pick(rows, first, now, before or Before(), numbers or certain(), lots)
    return [(each.row.leaf, each.chosen, each.fate) for each in made.picks]


def leaves(*args, **more):
    return [leaf for leaf, _, _ in picked(*args, **more)]


# ── which looks ──


def test_what_a_rule_meets_is_asked():
    """Intimate fields, a protected person, and from the third person of the day on; not the same person again, not with a reason."""
    assert leaves([row(1), row(2, person="p-2"), row(3, person="p-3"), row(4, person="p-2"), row(5, person="p-4")]) == [
        3,
        5,
    ]
    assert leaves([row(1, intimate=True), row(2, person="p-2", protected=True)]) == [1, 2]
    assert leaves([row(1, intimate=True, unexplained=False), row(2, protected=True, unexplained=False)]) == []
    assert leaves([row(i, person=f"p-{i}", who=f"w-{i}") for i in range(9)]) == []


def test_nobody_is_asked_too_often_or_too_late():
    """Three a day; not about yesterday's yesterday; no machine."""
    many = [row(i, person=f"p-{i}", intimate=True) for i in range(1, 8)]
    assert leaves(many) == [1, 2, 3]
    before = Before(of_day=Counter({("sam", START // DAY): 2}))
    assert leaves(many, before=before) == [1]
    assert leaves([row(1, intimate=True, t=NOW - 25 * 3600 * SECOND)]) == []
    assert leaves([row(1, intimate=True, human=False)]) == []


def test_a_second_round_counts_the_whole_day():
    """The third person is the third also where the first two were considered before."""
    day = [row(1), row(2, person="p-2"), row(3, person="p-3")]
    assert leaves(day, first=3) == [3]
    assert leaves(day[2:], first=3) == []


def test_a_question_does_not_tell_who_is_protected():
    """Of those whom no rule meets so many are asked that a question says little; of looks with a reason a few."""
    rows = [row(i, who=f"w-{i}") for i in range(4000)]
    numbers = replace(NUMBERS, apart=1e-9)
    share = len(leaves(rows, numbers=numbers)) / len(rows)
    assert abs(share - NUMBERS.unexplained) < 0.03
    few = len(leaves([replace(r, unexplained=False) for r in rows], numbers=numbers)) / len(rows)
    assert abs(few - NUMBERS.lot) < 0.01
    # A draw is the look's own: who else looked, and whether a rule met them, changes nobody's.
    assert leaves(rows[::2], numbers=numbers) == [leaf for leaf in leaves(rows, numbers=numbers) if leaf % 2 == 0]
    assert leaves(rows, numbers=numbers) != leaves(rows, numbers=numbers, lots=Lots(b"another", b"w"))


def test_who_is_left_out_is_left_out_for_a_while():
    """A tenth of the principals, whatever they do, by a lot of the while and not of the round."""
    rows = [row(i, who=f"w-{i // 2}", intimate=True, person=f"p-{i}") for i in range(4000)]
    fates = {}
    for lots in (LOTS, Lots(b"later", b"w")):
        for leaf, _, fate in picked(rows, numbers=certain(apart=0.1), lots=lots):
            fates.setdefault(leaf // 2, set()).add(fate)
    assert all(len(of) == 1 for of in fates.values())
    assert abs(sum(Fate.APART in of for of in fates.values()) / len(fates) - 0.1) < 0.02


def test_colluders_are_not_warned():
    """Held back, on record, and not asked."""
    assert picked([row(1, intimate=True)], before=Before(held={"sam"})) == [(1, Chosen.RULE, Fate.HELD)]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5), st.booleans(), st.booleans()), max_size=25), st.randoms(use_true_random=False))  # fmt: skip
def test_rounds_do_not_depend_on_order_and_never_ask_too_much(looks, draw):
    """Any rows in any order: the same choice, and never more than so many of one day."""
    rows = [row(i, who=w, person=f"p-{p}", unexplained=u, intimate=n) for i, (w, p, u, n) in enumerate(looks)]
    shuffled = draw.sample(rows, len(rows))
    assert picked(rows, numbers=NUMBERS) == picked(shuffled, numbers=NUMBERS)
    made = pick(rows, 0, NOW, Before(), NUMBERS, LOTS)
    assert all(n <= NUMBERS.a_day for n in Counter((p.row.who, p.row.day) for p in made.picks).values())


# ── rounds ──


def asked_house(*more, **numbers):
    house = House(
        row(1, intimate=True), row(2, who="tess", person="p-9", protected=True), *more, numbers=certain(**numbers)
    )
    round_(house.desk)
    return house


def test_a_look_is_considered_once():
    """A round again asks nothing; a look since then is of the next."""
    house = asked_house()
    assert [one.question.leaf for one in nudges(house.desk).asked.values()] == [1, 2]
    assert round_(house.desk).index is None
    house.rows.append(row(1001, person="p-5", intimate=True, t=START + 3600 * SECOND))
    house.size = 1002
    assert round_(house.desk).of(Fate.ASKED) == 1
    assert list(nudges(house.desk).asked) == ["n-000001", "n-000002", "n-000003"]


def test_of_two_rounds_at_once_one_is_first():
    house = House(row(1, intimate=True), numbers=certain())
    empty = house.desk.records()
    round_(house.desk)
    with pytest.raises(Busy):
        round_(replace(house.desk, records=lambda: empty))
    assert len(nudges(house.desk).asked) == 1


def test_silence_is_a_record_and_a_late_answer_stands_beside_it():
    house = asked_house()
    house.at += HOUR * 25
    assert round_(house.desk).silent == 2
    assert round_(house.desk).silent == 0
    late = answer(Given("n-000001", "sam", Said.MISTAKE), house.desk)
    assert late.answer.late
    one = nudges(house.desk).asked["n-000001"]
    assert one.silence is not None
    assert one.answer.said is Said.MISTAKE


@pytest.mark.parametrize("late", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("error", [Unavailable("down", part="journal"), OutcomeUnknown("failed", part="journal")])
def test_what_the_journal_lost_was_not_asked_and_what_it_kept_was(error, late):
    house = House(row(1, intimate=True), numbers=certain())
    house.journal.fail, house.journal.late = error, late
    with pytest.raises(type(error)):
        round_(house.desk)
    assert len(waiting("sam", house.desk)) == late
    round_(house.desk)
    assert len(waiting("sam", house.desk)) == 1
    house.journal.fail = error
    with pytest.raises(type(error)):
        answer(Given("n-000001", "sam", Said.UNIT), house.desk)
    assert isinstance(answer(Given("n-000001", "sam", Said.UNIT), house.desk), Refused if late else Answered)


# ── answers ──


def test_who_looked_answers_and_nobody_else():
    """Another's question and none are the same refusal; an answer is not changed; one apart is not asked."""
    house = asked_house()
    assert [told.asked.question.id for told in waiting("sam", house.desk)] == ["n-000001"]
    for id_, by in (("n-000002", "sam"), ("n-000009", "sam"), ("n-000001", "nobody")):
        assert answer(Given(id_, by, Said.UNIT), house.desk).reasons == ("no-question",)
    assert isinstance(answer(Given("n-000001", "sam", Said.UNIT), house.desk), Answered)
    assert answer(Given("n-000001", "sam", Said.MISTAKE), house.desk).reasons == ("answered",)
    assert waiting("sam", house.desk) == ()
    apart = asked_house(apart=0.9)
    fates = {one.question.who: one.question.fate for one in nudges(apart.desk).asked.values()}
    for who, fate in fates.items():
        assert len(waiting(who, apart.desk)) == (fate is Fate.ASKED)


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ({}, ()),
        ({"opened": START + DAY}, ("case-opened-later",)),
        ({"closed": START}, ("case-closed-before",)),
        ({"theirs": False}, ("case-not-theirs",)),
        ({"hands": frozenset({"sam"})}, ("case-by-them",)),
        ({"named": None}, ("case-does-not-name",)),
        ({"named": (START + DAY, "x")}, ("case-named-later",)),
        ({"named": (START, "sam")}, ("case-named-by-them",)),
    ],
)
def test_an_answer_is_held_against_the_case(case, codes):
    """What speaks against it is on record for who reviews, and not told to who answers."""
    house = asked_house()
    house.file("T-1", **case)
    said = answer(Given("n-000001", "sam", Said.PURPOSE, "subject_request", "T-1"), house.desk)
    assert (said.answer.against, said.answer.case) == (codes, "T-1")


def test_what_else_speaks_against_an_answer():
    """A case that nobody knows is not written down; another purpose, no case, more than it needs; a mistake made twice."""
    house = House(*(row(i, person=f"p-{i}", intimate=True, repeat=i == 3) for i in (1, 2, 3)), numbers=certain())
    round_(house.desk)
    made = answer(Given("n-000001", "sam", Said.PURPOSE, "subject_request", "Mira-Holt"), house.desk)
    assert (made.answer.against, made.answer.case, made.answer.case_given) == (("case-unknown",), None, True)
    assert not any(b"Mira" in frame.body for frame in house.journal.frames)
    other = next(p.code for p in PURPOSES.values() if p.needs_case and not house.opened(2).looked.asked <= p.needs)
    said = answer(Given("n-000002", "sam", Said.PURPOSE, other), house.desk).answer.against
    assert said == ("another-purpose", "beyond-purpose", "no-case")
    assert answer(Given("n-000003", "sam", Said.MISTAKE), house.desk).answer.against == ("not-the-first",)


def test_of_an_erased_look_nothing_is_left_to_check():
    house = asked_house()
    house.erased.add(1)
    assert waiting("sam", house.desk)[0].look is None
    assert answer(Given("n-000001", "sam", Said.MISTAKE), house.desk).answer.against == ("not-checked",)


@pytest.mark.parametrize(
    ("given_", "hint"),
    [
        (Given("n-000001", "sam", Said.PURPOSE), ""),
        (Given("n-000001", "sam", Said.MISTAKE, "subject_request"), ""),
        (Given("n-000001", "sam", Said.PURPOSE, "curiosity"), "subject_request"),
        (Given("n-000001", "sam", Said.UNIT, None, "T-1"), ""),
        (Given("n-000001", "sam", Said.PURPOSE, "subject_request", "a case of hers"), "system"),
    ],
)
def test_bad_answers_say_what_would_do(given_, hint):
    house = asked_house()
    before = len(house.journal.frames)
    with pytest.raises(BadInput) as caught:
        answer(given_, house.desk)
    assert hint in caught.value.hint
    assert len(house.journal.frames) == before


def test_no_sentence_names_anybody():
    assert not set(AGAINST) & set(REASONS)
    assert all(said.endswith(".") for said in AGAINST.values())


class Days(RuleBasedStateMachine):
    """Looks, rounds, answers by anybody, days gone by, a journal that fails: in any order."""

    def __init__(self):
        super().__init__()
        self.house, self.leaf = House(numbers=replace(NUMBERS, apart=0.3)), 0
        self.house.size, self.answers = 0, {}

    @rule(who=st.sampled_from("abc"), person=st.integers(1, 4), unexplained=st.booleans(), intimate=st.booleans())
    def looks(self, who, person, unexplained, intimate):
        t = START + (self.house.at - BEGAN) // HOUR * 3600 * SECOND
        self.leaf += 1
        self.house.rows.append(
            row(self.leaf, who=who, person=f"p-{person}", t=t, unexplained=unexplained, intimate=intimate)
        )
        self.house.size = self.leaf + 1

    @rule(hours=st.integers(1, 30))
    def time_goes_by(self, hours):
        self.house.at += HOUR * hours

    @rule(late=st.sampled_from([None, False, True]))
    def round(self, late):
        self.house.journal.fail = None if late is None else Unavailable("down", part="journal")
        self.house.journal.late = bool(late)
        try:
            round_(self.house.desk)
        except Unavailable:
            pass
        self.house.journal.fail = None

    @rule(by=st.sampled_from("abc"), number=st.integers(1, 6), said=st.sampled_from([Said.MISTAKE, Said.UNIT]))
    def answers_something(self, by, number, said):
        id_ = f"n-{number:06d}"
        mine = {told.asked.question.id for told in waiting(by, self.house.desk)}
        done = answer(Given(id_, by, said), self.house.desk)
        assert isinstance(done, Answered) == (id_ in mine)
        if id_ in mine:
            self.answers[id_] = said

    @invariant()
    def asked_once_and_not_too_often(self):
        asked = nudges(self.house.desk).asked
        places = [(one.question.leaf, one.question.who) for one in asked.values()]
        assert len(set(places)) == len(places)
        assert all(
            n <= NUMBERS.a_day for n in Counter((o.question.who, o.question.day) for o in asked.values()).values()
        )
        assert {id_: one.answer.said for id_, one in asked.items() if one.answer} == self.answers
        for frame in self.house.journal.frames[1:]:
            assert decode(frame.body).encode() == frame.body


TestDays = Days.TestCase
TestDays.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)

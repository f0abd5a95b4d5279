# SPDX-License-Identifier: Apache-2.0
"""Which signals are one finding: what belongs together comes together, and the noise of a whole function stays out."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.made import seen, signal

from whosaw.detect.defaults import load_defaults
from whosaw.detect.join import core, joined, of_one, practices
from whosaw.facts.columns import DAY

NUMBERS = load_defaults().findings


def of(p, pairs, unit, kind="principal", **more):
    looks = [seen(who, person, look=f"l-{who}-{person}", **more) for who, person in pairs]
    return signal(p, *looks, kind=kind, unit=unit)


ANN = [("ann", str(i)) for i in range(5)]
BEN = [("ben", str(i)) for i in range(10, 15)]


def units(parts):
    return sorted(sorted(s.unit for s in part) for part in parts)


def test_a_strong_signal_ties_two_findings_together():
    """Two people with nobody in common, and a circle that they swept together: one finding. A weak circle takes one side."""
    ann, ben = of(1e-8, ANN, "ann"), of(1e-7, BEN, "ben")
    assert units(joined([ann, ben, of(1e-6, ANN + BEN, "circle", "circle")], {}, NUMBERS)) == [["ann", "ben", "circle"]]
    weak = joined([ann, ben, of(0.01, ANN + BEN, "circle", "circle")], {}, NUMBERS)
    assert units(weak) == [["ann", "circle"], ["ben"]]


def test_the_noise_of_a_function_stays_out():
    """One of twelve people, found alone; their function is a little unusual: two findings, and the first is one person's."""
    crowd = ANN + [(f"e-{i}", f"q-{i}") for i in range(11)]
    parts = joined([of(1e-6, ANN, "ann"), of(0.015, crowd, "support", "function")], {}, NUMBERS)
    assert units(parts) == [["ann"], ["support"]]


def test_how_dozens_work_is_said_and_accuses_nobody():
    """A whole function does it: no finding, no part of one, and a sentence of the run. One of them alone still stands out."""
    everybody = of(1e-9, ANN + [(f"e-{i}", f"q-{i}") for i in range(40)], "support", "function")
    of_ann = of(1e-6, ANN, "ann")
    assert units(joined([everybody, of_ann], {}, NUMBERS)) == [["ann"]]
    (said,) = practices([everybody, everybody, of_ann], NUMBERS)
    assert said.sentence.startswith("So many do this that it is a matter for the rules, and no finding: ")
    # A circle is swept by as many as it takes.
    assert units(joined([replace(everybody, kind="circle")], {}, NUMBERS)) == [["support"]]


def test_what_is_unusual_for_people_opens_nothing_about_machines():
    """A service account with a few odd looks adds nothing to what people did; where something is odd for a machine, it does."""
    robot = [("robot", str(i)) for i in range(5)]
    people = of(0.01, [("ann", "0"), ("ann", "1"), ("ann", "2"), *robot], "case", "case")
    odd = of(1e-9, robot, "robot", function="service")
    assert units(joined([people, odd], {}, NUMBERS)) == [["case"]]
    behind = replace(of(1e-3, robot, "behind", function="service"), signal="bulk_hiding")
    assert units(joined([behind, odd], {}, NUMBERS)) == [["behind", "robot"]]


def test_a_weak_word_about_part_of_it_is_support():
    """Coming back to one of five persons: part of the same finding, whichever of the two is stronger."""
    back = of(0.004, ANN[:1], "back", "pair")
    assert units(joined([of(1e-6, ANN, "ann"), back], {}, NUMBERS)) == [["ann", "back"]]
    # Five persons whom one in a hundred would have too do not come with the one who stands out.
    assert units(joined([of(0.02, ANN, "ann"), replace(back, p=1e-6)], {}, NUMBERS)) == [["ann"], ["back"]]


def test_half_of_what_several_people_did_is_no_accident():
    """Two people at one person each, of whom one is in a finding of several: the same. One person's two looks are not."""
    places = of(1e-3, [("ann", "0"), ("ann", "1"), ("ben", "2")], "places", "function")
    event = of(0.01, [("ann", "0"), ("eve", "3")], "event", "event")
    assert units(joined([places, event], {}, NUMBERS)) == [["event", "places"]]
    alone = of(0.01, [("ann", "0"), ("ann", "3")], "alone")
    assert units(joined([places, alone], {}, NUMBERS)) == [["alone"], ["places"]]


def test_what_is_broad_comes_after_what_says_it_more_closely():
    """All that ann did without a reason is no finding that takes her part from what she did with cid."""
    with_ben = replace(of(1e-3, [*ANN[:2], *BEN[:4]], "with ben", "circle"), signal="circle_sweep")
    cid = [("cid", f"c{i}") for i in range(4)]
    with_cid = replace(of(2e-3, [*ANN[2:4], *cid], "with cid", "circle"), signal="circle_sweep")
    everything = of(1e-6, [("ann", str(i)) for i in (*range(10), *range(20, 80))], "ann")
    found = joined([with_ben, with_cid, replace(everything, signal="unexplained")], {}, NUMBERS)
    assert sorted(sorted({look.who for s in part for look in s.looks}) for part in found) == [
        ["ann", "ben"],
        ["ann", "cid"],
    ]
    (one,) = joined([with_ben, with_cid, replace(everything, signal="volume")], {}, NUMBERS)
    assert {look.who for s in one for look in s.looks} == {"ann", "ben"}


def test_what_overlaps_is_said_once_of_the_same_people():
    """Five circles with ann in them are no reason to leave out ben, who stands in the one that tells most."""
    both = [("ann", "0"), ("ann", "1"), ("ben", "2"), ("ben", "3"), ("cid", "4"), ("cid", "5")]
    first = of(1e-5, both, "first", "circle")
    others = [of(1e-2, [("ann", "0"), ("ann", "1")], f"circle {i}", "circle") for i in range(9)]
    assert {look.who for s in core([first, *others], NUMBERS) for look in s.looks} == {"ann", "ben", "cid"}


def test_what_opens_nothing_supports_or_is_left_out():
    """A signal that may not be a finding by itself is in one, or nowhere."""
    quiet = replace(of(1e-9, ANN, "ann-first"), opens=False)
    stray = replace(of(1e-9, BEN, "ben-first"), opens=False)
    parts = joined([of(1e-4, ANN, "ann"), quiet, stray], {}, NUMBERS)
    assert units(parts) == [["ann", "ann-first"]]


def test_months_apart_and_machines_are_no_tie():
    """The same pair half a year later is another matter; what a service account did ties nobody to it."""
    early, late = of(1e-6, ANN, "early"), of(1e-6, ANN, "late", t=200 * DAY)
    assert units(joined([early, late], {}, NUMBERS)) == [["early"], ["late"]]
    robot = [seen("robot", str(i), look=f"r-{i}", function="service") for i in range(9)]
    one = signal(1e-6, *robot, *of(1, ANN, "x").looks, unit="one")
    other = signal(1e-6, *robot, *of(1, BEN, "x").looks, unit="other")
    assert units(joined([one, other], {}, NUMBERS)) == [["one"], ["other"]]


def test_a_weak_signal_bears_witness_and_brings_nobody():
    """Of what one in a hundred would have, too, only what is in the strong signal is named."""
    strong = of(1e-6, ANN, "ann")
    weak = of(0.01, [*ANN[:3], ("ann", "other"), ("ben", "0")], "weak", "circle")
    (kept, witness) = core([strong, weak], NUMBERS)
    assert kept == strong
    assert {(look.who, look.person) for look in witness.looks} == set(ANN[:3])
    also = replace(weak, p=1e-5)
    assert len(core([strong, also], NUMBERS)[1].looks) == 5


@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=False))
def test_order_is_nothing_and_nothing_is_lost(draw):
    """Any signals in any order: the same findings, each opener in exactly one, none larger than can be reviewed."""
    signals = [
        replace(
            of(
                10 ** -draw.uniform(1.7, 9),
                [(f"e-{draw.randint(0, 8)}", f"p-{draw.randint(0, 12)}") for _ in range(draw.randint(1, 9))],
                f"u-{i}",
                draw.choice(("principal", "unit", "circle")),
                t=draw.randint(0, 90) * DAY,
            ),
            opens=draw.random() < 0.8,
        )
        for i in range(draw.randint(0, 25))
    ]
    parts = joined(signals, {"p-0": 31}, NUMBERS)
    shuffled = draw.sample(signals, len(signals))
    assert joined(shuffled, {"p-0": 31}, NUMBERS) == parts
    found = [s.unit for part in parts for s in part]
    assert len(set(found)) == len(found)
    assert {s.unit for s in signals if s.opens} <= set(found)
    for part in parts:
        assert len(part) == 1 or len({look.who for s in part for look in s.looks}) <= NUMBERS.most_principals


def test_thousands_of_signals_are_joined_at_once():
    """Six hundred signals of fifty looks: time grows with what they share, not with their pairs."""
    draw = random.Random(1)
    signals = [
        of(draw.uniform(1e-9, 0.02), [(f"e-{i % 700}", f"p-{draw.randint(0, 9000)}") for _ in range(50)], f"u-{i}")
        for i in range(600)
    ]
    assert sum(map(len, joined(signals, {}, NUMBERS))) == 600


def test_a_finding_names_those_it_is_about():
    """Two who stand in three signals, and nine who came near one circle: the two. A list split evenly keeps all."""
    two, crowd = ANN + BEN, [(f"e-{i}", "1") for i in range(9)]
    parts = [of(1e-5, ANN, "ann"), of(1e-5, BEN, "ben"), of(1e-5, two + crowd, "circle", "circle")]
    kept = core(parts, NUMBERS)
    assert {look.who for s in kept for look in s.looks} == {"ann", "ben"}
    assert [s.unit for s in kept] == ["ann", "ben", "circle"]
    # What a sentence counts is not what the finding names: it says so, once, however often it is cut.
    said = [s.sentence for s in core(kept, NUMBERS)]
    assert said == ["One person looked.", "One person looked.", "One person looked. This finding names two of them."]
    alone = [of(1e-5, crowd, "circle", "circle")]
    assert core(alone, NUMBERS) == alone


def test_what_is_said_twice_of_the_same_people_is_one_finding():
    """Of a unit, and of its function: the same six at hundreds of persons, more than a finding may have; still one."""
    pairs = [(f"e-{i % 6}", f"p-{i}") for i in range(240)]
    one, other = of(1e-8, pairs[:100], "unit", "unit"), of(1e-7, pairs[20:120], "function", "function")
    assert units(joined([one, other], {}, NUMBERS)) == [["function", "unit"]]


def test_what_one_principal_did_alone_is_one_finding():
    """Two of ann's parts share a person, and a third meets only what the second brought: one. Nobody else's is drawn in."""
    first, second = of(1e-6, ANN, "first"), of(0.01, [ANN[4], ("ann", "x")], "second", "case")
    third = of(0.02, [("ann", "x"), ("ann", "y")], "third", "pair")
    others = [
        of(0.01, [("ann", "z")], "stranger"),
        of(0.01, [("ben", "0")], "ben"),
        of(0.01, [*BEN, ANN[0]], "both", "circle"),
    ]
    parts = [[s] for s in (first, second, third, *others)]
    assert units(of_one(parts, NUMBERS)) == [["ben"], ["both"], ["first", "second", "third"], ["stranger"]]
    late = of(0.01, ANN[:1], "late", t=(NUMBERS.days_apart + 2) * DAY)
    assert units(of_one([[of(1e-6, ANN, "first", t=0)], [late]], NUMBERS)) == [["first"], ["late"]]


def test_what_some_of_a_finding_did_at_its_persons_is_the_same_once_more():
    """Half of the persons are enough; less, or somebody else in it, is another finding."""
    team = [of(1e-6, ANN + BEN, "team", "unit")]
    half = [of(1e-3, [("ann", "10"), ("ann", "x")], "half")]
    less = [of(1e-3, [("ann", "11"), ("ann", "y"), ("ann", "z")], "less")]
    with_cid = [of(1e-3, [("ann", "12"), ("cid", "12")], "with_cid", "group")]
    made = of_one([team, half, less, with_cid], NUMBERS)
    assert units(made) == [["half", "team"], ["less"], ["with_cid"]]
    # A finding with as many looks as it may have takes in no more of them, but what is said of those that it has.
    full = replace(NUMBERS, most_looks=10)
    known = [of(1e-3, [*ANN[:2], ("ann", "10"), ("ann", "11")], "known")]
    (kept,) = of_one([team, known], full)
    assert [len(s.looks) for s in kept] == [10, 2]


def test_a_full_finding_keeps_nothing_from_the_next_that_says_it():
    """Ann's own has as many looks as it may; what she did beside ben has room, and is about the same persons."""
    full = replace(NUMBERS, most_looks=10)
    alone = [of(1e-6, [("ann", str(i)) for i in range(10)], "alone")]
    both = [of(1e-3, [("ann", "0"), ("ann", "x"), ("ben", "x"), ("ben", "y")], "both", "group")]
    once_more = [of(1e-2, [("ann", "0"), ("ann", "x")], "once more")]
    assert units(of_one([alone, both, once_more], full)) == [["alone"], ["both", "once more"]]

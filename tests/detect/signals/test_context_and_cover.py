# SPDX-License-Identifier: Apache-2.0
"""Six signals: each finds the misuse that is its own, leaves its innocent twin alone, and is calm where nobody snoops."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.detect.calm import AS_OF, calm
from tests.detect.signals.misuse import planted

from whosaw.detect.coverage import runs
from whosaw.detect.defaults import load_defaults
from whosaw.detect.hands import Edge, Hands
from whosaw.detect.run import signals, world_of
from whosaw.detect.signal import Evidence
from whosaw.detect.signals import (
    approval_ring,
    case_stretching,
    protected_person,
    purpose_mismatch,
    relationship,
    watcher_exception,
)
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY
from whosaw.facts.engine import engine_of

SIX = (relationship, protected_person, purpose_mismatch, case_stretching, approval_ring, watcher_exception)
DEFAULTS, SHIPPED = load_defaults(), load_templates()
# Compiling templates takes most of the time; these are the ones that this company needs.
_FEW = ("case_assigned", "person_asked", "case_of_unit", "case_of_queue")
TEMPLATES = replace(SHIPPED, templates=tuple(t for t in SHIPPED.templates if t.id in _FEW), digest="0" * 64)
_SEED = 2


def said(made, *without):
    """By signal that can run: all that it says, strongest first."""
    with made.opened(*without) as facts:
        world = world_of(facts, AS_OF, DEFAULTS, TEMPLATES)
        found = {d.NAME: signals(d, world, 0.05) for d in SIX if runs(d, world)}
    return {name: sorted(of, key=lambda s: s.order) for name, of in found.items()}


@pytest.fixture(scope="module")
def town():
    return said(planted(_SEED))


def about(town, detector, who):
    """What is told of `who`, strongest first."""
    return [s for s in town[detector.NAME] if who in s.principals and s.sentence]


# detector, who does it, their twin, the largest p that is small enough
PAIRS = (
    (protected_person, "e-safety-1-4", "e-safety-1-5", 0.001),
    (relationship, "e-fraud-0-4", "e-fraud-0-5", 0.001),
    (purpose_mismatch, "e-support-2-4", "e-support-2-5", 0.001),
    (case_stretching, "e-fraud-1-4", "e-fraud-1-5", 0.001),
    (approval_ring, "e-fraud-2-4", "e-fraud-2-7", 0.001),
    # Ten people of a function are few, and gaps come in clusters here: there is no more to be had.
    (watcher_exception, "e-audit-1-3", "e-security-1-3", 0.05),
)


@pytest.mark.parametrize(("detector", "who", "twin", "p"), PAIRS, ids=[pair[0].NAME for pair in PAIRS])
def test_the_misuse_stands_and_its_twin_does_not(town, detector, who, twin, p):
    """Of all that a signal says, its own misuse is among the first; the same shape with a reason is far behind."""
    assert [s for s in town[detector.NAME][:3] if who in s.principals]
    mine = about(town, detector, who)[0]
    assert mine.p < p
    assert all(s.p > 2 * mine.p for s in about(town, detector, twin))
    assert mine.sentence == SENTENCES[detector.NAME]


SENTENCES = {
    "protected_person": (
        "One person of safety looked at 5 protected persons without a case, assignment or other reason on file in 16 days; "
        "none would be usual."
    ),
    "relationship": (
        "One person of fraud looked at 2 persons of their own household without a case, assignment or other reason on file "
        "in 1 day; none would be usual by chance."
    ),
    "purpose_mismatch": (
        "One person of support looked at 7 persons for reasons that do not fit, in 18 days: all 7 looks name a case that "
        "does not name the person, and 6 of them name a case that had been closed for more than a week; none would be usual."
    ),
    "case_stretching": (
        "One chargeback case was used for looks at 25 persons, and as far as others had filed by then it has nothing to do with "
        "any of them; two such persons would be usual in such a case."
    ),
    "approval_ring": (
        "Two people approved for each other, 6 times one way and 6 times the other; few people do so as often."
    ),
    "watcher_exception": (
        "One person of audit, whose work is to control others, looked at 8 persons outside the organisation without a declared "
        "scope, case or other reason in 68 days; one such person would be usual."
    ),
}


def test_a_machine_is_neither_principal_nor_member(town):
    """What it does at thirty protected persons is for signals about machines: nobody is named for it, and no team it stands in."""
    for detector in (protected_person, purpose_mismatch):
        of_people = [s for s in town[detector.NAME] if s.kind != "case"]
        assert of_people
        assert not [s for s in of_people if s.unit in {"e-machine", "service"} or "e-machine" in s.principals]
    teams = {(s.kind, s.unit): s for s in town["protected_person"]}
    assert teams["unit", "safety-1"].k < 30


def test_a_team_is_more_than_one_person(town):
    """Three of engineering with two protected persons each: as a function they are found, and named with each other."""
    (team,) = (s for s in town["protected_person"] if s.kind == "function" and s.unit == "engineering")
    assert team.p < 0.005
    assert {"e-engineering-0-3", "e-engineering-1-3", "e-engineering-2-3"} <= set(team.principals)


def test_no_sentence_names_anybody(town):
    """Nothing of what is in the tables stands in a sentence, but codes of functions, units and types."""
    for found in town.values():
        for signal in found:
            words = set(signal.sentence.replace(",", " ").replace(".", " ").split())
            names = {*signal.principals, *signal.persons, *signal.cases, *(look.look for look in signal.looks)}
            assert not words & names
            assert not [w for w in words if w.startswith(("e-", "p-", "c-", "l-", "h-"))]


def test_every_signal_that_is_told_has_looks(town):
    """What cannot be shown is not said."""
    assert all(s.looks and s.principals for found in town.values() for s in found if s.sentence)


@pytest.mark.parametrize(
    ("without", "off"),
    [
        ((), set()),
        (("classes", "links", "approvals", "assignments"), set()),
        (("persons",), {"protected_person"}),
        (("cases", "case_persons"), {"purpose_mismatch", "case_stretching", "approval_ring"}),
    ],
)
@pytest.mark.slow
def test_a_table_that_is_missing_switches_off_what_needs_it(without, off):
    """And nothing else: the others do their best."""
    assert {d.NAME for d in SIX} - set(said(calm(3, each=4), *without)) == off


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13, 14])
def test_where_nobody_snoops_small_p_are_rare(seed):
    """At p < .01 at most twice as many units as that says, for each signal; a handful is no rate."""
    for name, found in said(calm(seed)).items():
        # Those that never left the engine were tried too.
        rest = {(s.kind, s.stratum): s.rest for s in found}
        assert sum(s.p < 0.01 for s in found) <= max(3, 0.02 * (len(found) + sum(rest.values()))), name


def test_what_is_let_pass_on_one_day_is_one_request():
    """Thirty on one day and one on another are two; days on which they were not independent are counted as days, too."""
    edges = [
        {"requester": "e-1", "approver": "e-2", "day": day, "party": party, "n": n, "t": day * DAY}
        for day, party, n in ((1, 0, 30), (2, 1, 1))
    ]
    (edge,) = approval_ring._counted({"edges": edges, "staff": [], "functions": []}, DAY)
    assert (edge.n, edge.k) == (2, 1)


def test_always_the_same_hand_is_told_where_looks_have_no_reason():
    """Of four looks half may have one; what goes both ways is told in any case."""
    ring = approval_ring.Ring(
        signal="approval_ring", family="cover", kind="approvers", unit="e-1 m-1", stratum="f", p=0.001, tries=2, days=0, k=4, n=4,
        expected=0.1, how="same", edges=(("e-1", "m-1"),),
    )  # fmt: skip
    rows = [{"requester": "e-1", "approver": "m-1", "case": None, "look_id": f"l-{n}"} for n in range(4)]

    def opens(explained, how="same"):
        looks = [_look(f"l-{n}", explained=n < explained) for n in range(4)]
        return approval_ring._told(replace(ring, how=how), rows, looks, SimpleNamespace(defaults=DEFAULTS)).opens

    assert [opens(n) for n in range(5)] == [True, True, True, False, False]
    assert opens(4, "mutual")


def _look(id_, *, explained):
    return Evidence(
        look=id_, t=1, who="e-1", person=f"p-{id_}", case=None, unit="u", function="f", manager=None, country="IE", protected=False,
        place=False, refused=False, named=False, first=True, later=False, near=0, explained=explained,
    )  # fmt: skip


def _hands(given):
    """Of (who asks, who approves, on so many days), all of one function and unit."""
    numbers = DEFAULTS.of("approval_ring", approval_ring.NUMBERS)
    edges = (Edge(a, b, "u", "f", None, n, 0) for a, b, n in given)
    return Hands(edges, numbers.loyal, numbers.askers)


def test_where_everybody_asks_their_own_boss_always_is_no_ring():
    """Sixteen of sixteen: among thirty who each have one of six bosses that is how it is, and nobody's ring."""
    hands = _hands([(f"e-{n}", f"m-{n % 6}", 16) for n in range(30)])
    assert min(hands.tails().values()) > 0.05


def test_two_who_ask_each_other_beside_their_boss_stand_out():
    """Six each way, where others ask their boss alone; and once each way is no habit."""
    numbers = DEFAULTS.of("approval_ring", approval_ring.NUMBERS)
    boss = [(f"e-{n}", f"m-{n % 6}", 8) for n in range(30)]
    pairs = [("e-0", "e-1", 6), ("e-1", "e-0", 6), ("e-2", "e-3", 1), ("e-3", "e-2", 1)]
    made = approval_ring._hands(_hands([*boss, *pairs]), numbers)
    p = {tuple(s.unit.split()): s.p for s in made if s.how == "mutual"}
    assert p["e-0", "e-1"] < 1e-4
    assert min(s.p for s in made if s.unit not in ("e-0 e-1", "e-1 e-0")) > 0.05


def test_one_alone_who_always_asks_the_same_stands_out():
    """Where everybody asks whoever is on duty, one who does not is told, and does not make it usual."""
    duty = [(f"e-{n}", f"m-{m}", 2) for n in range(30) for m in range(8)]
    tails = _hands([*duty, ("e-own", "m-0", 16)]).tails()
    assert tails["e-own", "m-0"] < 1e-6
    assert min(p for pair, p in tails.items() if pair[0] != "e-own") > 0.05


def test_a_long_list_is_asked_for_once():
    """Three of one list are one person, of a short one two; somebody else's list is another."""
    asked = [*[("r-1", "e-1", 30)] * 3, *[("r-2", "e-1", 2)] * 2, ("r-3", "e-2", 21)]
    rows = ", ".join(f"('{request}', '{who}', {n}, 'p-{i}')" for i, (request, who, n) in enumerate(asked))
    with engine_of() as on:
        on.backend.raw_sql(f"CREATE TEMP TABLE odd AS FROM (VALUES {rows}) AS t (request, who, size, person)")
        columns = {"request": "string", "who": "string", "size": "int64", "person": "string"}
        odd = pytest.importorskip("ibis").table(columns, name="odd")
        once = purpose_mismatch._lists_once(odd, 20)
        found = on.arrow(once.group_by("who").aggregate(n=once.person.nunique()))
    assert {row["who"]: row["n"] for row in found.to_pylist()} == {"e-1": 3, "e-2": 1}

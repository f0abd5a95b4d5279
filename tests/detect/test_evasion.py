# SPDX-License-Identifier: Apache-2.0
"""Ways around the watch: names that are typed in, many who make each other usual, and reasons that one makes oneself."""

from dataclasses import replace

import pytest
from tests.detect.company import AS_OF, company, opened
from tests.facts.made import at, look

from whosaw.detect import run as running
from whosaw.detect.defaults import load_defaults
from whosaw.detect.join import standing
from whosaw.detect.looks import looks_of
from whosaw.detect.run import signals, watch, world_of
from whosaw.detect.signals import unexplained
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY, micros
from whosaw.facts.ports import CasePersonRow, CaseRow
from whosaw.model.access import Field, Mode
from whosaw.model.record import Kind

DEFAULTS, SHIPPED = load_defaults(), load_templates()
# Most of the time goes into compiling templates; these two are enough to say what is unexplained.
FEW = ("case_assigned", "person_asked")
TEMPLATES = replace(SHIPPED, templates=tuple(t for t in SHIPPED.templates if t.id in FEW), digest="1" * 64)
MANY = tuple(f"e-{i:04d}" for i in (28, 29, 30, 31, 32, 36, 3, 12, 22, 5, 14, 37, 33))


@pytest.fixture(scope="module", autouse=True)
def one_signal():
    """What is tried here is the run, and `unexplained`; the others have companies of their own, and take seconds each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "SIGNALS", (unexplained,))
        yield


def observed(number, who, person, day, **more):
    facts = {"origin": "observed", "source": "pgaudit", "decision": None, "asked": ((Field.IP, "exact"),), **more}
    return look(700_000 + number, who, person, at(day), **facts)


def among(extra, seed=1, tables=None):
    """A company where nobody snoops, and `extra` looks."""
    made = company(seed, planted=False)
    looks = sorted([*made.looks, *extra], key=lambda body: (body.at, body.look))
    return replace(made, looks=looks, tables=tables or made.tables)


def watched(folder, made):
    with opened(folder, made.looks, made.tables) as facts:
        return watch(facts, AS_OF, earlier=None, defaults=DEFAULTS, templates=TEMPLATES)


# ── names that are only claimed ──


def typed(names, each):
    """One pool account at as many persons, with these names in its application name in turn."""
    looks = []
    for number in range(each * len(names)):
        claim = {"on_behalf_of": names[number % len(names)], "claimed": True}
        looks.append(observed(number, "e-pool", f"p-{400 + number % 200:04d}", 50 + number * 0.2, **claim))
    return looks


@pytest.mark.slow
@pytest.mark.parametrize(("names", "each"), [(MANY[:6], 25), (MANY[:3], 25), (("e-0032",), 8)])
def test_whoever_types_names_is_found_and_nobody_whose_name_it_is(tmp_path, names, each):
    """The account is the finding, however many names it claims; none of them is accused, and it is said why."""
    (finding,) = watched(tmp_path, among(typed(names, each))).findings
    assert finding.principals == ("e-pool",)
    looks = len(finding.looks)
    assert (
        f"All {looks} looks were made in the name of others, which is only claimed: that neither clears nor accuses anybody."
        in finding.counter
    )
    assert not [name for name in names for text in (finding.sentence, *finding.counter) if name in text]


def test_a_claimed_look_is_no_reason_to_come_back(tmp_path):
    """A name typed in at a person whom its owner has a case for: the owner's own later look stands on its own."""
    made = company(1, planted=False)
    first = next(b for b in made.looks if b.principal == "e-0003" and b.at > at(20))
    claim = observed(1, "e-pool", first.person, 0, on_behalf_of="e-0003", claimed=True)
    claim = replace(claim, at=first.at)
    own = observed(2, "e-0003", first.person, 80)
    with opened(tmp_path, [claim, own], made.tables) as facts:
        found = {f.look: f for f in looks_of(facts, ["e-0003"], DEFAULTS, TEMPLATES)}
    assert found[claim.look].explained
    assert found[claim.look].claimed
    assert found[own.look].first


# ── reasons that one makes oneself ──


def with_cases(number, case=None, naming=None):
    """So many cases of e-0005, one for each look at somebody new, changed by `case` and `naming`.

    They and their colleague e-0006 have a private account each, and they share a household with somebody.
    """
    made = company(1, planted=False)
    cases, named, looks = [], [], []
    for n in range(number):
        id_, person, day = f"c-own-{n}", f"p-{500 + n:04d}", micros(at(49 + n))
        facts = {"opened_by": "e-0035", "assignee": "e-0005", **(case or {})}
        cases.append(CaseRow(case=id_, type="x", opened=day, **facts))
        named.append(CasePersonRow(case=id_, person=person, added=day, **{"added_by": "e-0035", **(naming or {})}))
        looks.append(observed(n, "e-0005", person, 50 + n))
    tables = replace(
        made.tables,
        staff_rows=tuple(
            replace(s, own_person=f"p-own-{s.who}", household=f"h-{s.who}") if s.who in ("e-0005", "e-0006") else s
            for s in made.tables.staff_rows
        ),
        case_rows=(*made.tables.case_rows, *cases),
        case_person_rows=(*made.tables.case_person_rows, *named),
    )
    return among(looks, tables=tables)


def off(run):
    """What was off, but for signals: some need more than a journal has."""
    return tuple(sentence for sentence in run.coverage.off if not sentence.startswith("The signal "))


def test_a_case_that_nobody_asked_for_is_a_reason(tmp_path):
    """Opened by another unit, without a requester: the most usual case there is."""
    run = watched(tmp_path, with_cases(14))
    assert run.findings == ()
    assert off(run) == ()


@pytest.mark.parametrize(
    ("case", "naming", "sentence"),
    [
        ({"opened_by": None}, {}, "14 of 726 cases do not say who opened them (2 %): they are no reason for anybody."),
        (
            {},
            {"added_by": None},
            "14 of 701 namings of a person in a case do not say who made them (2 %): they are no reason for anybody.",
        ),
    ],
)
@pytest.mark.slow
def test_a_case_whose_author_nobody_knows_is_no_reason(tmp_path, case, naming, sentence):
    """Perhaps they wrote it themselves. The coverage says of how many cases nobody knows it."""
    run = watched(tmp_path, with_cases(14, case, naming))
    assert [finding.principals for finding in run.findings] == [("e-0005",)]
    assert off(run) == (sentence,)
    text = (
        "have a reason, but one that the one who looked or their own unit wrote, or of which nobody knows who wrote it."
    )
    assert any(said.endswith(text) for said in run.findings[0].counter)


@pytest.mark.parametrize(
    ("case", "naming"),
    [
        ({"requester": "p-own-e-0005"}, {}),
        ({"requester": "p-else", "requester_home": "h-e-0005"}, {}),
        ({"opened_by": "p-own-e-0005"}, {}),
        ({"opened_by": "p-else", "opened_by_home": "h-e-0005"}, {}),
        ({}, {"added_by": "p-own-e-0005"}),
        ({}, {"added_by": "p-else", "added_by_home": "h-e-0005"}),
        ({"requester": "p-own-e-0006"}, {}),
    ],
)
def test_a_case_from_ones_own_private_account_is_no_reason(tmp_path, case, naming):
    """Asked for, opened or named by one's own account, one's household, or a colleague's account: one's own hand."""
    made = with_cases(2, case, naming)
    with opened(tmp_path, made.looks, made.tables) as facts:
        found = looks_of(facts, ["e-0005"], DEFAULTS, TEMPLATES, looks=["l-700000", "l-700001"])
    assert [(look.explained, look.sentence) for look in found] == [
        (False, "A reason comes near, but the one who looked or their own unit wrote it, or it is not known who did.")
    ] * 2


# ── many persons at once, many accounts ──


def listed(number, who, persons, day, mode):
    """One request for all of `persons`."""
    bulk = observed(number, who, None, day, kind=Kind.BULK, mentions=len(persons), mode=mode)
    return [bulk] + [
        observed(number + n, who, person, day, kind=Kind.MENTION, bulk=bulk.look, mode=mode)
        for n, person in enumerate(persons, start=1)
    ]


@pytest.mark.parametrize(("who", "mode"), [("e-0005", Mode.READ), ("e-0035", Mode.SEARCH)])
def test_a_list_of_people_is_looks(tmp_path, who, mode):
    """Six requests of 21 persons, named one by one, or searched for where none has a reason: six times twenty looks.

    The first has cases of their own, and a reason for one or two of each list; the other has none. What was not judged
    is said.
    """
    wanted = [[f"p-{300 + n * 21 + m:04d}" for m in range(21)] for n in range(6)]
    looks = [body for n, persons in enumerate(wanted) for body in listed(n * 100, who, persons, 50 + n, mode)]
    run = watched(tmp_path, among(looks))
    assert {finding.principals for finding in run.findings} == {(who,)}
    assert len(run.findings[0].persons) == 100  # as many as a signal names
    assert off(run) == (
        "6 persons were looked at in requests too wide to be judged, for more than 20 persons at once.",
    )


def test_a_search_with_a_reason_is_not_a_look_at_everybody_found(tmp_path):
    """Where one person of a wide search has a reason, as a search for them brings it, its other hits are no looks."""
    made = company(1, planted=False)
    cases = {c.case: c for c in made.tables.case_rows if c.assignee == "e-0003" and c.type != "unlinked"}
    named = [(n.person, cases[n.case].opened) for n in made.tables.case_person_rows if n.case in cases]
    looks = []
    for n, (person, opened_) in enumerate(named):
        day = (opened_ - micros(at(0))) / DAY + 1
        hits = [f"p-{i:04d}" for i in range(600) if i % 7 == n % 7]
        looks += listed(n * 100, "e-0003", [person, *hits], day, Mode.SEARCH)
    run = watched(tmp_path, among([body for body in looks if micros(body.at) <= AS_OF]))
    assert len(named) > 5
    assert run.findings == ()
    assert "persons were looked at in requests too wide to be judged" in run.coverage.off[0]


def test_accounts_that_nobody_knows_are_one_team(tmp_path):
    """Thirty accounts outside the directory, each used once: one finding of all of them, which calls nobody a person."""
    made = among([observed(n, f"e-new-{n:02d}", f"p-{500 + n:04d}", 50 + n / 2) for n in range(30)])
    findings = watched(tmp_path, made).findings
    assert {finding.principals for finding in findings} == {tuple(f"e-new-{n:02d}" for n in range(30))}
    assert findings[0].sentence.startswith("30 accounts that are not in the directory looked at 30 persons")
    assert {reason.kind for finding in findings for reason in finding.signals} == {"unlisted"}


# ── many at once ──


@pytest.mark.parametrize(("number", "each"), [(1, 12), (6, 40), (13, 40)])
@pytest.mark.slow
def test_many_do_not_make_each_other_usual(tmp_path, number, each):
    """One to a third of forty, at so many persons each without a reason: each of them stands, and nobody else alone."""
    looks = [
        observed(n, MANY[n % number], f"p-{n % 600:04d}", 50 + n * 30 / (number * each)) for n in range(number * each)
    ]
    made = among(looks)
    with opened(tmp_path, made.looks, made.tables) as facts:
        tried = signals(unexplained, world_of(facts, AS_OF, DEFAULTS, TEMPLATES), 0.1)
    stand = standing(tried, DEFAULTS.findings.false_share)
    assert {s.unit for s in stand if s.kind == "principal"} == set(MANY[:number])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_where_nobody_snoops_the_search_finds_nobody(tmp_path, seed):
    """Other companies without a snoop, and with more looks that nobody linked than are declared as usual."""
    assert watched(tmp_path, company(seed, planted=False, slips=0.08)).findings == ()

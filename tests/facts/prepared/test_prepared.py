# SPDX-License-Identifier: Apache-2.0
"""The prepared tables, beside the same said in plain Python over small worlds. Invented pseudonyms."""

import random
from collections import defaultdict

import pytest
from tests.facts.typed import looks, rows, table

from whosaw.facts.columns import DAY, FIELDS
from whosaw.facts.prepared import circle, degree, pair_day, seeds, team, tie
from whosaw.facts.prepared.spans import LOOK_BACK

AS_OF = 1_000 * DAY
KINDS = ("household", "contact", "follows", "coworker", "family", "device", "ip")


@pytest.fixture(scope="module")
def engine():
    ibis = pytest.importorskip("ibis")
    made = ibis.duckdb.connect()
    yield made
    made.disconnect()


def span(draw):
    borders = (None, None, None, AS_OF - LOOK_BACK, AS_OF - LOOK_BACK - 1, AS_OF, AS_OF + 1, AS_OF - 5)
    return {"valid_from": draw.choice(borders), "valid_to": draw.choice(borders)}


def lately(row):
    return (row["valid_from"] is None or row["valid_from"] <= AS_OF) and (
        row["valid_to"] is None or row["valid_to"] > AS_OF - LOOK_BACK
    )


def world(draw):
    """Eight people, four of whom have accounts as staff; homes, links, lines, queues and cases between them."""
    persons = [f"p{i}" for i in range(8)]
    staff = [f"e{i}" for i in range(5)]
    maybe = lambda values, share=0.6: draw.choice(values) if draw.random() < share else None  # noqa: E731
    return {
        "links": [{"a": draw.choice(persons), "b": draw.choice(persons), "kind": draw.choice(KINDS), **span(draw)} for _ in range(8)],
        "persons": [
            {"person": p, "region": maybe(("DE", "FR")), "protected": draw.randint(0, 1), "staff": 0, "household": maybe(("h1", "h2", "h3"), 0.4), **span(draw)}
            for p in draw.sample(persons, 6)
        ],
        "staff": [
            {"who": draw.choice(staff), "unit": maybe(("u1", "u2")), "function": draw.choice(("support", "audit")), "manager": maybe(staff),
             "own_person": maybe(persons), "household": maybe(("h1", "h2")), **span(draw)}
            for _ in range(6)
        ],
        "assignments": [
            {"who": draw.choice(staff), "scope_kind": draw.choice(("queue", "region")), "scope": draw.choice(("q1", "q2")), "first": 1, **span(draw)}
            for _ in range(4)
        ],
        "cases": [
            {"case_id": f"c{i}", "type": "fraud", "opened": 0, "first": 1, "assignee": maybe(staff), "requester": maybe(staff + persons), "approver": maybe(staff)}
            for i in range(3)
        ],
    }  # fmt: skip


def made(engine, world_):
    return {"look": table(engine, "look", []), **{name: table(engine, name, found) for name, found in world_.items()}}


def linked(world_):
    """{(a, b, kind)}, both ways."""
    found = {(x, y, r["kind"]) for r in world_["links"] if lately(r) for x, y in ((r["a"], r["b"]), (r["b"], r["a"]))}
    homes = {(r["person"], r["household"]) for r in world_["persons"] if lately(r) and r["household"]}
    found |= {(p, q, "household") for p, h in homes for q, g in homes if h == g}
    return {(a, b, kind) for a, b, kind in found if a != b}


@pytest.mark.parametrize("seed", range(2))
def test_circles_are_what_one_reaches_in_two_steps(engine, seed, monkeypatch):
    """Every kind once, close kinds twice, nothing through a hub, and the shortest way."""
    monkeypatch.setattr(circle, "HUB", 2)
    draw = random.Random(seed)
    world_ = world(draw)
    links = linked({**world_, "persons": []})
    homes = defaultdict(set)
    for a, b, kind in linked({**world_, "links": []}):
        homes[a].add((a, b, kind))
    links |= {
        link for found in homes.values() if len(found) < 2 for link in found
    }  # more than HUB live there: a mistake
    passed = {(a, b, k) for a, b, k in links if sum(a == x and k == z for x, _, z in links) <= 2}
    expected = {}
    for seed_ in {a for a, _, _ in passed}:
        expected[seed_, seed_] = 0
        for _, one, _kind in sorted(passed):
            if _ == seed_:
                expected[seed_, one] = min(expected.get((seed_, one), 9), 1)
        for x, one, _ in passed:
            for y, two, kind in passed:
                if x == seed_ and y == one and two != seed_ and kind in circle.CLOSE:
                    expected[seed_, two] = min(expected.get((seed_, two), 9), 2)
    found = rows(circle.make(made(engine, world_), None, AS_OF))
    assert found == sorted(((s, m, hop) for (s, m), hop in expected.items()), key=repr)


@pytest.mark.parametrize("seed", range(2))
def test_accounts_of_staff_are_at_home_where_no_table_says_who_is_linked(engine, seed):
    """By both registers of addresses; where links are known, a home is what they and the persons' own register say."""
    world_ = world(random.Random(seed))
    two = [
        {**world_["staff"][0], "own_person": p, "household": "h1", "valid_from": None, "valid_to": None}
        for p in ("p8", "p9")
    ]
    world_["staff"] += two
    at_home = [
        {"person": r["own_person"], **{name: r[name] for name in ("household", "valid_from", "valid_to")}}
        for r in world_["staff"] if r["own_person"]
    ]  # fmt: skip
    tables = made(engine, world_)
    none = {name: each for name, each in tables.items() if name != "links"}
    expected = linked({"links": [], "persons": [*world_["persons"], *at_home]})
    assert rows(circle.ties(none, AS_OF)) == sorted(expected)
    assert expected > linked({"links": [], "persons": world_["persons"]})
    assert rows(circle.ties(tables, AS_OF)) == sorted(linked(world_))


@pytest.mark.parametrize("seed", range(2))
def test_seeds_have_three_people_around_them(engine, seed):
    """Protected where they lately were, with the region of now."""
    world_ = world(random.Random(seed))
    around = defaultdict(set)
    for a, b, _ in linked(world_):
        around[a].add(b)
    expected = []
    for person, others in around.items():
        own = [r for r in world_["persons"] if r["person"] == person]
        now = [
            r
            for r in own
            if (r["valid_from"] is None or r["valid_from"] <= AS_OF)
            and (r["valid_to"] is None or r["valid_to"] > AS_OF)
        ]
        if len(others) >= 3:
            guarded = max((r["protected"] for r in own if lately(r)), default=0)
            expected.append((person, len(others), guarded, now[0]["region"] if now else None))
    assert rows(seeds.make(made(engine, world_), None, AS_OF)) == sorted(expected, key=repr)


@pytest.mark.parametrize("seed", range(2))
def test_ties_are_one_s_own_home_contacts_colleagues_and_line(engine, seed):
    """And one's own account is tied as oneself only, whoever lives with it."""
    world_ = world(random.Random(seed))
    staff = [r for r in world_["staff"] if lately(r)]
    own = {(r["who"], r["own_person"]) for r in staff if r["own_person"]}
    at = {(r["own_person"], r["household"]) for r in staff if r["own_person"] and r["household"]}
    at |= {(r["person"], r["household"]) for r in world_["persons"] if lately(r) and r["household"]}
    expected = {(r["who"], p, "household") for r in staff for p, h in at if r["household"] == h}
    expected |= {(w, b, k) for w, p in own for a, b, k in linked(world_) if a == p and k in tie.LINKED}
    expected |= {
        (r["who"], s["own_person"], "same_unit")
        for r in staff for s in staff if r["unit"] and r["unit"] == s["unit"] and r["who"] != s["who"] and s["own_person"]
    }  # fmt: skip
    above = {(r["who"], r["manager"]) for r in staff if r["manager"] and r["manager"] != r["who"]}
    line = set(above)
    for _ in range(tie.LEVELS - 1):
        line |= {(low, top) for low, high in line for who, top in above if who == high}
    line = {(a, b) for a, b in line if a != b}
    expected |= {(w, p, "line") for a, b in line for w, o in ((a, b), (b, a)) for who, p in own if who == o}
    expected = {row for row in expected if row[:2] not in own} | {(w, p, "self") for w, p in own}
    assert rows(tie.make(made(engine, world_), None, AS_OF)) == sorted(expected)


@pytest.mark.parametrize("seed", range(2))
def test_a_team_has_two_members(engine, seed):
    """Of one unit, manager, function, queue; or of one case: who has it, asked, let it pass, or looked under its number."""
    draw = random.Random(seed)
    world_ = world(draw)
    under = [
        {
            "who": draw.choice(("e0", "e1", "e9")),
            "case": draw.choice(("c0", "c1", None)),
            "person": "p0",
            "claimed": draw.randint(0, 1),
        }
        for _ in range(5)
    ]
    staff = {r["who"] for r in world_["staff"]}
    expected = {
        (kind, r[kind], r["who"], r["valid_from"], r["valid_to"])
        for r in world_["staff"]
        if lately(r)
        for kind in team.OF_STAFF
        if r[kind]
    }
    expected |= {
        ("queue", r["scope"], r["who"], r["valid_from"], r["valid_to"])
        for r in world_["assignments"]
        if lately(r) and r["scope_kind"] == "queue"
    }
    expected |= {
        ("case", r["case_id"], r[c], None, None) for r in world_["cases"] for c in team.OF_CASES if r[c] in staff
    }
    expected |= {("case", r["case"], r["who"], None, None) for r in under if r["case"] and not r["claimed"]}
    members = defaultdict(set)
    for kind, of, who, *_ in expected:
        members[kind, of].add(who)
    found = rows(team.make(made(engine, world_), looks(engine, under), AS_OF))
    assert found == sorted((row for row in expected if len(members[row[:2]]) > 1), key=repr)


def test_a_day_of_a_pair_counts_looks_and_those_without_a_reason(engine):
    """Only judged looks at a person; fields are added up, the least weight kept."""
    draw = random.Random(1)
    given = [
        {"who": draw.choice("ab"), "person": draw.choice(("p", "q", None)), "t": draw.randint(0, 3 * DAY - 1), "u": draw.randint(0, 1), "u1": draw.randint(0, 1),
         "judged": draw.choice((1, 1, 0)), "weight_then": draw.randint(0, 100), "protected": draw.randint(0, 1), **{f: int(draw.random() < 0.15) for f in FIELDS.values()}}
        for _ in range(80)
    ]  # fmt: skip
    groups = defaultdict(list)
    for row in given:
        if row["judged"] and row["person"]:
            groups[row["who"], row["person"], row["t"] // DAY].append(row)
    expected = []
    for key, found in groups.items():
        asked = {f: max(r[f] for r in found) for f in FIELDS.values()}
        place = max(asked["f_ip"], asked["f_location"])
        near = max(place, asked["f_contacts"], asked["f_messages"], asked["f_payment"])
        expected.append((
            *key, len(found), sum(r["u"] for r in found), sum(r["u1"] for r in found), *asked.values(), place, near,
            min(r["weight_then"] for r in found), max(r["protected"] for r in found), min(r["t"] for r in found),
        ))  # fmt: skip
    assert rows(pair_day.make({}, looks(engine, given), AS_OF)) == sorted(expected, key=repr)


def test_who_is_popular(engine):
    """Distinct principals, in the reference period only."""
    day = AS_OF // DAY
    given = [{"who": w, "person": "p", "t": (day - ago) * DAY} for w, ago in (("a", 1), ("a", 2), ("b", 89), ("c", 90))]
    assert rows(degree.make({}, looks(engine, given), AS_OF)) == [("p", 2)]


def test_without_tables_nobody_is_tied(engine):
    """What is not known gives no rows, and no error."""
    none = {"look": table(engine, "look", [])}
    for module in (circle, seeds, tie, team):
        assert rows(module.make(none, looks(engine, []), AS_OF)) == []

# SPDX-License-Identifier: Apache-2.0
"""A random company as the tables that detectors read, made without a journal: honest work with missing links, no misuse.

Looks stand here already judged and weighed: what is tested is what a signal makes of them. Gaps are clustered by team and
month, persons are unequally busy, cases name families: what honest data is like.
"""

import itertools
import random
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

from whosaw.detect.defaults import load_defaults
from whosaw.detect.signal import World
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY, FIELDS, TABLES
from whosaw.facts.engine import engine_of
from whosaw.facts.opened import Facts
from whosaw.model.access import Field

START = 20_000 // 7 * 7  # a Thursday, like every week of the grid
DAYS = 182
AS_OF = (START + DAYS) * DAY
FUNCTIONS = ("support", "support", "support", "fraud", "safety", "security", "data", "audit")


@dataclass
class Ground:
    """Rows of tables. `looks`: dicts; what they leave out is nothing."""

    seed: int
    staff: list = field(default_factory=list)
    persons: list = field(default_factory=list)
    links: list = field(default_factory=list)
    events: list = field(default_factory=list)
    event_persons: list = field(default_factory=list)
    looks: list = field(default_factory=list)
    near: dict = field(default_factory=dict)

    def around(self, person):
        """Those who are one link away."""
        return sorted(self.near.get(person, ()))

    def link(self, a, b, kind):
        self.links.append({"a": a, "b": b, "kind": kind})
        self.near.setdefault(a, set()).add(b)
        self.near.setdefault(b, set()).add(a)

    def protected(self):
        return [p["person"] for p in self.persons if p["protected"]]

    def look(self, who, person, day, *fields, weight=0, mode="read", **more):
        """One more look, on a day of the company (0 is the first); `weight`: of its reason."""
        self.looks.append(
            {"who": who, "person": person, "at": day, "fields": fields, "weight": weight, "mode": mode, **more}
        )


def company(seed, *, staff=64, persons=1600, work=32, gaps=0.06, events=12):
    """`work`: cases per member of staff in half a year. `gaps`: share of cases that nobody linked."""
    draw = random.Random(seed)
    made = Ground(seed)
    units = [(f"{function}-{n}", function) for n, function in enumerate(FUNCTIONS)]
    for n in range(staff):
        unit, function = units[n % len(units)]
        made.staff.append({
            "who": f"e-{n:04d}", "unit": unit, "function": function, "manager": f"m-{n % len(units)}", "country": "IE",
            "own_person": f"p-{n:05d}" if n % 2 else None, "household": None,
        })  # fmt: skip
    own = {s["own_person"] for s in made.staff}
    names = [f"p-{n:05d}" for n in range(persons)]
    made.persons = [
        {"person": p, "region": "IE", "protected": int(draw.random() < 0.03 and p not in own), "staff": int(p in own)}
        for p in names
    ]
    for n, person in enumerate(names):  # a ring with short cuts: friends of friends know each other
        for step in (1, 2, draw.randrange(3, 9)):
            kind = "household" if step == 1 and n % 3 else "contact"
            made.link(person, names[(n + step) % persons], kind)
        if draw.random() < 0.2:
            made.link(person, draw.choice(names), "follows")
    busy = list(itertools.accumulate(draw.paretovariate(1.5) for _ in names))
    teams = {unit: [s["who"] for s in made.staff if s["unit"] == unit] for unit, _ in units}
    missing = {
        (s["unit"], month): min(0.6, draw.gammavariate(0.7, gaps / 0.7)) for s in made.staff for month in range(7)
    }
    for member in made.staff:
        for _ in range(round(work * draw.uniform(0.4, 1.6))):
            _case(draw, made, member, draw.choices(names, cum_weights=busy)[0], missing, teams)
    for n in range(events):
        made.events.append(
            {"event_id": f"v-{n}", "day": draw.randrange(20, DAYS - 20), "kind": "article", "stance": "critical"}
        )
        made.event_persons += [{"event_id": f"v-{n}", "person": p} for p in draw.sample(made.protected(), 2)]
    return made


def _case(draw, made, member, person, missing, teams):
    day = draw.randrange(DAYS - 8)
    weight = 0 if draw.random() < missing[member["unit"], day // 30] else draw.choice((100, 95, 85))
    named = [person]
    if draw.random() < 0.2:
        named += draw.sample(made.around(person), 1)
    for each in named:
        who = member["who"]
        for n in range(draw.choice((1, 1, 2, 3))):
            if draw.random() < 0.15:  # a colleague takes over
                who = draw.choice(teams[member["unit"]])
            fields = [Field.IP] if draw.random() < 0.2 else [Field.PROFILE]
            made.look(who, each, day + n * draw.choice((0, 1, 2)), *fields, weight=weight, hour=draw.randrange(8, 18))


def rows_of(made):
    """The rows of `world.looks`, as run.py has them."""
    staff = {s["who"]: s for s in made.staff}
    persons = {p["person"]: p for p in made.persons}
    seen, rows = {}, []
    for n, given in enumerate(sorted(made.looks, key=lambda g: (g["at"], g.get("hour", 9), g["who"], g["person"]))):
        day = START + given["at"]
        t = day * DAY + given.get("hour", 9) * DAY // 24 + n % 1000
        who, person, weight = given["who"], given["person"], given["weight"]
        last = seen.get((who, person))
        seen[who, person] = t
        first = int(last is None or t - last > 180 * DAY)
        row = dict.fromkeys(TABLES["look"])
        u = int(weight < 50)
        look_id = f"l-{n:06d}"
        row |= {
            "row": 2 * n, "leaf": n, "look_id": look_id, "t": t, "who": who, "account": who, "claimed": 0, "hint": 0,
            "person": person, "request": given.get("request") or look_id, "mode": given["mode"], "app": given.get("app"),
            "case": given.get("case"), "query": given.get("query"),
            "source": "log", "origin": "asked", "refused": 0, "rules": "", "asked": "",
            **{column: int(f in given["fields"]) for f, column in FIELDS.items()},
            "day": day, "named": 0, "size": 1, "tenure": 400,
            **{k: staff.get(who, {}).get(k) for k in ("unit", "function", "manager", "country", "own_person", "household")},
            "protected": persons.get(person, {}).get("protected", 0), "region": persons.get(person, {}).get("region"),
            "weight_then": weight, "weight_now": weight, "template": 0 if weight else -1, "near": 0, "first": first,
            "judged": 1, "u": u, "u1": u * first,
        }  # fmt: skip
        rows.append(row)
    return rows


_EXTRA = (
    "day", "named", "size", "tenure", "protected", "weight_then", "weight_now", "template", "near", "first", "judged", "u",
    "u1",
)  # fmt: skip
_EXTRA_TEXTS = ("unit", "function", "manager", "country", "own_person", "household", "region")


@contextmanager
def world(made, *, without=(), defaults=None):
    """The company on an engine, without some tables."""
    given = {
        "staff": made.staff, "persons": made.persons, "links": made.links,
        "events": [{**e, "t": (START + e["day"]) * DAY + DAY // 2} for e in made.events], "event_persons": made.event_persons,
    }  # fmt: skip
    columns = {**TABLES["look"], **dict.fromkeys(_EXTRA, "int?"), **dict.fromkeys(_EXTRA_TEXTS, "text?")}
    with engine_of() as engine:
        tables = {name: _table(engine, name, TABLES[name], rows) for name, rows in given.items() if name not in without}
        looks = tables["look"] = _table(engine, "looks", columns, rows_of(made))
        yield World(Facts(engine, tables), tables, looks, AS_OF, defaults or load_defaults(), load_templates())


def _table(engine, name, columns, rows):
    types = {"int": pa.int64(), "text": pa.string()}
    arrow = pa.table({
        column: pa.array([row.get(column) for row in rows], types[kind.rstrip("?")]) for column, kind in columns.items()
    })  # fmt: skip
    engine.backend.con.register(f"{name}_rows", arrow)
    engine.backend.con.execute(f"create table {name} as select * from {name}_rows")
    return engine.table(name)


def tried(detector, world):
    """Every signal of `detector`, and those of p up to a tenth told."""
    tables = {
        name: world.facts.rows(table, tuple(table.columns), name) for name, table in detector.query(world).items()
    }
    signals = list(detector.score(tables, world))
    assert len({(s.kind, s.unit) for s in signals}) == len(signals)
    told = {(s.kind, s.unit): s for s in detector.tell(world, [s for s in signals if s.p <= 0.1])}
    for signal in signals:
        assert 0 <= signal.p <= 1
        if (signal.kind, signal.unit) in told:
            assert told[signal.kind, signal.unit].p >= signal.p
    return sorted((told.get((s.kind, s.unit), s) for s in signals), key=lambda s: s.order)


def names_nobody(signal, made):
    """No identifier of the company stands in the sentence."""
    words = set(signal.sentence.replace(",", " ").replace(".", " ").replace(";", " ").split())
    ids = {s["who"] for s in made.staff} | {p["person"] for p in made.persons} | {e["event_id"] for e in made.events}
    return not words & (ids | {look.get("case") for look in made.looks} | {look.get("query") for look in made.looks})


def share_below(signals, p):
    """How many of all units, those that stayed in the engine as well, are below `p`."""
    rests = {(s.kind, s.stratum): s.rest for s in signals}
    return sum(s.p <= p for s in signals) / max(1, len(signals) + sum(rests.values()))

# SPDX-License-Identifier: Apache-2.0
"""Which looks have a reason, in plain Python: every combination of rows tried, nothing joined, nothing packed.

Written from the comment in templates.toml, by another road than `explain.py`: the two must agree to the number.
"""

from itertools import product

from whosaw.detect.explain import LATE, OVER, OWN
from whosaw.facts.columns import DAY

COLUMNS = {"case_persons": {"case_id": "case"}, "cases": {"case_id": "case"}}


def holds(row, t):
    return (row.valid_from is None or row.valid_from <= t) and (row.valid_to is None or t < row.valid_to)


class World:
    """Looks (dicts as `rows.look_rows` makes them) and the rows of a directory."""

    def __init__(self, looks, tables, templates, defaults):
        self.templates, self.defaults, self.tables = templates, defaults, tables
        self.rows = {
            "staff": tables.staff_rows,
            "cases": tables.case_rows,
            "case_persons": tables.case_person_rows,
            "assignments": tables.assignment_rows,
        }
        # Links and regions come from dataset folders alone; and who looks seldom has no habits: test_conventions.py.
        known = {name for name, rows in self.rows.items() if rows is not None}
        placed = enumerate(templates.templates)
        self.usable = [(place, t) for place, t in placed if t.needs <= known and not t.convention]
        self.looks = [dict(look) for look in looks]
        for look in self.looks:
            look.update(self._as_of(look))
            look["named"] = any(other["leaf"] == look["leaf"] and other["claimed"] for other in self.looks)
            look["alone"] = not look["named"]
            if look["claimed"]:
                look["named"] = False  # the name itself was made in nobody's name
        for look in self.looks:
            look["own_tool"] = self._own_tool(look)
        self.judged = {look["row"]: self._judge(look) for look in self.looks}
        self.judged |= {look["row"]: self._of_list(look) for look in self.looks if self._long(look)}

    def _as_of(self, look):
        person = [p for p in self.tables.person_rows if p.person == look["person"] and holds(p, look["t"])]
        member = self.member(look["who"], look["t"])
        return {
            "unit": member and member.unit,
            "function": member and member.function,
            "manager": member and member.manager,
            "protected": any(p.protected for p in person),
            "region": person[0].region if person else None,
        }

    def _own_tool(self, look):
        """At least half of the account's looks are made with it, and like this one in somebody's name or not."""

        def tool(each):
            return each["source"] if each["app"] is None else each["app"], each["named"]

        mine = [tool(each) for each in self.looks if each["who"] == look["who"]]
        return mine.count(tool(look)) * 2 >= len(mine)

    def member(self, who, t):
        return next((s for s in self.tables.staff_rows if s.who == who and holds(s, t)), None)

    # ── one look, one template ──

    def _judge(self, look):
        """(weight then, place of its template, weight now, nearest miss) by the templates alone."""
        found, now, misses = [], [0], []
        for place, template in self.usable:
            if not self._applies(look, template):
                continue
            tables = [t for t in ("cases", "case_persons", "assignments", "staff") if self._in_path(t, template)]
            for rows in product(*(self.rows[t] for t in tables)):
                there = dict(zip(tables, rows, strict=True))
                if not self._ties(look, there, template):
                    continue
                flags = self._flags(look, there, template)
                weight = min(template.weight, template.protected_at_most) if look["protected"] else template.weight
                if not flags & (OVER | OWN):
                    now.append(weight)
                if flags:
                    misses.append((flags.bit_count(), place, flags))
                elif weight:
                    found.append((-weight, place))
        weight, place = min(found, default=(0, -1))
        return -weight, place, max(now), min(misses, default=(0, 0, 0))[2]

    def _in_path(self, table, template):
        return any(ref.table == table for step in template.path for ref in step)

    def _applies(self, look, template):
        if look["person"] is None or any(look[f"f_{name}"] for name in template.never_fields):
            return False
        if (template.alone and not look["alone"]) or (template.own_tool and not look["own_tool"]):
            return False
        only = template.only
        return ("purpose" not in only or look["purpose"] in only["purpose"]) and (
            "function" not in only or look["function"] in only["function"]
        )

    def _value(self, look, there, ref):
        if ref.table == "look":
            return look[ref.column]
        return getattr(there[ref.table], COLUMNS.get(ref.table, {}).get(ref.column, ref.column))

    def _ties(self, look, there, template):
        t = look["t"]
        for table, row in there.items():
            if table in ("staff", "assignments") and not holds(row, t):
                return False
            if table != "staff" and row.known_to is not None and t >= row.known_to:
                return False
        if "type" in template.only and there["cases"].type not in template.only["type"]:
            return False
        if template.ends and there["assignments"].valid_to is None:
            return False
        if "scope_kind" in template.only and there["assignments"].scope_kind not in template.only["scope_kind"]:
            return False
        for a, b in template.path:
            left, right = self._value(look, there, a), self._value(look, there, b)
            if left is None or left != right:
                return False
        return True

    def _flags(self, look, there, template):
        t = look["t"]

        def moved(instant):
            value = self._value(look, there, instant.ref)
            return None if value is None else value + instant.offset

        late = template.start is not None and moved(template.start) is not None and t < moved(template.start)
        late |= any(moved(each) is not None and t <= moved(each) for each in template.before)
        for table, row in there.items():
            if table != "staff" and row.known_from is not None:
                lag = self.defaults.feed_lag_hours * DAY // 24 if row.first else 0
                late |= t < row.known_from - lag
        over = template.end is not None and moved(template.end) is not None and t >= moved(template.end)
        member = self.member(look["who"], t)
        own = any(self._is(look, member, there, ref) for ref in template.unlike)
        own |= any(
            self._value(look, there, ref) is None
            for ref in (*template.unlike, *template.outside)
            if ref.column in ("opened_by", "added_by")
        )
        for ref in template.outside:
            whose = self._value(look, there, ref)
            own |= any(
                look["unit"] is not None and s.unit == look["unit"] and holds(s, t)
                for s in self.tables.staff_rows
                if whose is not None and whose in (s.who, s.own_person)
            )
        return LATE * late + OVER * over + OWN * own

    def _is(self, look, member, there, ref):
        """The principal at `ref` is the one who looks, their own private account, or of their household."""
        whose = self._value(look, there, ref)
        if whose is not None and whose in (look["who"], member and member.own_person):
            return True
        home = getattr(there[ref.table], f"{ref.column}_home")
        return member is not None and home is not None and home == member.household

    def _long(self, look):
        return look["mode"] != "search" and look["person"] is not None and self._size(look) > self.defaults.narrow

    def _of_list(self, look):
        """The same, where most of a long list has a reason: of another list none has."""
        same = ("request", "who", "claimed")
        mine = [o for o in self.looks if self._long(o) and all(o[name] == look[name] for name in same)]
        weight, place, now, near = self.judged[look["row"]]

        def few(at):
            return 2 * sum(self.judged[o["row"]][at] >= self.templates.explained_from for o in mine) < len(mine)

        return 0 if few(0) else weight, -1 if few(0) else place, 0 if few(2) else now, near

    # ── looks in their order ──

    def explained(self, look):
        """What explain.py says of a look: weights, template, nearest miss, first."""
        weight, place, now, near = self.judged[look["row"]]
        repeat, template = 0, place
        before = [o for o in self.looks if self._before(o, look)]
        own = [o for o in before if self.judged[o["row"]][0] >= self.templates.explained_from]
        if own:
            anchor = max(own, key=lambda o: (o["t"], self.judged[o["row"]][0]))
            if look["t"] - anchor["t"] <= self.templates.repeat_days * DAY:
                repeat = self.judged[anchor["row"]][0] * self.templates.repeat_keep // 100
        if repeat > weight:
            template = len(self.templates.templates)
        last = max((o["t"] for o in before), default=None)
        return {
            "weight_then": max(weight, repeat),
            "weight_now": max(weight, repeat, now),
            "template": template,
            "near": near,
            "first": int(last is None or look["t"] - last > self.defaults.first_days * DAY),
        }

    def _before(self, other, look):
        same = all(other[name] == look[name] for name in ("who", "person", "claimed"))
        return same and (other["t"], other["look_id"], other["row"]) < (look["t"], look["look_id"], look["row"])

    # ── units ──

    def counts(self, as_of):
        """{(kind, unit, days, block): (n, k, n first, k first)} of persons."""
        found = {}
        least = self.templates.explained_from
        for look in self.looks:
            if look["claimed"] or look["person"] is None or look["t"] > as_of or not self._judged(look):
                continue
            said = self.explained(look)
            nowhere = None if look["function"] else "not in the directory"
            # A machine is in no team.
            teams = () if look["function"] == "service" else ("unit", "manager", "function", "unlisted")
            for kind in ("principal", *teams):
                id_ = {"principal": look["who"], "unlisted": nowhere}.get(kind, look.get(kind))
                for days in self.defaults.windows:
                    block = (as_of - look["t"]) // (days * DAY)
                    if id_ is None or block >= (self.defaults.reference_days // days if kind == "principal" else 1):
                        continue
                    n, k, n1, k1 = found.setdefault((kind, id_, days, block), (set(), set(), set(), set()))
                    u, first = said["weight_then"] < least, said["first"]
                    for holding, into in ((True, n), (u, k), (first, n1), (u and first, k1)):
                        if holding:
                            into.add(look["person"])
        return {key: tuple(map(len, sets)) for key, sets in found.items()}

    def _judged(self, look):
        """Of a narrow request every look; of a wide one those at the first few, but for a search that somebody explains."""
        if self._size(look) <= self.defaults.narrow:
            return True
        mine = [o for o in self.looks if (o["request"], o["who"], o["claimed"]) == (look["request"], look["who"], 0)]
        mine = [o for o in mine if o["person"] is not None]
        if look["mode"] != "read" and any(
            self.explained(o)["weight_then"] >= self.templates.explained_from for o in mine
        ):
            return False
        return look["person"] in sorted({o["person"] for o in mine})[: self.defaults.narrow]

    def _size(self, look):
        same = [o for o in self.looks if o["request"] == look["request"]]
        seen = len({o["person"] for o in same} - {None})
        return max(seen, *(o["mentions"] or 0 for o in same))

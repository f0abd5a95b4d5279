# SPDX-License-Identifier: Apache-2.0
"""One company of one part, in a process of its own: `python -m bench.quality.one PART SEED` prints what was measured."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality.company import Looked, Truth, invented, listed, looked, truth_of, without
from bench.quality.plan import COVERABLE, PARTS

from whosaw.detect.lines import time as said
from whosaw.detect.run import forget, world_of
from whosaw.detect.templates import load_templates
from whosaw.evaluate.calibration import distance, kolmogorov
from whosaw.evaluate.match import hits
from whosaw.facts.columns import instant
from whosaw.facts.dataset.opened import open_dataset
from whosaw.simulate.scenarios import Family, Turn, turns

_STRICT = 10  # findings per 1,000 staff and month, for the motive
_GRID = 2000


def main() -> None:
    part, seed = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as made:
        found = MEASURES[part](Path(made), seed)
    used = resource.getrusage(resource.RUSAGE_SELF)
    found |= {
        "part": part, "seed": seed, "cpu_seconds": round(time.process_time(), 1), "peak_mb": used.ru_maxrss // 1024,
    }  # fmt: skip
    print(json.dumps(found))


def _made(folder: Path, part: str, seed: int, **more: Any) -> Path:
    of = PARTS[part]
    more.setdefault("planned", turns(of.scenarios))
    invented(folder, of.staff, of.days, seed, **more)
    return folder


# ── motive ──


def motive(made: Path, seed: int) -> dict[str, Any]:
    """Found as of just before the third outsider was first looked at? If not, at the end?"""
    folder = _made(made / "company", "motive", seed)
    truth = truth_of(folder)
    (incident,) = truth.incidents
    with open_dataset(folder) as facts:
        inside = _inside(facts)
        outsiders = sorted(t for person, t in _firsts(facts, incident.looks).items() if person not in inside)

        def found(as_of: int) -> int | None:
            """The rank at which it is found within the places that there are by then."""
            company = looked(facts, as_of)
            may = truth.period.places(_STRICT, instant(as_of))
            lines = listed(company, 3 * may + 10, made)
            forget(company.world)
            return next((rank for rank, line in enumerate(lines, start=1) if hits(line, incident)), None)

        def rank(as_of: int) -> tuple[int | None, int]:
            return found(as_of), truth.period.places(_STRICT, instant(as_of))

        # A finding counts once it has entered: what is found early needs no second run, and what is not gets two more.
        end = facts.dataset.end
        middle = (outsiders[-1] + end) // 2 if outsiders else end
        instants = ([("third", outsiders[2] - 1)] if len(outsiders) > 2 else []) + [("end", end), ("later", middle)]
        tried: dict[str, tuple[int | None, int]] = {}
        for name, as_of in instants:
            at, may = tried[name] = rank(as_of)
            if at is not None and at <= may:
                break
        else:
            name = None
        return {"found": name is not None, "when": name, "outsiders": len(outsiders), "tried": tried,
                "places": truth.period.places(_STRICT, truth.period.end)}  # fmt: skip


def _inside(facts: Any) -> set[str]:
    """Accounts of those who work there."""
    staff = facts.tables["staff"]
    rows = facts.rows(staff.filter(staff.own_person.notnull()).select("own_person").distinct(), ("own_person",), "own")
    return {row["own_person"] for row in rows}


def _firsts(facts: Any, looks: Any) -> dict[str, int]:
    """Per person of these looks the first of them."""
    look = facts.tables["look"]
    mine = look.filter(look.look_id.isin(sorted(looks)), look.person.notnull())
    rows = facts.rows(mine.group_by("person").aggregate(t=mine.t.min()), ("person",), "first")
    return {row["person"]: row["t"] for row in rows}


# ── lists ──


def all_(made: Path, seed: int) -> dict[str, Any]:
    """Everything planted: ours, the peer, each signal left out, and which planted looks were explained away."""
    return _whole(_made(made / "company", "all", seed), made, peer=True, ablate=True)


def further(made: Path, seed: int) -> dict[str, Any]:
    """The same with families that are not the simulator's."""
    from bench.quality.further import FAMILIES

    return _whole(_made(made / "company", "further", seed, planned=twice(FAMILIES)), made, peer=True, ablate=False)


def unread(made: Path, seed: int) -> dict[str, Any]:
    """The same with families that nobody has read."""
    from bench.quality.unread import FAMILIES

    return _whole(_made(made / "company", "unread", seed, planned=twice(FAMILIES)), made, peer=True, ablate=False)


def twice(families: Sequence[Family]) -> tuple[Turn, ...]:
    """What is planned with these families: each of them two times."""
    return tuple(
        Turn(family, nth, 1 + nth * len(families) + at) for nth in range(2) for at, family in enumerate(families)
    )


def split(made: Path, seed: int) -> dict[str, Any]:
    """Lists shared out so that nobody shares a person, half of them in no class."""
    dials = {"split_list": {"share": 0.5}}
    return _whole(_made(made / "company", "split", seed, dials=dials), made, peer=False, ablate=False)


def covered(made: Path, seed: int) -> dict[str, Any]:
    """The same incidents twice: no cover story at all, and one for half of the looks."""
    found = {}
    for name, cover in (("plain", 0.0), ("half", 0.5)):
        dials = {family: {"cover": cover} for family in COVERABLE}
        found[name] = _whole(_made(made / name, "covered", seed, dials=dials), made, peer=False, ablate=False)
    return found


def _whole(folder: Path, made: Path, *, peer: bool, ablate: bool) -> dict[str, Any]:
    truth = truth_of(folder)
    with open_dataset(folder) as facts:
        before = time.process_time()
        company = looked(facts, facts.dataset.end)
        lines = listed(company, truth.places, made)
        took = time.process_time() - before
        found: dict[str, Any] = {
            "ours": truth.measured(lines).json(), "seconds": round(took, 1), "reasons": reasons(company.world, truth),
            "off": list(company.all_.failed),
        }  # fmt: skip
        if peer:
            from bench.quality.peer import peers

            theirs = peers(company.world, said(facts.dataset.end), truth.places, made)
            found["peers"] = {name: truth.measured(each).json() for name, each in theirs.items()}
        if ablate:
            found["without"] = ablated(company, truth, made)
    return found


def ablated(company: Looked, truth: Truth, made: Path) -> dict[str, Any]:
    """Per signal what is left without it: fused again, nothing computed again."""
    found = {}
    for name in sorted({s.signal for s in company.all_.signals}):
        left = truth.measured(listed(without(company, {name}), truth.places, made))
        found[name] = {
            "average_precision": left.average_precision, "recall": left.budgets[1].recall,
            "precision": left.budgets[1].precision, "families": {f.family: f.average_precision for f in left.families},
        }  # fmt: skip
    return found


def reasons(world: Any, truth: Truth) -> dict[str, Any]:
    """How many ordinary looks have a reason, first ones apart; and of the planted ones how many, by family."""
    looks = world.looks.filter(world.looks.claimed == 0, world.looks.person.notnull())
    looks = looks.mutate(reason=(looks.weight_then >= world.templates.explained_from).cast("int64"))
    planted = {look: each for each in truth.planted for look in each.looks if not each.benign}
    (all_looks,) = world.facts.rows(
        looks.aggregate(
            looks=looks.count(), reason=looks.reason.sum(), first=looks["first"].sum(),
            first_reason=(looks["first"] * looks.reason).sum(),
        ), ("looks",), "reasons",
    )  # fmt: skip
    rows = world.facts.rows(
        looks.filter(looks.look_id.isin(sorted(planted))).select("look_id", "person", "reason", "first", "template", "case"),
        ("look_id", "person"), "planted",
    ) if planted else []  # fmt: skip
    made_for = _made_for(world, {line["incident"]: line.get("also", ()) for line in truth.raw if "incident" in line})
    of_others = {at for at, of in enumerate(world.templates.templates) if "case_persons" not in of.needs}
    # Bulk looks hold others too; only the looks that the truth names count, at the persons that it names.
    mine = [row for row in rows if row["person"] in planted[row["look_id"]].persons]
    ordinary = {name: (all_looks[name] or 0) for name in ("looks", "reason", "first", "first_reason")}
    for row in mine:
        for name, value in (("looks", 1), ("reason", row["reason"]), ("first", row["first"]),
                            ("first_reason", row["first"] * row["reason"])):  # fmt: skip
            ordinary[name] -= value
    families: dict[str, Counter[str]] = {}
    for row in mine:
        each = planted[row["look_id"]]
        counts = families.setdefault(each.family, Counter())
        cases, persons = made_for[each.id]
        faked = row["case"] in cases or (row["person"] in persons and row["template"] not in of_others)
        counts["looks"] += 1
        counts["reason"] += row["reason"]
        counts["reason_not_faked"] += row["reason"] and not faked
        if row["reason"]:
            counts[f"by {row['template']}"] += 1
    return {"ordinary": ordinary, "planted": {name: dict(counts) for name, counts in sorted(families.items())}}


def _made_for(world: Any, also: Mapping[str, Sequence[str]]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Per incident the cases that were made for it, and whom they name: such a case explains looks that name no case as well."""
    names = ("case_id", "person")
    if "case_persons" not in world.tables:
        return {of: (frozenset(made), frozenset()) for of, made in also.items()}
    named = world.tables["case_persons"]
    named = named.filter(named.case_id.isin(sorted({each for made in also.values() for each in made})))
    rows = world.facts.rows(named.select(*names).distinct(), names, "made for it") if any(also.values()) else []
    return {
        of: (frozenset(made), frozenset(row["person"] for row in rows if row["case_id"] in made))
        for of, made in also.items()
    }


# ── calm ──


def calm(made: Path, seed: int) -> dict[str, Any]:
    """Nothing planted: p of every unit, and whom the list names all the same."""
    from whosaw.cli.detect import _write_units
    from whosaw.evaluate.calibration import _filled, calibrated, units_of

    folder = _made(made / "company", "calm", seed)
    truth = truth_of(folder)
    with open_dataset(folder) as facts:
        company = looked(facts, facts.dataset.end)
        lines = listed(company, truth.places, made)
        units = made / "units"
        _write_units(units, company.all_.signals)
        signals = {}
        for path in sorted(units.glob("*.jsonl")):
            strata = units_of(path, ())
            made_ = calibrated(path.stem, strata)
            # What never left the engine has no names: without the seed all companies would draw the same for it.
            filled = [p for stratum, each in strata.items() for p in _filled(f"{path.stem} {seed}", stratum, each)]
            grid = Counter(min(_GRID - 1, int(p * _GRID)) for p in filled)
            signals[path.stem] = {
                "units": made_.units, "ratios": made_.ratios, "distance": distance(filled),
                "distance_p": kolmogorov(distance(filled), made_.units),
                "grid": [grid[i] for i in range(_GRID)],
            }  # fmt: skip
        alone = {s.unit for s in company.all_.signals if s.kind == "principal" and s.p <= 0.01}
        from whosaw.evaluate.around import attributes_of

        staff = attributes_of(folder, truth.period.start)
        named = {who for line in lines[: truth.period.places(25, truth.period.end)] for who in line.principals}
        groups: dict[str, dict[str, list[int]]] = {}
        for who, of in staff.items():
            for attribute, group in of.items():
                counts = groups.setdefault(attribute, {}).setdefault(group, [0, 0, 0])
                for at, value in enumerate((1, who in named, who in alone)):
                    counts[at] += value
        return {
            "signals": signals, "groups": groups, "reasons": reasons(company.world, truth), "staff": truth.period.staff,
            "off": list(company.all_.failed),
        }  # fmt: skip


def standard(made: Path, seed: int) -> dict[str, Any]:
    """The company of the defaults: reasons only."""
    from whosaw.detect.defaults import load_defaults

    folder = _made(made / "company", "standard", seed)
    truth = truth_of(folder)
    with open_dataset(folder) as facts:
        world = world_of(facts, facts.dataset.end, load_defaults(), load_templates().without(facts.dataset.unsaid))
        return {"reasons": reasons(world, truth), "staff": truth.period.staff}


MEASURES = {
    "motive": motive, "all": all_, "further": further, "unread": unread, "split": split, "covered": covered, "calm": calm, "standard": standard,
}  # fmt: skip

if __name__ == "__main__":
    main()

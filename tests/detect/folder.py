# SPDX-License-Identifier: Apache-2.0
"""A dataset folder of sixty staff and two months, written by hand: honest work with cases, and two who look without one."""

import csv
import json
import random
from datetime import UTC, datetime, timedelta

START = datetime(2022, 5, 1, tzinfo=UTC)
DAYS = 60
TWO = ("e-41", "e-42")
LISTED = tuple(f"p-{i:03d}" for i in range(400, 411))


def at(day):
    return (START + timedelta(days=day)).isoformat().replace("+00:00", "Z")


def folder(path, *, seed=1, planted=True, without=(), wrong=0, sparse=False):
    """Write it. `without`: tables that are not there; `wrong`: rows that cannot be read; `sparse`: nobody says who opened a case."""
    draw = random.Random(seed)
    staff = [
        {"staff_id": f"e-{i:02d}", "unit": f"u-{i // 10}", "function": "audit" if i > 49 else "support",
         "manager": f"e-{i // 10}0", "country": "IE"}
        for i in range(60)
    ]  # fmt: skip
    looks, cases, named = [], [], []
    for number in range(700):
        who, person, day = draw.randint(0, 49), f"p-{draw.randint(0, 399):03d}", draw.uniform(0, DAYS - 2)
        by = "" if sparse else f"e-{(who + 20) % 50:02d}"
        cases.append(
            {"case_id": f"c-{number}", "type": "ticket", "opened": at(day), "assignee": f"e-{who:02d}", "opened_by": by}
        )
        if draw.random() > 0.04:
            named.append({"case_id": f"c-{number}", "person": person, "added": at(day), "added_by": by})
        looks += [
            _look(f"e-{who:02d}", person, day + draw.uniform(0.1, 1), f"c-{number}") for _ in range(draw.randint(1, 3))
        ]
    if planted:
        # In the first half, so that a replay sees them come and, long after, go.
        looks += [_look(draw.choice(TWO), person, draw.uniform(5, 28), "") for person in LISTED for _ in range(3)]
    looks = [{"look_id": f"l-{i:05d}", **look} for i, look in enumerate(sorted(looks, key=lambda x: x["time"]))]
    persons = [{"person": f"p-{i:03d}", "region": "IE", "classes": "press" if i > 404 else ""} for i in range(411)]
    tables = {"looks": looks, "staff": staff, "cases": cases, "case_persons": named, "persons": persons}
    path.mkdir(parents=True, exist_ok=True)
    about = {"format": "whosaw-dataset/1", "name": "sixty", "from": at(0), "to": at(DAYS)}
    (path / "dataset.json").write_text(json.dumps(about))
    for name, rows in tables.items():
        if name not in without:
            with (path / f"{name}.csv").open("w", newline="") as file:
                out = csv.DictWriter(file, rows[0])
                out.writeheader()
                out.writerows(rows)
                if name == "looks":
                    out.writerows({**rows[0], "look_id": f"x-{i}", "time": "yesterday"} for i in range(wrong))
    return path


def _look(who, person, day, case):
    return {"time": at(day), "principal": who, "person": person, "fields": "ip|profile", "mode": "read", "case": case}

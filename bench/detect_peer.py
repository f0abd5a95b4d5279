# SPDX-License-Identifier: Apache-2.0
"""What a team would write instead: features of each pair of principal and person in pandas, and one detector of PyOD over them.

    python bench/detect_peer.py FOLDER        runs in an environment of its own, `make bench-detect` makes it

It reads the same Parquet, joins cases and staff for its features as a team would, and lists the pairs that stand out most.
It gives no reasons, looks at no circles, teams or times, and judges no look as of its instant.
"""

import json
import resource
import sys
import time
from pathlib import Path


def features(folder: Path):
    """One row for each principal and person."""
    import numpy as np
    import pandas as pd

    looks = pd.read_parquet(folder / "looks.parquet")
    looks["time"] = pd.to_datetime(looks["time"], utc=True)
    hour = looks["time"].dt.hour
    looks["night"] = ((hour < 7) | (hour > 19)).astype("int8")
    looks["day"] = looks["time"].dt.floor("D")
    for field in ("ip", "location", "activity"):
        looks[field] = [int(field in fields) for fields in looks["fields"]]
    looks["search"] = (looks["mode"] == "search").astype("int8")
    named = pd.read_parquet(folder / "case_persons.parquet").drop_duplicates(["case_id", "person"])
    named["fits"] = 1
    looks = looks.merge(named[["case_id", "person", "fits"]], how="left", left_on=["case", "person"], right_on=["case_id", "person"])  # fmt: skip
    looks["without"] = looks["fits"].isna().astype("int8")
    persons = pd.read_parquet(folder / "persons.parquet")
    persons["protected"] = persons["classes"].notna().astype("int8")
    looks = looks.merge(persons[["person", "protected"]].drop_duplicates("person"), how="left", on="person")
    pairs = looks.groupby(["principal", "person"], sort=False).agg(
        n=("look_id", "size"), without=("without", "sum"), night=("night", "sum"), days=("day", "nunique"),
        ip=("ip", "max"), location=("location", "max"), activity=("activity", "max"), search=("search", "sum"),
        protected=("protected", "max"), first=("time", "min"), last=("time", "max"),
    ).reset_index()  # fmt: skip
    pairs["span"] = (pairs["last"] - pairs["first"]).dt.total_seconds()
    pairs["lookers"] = pairs.groupby("person")["principal"].transform("size")
    pairs["persons"] = pairs.groupby("principal")["person"].transform("size")
    pairs["others_without"] = pairs.groupby("principal")["without"].transform("sum")
    staff = pd.read_parquet(folder / "staff.parquet").drop_duplicates("staff_id")
    pairs = pairs.merge(staff[["staff_id", "function"]], how="left", left_on="principal", right_on="staff_id")
    pairs["usual"] = pairs.groupby("function")["n"].transform("mean")
    columns = [c for c in pairs.columns if c not in ("principal", "person", "first", "last", "staff_id", "function")]
    return np.ascontiguousarray(pairs[columns].fillna(0).to_numpy(dtype=float))


def main() -> None:
    folder = Path(sys.argv[1])
    said: dict[str, float] = {}
    began, wall = time.process_time(), time.monotonic()
    x = features(folder)
    said["features"], said["features_wall"] = time.process_time() - began, time.monotonic() - wall
    from pyod.models.ecod import ECOD
    from pyod.models.iforest import IForest

    for name, model in (("iforest", IForest(random_state=0)), ("ecod", ECOD())):
        began, wall = time.process_time(), time.monotonic()
        model.fit(x)
        (-model.decision_scores_).argsort()[:1000]
        said[name], said[f"{name}_wall"] = time.process_time() - began, time.monotonic() - wall
    said["rows"] = len(x)
    said["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(said))


if __name__ == "__main__":
    main()

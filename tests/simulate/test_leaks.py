# SPDX-License-Identifier: Apache-2.0
"""Nothing but what was done tells a planted row: not its identifier, its place in the file, its form or its fractions of a second.

A logistic regression on those, fitted on one half and asked about the other, must guess.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.simulate.made import make, table, truth


@dataclass(frozen=True)
class Told:
    """Looks and cases of one company as numbers, which of them were planted, and how far from a guess chance alone may lead."""

    looks: np.ndarray
    planted: np.ndarray
    cases: np.ndarray
    made: np.ndarray


# With ten of each family a small advantage shows: an AUC of .52 is three standard errors from a guess.
@pytest.fixture(scope="module", params=[3, pytest.param(10, marks=pytest.mark.slow)], ids="each-{}-times".format)
def told(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("company") / "full"
    make(folder, *["all"] * request.param, staff=50 + 5 * request.param, days=30)
    lines = [line for line in truth(folder) if line["family"] != "honest_curiosity"]
    looks = [row for row in table(folder, "looks") if row["person"] and not row["bulk"]]
    cases = table(folder, "cases")
    ours, made = ({one for line in lines for one in line.get(what, [])} for what in ("looks", "also"))
    return Told(
        *features(looks, "look_id", ("time", "arrived"), ours),
        *features(cases, "case_id", ("opened",), made),
    )


def features(rows, code: str, times: tuple[str, ...], ours: set[str]) -> tuple[np.ndarray, np.ndarray]:
    """Of each planted row and as many others: the digits of its identifier and times, its order, the lengths of its cells."""
    every = max(1, (len(rows) - len(ours)) // max(4_000, 2 * len(ours)))
    made, planted = [], []
    for at, row in enumerate(rows):
        if at % every and row[code] not in ours:
            continue
        digits = [int(digit, 16) for digit in row[code].partition("-")[2]]
        clock = [int(c) for time in times for c in row[time][17:23].replace(".", "")]
        made.append([*clock, *digits, at % 7, row[code] > rows[at - 1][code], *(len(row[c]) for c in (code, *times))])
        planted.append(row[code] in ours)
    values = np.array(made, dtype=float)
    return np.hstack([values, values % 2]), np.array(planted)  # parities, too


def auc(values: np.ndarray, planted: np.ndarray) -> float:
    """Fitted on even rows of each kind, asked about odd ones."""
    values = (values - values.mean(axis=0)) / np.where(values.std(axis=0) > 0, values.std(axis=0), 1)
    half = np.zeros(len(planted), dtype=bool)
    for kind in (True, False):
        half[np.flatnonzero(planted == kind)[::2]] = True
    weight = np.zeros(values.shape[1])
    balance = np.where(planted[half], 0.5 / planted[half].mean(), 0.5 / (1 - planted[half].mean()))
    for _ in range(150):
        guess = 1 / (1 + np.exp(-values[half] @ weight))
        weight -= 0.5 * (values[half].T @ (balance * (guess - planted[half])) / half.sum() + 1e-3 * weight)
    score = values[~half] @ weight
    rank = np.empty(len(score))
    rank[np.argsort(score, kind="stable")] = np.arange(len(score))
    yes = planted[~half]
    return float((rank[yes].mean() - (yes.sum() - 1) / 2) / (~yes).sum())


def bound(planted: np.ndarray) -> float:
    """Three standard errors of the AUC of a guess on half of the rows."""
    return 3 / np.sqrt(12 * planted.sum() / 2)


def test_the_measure_sees_a_leak(told):
    """If planted looks were made at full seconds, it would be found: the test can fail."""
    spoiled = told.looks.copy()
    half = told.looks.shape[1] // 2
    spoiled[np.ix_(told.planted, [2, 3, 4, half + 2, half + 3, half + 4])] = 0
    assert auc(spoiled, told.planted) > 0.9


def test_no_form_of_a_look_tells(told):
    """Identifier, order, time and arrival of a look."""
    assert told.planted.sum() > 500
    assert abs(auc(told.looks, told.planted) - 0.5) < bound(told.planted)


def test_no_form_of_a_case_tells(told):
    """The same of the cases that were made for cover, or for a twin."""
    assert told.made.sum() > 150
    assert abs(auc(told.cases, told.made) - 0.5) < bound(told.made)

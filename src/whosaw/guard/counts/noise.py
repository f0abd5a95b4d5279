# SPDX-License-Identifier: Apache-2.0
"""Noise: whole numbers of the discrete Laplace distribution, drawn by OpenDP from the system's secure source.

    [12, 0, 7], 100 thousandths ──▶ [31, -4, 2]

Invariant: the library itself says that what it adds is worth no more epsilon than was charged, or nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any

from whosaw.errors import MissingExtra


def need_opendp() -> None:
    """Before anything is on record: an extra that is missing is no attempt. Raises MissingExtra."""
    _opendp()


def opendp_noise(counts: Sequence[int], epsilon: int) -> list[int]:
    """`counts` with noise, where one account changes one of them by one. `epsilon`: thousandths."""
    return [int(each) for each in mechanism(epsilon)(list(counts))]


def mechanism(epsilon: int) -> Any:
    """OpenDP's measurement for this epsilon."""
    dp = _opendp()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    scale = 1000 / epsilon
    while True:
        made = dp.m.make_laplace(*space, scale=scale)
        # The library rounds up what it claims to cost. Don't compare with a tolerance: take a hair more noise.
        if Fraction(made.map(1)) <= Fraction(epsilon, 1000):
            return made
        scale = math.nextafter(scale, math.inf)


def _opendp() -> Any:
    try:
        dp = import_module("opendp.prelude")
    except ModuleNotFoundError:
        raise MissingExtra("counts", "counting without people") from None
    dp.enable_features("contrib")  # OpenDP's word for: proofs were written and read, and not yet vetted twice
    return dp

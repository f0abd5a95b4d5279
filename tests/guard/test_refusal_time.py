# SPDX-License-Identifier: Apache-2.0
"""How long a refusal takes does not say whether the person is protected.

Many refusals of each kind, by turns, over one guard; then: how often does one of the first kind take longer than one of the
second? Half of the time, if nothing is to be read from it. The bounds are wide, for a machine that does other things meanwhile.
"""

import time
from itertools import product

import pytest
from tests.guard.gate import Gate

from whosaw.guard.answer import Refused

ROUNDS = 400
# A customer like all others, and a protected one: refused for the same reason, and each for a reason of its own.
PAIRS = [
    ("no case", {"person": "mira", "case": None}, {"person": "kate", "case": None}),
    ("another's case", {"person": "owen", "case": "T-100"}, {"person": "kate", "case": "T-100"}),
    ("too much", {"person": "mira", "what": "ip:exact"}, {"person": "kate", "what": "ip:exact", "case": "F-201"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("one", "other"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS])
def test_how_long_a_refusal_takes_does_not_tell_who_is_protected(one, other, tmp_path):
    """Of all pairs of a refusal here and one there, between 35 and 65 of a hundred take longer here."""
    gate = Gate(tmp_path)
    taken = {"one": [], "other": []}
    for n in range(ROUNDS + 20):
        # By turns, and not always the same one first: whatever else the machine does, it does to both.
        for name, asked in sorted({"one": one, "other": other}.items(), reverse=n % 2 == 0):
            look = gate.ask(**asked)
            begun = time.perf_counter()
            answer = gate.guard.look(look)
            spent = time.perf_counter() - begun
            assert isinstance(answer, Refused)
            if n >= 20:  # the first ones fill caches
                taken[name].append(spent)
    gate.close()
    longer = sum(a > b for a, b in product(taken["one"], taken["other"])) / ROUNDS**2
    assert 0.35 <= longer <= 0.65, longer

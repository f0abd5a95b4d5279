# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy`: read, check, explain, test, compare and replay what decides.

check        is it a policy at all, what is in it, and what is wrong where       explain    a rule, or a recorded decision, in words
test         golden decisions: do they come out as the table says?               diff       what changes between two policies
replay       what a new policy would have said of every recorded look
"""

from __future__ import annotations

import click

from whosaw.cli.policy.check import check
from whosaw.cli.policy.diff import diff
from whosaw.cli.policy.explain import explain
from whosaw.cli.policy.golden import test
from whosaw.cli.policy.replay import replay


@click.group()
def policy() -> None:
    """What decides: check it, explain it, test it, and see what a change would change."""


for _command in (check, explain, test, diff, replay):
    policy.add_command(_command)

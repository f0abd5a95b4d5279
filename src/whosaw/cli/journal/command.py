# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal`: make a log, see how it stands, and whether everything on the disk is what was written.

init         a log alone
status       how it stands, beside whoever writes it
metrics      the same for a monitoring system
fsck         everything held against everything else; with --repair, what follows is made again
scrub        the same from the disk, slowly and for ever
witness      cosignatures for the current heads, now
export       copies for others: the public log, or records with proofs
mirror       another log, or ours on another machine, verified before it is kept
"""

from __future__ import annotations

import click

from whosaw.cli.journal.export import export
from whosaw.cli.journal.fsck import fsck
from whosaw.cli.journal.init import init
from whosaw.cli.journal.metrics import metrics
from whosaw.cli.journal.mirror import mirror
from whosaw.cli.journal.scrub import scrub
from whosaw.cli.journal.status import status
from whosaw.cli.journal.witness import witness


@click.group()
def journal() -> None:
    """The log: its state, its check, its copies."""


for _command in (init, status, metrics, fsck, scrub, witness, export, mirror):
    journal.add_command(_command)

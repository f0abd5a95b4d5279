# SPDX-License-Identifier: Apache-2.0
"""Every command but `verify`, which needs less: one file each, all thin. Parse, call, print.

argv ──Click──▶ command ──▶ wiring ──▶ Table on stdout, exit code
└ WhosawError ──▶ error: and hint: on stderr, exit code from the one table
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from whosaw import errors
from whosaw.cli.approval_answer import approval
from whosaw.cli.caller import caller
from whosaw.cli.collect_dataset import collect
from whosaw.cli.complaint import INTERRUPTED, complain
from whosaw.cli.count import count
from whosaw.cli.demo.command import demo
from whosaw.cli.detect import detect
from whosaw.cli.directory import directory
from whosaw.cli.erase import erase, hold
from whosaw.cli.evaluate import evaluate
from whosaw.cli.finding import finding
from whosaw.cli.health import health
from whosaw.cli.init import init
from whosaw.cli.inquiry_inferred import inquiry
from whosaw.cli.journal.command import journal
from whosaw.cli.look import look
from whosaw.cli.nudge import nudge
from whosaw.cli.operator import NotTheirs
from whosaw.cli.options import Left
from whosaw.cli.output import REFUSED
from whosaw.cli.overseer import overseer
from whosaw.cli.passkey import passkey
from whosaw.cli.places import places
from whosaw.cli.policy.command import policy
from whosaw.cli.pseudonym_address import pseudonym
from whosaw.cli.quota import quota
from whosaw.cli.sample import sample
from whosaw.cli.serve import serve
from whosaw.cli.sigma_run import sigma
from whosaw.cli.simulate import simulate
from whosaw.cli.statement import statement
from whosaw.cli.suppression import suppression
from whosaw.cli.suspend import suspend
from whosaw.cli.ticket import ticket
from whosaw.cli.usage import told
from whosaw.cli.vault_reroot import vault
from whosaw.cli.watch import watch
from whosaw.cli.witness import witness


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="whosaw", message="whosaw %(version)s")
@click.option(
    "--start-unwitnessed",
    metavar="REASON",
    help="Open the log although no witness can be asked; the reason becomes its first record.",
)
def whosaw(start_unwitnessed: str | None) -> None:
    """Who saw whose data, why, and can you prove it?"""
    del start_unwitnessed  # `options.opened` finds it


@whosaw.command("verify", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def _verify(words: tuple[str, ...]) -> int:
    """Verify a published log, a statement, a receipt or a proof; needs no data folder."""
    from whosaw.verify.command import main

    return main(words)


for _command in (
    init,
    demo,
    directory,
    caller,
    look,
    approval,
    passkey,
    overseer,
    serve,
    sigma,
    ticket,
    collect,
    vault,
    watch,
    detect,
    evaluate,
    finding,
    suppression,
    nudge,
    inquiry,
    statement,
    erase,
    hold,
    suspend,
    quota,
    pseudonym,
    count,
    sample,
    simulate,
    policy,
    places,
    health,
    journal,
    witness,
):
    whosaw.add_command(_command)


def run(argv: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A folder's name may be no text at all; an answer that cannot be printed must not look like one never made.
        sys.stdout.reconfigure(errors="backslashreplace")
    # What is worth a line is an error of ours, and is told as one. The library's own log is for who asks for it.
    logging.getLogger("whosaw").addHandler(logging.NullHandler())
    try:
        code = whosaw.main(list(argv), prog_name="whosaw", standalone_mode=False)
    except click.ClickException as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            sys.stderr.write(f"{error.format_message()}\n\n")
        return complain(told(error))
    except click.Abort:
        sys.stderr.write("stopped; what is on record stays, and the same command goes on from there\n")
        return INTERRUPTED
    except errors.WhosawError as error:
        return complain(error)
    except NotTheirs as no:
        sys.stderr.write(f"refused: {no}\nThe attempt is recorded as leaf {no.leaf}.\n")
        return REFUSED
    except Left:
        return errors.EXIT[errors.BadInput]
    except Exception as error:  # noqa: BLE001 - its text may quote what it choked on, so it is not shown
        return complain(_fault(error))
    return code if isinstance(code, int) else 0


def _fault(error: Exception) -> errors.WhosawError:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" at {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"
    return errors.OutcomeUnknown(
        f"a fault in whosaw itself: {type(error).__name__}{where}",
        hint="nothing was released that is not on record; please report the line above",
    )

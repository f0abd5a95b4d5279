# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal metrics`: how the log stands, as monitoring systems read it, from what is on the disk."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from whosaw.beside import glance
from whosaw.cli.options import Place, data_option
from whosaw.datafolder import now
from whosaw.errors import Unavailable
from whosaw.verify.state import replace_file
from whosaw.web.health import measured
from whosaw.web.metrics import metrics_text


@click.command()
@click.option("--out", type=Place(), help="Replace this file instead of printing: for a textfile collector.")
@data_option
def metrics(out: Path | None, data: Path) -> int:
    """Numbers of the log in the text format of Prometheus. Works beside whoever writes it, and changes nothing.

    A running house says more on its own address: `web.health`.
    """
    with glance(data) as here:
        text = metrics_text(measured(here.stores, here.verifier_keys(), now(), None, files=True))
    if out is None:
        sys.stdout.write(text.decode())
        return 0
    try:
        replace_file(out, text)
        out.chmod(0o644)  # the collector is another user; nothing in it is private
    except OSError as error:
        raise Unavailable(
            f"{out} cannot be written: {error.strerror}",
            part="--out",
            hint="the file there is whole: the one of before, or this one",
        ) from None
    return 0

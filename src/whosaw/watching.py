# SPDX-License-Identifier: Apache-2.0
"""Watching in an open house: the journal becomes facts, the facts a run, the run's findings are kept.

    House ──journal, directory──▶ facts ──▶ detect.run ──▶ findings.json ──▶ reviewing, desks, cli

The facts are sealed below the house's root: what somebody else wrote into their folder is found when they are next brought
up to date, and made anew from the journal.

Invariants: that these detectors watch is on record before they say anything, and of what they found the digest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from whosaw.facts.columns import micros
from whosaw.facts.engine import Room
from whosaw.facts.known import KnownDirectory
from whosaw.facts.opened import Facts, open_facts
from whosaw.facts.project import project
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, parse
from whosaw.privacy.root import Mac
from whosaw.settings.sources import ends
from whosaw.wiring import House

if TYPE_CHECKING:
    from whosaw.detect.finding import Findings
    from whosaw.detect.run import Run

FINDINGS = "findings.json"


@contextmanager
def facts(here: House, *, rebuild: bool = False, room: Room = Room()) -> Iterator[Facts]:  # noqa: B008  frozen
    """The facts, brought up to everything that is durable now. `rebuild`: from leaf 0 on, whatever is there. `room`: what the engine may take."""
    note, seal = here.journal.publish_now(), Mac(here.root.facts)
    log = here.journal.reader()
    project(
        log, KnownDirectory(here.directory), here.facts_folder, size=log.size, checkpoint=note, seal=seal,
        at=micros(here.clock()), rebuild=rebuild,
    )  # fmt: skip
    with open_facts(here.facts_folder, seal, room=room) as opened:
        yield opened


def watch(here: House, *, rebuild: bool = False, room: Room = Room()) -> Run:  # noqa: B008  frozen
    """Watch everything up to now."""
    from whosaw.detect.defaults import load_defaults
    from whosaw.detect.record import detectors_body
    from whosaw.detect.run import watch as run
    from whosaw.detect.templates import load_templates

    defaults, templates, ended = load_defaults(), load_templates(), ends(here.settings.source_ended)
    _record_detectors(here, detectors_body(defaults, templates, here.clock(), ended))
    with facts(here, rebuild=rebuild, room=room) as opened:
        made = run(
            opened, micros(here.clock()), earlier=findings(here), defaults=defaults, templates=templates, ended=ended
        )
    _keep(here, made.kept)
    return made


def findings(here: House) -> Findings | None:
    """Every finding ever made; None before the first watch. Raises NotCanonical for a file that is none of ours."""
    from whosaw.detect import findings_file

    raw = here.stores.private.read(FINDINGS)
    return None if raw is None else findings_file.parse(raw, FINDINGS)


def _keep(here: House, kept: Findings) -> None:
    """Write what was found. Its digest is on record first: whoever is shown the file later can tell that it was this one."""
    from whosaw.detect import findings_file
    from whosaw.detect.record import found_body

    before = findings(here)
    if before is not None and before.nonce is not None and before.says(kept):
        return  # a watch a minute that finds nothing new would else be half a million records a year
    raw = findings_file.encode(replace(kept, nonce=os.urandom(32).hex()))
    body = found_body(raw, here.clock())
    key = f"findings-{hashlib.sha256(raw).hexdigest()[:32]}"
    here.journal.submit(Submission("desks", key, (Record(Stream.named("findings"), body),)))
    here.stores.private.replace(FINDINGS, raw)


def _record_detectors(here: House, body: bytes) -> None:
    stream = Stream.named("detectors")
    key = here.keyring.find(stream)
    earlier = []
    if key is not None:
        here.journal.publish_now()
        earlier = here.journal.reader().run(key)
    if earlier and _timeless(earlier[-1].body) == _timeless(body):
        return
    here.journal.submit(Submission("desks", f"detectors-{len(earlier)}", (Record(stream, body),)))


def _timeless(body: bytes) -> dict[str, object]:
    return {name: value for name, value in parse(body).items() if name != "at"}

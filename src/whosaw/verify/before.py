# SPDX-License-Identifier: Apache-2.0
"""The two heads of a statement, held against what this verifier has seen before, and remembered for the next time.

    saved size 900 ──▶ statement of size 900: the same root                      the same history
                       statement of size 600 or 1,200: a proof is needed         from the published log, with --folder
                                                                                 without it: not checked, not remembered

A statement shows no consistency proof, so alone it can be compared only with a head of its own size.

Invariant: a head takes the place of a saved one only after the saved one was shown to be its beginning.
                                                                          Specification: docs/spec/statement.md §2
"""

from __future__ import annotations

from whosaw.errors import Damaged, ProofFailed
from whosaw.verify.folder import Audit
from whosaw.verify.head import Head, open_head
from whosaw.verify.history import check_same_log
from whosaw.verify.index_root import IndexRoot
from whosaw.verify.map_log import MapSource, open_map_head
from whosaw.verify.source import Source
from whosaw.verify.steps import Said, Steps, Verdict

TITLE = "The same log as before"


def take_before(index: IndexRoot, audit: Audit, source: Source | None, steps: Steps) -> None:
    """The step; where everything holds, the next run compares with these heads."""
    steps.take(TITLE, lambda said: _check(index, audit, source, said))
    if audit.keep is None or audit.saved is None or not steps.sound or steps.done[-1].verdict is not Verdict.HOLDS:
        return
    for one in (index.head, index.of):  # the log last: where only one is saved, the other is compared with an older one
        saved = audit.saved(one.origin)
        if saved is None or saved.size < one.size:
            steps.remarks.append(audit.keep(one))


def _check(index: IndexRoot, audit: Audit, source: Source | None, said: Said) -> None:
    for one, what in ((index.of, "The log, "), (index.head, "The log of the index, ")):
        saved = None if audit.saved is None else audit.saved(one.origin)
        if saved is None:
            said.say(f"{what}size {one.size:,}: seen for the first time with this state file.")
            continue
        if one is index.of:
            old = open_head(saved.note, audit.trust, audit.now, Said(), "saved checkpoint", quorum=False)
            there = source
        else:
            where = "saved checkpoint of the map log"
            old = open_map_head(saved.note, index.genesis, audit.trust, audit.now, Said(), where=where, quorum=False)
            there = None if source is None else MapSource(source)
        _one_history(there, old, one, what, said)


def _one_history(source: Source | None, old: Head, head: Head, what: str, said: Said) -> None:
    first, last = sorted((old, head), key=lambda one: one.size)
    if first.size == last.size:
        if first.root != last.root:
            said.keep("older-checkpoint", first.note)
            said.keep("checkpoint", last.note)
            raise ProofFailed(
                f"two histories: size {first.size:,} was signed with two roots", step="consistency",
                ours=old.note, theirs=head.note,
            )  # fmt: skip
        said.say(f"{what}size {first.size:,} has the root that it had before.")
    elif source is None:
        said.leave_out(
            f"{what}size {old.size:,} was seen before, and this is size {head.size:,}: whether one is the beginning of the "
            "other can be told with the published log; give --folder."
        )
    else:
        try:
            check_same_log(source, first, last, "saved before" if first is old else "of this statement", said)
        except Damaged:
            said.unclear(f"the folder does not reach size {last.size:,}", hint="fetch the newest published folder")

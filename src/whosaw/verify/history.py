# SPDX-License-Identifier: Apache-2.0
"""One history: the older of two checkpoints is the beginning of the newer one, or both are kept as evidence.

    older, newer ──consistency proof from the served tiles──▶ the same log
                 └─▶ shrunk, two roots at one size, no proof: two signed notes that no one log has

Invariant: where they are not one history, both signed notes go into the evidence: they convict without any other witness.
                                                                          Specification: docs/spec/checkpoint.md §5
"""

from __future__ import annotations

from whosaw.errors import ProofFailed
from whosaw.tlog.merkle import check_consistency, prove_consistency
from whosaw.verify.head import Head
from whosaw.verify.source import Source
from whosaw.verify.steps import Said
from whosaw.verify.tree import served_nodes
from whosaw.verify.words import counted


def check_same_log(source: Source, old: Head, head: Head, which: str, said: Said) -> None:
    """`old` must be the beginning of `head`. Where it is not, both signed notes go into the evidence."""

    def fork(sentence: str) -> ProofFailed:
        said.keep("older-checkpoint", old.note)
        said.keep("checkpoint", head.note)
        return ProofFailed(sentence, step="consistency", ours=old.note, theirs=head.note)

    if old.size > head.size:
        raise fork(f"the checkpoint has size {head.size:,}, and the one {which} has {old.size:,}: a log never shrinks")
    if old.size == head.size and old.root != head.root:
        raise fork(
            f"two histories: this checkpoint and the one {which} have size {head.size:,} and different roots, "
            "both signed by the log"
        )
    if old.size == head.size:
        said.count("grown", 0)
        said.say(f"The checkpoint {which} has the same size, {head.size:,}, and the same root.")
        return
    if old.size == 0:
        said.say(f"The checkpoint {which} was of an empty log, which is the beginning of every log.")
        return
    proof = prove_consistency(served_nodes(source, head.size), old.size, head.size)
    try:
        check_consistency(old.size, head.size, proof, old.root, head.root)
    except ProofFailed as error:
        raise fork(
            f"size {old.size:,} ({which}) cannot be shown to be the beginning of size {head.size:,}: {error}"
        ) from None
    said.count("grown", head.size - old.size)
    said.say(
        f"The checkpoint {which}, of size {old.size:,}, is its beginning ({counted(len(proof), 'hash', 'hashes')}); "
        f"{counted(head.size - old.size, 'leaf', 'leaves')} more since."
    )

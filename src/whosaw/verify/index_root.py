# SPDX-License-Identifier: Apache-2.0
"""The root of an index that is believed: signed by the log of the index, for one head of the log and no other.

    head of the log ──of exactly it──▶ last leaf of the log of the index ──under──▶ head of that log ──▶ root

Invariant: whoever has one has checked both heads, and that the one is about the other. Specification: docs/spec/index.md §3
"""

from __future__ import annotations

from dataclasses import dataclass

from whosaw.errors import ProofFailed
from whosaw.tlog.prefix import TrieProof
from whosaw.verify.genesis import Genesis
from whosaw.verify.head import Head


@dataclass(frozen=True, slots=True)
class IndexRoot:
    """The root of the index of exactly the head `of`. `head`: that of the map log which says so, with the keys of `genesis`."""

    root: bytes
    head: Head
    of: Head
    genesis: Genesis

    def place(self, proof: TrieProof | None, label: bytes, where: str) -> int | None:
        """Where `label` stands, None where it stands nowhere. Raises ProofFailed."""
        if proof is None or proof.label != label:
            raise ProofFailed(f"{where}: its proof from the index is about another label", step="index")
        try:
            return proof.check(self.root)
        except ProofFailed as error:
            raise ProofFailed(f"{where}: its proof from the index does not hold: {error}", step="index") from None

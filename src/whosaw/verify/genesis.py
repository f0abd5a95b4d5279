# SPDX-License-Identifier: Apache-2.0
"""Genesis: leaf 0, opened for everybody. It fixes the keys that nothing else may fix.

    genesis file  {"body":{…},"nonce":"…"} ──commitment──▶ leaf 0 under the checkpoint's root
                       │
                       ├─ logs       the keys that sign every checkpoint, all of them, for the life of the log
                       ├─ map        the log of the index: its name, and the keys that sign it, all of them
                       ├─ receipts   the key that signs receipts
                       └─ vrf        the key that gives every account its one first label, with its certificate

Were these keys handed out beside the log, one person could be shown one key and another person another: two streams for
one account, each with a proof. Under leaf 0 there is one.

Invariant: keys come from here only after the leaf was found under a signed root, at index 0, with the genesis label.
                                                                          Specification: docs/spec/genesis.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.model import genesis as model
from whosaw.tlog import leaf, note, receipt
from whosaw.tlog.map_leaf import map_origin
from whosaw.tlog.merkle import Node, check_inclusion, leaf_hash, prove_inclusion
from whosaw.tlog.note import VerifierKey, open_note
from whosaw.tlog.vrf import ROOTS, VrfPublic
from whosaw.verify.head import Head
from whosaw.verify.source import Source
from whosaw.verify.steps import Said
from whosaw.verify.words import counted

LIMIT = 512 * 1024


@dataclass(frozen=True, slots=True)
class Genesis:
    """What leaf 0 fixes, its keys as keys."""

    origin: str
    log_keys: tuple[VerifierKey, ...]
    map_keys: tuple[VerifierKey, ...]
    receipt_key: VerifierKey
    vrf: VrfPublic
    leaf_hash: bytes = field(repr=False)
    after: bytes | None = field(default=None, repr=False)

    @classmethod
    def open(cls, nonce: bytes, body: bytes, where: str = "genesis") -> Genesis:
        """The genesis that this body spells, with its VRF key's certificate checked. Not yet known to be leaf 0."""
        given = model.Genesis.parse(body, where)
        made = cls(
            given.origin,
            tuple(VerifierKey.parse(key, f"{where}, logs") for key in given.logs),
            tuple(VerifierKey.parse(key, f"{where}, map") for key in given.map_logs),
            VerifierKey.parse(given.receipts, f"{where}, receipts"),
            VrfPublic.parse(given.vrf_n, given.vrf_certificate, f"{where}, vrf"),
            leaf_hash(leaf.entry(leaf.GENESIS_LABEL, leaf.commitment(nonce, body))),
            given.after,
        )
        if made.receipt_key.name != receipt.signing_name(made.origin) or made.receipt_key.kind != note.ED25519:
            raise NotCanonical("the receipt key is not for receipts of this origin", where=where)
        if any(key.name != made.origin or key.kind == note.COSIGNATURE for key in made.log_keys):
            raise NotCanonical("a log key is not one of this origin", where=where)
        if given.map_origin != map_origin(made.origin) or any(
            key.name != given.map_origin or key.kind == note.COSIGNATURE for key in made.map_keys
        ):
            raise NotCanonical("a key of the map log is not one of its origin", where=where)
        return made


def check_genesis(made: Genesis, path: Sequence[bytes], head: Head, said: Said) -> None:
    """`made` is leaf 0 under `head`, of this very log, and all the keys that it fixes signed the head."""
    if made.origin != head.origin:
        raise ProofFailed("genesis: it is of another log than the checkpoint", step="genesis")
    try:
        check_inclusion(made.leaf_hash, 0, head.size, path, head.root)
    except ProofFailed as error:
        raise ProofFailed(f"genesis: it does not open leaf 0: {error}", step="genesis") from None
    said.say("It opens leaf 0 and fixes the keys for checkpoints, the index, receipts and first labels.")
    # For the standard one signature of a trusted key would do. But an altered line looks like an unknown key's and is
    # ignored, so a changed byte would pass as checked. A log that begins with two keys keeps both for life.
    missing = set(made.log_keys) - open_note(head.note, (*made.log_keys,)).keys
    if missing:
        raise ProofFailed(
            f"checkpoint: {len(missing)} of the {len(made.log_keys)} keys that the genesis leaf fixes did not sign it",
            step="genesis",
            theirs=head.note,
            hint="a signature line was altered or removed",
        )
    said.say(f"The checkpoint is signed by all of them: {counted(len(made.log_keys), 'key')}.")
    said.say(f"The key for first labels has its {ROOTS} roots: no account can have two first labels.")


def check_served(source: Source, head: Head, node: Node, said: Said) -> Genesis:
    """The genesis that a folder or URL serves, proven by its tiles."""
    raw = source.read("genesis", LIMIT)
    if raw is None:
        raise ProofFailed("genesis: is missing: nobody can check receipts or statements without it", step="genesis")
    said.keep("genesis", raw)
    file = model.GenesisFile.parse(raw)
    made = Genesis.open(file.nonce, file.body)
    check_genesis(made, prove_inclusion(node, 0, head.size), head, said)
    return made

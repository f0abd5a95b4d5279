# SPDX-License-Identifier: Apache-2.0
"""Under which of an account's keys each record of a statement stands.

    k_0  record 1 … n, the last one a rekey ──commits to──▶ k_1  record 1 … m, a rekey ──▶ … ──▶ k_r  record 1 … l

A stream is given a new key so that whoever holds an older statement does not see when something is recorded. The chain of
keys is as hard as the enrolment: each key is committed to by the last record under the one before.

Invariant: numbers have no gap under any key, and no key is taken that the record before it does not commit to.
                                                                          Specification: docs/spec/statement.md
"""

from __future__ import annotations

from collections.abc import Iterator

from whosaw.errors import ProofFailed
from whosaw.model.record import Json, Kind, canonical
from whosaw.tlog import leaf
from whosaw.verify.shape import base64_of
from whosaw.verify.statement_file import Generation, Opened, Withheld


def commits(kind: Kind, key: bytes) -> bytes:
    """The body of a leaf that commits to a key: an enrolment's, or a rekey's."""
    wanted: Json = {"v": 1, "kind": str(kind), "stream_key": base64_of(leaf.stream_key_digest(key))}
    return canonical(wanted)


def walk(one: Generation, of: str = "") -> Iterator[tuple[Opened | Withheld, bytes, str]]:
    """Each record with its label and a word for it. Raises ProofFailed at the first number, or key, that does not follow."""
    keys, at, i = one.keys, 0, 0
    for n, record in enumerate(one.records, 1):
        where, i = f"record {n}{of}", i + 1
        if record.i != i:
            raise ProofFailed(
                f"{where}: number {record.i} stands in its place: one is missing or moved", step="records"
            )
        yield record, leaf.label(keys[at], i), where
        if isinstance(record, Opened) and record.said["kind"] == str(Kind.REKEY):
            at, i = at + 1, 0
            if at == len(keys):
                raise ProofFailed(f"{where}: it leads to a new key, which the statement does not give", step="records")
            if record.body != commits(Kind.REKEY, keys[at]):
                raise ProofFailed(f"{where}: it commits to another key than the statement's", step="records")
    if at != len(keys) - 1:
        raise ProofFailed(f"the statement gives {len(keys)} keys, and its records lead to {at + 1}", step="records")


def ends(one: Generation) -> list[int]:
    """How many records stand under each key. After `walk` has come to its end."""
    counts = [0]
    for record in one.records:
        counts[-1] += 1
        if isinstance(record, Opened) and record.said["kind"] == str(Kind.REKEY):
            counts.append(0)
    return counts

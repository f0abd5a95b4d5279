# SPDX-License-Identifier: Apache-2.0
"""The prefix trie: one hash that says of every label where it stands, or that it stands nowhere.

    S      a set of pairs (label, index); bit j of a label is (label[j >> 3] >> (7 - (j & 7))) & 1
    T(S,d) = H(0x02)                                            S empty
           = H(0x03 ‖ label ‖ u64be(index))                     one pair, at whatever depth
           = H(0x04 ‖ T(bit d = 0, d+1) ‖ T(bit d = 1, d+1))    two pairs or more
    root   = T(all pairs, 0)

                    ┌── 0 ──┴── 1 ──┐               the way of 101… from the root down ends at one terminal:
              ┌─ 00 ┴ 01 ─┐     10 ─┴─ 11           a leaf of that label     present, at its index
              a           ∅     b      c            a leaf of another one    absent
                                                    nothing                  absent

The root follows from the public leaves alone, whatever the order in which they came: an auditor makes it again without
learning who is who. A pair travels as 40 bytes, label ‖ u64be(index); ``rows`` are such pairs, sorted. The hash of a
subtree travels as a *branch*, 33 bytes: the prefix byte that it was made with, then the hash. So whoever joins two of
them knows whether they stand for nothing, for one pair or for more.

Invariant: the way of a label in one root is unique, so presence and absence cannot both be shown. A proof against a root
that nobody signed proves nothing.                                    Specification: docs/spec/index.md §1 and §2
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog.spelling import (
    HASH,
    hash_bytes,
    natural,
    parse_decimal,
    parse_hash,
    parse_lines,
    render_base64,
    render_decimal,
)

BITS = 8 * HASH
ROW = HASH + 8
BRANCH = 1 + HASH
NOTHING = b"\x02" + sha256(b"\x02").digest()
EMPTY = NOTHING[1:]
HEADER = b"whosaw/trie-proof@v1"
LIMIT = 16 * 1024

NONE, ONE, MORE = 2, 3, 4  # what a branch begins with that stands for no pair, for one, and for two or more


def row(label: bytes, index: int) -> bytes:
    """The 40 bytes of one pair."""
    return hash_bytes(label, "label") + natural(index, "index").to_bytes(8)


def rows_of(pairs: Iterable[tuple[bytes, int]]) -> list[bytes]:
    """Rows of these pairs, sorted."""
    return sorted(row(label, index) for label, index in pairs)


def pair(row: bytes) -> tuple[bytes, int]:
    """The label and the index of a row."""
    return row[:HASH], int.from_bytes(row[HASH:])


def root(rows: Sequence[bytes]) -> bytes:
    """The root over these rows, which are sorted and have no label twice."""
    return branch(rows)[1:]


def branch(rows: Sequence[bytes], depth: int = 0) -> bytes:
    """T(S, depth) for sorted rows that agree on their first `depth` bits. BadInput for a label twice."""
    if not rows:
        return NOTHING
    if len(rows) == 1:
        return b"\x03" + sha256(b"\x03" + rows[0]).digest()
    made = branches(rows, depth)
    if len(made) > 1:
        raise BadInput("rows are not of one subtree")
    return made[0][1]


def branches(rows: Sequence[bytes], depth: int) -> list[tuple[int, bytes]]:
    """For each prefix of `depth` bits that any of these sorted rows has: the prefix, and T(its rows, depth).

    BadInput for a label twice.
    """
    if not rows:
        return []
    bits, keys, turns = _turns(rows, depth)
    # From left to right, each leaf is hashed upwards to where the next one turns off. A subtree that lies to the left of
    # what comes waits on the stack; where none waits, there is nothing. Recursion would be shorter and half as fast.
    made: list[tuple[int, bytes]] = []
    depths: list[int] = []
    hashes: list[bytes] = []
    before = depth
    for pair, key, after in zip(rows, keys, turns, strict=True):
        node = sha256(b"\x03" + pair).digest()
        if before == after == depth:
            made.append((key >> bits - depth, b"\x03" + node))
            continue
        at = before if before > after else after  # noqa: FURB136 - a call of max() costs a tenth of all this
        while at > after:
            if not key >> bits - at & 1:
                node = sha256(b"\x04" + node + EMPTY).digest()
            elif depths and depths[-1] == at:
                depths.pop()
                node = sha256(b"\x04" + hashes.pop() + node).digest()
            else:
                node = sha256(b"\x04" + EMPTY + node).digest()
            at -= 1
        if after == depth:
            made.append((key >> bits - depth, b"\x04" + node))
        else:
            depths.append(at)
            hashes.append(node)
        before = after
    return made


def _turns(rows: Sequence[bytes], depth: int) -> tuple[int, list[int], list[int]]:
    """The labels as numbers of so many bits, and at which depth each parts from the next one: at `depth` at the least."""
    # The first 64 bits tell the labels of every honest log apart, and small numbers are twice as fast.
    for bits in (64, BITS) if depth < 64 else (BITS,):
        keys = [int.from_bytes(row[: bits >> 3]) for row in rows]
        turns = [bits + 1 - (a ^ b).bit_length() for a, b in pairwise(keys)]
        if not turns or max(turns) <= bits:
            break
    else:
        raise BadInput("rows have a label twice")
    if keys != sorted(keys):
        raise BadInput("rows are not sorted")
    turns.append(depth)
    return bits, keys, turns if min(turns) >= depth else [max(turn, depth) for turn in turns]


def prove(rows: Sequence[bytes], label: bytes, depth: int = 0, above: Sequence[bytes] = ()) -> TrieProof:
    """What the way of `label` ends at, in the subtree at `depth` that these sorted rows are.

    `above`: the siblings on the way down to it, from the root; none where the rows are the whole trie.
    """
    siblings, key = list(above), int.from_bytes(hash_bytes(label, "label"))
    while len(rows) > 1:
        half = 1 << BITS - 1 - depth
        middle = ((key >> BITS - depth << 1 | 1) * half).to_bytes(HASH)
        cut = bisect_left(rows, middle)
        low, high = rows[:cut], rows[cut:]
        depth += 1
        rows, other = (high, low) if key & half else (low, high)
        siblings.append(branch(other, depth)[1:])
    return TrieProof(label, pair(rows[0]) if rows else None, tuple(reversed(siblings)))


@dataclass(frozen=True, slots=True)
class TrieProof:
    """That `label` is present at `index`, or absent. `terminal`: the pair at the end of its way, None where nothing is.

    `siblings` stand deepest first. Labels are noise to whoever has no key, and yet a label of one person: no repr.
    """

    label: bytes = field(repr=False)
    terminal: tuple[bytes, int] | None = field(repr=False)
    siblings: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        hash_bytes(self.label, "label")
        if self.terminal is not None:
            row(*self.terminal)
        if len(self.siblings) > BITS:
            raise BadInput("more siblings than a label has bits")
        for sibling in self.siblings:
            hash_bytes(sibling, "sibling")

    @property
    def index(self) -> int | None:
        """Where the label stands; None where it is absent. Worth something after `check`."""
        return self.terminal[1] if self.terminal is not None and self.terminal[0] == self.label else None

    def check(self, root: bytes) -> int | None:
        """Where the label stands under this root, None where it stands nowhere. Raises ProofFailed."""
        depth, key = len(self.siblings), int.from_bytes(self.label)
        if self.terminal is not None and (int.from_bytes(self.terminal[0]) ^ key) >> BITS - depth:
            raise ProofFailed("the leaf at its end is not on the way of the label", step="trie")
        # Beside nothing, a subtree of one pair would stand higher up.
        if depth and self.siblings[0] == EMPTY:
            raise ProofFailed("the deepest sibling is empty, which no trie has", step="trie")
        made = EMPTY if self.terminal is None else sha256(b"\x03" + row(*self.terminal)).digest()
        for j, sibling in zip(range(depth - 1, -1, -1), self.siblings, strict=True):
            both = sibling + made if key >> BITS - 1 - j & 1 else made + sibling
            made = sha256(b"\x04" + both).digest()
        if made != root:
            raise ProofFailed("it does not lead to this root", step="trie", ours=root, theirs=made)
        return self.index

    def encode(self) -> bytes:
        """The proof as text."""
        lines = [HEADER, b"label " + render_base64(self.label), self._end(), *map(render_base64, self.siblings)]
        return b"\n".join(lines) + b"\n"

    def _end(self) -> bytes:
        if self.terminal is None:
            return b"empty"
        label, index = self.terminal
        if label == self.label:
            return b"leaf " + render_decimal(index)
        return b"other " + render_base64(label) + b" " + render_decimal(index)

    @classmethod
    def parse(cls, raw: bytes, where: str = "trie proof") -> TrieProof:
        """The proof that `raw` spells. Nothing about it is verified."""
        lines = parse_lines(raw, where, LIMIT)
        if lines[0] != HEADER:
            raise NotCanonical(f"not {HEADER.decode()}", where=f"{where}, line 1")
        if len(lines) < 3 or not lines[1].startswith(b"label "):
            raise NotCanonical("no label, or no end of its way", where=f"{where}, line 2")
        if len(lines) > 3 + BITS:
            raise NotCanonical("more siblings than a label has bits", where=where)
        label = parse_hash(lines[1].removeprefix(b"label "), f"{where}, line 2")
        terminal = _terminal(lines[2], label, f"{where}, line 3")
        siblings = tuple(parse_hash(line, f"{where}, line {n}") for n, line in enumerate(lines[3:], 4))
        made = cls(label, terminal, siblings)
        # Every piece above has one spelling; this is the sentence that says so of the whole.
        if made.encode() != raw:
            raise NotCanonical("not the one spelling", where=where)
        return made


def _terminal(line: bytes, label: bytes, where: str) -> tuple[bytes, int] | None:
    match line.split(b" "):
        case [b"empty"]:
            return None
        case [b"leaf", index]:
            return label, parse_decimal(index, where)
        case [b"other", other, index]:
            return parse_hash(other, where), parse_decimal(index, where)
    raise NotCanonical("not a leaf, another leaf, or empty", where=where)

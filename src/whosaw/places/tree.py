# SPDX-License-Identifier: Apache-2.0
"""The search tree of a checked MMDB file, walked to see how a network is cut up: the reader tells of addresses only.

    203.0.112.0/20 ──▶ 203.0.112.0, 203.0.113.0, 203.0.114.128, …      the first address of each piece
                   └─▶ None where a piece of it is in no record, or there are more pieces than anybody should count

No record is decoded here: what a piece says is asked of the reader, by its path.
Specification: MaxMind DB file format 2.0, "Binary search tree section"
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST = 4096  # pieces of one network that are looked at


@dataclass(frozen=True, slots=True)
class Tree:
    """`nodes` of two records of `bits` bits each stand at the beginning of `raw`. `version`: 4 or 6."""

    raw: bytes = field(repr=False)
    nodes: int
    bits: int
    version: int

    def pieces(self, network: Network) -> tuple[str, ...] | None:
        """The first address of each piece with one record, where there is one everywhere in `network`; else None."""
        width = network.max_prefixlen
        if self.version == 4 and width == 128:
            return None
        node, depth = 0, 0
        if self.version == 6 and width == 32:
            for _ in range(96):
                node = self._next(node, 0) if node < self.nodes else node
        first = int(network.network_address)
        while depth < network.prefixlen and node < self.nodes:
            node = self._next(node, first >> (width - 1 - depth) & 1)
            depth += 1
        # Sideways from here: (node, first address, depth). A list and no recursion, for the tree is somebody else's.
        found: list[str] = []
        waiting = [(node, first, depth)]
        while waiting:
            node, start, depth = waiting.pop()
            if node == self.nodes or len(found) == MOST or depth > width:
                return None
            if node > self.nodes:
                found.append(str(type(network.network_address)(start)))
                continue
            half = 1 << (width - 1 - depth) if depth < width else 0
            waiting += [(self._next(node, 1), start + half, depth + 1), (self._next(node, 0), start, depth + 1)]
        return tuple(found)

    def _next(self, node: int, side: int) -> int:
        """The record of `node` on this side: another node, the number of nodes for nothing, or beyond it a place in the data."""
        wide = self.bits // 4
        raw = self.raw[node * wide : (node + 1) * wide]
        if self.bits == 28:
            high = raw[3] >> 4 if side == 0 else raw[3] & 15
            return high << 24 | int.from_bytes(raw[:3] if side == 0 else raw[4:])
        half = wide // 2
        return int.from_bytes(raw[:half] if side == 0 else raw[half:])

# SPDX-License-Identifier: Apache-2.0
"""Two sightings that may be compared: out of an inquiry whose step is on record, or invented for teaching. There is no third.

    step of an inquiry, recorded ──its receipt──▶ Closed        only ``inquiry.inferred`` can have that receipt
    addresses of documentation   ────────────────▶ Closed        192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32

Invariant: what comes first hands over the key to what comes second: without a receipt of this log for a step that says
`nearness` and `shown`, there is no Closed, and ``nearness`` takes nothing else.              Decided in: docs/adr/0124
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from whosaw.errors import BadInput, NotCanonical, ProofFailed, WrongReceipt
from whosaw.model.record import Kind, parse
from whosaw.places.network import Seen
from whosaw.tlog import leaf, merkle
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.receipt import open_receipt

WHAT: Final = "nearness"
_INVENTED = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
_DOOR = object()


class Leaf(Protocol):
    """One opened leaf of the step."""

    @property
    def label(self) -> bytes: ...
    @property
    def nonce(self) -> bytes: ...
    @property
    def body(self) -> bytes: ...


class Recorded(Protocol):
    """The step as the journal recorded it: its leaves, the step last, and the receipt for all of them."""

    @property
    def leaves(self) -> Sequence[Leaf]: ...
    @property
    def receipt(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Closed:
    """Two sightings. Made by `of_step` and `invented`, and in no other way."""

    one: Seen = field(repr=False)
    other: Seen = field(repr=False)
    _by: object = field(repr=False)

    def __post_init__(self) -> None:
        if self._by is not _DOOR:
            raise WrongReceipt("two sightings are compared in an inquiry, and nowhere else")

    @classmethod
    def of_step(cls, recorded: Recorded, key: VerifierKey, one: Seen, other: Seen) -> Closed:
        """Two sightings of a step that `key`, the receipt key of this log, has promised. Raises WrongReceipt."""
        try:
            receipt = open_receipt(recorded.receipt, key)
            hashes = [merkle.leaf_hash(leaf.entry_of(each.label, each.nonce, each.body)) for each in recorded.leaves]
            step = parse(recorded.leaves[-1].body) if hashes else {}
        except (NotCanonical, ProofFailed, BadInput) as error:
            raise WrongReceipt("the receipt is not one of this log") from error
        if not hashes or receipt.count != len(hashes) or merkle.root(hashes) != receipt.root:
            raise WrongReceipt("the receipt is for other leaves")
        if (step.get("kind"), step.get("what"), step.get("outcome")) != (str(Kind.INQUIRY), WHAT, "shown"):
            raise WrongReceipt("the receipt is for no step that compares")
        return cls(one, other, _DOOR)

    @classmethod
    def invented(cls, one: Seen, other: Seen) -> Closed:
        """Two sightings of nobody. Raises BadInput for an address that somebody can have."""
        for each in (one, other):
            address = ipaddress.ip_address(each.address)
            if not any(address in network for network in _INVENTED):
                raise BadInput("only addresses of documentation are nobody's", where="address")
        return cls(one, other, _DOOR)

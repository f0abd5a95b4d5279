# SPDX-License-Identifier: Apache-2.0
"""The last head of a log that is closed: what a successor quotes in its leaf 0, so that nobody can go on with the old one.

    public/checkpoint(.witnessed)  evidence of a fork  what witnesses show   ──last_seen──▶  the largest head that enough saw
           of a folder put back         kept there          now

A folder that came out of a backup knows an old head; the newest stands with the witnesses, and in the evidence that a
start left when it was refused. One quorum may stand in several notes: lines over one text are joined.

Invariant: what is quoted was signed by the log, and by enough witnesses where the trust file asks for any. It is the
largest such head, never an opinion.                                     Specification: docs/spec/witness.md §5
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Any, cast

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.journal.heads import CHECKPOINT
from whosaw.journal.ports import Folder
from whosaw.model.record import parse_json
from whosaw.tlog.note import Signature, VerifierKey, parse_note
from whosaw.tlog.trust import TrustedHead, TrustPolicy
from whosaw.verify.witnessed import WITNESSED
from whosaw.witness.client import Client, Says
from whosaw.witness.kept import FOLDER

_LIMIT = 4 * 1024 * 1024


def known_heads(public: Folder, private: Folder) -> Iterator[bytes]:
    """Every note that a data folder holds of its log: its own, and what it once kept as evidence."""
    for name in (WITNESSED, CHECKPOINT):
        raw = public.read(name)
        if raw is not None:
            yield raw
    for name in private.names(FOLDER):
        if name.startswith(f"{FOLDER}/fork-"):
            yield from _inside(private.read(name) or b"", name)


def _inside(raw: bytes, where: str) -> Iterator[bytes]:
    try:
        evidence = parse_json(raw, where, _LIMIT)
        files: list[dict[str, str]] = cast("Any", evidence)["files"]
        yield from [b64decode(file["bytes"]) for file in files]
    except (NotCanonical, KeyError, TypeError, ValueError):
        return  # what cannot be read here is only one place fewer to look at


def shown_heads(clients: Iterable[Client], origin: str) -> Iterator[bytes]:
    """What each witness shows of this log, as far as it answers."""
    for client in clients:
        reply = client.shown(origin)
        if reply.says is Says.SHOWN:
            yield reply.note


def last_seen(notes: Iterable[bytes], policy: TrustPolicy, origin: str, now_s: int) -> tuple[bytes, TrustedHead]:
    """The largest head of `origin` among these notes that meets the quorum, with every line that verified.

    Raises ProofFailed where none does, and where two of one size do: then nobody can say which log is closed.
    """
    joined: dict[bytes, dict[VerifierKey, Signature]] = {}
    for raw in notes:
        try:
            opened = policy.open(raw, now_s)
        except (NotCanonical, ProofFailed):
            continue
        if opened.checkpoint.origin == origin:
            lines = joined.setdefault(parse_note(raw).text, {})
            lines.update(opened.opened.verified)
    found: dict[int, tuple[bytes, TrustedHead]] = {}
    for text, lines in joined.items():
        note = text + b"\n" + b"".join(line.encode() for line in lines.values())
        head = policy.open(note, now_s)
        if head.quorum and found.setdefault(head.checkpoint.size, (note, head))[0] != note:
            raise ProofFailed(
                f"the log before it has two heads of size {head.checkpoint.size}, each with a quorum",
                step="after",
                hint="decide which history is the log's, and give its checkpoint as a file",
            )
    if not found:
        raise ProofFailed(
            "no head of the log before it was seen by enough witnesses",
            step="after",
            hint="give its trust file, and a checkpoint that meets its quorum",
        )
    return found[max(found)]


def check_origin(origin: str, before: str) -> None:
    """Raise BadInput where a successor would have the name of the log before it: one name is one log."""
    if origin == before:
        raise BadInput(
            "a successor has a name of its own", where="--origin", hint=f"for example {before.rstrip('0123456789/')}/2"
        )

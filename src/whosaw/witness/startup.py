# SPDX-License-Identifier: Apache-2.0
"""Before a log goes on: has a witness seen more of it than is here? The guard against the fork by backup.

    each witness, all at once    GET its head of us          ─▶ signed by us: smaller or equal, and ours ─▶ go on
                                                                              anything else ─▶ a fork: exit 3
                                 never cosigned, or it shows nothing
                                 ─▶ POST our head, old 0     ─▶ cosigned, or cosigned from the size in its 409
                                                                a larger size or a refusal, unsigned: exit 7
    not one of them answered                                                              exit 7

A head database out of a backup signs sizes anew that others hold already signed with another root. So it is in no backup,
and whoever restored one all the same is told here, before anything is signed.

Exit 7 has a way on: a reason, which becomes the first record (``session``). Exit 3 has none: see docs/spec/witness.md.

Invariant: with a fork in hand nothing starts, whatever else the witnesses say.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from whosaw.errors import ProofFailed, Unavailable, WhosawError
from whosaw.witness.client import Client, Says
from whosaw.witness.fork import Found, Ours, compare, evidence_of_claim, evidence_of_fork
from whosaw.witness.ports import Keep

_log = logging.getLogger(__name__)
_HINT = "see to the witnesses, or start with --start-unwitnessed REASON, which becomes the first record"


@dataclass(frozen=True, slots=True)
class _Told:
    """What one witness told. `size`: of our log, as it has it; None where it told nothing that helps."""

    name: str
    sentence: str
    size: int | None = None
    fork: bytes | None = None
    claim: bytes | None = None


def ask_all(
    witnesses: Mapping[str, Client], ours: Ours, keep: Keep, now_s: int, *, name: str = "this log"
) -> dict[str, int]:
    """Ask every witness about a log of ours, `name`; the size that each of them has, where it told one.

    Raises ProofFailed where another history of us exists, and keeps both checkpoints as evidence. Raises Unavailable
    where that cannot be ruled out.
    """
    with ThreadPoolExecutor(max(1, len(witnesses)), thread_name_prefix="whosaw-start") as pool:
        told = list(pool.map(lambda name: _ask(name, witnesses[name], ours, now_s), witnesses))
    for each in told:
        _log.info("%s: witness %s: %s", name, each.name, each.sentence)
    forks = [each for each in told if each.fork is not None]
    for each in told:
        _keep(keep, each)
    if forks:
        raise ProofFailed(
            f"another history of {name} exists: witness {forks[0].name}: {forks[0].sentence}",
            step="witnesses",
            hint="nothing was signed. Both checkpoints are kept in private/witness; docs/spec/witness.md says how to go on",
        )
    _sure(told, name)
    return {each.name: each.size for each in told if each.size is not None}


def _sure(told: list[_Told], name: str) -> None:
    for each in told:
        if each.claim is not None:
            raise Unavailable(f"{name}: witness {each.name}: {each.sentence}", part="witnesses", hint=_HINT)
    if not any(each.size is not None for each in told):
        said = "; ".join(f"{each.name}: {each.sentence}" for each in told)
        raise Unavailable(f"no witness could say what it has seen of {name} ({said})", part="witnesses", hint=_HINT)


def _ask(name: str, client: Client, ours: Ours, now_s: int) -> _Told:
    try:
        return _asked(name, client, ours, now_s)
    except WhosawError as error:  # our own tiles: the start that follows will say more of them
        return _Told(name, f"it could not be asked: {error}")


def _asked(name: str, client: Client, ours: Ours, now_s: int) -> _Told:
    shown = client.shown(ours.head.checkpoint.origin)
    if shown.says is Says.SHOWN:
        found = compare(shown.note, ours)
        if found.found is Found.FORK:
            return _Told(name, found.sentence, fork=evidence_of_fork(name, found, shown.note, ours.head))
        if found.found is Found.KNOWN:
            return _Told(name, found.sentence, found.size)
    elif shown.says is Says.UNREACHABLE:
        return _Told(name, shown.sentence)
    reply = client.ask(ours.head, 0, ours.prove, now_s)
    if reply.says in (Says.AHEAD, Says.CONTRADICTS):
        return _Told(name, f"{reply.sentence}, unsigned", claim=evidence_of_claim(name, reply, shown.note))
    return _Told(name, reply.sentence, reply.size if reply.says is Says.COSIGNED else None)


def _keep(keep: Keep, each: _Told) -> None:
    for kind, raw in (("fork", each.fork), ("claim", each.claim)):
        if raw is None:
            continue
        try:
            _log.error("witness %s: evidence kept in %s", each.name, keep.evidence(kind, raw))
        except WhosawError as error:
            _log.error("witness %s: evidence could not be kept: %s", each.name, error)

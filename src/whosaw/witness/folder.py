# SPDX-License-Identifier: Apache-2.0
"""The folder of a witness: its keys, the logs that it trusts, what it holds against them.

    FOLDER/vkeys                 its verifier keys, one a line: what others put into their trust files
    FOLDER/logs                  the logs that it cosigns, as a trust file without witnesses
    FOLDER/private/keys/         two seeds: Ed25519 (0x04) and ML-DSA-44 (0x06)
    FOLDER/private/witness.db    what it cosigned last      in no backup: see `store/sql_witness`
    FOLDER/private/evidence/     requests that contradict what their log signed before

A log's origin is the name of its keys: other people's logs whose origin is another text cannot be added.

Invariant: a witness signs with the keys that `vkeys` names, or not at all.      Specification: docs/spec/witness.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from whosaw.errors import BadInput, Contradiction, Misconfigured, NotCanonical, Unavailable
from whosaw.journal.ports import Folder
from whosaw.privacy.root import encode_seed, parse_seed
from whosaw.tlog.note import COSIGNATURE, ED25519, MLDSA44, Ed25519Signer, MlDsaSigner, Signer, VerifierKey
from whosaw.tlog.trust import TrustedLog, TrustPolicy
from whosaw.witness.judge import Logs

VKEYS, LOGS = "vkeys", "logs"
ED25519_SEED, MLDSA44_SEED = "private/keys/witness-ed25519", "private/keys/witness-mldsa44"
DATABASE, EVIDENCE = "private/witness.db", "private/evidence"
EVIDENCE_LIMIT = 256

_NONE = TrustPolicy((), (), (), None)


class Made(Protocol):
    """A memory that can be begun."""

    def make(self) -> None: ...


def build(folder: Folder, heads: Made, name: str, random: Callable[[int], bytes]) -> tuple[str, ...]:
    """Make a witness of this name; returns its verifier keys. Raises BadInput where one stands already."""
    if next(folder.names(), None) is not None:
        raise BadInput("something stands here already", where="FOLDER", hint="nothing was changed; choose an empty one")
    seeds = random(32), random(32)
    vkeys = tuple(signer.vkey() for signer in _signers(name, *seeds))
    heads.make()
    folder.create_or_compare([(ED25519_SEED, encode_seed(seeds[0])), (MLDSA44_SEED, encode_seed(seeds[1]))])
    folder.replace(LOGS, _NONE.encode())
    # Last, because a folder with verifier keys is a folder that is whole.
    folder.replace(VKEYS, "".join(f"{vkey}\n" for vkey in vkeys).encode())
    return vkeys


def signers(folder: Folder) -> tuple[Signer, ...]:
    """The keys of the witness. Raises BadInput where there is none, Misconfigured for other key files."""
    raw = folder.read(VKEYS)
    if raw is None:
        raise BadInput(
            "there is no witness here", where="FOLDER", hint="whosaw witness init FOLDER --name NAME makes one"
        )
    try:
        names = {VerifierKey.parse(line, VKEYS).name for line in raw.removesuffix(b"\n").split(b"\n")}
    except NotCanonical as error:
        raise Misconfigured(str(error), setting=VKEYS) from None
    ed25519, mldsa44 = (parse_seed(folder.read(each), each) for each in (ED25519_SEED, MLDSA44_SEED))
    made = _signers(min(names), ed25519, mldsa44)
    if "".join(f"{signer.vkey()}\n" for signer in made).encode() != raw:
        raise Misconfigured(
            "the key files are not those of the verifier keys",
            setting=VKEYS,
            hint="restore the files that belong to this folder; a witness keeps its keys for life",
        )
    return made


def _signers(name: str, ed25519: bytes, mldsa44: bytes) -> tuple[Ed25519Signer, MlDsaSigner]:
    return Ed25519Signer.from_seed(name, ed25519, COSIGNATURE), MlDsaSigner.from_seed(name, mldsa44)


# ── its logs ──


def add_logs(folder: Folder, vkeys: Sequence[str]) -> TrustPolicy:
    """Trust more keys of logs, all of them or none; returns all that is trusted now.

    Raises BadInput for a key that is none of a log, and where every one is trusted already.
    """
    keys = dict.fromkeys(VerifierKey.parse(vkey, "VKEY") for vkey in vkeys)
    if any(key.kind not in (ED25519, MLDSA44) for key in keys):
        raise BadInput("a witness's key is no log's", where="VKEY", hint="a log's key has type 0x01 or 0x06")
    known = _policy(folder.read(LOGS))
    fresh = [key for key in keys if all(log.key != key for log in known.logs)]
    if not fresh:
        raise BadInput("trusted already", where="VKEY")
    more = TrustPolicy((*known.logs, *map(TrustedLog, fresh)), (), (), None)
    folder.replace(LOGS, _policy(more.encode()).encode())
    return more


def _policy(raw: bytes | None) -> TrustPolicy:
    if raw is None:
        raise BadInput(
            "there is no witness here", where="FOLDER", hint="whosaw witness init FOLDER --name NAME makes one"
        )
    try:
        return TrustPolicy.parse(raw, LOGS)
    except NotCanonical as error:
        raise Misconfigured(
            str(error), setting=LOGS, hint="the file was edited; mend it, nothing was changed"
        ) from None


@dataclass(slots=True)
class TrustedLogs:
    """The logs of a folder, read again when the file has changed: a log is added while the witness serves."""

    folder: Folder
    _raw: bytes | None = None
    _logs: Logs | None = None

    def __call__(self) -> Logs:
        """Raises BadInput, Misconfigured, Unavailable: whoever cannot read whom it trusts trusts nobody."""
        raw = self.folder.read(LOGS)
        if self._logs is None or raw != self._raw:
            policy = _policy(raw)
            self._raw, self._logs = raw, {origin: policy.keys_of(origin) for origin in policy.origins}
        return self._logs


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """``heads.Evidence`` as files, each named by its digest; 256 of them, and then no more."""

    folder: Folder

    def keep(self, raw: bytes) -> None:
        if len(list(self.folder.names(EVIDENCE))) >= EVIDENCE_LIMIT:
            raise Unavailable(
                f"{EVIDENCE_LIMIT} contradictions are kept already", part=EVIDENCE, hint=f"move them out of {EVIDENCE}"
            )
        try:
            self.folder.create_or_compare([(f"{EVIDENCE}/{sha256(raw).hexdigest()}.request", raw)])
        except Contradiction as error:
            raise Unavailable(str(error), part=EVIDENCE) from error

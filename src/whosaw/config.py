# SPDX-License-Identifier: Apache-2.0
"""One frozen tree of settings; it refuses what it does not know.

    whosaw.toml ──parse──▶ Settings ──▶ wiring

Each setting says what it is for and who is trusted with it. No default grants anything to anybody.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import tomllib
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

from whosaw.errors import Misconfigured, NotCanonical
from whosaw.settings.api import ApiSettings, check_api
from whosaw.settings.approvals import ApprovalsSettings, OverseerSettings, check_approvals
from whosaw.settings.callers import (
    CallerSettings,
    CallersSettings,
    IssuerSettings,
    LocalSettings,
    TlsSettings,
    check_all,
)
from whosaw.settings.counts import CountSettings, check_counts
from whosaw.settings.detail import DetailSettings
from whosaw.settings.directory import DirectorySettings, check_directory
from whosaw.settings.keys import KeysSettings, check_keys
from whosaw.settings.places import PlacesSettings, check_places
from whosaw.settings.pseudonyms import PseudonymSettings, check_pseudonyms
from whosaw.settings.sources import SourceEndedSettings, ends
from whosaw.settings.store import StoreSettings, check_store
from whosaw.settings.tickets import TicketSettings, check_tickets
from whosaw.tlog.note import COSIGNATURE, MLDSA44, VerifierKey

FORMAT = 1
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """How the log is written."""

    publish_every_ms: int = field(
        default=100,
        metadata={"doc": "How often a new checkpoint is signed and published, 10 to 60000.", "range": (10, 60_000)},
    )
    promise_s: int = field(
        default=60,
        metadata={
            "doc": "A durable receipt promises a published checkpoint within so many seconds, 1 to 86400.",
            "range": (1, 86_400),
        },
    )
    map_every_s: int = field(
        default=60,
        metadata={
            "doc": "How often the index of the newest checkpoint is signed and published, 1 to 3600.",
            "range": (1, 3_600),
        },
    )
    statements_behind_h: int = field(
        default=0,
        metadata={
            "doc": "Everybody's statements end so many hours before they are made, 0 to 720, and say so; 0: with the newest head.",
            "range": (0, 720),
        },
    )
    scrub_days: int = field(
        default=7,
        metadata={
            "doc": "In how many days the whole log is read once from the disk, in the background, 1 to 365.",
            "range": (1, 365),
        },
    )


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """How a look is answered."""

    patience_s: int = field(
        default=30,
        metadata={
            "doc": "How many seconds a look waits for its record to be published or witnessed, where it must be, 1 to 600.",
            "range": (1, 600),
        },
    )
    open_for_s: int = field(
        default=900,
        metadata={
            "doc": "For how many seconds after its record a look is answered, the first time and to whoever lost the answer, 660 to 86400.",
            "range": (660, 86_400),
        },
    )


_LOOKS = (1, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """How many looks there are. How many persons a purpose is for, stands in purposes.toml."""

    looks_an_hour: int = field(
        default=120, metadata={"doc": "Looks of one principal that are permitted in an hour.", "range": _LOOKS}
    )
    looks_a_day: int = field(
        default=600, metadata={"doc": "Looks of one principal that are permitted in a day.", "range": _LOOKS}
    )
    attempts_an_hour: int = field(
        default=240,
        metadata={"doc": "Looks of one principal in an hour, those that are refused included.", "range": _LOOKS},
    )
    unit_looks_a_day: int = field(
        default=10_000,
        metadata={"doc": "Looks of all principals of one unit that are permitted in a day.", "range": _LOOKS},
    )
    person_looks_a_day: int = field(
        default=60, metadata={"doc": "Looks at one person that are permitted in a day, whoever looks.", "range": _LOOKS}
    )


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """Where persons' connections come from."""

    trusted_proxies: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Networks whose forwarding headers are believed. Trusted: they can put any address in a person's record."
        },
    )


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """One key of a witness that is asked to cosign every head."""

    name: str = field(metadata={"doc": "What the witness is called in messages; any word."})
    vkey: str = field(
        metadata={
            "doc": "Its verifier key, of type 0x04 or 0x06. The file `trust` must list it. Trusted: enough witnesses that lie could hide a fork."
        }
    )
    url: str = field(
        metadata={
            "doc": "Its address: where `add-checkpoint` is posted and its heads are read. Untrusted: what comes from there is verified."
        }
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one data folder."""

    format: int = field(
        metadata={"doc": f"Version of the data folder's layout. This version reads and writes {FORMAT}."}
    )
    origin: str = field(
        metadata={
            "doc": "Name of the log, unique in the world: a host you own, a slash, a word. Fixed for the log's life."
        }
    )
    journal: JournalSettings = field(default_factory=JournalSettings)
    guard: GuardSettings = field(default_factory=GuardSettings)
    quota: QuotaSettings = field(default_factory=QuotaSettings)
    pseudonyms: PseudonymSettings = field(default_factory=PseudonymSettings)
    counts: CountSettings = field(default_factory=CountSettings)
    directory: DirectorySettings = field(default_factory=DirectorySettings)
    intake: IntakeSettings = field(default_factory=IntakeSettings)
    detail: DetailSettings = field(default_factory=DetailSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    keys: KeysSettings = field(default_factory=KeysSettings)
    witness: tuple[WitnessSettings, ...] = ()
    api: ApiSettings = field(default_factory=ApiSettings)
    tickets: tuple[TicketSettings, ...] = ()
    callers: CallersSettings = field(default_factory=CallersSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    local: LocalSettings = field(default_factory=LocalSettings)
    issuer: tuple[IssuerSettings, ...] = ()
    caller: tuple[CallerSettings, ...] = ()
    approvals: ApprovalsSettings = field(default_factory=ApprovalsSettings)
    overseer: tuple[OverseerSettings, ...] = ()
    places: PlacesSettings = field(default_factory=PlacesSettings)
    source_ended: tuple[SourceEndedSettings, ...] = ()


def parse_settings(raw: bytes, where: str = "whosaw.toml") -> Settings:
    """The settings that `raw` (TOML, UTF-8) spells. Raises Misconfigured, naming the setting."""
    try:
        given = tomllib.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{where}: byte {error.start} is not UTF-8", setting=where) from None
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{where}: not TOML: {error}", setting=where) from None
    if type(given.get("format")) is int and given["format"] != FORMAT:
        raise Misconfigured(
            f"{where}: the data folder has format {given['format']}, this version of whosaw knows {FORMAT}",
            setting="format",
            hint="use the version of whosaw that made the folder, or a newer one; nothing was changed",
        )
    settings: Settings = _tree(Settings, given, "")
    _check(settings, where)
    return settings


def default_text(origin: str, trusted_proxies: tuple[str, ...] = (), store: StoreSettings | None = None) -> str:
    """A new folder's whosaw.toml: what differs from the defaults, and nothing else."""
    quoted = ", ".join(f'"{p}"' for p in trusted_proxies)
    text = f'format = {FORMAT}\norigin = "{origin}"\n'
    text += f"\n[intake]\ntrusted_proxies = [{quoted}]\n" if trusted_proxies else ""
    said = {name: value for name, value in dataclasses.asdict(store or StoreSettings()).items() if value}
    return text + ("\n[store]\n" + "".join(f'{name} = "{value}"\n' for name, value in said.items()) if said else "")


def documented() -> dict[str, str]:
    """Every setting by its dotted name, with its sentence. The docs are tested against this."""
    return dict(_documented(Settings, ""))


def _documented(cls: type, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    hints = get_type_hints(cls)
    for f in dataclasses.fields(cls):
        name = prefix + f.name
        kind: Any = _each(hints[f.name]) or hints[f.name]
        if dataclasses.is_dataclass(kind):
            found += _documented(kind, f"{name}.")  # type: ignore[arg-type]
        else:
            found.append((name, f.metadata["doc"]))
    return found


def _each(kind: Any) -> Any:
    """What a list of tables is a list of; None for anything else."""
    inner = get_args(kind)
    return inner[0] if inner and dataclasses.is_dataclass(inner[0]) else None


def _tree(cls: type, given: Any, prefix: str) -> Any:
    if not isinstance(given, dict):
        raise Misconfigured(f"setting {prefix.rstrip('.')!r} is a table", setting=prefix.rstrip("."))
    hints = get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(cls)}
    if unknown := sorted(given.keys() - known.keys()):
        raise Misconfigured(
            f"unknown setting {prefix + unknown[0]!r}; known: {', '.join(prefix + k for k in sorted(known))}",
            setting=prefix + unknown[0],
        )
    needed = {
        n for n, f in known.items() if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    if missing := sorted(needed - given.keys()):
        raise Misconfigured(f"setting {prefix + missing[0]!r} is missing", setting=prefix + missing[0])
    return cls(**{name: _value(hints[name], known[name], value, prefix + name) for name, value in given.items()})


def _value(kind: Any, known: dataclasses.Field[Any], value: Any, name: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _tree(kind, value, f"{name}.")  # type: ignore[arg-type]
    if (each := _each(kind)) is not None:
        if type(value) is not list:
            raise Misconfigured(f"setting {name!r} is a list of tables, [[{name}]]", setting=name)
        return tuple(_tree(each, one, f"{name}.") for one in value)
    if kind is int:
        low, high = known.metadata.get("range", (0, 2**31))
        if type(value) is not int or not low <= value <= high:
            raise Misconfigured(f"setting {name!r} is a whole number from {low} to {high}", setting=name)
        return value
    if kind is bool:
        if type(value) is not bool:
            raise Misconfigured(f"setting {name!r} is true or false", setting=name)
        return value
    if kind is str:
        if type(value) is not str:
            raise Misconfigured(f"setting {name!r} is a text", setting=name)
        return value
    if type(value) is not list or any(type(v) is not str for v in value):
        raise Misconfigured(f"setting {name!r} is a list of texts", setting=name)
    return tuple(value)


def _check(settings: Settings, where: str) -> None:
    origin = settings.origin
    if not 1 <= len(origin.encode()) <= 200 or "+" in origin or any(c.isspace() or not c.isprintable() for c in origin):
        raise Misconfigured(
            f"{where}: `origin` has 1 to 200 bytes, no space and no plus sign",
            setting="origin",
            hint='for example origin = "log.example.org/whosaw"',
        )
    networks(settings.intake.trusted_proxies)
    check_directory(settings.directory, where)
    check_pseudonyms(settings.pseudonyms)
    check_counts(settings.counts)
    check_store(settings.store, where)
    check_keys(settings.keys)
    _check_witnesses(settings.witness, where)
    check_api(settings.api)
    check_tickets(settings.tickets)
    check_all(settings.caller, settings.issuer, settings.callers, settings.tls, settings.local)
    check_approvals(settings.approvals, settings.overseer)
    check_places(settings.places)
    ends(settings.source_ended)


def _check_witnesses(witnesses: tuple[WitnessSettings, ...], where: str) -> None:
    for each in witnesses:
        if not each.name or not each.name.isprintable() or len(each.name) > 100:
            raise Misconfigured(f"{where}: a witness's name is a word of at most 100 letters", setting="witness.name")
        try:
            kind = VerifierKey.parse(each.vkey, f"{where}: witness {each.name}").kind
        except NotCanonical as error:
            raise Misconfigured(str(error), setting="witness.vkey") from None
        if kind not in (COSIGNATURE, MLDSA44):
            raise Misconfigured(
                f"{where}: the key of witness {each.name!r} is no witness's",
                setting="witness.vkey",
                hint="it is of type 0x04 or 0x06; the first line of the witness's `vkeys` is one",
            )
    for what in ("name", "vkey"):
        if len({getattr(each, what) for each in witnesses}) != len(witnesses):
            raise Misconfigured(f"{where}: two witnesses share a {what}", setting=f"witness.{what}")


def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks that `intake.trusted_proxies` names. Raises Misconfigured."""
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError:
        raise Misconfigured(
            "setting 'intake.trusted_proxies' has a text that is no network",
            setting="intake.trusted_proxies",
            hint='for example trusted_proxies = ["192.0.2.10/32"]',
        ) from None

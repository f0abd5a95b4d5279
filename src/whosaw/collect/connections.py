# SPDX-License-Identifier: Apache-2.0
"""The product's own access log: from where persons connect, sealed as it is read.

    line ──▶ request ──▶ person (by the map), address (by the hops that are ours), device ──seal──▶ vault

These are the data that looks are about: an app learns the address of everybody who connects. From here on they are under
the person's own key, and whoever wants to see one must ask. Nothing of a line is printed, counted by value, or recorded.

Invariant: an address is believed only as far as our own hops go (``forwarded``), and a person only where the map says the
product itself wrote who it was.                                     Specification: docs/connectors/connections.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from whosaw.collect import web_log
from whosaw.collect.counting import Count
from whosaw.collect.forwarded import HEADERS, Header, Network, client_address
from whosaw.collect.lines import Source
from whosaw.collect.maps import opened
from whosaw.collect.observed import Malformed, No, Skipped, Taken
from whosaw.collect.persons import TYPES, spelled
from whosaw.collect.ports import Clock, Keep
from whosaw.collect.report import Report
from whosaw.collect.seen import Seen, keep_seen
from whosaw.collect.times import plausible
from whosaw.collect.web_log import NOT_ACCESS, NOT_HTTP, Form, Request, form_of
from whosaw.errors import BadInput

SOURCE = "connections"
NOBODY = Skipped("nobody was signed in")
NOT_SIGNED_IN = Skipped("not let in: whoever it was only said a name")
NO_ADDRESS = "no address of the client"
OTHER_TYPE = "a person that is not of the type in the map"
_TAKEN = Taken(())
_OFTEN = 1_024
_HOURS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Persons:
    """The map: under which name of the log the person stands, and which header our proxies write.

    `log`: the format; None: each file is what its first lines are. `person`: a key or JSON Pointer; None: the account that the server itself wrote. `every`: one value per so much time.
    """

    log: Form | None
    person: str | None
    person_type: str
    header: Header
    device: bool
    every: timedelta
    digest: bytes

    @classmethod
    def parse(cls, raw: bytes, where: str = "connections map") -> Persons:
        """Raises Misconfigured, naming the key."""
        top, digest = opened(raw, where)
        header = top.choice("forwarded", HEADERS, "x-forwarded-for")
        made = cls(
            log=form_of(top),
            person=top.optional("person"),
            person_type=top.choice("person_type", TYPES, "text"),
            header="forwarded" if header == "forwarded" else "x-forwarded-for",
            device=not top.flag("ignore_device"),
            every=top.number("every_hours", 24) * _HOURS,
            digest=digest,
        )
        top.done()
        return made


def connections(
    file: Path,
    persons: Persons,
    keep: Keep,
    trusted: Sequence[Network],
    *,
    clock: Clock,
    form: Form | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Seal what `file` tells of persons' connections. Reading it again changes nothing.

    Raises BadInput where the file cannot be opened or is no access log, and what `keep` raises: then running again completes.
    """
    try:
        raw = file.open("rb")
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(file)) from None
    with raw:
        size, source, count = file.stat().st_size, Source(raw), Count()
        lines = web_log.Lines(source.chunks(), form or persons.log)
        for where, piece in lines:
            found = piece if isinstance(piece, Malformed) else _seen(piece, lines.form, persons, trusted, clock)
            if isinstance(found, Seen):
                new, known = keep_seen(keep, found, persons.every)
                count.new, count.known = count.new + new, count.known + known
                count.at(found.at)
            count.record(where, _TAKEN if isinstance(found, Seen) else found)
            if progress is not None and count.records % _OFTEN == 0:
                progress(source.size, size)
        report = count.report(SOURCE, source, persons.digest, clock())
    if progress is not None:
        progress(report.size, report.size)
    return report


def _seen(
    raw: bytes, form: Form, persons: Persons, trusted: Sequence[Network], clock: Clock
) -> Seen | Skipped | Malformed:
    request = web_log.parse(raw, form)
    if isinstance(request, No):
        return Skipped(request.reason) if request in (NOT_HTTP, NOT_ACCESS) else Malformed.of(raw, request)
    found = _of(request, persons, trusted)
    if not isinstance(found, Seen):
        return Malformed.of(raw, found) if isinstance(found, No) else found
    why = plausible(found.at, clock())
    return found if why is None else Malformed.of(raw, why)


def _of(request: Request, persons: Persons, trusted: Sequence[Network]) -> Seen | Skipped | No:
    given = request.account if persons.person is None else request.told(persons.person)
    if given is None:
        return NOBODY
    # The name in a refused sign-in is what somebody typed: anybody could put their address into anybody's record.
    if request.status == 401:
        return NOT_SIGNED_IN
    person = spelled(given, persons.person_type)
    if person is None:
        return No(OTHER_TYPE)
    headers = {"x-forwarded-for": request.x_forwarded_for, "forwarded": request.forwarded}
    address = client_address(request.peer, headers, trusted, persons.header)
    if address is None:
        return No(NO_ADDRESS)
    return Seen(person, address, request.agent if persons.device else None, request.at)

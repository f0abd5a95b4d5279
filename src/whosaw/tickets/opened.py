# SPDX-License-Identifier: Apache-2.0
"""The ticket systems of an installation, from its settings: the only place that knows all five kinds.

[[tickets]] ──systems_of──▶ System …   each behind a breaker, each question within its deadline
            ──inboxes_of──▶ Inbox …    for those that tell instead of being asked
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from whosaw.directory.change import Office
from whosaw.directory.directory import Directory
from whosaw.directory.ports import Pseudonyms
from whosaw.privacy.root import Random
from whosaw.settings.tickets import TicketSettings, words
from whosaw.tickets.asked import System, Tickets
from whosaw.tickets.breaker import Careful
from whosaw.tickets.check import CheckDesk
from whosaw.tickets.github import GitHub
from whosaw.tickets.gitlab import GitLab
from whosaw.tickets.http import Line
from whosaw.tickets.inbox import Inbox, Pushes
from whosaw.tickets.jira import Jira
from whosaw.tickets.keep import Keeper
from whosaw.tickets.ports import CaseSystem, Clock, Timer
from whosaw.tickets.pushed_rows import PushedRows
from whosaw.tickets.secret import proof, read_token
from whosaw.tickets.story import ANY, What, Words
from whosaw.tickets.webhook import Webhook
from whosaw.tickets.zendesk import Zendesk


@dataclass(frozen=True, slots=True)
class Around:
    """What the systems are opened with. `folder`: where a relative `token_file` begins."""

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    keeper: Keeper
    rows: PushedRows
    timer: Timer

    @classmethod
    def of(cls, folder: Path, office: Office, names: Pseudonyms, key: bytes, random: Random) -> Around:
        """With the environment and the timer of this process. `key`: seals what is pushed."""
        office = replace(office, clock=_whole(office.clock))
        return cls(folder, os.environ, Keeper(office, names), PushedRows(office.engine, key, random), time.monotonic)


@dataclass(frozen=True, slots=True)
class TicketDesk:
    """All systems of an installation: to be asked, and to be told."""

    tickets: Tickets
    inboxes: Mapping[str, Inbox]
    keeper: Keeper

    @classmethod
    def open(cls, settings: tuple[TicketSettings, ...], around: Around) -> TicketDesk:
        systems = {each.name: _system(each, around) for each in settings}
        clock = around.keeper.office.clock
        inboxes = {
            each.name: Inbox(systems[each.name], _words(each), _token(each, around), around.rows, around.keeper, clock)
            for each in settings
            if each.kind == "webhook"
        }
        return cls(Tickets(systems.values(), around.keeper, clock, around.timer), inboxes, around.keeper)

    @property
    def pushes(self) -> Pushes:
        """The application that takes what systems tell."""
        return Pushes(self.inboxes)

    def probes(self) -> Mapping[str, Callable[[], None]]:
        """For the health of the house: while a system is silent, looks under its cases are refused."""
        return {f"tickets {name}": partial(self.tickets.answered, name) for name in self.tickets.names}

    def checking(self, directory: Directory) -> CheckDesk:
        """What `whosaw ticket check` works with."""
        return CheckDesk(self.tickets, self.keeper, directory)


def _whole(clock: Clock) -> Clock:
    """The same clock in whole milliseconds: a look has such a time, and must not come before what was seen for it."""

    def read() -> datetime:
        at = clock()
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    return read


def _system(settings: TicketSettings, around: Around) -> System:
    careful = Careful(_asked(settings, around), around.timer)
    cache = timedelta(seconds=settings.cache_s)
    return System(settings.name, re.compile(settings.pattern), careful, settings.deadline_s, cache)


def _asked(settings: TicketSettings, around: Around) -> CaseSystem:
    if settings.kind == "webhook":
        quiet = timedelta(seconds=settings.quiet_s)
        return Webhook(settings.name, around.rows, _words(settings), quiet, around.keeper.office.clock)
    token = _token(settings, around)
    line = Line(settings.url, lambda: proof(settings, token()), around.timer, ca_file=settings.ca_file)
    places, ours = _places(settings), _words(settings)
    match settings.kind:
        case "jira":
            return Jira(line, places, ours)
        case "github":
            return GitHub(line, places, ours)
        case "gitlab":
            return GitLab(line, places, ours)
        case _:
            return Zendesk(line, places, ours)


def _token(settings: TicketSettings, around: Around) -> Callable[[], str]:
    return lambda: read_token(settings, around.folder, around.environ)


def _words(settings: TicketSettings) -> Words:
    return Words(words(settings.types), words(settings.queues))


def _places(settings: TicketSettings) -> Mapping[What, str]:
    """Where what stands: fields by name or number, or how a label begins. What no setting names is not looked for."""
    type_ = settings.type
    if settings.kind == "jira" and not type_ and ANY not in words(settings.types):
        type_ = "issuetype"
    said = {What.PERSON: settings.persons, What.FIELD: settings.fields, What.TYPE: type_}
    if settings.kind != "zendesk":
        said[What.QUEUE] = settings.queue
    return {what: place for what, place in said.items() if place}

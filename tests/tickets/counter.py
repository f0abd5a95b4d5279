# SPDX-License-Identifier: Apache-2.0
"""A counter at which cases are asked for: a real state.db, fakes of journal and names, and a system that tells what it is told to.

The accounts of the system are called as the staff are, with `@` in front; `mira@` is a customer's, mapped to the person.
"""

import re
from datetime import timedelta

from tests.directory.town import AT, DAY, HOUR, Office

from whosaw.directory.change import Office as Changes
from whosaw.directory.directory import Directory
from whosaw.directory.migrate import upgrade
from whosaw.model.access import Asked
from whosaw.tickets.accounts import load_accounts
from whosaw.tickets.asked import System, Tickets
from whosaw.tickets.keep import Keeper
from whosaw.tickets.seen import Given, Named, Queued, SeenCase

STAFF = ("ana", "bo", "carl", "finn", "portal")


def who(name):
    return None if name is None else (f"@{name}",)


def case(**changes):
    """T-9, opened by the portal for mira, assigned to ana by carl, naming mira since yesterday."""
    said = {
        "id": "9", "type": "support_request", "opened": AT - DAY, "closed": None, "openers": (who("portal"),),
        "requesters": (("mira@",),), "assigned": (Given(who("ana"), who("carl")),), "queued": (),
        "persons": (named("mira"),),
    }  # fmt: skip
    return SeenCase(**{**said, **changes})


def named(person, since=AT - DAY, hands=("portal",), fields=None):
    listed = None if fields is None else frozenset(map(Asked.parse, fields))
    return Named(person, since, tuple(map(who, hands)), listed)


def given(to, by):
    return Given(who(to), who(by))


def queued(queue, by):
    return Queued(queue, who(by))


class Told:
    """`ports.CaseSystem` that says what it is told: a case, None, or an error. It counts."""

    def __init__(self, said=None):
        self.said, self.asked = said, []

    def case(self, id_, _deadline):
        self.asked.append(id_)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


class Counter(Office):
    """The office of the town, and a system behind the pattern `T-([0-9]+)`."""

    def __init__(self, where, *, cache=5.0, pattern="T-([0-9]+)", system=None, engine=None):
        super().__init__(where)
        if engine is not None:
            self.engine.dispose()
            upgrade(engine)
            self.engine, self.directory = engine, Directory(engine, timedelta(hours=24))
        self.load()
        self.system = system or Told(case())
        self.keeper = Keeper(Changes(self.engine, self.journal, self.names.remember, self.clock), self.names)
        self.tickets = self.open(cache, pattern)
        self.map_accounts(where)

    def open(self, cache, pattern):
        one = System("desk", re.compile(pattern), self.system, 5.0, timedelta(seconds=cache))
        return Tickets([one], self.keeper, self.clock, lambda: 0.0)

    def map_accounts(self, where, rows=None):
        lines = rows or [*(f"@{name},{name}," for name in STAFF), "mira@,,mira"]
        file = where / "accounts.csv"
        file.write_text("\n".join(["account,staff_id,person", *lines]) + "\n")
        return load_accounts(file, "desk", ["desk"], self.keeper.office, self.names)

    def looked(self, principal="ana", person="mira", number=9, at=None):
        """What a look by `principal` under this case would know."""
        name = f"T-{number}"
        self.tickets.see(name)
        return self.known(principal, person, name, at)


__all__ = ["AT", "DAY", "HOUR", "Counter", "Told", "case", "given", "named", "queued", "who"]

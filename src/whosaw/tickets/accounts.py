# SPDX-License-Identifier: Apache-2.0
"""Whose account it is: the accounts of a ticket system, mapped to staff or to persons, by keyed digest only.

    account,staff_id,person
    5b10ac8d82e05b22cc7d4ef5,ana,          an account id of Jira, of one of the staff
    ana@example.org,ana,                   the same, by e-mail
    7741,portal,                           a robot that opens cases for customers
    7742,,mira                             a customer's account

Invariant: an account that nobody mapped is nobody's, and what nobody did forbids. To take it for “somebody else” would
let anyone open a case for themselves, with an account that this table does not have.

Mapping an account to somebody who is not behind it is how this table can be misused: a load is a record, like every
other change of the directory.
"""

from __future__ import annotations

import csv
import io
from base64 import b32encode
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, select

from whosaw.directory.change import TICKETS, Office, Said, bring
from whosaw.directory.content import Cells, Rows, digest_of
from whosaw.directory.ports import Pseudonyms
from whosaw.directory.tables import FOR_EVER
from whosaw.directory.ticket_tables import TICKET_ACCOUNTS
from whosaw.errors import BadInput
from whosaw.tickets.seen import CUSTOMER, Account

_COLUMNS = ["account", "staff_id", "person"]
_LIMIT = 16 * 1024 * 1024
_LONGEST = 200

# Whose account it is, by pseudonym; None where nobody can say.
Whose = Callable[[Account | None], str | None]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A table of accounts, read. `staff`: raw ids of staff, for `Remember` only."""

    rows: Rows = field(repr=False)
    staff: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoadedAccounts:
    """What a load did."""

    changed: bool
    rows: Rows = field(repr=False)


def load_accounts(file: Path, system: str, known: Collection[str], office: Office, names: Pseudonyms) -> LoadedAccounts:
    """Bring a table of accounts into force, in place of the one before it. Raises BadInput, and has then changed nothing."""
    if system not in known:
        raise BadInput("no such ticket system", where="SYSTEM", hint="whosaw ticket status lists those in the settings")
    mapped = read_accounts(file, system, names)
    said = [Said("ticket_accounts", {"system": system}, mapped.rows)]
    draft = bring(said, source=TICKETS, office=office, principals=mapped.staff)
    return LoadedAccounts(not draft.same, mapped.rows)


def read_accounts(path: Path, system: str, names: Pseudonyms) -> Mapped:
    """The table in a CSV file, whole or not at all. Raises BadInput that names the row and never what stands in it."""
    rows: Rows = {}
    staff: set[str] = set()
    seen: set[str] = set()
    for number, cells in _rows(path):
        account, staff_id, person = (cell.strip() for cell in cells)
        where = f"{path.name} row {number}"
        if not account or bool(staff_id) == bool(person) or any(not _plain(each) for each in cells):
            raise BadInput("an account, and either a staff id or a person's account id", where=where)
        digest = account_digest(names, system, account)
        if digest in seen:
            raise BadInput("this account stands there twice", where=where)
        seen.add(digest)
        staff |= {staff_id} - {""}
        whose = names.principal(staff_id) if staff_id else names.person(person)
        row: Cells = {"system": system, "account": digest, "pseudonym": whose}
        rows[digest_of(row)] = row
    return Mapped(rows, frozenset(staff))


def _rows(path: Path) -> Iterable[tuple[int, list[str]]]:
    try:
        with path.open("rb") as file:
            raw = file.read(_LIMIT + 1)
    except OSError as error:
        raise BadInput(f"cannot be opened ({type(error).__name__})", where=path.name) from None
    if len(raw) > _LIMIT:
        raise BadInput(f"longer than {_LIMIT:,} bytes", where=path.name)
    try:
        text = raw.decode().removeprefix("\ufeff")
        read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadInput("not CSV in UTF-8", where=path.name) from None
    if not read or read[0] != _COLUMNS:
        raise BadInput(f"its header is not {','.join(_COLUMNS)}", where=f"{path.name} header")
    for number, cells in enumerate(read[1:], start=2):
        if len(cells) != len(_COLUMNS):
            raise BadInput(f"has {len(cells)} cells, the header has {len(_COLUMNS)}", where=f"{path.name} row {number}")
        yield number, cells


def _plain(cell: str) -> bool:
    return cell.isprintable() and len(cell.encode()) <= _LONGEST


def account_digest(names: Pseudonyms, system: str, account: str) -> str:
    """What finds an account in the table; of an e-mail address or a login in any case of its letters."""
    text = f"ticket account\0{system}\0{account.lower()}".encode()
    return b32encode(names.digest(text)).decode().rstrip("=").lower()


def whose(db: Connection, system: str, names: Pseudonyms, accounts: Iterable[Account | None]) -> Whose:
    """Who is behind each of `accounts`, as the table says now."""
    wanted = {
        account: {account_digest(names, system, name) for name in account if not name.startswith(CUSTOMER)}
        for account in accounts
        if account is not None
    }
    digests = sorted(set().union(*wanted.values()))
    query = select(TICKET_ACCOUNTS.c.account, TICKET_ACCOUNTS.c.pseudonym).where(
        TICKET_ACCOUNTS.c.system == system,
        TICKET_ACCOUNTS.c.account.in_(digests),
        TICKET_ACCOUNTS.c.known_to == FOR_EVER,
    )
    known = {str(digest): str(pseudonym) for digest, pseudonym in db.execute(query)}
    found = {
        account: _one(account, names, [known[d] for d in digests if d in known]) for account, digests in wanted.items()
    }
    return lambda account: None if account is None else found.get(account)


def _one(account: Account, names: Pseudonyms, mapped: list[str]) -> str | None:
    """The one whom all names lead to. Two are none: somebody else may have taken over an address."""
    customers = [names.person(name.removeprefix(CUSTOMER)) for name in account if name.startswith(CUSTOMER)]
    found = set(mapped or customers)
    return found.pop() if len(found) == 1 else None


def owners(rows: Rows) -> Mapping[str, int]:
    """How many accounts are of staff and of persons, for whoever loads."""
    kinds = ["staff" if str(row["pseudonym"]).startswith("e-") else "persons" for row in rows.values()]
    return {kind: kinds.count(kind) for kind in ("staff", "persons")}

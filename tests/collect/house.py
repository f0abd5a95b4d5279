# SPDX-License-Identifier: Apache-2.0
"""A small house with a database: its tables, its staff, and one line for each look that its log tells of.

The map is the documentation's own example, and so are the settings and the grants.
"""

import re
from pathlib import Path

from whosaw.collect.columns import Watched
from whosaw.collect.observed import Malformed, Skipped, Taken
from whosaw.collect.pgaudit import PgAudit

DOCS = Path(__file__).parents[2] / "docs/connectors"
PAGE = (DOCS / "pgaudit.md").read_text()
MAP = (DOCS / "pgaudit.toml").read_bytes()
FORMATS = ("jsonlog", "csvlog")

TABLES = """
create table users(id int primary key, email text, name text, ip inet, created_at timestamptz default now());
create table signins(id serial primary key, user_id int, at timestamptz default now(), ip inet, device text, city text);
create table "Case Notes"("User Id" int, "Note" text);
create table plain(id int, note text);
create view people as select id, email, ip from users;
create function ip_of(int) returns inet language sql as 'select ip from users where id = $1';
create function atomic_ip_of(int) returns inet language sql begin atomic select ip from users where id = $1; end;
create role mira login;
create role mira_readonly login;
create role desk;
create role session_watched login;
create role kofi login;
grant desk to mira;
grant select, insert, update, delete on users, signins, "Case Notes", people, plain
    to mira, mira_readonly, desk, session_watched;
alter role session_watched set pgaudit.log = 'read, write';
insert into users (id, email, name, ip)
    select n, 'person' || n || '@example.org', 'N.', ('192.0.2.' || n)::inet from generate_series(1, 120) n;
insert into signins (user_id, ip, device, city) select id, ip, 'phone', 'Aby' from users;
insert into "Case Notes" values (42, 'called back');
"""


def block(language):
    """The documentation's block of code in `language`."""
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def read(raw, form=None, reader=None):
    """All outcomes of one file, and the reader."""
    reader = reader or PgAudit(Watched.parse(MAP), form)
    return [
        piece if isinstance(piece, Malformed) else reader.read(piece, where) for where, piece in reader.pieces([raw])
    ], reader


def looks(outcomes):
    return [look for outcome in outcomes if isinstance(outcome, Taken) for look in outcome.looks]


def reasons(outcomes, kind=Skipped):
    return [outcome.reason for outcome in outcomes if isinstance(outcome, kind)]


def told(look):
    """One look as a line: `users: read 42: ip:exact`, and after it what else there is to say."""
    table = look.id.split(",")[-1].removeprefix("public.")
    fields = " ".join(f"{field}:{detail}".removesuffix(":exact") for field, detail in look.asked)
    claim = f"{look.on_behalf_of} {'claimed' if look.claimed else 'known'}" if look.on_behalf_of else None
    more = (look.decision, claim, look.case, look.app, *look.flags, *look.unmapped)
    persons = " ".join(look.persons) or "-"
    return "; ".join([f"{table}: {look.mode} {persons}: {fields}", *(m for m in more if m)])

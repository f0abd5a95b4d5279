# SPDX-License-Identifier: Apache-2.0
"""A data folder in which a person has left traces of every kind, and every byte of it that is, or opens, one of them.

    lived(home)            looks asked for, looks from logs, a bulk look, a finding, a statement, an inquiry, sealed values,
                           a directory that was loaded many times, bytes that a crash tore, facts
    Traces.of(desk, id)    what must be nowhere once they are erased ──find──▶ where it stands

Everybody is invented, and their ids are words that stand nowhere else.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
from tests.cli.desk import DAY, NOW, Desk, company, pgaudit_line, settle, week
from tests.directory.town import write

from whosaw.desks import erasure_desk
from whosaw.erasure.erase import erase
from whosaw.journal.segment import Frame, Mark
from whosaw.model.access import Field
from whosaw.model.record import Stream, parse
from whosaw.privacy.data_key import unwrap
from whosaw.store.sql_sealed import SEALED
from whosaw.store.state_tables import PREFIXES
from whosaw.wiring import house

HERS = "mirabel"  # asked about at the gate, inquired into, with sealed values
FOUND = "customer-03"  # in a finding
MANY = "88776642"  # mentioned in a bulk look, beside another
OTHERS = ("katharina", "customer-04", "88776643", "client-07")
BY = "omar"  # works there, and looked at nobody


def lived(home: Path) -> Desk:
    """A company that has worked for a while."""
    desk = settle(home)
    with house(desk.data) as here:
        for n in range(12):  # pages are split, balanced and freed
            for person in (HERS, FOUND, *OTHERS):
                here.vault.put(person, Field.IP, f"203.0.113.{n + 1}", NOW - DAY * (n + 2), f"{person} signs in {n}")
    for n in range(3):
        tables = company()
        tables["persons"][n] = {**tables["persons"][n], "region": "US"}
        write(desk.tables, tables, regions=None)
        assert desk.typed("directory", "load", desk.tables).code == 0
    desk.look()
    assert desk.typed("collect", "access", desk.file("week.log", week())).code == 0
    said = "select ip from users where id = 42"
    many = f'\\"select ip from users where id in (88776643, {MANY})\\"'  # quoted in CSV, and that in JSON
    lines = [pgaudit_line(n).replace(said, many) for n in (1, 2)]
    assert desk.typed("collect", "pgaudit", desk.file("pg.log", "".join(lines))).code == 0
    assert desk.typed("inquiry", "person", HERS, "--as", "ines").code == 0
    for person in (HERS, MANY):
        assert desk.typed("statement", person, "--out", desk.home / f"{person}.json", "--as", "ines").code == 0
    torn(desk)
    assert desk.typed("watch").code == 1  # there is something to review
    return desk


def torn(desk: Desk) -> None:
    """The next start finds half of a record about each of them at the end of the newest segment, and keeps it aside; and
    behind a segment that was sealed long ago there is some more.
    """
    with house(desk.data) as here:
        frames = [traces(here, person)[0] for person in (HERS, FOUND, MANY)]
    desk.look(person="katharina", case="T-101")
    segments = sorted((desk.data / "private" / "segments").iterdir())
    for path in (segments[1], segments[-1]):
        mark = Mark(int(path.name[:20]))
        path.write_bytes(path.read_bytes() + b"".join(frame.encode(mark)[:-20] for frame in frames))


def traces(here, person: str) -> list[Frame]:
    key = here.keyring.find(Stream.of_person(person))
    here.journal.publish_now()
    return here.journal.reader().run(key)


@dataclass
class Traces:
    """What tells of one person, by name; each a piece of bytes."""

    person: str
    pieces: dict[str, bytes] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)

    @classmethod
    def of(cls, desk: Desk, person: str) -> "Traces":
        with house(desk.data) as here:
            made = cls(person, frames=traces(here, person))
            key = here.keyring.find(Stream.of_person(person))
            (row,) = here.keyring._rows.with_handles([key.handle])
            k = unwrap(here.keyring.epochs.key(row.epoch), row.wrapped, row.handle, row.generation, row.epoch)
            with here.engine.connect() as db:
                sealed = db.execute(SEALED.select().where(SEALED.c.handle == key.handle)).all()
                prefixes = db.execute(PREFIXES.select().where(PREFIXES.c.handle == key.handle)).all()
            theirs, _ = here.keyring.held([key.handle])[key.handle]
            opened = [(theirs.open("ip", v.seen, v.sealed).decode(), v.seen) for v in sealed if v.field == "ip"]
            shares = here.vault._crowd.shares(theirs, opened, {})
            made.pieces = {
                "id": person.encode(), "pseudonym": here.pseudonyms.person(person).encode(), "handle": row.handle,
                "K": k, "K wrapped": row.wrapped, "stream key": key.key, "lookup": row.lookup, "id sealed": row.sealed_id,
            }  # fmt: skip
        for n, value in enumerate(sealed):
            made.pieces |= {f"value {n}": value.sealed, f"source {n}": value.source}
        made.pieces |= {f"share {n}": share for n, (_, _, share) in enumerate(shares)}
        made.pieces |= {f"prefixes {n}": row.sealed for n, row in enumerate(prefixes)}
        for frame in made.frames:
            made.pieces[f"nonce {frame.index}"] = frame.nonce
            if (
                parse(frame.body)["kind"] != "inquiry"
            ):  # a step stands word for word in the ledger, too, and names nobody
                made.pieces[f"body {frame.index}"] = frame.body
            if look := parse(frame.body).get("look"):
                if parse(frame.body)["kind"] == "look":  # the id of a bulk look is everybody's
                    made.pieces[f"look {frame.index}"] = str(look).encode()
        return made

    def find(self, folder: Path) -> list[str]:
        """Where each piece stands, file by file: all of them, whatever they are called."""
        found = []
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                raw = path.read_bytes() + unpacked(path)
                found += [f"{path.relative_to(folder)}: {name}" for name, piece in self.pieces.items() if piece in raw]
        return found

    def without(self, folder: Path) -> None:
        found = self.find(folder)
        assert not found, found


def unpacked(path: Path) -> bytes:
    """What a table says, which its file has packed."""
    if path.suffix != ".parquet":
        return b""
    return repr(duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()).encode()


def erased(desk: Desk, person: str, **more):
    """Erase them, with parts of the desk wrapped: each by what is given for it."""
    with house(desk.data) as here:
        whole = erasure_desk(here)
        parts = {name: wrap(getattr(whole, name)) for name, wrap in more.items()}
        return erase(person, "request", BY, replace(whole, **parts), key="k" * 32)

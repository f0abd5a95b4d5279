# SPDX-License-Identifier: Apache-2.0
"""A small company at the command line: its data folder, its tables, and one short log of each kind.

    Desk(folder).typed("look", "--principal", "ana", …)  ──▶ Said(code, out, err)

Everything is typed as people type it, in this process and by the real clock; so the tables are of yesterday, whenever
that is. Everybody is invented, and their ids are words that stand nowhere else: a test can look for them.
"""

import gzip
import hashlib
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from tests.directory.town import write
from tests.vault.crowds import fill

from whosaw.cli.commands import run
from whosaw.model.access import Field
from whosaw.wiring import house

ORIGIN = "log.example.org/whosaw"
ADDRESS = "203.0.113.77"
DOCS = Path(__file__).parents[2] / "docs/connectors"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
FINDING = "f-000001"
SNOOPS = ("zofia", "quill", "ursu", "brom")
HELPERS = ("ana", "hugo", "greta", "finn", "fay")
HELPED = tuple((f"client-{number:02d}", HELPERS[number % len(HELPERS)], f"H-{number}") for number in range(120))
SNOOPED = tuple(f"customer-{number:02d}" for number in range(20))


def day(ago):
    """A day that many days ago, as tables and logs write it."""
    return f"{NOW - ago * DAY:%Y-%m-%dT%H:%M:%SZ}"


def company():
    """Support who work; four of audit who snoop; ines, who inquires, and omar, who agrees."""
    helpers = [
        {"staff_id": name, "unit": "help-ie", "function": "support", "country": "IE", "manager": "lead"}
        for name in HELPERS
    ]
    snoops = [
        {"staff_id": name, "unit": "audit-ie", "function": "audit", "country": "IE", "manager": "head"}
        for name in SNOOPS
    ]
    return {
        "staff": [
            *helpers, *snoops,
            {"staff_id": "lead", "unit": "lead-ie", "function": "executive", "country": "IE"},
            {"staff_id": "head", "unit": "audit-lead", "function": "audit", "country": "IE"},
            {"staff_id": "ines", "unit": "legal-ie", "function": "legal", "country": "IE", "manager": "counsel"},
            {"staff_id": "omar", "unit": "privacy-us", "function": "security", "country": "US", "manager": "board"},
            {"staff_id": "counsel", "unit": "counsel", "function": "legal", "country": "IE"},
            {"staff_id": "board", "unit": "board", "function": "executive", "country": "US"},
            {"staff_id": "portal", "unit": "machines", "function": "service", "country": "IE"},
        ],
        "persons": [
            {"person": "mirabel", "region": "IE"},
            {"person": "katharina", "region": "IE", "classes": ["press"]},
            *({"person": each, "region": "IE"} for each in SNOOPED),
            *({"person": person, "region": "IE"} for person, _, _ in HELPED),
        ],
        "cases": [
            {"case_id": "T-100", "type": "support_request", "opened": day(2), "queue": "help-ie",
             "requester": "mirabel", "opened_by": "portal"},
            {"case_id": "T-101", "type": "support_request", "opened": day(2), "queue": "help-ie",
             "requester": "katharina", "opened_by": "portal"},
            *({"case_id": case, "type": "support_request", "opened": day(7), "assignee": helper, "requester": person,
               "opened_by": "portal"} for person, helper, case in HELPED),
        ],
        "case_persons": [
            {"case_id": "T-100", "person": "mirabel", "added": day(2), "added_by": "portal"},
            {"case_id": "T-101", "person": "katharina", "added": day(2), "added_by": "portal"},
            *({"case_id": case, "person": person, "added": day(7), "added_by": "portal"} for person, _, case in HELPED),
        ],
        "assignments": [],
    }  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What a command said. Falsy prints help where a test fails."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class Desk:
    """A data folder and what lies beside it."""

    home: Path
    drawn: int = field(default=0)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def tables(self) -> Path:
        return self.home / "tables"

    def typed(self, *words) -> Said:
        """The words, typed after `whosaw`, where they make sense with this data folder."""
        return typed(*words, "--data", self.data)

    def look(self, *more, principal="ana", person="mirabel", what="ip:network", case="T-100") -> Said:
        words = ("--principal", principal, "--person", person, "--field", what, "--purpose", "subject_request")
        return self.typed("look", *words, "--case", case, *more)

    def file(self, name, raw) -> Path:
        path = self.home / name
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        return path

    def digest(self, *besides) -> str:
        """Every file and folder below the data folder: its name, its mode, its bytes."""
        return digest(self.data, besides)


def typed(*words) -> Said:
    """`whosaw` with these words, in this process."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = run([str(word) for word in words])
        except SystemExit as error:  # argparse, below `verify`
            code = error.code
    return Said(code, out.getvalue(), err.getvalue())


def digest(folder, besides=()) -> str:
    """One digest of a folder and all that is in it, but for the names in `besides`."""
    made = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not any(name == each or name.startswith(f"{each}/") for each in besides):
            made.update(f"{name} {path.lstat().st_mode:o}\n".encode())
            made.update(path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
    return made.hexdigest()


def settle(home: Path, *more: str) -> Desk:
    """A data folder in force: the company loaded, an address of two people in the vault, maps in their place.

    `more`: for `init`.
    """
    desk = Desk(home)
    assert typed("init", desk.data, "--origin", ORIGIN, *more).code == 0
    write(desk.tables, company(), regions=None)
    assert desk.typed("directory", "load", desk.tables).code == 0
    with house(desk.data) as here:
        for person in ("mirabel", "katharina"):
            here.vault.put(person, Field.IP, ADDRESS, NOW - DAY, f"{person} signs in")
            fill(here.vault._crowd, ADDRESS, NOW - DAY)
    (desk.data / "maps").mkdir()
    for source in ("pgaudit", "cloudtrail", "access"):
        # Without the page's example of an account that is mapped to another id: nobody here has that id.
        map_ = (DOCS / f"{source}.toml").read_text().replace('ana = "s-ana"', "")
        (desk.data / "maps" / f"{source}.toml").write_text(map_)
    (desk.data / "maps" / "connections.toml").write_text('format = 1\nperson = "upstream_http_x_account"\n')
    return desk


# ── logs ──


def access_line(number, who="finn", person="mirabel", at=None, **more):
    """One line of an internal tool's access log, as nginx writes it with `escape=json`."""
    given = {
        "msec": f"{(at or NOW - DAY).timestamp():.3f}", "request_id": f"{number:032x}", "remote_addr": "192.0.2.9",
        "remote_user": who, "upstream_http_x_account": who, "request_method": "GET",
        "uri": f"/admin/people/{person}/sign-ins", "status": "200", "bytes_sent": "99",
    }  # fmt: skip
    return json.dumps(given | more) + "\n"


def access_log(count=4, first=0):
    return "".join(access_line(n) for n in range(first, first + count))


def connections_log(count=4, first=0):
    """As many persons, each from an address of their own."""
    return "".join(
        access_line(n, upstream_http_x_account=f"client-{n:02d}", remote_addr=f"2001:db8::{n:x}", uri="/feed")
        for n in range(first, first + count)
    )


def week():
    """Support at those whom they help; and four of audit at eight customers, without a reason on file."""
    helped = (access_line(500 + n, who, person, NOW - (n % 5 + 1) * DAY) for n, (person, who, _) in enumerate(HELPED))
    snooped = (
        access_line(1000 + 100 * n + m, who, person, NOW - (n % 5 + 1) * DAY)
        for n, person in enumerate(SNOOPED)
        for m, who in enumerate(SNOOPS)
    )
    return "".join([*helped, *snooped])


def pgaudit_line(number, person=42, user="finn"):
    """One record of a real server (jsonlog), with the person as the key."""
    given = {
        "timestamp": f"{NOW - DAY:%Y-%m-%d %H:%M:%S}.408 UTC", "user": user, "dbname": "postgres", "pid": 27388,
        "remote_host": "[local]", "session_id": "6b07de15.6afc", "line_num": number, "ps": "SELECT",
        "session_start": f"{NOW - DAY:%Y-%m-%d %H:%M:%S} UTC", "vxid": f"2/{number}", "txid": 0, "error_severity": "LOG",
        "message": f"AUDIT: OBJECT,{number},1,READ,SELECT,TABLE,public.users,select ip from users where id = {person},<none>",
        "backend_type": "client backend", "query_id": 0,
    }  # fmt: skip
    return json.dumps(given) + "\n"


def pgaudit_log(count=4, first=0):
    return "".join(pgaudit_line(n) for n in range(first + 1, first + count + 1))


def cloudtrail_event(number, person="mirabel", who="ana"):
    return {
        "eventVersion": "1.10", "eventTime": day(1), "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.9", "eventID": f"00000000-0000-4000-8000-{number:012x}",
        "readOnly": True, "managementEvent": False, "eventType": "AwsApiCall", "eventCategory": "Data",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/{who}", "userName": who},
        "requestParameters": {"bucketName": "example-people", "key": f"people/{person}/sign-ins.json"},
        "recipientAccountId": "111122223333",
    }  # fmt: skip


def cloudtrail_log(count=4, first=0):
    return json.dumps({"Records": [cloudtrail_event(n) for n in range(first, first + count)]})


LOGS = {"access": access_log, "pgaudit": pgaudit_log, "cloudtrail": cloudtrail_log, "connections": connections_log}


def packed(text):
    return gzip.compress(text.encode(), mtime=0)

# SPDX-License-Identifier: Apache-2.0
"""Four ticket systems in one small server, in the shapes that their documentation shows, and failing on demand.

    desk = Desk()                      a desk where tickets are opened, edited, closed; it remembers who did what
    with Served(Jira(desk)) as at:     the same tickets, as Jira tells them, at `at.url`
        at.fate = "drip"               and from here on it drips

`page` is the longest page that a system gives, whatever it is asked for. Everybody is invented.
"""

import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPENED = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
# Numbers by which systems know accounts; a robot's and a customer's are accounts as well.
NUMBERS = {"portal": 900, "mira-c": 901, "ana": 11, "bo": 12, "finn": 13, "carl": 14, "ghost": 99}
CUSTOMERS = {"mira-c": "mira"}


@dataclass
class Ticket:
    """One ticket: how it was made, how it stands, and each change as (at, by, what, before, after)."""

    number: int
    created: datetime
    creator: str
    now: dict
    first: dict
    log: list = field(default_factory=list)


class Desk:
    """Where tickets are kept, whatever shape they are told in."""

    def __init__(self) -> None:
        self.tickets: dict[int, Ticket] = {}

    def open(self, number=1, by="portal", at=OPENED, *, requester="mira-c", kind="support", queue=(), assignee=(),
             persons=(), fields=()) -> Ticket:  # fmt: skip
        now = {"open": ("open",), "requester": (requester,), "type": (kind,), "queue": tuple(queue),
               "assignee": tuple(assignee), "person": tuple(persons), "field": tuple(fields)}  # fmt: skip
        self.tickets[number] = Ticket(number, at, by, dict(now), dict(now))
        return self.tickets[number]

    def set(self, number, what, value, *, by, at):
        ticket = self.tickets[number]
        before, ticket.now[what] = ticket.now[what], tuple(value)
        ticket.log.append((at, by, what, before, tuple(value)))

    def add(self, number, what, value, *, by, at):
        self.set(number, what, (*self.tickets[number].now[what], value), by=by, at=at)

    def remove(self, number, what, value, *, by, at):
        self.set(number, what, [v for v in self.tickets[number].now[what] if v != value], by=by, at=at)

    def close(self, number, *, by, at):
        self.set(number, "open", (), by=by, at=at)

    def reopen(self, number, *, by, at):
        self.set(number, "open", ("open",), by=by, at=at)


def _z(at, offset="Z"):
    return at.strftime("%Y-%m-%dT%H:%M:%S") + offset


class Jira:
    """Jira Cloud: an issue, statuses, a changelog that says nothing of how the issue was made."""

    KIND = "jira"
    PERSONS, FIELDS, QUEUE = "customfield_10050", "customfield_10051", "customfield_10052"

    def __init__(self, desk, page=100):
        self.desk, self.page = desk, page

    def answer(self, path, query, _headers):
        parts = path.strip("/").split("/")
        if path == "/rest/api/3/status":
            return [{"id": "1", "name": "To do", "statusCategory": {"key": "new"}},
                    {"id": "2", "name": "Doing", "statusCategory": {"key": "indeterminate"}},
                    {"id": "3", "name": "Done", "statusCategory": {"key": "done"}}]  # fmt: skip
        if parts[:4] != ["rest", "api", "3", "issue"] or not parts[4].startswith("SUP-"):
            return None
        ticket = self.desk.tickets.get(int(parts[4][4:]))
        if ticket is None:
            return None
        return self._changelog(ticket, query) if parts[5:] == ["changelog"] else self._issue(ticket)

    def _issue(self, ticket):
        now = ticket.now
        status = {"id": "2", "name": "Doing", "statusCategory": {"key": "indeterminate"}}
        done = {"id": "3", "name": "Done", "statusCategory": {"key": "done"}}
        fields = {
            "created": _z(ticket.created, ".000+0000"),
            "creator": self._who(ticket.creator),
            "reporter": self._who(*now["requester"]),
            "assignee": self._who(*now["assignee"]) if now["assignee"] else None,
            "status": status if now["open"] else done,
            "issuetype": {"id": "10001", "name": now["type"][0]} if now["type"] else None,
            self.PERSONS: list(now["person"]) or None,
            self.FIELDS: list(now["field"]) or None,
            self.QUEUE: {"value": now["queue"][0]} if now["queue"] else None,
        }
        return {"id": str(10000 + ticket.number), "key": f"SUP-{ticket.number}", "fields": fields}

    def _changelog(self, ticket, query):
        start = int(query.get("startAt", "0"))
        size = min(self.page, int(query.get("maxResults", "50")))
        values = [self._history(number, *change) for number, change in enumerate(ticket.log)]
        return {"startAt": start, "maxResults": size, "total": len(values), "isLast": start + size >= len(values),
                "values": values[start : start + size]}  # fmt: skip

    def _history(self, number, at, by, what, before, after):
        names = {"open": "status", "assignee": "assignee", "requester": "reporter", "type": "issuetype",
                 "person": self.PERSONS, "field": self.FIELDS, "queue": self.QUEUE}  # fmt: skip
        item = {"field": what, "fieldId": names[what], "fieldtype": "jira"}
        for end, values in (("from", before), ("to", after)):
            if what == "open":
                item |= {end: "2" if values else "3", f"{end}String": "Doing" if values else "Done"}
            elif what in ("assignee", "requester"):
                own = f"acc-{values[0]}" if values else None
                item |= {end: own, f"{end}String": values[0] if values else None}
            else:
                item |= {end: None, f"{end}String": " ".join(values) or None}
        return {"id": str(number), "author": self._who(by), "created": _z(at, ".000+0000"), "items": [item]}

    def _who(self, name):
        return {"accountId": f"acc-{name}", "emailAddress": f"{name.capitalize()}@Example.org", "displayName": name}


class _Paged:
    """Lists that are cut into numbered pages, with a `Link` to the next."""

    def __init__(self, desk, page=100):
        self.desk, self.page = desk, page

    def cut(self, values, query):
        number, size = int(query.get("page", "1")), min(self.page, int(query.get("per_page", "30")))
        found = values[(number - 1) * size : number * size]
        return found, {"Link": f'<https://elsewhere.example/?page={number + 1}>; rel="next"'} if number * size < len(
            values
        ) else {}

    def labels(self, now):
        return [f"person:{p}" for p in now["person"]] + [f"field:{f}" for f in now["field"]] + [
            f"type:{t}" for t in now["type"]] + [f"queue:{q}" for q in now["queue"]] + ["urgent"]  # fmt: skip

    def changes(self, ticket):
        """Every change, those of how it was made first."""
        made = [
            (ticket.created, ticket.creator, what, (), value)
            for what, value in ticket.first.items()
            if what not in ("open", "requester")
        ]
        return [*made, *ticket.log]


class GitHub(_Paged):
    """GitHub: an issue and its timeline."""

    KIND = "github"

    def answer(self, path, query, _headers):
        parts = path.strip("/").split("/")
        if parts[:4] != ["repos", "house", "cases", "issues"]:
            return None
        ticket = self.desk.tickets.get(int(parts[4]))
        if ticket is None:
            return None
        if parts[5:] == ["timeline"]:
            return self.cut([{"event": "committed", "sha": "0" * 40}, *self._events(ticket)], query)
        now = ticket.now
        return {
            "number": ticket.number, "title": "person:jonas", "body": "person:jonas field:ip:exact",
            "state": "open" if now["open"] else "closed", "created_at": _z(ticket.created), "closed_at": None,
            "user": self._who(ticket.creator), "assignees": [self._who(a) for a in now["assignee"]],
            "labels": [{"id": 1, "name": name} for name in self.labels(now)],
        }  # fmt: skip

    def _events(self, ticket):
        for at, by, what, before, after in self.changes(ticket):
            common = {"actor": self._who(by), "created_at": _z(at)}
            came, went = [v for v in after if v not in before], [v for v in before if v not in after]
            if what == "open":
                yield {"event": "reopened" if came else "closed", **common}
            elif what == "assignee":
                yield from (
                    {"event": "unassigned", "assignee": self._who(v), "assigner": self._who(by), **common} for v in went
                )
                yield from (
                    {"event": "assigned", "assignee": self._who(v), "assigner": self._who(by), **common} for v in came
                )
            elif what != "requester":
                yield from ({"event": "unlabeled", "label": {"name": f"{what}:{v}"}, **common} for v in went)
                yield from ({"event": "labeled", "label": {"name": f"{what}:{v}"}, **common} for v in came)
        yield {"event": "commented", "actor": self._who("ana"), "created_at": _z(OPENED), "body": "person:jonas"}

    def _who(self, name):
        return None if name == "ghost" else {"login": name.capitalize(), "id": NUMBERS[name]}


class GitLab(_Paged):
    """GitLab: an issue, events of state and labels, notes."""

    KIND = "gitlab"

    def answer(self, path, query, _headers):
        parts = path.strip("/").split("/")
        if parts[:5] != ["api", "v4", "projects", "42", "issues"]:
            return None
        ticket = self.desk.tickets.get(int(parts[5]))
        if ticket is None:
            return None
        match parts[6:]:
            case ["resource_state_events"]:
                return self.cut([e for e in self._events(ticket) if "state" in e], query)
            case ["resource_label_events"]:
                return self.cut([{"action": "add", "label": None, "user": self._who("bo"), "created_at": _z(OPENED)},
                                 *(e for e in self._events(ticket) if "action" in e)], query)  # fmt: skip
            case ["notes"]:
                return self.cut([{"body": "assigned to @bo", "system": False, "author": self._who("bo"), "created_at": _z(OPENED)},
                                 *(e for e in self._events(ticket) if "body" in e)], query)  # fmt: skip
        now = ticket.now
        return {
            "iid": ticket.number, "title": "person:jonas", "description": "assigned to @ana",
            "state": "opened" if now["open"] else "closed", "created_at": _z(ticket.created, ".000Z"), "closed_at": None,
            "author": self._who(ticket.creator), "assignees": [self._who(a) for a in now["assignee"]],
            "labels": self.labels(now),
        }  # fmt: skip

    def _events(self, ticket):
        for at, by, what, before, after in self.changes(ticket):
            common = {"user": self._who(by), "created_at": _z(at, ".000Z")}
            came, went = [v for v in after if v not in before], [v for v in before if v not in after]
            if what == "open":
                yield {"state": "reopened" if came else "closed", **common}
            elif what == "assignee":
                said = [
                    f"{word} {self._listed(who)}" for word, who in (("assigned to", came), ("unassigned", went)) if who
                ]
                if said:
                    yield {
                        "body": " and ".join(said),
                        "system": True,
                        "author": self._who(by),
                        "created_at": _z(at, ".000Z"),
                    }
            elif what != "requester":
                for action, values in (("remove", went), ("add", came)):
                    yield from ({"action": action, "label": {"name": f"{what}:{v}"}, **common} for v in values)

    def _listed(self, names):
        *most, last = [f"@{name}" for name in names]
        return f"{', '.join(most)} and {last}" if most else last

    def _who(self, name):
        return None if name == "ghost" else {"username": name, "id": NUMBERS[name]}


class Zendesk:
    """Zendesk: a ticket, audits behind a cursor, accounts."""

    KIND = "zendesk"
    FIELDS: ClassVar = {"person": 501, "field": 502, "type": 503}

    def __init__(self, desk, page=100):
        self.desk, self.page = desk, page

    def answer(self, path, query, _headers):
        if path == "/api/v2/users/show_many.json":
            return {"users": [self._user(name) for name, n in NUMBERS.items()
                              if str(n) in query["ids"].split(",") and name != "ghost"]}  # fmt: skip
        parts = path.removesuffix(".json").removesuffix("/audits").strip("/").split("/")
        ticket = self.desk.tickets.get(int(parts[3])) if parts[:3] == ["api", "v2", "tickets"] else None
        if ticket is None:
            return None
        if path.endswith("/audits.json"):
            return self._audits(ticket, query)
        now = ticket.now
        custom = [{"id": number, "value": self._value(what, now[what])} for what, number in self.FIELDS.items()]
        return {"ticket": {
            "id": ticket.number, "subject": "mira", "description": "jonas", "created_at": _z(ticket.created),
            "status": "open" if now["open"] else "solved", "requester_id": NUMBERS[now["requester"][0]],
            "assignee_id": self._value("assignee", now["assignee"]), "group_id": self._value("queue", now["queue"]),
            "custom_fields": custom, "type": None,
        }}  # fmt: skip

    def _audits(self, ticket, query):
        names = {"open": "status", "assignee": "assignee_id", "requester": "requester_id", "queue": "group_id"}
        names |= {what: str(number) for what, number in self.FIELDS.items()}
        made = [{"type": "Comment", "body": "person jonas"}]
        made += [{"type": "Create", "field_name": names[what], "value": self._value(what, value)}
                 for what, value in ticket.first.items() if value]  # fmt: skip
        audits = [{"author_id": NUMBERS[ticket.creator], "created_at": _z(ticket.created), "events": made}]
        audits += [
            {"author_id": NUMBERS[by], "created_at": _z(at), "events": [
                {"type": "Change", "field_name": names[what], "previous_value": self._value(what, before),
                 "value": self._value(what, after)}]}
            for at, by, what, before, after in ticket.log
        ]  # fmt: skip
        start, size = int(query.get("page[after]", "0")), min(self.page, int(query["page[size]"]))
        return {"audits": audits[start : start + size],
                "meta": {"has_more": start + size < len(audits), "after_cursor": str(start + size)}}  # fmt: skip

    def _value(self, what, values):
        if what == "open":
            return "open" if values else "solved"
        if what in ("assignee", "requester"):
            return str(NUMBERS[values[0]]) if values else None
        return " ".join(values) or None

    def _user(self, name):
        return {"id": NUMBERS[name], "email": f"{name}@Example.org", "role": "end-user" if name in CUSTOMERS else "agent",
                "external_id": CUSTOMERS.get(name)}  # fmt: skip


KINDS = {each.KIND: each for each in (Jira, GitHub, GitLab, Zendesk)}
# What a system can do instead of answering. Each is silence, none is an answer.
FATES = ("hangs", "drips", "500", "503", "429", "401", "403", "huge", "html", "nothing", "cut", "redirect", "hangs up")


class Served:
    """A system at an address of this machine. `fate`: "ok", or one of FATES; `asked`: what it was asked, in order."""

    def __init__(self, system, *, tls=None):
        self.system, self.fate, self.asked, self.headers = system, "ok", [], []
        self.released = threading.Event()
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                served.get(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # whoever asked has left; that is what they are tested for

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port, self.tls = self.server.server_port, tls
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        path = {"github": "/repos/house/cases", "gitlab": "/api/v4/projects/42"}.get(self.system.KIND, "")
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def get(self, handler):
        place = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        self.asked.append(place.path)
        self.headers.append(dict(handler.headers))
        if self.fate == "ok" and self.system is not None:
            found = self.system.answer(unquote(place.path), query, handler.headers)
            more = {}
            if isinstance(found, tuple):
                found, more = found
            body = json.dumps({"message": "Not Found"} if found is None else found).encode()
            self._send(handler, 404 if found is None else 200, body, more)
        else:
            self._fail(handler, self.fate)

    def _send(self, handler, status, body, headers=()):
        handler.send_response(status)
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _fail(self, handler, fate):
        match fate:
            case "hangs":
                self.released.wait(20)
                handler.close_connection = True
            case "drips":
                handler.send_response(200)
                handler.send_header("Content-Length", "100000")
                handler.end_headers()
                while not self.released.wait(0.05):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
            case "huge":
                handler.send_response(200)
                handler.send_header("Connection", "close")
                handler.end_headers()
                handler.close_connection = True
                for _ in range(6 * 1024):
                    handler.wfile.write(b"[" * 1024)
            case "html":
                self._send(handler, 200, b"<html>Please log in</html>")
            case "nothing":
                self._send(handler, 200, b"{}")
            case "cut":
                handler.send_response(200)
                handler.send_header("Content-Length", "1000")
                handler.end_headers()
                handler.wfile.write(b'{"key": ')
                handler.close_connection = True
            case "redirect":
                self._send(handler, 302, b"{}", {"Location": "https://elsewhere.example/"})
            case "hangs up":
                handler.close_connection = True
            case status:
                self._send(handler, int(status), b"{}", {"Retry-After": "1"})


def wait_until(said, seconds=60.0):
    """Wait for a thread of somebody else's."""
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end
        time.sleep(0.01)

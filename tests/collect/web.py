# SPDX-License-Identifier: Apache-2.0
"""One request as three web servers log it, and as a fourth may get it wrong. Every value is invented."""

import json
from datetime import UTC, datetime

AT = datetime(2026, 11, 24, 19, 53, 48, 353000, tzinfo=UTC)
CLIENT, PROXY, LIE = "198.51.100.7", "192.0.2.1", "203.0.113.9"
ID = "0123456789abcdef0123456789abcdef"


def nginx(target="/admin/people/mira/sign-ins", **changes):
    """A line of ``log_format … escape=json``."""
    made = {
        "msec": "1795550028.353",
        "request_id": ID,
        "remote_addr": CLIENT,
        "remote_user": "ana",
        "request_method": "GET",
        "request_uri": target,
        "status": "200",
        "bytes_sent": "17",
        "http_user_agent": "ExampleBrowser/1.0",
        "upstream_http_x_account": "ana",
    }
    return json.dumps({k: v for k, v in (made | changes).items() if v is not ...})


def caddy(uri="/admin/people/mira/sign-ins", headers=None, request=None, **changes):
    """A line of Caddy's access log."""
    asked = {
        "remote_ip": CLIENT, "remote_port": "50000", "client_ip": CLIENT, "proto": "HTTP/2.0", "method": "GET",
        "host": "desk.example.org", "uri": uri, "headers": {"User-Agent": ["ExampleBrowser/1.0"], **(headers or {})},
    }  # fmt: skip
    made = {
        "level": "info", "ts": 1795550028.353, "logger": "http.log.access", "msg": "handled request",
        "request": asked | (request or {}), "bytes_read": 0, "user_id": "ana", "duration": 0.0012, "size": 17, "status": 200,
        "resp_headers": {"X-Account": ["ana"]},
    }  # fmt: skip
    return json.dumps({k: v for k, v in (made | changes).items() if v is not ...})


def combined(uri="/admin/people/mira/sign-ins", peer=CLIENT, account="ana", method="GET", status=200, size="17",
             time="24/Nov/2026:19:53:48 +0000", line=None, rest=' "-" "ExampleBrowser/1.0"'):  # fmt: skip
    """A line of Apache's combined format."""
    line = f"{method} {uri} HTTP/1.1" if line is None else line
    return f'{peer} - {account} [{time}] "{line}" {status} {size}{rest}'


def wrote(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines))
    return path

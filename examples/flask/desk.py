# SPDX-License-Identifier: Apache-2.0
"""A support desk on Flask: `flask --app desk run`."""

import os

from flask import Flask, request

from whosaw.client.answer import NotShown
from whosaw.client.employee import bearer, employee
from whosaw.client.gate import Gate
from whosaw.client.looks import looks
from whosaw.client.page import refused_page, unavailable_page
from whosaw.errors import WhosawError

files = (os.environ["GATE_CERT"], os.environ["GATE_KEY"]) if "GATE_CERT" in os.environ else None
gate = Gate(os.environ["GATE_URL"], certificate=files, token=os.environ.get("GATE_TOKEN"), ca=os.environ.get("GATE_CA"))
app = Flask(__name__)


@app.get("/accounts/<account>/network")
@looks(
    gate,
    fields="ip:network",
    purpose="subject_request",
    person="account",
    case=lambda account: request.args.get("case"),
)
def network(account, *, shown):
    """From which network the account was used."""
    return {"account": account, "networks": shown.of("ip"), "caveats": [value.caveat for value in shown.values]}


@app.errorhandler(NotShown)
def not_shown(no):
    return refused_page(no.refused), no.refused.status, {"Cache-Control": "no-store"}


@app.errorhandler(WhosawError)
def no_answer(_):
    return unavailable_page(), 503, {"Cache-Control": "no-store"}


def signed_in(environ):
    """The token of whoever signed in; here it comes with the request. In a real tool: from the session."""
    return bearer(environ.get("HTTP_AUTHORIZATION"))


class ForWhom:
    """Every request is its employee's, from its beginning to its end."""

    def __init__(self, wsgi):
        self.wsgi = wsgi

    def __call__(self, environ, start_response):
        with employee(signed_in(environ)):
            return self.wsgi(environ, start_response)


app.wsgi_app = ForWhom(app.wsgi_app)

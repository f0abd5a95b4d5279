# SPDX-License-Identifier: Apache-2.0
"""A support desk on Django, in one file: `python desk.py runserver`."""

import os
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

from whosaw.client.employee import bearer
from whosaw.client.gate import Gate
from whosaw.client.looks import looks


def signed_in(request):
    """The token of whoever signed in; here it comes with the request. In a real tool: `request.session[...]`."""
    return bearer(request.headers.get("Authorization"))


if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["localhost", "127.0.0.1", "testserver"],
        SECRET_KEY=os.environ.get("DESK_SECRET") or os.urandom(32).hex(),
        MIDDLEWARE=["whosaw.client.django.GateMiddleware"],
        WHOSAW_EMPLOYEE=f"{__name__}.signed_in",
    )

files = (os.environ["GATE_CERT"], os.environ["GATE_KEY"]) if "GATE_CERT" in os.environ else None
gate = Gate(os.environ["GATE_URL"], certificate=files, token=os.environ.get("GATE_TOKEN"), ca=os.environ.get("GATE_CA"))


@looks(
    gate,
    fields="ip:network",
    purpose="subject_request",
    person="account",
    case=lambda request, account: request.GET.get("case"),
)
def network(request, account, *, shown):
    """From which network the account was used."""
    caveats = [value.caveat for value in shown.values]
    return JsonResponse({"account": account, "networks": shown.of("ip"), "caveats": caveats})


urlpatterns = [path("accounts/<account>/network", network)]
application = get_wsgi_application()

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

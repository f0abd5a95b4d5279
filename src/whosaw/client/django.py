# SPDX-License-Identifier: Apache-2.0
"""Django: a middleware that says whose request it is, and turns a refusal into a page. Views use ``looks``.

    MIDDLEWARE = [..., "whosaw.client.django.GateMiddleware"]     after the one that signs people in
    WHOSAW_EMPLOYEE = "desk.signed_in.token"                      (request) -> the token of whoever signed in, or None

It imports Django where it is called, so that this package needs it nowhere else.       Use: docs/connectors/tools.md
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from whosaw.client.answer import NotShown
from whosaw.client.employee import employee
from whosaw.client.page import refused_page, unavailable_page
from whosaw.errors import WhosawError


class GateMiddleware:
    """Synchronous, as views that show data mostly are; Django adapts it for others."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        settings: Any = import_module("django.conf").settings
        module, _, name = settings.WHOSAW_EMPLOYEE.rpartition(".")
        self._get_response = get_response
        self._who: Callable[[Any], str | None] = getattr(import_module(module), name)

    def __call__(self, request: Any) -> Any:
        with employee(self._who(request)):
            return self._get_response(request)

    def process_exception(self, request: Any, raised: Exception) -> Any:
        """A page for what `looks` raised; None for everything else, which Django then handles."""
        del request
        answer: Any = import_module("django.http").HttpResponse
        if isinstance(raised, NotShown):
            made = answer(refused_page(raised.refused), status=raised.refused.status)
        elif isinstance(raised, WhosawError):
            made = answer(unavailable_page(), status=503)
        else:
            return None
        made["Cache-Control"] = "no-store"
        return made

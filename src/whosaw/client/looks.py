# SPDX-License-Identifier: Apache-2.0
"""A function that shows somebody's data says so, and the gate is asked before it runs.

    @looks(gate, fields="ip:network", purpose="fraud_review", person="account", case="ticket")
    def page(account, ticket, *, shown): …           `shown` holds what may be shown, and there is no other source

Refused: NotShown is raised in its place, with the reason for the one who looks. Whatever the gate raises passes.

Invariant: the function does not run without an answer that permits it. One that does not take `shown` is refused when it is
declared: it would ask for values and show others.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from whosaw.client.answer import NotShown, Refused, Shown
from whosaw.client.gate import Gate
from whosaw.errors import BadInput
from whosaw.model.access import Asked

_View = TypeVar("_View", bound=Callable[..., Any])
Where = str | Callable[..., str | None]


def looks(
    gate: Gate | Callable[[], Gate],
    *,
    fields: str,
    purpose: str,
    person: Where = "person",
    case: Where | None = "case",
    **more: Any,
) -> Callable[[_View], _View]:
    """`person` and `case`: an argument of the function by its name, or a function of all its arguments; `case=None`: none.

    `more` goes to ``Gate.look`` as it is. Works for functions and coroutine functions.
    """
    for text in fields.split():
        Asked.parse(text)

    def declare(view: _View) -> _View:
        signature = inspect.signature(view)
        if "shown" not in signature.parameters:
            raise BadInput("it takes no `shown`", where=getattr(view, "__qualname__", "a view"))

        def question(args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
            bound = signature.bind_partial(*args, **given)
            bound.apply_defaults()
            return {
                "person": _found(person, bound, args, given), "fields": fields, "purpose": purpose,
                "case": None if case is None else _found(case, bound, args, given), **more,
            }  # fmt: skip

        def asked() -> Gate:
            return gate if isinstance(gate, Gate) else gate()

        if inspect.iscoroutinefunction(view):

            @functools.wraps(view)
            async def later(*args: Any, **given: Any) -> Any:
                answer = await asked().look_async(**question(args, given))
                return await view(*args, **given, shown=_shown(answer))

            return cast("_View", _without_shown(later, signature))

        @functools.wraps(view)
        def now(*args: Any, **given: Any) -> Any:
            answer = asked().look(**question(args, given))
            return view(*args, **given, shown=_shown(answer))

        return cast("_View", _without_shown(now, signature))

    return declare


def _found(where: Where, bound: inspect.BoundArguments, args: tuple[Any, ...], given: dict[str, Any]) -> str | None:
    if not isinstance(where, str):
        return where(*args, **given)
    if where not in bound.arguments:
        raise BadInput("the function has no such argument", where=where)
    value = bound.arguments[where]
    return None if value is None else str(value)


def _shown(answer: Shown | Refused) -> Shown:
    if isinstance(answer, Refused):
        raise NotShown(answer)
    return answer


def _without_shown(wrapped: Any, signature: inspect.Signature) -> Any:
    # Frameworks read signatures: one that finds `shown` would look for it in the request.
    kept = [parameter for name, parameter in signature.parameters.items() if name != "shown"]
    wrapped.__signature__ = signature.replace(parameters=kept)
    del wrapped.__wrapped__
    return wrapped

# SPDX-License-Identifier: Apache-2.0
"""The description: the committed one is the served one, and the API is as it says, whatever it is asked.

`make fuzz-api` asks many times as much.
"""

import json
import os
from dataclasses import replace

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from tests.api.client import Client, bearer
from tests.api.conftest import LANE, ROOT, URL
from tests.api.test_calls import calls_of
from tests.api.test_guarded import over as over_guard
from tests.guard.pseudonyms.test_desk import Office

from whosaw.api.app import Parts, application
from whosaw.api.counts import COUNTS
from whosaw.api.description import ENDPOINTS, LOOK, OPENAPI, describe
from whosaw.api.fixture import Fixture
from whosaw.api.nudges import ANSWER, QUESTIONS
from whosaw.api.pseudonyms import BEHIND, PSEUDONYMS

CALLS = (PSEUDONYMS, BEHIND, COUNTS, QUESTIONS, ANSWER)
EXAMPLES = int(os.environ.get("WHOSAW_EXAMPLES", "4"))
TOKEN = {"Authorization": "Bearer secret"}
PARTS = Parts(
    engine=Fixture.load(ROOT / "docs/spec/certification"), callers=bearer("secret"), lane=LANE, url=URL, health=dict
)
APP = Client(application(PARTS))
# What no schema can say: that a token was handed out before, and which numbers every reader of JSON has.
UNSAID = (
    "page.token: no token of this question",
    "body: a whole number beyond",
    "body: a number beyond",
    "body: nested deeper",
)
SCHEMA = schemathesis.openapi.from_asgi(OPENAPI, APP.app)


def test_the_committed_description_is_the_served_one():
    """With whole looks; a fixture has no values to show."""
    committed = json.loads((ROOT / "docs/spec/openapi.json").read_text())
    assert committed == json.loads(json.dumps(describe(ENDPOINTS)))
    for path in (LOOK, *CALLS):
        del committed["paths"][path]
    assert APP.get(OPENAPI).json["paths"] == committed["paths"]


@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_is_as_it_is_described(case):
    """No 500; each status, header and body is a described one; what breaks the description is refused, and what keeps it is not."""
    got = case.call(headers=TOKEN)
    unsaid = got.status_code == 400 and got.text.startswith(UNSAID)
    case.validate_response(got, excluded_checks=[positive_data_acceptance] if unsaid else [])


class Later:
    """An application that is opened when the first test needs it; until then, the description of one."""

    def __init__(self):
        nothing = PARTS.engine.evaluate
        self.app = application(replace(PARTS, look=nothing, calls=dict.fromkeys(CALLS, nothing)))

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


LATER = Later()
GUARDED = schemathesis.openapi.from_asgi(OPENAPI, LATER)


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    made = Office(tmp_path_factory.mktemp("gate"))
    LATER.app = over_guard(made.gate, callers=bearer("secret"), calls=calls_of(made)).app
    yield made
    made.gate.close()


@GUARDED.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_guard_is_as_it_is_described(gate, case):
    """The same of whole looks and of the guard, but that most of what the shapes allow is no question of ours."""
    got = case.call(headers=TOKEN)
    # A list that is too long may be a body that is too long, and that is found first.
    long = [negative_data_rejection] if got.status_code == 413 else []
    case.validate_response(got, excluded_checks=[positive_data_acceptance, *long])


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

# SPDX-License-Identifier: Apache-2.0
"""The description: the committed one is the served one, and the API is as it says, whatever it is asked.

`make fuzz-api` asks a hundred times as much.
"""

import json
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.api.client import bearer
from tests.api.conftest import ROOT, over

from whosaw.api.description import ENDPOINTS, LOOK, OPENAPI, describe

EXAMPLES = int(os.environ.get("WHOSAW_EXAMPLES", "6"))
TOKEN = {"Authorization": "Bearer secret"}
APP = over(ROOT / "docs/spec/certification", bearer("secret"))
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
    del committed["paths"][LOOK]
    assert APP.get(OPENAPI).json["paths"] == committed["paths"]


@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_is_as_it_is_described(case):
    """No 500; each status, header and body is a described one; what breaks the description is refused, and what keeps it is not."""
    got = case.call(headers=TOKEN)
    unsaid = got.status_code == 400 and got.text.startswith(UNSAID)
    case.validate_response(got, excluded_checks=[positive_data_acceptance] if unsaid else [])


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

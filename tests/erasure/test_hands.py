# SPDX-License-Identifier: Apache-2.0
"""An erasure opens no door: what the directory said of an erased account's hand, or whose it was, still forbids."""

import pytest
from tests.cli.desk import company, day, settle
from tests.directory.town import write
from tests.erasure.folder import BY

from whosaw.wiring import house

MINE = "ana-at-home"  # ana's own account
CASE = "T-200"


@pytest.fixture
def desk(tmp_path):
    """Somebody asked for a case from their private account, about a person whom they then look at."""
    made = settle(tmp_path)
    said(made)
    assert refused(made)
    return made


def said(desk):
    """The tables, in force: the same each time."""
    tables = company()
    tables["staff"][0]["own_person"] = MINE
    tables["persons"].append({"person": MINE, "region": "IE"})
    tables["cases"].append({**tables["cases"][0], "case_id": CASE, "requester": MINE})
    tables["case_persons"].append({"case_id": CASE, "person": "mirabel", "added": day(2), "added_by": "portal"})
    write(desk.tables, tables, regions=None)
    assert desk.typed("directory", "load", desk.tables).code == 0


def known(desk, who, person, case=None):
    with house(desk.data) as here:
        pseudonyms = here.pseudonyms.principal(who), here.pseudonyms.person(person)
        return here.directory.known(*pseudonyms, case, here.clock())


def refused(desk):
    return desk.look(case=CASE).code == 4 and known(desk, "ana", "mirabel", CASE).case.requested_by_principal


def test_whoever_has_their_own_account_erased_is_not_freed_by_it(desk):
    """Or they could look at anybody, in cases that they asked for themselves, and at their own account once it is back: the
    row that lost the name must not be taken for the one that the tables say.
    """
    assert known(desk, "ana", MINE).relation.own
    assert desk.typed("erase", MINE, "--basis", "request", "--by", BY).code == 0
    assert refused(desk)
    assert known(desk, "ana", MINE).relation is None
    said(desk)
    assert refused(desk)
    assert known(desk, "ana", MINE).relation.own


def test_of_another_account_nobody_decides_by_the_case_until_the_tables_say_it_again(desk):
    """Who lives with the one who looks is known by name only; without it the case is nobody's."""
    assert desk.typed("erase", "katharina", "--basis", "request", "--by", BY).code == 0
    openers = [known(desk, "hugo", "mirabel", case).case.opened_by for case in ("T-100", "T-101")]
    assert openers == ["other", "unknown"]

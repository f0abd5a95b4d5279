# SPDX-License-Identifier: Apache-2.0
"""SCIM: who joins, moves and leaves is known at the very next look; and whatever is sent wrongly changes nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.api.scim.world import CORE, ENTERPRISE, GROUP, PATCH, TOKEN, WORK, World, logged, user
from tests.directory.town import DAY, HOUR, MINUTE, TOWN, Office

from whosaw.api.scim.app import LIMIT
from whosaw.directory.directory import Directory
from whosaw.directory.tables import FOR_EVER
from whosaw.model.record import parse


@pytest.fixture
def world(tmp_path):
    office = Office(tmp_path)
    office.load({**TOWN, "staff": []})
    yield World(office)
    office.close()


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """One world for everything that must change nothing."""
    office = Office(tmp_path_factory.mktemp("calm"))
    office.load({**TOWN, "staff": []})
    made = World(office)
    made.there = made.user("bo")
    yield made
    office.close()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """One world for questions: three users."""
    office = Office(tmp_path_factory.mktemp("people"))
    made = World(office)
    for each in PEOPLE:
        assert made.ask("POST", "/Users", each).status == 201
    yield made
    office.close()


# ── joiner, mover, leaver ──


def test_a_joiner_is_known_at_the_next_look(world):
    """Unit, manager, function, countries and own account, as soon as the answer is there; and on record before."""
    boss = world.user("carl", dept="lead")
    world.user(
        "zoe", dept="support-1", boss=boss, function="support", country="IE", contractCountry="US", ownAccount="u-bo"
    )
    facts = world.known("zoe").principal
    assert (facts.function, facts.active, facts.regions, facts.employed) == (
        "support", True, {"IE", "EU", "all"}, {"US", "all"},
    )  # fmt: skip
    assert world.known("zoe", "u-bo").relation.own
    assert world.known("carl", "u-bo").relation.line
    bodies = [parse(s.records[0].body) for s in world.office.journal.submissions]
    assert [(body["source"], body["change"]) for body in bodies] == [("csv", 1), ("scim", 1), ("scim", 2)]
    assert not any(word in str(bodies) for word in ("zoe", "carl", "u-bo"))
    assert {"zoe", "carl"} <= world.office.names.remembered


def test_a_movers_old_unit_stays_known_as_then(world):
    """A patch moves; the look of before is judged by the unit of before, and the chart has both for thirty days."""
    colleague = world.user("bo", dept="support-1", function="support", ownAccount="u-bo")
    zoe = world.user("zoe", dept="support-1", function="support")
    then = world.office.clock.turn(HOUR)
    assert (
        world.patch(f"/Users/{zoe}", {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "fraud-1"}).status
        == 200
    )
    now = world.office.clock.turn(MINUTE)
    assert world.known("zoe", "u-bo", at=then - MINUTE).relation.colleague
    assert world.known("zoe", "u-bo", at=now).relation.colleague  # nobody becomes a stranger overnight
    chart = world.office.directory.chart(now)
    assert chart.units[world.office.names.principal("zoe")] == {"support-1", "fraud-1"}
    assert colleague != zoe
    later = world.office.clock.turn(31 * 24 * HOUR)
    assert not world.known("zoe", "u-bo", at=later).relation.colleague


@pytest.mark.parametrize("way", ["active", "active as Entra says it", "put", "delete"])
def test_a_leaver_is_refused_at_the_very_next_look_and_the_others_are_told(world, way):
    """However it is said. What was known of them stays: they have left, and are not unknown."""
    zoe = world.user("zoe", dept="support-1", function="support", country="IE")
    world.office.clock.turn(HOUR)
    before = world.office.clock.at
    world.office.clock.turn(MINUTE)
    said = {
        "active": lambda: world.patch(f"/Users/{zoe}", {"op": "replace", "path": "active", "value": False}),
        "active as Entra says it": lambda: world.patch(
            f"/Users/{zoe}", {"op": "Replace", "value": {"active": "False"}}
        ),
        "put": lambda: world.ask("PUT", f"/Users/{zoe}", {**user("zoe", dept="support-1"), "active": False}),
        "delete": lambda: world.ask("DELETE", f"/Users/{zoe}"),
    }[way]()
    assert said.status == (204 if way == "delete" else 200), said.raw
    facts = world.known("zoe").principal
    assert facts is not None and not facts.active
    assert world.known("zoe", at=before).principal.active
    assert world.left == [world.office.names.principal("zoe")]
    assert not world.office.directory.present(world.office.names.principal("zoe"), world.office.clock.at)
    assert (world.ask("GET", f"/Users/{zoe}").status == 404) is (way == "delete")


def test_a_leaver_by_scim_has_left_although_the_tables_still_list_them(world):
    """The nightly table is yesterday's word."""
    world.office.load()
    ana = world.user("ana", dept="support-1", function="support", country="IE")
    assert world.known("ana").principal.active
    world.patch(f"/Users/{ana}", {"op": "replace", "path": "active", "value": False})
    assert not world.known("ana").principal.active
    world.office.clock.turn(HOUR)
    world.office.load()
    assert not world.known("ana").principal.active


def test_who_left_does_not_come_back_by_a_word_that_was_left_out(world):
    """A replacement without `active` keeps what was; removing the word is leaving; saying true is coming back."""
    zoe = world.user("zoe")
    world.patch(f"/Users/{zoe}", {"op": "remove", "path": "active"})
    assert not world.known("zoe").principal.active
    world.ask("PUT", f"/Users/{zoe}", user("zoe"))
    assert not world.known("zoe").principal.active
    world.patch(f"/Users/{zoe}", {"op": "add", "path": "active", "value": True})
    assert world.known("zoe").principal.active


def test_where_the_others_cannot_be_told_the_provider_says_it_again(world):
    """Refused already, and 500 all the same: the provider repeats, and the others hear of it."""
    zoe, bo = world.user("zoe"), world.user("bo")
    world.fails = True
    assert world.patch(f"/Users/{zoe}", {"op": "replace", "path": "active", "value": False}).status == 500
    assert world.ask("DELETE", f"/Users/{bo}").status == 500
    assert not world.known("zoe").principal.active and not world.known("bo").principal.active
    world.fails = False
    assert world.patch(f"/Users/{zoe}", {"op": "replace", "path": "active", "value": False}).status == 200
    assert world.ask("DELETE", f"/Users/{bo}").status == 204
    assert world.left == [world.office.names.principal("zoe"), world.office.names.principal("bo")]


def test_another_staff_id_ends_the_old_one(world):
    """Somebody is renamed: who looks by the old id has left, the new one has everything, the group's duty too."""
    zoe = world.user("zoe", function="fraud", country="IE")
    world.group("on_call:night", zoe)
    assert world.known("zoe").principal.on_call
    assert world.patch(f"/Users/{zoe}", {"op": "replace", "path": "userName", "value": "zoe.new"}).status == 200
    assert (world.known("zoe").principal.active, world.known("zoe").principal.on_call) == (False, False)
    assert (world.known("zoe.new").principal.active, world.known("zoe.new").principal.on_call) == (True, True)
    assert world.left == [world.office.names.principal("zoe")]


@pytest.mark.parametrize(("attribute", "value"), [("externalId", {"externalId": "x-9"}), ("employeeNumber", {})])
def test_another_attribute_can_be_the_staff_id(tmp_path, attribute, value):
    """By the settings; whoever lacks it is refused."""
    office = Office(tmp_path)
    office.load({**TOWN, "staff": []})
    world = World(office, attribute)
    assert world.ask("POST", "/Users", user("zoe")).status == 400
    enterprise = {ENTERPRISE: {"employeeNumber": "x-9"}} if attribute == "employeeNumber" else {}
    assert world.ask("POST", "/Users", {**user("zoe", dept="d"), **value, **enterprise}).status == 201
    assert world.known("x-9").principal.active and world.known("zoe").principal is None
    office.close()


def test_a_manager_who_is_gone_stays_in_the_line_and_stands_in_nobodys_way(world):
    """Their report can still be changed, and leave; a manager whom nobody knows is refused."""
    boss = world.user("carl")
    zoe = world.user("zoe", boss=boss, dept="d")
    assert world.ask("DELETE", f"/Users/{boss}").status == 204
    assert world.patch(f"/Users/{zoe}", {"op": "replace", "path": "active", "value": False}).status == 200
    assert not world.known("zoe").principal.active
    row = next(r for r in world.office.directory.rows("staff", world.office.clock.at) if r["unit"] == "d")
    assert row["manager"] == world.office.names.principal("carl")
    assert world.ask("POST", "/Users", user("yves", dept="d", boss="0" * 32)).status == 400
    loop = world.patch(f"/Users/{zoe}", {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": zoe})
    assert loop.status == 400


def test_groups_are_assignments_of_their_members(world):
    """Named KIND:SCOPE; members come and go, the group is renamed, and is gone; other groups assign nothing."""
    zoe, bo = world.user("zoe", function="fraud"), world.user("bo", function="fraud")
    duty = world.group("on_call:night", zoe)
    world.group("All of Dublin", zoe, bo)
    on = lambda: {name for name in ("zoe", "bo") if world.known(name).principal.on_call}  # noqa: E731
    assert on() == {"zoe"}
    world.patch(f"/Groups/{duty}", {"op": "add", "path": "members", "value": [{"value": bo}]})
    assert on() == {"zoe", "bo"}
    world.patch(f"/Groups/{duty}", {"op": "remove", "path": f'members[value eq "{zoe}"]'})
    assert on() == {"bo"}
    world.patch(f"/Groups/{duty}", {"op": "replace", "path": "displayName", "value": "queue:q-help"})
    assert on() == set()
    assert world.known("bo", "jonas", "T-2").case.assigned
    assert world.ask("DELETE", f"/Groups/{duty}").status == 204
    assert not world.known("bo", "jonas", "T-2").case.assigned
    assert (
        world.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "x", "members": [{"value": "0" * 32}]}).status
        == 400
    )


def test_a_member_who_is_deleted_is_in_no_group(world):
    """The duty ends with them, and the others keep it."""
    zoe, bo = world.user("zoe"), world.user("bo")
    duty = world.group("on_call:night", zoe, bo)
    assert [each["value"] for each in world.ask("GET", f"/Users/{zoe}").json["groups"]] == [duty]
    assert world.ask("DELETE", f"/Users/{zoe}").status == 204
    assert [each["value"] for each in world.ask("GET", f"/Groups/{duty}").json["members"]] == [bo]
    assert world.known("bo").principal.on_call
    rows = list(world.office.directory.rows("assignments", world.office.clock.at))
    assert [row["principal"] for row in rows if row["source"] == "scim"] == [world.office.names.principal("bo")]


def test_what_is_not_known_forbids(world):
    """Without a function no purpose is theirs; without a department they share `unknown` with all who have none."""
    world.user("zoe", ownAccount="u-ana"), world.user("bo")
    assert world.known("zoe").principal.function == "unknown"
    assert world.known("zoe").principal.regions == frozenset()
    assert world.known("bo", "u-ana").relation.colleague


# ── freshness ──


def test_a_request_is_a_sign_of_life_and_silence_forbids(world):
    """Any answered request of the provider confirms; after hours without one its feed is what a look is judged by."""
    world.office.load()
    zoe = world.user("zoe")
    directory = Directory(world.office.engine, 30 * DAY, {"scim": HOUR})
    world.office.clock.turn(2 * HOUR)
    stale = lambda: {f.source: f.stale(world.office.clock.at) for f in directory.feeds(world.office.clock.at)}  # noqa: E731
    assert stale() == {"csv": False, "scim": True}
    assert world.ask("GET", f"/Users/{zoe}", token="another").status == 401
    assert stale()["scim"]
    assert world.ask("GET", f"/Users/{zoe}").status == 200
    assert not stale()["scim"]


def test_a_change_that_failed_is_no_sign_of_life(world):
    """The journal is down for the leaver: the provider's next question does not make the directory fresh."""
    zoe = world.user("zoe")
    world.office.clock.turn(2 * HOUR)
    world.office.journal.fate = "down"
    assert world.patch(f"/Users/{zoe}", {"op": "replace", "path": "active", "value": False}).status == 503
    assert world.ask("GET", f"/Users/{zoe}").status == 200
    feed = next(f for f in world.office.directory.feeds(world.office.clock.at) if f.source == "scim")
    assert feed.confirmed == world.office.clock.at - 2 * HOUR
    world.office.journal.fate = "ok"
    assert world.patch(f"/Users/{zoe}", {"op": "replace", "path": "active", "value": False}).status == 200
    feed = next(f for f in world.office.directory.feeds(world.office.clock.at) if f.source == "scim")
    assert feed.confirmed == world.office.clock.at


@pytest.mark.parametrize("fate", ["busy", "lost", "late", "down"])
def test_the_record_comes_first_however_the_journal_fails(world, fate):
    """Nothing of the change is there, neither resource nor row; said again, it is there once."""
    world.office.journal.fate = fate
    made = world.ask("POST", "/Users", user("zoe"))
    if fate == "busy":  # which the desk tries again by itself
        assert made.status == 201
        return
    assert made.status == 503 and "retry-after" in made.headers
    assert world.known("zoe").principal is None
    assert world.ask("GET", '/Users?filter=userName%20eq%20"zoe"').json["totalResults"] == 0
    world.office.journal.fate = "ok"
    assert world.ask("POST", "/Users", user("zoe")).status == 201
    assert world.known("zoe").principal.active


# ── what is kept ──


def test_no_name_lies_in_the_clear_and_none_is_logged(world):
    """userName, displayName, e-mail, external id, own account, household: not in state.db, not in any log line."""
    with logged() as lines:
        value = {
            **user("secret-zoe", dept="unit-7", ownAccount="secret-account", household="secret-street", function="support"),
            "externalId": "secret-ext", "displayName": "Secret Zoe", "title": "tester",
            "emails": [{"value": "secret@example.org", "type": "work"}], "name": {"familyName": "Secretsson"},
        }  # fmt: skip
        made = world.ask("POST", "/Users", value)
        world.ask("POST", "/Users", value)
        world.ask("GET", '/Users?filter=userName%20eq%20"secret-zoe"')
        world.ask("GET", "/Users/secret-id")
        world.patch(f"/Users/{made.json['id']}", {"op": "replace", "path": "userName", "value": "secret\n"})
        world.office.journal.fate = "down"
        world.ask("DELETE", f"/Users/{made.json['id']}")
    raw = b"".join(path.read_bytes() for path in world.office.path.parent.glob("state.db*"))
    assert b"ecret" not in raw.replace(b"sqlite", b"")
    assert b"unit-7" in raw
    assert "ecret" not in "\n".join(lines)


def test_what_was_given_is_given_back(world):
    """Everything that the schemas have, as it came; what they have not is dropped."""
    value = {
        **user("Zoe", dept="unit-7", function="support", country="IE", ownAccount="u-1", household="elm", suspended=True),
        "externalId": "e-1", "displayName": "Zoë Å", "title": "tester", "userType": "Employee",
        "emails": [{"value": "zoe@example.org", "type": "work", "primary": True}],
        "name": {"familyName": "Å", "givenName": "Zoë"},
        "phoneNumbers": [{"value": "+49 30 000"}], "addresses": [{"locality": "Dublin"}],
    }  # fmt: skip
    id_ = world.ask("POST", "/Users", value).json["id"]
    back = world.ask("GET", f"/Users/{id_}").json
    for name, said in value.items():
        if name in ("phoneNumbers", "addresses"):
            assert name not in back
        elif name != "schemas":
            assert back[name] == said
    assert back["active"] is True
    assert back["meta"]["location"] == f"https://idp.example.org/scim/v2/Users/{id_}"


def test_an_erased_person_is_in_no_resource(world, tmp_path):
    """Their account goes out of the resource of the member of staff whose own it was; the rest stays."""
    from whosaw.store.sql_erase import SqlErasure
    from whosaw.store.state import state_engine

    zoe = world.user("zoe", ownAccount="u-bo", country="IE")
    keys = state_engine(tmp_path / "keys.db")
    erasure, bo = SqlErasure(world.office.engine, keys), world.office.names.person("u-bo")
    assert erasure.knows(bo)
    erasure.erase(None, bo)
    assert not erasure.knows(bo)
    assert world.ask("GET", f"/Users/{zoe}").json[WORK] == {"country": "IE"}
    assert world.patch(f"/Users/{zoe}", {"op": "replace", "path": "title", "value": "t"}).status == 200
    assert not erasure.knows(bo)


# ── the door ──


BAD_TOKENS = [None, "", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), "é" * 10, "x" * 5000]


@pytest.mark.parametrize("token", BAD_TOKENS)
@pytest.mark.parametrize(("method", "path"), [("GET", "/Users"), ("POST", "/Users"), ("GET", "/ServiceProviderConfig")])
def test_a_bad_token_is_nobodys(calm, token, method, path):
    """401 for everything, before the body is read, and nothing happens."""
    value = None if method == "GET" else user("zoe")
    said = calm.ask(method, path, value, headers={}, token=None) if token is None else None
    if said is None:
        try:
            said = calm.ask(method, path, value, token=token)
        except UnicodeEncodeError:
            return
    assert (said.status, said.headers["www-authenticate"]) == (401, 'Bearer realm="directory"')
    assert calm.known("zoe").principal is None


@pytest.mark.parametrize("scheme", ["Basic", "bearertoken", "Token", ""])
def test_another_scheme_is_nobodys(calm, scheme):
    said = calm.ask("GET", "/Users", token=None, headers={"authorization": f"{scheme} {TOKEN}"})
    assert said.status == 401


BODIES = [
    (b"x" * (LIMIT + 1), 413, None), (b"", 400, "invalidSyntax"), (b"{", 400, "invalidSyntax"),
    (b"[]", 400, "invalidSyntax"), (b'{"a":1,"a":2}', 400, "invalidSyntax"), (b'{"a":NaN}', 400, "invalidSyntax"),
    (b"\xff\xfe", 400, "invalidSyntax"), (b"[" * 100_000, 400, "invalidSyntax"), (b'{"a":"\\ud800"}', 400, "invalidSyntax"),
    (b'{"userName":"zoe"}', 400, "invalidValue"), (b'{"schemas":[],"userName":"zoe"}', 400, "invalidValue"),
    (b'{"schemas":"x","userName":"zoe"}', 400, "invalidValue"), (b'{"schemas":[1,{}],"userName":"zoe"}', 400, "invalidValue"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "status", "kind"), BODIES)
def test_a_body_that_is_none_changes_nothing(calm, raw, status, kind):
    """Too long, no JSON, JSON with two meanings, without its schema."""
    before = calm.office.everything()
    said = calm.ask("POST", "/Users", raw=raw)
    assert (said.status, said.json.get("scimType")) == (status, kind)
    assert calm.office.everything() == before


VALUES = [
    {"schemas": [CORE]}, {"schemas": [CORE], "userName": ""}, {"schemas": [CORE], "userName": " zoe"},
    {"schemas": [CORE], "userName": "a\nb"}, {"schemas": [CORE], "userName": "x" * 201}, {"schemas": [CORE], "userName": 7},
    {"schemas": [CORE], "userName": None}, {"schemas": [CORE], "userName": ["zoe"]},
    {"schemas": [CORE, "urn:nobody:knows:this"], "userName": "zoe"},
    {"schemas": [CORE], "userName": "zoe", "urn:nobody:knows:this": {"suspended": True}},
    {"schemas": [CORE, WORK], "userName": "zoe", WORK: {"country": "Ireland"}},
    {"schemas": [CORE, WORK], "userName": "zoe", WORK: {"function": "spy"}},
    {"schemas": [CORE, WORK], "userName": "zoe", WORK: {"suspended": "perhaps"}},
    {"schemas": [CORE, WORK], "userName": "zoe", WORK: {"ownAccount": "a\tb"}},
    {"schemas": [CORE, ENTERPRISE], "userName": "zoe", ENTERPRISE: {"department": "x" * 201}},
    {"schemas": [CORE], "userName": "zoe", "active": "perhaps"},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=[str(n) for n in range(len(VALUES))])
def test_a_resource_that_cannot_be_known_changes_nothing(calm, value):
    """Missing, empty, too long, of another type, of a schema that nobody knows: 400, and nobody is known."""
    before, records = calm.office.everything(), len(calm.office.journal.submissions)
    said = calm.ask("POST", "/Users", value)
    assert (said.status, said.json["schemas"]) == (400, ["urn:ietf:params:scim:api:messages:2.0:Error"])
    assert (calm.office.everything(), len(calm.office.journal.submissions)) == (before, records)
    assert calm.ask("PUT", f"/Users/{calm.there}", value).status == 400
    assert calm.office.everything() == before


def test_names_are_unique_whatever_their_case(world):
    """409 for a second user, and for a second group, of the name; on a rename, too."""
    world.user("zoe")
    bo, duty = world.user("bo"), world.group("on_call:night")
    assert world.ask("POST", "/Users", user("ZOE")).json["scimType"] == "uniqueness"
    assert world.patch(f"/Users/{bo}", {"op": "replace", "path": "userName", "value": "Zoe"}).status == 409
    assert world.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "On_Call:Night"}).status == 409
    assert world.ask("PUT", f"/Groups/{duty}", {"schemas": [GROUP], "displayName": "on_call:night"}).status == 200


def test_etags(world):
    """A version grows with each change; one that is not the newest changes nothing; one that is known is not sent again."""
    made = world.ask("POST", "/Users", user("zoe"))
    id_, tag = made.json["id"], made.headers["etag"]
    assert tag == made.json["meta"]["version"] == 'W/"1"'
    assert world.ask("GET", f"/Users/{id_}", headers={"if-none-match": tag}).status == 304
    changed = world.patch(f"/Users/{id_}", {"op": "add", "path": "title", "value": "t"}, headers={"if-match": tag})
    assert (changed.status, changed.headers["etag"]) == (200, 'W/"2"')
    for old in (tag, '"1"', "nonsense"):
        assert world.patch(f"/Users/{id_}", {"op": "remove", "path": "title"}, headers={"if-match": old}).status == 412
        assert world.ask("DELETE", f"/Users/{id_}", headers={"if-match": old}).status == 412
        assert world.ask("PUT", f"/Users/{id_}", user("zoe"), headers={"if-match": old}).status == 412
    assert world.ask("GET", f"/Users/{id_}").json["title"] == "t"
    assert world.ask("DELETE", f"/Users/{id_}", headers={"if-match": 'W/"2"'}).status == 204


PATHS = [
    ("PUT", "/Users", 405), ("DELETE", "/Groups", 405), ("POST", "/Users/x", 405), ("PATCH", "/Schemas", 405),
    ("GET", "/Users/x", 404), ("GET", "/Groups/../../x", 404), ("GET", "/nothing", 404), ("GET", "/Users/x/y", 404),
    ("GET", "/Bulk", 501), ("GET", "/Me", 501), ("GET", "/Users/.search", 405), ("GET", "/Schemas?filter=id%20pr", 403),
    ("GET", "/Users?filter=userName%20eq", 400), ("GET", "/Users?filter=nothing%20eq%20%22x%22", 400),
    ("GET", "/Users?count=x", 400), ("GET", "/Users?filter=a&filter=b", 400), ("GET", "/Users?startIndex=-5&count=-1", 200),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), PATHS)
def test_paths_and_questions_that_are_none(calm, method, path, status):
    """Each has its status, and a body that says so in SCIM's own words."""
    said = calm.ask(method, path, {"schemas": []} if method in {"PUT", "PATCH", "POST"} else None)
    assert said.status == status, said.raw
    assert said.headers["content-type"] == "application/scim+json"


# ── filters and paths ──


PEOPLE = [
    {**user("ana", dept="d1", function="support", country="IE"), "title": "Lead", "externalId": "E-1",
     "emails": [{"value": "ana@example.org", "type": "work"}]},
    {**user("Bo", dept="d2", function="fraud"), "externalId": "e-1"},
    {**user("cem", suspended=True), "active": False, "displayName": 'Cem "C"'},
]  # fmt: skip
FILTERS = [
    ('userName eq "ANA"', "ana"), ('userName sw "b"', "Bo"), ('externalId eq "E-1"', "ana"), ("title pr", "ana"),
    ("active eq false", "cem"), ('emails[type eq "work" and value co "example"]', "ana"), ('emails.value ew ".org"', "ana"),
    (f'{ENTERPRISE}:department eq "d2"', "Bo"), (f'{WORK}:function eq "support"', "ana"), (f"{WORK}:suspended eq true", "cem"),
    ('not (userName eq "ana") and active eq true', "Bo"), ('displayName eq "Cem \\"C\\""', "cem"), ('userName eq "nobody"', ""),
    ('userName eq "ana" or userName eq "bo"', "ana Bo"), ('meta.resourceType eq "User"', "ana Bo cem"), ('id eq "x"', ""),
    ('externalId eq "e-2"', ""), ('USERNAME Eq "bo"', "Bo"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "names"), FILTERS)
def test_filters(people, asked, names):
    """By the index and by opening everything: the same answers that the specification has, by GET and by POST."""
    from urllib.parse import quote

    got = people.ask("GET", f"/Users?filter={quote(asked)}")
    assert {each["userName"] for each in got.json["Resources"]} == {*names.split()}, got.raw
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": asked}
    assert people.ask("POST", "/Users/.search", search).json["totalResults"] == len(names.split())


def test_parts_and_order_of_a_list(world):
    """By the order in which they were made, or by an attribute; a part is a part of the whole."""
    names = [f"p{n}" for n in (3, 1, 2, 5, 4)]
    for name in names:
        world.user(name)
        world.office.clock.turn(MINUTE)
    got = world.ask("GET", "/Users?startIndex=2&count=2").json
    assert (got["totalResults"], got["startIndex"], [each["userName"] for each in got["Resources"]]) == (
        5,
        2,
        ["p1", "p2"],
    )
    got = world.ask("GET", "/Users?sortBy=userName&sortOrder=descending&count=3&attributes=userName").json
    assert [each["userName"] for each in got["Resources"]] == ["p5", "p4", "p3"]
    assert all(each.keys() == {"schemas", "id", "userName"} for each in got["Resources"])
    assert world.ask("GET", "/Users?count=0").json["totalResults"] == 5


NAMES = ["title", "displayName", "userType", f"{ENTERPRISE}:department", f"{WORK}:site", "name.givenName", "externalId"]
VALUES_OF = st.one_of(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12), st.none())
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "replace", "remove"]), st.sampled_from(NAMES), VALUES_OF), max_size=6
)


@settings(max_examples=6, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_any_sequence_of_operations_is_what_a_dictionary_would_be(tmp_path_factory, batches):
    """A model of the resource as a flat dictionary; a batch with one bad operation changes nothing at all."""
    office = Office(tmp_path_factory.mktemp("scim"))
    world = World(office)
    id_, model = world.user("zoe"), {}
    for batch in batches:
        operations, new = [], dict(model)
        for op, name, value in batch:
            operations.append({"op": op, "path": name} | ({} if op == "remove" else {"value": value}))
            if op == "remove" or value is None:
                new.pop(name, None)
            else:
                new[name] = value
        good = all(op != "add" or value is not None for op, _, value in batch) and batch
        said = world.patch(f"/Users/{id_}", *operations)
        assert (said.status == 200) is bool(good), (said.raw, batch)
        model = new if good else model
        back = world.ask("GET", f"/Users/{id_}").json
        assert {name: found for name in NAMES if (found := _at(back, name)) is not None} == model
        row = next(r for r in office.directory.rows("staff", office.clock.at))
        assert (row["unit"], row["site"], row["role"]) == (
            model.get(f"{ENTERPRISE}:department", "unknown"), model.get(f"{WORK}:site"), model.get("title"),
        )  # fmt: skip
    office.close()


def _at(resource, name):
    for urn in (ENTERPRISE, WORK):
        if name.startswith(urn):
            return resource.get(urn, {}).get(name.removeprefix(f"{urn}:"))
    head, _, rest = name.partition(".")
    found = resource.get(head)
    return found.get(rest) if rest and found else found


ANY = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        st.text(max_size=8),
        st.sampled_from([CORE, WORK, "userName", "members"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
OPS = st.fixed_dictionaries(
    {"op": st.one_of(st.sampled_from(["add", "replace", "remove", "Add"]), ANY)},
    optional={
        "path": st.one_of(
            st.sampled_from([*NAMES, "active", "userName", "id", "meta.version", 'emails[type eq "work"].value', "groups", CORE,
                             f"{CORE}:userName", ENTERPRISE, f"{ENTERPRISE}:manager", "schemas", "emails[", "a b", ""]),
            st.text(max_size=20),
        ),
        "value": ANY,
    },
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(OPS, max_size=3))
def test_no_operation_breaks_anything(tmp_path_factory, operations):
    """Whatever is sent: changed or refused in SCIM's words, never a fault of ours; and what is there is still whole."""
    office, world, id_ = _shared(tmp_path_factory)
    before = world.ask("GET", f"/Users/{id_}").json
    said = world.ask("PATCH", f"/Users/{id_}", {"schemas": [PATCH], "Operations": operations})
    assert said.status in {200, 400, 409}, (said.raw, operations)
    after = world.ask("GET", f"/Users/{id_}")
    assert after.status == 200
    assert said.status == 200 or after.json == before
    rows = [r for r in office.directory.rows("staff", office.clock.at) if r["valid_to"] == FOR_EVER]
    assert len(rows) == (1 if after.json.get("active") else 0)


@settings(max_examples=30, deadline=None)
@given(
    st.one_of(ANY, st.dictionaries(st.sampled_from(["schemas", "userName", "active", "emails", WORK, ENTERPRISE]), ANY))
)
def test_no_body_breaks_anything(tmp_path_factory, value):
    """Any JSON as a new user and as a replacement."""
    _, world, id_ = _shared(tmp_path_factory)
    made = world.ask("POST", "/Users", raw=json.dumps(value).encode())
    assert made.status in {201, 400, 409}, (made.raw, value)
    if made.status == 201:
        assert world.ask("DELETE", f"/Users/{made.json['id']}").status == 204
    assert world.ask("PUT", f"/Users/{id_}", raw=json.dumps(value).encode()).status in {200, 400, 409}


@settings(max_examples=30, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(
    ["userName", "emails", "[", "]", "(", ")", "eq", "pr", "and", "not", '"x"', "true", "null", "active", f"{WORK}:country", "."]
), max_size=7).map(" ".join)))  # fmt: skip
def test_no_filter_breaks_anything(tmp_path_factory, asked):
    """Any text as a filter: an answer, or invalidFilter."""
    from urllib.parse import quote

    _, world, _ = _shared(tmp_path_factory)
    said = world.ask("GET", f"/Users?filter={quote(asked, errors='replace')}")
    assert said.status in {200, 400}, (said.raw, asked)
    if said.status == 400:
        assert said.json["scimType"] in {"invalidFilter", "invalidSyntax", "invalidValue", "invalidPath"}


@pytest.mark.parametrize(
    "asked", ["not (" * 1000 + "title pr" + ")" * 1000, "(" * 4000, " and ".join(["title pr"] * 1000), "x" * 100_000]
)
def test_a_filter_longer_than_any_is_refused(calm, asked):
    """By POST there is room for one that would take an evaluator's breath away."""
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": asked}
    said = calm.ask("POST", "/Users/.search", search)
    assert (said.status, said.json["scimType"]) == (400, "invalidFilter")


_MADE = {}


def _shared(factory):
    if "it" not in _MADE:
        office = Office(factory.mktemp("scim-shared"))
        world = World(office)
        _MADE["it"] = (office, world, world.user("zoe"))
    return _MADE["it"]


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    if "it" in _MADE:
        _MADE.pop("it")[0].close()

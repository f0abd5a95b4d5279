# SPDX-License-Identifier: Apache-2.0
"""Ladders: every kind of field, what a rung shows is a function of the rung above it, and nothing else fits in a value."""

import json
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from whosaw.errors import BadInput, Misconfigured
from whosaw.model.access import BARE, LADDER, Asked, Field
from whosaw.privacy.detail import NO_PARTS, OFFERED, canonical, check_offered, mask, offered, seen
from whosaw.privacy.fields.ip import address_of, lengths, network_of
from whosaw.privacy.fields.kind import Seen, Shown, World
from whosaw.privacy.fields.registry import KINDS, discover
from whosaw.verify.words import _FIELD_WORDS


class EveryPlace:
    """A database in which each /12 and each /32 is a region of its own, and each /8 and /19 a country."""

    def offers(self, detail):
        return True

    def says(self):
        return "Says Test-City, built 2026-02-01."

    def place(self, network, detail):
        longest = {"country": (8, 19), "region": (12, 32)}[detail][network.version == 6]
        if network.prefixlen < longest:
            return None
        return Shown(f"{detail} of {network.supernet(new_prefix=longest)}", "says a test")


PLACES = EveryPlace()
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
TIMES = st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 23)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z")
FEW = st.sampled_from(["a", "b"])
VALUES = {
    "location": st.fixed_dictionaries(
        {"country": st.sampled_from(["SE", "AT"])},
        optional={
            "region": FEW,
            "city": FEW,
            "address": WORDS,
            "radius_m": st.integers(0, 9),
            "point": st.just("1.0,-2.5"),
        },
    ),
    "device": st.fixed_dictionaries(
        {"kind": st.sampled_from(["phone", "other"])},
        optional={"maker": FEW, "model": FEW, "agent": WORDS, "id": WORDS},
    ),
    "contacts": st.fixed_dictionaries(
        {
            "contacts": st.lists(
                st.fixed_dictionaries({"name": WORDS}, optional={"relation": st.sampled_from(["family", "work"])}),
                max_size=3,
            )
        }
    ),
    "messages": st.fixed_dictionaries(
        {
            "messages": st.lists(
                st.fixed_dictionaries({"at": TIMES, "from": FEW, "to": st.lists(FEW, max_size=2), "text": WORDS}),
                max_size=2,
            )
        }
    ),
    "profile": st.fixed_dictionaries(
        {"public": st.dictionaries(FEW, FEW, max_size=1)}, optional={"private": st.dictionaries(FEW, WORDS, max_size=1)}
    ),
    "activity": st.fixed_dictionaries({"at": TIMES, "what": WORDS}),
    "payment": st.fixed_dictionaries(
        {"kind": st.sampled_from(["card", "bank"])},
        optional={"number": st.integers(0, 3).map(lambda n: f"00001111222{n}{n % 2}333"), "holder": WORDS},
    ),
}
ADDRESSES = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    st.ip_addresses(v=4, network="203.0.112.0/22"),
    st.ip_addresses(v=6, network="2002:cb00::/24"),
    st.ip_addresses(v=6, network="2001:db8::/44"),
    st.ip_addresses(v=6, network="64:ff9b::/96"),
    st.ip_addresses(v=6, network="::ffff:203.0.113.0/120"),
).map(str)


def world_of(value, share):
    """The prefix that a crowd would give: one of those that may be shown, a function of nothing but the network itself."""
    known = address_of(value)
    return World(next((n for n in lengths(known) if hash(network_of(known, n)) % 3 < share), None), PLACES)


def climbs(field, values, worlds):
    """For two values: whoever sees them alike at a rung sees them alike at each rung below it."""
    for higher, lower in zip(LADDER[field][1:], LADDER[field][:-1], strict=True):
        high = [mask(field, v, higher, w).text for v, w in zip(values, worlds, strict=True)]
        if high[0] == high[1] != "none":
            assert len({mask(field, v, lower, w).text for v, w in zip(values, worlds, strict=True)}) == 1, (
                lower,
                higher,
            )
    return True


@settings(max_examples=60)
@given(st.data())
@pytest.mark.parametrize("field", [f for f in Field if f is not Field.IP])
def test_a_lower_rung_is_a_function_of_the_higher(field, data):
    """Of values with parts: two of one small world, at every rung."""
    values = [canonical(field, json.dumps(data.draw(VALUES[field]))) for _ in range(2)]
    assert climbs(field, values, [World(), World()])


@settings(max_examples=200)
@given(ADDRESSES, ADDRESSES, st.integers(0, 3), st.integers(0, 30))
def test_of_an_address_as_well(one, other, share, near):
    """Neighbours, 6to4, NAT64, IPv4 in an IPv6 coat: with whatever crowds there are."""
    twin = str(type(address_of(one))(int(address_of(one)) ^ (1 << near)))
    for pair in ((one, other), (one, twin)):
        values = [canonical(Field.IP, each) for each in pair]
        assert climbs(Field.IP, values, [world_of(each, share) for each in values])


@given(
    st.ip_addresses(v=4),
    st.ip_addresses(v=4),
    st.sampled_from(["64:ff9b::", "2001::", "::ffff:0:", "fe80::5efe:", "::"]),
)
def test_an_ipv4_address_inside_another_never_shows(one, other, coat):
    """NAT64, Teredo, SIIT, ISATAP and the oldest form: whose address it carries makes no difference to the network."""
    twins = [canonical(Field.IP, f"{coat}{inside}") for inside in (one, other)]
    assume(all(":" in each for each in twins))
    assert len({mask(Field.IP, each, "network", World(48, PLACES)).text for each in twins}) == 1


@given(ADDRESSES, st.integers(0, 128))
def test_no_prefix_is_longer_than_it_may_be(address, prefix):
    """Whatever somebody wrote into the row of what was shown."""
    value = canonical(Field.IP, address)
    shown = mask(Field.IP, value, "network", World(prefix, PLACES)).text
    longest = lengths(address_of(value))[0]
    assert int(shown.rpartition("/")[2]) == min(prefix, longest)
    assert shown.rpartition("/")[0] == str(network_of(address_of(value), min(prefix, longest)).network_address)


def test_a_country_is_of_the_network_and_not_of_the_address():
    """A network that reaches over a border is in no country, and a person of whom no network is shown is nowhere."""
    for prefix, country in ((24, "country of 203.0.0.0/8"), (8, "country of 203.0.0.0/8"), (None, "none")):
        shown = mask(Field.IP, "203.0.113.77", "country", World(prefix, PLACES))
        assert shown.text == country
        assert shown.caveat
    assert mask(Field.IP, "203.0.113.77", "region", World(8, PLACES)).text == "none"


def test_what_is_offered_follows_from_the_places():
    """With a database everything is; a place that it does not have is refused, not rounded."""
    assert offered(PLACES) == LADDER
    check_offered(Field.IP, "region", PLACES)
    with pytest.raises(BadInput, match="not offered"):
        mask(Field.IP, "203.0.113.77", "region", World(24))


@pytest.mark.parametrize("field", list(Field))
def test_the_kinds_have_the_words_of_the_table(field):
    """One ladder, in two places for two readers; each rung has words for the person, too, and its time gets no finer below."""
    kind = KINDS[field]
    assert kind.words == LADDER[field]
    assert set(KINDS) == set(Field)
    assert canonical(field, kind.example) == kind.example
    assert set(kind.words) <= set(_FIELD_WORDS)
    grains = [list(Seen).index(rung.seen) for rung in kind.rungs]
    assert grains == sorted(grains) and kind.rungs[0].seen is Seen.DAY and kind.rungs[-1].seen is Seen.EXACT


def test_a_bare_name_means_what_it_meant():
    """Fields that had one rung: all of it. Of an address and a place it must be said."""
    for field in Field:
        if field in BARE:
            assert Asked.parse(str(field)) == Asked(field, "exact")
        else:
            with pytest.raises(BadInput, match="how exact"):
                Asked.parse(str(field))


@pytest.mark.parametrize("field", sorted(BARE))
def test_a_plain_text_is_shown_whole_or_not_at_all(field):
    """Below `exact` there is nothing of it, and it says why; a text of before, which begins like parts, is no exception."""
    for text in ("a plain text", '{"name": "of before there were parts"}', "{", '{"kind":', "{" * 5000):
        assert mask(field, text, "exact", World()).text == text
        for detail in LADDER[field][:-1]:
            assert mask(field, text, detail, World()) == Shown("none", NO_PARTS)
    assert canonical(field, "a plain text") == "a plain text"


BAD = [
    ("location", '{"country":"SE","street":"x"}'),  # an unknown key
    ("location", '{"city":"Aby"}'),  # one is missing
    ("location", '{"country":"se"}'),
    ("location", '{"country":"SE","country":"SE"}'),  # twice
    ("location", '{"country":"SE","radius_m":1.5}'),
    ("location", '{"country":"SE","radius_m":true}'),
    ("location", '{"country":"SE","radius_m":-1}'),
    ("location", '{"country":"SE","database":"home: 58.6601,16.1802"}'),
    ("location", '{"country":"SE","point":"91,2"}'),
    ("location", '{"country":"SE"'),
    ("location", '{"country":"SE","city":"\\ud800"}'),
    ("location", '{"country":"SE","city":"a\\u0000b"}'),
    ("device", '{"kind":"a phone"}'),
    ("contacts", '{"contacts":[{"name":"a","relation":"enemy"}]}'),
    ("contacts", '{"contacts":{}}'),
    ("messages", '{"messages":[{"at":"yesterday","from":"a","to":[],"text":"b"}]}'),
    ("messages", '{"messages":[{"at":"2026-11-22T24:00:00Z","from":"a","to":[],"text":"b"}]}'),
    ("activity", '{"at":"2026-11-22T10:15:30+01:00","what":"a"}'),
    ("payment", '{"kind":"card","number":"12345678"}'),  # of which the last four would be half
    ("profile", '{"public":{"a":1}}'),
    ("profile", '{"public":{"A b":"c"}}'),
    ("profile", '{"name":"Mira"}'),
    ("profile", "{" * 5000),
    ("profile", '{"public":' * 5000),
    ("profile", '{"public":{"a":NaN}}'),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=[f"{f}-{n}" for n, (f, _) in enumerate(BAD)])
def test_what_fits_no_schema_is_refused_and_not_quoted(field, value):
    """BadInput, which says where the parts are written down, and nothing of the value."""
    with pytest.raises(BadInput) as caught:
        canonical(Field(field), value)
    assert value not in str(caught.value) + caught.value.hint
    assert caught.value.__cause__ is None


@given(
    st.sampled_from(sorted(BARE)),
    st.one_of(st.text(), st.text().map("{".__add__), st.binary().map(lambda b: b.decode("utf-8", "surrogateescape"))),
)
def test_any_text_is_a_value_or_bad_input(field, text):
    """Nothing else happens, and a value that was taken is its one spelling."""
    try:
        made = canonical(field, text)
    except BadInput:
        return
    assert canonical(field, made) == made
    for detail in OFFERED[field]:
        assert mask(field, made, detail, World()).text


def test_a_time_is_as_coarse_as_the_detail():
    """The day, the hour, the microsecond, of UTC."""
    at = datetime(2026, 11, 22, 9, 41, 7, 123456, UTC)
    assert seen(Field.IP, "country", at) == datetime(2026, 11, 22, tzinfo=UTC)
    assert seen(Field.IP, "region", at) == datetime(2026, 11, 22, tzinfo=UTC)
    assert seen(Field.IP, "network", at) == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert seen(Field.IP, "exact", at) == at


SHOES = """
from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import keep, parts, structured, text

KIND = structured(
    "shoes",
    {Rung("size", "the size", Seen.DAY): keep("size")},
    schema=parts({"size": text}, {"maker": text}),
    example='{"maker":"Example","size":"42"}',
    caveat="Shoes are lent.",
)
"""


def test_a_new_kind_of_field_is_one_file(tmp_path, monkeypatch):
    """Written, found, and it has a canonical form, rungs, a mask and a caveat."""
    folder = tmp_path / "morekinds"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "shoes.py").write_text(SHOES)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        found = discover([str(folder)], "morekinds")
        shoes = found["shoes"]
        assert offered(kinds=found) == {"shoes": ("size", "exact")}
        assert shoes.canonical('{"size":"42", "maker":"Example"}') == shoes.example
        assert shoes.mask(shoes.example, "size", World()) == Shown('{"size":"42"}')
        with pytest.raises(BadInput):
            shoes.canonical('{"size":"42","colour":"red"}')
        (folder / "boots.py").write_text(SHOES)
        with pytest.raises(Misconfigured, match="boots"):
            discover([str(folder)], "morekinds")
    finally:
        for name in [each for each in sys.modules if each.startswith("morekinds")]:
            del sys.modules[name]


def test_coarse_is_of_utc():
    """A value's time is UTC where it is made; the day of another zone would be another day."""
    local = datetime(2026, 11, 22, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert Seen.DAY.coarse(local.astimezone(UTC)) == datetime(2026, 11, 21, tzinfo=UTC)

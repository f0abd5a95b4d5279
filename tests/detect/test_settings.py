# SPDX-License-Identifier: Apache-2.0
"""The two files that detectors are set by: read strictly, and shipped in a state that does what it says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.detect.defaults import load_defaults
from whosaw.detect.templates import load_templates
from whosaw.detect.toml import shipped
from whosaw.errors import Misconfigured

DEFAULTS, TEMPLATES = shipped("defaults.toml").decode(), shipped("templates.toml").decode()


def test_shipped_templates_are_as_meant():
    """Those that a unit writes for itself never explain a look at a protected person, and no reason is an allow-list."""
    templates = load_templates()
    assert len({t.sentence for t in templates.templates}) == len(templates.templates)
    for template in templates.templates:
        assert template.path
        own = not template.outside and any(ref.table == "case_persons" for step in template.path for ref in step)
        if own:
            assert template.protected_at_most < templates.explained_from, template.id
        if "cases" in template.needs:
            assert template.start is not None, template.id
            assert template.end is not None, template.id
            assert template.unlike or template.convention, template.id


def test_what_is_set_changes_the_digest():
    """Another number, another reason, another comment: another digest in the record."""
    assert load_defaults().digest != load_defaults(f"{DEFAULTS}\n# a word more\n".encode()).digest
    assert (
        load_templates().digest != load_templates(TEMPLATES.replace("weight   = 100", "weight   = 99").encode()).digest
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('format = "whosaw-defaults/1"', 'format = "whosaw-defaults/2"'),
        ("narrow         = 20", "narrow         = 0"),
        ("narrow         = 20", "narrow         = 20.0"),
        ("narrow         = 20", "narrow         = true"),
        ("narrow         = 20", ""),
        ("narrow         = 20", "narrow = 20\nbroad = 20"),
        ("[7, 30, 90]", "[30, 7, 90]"),
        ("[7, 30, 90]", "[7, 7, 90]"),
        ("[7, 30, 90]", "[7, 30, 91]"),
        ("[7, 30, 90]", "[]"),
        ("[7, 30, 90]", "7"),
        ("rate             = 0.06", "rate = 0"),
        ("rate             = 0.06", "rate = nan"),
        ("rate             = 0.06", "rate = 0.7"),
        ("prior            = 200", "prior = -1"),
        ("false_share = 0.1", "false_share = 0.9"),
        ('["unexplained"]', '["nosuch"]'),
        ('["unexplained"]', '["unexplained", "nosuch"]'),
        ('"lockstep"]', '"nosuch"]'),
        ('"trail_tampering"]', '"Trail_tampering"]'),
        ("[gravity]", "[gravity]\nfun = 0.5"),
        ("[gravity]", "[[gravity]]"),
        ("[signals.unexplained]", "[signals.unexplained]\nfun = 1"),
        ("[signals.unexplained]", "[signals.unexplained]\n[signals.other]"),
        ("[signals.unexplained]", "[signals]"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(old, new):
    """Unknown, missing, of another type, out of bounds: Misconfigured, before anything runs."""
    assert old in DEFAULTS
    with pytest.raises(Misconfigured) as caught:
        load_defaults(DEFAULTS.replace(old, new, 1).encode())
    assert caught.value.setting


def test_a_signal_that_is_not_there_is_named_with_those_that_are():
    """A slip of the pen would else say of a signal that it is broad, and mean none."""
    with pytest.raises(Misconfigured, match=r"findings\.broad: no signal is called 'nosuch'") as caught:
        load_defaults(DEFAULTS.replace('["unexplained"]', '["nosuch"]').encode())
    assert "unexplained" in caught.value.hint and "lockstep" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('format         = "whosaw-templates/1"', ""),
        ("explained_from = 50", "explained_from = 101"),
        ("days = 7", "days = 0"),
        ("people = 75", "people = 49"),
        ("looks = 5 }", "looks = 0 }"),
        ("convention = true", "convention = 1"),
        ('id       = "person_asked"', 'id       = "case_assigned"'),
        ('id       = "person_asked"', 'id       = "Person asked"'),
        ("weight   = 100", "weight   = 101"),
        ("weight   = 100", 'weight   = 100\ncolour = "red"'),
        ('"look.person = case_persons.person"', '"look.person == case_persons.person"'),
        ('"look.person = case_persons.person"', '"look.look_id = case_persons.person"'),
        ('"look.person = case_persons.person"', '"cases.assignee = case_persons.person"'),
        ('"look.person = case_persons.person"', '"look.person = persons.person"'),
        ('"look.person = case_persons.person"', "3"),
        ('["cases.opened", "cases.closed + 7d"]', '["cases.opened"]'),
        ('["cases.opened", "cases.closed + 7d"]', '["cases.opened", "cases.closed + 7"]'),
        ('["cases.opened", "cases.closed + 7d"]', '["cases.opened", "cases.closed + 07d"]'),
        ('["cases.opened", "cases.closed + 7d"]', '["cases.opened", "cases.case_id"]'),
        ('before   = ["case_persons.added"]', 'before   = ["assignments.valid_from"]'),
        ('unlike   = ["cases.opened_by", "cases.requester"]', 'unlike   = ["case_persons.added_by"]'),
        ('unlike   = ["cases.opened_by", "cases.requester"]', 'unlike   = ["cases.queue"]'),
        ('scope_kind = ["queue"]', 'type = "fraud"'),
        ('scope_kind = ["queue"]', 'unit = ["u"]'),
        ('only     = { scope_kind = ["account"] }', 'only     = { type = ["fraud"] }'),
        ("protected_at_most = 50", 'protected_at_most = 50\nnever_fields = ["shoe size"]'),
        ('sentence = "The one who looks is assigned', 'sentence = "\\u0007The one who looks is assigned'),
        ('account."', 'account"'),
    ],
)  # fmt: skip
def test_reasons_outside_the_grammar_are_refused(old, new):
    """A template is read by people before it runs: what they could not check is Misconfigured."""
    assert old in TEMPLATES
    with pytest.raises(Misconfigured):
        load_templates(TEMPLATES.replace(old, new, 1).encode())


@settings(deadline=None)
@given(st.data())
def test_no_bytes_crash_them(data):
    """One byte changed, or any bytes at all: read, or Misconfigured."""
    for load, text in ((load_defaults, DEFAULTS), (load_templates, TEMPLATES)):
        raw = bytearray(text.encode())
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        for given_ in (bytes(raw), data.draw(st.binary(max_size=60))):
            try:
                load(given_)
            except Misconfigured:
                continue

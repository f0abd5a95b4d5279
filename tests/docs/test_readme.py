# SPDX-License-Identifier: Apache-2.0
"""The first screen of the README shows what the two commands really say."""

import re

import pytest
from tests.docs.played import missing
from tests.docs.prose import ROOT, blocks

PAGE = ROOT / "README.md"
SHOWN = {block.body.splitlines()[0]: block.body.partition("\n")[2] for block in blocks(PAGE) if block.kind == "console"}


def test_the_demonstration_says_what_the_readme_quotes(played):
    """Sentence for sentence, numbers apart, and cut only where a sign says so."""
    quoted = SHOWN["$ make demo"]
    assert missing(quoted, played.said) == ""
    # What is cut must not be all there is.
    assert len(quoted.split("…")) >= 4
    assert len(quoted.split()) > 100


def test_the_demonstration_is_no_longer_than_the_quoted_parts_say(played):
    """The scenes that are quoted carry the numbers that the demonstration gives them."""
    scenes = re.findall(r"^(\d+)\. (.+)$", SHOWN["$ make demo"], re.MULTILINE)
    assert scenes
    assert set(scenes) <= set(re.findall(r"^(\d+)\. (.+)$", played.said, re.MULTILINE))


def test_the_tests_end_as_the_readme_says(request):
    """The quoted last line is pytest's own, all passed; where it gives numbers, they are about those that there are."""
    last = SHOWN["$ make test"].splitlines()[-1]
    if last == "… passed, … skipped in …":
        return
    told = re.fullmatch(r"(\d+) passed(?:, (\d+) skipped)? in \d+\.\d\ds(?: \(\d:\d\d:\d\d\))?", last)
    assert told, last
    if request.config.invocation_params.dir != ROOT or request.config.args != ["tests"]:
        pytest.skip("only a run of all tests knows how many there are")
    number, there = int(told[1]) + int(told[2] or 0), len(request.session.items)
    assert abs(number - there) <= there / 10, f"{number} in the README, {there} there are"


@pytest.mark.parametrize(("quoted", "said", "gone"), [
    ("a 1 b", "a 2 b", ""),
    ("a … c", "a b c", ""),
    ("… c", "a b c", ""),
    ("a …", "a b c", ""),
    ("a b", "a\n  b", ""),
    ("by e-olkww6babbkyrdvf", "by e-aaaaaaaaaaaaaaaa", ""),
    ("c … a", "a b c", "c"),
    ("b …", "a b c", "b"),
    ("a … d", "a b c", "d"),
    ("a b", "a b c", "nothing: more was said, c"),
])  # fmt: skip
def test_a_quotation_is_told_from_an_invention(quoted, said, gone):
    """Only numbers, pseudonyms and line breaks may differ, and only a sign of a cut may hide anything."""
    assert missing(quoted, said) == gone

# SPDX-License-Identifier: Apache-2.0
"""The product's own reader takes the folder: whoever reads the format to the letter finds nothing to complain of."""

from tests.simulate.made import table

from whosaw.facts.dataset.opened import open_dataset


def test_the_reader_takes_every_row(planted):
    """No warning, nothing rejected, no column aside; every identifier is there."""
    with open_dataset(planted) as facts:
        assert facts.dataset.warnings == ()
        assert facts.dataset.rejected == 0
        for name, key in (
            ("cases", "case_id"),
            ("approvals", "approval_id"),
            ("changes", "change_id"),
            ("look", "look_id"),
        ):
            found = facts.rows(facts.tables[name].select(key), (key,), name)
            written = table(planted, "looks" if name == "look" else name)
            assert {row[key] for row in found} == {row[key] for row in written}

# SPDX-License-Identifier: Apache-2.0
"""Statements of accounts that were given new keys, and of looks that are withheld: whole, or the step at which they are not."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.desk import audit_of
from tests.verify.log_maker import BEGAN, LittleLog, Material

from whosaw.errors import Damaged, NotCanonical
from whosaw.model.look_body import LookBody, Withhold
from whosaw.model.record import parse
from whosaw.oversight.statement import make_statement, state
from whosaw.tlog.leaf import label
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Earlier, Statement, Withheld

HERS, HIS = "anna@example.org", "bruno@example.org"
LATER = Withhold("pending_matter", BEGAN + timedelta(days=30))


def town() -> LittleLog:
    """Her stream: two records, a new key, one, a new key, three of which two are withheld. His goes in between."""
    log = LittleLog()
    log.look(HERS)
    log.look(HIS)
    log.look(HERS)
    log.rekey(HERS)
    log.look(HERS)
    log.rekey(HERS)
    log.look(HERS, withheld=LATER)
    log.look(HIS)
    log.look(HERS)
    log.look(HERS, withheld=Withhold("pending_matter", BEGAN + timedelta(days=2)))
    return log.pad(40)


@pytest.fixture(scope="module")
def log():
    return town()


@pytest.fixture(scope="module")
def statement(log):
    return Statement.parse(make_statement(HERS, Material(log, 40)))


def check(log, made, person=HERS):
    raw = made.encode() if isinstance(made, Statement) else made
    return verify_statement(raw, audit_of(log), person, None)


def of_hers(statement, **changed):
    return dataclasses.replace(statement, generations=(dataclasses.replace(statement.generations[0], **changed),))


def test_a_statement_across_keys(log, statement):
    """Every record under every key, withheld ones counted and not opened; numbers begin again behind each rekey."""
    report = check(log, statement)
    assert report.exit == 0, report.text()
    assert report.sentence.endswith("size 40: 8 records, 2 withheld, complete for this account")
    (one,) = statement.generations
    assert [r.i for r in one.records] == [1, 2, 3, 1, 2, 1, 2, 3]
    assert (one.rekeys, len(one.earlier), len(set(one.keys))) == (2, 2, 3)
    assert [type(r).__name__ for r in one.records[-3:]] == ["Withheld", "Opened", "Withheld"]
    assert parse(statement.encode())["withheld"] == [r.index for r in statement.withheld]
    text = check(log, statement).text()
    assert "a new key for this account" in text
    assert "withheld until 2026-12-22 10:15:30 UTC: pending_matter" in text
    assert "what a withheld record says" in text
    assert [r["body"] is None for r in report.facts["records"]] == [False] * 5 + [True, False, True]


def test_when_the_time_is_over_it_is_opened(log, statement):
    """At its end, and not a moment before; what is opened then fits the commitment that was shown."""
    for days, withheld in ((1, 2), (2, 1), (29, 1), (30, 0)):
        made, raw = state(HERS, Material(log, 40), BEGAN + timedelta(days=days))
        assert len(made.withheld) == withheld, days
        assert check(log, raw).exit == 0
    opened = {r.index: r for r in made.records}
    from whosaw.tlog.leaf import commitment

    for waited in statement.withheld:
        shown = opened[waited.index]
        assert commitment(shown.nonce, shown.body) == waited.commitment
        assert LookBody.decode(shown.body).withheld.until == waited.until


def broken(log, statement):
    """(why, statement that is a little wrong, the step that finds it)"""
    (one,) = statement.generations
    records, replace = one.records, dataclasses.replace
    first = records[0]
    yield "the first of two links left out", of_hers(statement, records=(*records[:2], *records[3:])), 7
    yield "an earlier key less", of_hers(statement, earlier=one.earlier[:1], rekeys=1), 7
    yield "an earlier key more", of_hers(statement, earlier=(*one.earlier, one.earlier[0]), rekeys=3), 7
    yield "the earlier keys exchanged", of_hers(statement, earlier=one.earlier[::-1]), 6
    yield "another newest key", of_hers(statement, key=bytes(32)), 7
    yield (
        "the stream ends at a rekey",
        of_hers(statement, records=records[:5], rekeys=1, key=one.keys[1], earlier=one.earlier[:1]),
        7,
    )
    yield "the stream ends at a rekey, its new key given", of_hers(statement, records=records[:5]), 8
    yield (
        "numbers go on behind a rekey",
        of_hers(statement, records=(*records[:3], replace(records[3], i=4), *records[4:])),
        7,
    )
    yield "a withheld record left out", of_hers(statement, records=(*records[:5], *records[6:])), 7
    yield "the last one left out", of_hers(statement, records=records[:-1]), 8
    yield (
        "another commitment",
        of_hers(statement, records=(*records[:-1], replace(records[-1], commitment=bytes(32)))),
        7,
    )
    yield (
        "withheld elsewhere",
        of_hers(statement, records=(*records[:-1], replace(records[-1], index=records[-1].index + 1))),
        7,
    )
    yield (
        "his place in the index",
        of_hers(statement, records=(*records[:-1], replace(records[-1], trie=first.trie))),
        7,
    )
    hidden = Withheld(
        records[2].i, records[2].index, bytes(32), "x", LATER.until, records[2].path, records[2].trie
    )  # fmt: skip
    yield "a rekey withheld", of_hers(statement, records=(*records[:2], hidden, *records[3:])), 7
    absent = one.earlier[0].absent
    yield (
        "no proof of the end of a key",
        of_hers(statement, earlier=(Earlier(one.earlier[0].key, one.absent), one.earlier[1])),
        8,
    )
    yield "the proof of another key's end", of_hers(statement, absent=absent), 8
    yield (
        "an earlier end that is none",
        of_hers(statement, earlier=(replace(one.earlier[0], absent=first.trie), one.earlier[1])),
        8,
    )


def test_what_is_broken_is_found(log, statement):
    """Each at its own step, exit 3."""
    for why, made, step in broken(log, statement):
        report = check(log, made)
        assert report.exit == 3, why
        assert report.sentence.startswith(f"FAILED at step {step} "), f"{why}: {report.sentence}"


def test_a_record_behind_the_rekey_that_is_left_out(log):
    """The operator gives the old key only and says that it ends there: the next label of the new key convicts."""
    lying = town()
    account = lying.accounts[HERS]
    account.records = account.records[: account.begins]
    with pytest.raises(Damaged, match="leaves out"):
        make_statement(HERS, Material(lying, 40))


def test_a_log_that_commits_to_one_key_and_goes_on_under_another():
    """The chain is broken: no statement of that account verifies, so none is handed out."""
    log = LittleLog()
    log.look(HERS)
    index = log.rekey(HERS)
    log.leaves[index] = dataclasses.replace(
        log.leaves[index],
        body=log.leaves[index].body.replace(b'"stream_key":"', b'"stream_key":"A', 1)[:-13] + b'","v":1}',
    )
    log.look(HERS)
    with pytest.raises((Damaged, NotCanonical)):
        make_statement(HERS, Material(log.pad(20), 20))


@pytest.mark.parametrize("change", [
    lambda raw: raw.replace(b'"rekeys":2', b'"rekeys":1'),
    lambda raw: raw.replace(b'"withheld":[', b'"withheld":[7,', 1),
    lambda raw: raw.replace(b'"pending_matter"', b'"Pending"'),
    lambda raw: raw.replace(b'"earlier":[', b'"earlier":[{},'),
    lambda raw: raw.replace(b'"until":"2026-12-22T10:15:30.000Z"', b'"until":"2026-12-22"'),
])  # fmt: skip
def test_one_spelling_or_none(log, statement, change):
    """Counts that do not fit, a place that is not withheld, another code: no statement."""
    raw = statement.encode()
    assert change(raw) != raw
    with pytest.raises(NotCanonical):
        Statement.parse(change(raw))


STEPS = st.lists(st.sampled_from(["look", "withheld", "rekey", "his"]), max_size=14)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.data())
def test_any_order_of_looks_and_rekeys(steps, data):
    """Each statement is complete, at every size; one record cut from its end is missed."""
    log = LittleLog()
    log.look(HERS)
    for step in steps:
        match step:
            case "look":
                log.look(HERS)
            case "withheld":
                log.look(HERS, withheld=LATER)
            case "his":
                log.look(HIS)
            case "rekey":
                log.rekey(HERS)
    size = data.draw(st.integers(2, len(log.leaves)))
    made = Statement.parse(make_statement(HERS, Material(log, size)))
    report = check(log, made)
    assert report.exit == 0, report.text()
    hers = [i for i in log.accounts[HERS].records if i < size]
    assert [r.index for r in made.records] == hers
    (one,) = made.generations
    assert one.rekeys == sum(b'"kind":"rekey"' in log.leaves[i].body for i in hers)
    if one.records:
        assert check(log, of_hers(made, records=one.records[:-1])).exit == 3
    assert label(one.keys[0], 1) != label(one.key, 1) or not one.earlier

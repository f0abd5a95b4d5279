# SPDX-License-Identifier: Apache-2.0
"""Statements: whole, or the step at which they are not."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.desk import Shelf, audit_of, failures
from tests.verify.log_maker import LittleLog, Material, ed25519, mldsa

from whosaw.errors import WhosawError
from whosaw.model.access import Field
from whosaw.model.record import Kind, canonical
from whosaw.oversight.statement import make_statement
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Statement
from whosaw.verify.steps import Verdict

HERS, HIS = "anna@example.org", "bruno@example.org"


def town() -> LittleLog:
    """Two accounts with looks between each other's, and one that nobody looked at."""
    log = LittleLog()
    log.look(HERS)
    log.look(HIS)
    log.look(HERS, asked=((Field.IP, "exact"),), decision="refuse", purpose="internal_inquiry", case=None)
    log.look(HIS)
    log.look(HERS, origin="observed", source="tool.example.org", purpose=None, case=None, decision=None, rules=())
    log.look(HERS, kind=Kind.MENTION, bulk="l-9")
    return log.pad(300)


@pytest.fixture(scope="module")
def log():
    return town()


@pytest.fixture(scope="module")
def statement(log):
    return Statement.parse(make_statement(HERS, Material(log, 300)))


@pytest.fixture(scope="module")
def public(log):
    return Shelf(log.files(1, 260, 300))


def check(log, statement, person=HERS, source=None):
    raw = statement.encode() if isinstance(statement, Statement) else statement
    return verify_statement(raw, audit_of(log), person, source)


def of_hers(statement, **changed):
    """The statement with its one generation changed."""
    return dataclasses.replace(statement, generations=(dataclasses.replace(statement.generations[0], **changed),))


def test_a_whole_statement_is_complete(log, statement, public):
    """With the log searched: every record, and no other."""
    report = check(log, statement, HERS, public)
    assert report.exit == 0, report.text()
    assert report.sentence == "as of 2026-11-22 10:20:30 UTC, size 300: 4 records, complete for this account"
    assert [step.verdict for step in report.steps] == [Verdict.HOLDS] * 7
    assert report.facts["complete"] is True


def test_looks_are_told_in_words(log, statement):
    """Each look says when, who by pseudonym, what and how exact, what for, and what became of it."""
    text = check(log, statement).text()
    assert (
        "2026-11-22 10:17:30 UTC: e-aaaabbbbccccdddd asked to see ip (the network, not the full address), "
        "for fraud_review, case c-77: permitted." in text
    )
    assert "asked to see ip (exact), for internal_inquiry, no case: refused." in text
    assert "was seen in the log of tool.example.org looking at" in text
    assert "with no purpose given, no case: nobody was asked before." in text
    assert "as one of many people in one request" in text


def test_without_the_log_completeness_is_not_claimed(log, statement):
    """The records are proven, and it is said aloud that the last ones may be missing."""
    report = check(log, statement)
    assert report.exit == 0
    assert report.steps[6].verdict is Verdict.NOT_CHECKED
    assert "that none is missing was NOT checked" in report.sentence
    assert "complete" not in report.sentence
    assert report.facts["complete"] is False


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_cut_list_proves_as_well_as_a_whole_one_until_the_log_is_searched(log, statement, public, cut):
    """Leaving out the newest records passes all proofs, and is caught by the search."""
    shorter = of_hers(statement, records=statement.generations[0].records[:-cut])
    alone = check(log, shorter)
    assert alone.exit == 0
    assert "NOT checked" in alone.sentence
    searched = check(log, shorter, HERS, public)
    assert searched.exit == 3
    assert "is one more record of this account, which the statement leaves out" in searched.text()


def test_denying_the_account_is_caught(log, statement, public):
    """A statement that says "never enrolled" passes alone, and is caught by the search."""
    denied = dataclasses.replace(statement, generations=(), next_pi=log.pi(HERS, 0))
    assert check(log, denied).exit == 0
    searched = check(log, denied, HERS, public)
    assert searched.exit == 3
    assert "begins generation 0 of this account, which the statement leaves out" in searched.text()


def test_a_hidden_later_generation_is_caught():
    """An operator who opened a second stream for her and states the first only is caught by the search."""
    log = town()
    first = log.accounts[HERS]
    log.enrol(HERS, 1)
    log.accounts[HERS] = first
    log.pad(310)
    raw = make_statement(HERS, Material(log, 310))
    assert check(log, raw).exit == 0
    searched = check(log, raw, HERS, Shelf(log.files(310)))
    assert searched.exit == 3
    assert "leaf 300 begins generation 1 of this account" in searched.text()


def records_of(statement):
    return list(statement.generations[0].records)


def mutations(log, statement):
    """Each a lie, with the number of the step that finds it."""
    generation, records = statement.generations[0], records_of(statement)
    his = Statement.parse(make_statement(HIS, Material(log, 300))).generations[0]
    stranger = (ed25519(seed=99), mldsa(seed=99))
    other = LittleLog("other.example.org/log")
    replace = dataclasses.replace
    yield "a record left out in the middle", of_hers(statement, records=(records[0], *records[2:])), 6
    renumbered = (records[0], *(replace(r, i=r.i - 1) for r in records[2:]))
    yield "left out, and the rest renumbered", of_hers(statement, records=renumbered), 6
    yield "two records change places", of_hers(statement, records=(records[1], records[0], *records[2:])), 6
    swapped = (replace(records[1], i=1), replace(records[0], i=2), *records[2:])
    yield "places changed and renumbered", of_hers(statement, records=swapped), 6
    yield "a record twice", of_hers(statement, records=(*records, replace(records[-1], i=5))), 6
    yield "his record among hers", of_hers(statement, records=(*records, replace(his.records[0], i=5))), 6
    nonces = (replace(records[0], nonce=records[1].nonce), *records[1:])
    yield "another nonce", of_hers(statement, records=nonces), 6
    bodies = (replace(records[0], body=records[1].body), *records[1:])
    yield "another body", of_hers(statement, records=bodies), 6
    milder = json.loads(records[0].body)
    milder["fields"][0]["detail"] = "country"
    bodies = (replace(records[0], body=canonical(milder)), *records[1:])
    yield "a milder body", of_hers(statement, records=bodies), 6
    yield "another index", of_hers(statement, records=(replace(records[0], index=299), *records[1:])), 6
    yield "no proof", of_hers(statement, records=(replace(records[0], path=()), *records[1:])), 6
    yield "another key", of_hers(statement, key=his.key), 5
    yield "a key of nothing", of_hers(statement, key=bytes(32)), 5
    yield "his enrolment", of_hers(statement, enrolment=his.enrolment), 5
    yield "an enrolment that is number 1", of_hers(statement, enrolment=replace(generation.enrolment, i=1)), 5
    yield "his whole generation under her name", replace(statement, generations=(his,)), 4
    yield "his proof of the label", of_hers(statement, pi=his.pi), 4
    yield "no proof of the next generation", replace(statement, next_pi=generation.pi), 4
    yield "genesis of another log", replace(statement, genesis=replace(statement.genesis, body=other.leaves[0].body)), 3
    yield "genesis nonce", replace(statement, genesis=replace(statement.genesis, nonce=bytes(32))), 3
    yield "genesis at another leaf", replace(statement, genesis=replace(statement.genesis, index=1)), 3
    yield "a stranger's checkpoint", replace(statement, checkpoint=log.checkpoint(300, stranger)), 2
    yield "a smaller checkpoint", replace(statement, checkpoint=log.checkpoint(299)), 3
    yield "a re-keyed stream", of_hers(statement, rekeys=1), 1
    yield "a later generation alone", of_hers(statement, generation=1), 1
    yield "another account", replace(statement, person=HIS), 1


def test_every_lie_is_found_at_its_step(log, statement, public):
    """Records dropped, moved, mixed or reworded, keys and labels of others: each fails, at the step that it is about."""
    for why, lie, step in mutations(log, statement):
        report = check(log, lie)
        assert report.exit == 3, why
        first = next(s.number for s in report.steps if s.verdict is Verdict.FAILS)
        assert first == step, (why, report.text())
        assert check(log, lie, HERS, public).exit == 3, why


def test_her_statement_is_not_his(log, statement):
    """Another person's statement, whole as it is, is refused for the account asked for; without one, that is said."""
    report = check(log, statement, HIS)
    assert report.exit == 3
    assert "about another account" in report.text()
    unasked = check(log, statement, None)
    assert unasked.exit == 0
    assert "the one that the statement names itself" in unasked.text()
    assert "the account that the statement names" in unasked.sentence


def test_no_report_prints_the_account(log, statement, public):
    """The account id stays in the file: not in a report, not in a failure, not in a repr."""
    for report in (check(log, statement, None, public), check(log, statement, HIS), check(log, statement, HERS)):
        assert HERS not in report.text()
        assert HERS not in json.dumps(report.machine())
    assert HERS not in repr(statement)


# The folder beside it


def test_a_newer_folder_is_searched_up_to_the_statement(log, statement):
    """A look recorded since is no lie of the statement, but is said."""
    newer = town()
    newer.look(HERS)
    newer.pad(400)
    report = check(newer, statement, HERS, Shelf(newer.files(400)))
    assert report.exit == 0, report.text()
    assert "at least one more record of this account" in report.text()


def test_an_older_folder_decides_nothing(log, statement):
    """A folder that ends before the statement cannot show that nothing is missing: exit 7."""
    report = check(log, statement, HERS, Shelf(log.files(299)))
    assert report.exit == 7
    assert "is older than the statement" in report.text()


def test_a_folder_of_another_history_convicts(log, statement):
    """Two signed checkpoints that do not fit each other are exit 3."""
    fork = LittleLog(salt=b"other").pad(300)
    report = check(log, statement, HERS, Shelf(fork.files(300)))
    assert report.exit == 3
    assert "two histories" in report.text()


def test_a_damaged_folder_completes_nothing(log, statement, public):
    """Absence is never concluded from a log that does not hold, or that could not be read."""
    broken = public.files | {"tile/entries/000": public.files["tile/entries/000"][:-1] + b"x"}
    assert check(log, statement, HERS, Shelf(broken)).exit == 3
    assert check(log, statement, HERS, Shelf(public.files, broken=frozenset({"tile/entries/000"}))).exit == 7


# The form


def test_a_statement_has_one_spelling(statement):
    """What is read is written back to the same bytes."""
    raw = statement.encode()
    assert Statement.parse(raw) == statement
    assert Statement.parse(raw).encode() == raw


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1}', b'"v":1} '),
        (b'"v":1}', b'"v":2}'),
        (b'"v":1}', b'"v":true}'),
        (b'"withheld":[]', b'"withheld":[{"code":"law","until":"2027-01-01"}]'),
        (b'"withheld":[]', b'"withheld":[], "x":1'),
        (b'"kind":"statement"', b'"kind":"statemenu"'),
        (b'"rekeys":0', b'"rekeys":false'),
        (b'"generation":0', b'"generation":-1'),
        (b'"nonce":"', b'"nonce":"A'),
        (b'"next":{"generation":1', b'"next":{"generation":2'),
    ],
)
def test_another_spelling_is_no_statement(log, statement, old, new):
    """Spaces, other types, unknown or withheld parts, other versions: refused at the first step, exit 3."""
    raw = statement.encode()
    assert old in raw
    at = raw.rindex(old)
    assert check(log, raw[:at] + new + raw[at + len(old) :]).exit == 3


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_no_bytes_crash_the_reader(statement, data):
    """Arbitrary and mutated bytes are a statement, written back the same, or an error of ours."""
    raw = statement.encode()
    kind = data.draw(st.sampled_from(["bytes", "cut", "flip", "insert", "json"]))
    at = data.draw(st.integers(0, len(raw) - 1))
    match kind:
        case "bytes":
            given_raw = data.draw(st.binary(max_size=200))
        case "cut":
            given_raw = raw[:at]
        case "flip":
            given_raw = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
        case "insert":
            given_raw = raw[:at] + data.draw(st.binary(min_size=1, max_size=5)) + raw[at:]
        case _:
            value = json.loads(raw)
            holder, key = data.draw(st.sampled_from(list(holders(value))))
            holder[key] = data.draw(JSON)
            given_raw = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(
                errors="replace"
            )
    try:
        made = Statement.parse(given_raw)
    except WhosawError:
        return
    assert made.encode() == given_raw


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.just(2**53),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abv"), inner, max_size=2),
    max_leaves=5,
)


def holders(value):
    """Every place in a JSON value, as (container, key)."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from holders(inner)


def test_every_flipped_byte_of_a_statement_is_found(log, statement):
    """Whatever byte of the file is changed: exit 3, without searching the log."""
    raw = statement.encode()
    for at in range(0, len(raw), 97):
        broken = raw[:at] + bytes([raw[at] ^ 2]) + raw[at + 1 :]
        report = check(log, broken)
        assert report.exit == 3, (at, raw[at - 20 : at + 20], report.text())


def test_failures_are_sentences(log, statement):
    """A failure is a sentence that says which record, and never an account or a key."""
    lie = of_hers(statement, records=tuple(dataclasses.replace(r, nonce=bytes(32)) for r in records_of(statement)))
    assert failures(check(log, lie)) == [
        "record 1: leaf 2 is not what the statement says: the leaf is not under this root"
    ]

# SPDX-License-Identifier: Apache-2.0
"""Statements: whole, or the step at which they are not."""

import dataclasses
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.desk import Shelf, audit_of, failures, verified
from tests.verify.log_maker import LittleLog, Material, beta, ed25519, map_signers, mldsa
from tests.verify.test_folder import with_witnesses

from whosaw.errors import Damaged, WhosawError
from whosaw.model.access import Field
from whosaw.model.record import Kind, canonical
from whosaw.oversight.statement import make_statement
from whosaw.tlog.leaf import label
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import leaf_hash
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Index, Statement
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
    """By itself: every record, and no other. With the published log beside it also that its index is true."""
    report = check(log, statement)
    assert report.exit == 0, report.text()
    assert report.sentence == "as of 2026-11-22 10:20:30 UTC, size 300: 4 records, complete for this account"
    assert [step.verdict for step in report.steps] == [Verdict.HOLDS] * 8 + [Verdict.NOT_CHECKED]
    assert report.facts["complete"] is True
    assert "whether the index was made of every leaf" in report.text()
    searched = check(log, statement, HERS, public)
    assert [step.verdict for step in searched.steps] == [Verdict.HOLDS] * 9, searched.text()
    assert searched.sentence == report.sentence
    assert "whether the index was made of every leaf" not in searched.text()


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


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_cut_list_is_caught(log, statement, cut):
    """Leaving out the newest records: of the label that follows then, the index says where it stands."""
    generation = statement.generations[0]
    shorter = of_hers(statement, records=generation.records[:-cut])
    assert failures(check(log, shorter)) == [
        "the record after the last one: its proof from the index is about another label"
    ]
    after = Material(log, 300).place(label(generation.key, 5 - cut))
    honest = check(log, dataclasses.replace(shorter, generations=(
        dataclasses.replace(shorter.generations[0], absent=after),)))  # fmt: skip
    assert honest.exit == 3
    assert honest.steps[7].verdict is Verdict.FAILS
    assert failures(honest) == [
        f"leaf {generation.records[-cut].index} is one more record of this account, which the statement leaves out"
    ]


def test_denying_the_account_is_caught(log, statement):
    """A statement that says "never enrolled" has to show that the first label stands nowhere, and it stands somewhere."""
    pi = log.pi(HERS, 0)
    for absent in (Material(log, 300).place(beta(pi)), statement.next_absent):
        denied = dataclasses.replace(statement, generations=(), next_pi=pi, next_absent=absent)
        report = check(log, denied)
        assert (report.exit, report.steps[7].verdict) == (3, Verdict.FAILS)
    assert (
        "leaf 1 begins generation 0 of this account, which the statement leaves out"
        in check(log, dataclasses.replace(denied, next_absent=Material(log, 300).place(beta(pi)))).text()
    )


def test_a_hidden_later_generation_is_caught():
    """An operator who opened a second stream for her and states the first only is caught, by herself already."""
    log = town()
    first = log.accounts[HERS]
    log.enrol(HERS, 1)
    log.accounts[HERS] = first
    log.pad(310)
    with pytest.raises(Damaged, match="leaf 300 begins generation 1 of this account"):
        make_statement(HERS, Material(log, 310))


class Hiding(LittleLog):
    """A log whose operator signs indexes without one of its labels."""

    hidden = b""

    def rows(self, size):
        return [row for row in super().rows(size) if row[:32] != self.hidden]


def test_an_index_without_a_leaf_convicts_by_the_log():
    """Alone, a statement from a false index holds. Whoever verifies the log finds the lie, and so does the person's folder."""
    log = town()
    lying = Hiding(leaves=log.leaves, accounts=log.accounts)
    account = lying.accounts[HERS]
    lying.hidden = label(account.key, 4)
    account.records = account.records[:3]
    raw = make_statement(HERS, Material(lying, 300))
    alone = check(lying, raw)
    assert (alone.exit, alone.facts["complete"]) == (0, True)
    assert "whether the index was made of every leaf" in alone.text()
    files = lying.files(300)
    searched = check(lying, raw, HERS, Shelf(files))
    assert (searched.exit, searched.facts["complete"]) == (3, False)
    wanted = "map, leaf 0: it says another index for size 300 than the leaves make"
    assert wanted in searched.text()
    assert failures(verified(lying, files)) == [wanted]


def records_of(statement):
    return list(statement.generations[0].records)


def mutations(log, statement):
    """Each a lie, with the number of the step that finds it."""
    generation, records = statement.generations[0], records_of(statement)
    index, here = statement.index, Material(log, 300)
    his = Statement.parse(make_statement(HIS, Material(log, 300))).generations[0]
    stranger = (ed25519(seed=99), mldsa(seed=99))
    other = LittleLog("other.example.org/log")
    replace = dataclasses.replace
    yield "a record left out in the middle", of_hers(statement, records=(records[0], *records[2:])), 7
    renumbered = (records[0], *(replace(r, i=r.i - 1) for r in records[2:]))
    yield "left out, and the rest renumbered", of_hers(statement, records=renumbered), 7
    yield "two records change places", of_hers(statement, records=(records[1], records[0], *records[2:])), 7
    swapped = (replace(records[1], i=1), replace(records[0], i=2), *records[2:])
    yield "places changed and renumbered", of_hers(statement, records=swapped), 7
    yield "a record twice", of_hers(statement, records=(*records, replace(records[-1], i=5))), 7
    yield "his record among hers", of_hers(statement, records=(*records, replace(his.records[0], i=5))), 7
    nonces = (replace(records[0], nonce=records[1].nonce), *records[1:])
    yield "another nonce", of_hers(statement, records=nonces), 7
    bodies = (replace(records[0], body=records[1].body), *records[1:])
    yield "another body", of_hers(statement, records=bodies), 7
    milder = json.loads(records[0].body)
    milder["fields"][0]["detail"] = "country"
    bodies = (replace(records[0], body=canonical(milder)), *records[1:])
    yield "a milder body", of_hers(statement, records=bodies), 7
    yield "another index", of_hers(statement, records=(replace(records[0], index=299), *records[1:])), 7
    yield "no proof", of_hers(statement, records=(replace(records[0], path=()), *records[1:])), 7
    tries = (replace(records[0], trie=records[1].trie), *records[1:])
    yield "another record's place in the index", of_hers(statement, records=tries), 7
    moved = replace(records[0].trie, terminal=(records[0].trie.label, 299))
    yield "another place in the index", of_hers(statement, records=(replace(records[0], trie=moved), *records[1:])), 7
    nowhere = replace(records[0].trie, terminal=None)
    yield "no place in the index", of_hers(statement, records=(replace(records[0], trie=nowhere), *records[1:])), 7
    yield "the next label's place for another", of_hers(statement, absent=his.absent), 8
    yield "an absence cut short", of_hers(statement, absent=cut_short(generation.absent)), 8
    yield "absence of the next generation", replace(statement, next_absent=generation.absent), 8
    yield "another key", of_hers(statement, key=his.key), 6
    yield "a key of nothing", of_hers(statement, key=bytes(32)), 6
    yield "his enrolment", of_hers(statement, enrolment=his.enrolment), 6
    yield "an enrolment that is number 1", of_hers(statement, enrolment=replace(generation.enrolment, i=1)), 6
    enrolment = replace(generation.enrolment, trie=his.enrolment.trie)
    yield "his enrolment's place in the index", of_hers(statement, enrolment=enrolment), 6
    yield "his whole generation under her name", replace(statement, generations=(his,)), 5
    yield "his proof of the label", of_hers(statement, pi=his.pi), 5
    yield "no proof of the next generation", replace(statement, next_pi=generation.pi), 5
    yield "no leaf of the index", replace(statement, index=replace(index, leaf=b"")), 4
    yield (
        "a record for a leaf of the index",
        replace(statement, index=replace(index, leaf=log.leaves[2].entry.hex().encode())),
        4,
    )
    yield "another root of the index", replace(statement, index=replace(index, leaf=b"0" * 64 + index.leaf[64:])), 4
    yield "no proof of the last leaf", replace(statement, index=replace(index, path=(bytes(32),))), 4
    old = LittleLog(leaves=log.leaves, accounts=log.accounts, maps=[299, 300])
    entries = old.mapped(300)
    hashes = [leaf_hash(entry) for entry in entries]
    older = Index(old.map_checkpoint(entries), entries[0], (hashes[1],))
    yield "a leaf of the index that is not the last", replace(statement, index=older), 4
    behind = Index(old.map_checkpoint(entries[:1]), entries[0], ())
    yield "the index of another size", replace(statement, index=behind), 4
    empty = replace(index, checkpoint=log.map_checkpoint([]))
    yield "a log of the index without a leaf", replace(statement, index=empty), 4
    unsigned = replace(index, checkpoint=log.map_checkpoint(log.mapped(300), stranger))
    yield "a stranger's checkpoint of the index", replace(statement, index=unsigned), 4
    half = replace(index, checkpoint=log.map_checkpoint(log.mapped(300), map_signers()[:1]))
    yield "half of the keys of the index", replace(statement, index=half), 4
    yield (
        "the log's checkpoint for that of the index",
        replace(statement, index=replace(index, checkpoint=statement.checkpoint)),
        4,
    )
    both = MapLeaf(MapLeaf.parse(index.leaf).root, here.checkpoint()).encode()
    yield "a leaf with the other line, too", replace(statement, index=Index(log.map_checkpoint([both]), both, ())), 4
    yield "genesis of another log", replace(statement, genesis=replace(statement.genesis, body=other.leaves[0].body)), 3
    yield "genesis nonce", replace(statement, genesis=replace(statement.genesis, nonce=bytes(32))), 3
    yield "genesis at another leaf", replace(statement, genesis=replace(statement.genesis, index=1)), 3
    yield "a stranger's checkpoint", replace(statement, checkpoint=log.checkpoint(300, stranger)), 2
    yield "a smaller checkpoint", replace(statement, checkpoint=log.checkpoint(299)), 3
    yield "a re-keyed stream", of_hers(statement, rekeys=1), 1
    yield "a later generation alone", of_hers(statement, generation=1), 1
    yield "another account", replace(statement, person=HIS), 1


def cut_short(proof):
    return dataclasses.replace(proof, siblings=proof.siblings[1:])


def test_every_lie_is_found_at_its_step(log, statement):
    """Records dropped, moved, mixed or reworded, keys, labels and indexes of others: each fails, at the step it is about."""
    for why, lie, step in mutations(log, statement):
        report = check(log, lie)
        assert report.exit == 3, why
        first = next(s.number for s in report.steps if s.verdict is Verdict.FAILS)
        assert first == step, (why, report.text())
        assert report.facts.get("complete", False) is False


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


def test_a_newer_folder_has_the_statement_as_its_beginning(log, statement):
    """A look recorded since is no lie of the statement: both logs have grown from what it shows."""
    newer = town()
    newer.maps = list(log.maps)
    newer.look(HERS)
    newer.pad(400)
    report = check(newer, statement, HERS, Shelf(newer.files(400)))
    assert report.exit == 0, report.text()
    assert "100 leaves more since" in report.text()
    assert "1 leaf more since" in report.text()


def test_an_index_of_another_history_convicts(log, statement):
    """The log is the same, and its index was signed twice: both signed notes are kept."""
    newer = town()
    newer.pad(400)
    report = check(newer, statement, HERS, Shelf(newer.files(310, 400)))
    assert report.exit == 3
    assert "cannot be shown to be the beginning" in report.text()
    assert report.evidence["older-checkpoint"] == statement.index.checkpoint


def test_an_older_folder_decides_nothing(log, statement):
    """A folder that ends before the statement cannot show anything about it: exit 7."""
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
        (b'"v":2,"withheld":[]}', b'"v":2,"withheld":[]} '),
        (b'"v":2,"withheld"', b'"v":1,"withheld"'),
        (b'"v":2,"withheld"', b'"v":3,"withheld"'),
        (b'"v":2,"withheld"', b'"v":true,"withheld"'),
        (b'"withheld":[]', b'"withheld":[{"code":"law","until":"2027-01-01"}]'),
        (b'"withheld":[]', b'"withheld":[], "x":1'),
        (b'"kind":"statement"', b'"kind":"statemenu"'),
        (b'"rekeys":0', b'"rekeys":false'),
        (b'"generation":0', b'"generation":-1'),
        (b'"nonce":"', b'"nonce":"A'),
        (b'"generation":1,"pi"', b'"generation":2,"pi"'),
        (b'"trie":"', b'"trie":"x'),
        (b'"absent":"', b'"absent":" '),
        (b'"map":{', b'"map":{"a":1,'),
    ],
)
def test_another_spelling_is_no_statement(log, statement, old, new):
    """Spaces, other types, unknown or withheld parts, other versions: refused at the first step, exit 3."""
    raw = statement.encode()
    assert old in raw
    at = raw.rindex(old)
    assert check(log, raw[:at] + new + raw[at + len(old) :]).exit == 3


def test_a_statement_of_version_1_is_refused_with_its_reason(log, statement):
    """It could not show by itself that nothing is missing, and is not read any more."""
    old = json.loads(statement.encode())
    for holder in (old["next"], *old["generations"]):
        del holder["absent"]
    del old["map"]
    for opened in (old["generations"][0]["enrolment"], *old["generations"][0]["records"]):
        del opened["trie"]
    report = check(log, canonical(old | {"v": 1}))
    assert report.exit == 3
    assert failures(report) == [
        "statement: it is of version 1, which could not show by itself that no record is missing; this is read: version 2"
    ]
    assert report.steps[0].said.failures[0].hint == "ask for a new statement"


@settings(deadline=None, max_examples=100)
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
    for at in range(random.randrange(250), len(raw), 250):
        broken = raw[:at] + bytes([raw[at] ^ 2]) + raw[at + 1 :]
        report = check(log, broken)
        assert report.exit == 3, (at, raw[at - 20 : at + 20], report.text())


def test_failures_are_sentences(log, statement):
    """A failure is a sentence that says which record, and never an account or a key."""
    lie = of_hers(statement, records=tuple(dataclasses.replace(r, nonce=bytes(32)) for r in records_of(statement)))
    assert failures(check(log, lie)) == [
        "record 1: leaf 2 is not what the statement says: the leaf is not under this root"
    ]


@pytest.mark.parametrize(("log_seen", "index_seen"), [(2, 2), (2, 1), (1, 2), (2, 0), (0, 2), (0, 0)])
def test_both_heads_of_a_statement_need_their_quorum(log, statement, log_seen, index_seen):
    """With witnesses in the trust file the log's head and the one of its index each need two lines of two."""
    witnesses, trust = with_witnesses(log)
    ours = ed25519(), mldsa()
    made = dataclasses.replace(
        statement,
        checkpoint=log.checkpoint(300, (*ours, *witnesses[:log_seen])),
        index=dataclasses.replace(
            statement.index,
            checkpoint=log.map_checkpoint(log.mapped(300), (*map_signers(), *witnesses[:index_seen])),
        ),
    )
    report = verify_statement(made.encode(), audit_of(log, trust=trust), HERS, None)
    assert report.exit == (0 if log_seen == index_seen == 2 else 3), report.text()
    if log_seen < 2:
        assert report.sentence.startswith("FAILED at step 2 "), report.sentence
    elif index_seen < 2:
        assert report.sentence.startswith("FAILED at step 4 "), report.sentence
    if report.exit:
        assert "no quorum" in report.sentence

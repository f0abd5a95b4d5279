# SPDX-License-Identifier: Apache-2.0
"""One look, followed from the question to the proof that somebody outside holds in their hands.

    ana asks ──▶ guard.look ──▶ recorded, then shown ──▶ receipt ──▶ published ──▶ proof ──▶ mirabel's statement
                                                          └───────── each verified by `whosaw verify`, without a key

To be read from top to bottom. Each test goes one step further with what the one before it left.
"""

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.cli.desk import ADDRESS, settle, typed

from whosaw.errors import WrongReceipt
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Look
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.receipt import open_receipt
from whosaw.verify.proof import OpenedRecord
from whosaw.wiring import house


@dataclass
class Told:
    """What is known outside: the trust file, the published folder, and what is put into somebody's hands."""

    desk: object
    outside: Path
    shown: Shown = None
    refused: Refused = None
    hands: dict = field(default_factory=dict)

    def hand(self, name, raw):
        path = self.outside / name
        path.write_bytes(raw)
        return path

    def verify(self, *words):
        return typed("verify", *words, "--trust", self.outside / "trust", "--format", "json")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A company, and somebody outside who got its trust file once."""
    home = tmp_path_factory.mktemp("one-look")
    (home / "outside").mkdir()
    made = Told(settle(home), home / "outside")
    shutil.copy(made.desk.data / "trust", made.outside)
    return made


ASKS = Look(
    look_id="l-1", principal="ana", person="mirabel", asked=(Asked.parse("ip:network"),), purpose="subject_request",
    case="T-100", key="one look",
)  # fmt: skip


def step_1_ana_asks_and_is_shown_what_the_case_needs(told):
    """Mirabel asked for help in T-100; so ana sees the network she came from, and not the address."""
    with house(told.desk.data) as here:
        told.shown = here.guard.look(ASKS)
        assert isinstance(told.shown, Shown)
        (value,) = told.shown.values
        assert (value.detail, value.text) == ("network", "203.0.113.0/24")
        assert ADDRESS not in repr(told.shown)
        # What she holds beside the value: the journal's word, and later the proof; and the record, opened.
        told.hand("receipt", told.shown.receipt)
        here.journal.publish_now()
        told.hand("leaf.tlog-proof", here.journal.proof(told.shown.index))
        frame = here.journal.reader().frame(told.shown.index)
        told.hand("record.json", OpenedRecord(frame.label, frame.nonce, frame.body).encode())


def step_2_quill_asks_and_is_refused_and_that_is_recorded_too(told):
    """An auditor, about a journalist, under no case of hers: nothing is shown, and the attempt has a leaf like any look."""
    with house(told.desk.data) as here:
        told.refused = here.guard.look(
            Look("l-2", "quill", "katharina", (Asked.parse("ip:exact"),), "internal_inquiry", None, "another look")
        )
        assert isinstance(told.refused, Refused)
        assert told.refused.index > told.shown.index
        told.hand("receipt-of-refusal", told.refused.receipt)


def step_3_without_the_record_there_is_no_value(told):
    """The receipt of one look opens nothing for another, however alike: the vault asks the log, not the caller."""
    with house(told.desk.data) as here:
        recorded = here.journal.find(f"guard/{here.pseudonyms.principal('ana')}", ASKS.key)
        assert recorded.leaves[-1].index == told.shown.index
        other = Look("l-3", "ana", "katharina", ASKS.asked, ASKS.purpose, ASKS.case, "a third")
        with pytest.raises(WrongReceipt):
            here.vault.open(other, recorded, told.shown.decision)


def step_4_the_receipt_is_the_journal_s_word(told):
    """Alone it is a promise that nobody can check; beside the published log it was kept, and says when."""
    shutil.copytree(told.desk.data / "public", told.outside / "public")
    alone = told.verify("receipt", told.outside / "receipt")
    assert alone.code == 7
    beside = told.verify("receipt", told.outside / "receipt", "--folder", told.outside / "public")
    assert beside.code == 0
    assert "the journal gave its word, and kept it" in beside.json["sentence"]
    assert beside.json["first"] <= told.shown.index < beside.json["first"] + beside.json["count"]


def step_5_the_receipt_of_a_refusal_is_as_good(told):
    """Who was refused can prove that they asked, and the log that it recorded it."""
    assert told.verify("receipt", told.outside / "receipt-of-refusal", "--folder", told.outside / "public").code == 0


def step_6_the_proof_needs_no_log_at_hand(told):
    """A leaf, its path, a signed checkpoint: with the opened record it says what was recorded, word for word."""
    said = told.verify("proof", told.outside / "leaf.tlog-proof", "--record", told.outside / "record.json")
    assert said.code == 0
    body = json.loads((told.outside / "record.json").read_text())["body"]
    assert (body["look"], body["decision"], body["purpose"], body["case"]) == (
        "l-1", "permit", "subject_request", "T-100",
    )  # fmt: skip
    assert "mirabel" not in json.dumps(body)
    assert ADDRESS not in json.dumps(body)


def step_7_mirabel_gets_her_statement_and_finds_the_look_in_it(told):
    """She asks who looked; she gets all of it and the proof that none is missing; ana's look stands there in words."""
    mine = told.outside / "mine.json"
    assert told.desk.typed("statement", "mirabel", "--as", "ines", "--out", mine).code == 0
    shutil.rmtree(told.outside / "public")
    shutil.copytree(told.desk.data / "public", told.outside / "public")
    said = told.verify("statement", mine, "--folder", told.outside / "public", "--person", "mirabel")
    assert said.code == 0
    assert "complete for this account" in said.json["sentence"]
    text = json.dumps(said.json)
    assert "the network, not the full address" in text
    assert "case T-100: permitted" in text
    with house(told.desk.data) as here:
        assert here.pseudonyms.principal("ana") in text


def step_8_katharina_s_holds_the_refusal_and_not_a_word_of_mirabel(told):
    """What was tried at her stands in hers, as refused; another person's statement is another person's."""
    hers = told.outside / "hers.json"
    assert told.desk.typed("statement", "katharina", "--as", "ines", "--out", hers).code == 0
    said = told.verify("statement", hers, "--person", "katharina")
    text = json.dumps(said.json)
    assert said.code == 0
    assert "internal_inquiry, no case: refused" in text
    assert "mirabel" not in hers.read_text()
    assert told.verify("statement", hers, "--person", "mirabel").code == 3


def step_9_one_bit_less_and_none_of_it_verifies(told, tmp_path, name):
    """Sixty bytes of each file, one bit of each changed: false, every time, or no longer a file of the kind."""
    for other in ("trust", "receipt", "leaf.tlog-proof", "record.json", "mine.json"):
        shutil.copy(told.outside / other, tmp_path)
    words = {
        "receipt": ("receipt", tmp_path / "receipt", "--folder", told.outside / "public"),
        "leaf.tlog-proof": ("proof", tmp_path / "leaf.tlog-proof", "--record", tmp_path / "record.json"),
        "record.json": ("proof", tmp_path / "leaf.tlog-proof", "--record", tmp_path / "record.json"),
        "mine.json": ("statement", tmp_path / "mine.json", "--folder", told.outside / "public", "--person", "mirabel"),
    }[name]
    assert told.verify(*words).code == 0
    raw = (tmp_path / name).read_bytes()
    # Not these: a checkpoint, of the log or of its index, is good while one trusted key signed it; and a receipt inside a
    # proof, signed with a key that leaf 0 names, is without the log not checked and not claimed.
    others = {"leaf.tlog-proof": rb"\nextra [^\n]*|\n\n\xe2[^$]*", "mine.json": rb'"checkpoint":"[^"]*"'}.get(name)
    spared = [found.span() for found in re.finditer(others, raw)] if others else []
    assert len(spared) == {"leaf.tlog-proof": 2, "mine.json": 2}.get(name, 0)
    for at in range(0, len(raw), max(10, len(raw) // 60)):
        if any(start <= at < end for start, end in spared):
            continue
        (tmp_path / name).write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        said = told.verify(*words)
        assert said.code in {2, 3}, (name, at, said)


def step_10_the_receipt_names_the_leaf_and_nobody(told):
    """It can be shown to anybody: it says which leaves, of which log, by when; not who looked and not at whom."""
    raw = (told.outside / "receipt").read_bytes()
    with house(told.desk.data) as here:
        receipt = open_receipt(raw, VerifierKey.parse(here.journal.genesis.receipts))
    assert receipt.first <= told.shown.index < receipt.first + receipt.count
    assert not [word for word in (b"ana", b"mirabel", b"T-100", b"e-", b"p-") if word in raw.partition(b"\n\n")[0]]


def test_one_look_from_the_question_to_the_proof(tmp_path, told):
    """Step by step, each on what the one before left, and so in one test."""
    step_1_ana_asks_and_is_shown_what_the_case_needs(told)
    step_2_quill_asks_and_is_refused_and_that_is_recorded_too(told)
    step_3_without_the_record_there_is_no_value(told)
    step_4_the_receipt_is_the_journal_s_word(told)
    step_5_the_receipt_of_a_refusal_is_as_good(told)
    step_6_the_proof_needs_no_log_at_hand(told)
    step_7_mirabel_gets_her_statement_and_finds_the_look_in_it(told)
    step_8_katharina_s_holds_the_refusal_and_not_a_word_of_mirabel(told)
    for name in ("receipt", "leaf.tlog-proof", "record.json", "mine.json"):
        step_9_one_bit_less_and_none_of_it_verifies(told, tmp_path, name)
    step_10_the_receipt_names_the_leaf_and_nobody(told)

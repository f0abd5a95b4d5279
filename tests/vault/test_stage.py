# SPDX-License-Identifier: Apache-2.0
"""A look whose record must be published or witnessed before anything opens: the vault asks to be shown, and looks closely."""

import itertools
from dataclasses import replace

import pytest
from tests.vault.desk import PERMITTED, WITNESSES, Desk, a_look, body_of, trust_of

from whosaw.errors import NotCanonical, WrongReceipt
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream
from whosaw.model.stage import Stage
from whosaw.tlog.note import Ed25519Signer, MlDsaSigner
from whosaw.vault.stage import Heads

MIRA = Stream.of_person("mira@example.org")


@pytest.fixture
def desk():
    return Desk()


def decided(stage):
    return replace(PERMITTED, stage=stage)


def recorded(desk, stage, look=None):
    look = look or a_look()
    return desk.record((MIRA, body_of(look, decided(stage), stage=stage).encode()))


def opens(desk, made, stage, proof, vault=None):
    try:
        (vault or desk.vault).open(a_look(), made, decided(stage), proof)
    except WrongReceipt:
        return False
    return True


@pytest.mark.parametrize(("demanded", "shown"), [*itertools.product(Stage, Stage)])
def test_nothing_opens_for_less_than_was_decided(desk, demanded, shown):
    """Each demand against each receipt: it opens where the receipt shows as much, and nowhere else."""
    made = recorded(desk, demanded)
    given = {
        Stage.DURABLE: made.receipt,
        Stage.PUBLISHED: desk.proof(made),
        Stage.WITNESSED: desk.proof(made, WITNESSES),
    }[shown]
    assert opens(desk, made, demanded, given) == (shown.rank >= demanded.rank)


@pytest.mark.parametrize(("demanded", "said"), [(a, b) for a, b in itertools.product(Stage, Stage) if a is not b])
def test_the_record_and_the_decision_say_one_stage(desk, demanded, said):
    """Whoever decides less, or more, than is recorded opens nothing: the record says what was waited for."""
    made = recorded(desk, demanded)
    assert not opens(desk, made, said, desk.proof(made, WITNESSES))


def stranger(desk):
    return Ed25519Signer.from_seed(desk.origin, bytes(32)), MlDsaSigner.from_seed(desk.origin, bytes(32))


WRONG = {
    "nothing": lambda desk, made: b"",
    "no proof": lambda desk, made: b"proof\n",
    "its enrolment's": lambda desk, made: desk.proof(made, WITNESSES, at=0),
    "another index": lambda desk, made: desk.proof(made, WITNESSES, index=made.leaves[0].index),
    "no way to the root": lambda desk, made: desk.proof(made, WITNESSES, path=(bytes(32),)),
    "another receipt": lambda desk, made: desk.proof(made, WITNESSES, extra=b"receipt"),
    "no receipt": lambda desk, made: desk.proof(made, WITNESSES, extra=None),
    "a stranger's head": lambda desk, made: desk.proof(made, WITNESSES, signers=stranger(desk)),
    "half of the keys": lambda desk, made: desk.proof(made, WITNESSES, signers=desk.log_signers[:1]),
    "another log's": lambda desk, made: desk.proof(made, WITNESSES, origin="other.example.org/log", signers=()),
    "one witness of two": lambda desk, made: desk.proof(made, WITNESSES[:1]),
    "witnesses alone": lambda desk, made: desk.proof(made, WITNESSES, signers=()),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_show_it(desk, wrong):
    """Each of them opens nothing; the right one, right after it, does."""
    made = recorded(desk, Stage.WITNESSED)
    assert not opens(desk, made, Stage.WITNESSED, WRONG[wrong](desk, made))
    assert opens(desk, made, Stage.WITNESSED, desk.proof(made, WITNESSES))


def test_every_byte_of_a_proof_counts(desk):
    """One bit turned anywhere: nothing opens. (In ML-DSA lines too: all keys of the log must have signed.)"""
    made = recorded(desk, Stage.WITNESSED)
    proof = desk.proof(made, WITNESSES)
    for at in range(0, len(proof), 41):
        assert not opens(desk, made, Stage.WITNESSED, proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]), at


def test_a_proof_of_another_look(desk):
    """Of the same person, permitted and witnessed: it opens its own look and no other."""
    made = recorded(desk, Stage.PUBLISHED)
    other = recorded(desk, Stage.PUBLISHED, a_look(look_id="l-2", key="req-2"))
    assert not opens(desk, made, Stage.PUBLISHED, desk.proof(other))
    assert opens(desk, made, Stage.PUBLISHED, desk.proof(made))


def test_without_a_quorum_nothing_is_witnessed(desk):
    """A log without witnesses reaches published, whoever cosigned."""
    made = recorded(desk, Stage.WITNESSED)
    vault = desk.open_vault(heads=Heads(trust_of(desk.log_signers, None)))
    assert not opens(desk, made, Stage.WITNESSED, desk.proof(made, WITNESSES), vault)
    later = recorded(desk, Stage.PUBLISHED, a_look(look_id="l-2"))
    vault.open(a_look(look_id="l-2"), later, decided(Stage.PUBLISHED), desk.proof(later, WITNESSES))


def test_a_stage_has_one_spelling():
    """Left out where it is durable, as in looks of before; and nothing else is a stage."""
    plain = body_of(a_look())
    assert b"stage" not in plain.encode()
    for stage in Stage:
        raw = replace(plain, stage=stage).encode()
        assert LookBody.decode(raw).stage is stage
    for wrong in (b'"durable"', b'"seen"', b"1", b"null"):
        raw = replace(plain, stage=Stage.WITNESSED).encode().replace(b'"witnessed"', wrong)
        with pytest.raises(NotCanonical):
            LookBody.decode(raw)


@pytest.mark.parametrize(("one", "other"), [*itertools.product(Stage, Stage)])
def test_the_greater_demand_holds(one, other):
    """In either order."""
    assert one.or_more(other) is other.or_more(one)
    assert one.or_more(other).rank == max(one.rank, other.rank)

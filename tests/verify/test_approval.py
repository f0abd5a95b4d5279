# SPDX-License-Identifier: Apache-2.0
"""Approvals in the record of a look: they hold for exactly this look, and for no other that somebody makes of it."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.approvals.authenticator import SoftKey
from tests.verify.desk import audit_of
from tests.verify.log_maker import LittleLog, Material

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.model.access import Asked, Field, Mode
from whosaw.model.approval import Approval, As, Overseen, Uses, digest_of, overseer_message
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, canonical, parse, time_text
from whosaw.oversight.statement import make_statement
from whosaw.tlog.note import VerifierKey
from whosaw.verify.approval import approvals_sentence, check_approvals, exact_of
from whosaw.verify.credentials import Credentials
from whosaw.verify.overseer import OverseerKey, RequestFile, SignedFile
from whosaw.verify.statement import verify_statement

AT = datetime(2026, 6, 21, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOOKS, LEA, SAM = (f"e-{letter * 16}" for letter in "abc")
KEY, OTHER = SoftKey(), SoftKey(alg="EdDSA", seed=b"other")
COUNCIL = OverseerKey.make("works-council", "ed25519", lambda n: b"\1" * n)
MONITOR = OverseerKey.make("monitor", "ml-dsa-44", lambda n: b"\2" * n)
VKEYS = frozenset(VerifierKey.parse(key.vkey) for key in (COUNCIL, MONITOR))
PERSON = "p-" + "p" * 16


def look(**changes) -> LookBody:
    given = {
        "kind": Kind.LOOK, "look": "l-1", "origin": "asked", "at": AT, "principal": LOOKS, "person": PERSON,
        "asked": ((Field.IP, "exact"),), "mode": Mode.READ, "source": "guard", "purpose": "fraud_review", "case": "F-1",
        "app": "tool", "decision": "permit", "rules": ("fraud-review",), "ask": bytes(32), "facts": bytes(32), "policy": bytes(32),
    }  # fmt: skip
    return LookBody(**(given | changes))


def approval(by=LEA, role=As.INDEPENDENT, **changes) -> Approval:
    given = {
        "request": "a-" + "a" * 16, "by": by, "role": role, "given": AT - HOUR, "until": AT + HOUR, "uses": Uses.ONCE,
        "proof": None,
    }  # fmt: skip
    return Approval(**(given | changes))


def signed(of: LookBody, one: Approval, key=KEY, **lies) -> Approval:
    """`one`, signed for this look by a passkey or by an overseer."""
    digest = digest_of(one, exact_of(of))
    if isinstance(key, OverseerKey):
        return replace(one, proof=Overseen(vkey=key.vkey, signature=key._private().sign(overseer_message(digest))))
    return replace(one, proof=key.passkey(digest, **lies))


def approved(of=None) -> LookBody:
    """A look that a steward, an overseer and another approved, each in their way."""
    of = of or look()
    return replace(of, approvals=(
        signed(of, approval()),
        signed(of, approval("works-council", As.OVERSEER), COUNCIL),
        approval(SAM, As.STEWARD),
    ))  # fmt: skip


def test_approvals_hold_and_are_told():
    """Who, as what, with which key, when; and whose word it is where there is no key."""
    checked = check_approvals(approved(), None, "leaf 3")
    assert [each.pinned for each in checked] == [False] * 3
    assert approvals_sentence(checked) == (
        f"approved by three, one of them an overseer with key {COUNCIL.vkey.split('+')[1]}: "
        f"{LEA}, with passkey {checked[0].approval.proof.key}, at 2026-06-21 08:00:00 UTC; "
        "works-council from outside, at 2026-06-21 08:00:00 UTC; "
        f"{SAM}, a steward of the region, by the word of the gate alone, at 2026-06-21 08:00:00 UTC"
    )
    assert check_approvals(approved(), VKEYS, "leaf 3")[1].pinned
    assert approvals_sentence(check_approvals(look(), None, "")) == ""


def test_both_kinds_of_overseers_keys():
    """Ed25519 today, ML-DSA-44 for those who fear tomorrow."""
    made = replace(look(), approvals=(signed(look(), approval("monitor", As.OVERSEER), MONITOR),))
    assert check_approvals(made, VKEYS, "leaf 3")[0].pinned
    assert LookBody.decode(made.encode()) == made


def test_a_look_keeps_its_approvals_and_old_looks_stay_what_they_are():
    """One spelling; nothing where there was none."""
    whole = approved()
    assert LookBody.decode(whole.encode()) == whole
    assert b"approvals" not in look().encode()
    said = parse(whole.encode())
    for wrong in ([], [said["approvals"][0] | {"more": 1}], [said["approvals"][0] | {"as": "friend"}], [None]):
        with pytest.raises(NotCanonical):
            LookBody.decode(canonical(said | {"approvals": wrong}))


OTHER_LOOKS = {
    "another person": {"person": "p-" + "q" * 16},
    "another principal": {"principal": "e-" + "z" * 16},
    "one field more": {"asked": ((Field.IP, "exact"), (Field.PROFILE, "exact"))},
    "another field": {"asked": ((Field.PROFILE, "exact"),)},
    "more detail": {"asked": ((Field.LOCATION, "exact"),)},
    "another case": {"case": "F-2"},
    "no case": {"case": None},
    "another purpose": {"purpose": "legal_demand"},
    "another mode": {"mode": Mode.EXPORT},
    "a broken glass": {"break_glass": True},
    "a detail that is not known": {"asked": ((Field.IP, "-"),)},
}


@pytest.mark.parametrize("which", OTHER_LOOKS)
@pytest.mark.parametrize("of", [0, 1], ids=["passkey", "overseer"])
def test_an_approval_fits_no_other_look(which, of):
    """Moved into the record of another look, a signature fits nothing."""
    one = approved().approvals[of]
    with pytest.raises(ProofFailed, match="leaf 3: "):
        check_approvals(look(approvals=(one,), **OTHER_LOOKS[which]), None, "leaf 3")


FORGED = {
    "another request": (0, {"request": "a-" + "b" * 16}, "another challenge"),
    "another approver": (0, {"by": "e-" + "d" * 16}, "another challenge"),
    "as another thing": (0, {"role": As.LEGAL}, "another challenge"),
    "for longer": (0, {"until": AT + 2 * HOUR}, "another challenge"),
    "more than once": (0, {"uses": Uses.WINDOW}, "another challenge"),
    "another key": (0, {"proof": OTHER.passkey(bytes(32))}, "another challenge"),
    "given after the look": (0, {"given": AT + HOUR / 2}, "after the look"),
    "run out": (0, {"until": AT}, "run out"),
    "an overseer by the word of the gate": (1, {"proof": None}, "overseer's key"),
    "an overseer with a passkey": (1, {"proof": KEY.passkey(bytes(32))}, "overseer's key"),
    "no overseer with an overseer's key": (1, {"role": As.INDEPENDENT}, "overseer's key"),
    "another overseer": (1, {"by": "monitor"}, "does not fit"),
    "an overseer's request": (1, {"request": "a-" + "b" * 16}, "does not fit"),
    "no key": (1, {"proof": Overseen(vkey="nothing", signature=b"")}, "does not fit"),
    "the one who looked": (2, {"by": LOOKS}, "the one who looked"),
}


@pytest.mark.parametrize("which", FORGED)
def test_a_forged_approval_is_found(which):
    """Each part of an approval is part of what was signed, or is checked by itself."""
    at, changes, why = FORGED[which]
    whole = approved()
    forged = tuple(replace(each, **changes) if n == at else each for n, each in enumerate(whole.approvals))
    with pytest.raises(ProofFailed, match=why):
        check_approvals(replace(whole, approvals=forged), None, "leaf 3")


def test_what_no_signature_shows():
    """Twice the same approver; approvals of a look that was refused, or seen elsewhere; a key that the reader does not know."""
    whole = approved()
    with pytest.raises(ProofFailed, match="counts twice"):
        check_approvals(replace(whole, approvals=whole.approvals[:1] * 2), None, "leaf 3")
    for changes in ({"decision": "refuse"}, {"origin": "observed"}):
        with pytest.raises(ProofFailed, match="used none"):
            check_approvals(replace(whole, **changes), None, "leaf 3")
    with pytest.raises(ProofFailed, match="none of the overseers"):
        check_approvals(whole, frozenset(), "leaf 3")


@pytest.mark.parametrize(
    "lies", [{"challenge": bytes(32)}, {"origin": "https://evil.example"}, {"rp": "evil.example"}, {"flags": 1}]
)
def test_a_passkey_that_lies(lies):
    """What a software authenticator makes up is found in the record as at the gate."""
    of = look()
    with pytest.raises(ProofFailed):
        check_approvals(replace(of, approvals=(signed(of, approval(), **lies),)), None, "leaf 3")


# ── in a statement ──

HERS = "anna@example.org"


def report(*bodies, overseers=None):
    """A statement whose records are these looks, verified."""
    log = LittleLog()
    account = log.enrol(HERS)
    for body in bodies:
        log.record(account, body.encode())
    log.pad(6)
    return verify_statement(
        make_statement(HERS, Material(log, 6)), replace(audit_of(log), overseers=overseers), HERS, None
    )


def test_a_statement_says_who_approved_with_which_key():
    """In the sentence of the look; and what no check of a signature can show is said, too."""
    made = report(look(), approved(), overseers=VKEYS)
    assert made.exit == 0
    text = made.text()
    assert "The approvals were signed for these looks" in text
    assert f"approved by three, one of them an overseer with key {COUNCIL.vkey.split('+')[1]}: " in text
    assert "works-council from outside, at 2026-06-21 08:00:00 UTC, the key that was given" in text
    assert "whether those who approved were independent" in text
    assert "--overseer" not in text
    assert "give --overseer" in report(approved()).text()


def test_a_statement_without_approvals_has_no_such_step():
    """Statements of before are what they were."""
    assert "approv" not in report(look()).text()


def test_a_forged_approval_in_a_statement_is_exit_three():
    """The record is in the log, and convicts whoever wrote it."""
    whole = approved()
    for forged in (
        replace(whole, approvals=(replace(whole.approvals[0], until=AT + 2 * HOUR),)),
        replace(whole, case="F-2"),
        replace(whole, approvals=(replace(whole.approvals[1], by="monitor"),)),
    ):
        made = report(look(), forged)
        assert made.exit == 3
        assert "FAILED" in made.sentence
        assert "leaf 3" in made.sentence
        assert "; approved by" not in made.text()
    assert report(approved(), overseers=frozenset()).exit == 3


def test_an_approval_that_is_good_for_one_look_is_used_by_one():
    """Both records carry signatures that fit: the look is the same. The statement has them both, and says so."""
    first, second = approved(), approved(look(look="l-2"))
    assert report(first).exit == 0
    made = report(first, second)
    assert made.exit == 3
    assert "used by two" in made.sentence
    often = [replace(signed(of, approval(uses=Uses.WINDOW))) for of in (look(), look(look="l-2"))]
    assert report(look(approvals=(often[0],)), look(look="l-2", approvals=(often[1],))).exit == 0


# ── keys, registered ──


def credential(key=KEY, by=LEA, what="added", at=AT - HOUR) -> bytes:
    return canonical({
        "v": 1, "kind": "credential", "at": time_text(at), "what": what, "of": "approver", "principal": by, "alg": key.alg,
        "public": b64encode(key.public).decode(), "rp": key.rp,
    })  # fmt: skip


def test_a_passkey_counts_from_its_record_to_its_end():
    """Not registered, another's, taken away: the gate is convicted. Just taken away: a look may have been on its way."""
    checked = check_approvals(approved(), None, "leaf 3")
    for before, fine in (
        ([], False),
        ([credential()], True),
        ([credential(by=SAM)], False),
        ([credential(OTHER)], False),
        ([credential(), credential(what="removed", at=AT - HOUR / 2)], False),
        ([credential(), credential(what="removed", at=AT - timedelta(seconds=30))], True),
    ):
        known = Credentials()
        for body in before:
            known.take(body, "line 2")
        if fine:
            known.check(checked, AT, "line 9")
        else:
            with pytest.raises(ProofFailed, match="line 9: a passkey approved"):
                known.check(checked, AT, "line 9")


@pytest.mark.parametrize(
    "changes", [{"what": "lost"}, {"public": "!"}, {"public": 7}, {"principal": None}, {"at": "now"}]
)
def test_what_is_no_credential(changes):
    """Refused, where it stands."""
    with pytest.raises(NotCanonical, match="line 2"):
        Credentials().take(canonical(parse(credential()) | changes), "line 2")


# ── an overseer's files ──


def request() -> RequestFile:
    of = look()
    return RequestFile(
        id="a-" + "a" * 16, origin="log.example.org/whosaw", principal=of.principal, person=of.person,
        asked=tuple(sorted(Asked(field, detail) for field, detail in of.asked)), purpose=of.purpose, case=of.case, mode=of.mode, at=AT - 2 * HOUR,
        answer_by=AT + HOUR, until=AT + HOUR, uses=Uses.ONCE, reason="She cannot sign in.",
    )  # fmt: skip


def test_what_is_shown_is_what_is_signed():
    """A file whose fields were changed and whose digest was not is refused; with both changed it is another request."""
    asked = request()
    assert RequestFile.parse(asked.encode()) == asked
    assert asked.exact == exact_of(look())
    said = parse(asked.encode().removesuffix(b"\n"))
    for changed in (
        {"person": "p-" + "q" * 16},
        {"purpose": "legal_demand"},
        {"exact": said["exact"][::-1]},
        {"fields": []},
        {"more": 1},
    ):
        with pytest.raises(NotCanonical):
            RequestFile.parse(canonical(said | changed) + b"\n")


@pytest.mark.parametrize("key", [COUNCIL, MONITOR], ids=["ed25519", "ml-dsa-44"])
def test_a_key_its_file_and_what_it_signs(key):
    """Written and read again, it is the same key, and its signature holds in the record of the look."""
    again = OverseerKey.parse(key.encode())
    assert again == key
    assert "seed" not in repr(key)
    back = SignedFile.parse(again.sign(request()).encode())
    one = approval(
        key.name, As.OVERSEER, request=back.request, proof=Overseen(vkey=back.vkey, signature=back.signature)
    )
    assert check_approvals(look(approvals=(one,)), VKEYS, "leaf 3")[0].pinned


@given(st.binary(max_size=80))
@settings(max_examples=50)
def test_no_bytes_are_a_key_by_chance(raw):
    """One error of ours, whatever the bytes are."""
    for parse_ in (OverseerKey.parse, RequestFile.parse, SignedFile.parse):
        with pytest.raises(NotCanonical):
            parse_(raw)


def test_the_example_of_the_specification():
    """Request, digests and signed file of docs/spec/approval.md are those of this code."""
    text = (Path(__file__).parents[2] / "docs/spec/approval.md").read_text()
    block = text.split("<!-- checked: approval -->")[1].split("```")[1]
    said = dict(line.split(None, 1) for line in block.strip().splitlines())
    asked = request()
    assert said["request"].encode() + b"\n" == asked.encode()
    assert (said["exact"], said["digest"]) == (asked.exact.hex(), asked.digest("works-council").hex())
    assert said["signed"].encode() + b"\n" == COUNCIL.sign(asked).encode()

# SPDX-License-Identifier: Apache-2.0
"""A statement, checked by the person: these are all looks at my account, and none is missing.

    id ──VRF──▶ label_0 ──its leaf commits to──▶ key ──HMAC──▶ label_1, label_2, … label_n      and no label_(n+1)

    1 form         one canonical JSON object, about the account asked for
    2 checkpoint   signed by the log, seen by enough witnesses
    3 genesis      leaf 0 fixes the key for first labels
    4 account      π over this id and generation gives label_0: the one label that this account can begin with
    5 enrolment    the leaf with label_0 commits to the key in the statement
    6 records      label_1 … label_n, each a leaf of the log, each opened by its nonce and body
    7 none missing label_(n+1) is on no leaf, and neither is the next generation's label_0

Step 7 reads the whole published log (``--folder``); without it, it is left out, and the result says so. It is the step
that a statement cannot carry in itself here: a cut list proves as well as a whole one.

Proven with all seven: the list is the whole of the only stream that can exist for this id. A record about the account
anywhere else in the log convicts the operator.                           Specification: docs/spec/statement.md
"""

from __future__ import annotations

from collections.abc import Iterator

from whosaw.errors import NotCanonical, ProofFailed, WhosawError
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import Json, Kind, canonical, parse
from whosaw.tlog import leaf, vrf
from whosaw.tlog.merkle import check_inclusion, leaf_hash
from whosaw.verify.folder import Audit, verify_folder
from whosaw.verify.genesis import Genesis, check_genesis
from whosaw.verify.head import Head, open_head
from whosaw.verify.history import check_same_log
from whosaw.verify.shape import base64_of
from whosaw.verify.source import Source
from whosaw.verify.statement_file import Opened, Statement
from whosaw.verify.steps import Report, Said, Steps
from whosaw.verify.words import counted, look_sentence, moment, record_sentence

TITLES = (
    "The checkpoint is signed",
    "The genesis leaf",
    "The first label is this account's",
    "The enrolment fits the key",
    "Every record is in the log",
    "No record is missing",
)


def verify_statement(raw: bytes, audit: Audit, person: str | None, source: Source | None) -> Report:
    """All steps. `person` is the id that the statement must be about; None takes the file's word, and says so."""
    steps = Steps()
    statement = steps.take("The statement reads as one", lambda said: _read(raw, person, said))
    head = statement and steps.take(
        TITLES[0], lambda said: open_head(statement.checkpoint, audit.trust, audit.now, said)
    )
    if not statement or not head:
        for title in TITLES[0 if not statement else 1 :]:
            steps.skip(title, "Without what comes before there is nothing to hold it against.")
        return steps.report("")
    _proofs(statement, head, steps)
    if source is None:
        steps.skip(TITLES[5], "The log was not searched: give --folder with the published folder or its URL.")
    elif not steps.sound:
        steps.skip(TITLES[5], "What the statement says did not hold, so there is no list to complete.")
    else:
        steps.take(TITLES[5], lambda said: _none_missing(statement, head, audit, source, said))
    _limits(steps, audit, source)
    if steps.sound:
        steps.remarks += [
            "Looks and other records, in the order in which they were recorded:" if statement.records else "No records."
        ]
        steps.remarks += [f"  {n:>3}. {words}" for n, words in enumerate(map(_words, statement.records), 1)]
    return steps.report(
        _sentence(statement, head, person, source),
        origin=head.origin,
        size=head.size,
        signed_at=None if head.signed_at is None else moment(head.signed_at),
        complete=source is not None and steps.sound,
        records=[{"i": r.i, "index": r.index, "sentence": _words(r), "body": parse(r.body)} for r in statement.records],
    )


def _read(raw: bytes, person: str | None, said: Said) -> Statement:
    statement = Statement.parse(raw)
    if person is None:
        said.say("The account id is the one that the statement names itself; give --person ID with yours to be sure.")
    elif person != statement.person:
        raise ProofFailed("this statement is about another account than the one asked for", step="person")
    else:
        said.say("It is about the account asked for.")
    for g, generation in enumerate(statement.generations):
        if generation.generation != g:
            raise NotCanonical("generations are not 0, 1, 2, … in order", where="statement")
        if generation.rekeys:
            raise ProofFailed("its stream was given a new key, which version 1 cannot prove anything about")
    said.say(f"{counted(len(statement.records), 'record')} in {counted(len(statement.generations), 'generation')}.")
    return statement


def _proofs(statement: Statement, head: Head, steps: Steps) -> None:
    """Steps that need only the statement and the head."""
    genesis = steps.take(TITLES[1], lambda said: _genesis(statement, head, said))
    if genesis is None:
        steps.skip(TITLES[2], "Without the genesis leaf nobody knows the key for first labels.")
    else:
        steps.take(TITLES[2], lambda said: _account(statement, genesis, said))
    steps.take(TITLES[3], lambda said: _enrolments(statement, head, said))
    steps.take(TITLES[4], lambda said: _records(statement, head, said))


def _genesis(statement: Statement, head: Head, said: Said) -> Genesis:
    opened = statement.genesis
    if opened.i or opened.index:
        raise ProofFailed("genesis: it is given for another leaf than leaf 0", step="genesis")
    made = Genesis.open(opened.nonce, opened.body)
    check_genesis(made, opened.path, head, said)
    return made


def _account(statement: Statement, genesis: Genesis, said: Said) -> None:
    given = [
        *((one.generation, one.pi) for one in statement.generations),
        (statement.next_generation, statement.next_pi),
    ]
    for g, pi in given:
        try:
            vrf.check(genesis.vrf, leaf.alpha(leaf.StreamKind.PERSON, statement.person, g), pi)
        except ProofFailed as error:
            raise ProofFailed(f"generation {g}: {error}: the label is not this account's", step="vrf") from None
    said.say(f"{counted(len(given), 'proof')} over this id and no other: generations 0 to {statement.next_generation}.")


def _enrolments(statement: Statement, head: Head, said: Said) -> None:
    for one in statement.generations:
        where = f"enrolment of generation {one.generation}"
        if one.enrolment.i:
            raise ProofFailed(f"{where}: an enrolment is number 0 of its stream", step="enrolment")
        check_opened(one.enrolment, vrf.beta_of(one.pi), head, where)
        wanted: Json = {"v": 1, "kind": str(Kind.ENROL), "stream_key": base64_of(leaf.stream_key_digest(one.key))}
        if one.enrolment.body != canonical(wanted):
            raise ProofFailed(f"{where}: it commits to another key than the statement's", step="enrolment")
        said.say(f"Leaf {one.enrolment.index} has this first label and commits to the key in the statement.")
    if not statement.generations:
        said.say("No enrolment: the statement says that nothing was ever recorded for this account.")


def _records(statement: Statement, head: Head, said: Said) -> None:
    last = -1
    about: set[str] = set()
    for one in statement.generations:
        for n, opened in enumerate((one.enrolment, *one.records)):
            where = f"record {n}" + (f" of generation {one.generation}" if len(statement.generations) > 1 else "")
            if opened.i != n:
                raise ProofFailed(
                    f"{where}: number {opened.i} stands in its place: one is missing or moved", step="records"
                )
            if opened.index <= last:
                raise ProofFailed(f"{where}: leaf {opened.index} comes before the record before it", step="records")
            last = opened.index
            if n:
                check_opened(opened, leaf.label(one.key, n), head, where)
                about |= _about(opened, where)
    if len(about) > 1:
        raise ProofFailed("the records speak of more than one person", step="records")
    said.count("records", len(statement.records))
    said.say(
        f"{counted(len(statement.records), 'record')}: each is a leaf under the signed root, in order, without a gap,"
    )
    said.say("and each is what was committed to, byte for byte.")


def check_opened(opened: Opened, label: bytes, head: Head, where: str) -> None:
    """`opened` is the leaf with this label at its index under `head`."""
    made = leaf_hash(leaf.entry(label, leaf.commitment(opened.nonce, opened.body)))
    try:
        check_inclusion(made, opened.index, head.size, opened.path, head.root)
    except ProofFailed as error:
        raise ProofFailed(
            f"{where}: leaf {opened.index} is not what the statement says: {error}", step="records"
        ) from None


def _about(opened: Opened, where: str) -> set[str]:
    """The pseudonym that a look is about."""
    look = _look(opened, where)
    return {look.person} if look is not None and look.person is not None else set()


def _look(opened: Opened, where: str) -> LookBody | None:
    return LookBody.decode(opened.body, where) if parse(opened.body)["kind"] in LOOKS else None


# Step 7: the whole log is read once, and every label that must or must not be there is looked for.


def _none_missing(statement: Statement, head: Head, audit: Audit, source: Source, said: Said) -> None:
    wanted: dict[bytes, list[int]] = {}
    for label, _ in _expected(statement):
        wanted[label] = []
    found = _search(wanted, audit, source, said)
    if found is None:
        return
    if found.origin != head.origin:
        raise ProofFailed("the folder is of another log than the statement", step="folder")
    if found.size < head.size:
        said.unclear(
            f"the folder has size {found.size:,} and is older than the statement, of size {head.size:,}",
            hint="fetch the newest published folder",
        )
        return
    check_same_log(source, head, found, "in the statement", said)
    for label, index in _expected(statement):
        within = [at for at in wanted[label] if at < head.size]
        if within != ([] if index is None else [index]):
            _missing(statement, label, index, within, said)
    said.say(
        f"All {head.size:,} leaves up to the statement's checkpoint were searched: no further label of this account."
    )
    if any(at >= head.size for places in wanted.values() for at in places):
        said.say("The folder is newer, and holds at least one more record of this account: ask for a new statement.")


def _expected(statement: Statement) -> Iterator[tuple[bytes, int | None]]:
    """Every label of this account, with its leaf, or None where there must be none."""
    for one in statement.generations:
        yield vrf.beta_of(one.pi), one.enrolment.index
        for record in one.records:
            yield leaf.label(one.key, record.i), record.index
        yield leaf.label(one.key, len(one.records) + 1), None
    yield vrf.beta_of(statement.next_pi), None


def _search(wanted: dict[bytes, list[int]], audit: Audit, source: Source, said: Said) -> Head | None:
    """Verify the folder whole, noting where the wanted labels stand. None where it does not hold."""
    keys = wanted.keys()

    def watch(first: int, labels: list[bytes]) -> None:
        if not keys.isdisjoint(labels):
            for i, label in enumerate(labels):
                if label in keys:
                    wanted[label].append(first + i)

    steps, audited = verify_folder(source, Audit(audit.trust, audit.now, watch=watch, progress=audit.progress))
    report = steps.report("The published log was verified whole, as `whosaw verify` does it.")
    if report.exit == 3:
        said.fail(f"the published log does not hold: {report.sentence}")
    elif report.exit:
        said.unclear(f"the published log could not be read whole: {report.sentence}")
    else:
        said.say(report.sentence)
        return audited.head
    return None


def _missing(statement: Statement, label: bytes, index: int | None, within: list[int], said: Said) -> None:
    at = ", ".join(map(str, within)) or "none"
    if index is not None:
        said.fail(f"the label of leaf {index} is on other leaves of the folder: {at}")
    elif label == vrf.beta_of(statement.next_pi):
        said.fail(
            f"leaf {at} begins generation {statement.next_generation} of this account, which the statement leaves out",
            "folder",
        )
    else:
        said.fail(f"leaf {at} is one more record of this account, which the statement leaves out", "folder")


# Words


def _words(opened: Opened) -> str:
    try:
        look = _look(opened, "record")
    except WhosawError:
        look = None
    if look is not None:
        return look_sentence(look)
    return record_sentence(opened.body)


def _sentence(statement: Statement, head: Head, person: str | None, source: Source | None) -> str:
    whose = "this account" if person is not None else "the account that the statement names"
    records = counted(len(statement.records), "record")
    if source is None:
        return (
            f"{head.as_of}: {records} of {whose} are in the log as the statement says; "
            "that none is missing was NOT checked (give --folder)"
        )
    return f"{head.as_of}: {records}, complete for {whose}"


def _limits(steps: Steps, audit: Audit, source: Source | None) -> None:
    add = steps.cannot_know.append
    if source is None:
        add("that no record is missing: the newest ones could have been cut off. Give --folder to check")
    add("whether every look was handed to the log, or a screen was photographed")
    add("whether a record tells the truth: only that it was written then and not changed since")
    add("looks under another account that you have, or under no account at all")
    if not audit.trust.witnesses:
        add("whether others are shown another log: the trust file names no witness")

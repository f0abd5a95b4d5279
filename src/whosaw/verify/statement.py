# SPDX-License-Identifier: Apache-2.0
"""A statement, checked by the person: these are all looks at my account, and none is missing.

    id ──VRF──▶ label_0 ──its leaf commits to──▶ key ──HMAC──▶ label_1, label_2, … label_n      and no label_(n+1)
                   └───────────────────── each in the index, where its leaf is ──┘                 in the index either

    1 form         one canonical JSON object, about the account asked for
    2 checkpoint   signed by the log, seen by enough witnesses
    3 genesis      leaf 0 fixes the key for first labels, and the keys of the log of the index
    4 index        the last leaf of that log holds the root of the index of exactly this checkpoint
    5 account      π over this id and generation gives label_0: the one label that this account can begin with
    6 enrolment    the leaf with label_0 commits to the key in the statement; of an erased generation only that leaf is left
    7 records      label_1 … label_n, each a leaf of the log, each opened by its nonce and body, or said to be withheld;
                   a rekey is the last one of its key and commits to the next, under which numbers begin at 1 again
    8 none missing label_(n+1) stands nowhere, and neither does the next generation's label_0
    9 public       the published log is the same, and its index was made of every leaf (``--folder``)
      approvals    each approval in the record of a look was signed for exactly this look: a step of its own where there are any
      before       both heads are of the history that this verifier has seen earlier: a step of its own with ``--state``

Steps 1 to 8 need this file and no other. What they rest on is that the index is what the leaves make: everybody who
verifies the published log builds it again, and step 9 does so here.

Proven with all nine: the list is the whole of the only stream that can exist for this id. A record about the account
anywhere else in the log convicts the operator.                           Specification: docs/spec/statement.md
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from whosaw.errors import NotCanonical, ProofFailed, WhosawError
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import Kind
from whosaw.tlog import leaf, vrf
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import check_inclusion, leaf_hash
from whosaw.verify.approval import Checked, approvals_sentence
from whosaw.verify.approved import take_approvals
from whosaw.verify.before import take_before
from whosaw.verify.folder import Audit, verify_folder
from whosaw.verify.genesis import Genesis, check_genesis
from whosaw.verify.head import Head, open_head
from whosaw.verify.history import check_same_log
from whosaw.verify.index_root import IndexRoot
from whosaw.verify.map_log import MapSource, open_map_head
from whosaw.verify.source import Source
from whosaw.verify.statement_file import ErasedGeneration, Opened, Statement, Withheld
from whosaw.verify.steps import FALSE, Report, Said, Steps
from whosaw.verify.stretches import commits, ends, walk
from whosaw.verify.words import counted, look_sentence, moment, record_sentence

TITLES = (
    "The checkpoint is signed",
    "The genesis leaf",
    "The index is that of this checkpoint",
    "The first label is this account's",
    "The enrolment fits the key",
    "Every record is in the log",
    "No record is missing",
    "The published log is the same",
)
ALONE = "it was not held against the published log: give --folder with the published folder or its URL"


def verify_statement(raw: bytes, audit: Audit, person: str | None, source: Source | None) -> Report:
    """All steps. `person` is the id that the statement must be about; None takes the file's word, and says so."""
    steps = Steps()
    statement = steps.take("The statement reads as one", lambda said: _read(raw, person, said))
    head = statement and steps.take(TITLES[0], lambda said: _checkpoint(statement, audit, said))
    if not statement or not head:
        for title in TITLES[0 if not statement else 1 :]:
            steps.skip(title, "Without what comes before there is nothing to hold it against.")
        return steps.report("")
    genesis = steps.take(TITLES[1], lambda said: _genesis(statement, head, said))
    index = steps.take(TITLES[2], lambda said: _index(statement, head, genesis, audit, said)) if genesis else None
    looks: Looks = {}
    if not genesis or not index:
        for title in TITLES[2 if not genesis else 3 : 7]:
            steps.skip(title, "Without what comes before there is nothing to hold it against.")
    else:
        looks = _proofs(statement, head, genesis, index, steps)
    checked = take_approvals(looks, audit, steps)
    if source is None:
        steps.skip(TITLES[7], f"{ALONE[0].upper()}{ALONE[1:]}.")
    elif not steps.sound or not genesis or not index:
        steps.skip(TITLES[7], "What the statement says did not hold, so there is nothing to compare.")
    else:
        steps.take(TITLES[7], lambda said: _published(index, audit, source, said))
    if audit.saved is not None and index:
        take_before(index, audit, source, steps)
    _limits(steps, audit, source)
    if statement.older:
        steps.cannot_know.append(
            f"what was recorded in the last {counted(statement.older, 'hour')} before it was made, or whether anything was: by its "
            "own word, every statement of this house ends so much earlier, whoever asks"
        )
    if statement.withheld:
        steps.cannot_know.append(
            "what a withheld record says. Ask again when its time is over: where it is the last one of a key, it may be the "
            "one that gave the account a new key, and what stands under that is shown only then"
        )
    words = [_words(record, looks.get(record.index), checked.get(record.index, ())) for record in statement.records]
    if steps.sound:
        steps.remarks += [
            "Looks and other records, in the order in which they were recorded:" if statement.records else "No records."
        ]
        steps.remarks += [f"  {n:>3}. {words}" for n, words in enumerate(words, 1)]
    return steps.report(
        _sentence(statement, head, person),
        origin=head.origin,
        size=head.size,
        older_h=statement.older,
        signed_at=None if head.signed_at is None else moment(head.signed_at),
        complete=steps.sound,
        records=[
            {"i": r.i, "index": r.index, "sentence": said, "body": r.said if isinstance(r, Opened) else None}
            for r, said in zip(statement.records, words, strict=True)
        ],
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
    said.say(f"{counted(len(statement.records), 'record')} in {counted(len(statement.generations), 'generation')}.")
    return statement


Looks = dict[int, LookBody]
"""Looks by the index of their leaf, as far as they were read: reading one is half of what it costs to check it."""


def _proofs(statement: Statement, head: Head, genesis: Genesis, index: IndexRoot, steps: Steps) -> Looks:
    """Steps that need only the statement, and roots that hold."""
    looks: Looks = {}
    steps.take(TITLES[3], lambda said: _account(statement, genesis, said))
    steps.take(TITLES[4], lambda said: _enrolments(statement, head, index, said))
    steps.take(TITLES[5], lambda said: _records(statement, head, index, looks, said))
    if not steps.sound:
        steps.skip(TITLES[6], "What the statement says did not hold, so there is no list to complete.")
    else:
        steps.take(TITLES[6], lambda said: _none_missing(statement, head, index, said))
    return looks


def _checkpoint(statement: Statement, audit: Audit, said: Said) -> Head:
    head = open_head(statement.checkpoint, audit.trust, audit.now, said)
    _fresh(head, audit, said, "checkpoint", statement.older)
    if statement.older:
        said.say(
            f"By its own word, every statement of this house ends {counted(statement.older, 'hour')} or more before it is made."
        )
    return head


def _fresh(head: Head, audit: Audit, said: Said, where: str, older: int) -> None:
    """The newest cosignature is not too old. Without a witness there is only the log's own word, which is no limit to it."""
    at = head.signed_at
    if audit.max_age is None or not head.cosigned or at is None or audit.now - at <= audit.max_age:
        return
    hours = audit.max_age // timedelta(hours=1)
    needed = -((at - audit.now) // timedelta(hours=1))
    hint = "ask for a new statement; to read this one as of then, give --max-age"
    if older:
        hint = f"statements of this house are older by rule; to read this one as of then, give --max-age {needed}"
    said.unclear(
        f"the newest cosignature is of {moment(at)}, more than {counted(hours, 'hour')} ago: what was recorded since is not "
        "in this statement",
        where,
        hint,
    )


def _genesis(statement: Statement, head: Head, said: Said) -> Genesis:
    opened = statement.genesis
    if opened.i or opened.index:
        raise ProofFailed("genesis: it is given for another leaf than leaf 0", step="genesis")
    made = Genesis.open(opened.nonce, opened.body)
    check_genesis(made, opened.path, head, said)
    return made


def _index(statement: Statement, head: Head, genesis: Genesis, audit: Audit, said: Said) -> IndexRoot:
    given, where = statement.index, "checkpoint of the map log"
    map_head = open_map_head(given.checkpoint, genesis, audit.trust, audit.now, said, where=where, quorum=True)
    _fresh(map_head, audit, said, where, statement.older)
    if not map_head.size:
        raise ProofFailed("the log of the index is empty", step="index")
    leaf = MapLeaf.parse(given.leaf, "leaf of the map log")
    try:
        check_inclusion(leaf_hash(given.leaf), map_head.size - 1, map_head.size, given.path, map_head.root)
    except ProofFailed as error:
        raise ProofFailed(f"the leaf is not the last one of the log of the index: {error}", step="index") from None
    of = leaf.open(genesis.log_keys, "leaf of the map log")
    # By its size alone it could be of another history; the two signed notes would then convict whoever signed both.
    if (of.origin, of.size, of.root) != (head.origin, head.size, head.root):
        raise ProofFailed(
            f"the index is of size {of.size:,}, and not of the checkpoint, of size {head.size:,}",
            step="index", ours=head.note, theirs=leaf.note,
        )  # fmt: skip
    said.say(f"Leaf {map_head.size - 1}, the last one, says that it is of this very checkpoint.")
    return IndexRoot(leaf.root, map_head, head, genesis)


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


def _enrolments(statement: Statement, head: Head, index: IndexRoot, said: Said) -> None:
    for one in statement.generations:
        where = f"enrolment of generation {one.generation}"
        if isinstance(one, ErasedGeneration):
            _erased(one, head, index, where, said)
            continue
        if one.enrolment.i:
            raise ProofFailed(f"{where}: an enrolment is number 0 of its stream", step="enrolment")
        check_opened(one.enrolment, vrf.beta_of(one.pi), head, index, where)
        if one.enrolment.body != commits(Kind.ENROL, one.keys[0]):
            raise ProofFailed(f"{where}: it commits to another key than the statement's", step="enrolment")
        said.say(f"Leaf {one.enrolment.index} has this first label and commits to the key in the statement.")
    if not statement.generations:
        said.say("No enrolment: the statement says that nothing was ever recorded for this account.")


def _erased(one: ErasedGeneration, head: Head, index: IndexRoot, where: str, said: Said) -> None:
    """Its first leaf stands there under this account's label. Nobody can open it any more, so that is all there is."""
    label = vrf.beta_of(one.pi)
    _leaf_under(leaf.entry(label, one.commitment), one.index, one.path, head, where)
    if index.place(one.trie, label, where) != one.index:
        raise ProofFailed(f"{where}: the index does not have it at leaf {one.index}", step="index")
    said.say(
        f"Generation {one.generation} was erased: of it leaf {one.index} is left, with this first label, and nothing that "
        "opens it or finds its records. If nobody asked for that in your name, ask why."
    )


def _records(statement: Statement, head: Head, index: IndexRoot, looks: Looks, said: Said) -> None:
    last = -1
    about: set[str] = set()
    for one in statement.generations:
        if isinstance(one, ErasedGeneration):
            if one.index <= last:
                raise ProofFailed(
                    f"leaf {one.index} begins a later generation before the end of another", step="records"
                )
            last = one.index
            continue
        of = f" of generation {one.generation}" if len(statement.generations) > 1 else ""
        if one.enrolment.index <= last:
            raise ProofFailed(f"record 0{of}: it comes before the record before it", step="records")
        last = one.enrolment.index
        for record, label, where in walk(one, of):
            if record.index <= last:
                raise ProofFailed(f"{where}: leaf {record.index} comes before the record before it", step="records")
            last = record.index
            if isinstance(record, Withheld):
                _check_withheld(record, label, head, index, where)
                continue
            check_opened(record, label, head, index, where)
            if (look := _look(record, where)) is not None:
                looks[record.index] = look
                about |= {look.person} if look.person is not None else set()
    if len(about) > 1:
        raise ProofFailed("the records speak of more than one person", step="records")
    said.count("records", len(statement.records))
    said.say(
        f"{counted(len(statement.records), 'record')}: each is a leaf under the signed root, in order, without a gap,"
    )
    said.say("and each is what was committed to, byte for byte.")
    if statement.withheld:
        said.count("withheld", len(statement.withheld))
        said.say(f"Of {len(statement.withheld)} of them only the place is shown: what they say is withheld for a time.")


def check_opened(opened: Opened, label: bytes, head: Head, index: IndexRoot, where: str) -> None:
    """`opened` is the leaf with this label at its index under `head`, and the index says so, too."""
    _leaf_under(leaf.entry(label, leaf.commitment(opened.nonce, opened.body)), opened.index, opened.path, head, where)
    if index.place(opened.trie, label, where) != opened.index:
        raise ProofFailed(f"{where}: the index does not have it at leaf {opened.index}", step="index")


def _check_withheld(record: Withheld, label: bytes, head: Head, index: IndexRoot, where: str) -> None:
    """It is there, under the label that follows, and commits to something that is to be shown later."""
    _leaf_under(leaf.entry(label, record.commitment), record.index, record.path, head, where)
    if index.place(record.trie, label, where) != record.index:
        raise ProofFailed(f"{where}: the index does not have it at leaf {record.index}", step="index")


def _leaf_under(entry: bytes, at: int, path: tuple[bytes, ...], head: Head, where: str) -> None:
    try:
        check_inclusion(leaf_hash(entry), at, head.size, path, head.root)
    except ProofFailed as error:
        raise ProofFailed(f"{where}: leaf {at} is not what the statement says: {error}", step="records") from None


def _look(opened: Opened, where: str) -> LookBody | None:
    return LookBody.decode(opened.body, where) if opened.said["kind"] in LOOKS else None


# Step 8: the labels that must not be there, and are nowhere.


def _none_missing(statement: Statement, head: Head, index: IndexRoot, said: Said) -> None:
    for one in statement.open:
        absent = [*(each.absent for each in one.earlier), one.absent]
        for key, proof, count in zip(one.keys, absent, ends(one), strict=True):
            at = index.place(proof, leaf.label(key, count + 1), "the record after the last one")
            if at is not None:
                raise ProofFailed(
                    f"leaf {at} is one more record of this account, which the statement leaves out", step="missing"
                )
    g = statement.next_generation
    at = index.place(statement.next_absent, vrf.beta_of(statement.next_pi), f"generation {g}")
    if at is not None:
        raise ProofFailed(
            f"leaf {at} begins generation {g} of this account, which the statement leaves out", step="missing"
        )
    said.say(f"The labels that would follow stand on none of the {head.size:,} leaves.")


# Step 9: the log that everybody is shown.


def _published(index: IndexRoot, audit: Audit, source: Source, said: Said) -> None:
    head = index.of
    steps, audited = verify_folder(source, dataclasses.replace(audit, saved=None, quick=False))
    report = steps.report("The published log was verified whole, as `whosaw verify` does it, and its index with it.")
    if report.exit == FALSE:
        said.fail(f"the published log does not hold: {report.sentence}")
        return
    found, read = audited.head, audited.map
    if report.exit or found is None or read is None:
        said.unclear(f"the published log could not be read whole: {report.sentence}")
        return
    if found.origin != head.origin:
        raise ProofFailed("the folder is of another log than the statement", step="folder")
    if found.size < head.size or read.head.size < index.head.size:
        said.unclear(
            f"the folder has size {found.size:,} and is older than the statement, of size {head.size:,}",
            hint="fetch the newest published folder",
        )
        return
    said.say(report.sentence)
    check_same_log(source, head, found, "in the statement", said)
    check_same_log(MapSource(source), index.head, read.head, "of the map log in the statement", said)


# Words


def _words(opened: Opened | Withheld, look: LookBody | None, approved: tuple[Checked, ...] = ()) -> str:
    if isinstance(opened, Withheld):
        return f"withheld until {moment(opened.until)}: {opened.code}"
    try:
        look = look or _look(opened, "record")
    except WhosawError:
        look = None
    if look is None:
        return record_sentence(opened.body)
    said = approvals_sentence(approved)
    return look_sentence(look).removesuffix(".") + (f"; {said}." if said else ".")


def _sentence(statement: Statement, head: Head, person: str | None) -> str:
    whose = "this account" if person is not None else "the account that the statement names"
    gone = len(statement.erased)
    before = f"; what {counted(gone, 'generation')} of it held was erased" if gone else ""
    waits = f", {len(statement.withheld)} withheld" if statement.withheld else ""
    older = f", older by rule, {counted(statement.older, 'hour')} or more" if statement.older else ""
    return f"{head.as_of}{older}: {counted(len(statement.records), 'record')}{waits}, complete for {whose}{before}"


def _limits(steps: Steps, audit: Audit, source: Source | None) -> None:
    add = steps.cannot_know.append
    if source is None:
        add(
            "whether the index was made of every leaf: whoever verifies the published log finds out, for this statement "
            "too. Give --folder to do it yourself"
        )
    add("whether every look was handed to the log, or a screen was photographed")
    add("whether a record tells the truth: only that it was written then and not changed since")
    add("looks under another account that you have, or under no account at all")
    if not audit.trust.witnesses:
        add("whether others are shown another log: the trust file names no witness")

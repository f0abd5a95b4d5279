# SPDX-License-Identifier: Apache-2.0
"""`whosaw verify`: what an outsider runs. No account, no key, no other package than cryptography.

    whosaw verify --trust FILE FOLDER|URL            a published log, whole
    whosaw verify statement FILE --trust FILE        all looks at one account, and that none is missing
    whosaw verify receipt FILE --trust FILE          the journal's word about some leaves
    whosaw verify proof FILE --trust FILE            one leaf
    whosaw verify records FILE --trust FILE          records taken out of the log, each with its proof

    0 every check asked for holds    2 usage, or the trust file is malformed
    3 something is false             7 unreachable: neither true nor false can be told        3 wins over 7

Nothing is written but what was asked for: the state file of ``--state``, and where something is false an evidence file.
There is no state by default: a file that appears by itself in somebody's home folder remembers what they looked at, and
a verifier that forgets must say so in every report, which it does.       Specification: docs/spec/checkpoint.md §4
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn, TextIO

from whosaw.errors import EXIT, BadInput, NotCanonical, WhosawError
from whosaw.tlog import trust
from whosaw.tlog.note import VerifierKey
from whosaw.verify import found, proof, statement_file
from whosaw.verify.evidence import write_evidence
from whosaw.verify.folder import Audit, close, verify_folder
from whosaw.verify.head import Head
from whosaw.verify.progress import Progress
from whosaw.verify.receipt import verify_receipt
from whosaw.verify.records import LINE_LIMIT, verify_records
from whosaw.verify.source import BUDGET, Source, open_source
from whosaw.verify.state import SavedHead, State, read_state, save_head
from whosaw.verify.statement import verify_statement
from whosaw.verify.steps import FALSE, Report
from whosaw.verify.words import printable
from whosaw.verify.workers import cores

KINDS = ("statement", "receipt", "proof", "records")
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
Clock = Callable[[], datetime]


def main(argv: Sequence[str] | None = None, clock: Clock = lambda: datetime.now(UTC)) -> int:
    """Run `whosaw verify` with these arguments (without `verify` itself); returns the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    kind = given.pop(0) if given[:1] and given[0] in KINDS else "log"
    try:
        return _run(kind, _parser(kind).parse_args(given), clock())
    except WhosawError as error:
        _complain(str(error), error.hint)
        return EXIT[type(error)]
    except KeyboardInterrupt:
        _complain("stopped; nothing was decided, and nothing was saved", "")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left; nobody is there to be told
        return EXIT[BadInput]


class _Parser(argparse.ArgumentParser):
    """argparse, with errors as everywhere else in whosaw."""

    def error(self, message: str) -> NoReturn:
        _complain(_without_words(message), f"{self.prog} --help")
        self.exit(EXIT[BadInput])


_OURS = re.compile(
    r"the following arguments are required: .*"
    r"|argument [^:]+: (expected .*|not allowed with argument .*)"
)
_ABOUT = re.compile(r"(argument (?:--[a-z-]+|FILE|FOLDER\|URL)): ")


def _without_words(message: str) -> str:
    """What argparse has to say, without what was typed: an error line is kept in logs, and a word can be a name."""
    if _OURS.fullmatch(message):
        return message
    about = _ABOUT.match(message)
    return (
        f"{about[1]}: no value that it takes" if about else "there is no such option, or more was given than it takes"
    )


def _parser(kind: str) -> argparse.ArgumentParser:
    prog = "whosaw verify" if kind == "log" else f"whosaw verify {kind}"
    about = {
        "log": "Verify a published log whole. Also: whosaw verify statement | receipt | proof | records FILE.",
        "statement": "Verify all looks at one account, and that none is missing.",
        "receipt": "Verify the journal's word that leaves are recorded, and that it was kept.",
        "proof": "Verify that one leaf is in a log.",
        "records": "Verify records taken out of a log: that each is a leaf of it.",
    }
    parser = _Parser(prog=prog, description=about[kind], allow_abbrev=False)
    parser.add_argument("place" if kind == "log" else "file", metavar="FOLDER|URL" if kind == "log" else "FILE")
    parser.add_argument(
        "--trust", metavar="FILE", required=True, help="whose signatures count (see docs/spec/trust.md)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="for people, or for machines")
    if kind in ("log", "statement"):
        parser.add_argument("--state", metavar="FILE", help="remember the checkpoint, and compare with it next time")
    if kind == "log":
        parser.add_argument("--quick", action="store_true", help="signatures and proofs only; do not read all leaves")
    if kind in ("log", "statement"):
        parser.add_argument(
            "--jobs",
            metavar="N",
            type=_number,
            default=cores(),
            help="processes that read a folder (default: all cores)",
        )
    if kind in ("log", "statement", "receipt"):
        parser.add_argument(
            "--deadline", metavar="SECONDS", type=_number, default=int(BUDGET), help="how long a URL may take in all"
        )
    if kind in ("log", "receipt"):
        parser.add_argument("--evidence", metavar="FILE", help="where to write what is false, for others to check")
    if kind in ("statement", "receipt"):
        parser.add_argument("--folder", metavar="PUBLIC", help="the published log: a folder or a URL")
    if kind == "statement":
        parser.add_argument(
            "--max-age", metavar="HOURS", type=_number, default=24, help="how old its newest cosignature may be"
        )
        parser.add_argument("--person", metavar="ID", help="the account that it must be about, as the person knows it")
    if kind in ("statement", "records"):
        parser.add_argument(
            "--overseer", metavar="VKEY", nargs="+", help="keys of overseers, from themselves; no other counts as one's"
        )
    if kind == "records":
        parser.add_argument("--findings", metavar="FILE", help="findings that you were shown: are they on record?")
    if kind == "proof":
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--leaf", metavar="HASH", help="the leaf's hash: base64, or 64 hexadecimal digits")
        which.add_argument("--record", metavar="FILE", nargs="+", help="the opened record, or all of one submission")
    return parser


def _overseers(given: list[str] | None) -> frozenset[VerifierKey] | None:
    try:
        return None if given is None else frozenset(VerifierKey.parse(text, "--overseer") for text in given)
    except NotCanonical as error:
        raise BadInput(str(error), hint="the line that `whosaw overseer key` printed") from None


def _number(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise ValueError
    return int(text)


def _run(kind: str, args: argparse.Namespace, now: datetime) -> int:
    policy = _trust(args.trust)
    progress = Progress(sys.stderr, "leaves")
    overseers = _overseers(getattr(args, "overseer", None))
    audit = Audit(policy, now, progress=progress.at, jobs=getattr(args, "jobs", 1), overseers=overseers)
    try:
        with _heard():
            if kind == "log":
                return _log(args, audit)
            report = _file(kind, args, audit)
    finally:
        progress.close()
    return _answer(report, args)


@contextmanager
def _heard() -> Iterator[None]:
    """SIGTERM ends a check as Ctrl-C does, and not in the middle: temporary files are removed, processes waited for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) or signal.SIG_DFL
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _log(args: argparse.Namespace, audit: Audit) -> int:
    source = open_source(args.place, args.deadline)
    state, remembered = _state(args)
    audit = replace(audit, saved=None if remembered is None else remembered.of, quick=args.quick)
    steps, found = verify_folder(source, audit)
    if state is not None and found.head is not None and steps.sound:
        # The log last: where only one of the two is saved, the next run compares the other with something older.
        heads = (found.map.head, found.head) if found.map is not None else (found.head,)
        before = State() if remembered is None else remembered
        steps.remarks += [_remember(state, head, before.of(head.origin), audit.now) for head in heads]
    return _answer(close(steps, audit, source, found.head), args)


def _state(args: argparse.Namespace) -> tuple[Path | None, State | None]:
    """The state file that was asked for, and what it remembers."""
    if not args.state:
        return None, None
    state = Path(args.state)
    if not state.parent.is_dir():
        raise BadInput("there is no such folder to keep it in", where="--state")
    return state, read_state(state)


def _remember(state: Path, head: Head, compared: SavedHead | None, now: datetime) -> str:
    # Only after everything held. A head saved too early would make the next run compare with something false.
    return save_head(state, SavedHead(head.origin, head.size, head.note, now), compared)


def _file(kind: str, args: argparse.Namespace, audit: Audit) -> Report:
    if kind == "proof":
        raw = _read(args.file, "FILE", 2 * proof.RECORD_LIMIT + trust.LIMIT)
        leaf = None if args.leaf is None else proof.leaf_of_text(args.leaf)
        records = [_read(name, "--record", proof.RECORD_LIMIT) for name in args.record or ()]
        return proof.verify_proof(raw, audit, leaf, records)
    if kind == "records":
        return _records(args.file, audit, args.findings)
    source: Source | None = open_source(args.folder, args.deadline) if args.folder else None
    if kind == "receipt":
        return verify_receipt(_read(args.file, "FILE", trust.LIMIT), audit, source)
    audit = replace(audit, max_age=timedelta(hours=args.max_age))
    state, remembered = _state(args)
    if state is not None and remembered is not None:
        before, kept = remembered.of, state

        def keep(head: Head) -> str:
            return _remember(kept, head, before(head.origin), audit.now)

        audit = replace(audit, saved=before, keep=keep)
    return verify_statement(_read(args.file, "FILE", statement_file.LIMIT), audit, args.person, source)


def _records(name: str, audit: Audit, findings: str | None) -> Report:
    """Line by line: such a file can be larger than memory."""
    shown = None if findings is None else _read(findings, "--findings", found.LIMIT)
    try:
        with Path(name).open("rb") as file:
            return verify_records(iter(lambda: file.readline(LINE_LIMIT), b""), audit, shown)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a file name"
        raise BadInput(f"{printable(name)}: {why}", where="FILE") from None


def _answer(report: Report, args: argparse.Namespace) -> int:
    """Print the report; where something is false, keep the evidence and say where it lies."""
    kept = ""
    # A statement's report names leaves of one person, so nothing of it is written to a file by itself.
    if report.exit == FALSE and report.evidence and "person" not in args:
        asked = getattr(args, "evidence", None)
        try:
            kept = str(write_evidence(report, Path(asked) if asked else None))
        except OSError as error:
            _complain(f"the evidence could not be written: {error.strerror}", "give --evidence FILE")
    if args.format == "json":
        facts = report.machine() | {"evidence": kept or None}
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
    else:
        sys.stdout.write(report.text())
    sys.stdout.flush()
    if report.exit:
        _complain(report.sentence, _hint(report, kept))
    return report.exit


def _hint(report: Report, kept: str) -> str:
    if kept:
        return f"the evidence is in {printable(kept)}: keep it, and the folder as it is"
    failures = [f for step in report.steps for f in (*step.said.failures, *step.said.unclear_about)]
    return next((f.hint for f in failures if f.hint), "")


def _trust(name: str) -> trust.TrustPolicy:
    raw = _read(name, "--trust", trust.LIMIT)
    try:
        policy = trust.TrustPolicy.parse(raw)
    except NotCanonical as error:
        hint = error.hint or "get the trust file again, over a channel that you trust"
        raise BadInput(str(error), hint=hint) from None
    if not policy.logs:
        raise BadInput("it names no log", where="--trust", hint="a line `log <key>` says whose log is verified")
    return policy


def _read(name: str, where: str, limit: int) -> bytes:
    try:
        with Path(name).open("rb") as file:
            raw = file.read(limit + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a file name"
        raise BadInput(f"{printable(name)}: {why}", where=where) from None
    if len(raw) > limit:
        raise BadInput(f"{printable(name)}: longer than {limit:,} bytes", where=where)
    return raw


def _complain(message: str, hint: str, stream: TextIO | None = None) -> None:
    stream = stream or sys.stderr
    stream.write(f"error: {message}\n")
    if hint:
        stream.write(f"hint: {hint}\n")

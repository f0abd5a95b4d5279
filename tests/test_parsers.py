# SPDX-License-Identifier: Apache-2.0
"""Every parser of bytes from outside, in one table: what it accepts renders to the same bytes, and no bytes crash it.

    valid bytes ──a slice cut out, doubled, replaced, a bit turned──▶ parse ──▶ a value: encode gives the same bytes back
                                                                          └───▶ one of our errors, and nothing else

A parser that is added to one of the packages below and not to the table fails the last test.
"""

import ast
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.test_witnessed import WITNESS, cosigned
from tests.journal.world import World, genesis_of, signers
from tests.tlog.given import damaged
from tests.tlog.worked import LABELS, NOTE_4
from tests.verify.log_maker import BEGAN, look_body
from tests.verify.test_approval import COUNCIL, MONITOR, approved
from tests.verify.test_approval import request as approval_request

from whosaw.errors import WhosawError
from whosaw.facts.dataset.about import parse_about
from whosaw.journal.older import Pair
from whosaw.journal.scrub.scrub import Round, Rounds
from whosaw.journal.segment import (
    Erased,
    Mark,
    Order,
    encode_all,
    parse_all,
    parse_entries,
    parse_frame,
    segment_name,
    segment_place,
)
from whosaw.journal.staging import Staged
from whosaw.journal.tail import parse_kept
from whosaw.model import record
from whosaw.model.access import Asked, Field
from whosaw.model.caller import Caller, Proof
from whosaw.model.count_body import CountBody
from whosaw.model.gate import GateSaw
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.model.look_body import LookBody
from whosaw.model.pseudonym_body import PseudonymBody, Variant
from whosaw.nudge import record as nudged
from whosaw.privacy.root import Root, encode_seed, parse_seed
from whosaw.review import notes
from whosaw.review.record import Seen, Step
from whosaw.review.rule import Did, RuleStep, Scope
from whosaw.review.words import Resolution, What
from whosaw.tickets import webhook
from whosaw.tickets.story import Words
from whosaw.tlog import checkpoint, leaf, note, prefix, proof, receipt, spelling, tile, trust, vrf, witness
from whosaw.tlog.crown import Crown
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.verify.overseer import OverseerKey, RequestFile, SignedFile
from whosaw.verify.proof import OpenedRecord
from whosaw.verify.receipt import ReceiptFile
from whosaw.verify.records import Blank, End, Header, Line, parse_line
from whosaw.verify.ruling import Brief, Ruling
from whosaw.verify.state import SavedHead, State
from whosaw.verify.statement_file import Statement
from whosaw.witness.state import Says, Standing, WitnessState

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "spec" / "example"
PACKAGES = ("tlog", "model", "journal", "verify", "privacy", "witness", "tickets", "facts/dataset", "review", "nudge")


@dataclass(frozen=True)
class Parser:
    """`encode` gives the bytes of what `parse` made of `raw`; None where the value has not kept all of them."""

    parse: Callable
    encode: Callable | None
    valid: tuple[bytes, ...]
    text: bool = False

    def read(self, raw: bytes):
        return self.parse(raw.decode(errors="replace") if self.text else raw)


def bare(parse, *more):
    """A parser that is given more than the bytes."""
    return lambda raw: parse(raw, *more)


def bare_crown(raw: bytes) -> Crown:
    return Crown.parse(3, raw)


PUSHED = json.dumps(
    {
        "format": "whosaw-case/1", "id": "T-1", "version": 1, "type": "fraud_report", "opened": "2026-03-01T09:30:00Z",
        "opened_by": ["a", None], "closed": None, "requesters": ["b"], "assigned": [{"to": "a", "by": None}], "queued": [],
        "persons": [{"person": "p", "since": None, "by": [], "fields": ["ip:network"]}],
    }
).encode()  # fmt: skip
DATASET = b'{"format":"whosaw-dataset/1","name":"x","from":"2022-01-01T00:00:00Z","to":"2022-06-30T23:59:60.5+02:00","regions":{"EU":["DE"]}}'
GONE = b'{"format":"whosaw-case/1","id":"T-1","version":2,"gone":true}'


def signed_push(raw: bytes):
    """Whatever it is, it was signed by the right one at the right time."""
    secret, stamp = "whsec_" + "c2VjcmV0" * 4, str(int(BEGAN.timestamp()))
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": stamp,
        "webhook-signature": webhook.sign("1", stamp, raw, secret),
    }
    return webhook.open_push(headers, raw, secret, BEGAN)


def grown() -> World:
    """A little log with everything in it."""
    world = World()
    core = world.open()
    world.record(core, "one", "anna", "ben")
    core.integrator.step()
    core.map.answer()
    world.record(core, "two", "anna")
    core.witnessed.keep(cosigned(core.state.published.note))
    core.integrator._commits.head.swap = lambda *_: 1 / 0  # what is staged stays staged
    with pytest.raises(ZeroDivisionError):
        core.integrator.step()
    return world


WORLD = grown()
KEYS = signers().keys()
PUBLIC = {name: file.data for name, file in WORLD.public.files.items()}
PRIVATE = {name: file.data for name, file in WORLD.private.files.items()}
SEGMENT = next(data for name, data in PRIVATE.items() if name.startswith("segments/") and "0001" in name)
FRAME = SEGMENT[: parse_frame(SEGMENT, 0, Mark(1))[1]]
SCRUBBED = Rounds(Round(BEGAN, 3, 700, 9, 99_000, 1, (("tile/0/000", "1 byte"),)), Round(BEGAN, ended=BEGAN)).encode()
CROWN = Crown(3)
CROWN.put(
    {
        5: prefix.branch([prefix.row(b"\xa0" * 32, 0)]),
        2: prefix.branch(prefix.rows_of([(bytes(32), 1), (bytes(31) + b"x", 2)])),
    }
)
STAGED = next(data for name, data in PRIVATE.items() if name.startswith("staging/"))
MAP_ENTRY = tile.parse_bundle(PUBLIC["map/tile/entries/000.p/1"], 1, "")[0]
RECEIPT = (EXAMPLE / "receipt").read_bytes()
PROOF = (EXAMPLE / "leaf-2.tlog-proof").read_bytes()
TRUST = (EXAMPLE / "trust").read_bytes()
STATEMENT = (EXAMPLE / "statement.json").read_bytes()
TRIES = [json.loads(STATEMENT)["next"]["absent"].encode()]
GATE = GateSaw(
    case_given=True, last_look=BEGAN, limit_ms=1, quota=(1, 2, 3, 4), approvals=(1, 0, 0, 0), offered=(), silent=True, unread=True
)  # fmt: skip
ASKED = replace(
    LookBody.decode(look_body("anna", 1)), break_glass=True, caller=Caller("desk", Proof.JWT, True), gate=GATE
).encode()
REQUEST = witness.AddCheckpoint(3, (bytes(32), b"\1" * 32), PUBLIC["checkpoint"]).encode()
LINE = PUBLIC["checkpoint.witnessed"][len(PUBLIC["checkpoint"]) :]
STANDING = Standing(
    BEGAN, 3, 2, (WitnessState("w1", "https://w1.example.net", next(iter(Says)), "fine", 2, BEGAN, None),)
).encode()  # fmt: skip

NUDGED = (
    nudged.Round(number=1, at=BEGAN, first=0, end=9, root=bytes(32), looks=3, stale=1, nobody=1).encode(),
    nudged.Question(id="n-000001", at=BEGAN, who="e-a", leaf=4, day=9, due=BEGAN, fate=nudged.Fate.ASKED,
                    chosen=nudged.Chosen.LOT, explained=True, repeat=False).encode(),
    nudged.Answer(id="n-000001", at=BEGAN, by="e-a", said=nudged.Said.PURPOSE, purpose="fraud_review", case_given=True,
                  case="T-1", against=("case-not-theirs",), late=True).encode(),
    nudged.Silence(id="n-000001", at=BEGAN).encode(),
    nudged.Refusal(at=BEGAN, by="e-b", reasons=("answered",)).encode(),
)  # fmt: skip
BRIEF = Brief(
    seen=b"s" * 32,
    origin="log.example.org",
    finding="f-000001",
    number=3,
    sentence="Looked.",
    against=("No.",),
    proposed=None,
    seal=b"k" * 32,
)
RULED = (
    RuleStep(at=BEGAN, rule="s-000001", number=1, did=Did.ADD, by="e-a", scope=Scope(signal="volume", unit="help", app="desk"),
             why="migration", until=BEGAN).encode(),
    RuleStep(at=BEGAN, rule="s-000001", number=3, did=Did.HID, by="detectors", findings=("f-000001",)).encode(),
    RuleStep(at=BEGAN, rule="s-000002", number=0, did=Did.ADD, by="e-a", outcome="refused", reasons=("own-unit",)).encode(),
)  # fmt: skip
REVIEWED = (
    Step(at=BEGAN, finding="f-000001", number=1, what=What.ASSIGN, by="e-a", to="e-b").encode(),
    Step(at=BEGAN, finding="f-000001", number=3, what=What.RESOLVE, by="e-b", resolution=Resolution.MISUSE, why=("passed-on",),
         note=bytes(32), seen=Seen(2, 9, bytes(32)), signals=("volume",), two=True).encode(),
    Step(at=BEGAN, finding="f-000001", number=4, what=What.RULE, by="council", resolution=Resolution.MISUSE, brief=b"b" * 32).encode(),
    Step(at=BEGAN, finding="", number=0, what=What.OPENED, by="e-c", outcome="refused", reasons=("no-finding",)).encode(),
)  # fmt: skip
PARSERS = {
    "facts/dataset/about.py parse_about": Parser(parse_about, None, (DATASET,)),
    "tlog/proof.py TlogProof.parse": Parser(proof.TlogProof.parse, lambda made, _: made.encode(), (PROOF,)),
    "tlog/map_leaf.py MapLeaf.parse": Parser(MapLeaf.parse, lambda made, _: made.encode(), (MAP_ENTRY,)),
    "tlog/tile.py parse_path": Parser(
        tile.parse_path,
        lambda made, _: made.path.encode(),
        (b"tile/0/x001/x234/067.p/12", b"tile/entries/007"),
        text=True,
    ),
    "tlog/tile.py parse_bundle": Parser(
        bare(tile.parse_bundle, 3, ""),
        lambda made, _: tile.encode_bundle(made),
        (PUBLIC["tile/entries/000.p/5"][: 3 * 67],),
    ),
    "tlog/tile.py parse_tile": Parser(
        bare(tile.parse_tile, 5, ""), lambda made, _: tile.encode_tile(made), (PUBLIC["tile/0/000.p/5"],)
    ),
    "tlog/receipt.py Receipt.parse": Parser(
        receipt.Receipt.parse, lambda made, _: made.encode(), (note.parse_note(RECEIPT).text,)
    ),
    "tlog/receipt.py open_receipt": Parser(
        bare(receipt.open_receipt, note.VerifierKey.parse(signers().receipts.vkey())),
        None,
        (RECEIPT,),
    ),
    "tlog/spelling.py parse_decimal": Parser(
        bare(spelling.parse_decimal, ""), lambda made, _: b"%d" % made, (b"0", b"9223372036854775807")
    ),
    "tlog/spelling.py parse_base64": Parser(
        bare(spelling.parse_base64, ""), lambda made, _: spelling.render_base64(made), (b"", b"AA==", b"AAA=", b"+/+/")
    ),
    "tlog/spelling.py parse_hash": Parser(
        bare(spelling.parse_hash, ""),
        lambda made, _: spelling.render_base64(made),
        (b64encode(bytes(32)),),
    ),
    "tlog/spelling.py parse_text": Parser(
        bare(spelling.parse_text, "", 200), lambda made, _: made.encode(), ("zwei\u2028Zeilen\n\n".encode(), b"\n")
    ),
    "tlog/spelling.py parse_lines": Parser(
        bare(spelling.parse_lines, "", 200), lambda made, _: b"".join(x + b"\n" for x in made), (b"a\nb\n\nc\n",)
    ),
    "tlog/spelling.py parse_name": Parser(
        bare(spelling.parse_name, ""), lambda made, _: made.encode(), (b"log.example.org/whosaw", "größer".encode())
    ),
    "tlog/spelling.py parse_instant": Parser(
        bare(spelling.parse_instant, ""),
        lambda made, _: record.time_text(made).encode(),
        (b"2026-11-22T10:15:30.123Z",),
    ),
    "tlog/leaf.py parse_entry": Parser(
        leaf.parse_entry, lambda made, _: leaf.entry(*made), (b"\1" + bytes.fromhex(LABELS[1]) + bytes(32),)
    ),
    "tlog/checkpoint.py Checkpoint.parse": Parser(
        checkpoint.Checkpoint.parse, lambda made, _: made.encode(), (note.parse_note(NOTE_4).text,)
    ),
    "tlog/trust.py TrustPolicy.parse": Parser(trust.TrustPolicy.parse, None, (TRUST,)),
    "tlog/witness.py AddCheckpoint.parse": Parser(
        witness.AddCheckpoint.parse, lambda made, _: made.encode(), (REQUEST,)
    ),
    "tlog/witness.py parse_cosignatures": Parser(
        witness.parse_cosignatures, lambda made, _: b"".join(line.encode() for line in made), (LINE, LINE * 2)
    ),
    "tlog/witness.py parse_size": Parser(witness.parse_size, lambda made, _: b"%d\n" % made, (b"0\n", b"256\n")),
    "tlog/note.py parse_note": Parser(
        note.parse_note, lambda made, _: made.encode(), (NOTE_4, PUBLIC["checkpoint.witnessed"])
    ),
    "tlog/note.py parse_signatures": Parser(
        bare(note.parse_signatures, ""), lambda made, _: b"".join(line.encode() for line in made), (LINE,)
    ),
    "tlog/note.py VerifierKey.parse": Parser(
        note.VerifierKey.parse,
        lambda made, _: made.encode().encode(),
        tuple(s.vkey().encode() for s in (*signers().logs, WITNESS)),
    ),
    "tlog/note.py open_note": Parser(bare(note.open_note, KEYS), None, (PUBLIC["checkpoint"],)),
    "tlog/note.py open_parsed": Parser(
        lambda raw: note.open_parsed(note.parse_note(raw), KEYS), None, (PUBLIC["checkpoint"],)
    ),
    "tlog/prefix.py TrieProof.parse": Parser(prefix.TrieProof.parse, lambda made, _: made.encode(), tuple(TRIES)),
    "tlog/vrf.py VrfPublic.parse": Parser(
        lambda raw: vrf.VrfPublic.parse(raw, genesis_of(signers()).vrf_certificate),
        None,
        (genesis_of(signers()).vrf_n,),
    ),
    "model/access.py Asked.parse": Parser(Asked.parse, None, (b"ip:network", b"profile"), text=True),
    "model/record.py parse": Parser(
        record.parse, lambda made, _: record.canonical(made), (look_body("anna", 1), b'{"kind":"x","v":1}')
    ),
    "model/record.py parse_json": Parser(
        bare(record.parse_json, "", 5_000),
        lambda made, _: record.canonical(made),
        (b'[{"a":[1,null,true]},"\\u0007"]',),
    ),
    "model/record.py parse_time": Parser(
        record.parse_time, lambda made, _: record.time_text(made).encode(), (b"2026-11-22T10:15:30.123Z",), text=True
    ),
    "verify/overseer.py OverseerKey.parse": Parser(
        OverseerKey.parse, lambda made, _: made.encode(), (COUNCIL.encode(), MONITOR.encode())
    ),
    "verify/overseer.py RequestFile.parse": Parser(
        RequestFile.parse, lambda made, _: made.encode(), (approval_request().encode(),)
    ),
    "verify/overseer.py SignedFile.parse": Parser(
        SignedFile.parse, lambda made, _: made.encode(), (COUNCIL.sign(approval_request()).encode(),)
    ),
    "model/pseudonym_body.py PseudonymBody.decode": Parser(
        PseudonymBody.decode,
        lambda made, _: made.encode(),
        (
            PseudonymBody(
                what="call",
                call="c0ffee",
                at=BEGAN,
                principal="e-abcdefghijklmnop",
                purpose=None,
                case=None,
                variant=Variant.PFX,
                epoch="2026-06",
                source="given",
                addresses=7,
                permitted=False,
                reasons=("purpose-unknown", "case-unknown"),
                caller=Caller("tool", Proof.JWT, speaks=True),
            ).encode(),
        ),
    ),
    "model/count_body.py CountBody.decode": Parser(
        CountBody.decode,
        lambda made, _: made.encode(),
        (
            CountBody(
                count="c0ffee",
                at=BEGAN,
                principal="e-abcdefghijklmnop",
                purpose=None,
                case=None,
                asked=Asked(Field.IP, "country"),
                period="2026-W24",
                headings=7,
                question="c0" * 32,
                epsilon=0,
                charged=0,
                again=False,
                permitted=False,
                reasons=("purpose-unknown", "case-unknown"),
                caller=Caller("tool", Proof.JWT, speaks=True),
            ).encode(),
        ),
    ),
    "model/look_body.py LookBody.decode": Parser(
        LookBody.decode, lambda made, _: made.encode(), (look_body("anna", 1), ASKED, approved().encode())
    ),
    "model/genesis.py Genesis.parse": Parser(
        Genesis.parse, lambda made, _: made.encode(), (genesis_of(signers()).encode(),)
    ),
    "model/genesis.py GenesisFile.parse": Parser(
        GenesisFile.parse, lambda made, _: made.encode(), (PUBLIC["genesis"],)
    ),
    "journal/tail.py parse_kept": Parser(
        parse_kept, None, (b"kept/%020d-%020d-0123456789abcdef.torn" % (3, 7),), text=True
    ),
    "journal/staging.py Staged.parse": Parser(bare(Staged.parse, ""), lambda made, _: made.encode(), (STAGED,)),
    "journal/segment.py segment_place": Parser(
        segment_place,
        lambda made, raw: raw if made is None else segment_name(*made).encode(),
        (segment_name(43).encode(), segment_name(43, 7).encode()),
        text=True,
    ),
    "journal/segment.py parse_frame": Parser(
        bare(parse_frame, 0, Mark(1)),
        lambda made, raw: made[0].encode(Mark(1)) + raw[made[1] :],
        (FRAME, Erased(7, 0, 9).encode(Mark(1))),
    ),
    "journal/segment.py parse_all": Parser(
        lambda raw: list(parse_all(raw, Mark(1), Order(1))), lambda made, _: encode_all(made, Mark(1)), (SEGMENT,)
    ),
    "journal/segment.py parse_entries": Parser(
        lambda raw: list(parse_entries(raw, Mark(1), Order(1))), None, (SEGMENT,)
    ),
    "journal/scrub/scrub.py Rounds.parse": Parser(Rounds.parse, lambda made, _: made.encode(), (SCRUBBED,)),
    "journal/older.py Pair.parse": Parser(
        bare(Pair.parse, ""), lambda made, _: made.encode(), (Pair(NOTE_4, b"a note").encode(),)
    ),
    "tlog/crown.py Crown.parse": Parser(bare_crown, lambda made, _: made.encode(), (CROWN.encode(),)),
    "verify/proof.py OpenedRecord.parse": Parser(
        OpenedRecord.parse, lambda made, _: made.encode(), ((EXAMPLE / "record-2.json").read_bytes(),)
    ),
    "verify/records.py Header.parse": Parser(
        Header.parse,
        lambda made, _: made.encode(),
        (Header("2026-11-22T10:15:30.123Z", NOTE_4, ("bulk",), 1).encode(),),
    ),
    "verify/records.py parse_line": Parser(
        bare(parse_line, ""),
        lambda made, _: made.encode(),
        (
            Line(1, "person", 1, bytes(32), bytes(32), look_body("anna", 1), (bytes(32),)).encode(),
            Blank(1, 11).encode(),
            End(1, bytes(32)).encode(),
        ),
    ),
    "verify/statement_file.py Statement.parse": Parser(Statement.parse, lambda made, _: made.encode(), (STATEMENT,)),
    "verify/receipt.py ReceiptFile.parse": Parser(ReceiptFile.parse, None, (RECEIPT, PROOF)),
    "verify/state.py State.parse": Parser(
        State.parse, lambda made, _: made.encode(), (State((SavedHead("log.example.org", 3, NOTE_4, BEGAN),)).encode(),)
    ),
    "privacy/root.py Root.parse": Parser(Root.parse, lambda made, _: made.encode(), (Root(b"r" * 32).encode(),)),
    "privacy/root.py parse_seed": Parser(
        bare(parse_seed, "keys/x"), lambda made, _: encode_seed(made), (encode_seed(b"s" * 32),)
    ),
    "verify/ruling.py Brief.parse": Parser(Brief.parse, lambda made, _: made.encode(), (BRIEF.encode(),)),
    "verify/ruling.py Ruling.parse": Parser(
        Ruling.parse, lambda made, _: made.encode(), (Ruling.sign(BRIEF, "misuse", ("passed-on",), COUNCIL).encode(),)
    ),
    "nudge/record.py decode": Parser(nudged.decode, lambda made, _: made.encode(), NUDGED),
    "review/rule.py RuleStep.decode": Parser(RuleStep.decode, lambda made, _: made.encode(), RULED),
    "review/record.py Step.decode": Parser(Step.decode, lambda made, _: made.encode(), REVIEWED),
    "review/notes.py parse": Parser(
        notes.parse, lambda made, _: notes.encode(made), (notes.encode((notes.Note("f-000001", bytes(32), "Seen."),)),)
    ),
    "tickets/webhook.py parse_case": Parser(bare(webhook.parse_case, Words({}, {})), None, (PUSHED, GONE)),
    "tickets/webhook.py open_push": Parser(
        signed_push, None, (PUSHED, GONE, b'{"format":"whosaw-case/1","alive":true}')
    ),
    "witness/state.py Standing.parse": Parser(bare(Standing.parse, ""), lambda made, _: made.encode(), (STANDING,)),
}
# They read what a parser above has read, or from a place and not from bytes.
NO_PARSERS = {
    "facts/dataset/opened.py open_dataset",  # a folder: tests/facts/dataset/test_damaged.py
    "verify/source.py open_source",
    "verify/map_log.py open_map_head",
    "verify/head.py open_head",
}


@pytest.mark.parametrize("name", PARSERS)
def test_what_is_valid_is_read(name):
    """The table begins with bytes that each parser takes, or the properties below would say nothing."""
    parser = PARSERS[name]
    for raw in parser.valid:
        if name == "tlog/receipt.py open_receipt":
            continue  # of another log; its text is read by Receipt.parse
        made = parser.read(raw)
        assert parser.encode is None or parser.encode(made, raw) == raw


def turned(raw: bytes):
    """One bit of it turned over."""
    return st.integers(0, max(0, len(raw) * 8 - 1)).map(
        lambda bit: (int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw)) if raw else raw
    )


# What careless readers take for the same: `true` is 1 in Python, and so is 1.0.
SPELLINGS = {
    b"1": (b"true", b"1.0", b"01", b"+1", b"1 "),
    b"null": (b"0", b"false"),
    b",": (b", ", b",,"),
    b"=": (b"", b"=="),
}
MOST = 600


def respelled(raw: bytes):
    """Each piece of it that could be written otherwise, written otherwise."""
    for piece, others in SPELLINGS.items():
        for at in range(len(raw)):
            if raw.startswith(piece, at):
                yield from (raw[:at] + other + raw[at + len(piece) :] for other in others)


@pytest.mark.parametrize("name", PARSERS)
def test_one_spelling_or_none(name):
    """Another way to write the same is refused wherever it stands, or is what it says and renders to itself."""
    parser = PARSERS[name]
    for raw in (other for valid in parser.valid for other in islice(respelled(valid), MOST)):
        try:
            made = parser.read(raw)
        except WhosawError:
            continue
        assert parser.encode is None or parser.encode(made, raw) == raw


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_accepted_bytes_render_to_the_same_bytes_and_none_crash(name, data):
    """Mutated and arbitrary bytes: the one spelling of something, or an error of ours."""
    parser = PARSERS[name]
    raw = data.draw(st.one_of(damaged(*parser.valid), *map(turned, parser.valid), st.binary(max_size=80)))
    try:
        made = parser.read(raw)
    except WhosawError:
        return
    if parser.encode is not None and not (parser.text and raw.decode(errors="replace").encode() != raw):
        assert parser.encode(made, raw) == raw


def test_every_parser_is_in_the_table():
    """Whoever writes another one puts it there, or beside those that read no bytes."""
    found = set()
    for package in PACKAGES:
        for path in sorted((ROOT / "src" / "whosaw" / package).rglob("*.py")):
            where = path.relative_to(ROOT / "src" / "whosaw")
            for function, owner in functions(ast.parse(path.read_text())):
                if function.startswith(("parse", "decode", "open_")):
                    found.add(f"{where} {owner}{function}")
    assert found - NO_PARSERS == PARSERS.keys() - {"journal/segment.py segment_place"}


def functions(module: ast.Module):
    """Every public function and method, with the class that it is in."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, ""
        if isinstance(node, ast.ClassDef):
            yield from ((f.name, f"{node.name}.") for f in node.body if isinstance(f, ast.FunctionDef))

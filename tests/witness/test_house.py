# SPDX-License-Identifier: Apache-2.0
"""Whole houses and their witnesses, over HTTP: two logs and two witnesses, one of them down, a copied folder, a backup."""

import shutil
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from tests.directory.town import write
from tests.guard.gate import COMPANY
from tests.vault.crowds import fill
from tests.witness.desk import Desk, files, served
from tests.witness.test_collect import Switch

from whosaw.beside import all_keys, glance
from whosaw.desks import hand_out_statement, load_directory
from whosaw.errors import Damaged, Misconfigured, ProofFailed, Unavailable
from whosaw.journal.fsck.fsck import fsck
from whosaw.journal.heads import signed
from whosaw.journal.submission import Record, Submission
from whosaw.model.access import Asked, Field, Look
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.model.record import Stream, canonical, parse, parse_json
from whosaw.model.stage import Stage
from whosaw.store.sql_witness import SqliteHeads
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer, MlDsaSigner, VerifierKey, open_note, parse_note
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.trust import TrustPolicy
from whosaw.tlog.witness import Cosigned
from whosaw.verify.folder import Audit, close, verify_folder
from whosaw.verify.receipt import verify_receipt
from whosaw.verify.source import FolderSource
from whosaw.verify.statement import verify_statement
from whosaw.verify.statement_file import Statement
from whosaw.wiring import build, house
from whosaw.witness.client import Says
from whosaw.witness.kept import standing

NAMES = {"w1": 51, "w2": 61}


def now():
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two data folders as `whosaw init` makes them."""
    made = {}
    for name in ("a", "b"):
        made[name] = tmp_path_factory.mktemp("built") / name
        build(made[name], f"log.example.org/{name}")
    return made


class Town:
    """Two witnesses with real memories, a switch before each, and data folders that ask them."""

    def __init__(self, path, built, stack):
        self.path, self.built, self.stack = path, built, stack
        self.switches, self.urls, self.desks = {}, {}, {}
        for name, seed in NAMES.items():
            heads = SqliteHeads(path / name / "witness.db")
            heads.make()
            stack.callback(heads.close)
            signers = (
                Ed25519Signer.from_seed(f"{name}.example.net", bytes([seed]) * 32, COSIGNATURE),
                MlDsaSigner.from_seed(f"{name}.example.net", bytes([seed + 1]) * 32),
            )
            self.desks[name] = Desk(signers=signers, logs={}, heads=heads, clock=now)
            self.switches[name] = Switch(self.desks[name])
            self.urls[name] = stack.enter_context(served(self.switches[name]))

    def folder(self, name, quorum=2, *, both_keys=False):
        """A data folder that has both witnesses in its settings and in its trust file."""
        folder = self.path / f"data-{name}"
        shutil.copytree(self.built[name], folder)
        genesis = Genesis.parse(GenesisFile.parse((folder / "public" / "genesis").read_bytes()).body)
        keys = {
            genesis.origin: tuple(map(VerifierKey.parse, genesis.logs)),
            genesis.map_origin: tuple(map(VerifierKey.parse, genesis.map_logs)),
        }
        asked, lines, members = [], [], []
        for which, desk in self.desks.items():
            desk.logs = desk.logs | keys
            for n, signer in enumerate(desk.signers if both_keys else desk.signers[:1]):
                asked.append(
                    f'[[witness]]\nname = "{which}-{n}"\nvkey = "{signer.vkey()}"\nurl = "{self.urls[which]}"\n'
                )
                lines.append(f"witness {which}-{n} {signer.vkey()}\n")
                members.append(f"{which}-{n}")
        with (folder / "whosaw.toml").open("a") as settings:
            settings.write("\n" + "\n".join(asked))
        trust = (folder / "trust").read_text().replace("quorum none\n", "")
        needed = "all" if quorum == 2 else "1"
        (folder / "trust").write_text(f"{trust}{''.join(lines)}group seen {needed} {' '.join(members)}\nquorum seen\n")
        return folder

    def audit(self, folder):
        return Audit(TrustPolicy.parse((folder / "trust").read_bytes()), now())


@pytest.fixture
def town(tmp_path, built):
    with ExitStack() as stack:
        yield Town(tmp_path, built, stack)


def record(here, key, stream="admin"):
    body = canonical({"v": 1, "kind": "test", "text": key})
    return here.journal.submit(Submission("test", key, (Record(Stream.named(stream), body),)))


def verified(town, folder):
    source, audit = FolderSource(folder / "public"), town.audit(folder)
    steps, found = verify_folder(source, audit)
    return close(steps, audit, source, found.head)


def checked(folder):
    with glance(folder) as here, all_keys(folder) as keys:
        return fsck(here.stores, here.signers, keys)


@pytest.mark.parametrize("quorum", [1, 2])
def test_two_logs_and_two_witnesses(town, quorum):
    """Both logs are witnessed by both; outsiders verify them with the trust file; fsck finds nothing."""
    folders = {name: town.folder(name, quorum) for name in ("a", "b")}
    with house(folders["a"]) as a, house(folders["b"]) as b:
        for n in range(5):
            last = [(here, record(here, f"k-{n}")) for here in (a, b)]
        for here, recorded in last:
            index = recorded.leaves[-1].index
            note = here.journal.wait_witnessed(index)
            head = town.audit(folders["a" if here is a else "b"]).trust.open(note, int(now().timestamp()))
            assert (head.quorum, head.checkpoint.size > index) == (True, True)
            assert here.journal.witnessed.size > index
        assert [w.says for w in a.witnesses[0].standing().witnesses] == [Says.COSIGNED] * 2
    for name, folder in folders.items():
        report = verified(town, folder)
        assert report.exit == 0, report.text()
        assert "the quorum is met" in report.text()
        assert checked(folder).findings == []
        assert {origin for origin, _ in town.desks["w1"].heads.all()} == {
            f"log.example.org/{log}" for log in ("a", "a/map", "b", "b/map")
        }
        assert standing(glance_private(folder)).witnessed == report.facts["counts"]["witnessed"], name


def glance_private(folder):
    with glance(folder) as here:
        return here.stores.private


def test_receipts_of_every_kind(town):
    """Durable, published, witnessed: each is what it says to an outsider with the trust file."""
    folder = town.folder("a", both_keys=True)
    with house(folder) as here:
        record(here, "its stream is enrolled with it")
        recorded = record(here, "one")
        index = recorded.leaves[-1].index
        here.journal.wait_witnessed(index)
        published, witnessed = here.journal.proof(index), here.journal.proof(index, witnessed=True)
    audit, source = town.audit(folder), FolderSource(folder / "public")
    report = verify_receipt(witnessed, audit, source)
    assert (report.exit, report.facts["kind"]) == (0, "witnessed"), report.text()
    assert verify_receipt(witnessed, audit, None).facts["kind"] == "witnessed"
    assert verify_receipt(published, audit, None).exit == 3  # nobody but the log has seen that head, as far as it shows
    assert verify_receipt(recorded.receipt, audit, source).facts["kind"] == "published"


@pytest.mark.slow
def test_a_statement_is_of_a_head_that_witnesses_have_seen(town):
    """Under the trust file that outsiders have: a quorum has cosigned its checkpoint, and its own record is below it."""
    folder = town.folder("a")
    write(folder.parent / "tables", COMPANY, regions=None)
    with house(folder) as here:
        load_directory(here, folder.parent / "tables")  # ana is one of the staff, or she would be refused
        for n in range(3):
            record(here, f"before-{n}")
            made = hand_out_statement(here, "p-1", "ana")
            head = town.audit(folder).trust.open(Statement.parse(made.raw).checkpoint, int(now().timestamp()))
            assert (head.quorum, head.checkpoint.size) == (True, made.size)
            kinds = [parse(frame.body)["kind"] for frame in here.journal.reader().frames(0, made.size)]
            assert kinds.count("export") == n + 1
            report = verify_statement(made.raw, town.audit(folder), "p-1", None)
            assert (report.exit, report.facts["complete"]) == (0, True), report.text()


@pytest.mark.slow
def test_a_statement_that_is_older_by_rule_is_witnessed(town):
    """Of two hours ago: head and index with the quorum of then, which the reader accepts by saying how old they may be."""
    folder = town.folder("a")
    text = (
        (folder / "whosaw.toml")
        .read_text()
        .replace("[[witness]]", "[journal]\nstatements_behind_h = 1\nmap_every_s = 1\n\n[[witness]]", 1)
    )
    (folder / "whosaw.toml").write_text(text)
    write(folder.parent / "tables", COMPANY, regions=None)
    with house(folder) as here:
        load_directory(here, folder.parent / "tables")
        here.journal.wait_witnessed(record(here, "then").leaves[-1].index)
        time.sleep(1.1)  # the next leaf of the map log is due
    assert list((folder / "private" / "older").iterdir())

    def later():
        return now() + timedelta(hours=2)

    with house(folder, clock=later) as here:
        last = record(here, "now").leaves[-1].index
        made = hand_out_statement(here, "p-1", "ana")
    assert 1 < made.size <= last
    for hours, code in ((1, 7), (3, 0)):
        audit = replace(town.audit(folder), now=later(), max_age=timedelta(hours=hours))
        report = verify_statement(made.raw, audit, "p-1", FolderSource(folder / "public"))
        assert report.exit == code, report.text()
        assert ("older by rule" in report.text()) is (code == 0)


@pytest.mark.slow
def test_a_statement_waits_for_both_logs(town):
    """A witness goes down between head and index: no statement with half of its quorum; when it is back, there is one."""
    folder = town.folder("a")
    write(folder.parent / "tables", COMPANY, regions=None)
    with house(folder) as here:
        load_directory(here, folder.parent / "tables")
        here.journal.wait_witnessed(record(here, "one").leaves[-1].index)
        town.switches["w2"].up = False
        with pytest.raises(Unavailable, match="not witnessed yet"):
            here.journal.mapped(witnessed=True, timeout=1.0)
        seen = here.journal.live().logs[1].shown
        assert seen is None or seen.size < here.journal.live().logs[1].face.published().size
        town.switches["w2"].up = True
        report = verify_statement(hand_out_statement(here, "p-1", "ana").raw, town.audit(folder), "p-1", None)
        assert report.exit == 0, report.text()


@pytest.mark.slow
def test_two_statements_at_once(town):
    """Whoever's leaf comes second takes nobody's index away: each statement has a head and an index that were seen both."""
    folder = town.folder("a")
    write(folder.parent / "tables", COMPANY, regions=None)
    made = []
    with house(folder) as here:
        load_directory(here, folder.parent / "tables")

        def ask(person):
            made.append((person, hand_out_statement(here, person, "ana").raw))

        threads = [threading.Thread(target=ask, args=(f"p-{n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
            threading.Event().wait(0.2)
        for thread in threads:
            thread.join()
    assert len(made) == 6
    for person, raw in made:
        report = verify_statement(raw, town.audit(folder), person, FolderSource(folder / "public"))
        assert report.exit == 0, report.text()


@pytest.mark.slow
def test_a_look_that_waits_for_witnesses(town):
    """One is down: nothing is shown, in time; when it is back the same key opens it, with a receipt that outsiders verify."""
    folder = town.folder("a")
    with (folder / "whosaw.toml").open("a") as file:
        file.write("\n[guard]\npatience_s = 1\n")
    write(folder.parent / "tables", COMPANY, regions=None)
    with house(folder) as here:
        load_directory(here, folder.parent / "tables")
        here.vault.put("mira", Field.IP, "203.0.113.77", now() - timedelta(minutes=5), "mira signs in")
        fill(here.vault._crowd, "203.0.113.77", now() - timedelta(minutes=5))
        look = Look("l-1", "ana", "mira", (Asked.parse("ip:network"),), "subject_request", "T-100", "k-1")
        record(here, "its stream is enrolled with it")
        town.switches["w2"].up = False
        began = time.monotonic()
        with pytest.raises(
            Unavailable, match=r"nothing was shown: leaf [0-9]+ records the look, and is not witnessed yet"
        ):
            here.guard.look(look, Stage.WITNESSED)
        assert time.monotonic() - began < 10
        published = here.guard.look(replace(look, look_id="l-2", key="k-2"), Stage.PUBLISHED)
        size = here.journal.reader().size
        with pytest.raises(Unavailable):
            here.guard.look(look)  # its record says what it waits for, whatever is asked now
        town.switches["w2"].up = True
        shown = here.guard.look(look, Stage.WITNESSED) if waited(here, size) else None
        assert [v.text for v in shown.values] == [v.text for v in published.values] == ["203.0.113.0/24"]
        assert here.journal.reader().size == size
    audit, source = town.audit(folder), FolderSource(folder / "public")
    assert verify_receipt(shown.receipt, audit, source).exit == 0
    head = audit.trust.open(TlogProof.parse(shown.receipt).note, int(now().timestamp()))
    assert (head.quorum, len(head.witnesses)) == (True, 2)
    assert not audit.trust.open(TlogProof.parse(published.receipt).note, int(now().timestamp())).quorum


def waited(here, size):
    return here.journal.wait_witnessed(size - 1)


@pytest.mark.slow
def test_one_witness_is_down(town):
    """Quorum 2 of 2: recording goes on, nothing is shown as witnessed, and it is visible for whom it waits; later it is."""
    folder = town.folder("a", 2)
    with house(folder) as here:
        first = record(here, "first").leaves[-1].index
        here.journal.wait_witnessed(first)
        town.switches["w2"].up = False
        later = record(here, "later").leaves[-1].index
        here.journal.wait_published(later)
        with pytest.raises(Unavailable, match="not witnessed yet"):
            here.journal.wait_witnessed(later, timeout=1.5)
        one, two = here.witnesses[0].standing().witnesses
        assert (one.says, two.says is Says.COSIGNED) == (Says.COSIGNED, False)
        assert two.cosigned is not None
        assert verified(town, folder).exit == 0  # the older head is still witnessed
        town.switches["w2"].up = True
        here.journal.wait_witnessed(later)
    assert verified(town, folder).facts["counts"]["witnessed"] > later


def test_one_of_two_suffices(town):
    """Quorum 1 of 2 with one down from the start: started, recorded, witnessed."""
    folder = town.folder("a", 1)
    town.switches["w1"].up = False
    with house(folder) as here:
        here.journal.wait_witnessed(record(here, "one").leaves[-1].index)
    assert verified(town, folder).exit == 0


def test_a_moment_is_enough(town):
    """A house that is open for one record only leaves it witnessed: the end waits for those who answer."""
    folder = town.folder("a")
    with house(folder) as here:
        index = record(here, "one").leaves[-1].index
    assert verified(town, folder).facts["counts"]["witnessed"] > index


@pytest.mark.slow
def test_a_forked_log_is_stopped(town):
    """A copied data folder goes on under the same keys beside the first: the second one stops, with both checkpoints."""
    folder = town.folder("a", 1)
    with house(folder) as here:
        here.journal.wait_witnessed(record(here, "common").leaves[-1].index)
    copied = town.path / "copied"
    shutil.copytree(folder, copied)
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(house(each)) for each in (folder, copied))
        ours.journal.wait_witnessed(record(ours, "ours").leaves[-1].index)
        with pytest.raises(Unavailable, match="another history of this log exists"):
            for n in range(1_000):
                theirs.journal.publish_now()
                record(theirs, f"theirs-{n}")
                threading.Event().wait(0.01)
        assert theirs.journal.reader().size > 0  # it can still be read
        record(ours, "ours goes on")
    keys = town.audit(folder).trust.keys_of("log.example.org/a")
    evidence = list((copied / "private" / "witness").glob("fork-*.json"))
    assert evidence  # of one witness, or of both
    for file in evidence:
        kept = files(parse_json(file.read_bytes(), "evidence", 1 << 20))
        assert sorted(kept) == ["checkpoint", "older-checkpoint"]
        heads = [Checkpoint.parse(open_note(raw, keys).text) for raw in kept.values()]
        assert heads[0].root != heads[1].root
    assert not list((folder / "private" / "witness").glob("fork-*.json"))
    with pytest.raises(ProofFailed, match="another history"), house(copied):
        pass


def test_forks_of_both_logs_are_caught(town):
    """Two journals, two witnesses, and a copy of each folder that goes on: the one's log and the other's map log fork.

    Both checkpoints of either are kept. A forked map log stops alone: looks are recorded all the same.
    """
    folders = {name: town.folder(name, 1) for name in ("a", "b")}
    for folder in folders.values():
        with house(folder) as here:
            here.journal.wait_witnessed(record(here, "common").leaves[-1].index)
            here.journal.mapped(witnessed=True)
    copies = {name: shutil.copytree(folder, town.path / f"copy-{name}") for name, folder in folders.items()}
    with house(folders["a"]) as here:
        here.journal.wait_witnessed(record(here, "ours").leaves[-1].index)
    with pytest.raises(ProofFailed, match="another history of this log"), house(copies["a"]):
        pass
    # Of b only the map log is old: map.db and its files come from the copy.
    with house(folders["b"]) as here:
        here.journal.wait_witnessed(record(here, "ours").leaves[-1].index)
        here.journal.mapped(witnessed=True)
    for part in ("public/map", "private/map"):
        shutil.rmtree(folders["b"] / part, ignore_errors=True)
        if (copies["b"] / part).exists():
            shutil.copytree(copies["b"] / part, folders["b"] / part)
    for name in ("map.db", "map.db-wal", "map.db-shm"):
        (folders["b"] / "private" / name).unlink(missing_ok=True)
        if (copies["b"] / "private" / name).exists():
            shutil.copy(copies["b"] / "private" / name, folders["b"] / "private" / name)
    with pytest.raises(ProofFailed, match="another history of the map log exists"), house(folders["b"]):
        pass
    for folder, origin in ((copies["a"], "log.example.org/a"), (folders["b"], "log.example.org/b/map")):
        assert origin in forked(town, folder)


def forked(town, folder):
    """The origins of which two histories are kept as evidence; each pair is signed by the log that it is of."""
    found = set()
    for file in (folder / "private" / "witness").glob("fork-*.json"):
        kept = files(parse_json(file.read_bytes(), "evidence", 1 << 20))
        assert sorted(kept) == ["checkpoint", "older-checkpoint"]
        (origin,) = {Checkpoint.parse(parse_note(raw).text).origin for raw in kept.values()}
        heads = [Checkpoint.parse(open_note(raw, town.desks["w1"].logs[origin]).text) for raw in kept.values()]
        assert heads[0] != heads[1]
        found.add(origin)
    return found


@pytest.mark.slow
def test_a_forked_map_log_stops_alone(town):
    """Witnesses have seen another history of the map log under its keys: it signs nothing more; looks are recorded on."""
    folder = town.folder("a", 1)
    with glance(folder) as seen:
        maps, origin = seen.signers.maps, seen.signers.maps[0].name
    with house(folder) as here:
        here.journal.wait_witnessed(record(here, "one").leaves[-1].index)
        here.journal.mapped(witnessed=True)
        other = Checkpoint.of(origin, 9, bytes(range(32)))
        note = signed(other, maps, 1_800_000_000_000).note
        for desk in town.desks.values():
            desk.heads.advance(origin, lambda _: (None, Cosigned(other.size, other.root, note, 1)))
        here.journal.wait_witnessed(record(here, "two").leaves[-1].index)
        with pytest.raises(Unavailable, match="another history of the map log exists"):
            here.journal.mapped(witnessed=True)
        here.journal.wait_witnessed(record(here, "goes on").leaves[-1].index)
        with pytest.raises(Unavailable, match="the log itself goes on"):
            here.journal.mapped(witnessed=True)
    assert forked(town, folder) == {origin}
    with pytest.raises(ProofFailed, match="another history of the map log exists"), house(folder):
        pass


def test_a_restored_backup_does_not_sign(town):
    """The whole folder of yesterday, put back: refused before anything is signed; and again, whatever reason is given."""
    folder = town.folder("a", 1)
    with house(folder) as here:
        record(here, "yesterday")
    backup = town.path / "backup"
    shutil.copytree(folder, backup)
    with house(folder) as here:
        last = record(here, "today").leaves[-1].index
    head = (backup / "public" / "checkpoint").read_bytes()
    for reason in (None, "the disk broke"):
        with pytest.raises(ProofFailed, match=f"our key signed size {last + 1}"), house(backup, unwitnessed=reason):
            pass
    assert (backup / "public" / "checkpoint").read_bytes() == head
    assert list((backup / "private" / "witness").glob("fork-*.json"))
    # Only the head database is old: what lies beside it says so without any witness.
    for name in ("head.db", "head.db-wal", "head.db-shm"):
        (folder / "private" / name).unlink(missing_ok=True)
        if (backup / "private" / name).exists():
            shutil.copy(backup / "private" / name, folder / "private" / name)
    with pytest.raises(Damaged, match="the head database knows"), house(folder):
        pass


def every_file(folder):
    """Each file's digest by its path; evidence and the log of the program are what a refused start may leave."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    kept = ("private/witness/fork-", "private/witness/map/fork-", "private/map/witness/fork-", "logs/")
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in found.items() if not name.startswith(kept)}


HEADS = ("private/head.db", "private/map.db")


@pytest.mark.parametrize(
    ("old", "error"),
    [
        ((*HEADS, "public"), ProofFailed),  # only witnesses can tell
        (HEADS, Damaged),
        (HEADS[:1], Damaged),
        (("private/head.db", "public"), ProofFailed),
    ],
)
def test_a_refused_start_leaves_every_file_as_it_is(town, old, error):
    """Newer segments, and heads of yesterday: not one byte changes, and with the right heads it goes on."""
    folder = town.folder("a", 1)
    with house(folder) as here:
        record(here, "yesterday")
    backup = town.path / "backup"
    shutil.copytree(folder, backup)
    for key in ("today", "this evening"):  # each start begins a segment of its own
        with house(folder) as here:
            last = record(here, key).leaves[-1].index
    right = town.path / "right"
    shutil.copytree(folder, right)
    put(backup, folder, old)
    before = every_file(folder)
    for _ in range(2):
        with pytest.raises(error), house(folder):
            pass
    assert every_file(folder) == before
    put(right, folder, old)
    with house(folder) as here:
        assert record(here, "tomorrow").leaves[-1].index > last
    assert checked(folder).findings == []


def put(source, folder, names):
    """These files and folders as they are in `source`."""
    for name in names:
        if (source / name).is_dir():
            for path in (folder / name, *(folder / name).rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)
            shutil.rmtree(folder / name)
            shutil.copytree(source / name, folder / name)
        else:
            shutil.copy(source / name, folder / name)


def test_an_old_head_behind_a_fresh_witnessed_file(town):
    """`checkpoint.witnessed` ahead of the head is an old head, though no witness is asked and `checkpoint` is old too."""
    folder = town.folder("a", 1)
    with house(folder):
        pass
    backup = town.path / "backup"
    shutil.copytree(folder, backup)
    with house(folder) as here:
        record(here, "today")
    shutil.copy(folder / "public" / "checkpoint.witnessed", backup / "public" / "checkpoint.witnessed")
    text = (backup / "whosaw.toml").read_text()
    (backup / "whosaw.toml").write_text(text[: text.index("[[witness]]")])
    with pytest.raises(Damaged, match="witnesses have seen size"), house(backup):
        pass
    assert checked(backup).exit == 3


def test_a_start_without_witnesses_needs_a_reason(town):
    """Nobody reachable: exit 7; with a reason the log goes on, and the reason is its first record."""
    folder = town.folder("a")
    for switch in town.switches.values():
        switch.up = False
    with pytest.raises(Unavailable, match="no witness could say"), house(folder):
        pass
    with house(folder, unwitnessed="the line is cut; ticket 7") as here:
        here.journal.publish_now()
        reader = here.journal.reader()
        bodies = [parse(frame.body) for frame in reader.frames()]
        assert [body["kind"] for body in bodies][-3:] == ["start", "enrol", "policy"]
        assert next(b for b in bodies if b["kind"] == "start")["reason"] == "the line is cut; ticket 7"
        assert here.journal.witnessed is None
        for switch in town.switches.values():
            switch.up = True
        here.journal.wait_witnessed(reader.size - 1)
    with house(folder) as here:
        assert [parse(f.body)["kind"] for f in here.journal.reader().frames()].count("start") == 1


@pytest.mark.parametrize("change", ["no quorum", "quorum none", "unlisted", "unmet", "no file"])
def test_settings_and_trust_file_must_agree(town, change):
    """Whom to ask and whose word counts: refused at the start where the quorum could never be met."""
    folder = town.folder("a", 2)
    trust, settings = folder / "trust", folder / "whosaw.toml"
    text = trust.read_text()
    match change:
        case "no quorum":
            trust.write_text(text.replace("quorum seen\n", ""))
        case "quorum none":
            trust.write_text(text.replace("quorum seen\n", "quorum none\n"))
        case "unlisted":
            lines = [line for line in text.splitlines() if not line.startswith("witness w2")]
            trust.write_text("\n".join(lines).replace("all w1-0 w2-0", "all w1-0") + "\n")
        case "unmet":
            settings.write_text(settings.read_text().rpartition("[[witness]]")[0])
        case "no file":
            trust.unlink()
    with pytest.raises(Misconfigured), house(folder):
        pass


def test_a_house_without_witnesses_is_as_it_was(town):
    """No settings, no questions, no file, no waiting."""
    with house(town.built["b"]) as here:
        assert here.witnesses == ()
        assert here.journal.witnessed is None
        with pytest.raises(Unavailable):
            here.journal.reader(witnessed=True)
    assert not (town.built["b"] / "public" / "checkpoint.witnessed").exists()

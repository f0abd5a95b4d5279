# SPDX-License-Identifier: Apache-2.0
"""The demonstration, played for real, and what it says held against what was planted and what lies on the disk.

    whosaw demo ──▶ said, story.html, public/, private/      simulate.truth: who did it, and to whom

The story draws its people from a seed and everything else from the product. So its numbers are not compared with
numbers written down here: they are counted again, from the acts, from the log, and from each other.
"""

import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.cli.desk import digest, typed
from tests.docs.played import play
from tests.web.page import Page

from whosaw.beside import glance
from whosaw.cli.demo import stage
from whosaw.cli.demo.story import SEED
from whosaw.detect.wording import spelled
from whosaw.errors import BadInput
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import parse
from whosaw.simulate.summer.acts import Asks, Connects, Loads, Publishes, Uses
from whosaw.simulate.summer.company import company, truth
from whosaw.simulate.summer.summer import summer
from whosaw.tlog.tile import Bundle

SRC = Path(__file__).parents[1] / "src"


@pytest.fixture(scope="session")
def story(tmp_path_factory):
    """Played once in a run of all tests, whatever the number of workers. Not to be changed."""
    base = tmp_path_factory.getbasetemp()
    return play(base if "PYTEST_XDIST_WORKER" not in os.environ else base.parent)


@pytest.fixture(scope="session")
def said(story):
    """All that the narrator said, on one line."""
    return " ".join(re.sub(r"^\s*\| *", " ", story.said, flags=re.MULTILINE).split())


@pytest.fixture(scope="session")
def planned():
    """The company, its acts by kind, and what was planted."""
    made = company(SEED, stage.beginning(datetime.now(UTC).date()))
    acts = summer(made, SEED)
    return (
        made,
        {kind: [a for a in acts if isinstance(a, kind)] for kind in (Loads, Connects, Asks, Uses, Publishes)},
        truth(made),
    )


@pytest.fixture(scope="session")
def looks(story):
    """Every look in the log, by its leaf."""
    with glance(story.folder) as here:
        frames = list(here.reader().frames())
    return {frame.index: LookBody.decode(frame.body) for frame in frames if parse(frame.body)["kind"] in LOOKS}


def one(pattern, said):
    """The one place in the story that reads so; its numbers as numbers."""
    (found,) = {match.groups() for match in re.finditer(pattern, said)}
    return [int(group.replace(",", "")) if re.fullmatch(r"[\d,]+", group) else group for group in found]


# ── its numbers ──


def test_what_is_told_is_what_was_done(said, planned):
    """Staff, customers, connections, looks, mornings, articles: as many as the acts say, none lost and none added."""
    made, acts, known = planned
    honest = [act for act in acts[Asks] if act.principal not in known.principals]
    assert one(r"(\d+) staff in two countries, (\d+) customers", said) == [len(made.staff), len(made.persons)]
    assert one(r"(\d+) connections came in over HTTP", said) == [len(acts[Connects])]
    assert one(r"(\d+) looks were asked for at the gate and shown", said) == [len(honest)]
    assert one(r"confirmed on (\d+) mornings\. (\d+) critical articles", said) == [
        len(acts[Loads]),
        len(acts[Publishes]),
    ]
    assert one(r"access log: (\d+) lines by now", said) == [len(acts[Uses])]


def test_every_question_of_the_watchers_is_refused_and_every_honest_one_shown(story, planned, looks):
    """Look by look, from the log itself: refused where audit asked, permitted where the case was theirs, none missing."""
    _, acts, known = planned
    asked = {look.look: look for look in looks.values() if look.origin == "asked"}
    assert asked.keys() == {act.look_id for act in acts[Asks]}
    for act in acts[Asks]:
        assert asked[act.look_id].decision == ("refuse" if act.principal in known.principals else "permit"), act
    assert sum(look.origin == "observed" for look in looks.values()) == len(acts[Uses])


def test_the_refusals_are_counted_right(said, planned, looks):
    """Who asked, at whom, how often, and how often each rule spoke."""
    _, acts, known = planned
    refused = [look for look in looks.values() if look.decision == "refuse"]
    planted = [act for act in acts[Asks] if act.principal in known.principals]
    assert one(r"All (\d+) looks were refused", said) == [len(refused)] == [len(planted)]
    words = one(r"article, (\w+) of internal audit, .*? exact addresses of (\w+) people", said)
    assert words == [spelled(len({a.principal for a in planted})), spelled(len({a.person for a in planted}))]
    told = sorted(int(count) for count in re.findall(r"(\d+)× ", said))
    assert told == sorted(Counter(rule for look in refused for rule in look.rules).values())


def test_the_tool_s_log_is_read_once_and_known_the_second_time(story, said, planned):
    """Records, looks and known ones are the lines of the file."""
    lines = len((story.folder / "tool/access.log").read_text().splitlines())
    assert lines == len(planned[1][Uses])
    told = one(
        r"(\d+) records read, (\d+) looks recorded, (\d+) unreadable\. Read once more: (\d+) new, (\d+) known", said
    )
    assert told == [lines, lines, 0, 0, lines]


def test_the_watch_saw_every_look_and_found_the_planted_ones(said, planned, looks):
    """All looks at a person; those without a reason are at least the planted, refused attempts among them."""
    _, acts, known = planned
    all_, at_persons, explained, share = one(
        r"(\d+) looks up to [^,]+, and of (\d+) at a person (\d+) have a reason on file \((\d+) %\)", said
    )
    assert all_ == at_persons == len(looks)
    # Down: a hundred percent is said of all or not at all.
    assert share == 100 * explained // at_persons
    planted = [act for kind in (Asks, Uses) for act in acts[kind] if act.principal in known.principals]
    assert all_ - explained >= len(planted)
    people, persons = one(r"f-000001: (\w+) people of audit looked at (\d+) persons", said)
    assert (people.lower(), persons) == (spelled(len(known.principals)), len(known.persons))
    assert one(r"(\d+) of (\d+) looks were refused: nothing was shown", said) == [
        sum(isinstance(act, Asks) for act in planted), len(planted),
    ]  # fmt: skip


def test_the_names_are_exactly_those_who_did_it(story, planned):
    """The four of audit and nobody else; everybody whom they looked at and nobody else."""
    made, _, known = planned
    scene = story.said.partition("An inquiry, by two")[2].partition("The person is told")[0]
    named, _, affected = scene.partition("people whom they looked at without a reason")
    quoted = re.compile(r"^\s*\| ([a-z.]+),", re.MULTILINE)
    assert sorted(quoted.findall(named)) == sorted(known.principals)
    assert sorted(quoted.findall(affected)) == sorted(known.persons)
    assert set(known.principals) <= {each.staff_id for each in made.staff}
    assert one(r"and (\w+) people whom they looked at\.", " ".join(scene.split())) == [len(known.persons)]


def test_one_who_is_not_independent_is_refused_first(said):
    """The director of audit stands above those named: the names are not opened with her, and every reason is told."""
    assert "with the director of audit agreeing. Refused: " in said
    assert "stands above or below one of those named" in said


def test_the_statement_holds_what_the_inquiry_saw(story, said, planned):
    """The person's looks, and on top of them what was asked about her, and that she was enrolled."""
    person, all_, without, refused = one(
        r"At ([a-z.]+): (\d+) looks in all, (\d+) of them without a reason on file, (\d+) of these refused", said
    )
    assert person in planned[2].journalists
    records, size = one(r"(\d+) records, each with its proof", said)[0], one(r"verified: (\d+) leaves of", said)[0]
    statement = json.loads((story.folder / "statement.json").read_text())
    assert statement["person"] == person
    report = typed("verify", "statement", story.folder / "statement.json", "--trust", story.folder / "trust", "--folder",
                   story.folder / "public", "--person", person, "--format", "json")  # fmt: skip
    assert report.code == 0
    assert f"size {size}: {records} records, complete for this account" in report.json["sentence"]
    assert records > all_ >= refused + 1
    assert all_ >= without > refused >= 0


# ── what is not told ──


def tokens(planned):
    """Every id and every address of anybody in the story; a machine is nobody."""
    made, acts, _ = planned
    found = {each.staff_id for each in made.staff if each.function != "service"} | {
        each.person for each in made.persons
    }
    found |= {act.address for act in acts[Connects]}
    assert min(map(len, found)) >= 7  # shorter ones would be found by chance
    return found


def holding(folder, wanted):
    """Files whose bytes or names hold one of the texts, without regard to case; and which."""
    needles = {text.lower().encode(): text for text in wanted}
    wanted = re.compile(b"|".join(re.escape(needle) for needle in sorted(needles)))
    found = {}
    for path in [folder, *folder.rglob("*")] if folder.is_dir() else [folder]:
        raw = path.read_bytes() if path.is_file() else b""
        hits = {needles[hit] for hit in wanted.findall(raw.lower() + b"\n" + path.name.lower().encode())}
        if hits:
            found[str(path)] = hits
    return found


def test_nobody_s_name_or_address_is_published(story, planned):
    """Not a byte of public/ or of the trust file, nor of a file's name, tells of anybody. Evidence of damage neither."""
    wanted = tokens(planned)
    assert holding(story.folder / "public", wanted) == {}
    assert holding(story.folder / "trust", wanted) == {}
    assert holding(story.folder / "tampering.evidence", wanted) == {}
    packed = [ipaddress.ip_address(act.address).packed for act in planned[1][Connects]]
    long = [raw for raw in packed if len(raw) == 16]
    assert long
    published = b"".join(path.read_bytes() for path in (story.folder / "public").rglob("*") if path.is_file())
    assert not [raw for raw in long if raw in published]


def test_a_published_leaf_is_a_label_and_a_commitment(story, looks):
    """65 bytes a leaf and nothing else: the same look twice makes two leaves that nobody can connect."""
    with glance(story.folder) as here:
        size = here.reader().size
    entries, at = [], 0
    while at < size:
        width = min(256, size - at)
        path = story.folder / "public" / Bundle(at // 256, width).path
        raw = path.read_bytes()
        assert len(raw) == 67 * width
        entries += [raw[start + 2 : start + 67] for start in range(0, len(raw), 67)]
        at += width
    assert len(entries) == len(set(entries)) == size
    assert {entry[0] for entry in entries} == {1}
    assert not [look for look in looks.values() if look.person.encode() in b"".join(entries)]


# What the organisation keeps inside knows people by pseudonym. Only what it put there itself may know their ids.
THEIRS = ("directory", "tool", "statement.json", "story.html")


def test_inside_there_are_pseudonyms(story, planned):
    """Database, keyring, vault, segments, findings and facts hold no id and no address in clear; the input does."""
    wanted = tokens(planned)
    assert holding(story.folder / "private", wanted) == {}
    outside = {Path(name).relative_to(story.folder).parts[0] for name in holding(story.folder, wanted)}
    assert outside <= set(THEIRS)
    assert "directory" in outside


def test_the_facts_are_by_pseudonym_too(story, planned):
    """Packed columns hide text from a search of bytes, so they are read: every text of every table."""
    wanted, texts = tokens(planned), set()
    for path in (story.folder / "private/facts").glob("*.parquet"):
        for column in pq.read_table(path).columns:
            texts |= {str(value) for value in column.to_pylist()}
    assert any(text.startswith("p-") for text in texts)
    assert texts & wanted == set()
    assert not [text for text in texts for address in wanted if "." in address and address == text]


def test_no_full_address_is_ever_told(story, planned):
    """Neither the narrator nor the page shows anybody's address; a network is what was permitted."""
    addresses = {act.address for act in planned[1][Connects]}
    for text in (story.said, (story.folder / "story.html").read_text()):
        found = set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b(?!/)|\b[0-9a-f]{1,4}:[0-9a-f:]+\b(?!/)", text))
        assert found & addresses == set()
    assert re.search(r"Shown was the network, not the address: \S+/\d+\.", " ".join(story.said.split()))


# ── the verifier ──


def test_exit_codes_as_told(said):
    """Whole, statement whole, one byte changed, put right: 0, 0, 3, 0."""
    assert one(r"whosaw verify --trust trust public: exit (\d), verified", said) == [0]
    assert one(r"whosaw verify statement: exit (\d)", said) == [0]
    assert one(r"whosaw verify --trust trust public: exit ([1-9])", said) == [3]
    assert one(r"the log verifies again: exit (\d)", said) == [0]


def test_the_place_that_is_named_is_the_leaf_that_was_changed(said, looks, planned, story):
    """The changed leaf is a look of one of the four at the person; the verifier names leaf, file and bytes around it."""
    leaf, offset, file = one(r"leaf (\d+), one bit of byte (\d+) in (tile/entries/[0-9a-z./]+)\.", said)
    first, last, named = one(rf"{re.escape(file)}, bytes ([\d,]+) to ([\d,]+): leaf (\d+) was altered", said)
    assert named == leaf
    assert first <= offset <= last
    assert last - first + 1 == 67
    assert looks[leaf].decision != "refuse"
    evidence = json.loads((story.folder / "tampering.evidence").read_text())
    assert file in {each["name"] for each in evidence["files"]}


def test_in_the_end_the_log_is_whole(story, said):
    """What was changed was put back, to the byte: the outsider's verifier and our own check find nothing."""
    assert typed("verify", "--trust", story.folder / "trust", story.folder / "public").code == 0
    checked = typed("journal", "fsck", "--data", story.folder, "--format", "json")
    assert checked.code == 0
    assert checked.json["size"] == one(r"verified: (\d+) leaves of", said)[0]


def test_the_commands_at_the_end_work(story, tmp_path, monkeypatch):
    """Each line under "Go on by yourself" can be typed as it stands; the directory is confirmed first, as it says."""
    shutil.copytree(story.folder, tmp_path / "demo-data")
    lines = re.findall(r"^\s+whosaw (.+)$", story.said.partition("Go on by yourself")[2], re.MULTILINE)
    assert len(lines) == 7
    monkeypatch.chdir(tmp_path)
    for line in lines:
        done = typed(*line.split())
        assert (done.code, done.err) == (0, ""), (line, done)


# ── the page ──


def test_the_page_needs_nobody(story):
    """One file: no script, nothing fetched from anywhere, readable offline for ever."""
    text = (story.folder / "story.html").read_text()
    page = Page(text).root
    assert page.all("script") == []
    for element in page.all():
        for name, value in element.attrs.items():
            assert not name.startswith("on"), (element.name, name)
            if name in {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}:
                assert (value or "").startswith("#"), (element.name, value)
    # Names of vocabularies are no addresses of anything that is fetched.
    assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\((?!#)", text)


def test_each_drawing_has_its_table(story, said, planned, looks):
    """What is drawn is also written, and the four names stand there with what they did; nobody else of staff is named."""
    page = Page((story.folder / "story.html").read_text()).root
    drawings = page.all("svg", class_="drawing")
    assert len(drawings) == 2
    for drawing in drawings:
        beside = drawing.parent
        while beside.name != "figure":
            beside = beside.parent
        assert beside.all("table")
    made, _, known = planned
    text = page.text
    assert [who for who in (*known.principals, *known.persons) if who not in text] == []
    others = {each.staff_id for each in made.staff} - set(known.principals)
    named = {who for who in others if re.search(rf"(?<![\w.]){re.escape(who)}(?![\w.])", text)}
    # Those who inquired are part of the story, and so is the one whose look served a purpose. Which look that is differs
    # from run to run: how many must share a network before it is shown is a secret of that network.
    (served,) = re.findall(r"(\S+) \([^)]*\) asked for the address of", said)
    assert named == {"susan.marrow", "petra.novotna", served}
    refused = sum(look.decision == "refuse" for look in looks.values())
    assert f"refused them {refused} times" in " ".join(text.split())


def test_the_page_says_each_reason_once(story):
    """Windows and people that show the same are counted beside the sentence; nothing there speaks for what it stands against."""
    section = Page((story.folder / "story.html").read_text()).root.one("section", id="found")
    why, against = (
        side.one("ul").all("li") for side in section.one("div", class_="sides").children if side.name == "div"
    )
    said = [reason.text.partition(" would be usual.")[0] for reason in why]
    assert len(said) == len(set(said)) > 1
    assert any("× unexplained, p" in reason.text for reason in why)
    assert against
    assert not [text.text for text in against if " for 0 of " in text.text]


# ── once more, and elsewhere ──


def test_a_foreign_folder_is_left_alone(tmp_path):
    """A folder that no demonstration left, and a file: refused, not a byte is touched."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("mine, too")
    before = digest(tmp_path)
    for name in ("mine", "file"):
        told = typed("demo", "--folder", tmp_path / name)
        assert (told.code, told.out) == (2, "")
        assert "not a folder that a demonstration left" in told.err
        assert "nothing was touched" in told.err
    assert digest(tmp_path) == before
    with pytest.raises(BadInput):
        stage.clear(tmp_path)


@pytest.mark.slow
def test_played_again_it_clears_what_it_made_and_no_more(story, tmp_path):
    """Into the same folder: the old log is gone and a new one stands there; what lies beside the folder stays."""
    folder = tmp_path / "demo-data"
    shutil.copytree(story.folder, folder)
    (tmp_path / "beside.txt").write_text("mine")
    first = (folder / "trust").read_text()
    again = typed("demo", "--folder", folder)
    assert (again.code, again.err) == (0, "")
    assert (folder / "trust").read_text() != first
    assert (tmp_path / "beside.txt").read_text() == "mine"
    assert typed("verify", "--trust", folder / "trust", folder / "public").code == 0
    same = re.compile(r"verified: \d+ leaves|\d+ looks in all|f-\d+")
    assert same.findall(again.out) == same.findall(story.said)


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """An environment of its own with whosaw and cryptography, and not one package more."""
    where = tmp_path_factory.mktemp("outside")
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", where / "venv"], check=True)
    (site,) = (where / "venv").glob("lib/python*/site-packages")
    ours = Path(pytest.__file__).parents[1]
    (where / "only").mkdir()
    for name in ("cryptography", "cffi", "pycparser"):
        (where / "only" / name).symlink_to(ours / name)
    for compiled in ours.glob("_cffi_backend*"):
        (where / "only" / compiled.name).symlink_to(compiled)
    (site / "outside.pth").write_text(f"{where / 'only'}\n{SRC}\n")
    return where / "venv/bin/python"


def alone(python, *words, cwd):
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    return subprocess.run([python, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_an_outsider_needs_one_package(outside, story, tmp_path):
    """On a machine with nothing but cryptography, log and statement verify; Click, databases and engines are not there."""
    for name in ("trust", "statement.json"):
        shutil.copy(story.folder / name, tmp_path)
    shutil.copytree(story.folder / "public", tmp_path / "public")
    for package in (
        "click",
        "sqlalchemy",
        "cedarpy",
        "alembic",
        "duckdb",
        "ibis",
        "pyarrow",
        "sqlglot",
        "starlette",
        "jinja2",
    ):
        assert "ModuleNotFoundError" in alone(outside, "-c", f"import {package}", cwd=tmp_path).stderr
    log = alone(outside, "-m", "whosaw.verify", "--trust", "trust", "public", cwd=tmp_path)
    assert (log.returncode, log.stderr) == (0, ""), log
    assert log.stdout.splitlines()[-1].startswith("verified: ")
    person = json.loads((tmp_path / "statement.json").read_text())["person"]
    words = ("statement", "statement.json", "--trust", "trust", "--folder", "public", "--person", person)
    statement = alone(outside, "-m", "whosaw.verify", *words, cwd=tmp_path)
    assert statement.returncode == 0, statement
    assert "complete for this account" in statement.stdout
    told = alone(outside, "-c", "import sys; from whosaw.cli.main import main; sys.exit(main(['watch']))", cwd=tmp_path)
    assert told.returncode == 2
    assert "only `whosaw verify` works without the core's packages" in told.stderr

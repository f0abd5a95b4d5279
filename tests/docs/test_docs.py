# SPDX-License-Identifier: Apache-2.0
"""What the prose says is so: links lead somewhere, examples run, and lists are those of the code."""

import ast
import asyncio
import re
import shlex
import subprocess
from datetime import UTC, datetime

import pytest
from tests.docs.prose import PAGES, ROOT, TALK, blocks, commands, links, prose
from tests.vault.crowds import fill

from whosaw import config
from whosaw.directory.load import load
from whosaw.errors import EXIT
from whosaw.model.access import LADDER, Field
from whosaw.policy.purposes import parse_purposes
from whosaw.privacy.detail import OFFERED
from whosaw.verify.command import KINDS, _parser
from whosaw.wiring import build, house, policy_texts

REFERENCE = (ROOT / "docs/reference.md").read_text()
ROWS = {
    cells[0].strip(" `"): [c.strip() for c in cells[1:]]
    for line in REFERENCE.splitlines()
    if line.startswith("| `")
    for cells in [line.strip("|").split("|")]
}
ONE_LOOK = ROOT / "docs/one-look.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Every relative link of a page is a file or folder of this project, and no page needs the network."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        assert not re.match(r"[a-z]+:", link), link
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), link
        assert ROOT in there.parents
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}, link


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_say_nothing_of_where_they_were_written(page):
    """No path of somebody's machine stands in a page."""
    assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|Users)/", page.read_text())


@pytest.mark.parametrize("page", [p for p in TALK if p.name != "glossary.md"], ids=lambda p: p.name)
def test_one_word_one_meaning(page):
    """A principal looks, a person is looked at, a leaf commits: other words for these are not used."""
    assert (
        re.findall(
            r"\b(?:users?|actors?|log lines?|log entry|log entries|data subjects?)\b", prose(page), re.IGNORECASE
        )
        == []
    )


@pytest.mark.parametrize("page", TALK, ids=lambda p: p.name)
def test_every_make_target_is_there(page):
    """`make something` in prose or in a session is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^\$ )make ([a-z0-9-]+)", page.read_text(), re.MULTILINE)
    assert set(named) <= targets


def test_the_readme_starts_with_the_two_commands():
    """The first screen shows exactly these, and nothing has to be known before."""
    assert commands(ROOT / "README.md")[:2] == ["make demo", "make test"]
    readme = (ROOT / "README.md").read_text()
    assert readme.index("make test") < readme.index("## ")


def test_the_readme_python_runs(tmp_path, monkeypatch, capsys):
    """With the reference's first tables the library example shows a network, and the wrapper refuses whom no case names."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "whosaw-data"
    build(folder, "log.example.org/whosaw")
    (tables,) = (b.body for b in blocks(ROOT / "docs/reference.md") if b.name == "runs: tables")
    subprocess.run(["bash", "-e"], input=tables, cwd=tmp_path, text=True, check=True)
    with house(folder) as here:
        load(
            tmp_path / "tables",
            engine=here.engine,
            journal=here.journal,
            names=here.pseudonyms,
            remember=here.names.remember,
            clock=here.clock,
        )
        for person in ("mira", "owen"):
            here.vault.put(person, Field.IP, "203.0.113.77", datetime(2024, 3, 1, tzinfo=UTC), f"{person} signs in")
            fill(here.vault._crowd, "203.0.113.77", datetime(2024, 3, 1, tzinfo=UTC))
    look, wrap = (b.body for b in blocks(ROOT / "README.md") if b.kind == "python")
    space = {}
    exec(compile(look, "README.md", "exec"), space)
    assert capsys.readouterr().out == "01 Mar 203.0.113.0/24\n"
    with house(folder) as here:
        space["here"] = here
        exec(compile(wrap, "README.md", "exec"), space)
        assert space["addresses"]("ana", "mira", "T-1", "k-1") == ["203.0.113.0/24"]
        assert space["addresses"]("ana", "owen", "T-1", "k-2") == ["This look is not permitted."]
        (tasks,) = (b.body for b in blocks(ROOT / "docs/connectors/tools.md") if b.name == "runs: tasks")
        exec(compile(tasks, "tools.md", "exec"), space)
        assert asyncio.run(space["networks"]("ana", "mira", "T-1", "k-1")) == ["203.0.113.0/24"]
    assert len(look.splitlines()) <= 16 and len(wrap.splitlines()) <= 6


def test_every_setting_is_documented():
    """A setting that nobody can look up is a trap."""
    documented = config.documented()
    assert {name: ROWS[name] for name in documented} == {name: [said] for name, said in documented.items()}


def test_every_error_is_documented_with_its_exit_code():
    """The page and the one table of answers agree."""
    assert {e.__name__: ROWS[e.__name__][0] for e in EXIT} == {e.__name__: str(code) for e, code in EXIT.items()}
    assert {int(n) for n in re.findall(r"^\| (\d) \|", REFERENCE, re.MULTILINE)} == {0, 1, 4, 5, *EXIT.values()}


def test_every_field_says_what_is_offered():
    """The ladder of each field, and the rungs that this version can mask to."""
    for which, ladder in LADDER.items():
        said = ROWS[which]
        assert said[0] == ", ".join(ladder)
        assert said[1] == ", ".join(OFFERED[which])


def test_every_purpose_is_documented():
    """Code, functions and the sentence that the person reads."""
    purposes = parse_purposes(policy_texts()["purposes.toml"])
    listed = re.search(r"^## Purposes$(.*?)(?=^## )", REFERENCE, re.MULTILINE | re.DOTALL)[1]
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in listed.splitlines() if line.startswith("| `")
    ]
    said = {row[0]: (row[1], row[4]) for row in rows}
    assert said == {code: (", ".join(sorted(p.functions)), p.sentence) for code, p in purposes.items()}


def test_every_rule_is_documented():
    """Each rule's id and sentence, and no rule that is not there."""
    rules = {}
    for name, text in policy_texts().items():
        if name.endswith(".cedar"):
            rules |= dict(re.findall(r'@id\("([^"]+)"\)\s*@sentence\("([^"]+)"\)', text))
    listed = re.search(r"^## Rules$(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)[1]
    assert dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", listed, re.MULTILINE)) == rules


def test_decisions_say_what_gets_worse():
    """A decision that costs nothing was none; and their numbers are unique."""
    pages = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [p.name for p in pages if "**What gets worse.**" not in p.read_text()] == []
    numbers = [p.name[:4] for p in pages]
    assert len(set(numbers)) == len(numbers)
    assert [p.name for p in pages if not p.read_text().startswith(f"# {p.name[:4]} ")] == []


def names_in(path):
    """Functions and classes of a file, methods as `Class.method` and as `method`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{m.name}" for m in node.body if isinstance(m, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("page", TALK, ids=lambda p: p.name)
def test_files_named_in_prose_exist(page):
    """Where a page names a file of the package, it is there."""
    for path in re.findall(r"`(?:src/whosaw/)?((?:[a-z_]+/)*[a-z_]+\.(?:py|toml|cedarschema))`", page.read_text()):
        assert (ROOT / "src/whosaw" / path).exists() or (ROOT / path).exists() or path == "whosaw.toml", path


def test_one_look_names_functions_that_are_there():
    """Each step of the list names a file and its functions, and they stand where it says."""
    if not ONE_LOOK.exists():
        pytest.skip("docs/one-look.md is not written yet")
    steps = re.findall(r"`([a-z_/]+\.py)`((?:[ ,·]*`[A-Za-z_.]+(?:\(\))?`)+)", ONE_LOOK.read_text())
    assert len(steps) >= 20
    for path, names in steps:
        there = names_in(ROOT / "src/whosaw" / path)
        for name in re.findall(r"`([A-Za-z_.]+)(?:\(\))?`", names):
            assert name in there, f"{path}: {name}"


def sessions():
    """Every `whosaw` command of a page, by page."""
    found = []
    for page in (
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "docs").glob("connectors/*.md")),
    ):
        for line in commands(page):
            words = shlex.split(line.split("<<")[0].split(" | ")[-1].removesuffix(" &"))
            if words and words[0].rsplit("/", 1)[-1] == "whosaw":
                found.append(pytest.param(words[1:], id=f"{page.name}: {' '.join(words[1:3])}"))
    return found


@pytest.mark.parametrize("words", sessions())
def test_commands_in_prose_are_understood(words):
    """Every command in README and docs has the arguments and options that the program takes."""
    if words[0] == "verify":
        kind = words[1] if words[1] in KINDS else "log"
        _parser(kind).parse_args(words[2:] if kind != "log" else words[1:])
        return
    commands_of = pytest.importorskip(
        "whosaw.cli.commands", reason="the command line is not there yet", exc_type=ImportError
    )
    import click

    command = commands_of.whosaw
    # With its settings, or Click remembers for every later test of this process that there is no `-h`.
    context = click.Context(command, **command.context_settings)
    rest = list(words)
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        assert found is not None, rest[0]
        command, context = found, click.Context(found, info_name=rest.pop(0), parent=context)
    _, left, _ = command.make_parser(context).parse_args(rest)
    assert left == []

# SPDX-License-Identifier: Apache-2.0
"""The reference is the program's: commands, options, tables, signals and reasons, none left out and none invented."""

import importlib
import re
import tomllib

import click
from tests.docs.prose import ROOT

from whosaw.cli.commands import whosaw
from whosaw.detect.registry import SIGNALS
from whosaw.detect.templates import load_templates
from whosaw.directory.columns import CLASSES, FUNCTIONS, SCOPES, TABLES
from whosaw.directory.directory import OVER
from whosaw.guard.counts.reasons import REASONS as COUNTS
from whosaw.guard.pseudonyms.reasons import REASONS as PSEUDONYMS
from whosaw.nudge.answer import REASONS as NUDGES
from whosaw.nudge.facts import AGAINST
from whosaw.policy.independence import REASONS
from whosaw.review.reasons import REASONS as REVIEWS
from whosaw.review.rule import WHY as HIDING
from whosaw.review.words import _OTHER, _WHY, RESOLUTIONS
from whosaw.verify import command as verify
from whosaw.verify import steps
from whosaw.wiring import policy_texts

TEXT = (ROOT / "docs/reference.md").read_text()
SHARED = ("--as", "--data", "--format")
ANSWERS = ("IN_PART", "TO_REVIEW", "REFUSED", "NEEDS_APPROVAL")


def section(name):
    """Rows of a section's tables, as lists of cells, header and ruler apart."""
    text = re.search(rf"^## {re.escape(name)}$(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)[1]
    rows = [
        [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines() if line.startswith("|")
    ]
    return [row for row in rows if row[0].startswith("`") or row[0].isdigit()]


def leaves(command, path=()):
    """Every command that does something, with its path; `verify` apart, which is not Click's."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            if name != "verify":
                yield from leaves(below, (*path, name))
    else:
        yield " ".join(path), command


def spelled(option, context):
    """An option with what it takes; one of a few words stands for itself."""
    choice = option.is_flag or isinstance(option.type, click.Choice)
    return option.opts[0] if choice else f"{option.opts[0]} {option.make_metavar(context)}"


def usage(name, command):
    """A command as the reference writes it."""
    context, words = click.Context(command), [name]
    for param in command.params:
        if isinstance(param, click.Argument):
            words.append(param.name.upper().removesuffix("S") + ("…" if param.nargs < 0 else ""))
        elif param.opts[0] not in SHARED:
            word = spelled(param, context)
            words.append((word if param.required else f"[{word}]") + ("…" if param.multiple else ""))
    return " ".join(words)


def verify_usage(kind):
    words = ["verify" if kind == "log" else f"verify {kind}"]
    for action in verify._parser(kind)._actions:
        if action.option_strings and action.option_strings[0] not in ("-h", "--format"):
            word = action.option_strings[0] + (f" {action.metavar}" if action.metavar else "")
            word += "…" if action.nargs == "+" else ""
            words.append(word if action.required else f"[{word}]")
        elif not action.option_strings:
            words.append("PLACE" if kind == "log" else action.metavar)
    return " ".join(words)


def commands():
    """usage → (options that mean the same everywhere, exit codes that are an answer)."""
    found = {}
    for name, command in leaves(whosaw):
        module = vars(importlib.import_module(command.callback.__module__))
        codes = {0, *(module[answer] for answer in ANSWERS if answer in module)}
        if name in {"journal fsck", "journal scrub", "policy test"}:
            codes.add(steps.FALSE)
        if name == "journal export log":
            codes.discard(module["REFUSED"])  # what is published is refused to nobody; records are, beside it
        if name in {"nudge ask", "nudge list", "nudge report"}:
            codes.discard(module["REFUSED"])  # nobody sees what others are asked
        if name in {"ticket accounts", "ticket status"}:
            codes.discard(module["REFUSED"])  # only who asks about a case is asked who they are
        if name == "places explain":
            codes.discard(module["IN_PART"])  # it is the same each time
        if name == "ticket accounts":
            codes.discard(module["IN_PART"])  # whole, or not at all
        shared = sorted({param.opts[0] for param in command.params} & set(SHARED))
        found[usage(name, command)] = shared, sorted(codes)
    for kind in ("log", *verify.KINDS):
        found[verify_usage(kind)] = ["--format"], [0, steps.FALSE, steps.UNDECIDED]
    return found


def test_every_command_is_documented():
    """How each is typed, what it takes, and how it ends: as the program has it, and no other command."""
    listed = {
        row[0].strip("`"): (re.findall(r"--\w+", row[1]), [int(code) for code in row[2].split(",")])
        for row in section("Commands")
        if len(row) == 4
    }
    assert listed == commands()


def test_what_help_says_of_exit_codes_the_reference_says_too():
    """A code that a command's help names stands in its row: as an answer, or in its sentence."""
    rows = {row[0].strip("`").split(" [")[0].split(" --")[0]: row for row in section("Commands") if len(row) == 4}
    for name, command in leaves(whosaw):
        help_ = command.help or ""
        codes = set(re.findall(r"(?:[Ee]xit code |; )(\d)\b", help_))
        (row,) = (row for usage_, row in rows.items() if re.sub(r" (?:[A-Z]+…?)\b.*", "", usage_) == name)
        said = {*re.findall(r"\d", row[2]), *re.findall(r": (\d)\b", row[3])}
        assert codes <= said, (name, codes, said)


def test_every_option_is_documented():
    """Each option of each command has a sentence, and no option has one that is not there."""
    typed = set()
    for _, command in leaves(whosaw):
        typed |= {spelled(p, click.Context(command)) for p in command.params if isinstance(p, click.Option)}
    for kind in ("log", *verify.KINDS):
        named = [a for a in verify._parser(kind)._actions if a.option_strings and "--help" not in a.option_strings]
        typed |= {" ".join(filter(None, (a.option_strings[0], a.metavar))) for a in named}
    assert {row[0].strip("`") for row in section("Commands") if len(row) == 2} == typed


def test_every_column_of_the_tables_is_documented():
    """Whoever exports staff and cases finds each column, whether it is required, and each code that it may hold."""
    rows = section("Tables")
    assert [(r[0].strip("`"), r[1].strip("`"), r[2] == "required") for r in rows] == [
        (table, name, column.required) for table, columns in TABLES.items() for name, column in columns.items()
    ]
    codes = {(r[0].strip("`"), r[1].strip("`")): set(re.findall(r"`([^`]+)`", r[3])) for r in rows}
    assert codes["staff", "function"] == set(FUNCTIONS)
    assert codes["persons", "classes"] == set(CLASSES)
    assert codes["assignments", "scope_kind"] == set(SCOPES)
    assert codes["cases", "status"] == OVER


def test_every_purpose_says_what_it_may_need():
    """Which types of case are a reason; field for field, and how exactly where that is not all there is."""
    purposes = tomllib.loads(policy_texts()["purposes.toml"])
    for row in section("Purposes"):
        needs = dict((part.split(": ") if ": " in part else (part, "exact")) for part in row[3].split(", "))
        purpose = purposes[row[0].strip("`")]
        assert needs == purpose["most"]
        assert purpose["needs_case"]
        assert re.findall(r"\w+", row[2]) == purpose["case_types"]
        assert row[5] == (", ".join(purpose["approvals"]) or "none")
        assert int(row[6]) == purpose["persons_a_day"]
        glass = f"yes, reviewed within {purpose['reviewed_h']} h" if purpose.get("break_glass") else "no"
        assert row[7] == glass


def test_every_refusal_of_an_inquiry_is_documented():
    """Codes are recorded for good; what each says is looked up here."""
    assert {row[0].strip("`"): row[1] for row in section("Refusals of an inquiry")} == REASONS


def test_every_refusal_of_pseudonyms_is_documented():
    """Beside those that are rules of a look."""
    assert {row[0].strip("`"): row[1] for row in section("Refusals of pseudonyms")} == PSEUDONYMS


def test_every_refusal_of_counts_is_documented():
    assert {row[0].strip("`"): row[1] for row in section("Refusals of counts")} == COUNTS


def test_every_refusal_of_a_review_is_documented():
    assert {row[0].strip("`"): row[1] for row in section("Refusals of a review")} == REVIEWS


def test_every_refusal_of_an_answer_is_documented():
    assert {row[0].strip("`"): row[1] for row in section("Refusals of an answer")} == NUDGES


def test_all_that_can_speak_against_an_answer_is_documented():
    text = (ROOT / "docs/nudge.md").read_text()
    rows = [tuple(c.strip(" `") for c in line.split("|")[1:-1]) for line in text.splitlines() if line.startswith("| `")]
    assert rows == list(AGAINST.items())


def test_every_reason_for_a_rule_that_hides_is_documented():
    text = (ROOT / "docs/review.md").read_text()
    assert dict(re.findall(r"`([a-z-]+)` \(([A-Z][^()]+\.)\)", text)) == HIDING


def test_every_resolution_and_its_reasons_are_documented():
    """Codes are recorded for good; each stands with what it is a reason for."""
    text = (ROOT / "docs/review.md").read_text()
    rows = [tuple(c.strip(" `") for c in line.split("|")[1:-1]) for line in text.splitlines() if line.startswith("| `")]
    assert [row for row in rows if len(row) == 2] == [(str(r), said) for r, said in RESOLUTIONS.items()]
    assert [row for row in rows if len(row) == 3] == [
        (code, str(of), said) for of, codes in {**_WHY, **_OTHER}.items() for code, said in codes.items()
    ]


def test_every_signal_is_documented():
    """Each detector that runs, with the tables without which it is off."""
    assert [(row[0].strip("`"), set(re.findall(r"\w+", row[2]))) for row in section("Signals")] == [
        (detector.NAME, set(detector.NEEDS)) for detector in SIGNALS
    ]


def test_every_reason_that_explains_a_look_is_documented():
    """What clears a look, how much it weighs, and how little for somebody protected."""
    templates = load_templates()
    rows = [(r[0].strip("`"), int(r[1]), int(r[2]), r[3]) for r in section("Reasons that explain a look")]
    assert rows == [(t.id, t.weight, min(t.weight, t.protected_at_most), t.sentence) for t in templates.templates]
    said = f"a weight of {templates.explained_from} on"
    assert said in TEXT
    assert f"within {templates.repeat_days} days keeps {templates.repeat_keep} %" in TEXT

# SPDX-License-Identifier: Apache-2.0
"""The demonstration's story, scene by scene: everything that it says was computed a moment before.

    company ─ summer ─ a look allowed ─ looks refused ─ behind the guard's back ─ found ─ named ─ proven ─ tampered with

Invariant: nothing is staged but what people do. Who is found, and how, comes from the product and never from `simulate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from whosaw.cli.demo import stage
from whosaw.cli.demo.cast import Cast
from whosaw.cli.demo.narrator import Narrator
from whosaw.cli.demo.outsider import Verified, verify
from whosaw.cli.demo.page import Telling, page
from whosaw.cli.demo.play import Player, Summer
from whosaw.cli.demo.tamper import Change, changed
from whosaw.cli.journal.status import short
from whosaw.cli.options import progress
from whosaw.cli.statement import write as write_statement
from whosaw.cli.watch_words import coverage
from whosaw.desks import (
    hand_out_statement,
    inquiry_desk,
    reader,
    take_in,
    unseal_keys,
)
from whosaw.detect.finding import Finding
from whosaw.detect.wording import spelled
from whosaw.errors import Unavailable
from whosaw.inquiry import finding as of_finding
from whosaw.inquiry import person as of_person
from whosaw.inquiry.step import Refused
from whosaw.inquiry.unseal import Unsealed, unseal
from whosaw.reviewing import readable
from whosaw.simulate.summer.company import company
from whosaw.simulate.summer.summer import summer
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.spelling import render_base64
from whosaw.verify.steps import FALSE
from whosaw.watching import watch
from whosaw.web.story import Command

SEED = 2022
# The two who inquire: counsel in one country and an analyst in the other, of two lines. Whether that will do, the
# product computes.
ASKS, AGREES = "susan.marrow", "petra.novotna"


@dataclass(slots=True)
class Scenes:
    """What one scene leaves for the next."""

    summer: Summer
    person: str = field(default="", repr=False)
    finding: Finding | None = None
    coverage: tuple[str, ...] = ()
    named: tuple[str, ...] = field(default=(), repr=False)
    affected: tuple[str, ...] = field(default=(), repr=False)
    leaf: int = 0
    records: int = 0
    size: int = 0
    root: str = ""
    keys: tuple[str, ...] = ()


def play(folder: Path, out: Narrator) -> None:
    """Tell the whole story, leaving its data in `folder`. Raises BadInput where something else is there."""
    places = stage.Places(folder)
    stage.clear(folder)
    began = stage.beginning(datetime.now(UTC).date())
    company_ = company(SEED, began)
    cast, acts = Cast(company_), summer(company_, SEED)
    out.scene("A company")
    out.say(
        f"{company_.name} is invented: {len(company_.staff)} staff in two countries, {len(company_.persons)} customers, "
        f"and one summer, {began:%B} to {acts[-1].at:%B %Y}. Its log has keys of its own; leaf 0 fixes them."
    )
    clock = stage.make(places, began)
    with stage.opened(places, clock, company_, acts) as player:
        with progress("the summer") as at:
            scenes = Scenes(player.play(acts, at))
        _summer(scenes, out)
        _allowed(scenes, cast, out)
        _refused(scenes, cast, out)
        _behind(scenes, player, places, out)
        _found(scenes, player, cast, out)
        _named(scenes, player, cast, out)
        _told(scenes, player, places, out)
        until = clock()
    log, statement = _proven(scenes, places, out)
    change, tampered = _tampered(scenes, places, out)
    commands = _commands(folder, scenes)
    text = page(
        Telling(
            origin=stage.ORIGIN,
            made=datetime.now(UTC),
            since=datetime.combine(began, datetime.min.time(), UTC),
            until=until,
            summer=scenes.summer,
            cast=cast,
            finding=_finding(scenes),
            named=scenes.named,
            affected=scenes.affected,
            told=tuple(out.told),
            coverage=scenes.coverage,
            log=log,
            size=scenes.size,
            root=scenes.root,
            keys=scenes.keys,
            person=scenes.person,
            statement=statement,
            records=scenes.records,
            change=change,
            tampered=tampered,
            commands=commands,
        )
    )
    places.page.write_text(text, encoding="utf-8")
    _goodbye(places, commands, out)


def _summer(scenes: Scenes, out: Narrator) -> None:
    summer_ = scenes.summer
    out.scene("People connect, staff work")
    out.say(
        f"{summer_.connections} connections came in over HTTP, through a proxy that is trusted and no other. Each address was "
        "sealed under a key of its person's own.",
        on_page=True,
    )
    out.say(
        f"{len(summer_.shown)} looks were asked for at the gate and shown; the directory of staff and cases was confirmed on "
        f"{summer_.mornings} mornings. {len(summer_.articles)} critical articles appeared.",
        on_page=True,
    )


def _allowed(scenes: Scenes, cast: Cast, out: Narrator) -> None:
    out.scene("A look that serves a purpose")
    # Not the first one: in June so few people have come that a network would point at one of them, and none is shown.
    act, answer = next((a, s) for a, s in scenes.summer.shown if s.values and "/" in s.values[0].text)
    value = answer.values[0]
    out.say(
        f"{act.principal} ({cast.unit(act.principal)}) asked for the address of {act.person}, who had asked for help in case "
        f"{act.case}. Shown was the network, not the address: {value.text}. The look is leaf {answer.index} of the log.",
        on_page=True,
    )
    out.quote((value.caveat,))


def _refused(scenes: Scenes, cast: Cast, out: Narrator) -> None:
    out.scene("The watchers ask, and are refused")
    refused = scenes.summer.refused
    askers = sorted({act.principal for act, _ in refused})
    cities = sorted({cast.unit(each).rpartition(", ")[2] for each in askers})
    out.say(
        f"After the first article, {spelled(len(askers))} of internal audit, in {' and '.join(cities)}, asked for the exact "
        f"addresses of {spelled(len({act.person for act, _ in refused}))} people, under a case that they had opened for each "
        f"other. All {len(refused)} looks were refused, and each refusal is on record.",
        on_page=True,
    )
    out.say("The rules that spoke, and to how many of the looks:")
    rules: Counter[str] = Counter()
    for _, answer in refused:
        rules.update(rule.sentence for rule in answer.decision.rules)
    out.quote(f"{count}× {sentence}" for sentence, count in rules.most_common())


def _behind(scenes: Scenes, player: Player, places: stage.Places, out: Narrator) -> None:
    out.scene("Behind the guard's back")
    out.say(
        "There is an internal tool that asks nobody. Whoever is signed in sees everybody's newest address. But it is a web "
        f"server, and writes an access log: {len(scenes.summer.used)} lines by now. Whosaw reads it, as it would each night.",
        on_page=True,
    )
    by = reader("access", (player.here.folder / "maps" / "access.toml").read_bytes(), "maps/access.toml")
    first = take_in(player.here, by, places.access_log)
    again = take_in(player.here, by, places.access_log)
    out.say(
        f"{first.records} records read, {first.looks} looks recorded, {first.malformed} unreadable. Read once more: "
        f"{again.new} new, {again.known} known."
    )


def _found(scenes: Scenes, player: Player, cast: Cast, out: Narrator) -> None:
    out.scene("The watch finds them")
    run = watch(player.here)
    out.say(run.sentence)
    may = readable(player.here, ASKS)
    told = [finding for finding in run.findings if finding.id in may]
    if not told:
        raise Unavailable("the watch found nothing to tell of", part="demonstration")
    scenes.finding, scenes.coverage = told[0], coverage(run)
    out.say(
        f"What a finding says is told to who may read it, and not to who runs the watch. {ASKS} ({cast.unit(ASKS)}) may; audit is "
        "refused, as it is about audit. It goes to " + " and ".join(sorted({may[finding.id] for finding in told})) + "."
    )
    for finding in told:
        out.quote((f"{finding.id}: {finding.sentence}",))
        out.quote(f"against it: {sentence}" for sentence in finding.counter)
    out.say(f"The watch works on pseudonyms, and knew no name. It said: {scenes.finding.sentence}", on_page=True)


def _named(scenes: Scenes, player: Player, cast: Cast, out: Narrator) -> None:
    out.scene("An inquiry, by two")
    here, found = player.here, _finding(scenes)
    desk, keys = inquiry_desk(here), unseal_keys(here)
    asked = of_finding.finding(found.id, ASKS, desk, key="demo-finding")
    if isinstance(asked, Refused):
        raise Unavailable(f"the inquiry was refused: {asked.sentence}", part="demonstration")
    boss = next(each.staff_id for each in player.company.staff if each.role == "director of audit")
    first = unseal(found.id, ASKS, boss, desk, keys, key="demo-first")
    if isinstance(first, Refused):
        out.say(
            f"{ASKS} ({cast.unit(ASKS)}) asked for the names, with the director of audit agreeing. Refused: "
            + " ".join(reason.sentence for reason in first.reasons),
            on_page=True,
        )
    opened = unseal(found.id, ASKS, AGREES, desk, keys, persons=True, key="demo-names")
    if not isinstance(opened, Unsealed):
        raise Unavailable(f"the names were not opened: {opened.sentence}", part="demonstration")
    scenes.named = tuple(sorted(name.id or name.pseudonym for name in opened.principals))
    scenes.affected = tuple(sorted(name.id or name.pseudonym for name in opened.persons))
    out.say(
        f"With {AGREES} ({cast.unit(AGREES)}), who is independent of {ASKS} and apart from those named, it is "
        f"recorded, and then done: {', '.join(scenes.named)}, and {spelled(len(scenes.affected))} people whom they looked at.",
        on_page=True,
    )
    out.say("The principals:")
    out.quote(f"{name}, {cast.unit(name)}" for name in scenes.named)
    out.say("The people whom they looked at without a reason:")
    out.quote(f"{name}, {cast.about(name)}" for name in scenes.affected)
    scenes.person = next(name for name in scenes.affected if cast.about(name) == "journalist")
    looked = of_person.person(scenes.person, ASKS, desk, key="demo-person")
    if isinstance(looked, Refused):
        raise Unavailable(f"the inquiry was refused: {looked.sentence}", part="demonstration")
    unexplained = [look for look in looked.looks if look.explained is False]
    refused = sum(look.refused for look in unexplained)
    scenes.leaf = next(look.index for look in unexplained if not look.refused)
    out.say(
        f"At {scenes.person}: {len(looked.looks)} looks in all, {len(unexplained)} of them without a reason on file, "
        f"{refused} of these refused. That this was asked stands in their statement as well.",
        on_page=True,
    )


def _finding(scenes: Scenes) -> Finding:
    if scenes.finding is None:
        raise Unavailable("the watch found nothing to tell of", part="demonstration")
    return scenes.finding


def _told(scenes: Scenes, player: Player, places: stage.Places, out: Narrator) -> None:
    out.scene("The person is told")
    made = hand_out_statement(player.here, scenes.person, ASKS)
    if isinstance(made, Refused):
        raise Unavailable(f"the statement was refused: {made.sentence}", part="demonstration")
    write_statement(places.statement, made.raw)
    log = player.here.journal.reader()
    scenes.records, scenes.size = made.records, log.size
    scenes.root = render_base64(log.checkpoint.root).decode()
    scenes.keys = tuple(short(VerifierKey.parse(key)) for key in player.here.journal.genesis.logs)
    out.say(
        f"{scenes.person} asks who saw their data, and gets a file: {made.records} records, each with its proof, and with the "
        "proof that none is missing.",
        on_page=True,
    )


def _proven(scenes: Scenes, places: stage.Places, out: Narrator) -> tuple[Verified, Verified]:
    out.scene("Anybody can check")
    out.say("Two programs of their own, given the published folder, the trust file and the statement, and no key:")
    log = verify("--trust", places.trust, places.public)
    out.quote((f"whosaw verify --trust trust public: exit {log.exit_code}, {log.sentence}",))
    words = ("--trust", places.trust, "--folder", places.public, "--person", scenes.person)
    statement = verify("statement", places.statement, *words)
    out.quote((f"whosaw verify statement: exit {statement.exit_code}, {statement.sentence}",))
    if log.exit_code or statement.exit_code:
        raise Unavailable("the log or the statement did not verify", part="demonstration")
    out.say(
        f"{scenes.person} checked the statement outside, with nothing but these files: {statement.sentence}.",
        on_page=True,
    )
    out.say(f"What it cannot know, it says itself: {log.cannot_know[0]}" if log.cannot_know else "")
    return log, statement


def _tampered(scenes: Scenes, places: stage.Places, out: Narrator) -> tuple[Change, Verified]:
    out.scene("One byte")
    evidence = places.folder / "tampering.evidence"
    with changed(places.public, scenes.leaf, scenes.size) as change:
        out.say(
            f"Somebody with root makes one of these looks another one: leaf {change.leaf}, one bit of byte {change.offset} in "
            f"{change.file}.",
            on_page=True,
        )
        tampered = verify("--trust", places.trust, places.public, "--evidence", evidence)
    out.quote((f"whosaw verify --trust trust public: exit {tampered.exit_code}", *tampered.failures[:3]))
    again = verify("--trust", places.trust, places.public)
    if tampered.exit_code != FALSE or again.exit_code:
        raise Unavailable("the change was not found, or not put right", part="demonstration")
    out.say(f"The byte is put back, and the log verifies again: exit {again.exit_code}.")
    return change, tampered


def _commands(folder: Path, scenes: Scenes) -> tuple[Command, ...]:
    here = f"--data {folder}"
    public, trust = f"{folder}/public", f"{folder}/trust"
    who, found = scenes.person, _finding(scenes).id
    return (
        Command(
            f"whosaw directory load {folder}/directory {here}",
            "confirm the directory as of today: what is stale forbids",
        ),
        Command(f"whosaw inquiry person {who} --as {ASKS} {here}", f"who looked at {who}"),
        Command(f"whosaw inquiry finding {found} --as {ASKS} {here}", "what the finding rests on"),
        Command(f"whosaw statement {who} --as {ASKS} --out mine.json {here}", "the person's statement"),
        Command(
            f"whosaw verify statement mine.json --trust {trust} --folder {public} --person {who}", "as somebody outside"
        ),
        Command(f"whosaw verify --trust {trust} {public}", "the whole log"),
        Command(f"whosaw journal fsck {here}", "everything on the disk"),
    )


def _goodbye(places: stage.Places, commands: Sequence[Command], out: Narrator) -> None:
    out.scene("Go on by yourself")
    out.say(f"The story as a page, readable offline: {places.page}. The commands are in .venv/bin:")
    for command in commands:
        out.plain(f"     {command.line}")
        out.plain(f"         {command.does}")

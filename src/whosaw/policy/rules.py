# SPDX-License-Identifier: Apache-2.0
"""The policy: Cedar files with their sentences, and the purposes, loaded and checked once.

    *.cedar  schema.cedarschema  purposes.toml      shipped ─┐
    own/*.cedar  own/purposes.toml          policy/own.py ──┴─Policy.load──▶ Policy ──▶ decide
      @id("own-data") @sentence("The data belongs to the one who looks.")

Texts are arguments: who reads the disk is not our concern, and `digest` names exactly what was read, and the engine.
Every rule has an id and a sentence, ids are unique over all files, everything is valid under the schema, and a look of
which nothing is known must be refused, or there is no policy at all.   Specification: policy/schema.cedarschema
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import cedarpy

from whosaw.errors import Misconfigured
from whosaw.model.access import LADDER, Asked, Field, Look
from whosaw.model.decision import Rule
from whosaw.policy import own
from whosaw.policy.alike import Alike
from whosaw.policy.blank import Blanks
from whosaw.policy.facts import NOTHING_KNOWN, Facts
from whosaw.policy.form import Form
from whosaw.policy.purposes import Purpose, parse_purposes
from whosaw.policy.question import ACTION, PERSON, PRINCIPAL, Question

# Pinned exactly: Cedar's semantics changed between patch releases. The engine is part of the policy's digest.
ENGINE = "cedarpy 4.12.2"

# What ``decide`` itself says; no rule may say it.
_EXPORTING = "/export"  # behind the code of a purpose: no code has a stroke
OURS = frozenset({"question-unreadable", "nothing-permits"})
_MOST = 64 * 1024  # bytes of own files: they stand in the record of the policy
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ANNOTATIONS = {"id", "sentence", "asker"}
_PARSED = 4096  # texts
_EVERYTHING = frozenset(Asked(f, d) for f in Field for d in LADDER[f])
_HINT = 'every rule opens with @id("small-words") and @sentence("One sentence."); @asker("told") may follow'


class Parsed:
    """Texts of entities that came before, parsed: pure, so the same text is the same entities. Safe to share.

    Who looks and who is looked at have no names here, only facts, and very many of them have the same.
    """

    __slots__ = ("_base", "_known", "_schema")

    def __init__(self, base: cedarpy.Entities, schema: cedarpy.Schema) -> None:
        self._base, self._schema = base, schema
        self._known: dict[str, cedarpy.Entities] = {}

    def of(self, text: str) -> cedarpy.Entities:
        """The purposes and what `text` says. Raises ValueError for what does not fit the schema, and keeps none of it."""
        found = self._known.get(text)
        if found is None:
            found = self._base.with_added_json_str(text, self._schema)
            if len(self._known) >= _PARSED:
                self._known = {}
            self._known[text] = found
        return found


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides. `rules` by id, in the order of the files; `told`: ids whose sentence may go to the one who asked.

    `origin`: the file of each rule. `texts`: every file as it was read, and `files` the digest of each, by name.
    """

    rules: Mapping[str, Rule]
    permits: frozenset[str]
    told: frozenset[str]
    purposes: Mapping[str, Purpose]
    digest: bytes
    files: Mapping[str, bytes]
    texts: Mapping[str, str] = field(repr=False)
    origin: Mapping[str, str] = field(repr=False)
    order: Mapping[str, int] = field(repr=False)
    policies: cedarpy.PolicySet = field(repr=False)
    schema: cedarpy.Schema = field(repr=False)
    base: cedarpy.Entities = field(repr=False)
    parsed: Parsed = field(repr=False)
    form: Form = field(repr=False)
    alike: Alike = field(repr=False)
    blanks: Blanks = field(repr=False)

    def row(self, look: Look) -> str | None:
        """The row that counts for `look`; None where its purpose is not one of the closed list."""
        purpose = self.purposes.get(look.purpose)
        return None if purpose is None else look.purpose + _EXPORTING * purpose.exported(look)

    @classmethod
    def load(cls, texts: Mapping[str, str]) -> Policy:
        """The policy that `texts` (by file name) spell, own files as `own/…`. Raises Misconfigured, naming file and rule."""
        rest = {name: text for name, text in texts.items() if not name.startswith(own.FOLDER)}
        theirs = {name: texts[name] for name in sorted(texts.keys() - rest.keys())}
        try:
            schema_text, purposes_text = rest.pop("schema.cedarschema"), rest.pop("purposes.toml")
        except KeyError as error:
            raise Misconfigured(f"the policy lacks {error.args[0]}", setting=str(error.args[0])) from None
        schema = _schema(schema_text)
        purposes = parse_purposes(purposes_text)
        found: dict[str, dict[str, Any]] = {}
        origin: dict[str, str] = {}
        for name in sorted(rest):
            _read(name, rest[name], schema, found, origin)
        # The shipped ones must stand alone: what an own file adds is no part of what they refuse.
        purposes = _with_own(theirs, purposes, schema, found, origin)
        base = cedarpy.Entities.from_json_str(json.dumps(_rows(purposes)), schema)
        policies = cedarpy.PolicySet.from_json_str(
            json.dumps({"staticPolicies": found, "templates": {}, "templateLinks": []})
        )
        _refuses_the_unknown(policies, base, schema, purposes)
        files = {name: hashlib.sha256(texts[name].encode()).digest() for name in sorted(texts)}
        return cls(
            permits=frozenset(id_ for id_, policy in found.items() if policy["effect"] == "permit"),
            rules={id_: Rule(id_, policy["annotations"]["sentence"]) for id_, policy in found.items()},
            told=frozenset(id_ for id_, policy in found.items() if "asker" in policy["annotations"]),
            purposes=purposes,
            digest=_digest(files),
            files=files,
            texts=dict(texts),
            origin=origin,
            order={id_: place for place, id_ in enumerate(found)},
            policies=policies,
            schema=schema,
            base=base,
            parsed=Parsed(base, schema),
            form=(form := _form(schema_text)),
            alike=(alike := Alike.of(found.values(), form.numbers)),
            blanks=Blanks(form, alike.taken),
        )


def _schema(text: str) -> cedarpy.Schema:
    try:
        return cedarpy.Schema.from_str(text)
    except ValueError as error:
        raise Misconfigured(f"schema.cedarschema: not a schema: {error}", setting="schema.cedarschema") from None


def _form(text: str) -> Form:
    try:
        return Form.of(text)
    except (ValueError, StopIteration) as error:
        raise Misconfigured(
            f"schema.cedarschema: not as ours is written: {error}", setting="schema.cedarschema"
        ) from None


def _with_own(
    texts: Mapping[str, str],
    shipped: Mapping[str, Purpose],
    schema: cedarpy.Schema,
    found: dict[str, dict[str, Any]],
    origin: dict[str, str],
) -> Mapping[str, Purpose]:
    """Add the rules of own files, and the purposes with theirs: they can only narrow (``policy.own``)."""
    for name in texts:
        own.check_name(name)
    if sum(len(text.encode()) for text in texts.values()) > _MOST:
        raise Misconfigured(f"own files of more than {_MOST} bytes together", setting=own.FOLDER, hint="shorten them")
    purposes = own.merged(texts[own.PURPOSES], shipped) if own.PURPOSES in texts else shipped
    codes = purposes.keys() - shipped.keys()
    for name in texts:
        if name != own.PURPOSES:
            before = set(found)
            _read(name, texts[name], schema, found, origin)
            own.check_permits(name, {id_: rule for id_, rule in found.items() if id_ not in before}, codes)
    own.check_permitted(sorted(codes), found)
    return purposes


def _read(
    name: str,
    text: str,
    schema: cedarpy.Schema,
    found: dict[str, dict[str, Any]],
    origin: dict[str, str],
) -> None:
    """Add the rules of one file to `found`, under their own ids instead of the parser's numbers."""
    if not name.endswith(".cedar"):
        raise Misconfigured(f"{name}: a policy has *.cedar, schema.cedarschema and purposes.toml", setting=name)
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise Misconfigured(f"{name}: not Cedar: {error}", setting=name) from None
    if parsed["templates"] or parsed["templateLinks"]:
        raise Misconfigured(f"{name}: a template decides nothing by itself; write the rule out", setting=name)
    for policy in parsed["staticPolicies"].values():
        id_ = _named(name, policy)
        if id_ in found:
            raise Misconfigured(
                f"{name}: rule {id_!r} is there twice", setting=name, hint="ids are unique over all files"
            )
        if policy["annotations"].get("asker") and own.reads_person(policy["conditions"]):
            raise Misconfigured(
                f"{name}: rule {id_!r} is about the person, and would be told to the one who asks",
                setting=name,
                hint="leave @asker out: whoever hears which rule spoke would learn who the person is",
            )
        found[id_], origin[id_] = policy, name
    valid = cedarpy.validate_policies(text, schema)
    if not valid.validation_passed:
        names = valid.id_annotations_by_policy_id
        said = "; ".join(f"{names.get(e.policy_id, e.policy_id)}: {e.error}" for e in valid.errors)
        raise Misconfigured(f"{name}: not valid under the schema: {said}", setting=name)


def _named(name: str, policy: dict[str, Any]) -> str:
    """The rule's own id, its annotations checked."""
    said: dict[str, str | None] = policy.get("annotations", {})
    id_, sentence = said.get("id"), said.get("sentence")
    if not id_ or not _ID.fullmatch(id_) or len(id_) > 60:
        raise Misconfigured(f"{name}: a rule without an @id in small words", setting=name, hint=_HINT)
    if id_ in OURS or id_.startswith("failed"):
        raise Misconfigured(
            f"{name}: {id_!r} is what the gate itself says, and no rule's name", setting=name, hint=_HINT
        )
    if not sentence or not sentence.isprintable() or not sentence.endswith(".") or len(sentence) > 300:
        raise Misconfigured(f"{name}: rule {id_!r} has no @sentence of up to 300 characters", setting=name, hint=_HINT)
    if not said.keys() <= _ANNOTATIONS or said.get("asker", "told") != "told":
        raise Misconfigured(f"{name}: rule {id_!r} has an annotation that nobody reads", setting=name, hint=_HINT)
    return id_


def _refuses_the_unknown(
    policies: cedarpy.PolicySet, base: cedarpy.Entities, schema: cedarpy.Schema, purposes: Mapping[str, Purpose]
) -> None:
    """Ask for everything, knowing nothing. A policy that permits that, or breaks on it, is none."""
    everything = Facts(known=NOTHING_KNOWN, offered=_EVERYTHING, last_look=None)
    for code in (row["uid"]["id"] for row in _rows(purposes)):
        for case in (None, "c"):
            look = Look("l", "e", "p", tuple(Asked(f, LADDER[f][-1]) for f in Field), code, case, "k")
            question = Question.of(look, everything, datetime(2026, 1, 1, tzinfo=UTC), code)
            result = cedarpy.is_authorized(
                {"principal": PRINCIPAL, "action": ACTION, "resource": PERSON, "context": question.context},
                policies,
                base.with_added_json_str(question.entities, schema),
                schema,
            )
            if result.diagnostics.errors or result.decision is not cedarpy.Decision.Deny:
                raise Misconfigured(
                    f"the policy does not refuse a look for {code!r} of which nothing is known",
                    setting="policy",
                    hint="the shipped *.cedar files refuse it; own files may add to them, not replace them",
                )


def _digest(files: Mapping[str, bytes]) -> bytes:
    """One digest over the engine and every file by name: what decided, to the last comma."""
    said = [["engine", ENGINE], *([name, digest.hex()] for name, digest in files.items())]
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(b"whosaw/policy/v1" + text.encode()).digest()


def _rows(purposes: Mapping[str, Purpose]) -> list[dict[str, Any]]:
    """Each purpose as a row, and once more as it is for exports, where those hand out more."""
    wide = [_entity(each.exporting, each.code + _EXPORTING) for each in purposes.values() if each.exports]
    return [_entity(each, each.code) for each in purposes.values()] + wide


def _entity(purpose: Purpose, name: str) -> dict[str, Any]:
    return {
        "uid": {"type": "Purpose", "id": name},
        "parents": [],
        "attrs": {
            "code": purpose.code,
            "fields": sorted({str(m.field) for m in purpose.most}),
            "most": sorted(f"{a.field}:{a.detail}" for a in purpose.needs),
            "tooMuch": sorted(f"{a.field}:{a.detail}" for a in purpose.too_much),
            "needsCase": purpose.needs_case,
            "caseTypes": sorted(purpose.case_types),
            "functions": sorted(purpose.functions),
            "needsApprovals": len(purpose.approvals),
            "needsLegal": "legal" in purpose.approvals,
            "breakGlass": purpose.break_glass,
        },
    }

# SPDX-License-Identifier: Apache-2.0
"""Rule files, read: what stands alone, and what counts matches of others in a window. Strict before anything runs.

    *.yml ──own limits──▶ ──the library of those who use Sigma──▶ Detection: a test of one event
                                                                 Correlation: so much, of these, in so long

Invariant: a rule that is read is understood whole. What it says and we cannot do is named, and no rule of the run is begun.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from whosaw.errors import BadInput, MissingExtra
from whosaw.sigma.condition import Test, compiled
from whosaw.sigma.events import PRODUCT, SOURCES, Source

# A rule is a page. What is longer, deeper or refers to itself is not one.
_MOST_BYTES = 256 * 1024
_MOST_FILES = 1_000
_MOST_DEPTH = 20
_MOST_TEXT = 200
_QUOTED = re.compile("['\"`\n]")

Counting = Literal["event_count", "value_count", "value_sum", "temporal", "temporal_ordered"]
_COUNTING: tuple[Counting, ...] = ("event_count", "value_count", "value_sum", "temporal", "temporal_ordered")


@dataclass(frozen=True, slots=True)
class Detection:
    """A test of one event of the log source `service`. `alone`: it tells by itself, and not only to a correlation."""

    key: str
    title: str
    level: str
    service: str
    test: Test
    alone: bool

    @property
    def source(self) -> Source:
        return SOURCES[self.service]


@dataclass(frozen=True, slots=True)
class Correlation:
    """`least`, counted as `counting` has it over `field`, among the matches of `detections` within `seconds`.

    `group`: for each detection, in their order, the fields whose values must be equal.
    """

    key: str
    title: str
    level: str
    counting: Counting
    detections: tuple[Detection, ...]
    group: tuple[tuple[str, ...], ...]
    seconds: int
    least: int
    field: str | None


@dataclass(frozen=True, slots=True)
class Rules:
    """`elsewhere`: titles of rules for the logs of other systems, which are no business of ours."""

    detections: tuple[Detection, ...]
    correlations: tuple[Correlation, ...]
    elsewhere: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[tuple[str, str, str], ...]:
        """(key, title, level) of those that tell something, as they will be told."""
        return tuple((one.key, one.title, one.level) for one in self.telling)

    @property
    def telling(self) -> tuple[Detection | Correlation, ...]:
        return (*(one for one in self.detections if one.alone), *self.correlations)


def read_rules(places: Sequence[Path]) -> Rules:
    """Of files, and of all `.yml` and `.yaml` files below folders. Raises BadInput naming file and rule; MissingExtra."""
    collection = _library()
    files = list(_files(places))
    parsed = [_parsed(collection, path) for path in files]
    named = [(rule, path.name) for path, rules in zip(files, parsed, strict=True) for rule in rules.rules]
    _apart(named)
    try:
        whole = collection.merge(parsed)
    except Exception as error:  # noqa: BLE001 - whatever it is, it comes of what was read
        raise BadInput(f"the rules do not fit together: {_words(error)}", where="rules") from None
    where = {_key(rule): name for rule, name in named}
    return _understood(whole.rules, where)


def _library() -> Any:
    try:
        from sigma.collection import SigmaCollection
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "sigma":
            raise
        raise MissingExtra("sigma", "reading Sigma rules") from None
    return SigmaCollection


def _policy() -> Any:
    """The library's safe policy: regular expressions that end in linear time. What is wrong with one is printed by nobody."""
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine

    re2: Any = import_module("re2")

    class Quiet(RE2RegexEngine):
        def compile(self, pattern: str, flags: int = 0) -> Any:
            options = re2.Options()
            options.log_errors = False
            re2.compile(pattern, options)  # raises the same error, and does not write the pattern to the terminal first
            return super().compile(pattern, flags)

    return SigmaPolicy(regex_engine=Quiet())


def _files(places: Sequence[Path]) -> Iterator[Path]:
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            below = sorted(path for path in place.rglob("*") if path.suffix in (".yml", ".yaml") and path.is_file())
            if not below:
                raise BadInput("no rules lie there", where=place.name, hint="rules are files that end in .yml")
            found += below
        else:
            found.append(place)
    if len(found) > _MOST_FILES:
        raise BadInput(f"more than {_MOST_FILES:,} rules at once", where="rules")
    yield from found


# ── one file ──


def _parsed(collection: Any, path: Path) -> Any:
    text = _text(path)
    _plain(text, path.name)
    try:
        return collection.from_yaml(text, resolve_references=False, policy=_policy())
    # The library names its own errors, and of odd input Python's come through too: a rule is refused by either.
    except Exception as error:  # noqa: BLE001
        raise BadInput(
            f"no Sigma rule: {_words(error)}", where=path.name, hint="see sigmahq.io/docs/basics/rules.html"
        ) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=path.name) from None
    if len(raw) > _MOST_BYTES:
        raise BadInput(f"longer than {_MOST_BYTES // 1024} KiB", where=path.name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("not UTF-8", where=path.name) from None


def _plain(text: str, name: str) -> None:
    """YAML without what hides or repeats: no reference to another place, no key twice, not deep. Raises BadInput."""
    import yaml

    depth, documents = 0, 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise BadInput("a reference to another place of the file", where=_at(name, event), hint="write it out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MOST_DEPTH:
                raise BadInput(f"more than {_MOST_DEPTH} levels deep", where=_at(name, event))
        for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
            documents += 1
            _once(document, name)
    except yaml.MarkedYAMLError as error:
        raise BadInput(
            "not YAML", where=f"{name}, line {error.problem_mark.line + 1}" if error.problem_mark else name
        ) from None
    except yaml.YAMLError:
        raise BadInput("not YAML", where=name) from None
    if not documents:
        raise BadInput("empty", where=name)


def _once(node: Any, name: str) -> None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise BadInput("a key that is no text", where=_at(name, key))
            if key.value in seen:
                raise BadInput(
                    "a key that stands there twice", where=_at(name, key), hint="the second would hide the first"
                )
            seen.add(key.value)
            _once(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _once(value, name)


def _at(name: str, marked: Any) -> str:
    return f"{name}, line {marked.start_mark.line + 1}"


def _words(error: Exception) -> str:
    """What the library says, without the values of the rule, which may be somebody."""
    # Up to the first quotation mark: behind it a value may stand, in whatever way it is quoted.
    said = _QUOTED.split(str(error), maxsplit=1)[0].strip().rstrip(":")
    return said[:_MOST_TEXT] or type(error).__name__.removeprefix("Sigma")


# ── all of them ──


def _key(rule: Any) -> str:
    """What a rule goes by: its id, else its name, else its title."""
    return str(rule.id or rule.name or rule.title or "a rule without a title")[:_MOST_TEXT]


def _apart(named: Sequence[tuple[Any, str]]) -> None:
    seen: dict[str, str] = {}
    for rule, name in named:
        if (key := _key(rule)) in seen:
            where = name if seen[key] == name else f"{seen[key]}, {name}"
            raise BadInput(f"two rules go by {key}", where=where, hint="give each an id of its own")
        seen[key] = name


def _understood(rules: Sequence[Any], where: dict[str, str]) -> Rules:
    from sigma.correlations import SigmaCorrelationRule

    counted = {
        _key(ref.rule)
        for rule in rules
        if isinstance(rule, SigmaCorrelationRule)
        for ref in rule.rules or ()
        if not rule.generate
    }
    detections: dict[str, Detection] = {}
    correlations: list[Correlation] = []
    elsewhere: dict[str, str] = {}
    for rule in rules:
        at = f"{where.get(_key(rule), 'rules')}: {_title(rule)}"
        if _elsewhere(rule, elsewhere):
            elsewhere[_key(rule)] = _title(rule)
            continue
        try:
            if isinstance(rule, SigmaCorrelationRule):
                correlations.append(_correlation(rule, detections))
            else:
                detections[_key(rule)] = _detection(rule, alone=_key(rule) not in counted)
        except BadInput as error:
            raise BadInput(str(error), where=at, hint=error.hint) from None
        except Exception as error:  # noqa: BLE001 - the library parses a condition when it is first asked for
            raise BadInput(f"no Sigma rule: {_words(error)}", where=at) from None
    if not detections:
        raise BadInput(
            "none of the rules is about looks",
            where=", ".join(sorted(set(where.values()))[:3]),
            hint=f"the log sources here are: product {PRODUCT}, service {' or '.join(SOURCES)}",
        )
    return Rules(tuple(detections.values()), tuple(correlations), tuple(elsewhere.values()))


def _elsewhere(rule: Any, known: Mapping[str, str]) -> bool:
    """Whether a rule is about other logs than ours, or counts only rules that are."""
    log = getattr(rule, "logsource", None)
    if log is not None:
        return bool(log.product != PRODUCT)
    return bool(rule.rules) and all(_key(ref.rule) in known for ref in rule.rules)


def _title(rule: Any) -> str:
    return str(rule.title or _key(rule))[:_MOST_TEXT]


def _level(rule: Any) -> str:
    return rule.level.name.lower() if rule.level is not None else "medium"


def _detection(rule: Any, *, alone: bool) -> Detection:
    log = rule.logsource
    if log.service not in SOURCES or log.category is not None:
        raise BadInput(
            f"{PRODUCT} has no such log source", hint=f"name one service, {' or '.join(SOURCES)}, and no category"
        )
    source = SOURCES[log.service]
    tests = [compiled(condition.parsed, source) for condition in rule.detection.parsed_condition]

    def test(events: Any, inside: Any) -> Any:
        found = tests[0](events, inside)
        for other in tests[1:]:
            found |= other(events, inside)
        return found

    return Detection(_key(rule), _title(rule), _level(rule), log.service, test, alone)


def _correlation(rule: Any, known: dict[str, Detection]) -> Correlation:
    counting = rule.type.name.lower()
    if counting not in _COUNTING:
        raise BadInput(f"{counting} is not counted here", hint=f"there are: {', '.join(_COUNTING)}")
    refs = tuple(_key(ref.rule) for ref in rule.rules or ())
    if any(ref not in known for ref in refs) or not refs:
        raise BadInput("it counts what is no detection rule", hint="a correlation of correlations is not known here")
    detections = tuple(known[ref] for ref in refs)
    field, least = _condition(rule, counting, len(detections))
    if rule.timespan is None:
        raise BadInput("it names no time span", hint="as timespan: 1d")
    for one in detections:
        if field is not None and field not in one.source.fields:
            raise BadInput(f"there is no field {field[:40]!r} in {one.service}")
        if field is not None and (one.source.fields[field] == "whole") != (counting == "value_sum"):
            raise BadInput(
                f"{field} cannot be counted so", hint="value_sum adds whole numbers, value_count counts texts"
            )
    group = tuple(_group(rule, one) for one in detections)
    return Correlation(
        _key(rule), _title(rule), _level(rule), counting, detections, group, rule.timespan.seconds, least, field
    )


def _condition(rule: Any, counting: Counting, rules: int) -> tuple[str | None, int]:
    """What is counted and how much of it is needed."""
    condition = rule.condition
    if not hasattr(condition, "op"):
        raise BadInput(
            "an expression over several rules is not known here", hint="name the rules, and how many of them"
        )
    if condition.op.name not in ("GT", "GTE") or not isinstance(condition.count, int):
        raise BadInput(
            "only a whole number that is reached can be told: gt or gte", hint="what stays away is told by no window"
        )
    least = condition.count + (condition.op.name == "GT")
    if least < 1:
        raise BadInput("it would be true of nothing at all")
    if counting.startswith("temporal"):
        return None, max(least, rules) if condition.count == 1 else least
    field = condition.fieldref if counting.startswith("value") else None
    if isinstance(field, list):
        raise BadInput("the values of several fields are not counted together here")
    return field, least


def _group(rule: Any, detection: Detection) -> tuple[str, ...]:
    # An alias may call a rule by its id or by its name, whatever the list of rules calls it.
    own = {
        str(known) for ref in rule.rules if _key(ref.rule) == detection.key for known in (ref.rule.id, ref.rule.name)
    }
    aliases = {
        alias.alias: next((field for ref, field in alias.mapping.items() if ref.reference in own), None)
        for alias in rule.aliases
    }
    names = []
    for name in rule.group_by or ():
        field = aliases.get(name, name)
        if field is None or detection.source.fields.get(field) not in ("text", "address"):
            raise BadInput(f"matches of {detection.title!r} cannot be grouped by {name[:40]!r}")
        names.append(field)
    return tuple(names)

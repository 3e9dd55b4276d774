"""Changes to the configuration's rules, as edits of its text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from camwire.analytics.rules.renames import successors
from camwire.config import Config, ConfigError
from camwire.config.editing import append, change_list, remove, set_values
from camwire.config.errors import Problem
from camwire.config.loading import check_rules
from camwire.config.rules import Rule
from camwire.server.configuration import Edit, remove_camera
from camwire.server.document import as_text

Settings = Mapping[str, Any]
"""A rule as plain values, with the configuration's keys; what is left out has its default."""

_rule: TypeAdapter[Rule] = TypeAdapter(Rule)


class UnknownRuleError(LookupError):
    """There is no rule of this name."""


class ChangedMeanwhileError(Exception):
    """The rules are no longer those that a change was meant for."""


class NamedByRulesError(Exception):
    """A camera can't go because rules name it."""

    def __init__(self, rules: Sequence[str]) -> None:
        super().__init__(f"these rules name the camera: {', '.join(rules)}")
        self.rules = tuple(rules)


def position(config: Config, name: str) -> int:
    """A rule's place in the list. Raises UnknownRuleError."""
    for index, rule in enumerate(config.rules):
        if rule.name == name:
            return index
    raise UnknownRuleError(name)


def settings_of(rule: Rule) -> dict[str, Any]:
    """All of a rule's settings as plain values, defaults too."""
    return rule.model_dump(mode="json")


def tag_of(config: Config) -> str:
    """Names the rules as they are: other settings or another order, another tag. Written-out defaults change
    nothing."""
    settings = [settings_of(rule) for rule in config.rules]
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:32]


def only_if(tags: Collection[str], edit: Edit) -> Edit:
    """``edit``, where the rules in the file have one of these tags. Raises ChangedMeanwhileError."""

    def guarded(text: str, config: Config) -> str:
        if tag_of(config) not in tags:
            raise ChangedMeanwhileError
        return edit(text, config)

    return guarded


def add_rule(settings: Settings) -> Edit:
    """A new rule behind the others."""
    return lambda text, _: append(text, ("rules",), as_text(dict(settings)))


def change_rule(name: str, settings: Settings) -> Edit:
    """Other settings for a rule; those left out stay."""
    return lambda text, config: set_values(text, ("rules", position(config, name)), as_text(dict(settings)))


def remove_rule(name: str) -> Edit:
    return lambda text, config: remove(text, ("rules", position(config, name)))


def replace_rules(rules: Sequence[Settings]) -> Edit:
    """These and no others. Rules that stay, or have another name only, are changed where they stand; new ones
    come behind them.

    ``rules`` have to be valid: see ``checked``.
    """

    def edit(text: str, config: Config) -> str:
        wanted = _by_present_name(rules, config)
        changes: dict[int, dict[str, Any] | None] = {}
        for place, known in enumerate(config.rules):
            settings = wanted.get(known.name)
            if settings is None or settings["type"] != known.type:
                changes[place] = None
            else:
                del wanted[known.name]
                if changed := dict(_changes(known, settings)):
                    changes[place] = as_text(changed)
        new = [as_text(_without_defaults(settings)) for settings in wanted.values()]
        return change_list(text, ("rules",), changes, new) if changes or new else text

    return edit


def _by_present_name(rules: Sequence[Settings], config: Config) -> dict[str, Settings]:
    """``rules`` by the names of those that they are to replace: their own, or that of the only other with all
    their settings but the name."""
    wanted = {str(settings["name"]): settings for settings in rules}
    known = {rule.name: rule for rule in config.rules}
    gone = {name: _but_its_name(rule) for name, rule in known.items() if name not in wanted}
    new = {
        name: _but_its_name(_rule.validate_python(settings))
        for name, settings in wanted.items()
        if name not in known
    }
    before = {now: name for name, now in successors(gone, new).items()}
    return {before.get(name, name): settings for name, settings in wanted.items()}


def _but_its_name(rule: Rule) -> str:
    return rule.model_dump_json(exclude={"name"})


def without_camera(camera: str, *, change_rules: bool) -> Edit:
    """Remove a camera. Rules that name it are changed too, those left without any removed, or else it is
    refused: raises NamedByRulesError, and UnknownCameraError."""

    def edit(text: str, config: Config) -> str:
        naming = [rule for rule in config.rules if camera in (rule.cameras or ())]
        if naming and not change_rules:
            raise NamedByRulesError([rule.name for rule in naming])
        changes: dict[int, dict[str, Any] | None] = {}
        for place, rule in enumerate(config.rules):
            if camera in (rule.cameras or ()):
                left = [known for known in rule.cameras or () if known != camera]
                changes[place] = as_text({"cameras": left}) if left else None
        if changes:
            text = change_list(text, ("rules",), changes)
        return remove_camera(camera)(text, config)

    return edit


def checked(rules: Sequence[Settings], config: Config) -> tuple[Rule, ...]:
    """The rules beside each other and the configuration's cameras and model.

    Raises ConfigError with every mistake of all of them; each message begins with its rule's name.
    """
    cameras = [camera.id for camera in config.cameras]
    try:
        return check_rules(rules, cameras, config.model.model_dump(mode="json", include={"file", "labels"}))
    except ConfigError as error:
        raise ConfigError([_about_rule(problem, rules) for problem in error.problems]) from None


def _about_rule(problem: Problem, rules: Sequence[Settings]) -> Problem:
    """A problem's line is its rule's position, counted from 1."""
    index = problem.line - 1
    if not 0 <= index < len(rules):
        return problem
    name = rules[index].get("name")
    who = f"rule {name!r}" if isinstance(name, str) and name else f"rules[{index}]"
    return Problem(problem.file, problem.line, problem.column, f"{who}: {problem.message}")


def _changes(known: Rule, settings: Settings) -> Iterator[tuple[str, Any]]:
    """The keys that have another value now."""
    before, wanted = settings_of(known), _rule.validate_python(settings)
    for key, value in settings_of(wanted).items():
        if value != before[key]:
            yield key, settings.get(key, value)


def _without_defaults(settings: Settings) -> dict[str, Any]:
    """What has to be written."""
    told = _rule.validate_python(settings).model_dump(exclude_defaults=True)
    return {key: value for key, value in settings.items() if key in told}

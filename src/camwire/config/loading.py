"""A configuration from a file or from text; every mistake at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from camwire.config.detection import BUNDLED_MODEL
from camwire.config.errors import ConfigError, Problem
from camwire.config.explanation import explain, find_duplicate_ids
from camwire.config.root import Config
from camwire.config.rule_mistakes import find_unfit_rules
from camwire.config.rules import Rule
from camwire.config.secrets import SECRETS, SecretRegistry, SecretUrl
from camwire.config.tree import Tree, read_tree, tree_of_rules

LARGEST_FILE = 1 << 20
"""Bytes; thousands of cameras fit."""


def load(path: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> Config:
    """Read a configuration file; relative paths in it are taken from its folder.

    Its cameras' passwords are added to ``SECRETS``. Raises ConfigError with every mistake found.
    """
    name = os.fspath(path)
    return load_text(read(path), name, folder=Path(path).absolute().parent, environment=environment)


def read(path: str | os.PathLike[str]) -> str:
    """A configuration file's text. Raises ConfigError."""
    name = os.fspath(path)
    return _decoded(_file_bytes(Path(path), name), name)


def load_text(
    text: str, name: str, *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Config:
    """Read a configuration from ``text``; ``name`` stands for it in messages.

    ``folder`` is where relative paths begin; they stay relative without it. ``${NAME}`` is looked up in
    ``environment``, or in ``os.environ`` where that is absent. Raises ConfigError with every mistake found.
    """
    if len(text) > LARGEST_FILE:
        raise _about_file(name, f"larger than {LARGEST_FILE >> 20} MiB; that is no configuration")
    tree = read_tree(text, name, os.environ if environment is None else environment)
    if tree.data is None and not tree.problems:
        raise _about_file(name, "empty; a configuration has at least `cameras:` with a list")
    config = _validated(tree)
    if config is None or tree.problems:
        raise ConfigError(_without_secrets(tree))
    SECRETS.add(*(camera.url for camera in config.cameras), *config.sinks.secrets())
    return config if folder is None else _with_absolute_paths(config, folder)


def check_rules(rules: Sequence[Any], cameras: Iterable[str], model: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Rules as plain values, as JSON has them, for these cameras (ids) and a model's `file` and `labels`.

    Nothing in them is taken for a variable. Raises ConfigError with every mistake found; a problem's line is
    its rule's position, counted from 1.
    """
    around = [{"id": camera, "url": "x"} for camera in cameras]
    tree = tree_of_rules({"cameras": around, "model": dict(model), "rules": list(rules)}, "the rules")
    config = _validated(tree)
    if config is None or tree.problems:
        raise ConfigError(_without_secrets(tree))
    return config.rules


def _validated(tree: Tree) -> Config | None:
    find_duplicate_ids(tree)
    find_unfit_rules(tree)
    data = tree.data
    if isinstance(data, dict):
        # A section whose lines are all commented out is null in YAML, and means its defaults.
        sections = Config.model_fields.keys() - {"cameras"}
        data = {key: value for key, value in data.items() if value is not None or key not in sections}
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        explain(error, tree)
        return None


def _with_absolute_paths(config: Config, folder: Path) -> Config:
    cameras = tuple(
        camera
        if camera.url.scheme
        else camera.model_copy(update={"url": SecretUrl(_absolute(camera.url.reveal(), folder))})
        for camera in config.cameras
    )
    model = config.model
    if model.file != BUNDLED_MODEL:
        model = model.model_copy(update={"file": _absolute(model.file, folder)})
    if model.labels is not None:
        model = model.model_copy(update={"labels": _absolute(model.labels, folder)})
    analytics = config.analytics
    if analytics.nvdsanalytics is not None:
        file = _absolute(analytics.nvdsanalytics, folder)
        analytics = analytics.model_copy(update={"nvdsanalytics": file})
    tracker = config.tracker
    if tracker.config is not None:
        tracker = tracker.model_copy(update={"config": _absolute(tracker.config, folder)})
    files = {
        name: _absolute(file, folder)
        for name in ("parser", "detector_config", "tracker_library", "reid_model")
        if (file := getattr(config.deepstream, name)) is not None
    }
    deepstream = config.deepstream.model_copy(update=files)
    return config.model_copy(
        update={
            "cameras": cameras,
            "model": model,
            "tracker": tracker,
            "analytics": analytics,
            "deepstream": deepstream,
        }
    )


def _absolute(path: str, folder: Path) -> str:
    return str(folder / Path(path).expanduser())


def _without_secrets(tree: Tree) -> list[Problem]:
    """The problems, masked once more: by what the environment gave and by what every URL holds."""
    secrets = SecretRegistry()
    for values in tree.from_environment.values():
        secrets.add(*values)
    secrets.add(*(SecretUrl(text) for text in _texts(tree.data) if "://" in text))
    return [
        Problem(problem.file, problem.line, problem.column, secrets.redact(problem.message))
        for problem in tree.problems
    ]


def _texts(data: object) -> Iterator[str]:
    """Every text in plain data, nested no deeper than the reader lets it be."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _texts(item)


def _file_bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise _about_file(name, "no such file") from None
    except IsADirectoryError:
        raise _about_file(name, "a folder; a configuration is a file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _about_file(name, f"can't be read: {reason}") from None
    if len(data) > LARGEST_FILE:
        raise _about_file(name, f"larger than {LARGEST_FILE >> 20} MiB; that is no configuration")
    return data


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8-sig", errors="replace")) + 1
        message = "not UTF-8 from here on; save the file as UTF-8"
        raise ConfigError([Problem(name, line, column, message)]) from None


def _about_file(name: str, message: str) -> ConfigError:
    return ConfigError([Problem(name, 0, 0, message)])

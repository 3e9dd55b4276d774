"""Seeded random edits of a configuration, sound and unsound, as people and programs make them."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from ruamel.yaml import YAML

from camwire.config import ConfigError, load_text

WITNESSES = ("witness 1", "witness/2 ä")
"""Cameras that no edit touches."""
OTHERS = ("a", "b", "c/d", "e é", "f")

Document = dict[str, Any]


@dataclass(frozen=True)
class FileEdit:
    """The file is written anew; None: it is deleted."""

    content: bytes | None


@dataclass(frozen=True)
class Request:
    """Asked of the REST API."""

    method: Literal["POST", "PATCH", "DELETE"]
    path: str
    body: object
    sound: bool
    """Whether it fits a configuration like the one that runs."""


class Editor:
    """Makes edits at random; the same seed makes the same ones from the same documents."""

    def __init__(self, seed: int, urls: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._urls = urls

    def next(self, document: Document) -> FileEdit | Request:
        """``document``: what runs, as plain values."""
        kinds = [
            self._sound_file,
            self._unsound_file,
            self._damaged_file,
            self._sound_request,
            self._unsound_request,
        ]
        return self._random.choices(kinds, (4, 2, 2, 4, 2))[0](document)

    # --- files ----------------------------------------------------------------------------------------

    def _sound_file(self, document: Document) -> FileEdit:
        changed = deepcopy(document)
        for _ in range(self._random.randint(0, 3)):
            self._random.choice([self._add, self._remove, self._change, self._shuffle, self._section])(
                changed
            )
        return FileEdit(self._text(changed).encode())

    def _unsound_file(self, document: Document) -> FileEdit:
        changed = deepcopy(document)
        self._change(changed)
        mistakes: list[dict[str, Any]] = [
            {"cameras": [*changed["cameras"], changed["cameras"][0]]},
            {"cameras": "none"},
            {"camera": []},
            {"server": {"port": 99_999}},
            {"output": {"jpeg_quality": 0}},
            {"tracker": {"type": "magic"}},
            {"model": {"score_threshold": "high"}},
            {"rules": [{"name": "z", "type": "zone", "cameras": ["nobody"], "polygon": [[0, 0]]}]},
            {"sinks": {"webhooks": [{"name": "x", "url": "ftp://127.0.0.1/"}]}},
            {"events": {"max_days": -1}},
            {"cameras": [*changed["cameras"], {"id": "x", "url": "rtsp://${NOT_SET_ANYWHERE}@h/"}]},
        ]
        changed |= self._random.choice(mistakes)
        return FileEdit(self._text(changed).encode())

    def _damaged_file(self, document: Document) -> FileEdit:
        """Cut off, overwritten in places, empty, or gone; still sound ones are tried again."""
        while True:
            content = bytearray(self._text(document).encode())
            how = self._random.choice(["cut", "cut", "scratch", "scratch", "scratch", "empty", "gone"])
            if how == "gone":
                return FileEdit(None)
            if how == "cut":
                del content[self._random.randrange(len(content)) :]
            elif how == "empty":
                content.clear()
            for _ in range(self._random.randint(1, 5) if how == "scratch" else 0):
                content[self._random.randrange(len(content))] = self._random.choice(
                    b"{}[]:#&*!%@`'\"\t\0\xff-"
                )
            if not is_sound(bytes(content)):
                return FileEdit(bytes(content))

    def _text(self, document: Document) -> str:
        if self._random.random() < 0.3:
            return json.dumps(document, indent=1, ensure_ascii=False)
        written = io.StringIO()
        yaml = YAML()
        yaml.allow_unicode = True
        yaml.dump(document, written)
        return f"# edit {self._random.random()}\n{written.getvalue()}# end\n"

    # --- requests -------------------------------------------------------------------------------------

    def _sound_request(self, document: Document) -> Request:
        there = [camera["id"] for camera in document["cameras"] if camera["id"] in OTHERS]
        absent = [name for name in OTHERS if name not in there]
        values = self._settings()
        choices = [
            Request("PATCH", "/api/v1/model", {"score_threshold": self._random.random()}, sound=True),
            Request("PATCH", "/api/v1/toggles", {"labels": self._random.random() < 0.5}, sound=True),
            Request("POST", "/api/v1/configuration/reload", None, sound=True),
        ]
        if absent:
            new = {"id": self._random.choice(absent), "url": self._random.choice(self._urls), **values}
            choices += [Request("POST", "/api/v1/cameras", new, sound=True)] * 2
        if there:
            path = f"/api/v1/cameras/{self._random.choice(there)}"
            switch = self._random.choice(["enable", "disable"])
            choices += [
                Request("PATCH", path, values, sound=True),
                Request("PATCH", path, {"url": self._random.choice(self._urls)}, sound=True),
                Request("POST", f"{path}/{switch}", None, sound=True),
                Request("DELETE", path, None, sound=True),
            ]
        return self._random.choice(choices)

    def _unsound_request(self, document: Document) -> Request:
        some = f"/api/v1/cameras/{WITNESSES[0]}"
        choices: list[tuple[Literal["POST", "PATCH", "DELETE"], str, object]] = [
            ("POST", "/api/v1/cameras", {"id": WITNESSES[1], "url": self._urls[0]}),
            ("POST", "/api/v1/cameras", {"id": "x" * 256, "url": self._urls[0]}),
            ("POST", "/api/v1/cameras", {"id": "x", "url": "gopher://127.0.0.1/"}),
            ("POST", "/api/v1/cameras", {"id": "x"}),
            ("POST", "/api/v1/cameras", ["x"]),
            ("PATCH", some, {"latency_ms": -1}),
            ("PATCH", some, {"transport": "pigeon"}),
            ("PATCH", some, {"colour": "red"}),
            ("PATCH", some, {"id": "y"}),
            ("PATCH", "/api/v1/cameras/nobody", {"enabled": True}),
            ("DELETE", "/api/v1/cameras/nobody", None),
            ("PATCH", "/api/v1/model", {"iou_threshold": 7}),
            ("PATCH", "/api/v1/toggles", {"everything": True}),
        ]
        return Request(*self._random.choice(choices), sound=False)

    # --- changes of a document ------------------------------------------------------------------------

    def _settings(self) -> Document:
        values: Document = {
            "name": self._random.choice(["Gate", "Hof ü", "x: y # z", "5 $ an hour"]),
            "transport": self._random.choice(["tcp", "udp"]),
            "latency_ms": self._random.randint(0, 200),
            "enabled": self._random.random() < 0.7,
            "detect_interval": self._random.randint(1, 3),
            "score_threshold": self._random.random(),
        }
        return {key: values[key] for key in self._random.sample(sorted(values), self._random.randint(1, 3))}

    def _add(self, document: Document) -> None:
        there = {camera["id"] for camera in document["cameras"]}
        if absent := [name for name in OTHERS if name not in there]:
            new = {
                "id": self._random.choice(absent),
                "url": self._random.choice(self._urls),
                **self._settings(),
            }
            document["cameras"].insert(self._random.randint(0, len(there)), new)

    def _remove(self, document: Document) -> None:
        if others := [camera for camera in document["cameras"] if camera["id"] in OTHERS]:
            document["cameras"].remove(self._random.choice(others))

    def _change(self, document: Document) -> None:
        if others := [camera for camera in document["cameras"] if camera["id"] in OTHERS]:
            self._random.choice(others).update(self._settings())

    def _shuffle(self, document: Document) -> None:
        self._random.shuffle(document["cameras"])

    def _section(self, document: Document) -> None:
        """What concerns all cameras, and still is no reason to open any of them again."""
        sections: list[Document] = [
            {"output": {**document.get("output", {}), "jpeg_quality": self._random.randint(30, 95)}},
            {"model": {"score_threshold": self._random.random()}},
            {"tracker": {"trace_length": self._random.randint(1, 60)}},
            {"overlay": {"traces": self._random.random() < 0.5}},
            {"rules": [_zone(self._random.random())] if self._random.random() < 0.7 else []},
            {"events": {"max_days": self._random.randint(1, 60)}},
        ]
        document.update(self._random.choice(sections))


def _zone(side: float) -> Document:
    corners = [[0.0, 0.0], [0.1 + side * 0.9, 0.0], [0.5, 0.9]]
    return {"name": "zone", "type": "zone", "polygon": corners, "cameras": [WITNESSES[0]]}


def is_sound(content: bytes) -> bool:
    try:
        load_text(content.decode("utf-8-sig"), "c.yaml")
    except (ConfigError, UnicodeDecodeError):
        return False
    return True

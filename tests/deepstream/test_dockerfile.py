"""docker/deepstream.Dockerfile can't be built without NVIDIA's image: what can be said of its text."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from camwire.cli import COMMANDS
from camwire.config.deepstream import DeepstreamConfig
from camwire.config.server import ServerConfig
from camwire.deepstream.tensors import LIBRARY

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker" / "deepstream.Dockerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """Name and rest of each instruction, continued lines joined."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (name, rest.strip())
        for name, _, rest in (line.partition(" ") for line in joined.splitlines())
        if name
    ]


def the_last(name: str) -> str:
    return [rest for each, rest in instructions() if each == name][-1]


def copies() -> list[list[str]]:
    return [shlex.split(rest) for name, rest in instructions() if name == "COPY"]


def test_what_it_copies_is_here() -> None:
    named = [source for words in copies() if not words[0].startswith("--") for source in words[:-1]]
    assert named
    assert [source for source in named if not (ROOT / source).exists()] == []


def test_what_it_copies_is_sent_to_the_builder() -> None:
    ignore = (ROOT / "docker" / "deepstream.Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert "*" in ignore
    assert sent == {source for words in copies() if not words[0].startswith("--") for source in words[:-1]}


def test_the_libraries_are_where_camwire_looks_for_them() -> None:
    (words,) = [words for words in copies() if words[0] == "--from=libraries"]
    folder = words[-1]
    found = {folder + Path(source).name for source in words[1:-1]}
    assert found == {str(LIBRARY), DeepstreamConfig().parser}
    cmake = (ROOT / "deepstream" / "CMakeLists.txt").read_text(encoding="utf-8")
    for source in words[1:-1]:
        assert f"add_library({Path(source).stem.removeprefix('lib')} SHARED" in cmake


def test_every_stage_begins_at_the_same_image() -> None:
    images = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert set(images) == {"nvcr.io/nvidia/deepstream:${DEEPSTREAM}"}
    assert the_last("ARG").startswith("DEEPSTREAM=9.")


def test_it_runs_as_nobody_special() -> None:
    names = [name for name, _ in instructions()]
    assert the_last("USER") == "camwire"
    assert "RUN" not in names[names.index("USER") :]


def test_it_starts_camwire() -> None:
    assert json.loads(the_last("ENTRYPOINT")) == ["camwire"]
    command, _ = json.loads(the_last("CMD"))
    assert command in COMMANDS


def test_it_is_asked_whether_it_answers() -> None:
    check = the_last("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[0] == "python3"
    compile(command[2], "health check", "exec")
    assert f":{ServerConfig().port}/healthz" in command[2]
    assert the_last("EXPOSE") == str(ServerConfig().port)


def test_every_instruction_is_one() -> None:
    known = {
        "ARG",
        "FROM",
        "RUN",
        "COPY",
        "USER",
        "WORKDIR",
        "VOLUME",
        "ENV",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }
    assert {name for name, _ in instructions()} <= known

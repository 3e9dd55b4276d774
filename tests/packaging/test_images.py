"""docker/: nothing is built in a test; this is what can be said of the texts."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from camwire.cli import COMMANDS
from camwire.config import load
from camwire.config.server import ServerConfig
from camwire.server.auth.exposure import ExposedError, check_exposure

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
HOME = "/var/lib/camwire"
PACKAGE = re.compile(r"^([\w.-]+)==", re.MULTILINE)


class Dockerfile:
    """A Dockerfile's instructions, name and rest, by stage."""

    def __init__(self, name: str, lock: str) -> None:
        self.path, self.lock = DOCKER / f"{name}.Dockerfile", lock
        lines = [line for line in self.path.read_text().splitlines() if not line.startswith("#")]
        joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
        parts = (line.partition(" ") for line in joined.splitlines() if line)
        self.instructions = [(name, rest.strip()) for name, _, rest in parts]

    def all(self, name: str) -> list[str]:
        return [rest for each, rest in self.instructions if each == name]

    def last(self, name: str) -> str:
        return self.all(name)[-1]

    def copied(self) -> set[str]:
        """What comes from the tree."""
        words = [shlex.split(rest) for rest in self.all("COPY")]
        return {source for each in words if not each[0].startswith("--") for source in each[:-1]}


LOCKS = {"cpu": "runtime", "cuda": "cuda", "deepstream": "runtime"}


@pytest.fixture(params=["cpu", "cuda"])
def image(request: pytest.FixtureRequest) -> Dockerfile:
    return Dockerfile(request.param, LOCKS[request.param])


@pytest.fixture(params=LOCKS)
def any_image(request: pytest.FixtureRequest) -> Dockerfile:
    """Those too that begin with somebody's own image."""
    return Dockerfile(request.param, LOCKS[request.param])


def test_what_it_copies_is_here_and_is_sent_to_the_builder(any_image: Dockerfile) -> None:
    assert [source for source in any_image.copied() if not (ROOT / source).exists()] == []
    ignore = Path(f"{any_image.path}.dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == any_image.copied()


def test_the_wheels_own_files_are_among_what_it_copies(any_image: Dockerfile) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml", "src"}
    assert named <= any_image.copied()
    assert all(
        package.startswith("src/")
        for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    )


def test_nothing_is_installed_that_is_not_locked(any_image: Dockerfile) -> None:
    installs = [
        command.strip()
        for rest in any_image.all("RUN")
        for command in rest.split("&&")
        if "pip install" in command
    ]
    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or "--no-deps --no-index" in command, command
    assert f"requirements/{any_image.lock}.txt" in any_image.copied()


def test_nothing_but_wheels_is_fetched_and_what_triton_builds_with(image: Dockerfile) -> None:
    fetched = [rest for rest in image.all("RUN") if "apt-get" in rest or "curl" in rest]
    packages = [re.findall(r"install -y --no-install-recommends ([^&]*) &&", rest) for rest in fetched]
    assert packages == ([["gcc libc6-dev"]] if image.lock == "cuda" else [])


def test_the_parts_of_the_driver_that_it_takes_are_asked_for() -> None:
    """`compute` brings CUDA and NVIDIA's program for MPS, `video` NVDEC, `utility` NVML."""
    environment = " ".join(Dockerfile("cuda", LOCKS["cuda"]).all("ENV"))
    [capabilities] = re.findall(r"NVIDIA_DRIVER_CAPABILITIES=(\S+)", environment)
    assert set(capabilities.split(",")) == {"compute", "video", "utility"}


def test_its_lock_holds_all_that_the_project_asks_for(any_image: Dockerfile) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    if any_image.lock == "cuda":
        wanted += project["optional-dependencies"]["cuda"]
    names = {re.split(r"[><=\[]", requirement)[0].replace(".", "-").lower() for requirement in wanted}
    locked = set(PACKAGE.findall((ROOT / "requirements" / f"{any_image.lock}.txt").read_text()))
    assert names - locked == set()


def test_the_build_backend_is_locked() -> None:
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert (ROOT / "requirements" / "build.in").read_text().split() == backend
    assert "hatchling" in PACKAGE.findall((ROOT / "requirements" / "build.txt").read_text())


def test_the_last_stage_has_no_compiler_and_no_sources(image: Dockerfile) -> None:
    names = [name for name, _ in image.instructions]
    last = image.instructions[len(names) - 1 - names[::-1].index("FROM") :]
    assert image.last("FROM") == "python:${PYTHON}"
    assert image.last("ARG").split("=")[1].endswith("slim-bookworm")
    assert [rest for name, rest in last if name == "COPY"] == ["--from=build /opt/camwire /opt/camwire"]
    # An environment knows its own place: what was made under one path doesn't run under another.
    assert "python -m venv /opt/camwire" in " ".join(image.all("RUN"))
    assert "PATH=/opt/camwire/bin:" in " ".join(image.all("ENV"))


def test_it_runs_as_nobody_special(any_image: Dockerfile) -> None:
    names = [name for name, _ in any_image.instructions]
    assert any_image.last("USER") == "camwire"
    assert "RUN" not in names[names.index("USER") :]
    assert any_image.last("WORKDIR") == any_image.last("VOLUME") == HOME


def test_it_starts_camwire_and_is_asked_whether_it_answers(any_image: Dockerfile) -> None:
    assert json.loads(any_image.last("ENTRYPOINT")) == ["camwire"]
    command, config = json.loads(any_image.last("CMD"))
    assert command in COMMANDS
    assert config == f"{HOME}/camwire.yaml"
    check = json.loads(any_image.last("HEALTHCHECK").partition("CMD ")[2])
    compile(check[2], "health check", "exec")
    assert f":{ServerConfig().port}/healthz" in check[2]
    assert any_image.last("EXPOSE") == str(ServerConfig().port)


def test_every_instruction_is_one(image: Dockerfile) -> None:
    known = {"ARG", "FROM", "RUN", "COPY", "USER", "WORKDIR", "VOLUME", "ENV", "EXPOSE", "HEALTHCHECK"}
    assert {name for name, _ in image.instructions} <= known | {"ENTRYPOINT", "CMD"}


# --- compose.yaml and its example of a configuration ------------------------------------------------


def services() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load((DOCKER / "compose.yaml").read_text())
    found: dict[str, Any] = document["services"]
    return found


@pytest.mark.parametrize("name", ["camwire", "camwire-cuda"])
def test_a_service_is_built_from_an_image_that_is_here(name: str) -> None:
    build = services()[name]["build"]
    context = DOCKER / build["context"]
    assert context.resolve() == ROOT
    assert (context / build["dockerfile"]).is_file()


@pytest.mark.parametrize("name", ["camwire", "camwire-cuda"])
def test_out_of_the_box_nobody_else_reaches_it_and_nothing_is_lost(name: str) -> None:
    service = services()[name]
    port = ServerConfig().port
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert [volume.partition(":")[2] for volume in service["volumes"]] == [HOME]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert "command" not in service, "as the image says: without --insecure"


def test_the_example_takes_an_account() -> None:
    config = load(DOCKER / "camwire.yaml", {"GATE_PASSWORD": "x"})
    with pytest.raises(ExposedError, match="camwire accounts add"):
        check_exposure(config.server, has_accounts=False, insecure=False)
    assert check_exposure(config.server, has_accounts=True, insecure=False)
    assert config.server.port == ServerConfig().port

"""The command line's frame: commands, exit statuses, what is shown when something goes wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from camwire import __version__, cli
from camwire.cli import CommandError, main
from camwire.config import Config
from camwire.config.secrets import SECRETS

GOOD = """\
cameras:
  - {id: gate, url: "rtsp://admin:hunter2@10.0.0.5/s"}
  - {id: off, url: a.mp4, enabled: false}
"""


def run(*arguments: str) -> int:
    """The exit status, whether returned or raised."""
    try:
        return main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A command `fail` that raises what is put into the list."""
    errors: list[BaseException] = []

    def command() -> None:
        """Fail."""
        raise errors.pop()

    module = ModuleType("camwire.cli.fail")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli.COMMANDS, "fail", module.__name__)
    return errors


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"camwire {__version__}\n"


def test_help_lists_the_commands_but_not_the_hidden_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    listed = {
        line.split()[0]
        for line in capsys.readouterr().out.partition("Commands:")[2].splitlines()
        if line.strip()
    }
    assert listed >= {"check", "doctor"}
    assert listed == set(cli.COMMANDS) - cli.HIDDEN


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, "--help") == 0
    assert f"Usage: camwire {name}" in capsys.readouterr().out


def test_an_unknown_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chek") == 2
    assert "Did you mean 'check'" in capsys.readouterr().err


def test_an_unexpected_error_is_one_line_without_secrets(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.append(RuntimeError("can't open\nrtsp://admin:hunter2@10.0.0.5/s"))
    assert run("fail") == 1
    shown = capsys.readouterr().err
    assert shown == (
        "camwire: RuntimeError: can't open rtsp://***@10.0.0.5/s (CAMWIRE_TRACEBACK=1 shows where)\n"
    )
    monkeypatch.setenv("CAMWIRE_TRACEBACK", "1")
    failing.append(RuntimeError("rtsp://admin:hunter2@10.0.0.5/s"))
    assert run("fail") == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "hunter2" not in shown


def test_a_command_s_own_error_is_its_message_and_status(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(CommandError("port 8080 is in use", 7))
    assert run("fail") == 7
    assert capsys.readouterr().err == "camwire: port 8080 is in use\n"


def test_ctrl_c_ends_with_130_and_says_nothing(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(KeyboardInterrupt())
    assert run("fail") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_check_lists_all_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("camera: []\nserver: {port: 99999}\n")
    assert run("check", str(path)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.removeprefix(str(path)) for line in lines] == [
        ":1:1: cameras is missing; it is a list; each item a section with the keys id, name, url, enabled, "
        "transport, latency_ms, drop_on_latency, detect_interval, "
        "score_threshold, iou_threshold, classes, per_class",
        f":1:1: unknown key 'camera'; allowed: {', '.join(Config.model_fields)}; did you mean cameras?",
        ":2:16: port is 99999; allowed: 0 to 65535",
    ]


def test_check_sums_up_what_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(GOOD)
    assert run("check", str(path)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "cameras  1 and 1 disabled",
        "  gate: rtsp://***@10.0.0.5/s",
        "model    nanodet",
        "address  http://127.0.0.1:8080/",
    ]
    assert SECRETS.redact("hunter2") == "***"


def test_check_without_a_file_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 2
    assert "camwire check CONFIG.yaml" in capsys.readouterr().err


def test_the_schema_is_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--schema") == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["required"] == ["cameras"]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["ServerConfig"]["properties"]["port"]["maximum"] == 65535
    assert "anyOf" in schema["$defs"]["OutputConfig"]["properties"]["size"]


@pytest.mark.integration
def test_check_starts_no_heavy_library_and_runs_as_a_module(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(GOOD)
    code = (
        "import sys, camwire.cli\n"
        "try:\n    camwire.cli.main(['check', sys.argv[1]])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "print(sorted({'openvino', 'cv2', 'av', 'scipy', 'fastapi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    done = subprocess.run(
        [sys.executable, "-m", "camwire", "check", str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["check", "--schema"], ["check", "{config}"], ["--help"], ["doctor"]])
def test_a_reader_who_has_seen_enough_is_no_failure(tmp_path: Path, arguments: list[str]) -> None:
    """As `| head` ends: the pipe has nobody at its other end."""
    path = tmp_path / "c.yaml"
    path.write_text(GOOD)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [argument.format(config=path) for argument in arguments]
        ended = subprocess.run(
            [sys.executable, "-m", "camwire", *command], stdout=writing, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")

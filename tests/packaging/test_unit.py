"""packaging/camwire.service: as systemd reads it, where there is one."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from camwire.cli import COMMANDS
from camwire.cli.errors import WRONG_CONFIGURATION
from camwire.server.supervisor import GRACE

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging" / "camwire.service"
SETTINGS = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE))


def test_it_starts_camwire_without_a_shell_between() -> None:
    """The process that systemd starts is the one that speaks to it."""
    program, command, config = shlex.split(SETTINGS["ExecStart"])
    assert Path(program).name == "camwire"
    assert command in COMMANDS
    # Changes by programs and accounts are written beside the configuration.
    assert Path(config).parent == Path(SETTINGS["WorkingDirectory"])
    assert Path(config).parent == Path("/var/lib") / SETTINGS["StateDirectory"]
    assert (SETTINGS["Type"], SETTINGS["NotifyAccess"]) == ("notify", "main")


def test_it_is_given_the_time_that_it_takes_and_not_started_over_mistakes() -> None:
    assert int(SETTINGS["TimeoutStopSec"]) > GRACE + 1
    assert int(SETTINGS["WatchdogSec"]) >= 10
    assert SETTINGS["RestartPreventExitStatus"] == str(WRONG_CONFIGURATION)
    assert SETTINGS["User"] not in ("", "root")


def test_no_executable_memory_is_forbidden() -> None:
    """Model runtimes compile their kernels into memory."""
    assert "MemoryDenyWriteExecute" not in SETTINGS


@pytest.mark.integration
def test_systemd_has_nothing_to_say_against_it(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not here")
    # What it starts has to exist.
    text = UNIT.read_text().replace(SETTINGS["ExecStart"].split()[0], "/bin/sh")
    unit = tmp_path / "camwire.service"
    unit.write_text(text)
    said = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, timeout=240)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    unit.write_text(text.replace("NoNewPrivileges=", "NoNewPriviledges="))
    said = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, timeout=240)
    assert "NoNewPriviledges" in said.stderr

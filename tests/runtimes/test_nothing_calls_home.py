"""OpenVINO's package reports its own import to its maker, and camwire's users have not agreed to that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.files import save_dynamic

RUN = """
import sys
from pathlib import Path
from camwire.models.signature import read_signature

read_signature(Path(sys.argv[1]))
told = [name for name in sys.modules if name.startswith("openvino_telemetry.")]
assert not told, told
from openvino.tools.ovc.telemetry_utils import tm
assert tm.__name__.endswith("telemetry_stub"), tm
"""


@pytest.mark.integration
def test_openvino_reports_nothing_and_leaves_no_id_behind(tmp_path: Path) -> None:
    model = save_dynamic(tmp_path / "m.onnx")
    home = tmp_path / "home"
    home.mkdir()
    quiet = {name: value for name, value in os.environ.items() if name != "CI"}  # it keeps quiet in CI anyway
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(model)],
        env={**quiet, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []

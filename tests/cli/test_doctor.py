"""`camwire doctor` finds what is here, and never fails over what isn't."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest

from camwire.cli import diagnosis, doctor
from camwire.cli.diagnosis import Finding, MissingError, Probe, can_run, diagnose
from camwire.server.mps.daemon import Daemon
from tests.cli.test_main import run
from tests.support import mps_program


def finding(*, present: bool, needed: bool, fix: str | None = None) -> Finding:
    return Finding("runtimes", "thing", present, needed, "1.0" if present else "not installed", fix)


def test_camwire_runs_when_everything_needed_is_present() -> None:
    assert can_run([finding(present=True, needed=True), finding(present=False, needed=False)])
    assert not can_run([finding(present=True, needed=True), finding(present=False, needed=True)])


def test_what_is_missing_comes_with_the_line_that_adds_it() -> None:
    def look() -> str:
        raise MissingError("not installed")

    found = Probe("runtimes", "thing", look, "pip install thing").finding()
    line = f"{sys.executable} -m pip install thing"
    assert found == finding(present=False, needed=False, fix=line)
    assert doctor.table([found]).splitlines() == [
        "runtimes",
        "  no   thing  not installed",
        f"              add it: {line}",
    ]


def test_a_broken_package_is_a_finding() -> None:
    def look() -> str:
        raise OSError("libfoo.so.1:\n cannot open shared object file")

    found = Probe("runtimes", "thing", look, "pip install thing", needed=True).finding()
    assert not found.present
    assert found.detail == "broken: OSError: libfoo.so.1: cannot open shared object file"
    assert found.fix == f"{sys.executable} -m pip install thing"


def test_doctor_outlives_a_machine_without_any_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(diagnosis, "find_spec", lambda name: None)
    assert run("doctor") == 1
    shown = capsys.readouterr().out
    assert "NO   PyAV" in shown
    assert f"add it: {sys.executable} -m pip install 'camwire[onnxruntime]'" in shown
    assert "camwire can't run here" in shown


@pytest.mark.integration
def test_doctor_outlives_a_broken_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", ModuleType("openvino"))
    found = {each.name: each for each in diagnose()}
    assert found["openvino"].detail.startswith("broken: ")


@pytest.mark.integration
def test_doctor_finds_what_this_machine_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["can_run"] is True
    found = {each["name"]: each for each in report["findings"]}
    assert {"PyAV", "H.264", "H.265", "AV1", "MJPEG", "cpu", "cuda", "openvino", "RTSP server"} <= set(found)
    assert "FFmpeg" in found["PyAV"]["detail"]
    assert found["openvino"]["detail"].endswith("on this CPU")
    assert all(each["fix"] is None for each in found.values() if each["present"])


@pytest.mark.integration
def test_with_a_gpu_in_the_machine_what_it_takes_is_looked_at_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("camwire.cli.diagnosis._has_nvidia_card", lambda: True)
    found = {finding.name: finding for finding in diagnose() if finding.group == "devices"}
    own = ["packages", "H.264", "H.265", "AV1", "MPS", "compiler"]
    assert list(found) == ["cpu", "cuda", *(f"cuda {name}" for name in own)]
    if found["cuda"].present:
        pytest.skip("this machine has a GPU that works")
    assert "NVIDIA's driver" in found["cuda packages"].detail
    assert found["cuda packages"].fix == f"{sys.executable} -m pip install 'camwire[cuda]'"


def test_a_module_that_another_distribution_brings_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime-gpu brings the module onnxruntime."""
    versions = {"onnxruntime-gpu": "1.31.1"}

    def version(name: str) -> str:
        try:
            return versions[name]
        except KeyError:
            raise diagnosis.metadata.PackageNotFoundError(name) from None

    monkeypatch.setattr(diagnosis, "find_spec", lambda name: object())
    monkeypatch.setattr(diagnosis.metadata, "version", version)
    assert diagnosis._package("onnxruntime", "onnxruntime-gpu", "onnxruntime") == "1.31.1"
    assert diagnosis._package("tensorrt", "tensorrt-cu13", "tensorrt") == "version unknown"


def test_without_mps_the_package_that_brings_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path / "none"))
    with pytest.raises(MissingError, match="nvidia-cuda-mps-control is not installed"):
        diagnosis._mps()
    version = tmp_path / "version"
    version.write_text("580.95.05\n")
    monkeypatch.setattr(diagnosis, "DRIVER_VERSION", version)
    lines = {}
    for system in ("debian", "ubuntu", "fedora"):
        monkeypatch.setattr(
            diagnosis.platform, "freedesktop_os_release", lambda system=system: {"ID": system}
        )
        lines[system] = diagnosis._mps_line()
    assert lines == {
        "debian": "sudo apt install nvidia-cuda-mps",
        "ubuntu": "sudo apt install nvidia-compute-utils-580",
        "fedora": None,
    }
    monkeypatch.setattr(diagnosis, "DRIVER_VERSION", tmp_path / "none")
    monkeypatch.setattr(diagnosis.platform, "freedesktop_os_release", lambda: {"ID": "ubuntu"})
    assert diagnosis._mps_line() is None


def test_what_kernels_are_compiled_with_is_named_or_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(diagnosis.compiler, "missing", lambda: None)
    monkeypatch.setattr(diagnosis.compiler, "compiler", lambda: "/usr/bin/gcc")
    assert diagnosis._compiler() == "/usr/bin/gcc for Triton"
    monkeypatch.setattr(diagnosis.compiler, "missing", lambda: "a C compiler, which Triton wants")
    with pytest.raises(MissingError, match="no C compiler, which Triton wants; "):
        diagnosis._compiler()


@pytest.mark.integration
def test_mps_that_is_there_is_named_and_so_is_a_daemon_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory(prefix="camwire-test-", dir="/tmp") as folder:
        place = Path(folder)
        program = mps_program.install(place)
        monkeypatch.setenv("PATH", str(place))
        monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(place / "mps"))
        assert diagnosis._mps() == f"{program}; camwire runs a daemon of its own"
        daemon = Daemon(program, place / "mps")
        try:
            assert diagnosis._mps() == f"a daemon runs, in {place}/mps; camwire uses it"
        finally:
            daemon.end()

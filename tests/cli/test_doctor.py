"""`camwire doctor` finds what is here, and never fails over what isn't."""

import json
import sys
from types import ModuleType

import pytest

from camwire.cli import diagnosis, doctor
from camwire.cli.diagnosis import Finding, MissingError, Probe, can_run, diagnose
from tests.cli.test_main import run


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
    assert list(found) == ["cpu", "cuda", "cuda packages", "cuda H.264", "cuda H.265", "cuda AV1"]
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

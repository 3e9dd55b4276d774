"""Where the kernels run in these tests: built for the CPU everywhere, and on the GPU where there is one."""

import shutil
from functools import partial

import pytest

from tests.conftest import missing_package
from tests.devices.cuda.runners import GpuRunner, HostRunner, compile_for_host
from tests.support.once import made_once


@pytest.fixture(scope="session")
def host_runner(tmp_path_factory: pytest.TempPathFactory) -> HostRunner:
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        missing_package("a C++ compiler, which builds the CUDA kernels for the CPU,", "sudo apt install g++")
    assert compiler is not None
    return HostRunner(made_once(tmp_path_factory, "cuda-kernels", partial(compile_for_host, compiler)))


@pytest.fixture(params=["host", pytest.param("gpu", marks=pytest.mark.gpu)])
def runner(request: pytest.FixtureRequest) -> HostRunner | GpuRunner:
    if request.param == "host":
        return request.getfixturevalue("host_runner")
    request.getfixturevalue("gpu")
    return GpuRunner()


@pytest.fixture(scope="session")
def gpu() -> None:
    """What tests on the GPU ask for; without one they skip and say what is missing."""
    from camwire.devices import DeviceError
    from camwire.devices.cuda.context import open_context

    try:
        open_context(0)
    except DeviceError as error:
        pytest.skip(f"no GPU tests: {error}")

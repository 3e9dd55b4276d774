"""Tests with a real GPU; without one they skip and say what is missing."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from camwire.devices import DeviceError
from camwire.devices.cuda import CudaDevice


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gpu)
            # PyTorch's own exporter still uses what PyTorch deprecates.
            item.add_marker(pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"))


@pytest.fixture(scope="session")
def device() -> CudaDevice:
    try:
        return CudaDevice(0)
    except DeviceError as error:
        pytest.skip(f"no GPU tests: {error}")


def pictures_of(seed: int, width: int, height: int, count: int) -> Iterator[np.ndarray]:
    """Colourful blocks that move; [H, W, 3] RGB."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 40 + 2, width // 40 + count + 2, 3), np.uint8)
    whole = coarse.repeat(40, axis=0).repeat(40, axis=1)
    for number in range(count):
        yield np.ascontiguousarray(whole[:height, number * 8 : number * 8 + width])


def write_clip(path: Path, codec: str, pixel_format: str, width: int, height: int, count: int = 12) -> Path:
    return write_pictures(path, pictures_of(1, width, height, count), width, height, codec, pixel_format)


def write_pictures(
    path: Path,
    pictures: Iterable[np.ndarray],
    width: int,
    height: int,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
) -> Path:
    with av.open(str(path), "w") as writer:
        options = {"x265-params": "log-level=none:bframes=0"} if codec == "libx265" else {"bf": "0"}
        video = writer.add_stream(
            codec, rate=Fraction(25), options=options if codec.startswith("libx26") else {}
        )
        video.width, video.height, video.pix_fmt = width, height, pixel_format
        video.codec_context.bit_rate = 4_000_000
        for picture in pictures:
            writer.mux(
                video.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pixel_format))
            )
        writer.mux(video.encode(None))
    return path

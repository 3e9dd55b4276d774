"""What kind of video a GPU's decoder is asked about, with a stand-in for the driver's answer."""

import pytest

from camwire.devices.cuda import decoder
from camwire.devices.cuda.decoder import Sampling, refusal, sampling_of


@pytest.mark.parametrize(
    ("pixel_format", "sampling"),
    [
        ("yuv420p", Sampling("420", 8)),
        ("yuvj420p", Sampling("420", 8)),
        ("yuv420p10le", Sampling("420", 10)),
        ("yuv422p12be", Sampling("422", 12)),
        ("yuv444p", Sampling("444", 8)),
        ("gray", Sampling("400", 8)),
        ("gray10le", Sampling("400", 10)),
        ("nv12", Sampling("420", 8)),
        (None, Sampling("420", 8)),
    ],
)
def test_pixel_formats(pixel_format: str | None, sampling: Sampling) -> None:
    assert sampling_of(pixel_format) == sampling


def test_the_reason_says_what_the_chip_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """An H100: H.264 of 8 bits, H.265 of 8 and 10, no AV1."""
    chip = {(4, 1, 8), (8, 1, 8), (8, 1, 10)}
    monkeypatch.setattr(
        decoder, "_supported", lambda index, codec, chroma, bits: (codec, chroma, bits) in chip
    )
    assert refusal(0, "h264", "yuv420p") is None
    assert refusal(0, "hevc", "yuv420p10le") is None
    assert refusal(0, "h264", "yuv420p10le") == (
        "cuda:0 can't decode h264 of 4:2:0, 10 bits: the chip's decoder doesn't know it"
    )
    assert refusal(0, "av1", "yuv420p") == (
        "cuda:0 can't decode av1 of 4:2:0, 8 bits: the chip's decoder doesn't know it"
    )
    assert refusal(1, "hevc", "yuv444p") == "cuda:1 takes 4:2:0 video; this is hevc, 4:4:4, 8 bits"
    assert refusal(0, "ffv1", "yuv420p") == "cuda:0 can't decode ffv1 video; it decodes h264, hevc"

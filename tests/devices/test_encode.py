"""JPEG."""

import cv2
import numpy as np

from camwire.devices.cpu.encode import CpuEncoder

encode = CpuEncoder()


def gradient() -> np.ndarray:
    ramp = np.linspace(0, 255, 160, dtype=np.uint8)
    return np.dstack(
        [np.tile(ramp, (90, 1)), np.tile(ramp[::-1], (90, 1)), np.full((90, 160), 128, np.uint8)]
    )


def test_pictures_come_back_in_order_and_alike():
    pictures = [gradient(), gradient()[:, ::-1]]
    for picture, jpeg in zip(pictures, encode(pictures, 85), strict=True):
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert cv2.PSNR(picture, decoded) > 32


def test_quality_costs_bytes():
    noise = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    small, middle, large = (len(encode([noise], quality)[0]) for quality in (10, 50, 95))
    assert small < middle < large


def test_no_pictures_no_jpegs():
    assert encode([], 85) == []

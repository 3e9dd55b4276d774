"""Devices: where pictures are decoded, looked at and drawn."""

import re
from typing import Annotated

from pydantic import AfterValidator

_NAME = re.compile(r"cpu|cuda:\d{1,3}")
_CHOICE = re.compile(rf"auto|cuda|{_NAME.pattern}")


def _is_choice(text: str) -> str:
    if not _CHOICE.fullmatch(text):
        raise ValueError("a device is auto, cpu, cuda (every NVIDIA GPU), cuda:0 (the first one), cuda:1, …")
    return text


def _is_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("a device in this list is cpu, cuda:0 (the first NVIDIA GPU), cuda:1, …")
    return text


DeviceChoice = Annotated[str, AfterValidator(_is_choice)]
DeviceName = Annotated[str, AfterValidator(_is_name)]


def _are_different(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError("devices is a list of at least one device, each named once")
    return names


DeviceNames = Annotated[tuple[DeviceName, ...], AfterValidator(_are_different)]

"""A DeepStream engine on the stand-ins, and clips for it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from camwire.analytics.rules.events import Event
from camwire.deepstream.engine import DeepstreamEngine
from camwire.deepstream.metadata import Metadata
from camwire.devices.cpu import CpuDevice
from camwire.frames import Frame
from camwire.link.pictures import Rendition
from camwire.link.reports import CameraReport
from tests.conftest import missing_package
from tests.deepstream.clips import box_clip
from tests.deepstream.native.libraries import Libraries, libraries
from tests.support import deepstream_stand_ins as stand_ins
from tests.support.waiting import wait_for

INSTALL = "sudo apt-get install python3-gi gir1.2-gstreamer-1.0 gstreamer1.0-plugins-base gstreamer1.0-libav"


@pytest.fixture(scope="session")
def binding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that makes GStreamer's Python binding importable as PYTHONPATH."""
    folder = tmp_path_factory.mktemp("binding")
    if not stand_ins.available(folder):
        missing_package("GStreamer's Python binding", INSTALL)
    stand_ins.make_binding_importable(folder)
    return folder


@pytest.fixture(scope="session")
def elements(binding: Path) -> None:
    """The stand-ins, registered in this process."""
    stand_ins.register()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return box_clip(tmp_path_factory.mktemp("clips") / "box.mp4")


@dataclass
class Rig:
    """An engine and what it has published."""

    engine: DeepstreamEngine
    pictures: dict[tuple[str, Rendition], list[tuple[Frame, bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    events: list[Event] = field(default_factory=list)
    takes: bool = True
    """Whether the link takes what is published."""

    def publish(self, frame: Frame, payload: bytes, rendition: Rendition) -> bool:
        if self.takes:
            self.pictures[frame.camera, rendition].append((frame, payload))
        return self.takes

    def of(self, camera: str, rendition: Rendition = "full") -> list[tuple[Frame, bytes]]:
        return self.pictures[camera, rendition]

    def report(self, camera: str) -> CameraReport:
        return next(one for one in self.engine.report() if one.id == camera)

    def wait_for_pictures(self, camera: str, more: int = 3, rendition: Rendition = "full") -> None:
        """Until the camera has so many pictures more than now."""
        target = len(self.of(camera, rendition)) + more
        wait_for(lambda: len(self.of(camera, rendition)) >= target, f"{more} pictures of {camera}")

    @property
    def gst(self) -> Any:
        """The Gst.Pipeline that runs."""
        runner = self.engine._runner
        assert runner is not None
        pipeline = wait_for(lambda: runner._pipeline, "a pipeline")
        return pipeline._pipeline


@pytest.fixture
def rig(elements: None) -> Iterator[Rig]:
    from tests.support.deepstream_stand_ins.metadata import StandInMetadata

    with running(StandInMetadata()) as made:
        yield made


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Libraries:
    """camwire's libraries for DeepStream, compiled for the tests."""
    return libraries(tmp_path_factory)


@pytest.fixture
def native_rig(elements: None, native: Libraries) -> Iterator[Rig]:
    """With the C library between the stand-ins' metadata and the engine."""
    from tests.support.deepstream_stand_ins.native import NativeStandIns

    with running(NativeStandIns(native)) as made:
        yield made


@contextmanager
def running(metadata: Metadata) -> Iterator[Rig]:
    from tests.support.deepstream_stand_ins import faults

    holder: list[Rig] = []

    def publish(frame: Frame, payload: bytes, rendition: Rendition) -> bool:
        return holder[0].publish(frame, payload, rendition)

    def events(new: Sequence[Event]) -> None:
        holder[0].events.extend(new)

    engine = DeepstreamEngine(CpuDevice(), publish, metadata=metadata, on_events=events)
    holder.append(Rig(engine))
    yield holder[0]
    faults.clear()
    assert engine.stop(10.0)
    left = [
        thread.name for thread in threading.enumerate() if thread.name in ("deepstream", "drawer", "tensors")
    ]
    assert left == []

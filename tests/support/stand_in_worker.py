"""A worker without cameras: follows the link's protocol and sends drawn pictures and made-up statistics.

Cameras come from the desired state. One whose URL is ``synthetic:lost`` stays in state retrying. Run it
as the server runs a worker: ``python -m tests.support.stand_in_worker --name cpu --link FOLDER``.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import cv2
import msgspec
import numpy as np
import zmq

from camwire.link.desired import DesiredCamera, DesiredState
from camwire.link.endpoint import Endpoints
from camwire.link.message import Message
from camwire.link.messages import Hello, Stop, decode_downward, encode
from camwire.link.pictures import FrameHeader, FrameObjects, Rendition, encode_objects
from camwire.link.reports import CameraReport, Quantiles, Statistics

LOST = "synthetic:lost"
COLOURS = [(80, 190, 120), (200, 140, 60), (90, 110, 220), (190, 90, 190), (60, 190, 210)]


class StandIn:
    """One thread: reads what the server wants, draws when a picture is due, reports once a second."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        context = zmq.Context.instance()
        self.control = context.socket(zmq.DEALER)
        self.control.setsockopt(zmq.IDENTITY, name.encode())
        self.control.setsockopt(zmq.LINGER, 200)
        self.control.connect(endpoints.control)
        self.frames = context.socket(zmq.PUSH)
        self.frames.setsockopt(zmq.SNDHWM, 32)
        self.frames.setsockopt(zmq.LINGER, 0)
        self.frames.connect(endpoints.frames)
        self.name = name
        self.state: DesiredState | None = None
        self.sequence = 0
        self.sent: dict[str, int] = {}
        self.link_drops: dict[str, int] = {}
        self.unwatched: dict[str, int] = {}

    def run(self) -> None:
        next_picture = next_report = time.monotonic()
        parent = os.getppid()
        while os.getppid() == parent:
            now = time.monotonic()
            if now >= next_report:
                next_report = now + 1.0
                self.report()
            if self.state and now >= next_picture:
                next_picture = max(next_picture + 1 / (self.state.output.max_fps or 20), now)
                self.send_pictures(self.state)
            wait = min(next_report, next_picture if self.state else next_report) - time.monotonic()
            if self.control.poll(max(0, round(wait * 1000))):
                message = decode_downward(self.control.recv())
                if isinstance(message, Stop):
                    return
                if isinstance(message, DesiredState):
                    self.follow(message)

    def follow(self, state: DesiredState) -> None:
        if self.state is None or state.stats_epoch != self.state.stats_epoch:
            self.sent.clear()
            self.link_drops.clear()
            self.unwatched.clear()
        self.state = state

    def say(self, message: Message) -> None:
        self.control.send(encode(message))

    def report(self) -> None:
        if self.state is None:
            self.say(Hello(worker=self.name, pid=os.getpid(), device="cpu"))
            return
        self.say(
            Statistics(
                worker=self.name,
                pid=os.getpid(),
                device="cpu",
                revision=self.state.revision,
                cameras=tuple(self.camera_report(camera) for camera in self.state.cameras),
                model="none: a stand-in draws these pictures",
                cpu_percent=12.5,
                rss_bytes=50_000_000,
            )
        )

    def camera_report(self, camera: DesiredCamera) -> CameraReport:
        if not camera.enabled:
            return CameraReport(id=camera.id, phase="disabled")
        if camera.url == LOST:
            return CameraReport(
                id=camera.id, phase="retrying", reason="connection refused", retry_at=time.time() + 3.2
            )
        assert self.state is not None
        fps = self.state.output.max_fps
        sent, lost = self.sent.get(camera.id, 0), self.link_drops.get(camera.id, 0)
        unwatched = self.unwatched.get(camera.id, 0)
        return CameraReport(
            id=camera.id,
            phase="live",
            codec="h264",
            width=1920,
            height=1080,
            input_fps=25.0,
            processed_fps=fps,
            output_fps=fps if renditions_of(self.state, camera.id) else 0.0,
            frames_in=sent + lost + unwatched,
            frames_processed=sent + lost + unwatched,
            frames_out=sent,
            drops={"overwritten": 0, "fps_cap": 0, "unwatched": unwatched, "link": lost},
            objects={"person": 2, "car": 1},
            latency_ms={
                "decode": Quantiles(p50=3.0, p95=4.2),
                "detect": Quantiles(p50=17.1, p95=21.0),
                "encode": Quantiles(p50=2.1, p95=3.4),
                "total": Quantiles(p50=40.2, p95=55.0),
            },
        )

    def send_pictures(self, state: DesiredState) -> None:
        self.sequence += 1
        for index, camera in enumerate(state.cameras):
            if not camera.enabled or camera.url == LOST:
                continue
            renditions = renditions_of(state, camera.id)
            counter = self.sent if renditions else self.unwatched
            for rendition in renditions:
                if not self.send(state, camera.id, index, rendition):
                    counter = self.link_drops
            counter[camera.id] = counter.get(camera.id, 0) + 1

    def send(self, state: DesiredState, camera: str, index: int, rendition: Rendition) -> bool:
        arrived, captured = time.monotonic(), time.time()
        size = (state.output.width, state.output.height)
        if rendition == "thumbnail":
            size = (state.output.thumbnail_width, state.output.thumbnail_height)
        header = FrameHeader(
            camera=camera,
            sequence=self.sequence,
            epoch=0,
            width=size[0],
            height=size[1],
            captured=captured,
            arrived=arrived,
            published=time.monotonic(),
            rendition=rendition,
        )
        if rendition == "objects":
            payload = encode_objects(
                FrameObjects(ids=[1], classes=["person"], scores=[0.9], boxes=[[10.0, 20.0, 30.0, 60.0]])
            )
        else:
            toggles = {} if rendition == "clean" else state.toggles
            payload = draw(camera, index, self.sequence, size, toggles, state.output.jpeg_quality)
        try:
            self.frames.send_multipart([encode(header), payload], flags=zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True


def renditions_of(state: DesiredState, camera: str) -> list[Rendition]:
    """What is wanted of a camera; at which rate makes no difference here."""
    wanted: set[Rendition] = {view.rendition for view in state.views if view.camera == camera}
    return sorted(wanted | ({"full"} if camera in state.watched else set()))


def draw(
    name: str, index: int, sequence: int, size: tuple[int, int], toggles: dict[str, bool], quality: int
) -> bytes:
    """A JPEG of ``size``: a box that goes round, with its label and trace as the toggles say."""
    width, height = size
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = np.linspace(30, 80, height, dtype=np.uint8)[:, None, None]
    colour = COLOURS[index % len(COLOURS)]

    def centre(step: int) -> tuple[int, int]:
        angle = step / 40 + index
        return (
            round(width * (0.5 + 0.33 * np.cos(angle))),
            round(height * (0.5 + 0.3 * np.sin(2 * angle))),
        )

    x, y = centre(sequence)
    half = height // 8
    cv2.circle(picture, (x, y), half // 2, colour, -1, cv2.LINE_AA)
    if toggles.get("traces"):
        points = np.array([centre(step) for step in range(sequence - 30, sequence + 1)], np.int32)
        cv2.polylines(picture, [points], False, colour, 2, cv2.LINE_AA)
    if toggles.get("boxes"):
        cv2.rectangle(picture, (x - half, y - half), (x + half, y + half), colour, 2)
    if toggles.get("labels"):
        cv2.putText(picture, "ball 1 0.97", (x - half, y - half - 8), 0, 0.6, colour, 2, cv2.LINE_AA)
    cv2.putText(picture, f"{name} {sequence}", (20, 40), 0, 1.0, (230, 230, 230), 2, cv2.LINE_AA)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--link", type=Path, required=True)
    options = parser.parse_args()
    StandIn(Endpoints(options.link), options.name).run()


if __name__ == "__main__":
    try:
        main()
    except msgspec.DecodeError as error:
        raise SystemExit(f"the server sent something that can't be read: {error}") from error
